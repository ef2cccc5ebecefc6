"""A library as a whole: list, tag, collect, watch."""

from pathlib import Path

from studio.cli.common import Args, Commands, known, opened, show
from studio.errors import NotFound, UsageError
from studio.service.videos.video_list import MOST, WORKS
from studio.store.video_list import SORTS, STATES, Wanted
from studio.timeline import clock, seconds


def register(commands: Commands) -> None:
    """Declare them."""
    sub = commands.add(
        "list", list_, "list the videos of the library",
        examples=("studio list", "studio list --name interview --sort length", "studio list --state lost --json"),
    )  # fmt: skip
    sub.add_argument("--name", default="", help="a part of the name, or a tag")
    sub.add_argument("--state", choices=STATES, default="", help="only those that are so")
    sub.add_argument("--work", choices=WORKS, default="", help="only those with annotations, without, or with "
                     "predictions that nobody decided about")  # fmt: skip
    sub.add_argument("--collection", metavar="NAME", default="", help="only those of a collection")
    sub.add_argument("--tag", default="", help="only those with a tag")
    sub.add_argument("--sort", choices=tuple(SORTS), default="added")
    sub.add_argument("--up", action="store_true", help="the smallest or oldest first")
    sub = commands.add(
        "tag", tag, "give videos a tag, or list the tags",
        examples=("studio tag interview talk.mp4 lecture.mp4", "studio tag interview talk.mp4 --off", "studio tag"),
    )  # fmt: skip
    sub.add_argument("tag", nargs="?", metavar="TAG")
    sub.add_argument("videos", nargs="*", metavar="VIDEO")
    sub.add_argument("--off", action="store_true", help="take it off")
    sub = commands.add(
        "collect", collect, "put videos into a collection, or list the collections",
        examples=("studio collect 'to annotate' talk.mp4", "studio collect 'to annotate' talk.mp4 --out",
                  "studio collect 'to annotate' --delete", "studio collect"),
    )  # fmt: skip
    sub.add_argument("collection", nargs="?", metavar="NAME")
    sub.add_argument("videos", nargs="*", metavar="VIDEO")
    sub.add_argument("--out", action="store_true", help="take them out of it")
    sub.add_argument("--delete", action="store_true", help="delete the collection; its videos stay")
    sub = commands.add(
        "watch", watch, "watch a folder, or list those that are watched",
        examples=("studio watch ~/recordings", "studio watch ~/recordings --off", "studio watch"),
        more="A studio that serves adds what is in the folder, and what appears there once it is written to its end.",
    )  # fmt: skip
    sub.add_argument("folder", nargs="?", metavar="DIR", type=Path)
    sub.add_argument("--off", action="store_true", help="watch it no more; its videos stay")


def list_(args: Args) -> int:
    """`studio list`"""
    with opened(args) as studio:
        collection = _collection(studio.video_list.groups()["collections"], args.collection) if args.collection else ""
        studio.check.counts()  # looks at the files
        wanted = Wanted(args.name, args.state, args.work, collection, args.tag, None, args.sort, not args.up)
        rows, total = studio.video_list.page(wanted, 0, MOST)
        while len(rows) < total:
            rows += studio.video_list.page(wanted, len(rows), MOST)[0]
    shown = ("id", "name", "path", "state", "annotations", "undecided", "edited", "added", "tags")
    value = [{**{key: row[key] for key in shown}, "duration": seconds(row["duration_us"])} for row in rows]
    lines = [f"{r['id']}  {clock(r['duration_us']):>12}  {r['state']:<10}  {r['name']}" for r in rows]
    show(args, {"videos": value}, lines or ["No video is so."])
    return 0


def tag(args: Args) -> int:
    """`studio tag`"""
    with opened(args) as studio:
        if args.tag is not None:
            if not args.videos:
                raise UsageError("Name the videos after the tag.")
            studio.video_list.tag([known(studio, ref) for ref in args.videos], args.tag, not args.off)
        found = studio.video_list.groups()["tags"]
    show(args, {"tags": found}, [f"{each['videos']:>6}  {each['tag']}" for each in found] or ["There are no tags."])
    return 0


def collect(args: Args) -> int:
    """`studio collect`"""
    with opened(args) as studio:
        if args.collection is not None and (args.delete or args.out):
            collection = _collection(studio.video_list.groups()["collections"], args.collection)
            if args.delete:
                studio.video_list.delete_collection(collection)
            else:
                studio.video_list.take_out([known(studio, ref) for ref in args.videos], collection)
        elif args.collection is not None:
            if not args.videos:
                raise UsageError("Name the videos after the collection.")
            studio.video_list.collect([known(studio, ref) for ref in args.videos], args.collection)
        found = studio.video_list.groups()["collections"]
    value = [{key: each[key] for key in ("id", "name", "videos")} for each in found]
    show(args, {"collections": value}, [f"{each['videos']:>6}  {each['name']}" for each in found]
         or ["There are no collections."])  # fmt: skip
    return 0


def watch(args: Args) -> int:
    """`studio watch`"""
    with opened(args) as studio:
        if args.folder is not None and args.off:
            studio.intake.unwatch(args.folder)
        elif args.folder is not None:
            studio.intake.watch(args.folder)
        found = studio.intake.watched()
    more = ["A studio that serves this library adds what appears there."] if found else ["No folder is watched."]
    show(args, {"watched": found}, [*found, *more])
    return 0


def _collection(collections: list[dict[str, str]], name: str) -> str:
    """The id of a collection by its name. Raises NotFound."""
    for each in collections:
        if each["name"] == name:
            return each["id"]
    raise NotFound(f"There is no collection “{name}”; `studio collect` lists those there are.")
