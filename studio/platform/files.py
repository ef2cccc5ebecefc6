"""Replacing, moving and removing files that other programs may have open, which Windows refuses for as long as they do.

A program that looks at a file (a search index, a virus scanner, a player between two requests) has it open for a moment
only, so these functions wait for it a little.
"""

import shutil
import time
from collections.abc import Callable
from pathlib import Path

from studio.platform import system

_PATIENCE_S = 2.0
_PAUSE_S = 0.02
_IN_USE = "a program has it open, or it is read-only; close it there and try again"


class FileInUse(PermissionError):
    """A program has the file open, and went on having it open."""


def replace(source: Path, target: Path) -> None:
    """Give a file the name `target`, in one step, in place of what has that name. Raises FileInUse, OSError."""
    _patiently(lambda: source.replace(target), target)


def move(source: Path, target: Path) -> None:
    """Move a file, also to another disk. Raises FileInUse, OSError."""
    _patiently(lambda: shutil.move(source, target), source)


def remove(path: Path) -> None:
    """Remove a file if it is there. Raises FileInUse, OSError."""
    _patiently(lambda: path.unlink(missing_ok=True), path)


def remove_if_free(path: Path) -> bool:
    """Remove a file unless a program has it open right now; returns whether it is gone. Raises OSError."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        if system.is_in_use(error):
            return False
        raise
    return True


def remove_tree(folder: Path) -> bool:
    """Remove a folder with all in it, as far as that is possible; returns whether it is gone."""
    shutil.rmtree(folder, ignore_errors=True)
    return not folder.exists()


def remove_empty(folder: Path) -> bool:
    """Remove a folder that has nothing in it; returns whether it is gone. One with something in it stays, and so does
    one at which a disk is mounted."""
    try:
        folder.rmdir()
    except OSError:
        return not folder.exists()
    return True


def _patiently(work: Callable[[], object], path: Path) -> None:
    end = time.monotonic() + _PATIENCE_S
    while True:
        try:
            work()
        except OSError as error:
            if not system.is_in_use(error):
                raise
            if time.monotonic() >= end:
                raise FileInUse(error.errno, _IN_USE, str(path)) from error
            time.sleep(_PAUSE_S)
        else:
            return
