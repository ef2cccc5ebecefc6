"""Subtitles that travel inside a video file, or lie beside it."""

import os
from dataclasses import dataclass
from pathlib import Path

from studio.config import Limits
from studio.media import policy
from studio.media.probe import probe
from studio.media.sandbox import Child

Line = tuple[int, int, str]
_MOST_LINES = 100_000
_SUFFIXES = frozenset({".srt", ".vtt", ".ass", ".ssa"})


def subtitles(path: str | os.PathLike[str], limits: Limits | None = None, *, track: int | None = None) -> list[Line]:
    """`(start_us, end_us, text)` of a text track (see `Probe.texts`; None: the best), in order; empty without one.

    Raises what `probe` raises.
    """
    limits = limits or Limits()
    found = probe(path, limits)
    if not found.text_streams:
        return []
    lines: list[Line] = []
    arguments = {"start_us": found.start_us, "offsets": found.offsets, "track": track}
    with Child("subtitles", policy.admit(path, limits), limits, arguments) as child:
        while (head := child.receive()) is not None and len(lines) < _MOST_LINES:
            lines.append((int(head["start"]), int(head["end"]), str(head["text"])))
    return sorted(lines)


@dataclass(frozen=True, slots=True)
class SubtitleFile:
    """A file beside a video, named NAME.EXT or NAME.LANGUAGE.EXT as downloaders and players do."""

    path: Path
    language: str = ""


def subtitle_files(path: str | os.PathLike[str]) -> list[SubtitleFile]:
    """The subtitle files beside a video, best first: the one without a language, else the first by name; those that are
    only for signs in another language ("forced") last. Endings and names may be in any case."""
    video = Path(path)
    stem = video.stem.casefold()
    try:
        names = sorted(entry.name for entry in os.scandir(video.parent) if entry.is_file())
    except OSError:
        return []
    found = []
    for name in names:
        own = Path(name).stem
        if Path(name).suffix.lower() not in _SUFFIXES or not own.casefold().startswith(stem):
            continue
        language = own[len(video.stem) :]
        if not language or (language.startswith(".") and len(language) <= 40):
            found.append(SubtitleFile(video.parent / name, language.removeprefix(".")))
    return sorted(found, key=lambda f: ("forced" in f.language.lower(), bool(f.language), f.path.name))
