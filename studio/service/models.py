"""Which models there are, for people to choose from, and those that they bring."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from studio import tasks
from studio.config import Settings


def catalogue(settings: Settings | None = None, thorough: bool = False) -> list[dict[str, Any]]:
    """Every model card as plain values; `problems` says what is wrong with its files, `note` what is not installed.
    Files of the gallery are compared with their hashes only if `thorough`."""
    return tasks.catalogue(settings, thorough)


def engines(settings: Settings | None = None, installed: bool = True, task: str = "grounding") -> list[str]:
    """The names of a task's models, the default first: those that can run in this library, or all there are."""
    return tasks.engines(settings, installed, task)


def missing(settings: Settings) -> list[tuple[str, str]]:
    """The tasks whose default model cannot run here, each with what helps."""
    return tasks.missing(settings)


def install(settings: Settings, file: Path, name: str) -> dict[str, Any]:
    """Keep a checkpoint as the named model. Raises ModelUnavailable."""
    return tasks.install(settings, file, name)


def download(settings: Settings, name: str, watch: Callable[[int, int], None] = lambda done, total: None) -> str:
    """Fetch a model of the hub; `watch` is told how many bytes of how many are here. Raises ModelUnavailable."""
    return tasks.download(settings, name, watch)
