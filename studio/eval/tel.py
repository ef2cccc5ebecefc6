"""Files of TEL, the benchmark of temporal emotion localization (ACM MM 2022, arXiv 2208.01954), with their quirks.

`{film: {clip: {…}}}`. A training clip has `emo` {label: mentions} and cues as `time` and `dialog`; an annotated clip
has `emo` {label: {"segment": [cue numbers], …}} and cues as `dialog_name` and `dialog`. A label may end in a blank
(`"aversion "`), confidence is spelled `confident`, cue numbers come in any order and may leave gaps, and a cue that
two people share is listed twice with the same times.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio.errors import FormatError
from studio.eval import reading

CLASSES = (
    "affection", "anger", "anticipation", "aversion", "confidence", "disconnection", "disquietment", "doubt",
    "embarrassment", "engagement", "esteem", "excitement", "happiness", "peace", "sadness", "suffering",
    "surprise", "sympathy",
)  # fmt: skip

_SPELLING = {"confident": "confidence"}
_TIMES = re.compile(r"\s*(\d+):(\d\d):(\d\d(?:\.\d+)?)\s*-->\s*(\d+):(\d\d):(\d\d(?:\.\d+)?)\s*")

Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Clip:
    """A scene of a film: L cues (s from the clip's start) with their words as they were written, markup and all.

    `counts` (18,) is how many mentions each class has, in the order of CLASSES; `marks` bool (L, 18) which cues were
    annotated with it, None in training clips. A clip's length is not known: the last cue's end is its lower bound.
    """

    film: str
    name: str
    cues: tuple[Span, ...]
    lines: tuple[str, ...]
    counts: NDArray[np.int64]
    marks: NDArray[np.bool_] | None

    @property
    def video(self) -> str:
        """What predictions call this clip."""
        return f"{self.film}/{self.name}"

    def runs(self, column: int) -> list[Span]:
        """The times of one class: each run of consecutive annotated cues is one segment."""
        if self.marks is None:
            return []
        edges = np.flatnonzero(np.diff(np.concatenate([[False], self.marks[:, column], [False]])))
        return [
            (min(start for start, _ in self.cues[i:j]), max(end for _, end in self.cues[i:j]))
            for i, j in zip(edges[::2], edges[1::2], strict=True)
        ]


def is_tel(path: Path) -> bool:
    """Whether a file looks like TEL: one object of objects of objects with `emo`."""
    try:
        whole = json.loads(reading.text(path))
        film = next(iter(whole.values()))
        return "emo" in next(iter(film.values()))
    except (ValueError, RecursionError, AttributeError, StopIteration, TypeError):
        return False


def read(path: Path) -> list[Clip]:
    """The clips of a file, in its order; without those that have no cues. Raises FormatError."""
    try:
        whole = json.loads(reading.text(path))
    except (ValueError, RecursionError):
        raise FormatError(f"“{path.name}” is not JSON.") from None
    try:
        found = [_clip(film, name, clip) for film, clips in whole.items() for name, clip in clips.items()]
    except (AttributeError, KeyError, TypeError, IndexError):
        raise FormatError(f"“{path.name}” is not a file of TEL: a clip lacks its emotions, cues or times.") from None
    return [clip for clip in found if clip.cues]


def column_of(label: str) -> int:
    """The column of a label however TEL spells it. Raises FormatError for an unknown one."""
    name = label.strip().lower()
    try:
        return CLASSES.index(_SPELLING.get(name, name))
    except ValueError:
        raise FormatError(f"“{label:.40}” is none of TEL's {len(CLASSES)} emotions.") from None


def _clip(film: str, name: str, clip: dict[str, Any]) -> Clip:
    times = clip["dialog_name"] if "dialog_name" in clip else clip["time"]
    cues = tuple(_span(said, f"{film}/{name}") for said in times)
    lines = tuple(str(line) for line in clip["dialog"])
    if len(lines) != len(cues):
        raise FormatError(f"{film}/{name} has {len(lines)} lines and {len(cues)} times.")
    counts = np.zeros(len(CLASSES), np.int64)
    marks = np.zeros((len(cues), len(CLASSES)), bool)
    annotated = any(isinstance(value, dict) for value in clip["emo"].values()) or "dialog_name" in clip
    for label, value in clip["emo"].items():
        if isinstance(value, dict):
            counts[column_of(label)] = 1
            marks[[int(cue) for cue in value["segment"]], column_of(label)] = True
        else:
            counts[column_of(label)] = int(value)
    return Clip(film, name, cues, lines, counts, marks if annotated else None)


def _span(said: str, where: str) -> Span:
    match = _TIMES.fullmatch(said)
    if match is None:
        raise FormatError(f"{where}: a time must read HH:MM:SS.mmm-->HH:MM:SS.mmm, not {said!r:.40}.")
    h, m, s, *end = match.groups()
    return 3600 * int(h) + 60 * int(m) + float(s), 3600 * int(end[0]) + 60 * int(end[1]) + float(end[2])
