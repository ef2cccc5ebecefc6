"""Videos whose files were moved: known by their content, they take their place back with all that was done on them."""

import contextlib
import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from studio import media
from studio.errors import UsageError
from studio.platform import system
from studio.service.videos import files
from studio.store import Store, videos

Row = dict[str, Any]


def moved(store: Store, file: Path, sha256: str) -> Row | None:
    """Give a file to the video that has its content and whose own file is gone; None where there is none."""
    taken, rows = store.read(lambda db: (videos.at_path(db, str(file)), videos.with_content(db, sha256)))
    if taken and not taken["removed"]:
        return None
    known = next((row for row in rows if not files.is_there(row["path"])), None)
    return None if known is None else _give(store, known, file)


def gone(store: Store, old: Path | None = None) -> list[Row]:
    """The videos whose files are not where they were, in order of their ids; `old`: only those below this folder."""
    rows = store.read(videos.listed)
    below = [row for row in rows if old is None or Path(row["path"]).is_relative_to(old)]
    return sorted((row for row in below if not files.is_there(row["path"])), key=lambda row: str(row["id"]))


def likely(rows: Iterable[Row], old: Path | None, found: Iterable[Path], new: Path) -> list[tuple[Row, list[Path]]]:
    """For each video the files found below `new` that have its size: first the one at its old place below `old`, then
    those that have its name. Only their content says which of them it is."""
    by_size: dict[int, list[Path]] = {}
    for file in found:
        with contextlib.suppress(OSError):  # a link to nothing
            by_size.setdefault(file.stat().st_size, []).append(file)

    def best_first(row: Row) -> list[Path]:
        place = Path(row["path"])
        same_place = None if old is None else new / place.relative_to(old)
        return sorted(by_size.get(row["size"], []), key=lambda file: (file != same_place, file.name != place.name))

    return [(row, best_first(row)) for row in rows]


def take(store: Store, row: Row, candidates: Iterable[Path]) -> Row | None:
    """Give a video the first of these files that has its content and is no other video's; None where none is."""
    for file in candidates:
        with contextlib.suppress(OSError):  # one that cannot be read
            if files.sha256(file) == row["sha256"] and (given := _give(store, row, system.real_path(file))):
                return given
    return None


def relink(store: Store, old: Path, new: Path) -> tuple[list[Row], list[Row]]:
    """Look in another folder for the videos below a folder whose files are gone: at the same place, or anywhere in it.
    Returns those that were found there by their content, and those that were not.

    Raises UsageError.
    """
    old, new = Path(old).expanduser().absolute(), system.real_path(Path(new).expanduser())
    if not new.is_dir():
        raise UsageError(f"There is no folder “{new.name}”; give the folder where the videos are now.")
    rows = gone(store, old)
    if not rows:
        raise UsageError(f"No video of this library is missing below “{old}”; `studio doctor` lists those that are.")
    found, missing = [], []
    for row, candidates in likely(rows, old, files.videos_at(new).files, new):
        taken = take(store, row, candidates)
        if taken is None:
            missing.append(row)
        else:
            found.append(taken)
    return found, missing


def _give(store: Store, row: Row, file: Path) -> Row | None:
    """Give a video a file; None where another video has it, or one that was removed and would come back with it."""

    def work(db: sqlite3.Connection) -> Row | None:
        taken = videos.at_path(db, str(file))
        if taken is not None and (not taken["removed"] or taken["sha256"] == row["sha256"]):
            return None
        if videos.get(db, row["id"])["path"] != row["path"]:  # it was given another one meanwhile
            return None
        if taken is not None:  # what was removed was about another file
            videos.delete(db, taken["id"])
        return videos.set_facts(db, row["id"], {"path": str(file)})

    given = store.write(work)
    if given is not None:
        media.keep_start(file, given["start_us"])
    return given
