"""Models of other packages. An entry point of the group `studio.models` says who builds one:

    [project.entry-points."studio.models"]
    NAME = "PACKAGE:build"

and the card `NAME.md` in PACKAGE says what it is. Cards are read without importing anything; `build(files, card,
device)` is imported when somebody uses the model, or asks whether it works. docs/plugins.md has an example.
"""

import functools
import importlib.util
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from importlib import metadata
from importlib.metadata import EntryPoint
from pathlib import Path, PurePath
from typing import Any

from studio.models.card import ModelCard, ModelError, Plugin, parse

GROUP = "studio.models"
BROKEN = "plug-in"
"""The task on the card that stands for a plug-in which cannot be used."""


@functools.cache
def cards(taken: frozenset[str], tasks: frozenset[str]) -> tuple[ModelCard, ...]:
    """The cards of the plug-ins that are installed, looked up once in a process.

    `taken` are the names that they cannot have, `tasks` the only ones that there are. What is wrong with a plug-in is
    on its card and stops nothing.
    """
    found: dict[str, ModelCard] = {}
    for entry in sorted(metadata.entry_points(group=GROUP), key=lambda entry: (entry.name, entry.value)):
        package = entry.dist.name if entry.dist else entry.module
        try:
            card = replace(_card(entry, taken | found.keys(), tasks), plugin=Plugin(package, entry))
        except Exception as error:
            card = _broken(entry, package, error)
        found[card.name] = card
    return tuple(found.values())


def _card(entry: EntryPoint, taken: Iterable[str], tasks: Iterable[str]) -> ModelCard:
    """The card beside the code of an entry point. Raises ModelError."""
    package = entry.module.partition(".")[0]
    spec = importlib.util.find_spec(package)
    folders = list(spec.submodule_search_locations or ()) if spec else []
    file = Path(folders[0]) / f"{entry.name}.md" if folders else None
    if file is None or not file.is_file():
        raise ModelError(f"there is no card {entry.name}.md in its package {package}")
    try:
        card = parse(file.read_text(encoding="utf-8"))
    except ModelError as error:
        raise ModelError(f"its card cannot be read: {error.__cause__ or error}") from error
    plain = (card.name, card.task, card.version, card.licence, card.source, card.summary, card.fetch, *card.labels)
    if not all(isinstance(text, str) for text in plain) or not isinstance(card.metrics, dict):
        raise ModelError("its card has something else where a text or a table should be")
    if card.name != entry.name:
        raise ModelError(f"its card is of “{card.name}”")
    if card.name in taken:
        raise ModelError("another model has this name")
    if card.task not in tasks:
        raise ModelError(f"there is no task “{card.task}”, only {', '.join(sorted(tasks))}")
    if card.default:
        raise ModelError("a plug-in cannot be the default")
    return card


def _broken(entry: EntryPoint, package: str, error: Exception) -> ModelCard:
    version = entry.dist.version if entry.dist else "unknown"
    plugin = Plugin(package, entry, _sentence(entry.name, package, error))
    return ModelCard(f"{entry.name} ({package})", BROKEN, version or "unknown", "unknown", package,
                     "A plug-in that cannot be used.", {}, plugin=plugin)  # fmt: skip


def problems(owner: ModelCard) -> list[str]:
    """What is wrong with a plug-in, as far as importing it tells; nothing for the studio's own models."""
    if owner.plugin is None:
        return []
    if owner.plugin.problem:
        return [owner.plugin.problem]
    try:
        _builder(owner)
    except ModelError as error:
        return [str(error)]
    return []


def build(owner: ModelCard, files: Mapping[str, bytes], device: str) -> Any:
    """The model of a plug-in's card, from the checked bytes of its files.

    A grounding engine is held to its promises (`models.grounding.plugin_adapter`). Raises ModelError.
    """
    assert owner.plugin is not None
    make = _builder(owner)
    try:
        model = make(files, owner, device)
    except Exception as error:
        raise ModelError(_sentence(owner.name, owner.plugin.package, error)) from error
    if owner.task != "grounding":
        return model
    from studio.models.grounding.plugin_adapter import PluginAdapter  # numpy, which listing models does not need

    return PluginAdapter(model, owner)


def _builder(owner: ModelCard) -> Any:
    assert owner.plugin is not None
    try:
        return owner.plugin.builder.load()
    except (Exception, SystemExit) as error:
        raise ModelError(_sentence(owner.name, owner.plugin.package, error)) from error


def _sentence(name: str, package: str, error: BaseException) -> str:
    said = next(iter(str(error).splitlines()), "")
    said = re.sub(r"(?:[A-Za-z]:)?[\\/][^\s'\"(),]+", lambda path: PurePath(path[0]).name, said).rstrip(". ")
    kind = "" if isinstance(error, ModelError) else f"{type(error).__name__}: "
    return (
        f"The plug-in {name} cannot be used ({kind}{said}); update its package, or remove it: pip uninstall {package}."
    )
