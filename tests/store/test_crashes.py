"""M1, M1b: whatever ends a process, wherever the log breaks off: acknowledged edits are there, and none is half."""

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from itertools import count
from pathlib import Path

import pytest

from studio.errors import StoreError
from studio.store import Store, annotations, videos
from studio.store.database import connect
from tests.conftest import VIDEO
from tests.store.saver import PARTS, save

SAVER = [sys.executable, "-m", "tests.store.saver"]
ROOT = Path(__file__).parents[2]


def saved(db: sqlite3.Connection, since: int = 0) -> int:
    """How many edits there are; fails unless those after the first `since` follow without a gap, each whole, each with
    its history."""
    last, rows, edits = db.execute(
        "SELECT coalesce(max(start_us), ?), count(*), count(DISTINCT start_us) FROM annotations "
        "WHERE video_id = 'v1' AND start_us >= ?",
        (since - 1, since),
    ).fetchone()
    new = last + 1 - since
    (revisions,) = db.execute(
        "SELECT count(DISTINCT annotation_id) FROM revisions WHERE seq > ?", (PARTS * since,)
    ).fetchone()
    assert (rows, edits, revisions) == (PARTS * new, new, PARTS * new)
    return int(last + 1)


def assert_sound(db: sqlite3.Connection) -> None:
    assert db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    assert db.execute("PRAGMA foreign_key_check").fetchall() == []


@pytest.mark.parametrize("kills", [1_000, pytest.param(10_000, marks=pytest.mark.release)])
def test_kill_nine_at_a_random_moment_of_save(quick_folder: Path, kills: int) -> None:
    chance, following, acknowledged = random.Random(7), 0, 0
    store = Store(quick_folder / "studio.db")
    store.write(lambda db: videos.insert(db, dict(VIDEO)))
    command = [*SAVER, str(store.path)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as saver:
        assert saver.stdin is not None and saver.stdout is not None
        for turn in count():
            if turn >= kills and acknowledged > kills:  # where the machine is busy, a kill often comes before any save
                break
            assert turn < 5 * kills, "the kills came before anything was saved, and proved nothing"
            before = following
            print(following, file=saver.stdin, flush=True)
            child = int(saver.stdout.readline().removeprefix("child "))
            time.sleep(chance.uniform(0.002, 0.03))
            os.kill(child, signal.SIGKILL)
            while (line := saver.stdout.readline()) != "dead\n":
                following = int(line) + 1
                acknowledged += 1
            kept = store.read(lambda db, before=before: saved(db, before))
            assert kept >= following, "an acknowledged edit is gone"
            following = kept  # one may have been committed and killed before it was acknowledged
            if turn % 200 == 0:
                store.read(assert_sound)
                assert store.read(saved) == kept
        saver.stdin.close()
    store.read(assert_sound)
    store.close()


def test_every_connection_is_durable(store: Store) -> None:
    """The writer, the readers, and a new one: WAL, synchronous=FULL (2), foreign keys."""
    fresh = connect(store.path)
    reader = store.read(lambda db: db)
    for connection in (store._writer, reader, fresh):
        found = [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")]
        assert found == ["wal", 2]
        assert connection.execute("PRAGMA foreign_keys").fetchone()[0] == 1
    fresh.close()


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace counts what reaches the disk")
def test_every_acknowledgement_waited_for_the_disk(store: Store, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    code = (
        "import os, sys; from pathlib import Path; from studio.store import Store; from tests.store.saver import save\n"
        "store = Store(Path(sys.argv[1]))\n"
        "os.write(1, b'begin\\n')\n"
        "for number in range(40): save(store, number); os.write(1, f'{number}\\n'.encode())"
    )
    command = ["strace", "-f", "-o", str(trace), "-e", "trace=fdatasync,fsync,write", sys.executable, "-c", code]
    done = subprocess.run([*command, str(store.path)], cwd=ROOT, capture_output=True, text=True)
    if "ptrace" in done.stderr.lower():
        pytest.skip("this machine does not allow tracing")
    assert done.stdout.split() == ["begin", *(str(number) for number in range(40))], done.stderr
    synced, acknowledged = 0, -1
    for line in trace.read_text().splitlines():
        if "sync(" in line:
            synced += 1
        elif "write(1," in line:
            assert synced > 0 or "begin" in line, f"edit {acknowledged} was acknowledged before the disk had it"
            acknowledged, synced = acknowledged + 1, 0
    assert acknowledged == 40


@pytest.mark.parametrize("cuts", [500, pytest.param(5_000, marks=pytest.mark.release)])
def test_a_log_that_breaks_off_anywhere_leaves_a_prefix(store: Store, tmp_path: Path, cuts: int) -> None:
    for number in range(60):
        save(store, number)
    wal = store.path.with_name("studio.db-wal")
    database, log = store.path.read_bytes(), wal.read_bytes()
    chance, cut, seen = random.Random(7), tmp_path / "cut.db", set()
    for turn in range(cuts):
        length = chance.randrange(len(log) + 1) if turn else len(log)
        cut.write_bytes(database)
        cut.with_name("cut.db-wal").write_bytes(log[:length])
        db = connect(cut)
        try:
            seen.add(saved(db) if db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] else 0)
            assert db.execute("PRAGMA quick_check").fetchone()[0] == "ok"
        finally:
            db.close()
            cut.with_name("cut.db-shm").unlink(missing_ok=True)
    assert max(seen) == 60
    assert len(seen) > 40, "the cuts met only few of the edits"


def test_a_writer_whose_rollback_fails_goes_on_with_a_new_connection(store: Store) -> None:
    """As when the disk answers with errors: nobody waits for ever, and the next save works."""
    with pytest.raises(StoreError, match="Not saved"):
        store.write(lambda db: db.close())
    save(store, 0)
    assert store.read(saved) == 1


def test_a_save_after_closing_is_refused_and_never_waits(store: Store) -> None:
    store.close()
    with pytest.raises(StoreError, match="closed"):
        store.write(annotations.last_seq)
