"""Files as people name them: what a path or an upload's name stands for."""

import hashlib
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from studio.platform import system

SUFFIXES = frozenset({
    ".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ts", ".mts", ".m2ts", ".ogv", ".3gp", ".flv",
    ".wmv", ".asf", ".vob", ".qt", ".3g2", ".f4v", ".ogg", ".ogx", ".m1v", ".m2v", ".mpv", ".m2t", ".divx", ".mj2",
    # of sound alone
    ".wav", ".mp3", ".m4a", ".m4b", ".flac", ".oga", ".opus", ".aac", ".mka", ".wma", ".mp2", ".aif", ".aiff",
    ".amr", ".au", ".snd", ".gsm",
})  # fmt: skip
_BESIDE = frozenset({".srt", ".vtt", ".ass", ".ssa"})  # they are read with their videos


def is_there(path: str) -> bool:
    """Whether there is a file that may be looked at."""
    try:
        return Path(path).exists()
    except OSError:  # in a folder that nobody may look into
        return False


@dataclass(frozen=True, slots=True)
class Found:
    """Files of video or sound, each once and as what it really is, how many links were `passed` over, and which endings
    of `others`."""

    files: list[Path]
    passed: int = 0
    others: tuple[str, ...] = ()

    @property
    def notes(self) -> list[str]:
        """A sentence on what a folder holds that is neither video nor sound by its name."""
        if not self.others:
            return []
        files, they = ("1 file was", "it is neither video nor sound") if len(self.others) == 1 else (
            f"{len(self.others)} files were", "they are neither video nor sound")  # fmt: skip
        return [f"{files} passed over, because {they} by name ({', '.join(sorted(set(self.others))[:6])})."]

    @property
    def problems(self) -> list[str]:
        """A sentence on what was passed over; where links lead is for nobody to learn by it."""
        if not self.passed:
            return []
        links, they = ("1 link was", "it leads") if self.passed == 1 else (f"{self.passed} links were", "they lead")
        return [f"{links} passed over, because {they} out of the shared folders."]


def videos_at(path: Path, within: Sequence[Path] = ()) -> Found:
    """The path itself, or every video file below it in order of name, also behind links.

    With `within`, real folders, nothing counts that really lies outside of them. A folder that is reached twice, as by
    a link to one above, is looked through once.
    """
    if not path.is_dir():
        return Found([path])
    walked: set[Path] = set()
    found: dict[Path, Path] = {}  # what a file really is → how it was found
    passed = 0
    others: list[str] = []
    for folder, inner, names in os.walk(path, followlinks=True):
        here = Path(folder)
        walked.add(system.real_path(here))
        videos = [name for name in names if Path(name).suffix.lower() in SUFFIXES]
        plain = [Path(name) for name in names if name not in videos and not name.startswith(".")]
        others += [name.suffix.lower() or name.name for name in plain if name.suffix.lower() not in _BESIDE]
        for name in (*inner, *videos):
            real = _real(here / name, within)
            if within and not lies_in(real, within):
                passed += 1
            elif name not in inner:
                found[real] = min(here / name, found.get(real, here / name))
        inner[:] = [name for name in inner if _is_new(_real(here / name, within), walked, within)]
    return Found(sorted(found, key=lambda real: found[real]), passed, tuple(others))


def _is_new(real: Path, walked: set[Path], within: Sequence[Path]) -> bool:
    """Whether a folder is to be looked through; it counts as looked through from now on."""
    if real in walked or (within and not lies_in(real, within)):
        return False
    walked.add(real)
    return True


def _real(place: Path, within: Sequence[Path]) -> Path:
    """A path without links; on one's own machine as it is where it leads to nothing, so that it is told by its name. In
    shared folders that would say what exists outside."""
    try:
        real = system.real_path(place)
        return real if within or real.exists() else place
    except (OSError, RuntimeError):
        return place


def lies_in(real: Path, folders: Iterable[Path]) -> bool:
    """Whether a path without links is one of these folders or in one."""
    return any(real.is_relative_to(folder) for folder in folders)


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
