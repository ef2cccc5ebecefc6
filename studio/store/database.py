"""Connections, and the one thread that writes.

Every connection runs WAL with synchronous=FULL: a commit that returned survives a power cut. All writes of a process
go through one thread, which groups whatever waits into one commit; a caller's `write` returns only after that commit.
"""

import queue
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from sqlite_utils import Database

from studio.errors import NewerSchema, StoreError, StudioError
from studio.store import schema

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], T]

BUSY_MS = 5_000
READERS = 8  # read connections at most; server threads come and go
GROUP = 256  # writes in one commit at most, so that the first of them does not wait for ever


def connect(path: Path) -> sqlite3.Connection:
    """A connection with the durability this product promises. Transactions are explicit (isolation_level None)."""
    connection = sqlite3.connect(path, timeout=BUSY_MS / 1000, isolation_level=None, check_same_thread=False)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


def not_saved(error: sqlite3.Error) -> StoreError:
    """What to tell the person, by what SQLite said."""
    text = str(error)
    if "full" in text or "disk I/O" in text:
        return StoreError("Not saved: the disk is full. Free some space and save again.")
    if "locked" in text or "busy" in text:
        return StoreError("Not saved: another program holds the library's database. Close it and save again.")
    if "readonly" in text:
        return StoreError("Not saved: the library's folder cannot be written. Check its permissions.")
    return StoreError(f"Not saved: the database answered “{text}”.")


class Store:
    """The library's database.

    `read` runs a function on a connection of a small pool, `write` on the writer's, inside a transaction of its own:
    it returns after the commit is on disk, or raises and leaves nothing behind.

    Raises StoreError when the file cannot be opened, NewerSchema when a later release wrote it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._migrate()
            self._writer = connect(path)
        except NewerSchema:
            raise
        except sqlite3.Error as error:
            raise StoreError(
                f"The library's database {path.name} cannot be opened ({error}); restore a backup of it."
            ) from error
        self._idle: queue.LifoQueue[sqlite3.Connection] = queue.LifoQueue()
        self._places = threading.Semaphore(READERS)
        self._waiting: queue.Queue[tuple[Work[Any], Future[Any]] | None] = queue.Queue()
        self._thread = threading.Thread(target=self._write_for_ever, name="store-writer", daemon=True)
        self._thread.start()

    def _migrate(self) -> None:
        connection = connect(self.path)
        try:
            db = Database(connection)
            if schema.is_behind(db):
                if db.table_names():
                    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
                    copy_to(connection, self.path.with_name(f"{self.path.stem}-before-{stamp}.db"))
                schema.migrations.apply(db)
        finally:
            connection.close()

    def read(self, work: Work[T]) -> T:
        """Run `work` on a read connection, in one snapshot; `work` must not read or write by itself."""
        with self._places:
            try:
                connection = self._idle.get_nowait()
            except queue.Empty:
                connection = connect(self.path)
                connection.execute("PRAGMA query_only = ON")
            try:
                connection.execute("BEGIN")
                try:
                    return work(connection)
                finally:
                    connection.execute("ROLLBACK")
            except sqlite3.Error as error:
                raise StoreError(f"The library could not be read: {error}.") from error
            finally:
                self._idle.put(connection)

    def write(self, work: Work[T]) -> T:
        """Run `work` in a transaction; its result comes back after the commit.

        Raises what `work` raised, or StoreError when the commit failed; then nothing of it was kept.
        """
        future: Future[T] = Future()
        if not self._thread.is_alive():
            raise StoreError("Not saved: the library is closed.")
        self._waiting.put((work, future))
        return future.result()

    def _write_for_ever(self) -> None:
        while (first := self._waiting.get()) is not None:
            group, closing = [first], False
            while len(group) < GROUP and not self._waiting.empty():
                item = self._waiting.get_nowait()
                if item is None:
                    closing = True
                    break
                group.append(item)
            self._commit(group)
            if closing:
                return

    def _commit(self, group: list[tuple[Work[Any], Future[Any]]]) -> None:
        """One BEGIN IMMEDIATE … COMMIT for the group; a savepoint each, so that one failure spoils no other."""
        done: list[tuple[Future[Any], Any]] = []
        connection = self._writer
        try:
            connection.execute("BEGIN IMMEDIATE")
            for work, future in group:
                connection.execute("SAVEPOINT one")
                try:
                    result = work(connection)
                except sqlite3.OperationalError:
                    raise  # full disk, lock, I/O: not this work's fault, the whole transaction is in doubt
                except Exception as error:
                    connection.execute("ROLLBACK TO one")
                    future.set_exception(
                        error
                        if isinstance(error, StudioError | ValueError | TypeError | KeyError)
                        else StoreError(f"Not saved: {error}.")
                    )
                else:
                    done.append((future, result))
                connection.execute("RELEASE one")
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            for _, future in group:
                if not future.done():
                    future.set_exception(not_saved(error))
            return
        for future, result in done:
            future.set_result(result)

    def backup(self, target: Path) -> None:
        """A consistent copy of the database while others go on writing."""
        self.read(lambda connection: copy_to(connection, target))

    def close(self) -> None:
        """Finish what waits, then close every connection."""
        self._waiting.put(None)
        self._thread.join()
        while not self._idle.empty():
            self._idle.get_nowait().close()
        self._writer.close()


def copy_to(connection: sqlite3.Connection, target: Path) -> None:
    """Copy the database into a new file `target`; an existing one is replaced only by a complete copy."""
    partial = target.with_name(target.name + ".partial")
    partial.unlink(missing_ok=True)
    copy = sqlite3.connect(partial)
    try:
        connection.backup(copy)
    finally:
        copy.close()
    partial.replace(target)
