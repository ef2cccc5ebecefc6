"""What is known of the files of all videos, so that no page has to look at them: whether each is where it was, and
whether what search needs was made of it."""

import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from studio.errors import StudioError
from studio.service.jobs.jobs import Jobs
from studio.service.videos import files
from studio.service.videos.media_cache import MediaCache
from studio.store import Store, jobs, video_list, videos

Row = dict[str, Any]
AT_ONCE = 200  # videos that are looked at before the others get a turn
EVERY_S = 600.0  # between two looks at all
log = logging.getLogger(__name__)


class FileCheck:
    """Looks at files, and keeps what it saw with the videos. A studio that serves looks at all when it starts, and when
    its encoder changes, and now and then, while it answers; elsewhere they are looked at when somebody asks."""

    def __init__(self, store: Store, media: MediaCache, work: Jobs) -> None:
        self._store, self._media, self._jobs = store, media, work
        self._thread: threading.Thread | None = None
        self._closing, self._wanted = threading.Event(), threading.Event()
        self._encoder = ""

    def start(self, first: Callable[[], object]) -> None:
        """Look at all videos from now on, in the background; `first` is done before that. What was never prepared, or
        is no longer there, is queued."""
        self._encoder = self._media.encoder
        self._thread = threading.Thread(target=self._run, args=(first,), name="file-check", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop looking."""
        self._closing.set()
        self._wanted.set()
        if self._thread:
            self._thread.join()

    @property
    def encoder(self) -> str:
        """The key of the library's encoder."""
        return self._media.encoder

    def counts(self) -> video_list.Counts:
        """Of the library, as far as its files were looked at."""
        encoder = self._media.encoder
        if self._thread is None:
            self.look(self._store.read(videos.listed), encoder)
        elif encoder != self._encoder:
            self._encoder = encoder
            self._wanted.set()
        return self._store.read(lambda db: video_list.counts(db, encoder))

    def look(self, rows: Iterable[Row], encoder: str | None = None) -> list[Row]:
        """The rows of some videos as their files are now; what is another than it was known is kept."""
        encoder = encoder or self._media.encoder
        seen = [(row, not files.is_there(row["path"]), self._indexed(row, encoder)) for row in rows]
        changed = [
            (row["id"], row["path"], lost, indexed)
            for row, lost, indexed in seen
            if (row["lost"], row["indexed"]) != (lost, indexed)
        ]
        if changed and not self._store.read_only:
            self._store.write(lambda db: video_list.look(db, changed))
        return [{**row, "lost": lost, "indexed": indexed} for row, lost, indexed in seen]

    def look_at(self, video_id: str) -> None:
        """Look at one video, of which something was made; one that has gone meanwhile is no matter."""
        self.look(self._store.read(lambda db: videos.with_ids(db, [video_id])))

    def prepare_missing(self, rows: Iterable[Row]) -> None:
        """Queue again what indexing had made and is no longer there. What failed or was cancelled stays so, and so does
        what was removed to make room."""
        if self._jobs.dispatcher is None or self._store.read_only:
            return
        encoder = self._media.encoder
        missing = [row for row in rows if not row["lost"] and not self._media.is_prepared(row, encoder)]
        ids = [row["id"] for row in missing]
        states = self._store.read(lambda db: jobs.latest_states(db, "index", ids)) if ids else {}
        for row in missing:
            if states.get(row["id"]) == "done" and not self._media.was_cleaned(row):
                self._jobs.prepare(row)

    def _indexed(self, row: Row, encoder: str) -> str:
        if not self._media.is_indexed(row, encoder):
            return ""
        return encoder if videos.has_pictures(row) else video_list.SOUND

    def _run(self, first: Callable[[], object]) -> None:
        started = False
        while not self._closing.is_set():
            try:
                if started:
                    self.prepare_missing([row for part in self._parts() for row in part if not row["indexed"]])
                else:
                    first()
                    self._prepare_new()
                    started = True
            except StudioError as error:  # a full or locked database: the next look will do
                log.warning("files wait to be looked at: %s", error)
            except Exception:  # an error now is no reason to look no more
                log.exception("files could not be looked at")
            self._wanted.wait(EVERY_S)
            self._wanted.clear()

    def _prepare_new(self) -> None:
        """Queue what the command line added, or an earlier start did not finish."""
        for part in self._parts():
            wanted = [row for row in part if not row["lost"] and not self._media.was_cleaned(row)]
            if wanted:
                self._jobs.prepare(*wanted)

    def _parts(self) -> Iterator[list[Row]]:
        ids = [row["id"] for row in self._store.read(videos.listed)]
        for start in range(0, len(ids), AT_ONCE):
            if self._closing.is_set():
                return
            part = ids[start : start + AT_ONCE]  # read when it is looked at: files move while others are
            yield self.look(self._store.read(lambda db, part=part: videos.with_ids(db, part)))  # type: ignore[misc]
