"""Who is in a video and what they say, as people put it right."""

import sqlite3
from typing import Any

from studio.config import Limits
from studio.errors import UsageError
from studio.formats import subtitles
from studio.store import Store, lines, people
from studio.timeline import seconds, us

Row = dict[str, Any]
MOST_NAMES = 2_000


class People:
    """Names of faces, and lines of speech, of the videos of a library."""

    def __init__(self, store: Store, limits: Limits) -> None:
        self._store, self._limits = store, limits

    def name(self, video: Row, names: Any, base: int, annotator: str) -> Row:
        """Keep who the faces of a video are; see `store.people`.

        Raises UsageError, Conflict.
        """
        if not isinstance(names, list) or len(names) > MOST_NAMES:
            raise UsageError(f"Send a list of at most {MOST_NAMES} names.")
        checked = [self._name(each) for each in names]
        return self._store.write(lambda db: people.save(db, video["id"], checked, base, annotator))

    def _name(self, each: Any) -> Row:
        if not isinstance(each, dict) or not isinstance(each.get("track"), str):
            raise UsageError("A name needs a track, a time from which it holds, and a name or null.")
        name, start = each.get("name"), each.get("from")
        if not (name is None or (isinstance(name, str) and 0 < len(name.strip()) <= self._limits.label_chars)):
            raise UsageError("A person's name must be a short text.")
        if not isinstance(start, int | float) or isinstance(start, bool) or not 0 <= start < 1e9:
            raise UsageError("“from” must be a time in seconds.")
        return {"track": each["track"][:100], "from": float(start), "name": None if name is None else name.strip()}

    def transcript(self, video: Row) -> list[Row]:
        """What is said in a video: `id`, `start`, `end` in s, `text`."""
        found = self._store.read(lambda db: lines.listed(db, video["id"]))
        return [
            {"id": line["id"], "start": seconds(line["start_us"]), "end": seconds(line["end_us"]), "text": line["text"]}
            for line in found
        ]

    def read_subtitles(self, video: Row, text: str) -> int:
        """Take the lines of a subtitle file (SRT, WebVTT, ASS) in place of those there are; returns how many.

        Raises FormatError, UsageError.
        """
        if len(text) > self._limits.import_bytes:
            raise UsageError("This subtitle file is too long.")
        found = [line for line in subtitles.read(text.encode()) if line[0] < video["duration_us"]]
        if not found:
            raise UsageError("There is no line in these subtitles that is said within the video.")
        self._store.write(lambda db: lines.replace(db, video["id"], found))
        return len(found)

    def save_line(self, video: Row, line_id: int | None, start: float, end: float, text: str) -> int:
        """Add a line, or change one; returns its id.

        Raises UsageError, NotFound.
        """
        text = " ".join(text.split())
        line = us(start), min(us(end), video["duration_us"]), text[: self._limits.note_chars]
        if not text or not 0 <= line[0] < line[1]:
            raise UsageError("A line needs words, and an end after its start within the video.")

        def write(db: sqlite3.Connection) -> int:
            return lines.put(db, video["id"], line, line_id)

        return self._store.write(write)

    def drop_line(self, video: Row, line_id: int) -> None:
        """Remove a line.

        Raises NotFound.
        """
        self._store.write(lambda db: lines.drop(db, video["id"], line_id))
