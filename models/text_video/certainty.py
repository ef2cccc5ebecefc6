"""How likely it is that a picture shows what a text says: cosines of an encoder as probabilities.

A cosine says little by itself: encoders differ in what they give to texts and pictures that have nothing to do with
each other. So it is counted from there, in standard deviations, and a logistic curve says how often such a pair was
right (Platt 1999), on photos held out from training (`studio.recipes.certainty`). How many right answers there are
where one looks is estimated from what was found (Saerens, Latinne and Decaestecker 2002).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Moment = tuple[float, float, float]

TURNS = 50  # of EM, at most
FEWEST = 30  # cosines of neutral texts with frames below which they say nothing of an encoder
"""With fewer the spread of `Calibration` is kept."""


@dataclass(frozen=True)
class Calibration:
    """`mean` and `spread` of an encoder's cosines between neutral texts and frames; `slope` and `offset` of the
    logistic curve over what a cosine is above them; `crowd`, how much the best of more pictures must stand out: it is
    taken off for each e-fold of pictures to one right answer. `moment_slope`, `moment_gap` and `moment_offset` are
    those of moments of one video; see `of_moments`. The default curves are studio-lite's, by which encoders go that
    nobody measured.
    """

    mean: float = 0.01689
    spread: float = 0.12916
    slope: float = 2.69669
    offset: float = -4.70475
    crowd: float = 1.02322
    moment_slope: float = 1.21956
    moment_gap: float = 3.15607
    moment_offset: float = -2.41271

    def __post_init__(self) -> None:
        values = [getattr(self, each.name) for each in fields(self)]
        if not np.isfinite(values).all() or min(self.spread, self.slope, self.moment_slope) <= 0:
            raise ValueError("A calibration has finite numbers, and a spread and slopes above 0.")

    @classmethod
    def of(cls, values: Mapping[str, float]) -> "Calibration":
        """From a card's table. Raises ValueError."""
        try:
            return cls(**{name: float(value) for name, value in values.items()})
        except TypeError as error:
            raise ValueError(f"A calibration has {', '.join(each.name for each in fields(cls))}.") from error

    def against(self, neutral: npt.ArrayLike) -> "Calibration":
        """The same curves, counted from cosines of neutral texts with this library's frames, of any shape; itself where
        there are fewer than FEWEST."""
        found = np.asarray(neutral, np.float64).ravel()
        if len(found) < FEWEST or not (spread := float(found.std())) > 0:
            return self
        return replace(self, mean=float(found.mean()), spread=spread)

    def above(self, cosine: npt.ArrayLike) -> Doubles:
        """Standard deviations that cosines of any shape are above those of what does not belong together."""
        result: Doubles = (np.asarray(cosine, np.float64) - self.mean) / self.spread
        return result

    def probability(self, cosine: npt.ArrayLike, pictures: float = 1, answers: float = 1) -> Doubles:
        """Cosines of a text with the best of so many different pictures → how likely each shows it, 0…1, of any shape,
        where so many of them are right (see `answers`)."""
        crowd = self.crowd * np.log(max(1.0, pictures / max(1.0, answers)))
        return _logistic(self.slope * self.above(cosine) + self.offset - crowd)

    def answers(self, cosines: npt.ArrayLike, pictures: float) -> float:
        """How many of so many pictures show a text, by its cosines (N,) with the best of them; at least 1. The prior of
        a classifier is estimated by EM from what it says itself: Saerens, Latinne and Decaestecker 2002, "Adjusting the
        outputs of a classifier to new a priori probabilities"."""
        found = 1.0
        for _ in range(TURNS):
            before, found = found, max(1.0, float(self.probability(cosines, pictures, found).sum()))
            if abs(found - before) < 0.01:
                break
        return found

    def of_moments(self, times_s: npt.ArrayLike, cosines: npt.ArrayLike, moments: Sequence[Moment]) -> list[float]:
        """How likely each moment of one video is what was asked for, 0…1, by the cosines (N,) of its samples at rising
        times (N,): by the median of those inside, and by how far that is below the best moment's."""
        times, sure = np.asarray(times_s, np.float64), self.above(cosines)
        inside = []
        for start_s, end_s, _ in moments:
            first = min(int(np.searchsorted(times, start_s)), len(times) - 1)
            inside.append(float(np.median(sure[first : max(first + 1, int(np.searchsorted(times, end_s)))])))
        at = np.array(inside)
        gap = at.max(initial=-np.inf) - at
        return [float(p) for p in _logistic(self.moment_slope * at - self.moment_gap * gap + self.moment_offset)]


def _logistic(logit: Doubles) -> Doubles:
    result: Doubles = 1 / (1 + np.exp(-np.clip(logit, -30, 30)))
    return result
