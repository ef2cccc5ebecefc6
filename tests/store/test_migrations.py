"""M22: every released schema comes to this one with its content, a copy is made first, and a crash on the way costs
nothing; a library of a later release can be looked at and not changed."""

import json
import os
import random
import signal
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from studio.errors import NewerSchema
from studio.store import Store, annotations, migrations, statistics, users
from studio.store.database import connect

FIXTURES = sorted((Path(__file__).parent / "schemas").glob("*.sql"))


def load(fixture: Path, path: Path) -> Path:
    """A library as a release left it."""
    db = connect(path)
    db.executescript(fixture.read_text(encoding="utf-8"))
    db.close()
    return path


def content(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table that a person's work is in."""
    db = sqlite3.connect(path)
    try:
        named = db.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE '%VIRTUAL%'")
        tables = [name for (name,) in named if not name.startswith(("spoken_", "written_", "sqlite_", "_sqlite"))]
        return {name: db.execute(f"SELECT * FROM {name} ORDER BY rowid").fetchall() for name in tables}
    finally:
        db.close()


def assert_carried(old: dict[str, list[tuple[Any, ...]]], path: Path) -> None:
    """Everything old is there still, in the columns that it had; a new column comes after them."""
    new = content(path)
    for name, rows in old.items():
        width = len(rows[0]) if rows else 0
        assert [row[:width] for row in new[name]] == rows, name


def test_every_schema_but_the_newest_has_its_fixture() -> None:
    """The newest needs none before another one follows it."""
    missing = migrations.NAMES - {fixture.stem for fixture in FIXTURES} - {max(migrations.NAMES)}
    assert not missing, "write the schema down before it is released: python -m tests.store.make_fixture NAME"


@pytest.mark.parametrize("fixture", FIXTURES, ids=lambda f: f.stem)
def test_an_older_library_comes_here_whole(fixture: Path, tmp_path: Path) -> None:
    path = load(fixture, tmp_path / "studio.db")
    old = content(path)
    assert sum(map(len, old.values())) > 8
    store = Store(path)
    assert store.read(lambda db: db.execute("PRAGMA integrity_check").fetchone()[0]) == "ok"
    assert store.read(lambda db: annotations.get(db, "a1")).note == "note; with a semicolon"
    if fixture.stem >= "m002":
        found = store.read(lambda db: db.execute("SELECT rowid FROM spoken WHERE spoken MATCH 'la'").fetchall())
        assert [row[0] for row in found] == [7]
    if fixture.stem >= "m006":
        assert store.read(lambda db: users.is_admin(db, "ann")), "who could do everything still can"
    assert store.read(lambda db: db.execute("SELECT count(*) FROM annotations_s").fetchone()[0]) == 1
    store.close()
    assert_carried(old, path)
    copies = list(tmp_path.glob("studio-before-*.db"))
    assert len(copies) == (0 if fixture.stem == max(migrations.NAMES) else 1)
    assert all(content(copy) == old for copy in copies)


def test_an_annotation_is_given_back_to_who_made_it(tmp_path: Path) -> None:
    """Until m031 an annotation was whoever's changed it last; its history knows who made it."""
    path = load(Path(__file__).parent / "schemas" / "m030_line_origins.sql", tmp_path / "studio.db")
    state = {"id": "a3", "start_us": 0, "end_us": 9, "track": "T", "label": "x", "note": "", "source": "manual",
             "prediction_id": None, "deleted": False, "attributes": {}}  # fmt: skip
    made, corrected = ({**state, "annotator": who, "version": n} for n, who in ((1, "ann"), (2, "bob")))
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(
            "INSERT INTO annotations (id, video_id, timeline_id, track, start_us, end_us, label, source, annotator, "
            "version) VALUES ('a3', 'v1', 'v1', 'T', 0, 9, 'x', 'manual', 'bob', 2)"
        )
        for before, after in ((None, made), (made, corrected)):
            db.execute(
                "INSERT INTO revisions (video_id, edit_id, annotation_id, op, before, after, annotator, at) "
                "VALUES ('v1', ?, 'a3', 'update', ?, ?, ?, '')",
                (after["annotator"], before and json.dumps(before), json.dumps(after), after["annotator"]),
            )
    store = Store(path)
    found = {a.id: (a.annotator, a.edited_by) for a in store.read(lambda db: annotations.of_video(db, "v1"))}
    assert found["a3"] == ("ann", "bob")
    assert found["a1"] == ("ann", "ann")
    (first, _), (second, edit) = store.read(lambda db: annotations.history(db, "a3"))
    assert (first["annotator"], second["annotator"]) == ("ann", "bob")
    assert edit.after == store.read(lambda db: annotations.get(db, "a3")), "read as this release has it"
    assert "a3" not in store.read(statistics.unexplained)
    seconds = store.read(
        lambda db: db.execute("SELECT annotator, edited_by FROM annotations_s WHERE id = 'a3'").fetchone()
    )
    assert tuple(seconds) == ("ann", "bob")
    store.close()


def steps(path: Path) -> int:
    """How many statements opening this library takes."""
    seen: list[str] = []
    open_with(path, seen.append)
    return len(seen)


def open_with(path: Path, trace: Any) -> None:
    """Open a library with every statement shown to `trace`."""
    from studio.store import database

    real = database.connect

    def connecting(at: Path) -> sqlite3.Connection:
        connection = real(at)
        connection.set_trace_callback(trace)
        return connection

    database.connect = connecting
    try:
        Store(path).close()
    finally:
        database.connect = real


@pytest.mark.parametrize("fixture", FIXTURES, ids=lambda f: f.stem)
@pytest.mark.parametrize("rounds", [0, pytest.param(20, marks=pytest.mark.release)])
def test_a_kill_at_any_step_costs_nothing(fixture: Path, quick_folder: Path, rounds: int) -> None:
    """Killed before some of the statements, other ones for each fixture, the first and the last among them; for a
    release before each, and in further rounds a moment into it."""
    old_bytes = load(fixture, quick_folder / "old.db").read_bytes()
    old = content(quick_folder / "old.db")
    (quick_folder / "count.db").write_bytes(old_bytes)
    count, chance = steps(quick_folder / "count.db"), random.Random(fixture.stem)
    some = sorted({0, count - 1, *chance.sample(range(count), min(count, 3))})
    for turn in range(max(1, rounds)):
        for step in range(count) if rounds else some:
            path = quick_folder / f"{turn}-{step}" / "studio.db"
            path.parent.mkdir()
            path.write_bytes(old_bytes)
            child = os.fork()
            if child == 0:
                passed = 0

                def die(_: str) -> None:
                    nonlocal passed
                    passed += 1
                    if passed > step:  # noqa: B023
                        if turn:  # noqa: B023
                            signal.setitimer(signal.ITIMER_REAL, chance.uniform(1e-5, 2e-3))
                        else:
                            os.kill(os.getpid(), signal.SIGKILL)

                open_with(path, die)
                os._exit(0)
            os.waitpid(child, 0)
            assert_carried(old, path)
            Store(path).close()
            assert_carried(old, path)
            for copy in path.parent.glob("studio-before-*.db"):
                assert content(copy) == old


def test_two_programs_may_open_an_older_library_at_once(tmp_path: Path) -> None:
    path = load(FIXTURES[0], tmp_path / "studio.db")
    old, children = content(path), []
    start = time.monotonic() + 0.3
    for _ in range(4):
        child = os.fork()
        if child == 0:
            time.sleep(max(0.0, start - time.monotonic()))
            try:
                Store(path).close()
            except BaseException:
                os._exit(1)
            os._exit(0)
        children.append(child)
    assert [os.waitpid(child, 0)[1] for child in children] == [0, 0, 0, 0]
    assert_carried(old, path)
    assert len(list(tmp_path.glob("studio-before-*.db"))) == 1


def test_a_library_of_a_later_release_is_for_looking_only(store: Store, tmp_path: Path) -> None:
    with sqlite3.connect(store.path) as other:
        other.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('studio', 'm999_future', '')"
        )
    before = content(store.path)
    later = Store(store.path)
    assert "newer Moment Studio" in later.read_only
    assert later.read(lambda db: db.execute("SELECT name FROM videos").fetchone()[0]) == "talk.mp4"
    with pytest.raises(NewerSchema, match="not changed"):
        later.write(lambda db: db.execute("DELETE FROM videos"))
    later.backup(tmp_path / "copy.db")
    later.close()
    assert content(store.path) == before == content(tmp_path / "copy.db")
    assert not list(tmp_path.glob("studio-before-*.db"))
