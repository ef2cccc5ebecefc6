"""Which models there are, where their weights come from, and the one way to load them.

The single truth about a model is its card, NAME.md: TOML between two `+++` lines, then prose for people. Cards lie in
`weights/`, in the packages of plug-ins, and in a library's own folder of models, where those are that people trained or
fetched. The files of a card lie beside it, inside an installed package, or in that folder where a person brought them
(`install`); no parser sees a byte of them before their sha256 matched.
"""

import contextlib
import functools
import hashlib
import importlib.util
import json
import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

from studio.models import architectures, plugins
from studio.models.card import ModelCard, ModelError, described, parse

if TYPE_CHECKING:
    from studio.models import interfaces

__all__ = [
    "WEIGHTS", "ModelCard", "ModelError", "card", "cards", "checked", "install", "installed", "keep", "load", "locate",
    "parse", "read", "record_of", "recorded", "size", "verify", "version", "visible_problem",
]  # fmt: skip
WEIGHTS = Path(__file__).parent / "weights"
OWN = frozenset({"detection"})  # tasks whose models are all made in libraries
# tasks of which models may be named that have no card, each with how
OPEN = {
    "text_video": ", or an open_clip name such as ViT-B-32/laion2b_s34b_b79k",
    "speech_recognition": ", or a Whisper for CTranslate2 such as Systran/faster-whisper-small, or its folder",
}
log = logging.getLogger(__name__)


def cards(task: str | None = None, folder: Path | None = None) -> list[ModelCard]:
    """Every card, or every card of a task: the default first, then by name. Those of plug-ins are among them, and those
    that lie in `folder`, a library's own, as they are now."""
    found = [_card_at(path, path.stat().st_mtime_ns) for path in sorted(WEIGHTS.glob("*.md"))]
    tasks = frozenset(each.task for each in found) | OWN
    found += plugins.cards(frozenset(each.name for each in found), tasks)
    found += _own_cards(folder, frozenset(each.name for each in found), tasks) if folder else []
    chosen = [card for card in found if task in (None, card.task)]
    return sorted(chosen, key=lambda card: (card.task, not card.default, card.name))


@functools.lru_cache(maxsize=1024)
def _card_at(path: Path, mtime_ns: int) -> ModelCard:
    """A card as it was when its file was last written. Raises ModelError."""
    return replace(parse(path.read_text(encoding="utf-8")), folder=path.parent)


def _own_cards(folder: Path, taken: frozenset[str], tasks: frozenset[str]) -> list[ModelCard]:
    """The cards in a library's own folder. One that cannot be used is left out, and logged: it stops no other."""
    found: dict[str, ModelCard] = {}
    for path in sorted(folder.glob("*.md")):
        try:
            card = _card_at(path, path.stat().st_mtime_ns)
            if card.name in taken or card.name in found:
                raise ModelError("another model has its name")
            if card.task not in tasks:
                raise ModelError(f"there is no task “{card.task}”")
            if card.default:
                raise ModelError("only a model of the product can be the default")
        except (ModelError, OSError, UnicodeDecodeError) as error:
            log.warning("the card %s was left out: %s", path.name, error)
            continue
        found[card.name] = card
    return list(found.values())


def card(task: str, name: str | None = None, folder: Path | None = None) -> ModelCard:
    """The named card of a task, or its default. Raises ModelError listing what exists."""
    of_task = cards(task, folder)
    if not of_task:
        tasks = ", ".join(sorted({each.task for each in cards(folder=folder)}))
        raise ModelError(f"There is no task “{task}”; choose one of {tasks}.")
    for each in of_task:
        if each.name == name or (name is None and each.default):
            return each
    names = ", ".join(each.name for each in of_task)
    more = OPEN.get(task, "")
    raise ModelError(f"There is no {task} model “{name}”; choose {names}{more}.")


def locate(owner: ModelCard, role: str, folder: Path | None = None) -> Path:
    """Where a card's file should be; the package that ships it is not imported. Raises ModelError if it is missing."""
    locator, _ = owner.files[role]
    if locator.startswith("user:"):
        return (folder or Path()) / locator.removeprefix("user:")
    if not locator.startswith("package:"):
        return (owner.folder or WEIGHTS) / locator
    package, _, inside = locator.removeprefix("package:").partition("/")
    spec = importlib.util.find_spec(package)
    folders = list(spec.submodule_search_locations or ()) if spec else []
    if not folders:
        raise ModelError(f"The package {package} is missing; install it with: pip install {package.replace('_', '-')}.")
    return Path(folders[0]) / inside


