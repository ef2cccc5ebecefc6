"""The files of a job on a cluster: which ones a worker needs, where it has them, and how they are compared and sent.

A *source* is a video, or a subtitle file beside it. A node reads it where both machines see it, if it is the same file
there; else it gets a copy, which it keeps for the next job (`SourceCopies`). What the library's cache holds of a video,
and the models that people brought, are sent as they are.
"""

import contextlib
import hashlib
import os
import threading
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from studio import media
from studio.atomic_files import PREFIX
from studio.config import Settings
from studio.errors import NotFound
from studio.index import Cache
from studio.jobs.result import PROXY
from studio.platform import files, system

PIECE_BYTES = 8 * 2**20  # of a file, sent at a time: a large file never lies in memory as a whole
_BLOCK, _BLOCKS = 65_536, 32
_IN_USE = ".use-"
_NEVER_READ = (PROXY, "thumbnails.bin")
STRETCH = "stretch-"  # how the names of a video's stretches begin, which the driver joins
_FEATURES = "frames-"  # how the names of embeddings begin; see `index.feature_store.file_name`

Area = Literal["source", "cache", "models"]


@dataclass(frozen=True, slots=True)
class JobFile:
    """A file of the library's machine. `group` is the path of the video of a source, and the video's id of what the
    cache holds; `name` is without folders. `mark` tells versions apart: `fingerprint` of a source, else when it was
    written, ns."""

    area: Area
    group: str
    name: str
    size: int
    mark: str


