"""A model that was taught in one library as one file, for another: a zip with its card and the files that it names.

A file that comes from somebody else is read as what it may be: anything. Nothing of it is written before all of it was
checked, and no name in it becomes a path.
"""

import hashlib
import io
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

from studio.models.card import ModelCard, ModelError, described, parse
from studio.models.registry import cards, keep, read

MOST_FILES = 8
MOST_CHARS = 1000  # of what a card says in one place
NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*", re.ASCII)
_TAKEN = "There is a model “{}” here already; delete it first (its file can be exported before), or keep that one."


def exported(card: ModelCard, folder: Path) -> bytes:
    """The zip of a model of a library's own folder; the same model gives the same bytes. Raises ModelError."""
    content = {f"{card.name}.md": described(card).encode()}
    content |= {locator: read(card, role, folder) for role, (locator, _) in sorted(card.files.items())}
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in content.items():
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def opened(content: bytes, task: str, architecture: str, most: int) -> tuple[ModelCard, dict[str, bytes]]:
    """What a zip holds that is a model of a task, built by an architecture: its card, and its files by role, whose
    hashes are those of the card. Neither the zip nor what is in it has more than `most` bytes. Raises ModelError."""
    if len(content) > most:
        raise ModelError(f"This file is larger than {most >> 20} MB, which no exported model is; export it again.")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            inside = _inside(archive, most)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError, ValueError) as error:
        raise ModelError("This file is no exported model, or it is damaged; export the model again.") from error
    described_by = [name for name in inside if name.endswith(".md")]
    if len(described_by) != 1:
        raise ModelError("This file holds no card of a model, or several; export the model again.")
    try:
        card = parse(inside.pop(described_by[0]).decode())
    except (ModelError, UnicodeDecodeError) as error:
        raise ModelError("The card in this file cannot be read; export the model again.") from error
    _check(card, task, architecture)
    wanted = {locator: role for role, (locator, _) in card.files.items()}
    if wanted.keys() != inside.keys():
        raise ModelError(f"This file does not hold just the files of {card.name}; export the model again.")
    files = {role: inside[locator] for locator, role in wanted.items()}
    for role, (locator, digest) in card.files.items():
        if hashlib.sha256(files[role]).hexdigest() != digest:
            raise ModelError(f"{locator} is not the file that its card describes; export the model again.")
    return card, files


def imported(
    card: ModelCard, files: dict[str, bytes], folder: Path, write: Callable[[Path, bytes], object]
) -> ModelCard:
    """Put what `opened` gave into a library's own folder. Raises ModelError, also where a model has its name."""
    if any(each.name == card.name for each in cards(folder=folder)):
        raise ModelError(_TAKEN.format(card.name))
    return keep(card, files, folder, write)


def deleted(card: ModelCard, folder: Path, remove: Callable[[Path], object]) -> None:
    """Remove a model from a library's own folder: its card first, so that what is left is no model. Raises
    ModelError."""
    if card.folder != folder:
        raise ModelError(f"{card.name} was not made in this library; only its own models can be deleted.")
    try:
        for name in (f"{card.name}.md", *(locator for locator, _ in card.files.values())):
            remove(folder / name)
    except OSError as error:
        raise ModelError(f"{card.name} cannot be deleted ({error.strerror}); try again.") from error


def _inside(archive: zipfile.ZipFile, left: int) -> dict[str, bytes]:
    """Each file of a zip by its name; no more is unpacked than `left`. Raises ValueError."""
    entries, found = archive.infolist(), {}
    if not 0 < len(entries) <= MOST_FILES or len({each.filename for each in entries}) < len(entries):
        raise ValueError("entries")
    for entry in entries:
        with archive.open(entry) as file:  # what the zip says of its sizes may be wrong
            data = file.read(left + 1)
        left -= len(data)
        if left < 0:
            raise ValueError("too large")
        found[entry.filename] = data
    return found


def _check(card: ModelCard, task: str, architecture: str) -> None:
    """That a card says what one of this product's own does, and nothing that would do more. Raises ModelError."""
    plain = NAME.fullmatch(card.name) and len(card.name) <= 60 and card.version.isdecimal() and len(card.version) <= 9
    usual = (card.task, card.architecture) == (task, architecture) and len(card.labels) == 1
    more = card.default or card.hub or card.network or card.members or card.brought or card.fetch
    texts = (card.licence, card.source, card.summary, *card.labels, *card.metrics)
    roles = all(re.fullmatch("[a-z]{1,20}", role) for role in card.files)
    own = all(locator == f"{card.name}.{role}" for role, (locator, _) in card.files.items())
    if not (plain and usual and roles and own) or more or any(len(str(text)) > MOST_CHARS for text in texts):
        raise ModelError("This file holds no detector of a label; export one from a library to import it here.")
