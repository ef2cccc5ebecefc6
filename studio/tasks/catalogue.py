"""The models there are, for people to read, and the checkpoints that they bring."""

from pathlib import Path
from typing import Any

from studio import models
from studio.atomic_files import write_atomic
from studio.config import Settings
from studio.errors import ModelUnavailable


def engines(settings: Settings | None = None, installed: bool = True, task: str = "grounding") -> list[str]:
    """The names of a task's models (the grounding engines unless another is said), the default first: those that can
    run in this library now, or all there are. Reads no weights."""
    folder = settings.models if settings else None
    return [card.name for card in models.cards(task, folder) if not installed or models.installed(card, folder)]


def default_encoder_key() -> str:
    """The key of the encoder that a library is searched with: see `query.encoder_key`. Loads no weights."""
    card = models.card("text_video")
    return f"{card.name}@{card.version}"


def catalogue(settings: Settings | None = None) -> list[dict[str, Any]]:
    """Every model card as plain values.

    `installed` is false for a model whose checkpoint a person has to bring, and `note` says where to get it; `problems`
    says what is wrong with the files that should be there (nothing, when it is ready). `plugin` is the package that a
    model comes from which is not the studio's own.
    """
    folder = settings.models if settings else None
    return [_row(card, folder) for card in models.cards(folder=folder)]


def _row(card: models.ModelCard, folder: Path | None) -> dict[str, Any]:
    found, ready = models.verify(card, folder), models.installed(card, folder)
    return {
        "name": card.name,
        "task": card.task,
        "version": card.version,
        "licence": card.licence,
        "source": card.source,
        "summary": card.summary,
        "default": card.default,
        "size": models.size(card, folder),
        "metrics": dict(card.metrics),
        "installed": ready,
        "problems": found if ready else [],
        "note": "" if ready else " ".join(found),
        "plugin": card.plugin.package if card.plugin else "",
    }


def install(settings: Settings, file: Path, name: str) -> dict[str, Any]:
    """Keep a checkpoint that a person brings, as the named model; returns its row of the catalogue.

    Raises ModelUnavailable where it is not a checkpoint of that model.
    """
    try:
        return _row(models.install(name, file, settings.ensure().models, write_atomic), settings.models)
    except models.ModelError as error:
        raise ModelUnavailable(str(error)) from error


def download(settings: Settings, name: str) -> str:
    """Fetch an open_clip model of the hub, MODEL/PRETRAINED, so that it works offline later; says what was done.

    Raises ModelUnavailable with the cure, also where a model is not to be had that way.
    """
    try:
        if "/" in name:
            return f"{models.load('text_video', name, 'cpu').name} is ready."
        card = next((each for each in models.cards(folder=settings.models) if each.name == name), None)
        if card is None:
            raise models.ModelError(f"There is no model “{name}”; see: studio models list.")
        if problems := models.verify(card, settings.models):
            raise models.ModelError(" ".join(problems))
        return f"{name} is here already."
    except models.ModelError as error:
        raise ModelUnavailable(str(error)) from error
