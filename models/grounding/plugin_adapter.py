"""A grounding engine of somebody else's package, held to what `Engine` promises."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy.typing as npt

from studio.models.card import ModelCard, ModelError
from studio.models.grounding.curve import Moment, checked
from studio.models.interfaces import TextFeatures


class PluginAdapter:
    """Name, version and labels are the card's; `needs` and `accept` may be left out of the engine.

    What is raised in it, and an answer that is no answer, is a ModelError; so is an engine without `propose`.
    """

    def __init__(self, engine: Any, owner: ModelCard) -> None:
        self.name, self.version, self.labels = owner.name, owner.version, owner.labels or ("moment",)
        self._engine = engine
        with self._blamed():
            self.needs = frozenset(str(need) for need in getattr(engine, "needs", ()))
            if not callable(getattr(engine, "propose", None)):
                raise TypeError("it has no method propose")

    def accept(self, query: TextFeatures | None) -> None:
        """See `Engine.accept`."""
        accept = getattr(self._engine, "accept", None)
        if accept is not None:
            with self._blamed():
                accept(query)

    def propose(
        self,
        times_s: npt.ArrayLike,
        scores: npt.ArrayLike,
        top_k: int = 5,
        duration_s: float | None = None,
        features: npt.ArrayLike | None = None,
        query: TextFeatures | None = None,
    ) -> list[Moment]:
        """See `Engine.propose`; here it is sorted and cut to `top_k`, and ends where the video does."""
        times, curve = checked(times_s, scores, top_k)
        last = math.inf if duration_s is None else duration_s
        with self._blamed():
            answer = self._engine.propose(times, curve, top_k, duration_s, features, query)
            found = [(float(start), min(float(end), last), float(score)) for start, end, score in answer]
            for start, end, score in found:
                if not (0 <= start < end < math.inf and 0 <= score <= 1):
                    raise ValueError(f"it proposed {start} to {end} s with a score of {score}")
        return sorted(found, key=lambda moment: -moment[2])[:top_k]

    @contextmanager
    def _blamed(self) -> Iterator[None]:
        try:
            yield
        except ModelError:
            raise
        except Exception as error:
            said = next(iter(str(error).splitlines()), "")
            raise ModelError(
                f"The plug-in {self.name} failed ({type(error).__name__}: {said}); choose another engine, and tell its "
                "author."
            ) from error
