"""Several cameras and recordings on one timeline: media."""

import sys
from typing import Any

from studio.cli.common import Args, Commands, bar, known, opened, show
from studio.errors import UsageError
from studio.service import Studio
from studio.timeline import clock, us


def register(commands: Commands) -> None:
    """Declare it."""
    sub = commands.add(
        "media", media, "list the cameras and recordings on the timeline of a video, or add, move and remove them",
        video=True,
        examples=(
            "studio media front.mp4", "studio media front.mp4 --add side.mp4 --sync",
            "studio media front.mp4 --add lapel.wav --offset=-0:01.5", "studio media front.mp4 --remove side.mp4",
        ),
        more="VIDEO is the main one: it lies at 0, and segments lie on its frames. One that is there already is moved.",
    )  # fmt: skip
    what = sub.add_mutually_exclusive_group()
    what.add_argument("--add", metavar="VIDEO", help="another video or recording, which begins with the main one, or")
    what.add_argument("--remove", metavar="VIDEO", help="take it off the timeline; it stays in the library")
    where = sub.add_mutually_exclusive_group()
    where.add_argument("--offset", metavar="TIME", help="when it begins on the timeline, with “-” before it does: "
                       "seconds, a time code, or frames")  # fmt: skip
    where.add_argument("--sync", action="store_true", help="when it begins is found by what is heard in both")
    where.add_argument("--timecode", action="store_true", help="when it begins is said by the clocks of the recorders")


def media(args: Args) -> int:
    """`studio media`"""
    notes: list[str] = []
    if not args.add and (args.offset is not None or args.sync or args.timecode):
        raise UsageError("Say with --add which video is meant.")
    with opened(args) as studio:
        main = known(studio, args.video)
        if args.remove:
            studio.timeline_media.remove(main, known(studio, args.remove))
        elif args.add:
            other = known(studio, args.add)
            offset, note = _offset(studio, args, main, other)
            notes += [note] * bool(note)
            if offset is not None:
                studio.timeline_media.place(main, other, offset)
        found = studio.timeline_media.listed(main)
    lines = [f"{each['id']}  {_signed(each['offset']):>12}  {each['role']:<6}  {each['name']}" for each in found]
    failed = bool(args.add) and args.sync and offset is None
    show(args, {"media": found}, [] if failed else lines)
    for each in notes:
        print(f"studio: {each}", file=sys.stderr)
    return 1 if failed else 0


def _offset(studio: Studio, args: Args, main: str, other: str) -> tuple[int | None, str]:
    """Where it is to begin, in µs, and what is to be known of it; None where that could not be found out."""
    if args.offset is not None:
        return studio.timeline_media.read_offset(main, args.offset), ""
    if not (args.sync or args.timecode):
        return 0, ""
    found: dict[str, Any]
    if args.sync:
        with bar("sound") as progress:
            found = studio.timeline_media.by_sound(main, other, progress)
    else:
        found = studio.timeline_media.by_timecode(main, other)
    return None if found["offset"] is None else us(found["offset"]), found["note"]


def _signed(seconds: float) -> str:
    return f"{'-' if seconds < 0 else '+'}{clock(us(abs(seconds)))}"
