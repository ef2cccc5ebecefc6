"""Annotations in and out: export, import, formats."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from studio import formats
from studio.atomic_files import write_atomic
from studio.cli.common import Args, Commands, Json, bar, known, opened, show
from studio.errors import NotFound, UsageError
from studio.formats.model import segments, transcript_lines
from studio.formats.notes import counted
from studio.formats.table import ROLES
from studio.service import Studio
from studio.service.exchange import dataset
from studio.service.exchange.dataset import ExportOptions
from studio.service.exchange.exchange import DIFFERENT, ImportOptions, listed

SHOWN = 5  # annotations that are different here


def register(commands: Commands) -> None:
    """Declare them."""
    writable = ", ".join(name for name, f in formats.FORMATS.items() if f.write)
    sub = commands.add(
        "export", export, "write the annotations and the transcript of a video to a file, or a library to a data set",
        as_json=True,
        examples=(
            "studio export talk.mp4 --format elan -o talk.eaf", "studio export talk.mp4 -o talk.TextGrid",
            "studio export talk.mp4 --format srt --check        what would be lost",
            "studio export talk.mp4 --as lines -o talk.srt",
            "studio export --dataset smiles --format activitynet --split 0.8,0.1,0.1 --clips",
        ),
    )  # fmt: skip
    sub.add_argument("video", metavar="VIDEO", nargs="?", help="an id, a path, or a name")
    sub.add_argument("--format", metavar="F", help=f"{writable} (default: by the name of FILE, else json)")
    sub.add_argument("-o", "--output", metavar="FILE", type=Path, help="(default: standard output)")
    sub.add_argument("--as", dest="kind", choices=["annotations", "lines"], default="",
                     help="what subtitles (srt, vtt, ass) and RTTM have: the annotations, or the lines of the "
                          "transcript (default: the annotations, or the lines where a video has no annotations); other "
                          "formats write both where they have a place for both")  # fmt: skip
    sub.add_argument("--check", action="store_true", help="only say what the format cannot hold of these annotations")
    whole = sub.add_argument_group("data sets: the annotated videos of the library in one new folder")
    whole.add_argument("--dataset", metavar="DIR", type=Path, help="the folder to write")
    whole.add_argument("--search", metavar="NAME", default="", help="only the videos that a saved search finds")
    whole.add_argument("--split", metavar="SHARES", default="1", help="of videos, as in 0.8,0.1,0.1 (train, val, test)")
    whole.add_argument("--seed", type=int, default=0, help="decides which video goes to which split (default 0)")
    whole.add_argument("--clips", action=argparse.BooleanOptionalAction, default=False,
                       help="cut every annotated moment out at its frames (default: only name the videos)")  # fmt: skip
    whole.add_argument("--licence", default="", metavar="TEXT", help="what the data card says of it")

    readable = ", ".join(name for name, f in formats.FORMATS.items() if f.read)
    sub = commands.add(
        "import", import_, "add the annotations of a file to the videos it is about, as one action", as_json=True,
        examples=(
            "studio import talk.eaf --preview", "studio import talk.eaf --video talk.mp4 --map-track Gesture=Hands",
            "studio import val_1.json --format activitynet", "studio import tasks.json --format labelstudio --fps 25",
            "studio import events.csv --map-column coder=annotator --map-column certainty=attribute",
            "studio import talk.srt --video talk.mp4 --as annotations", "studio import --undo 3f2a9c0d1b7e",
        ),
    )  # fmt: skip
    sub.add_argument("file", metavar="FILE", nargs="?", type=Path)
    sub.add_argument("--format", metavar="F", help=f"{readable} (default: by the name of FILE, or its content)")
    sub.add_argument("--video", metavar="VIDEO", help="the video that the file is about (default: by its name)")
    sub.add_argument("--preview", action="store_true", help="say what would be added, and change nothing")
    for what, to in (("label", "NEW"), ("track", "NEW"), ("video", "VIDEO"), ("column", "NEW")):
        more = f": {', '.join(ROLES)}" if what == "column" else ""
        sub.add_argument(f"--map-{what}", metavar=f"OLD={to}", action="append", default=[],
                         help=f"what a {what} of the file is here{more}; repeatable")  # fmt: skip
    sub.add_argument("--fps", metavar="RATE", type=float, default=0.0,
                     help="how many frames a second the file counts (default: as it says, or the video's)")  # fmt: skip
    sub.add_argument("--as", dest="kind", choices=["annotations", "lines"], default="",
                     help="subtitles become what is said (lines) unless annotations are asked for")  # fmt: skip
    sub.add_argument("--encoding", metavar="NAME", default="",
                     help="of its text, as in windows-1251 (default: UTF-8, else guessed for subtitles)")  # fmt: skip
    sub.add_argument("--shift", metavar="TIME", default="",
                     help="so much later than the file says, as in 1.5; earlier: --shift=-0:00:02:10")  # fmt: skip
    sub.add_argument("--different", choices=DIFFERENT, default="keep",
                     help="annotations that are in the library already, but otherwise than in the file: keep them (the "
                          "default), take what the file says in their place, or have both")  # fmt: skip
    sub.add_argument("--by", metavar="NAME", default="", help="who answers for annotations that name nobody")
    sub.add_argument("--undo", metavar="ID", help="take an import back")
    sub.add_argument("--redo", metavar="ID", help="do an import again that was taken back")
    sub.add_argument("--list", action="store_true", help="list the imports, newest first")

    commands.add("formats", formats_, "list the file formats; --json also says what each cannot hold")


def export(args: Args) -> int:
    """`studio export`"""
    if (args.video is None) == (args.dataset is None):
        raise UsageError("Name one VIDEO, or a folder with --dataset.")
    if args.dataset is not None:
        return _dataset(args)
    if args.json and args.output is None and not args.check:
        raise UsageError("--json says what was written; name the file with -o FILE, or leave --json out.")
    with opened(args) as studio:
        video = studio.videos.resolve(args.video)["id"]
        name = args.format or (formats.guessed(args.output.name).name if args.output else "json")
        lost = studio.exchange.losses(video, name, args.kind)
        data = b"" if args.check else studio.exchange.export(video, name, args.kind)
    if args.check:
        show(args, {"format": name, "lost": lost}, lost or ["Nothing is lost."])
        return 0
    for sentence in lost:
        print(f"studio: {sentence}", file=sys.stderr)
    if args.output is None:
        sys.stdout.buffer.write(data)
        return 0
    try:
        write_atomic(args.output, data)
    except OSError as error:
        raise UsageError(f"“{args.output.name}” cannot be written ({error.strerror}); choose another place.") from None
    if args.json:
        show(args, {"file": str(args.output), "format": name, "lost": lost}, [])
    return 0


def _dataset(args: Args) -> int:
    if args.output:
        raise UsageError("--dataset writes a folder; leave out -o.")
    split = dataset.shares(args.split)
    wish = ExportOptions(args.format or "json", args.search, split, args.seed, args.clips, args.licence, args.kind)
    if args.check:
        with opened(args) as studio:
            found = studio.datasets.preview(wish)
        what = f"{counted('annotation(s)', found['annotations'])} in {counted('video(s)', found['videos'])}"
        show(args, {"format": wish.format, **found}, [what, *(found["lost"] or ["Nothing is lost."])])
        return 0
    with opened(args) as studio, bar("data set") as progress:
        card = studio.datasets.export(args.dataset.expanduser().absolute(), wish, progress)
    splits = ", ".join(f"{count} {split}" for split, count in card["splits"].items())
    size = f"{counted('annotation(s)', card['annotations'])} in {counted('video(s)', card['videos'])}"
    lines = [f"{args.dataset}: {size} ({splits})", *card["lost"]]
    show(args, {"dataset": str(args.dataset), **card}, lines)
    return 0


def import_(args: Args) -> int:
    """`studio import`"""
    if sum((args.file is not None, args.undo is not None, args.redo is not None, args.list)) != 1:
        raise UsageError("Give one FILE, or --undo ID, or --redo ID, or --list.")
    with opened(args) as studio:
        if args.undo is not None:
            done = studio.exchange.undo(args.undo, args.by)
            kept = f"; {done['kept']} were changed since and stay" if done["kept"] else ""
            show(args, {"import": args.undo, **done}, [f"{done['removed']} taken back{kept}"])
            return 0
        if args.redo is not None:
            done = studio.exchange.redo(args.redo, args.by)
            kept = f"; {done['kept']} were changed since and stay" if done["kept"] else ""
            show(args, {"import": args.redo, **done}, [f"{done['added']} added again{kept}"])
            return 0
        if args.list:
            found = studio.exchange.imports()
            show(args, {"imports": found}, [_line(each) for each in found])
            return 0
        mapped = {old: _named(studio, new) for old, new in _pairs(args.map_video, "video").items()}
        plan = ImportOptions(
            None if args.video is None else known(studio, args.video), mapped,
            _pairs(args.map_track, "track"), _pairs(args.map_label, "label"), args.kind, args.encoding, args.shift,
            _pairs(args.map_column, "column"), args.fps, args.different,
        )  # fmt: skip
        data = _content(args.file)
        if args.preview:
            result = studio.exchange.preview(data, args.file.name, args.format, plan, args.by)
        else:
            result = studio.exchange.apply(data, args.file.name, args.format, plan, args.by)
    show(args, result, _told(result))
    return 0


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise UsageError(f"“{file.name}” cannot be read ({error.strerror}); check the path.") from None


def _pairs(listed: Sequence[str], what: str) -> dict[str, str]:
    pairs = [pair.partition("=") for pair in listed]
    if not all(sign for _, sign, _ in pairs):
        raise UsageError(f"--map-{what} takes OLD=NEW.")
    return {old: new for old, _, new in pairs}


def _named(studio: Studio, ref: str) -> str:
    """The id of a video; what is none is said where a part of the file needs it."""
    try:
        return known(studio, ref)
    except NotFound:
        return ref


def _told(result: Json) -> list[str]:
    lines = []
    for part in result["parts"]:
        to = f"→ {part['video']['name']}" if part["video"] else "left out"
        found = f" ({part['rule']})" * bool(part["rule"])
        lines.append(f"{part['name'] or result['file']} {to}{found}: {segments(part['segments'])}")
        lines += [f"    {problem}" for problem in part["problems"]]
    for what in ("tracks", "labels"):
        names = [f"{n['name']}→{n['to']}" if n["name"] != n["to"] else n["name"] for n in result[what]]
        lines.append(f"{what}: {', '.join(names[:20])}{' …' * (len(names) > 20)}")
    lines += result["problems"]
    if result["objects"]:
        lines.append(f"{result['objects']} box{'es' * (result['objects'] != 1)} over time")
    if result["lines"]:
        lines.append(f"{transcript_lines(result['lines'])} beside them")
    if result["boxes"]:
        lines.append(f"boxes of {result['boxes']} row{'s' * (result['boxes'] != 1)}")
    if result["curves"]:
        lines.append(f"{result['curves']} curve{'s' * (result['curves'] != 1)}")
    if result["cameras"]:
        lines.append(f"{result['cameras']} cameras or recordings put on the timeline")
    if result["lines_already"]:
        lines.append(f"{transcript_lines(result['lines_already'])} there already")
    if result["already"]:
        lines.append(f"{result['already']} {'is' if result['already'] == 1 else 'are'} there already")
    if result["different"]:
        lines += _different(result)
    # “annotations” and “lines”, of one without its s
    new = f"{result['segments']} {result['kind'].removesuffix('s' * (result['segments'] == 1))}"
    changed = f", {result['changed']} changed" * bool(result["changed"])
    if "import" in result:
        lines.append(f"{new} added{changed}; take them back with: studio import --undo "
                     f"{result['import']}")  # fmt: skip
    else:
        lines.append(f"{new} would be added{changed}")
    return lines


_BECOMES = {"keep": "stay as they are", "take": "become what the file says", "both": "stay beside those of the file"}


def _different(result: Json) -> list[str]:
    """What is otherwise here, and what becomes of it."""

    def spelled(a: Json) -> str:
        return f"{a['track']}: {a['label']} {a['start']:.3f}–{a['end']:.3f}"

    found = [f"    {spelled(each['here'])} here, {spelled(each['file'])} in the file" for each in result["differences"]]
    return [f"{result['different']} different here; they {_BECOMES[result['choice']]} (--different)", *found[:SHOWN]]


def _line(each: Json) -> str:
    said = f", {counted('box(es)', each['objects'])} over time" * bool(each["objects"])
    for what in ("line", "curve", "camera"):
        count = each[f"{what}s"]
        said += f", {counted(f'{what}(s)', count)}" * bool(count)
    all_of_it = f"{counted('annotation(s)', each['annotations'])}{said}"
    state = "undone" if each["undone"] else all_of_it * (each["kind"] == "annotations")
    return f"{each['id']}  {each['at'][:19]}  {each['format']:<12} {each['file']}  {state or 'lines'}"


def formats_(args: Args) -> int:
    """`studio formats`"""
    found = listed()
    for each in found:
        each["does"] = " and ".join(what for what in ("read", "write") if each[f"{what}s"])
    lines = [f"{f['name']:<13} {f['extension']:<10} {f['does']:<15} {f['title']}" for f in found]
    show(args, {"formats": found}, lines)
    return 0
