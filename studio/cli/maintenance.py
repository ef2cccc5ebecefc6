"""Looking after the library and its models: models, backup, doctor."""

import argparse
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from studio.cli.common import Args, Commands, Json, bar, one_of_several, opened, settings_of, show
from studio.errors import UsageError
from studio.service import Studio, catalogue
from studio.service.accounts.rights import TRASH_DAYS
from studio.service.detectors import EXTENSION
from studio.service.models import download, install
from studio.service.system import backup as backups
from studio.service.system import moving
from studio.service.system.doctor import condition, examine


def register(commands: Commands) -> None:
    """Declare them."""
    sub = commands.add("models", models, "list the models, verify their files, or get more of them",
                       examples=("studio models list", "studio models download siglip2-b16",
                                 "studio models use siglip2-b16", "studio models use siglip2-b16 --without-failed",
                                 "studio models add best.ckpt --as moment-detr",
                                 "studio models export goal-3f2a1b -o goal.zip", "studio models import goal.zip",
                                 "studio models delete goal-3f2a1b --yes"))  # fmt: skip
    sub.add_argument(
        "action", choices=["list", "verify", "download", "add", "use", "time", "export", "import", "delete"]
    )
    sub.add_argument(
        "what", metavar="WHAT", nargs="?",
        help="add: a checkpoint; download: a model of the list, or MODEL/PRETRAINED of the hub; "
        "use, time: a text–video encoder of the list; export, delete: a taught label of the list; import: its file",
    )  # fmt: skip
    sub.add_argument("--as", dest="name", metavar="NAME", help="add: the model that the checkpoint is of")
    sub.add_argument(
        "--without-failed", action="store_true", help="use: although some videos cannot be indexed with it"
    )
    sub.add_argument("-o", "--output", metavar="FILE", type=Path, help="export: the file to write (default: NAME.zip)")
    sub.add_argument("--yes", action="store_true", help="delete: do not ask")
    sub = commands.add("backup", backup, "copy the library's database, also while the studio runs",
                       examples=("studio backup library.db", "studio backup library.db --json"))  # fmt: skip
    sub.add_argument("file", metavar="FILE", type=Path)
    sub = commands.add("restore", restore, "put a backup in the place of the library's database",
                       examples=("studio restore library.db",))  # fmt: skip
    sub.add_argument("file", metavar="FILE", type=Path)
    sub = commands.add("move", move, "copy the library to another folder or disk, and leave a note where it was",
                       examples=("studio move /mnt/archive/library", "studio move /mnt/usb/library --without-cache",
                                 "studio move /mnt/new/library --relink ~/films /mnt/new/films",
                                 "studio move /mnt/archive/library --delete-old"),
                       more="Every file is compared by its hash. Interrupted, the same command goes on. Videos that "
                       "lie elsewhere stay where they are.")  # fmt: skip
    sub.add_argument("new_home", metavar="NEW_HOME", type=Path, help="a new or an empty folder")
    sub.add_argument("--without-cache", action="store_true", help="make features, thumbnails and copies anew there")
    sub.add_argument("--relink", metavar=("OLD", "NEW"), nargs=2, type=Path,
                     help="videos that were below OLD are now below NEW")  # fmt: skip
    sub.add_argument("--delete-old", action="store_true", help="delete what is left in the old place, now or later")
    sub = commands.add("trash", trash, "list what was removed, bring it back, or delete it for good",
                       examples=("studio trash list", "studio trash restore 0123456789ab", "studio trash empty"),
                       more=f"What was removed in the app is deleted after {TRASH_DAYS} days.")  # fmt: skip
    sub.add_argument("action", choices=["list", "restore", "empty"])
    sub.add_argument("video", metavar="VIDEO", nargs="?", help="restore: the id that list says")
    sub = commands.add("completion", completion, "print a script that completes commands in your shell", as_json=False,
                       examples=("studio completion zsh > ~/.zfunc/_studio",))  # fmt: skip
    sub.add_argument("shell", choices=["bash", "zsh", "tcsh"])
    commands.add("doctor", doctor, "say what is missing and how to fix it")


