"""Labels that are learned from people's annotations: teach, reviewed."""

from collections.abc import Sequence
from typing import Any

from studio.cli.common import Args, Commands, bar, known, opened, show
from studio.errors import UsageError
from studio.service import Studio
from studio.timeline import us


def register(commands: Commands) -> None:
    """Declare them."""
    sub = commands.add(
        "teach", teach, "learn a label from what people marked with it, and find it in the library",
        examples=("studio teach goal", "studio teach \"car passes\" --track Events --videos road.mp4 --json"),
        more="What is learned is a model of the library (see: studio models list) where it beats the label's own words "
        "by cross-validation; else the words are what it looks for. What it finds is reviewed like all predictions.",
    )  # fmt: skip
    sub.add_argument("label", metavar="LABEL")
    sub.add_argument(
        "--track", metavar="T", help="the row whose annotations teach it (default: all that have the label)"
    )
    sub.add_argument("--videos", metavar="VIDEO", nargs="+", help="look for it in these only (default: in all)")
    sub.add_argument(
        "--deeper", action="store_true",
        help="tune the last layers of the encoder on it, too, where that helps; minutes without a GPU, where it is not "
        "done unasked",
    )  # fmt: skip

    sub = commands.add(
        "detect", detect, "find in the library what a taught label knows, without learning it anew",
        examples=("studio detect goal-3f2a1b", "studio detect goal-3f2a1b --videos road.mp4 --json"),
        more="Taught labels are in the list of: studio models list. One from another library comes by: studio models "
        "import FILE.",
    )  # fmt: skip
    sub.add_argument("name", metavar="NAME")
    sub.add_argument("--videos", metavar="VIDEO", nargs="+", help="look for it in these only (default: in all)")

    sub = commands.add(
        "reviewed", reviewed, "say that a video was looked through: what has no label there has none", video=True,
        examples=("studio reviewed road.mp4", "studio reviewed road.mp4 --from 10 --to 60 --track Events"),
    )  # fmt: skip
    sub.add_argument(
        "--from", dest="start", type=float, default=0.0, metavar="S", help="in seconds (default: its start)"
    )
    sub.add_argument("--to", dest="end", type=float, metavar="S", help="in seconds (default: its end)")
    sub.add_argument("--track", default="", metavar="T", help="on this row only (default: on all)")
    sub.add_argument("--by", default="", metavar="NAME", help="who looked through it")
    what = sub.add_mutually_exclusive_group()
    what.add_argument("--undo", action="store_true", help="take it back")
    what.add_argument("--list", dest="only_list", action="store_true", help="change nothing, list the stretches")


def teach(args: Args) -> int:
    """`studio teach`"""
    with opened(args) as studio, bar("teach") as progress:
        made = studio.teaching.teach(args.label, args.track, _among(studio, args), progress, deeper=args.deeper)
        names = {row["id"]: row["name"] for row in studio.videos.all()}
    keys = ("label", "version", "step", "modalities", "examples", "measured", "by_text", "shift", "note", "predictions")
    _show_found(args, made, keys, names)
    return 0


def detect(args: Args) -> int:
    """`studio detect`"""
    with opened(args) as studio, bar("detect") as progress:
        made = studio.teaching.detect(args.name, _among(studio, args), progress)
        names = {row["id"]: row["name"] for row in studio.videos.all()}
    _show_found(args, made, ("label", "version", "modalities", "shift", "note", "predictions"), names)
    return 0


def _among(studio: Studio, args: Args) -> list[dict[str, Any]] | None:
    """The videos that were named; None for all."""
    return None if args.videos is None else [studio.videos.get(known(studio, ref)) for ref in args.videos]


def _show_found(args: Args, made: dict[str, Any], keys: Sequence[str], names: dict[str, str]) -> None:
    lines = [f"{p['score']:.2f}  {p['start']:8.2f}–{p['end']:<8.2f} {names[p['video']]}" for p in made["predictions"]]
    show(args, {key: made[key] for key in keys}, [*lines, made["note"]])


def reviewed(args: Args) -> int:
    """`studio reviewed`"""
    with opened(args) as studio:
        row = studio.videos.get(known(studio, args.video))
        if args.only_list:
            found = studio.teaching.reviewed(row)
        else:
            if args.start < 0 or (args.end is not None and args.end <= args.start):
                raise UsageError("A stretch ends after its start; check --from and --to.")
            span = us(args.start), None if args.end is None else us(args.end)
            change = studio.teaching.unmark_reviewed if args.undo else studio.teaching.mark_reviewed
            found = change(row, *span, args.track, args.by)
    lines = [f"{s['start']:8.2f}–{s['end']:<8.2f} {s['track'] or 'all rows'}  {s['annotator']}".rstrip() for s in found]
    show(args, {"reviewed": found}, lines or ["Nothing of this video is marked as reviewed."])
    return 0
