"""Copies of the library's database, made while it is in use, and brought back when it is not."""

import contextlib
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from studio.config import Settings
from studio.errors import NewerSchema, StoreError, UsageError
from studio.platform import files as disk
from studio.platform import system
from studio.service.videos import files
from studio.store import Store, users
from studio.store.database import copy_to

BESIDE = ("", "-wal", "-shm")  # the files of a database, by what follows its name


@contextmanager
def exclusive_lock(settings: Settings) -> Iterator[None]:
    """Hold the library as the one program that serves or replaces it.

    Raises StoreError when another one does.
    """
    settings.ensure()
    with contextlib.ExitStack() as held:
        try:
            held.enter_context(system.lock(settings.home / "serving.lock", wait=False))
        except BlockingIOError:
            raise StoreError("Another studio serves this library already; use its window, or stop it first.") from None
        yield


def backup(settings: Settings, store: Store, target: str | Path) -> Path:
    """A consistent copy of the database, while others may go on writing.

    Raises UsageError for a place that is no good, StoreError when it could not be written.
    """
    file = Path(target).expanduser()
    if file.is_dir():
        raise UsageError(f"“{file.name}” is a folder; name a file for the backup.")
    if file.exists() and (file.samefile(settings.database) or not files.is_database(file)):
        raise UsageError(f"“{file.name}” is no backup and would be overwritten; name a new file.")
    if Path(f"{file}-wal").exists():
        raise UsageError(f"“{file.name}” is a database that a program uses; name a new file.")
    if not file.parent.is_dir():
        raise UsageError(f"There is no folder “{file.parent.name}” to put the backup into; create it first.")
    store.backup(file)
    return file


def restore(settings: Settings, source: str | Path) -> Path | None:
    """Put a backup in the place of the library's database; returns where the replaced one is kept, if there was one.

    The backup is copied, brought to this release's schema and checked before anything is replaced. Raises UsageError
    when it is no library, StoreError when it is damaged or a program uses the library.
    """
    file = Path(source).expanduser()
    if not file.is_file() or not files.is_database(file):
        raise UsageError(f"“{file.name}” is not a backup of a library; name a file that studio backup wrote.")
    if settings.database.exists() and file.samefile(settings.database):
        raise UsageError(f"“{file.name}” is the library's own database; name a backup of it.")
    with exclusive_lock(settings):
        fresh = settings.home / "studio-restoring.db"
        _remove(fresh)
        try:
            _checked_copy(file, fresh)
            kept = _set_aside(settings.database)
            disk.replace(fresh, settings.database)
            system.to_disk(settings.home)
            return kept
        finally:
            _remove(fresh)


def _checked_copy(file: Path, fresh: Path) -> None:
    """`file` as a sound database of this release, in one file without a log beside it."""
    damaged = StoreError(f"“{file.name}” is damaged and was not brought back; choose another backup.")
    try:
        with contextlib.closing(sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)) as db:
            tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master")}
            if not {"videos", "annotations", "revisions"} <= tables:
                raise UsageError(f"“{file.name}” is a database, and not of a library; choose another file.")
            copy_to(db, fresh)
        opened = Store(fresh)
        try:
            if opened.read_only:
                raise NewerSchema(opened.read_only)
            verdict = opened.read(lambda db: str(db.execute("PRAGMA integrity_check").fetchone()[0]))
            opened.write(users.close_sessions)  # who was in when the backup was made may not be any more
            strays = opened.read(lambda db: db.execute("PRAGMA foreign_key_check").fetchone())
        finally:
            opened.close()
        if verdict != "ok" or strays is not None:
            raise damaged
    except sqlite3.Error as error:
        raise damaged from error
    for copy in fresh.parent.glob(f"{fresh.stem}-before-*.db"):  # of the copy; the backup itself is still there
        disk.remove(copy)


def _set_aside(database: Path) -> Path | None:
    """Keep the current database under another name, with its log; what stays in its place has no log.

    A crash at any point leaves the current database in its place or a copy of all its files beside it.
    """
    if not database.exists():
        return None
    close_log(database)
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
    kept = database.with_name(f"{database.stem}-replaced-{stamp}.db")
    for end in reversed(BESIDE):
        part = Path(f"{database}{end}")
        if part.exists():
            shutil.copyfile(part, f"{kept}{end}")
            system.to_disk(Path(f"{kept}{end}"))
    system.to_disk(database.parent)
    for end in BESIDE[1:]:  # a log must never meet another database
        disk.remove(Path(f"{database}{end}"))
    return kept


def close_log(database: Path) -> None:
    """Bring the log into the database, which needs that nobody else has it open; a damaged one is left as it is.

    Raises StoreError.
    """
    try:
        with contextlib.closing(sqlite3.connect(database, timeout=1.0, isolation_level=None)) as db:
            db.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.Error as error:
        if "locked" in str(error) or "busy" in str(error):
            raise StoreError("Another program uses this library; stop it first.") from error


def _remove(database: Path) -> None:
    for end in (*BESIDE, ".partial"):
        disk.remove(Path(f"{database}{end}"))
