"""A whole library in another place: on another disk, or on one that goes to another machine.

Every file is copied, and read back to compare its hash; the database comes last, and with it the paths of the files
that lie in the library. Until then the old place is the library, and what was copied is not copied again; from then on
it says where the library is, and nothing opens it. While the database is copied, nobody else may have it open: what
they would write to the old one would be lost.
"""

import contextlib
import errno
import hashlib
import json
import os
import re
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from studio.atomic_files import PREFIX, temp_path, write_atomic
from studio.config import Settings
from studio.errors import StoreError, UsageError
from studio.platform import files as disk
from studio.platform import system
from studio.service import serializers
from studio.service.system.backup import BESIDE, close_log, exclusive_lock
from studio.store import Store, library
from studio.store.database import connect, copy_to
from studio.store.names import folder_of
from studio.store.videos import now

NOTE = "moved.json"  # in the old place: where the library is
LIST = "moving.json"  # in the new place, until all is there: what was copied
CHUNK = 1 << 20
SAVE_EVERY_S = 2.0
# what is about a program that runs, or ran, there
LEFT = frozenset({"serving.lock", "logs", "outgoing", NOTE, LIST})
_UPLOAD = re.compile(r"(uploads|trash)/[0-9a-f]{64}\.\w+")  # as `Videos.keep_upload` calls them
Progress = Callable[[float, str], None]
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Moved:
    """How many `files` the new place has, and their `bytes`, without the database."""

    files: int
    bytes: int


def moved_to(settings: Settings) -> str:
    """Where a library is now that was moved from here; "" for one that is here."""
    try:
        return str(json.loads((settings.home / NOTE).read_text("utf-8"))["to"])
    except FileNotFoundError:
        return ""
    except (OSError, ValueError, KeyError, TypeError):
        return "another folder"


def check_here(settings: Settings) -> None:
    """Raise StoreError for the old place of a library that was moved, and for a new one where not all is yet."""
    if (settings.home / LIST).is_file():
        raise StoreError(
            f"A library is being moved to “{settings.home}”, and not all of it is there; give the same command again: "
            f"studio move {system.quoted(str(settings.home))}"
        )
    if place := moved_to(settings):
        raise StoreError(
            f"This library was moved to “{place}”: open it there, with --home. To work in what is left here all the "
            f"same, delete the file {NOTE} in it; the two are two libraries then."
        )


def move(
    settings: Settings, new_home: Path, *, cache: bool = True, progress: Progress = lambda fraction, message: None
) -> Moved:
    """Copy a library to a new folder, or go on with that, and say in the old one where it is. Without its `cache` that
    is made anew there.

    Raises UsageError for a place that is no good, StoreError where a studio serves the library, a disk is full, or a
    copy is not like its original: the same command goes on from there.
    """
    if not settings.database.is_file():
        raise UsageError(f"There is no library in “{settings.home}”; name the one to move with --home.")
    with exclusive_lock(settings):
        if moved_to(settings) != str(system.real_path(new_home.expanduser())):
            check_here(settings)
        close_log(settings.database)  # who has it open is better known before hours of copying
        try:
            old, new = system.real_path(settings.home), _place(settings.home, new_home)
            identity = _identity(settings)
            target = Settings(home=new, limits=settings.limits)
            known = _known(new, identity)
            copied = _copy_all(settings, new, known, cache, progress)
            if not moved_to(settings):
                with _held(settings.database):
                    _copy_database(settings, target.ensure(), old, new)
                    note = {"to": str(new), "at": now(), "library": identity, "files": sorted(known["files"])}
                    write_atomic(settings.home / NOTE, json.dumps(note, ensure_ascii=False).encode())
            disk.remove(new / LIST)  # without it the new place is the library
        except OSError as error:
            raise _not_copied(error) from error
    return copied


