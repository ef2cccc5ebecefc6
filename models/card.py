"""What a model's card says, and how it is read."""

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from dataclasses import fields as fields_of
from importlib.metadata import EntryPoint
from pathlib import Path

HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")


class ModelError(Exception):
    """A model that cannot be had as asked; the message is one sentence that names the cure."""


@dataclass(frozen=True)
class Plugin:
    """Where a model comes from that is not the studio's: the name of its package, who builds it there, and the one
    sentence that says why it cannot be used, if it cannot."""

    package: str
    builder: EntryPoint
    problem: str = ""


@dataclass(frozen=True)
class ModelCard:
    """What a person should know before trusting a model, and what the loader needs.

    `files` maps a role to (locator, sha256); a locator is a name beside the card, `package:PACKAGE/PATH`, or
    `user:NAME` for a file that a person brings, whose sha256 is empty here and recorded by `install`. `fetch` says
    where to get such files. `architecture` says who builds it (`models.architectures`), `members` of which models of
    its task it is made. `folder` is where the card was found. `metrics` holds only numbers that
    `studio.recipes.measure` measured on data held out from training, `calibration` how an encoder's cosines become
    probabilities. `gpu`: a graphics card does its work many times faster, so a cluster gives it to one.

    A model of the gallery says where it comes from: `hub` is the OWNER/NAME of its files there, which land in its
    `user:` files, and `network` is open_clip's MODEL/PRETRAINED. `published` holds what its makers measured, in per
    cent, in the document whose address is `published_in`; `figures` what `studio.recipes.gallery` counted in the
    network: `parameters` and the `multiply_adds` of one picture (both in millions), and its `side` in pixels.
    """

    name: str
    task: str
    version: str
    licence: str
    source: str
    summary: str
    files: Mapping[str, tuple[str, str]]
    labels: tuple[str, ...] = ()
    metrics: Mapping[str, float] = field(default_factory=dict)
    calibration: Mapping[str, float] = field(default_factory=dict)
    default: bool = False
    gpu: bool = False
    fetch: str = ""
    architecture: str = ""
    members: tuple[str, ...] = ()
    hub: str = ""
    network: str = ""
    published: Mapping[str, float] = field(default_factory=dict)
    published_in: str = ""
    figures: Mapping[str, float] = field(default_factory=dict)
    folder: Path | None = None
    plugin: Plugin | None = None

    def __post_init__(self) -> None:
        if not (self.name and self.task and self.version):
            raise ModelError("A model card needs a name, a task and a version; repair its front matter.")
        for role, (locator, digest) in self.files.items():
            brought = re.fullmatch(r"user:[\w-]+(\.[\w-]+)*", locator) and digest == ""
            shipped = not locator.startswith(("/", "user:")) and re.fullmatch("[0-9a-f]{64}", digest)
            if ".." in locator or not (brought or shipped):
                raise ModelError(f"The card of {self.name} has a bad locator or sha256 for “{role}”; repair it.")
        if self.hub and not (HUB_NAME.fullmatch(self.hub) and self.files and len(self.brought) == len(self.files)):
            raise ModelError(f"The card of {self.name} must name OWNER/NAME of the hub and user: files; repair it.")
        if self.published and not self.published_in.startswith("https://"):
            raise ModelError(f"The card of {self.name} has published numbers without the address of their source.")

    @property
    def brought(self) -> dict[str, str]:
        """The files that a person brings: role → name in their folder."""
        return {role: loc.removeprefix("user:") for role, (loc, _) in self.files.items() if loc.startswith("user:")}


_FIELDS = {each.name for each in fields_of(ModelCard)} - {"folder", "plugin"}  # what a card may say


def parse(text: str) -> ModelCard:
    """The card in a markdown file's text. Raises ModelError where the front matter cannot be read."""
    parts = re.split(r"^\+\+\+\s*$", text, maxsplit=2, flags=re.MULTILINE)
    try:
        fields = tomllib.loads(parts[1])
        files = {role: (str(locator), str(digest)) for role, (locator, digest) in fields.pop("files", {}).items()}
        labels, members = (tuple(fields.pop(key, ())) for key in ("labels", "members"))
        if unknown := fields.keys() - _FIELDS:
            raise ValueError(f"unknown: {', '.join(sorted(unknown))}")
        return ModelCard(files=files, labels=labels, members=members, **fields)
    except (IndexError, TypeError, ValueError) as error:
        raise ModelError(f"A model card cannot be read ({error}); reinstall the product.") from error


def described(card: ModelCard) -> str:
    """The text of a card, which `parse` reads back; its prose is its summary."""

    def said(value: object) -> str:
        return json.dumps(value, ensure_ascii=False)

    facts = {
        key: getattr(card, key) for key in ("name", "task", "architecture", "version", "licence", "source", "summary")
    }
    lines = [f"{key} = {said(value)}" for key, value in facts.items()]
    lines += [f"labels = {said(list(card.labels))}"] if card.labels else []
    lines += [f"members = {said(list(card.members))}"] if card.members else []
    lines += ["", "[files]", *(f"{role} = {said(list(file))}" for role, file in card.files.items())]
    lines += ["", "[metrics]", *(f"{said(name)} = {float(value)!r}" for name, value in card.metrics.items())]
    return "\n".join(["+++", *lines, "+++", "", f"# {card.name}", "", card.summary, ""])
