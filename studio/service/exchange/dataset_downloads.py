"""Data sets for browsers: written in the background, then sent as one zip, piece by piece."""

import io
import logging
import secrets
import threading
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from studio.config import Settings
from studio.errors import Cancelled, NotFound, StudioError, UsageError
from studio.platform import files
from studio.platform.names import file_name
from studio.service.accounts.rights import OWNER, Actor
from studio.service.exchange.dataset import Datasets, ExportOptions

Row = dict[str, Any]
AT_ONCE = 2  # that are written at the same time
KEPT_S = 3600.0  # how long one waits to be fetched
CHUNK = 1 << 20
PACKED = (".mp4",)  # what does not become smaller
log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Download:
    name: str
    done: float = 0.0
    message: str = "Starting"
    error: str = ""
    ready: bool = False
    stopped: bool = False
    since: float = 0.0

    @property
    def running(self) -> bool:
        return not (self.ready or self.error)


class DatasetDownloads:
    """The data sets that pages asked for, each under a token that nobody can guess."""

    def __init__(self, settings: Settings, datasets: Datasets) -> None:
        self._datasets, self._folder = datasets, settings.home / "outgoing"
        self._lock = threading.Lock()
        self._all: dict[str, _Download] = {}

    def start(self, wish: ExportOptions, name: str, by: Actor = OWNER) -> str:
        """Begin to write a data set called `name`, of what somebody may see; returns its token.

        Raises UsageError for a wish that cannot be met, or while others are written.
        """
        self._datasets.preview(wish, by)
        made = _Download(file_name(name.strip() or "dataset"), since=time.monotonic())
        token = secrets.token_hex(16)
        with self._lock:
            for old in [key for key, each in self._all.items() if made.since - each.since > KEPT_S]:
                self._drop(old)
            if sum(each.running for each in self._all.values()) >= AT_ONCE:
                raise UsageError(f"{AT_ONCE} exports are written already; wait until one is done, or cancel yours.")
            self._all[token] = made
        threading.Thread(target=self._write, args=(token, made, wish, by), name="dataset", daemon=True).start()
        return token

    def _write(self, token: str, made: _Download, wish: ExportOptions, by: Actor) -> None:
        def progress(done: float, what: str) -> None:
            made.done, made.message = done, what
            if made.stopped:
                raise Cancelled("This export was cancelled.")

        try:
            place = self._folder / token
            place.mkdir(mode=0o700, parents=True)
            self._datasets.export(place / made.name, wish, progress, by)
            made.ready = True
        except StudioError as error:
            made.error = str(error)
        except Exception:
            if not made.stopped:  # the library may be closed under it
                log.exception("a data set could not be written")
            made.error = "Something unexpected went wrong; nothing was exported."
        if made.stopped or made.error:
            files.remove_tree(self._folder / token)

    def running(self) -> list[Row]:
        """Those that are written now: `name`, how far (`done`, 0…1) and what is done now (`message`)."""
        with self._lock:
            known = list(self._all.values())
        return [{"name": each.name, "done": each.done, "message": each.message} for each in known if each.running]

    def state(self, token: str) -> Row:
        """How far one is: `done` (0…1) and what is done now (`message`); `ready` to be fetched, or why not (`error`).

        Raises NotFound.
        """
        made = self._known(token)
        return {"done": made.done, "message": made.message, "ready": made.ready, "error": made.error}

    def stop(self, token: str) -> None:
        """Forget one that nobody wants any more, if it is there."""
        with self._lock:
            self._drop(token)

    def fetch(self, token: str) -> tuple[str, Iterator[bytes]]:
        """The name of the zip and its pieces; it is gone once all of them were taken.

        Raises NotFound.
        """
        made = self._known(token)
        if not made.ready:
            raise _gone()

        def pieces() -> Iterator[bytes]:
            yield from zipped(self._folder / token / made.name)
            self.stop(token)

        return f"{made.name}.zip", pieces()

    def close(self) -> None:
        """Forget all of them."""
        with self._lock:
            for token in list(self._all):
                self._drop(token)

    def tidy(self) -> None:
        """Remove what an earlier process left behind."""
        if self._folder.is_dir():
            files.remove_tree(self._folder)

    def _drop(self, token: str) -> None:
        made = self._all.pop(token, None)
        if made is None:
            return
        made.stopped = True
        if not made.running:  # else whoever writes it removes it
            files.remove_tree(self._folder / token)

    def _known(self, token: str) -> _Download:
        with self._lock:
            made = self._all.get(token)
        if made is None:
            raise _gone()
        return made


def _gone() -> NotFound:
    return NotFound("This export is not there any more; export it again.")


class _Pipe(io.RawIOBase):
    """What a zip is written to: it keeps only what was not taken yet."""

    def __init__(self) -> None:
        self._kept: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._kept.append(bytes(data))
        return len(data)

    def take(self) -> Iterator[bytes]:
        taken, self._kept = b"".join(self._kept), []
        if taken:
            yield taken


def zipped(folder: Path) -> Iterator[bytes]:
    """A folder as a zip, in pieces of about a megabyte at most; equal folders give equal bytes."""
    pipe = _Pipe()
    with zipfile.ZipFile(pipe, "w") as archive:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            entry = zipfile.ZipInfo(f"{folder.name}/{path.relative_to(folder).as_posix()}")
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_STORED if path.suffix in PACKED else zipfile.ZIP_DEFLATED
            large = path.stat().st_size > zipfile.ZIP64_LIMIT // 2  # compressed, it may be a little larger
            with path.open("rb") as source, archive.open(entry, "w", force_zip64=large) as target:
                while chunk := source.read(CHUNK):
                    target.write(chunk)
                    yield from pipe.take()
    yield from pipe.take()
