"""How much of the text on a screen is found, and how exactly its time and place.

A line of text is what a video shows over [start, end). Letters are compared without spaces and case: a reader that
joins two lines, or parts one, loses none.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Box = tuple[float, float, float, float]  # x1, y1, x2, y2
TimedBox = tuple[float, float, float, float, float]  # t in s, x1, y1, x2, y2; between two it moves evenly


@dataclass(frozen=True, slots=True)
class ShownText:
    """A text on a screen over [start, end) in s, and its boxes in order of time."""

    start: float
    end: float
    text: str
    boxes: tuple[TimedBox, ...] = ()

    def at(self, time: float) -> Box:
        """Where it is at a time."""
        times = [box[0] for box in self.boxes]
        x1, y1, x2, y2 = (float(np.interp(time, times, [box[k] for box in self.boxes])) for k in (1, 2, 3, 4))
        return x1, y1, x2, y2


def letters(text: str) -> str:
    """A text without case and spaces, in its compatible form."""
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


def letters_missed(shown: str, found: str) -> int:
    """The least number of letters to change, take out and put in to make `shown` of some part of `found` (Sellers
    1980); at most all of `shown`."""
    wanted, given = letters(shown), letters(found)
    before = np.zeros(len(given) + 1, np.int64)
    for letter in wanted:
        row = np.empty_like(before)
        row[0] = before[0] + 1
        change = before[:-1] + (np.frombuffer(given.encode("utf-32-le"), np.uint32) != ord(letter))
        np.minimum(change, before[1:] + 1, out=row[1:])
        steps = np.arange(len(row))
        before = np.minimum.accumulate(row - steps) + steps  # what is put in
    return int(min(before.min(), len(wanted)))


def temporal_iou(one: ShownText, other: ShownText) -> float:
    """Intersection over union of the times of two texts."""
    shared = max(0.0, min(one.end, other.end) - max(one.start, other.start))
    return shared / (one.end - one.start + other.end - other.start - shared)


def covered(line: ShownText, by: ShownText, times: int = 9) -> float:
    """How much of a line's box lies inside the box of a found text, which may hold more lines: the mean over some
    moments that both have; 0 where they have none."""
    start, end = max(line.start, by.start), min(line.end, by.end)
    if start >= end or not (line.boxes and by.boxes):
        return 0.0
    parts = []
    for time in np.linspace(start, end, times):
        a, b = line.at(float(time)), by.at(float(time))
        wide, high = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
        parts.append(max(0.0, wide) * max(0.0, high) / max(1e-9, (a[2] - a[0]) * (a[3] - a[1])))
    return float(np.mean(parts))


@dataclass(frozen=True, slots=True)
class TextFigures:
    """Sums over lines that can be added up: `letters` that were shown and were found (`read`), letters in found texts
    (`given`) that belong to no line (`invented`), and for each line that was found the IoU of its time and how much of
    its box is covered."""

    letters: int = 0
    read: int = 0
    given: int = 0
    invented: int = 0
    ious: tuple[float, ...] = ()
    covers: tuple[float, ...] = ()

    def __add__(self, other: "TextFigures") -> "TextFigures":
        return TextFigures(
            self.letters + other.letters, self.read + other.read, self.given + other.given,
            self.invented + other.invented, self.ious + other.ious, self.covers + other.covers,
        )  # fmt: skip

    def summary(self) -> dict[str, float]:
        """In per cent: `recall` of letters, `invented` letters of all that were found, the mean `temporal_IoU` and
        `temporal_IoU@0.9`, the share of lines that reach 0.9, and the mean `covered` part of boxes.

        Raises ValueError where nothing was shown.
        """
        if not self.letters:
            raise ValueError("Nothing was shown in any of these.")
        ious: npt.NDArray[np.float64] = np.array(self.ious or (0.0,))
        return {
            "recall": 100 * self.read / self.letters,
            "invented": 100 * self.invented / max(1, self.given),
            "temporal_IoU": 100 * float(ious.mean()),
            "temporal_IoU@0.9": 100 * float((ious >= 0.9).mean()),
            "covered": 100 * float(np.mean(self.covers or (0.0,))),
        }


def compare(shown: Sequence[ShownText], found: Sequence[ShownText]) -> TextFigures:
    """The figures of one video. Each line is compared with the found text that has most of its letters among those
    that are seen while it is; of equals, with the one that shares most of its time."""
    read, ious, covers = 0, [], []
    belongs = [0] * len(found)
    for line in shown:
        size = len(letters(line.text))
        ranked = [
            (letters_missed(line.text, each.text), -temporal_iou(line, each), k)
            for k, each in enumerate(found)
            if min(line.end, each.end) > max(line.start, each.start)
        ]
        missed, iou, k = min(ranked, default=(size, 0.0, -1))
        if missed > size / 2:
            continue
        read += size - missed
        belongs[k] += size - missed
        ious.append(-iou)
        if line.boxes and found[k].boxes:
            covers.append(covered(line, found[k]))
    given = [len(letters(each.text)) for each in found]
    invented = sum(max(0, size - own) for size, own in zip(given, belongs, strict=True))
    total = sum(len(letters(line.text)) for line in shown)
    return TextFigures(total, read, sum(given), invented, tuple(ious), tuple(covers))
