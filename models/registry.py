"""Which models there are, where their weights come from, and the one way to load them.

The single truth about a model is the card `weights/<name>.md`: TOML between two `+++` lines, then prose for
people. Files lie in `weights/` or inside an installed package, and no parser sees a byte of them before their
sha256 matched the card.
"""

import hashlib
import importlib
import importlib.util
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

if TYPE_CHECKING:
    from models.emotion.dialog import DialogEmotion
    from models.emotion.expression import Expression
    from models.faces.detector import CenterFace
    from models.grounding.curve import Engine
    from models.speaker.active import VoiceMotion
    from models.speaker.voice import VoiceActivity
    from models.text_video.encoder import TextVideoEncoder

WEIGHTS = Path(__file__).parent / "weights"

# Who builds a model from the checked bytes of its files: `build(files, card, device)`.
_BUILDERS = {
    "studio-lite": "models.text_video.studio_lite",
    "similarity-peaks": "models.grounding.proposals",
    "tag": "models.grounding.clusters",
    "merge-tree": "models.grounding.merging",
    "centerface": "models.faces.detector",
    "expression": "models.emotion.expression",
    "dialog-emotion": "models.emotion.dialog",
    "silero-vad": "models.speaker.voice",
    "voice-motion": "models.speaker.active",
}


class ModelError(Exception):
    """A model that cannot be had as asked; the message is one sentence that names the cure."""


@dataclass(frozen=True)
class ModelCard:
    """What a person should know before trusting a model, and what the loader needs.

    `files` maps a role to (locator, sha256); a locator is a name inside `weights/`, or `package:PACKAGE/PATH`.
    `metrics` holds only numbers that `models.recipes.measure` measured on data held out from training.
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
    default: bool = False

    def __post_init__(self) -> None:
        if not (self.name and self.task and self.version):
            raise ModelError("A model card needs a name, a task and a version; repair its front matter.")
        for role, (locator, digest) in self.files.items():
            if ".." in locator or locator.startswith("/") or not re.fullmatch("[0-9a-f]{64}", digest):
                raise ModelError(f"The card of {self.name} has a bad locator or sha256 for “{role}”; repair it.")


def parse(text: str) -> ModelCard:
    """The card in a markdown file's text. Raises ModelError where the front matter cannot be read."""
    parts = re.split(r"^\+\+\+\s*$", text, maxsplit=2, flags=re.MULTILINE)
    try:
        fields = tomllib.loads(parts[1])
        files = {role: (str(locator), str(digest)) for role, (locator, digest) in fields.pop("files", {}).items()}
        return ModelCard(labels=tuple(fields.pop("labels", ())), files=files, **fields)
    except (IndexError, TypeError, ValueError) as error:
        raise ModelError(f"A model card cannot be read ({error}); reinstall the product.") from error


def cards(task: str | None = None) -> list[ModelCard]:
    """Every card, or every card of a task: the default first, then by name."""
    found = [parse(path.read_text(encoding="utf-8")) for path in sorted(WEIGHTS.glob("*.md"))]
    chosen = [card for card in found if task in (None, card.task)]
    return sorted(chosen, key=lambda card: (card.task, not card.default, card.name))


def card(task: str, name: str | None = None) -> ModelCard:
    """The named card of a task, or its default. Raises ModelError listing what exists."""
    of_task = cards(task)
    if not of_task:
        tasks = ", ".join(sorted({each.task for each in cards()}))
        raise ModelError(f"There is no task “{task}”; choose one of {tasks}.")
    for each in of_task:
        if each.name == name or (name is None and each.default):
            return each
    names = ", ".join(each.name for each in of_task)
    more = ", or an open_clip name such as ViT-B-32/laion2b_s34b_b79k" if task == "text_video" else ""
    raise ModelError(f"There is no {task} model “{name}”; choose {names}{more}.")


def locate(locator: str) -> Path:
    """Where a file should be, without importing the package that ships it. Raises ModelError if there is none."""
    if not locator.startswith("package:"):
        return WEIGHTS / locator
    package, _, inside = locator.removeprefix("package:").partition("/")
    spec = importlib.util.find_spec(package)
    folders = list(spec.submodule_search_locations or ()) if spec else []
    if not folders:
        raise ModelError(f"The package {package} is missing; install it with: pip install {package.replace('_', '-')}.")
    return Path(folders[0]) / inside


# Files whose sha256 matched in this process, by everything that changes when a file does.
_trusted: set[tuple[str, int, int, str]] = set()


def read(owner: ModelCard, role: str) -> bytes:
    """The bytes of one of a card's files, after their sha256 matched. Raises ModelError."""
    locator, digest = owner.files[role]
    path = locate(locator)
    cure = "reinstall the package that ships it" if locator.startswith("package:") else "reinstall the product"
    try:
        stat = path.stat()
        content = path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path.name}, a file of {owner.name}, cannot be read; {cure}.") from error
    key = (str(path), stat.st_size, stat.st_mtime_ns, digest)
    if key not in _trusted or len(content) != stat.st_size:
        if hashlib.sha256(content).hexdigest() != digest:
            raise ModelError(f"{path.name}, a file of {owner.name}, is not the file its card describes; {cure}.")
        _trusted.add(key)
    return content


def verify(owner: ModelCard) -> list[str]:
    """What is wrong with a model's files, one sentence each; an empty list means it can be loaded."""
    problems = []
    for role in owner.files:
        try:
            read(owner, role)
        except ModelError as error:
            problems.append(str(error))
    return problems


@overload
def load(task: Literal["text_video"], name: str | None = None, device: str = "auto") -> "TextVideoEncoder": ...
@overload
def load(task: Literal["grounding"], name: str | None = None, device: str = "auto") -> "Engine": ...
@overload
def load(task: Literal["face_detector"], name: str | None = None, device: str = "auto") -> "CenterFace": ...
@overload
def load(task: Literal["expression"], name: str | None = None, device: str = "auto") -> "Expression": ...
@overload
def load(task: Literal["dialog_emotion"], name: str | None = None, device: str = "auto") -> "DialogEmotion": ...
@overload
def load(task: Literal["voice_activity"], name: str | None = None, device: str = "auto") -> "VoiceActivity": ...
@overload
def load(task: Literal["active_speaker"], name: str | None = None, device: str = "auto") -> "VoiceMotion": ...
@overload
def load(task: str, name: str | None = None, device: str = "auto") -> Any: ...
def load(task: str, name: str | None = None, device: str = "auto") -> Any:
    """A new model, ready to use: nothing is kept between calls, the caller owns its memory.

    `name=None` is the embedded default, which needs no network. `device` is "auto" (CUDA where there is one),
    "cpu" or "cuda". For text_video a name with a slash is an open_clip model: MODEL/PRETRAINED from the hub, or
    MODEL/PATH of a local checkpoint. Raises ModelError naming the cure.
    """
    from models._torch import device_of

    if task == "text_video" and name is not None and "/" in name:
        from models.text_video.open_clip_encoder import OpenClipEncoder

        return OpenClipEncoder(name, device_of(device))
    owner = card(task, name)
    if owner.name not in _BUILDERS:
        raise ModelError(f"Nothing here can build {owner.name}; update the product.")
    build: Callable[..., Any] = importlib.import_module(_BUILDERS[owner.name]).build
    files = {role: read(owner, role) for role in owner.files}
    try:
        return build(files, owner, device_of(device))
    except ModelError:
        raise
    except Exception as error:
        raise ModelError(f"{owner.name} cannot start on {device} ({error}); try device cpu.") from error
