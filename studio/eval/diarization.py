"""Diarization error rate, as NIST's md-eval counts it (Rich Transcription 2009): who spoke when, whatever the names."""

from collections.abc import Sequence
from functools import cache

Turn = tuple[float, float, str]  # [start, end) in s, and who
COLLAR_S = 0.25  # around each true border, in which nothing counts
STEP_S = 0.01


def diarization_error_rate(truth: Sequence[Turn], found: Sequence[Turn], collar_s: float = COLLAR_S) -> float:
    """Of the time that people speak, how much is missed, found where nobody speaks, or given to the wrong one, in per
    cent: the found names stand for the true ones that make it least. Speech at once counts for each speaker.

    Raises ValueError where nobody speaks in the truth.
    """
    end = max((turn[1] for turn in (*truth, *found)), default=0.0)
    count = round(end / STEP_S) + 1
    right, made = _marks(truth, count), _marks(found, count)
    counted = [True] * count
    for start, stop, _ in truth:
        for border in (start, stop):
            for i in range(
                max(0, round((border - collar_s) / STEP_S)), min(count, round((border + collar_s) / STEP_S))
            ):
                counted[i] = False
    total = missed = extra = 0
    shared: dict[tuple[str, str], int] = {}
    for i in range(count):
        if not counted[i]:
            continue
        there, here = right[i], made[i]
        total += len(there)
        missed += max(0, len(there) - len(here))
        extra += max(0, len(here) - len(there))
        for one in there:
            for other in here:
                shared[one, other] = shared.get((one, other), 0) + 1
    if not total:
        raise ValueError("Nobody speaks in this truth.")
    both = sum(min(len(right[i]), len(made[i])) for i in range(count) if counted[i])
    confused = both - _best(sorted({t[2] for t in truth}), sorted({f[2] for f in found}), shared)
    return 100 * (missed + extra + confused) / total


def _marks(turns: Sequence[Turn], count: int) -> list[set[str]]:
    """Who speaks in each step."""
    marks: list[set[str]] = [set() for _ in range(count)]
    for start, end, who in turns:
        for i in range(round(start / STEP_S), min(count, round(end / STEP_S))):
            marks[i].add(who)
    return marks


def _best(right: Sequence[str], made: Sequence[str], shared: dict[tuple[str, str], int]) -> int:
    """The most steps that are right when each found name stands for one true name at most."""

    @cache
    def most(i: int, taken: int) -> int:
        if i == len(right):
            return 0
        without = most(i + 1, taken)
        return max(
            [without]
            + [
                shared.get((right[i], name), 0) + most(i + 1, taken | 1 << j)
                for j, name in enumerate(made)
                if not taken & 1 << j and (right[i], name) in shared
            ]
        )

    return most(0, 0)
