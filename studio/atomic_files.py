"""Files that appear only when complete: temporary names that say which process writes them, and their removal once it
is gone."""

import os
import shutil
import uuid
from pathlib import Path

PREFIX = ".making-"


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
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)


def remove_stale(folder: Path, below: bool = False) -> int:
    """Remove temporary files of processes that are gone from a folder (and from those below it); returns how many."""
    found = [path for path in folder.glob(f"{'**/' if below else ''}{PREFIX}*") if not _alive(path.name)]
    for path in found:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    return len(found)


def _alive(name: str) -> bool:
    pid = name.removeprefix(PREFIX).partition("-")[0]
    if not pid.isdecimal():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True
