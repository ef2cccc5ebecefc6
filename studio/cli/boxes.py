"""Boxes over time: list, draw, track."""

import sys
from pathlib import Path

from studio.cli.common import Args, Commands, bar, known, opened, show
from studio.errors import UsageError
from studio.service.timelines.boxes import to_dict
from studio.timeline import clock, us
from studio.timeline.boxes import BoxTrack

STOPPED = 130  # as shells say that Ctrl+C ended something


def register(commands: Commands) -> None:
    """Declare them."""
    sub = commands.add(
        "boxes", boxes, "list boxes over time, draw one, or follow what is in one", video=True,
        examples=(
            "studio boxes match.mp4 --json", "studio boxes match.mp4 --draw .2,.3,.4,.7 --at 12.5 --label player",
            "studio boxes match.mp4 --camera side.mp4 --draw .2,.3,.4,.7 --at 12.5",
            "studio boxes match.mp4 --faces --at 12.5 --until 20",
            "studio boxes match.mp4 --track 3f2a --at 12.5 --until 20",
            "studio boxes match.mp4 --draw .2,.3,.4,.7 --at 12.5 --until 20",
            "studio boxes match.mp4 --coco boxes.json", "studio boxes match.mp4 --read boxes.json --by anna",
        ),
        more="Places are shares of the sides of the displayed picture; see docs/boxes.md. studio export writes them.",
    )  # fmt: skip
    sub.add_argument("--draw", metavar="L,T,R,B", help="draw a box: left, top, right and bottom, each from 0 to 1")
    sub.add_argument(
        "--camera", metavar="VIDEO", help="draw it over this camera of the timeline; --at is its time then"
    )
    sub.add_argument("--faces", action="store_true", help="draw a box around each face, and follow them (30 s at most)")
    sub.add_argument("--track", metavar="ID", help="follow what is in this box, by the beginning of its id")
    sub.add_argument("--at", type=float, metavar="S", help="at the frame of this time")
    sub.add_argument("--until", type=float, metavar="S", help="follow it to this time, which may be before --at")
    sub.add_argument("--label", default="", metavar="L", help="what is in the box that is drawn")
    sub.add_argument("--name", default="", metavar="N", help="which one it is")
    sub.add_argument("--by", default="", metavar="NAME", help="who drew it")
    sub.add_argument("--coco", type=Path, metavar="FILE", help="write all boxes as COCO for video")
    sub.add_argument("--read", type=Path, metavar="FILE", help="take boxes from COCO for video, as an import")


def boxes(args: Args) -> int:
    """`studio boxes`"""
    if args.coco or args.read:
        return _coco(args)
    if args.draw is not None and args.track is not None:
        raise UsageError("Draw a box, or track one that is there: give --draw or --track.")
    if args.faces and (args.draw is not None or args.track is not None):
        raise UsageError("--faces draws and follows all faces by itself; leave --draw and --track out.")
    if (args.draw or args.track or args.faces) and (args.at is None or args.at < 0):
        raise UsageError("Say at which time with --at SECONDS.")
    if args.track is not None and args.until is None:
        raise UsageError("Say how far to follow it with --until SECONDS.")
    if args.camera and args.draw is None and not args.faces:
        raise UsageError("--camera is for a box that is drawn; a box that is tracked lies over its camera already.")
    notes: list[str] = []
    with opened(args) as studio, bar("boxes") as progress:
        video = studio.videos.get(known(studio, args.video))
        medium = studio.videos.get(known(studio, args.camera)) if args.camera else None
        if args.draw is not None:
            box = studio.boxes.draw(video, _corners(args.draw), us(args.at), args.label, args.name, args.by, medium)
        else:
            box = "" if args.track is None else studio.boxes.get(video, args.track).id
        faces = []
        if args.faces:
            until = us(max(args.at, args.until if args.until is not None else args.at))
            faces = studio.boxes.draw_faces(video, us(args.at), until, args.by, medium)
        if box and args.until is not None:
            before = studio.boxes.get(video, box).keys
            try:
                made = studio.boxes.track(video, box, us(args.at), us(max(0.0, args.until)), args.by, progress)
            except KeyboardInterrupt:
                came = len(set(studio.boxes.get(video, box).keys) - set(before))
                found_by_then = (
                    f"{came} key frame{'s' * (came != 1)} found until then {'is' if came == 1 else 'are'} kept"
                )
                print(f"studio: stopped; {found_by_then}", file=sys.stderr)
                return STOPPED
            notes = [made["note"]] * bool(made["note"])
        made_here = [box] if box else faces
        found = [studio.boxes.get(video, each) for each in made_here] or studio.boxes.of_video(video)
    show(args, {"boxes": [to_dict(track) for track in found], "notes": notes}, [*map(_line, found), *notes])
    return 0


def _coco(args: Args) -> int:
    with opened(args) as studio:
        video = studio.videos.get(known(studio, args.video))
        if args.read:
            if not args.read.is_file():
                raise UsageError(f"There is no file “{args.read.name}”; check the path after --read.")
            made = studio.exchange.read_coco(args.read.read_bytes(), args.read.name, video["id"], args.by)
            said = f"{made['objects']} boxes over time; take them back with: studio import --undo {made['import']}"
            show(args, made, [said, *made["problems"]])
            return 0
        args.coco.write_bytes(studio.exchange.coco(video["id"]))
        others = sum(bool(track.medium) for track in studio.boxes.of_video(video))
    print(f"studio: boxes written to {args.coco.name}", file=sys.stderr)
    if others:
        print(
            f"studio: {others} over another camera than the main one left out: COCO has no place for them",
            file=sys.stderr,
        )
    return 0


def _corners(text: str) -> list[float]:
    try:
        corners = [float(part) for part in text.split(",")]
    except ValueError:
        corners = []
    if len(corners) != 4:
        raise UsageError(f"“{text:.40}” is no box; give four numbers from 0 to 1, as in --draw .2,.3,.4,.7")
    return corners


def _line(track: BoxTrack) -> str:
    span = f"{clock(track.keys[0].time_us)}–{clock(track.keys[-1].time_us)}"
    what = " · ".join(filter(None, (track.name, track.label))) or "(no label)"
    keys = f"{len(track.keys)} key frame{'s' * (len(track.keys) != 1)}"
    return f"{track.id[:8]}  {span}  {keys:>15}  {what}"
