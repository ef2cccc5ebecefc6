"""What people decided: annotations, budget."""

import sys
from pathlib import Path
from typing import Any

from studio.cli.common import Args, Commands, opened, show
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
        print(f"studio: {len(rows)} rows written to {args.output.name}", file=sys.stderr)
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