def delete_old(settings: Settings, new_home: Path) -> list[str]:
    """Delete what is left of a library in the place that it was moved from, once the new one is whole; returns the
    names of what stays there: what nobody knows, and links to folders. Of what lies behind a link only uploads are
    deleted, since the library made them.

    Raises UsageError, StoreError.
    """
    new = system.real_path(new_home.expanduser())
    if moved_to(settings) != str(new):
        raise UsageError(f"This library was not moved to “{new_home}”, so nothing is deleted here.")
    note = json.loads((settings.home / NOTE).read_text("utf-8"))
    _check_whole(settings, Settings(home=new), note)
    with exclusive_lock(settings):
        for name in _own(settings.home, note["files"]):
            disk.remove(settings.home / name)
        for end in BESIDE:
            disk.remove(Path(f"{settings.database}{end}"))
        for folder in (settings.home / "cache", settings.home / "logs", settings.home / "outgoing"):
            disk.remove_tree(folder)
    for name in ("serving.lock", NOTE):
        disk.remove(settings.home / name)
    for folder in sorted((path for path in settings.home.rglob("*") if path.is_dir()), reverse=True):
        if not folder.is_symlink():  # Windows would remove the link
            disk.remove_empty(folder)
    left = sorted(path.name for path in settings.home.iterdir())
    disk.remove_empty(settings.home)
    return left


def _own(home: Path, names: Sequence[str]) -> Iterator[str]:
    """Those of the copied files that were the library's own: not what lies behind a link, but for uploads."""
    real = system.real_path(home)
    folders = {folder: system.real_path(home / folder) for folder in {Path(name).parent for name in names}}
    for name in names:
        if folders[Path(name).parent].is_relative_to(real) or _UPLOAD.fullmatch(name):
            yield name


def _place(home: Path, new_home: Path) -> Path:
    """The new folder, which is made where it is not there. Raises UsageError, OSError."""
    wanted = new_home.expanduser().absolute()
    if wanted.exists() and not wanted.is_dir():
        raise UsageError(f"“{wanted}” is a file; name a folder for the library.")
    above = next(folder for folder in (wanted, *wanted.parents) if folder.exists())
    old, new = system.real_path(home), system.real_path(wanted)
    if system.real_path(above).is_relative_to(old) or old.is_relative_to(new):
        raise UsageError(f"“{wanted}” and the library's folder lie in each other; name a folder elsewhere.")
    if wanted.is_dir() and any(wanted.iterdir()) and not (wanted / LIST).is_file():
        raise UsageError(f"“{wanted}” is not empty; name a new or an empty folder for the library.")
    wanted.mkdir(mode=0o700, parents=True, exist_ok=True)
    return system.real_path(wanted)  # only of what is there is the spelling known that the disk has


def _known(new: Path, identity: str) -> Row:
    """What was copied there before: `files`, each with size, time (ns) and sha256. Raises UsageError for the copy of
    another library."""
    known: Row = {"library": identity, "files": {}}
    with contextlib.suppress(OSError, ValueError):
        found = json.loads((new / LIST).read_text("utf-8"))
        if isinstance(found, dict) and found.get("library") != identity:
            raise UsageError(f"“{new}” holds a part of another library; name another folder.")
        if isinstance(found, dict) and isinstance(found.get("files"), dict):
            known = found
    write_atomic(new / LIST, json.dumps(known).encode())
    return known


