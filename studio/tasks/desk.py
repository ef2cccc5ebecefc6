"""What a task works with: warm models, the cache, and a way to say how far it is."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import models
from studio.config import Settings
from studio.errors import ModelUnavailable
from studio.index import Cache, Vectors
from studio.timeline import Prediction

Progress = Callable[[float, str], None]
Preview = Callable[[list[Prediction]], None]


@dataclass(frozen=True, slots=True)
class Video:
    """The plain facts of a video that a task needs."""

    id: str
    path: str
    duration_us: int

    @property
    def duration_s(self) -> float:
        return self.duration_us / 1e6


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one run of one model found in one video."""

    task: str
    model: str
    model_version: str
    predictions: list[Prediction]
    payload: dict[str, Any] = field(default_factory=dict)
    query: str | None = None
    params: dict[str, Any] = field(default_factory=dict)


class Desk:
    """A place to work: models stay loaded between calls.

    `progress(fraction, message)` may raise Cancelled; tasks call it at least every second or so of work.
    `preview(predictions)` shows what was found so far to whoever watches; only the outcome counts.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.progress: Progress = lambda fraction, message: None
        self.preview: Preview = lambda predictions: None
        self.cache = Cache(settings.cache)
        self.vectors = Vectors(self.cache)
        self._models: dict[tuple[str, str | None], Any] = {}

    def model(self, task: str, name: str | None = None) -> Any:
        """The model for a task, loaded once (None: the embedded default).

        Raises ModelUnavailable with the cure.
        """
        key = (task, name)
        if key not in self._models:
            try:
                self._models[key] = models.load(task, name, device=self.settings.device)
            except models.ModelError as error:
                raise ModelUnavailable(str(error)) from error
        return self._models[key]

    def part(self, start: float, end: float) -> Progress:
        """A progress function for the part of the work between two fractions of the whole."""
        return lambda fraction, message: self.progress(start + (end - start) * fraction, message)
