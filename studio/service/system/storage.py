"""What a library takes of the disk, by kind and by video; and room that is made by removing what can be made again.

Only files of the cache are ever removed, and only those of `CLEANABLE`: annotations, transcripts, uploads, models and
backups are not among them. What was removed of a video is made again once somebody opens it.
"""

import contextlib
import logging
import os
import shutil
import threading
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from studio.config import GIB, Settings
from studio.errors import StudioError, UsageError
from studio.index import Cache, CacheUsage, FeatureStore, clean, delete_everywhere, features_kind
from studio.service.accounts.rights import OWNER, Actor, need, why_not
from studio.service.encoders import Encoders
from studio.store import Store, preferences, videos, work

Row = dict[str, Any]
MAKE_ROOM = "limit the cache, and make room in it"
RECENT_S = 3600.0  # what was used within this time is not removed
LOOK_EVERY_S = 600.0  # whether the cache outgrew its limit
FRESH_S = 30.0
LARGEST = 10
FEATURES, OLD_FEATURES = "features", "old_features"
TITLES = {
    "proxies": "Copies that browsers play", "thumbnails": "Thumbnails", "sound": "Sound pictures",
    "faces": "Faces", "findings": "Words and people, to teach labels", OLD_FEATURES: "Features of other models",
    FEATURES: "Features", "other": "Times of frames",
    "index": "Search index", "map": "Map", "uploads": "Uploads", "trash": "Removed uploads", "models": "Models",
    "database": "Database", "backups": "Copies of the database", "rest": "All else",
}  # fmt: skip
LOST = {
    "proxies": "Such a video plays again once its copy is made again, when it is opened.",
    "thumbnails": "Pictures are decoded when they are asked for, and made again when the video is opened.",
    "sound": "Drawn again when the video is opened; sound alone is not found by search meanwhile.",
    "faces": "Faces are looked for again by the next task that needs them.",
    "findings": "Made again when a label is taught; where much is said that takes longer.",
    OLD_FEATURES: "Going back to such a model would index all videos anew.",
    FEATURES: "Search and grounding need them: these videos are not found until they are opened, and indexed again.",
}
CLEANABLE = tuple(LOST)
BY_ITSELF = tuple(kind for kind in CLEANABLE if kind != FEATURES)  # what a limit removes: search goes on
log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Plan:
    """What is removed, by video: the kinds as `CacheUsage` has them, and their bytes."""

    videos: dict[str, dict[str, int]] = field(default_factory=dict)
    used: dict[str, int] = field(default_factory=dict)  # ns
    by_kind: dict[str, int] = field(default_factory=dict)

    @property
    def bytes(self) -> int:
        return sum(sum(kinds.values()) for kinds in self.videos.values())


