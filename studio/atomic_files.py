"""Files that appear only when complete: temporary names that say which process writes them, and their removal once it
is gone."""

import os
import uuid
from pathlib import Path

from studio.platform import files, system

PREFIX = ".making-"
_DIGITS = 9  # no system counts its processes further


def temp_path(target: Path) -> Path:
    """A name beside `target` under which this process writes it, to be renamed when it is complete; same suffix."""
    return target.with_name(f"{PREFIX}{os.getpid()}-{uuid.uuid4().hex}{target.suffix}")


def write_atomic(target: Path, data: bytes) -> None:
    """Write a file completely or not at all: where that fails, the old file stays. Raises OSError."""
    if target.exists() and not target.is_file():  # a device or a pipe takes it as it comes
        target.write_bytes(data)
        return
    unfinished = temp_path(target)
    try:
        with unfinished.open("xb") as file:
            file.write(data)
        system.to_disk(unfinished)
        files.replace(unfinished, target)
    finally:
        files.remove(unfinished)


def remove_stale(folder: Path, below: bool = False) -> int:
    """Remove temporary files of processes that are gone from a folder (and from those below it); returns how many."""
    found = [path for path in folder.glob(f"{'**/' if below else ''}{PREFIX}*") if not _alive(path.name)]
    for path in found:
        if path.is_dir():
            files.remove_tree(path)
        else:
            files.remove_if_free(path)
    return len(found)


def _alive(name: str) -> bool:
    pid = name.removeprefix(PREFIX).partition("-")[0]
    return pid.isdecimal() and (len(pid) > _DIGITS or system.alive(int(pid)))
