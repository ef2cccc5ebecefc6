"""Models of the hub, fetched because a person asked: a download that can be paused and goes on after a restart.

Speaks the Hugging Face hub's protocol with whatever HF_ENDPOINT names. What is sent are the names of the model and its
files, and nothing that says who asks. A file counts once it is whole and its hash is the one that the hub announced.
"""

import contextlib
import errno
import hashlib
import http.client
import json
import os
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from studio import models
from studio.atomic_files import write_atomic
from studio.errors import ModelUnavailable
from studio.models import registry
from studio.platform import files, system

FILES = {"net": ("open_clip_model.safetensors", "open_clip_pytorch_model.bin"), "tokenizer": ("tokenizer.json",)}
"""What a role's file is called in a repository of open_clip's: the first that is there."""
PIECE, SILENCE_S = 1 << 18, 30.0
TRIES, PAUSE_S = 3, 1.0  # how often a broken connection is tried anew without a further byte
SPARE_BYTES = 256 << 20  # that a download leaves on the disk, so that edits can still be saved
Watch = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """One file of a model as the hub announces it. `digest` is sha256, or of small files git's sha1 of a blob."""

    role: str
    path: str
    size: int
    digest: str


def endpoint() -> str:
    """The address of the hub."""
    return os.environ.get("HF_ENDPOINT", "https://huggingface.co").rstrip("/")


def fetch(card: models.ModelCard, folder: Path, watch: Watch = lambda done, total: None) -> None:
    """Bring the files of a card of the gallery to a library's folder of models, going on from where an earlier attempt
    stopped. `watch` is told how many bytes of how many are here, and may raise to pause: what came stays.

    Raises ModelUnavailable, in one sentence that names the cure.
    """
    with alone(card, folder, f"{card.name} is being fetched already; wait until it is here."):
        _fetch(card, folder, watch)


@contextlib.contextmanager
def alone(card: models.ModelCard, folder: Path, refusal: str) -> Iterator[None]:
    """As the only process that changes what is here of a model. Raises ModelUnavailable with `refusal`."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(system.lock(folder / f"{card.name}.lock", wait=False))
        except BlockingIOError:
            raise ModelUnavailable(refusal) from None
        yield


def left(card: models.ModelCard, folder: Path) -> tuple[int, int] | None:
    """How many bytes of how many an attempt that was not finished left; None where there was none."""
    try:
        plan = json.loads(_plan(card, folder).read_text("utf-8"))
        wanted = [RemoteFile(**each) for each in plan["files"]]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return sum(_size(_part(card, folder, each)) for each in wanted), sum(each.size for each in wanted)


def discard(card: models.ModelCard, folder: Path) -> None:
    """Throw away what an attempt that was not finished left. Raises ModelUnavailable where another process fetches."""
    with alone(card, folder, f"{card.name} is being fetched by another command; stop that one, and cancel again."):
        _discard(card, folder)


def _discard(card: models.ModelCard, folder: Path) -> None:
    for name in card.brought.values():
        files.remove(folder / f"{name}.part")
    files.remove(_plan(card, folder))


def _fetch(card: models.ModelCard, folder: Path, watch: Watch) -> None:
    revision, wanted = _wanted(card, folder)
    plan = {"revision": revision, "files": [asdict(each) for each in wanted]}
    if not _same(plan, _plan(card, folder)):
        _discard(card, folder)
        write_atomic(_plan(card, folder), json.dumps(plan).encode())
    total = sum(each.size for each in wanted)
    missing = total - sum(_size(_part(card, folder, each)) for each in wanted)
    if shutil.disk_usage(folder).free < missing + SPARE_BYTES:
        raise ModelUnavailable(f"{card.name} needs {missing / 1e9:.1f} GB more on the library's disk; make room there.")
    done = 0
    for each in wanted:
        _download(card, revision, each, _part(card, folder, each), partial(_report, watch, total, done))
        done += each.size
    digests = {each.role: _checked(card, each, _part(card, folder, each)) for each in wanted}
    try:
        for each in wanted:
            target = folder / card.brought[each.role]
            source = f"{card.hub}/{each.path} at {revision}"
            record = {"sha256": digests[each.role], "size": each.size, "from": source}
            # The record comes first: a file without its own record is refused, and getting it again repairs it.
            write_atomic(registry.record_of(target), json.dumps(record).encode())
            files.replace(_part(card, folder, each), target)
        files.remove(_plan(card, folder))
    except OSError as error:
        raise ModelUnavailable(f"{card.name} cannot be written ({error.strerror}); make room in {folder}.") from error


def _report(watch: Watch, total: int, before: int, got: int) -> None:
    watch(before + got, total)


def _plan(card: models.ModelCard, folder: Path) -> Path:
    return folder / f"{card.name}.download.json"


def _part(card: models.ModelCard, folder: Path, file: RemoteFile) -> Path:
    return folder / f"{card.brought[file.role]}.part"


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _same(plan: dict[str, Any], kept: Path) -> bool:
    """Whether what was begun is what is wanted now; a new revision with the same files is."""
    try:
        return bool(json.loads(kept.read_text("utf-8"))["files"] == plan["files"])
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _revision_here(card: models.ModelCard, folder: Path) -> str:
    """The revision that the files of a model here are of; empty where none came from the hub."""
    try:
        place = registry.record_of(folder / card.brought[next(iter(card.files))])
        source, _, revision = str(json.loads(place.read_text("utf-8"))["from"]).rpartition(" at ")
    except (OSError, ValueError, KeyError, TypeError):
        return ""
    return revision if source.startswith(f"{card.hub}/") else ""


def _wanted(card: models.ModelCard, folder: Path) -> tuple[str, list[RemoteFile]]:
    """What is to be fetched: the newest revision; of a model that was here and is damaged the same one again, as long
    as the hub has it, since a library's index is of no use to another file."""
    if before := _revision_here(card, folder):
        with contextlib.suppress(_Gone):
            return _offered(card, before)
    return _offered(card, "main")


