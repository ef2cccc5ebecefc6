"""The encoder that a library is searched with, and the change to another one.

A library that changes its encoder is indexed anew in the background, and answers from the old index until the new one
is complete. Embeddings of each encoder stay, so that going back costs nothing.
"""

import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import psutil

from studio import tasks
from studio.config import Settings
from studio.errors import ModelUnavailable, UsageError
from studio.index import FeatureStore
from studio.service import serializers
from studio.service.accounts.rights import OWNER, Actor, need
from studio.store import Store, jobs, preferences, video_list, videos

Row = dict[str, Any]
EMBED = "embed"  # the kind of job that indexes for an encoder to come
COUNT_S = 5.0  # how long a count of files is good while jobs make more of them


@dataclass(frozen=True, slots=True)
class _Counted:
    """What was seen of a change to the encoder with a `key` at a time (s): the ids of all `videos`, of those that are
    `lacking`, and of those that `failed`. `stamp` is another one where videos or jobs are others."""

    key: str
    at: float
    stamp: object
    videos: frozenset[str]
    lacking: frozenset[str]
    failed: frozenset[str]


class Encoders:
    """Which encoder a library has, and which it will have."""

    def __init__(self, store: Store, settings: Settings, features: FeatureStore) -> None:
        self._store, self._settings, self._features = store, settings, features
        self._lock = threading.Lock()
        self._counted: _Counted | None = None

    def chosen(self) -> str | None:
        """The name of the library's encoder, None for the embedded default. One that was chosen and is no longer on
        this machine does not count: `status` says so."""
        name = self._store.read(lambda db: preferences.text(db, preferences.ENCODER))
        return name if name and self._is_here(name) else None

    def key(self) -> str:
        """The key of the library's embeddings."""
        return tasks.key_of(self._settings, self.chosen())

    def use(self, name: str, by: Actor = OWNER) -> Row:
        """Make an encoder the library's: at once where every video is indexed with it, else when that is done. Returns
        `status`. Raises UsageError, ModelUnavailable, PermissionDenied."""
        need(by, "choose the model that the library is searched with")
        known = tasks.engines(self._settings, installed=False, task="text_video")
        if name not in known:
            raise UsageError(f"There is no encoder “{name}”; choose one of {', '.join(known)}.")
        if not self._is_here(name):
            raise ModelUnavailable(f"{name} is not on this machine yet; get it first on the Models page.")
        self._cancel()
        wanted = "" if name == known[0] else name
        if wanted == (self.chosen() or ""):
            self._choose(wanted)
        else:
            self._store.write(lambda db: preferences.choose(db, preferences.NEXT_ENCODER, name))
            self.queue()
            self.advance()
        return self.status()

    def stop(self, by: Actor = OWNER) -> None:
        """Give up a change that is under way; what was indexed stays."""
        need(by, "choose the model that the library is searched with")
        self._cancel()

    def coming(self) -> str:
        """The encoder that the library is being indexed with; empty where there is no change under way."""
        name = self._store.read(lambda db: preferences.text(db, preferences.NEXT_ENCODER))
        return name if name and self._is_here(name) else ""

    def coming_key(self) -> str:
        """The key of its embeddings; empty where there is none."""
        name = self.coming()
        return tasks.key_of(self._settings, name) if name else ""

    def lacking(self, name: str, video_id: str = "") -> list[Row]:
        """The videos that an encoder has not seen, or the one of an id if it has not."""
        rows = self._store.read(lambda db: videos.with_ids(db, [video_id]) if video_id else videos.listed(db))
        missing = self._missing(
            (row["id"] for row in rows if videos.has_pictures(row)), tasks.key_of(self._settings, name)
        )
        return [row for row in rows if row["id"] in missing]

    def _missing(self, ids: Iterable[str], key: str) -> frozenset[str]:
        """Those of some videos that lack the features of an encoder: a look at two files of each."""
        return frozenset(each for each in ids if not self._features.has(each, key))

    def _count(self, name: str) -> _Counted:
        """How far the change to an encoder is. A page asks again and again, so while jobs go on an answer is good for
        COUNT_S, and after that until videos or jobs are others. Files of all videos are looked at once: then of those
        that came since, and of those that are lacking and for which nothing waits or runs any more."""

        def read(db: Any) -> tuple[object, bool]:
            states = jobs.counts(db, EMBED)
            return (videos.stamp(db), states), any(state in jobs.ACTIVE for state in states)

        key = tasks.key_of(self._settings, name)
        stamp, active = self._store.read(read)
        known = self._counted if self._counted and self._counted.key == key else None
        if known and active and time.monotonic() - known.at < COUNT_S:
            return known
        if known and not active and known.stamp == stamp:  # the command line may have indexed one of them
            return replace(known, lacking=self._missing(known.lacking, key))
        rows, states = self._store.read(lambda db: (videos.sizes(db), jobs.latest_states(db, EMBED)))
        ids = frozenset(row["id"] for row in rows if videos.has_pictures(row))
        before = known.lacking & ids if known else frozenset()
        waiting = frozenset(each for each in before if states.get(each) in jobs.ACTIVE)
        new = ids - known.videos if known else ids
        lacking = waiting | self._missing(new | (before - waiting), key)
        failed = frozenset(video for video, state in states.items() if state in ("failed", "cancelled"))
        self._counted = _Counted(key, time.monotonic(), stamp, ids, lacking, failed)
        return self._counted

    def queue(self, again: bool = False, video_id: str = "") -> int:
        """Queue what is missing for the encoder to come, of all videos or of one, for the studio that runs or the next
        one that does; returns how many. What failed before is queued only `again`."""
        name = self.coming()
        if not name:
            return 0
        rows = self.lacking(name, video_id)

        def work(db: Any, part: Sequence[Row]) -> int:
            if preferences.text(db, preferences.NEXT_ENCODER) != name:
                return 0  # it was stopped, or changed, meanwhile
            states = {} if again else jobs.latest_states(db, EMBED, [row["id"] for row in part])
            wanted = [row for row in part if states.get(row["id"]) != "failed"]
            for row in wanted:
                params = {"encoder": name, "video": serializers.job_video(row)}
                jobs.insert(db, EMBED, row["id"], params, limit=None, later=True)
            return len(wanted)

        return sum(self._store.write(partial(work, part=part)) for part in jobs.in_parts(rows))

    def give_up(self, video_id: str, error: str) -> None:
        """A video cannot be indexed with the encoder to come, as somebody just saw: what waits for it has failed."""
        self._store.write(lambda db: jobs.settle(db, EMBED, video_id, error))

    def advance(self, without_failed: bool = False) -> bool:
        """Change to the encoder to come if every video is indexed with it, or every one that can be; says whether."""
        with self._lock:
            name = self.coming()
            if not name or self._store.read_only:
                return False
            if self._count(name).lacking:
                if not without_failed or self._active():
                    return False
            elif self.lacking(name):  # what was counted has gone since
                self._counted = None
                return False
            return self._choose("" if name == tasks.engines(self._settings, task="text_video")[0] else name, after=name)

    def finish_without(self, by: Actor = OWNER) -> Row:
        """Change although some videos could not be indexed with it. Raises UsageError while others still may be."""
        need(by, "choose the model that the library is searched with")
        if not self.advance(without_failed=True) and self.coming():
            raise UsageError("The other videos are still being indexed; wait until that is done.")
        return self.status()

    def status(self) -> Row:
        """`encoder` of the library; `next` where it changes, with how many videos are `ready` of how many (`of`), and
        the names of those that `failed`; `gone`, the encoder that was chosen and is no longer here; `replaced` where
        it is another version than the library was indexed with, with how many videos are `ready` of how many."""
        self.advance()
        names = tasks.engines(self._settings, task="text_video")
        chosen = self._store.read(lambda db: preferences.text(db, preferences.ENCODER))
        name = self.coming()
        found: Row = {
            "encoder": self.chosen() or names[0],
            "gone": chosen if chosen and not self._is_here(chosen) else "",
            "next": name,
        }
        if name:
            known = self._count(name)
            failed = self._store.read(lambda db: videos.with_ids(db, known.lacking & known.failed))
            found |= {
                "ready": len(known.videos) - len(known.lacking),
                "of": len(known.videos),
                "failed": [row["name"] for row in failed],
            }
        elif not found["gone"]:
            found |= self._replaced()
        return found

    def _replaced(self) -> Row:
        """What `status` says where other files took the place of the encoder's. The old embeddings answer nothing any
        more, since words are embedded with the new ones: the library is indexed anew, as far as that is possible."""
        key = self.key()

        def read(db: Any) -> tuple[str, video_list.Counts, bool]:
            active = any(state in jobs.ACTIVE for state in jobs.counts(db, "index"))
            return preferences.text(db, preferences.ENCODER_KEY), video_list.counts(db, key), active

        before, counts, active = self._store.read(read)
        if before == key:
            return {}
        of = counts.videos + counts.sounds
        is_same_model = before.partition("@")[0] == key.partition("@")[0]
        if is_same_model and counts.searchable < of and (active or not counts.searchable):
            return {"replaced": True, "ready": counts.searchable, "of": of}
        if not self._store.read_only:
            self._store.write(lambda db: preferences.choose(db, preferences.ENCODER_KEY, key))
        return {}

    def may_see_better(self, by: Actor = OWNER) -> bool:
        """Whether the Library should say that there are better models: to somebody who may get one, where this machine
        has a network, nobody got one yet, and nobody put the line away. Asks nobody on the network."""
        if not by.admin or self._store.read(lambda db: preferences.is_on(db, preferences.GALLERY_SEEN)):
            return False
        return len(tasks.engines(self._settings, task="text_video")) == 1 and has_network()

    def put_line_away(self, by: Actor = OWNER) -> None:
        """Say no more that there are better models."""
        need(by, "put this line away")
        self._store.write(lambda db: preferences.switch(db, preferences.GALLERY_SEEN, True))

    def _is_here(self, name: str) -> bool:
        return name in tasks.engines(self._settings, task="text_video")

    def _choose(self, name: str, after: str = "") -> bool:
        """Make an encoder the library's; `after` a change to the encoder of that name only if it is still under way:
        somebody may have stopped it, or chosen another, while files were looked at. Says whether."""

        key = tasks.key_of(self._settings, name or None)

        def work(db: Any) -> bool:
            if after and preferences.text(db, preferences.NEXT_ENCODER) != after:
                return False
            if preferences.text(db, preferences.ENCODER) != name:  # of the same one `status` still says what happened
                preferences.choose(db, preferences.ENCODER_KEY, key)
            preferences.choose(db, preferences.ENCODER, name)
            preferences.choose(db, preferences.NEXT_ENCODER, "")
            return True

        return self._store.write(work)

    def _active(self) -> bool:
        return any(state in jobs.ACTIVE for state in self._store.read(lambda db: jobs.counts(db, EMBED)))

    def _cancel(self) -> None:
        """Take back the change that is under way; a job that runs ends with its video."""

        def work(db: Any) -> None:
            preferences.choose(db, preferences.NEXT_ENCODER, "")
            jobs.drop_waiting(db, EMBED)

        self._store.write(work)
        self._counted = None


def has_network() -> bool:
    """Whether this machine has a network interface that is up, beside the one to itself; nothing is sent."""
    loopback = {name for name, found in psutil.net_if_addrs().items() if any(_is_loopback(each) for each in found)}
    return any(each.isup for name, each in psutil.net_if_stats().items() if name not in loopback)


def _is_loopback(address: Any) -> bool:
    return str(address.address).startswith("127.") or address.address == "::1"
