"""The library's disk: storage."""

from pathlib import Path

from studio.cli.common import Args, Commands, Json, opened, settings_of, show
from studio.errors import UsageError
from studio.formats.notes import counted
from studio.service.system.cache_folder import OWN, choose
from studio.service.system.storage import BY_ITSELF, CLEANABLE, parse_size

OFF = "off"


def register(commands: Commands) -> None:
    """Declare it."""
    sub = commands.add(
        "storage", storage, "say what the library takes of the disk, and make room by removing what can be made again",
        examples=("studio storage", "studio storage clean --preview", "studio storage clean --to 5GB",
                  "studio storage clean --kind proxies --kind thumbnails", "studio storage limit 50GB",
                  "studio storage limit off", "studio storage cache /mnt/fast", "studio storage cache own"),
        more="Annotations, transcripts, uploads, models and copies of the database are never removed. What search "
        "needs (features) is only removed where --kind names it. What was used within an hour stays.",
    )  # fmt: skip
    sub.add_argument("action", choices=["show", "clean", "limit", "cache"], nargs="?", default="show")
    sub.add_argument("what", metavar="SIZE|DIR", nargs="?", help=f"limit: how much the cache may take ({OFF}: any); "
                     f"cache: an existing folder for it, from the next start on ({OWN}: in the library's)")  # fmt: skip
    sub.add_argument("--to", metavar="SIZE", help="clean: until the cache takes so much (default: all that can be)")
    sub.add_argument("--kind", choices=CLEANABLE, action="append", help="clean: only these; repeatable")
    sub.add_argument("--preview", action="store_true", help="clean: only say what would be removed")


def storage(args: Args) -> int:
    """`studio storage [show|clean|limit SIZE|cache DIR]`"""
    if (args.what is None) != (args.action not in ("limit", "cache")):
        raise UsageError("Use: studio storage [show], clean, limit SIZE, or cache DIR.")
    if (args.to or args.kind or args.preview) and args.action != "clean":
        raise UsageError("--to, --kind and --preview go with clean.")
    if args.action == "cache":
        return _choose(args)
    with opened(args) as studio:
        if args.action == "clean":
            to, kinds = parse_size(args.to) if args.to else 0, tuple(args.kind or BY_ITSELF)
            found = studio.storage.preview(to, kinds) if args.preview else studio.storage.clean(to, kinds)
            done = "would be" if args.preview else "were"
            said = f"{size_text(found['bytes'])} of {counted('video(s)', found['videos'])} {done} removed."
            show(args, found, [said, *(found["lost"] if args.preview else [])])
            return 0
        if args.action == "limit":
            studio.storage.set_limit(0 if args.what == OFF else parse_size(args.what))
        found = studio.storage.state()
    value = {key: found[key] for key in ("kinds", "largest", "cache", "free", "total")}
    show(args, value, _lines(found))
    return 0


def _choose(args: Args) -> int:
    """Not with an open library: the cache that it had may be gone."""
    settings = settings_of(args)
    choose(settings, None if args.what == OWN else Path(args.what))
    where = settings.home if args.what == OWN else Path(args.what)
    said = f"The next start has its cache in {where}; what was in the former one stays there, and is made again here."
    show(args, {"cache": str(where)}, [said])
    return 0


def _lines(found: Json) -> list[str]:
    cache = found["cache"]
    limit = f", at most {size_text(cache['limit'])}" if cache["limit"] else ""
    lines = [f"{size_text(each['bytes']):>10}  {each['title']}" for each in found["kinds"] if each["bytes"]]
    return [
        *lines,
        f"{size_text(cache['bytes'])} of it are the cache{limit}; {size_text(found['free'])} free on the disk.",
    ]


def size_text(size: int) -> str:
    """Bytes as people read them."""
    value, units = float(size), ["B", "KiB", "MiB", "GiB", "TiB"]
    while value >= 1024 and len(units) > 1:
        value, units = value / 1024, units[1:]
    return f"{value:.1f} {units[0]}" if units[0] != "B" and value < 10 else f"{value:.0f} {units[0]}"