class _Gone(ModelUnavailable):
    """The hub has no such model, or no such revision of it."""


def _offered(card: models.ModelCard, revision: str) -> tuple[str, list[RemoteFile]]:
    """The name of a revision of a model, and the files of it that its card wants."""
    with _opened(card, f"/api/models/{card.hub}/revision/{quote(revision)}?blobs=true") as answer:
        try:
            facts = json.loads(answer.read(16 << 20))
            known = {each["rfilename"]: each for each in facts["siblings"]}
            revision = str(facts["sha"])
        except (ValueError, KeyError, TypeError, http.client.HTTPException) as error:
            raise ModelUnavailable(f"{_host()} does not answer as a hub does; look at HF_ENDPOINT.") from error
    found = []
    for role in card.files:
        path = next((name for name in FILES[role] if name in known), None)
        if path is None:
            raise ModelUnavailable(f"{card.hub} has no {FILES[role][0]} any more; choose another model.")
        facts = known[path].get("lfs") or {"size": known[path]["size"], "sha256": known[path]["blobId"]}
        found.append(RemoteFile(role, path, int(facts["size"]), str(facts["sha256"])))
    return revision, found


def _download(
    card: models.ModelCard, revision: str, file: RemoteFile, part: Path, watch: Callable[[int], None]
) -> None:
    """Add what is missing of a file to its part. A connection that breaks is tried anew while it brings anything."""
    failures = 0
    have = _size(part)
    while have < file.size:
        try:
            _continue(card, revision, file, part, watch)
        except (http.client.HTTPException, OSError) as error:
            if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise ModelUnavailable(f"The library's disk is full; make room and get {card.name} again.") from error
        before, have = have, _size(part)
        failures = 0 if have > before else failures + 1
        if have < file.size and failures == TRIES:
            share = f"{100 * have / file.size:.0f} %"
            raise ModelUnavailable(
                f"The connection to {_host()} broke at {share} of {card.name}; get it again to go on from there."
            )
        time.sleep(PAUSE_S * failures)
    watch(file.size)


def _continue(
    card: models.ModelCard, revision: str, file: RemoteFile, part: Path, watch: Callable[[int], None]
) -> None:
    have = _size(part)
    address = f"/{card.hub}/resolve/{quote(revision)}/{quote(file.path)}"
    with _opened(card, address, {"Range": f"bytes={have}-"} if have else {}) as answer:
        if have and answer.status != 206:  # a server that knows no ranges begins anew
            have = 0
        with part.open("r+b" if have else "wb") as out:
            out.seek(have)
            while have < file.size and (piece := answer.read(min(PIECE, file.size - have))):
                out.write(piece)
                have += len(piece)
                watch(have)


def _checked(card: models.ModelCard, file: RemoteFile, part: Path) -> str:
    """The sha256 of a file that came. One that is not what the hub announced is thrown away."""
    with part.open("rb") as content:
        sha256 = hashlib.file_digest(content, "sha256").hexdigest()
    found = sha256 if len(file.digest) == 64 else _blob(part)
    if found != file.digest:
        files.remove(part)
        raise ModelUnavailable(
            f"What came as {file.path} of {card.name} is not the file that the hub announced, so it was thrown away; "
            "get it again."
        )
    return sha256


def _blob(path: Path) -> str:
    """What git calls a file with this content."""
    content = path.read_bytes()
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def _host() -> str:
    return urlsplit(endpoint()).netloc


def _opened(card: models.ModelCard, path: str, headers: dict[str, str] | None = None) -> Any:
    """The answer to one request, open. Raises ModelUnavailable where trying again would not help."""
    if os.environ.get("HF_HUB_OFFLINE", "0") not in ("", "0"):
        raise ModelUnavailable("HF_HUB_OFFLINE forbids to fetch models here; unset it, or bring the file.")
    request = urllib.request.Request(endpoint() + path, headers={"User-Agent": "moment-studio", **(headers or {})})
    try:
        return urllib.request.urlopen(request, timeout=SILENCE_S)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code in (401, 403):
            raise ModelUnavailable(
                f"{card.hub} wants people to log in and agree to its licence first: fetch its file in your browser, "
                f"and run: studio models add FILE --as {card.name}"
            ) from error
        if error.code in (404, 410):
            raise _Gone(f"{_host()} has no {card.hub}; choose another model.") from error
        if "/resolve/" not in path:
            raise ModelUnavailable(f"{_host()} answers with an error ({error.code}); try again later.") from error
        raise
    except (urllib.error.URLError, OSError) as error:
        if "/resolve/" in path:
            raise
        raise ModelUnavailable(
            f"{_host()} cannot be reached; connect and get {card.name} again, or fetch its file elsewhere and run: "
            f"studio models add FILE --as {card.name}"
        ) from error