class Storage:
    """The disk of one library. In a studio that serves, a thread measures it and keeps the limit."""

    def __init__(self, store: Store, settings: Settings, cache: Cache, encoders: Encoders) -> None:
        self._store, self._settings, self._cache, self._encoders = store, settings, cache, encoders
        self._usage = CacheUsage(cache)
        self._measuring = threading.Lock()
        self._measured = -FRESH_S  # when, on the monotonic clock
        self._counted = ""
        self._beside: dict[str, int] = {}
        self._cleaning: Row | None = None
        self._wake, self._closing = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Measure in the background from now on, and keep the limit."""
        self._thread = threading.Thread(target=self._run, name="storage", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop that."""
        self._closing.set()
        self._wake.set()
        if self._thread:
            self._thread.join()

    def _run(self) -> None:
        while not self._closing.is_set():
            try:
                self.measure()
                self._keep_limit()
            except Exception:  # counting matters less than going on
                log.exception("the disk could not be measured")
            self._wake.wait(LOOK_EVERY_S)
            self._wake.clear()

    def measure(self) -> None:
        """Count now; quick where little changed."""
        with self._measuring:
            self._usage.measure(self._closing.is_set)
            self._beside = _beside(self._settings)
            self._measured = time.monotonic()
            self._counted = datetime.now(UTC).isoformat(timespec="seconds")

    # ------------------------------------------------------------------ what is held

    def state(self, by: Actor = OWNER) -> Row:
        """`kinds` with their `bytes` (those of the cache first), the `largest` videos, the `cache` as a whole with its
        `limit` (0: none), the disks' `free` and `total`, and when it was `counted` ("": it is being counted). Where a
        thread measures, it answers at once with what is known, and has it measured anew."""
        if self._thread is None:
            self.measure()
        elif time.monotonic() - self._measured > FRESH_S:
            self._wake.set()
        usage, encoder = self._usage, self._encoders.key()
        kept = dict(usage.videos)
        first = sorted(kept, key=lambda video: -kept[video].total)[: 2 * LARGEST]
        names, limit = self._store.read(lambda db: (videos.names(db, first), _limit(db)))
        sums = dict.fromkeys(TITLES, 0) | self._beside
        for each in kept.values():
            for kind, size in each.kinds.items():
                sums[_shown(kind, encoder)] += size
        for name, size in usage.shared.items():
            sums["map" if name.startswith("map-") else "index"] += size
        home, cache_disk = shutil.disk_usage(self._settings.home), shutil.disk_usage(self._cache.root)
        return {
            "kinds": [
                {"kind": kind, "title": title, "bytes": sums[kind], "lost": LOST.get(kind, "")}
                for kind, title in TITLES.items()
            ],
            "largest": [
                {"id": video, "name": names[video], "bytes": kept[video].total,
                 "used": _moment(self._cache.used_ns(video))}
                for video in [video for video in first if video in names][:LARGEST]
            ],
            "cache": {
                "bytes": usage.total, "limit": limit, "free": cache_disk.free,
                "apart": self._cache.root.parent != self._settings.home,
            },
            "free": home.free,
            "total": home.total,
            "counted": self._counted,
            "cleaning": self._cleaning,
            "fixed": "" if by.admin else why_not(MAKE_ROOM),
        }  # fmt: skip

    # ------------------------------------------------------------------ making room

    def set_limit(self, size: int, by: Actor = OWNER) -> None:
        """Keep the cache under so many bytes, by removing what was used least recently; 0: no limit. What search needs
        is not removed by itself. Raises UsageError, PermissionDenied."""
        need(by, MAKE_ROOM)
        if size < 0 or 0 < size < GIB // 10:
            raise UsageError("A limit of the cache is at least 0.1 GiB; 0 is none.")
        self._store.write(lambda db: preferences.choose(db, preferences.CACHE_LIMIT, str(size) if size else ""))
        self._wake.set()

    def preview(self, to: int = 0, kinds: Collection[str] = BY_ITSELF) -> Row:
        """What `clean` would remove: `bytes`, of how many `videos`, `by_kind`, and what is `lost` by that, a sentence a
        kind. Raises UsageError."""
        plan = self._plan(to, kinds)
        return {
            "bytes": plan.bytes,
            "videos": len(plan.videos),
            "by_kind": plan.by_kind,
            "lost": [f"{TITLES[kind]}: {LOST[kind]}" for kind in plan.by_kind],
        }

    def clean(self, to: int = 0, kinds: Collection[str] = BY_ITSELF, by: Actor = OWNER) -> Row:
        """Remove files of these kinds until the cache takes `to` bytes, those of the videos that were used least
        recently first; returns `bytes` and `videos`. What was used within an hour, and what a job works on, stays.

        Raises UsageError, PermissionDenied; OSError, StoreError where it broke off.
        """
        need(by, MAKE_ROOM)
        return self._clean(self._plan(to, kinds))

    def start_cleaning(self, to: int = 0, kinds: Collection[str] = BY_ITSELF, by: Actor = OWNER) -> None:
        """The same in the background; `state` says how far it is (`cleaning`)."""
        need(by, MAKE_ROOM)
        if self._cleaning and self._cleaning["running"]:
            raise UsageError("The cache is being cleaned already; wait until that is done.")
        plan = self._plan(to, kinds)
        self._cleaning = {"running": True, "done": 0, "of": len(plan.videos), "bytes": 0}
        threading.Thread(target=self._clean_behind, args=(plan,), name="clean-cache", daemon=True).start()

    def _keep_limit(self) -> None:
        limit = self._store.read(_limit)
        if limit and self._usage.total > limit:
            self._clean(self._plan(limit, BY_ITSELF))

    def _plan(self, to: int, kinds: Collection[str]) -> _Plan:
        unknown = sorted(set(kinds) - set(CLEANABLE))
        if unknown or not kinds:
            raise UsageError(f"What can be removed is: {', '.join(CLEANABLE)}.")
        self.measure()
        usage, mine = self._usage, self._encoders.key()
        coming = features_kind(self._encoders.coming_key())
        busy = {row["video_id"] for row in self._store.read(lambda db: work.running(db, 1_000))}
        recent = time.time_ns() - int(RECENT_S * 1e9)
        plan, left = _Plan(), usage.total
        # what search needs goes last, whenever it was used
        for each in [tuple(kind for kind in kinds if kind != FEATURES), *([(FEATURES,)] if FEATURES in kinds else [])]:
            for used, video in usage.least_recent(usage.videos) if each else ():
                if left <= to:
                    break
                if used > recent or video in busy:
                    continue
                found = {
                    kind: size
                    for kind, size in usage.videos[video].kinds.items()
                    if size and _shown(kind, mine) in each and kind != coming
                }
                if not found:
                    continue
                plan.videos.setdefault(video, {}).update(found)
                plan.used[video] = used
                left -= sum(found.values())
                for kind, size in found.items():
                    shown = _shown(kind, mine)
                    plan.by_kind[shown] = plan.by_kind.get(shown, 0) + size
        return plan

    def _clean_behind(self, plan: _Plan) -> None:
        try:
            self._clean(plan)
        except (StudioError, OSError):
            log.exception("the cache could not be cleaned")

    def _clean(self, plan: _Plan) -> Row:
        freed = cleaned = 0
        unsearchable: list[str] = []
        mine, features = features_kind(self._encoders.key()), FeatureStore(self._cache)
        try:
            for number, (video, kinds) in enumerate(plan.videos.items(), 1):
                if self._closing.is_set():
                    break
                if self._cache.used_ns(video) != plan.used[video]:
                    continue  # somebody opened it since
                freed += clean(self._cache, video, kinds)
                cleaned += 1
                if mine in kinds:
                    unsearchable.append(video)
                if self._cleaning:
                    self._cleaning |= {"done": number, "bytes": freed}
            self.measure()
        finally:
            delete_everywhere(features, unsearchable, self._settings.vectors)
            if self._cleaning:
                self._cleaning |= {"running": False}
        if freed:
            log.info("the cache was cleaned: %d bytes of %d videos", freed, cleaned)
        return {"bytes": freed, "videos": cleaned}


