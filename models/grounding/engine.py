"""What every grounding engine promises, and the beginning that those that read a curve share."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from models.grounding.curve import Doubles, Moment, cell_edges, checked, unit_range, unit_rows

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Query:
    """A text as the encoder of the frames reads it, for engines that want more than its similarity with them.

    `encoder` is the encoder's name; `words` (L, W) are its states of the text's tokens before their projection into the
    space of the frames, in order and without padding. Raises ValueError for another shape.
    """

    encoder: str
    words: Floats | None = None

    def __post_init__(self) -> None:
        if self.words is not None and (self.words.ndim != 2 or not self.words.size):
            raise ValueError(f"words must be (L, W) with L and W above 0, not {self.words.shape}.")


class Engine(Protocol):
    """From a text's similarity with sampled frames to moments."""

    name: str
    version: str
    labels: tuple[str, ...]
    needs: frozenset[str]
    """Which fields of Query it cannot do without: nothing, or "words"."""

    def accept(self, query: Query | None) -> None:
        """Raises ModelError, naming the cure, where the engine cannot read this encoder's vectors or lacks what it
        needs: a question to ask before an hour of indexing."""
        ...

    def propose(
        self,
        times_s: npt.ArrayLike,
        scores: npt.ArrayLike,
        top_k: int = 5,
        duration_s: float | None = None,
        features: npt.ArrayLike | None = None,
        query: Query | None = None,
    ) -> list[Moment]:
        """Sample times (N,) rising, similarities (N,), frame vectors (N, D) → at most `top_k`
        (start_s, end_s, score), best first.

        Each sample stands for the time half-way to its neighbours, so 0 ≤ start < end, and end ≤ duration_s where
        that is given. Scores lie in 0…1 and compare within one video. Engines that need nothing of `query` read the
        curve: a flat one says nothing, and gives the whole video with a score of 0; similarities that are not finite
        count as the lowest; without `features` they make do. Raises ValueError where the shapes disagree, times do not
        rise, or top_k < 1; ModelError as `accept` does.
        """
        ...


@dataclass(frozen=True)
class Curve:
    """Samples ready to be read: times (N,) in s, borders of their cells (N + 1,) in s, similarities stretched to 0…1
    (N,) and not flat, and unit frame vectors (N, D) where there are any."""

    times: Doubles
    edges: Doubles
    fit: Doubles
    rows: Floats | None

    @property
    def step_s(self) -> float:
        """How far apart samples are."""
        return float(np.median(np.diff(self.times))) if len(self.times) > 1 else 1.0


class CurveEngine:
    """An engine that reads the curve of similarities; what it makes of it is in `moments`."""

    labels: tuple[str, ...] = ("moment",)
    needs: frozenset[str] = frozenset()

    def __init__(self, name: str, version: str) -> None:
        self.name = name
        self.version = version

    def accept(self, query: Query | None) -> None:
        """Every encoder will do."""

    def propose(
        self,
        times_s: npt.ArrayLike,
        scores: npt.ArrayLike,
        top_k: int = 5,
        duration_s: float | None = None,
        features: npt.ArrayLike | None = None,
        query: Query | None = None,
    ) -> list[Moment]:
        """See `Engine.propose`."""
        times, raw = checked(times_s, scores, top_k)
        rows = None if features is None else unit_rows(features, len(times))
        if len(times) == 0:
            return []
        edges = cell_edges(times, duration_s)
        fit = unit_range(raw)
        if not fit.any():
            return [(float(edges[0]), float(edges[-1]), 0.0)]
        return self.moments(Curve(times, edges, fit, rows), top_k)

    def moments(self, curve: Curve, top_k: int) -> list[Moment]:
        """The best moments of a curve that says something."""
        raise NotImplementedError
