"""A process to be killed: `python -m tests.store.saver DATABASE`. Its input is one number a line: it forks a child that
saves edits from that number on, three annotations each in one transaction, and writes a number only after the save was
acknowledged.
"""

import os
import sqlite3
import sys
from pathlib import Path

from studio.store import EditRequest, Store, annotations
from studio.timeline import Annotation, Segment

PARTS = 3


def save(store: Store, number: int) -> None:
    """One edit that a crash could tear: PARTS new annotations, each with its revision."""

    def work(db: sqlite3.Connection) -> None:
        for part in range(PARTS):
            draft = Annotation(f"{number}-{part}", Segment(number, number + 1), "moments", "x")
            annotations.save(db, "v1", EditRequest(draft.id, "create", draft), "ann")

    store.write(work)


def save_for_ever(path: Path, number: int) -> None:
    store = Store(path)
    while True:
        save(store, number)
        os.write(1, f"{number}\n".encode())
        number += 1


if __name__ == "__main__":
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            os.write(1, f"child {os.getpid()}\n".encode())
            save_for_ever(Path(sys.argv[1]), int(line))
        os.waitpid(child, 0)
        os.write(1, b"dead\n")