def _copy_all(settings: Settings, new: Path, known: Row, cache: bool, progress: Progress) -> Moved:
    found = {name: (path, path.stat()) for name, path in _files_of(settings, cache)}
    copied: Row = known["files"]
    for name in [name for name in copied if name not in found]:  # it was removed since the last try
        disk.remove(new / name)
        del copied[name]
    missing = {
        name: path
        for name, (path, stat) in found.items()
        if copied.get(name, [])[:2] != [stat.st_size, stat.st_mtime_ns] or not _is_of_size(new / name, stat.st_size)
    }
    total = sum(stat.st_size for _, stat in found.values())
    left = sum(found[name][1].st_size for name in missing) + settings.database.stat().st_size
    needed, free = left + settings.limits.spare_disk_bytes, shutil.disk_usage(new).free
    if needed > free:
        raise UsageError(
            f"What is still to be copied needs {needed / 1e9:.1f} GB free on the new disk, and {free / 1e9:.1f} GB are "
            "free; make room there."
        )
    done, saved = total - left, time.monotonic()
    for name, path in missing.items():
        progress(max(0.0, done / max(1, total)), name)
        copied[name] = _copy(path, new / name)
        done += copied[name][0]
        if time.monotonic() - saved > SAVE_EVERY_S:
            write_atomic(new / LIST, json.dumps(known).encode())
            saved = time.monotonic()
    write_atomic(new / LIST, json.dumps(known).encode())
    return Moved(len(found), total)


def _files_of(settings: Settings, cache: bool) -> Iterator[tuple[str, Path]]:
    """Every file of a library but its database, by its name from the library's folder on; links to folders right in it
    are followed, others are not."""
    skipped = LEFT | {f"{settings.database.name}{end}" for end in BESIDE} | (set() if cache else {"cache"})
    for top in sorted(settings.home.iterdir()):
        if top.name in skipped or top.name.startswith(PREFIX):
            continue
        if top.is_file():
            yield top.name, top
        for folder, _, names in os.walk(top) if top.is_dir() else ():
            for name in sorted(names):
                path = Path(folder) / name
                if path.is_file() and not name.startswith(PREFIX) and not name.endswith(".lock"):
                    yield path.relative_to(settings.home).as_posix(), path


def _is_of_size(path: Path, size: int) -> bool:
    try:
        return path.stat().st_size == size
    except OSError:
        return False


def _copy(source: Path, target: Path) -> list[Any]:
    """Copy a file with its time, and read it back; returns its size, time (ns) and sha256.

    Raises StoreError, OSError.
    """
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    partial = temp_path(target)
    read = hashlib.sha256()
    try:
        before = source.stat()
        with source.open("rb") as reading, partial.open("xb") as writing:
            while chunk := reading.read(CHUNK):
                read.update(chunk)
                writing.write(chunk)
        shutil.copystat(source, partial)
        system.to_disk(partial)
        with partial.open("rb") as file:
            written = hashlib.file_digest(file, "sha256")
        if written.digest() != read.digest():
            raise StoreError(f"The copy of “{source.name}” is not like it: check the new disk, and move again.")
        disk.replace(partial, target)
    finally:
        disk.remove(partial)
    return [before.st_size, before.st_mtime_ns, read.hexdigest()]


def _identity(settings: Settings) -> str:
    store = Store(settings.database)
    try:
        return store.read(library.library_id)
    finally:
        store.close()


@contextlib.contextmanager
def _held(database: Path) -> Iterator[None]:
    """Nobody else has the database open, and nobody can open it to write meanwhile. Raises StoreError."""
    in_use = StoreError("Another program uses this library; stop it, and give the same command again.")
    close_log(database)
    with contextlib.closing(sqlite3.connect(database, timeout=1.0, isolation_level=None)) as db:
        try:
            db.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            raise in_use from error
        if db.execute("PRAGMA journal_mode").fetchone()[0] != "delete":  # it was opened since
            raise in_use
        yield


