"""Connections, and the one thread that writes.

Every connection runs WAL with synchronous=FULL: a commit that returned survives a power cut. All writes of a process
go through one thread, which groups whatever waits into one commit; a caller's `write` returns only after that commit.
"""

import contextlib
import queue
import sqlite3
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from studio.errors import NewerSchema, StoreError, StudioError
from studio.platform import files, system
from studio.store import migrations
from studio.store.sqlite_utils_import import Database

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], T]
# Of what work returned, the videos that it was about; "" for anything.
About = Callable[[T], Iterable[str]]
_Write = tuple[Work[Any], Future[Any], About[Any]]

BUSY_MS = 5_000
READERS = 8  # read connections at most; server threads come and go
GROUP = 256  # writes in one commit at most, so that the first of them does not wait for ever


def connect(path: Path) -> sqlite3.Connection:
    """A connection with the durability this product promises. Transactions are explicit (isolation_level None)."""
    connection = sqlite3.connect(path, timeout=BUSY_MS / 1000, isolation_level=None, check_same_thread=False)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA fullfsync = ON")  # on macOS, where less stays in the disk's own memory
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


def refusal(error: sqlite3.Error, what: str = "Not saved") -> StoreError:
    """What to tell the person, by what SQLite said; `what` begins the sentence."""
    text = str(error)
    if "full" in text:
        return StoreError(f"{what}: the disk is full. Free some space and try again.")
    if "disk I/O" in text or "unable to open" in text:
        return StoreError(f"{what}: the disk is full or does not answer. Free some space, or check the disk.")
    if "locked" in text or "busy" in text:
        return StoreError(f"{what}: another program holds the library's database. Close it and try again.")
    if "readonly" in text:
        return StoreError(f"{what}: the library's folder cannot be written. Check its permissions.")
    if "not a database" in text or "malformed" in text:
        return StoreError(f"{what}: the library's database is damaged. Bring a backup back with: studio restore FILE")
    return StoreError(f"{what}: the database answered “{text}”.")