# Files whose sha256 matched in this process, by everything that changes when a file does.
_trusted: set[tuple[str, int, int, str]] = set()


def checked(owner: ModelCard, role: str, folder: Path | None = None) -> Path:
    """Where one of a card's files lies that may be too large to be read as a whole, after its sha256 matched what was
    recorded when it came. Raises ModelError."""
    path = locate(owner, role, folder)
    if folder is None or not path.is_file():
        raise ModelError(f"{owner.name} is not installed; {_how_to_get(owner)}.")
    digest = recorded(path)
    try:
        stat = path.stat()
        key = (str(path), stat.st_size, stat.st_mtime_ns, digest)
        if key not in _trusted:
            with path.open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
            if found != digest:
                _keep_damage(path, _stamp(stat))
                raise ModelError(_changed(owner, path))
            _trusted.add(key)
            _keep_damage(path, None)
    except OSError as error:
        raise ModelError(f"{path.name}, a file of {owner.name}, cannot be read ({error.strerror}).") from error
    return path


def visible_problem(owner: ModelCard, role: str, folder: Path) -> str:
    """What is wrong with a file that `checked` would read, as far as that shows without reading it: its length, its
    record, and whether it was found to be damaged before. A sentence, or empty. Raises ModelError."""
    path = locate(owner, role, folder)
    if not recorded(path):
        return f"{path.name}, a file of {owner.name}, has lost the record of its hash; {_how_to_get_again(owner)}."
    try:
        stat = path.stat()
        wanted = json.loads(record_of(path).read_text(encoding="utf-8")).get("size", stat.st_size)
        is_damaged = _damage_of(path).is_file() and _damage_of(path).read_text(encoding="utf-8") == _stamp(stat)
    except OSError as error:
        return f"{path.name}, a file of {owner.name}, cannot be read ({error.strerror})."
    return _changed(owner, path) if stat.st_size != wanted or is_damaged else ""


def _changed(owner: ModelCard, path: Path) -> str:
    return f"{path.name}, a file of {owner.name}, was changed since it came; {_how_to_get_again(owner)}."


def _damage_of(path: Path) -> Path:
    """Where it is kept that a file is not what its record says: reading all of it again would take long."""
    return path.with_name(f"{path.name}.damaged")


def _stamp(stat: os.stat_result) -> str:
    """What changes when another file takes the place of this one."""
    return f"{stat.st_size} {stat.st_mtime_ns}"


def _keep_damage(path: Path, stamp: str | None) -> None:
    """Keep that the file with a stamp is damaged; None: that the one which is here is not."""
    kept = _damage_of(path)
    with contextlib.suppress(OSError):  # a folder that nobody may write to: the next one that loads it finds out anew
        if stamp is not None or kept.is_file():
            kept.write_text(stamp or "", encoding="utf-8")


def read(owner: ModelCard, role: str, folder: Path | None = None) -> bytes:
    """The bytes of one of a card's files, after their sha256 matched. Raises ModelError."""
    locator, digest = owner.files[role]
    path = locate(owner, role, folder)
    cure = "reinstall the package that ships it" if locator.startswith("package:") else "reinstall the product"
    if role in owner.brought:
        if folder is None or not path.is_file():
            raise ModelError(f"{owner.name} is not installed; {_how_to_get(owner)}.")
        digest, cure = recorded(path), f"install it again with: {_command(owner)}"
    try:
        stat = path.stat()
        content = path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path.name}, a file of {owner.name}, cannot be read; {cure}.") from error
    key = (str(path), stat.st_size, stat.st_mtime_ns, digest)
    if key not in _trusted or len(content) != stat.st_size:
        if hashlib.sha256(content).hexdigest() != digest:
            described = "that was installed" if role in owner.brought else "its card describes"
            raise ModelError(f"{path.name}, a file of {owner.name}, is not the file {described}; {cure}.")
        _trusted.add(key)
    return content