def _copy_database(settings: Settings, target: Settings, old: Path, new: Path) -> None:
    """The database in the new place, with its paths; under its name only once it is whole."""
    fresh = new / "studio-moving.db"
    for end in BESIDE:
        disk.remove(Path(f"{fresh}{end}"))
    reading = f"{system.real_path(settings.database).as_uri()}?mode=ro"
    with contextlib.closing(sqlite3.connect(reading, uri=True)) as db:
        copy_to(db, fresh)
        counts = _counts(db)
    # a folder of the library may be a link, and what is in it has another path then
    places = [(system.real_path(each), new / each.name) for each in (settings.uploads, settings.trash) if each.exists()]
    places.append((old, new))
    with contextlib.closing(connect(fresh)) as db:
        if _counts(db) != counts or db.execute("PRAGMA integrity_check").fetchone()[0] != "ok":
            raise StoreError("The copy of the database is not like it: check the new disk, and move again.")
        db.execute("BEGIN IMMEDIATE")
        _rewrite(db, places)
        db.execute("COMMIT")
        db.execute("PRAGMA journal_mode = DELETE")  # one file, without a log beside it
    system.to_disk(fresh)
    disk.replace(fresh, target.database)
    system.to_disk(new)


def _counts(db: sqlite3.Connection) -> dict[str, int]:
    """How many rows each table has."""
    named = db.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE '%VIRTUAL%'")
    return {row[0]: db.execute(f'SELECT count(*) FROM "{row[0]}"').fetchone()[0] for row in named.fetchall()}


def _rewrite(db: sqlite3.Connection, places: Sequence[tuple[Path, Path]]) -> None:
    """Say of every file that lies in the library where it is now."""
    for row in db.execute("SELECT id, path FROM videos").fetchall():
        if (path := _rewritten(row["path"], places)) is not None:
            db.execute("UPDATE videos SET path = ?, folder = ? WHERE id = ?", (path, folder_of(path), row["id"]))
    for (folder,) in db.execute("SELECT path FROM folders").fetchall():
        if (path := _rewritten(folder, places)) is not None:
            db.execute("UPDATE folders SET path = ? WHERE path = ?", (path, folder))

    def moved(video: Row) -> Row:
        return {**video, "path": _rewritten(video["path"], places) or video["path"]}

    for row in db.execute("SELECT id, params FROM jobs WHERE state IN ('queued', 'running', 'failed')").fetchall():
        with contextlib.suppress(ValueError):
            params = serializers.with_job_videos(json.loads(row["params"]), moved)
            db.execute("UPDATE jobs SET params = ? WHERE id = ?", (json.dumps(params, sort_keys=True), row["id"]))


def _rewritten(path: str, places: Sequence[tuple[Path, Path]]) -> str | None:
    for old, new in places:
        if Path(path).is_relative_to(old):
            return str(new / Path(path).relative_to(old))
    return None


def _check_whole(old: Settings, new: Settings, note: Row) -> None:
    """Raise StoreError where the new place has not the library of the note, or lacks files of its own."""
    if not new.database.is_file():
        raise StoreError(f"There is no library in “{new.home}”; nothing was deleted.")
    store = Store(new.database)
    try:
        if store.read(library.library_id) != note["library"]:
            raise StoreError(f"“{new.home}” holds another library; nothing was deleted.")
        rows = store.read(lambda db: db.execute("SELECT name, path FROM videos WHERE removed IS NULL").fetchall())
    finally:
        store.close()
    copied = set(note["files"])
    for row in rows:
        path = Path(row["path"])
        if not path.is_relative_to(new.home) or path.is_file():
            continue
        name = path.relative_to(new.home)
        if name.as_posix() in copied:  # else it was missing before the library was moved
            raise StoreError(
                f"“{row['name']}” is missing in the new place, and nothing was deleted. Copy “{old.home / name}” to "
                f"“{path}”, and give the same command again."
            )


def _not_copied(error: OSError) -> StoreError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StoreError(
            "The new disk is full: make room there, and give the same command again; it goes on from here."
        )
    what = ": ".join(str(part) for part in (error.strerror or error, error.filename) if part)
    return StoreError(f"The library could not be copied ({what}); the same command goes on from here.")


def settings_at(settings: Settings, new_home: Path) -> Settings:
    """The settings of the library in its new place."""
    return replace(settings, home=system.real_path(new_home.expanduser()), cache_folder=None)
