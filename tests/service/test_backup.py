"""M23: a backup made while others write is a prefix of what they saved; bringing it back is checked first, keeps what
it replaces, and never happens under a program that has the library open."""

import os
import random
import signal
import sqlite3
import threading
from pathlib import Path

import pytest

from studio.cli import main
from studio.config import Settings
from studio.errors import NewerSchema, StoreError, UsageError
from studio.service import Studio
from studio.service.system.backup import exclusive_lock, restore
from studio.store import Store, videos
from tests.conftest import VIDEO
from tests.store.saver import save
from tests.store.test_crashes import assert_sound, saved


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home").ensure()


def library(settings: Settings, edits: int) -> Store:
    store = Store(settings.database)
    store.write(lambda db: videos.add(db, dict(VIDEO)))
    for number in range(edits):
        save(store, number)
    return store


def count(settings: Settings) -> int:
    store = Store(settings.database)
    try:
        store.read(assert_sound)
        return store.read(saved)
    finally:
        store.close()


@pytest.mark.parametrize("backups", [20, pytest.param(200, marks=pytest.mark.release)])
def test_backups_while_writing_come_back_as_prefixes(settings: Settings, tmp_path: Path, backups: int) -> None:
    store, stop, sizes = library(settings, 1), threading.Event(), []
    acknowledged = 1

    def write() -> None:
        nonlocal acknowledged
        while not stop.is_set():
            save(store, acknowledged)
            acknowledged += 1

    thread = threading.Thread(target=write)
    thread.start()
    for number in range(backups):
        least = acknowledged
        store.backup(tmp_path / f"{number}.db")
        sizes.append((least, acknowledged + 1))
    stop.set()
    thread.join()
    store.close()
    for number, (least, most) in enumerate(sizes):
        kept = restore(settings, tmp_path / f"{number}.db")
        assert kept is not None and kept.is_file()
        assert least <= count(settings) <= most
    assert len({least for least, _ in sizes}) > 1, "nothing was written meanwhile"


def test_what_was_replaced_is_kept_with_everything_in_it(settings: Settings, tmp_path: Path) -> None:
    store = library(settings, 3)
    store.backup(tmp_path / "three.db")
    save(store, 3)
    store.close()
    kept = restore(settings, tmp_path / "three.db")
    assert kept is not None and count(settings) == 3
    again = restore(settings, kept)
    assert count(settings) == 4
    assert again is not None and again != kept
    assert sorted(path.suffix for path in settings.home.glob("studio-restoring*")) == []


def test_a_library_that_was_lost_or_damaged_comes_back(settings: Settings, tmp_path: Path) -> None:
    store = library(settings, 2)
    store.backup(tmp_path / "two.db")
    store.close()
    settings.database.write_bytes(b"SQLite format 3\0 and then nothing good")
    kept = restore(settings, tmp_path / "two.db")
    assert kept is not None and kept.read_bytes().endswith(b"nothing good")
    assert count(settings) == 2
    settings.database.unlink()
    assert restore(settings, tmp_path / "two.db") is None
    assert count(settings) == 2


def test_what_is_no_good_backup_replaces_nothing(settings: Settings, tmp_path: Path) -> None:
    store = library(settings, 40)
    good = tmp_path / "good.db"
    store.backup(good)
    store.close()
    (tmp_path / "text.db").write_text("no database")
    with sqlite3.connect(tmp_path / "other.db") as other:
        other.execute("CREATE TABLE something (x)")
    later = tmp_path / "later.db"
    later.write_bytes(good.read_bytes())
    with sqlite3.connect(later) as other:
        other.execute("INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('studio', 'm999', '')")
    stray = tmp_path / "stray.db"
    stray.write_bytes(good.read_bytes())
    with sqlite3.connect(stray) as other:
        other.execute("PRAGMA foreign_keys = OFF")
        other.execute("UPDATE annotations SET video_id = 'nobody'")
    holes, data = tmp_path / "holes.db", bytearray(good.read_bytes())
    data[4096 * 5 : 4096 * 9] = bytes(4096 * 4)
    holes.write_bytes(data)
    cut = tmp_path / "cut.db"
    cut.write_bytes(good.read_bytes()[: len(data) // 2])
    before = settings.database.read_bytes()
    for name, kind in {"text": UsageError, "other": UsageError, "nowhere": UsageError, "later": NewerSchema,
                       "stray": StoreError, "holes": StoreError, "cut": StoreError}.items():  # fmt: skip
        with pytest.raises(kind) as refused:
            restore(settings, tmp_path / f"{name}.db")
        assert str(tmp_path) not in str(refused.value)
    with pytest.raises(UsageError, match="own database"):
        restore(settings, settings.database)
    assert settings.database.read_bytes() == before
    assert {path.name for path in settings.home.glob("studio*")} == {"studio.db"}


def test_not_under_a_studio_that_serves_nor_a_program_that_has_it_open(settings: Settings, tmp_path: Path) -> None:
    store = library(settings, 1)
    store.backup(tmp_path / "one.db")
    with pytest.raises(StoreError, match="Another program"):
        restore(settings, tmp_path / "one.db")
    save(store, 1)
    store.close()
    with exclusive_lock(settings), pytest.raises(StoreError, match="serves"):
        restore(settings, tmp_path / "one.db")
    assert count(settings) == 2
    assert not list(settings.home.glob("studio-replaced-*"))


@pytest.mark.parametrize("kills", [40, pytest.param(400, marks=pytest.mark.release)])
def test_a_kill_in_the_middle_leaves_the_one_or_the_other(settings: Settings, tmp_path: Path, kills: int) -> None:
    store, chance = library(settings, 2), random.Random(7)
    store.backup(tmp_path / "two.db")
    for number in range(2, 5):
        save(store, number)
    store.close()
    outcomes = set()
    for _ in range(kills):
        kept = settings.database.read_bytes()
        child = os.fork()
        if child == 0:
            signal.setitimer(signal.ITIMER_REAL, chance.uniform(0.001, 0.05))
            restore(settings, tmp_path / "two.db")
            os._exit(0)
        os.waitpid(child, 0)
        outcomes.add(count(settings))
        settings.database.write_bytes(kept)
        for leftover in settings.home.glob("studio-*"):
            leftover.unlink()
    assert outcomes <= {2, 5}


def test_a_newer_library_can_be_looked_at_in_the_app(settings: Settings) -> None:
    library(settings, 2).close()
    with sqlite3.connect(settings.database) as other:
        other.execute("INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('studio', 'm999', '')")
    studio = Studio(settings, background=True)
    try:
        assert [row["id"] for row in studio.videos.all()] == ["v1"]
        assert len(studio.timelines.load("v1")["annotations"]) == 6
        for change in (
            lambda: studio.timelines.save("v1", []),
            lambda: studio.jobs.start("index", "v1"),
            lambda: studio.videos.remove("v1"),
        ):
            with pytest.raises(NewerSchema, match="newer"):
                change()
    finally:
        studio.close()


def test_restore_from_the_command_line(settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = library(settings, 1)
    store.close()
    home = ["--home", str(settings.home)]
    assert main(["backup", str(tmp_path / "one.db"), *home]) == 0
    assert main(["restore", str(tmp_path / "one.db"), *home]) == 0
    assert "is kept as" in capsys.readouterr().out
    assert main(["restore", str(tmp_path / "nowhere.db"), *home]) == 2
    with exclusive_lock(settings):
        assert main(["restore", str(tmp_path / "one.db"), *home]) == 1
    assert "stop it first" in capsys.readouterr().err
