"""Files as people name them: what a path or an upload's name stands for."""

import hashlib
import os
from pathlib import Path, PurePath

SUFFIXES = frozenset({
    ".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ts", ".mts", ".m2ts", ".ogv", ".3gp", ".flv",
    ".wmv",
})  # fmt: skip


def videos_at(path: Path) -> list[Path]:
    """The path itself, or every video file below it in order of name."""
    if not path.is_dir():
        return [path]
    found = (Path(folder) / name for folder, _, names in os.walk(path) for name in names)
    return sorted(file for file in found if file.suffix.lower() in SUFFIXES)


def is_database(file: Path) -> bool:
    """Whether a file is an SQLite database, by its first bytes."""
    with file.open("rb") as stream:
        return stream.read(16) == b"SQLite format 3\0"


def sha256(file: Path) -> str:
    """The file's content as a hexadecimal name."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def display_name(name: str) -> str:
    """A name that a browser sent, as a name only: no folders, nothing that cannot be printed, not endless."""
    last = PurePath(name.replace("\\", "/")).name
    return "".join(c for c in last if c.isprintable())[:200] or "video"
