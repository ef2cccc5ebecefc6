"""The official metrics: truth × predictions → numbers, always beside what blind answers reach.

Every percentage is 0–100, rounded to two decimals. `evaluate(task, truth, predictions)` reads two files and returns a
report of plain values; what the files may look like is said in `studio.eval.grounding_files`, `studio.eval.retrieval`,
`studio.eval.emotion` and `studio.eval.speaker`.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from studio.eval import emotion, grounding, retrieval, speaker

TASKS: dict[str, Callable[[Path, Path], dict[str, Any]]] = {
    "retrieval": retrieval.evaluate,
    "grounding": grounding.evaluate,
    "emotion": emotion.evaluate,
    "speaker": speaker.evaluate,
}


def evaluate(task: str, truth: Path, predictions: Path) -> dict[str, Any]:
    """The report of one of TASKS. Raises FormatError with one sentence when a file cannot be used."""
    return TASKS[task](truth, predictions)


__all__ = ["TASKS", "evaluate"]