def fingerprint(path: Path) -> str:
    """SHA-256 over a file's size and 32 blocks of 64 KiB spread evenly over it; over all of a file that is no larger.

    It tells whether two machines see the same file, in milliseconds also where that is 10 GB behind a network. Raises
    OSError.
    """
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        digest = hashlib.sha256(str(size).encode())
        last = max(0, size - _BLOCK)
        starts = (
            range(0, size, _BLOCK) if size <= _BLOCK * _BLOCKS else [last * n // (_BLOCKS - 1) for n in range(_BLOCKS)]
        )
        for start in starts:
            file.seek(start)
            digest.update(file.read(_BLOCK))
    return digest.hexdigest()


def source_files(video: str) -> list[JobFile]:
    """A video, and the files beside it that are read with it. Raises NotFound."""
    paths = [Path(video), *(each.path for each in media.subtitle_files(video))]
    found = []
    for path in paths:
        try:
            found.append(JobFile("source", video, path.name, path.stat().st_size, fingerprint(path)))
        except OSError as error:
            if path != paths[0]:  # what lies beside a video may go any time
                continue
            raise NotFound(f"“{path.name}” is not there, or may not be read; check the path.") from error
    return found


def cached_files(cache: Cache, video_id: str) -> list[JobFile]:
    """What the cache holds of a video, in the order in which it was written."""
    return [JobFile("cache", video_id, *facts) for facts in _listed(cache.folder(video_id))]


def is_read(file: JobFile) -> bool:
    """Whether any task reads such a file of the cache."""
    return file.name not in _NEVER_READ and not file.name.startswith(STRETCH)


def is_features(file: JobFile) -> bool:
    """Whether a file of the cache has embeddings of a video, which jobs about other videos may need."""
    return file.name.startswith(_FEATURES)


def model_files(settings: Settings) -> list[JobFile]:
    """The models that people brought."""
    return [JobFile("models", "", *facts) for facts in _listed(settings.models)]


def _listed(folder: Path) -> list[tuple[str, int, str]]:
    """Name, size and time of each complete file of a folder, in the order in which they were written."""
    found = []
    with contextlib.suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in entries:
            with contextlib.suppress(FileNotFoundError):  # replaced just now
                if entry.is_file() and not entry.name.startswith(PREFIX):
                    facts = entry.stat()
                    found.append((facts.st_mtime_ns, entry.name, facts.st_size))
    # times of embeddings say that the pair is complete (`FeatureStore.put`), so they come last where clocks are coarse
    found.sort(key=lambda each: (each[0], each[1].endswith(".times.npy"), each[1]))
    return [(name, size, str(written)) for written, name, size in found]


def read_piece(path: Path, file: JobFile, offset: int) -> bytes:
    """Up to PIECE_BYTES of a file. Raises OSError, also where it is another one than `file` by now."""
    with path.open("rb") as opened:
        facts = os.fstat(opened.fileno())
        if facts.st_size != file.size or (file.area != "source" and str(facts.st_mtime_ns) != file.mark):
            raise OSError(f"{file.name} was changed while it was sent")
        opened.seek(offset)
        return opened.read(PIECE_BYTES)


class Receiver:
    """A file that arrives in pieces, in any order; it takes its name once it is whole."""

    def __init__(self, file: JobFile, target: Path) -> None:
        self._file, self._target = file, target
        target.parent.mkdir(parents=True, exist_ok=True)
        self._partial = target.with_name(f"{PREFIX}{os.getpid()}-{uuid.uuid4().hex}{target.suffix}")
        self._opened = self._partial.open("xb")
        self._lock = threading.Lock()

    def write(self, offset: int, piece: bytes) -> None:
        """A piece. Raises OSError."""
        with self._lock:
            self._opened.seek(offset)
            self._opened.write(piece)

    def close(self) -> None:
        """The file is whole. Raises OSError where it is not the one that was announced."""
        try:
            self._opened.close()
            same = self._partial.stat().st_size == self._file.size
            if not same or (self._file.area == "source" and fingerprint(self._partial) != self._file.mark):
                raise OSError(f"{self._file.name} did not arrive as it was sent")
            if self._file.area != "source":
                os.utime(self._partial, ns=(int(self._file.mark), int(self._file.mark)))
            files.replace(self._partial, self._target)
        finally:
            self.abandon()

    def abandon(self) -> None:
        """Remove what arrived; harmless after `close`."""
        self._opened.close()
        files.remove(self._partial)


class SourceCopies:
    """Copies of videos on a node, in a folder each; the workers of the node share them. Those that were not used for
    longest are removed for new ones beyond `most_bytes`."""

    def __init__(self, root: Path, most_bytes: int) -> None:
        self._root, self._most_bytes = root, most_bytes

    def folder(self, video: JobFile) -> Path:
        """Where a video and what lies beside it are or would be. Videos with the same content have a folder each:
        what lies beside them differs."""
        path = hashlib.sha256(video.group.encode(errors="surrogateescape")).hexdigest()
        return self._root / f"{video.mark[:32]}-{path[:8]}"

    def missing(self, wanted: Sequence[JobFile]) -> list[JobFile]:
        """Which files of a video (the first of `wanted`) are not here as they should be; others go."""
        folder = self.folder(wanted[0])
        names = {file.name for file in wanted}
        for name, _, _ in _listed(folder):
            if name not in names and not name.startswith(_IN_USE):
                files.remove_if_free(folder / name)
        return [file for file in wanted if not is_same(folder / file.name, file)]

    @contextlib.contextmanager
    def used(self, video: JobFile) -> Iterator[None]:
        """While a worker reads a video: it is not removed for another one."""
        folder = self.folder(video)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        mark = folder / f"{_IN_USE}{os.getpid()}-{uuid.uuid4().hex}"
        mark.touch()
        try:
            yield
        finally:
            files.remove(mark)

    def make_room(self, size: int) -> None:
        """Remove what was not used for longest, and is not in use, until `size` more bytes fit."""
        folders = [folder for folder in self._root.iterdir() if folder.is_dir()]
        used = {folder: sum(size for _, size, _ in _listed(folder)) for folder in folders}
        total = sum(used.values()) + size
        for folder in sorted(folders, key=lambda each: each.stat().st_mtime):  # the marks of users change it
            if total <= self._most_bytes:
                return
            if not self._in_use(folder) and files.remove_tree(folder):
                total -= used[folder]

    @staticmethod
    def _in_use(folder: Path) -> bool:
        for mark in folder.glob(f"{_IN_USE}*"):
            pid = mark.name.removeprefix(_IN_USE).partition("-")[0]
            if system.alive(int(pid)):
                return True
            files.remove_if_free(mark)
        return False


def is_same(path: Path, file: JobFile) -> bool:
    """Whether a path of this machine leads to the same source. Quick where it leads nowhere."""
    try:
        return path.stat().st_size == file.size and fingerprint(path) == file.mark
    except OSError:
        return False
