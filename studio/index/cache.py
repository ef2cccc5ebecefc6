"""Files derived from one video, by name. A file appears complete or not at all; losing one costs time only."""

import contextlib
import os
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, TypeVar
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from studio.atomic_files import remove_stale, temp_path
from studio.platform import files, system

_MODE: Literal["c"] | None = "c" if system.mapped_files_can_be_replaced else None
SHARED = "library"  # the folder that is about no single video
USED = "used"  # the file whose time says when a video was worked with last
CLEANED = "cleaned"  # the mark that what is missing was removed to make room, and is made again once it is wanted
SOUND_STATISTICS = "sound-statistics-"  # begins the names of files of what a video sounds like, a file a sound track
FINDINGS, TEXT_VECTORS = "findings-", "text-vectors-"  # begin the names of the files that labels are taught from
_CHANGE = "changed"  # the file that is another one after features came, changed or went
_USE_EVERY_S = 600.0
_TRIES = 5
T = TypeVar("T")


class Cache:
    """The folder of derived files of each video under `root`. Names are ours, never a user's."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._uses: dict[str, float] = {}  # when this process noted it last

    def folder(self, video_id: str) -> Path:
        """This video's folder; `video_id` must be one of the store's ids (letters, digits, - and _)."""
        return self.root / _checked(video_id)

    def path(self, video_id: str, name: str) -> Path:
        """Where `name` is or would be."""
        return self.folder(video_id) / name

    def mtime_ns(self, video_id: str, name: str) -> int:
        """When `name` was last written, ns; 0 where it is missing. Quick: a search asks for all of a library."""
        try:
            return os.stat(f"{self.root}/{_checked(video_id)}/{name}").st_mtime_ns  # noqa: PTH116 (a Path takes longer)
        except OSError:
            return 0

    def size(self, video_id: str, name: str) -> int:
        """Bytes of `name`; 0 where it is missing. As quick as `mtime_ns`."""
        try:
            return os.stat(f"{self.root}/{_checked(video_id)}/{name}").st_size  # noqa: PTH116 (a Path takes longer)
        except OSError:
            return 0

    def note_change(self) -> None:
        """Say that the features of some video came, changed or went: after that is done. Whoever shares this folder,
        also on another machine, sees it at their next `change`."""
        path = self.root / SHARED / _CHANGE
        with contextlib.suppress(OSError):  # a full disk: those who look are late by what they wait at most
            path.parent.mkdir(parents=True, exist_ok=True)
            # random and in place: a time may stand still between two changes, and a name be remembered by a network
            path.write_bytes(uuid.uuid4().bytes)

    def change(self) -> bytes:
        """Another one after each `note_change`; b"" before the first. Read it before you look: what changes meanwhile
        is seen the next time."""
        try:
            with open(f"{self.root}/{SHARED}/{_CHANGE}", "rb") as file:  # noqa: PTH123 (a Path takes longer)
                return file.read()
        except OSError:
            return b""

    def use(self, video_id: str) -> None:
        """Note that a video is worked with now. Called often: it is written once in ten minutes."""
        now = time.monotonic()
        if now - self._uses.get(video_id, -_USE_EVERY_S) < _USE_EVERY_S:
            return
        self._uses[video_id] = now
        mark = self.path(video_id, USED)
        with contextlib.suppress(OSError):  # of a video that has nothing here, or on a disk that cannot be written
            mark.touch()

    def used_ns(self, video_id: str) -> int:
        """When a video was worked with last, ns; before that was noted, when something was kept about it."""
        return self.mtime_ns(video_id, USED) or self.mtime_ns(video_id, "")

    def has(self, video_id: str, name: str) -> bool:
        return self.path(video_id, name).is_file()

    def write(self, video_id: str, name: str, data: bytes) -> Path:
        """Write a small file in one step."""
        with self._whole(video_id, name) as partial:
            partial.write_bytes(data)
        return self.path(video_id, name)

    def save_array(self, video_id: str, name: str, array: NDArray[Any]) -> None:
        """Write one array as .npy."""
        with self._whole(video_id, name) as partial:
            np.save(partial, array, allow_pickle=False)

    def save_arrays(self, video_id: str, name: str, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Write several arrays as one .npz."""
        with self._whole(video_id, name) as partial, partial.open("wb") as file:
            np.savez(file, **arrays)  # type: ignore[arg-type]  # its own keyword allow_pickle is no name of ours

    @contextmanager
    def _whole(self, video_id: str, name: str) -> Iterator[Path]:
        """A file to write, which takes its name once it is whole; where that fails, nothing of it stays."""
        target = self.path(video_id, name)
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = temp_path(target)
        try:
            yield partial
            files.replace(partial, target)
        finally:
            files.remove(partial)

    def load_array(self, video_id: str, name: str) -> NDArray[Any] | None:
        """The array, memory-mapped where it can be replaced all the same; None when it is missing or damaged (then it
        is built again).

        What is written to it stays in memory, as in any other array.
        """
        # a str: NumPy would resolve a Path link by link
        path = str(self.path(video_id, name))
        return _read(lambda: np.load(path, _MODE, allow_pickle=False))

    def load_arrays(self, video_id: str, name: str, *wanted: str) -> dict[str, NDArray[Any]] | None:
        """Some of the arrays of one .npz; None when it is missing or damaged, or lacks one of them."""

        def arrays() -> dict[str, NDArray[Any]]:
            # opened here: NumPy leaves a damaged file open
            with self.path(video_id, name).open("rb") as opened, np.load(opened, allow_pickle=False) as file:
                return {key: file[key] for key in wanted}

        return _read(arrays)

    def save_blobs(self, video_id: str, name: str, blobs: Sequence[bytes], times_us: NDArray[np.int64]) -> None:
        """Many small pictures with their times, in two files."""
        ends = np.cumsum([len(blob) for blob in blobs], dtype=np.int64)
        self.write(video_id, f"{name}.bin", b"".join(blobs))
        self.save_array(video_id, f"{name}.npy", np.stack([np.asarray(times_us, np.int64), ends]))

    def blob_near(self, video_id: str, name: str, time_us: int) -> bytes | None:
        """The picture whose time is nearest; None when there are none."""
        table = self.load_array(video_id, f"{name}.npy")
        if table is None or table.shape[1] == 0:
            return None
        nearest = int(np.abs(table[0] - time_us).argmin())
        start, end = int(table[1][nearest - 1]) if nearest else 0, int(table[1][nearest])
        try:
            with self.path(video_id, f"{name}.bin").open("rb") as file:
                file.seek(start)
                return file.read(end - start)
        except OSError:
            return None

    def tidy(self, video_id: str = "") -> int:
        """Remove what was never finished and never will be, of one video or of all; returns how many files."""
        if video_id:
            return remove_stale(self.folder(video_id))
        return sum(remove_stale(folder) for folder in self.root.iterdir() if folder.is_dir())

    def videos(self) -> set[str]:
        """The ids of the videos that something is kept about."""
        return {folder.name for folder in self.root.iterdir() if folder.is_dir() and folder.name != SHARED}

    def drop(self, video_id: str) -> None:
        """Remove everything derived from a video."""
        files.remove_tree(self.folder(video_id))
        self.note_change()


def _read(load: Callable[[], T]) -> T | None:
    """What a file holds; None where it is missing or damaged."""
    for _ in range(_TRIES):
        try:
            return load()
        except SystemError:  # Python 3.11 may fail where several threads read headers at once (gh-106905)
            continue
        except (OSError, ValueError, EOFError, KeyError, TypeError, BadZipFile):
            return None
    return None


def _checked(video_id: str) -> str:
    if not video_id.replace("-", "").replace("_", "").isalnum():
        raise ValueError(f"not a video id: {video_id!r}")
    return video_id
