"""What people decided: annotations, export."""

import sys
from pathlib import Path

from studio.cli.console import Args, Commands, opened, show
from studio.errors import UsageError
from studio.formats import FORMATS, native


def register(commands: Commands) -> None:
    """Declare them."""
    commands.add("annotations", annotations, "list the current annotations", video=True)
    sub = commands.add("export", export, "write the annotations of a video to a file", video=True, as_json=False)
    formats = ", ".join(f"{f.name}: {f.title}" for f in FORMATS.values())
    sub.add_argument("--format", default="json", metavar="F", help=f"{formats} (default json)")
    sub.add_argument("-o", "--output", metavar="FILE", type=Path, help="(default: standard output)")


def annotations(args: Args) -> int:
    """`studio annotations`"""
    with opened(args) as studio:
        found = [native.to_dict(a) for a in studio.annotations(args.video)]
    lines = [f"{a['start']:8.2f}–{a['end']:<8.2f} {a['track']}: {a['label']}  ({a['source']})" for a in found]
    show(args, {"annotations": found}, lines)
    return 0


def export(args: Args) -> int:
    """`studio export`"""
    with opened(args) as studio:
        data = studio.exchange.export(args.video, args.format)
    if args.output is None:
        sys.stdout.buffer.write(data)
        return 0
    try:
        args.output.write_bytes(data)
    except OSError as error:
        raise UsageError(f"“{args.output.name}” cannot be written ({error.strerror}); choose another place.") from None
    return 0