def _limit(db: Any) -> int:
    text = preferences.text(db, preferences.CACHE_LIMIT)
    return int(text) if text.isdecimal() else 0


def _shown(kind: str, encoder: str) -> str:
    """The kind that people read, of one of `CacheUsage`."""
    if kind in TITLES:
        return kind
    return FEATURES if kind == features_kind(encoder) else OLD_FEATURES


def _moment(ns: int) -> str:
    return datetime.fromtimestamp(ns / 1e9, UTC).isoformat(timespec="seconds") if ns else ""


def _beside(settings: Settings) -> dict[str, int]:
    """Bytes of what a library has beside its cache."""
    home = settings.home
    database = [home / f"{settings.database.name}{end}" for end in ("", "-wal", "-shm")]
    copies = [*home.glob("studio-before-*"), *home.glob("studio-replaced-*")]
    found = {
        "uploads": _size(settings.uploads), "trash": _size(settings.trash), "models": _size(settings.models),
        "database": sum(map(_size, database)), "backups": sum(map(_size, copies)),
    }  # fmt: skip
    counted = {settings.uploads, settings.trash, settings.models, settings.cache, *database, *copies}
    return {**found, "rest": sum(_size(path) for path in home.iterdir() if path not in counted)}


def _size(path: Path) -> int:
    """Of a file, or of all in a folder; links are not followed."""
    try:
        if path.is_symlink() or not path.is_dir():
            return path.lstat().st_size
    except OSError:  # it is not there
        return 0
    return sum(_sizes(str(path)))


def _sizes(folder: str) -> Iterator[int]:
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            with contextlib.suppress(OSError):
                if entry.is_dir(follow_symlinks=False):
                    yield from _sizes(entry.path)
                else:
                    yield entry.stat(follow_symlinks=False).st_size


def parse_size(text: str) -> int:
    """Bytes, of a number with a unit: “5GB”, “500 MiB”, “0”. Raises UsageError."""
    number = text.strip().rstrip("BbiKMGTkmgt ")
    unit = text.strip()[len(number) :].strip().lower()
    try:
        value = float(number)
    except ValueError:
        value = -1.0
    if not 0 <= value < 1e9 or unit not in _UNITS:
        raise UsageError(f"“{text}” is no size; write it like 5GB or 500MiB.")
    return round(value * _UNITS[unit])


_UNITS: dict[str, int] = {"": 1, "b": 1} | {
    f"{letter}{end}": base**power for power, letter in enumerate("kmgt", 1) for end, base in (("b", 1000), ("ib", 1024))
}
