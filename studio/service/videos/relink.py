"""Videos whose files were moved: known by their content, they take their place back with all that was done on them."""

from pathlib import Path
from typing import Any

from studio import media
from studio.errors import UsageError
from studio.service.videos import files
from studio.store import Store, videos

Row = dict[str, Any]


def moved(store: Store, file: Path, sha256: str) -> Row | None:
    """Give a file to the video that has its content and whose own file is gone; None where there is none."""
    rows = store.read(videos.listed)
    if any(row["path"] == str(file) for row in rows):
        return None
    known = next((row for row in rows if row["sha256"] == sha256 and not Path(row["path"]).exists()), None)
    return None if known is None else _give(store, known, file)


def relink(store: Store, old: Path, new: Path) -> tuple[list[Row], list[Row]]:
    """Look in another folder for the videos below a folder whose files are gone: at the same place, or anywhere in it.
    Returns those that were found there by their content, and those that were not.

    Raises UsageError.
    """
    old, new = Path(old).expanduser().absolute(), Path(new).expanduser().resolve()
    if not new.is_dir():
        raise UsageError(f"There is no folder “{new.name}”; give the folder where the videos are now.")
    gone = [
        row
        for row in store.read(videos.listed)
        if Path(row["path"]).is_relative_to(old) and not Path(row["path"]).exists()
    ]
    if not gone:
        raise UsageError(f"No video of this library is missing below “{old}”; `studio doctor` lists those that are.")
    by_size: dict[int, list[Path]] = {}
    for file in files.videos_at(new).files:
        by_size.setdefault(file.stat().st_size, []).append(file)
    found, missing = [], []
    for row in gone:
        same_place = new / Path(row["path"]).relative_to(old)
        likely = by_size.get(row["size"], [])
        likely = [file for file in likely if file == same_place] + [file for file in likely if file != same_place]
        same = [file for file in likely if files.sha256(file) == row["sha256"]]
        if same:
            found.append(_give(store, row, same[0].resolve()))
        else:
            missing.append(row)
    return found, missing


def _give(store: Store, row: Row, file: Path) -> Row:
    media.keep_start(file, row["start_us"])
    return store.write(lambda db: videos.set_facts(db, row["id"], {"path": str(file)}))