def models(args: Args) -> int:
    """`studio models list|verify|download|add|use|time|export|import|delete`"""
    settings = settings_of(args)
    if (args.what is None) != (args.action in ("list", "verify")) or (args.name is None) == (args.action == "add"):
        raise UsageError(
            "Use: studio models list|verify, download|use|time|export|delete MODEL, import FILE, or add FILE --as NAME."
        )
    if args.without_failed and args.action != "use":
        raise UsageError("--without-failed goes with use.")
    if args.action in ("export", "import", "delete"):
        return {"export": _export, "import": _import, "delete": _delete}[args.action](args)
    if args.action == "use":
        return _use(args)
    if args.action == "time":
        with opened(args) as studio:
            speed = studio.jobs.time_encoder(args.what)
        show(args, {"model": args.what, "images_per_second": speed}, [f"{args.what}: {speed:g} pictures a second"])
        return 0
    if args.action == "download":
        with bar(args.what) as progress:
            said = download(settings, args.what, _watched(progress))
        show(args, {"downloaded": args.what}, [said])
        return 0
    if args.action == "add":
        row = install(settings, Path(args.what), args.name)
        show(args, {"added": row}, [f"{row['name']} is ready." if row["installed"] else f"Added. {row['note']}"])
        return 0
    cards = catalogue(settings, thorough=args.action == "verify")
    broken = [card for card in cards if card["problems"]]
    lines = [
        f"{'✗' if card['problems'] else '✓' if card['installed'] else '·'} {card['task']:<16} {card['name']:<16} "
        + "\n    ".join([card["summary"], *_facts(card), *card["problems"], *[card["note"]] * bool(card["note"])])
        for card in cards
    ]
    show(args, {"models": cards}, lines)
    return 1 if broken and args.action == "verify" else 0


def _facts(card: dict[str, Any]) -> list[str]:
    """Of an encoder: its size, licence, published numbers with their source, speed here, and whether it fits."""
    rate = card.get("images_per_second")
    about, sure = ("about ", ", estimated") if card.get("estimated") else ("", "")
    speed = f"{about}{rate:g} pictures a second here{sure}" if rate else ""
    if not card.get("hub"):
        return [speed] if speed else []
    fits = "fits this machine" if card["fits"] else "needs more memory than this machine has"
    size = f"{card['parameters']:g} M parameters, about {card['download_bytes'] / 1e6:.0f} MB; {fits}"
    numbers = ", ".join(f"{name.replace('_', ' ')} {value:g}" for name, value in card["published"].items())
    said = f"published: {numbers} ({card['published_in']})" if numbers else ""
    return [size, f"licence: {card['licence']}", *filter(None, (said, speed))]


def _watched(progress: Callable[[float, str], None]) -> Callable[[int, int], None]:
    """How far a download is, said at most twice a second."""
    last = 0.0

    def watch(done: int, total: int) -> None:
        nonlocal last
        if time.monotonic() - last > 0.5 or done == total:
            last = time.monotonic()
            progress(done / max(1, total), f"{done / 1e6:.0f} of {total / 1e6:.0f} MB")

    return watch


def _export(args: Args) -> int:
    with opened(args) as studio:
        content = studio.detectors.export(args.what)
    target = args.output or Path(args.what + EXTENSION)
    try:
        target.write_bytes(content)
    except OSError as error:
        raise UsageError(f"{target} cannot be written ({error.strerror}); choose another place with -o.") from error
    show(args, {"exported": str(target), "bytes": len(content)}, [str(target)])
    return 0


def _import(args: Args) -> int:
    with opened(args) as studio:
        file = Path(args.what)
        try:
            too_large = file.stat().st_size > (most := studio.settings.limits.detector_bytes)
            content = b"" if too_large else file.read_bytes()
        except OSError as error:
            raise UsageError(f"{file} cannot be read ({error.strerror}); check the path.") from error
        if too_large:
            raise UsageError(f"{file} is larger than {most >> 20} MB, which no exported model is; export it again.")
        row = studio.detectors.import_(content)
    show(
        args,
        {"imported": row},
        [f"{row['name']} is in this library now; look for it with: studio detect {row['name']}"],
    )
    return 0


def _delete(args: Args) -> int:
    """Asks first; what it found stays."""
    with opened(args) as studio:
        studio.detectors.get(args.what)
        if not args.yes and not _is_sure(f"Delete the detector {args.what} for good? What it found stays. [y/N] "):
            raise UsageError(f"Nothing was deleted; to delete {args.what} without being asked, add --yes.")
        studio.detectors.delete(args.what)
    show(args, {"deleted": args.what}, [f"{args.what} is deleted."])
    return 0


def _is_sure(question: str) -> bool:
    try:
        return sys.stdin.isatty() and input(question).strip().casefold() in ("y", "yes")
    except EOFError:
        return False


