"""Which models there are, for people to choose from, and those that they bring."""

from pathlib import Path
from typing import Any

from studio import tasks
from studio.config import Settings


def catalogue(settings: Settings | None = None) -> list[dict[str, Any]]:
    """Every model card as plain values; `problems` says what is wrong with its files, `note` what is not installed."""
    return tasks.catalogue(settings)


def engines(settings: Settings | None = None, installed: bool = True, task: str = "grounding") -> list[str]:
    """The names of a task's models, the default first: those that can run in this library, or all there are."""
    return tasks.engines(settings, installed, task)


def install(settings: Settings, file: Path, name: str) -> dict[str, Any]:
    """Keep a checkpoint as the named model. Raises ModelUnavailable."""
    return tasks.install(settings, file, name)


def download(settings: Settings, name: str) -> str:
    """Fetch a model of the hub. Raises ModelUnavailable."""
    return tasks.download(settings, name)
