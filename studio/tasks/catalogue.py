"""The models there are, for people to read, and the checkpoints that they bring."""

from pathlib import Path
from typing import Any

from studio import models
from studio.atomic_files import write_atomic
from studio.config import Settings
from studio.errors import ModelUnavailable
from studio.models import registry
from studio.tasks import encoders, hub


def engines(settings: Settings | None = None, installed: bool = True, task: str = "grounding") -> list[str]:
    """The names of a task's models (the grounding engines unless another is said), the default first: those that can
    run in this library now, or all there are. Reads no weights."""
    folder = settings.models if settings else None
    return [card.name for card in models.cards(task, folder) if not installed or models.installed(card, folder)]


def gains_from_gpu(settings: Settings, task: str, name: str | None) -> bool:
    """Whether a graphics card is worth having for a model (None: the embedded default), as its card says; an open_clip
    model, which has no card, gains from it. Reads no weights."""
    try:
        return models.card(task, name, settings.models).gpu
    except models.ModelError:
        return bool(name and "/" in name)


def gallery_names(settings: Settings) -> list[str]:
    """The models that are fetched from the hub."""
    return [card.name for card in models.cards("text_video", settings.models) if card.hub]


def gallery_card(settings: Settings, name: str) -> models.ModelCard:
    """A model that is fetched from the hub, by its name. Raises ModelUnavailable."""
    found = next((each for each in models.cards("text_video", settings.models) if each.name == name and each.hub), None)
    if found is None:
        raise ModelUnavailable(f"“{name}” is not fetched from the hub; see: studio models list.")
    return found


def catalogue(settings: Settings | None = None, thorough: bool = False) -> list[dict[str, Any]]:
    """Every model card as plain values; encoders also with what `encoders.facts` says.

    `installed` is false for a model whose checkpoint a person has to bring, and `note` says where to get it; `problems`
    says what is wrong with the files that should be there (nothing, when it is ready). `plugin` is the package that a
    model comes from which is not the studio's own; `own` says that it was taught, and lies in this library's folder.
    Files that were fetched and may be as large as memory are read and compared with their hash only if `thorough`; else
    that waits until the model is loaded.
    """
    settings = settings or Settings()
    known = encoders.speeds(settings)
    rows = []
    for card in models.cards(folder=settings.models):
        facts = row(card, settings.models, thorough)
        rows.append({**facts, **encoders.facts(card, settings, known)} if card.task == "text_video" else facts)
    return rows


def row(card: models.ModelCard, folder: Path, thorough: bool = True) -> dict[str, Any]:
    """A card as plain values; see `catalogue`."""
    ready = models.installed(card, folder)
    found = _visible_problems(card, folder) if card.hub and ready and not thorough else models.verify(card, folder)
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
        "own": card.folder == folder and not card.hub,
    }


def missing(settings: Settings) -> list[tuple[str, str]]:
    """The tasks whose default model cannot run here, since a file or a package of it is not there, each with a sentence
    that says what helps. Looks only whether files exist."""
    found = []
    for card in models.cards(folder=settings.models):
        if not card.default:
            continue
        try:
            gone = [file for role in card.files if not (file := registry.locate(card, role, settings.models)).is_file()]
            if gone:
                found.append(
                    (card.task, f"{gone[0].name}, a file of {card.name}, is missing; install the studio again.")
                )
        except models.ModelError as error:
            found.append((card.task, str(error)))
    if not models.SpeakerEmbedding.installed():
        found.append(("voices", "It needs an optional package: pip install 'moment-studio[voices]'"))
    return found


def _visible_problems(card: models.ModelCard, folder: Path) -> list[str]:
    """What is wrong with the files of a fetched model, as far as that shows without reading them."""
    found = [registry.visible_problem(card, role, folder) for role in card.files]
    return [problem for problem in found if problem]


def install(settings: Settings, file: Path, name: str) -> dict[str, Any]:
    """Keep a checkpoint that a person brings, as the named model; returns its row of the catalogue.

    Raises ModelUnavailable where it is not a checkpoint of that model, or where another process changes what is here
    of it.
    """
    folder = settings.ensure().models
    try:
        refusal = f"{name} is being fetched or added by another command; wait until that ended, and add it again."
        with hub.alone(registry.takes_file(name, folder), folder, refusal):
            return row(models.install(name, file, folder, write_atomic), folder)
    except models.ModelError as error:
        raise ModelUnavailable(str(error)) from error


def download(settings: Settings, name: str, watch: hub.Watch = lambda done, total: None) -> str:
    """Fetch a model of the gallery, or an open_clip model of the hub, MODEL/PRETRAINED, so that it works offline later;
    says what was done. `watch` is told how far a model of the gallery is, see `hub.fetch`.

    Raises ModelUnavailable with the cure, also where a model is not to be had that way.
    """
    try:
        if "/" in name:
            return f"{models.load('text_video', name, 'cpu').name} is ready."
        card = next((each for each in models.cards(folder=settings.models) if each.name == name), None)
        if card is None:
            raise models.ModelError(f"There is no model “{name}”; see: studio models list.")
        # it is not here, or was damaged since: also after this process read it and trusted it
        if card.hub and (models.verify(card, settings.models) or _visible_problems(card, settings.models)):
            hub.fetch(card, settings.ensure().models, watch)
            return f"{name} is ready."
        if problems := models.verify(card, settings.models):
            raise models.ModelError(" ".join(problems))
        return f"{name} is here already."
    except models.ModelError as error:
        raise ModelUnavailable(str(error)) from error
