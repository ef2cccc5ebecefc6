"""What goes into a job and what comes out of it, for whoever does the work and whoever waits."""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from studio.store import lines, runs
from studio.store.lines import Line
from studio.store.runs import Outcome
from studio.timeline import Prediction

Progress = Callable[[float, str], None]
PROXY = "proxy.mp4"  # the name under which the cache keeps a copy that browsers can play
STALE = "replaced"  # the name of the mark that what the cache holds may be about a file that is no longer there


@dataclass(frozen=True, slots=True)
class Result:
    """`data` is JSON for whoever asked; `outcome` becomes a run with its predictions, `lines` what the video says."""

    data: dict[str, Any] = field(default_factory=dict)
    outcome: Outcome | None = None
    lines: list[Line] | None = None

    def keep(self, db: sqlite3.Connection, video_id: str) -> dict[str, Any]:
        """Write what is to stay, inside the caller's transaction; returns the data, with the id of the run if any."""
        data = dict(self.data)
        if self.outcome is not None:
            data["run"] = runs.add(db, video_id, self.outcome)
        if self.lines is not None:
            lines.replace(db, video_id, self.lines)
        return data


@dataclass(frozen=True, slots=True)
class Watch:
    """How a caller follows a job, and stops it."""

    progress: Progress = lambda fraction, message: None
    preview: Callable[[list[Prediction]], None] | None = None
    cancelled: Callable[[], bool] = lambda: False
