"""Files in the making: named so that everybody can tell whose they are, and remove those that nobody will finish."""

import os
import shutil
import uuid
from pathlib import Path

MARK = ".making-"


def partial_of(target: Path) -> Path:
    """A name beside `target` under which this process makes it, to be renamed when it is whole; same suffix."""
    return target.with_name(f"{MARK}{os.getpid()}-{uuid.uuid4().hex}{target.suffix}")


def write_whole(target: Path, data: bytes) -> None:
    """Write a file all at once: where that fails, what was there before is there still. Raises OSError."""
    if target.exists() and not target.is_file():  # a device or a pipe takes it as it comes
        target.write_bytes(data)
        return
    making = partial_of(target)
    try:
        with making.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        making.replace(target)
    finally:
        making.unlink(missing_ok=True)


def sweep(folder: Path, below: bool = False) -> int:
    """Remove what processes that are gone left unfinished in a folder (and in those below it); returns how many."""
    found = [path for path in folder.glob(f"{'**/' if below else ''}{MARK}*") if not _alive(path.name)]
    for path in found:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    return len(found)


def _alive(name: str) -> bool:
    pid = name.removeprefix(MARK).partition("-")[0]
    if not pid.isdecimal():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True
