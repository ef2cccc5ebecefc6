"""What the grounding engines that read a curve share."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from studio.models.grounding.curve import Doubles, Moment, cell_edges, checked, l2_normalize, unit_range, without_valley
from studio.models.interfaces import Floats, TextFeatures


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

    def accept(self, query: TextFeatures | None) -> None:
        """Every encoder will do."""

    def propose(
        self,
        times_s: npt.ArrayLike,
        scores: npt.ArrayLike,
        top_k: int = 5,
        duration_s: float | None = None,
        features: npt.ArrayLike | None = None,
        query: TextFeatures | None = None,
    ) -> list[Moment]:
        """See `GroundingEngine.propose`."""
        times, raw = checked(times_s, scores, top_k)
        rows = None if features is None else l2_normalize(features, len(times))
        if len(times) == 0:
            return []
        edges = cell_edges(times, duration_s)
        fit = unit_range(raw)
        if not fit.any():
            return [(float(edges[0]), float(edges[-1]), 0.0)]
        return without_valley(fit, edges, self.moments(Curve(times, edges, fit, rows), top_k))

    def moments(self, curve: Curve, top_k: int) -> list[Moment]:
        """The best moments of a curve that says something."""
        raise NotImplementedError
