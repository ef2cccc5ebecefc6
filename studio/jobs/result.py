"""What goes into a job and what comes out of it, for whoever does the work and whoever waits."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from studio.store.runs import Outcome
from studio.timeline import Prediction

Progress = Callable[[float, str], None]
PROXY = "proxy.mp4"  # the name under which the cache keeps a copy that browsers can play


@dataclass(frozen=True, slots=True)
class Result:
    """`data` is JSON for whoever asked; `outcome` becomes a run with its predictions."""

    data: dict[str, Any] = field(default_factory=dict)
    outcome: Outcome | None = None


@dataclass(frozen=True, slots=True)
class Watch:
    """How a caller follows a job, and stops it."""

    progress: Progress = lambda fraction, message: None
    preview: Callable[[list[Prediction]], None] | None = None
    cancelled: Callable[[], bool] = lambda: False
