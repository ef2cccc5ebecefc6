"""Longer than a push can wait for."""

import random
import subprocess
import sys
import time

import pytest

from studio.store import Store, annotations
from tests.store.test_store import KILLED

pytestmark = pytest.mark.release


def test_two_hundred_kills_at_random_moments(store: Store) -> None:
    chance, following = random.Random(7), 0
    for _ in range(200):
        command = [sys.executable, "-c", KILLED, str(store.path), str(following)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as child:
            assert child.stdout is not None
            child.stdout.readline()
            time.sleep(chance.uniform(0, 0.05))
            child.kill()
            acknowledged = [following, *(int(line) for line in child.stdout)]
        kept = {a.id for a in store.read(lambda db: annotations.of_video(db, "v1"))}
        assert {f"k{i}" for i in range(acknowledged[-1] + 1)} <= kept
        following = len(kept)
    assert store.read(lambda db: db.execute("PRAGMA integrity_check").fetchone()[0]) == "ok"