def _command(owner: ModelCard) -> str:
    return f"studio models add FILE --as {owner.name}"


def _how_to_get(owner: ModelCard) -> str:
    if owner.hub:
        return f"press Get on the Models page, or run: studio models download {owner.name}"
    return f"{owner.fetch} and run: {_command(owner)}"


def _how_to_get_again(owner: ModelCard) -> str:
    return f"get it again: {_how_to_get(owner)}"


def record_of(path: Path) -> Path:
    """Where the sha256 of a file that a person brought or fetched is recorded, as JSON."""
    return path.with_name(f"{path.name}.json")


def recorded(path: Path) -> str:
    """The sha256 that a brought file had when it was installed; empty, which no file matches, where that is unknown."""
    try:
        return str(json.loads(record_of(path).read_text(encoding="utf-8"))["sha256"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def version(owner: ModelCard, folder: Path | None = None) -> str:
    """The version of a model as it is here. Of a fetched one it says which file came, since embeddings of another file
    are not the same; reads no weights."""
    if not owner.hub:
        return owner.version
    return f"{owner.version}-{recorded(locate(owner, next(iter(owner.files)), folder))[:12]}"


def verify(owner: ModelCard, folder: Path | None = None) -> list[str]:
    """What is wrong with a model's files, one sentence each; an empty list means it can be loaded.

    `folder` is where files lie that a person brought.
    """
    problems = plugins.problems(owner)
    for role in owner.files:
        try:
            checked(owner, role, folder) if owner.hub else read(owner, role, folder)
        except ModelError as error:
            problems.append(str(error))
    return list(dict.fromkeys(problems))  # several missing files are one problem


def size(owner: ModelCard, folder: Path | None = None) -> int:
    """The bytes of a model's files that are here."""
    paths = (locate(owner, role, folder) for role in owner.files)
    return sum(path.stat().st_size for path in paths if path.is_file())


def installed(owner: ModelCard, folder: Path | None = None) -> bool:
    """Whether the files are there that a person has to bring; reads none of them."""
    return all(folder is not None and (folder / name).is_file() for name in owner.brought.values())


def takes_file(name: str, folder: Path | None = None) -> ModelCard:
    """The card of a model to which a person may bring a file. Raises ModelError."""
    open_to = [each for each in cards(folder=folder) if len(each.brought) == 1 or each.hub]
    owner = next((each for each in open_to if each.name == name), None)
    if owner is None:
        names = ", ".join(each.name for each in open_to)
        raise ModelError(f"“{name}” takes no file; give one as {names}.")
    return owner


def install(
    name: str, file: Path, folder: Path, write: Callable[[Path, bytes], object] = Path.write_bytes
) -> ModelCard:
    """Copy a checkpoint that a person brings to their folder, after it loaded into the network of the named card. Of a
    model of the gallery that has a tokenizer.json beside its weights each comes by itself, and the first of the two is
    not tried out.

    Its sha256 is recorded beside it and checked before every later load. `write` is how files are written; one that
    writes them completely or not at all is better. Raises ModelError naming the cure.
    """
    owner = takes_file(name, folder)
    try:
        content = file.read_bytes()
    except OSError as error:
        raise ModelError(f"{file.name} cannot be read ({error.strerror}); check the path.") from error
    role = "tokenizer" if file.suffix == ".json" and "tokenizer" in owner.brought else next(iter(owner.brought))
    target = owner.brought[role]
    others = [each for each in owner.files if each != role]
    if all(locate(owner, each, folder).is_file() for each in others) or not owner.hub:
        here: dict[str, Any] = {each: (checked if owner.hub else read)(owner, each, folder) for each in others}
        _built(owner, {**here, role: file if owner.hub else content}, "cpu", folder)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # The record comes first: a file without its own record is refused, and installing again repairs it.
        record = {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
        write(record_of(folder / target), json.dumps(record).encode())
        write(folder / target, content)
    except OSError as error:
        raise ModelError(f"{target} cannot be written ({error.strerror}); make room in {folder}.") from error
    return owner


def keep(
    card: ModelCard, files: Mapping[str, bytes], folder: Path, write: Callable[[Path, bytes], object]
) -> ModelCard:
    """Put a model that was made here into a library's own folder: its files, each named NAME.ROLE, and its card, whose
    `source` is what people read of it. Returns the card as it is read from then on. Raises ModelError."""
    named = {role: (f"{card.name}.{role}", hashlib.sha256(content).hexdigest()) for role, content in files.items()}
    made = replace(card, files=named)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for role, content in files.items():
            write(folder / named[role][0], content)
        write(folder / f"{card.name}.md", described(made).encode())
    except OSError as error:
        raise ModelError(f"{card.name} cannot be written ({error.strerror}); make room in {folder}.") from error
    return replace(made, folder=folder)


@overload
def load(
    task: Literal["text_video"], name: str | None = None, device: str = "auto", folder: Path | None = None
) -> "interfaces.TextVideoEncoder": ...
@overload
def load(
    task: Literal["grounding"], name: str | None = None, device: str = "auto", folder: Path | None = None
) -> "interfaces.GroundingEngine": ...
@overload
def load(
    task: Literal["face_detector"], name: str | None = None, device: str = "auto", folder: Path | None = None
) -> "interfaces.FaceDetector": ...
@overload
def load(
    task: Literal["expression"], name: str | None = None, device: str = "auto", folder: Path | None = None
) -> "interfaces.ExpressionClassifier": ...
@overload
def load(
    task: Literal["dialog_emotion"], name: str | None = None, device: str = "auto", folder: Path | None = None
) -> "interfaces.DialogEmotionClassifier": ...
@overload
def load(
    task: Literal["sentence_embedding"], name: str | None = None, device: str = "auto", folder: Path | None = None
) -> "interfaces.SentenceEncoder": ...
@overload
def load(
    task: Literal["voice_activity"], name: str | None = None, device: str = "auto", folder: Path | None = None
) -> "interfaces.VoiceActivityDetector": ...
@overload
def load(
    task: Literal["detection"], name: str | None = None, device: str = "auto", folder: Path | None = None
) -> "interfaces.LabelDetector": ...
@overload
def load(
    task: Literal["active_speaker"], name: str | None = None, device: str = "auto", folder: Path | None = None
) -> "interfaces.ActiveSpeakerDetector": ...
@overload
def load(
    task: Literal["text_reading"], name: str | None = None, device: str = "auto", folder: Path | None = None
) -> "interfaces.TextReader": ...
@overload
def load(task: str, name: str | None = None, device: str = "auto", folder: Path | None = None) -> Any: ...
def load(task: str, name: str | None = None, device: str = "auto", folder: Path | None = None) -> Any:
    """A new model, ready to use: nothing is kept between calls, the caller owns its memory.

    `name=None` is the embedded default, which needs no network. `device` is "auto" (CUDA where there is one),
    "cpu" or "cuda". For text_video a name with a slash is an open_clip model: MODEL/PRETRAINED from the hub, or
    MODEL/PATH of a local checkpoint. For speech_recognition it is a Whisper of CTranslate2's format: OWNER/NAME of the
    hub, or the path of its folder. `folder` is a library's own: its cards, and the checkpoints that a person brought.
    Raises ModelError naming the cure.
    """
    from studio.models._torch import device_of

    if task == "text_video" and name is not None and "/" in name:
        from studio.models.text_video.open_clip_encoder import OpenClipEncoder

        return OpenClipEncoder(name, device_of(device))
    if task == "speech_recognition" and name is not None and "/" in name:
        from studio.models.speech.whisper import named

        return named(name, device_of(device))
    owner = card(task, name, folder)
    get = checked if owner.hub else read
    files: dict[str, Any] = {role: get(owner, role, folder) for role in owner.files}
    return _built(replace(owner, version=version(owner, folder)), files, device_of(device), folder)


def _built(owner: ModelCard, files: Mapping[str, Any], device: str, folder: Path | None) -> Any:
    """The model of a card; one that is made of others gets them handed in."""
    if owner.plugin is not None:
        return plugins.build(owner, files, device)
    build = architectures.builder(owner.architecture)
    members = [load(owner.task, name, device, folder) for name in owner.members]
    try:
        return build(files, owner, device, *([members] if members else []))
    except ModelError:
        raise
    except Exception as error:
        raise ModelError(f"{owner.name} cannot start on {device} ({error}); try device cpu.") from error
