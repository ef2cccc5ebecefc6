"""By how much one recording of a sound began after another one: arrays in, numbers out.

Coarse: onsets of loudness in bands, correlated over every lag by FFT. Fine: around the best lags, windows of samples by
the generalized cross-correlation with phase transform (GCC-PHAT; Knapp & Carter, “The generalized correlation method
for estimation of time delay”, IEEE Trans. ASSP 24(4), 1976), whose peak stays sharp under noise, echo, another gain and
lossy coding. Windows vote: where the sounds are not of one event, their peaks lie anywhere, and no lag gets their
votes. Where clocks run apart, only the windows near the coarse lag are within reach: along the line that those give,
all are looked at again.
"""

from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32] | NDArray[np.float16]
Onsets = NDArray[np.float32]
RATE = 8_000
SHARE = 0.5  # of the windows that must agree; see tests/models/test_sound_alignment.py for what is measured
_STEP, _WINDOW, _BANDS = 80, 256, 12  # 100 onsets a second
_LOWEST_HZ, _HIGHEST_HZ = 150, 3_600
_CANDIDATES, _APART_S = 6, 0.25
_LONGEST_S, _SHORTEST_S, _MOST_WINDOWS = 4.0, 0.5, 24
_FEWEST_WINDOWS = 4
_AROUND_S = 0.5  # how far a window looks around a lag: clocks of recorders drift by as much in half an hour
_SAME_S = 0.004  # sound needs 3 ms for a metre
_MOST_DRIFT = 6e-4  # s a second; recorders differ by 1e-4, cheap ones by more
_RIVAL = 0.8  # of the votes, which a second lag must not have


@dataclass(frozen=True, slots=True)
class Alignment:
    """What was found. `lag` s: a sound at t of the one is at t - lag of the other, so the other began `lag` later.

    `share` of the `windows` agree on it, 0…1; `found` says whether that is enough. `drift`: by how many s a second the
    other one's clock runs slower; `lag` holds in the `middle` of what both have, s of the one. `rival` is another lag
    that fits about as well, as where a sound repeats.
    """

    lag: float
    share: float
    windows: int
    drift: float = 0.0
    rival: float | None = None
    middle: float = 0.0

    @property
    def rate(self) -> float:
        """How many s of the one a second of the other lasts."""
        return 1 / (1 - self.drift)

    @property
    def offset(self) -> float:
        """When on the one the other begins, at that rate: what is at t of it is at offset + rate * t of the one."""
        return (self.lag - self.drift * self.middle) * self.rate

    @property
    def found(self) -> bool:
        return self.windows >= _FEWEST_WINDOWS and self.share >= SHARE and self.rival is None


def align(one: Samples, other: Samples) -> Alignment:
    """Where the sound `other` (T,) lies on the time of `one` (S,), both mono at RATE Hz.

    Nothing is raised for sound that does not match, is silent or short: `found` is False then.
    """
    tried = sorted((_followed(one, other, lag) for lag in _coarse(one, other)), key=lambda found: -_weight(found))
    if not tried:
        return Alignment(0.0, 0.0, 0)
    best = tried[0]
    rivals = [each for each in tried[1:] if abs(each.lag - best.lag) > _APART_S]
    if rivals and _weight(rivals[0]) >= _RIVAL * _weight(best) and best.share >= SHARE:
        return replace(best, rival=rivals[0].lag)
    return best


def _weight(found: Alignment) -> float:
    return found.share * found.windows if found.windows >= _FEWEST_WINDOWS else 0.0


# ---------------------------------------------------------------- coarse