class Store:
    """The library's database.

    `read` runs a function on a connection of a small pool, `write` on the writer's, inside a transaction of its own:
    it returns after the commit is on disk, or raises and leaves nothing behind. A database that a later release wrote
    is opened all the same, and `read_only` then says why nothing can be written to it (else it is empty).

    Raises StoreError when the file cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.read_only = ""
        try:
            try:
                self._migrate()
            except NewerSchema as error:
                self.read_only = str(error)
            self._writer = connect(path)
        except sqlite3.Error as error:
            raise refusal(error, "The library cannot be opened") from error
        self._idle: queue.LifoQueue[sqlite3.Connection] = queue.LifoQueue()
        self._places = threading.Semaphore(READERS)
        self._observer: sqlite3.Connection | None = None
        self._here = threading.local()  # whether this thread is reading
        self._waiting: queue.Queue[_Write | None] = queue.Queue()
        self._queueing = threading.Lock()  # nothing is queued behind the word that ends the writer
        self._closed = False
        self._observed, self._foreign = 0, _data_version(self._writer)  # when last looked at
        self._changed: set[str] = set()  # the videos that commits were about since then
        self._thread = threading.Thread(target=self._write_for_ever, name="store-writer", daemon=True)
        self._thread.start()

    def _migrate(self) -> None:
        """All migrations in one transaction: whatever ends it, the database is as it was or as it should be.

        The write lock comes first, since two programs may open an older library at the same moment.
        """
        connection = connect(self.path)
        try:
            db = Database(connection)
            if not migrations.is_behind(db):
                return
            connection.execute("BEGIN IMMEDIATE")
            try:
                if migrations.is_behind(db):
                    if db.table_names():
                        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
                        self._copy_before(self.path.with_name(f"{self.path.stem}-before-{stamp}.db"))
                    migrations.migrations.apply(db)
                connection.execute("COMMIT")
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
        finally:
            connection.close()

    def _copy_before(self, target: Path) -> None:
        """A copy of what is on disk now, by a connection of its own: a transaction cannot copy itself."""
        reader = connect(self.path)
        try:
            copy_to(reader, target)
        finally:
            reader.close()

    def read(self, work: Work[T]) -> T:
        """Run `work` on a read connection, in one snapshot; `work` must not read or write by itself.

        Raises RuntimeError when it reads all the same: as many such reads at once as there are places would wait for
        each other for ever.
        """
        if getattr(self._here, "reading", False):
            raise RuntimeError("Store.read was called inside Store.read; read what it needs before.")
        with self._places:
            self._here.reading = True
            try:
                connection = self._reader()
                try:
                    connection.execute("BEGIN")
                    try:
                        return work(connection)
                    finally:
                        if connection.in_transaction:
                            connection.execute("ROLLBACK")
                finally:
                    self._idle.put(connection)
            except sqlite3.Error as error:
                raise refusal(error, "The library could not be read") from error
            finally:
                self._here.reading = False

    def _reader(self) -> sqlite3.Connection:
        try:
            return self._idle.get_nowait()
        except queue.Empty:
            connection = connect(self.path)
            connection.execute("PRAGMA query_only = ON")
            return connection

    def write(self, work: Work[T], about: str | About[T] = "") -> T:
        """Run `work` in a transaction; its result comes back after the commit. Where `about` names a video, or those of
        what `work` returned, it is about their timelines alone: pages of others are not told then.

        Raises what `work` raised, or StoreError when the commit failed; then nothing of it was kept.
        """
        if self.read_only:
            raise NewerSchema(self.read_only)
        return self._in_turn(work, (lambda result: (about,)) if isinstance(about, str) else about)

    def _in_turn(self, work: Work[T], about: About[T]) -> T:
        future: Future[T] = Future()
        with self._queueing:
            if self._closed:
                raise StoreError("Not saved: the library is closed.")
            self._waiting.put((work, future, about))
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

    def _commit(self, group: list[_Write]) -> None:
        """One BEGIN IMMEDIATE … COMMIT for the group; a savepoint each, so that one failure spoils no other."""
        done: list[tuple[Future[Any], Any]] = []
        changed: set[str] = set()
        connection = self._writer
        try:
            connection.execute("BEGIN IMMEDIATE")
            for work, future, about in group:
                connection.execute("SAVEPOINT one")
                written = connection.total_changes
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
                    if connection.total_changes != written:  # looking whether there is something to do is no news
                        changed |= {*about(result)}
                connection.execute("RELEASE one")
            connection.execute("COMMIT")
        except BaseException as error:
            self._give_up()
            told = refusal(error) if isinstance(error, sqlite3.Error) else StoreError(f"Not saved: {error}.")
            for _, future, _ in group:
                if not future.done():
                    future.set_exception(told)
            return
        self._changed |= changed
        for future, result in done:
            future.set_result(result)

    def _give_up(self) -> None:
        """Leave the transaction; where even that fails, leave the connection, so that the next save has a good one."""
        try:
            if self._writer.in_transaction:
                self._writer.execute("ROLLBACK")
        except sqlite3.Error:
            with contextlib.suppress(sqlite3.Error):
                self._writer.close()
            with contextlib.suppress(sqlite3.Error):
                self._writer = connect(self.path)

    def look(self) -> bool:
        """Whether anything was committed since the last call, by whichever process. For one thread at a time."""
        try:
            if self._observer is None:
                self._observer = connect(self.path)
            before, self._observed = self._observed, _data_version(self._observer)
        except sqlite3.Error as error:
            raise refusal(error, "The library could not be read") from error
        return before != self._observed

    def changed(self) -> set[str]:
        """The videos whose timelines were changed since the last call; "" is among them where it may have been
        anything, as by another process: the writer's connection sees the commits of all but itself."""
        try:
            return self._in_turn(self._take_changed, lambda taken: ())
        except StoreError:  # nobody can write now
            return {""}

    def _take_changed(self, connection: sqlite3.Connection) -> set[str]:
        """For the thread that writes."""
        foreign, self._foreign = self._foreign, _data_version(connection)
        changed, self._changed = self._changed, set()
        return changed if foreign == self._foreign else {*changed, ""}

    def backup(self, target: Path) -> None:
        """A consistent copy of the database while others go on writing.

        Raises StoreError, and then leaves what was at `target` as it was.
        """
        self.read(lambda connection: copy_to(connection, target))

    def close(self) -> None:
        """Finish what waits, then close every connection; may be called twice."""
        with self._queueing:
            if not self._closed:
                self._closed = True
                self._waiting.put(None)
        self._thread.join()
        while not self._idle.empty():
            self._idle.get_nowait().close()
        if self._observer:
            self._observer.close()
        self._writer.close()


def _data_version(connection: sqlite3.Connection) -> int:
    """A number that is another one after each commit by any other connection, of whichever process."""
    (version,) = connection.execute("PRAGMA data_version").fetchone()
    return int(version)


def copy_to(connection: sqlite3.Connection, target: Path) -> None:
    """Copy the database into a new file `target`; an existing one is replaced only by a complete copy on disk.

    Raises StoreError.
    """
    partial = target.with_name(target.name + ".partial")
    try:
        files.remove(partial)
        copy = sqlite3.connect(partial)
        try:
            connection.backup(copy)
        finally:
            copy.close()
        system.to_disk(partial)
        files.replace(partial, target)
        system.to_disk(target.parent)
    except (sqlite3.Error, OSError) as error:
        with contextlib.suppress(OSError):
            files.remove(partial)
        if isinstance(error, sqlite3.Error):
            raise refusal(error, f"“{target.name}” was not written") from error
        raise StoreError(f"“{target.name}” was not written ({error.strerror}); choose another place.") from error
