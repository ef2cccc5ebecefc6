"""M3, M4: a full disk and a locked database. The person is told, nothing is half done, and the next save works."""

import resource
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from studio.errors import StoreError
from studio.store import Store
from tests.store.saver import PARTS, save
from tests.store.test_crashes import assert_sound, saved
from tests.store.test_migrations import FIXTURES, load


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """No file may grow beyond `size` bytes; the operating system refuses the write, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


POINTS = [100, pytest.param(1_000, marks=pytest.mark.release)]


@pytest.mark.parametrize("points", POINTS)
def test_the_disk_is_full_at_some_point_of_saving(store: Store, points: int) -> None:
    """The log may grow to `room` bytes and no further: it ends inside any page of any save."""
    done, told = 0, 0
    for point in range(points):
        store._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # else the log begins again within what it has
        grown = store.path.with_name("studio.db-wal").stat().st_size
        with room_for(grown + 97 * point % 60_000):
            for _ in range(6):
                try:
                    save(store, done)
                except StoreError as error:
                    assert "the disk is full" in str(error)
                    told += 1
                    break
                done += 1
        assert store.read(saved) == done, "an edit was acknowledged and is gone, or was refused and is there"
        save(store, done)
        done += 1
    store.read(assert_sound)
    assert told > points / 2, "the disk was hardly ever full"


@pytest.mark.parametrize("points", [25, pytest.param(100, marks=pytest.mark.release)])
def test_the_database_may_not_grow(store: Store, points: int) -> None:
    """SQLite's own answer, SQLITE_FULL, in any state of the file."""
    done = 0
    for point in range(points):
        pages = store._writer.execute("PRAGMA page_count").fetchone()[0]
        store._writer.execute(f"PRAGMA max_page_count = {pages + point % 5}")
        with pytest.raises(StoreError, match="the disk is full"):
            while True:
                save(store, done)
                done += 1
        store._writer.execute("PRAGMA max_page_count = 1000000")
        assert store.read(saved) == done
        save(store, done)
        done += 1
    store.read(assert_sound)


@pytest.mark.parametrize("points", POINTS)
def test_the_disk_is_full_at_some_point_of_a_backup(store: Store, tmp_path: Path, points: int) -> None:
    for number in range(40):
        save(store, number)
    target = tmp_path / "copy.db"
    store.backup(target)
    whole = target.read_bytes()
    for point in range(points):
        with room_for(point * len(whole) // points), pytest.raises(StoreError, match="not written"):
            store.backup(target)
        assert target.read_bytes() == whole, "the good backup was there before, and must be there still"
        assert not target.with_name("copy.db.partial").exists()
    store.backup(target)
    with sqlite3.connect(target) as copy:
        assert copy.execute("SELECT count(*) FROM annotations").fetchone()[0] == 40 * PARTS


@pytest.mark.parametrize("points", POINTS)
def test_the_disk_is_full_at_some_point_of_a_migration(quick_folder: Path, points: int) -> None:
    oldest = load(FIXTURES[0], quick_folder / "old.db").read_bytes()
    for point in range(points):
        path = quick_folder / f"{point}" / "studio.db"
        path.parent.mkdir()
        path.write_bytes(oldest)
        with room_for(1_000 + point * 250_000 // points):
            try:
                Store(path).close()
            except StoreError as error:
                assert "full" in str(error)
        opened = Store(path)
        assert opened.read(lambda db: db.execute("SELECT count(*) FROM annotations").fetchone()[0]) > 0
        opened.read(assert_sound)
        opened.close()


def lock(path: Path, how: str = "IMMEDIATE") -> sqlite3.Connection:
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute(f"BEGIN {how}")
    return other


def test_a_lock_that_ends_in_time_is_waited_for(store: Store) -> None:
    other = lock(store.path)
    release = threading.Timer(2.0, lambda: other.execute("ROLLBACK"))
    release.start()
    save(store, 0)
    release.join()
    other.close()
    assert store.read(saved) == 1


def test_a_lock_that_does_not_end_is_told_and_the_edit_can_be_sent_again(store: Store) -> None:
    other = lock(store.path)
    with pytest.raises(StoreError, match="another program"):
        save(store, 0)
    assert store.read(saved) == 0, "reading goes on meanwhile"
    other.execute("ROLLBACK")
    other.close()
    save(store, 0)
    assert store.read(saved) == 1


def test_a_program_that_owns_the_file_is_told_of_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even reading is possible then; neither opening nor reading may say that the database is damaged."""
    monkeypatch.setattr("studio.store.database.BUSY_MS", 200)
    Store(tmp_path / "studio.db").close()
    other = sqlite3.connect(tmp_path / "studio.db", isolation_level=None)
    other.execute("PRAGMA locking_mode = EXCLUSIVE")
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(StoreError, match="another program"):
        Store(tmp_path / "studio.db")
    other.close()
    Store(tmp_path / "studio.db").close()


def test_a_damaged_file_says_how_to_bring_a_backup_back(tmp_path: Path) -> None:
    (tmp_path / "studio.db").write_bytes(b"SQLite format 3\0" + bytes(4_000))
    with pytest.raises(StoreError, match="studio restore FILE"):
        Store(tmp_path / "studio.db")
