"""Measuring: eval."""

from pathlib import Path

from studio.cli.common import Args, Commands, bar, opened, show
from studio.errors import UsageError
from studio.eval import TASKS, evaluate

TEACH = "teach"  # what is measured in the library itself


def register(commands: Commands) -> None:
    """Declare it."""
    more = (
        'Truth of retrieval: {"query", "video"} a line. Truth of grounding: {"query", "video", "duration", "moments": '
        '[{"start", "end"}]} a line, in seconds; or QVHighlights lines; or the text of Charades-STA. Truth of emotion: '
        '{"video", "label", "start", "end"} a line, or a file of TEL. '
        "Truth of speakers: the CSV of AVA-ActiveSpeaker, or Columbia's. "
        "eval teach LABEL takes no files: it says how good a label of your library becomes by how many examples, "
        "learned from some of your annotations and measured on the others."
    )
    sub = commands.add(
        "eval", score, "compare predictions with the truth, by the official metrics", more=more,
        examples=(
            "studio eval grounding --truth val.jsonl --predictions found.json --json", 'studio eval teach "car passes"',
        ),
    )  # fmt: skip
    sub.add_argument("task", choices=[*TASKS, TEACH])
    sub.add_argument("label", metavar="LABEL", nargs="?", help="teach: the label of this library that is measured")
    sub.add_argument("--track", metavar="T", help="teach: the row whose annotations count (default: all)")
    sub.add_argument("--truth", metavar="FILE", type=Path, help="JSON or JSON Lines; Charades-STA's text")
    sub.add_argument("--predictions", metavar="FILE", type=Path,
                     help="what search or ground prints with --queries --json; QVHighlights lines; what emotions "
                     'prints with --json, a line for each video with "video" added')  # fmt: skip


def score(args: Args) -> int:
    """`studio eval`"""
    if args.task == TEACH:
        return _teach(args)
    if args.truth is None or args.predictions is None or args.label is not None:
        raise UsageError(f"Use: studio eval {args.task} --truth FILE --predictions FILE.")
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


def _teach(args: Args) -> int:
    if args.label is None or args.truth is not None or args.predictions is not None:
        raise UsageError("Use: studio eval teach LABEL; its truth are the annotations of this library.")
    with opened(args) as studio, bar("measure") as progress:
        found = studio.teaching.measure(args.label, args.track, progress)
    lines = [
        f"{'the words alone' if count == '0' else f'{count} moments':<16} "
        + "  ".join(f"AP@{at} {100 * ap:5.1f}" for at, ap in by.items())
        for count, by in found["precision"].items()
    ]
    about = f"{found['moments']} moments, {found['folds']} folds, {found['repeats']} times"
    show(args, found, [f"“{found['label']}”: {about}", *lines])
    return 0
