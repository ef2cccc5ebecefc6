"""What people decided: annotations, budget, curves."""

import sys
from pathlib import Path
from typing import Any

from studio.cli.common import Args, Commands, known, opened, show
from studio.errors import UsageError
from studio.formats.notes import counted
from studio.formats.table import sheet
from studio.timeline import to_dict


def register(commands: Commands) -> None:
    """Declare them."""
    commands.add("annotations", annotations, "list the current annotations", video=True)
    sub = commands.add(
        "budget", budget, "how often and how long each label comes, and what follows what",
        examples=("studio budget --track Hands", "studio budget --annotator anna --transitions -o transitions.csv"),
    )  # fmt: skip
    sub.add_argument("--track", default="", metavar="T", help="only this track (default: each)")
    sub.add_argument("--annotator", metavar="NAME", help="only what this person made (default: everybody)")
    sub.add_argument("--transitions", action="store_true", help="print or write what follows what instead")
    sub.add_argument("-o", "--output", metavar="FILE", type=Path, help="write CSV to this file")
    sub = commands.add(
        "curves", curves, "what people drew of a scale over time, as a table, or from one", video=True,
        examples=("studio curves talk.mp4 --track Valence --smooth 0.5 -o valence.csv",
                  "studio curves talk.mp4 --read valence.csv --track Valence --annotator anna"),
    )  # fmt: skip
    sub.add_argument("--track", default="", metavar="T", help="only this row (default: each)")
    sub.add_argument("--annotator", metavar="NAME", help="only what this person drew; with --read, whose it is")
    sub.add_argument("--smooth", type=float, default=0.0, metavar="S", help="smooth by so many seconds")
    sub.add_argument(
        "--read",
        metavar="FILE",
        type=Path,
        help="take curves from CSV with the columns time and value, or from a file of CARMA",
    )
    sub.add_argument("-o", "--output", metavar="FILE", type=Path, help="write CSV to this file")


def curves(args: Args) -> int:
    """`studio curves`"""
    with opened(args) as studio:
        row = studio.videos.get(known(studio, args.video))
        if args.read:
            if not args.read.is_file():
                raise UsageError(f"There is no file “{args.read.name}”; check the path after --read.")
            done = studio.traces.read(row, args.read.read_text("utf-8-sig"), args.track, args.annotator or "")
            lines = [f"{each['track']} of {each['annotator'] or 'nobody'}: {each['seconds']:.1f} s" for each in done]
            late = sum(each.get("left_out", 0) for each in done)
            lines += [f"{late} value{'s' * (late != 1)} beyond the end of the video left out"] * bool(late)
            show(args, {"read": done}, lines)
            return 0
        table = studio.traces.table(row, args.track, args.annotator, args.smooth)
        agreement = studio.traces.agreement()
    if args.output:
        args.output.write_text(table, "utf-8")
        print(f"studio: {table.count(chr(10)) - 1} values written to {args.output.name}", file=sys.stderr)
    if args.json or not args.output:
        value = {"csv": table, "agreement": agreement}
        show(args, value, table.splitlines() or ["This video has no curves."])
    return 0


def annotations(args: Args) -> int:
    """`studio annotations`"""
    with opened(args) as studio:
        found = [to_dict(a) for a in studio.timelines.annotations(studio.videos.resolve(args.video)["id"])]
    lines = [f"{a['start']:8.2f}–{a['end']:<8.2f} {a['track']}: {a['label']}  ({a['source']})" for a in found]
    show(args, {"annotations": found}, lines)
    return 0


def budget(args: Args) -> int:
    """`studio budget`"""
    with opened(args) as studio:
        found = studio.annotator_stats.time_budget(args.track, args.annotator)
    rows = found["transitions" if args.transitions else "labels"]
    if args.output:
        args.output.write_bytes(sheet(rows))
        print(f"studio: {counted('row(s)', len(rows))} written to {args.output.name}", file=sys.stderr)
    if args.json or not args.output:
        videos = found["videos"]
        observed = f"{videos} video{'s' * (videos != 1)}, {found['observed']:.1f} s observed"
        show(args, found, [*(map(_transition if args.transitions else _label, rows)), observed])
    return 0


def _label(row: dict[str, Any]) -> str:
    where = f"{row['track']}: {row['label']}"
    if row["total"] is None:
        return f"{row['count']:6} ×  {'points':>33}  {row['per_minute']:8.2f}/min  {where}"
    times = f"{row['total']:10.2f} s  {row['mean']:8.2f} s each  {row['share']:6.1%}"
    return f"{row['count']:6} ×  {times}  {row['per_minute']:8.2f}/min  {where}"


def _transition(row: dict[str, Any]) -> str:
    return f"{row['count']:6} ×  {row['share']:6.1%}  {row['track']}: {row['label']} → {row['next']}"
