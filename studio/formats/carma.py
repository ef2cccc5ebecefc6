"""Ratings of CARMA (Girard 2014), as the program saves them: a table (CSV) of the mean of each bin of time.

Since 2014 facts stand above the table, one a line (`Minimum Value`, …), then `Second,Rating` and a line of `%`; before,
they were columns beside these two. `Second` is where a bin ends; all are as long. A bin in which nothing was rated has
no number.
"""

import csv
import io
import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from studio.errors import FormatError
from studio.formats import reading
from studio.timeline.traces import STEP_US, Scale, Values, samples

_HEAD = ["second", "rating"]
_MOST_FACTS = 20  # lines above the table
_LONGEST_BIN_US = 60_000_000
_LATEST_S = 100 * 3600  # values are held in memory
_FILES = ("multimedia file", "filename")


@dataclass(frozen=True, slots=True)
class Ratings:
    """`bins` are (start, end, mean) of those that have a mean, times in µs; `scale` as the file says it, or None; and
    the `video` that it names, or ""."""

    bins: list[tuple[int, int, float]]
    scale: Scale | None
    video: str = ""

    @property
    def samples(self) -> int:
        """How many samples of a curve these are."""
        return samples(self.bins[-1][1])

    def sampled(self, count: int) -> Values:
        """So many samples of a curve: each mean holds over its bin, and elsewhere nothing is said."""
        found = np.full(count, np.nan, np.float32)
        for start, end, mean in self.bins:
            found[-(-start // STEP_US) : -(-end // STEP_US)] = mean
        return found


def parse(data: str) -> Ratings | None:
    """The ratings of a file; None for one that is none of CARMA's. Raises FormatError that says which line is wrong."""
    reading.take_parts(data.count("\n"))
    try:
        rows = list(csv.reader(io.StringIO(data.removeprefix("\ufeff"))))
    except csv.Error:
        return None
    heads = [[cell.strip().lower() for cell in row] for row in rows[:_MOST_FACTS]]
    at = next((n for n, head in enumerate(heads) if head[-2:] == _HEAD), None)
    if at is None:
        return None
    facts = dict(zip(heads[at], rows[at + 1], strict=False)) if rows[at + 1 :] and len(heads[at]) > 2 else {}
    facts |= {head[0]: row[1] for head, row in zip(heads[:at], rows[:at], strict=True) if len(row) > 1}
    bins = [_bin(row, number) for number, row in enumerate(rows[at + 1 :], at + 2) if _is_said(row)]
    if not bins:
        raise FormatError("This table has no values.")
    ends = [0, *(end for end, _ in bins)]
    length = min(later - sooner for sooner, later in pairwise(ends))
    if not STEP_US <= length <= _LONGEST_BIN_US:
        raise FormatError("The seconds of this table do not rise by as much from line to line; is this CARMA's?")
    said = [(end - length, end, mean) for end, mean in bins if not math.isnan(mean)]
    if not said:
        raise FormatError("This table has no values.")
    return Ratings(said, _scale(facts), next((facts[name] for name in _FILES if facts.get(name)), ""))


def _is_said(row: list[str]) -> bool:
    return any(cell.strip(" %") for cell in row)


def _bin(row: list[str], number: int) -> tuple[int, float]:
    """When a bin ends, in µs, and its mean."""
    try:
        end, value = (float(cell) for cell in row[-2:])
    except ValueError:
        raise FormatError(f"Line {number} of this table has no number as its second or its rating.") from None
    if not 0 < end <= _LATEST_S or math.isinf(value):
        raise FormatError(
            f"Line {number} of this table has a time before the video or after 100 hours, or an endless value."
        )
    return round(end * 1_000_000), value


def _scale(facts: dict[str, str]) -> Scale | None:
    try:
        low, high = (float(facts[f"{which} value"]) for which in ("minimum", "maximum"))
    except (KeyError, ValueError):
        return None
    return Scale(low, high) if -1e9 < low < high < 1e9 else None