def _use(args: Args) -> int:
    """Make an encoder the library's, after every video is indexed with it, here and now, or every one that can be."""
    left_out: list[Json] = []
    with opened(args) as studio:
        status = studio.encoders.use(args.what)
        for row in studio.encoders.lacking(args.what) if status["next"] else ():
            before = len(left_out)
            with one_of_several(row, left_out), bar(row["name"]) as progress:
                studio.jobs.embed(row["id"], args.what, progress)
            for each in left_out[before:]:
                studio.encoders.give_up(each["id"], each["error"])
        status = studio.encoders.status()
        if status["next"] and args.without_failed:
            status = studio.encoders.finish_without()
    lines = [f"The library is searched with {status['encoder']}."]
    if status["next"]:
        lines += [
            f"{status['ready']} of {status['of']} videos are indexed with {args.what}; to use it without the others: "
            f"studio models use {args.what} --without-failed"
        ]
    show(args, {**status, "left_out": left_out}, lines)
    return 1 if status["next"] else 0


def trash(args: Args) -> int:
    """`studio trash list|restore|empty`"""
    if (args.video is None) == (args.action == "restore"):
        raise UsageError("Use: studio trash list, restore VIDEO, or empty.")
    with opened(args) as studio:
        if args.action == "restore":
            row = studio.videos.restore(args.video)
            show(args, {"restored": row["id"]}, [f"{row['id']}  {row['name']} is back."])
            return 0
        if args.action == "empty":
            gone = studio.videos.trash.empty()
            show(args, {"deleted": [row["id"] for row in gone]}, [f"{len(gone)} deleted"])
            return 0
        found = [
            {"id": row["id"], "name": row["name"], "removed": row["removed"], "by": row["removed_by"]}
            for row in studio.videos.trash.listed()
        ]
    show(args, {"removed": found}, [f"{row['id']}  {row['removed'][:10]}  {row['name']}" for row in found])
    return 0


def backup(args: Args) -> int:
    """`studio backup`"""
    with opened(args) as studio:
        file = backups.backup(studio.settings, studio.store, args.file)
    show(args, {"backup": str(file), "bytes": file.stat().st_size}, [str(file)])
    return 0


def restore(args: Args) -> int:
    """`studio restore`"""
    kept = backups.restore(settings_of(args), args.file)
    said = "The library is as the backup has it." + (f" What was there is kept as {kept}." if kept else "")
    show(args, {"restored": str(args.file), "kept": str(kept) if kept else None}, [said])
    return 0


def move(args: Args) -> int:
    """`studio move`"""
    settings = settings_of(args)
    value: dict[str, Any] = {"moved": str(args.new_home)}
    lines = []
    if not (args.delete_old and moving.moved_to(settings)):
        with bar("moving") as progress:
            done = moving.move(settings, args.new_home, cache=not args.without_cache, progress=progress)
        value |= {"files": done.files, "bytes": done.bytes}
        lines += [f"{done.files} files were copied and compared. Open the library with: --home {args.new_home}"]
    if args.relink:
        with closing(Studio(moving.settings_at(settings, args.new_home))) as studio:
            found, missing = studio.videos.relink(*args.relink)
        value |= {"relinked": [row["id"] for row in found], "missing": [row["id"] for row in missing]}
        lines += [f"{len(found)} of {len(found) + len(missing)} videos were found below {args.relink[1]}."]
    if args.delete_old:
        value["left"] = moving.delete_old(settings, args.new_home)
        lines += ["The old place is empty." if not value["left"] else f"Left there: {', '.join(value['left'])}"]
    elif not args.relink or not value["missing"]:
        lines += ["The old copy stays, closed, until: studio move NEW_HOME --delete-old"]
    show(args, value, lines)
    return 1 if value.get("missing") else 0


def doctor(args: Args) -> int:
    """`studio doctor`"""
    checks = examine(settings_of(args))
    lines = [
        f"{'✓' if c['ok'] else '✗'} {c['what']}: {c['found']}" + ("" if c["ok"] else f"\n    {c['cure']}")
        for c in checks
    ]
    show(args, {"checks": checks, "status": condition(settings_of(args))}, lines)
    return 0 if all(c["ok"] for c in checks) else 1


def completion(args: Args) -> int:
    """`studio completion`: a plain script, so that pressing Tab starts no Python."""
    import shtab

    from studio.cli import parser

    print(shtab.complete(_completing_files(parser()), args.shell))
    return 0


def _completing_files(top: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """The parser, with every argument that names a file marked as one."""
    import shtab

    for action in top._actions:
        if isinstance(action, argparse._SubParsersAction):
            for sub in action.choices.values():
                _completing_files(sub)
        elif action.type is Path or action.metavar in ("PATH", "VIDEO"):
            action.complete = shtab.FILE  # type: ignore[attr-defined]
    return top
