"""What a `LibraryIndex` holds of which video: a first line with all there was when it was written, then a line for each
video that changed since, so that one more video costs one more line. Written by one process at a time, read by all."""

import json
import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

from studio.atomic_files import temp_path
from studio.platform import files

FOLD_AFTER = 1_000  # lines, and half as many as there are videos: then all goes into a new first line
_BEGINS, _BEGINNING = b'{"made": ', 32  # how a first line begins, and bytes that tell it from any other

RowRange = tuple[int, int, int]
"""One video's rows are [start, start + count), copied when its features were written at a time (ns). A count of 0: they
could not be read then."""


class IndexManifest:
    """`ranges` says where the rows of each video are in the file `data` of `rows` · `dim` numbers; `held` is how many
    rows the videos have. `read` brings it up to date."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.forget()

    def forget(self) -> None:
        """Be as one that is missing."""
        self.data, self.rows, self.dim, self.held = "", 0, 0, 0
        self.ranges: dict[str, RowRange] = {}
        self._version: tuple[int, ...] = ()  # what told it from others when it was read
        self._beginning, self._end, self._lines, self._torn = b"", 0, 0, False

    def read(self) -> bool:
        """Take in what was written since; whether that is anything. A missing or damaged one is empty."""
        try:
            facts = os.stat(self.path)  # noqa: PTH116 (a Path takes longer)
            version = (facts.st_mtime_ns, facts.st_size, facts.st_ino)
            if version == self._version:
                return False
            with self.path.open("rb") as file:
                beginning = file.read(_BEGINNING)
                if not self._beginning or beginning != self._beginning or facts.st_size < self._end:
                    self.forget()
                file.seek(self._end)
                self._take_in(file.read())
            if beginning.startswith(_BEGINS):  # an older release had one line, and wrote it anew each time
                self._beginning = beginning
            self._version = version
        except (OSError, ValueError, KeyError, TypeError):
            known = bool(self._version)
            self.forget()
            return known
        return True

    def _take_in(self, text: bytes) -> None:
        *lines, rest = text.split(b"\n")
        if not self._end:
            first = json.loads(lines.pop(0) if lines else rest)
            self.data, self.rows, self.dim = first["data"], first["rows"], first["dim"]
            self.ranges = {video: (start, count, at) for video, (start, count, at) in first["videos"].items()}
            self.held = sum(count for _, count, _ in self.ranges.values())
        self._end += len(text) - len(rest)
        self._torn = bool(rest)
        self._lines += len(lines)
        changes: list[list[Any]] = json.loads(b"[" + b",".join(lines) + b"]")
        for video, *found in changes:
            self.held -= self.ranges.pop(video, (0, 0, 0))[1]
            if found:
                start, count, at = found
                self.ranges[video] = start, count, at
                self.held += count
                self.rows = max(self.rows, start + count)

    def note(self, added: Mapping[str, RowRange], gone: Collection[str] = ()) -> None:
        """Write down what changed, of one that was just read: in lines at the end, or in a new first line once those
        are many."""
        lines = [*([video] for video in gone if video not in added), *([video, *at] for video, at in added.items())]
        if self._beginning and not self._torn and self._lines + len(lines) <= FOLD_AFTER + len(self.ranges) // 2:
            with self.path.open("ab") as file:
                file.write(b"".join(json.dumps(line).encode() + b"\n" for line in lines))
            return
        left = {video: at for video, at in self.ranges.items() if video not in gone}
        rows = max([self.rows, *(start + count for start, count, _ in added.values())])
        self.replace(self.data, rows, self.dim, {**left, **added})

    def replace(self, data: str, rows: int, dim: int, ranges: Mapping[str, RowRange]) -> None:
        """Write all of it anew."""
        facts = {"made": uuid4().hex, "data": data, "rows": rows, "dim": dim, "videos": ranges}
        partial = temp_path(self.path)
        partial.write_bytes(json.dumps(facts).encode() + b"\n")
        files.replace(partial, self.path)
