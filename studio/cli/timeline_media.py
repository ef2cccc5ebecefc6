"""Several cameras and recordings on one timeline: media."""

import sys
from typing import Any

from studio.cli.common import Args, Commands, bar, known, opened, show
from studio.errors import UsageError
from studio.service import Studio
from studio.timeline import clock, seconds, us

FOUND = "found"
HOUR_S = 3600


def register(commands: Commands) -> None:
    """Declare it."""
    sub = commands.add(
        "media", media, "list the cameras and recordings on the timeline of a video, or add, move and remove them",
        video=True,
        examples=(
            "studio media front.mp4", "studio media front.mp4 --add side.mp4 --sync",
            "studio media front.mp4 --add side.mp4 --sync --clock",
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
    sub.add_argument("--clock", nargs="?", const=FOUND, metavar="SECONDS", help="with --sync: correct its clock, too, "
                     "where it runs apart from the main one's; or by how many seconds an hour it runs slow, with “-” "
                     "fast")  # fmt: skip


def media(args: Args) -> int:
    """`studio media`"""
    notes: list[str] = []
    if not args.add and (args.offset is not None or args.sync or args.timecode or args.clock):
        raise UsageError("Say with --add which video is meant.")
    with opened(args) as studio:
        main = known(studio, args.video)
        if args.remove:
            studio.timeline_media.remove(main, known(studio, args.remove))
        elif args.add:
            other = known(studio, args.add)
            rate = _rate(args)
            found = _found(studio, args, main, other)
            if args.clock == FOUND and found.get("corrected"):
                found, rate = {**found["corrected"], "note": ""}, found["corrected"]["rate"]
            elif args.sync and rate is None:
                rate = 1.0  # what is heard was compared as both clocks run
            offset = None if found["offset"] is None else us(found["offset"])
            notes += [found["note"]] * bool(found["note"])
            if found.get("corrected"):
                notes.append("Add --clock to correct its clock.")
            if offset is not None:
                studio.timeline_media.place(main, other, offset, rate=rate)
        listed = studio.timeline_media.listed(main)
    lines = [
        f"{each['id']}  {_signed(each['offset']):>12}  {each['role']:<6}  {each['name']}{_clock(each['rate'])}"
        for each in listed
    ]
    failed = bool(args.add) and args.sync and offset is None
    show(args, {"media": listed}, [] if failed else lines)
    for each in notes:
        print(f"studio: {each}", file=sys.stderr)
    return 1 if failed else 0


def _found(studio: Studio, args: Args, main: str, other: str) -> dict[str, Any]:
    """`offset`, when it is to begin (s; None where that could not be found out), and a `note`, what is to be known of
    it; by sound also `corrected`, see `TimelineMedia.by_sound`."""
    if args.offset is not None:
        return {"offset": seconds(studio.timeline_media.read_offset(main, args.offset)), "note": ""}
    if args.sync:
        with bar("sound") as progress:
            return studio.timeline_media.by_sound(main, other, progress)
    if args.timecode:
        return studio.timeline_media.by_timecode(main, other)
    if args.clock:  # of one that is there already
        there = (each["offset"] for each in studio.timeline_media.listed(main) if each["id"] == other)
        return {"offset": next(there, 0.0), "note": ""}
    return {"offset": 0.0, "note": ""}


def _rate(args: Args) -> float | None:
    """How fast its clock is said to run; None where that is not said."""
    if args.clock in (None, FOUND):
        if args.clock and not args.sync:
            raise UsageError("--clock goes with --sync, or says by how many seconds an hour the clock runs slow.")
        return None
    try:
        return 1 + float(args.clock) / HOUR_S
    except ValueError:
        raise UsageError("--clock takes seconds an hour, such as 0.36 or -0.36.") from None


def _clock(rate: float) -> str:
    return "" if rate == 1 else f"  (clock: {(rate - 1) * HOUR_S:+.3f} s an hour)"


def _signed(seconds: float) -> str:
    return f"{'-' if seconds < 0 else '+'}{clock(us(abs(seconds)))}"
