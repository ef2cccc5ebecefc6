"""How much of the disk the cache takes, by video and by kind of file.

A folder is read again only after something was added to it, replaced in it or removed from it, which its own time says:
a library of twenty thousand videos is twenty thousand questions then, and not a quarter of a million.
"""

import contextlib
import json
import os
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from studio.index.cache import CLEANED, FINDINGS, SHARED, SOUND_STATISTICS, TEXT_VECTORS, USED, Cache
from studio.index.feature_store import file_name
from studio.platform import files

Kind = Literal["proxies", "thumbnails", "sound", "faces", "findings", "other"]
_NAMES: dict[str, Kind] = {
    "proxy.mp4": "proxies", "waveform.npy": "sound", "sound.npy": "sound", "spectrogram.npy": "sound",
}  # fmt: skip
_BEGINNINGS: dict[str, Kind] = {
    "thumbnails.": "thumbnails",
    "poster-": "thumbnails",
    "faces-": "faces",
    SOUND_STATISTICS: "sound",
    FINDINGS: "findings",
    TEXT_VECTORS: "findings",
}
_FEATURES = "frames-"
_RECENT_NS = 2_000_000_000  # what was written in this time before it was read may be written again at the same time
_FILE = "usage.json"


def kind_of(name: str) -> str:
    """What a file in a video's folder is: a `Kind`, or, of features, how the names of those of its encoder begin."""
    if name.startswith(_FEATURES):
        return name.rsplit(".", 2)[0] if name.endswith(".npy") else name.rsplit(".", 1)[0]
    found = _NAMES.get(name) or next((kind for start, kind in _BEGINNINGS.items() if name.startswith(start)), None)
    return found or "other"


def features_kind(encoder: str) -> str:
    """What `kind_of` says of the features of an encoder."""
    return file_name(encoder)


@dataclass(slots=True)
class FolderUsage:
    """Bytes by kind of what is in a folder that had the time `mtime_ns` when it was read, 0: read it again."""

    mtime_ns: int
    kinds: dict[str, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        return sum(self.kinds.values())


class CacheUsage:
    """What a cache takes; `measure` brings it up to date. What was measured is kept in the cache itself."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache
        self.videos: dict[str, FolderUsage] = {}
        self.shared: dict[str, int] = {}  # of the folder that is about no single video, by name of the file
        with contextlib.suppress(OSError, ValueError, TypeError, AttributeError):
            known = json.loads(cache.path(SHARED, _FILE).read_bytes())
            self.videos = {video: FolderUsage(at, dict(kinds)) for video, (at, kinds) in known.items()}

    def measure(self, stopped: Callable[[], bool] = lambda: False) -> None:
        """Look what changed since. Ends early where that is asked for."""
        before = self.videos
        found: dict[str, FolderUsage] = {}
        changed = False
        for entry in _folders(self._cache.root):
            if stopped():
                return
            if entry.name == SHARED:
                self.shared = {file.name: size for file, size in _files(entry.path) if file.name != _FILE}
                continue
            known = before.get(entry.name)
            try:
                written = entry.stat().st_mtime_ns
            except OSError:  # it went just now
                continue
            if known is None or known.mtime_ns != written:
                known, changed = _read(entry.path, written), True
            found[entry.name] = known
        self.videos = found
        if changed or before.keys() - found.keys():
            kept = {video: [each.mtime_ns, each.kinds] for video, each in found.items()}
            with contextlib.suppress(OSError):  # it is measured again
                self._cache.write(SHARED, _FILE, json.dumps(kept).encode())

    @property
    def total(self) -> int:
        """All bytes of it."""
        return sum(each.total for each in self.videos.values()) + sum(self.shared.values())

    def least_recent(self, videos: Iterable[str]) -> list[tuple[int, str]]:
        """When each of the videos was used last, ns, and its id: the least recently used first."""
        return sorted((self._cache.used_ns(video), video) for video in videos)


def _folders(root: Path) -> Iterator[os.DirEntry[str]]:
    with contextlib.suppress(OSError), os.scandir(root) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield entry


def _files(folder: str) -> Iterator[tuple[os.DirEntry[str], int]]:
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            with contextlib.suppress(OSError):  # it went just now
                if entry.is_file(follow_symlinks=False):
                    yield entry, entry.stat(follow_symlinks=False).st_size


def _read(folder: str, written: int) -> FolderUsage:
    kinds: dict[str, int] = {}
    for entry, size in _files(folder):
        kind = kind_of(entry.name)
        kinds[kind] = kinds.get(kind, 0) + size
    settled = time.time_ns() - written > _RECENT_NS
    return FolderUsage(written if settled else 0, kinds)


def clean(cache: Cache, video_id: str, kinds: Iterable[str]) -> int:
    """Remove the files of these kinds of a video, and note that they are to be made again only once it is opened;
    returns how many bytes that were. What a program has open stays."""
    wanted, freed = set(kinds), 0
    # the mark comes first: what is gone without it would be made again at the next start
    with contextlib.suppress(OSError):
        cache.write(video_id, CLEANED, b"")
    for entry, size in list(_files(str(cache.folder(video_id)))):
        if kind_of(entry.name) in wanted and entry.name not in (USED, CLEANED):
            with contextlib.suppress(OSError):
                freed += size if files.remove_if_free(Path(entry.path)) else 0
    cache.note_change()
    return freed
