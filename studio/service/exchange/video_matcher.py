"""Which video of a library a file means: by id, by name, or by name without its ending, however blanks are written."""

import unicodedata
from collections.abc import Iterable
from pathlib import PurePath
from typing import Any

from studio.formats import reading

Row = dict[str, Any]


class VideoMatcher:
    """The videos of a library by everything that a file may call them."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._known: dict[str, list[Row]] = {}
        for row in rows:
            for key in _keys(row):
                self._known.setdefault(key, []).append(row)

    def find(self, name: str) -> tuple[Row | None, str]:
        """The one video of that name; or None, and a sentence why."""
        found: list[Row] = []
        for key in (name, PurePath(name.replace("\\", "/")).name, PurePath(name).stem):
            found = found or self._known.get(_plain(key), [])
        if len(found) == 1:
            return found[0], ""
        if found:
            return None, f"{len(found)} videos are called “{name:.60}”; choose the one that is meant."
        return None, f"There is no video “{name:.60}” in the library; choose the one that is meant, or add it."


def narrowed(only: Row, row: Row | None, parts: int, name: str) -> tuple[Row | None, str]:
    """What a part is about when a person named one video: the only part of a file is, others by their name."""
    if parts == 1 or (row is not None and row["id"] == only["id"]):
        return only, ""
    return None, f"“{name:.60}” is not the video you named, and left out."


def _keys(row: Row) -> set[str]:
    stem = PurePath(row["name"]).stem
    return {_plain(key) for key in (row["id"], row["name"], stem, reading.word(stem), reading.word(row["name"])) if key}


def _plain(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()
