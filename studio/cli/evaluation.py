"""Measuring: eval."""

from pathlib import Path

from studio.cli.common import Args, Commands, show
from studio.eval import TASKS, evaluate


def register(commands: Commands) -> None:
    """Declare it."""
    more = (
        'Truth of retrieval: {"query", "video"} a line. Truth of grounding: {"query", "video", "duration", "moments": '
        '[{"start", "end"}]} a line, in seconds; or QVHighlights lines; or the text of Charades-STA. Truth of emotion: '
        '{"video", "label", "start", "end"} a line, or a file of TEL. '
        "Truth of speakers: the CSV of AVA-ActiveSpeaker, or Columbia's."
    )
    sub = commands.add(
        "eval", score, "compare predictions with the truth, by the official metrics", more=more,
        examples=("studio eval grounding --truth val.jsonl --predictions found.json --json",),
    )  # fmt: skip
    sub.add_argument("task", choices=list(TASKS))
    sub.add_argument(
        "--truth", metavar="FILE", type=Path, required=True, help="JSON or JSON Lines; Charades-STA's text"
    )
    sub.add_argument("--predictions", metavar="FILE", type=Path, required=True,
                     help="what search or ground prints with --queries --json; QVHighlights lines; what emotions "
                     'prints with --json, a line for each video with "video" added')  # fmt: skip


def score(args: Args) -> int:
    """`studio eval`"""
    report = evaluate(args.task, args.truth, args.predictions)
    rows = {"predictions": report["metrics"], **report["baselines"]}
    lines = [
        f"{name.replace('_', ' '):<14} " + "  ".join(f"{k} {v:g}" for k, v in row.items() if isinstance(v, float))
        for name, row in rows.items()
    ]
    notes = [report["note"]] if "note" in report else []
    what = "queries" if "queries" in report else "videos"
    show(args, report, [f"{report['answered']} of {report[what]} {what} answered", *lines, *notes])
    return 0
