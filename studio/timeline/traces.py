"""Continuous ratings: what somebody says of a scale (valence, arousal, …) at every instant of a video, as drawn by hand
while it plays (the kind of CARMA, Girard 2014, and of NOVA's continuous tiers)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

RATE = 25  # samples a second; a sample holds from its time on
STEP_US = 1_000_000 // RATE
FARTHEST_US = 1_100_000  # between values that belong together: one a second, at whatever rate of frames
Values = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Scale:
    """The lowest and the highest value of a row that is drawn as a curve."""

    low: float
    high: float


@dataclass(frozen=True, slots=True, eq=False)  # arrays are not compared by ==
class Trace:
    """One annotator's values of a row: float32, RATE a second from time 0; NaN where nothing was said."""

    track: str
    annotator: str
    values: Values

    @property
    def empty(self) -> bool:
        """Whether nothing is said: it was never drawn, or erased."""
        return bool(np.isnan(self.values).all())

    def said(self) -> Iterable[tuple[int, float]]:
        """The times in µs at which something was said, and the values."""
        for index in np.flatnonzero(~np.isnan(self.values)):
            yield int(index) * STEP_US, float(self.values[index])


def samples(duration_us: int) -> int:
    """How many samples a video of this length has."""
    return -(-duration_us // STEP_US)


def at_rate(values: Sequence[float], rate: float) -> Values:
    """Values at another rate, from time 0, as samples at RATE; NaN where nothing is said."""
    said = np.array(values, np.float64)
    if rate == RATE:
        return said.astype(np.float32)
    count = samples(round(len(said) * 1e6 / rate)) if len(said) else 0
    # each holds from its time on
    nearest = np.minimum((np.arange(count) * rate / RATE).astype(np.int64), len(said) - 1)
    return said[nearest].astype(np.float32) if count else np.empty(0, np.float32)


def later(values: Values, by_us: int) -> Values:
    """Values that lie later, by whole samples; earlier where it is below 0."""
    by = round(by_us / STEP_US)
    return np.concatenate([np.full(by, np.nan, np.float32), values]) if by >= 0 else values[-by:]


def resampled(times_us: npt.NDArray[np.int64], values: npt.NDArray[np.float64], count: int) -> Values:
    """Values at times of their own, in order, as samples at RATE: linear between neighbours that are at most
    FARTHEST_US apart, NaN elsewhere. Those that have no sample between them, as a value alone, have the nearest."""
    at = np.arange(count, dtype=np.int64) * STEP_US
    if not len(times_us):
        return np.full(count, np.nan, np.float32)
    found = np.interp(at, times_us, values, np.nan, np.nan)
    after = np.clip(np.searchsorted(times_us, at), 1, max(1, len(times_us) - 1))
    last = len(times_us) - 1
    gap = times_us[np.minimum(after, last)] - times_us[np.minimum(after - 1, last)]
    exact = times_us[np.clip(np.searchsorted(times_us, at), 0, last)] == at
    found[(gap > FARTHEST_US) & ~exact] = np.nan
    breaks = np.flatnonzero(np.diff(times_us) > FARTHEST_US)
    starts, ends = np.append(0, breaks + 1), np.append(breaks, last)
    alone = starts[times_us[ends] // STEP_US * STEP_US < times_us[starts]]  # no sample lies within them
    nearest = np.rint(times_us[alone] / STEP_US).astype(np.int64)
    found[nearest[nearest < count]] = values[alone[nearest < count]]
    return found.astype(np.float32)


def plain(values: Values) -> list[float | None]:
    """Values as JSON has them, with no more digits than they need to stay what they are; None where nothing is
    said."""
    return [None if np.isnan(value) else float(str(value)) for value in values.astype(np.float32)]


def smoothed(values: Values, seconds: float) -> Values:
    """The mean of what is said around each sample, weighed by a Gaussian of this standard deviation; what is not said
    weighs nothing, and is not made up."""
    if seconds <= 0:
        return values
    sigma = seconds * RATE
    reach = int(3 * sigma) + 1
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    said = ~np.isnan(values)
    total = np.convolve(np.where(said, values, 0.0), kernel)[reach : reach + len(values)]
    weight = np.convolve(said.astype(np.float64), kernel)[reach : reach + len(values)]
    return np.where(said, total / np.maximum(weight, 1e-12), np.nan).astype(np.float32)