def onsets(samples: Samples) -> Onsets:
    """How much louder each band became: float32 (n, bands), a row every _STEP samples, each band of mean 0 and
    deviation 1."""
    count = max(0, (len(samples) - _WINDOW) // _STEP + 1)
    frequencies = np.fft.rfftfreq(_WINDOW, 1 / RATE)
    edges = np.geomspace(_LOWEST_HZ, _HIGHEST_HZ, _BANDS + 1)
    filters = ((frequencies[:, None] >= edges[:-1]) & (frequencies[:, None] < edges[1:])).astype(np.float32)
    filters[np.abs(frequencies[:, None] - (edges[:-1] + edges[1:]) / 2).argmin(axis=0), np.arange(_BANDS)] = 1
    shape = np.hanning(_WINDOW).astype(np.float32)
    pieces = np.lib.stride_tricks.sliding_window_view(samples, _WINDOW)[::_STEP][:count] if count else None
    levels = np.zeros((count, _BANDS), np.float32)
    for begin in range(0, count, 4096):  # pieces overlap: all of their spectra at once need much memory
        assert pieces is not None
        some = pieces[begin : begin + 4096].astype(np.float32) * shape
        power = np.abs(np.fft.rfft(some, axis=1)).astype(np.float32) ** 2
        levels[begin : begin + 4096] = power @ filters
    floor = 1e-3 * np.maximum(np.quantile(levels, 0.95, axis=0, keepdims=True), 1e-9) if count else 1
    rising = np.maximum(np.diff(np.log(levels + floor), axis=0, prepend=0), 0) if count else levels
    rising[:1] = 0
    rising -= rising.mean(axis=0) if count else 0
    return np.asarray(rising / np.maximum(rising.std(axis=0), 1e-6) if count else rising, np.float32)


def _coarse(one: Samples, other: Samples) -> list[float]:
    """The lags (s) at which most onsets are together, best first; each as good as its overlap lets chance be."""
    a, b = onsets(one), onsets(other)
    if min(len(a), len(b)) * _STEP < _FEWEST_WINDOWS * _SHORTEST_S * RATE or not (a.any() and b.any()):
        return []
    size = 1 << (len(a) + len(b) - 1).bit_length()
    total = np.zeros(size // 2 + 1, np.complex64)
    for band in range(_BANDS):
        total += np.fft.rfft(a[:, band], size) * np.conj(np.fft.rfft(b[:, band], size))
    together = np.fft.irfft(total, size)
    lags = np.arange(-(len(b) - 1), len(a))
    scores = np.concatenate([together[size - len(b) + 1 :], together[: len(a)]])
    overlap = np.minimum(len(a), lags + len(b)) - np.maximum(0, lags)
    scores = scores / np.sqrt(np.maximum(overlap, 1))
    scores[overlap * _STEP < _FEWEST_WINDOWS * _SHORTEST_S * RATE] = -np.inf
    found = []
    apart = round(_APART_S * RATE / _STEP)
    for _ in range(_CANDIDATES):
        at = int(np.argmax(scores))
        if not np.isfinite(scores[at]) or scores[at] <= 0:
            break
        found.append(lags[at] * _STEP / RATE)
        scores[max(0, at - apart) : at + apart + 1] = -np.inf
    return found


# ---------------------------------------------------------------- fine


def _followed(one: Samples, other: Samples, lag: float) -> Alignment:
    """The exact lag near a coarse one, also where the clocks run so far apart that it is out of reach elsewhere."""
    found = _voted(one, other, lag)
    if not found.drift:
        return found
    again = _voted(one, other, found.lag, found)
    return again if _weight(again) >= _weight(found) else found


def _voted(one: Samples, other: Samples, lag: float, line: Alignment | None = None) -> Alignment:
    """The exact lag near a coarse one, and how many windows agree on it; where a line is given, each looks near it."""
    shift = round(lag * RATE)
    start, end = max(0, shift), min(len(one), shift + len(other))
    length = round(min(_LONGEST_S, max(_SHORTEST_S, (end - start) / RATE / 8)) * RATE)
    places = _loudest(one[start:end], other[start - shift : end - shift], length)
    times, lags = [], []
    for place in places:
        at = start + place
        time = (at + length / 2) / RATE
        by = shift if line is None else round((line.lag + line.drift * (time - line.middle)) * RATE)
        begin = min(max(0, at - by), len(other) - length)
        delay = _delay(one[at : at + length], other[begin : begin + length])
        if delay is not None:
            times.append(time)
            lags.append((at - begin) / RATE + delay)
    if not lags:
        return Alignment(lag, 0.0, 0)
    return _agreed(np.array(times), np.array(lags), (start + end) / 2 / RATE)


def _loudest(one: Samples, other: Samples, length: int) -> list[int]:
    """Where windows begin: spread over all of it, where both are loudest within each stretch."""
    starts = np.arange(0, max(1, len(one) - length + 1), max(1, length // 2))
    loud = np.array([min(_level(one[s : s + length]), _level(other[s : s + length])) for s in starts])
    stretches = np.array_split(np.arange(len(starts)), min(_MOST_WINDOWS, len(starts)))
    chosen = [each[int(np.argmax(loud[each]))] for each in stretches if len(each)]
    return [int(starts[each]) for each in chosen if loud[each] > 1e-5]


def _level(samples: Samples) -> float:
    return float(np.sqrt(np.mean(samples.astype(np.float32) ** 2))) if len(samples) else 0.0


def _delay(one: Samples, other: Samples) -> float | None:
    """By how many s `one` has what is in `other` later, within _AROUND_S: the peak of GCC-PHAT; None for silence."""
    size = 1 << (2 * max(len(one), len(other)) - 1).bit_length()
    cross = np.fft.rfft(one * np.hanning(len(one)), size) * np.conj(np.fft.rfft(other * np.hanning(len(other)), size))
    size_of = np.abs(cross)
    if not size_of.any():
        return None
    frequencies = np.fft.rfftfreq(size, 1 / RATE)
    heard = (frequencies >= _LOWEST_HZ) & (frequencies <= _HIGHEST_HZ)
    phases = np.where(heard, cross / np.maximum(size_of, 1e-12 * size_of.max()), 0)
    found = np.fft.irfft(phases, size)
    reach = min(round(_AROUND_S * RATE), size // 2 - 1)
    near = np.concatenate([found[-reach:], found[: reach + 1]])
    return (int(np.argmax(near)) - reach) / RATE


def _agreed(times: NDArray[np.float64], lags: NDArray[np.float64], middle: float) -> Alignment:
    """The lag that most windows agree on, and its drift where there are windows enough to tell one from chance."""
    best, votes = lags[:1], np.zeros(len(lags), bool)
    for value in lags:
        agree = np.abs(lags - value) <= _SAME_S
        if agree.sum() > votes.sum():
            votes = agree
    best, drift = np.array([np.median(lags[votes])]), 0.0
    if len(lags) >= 2 * _FEWEST_WINDOWS:
        for a, b in combinations(range(len(lags)), 2):
            slope = (lags[b] - lags[a]) / (times[b] - times[a]) if times[b] != times[a] else np.inf
            if abs(slope) > _MOST_DRIFT:
                continue
            agree = np.abs(lags - (lags[a] + slope * (times - times[a]))) <= _SAME_S
            if agree.sum() > votes.sum() + 1:  # a line fits chance better than a place does
                votes = agree
                drift = float(np.polyfit(times[agree], lags[agree], 1)[0])
                best = np.array([np.mean(lags[agree]) + drift * (middle - np.mean(times[agree]))])
    return Alignment(round(float(best[0]), 6), float(votes.mean()), len(lags), drift, middle=middle)
