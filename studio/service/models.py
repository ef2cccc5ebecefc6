"""Which models there are, for people to choose from, and those that they bring."""

from pathlib import Path
from typing import Any

from studio.config import Settings


def catalogue(settings: Settings | None = None) -> list[dict[str, Any]]:
    """Every model card as plain values; `problems` says what is wrong with its files, `note` what is not installed."""
    from studio.tasks.catalogue import catalogue as cards  # torch comes with it, and takes seconds

    return cards(settings)


def engines(settings: Settings | None = None, installed: bool = True, task: str = "grounding") -> list[str]:
    """The names of a task's models, the default first: those that can run in this library, or all there are."""
    from studio.tasks.catalogue import engines as names

    return names(settings, installed, task)


def install(settings: Settings, file: Path, name: str) -> dict[str, Any]:
    """Keep a checkpoint as the named model. Raises ModelUnavailable."""
    from studio.tasks.catalogue import install as keep

    return keep(settings, file, name)


def download(settings: Settings, name: str) -> str:
    """Fetch a model of the hub. Raises ModelUnavailable."""
    from studio.tasks.catalogue import download as fetch

    return fetch(settings, name)
