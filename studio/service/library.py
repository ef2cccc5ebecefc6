"""A library of videos and everything one can do with it."""

import functools
import os
import threading
import uuid
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePath
from typing import Any

import numpy as np

from studio import media
from studio.atomic_files import remove_stale
from studio.config import Settings
from studio.errors import JobError, MediaError, NewerSchema, NotFound, NotMedia, Refused, StudioError, UsageError
from studio.index import Cache, FeatureStore, delete_everywhere
from studio.jobs import (
    PROXY,
    REPLACED,
    Dispatcher,
    ExecutionBackend,
    InlineBackend,
    JobMonitor,
    ProcessBackend,
    ReportProgress,
    keep_result,
    queued_kind,
)
from studio.service import copies, files, relink, tracks, trials, views
from studio.service.derived import Derived
from studio.service.documents import Documents
from studio.service.exchange import Exchange
from studio.service.labels import Schema
from studio.service.people import People
from studio.service.presence import Presence
from studio.service.rights import OWNER, TRASH_DAYS, Actor, need
from studio.service.search import Asked, Search
from studio.service.team import Team
from studio.service.trash import Trash
from studio.service.upload_space import UploadSpace
from studio.service.users import Users
from studio.store import Store, annotations, jobs, runs, searches, transcripts, videos
from studio.store.database import to_disk
from studio.timeline import Annotation, Prediction

Row = dict[str, Any]


def _quiet(fraction: float, message: str) -> None:
    """Nobody is watching."""


class Studio:
    """One library.

    With `background` (the app) long work is queued and done by child processes; without (the command line) it is
    done at once by `backend`, by default right here. Close it when done.
    Raises StoreError.
    """

    def __init__(
        self, settings: Settings | None = None, *, background: bool = False, backend: ExecutionBackend | None = None
    ) -> None:
        self.settings = (settings or Settings()).ensure()
        self.store = Store(self.settings.database)
        self.cache = Cache(self.settings.cache)
        self.dispatcher: Dispatcher | None = None
        # answers at once: a search does not wait behind an hour of indexing
        self._interactive = backend or (
            ProcessBackend(self.settings, "worker-interactive") if background else InlineBackend(self.settings)
        )
        self.people = People(self.store, self.settings.limits)
        self.schema = Schema(self.store, self.settings.limits)
        self.presence = Presence()
        self.upload_space = UploadSpace(self.settings.uploads, self.settings.limits)
        self.users = Users(self.store)
        self.team = Team(self.store)
        self.trash = Trash(self.store, self.settings, self.cache, self.is_upload)
        self.derived = Derived(self.settings, self.cache, self.video)
        self.documents = Documents(self.store, self.settings, self.derived, self.video, self._previews)
        self.exchange = Exchange(self.store, self.settings, self.video, self.videos, self.derived.frames)
        self.searching = Search(self.store, self._interactive, self.videos, _facts)
        for row in self.videos():
            media.keep_start(row["path"], row["start_us"])
        if background:
            threading.Thread(target=self._interactive.start, daemon=True).start()
        if background and not self.store.read_only:
            self.trash.empty(TRASH_DAYS)
            self._tidy()
            remove_stale(self.settings.uploads)
            queue = ProcessBackend(self.settings, "worker-jobs")
            self.dispatcher = Dispatcher(self.store, queue, self.settings.limits.job_attempts, self._tidy)
            for row in self.videos():  # what the command line added, or an earlier start did not finish
                self._queue_preparation(row)

    def workers(self) -> list[ProcessBackend]:
        """The processes that work for this studio: the queue's, and the one that answers at once."""
        known = (self.dispatcher.backend if self.dispatcher else None, self._interactive)
        return [worker for worker in known if isinstance(worker, ProcessBackend)]

    def close(self) -> None:
        if self.dispatcher:
            self.dispatcher.close()
        self._interactive.close()
        self.store.close()

    # ------------------------------------------------------------------ videos

    def add(self, path: str | Path, name: str | None = None, *, within: Sequence[Path] = (), by: Actor = OWNER) -> Row:
        """Add one file; it stays where it is. A file that is there already is returned as it is, one that was
        removed with all that was in it, and one that was moved takes its place back.

        Raises MediaError, NotFound, also for a file that is really not in one of the folders `within`.
        """
        file = Path(path).expanduser()
        if not file.exists():
            raise NotFound(f"There is no file “{file.name}” at the path you gave; check its spelling.")
        file = file.resolve()
        if within and not files.lies_in(file, within):  # a link that was laid since the folder was looked through
            raise NotFound("A file leads out of the shared folders and is passed over.")
        try:
            str(file).encode()
        except UnicodeEncodeError:
            shown = os.fsencode(file.name).decode("utf-8", "replace")
            raise NotMedia(f"The name of “{shown}” or of a folder above it is not UTF-8; rename it.") from None
        media.keep_start(file, None)  # another file may be here than before
        probe = media.probe(str(file), self.settings.limits)
        sha256 = files.sha256(file)
        if (moved := relink.moved(self.store, file, sha256)) is not None:
            return moved
        row = {
            "id": uuid.uuid4().hex[:12], "name": name or file.name, "path": str(file), "sha256": sha256,
            "size": probe.size, "start_us": probe.start_us, "duration_us": probe.duration_us,
            "width": probe.width, "height": probe.height,
            "rotation": probe.rotation, "fps": probe.fps, "vfr": int(probe.vfr), "frame_count": probe.frame_count,
            "codec": probe.codec, "audio": probe.audio.codec if probe.audio else None,
            "browser_playable": int(probe.browser_playable), "added_by": by.name, **tracks.facts(probe),
            "sound_track": None, "text_track": None, "text_file": "",
        }  # fmt: skip

        def work(db: Any) -> tuple[Row, bool]:
            kept, replaced = videos.add(db, row)
            return videos.set_facts(db, kept["id"], tracks.facts(probe)), replaced

        kept, replaced = self.store.write(work)
        media.keep_start(file, kept["start_us"])
        if kept["start_us"] != probe.start_us:  # it was added when time 0 was another moment; work refers to that
            probe = media.probe(str(file), self.settings.limits)
        if self.is_upload(kept):
            self.trash.drop_copy(kept)
        if replaced:  # what was derived from the old file is about other frames
            self._stop_jobs(kept["id"])
            self.cache.drop(kept["id"])
            self.cache.write(kept["id"], REPLACED, b"")
        self.cache.save_array(kept["id"], "pts.npy", np.asarray(probe.pts_us, np.int64))
        self._queue_preparation(kept)
        return kept

    def add_all(
        self, paths: Iterable[str | Path], within: Sequence[Path] = (), by: Actor = OWNER
    ) -> tuple[list[Row], list[str]]:
        """Add files and folders (with all below them); returns the videos and one sentence for each that failed."""
        added, problems = [], []
        for path in paths:
            found = files.videos_at(Path(path).expanduser(), within)
            problems += found.problems
            for file in found.files:
                try:
                    added.append(self.add(file, within=within, by=by))
                except (MediaError, NotFound) as error:
                    problems.append(str(error))
        return added, problems

    def add_shared(self, text: str, done: int, most: int, by: Actor = OWNER) -> Row:
        """Add a few of the videos at a path that somebody typed, after `done` of them, at most so many, so that a page
        can show how far it is: `done`, `total`, `added` (how many) and `problems` (sentences).

        Where people log in, only from the shared folders: what else lies on this machine is not theirs to look through.
        Raises UsageError, Refused.
        """
        try:
            path = Path(text.strip().strip("\"'")).expanduser()
            place = path.resolve()
        except (OSError, RuntimeError, ValueError):  # nobody's home, a loop of links, no text for a name
            raise UsageError("This is no path; give the full path of a video or a folder.") from None
        within = self.settings.folders if self.users.required else ()
        if self.users.required and not files.lies_in(place, within):
            raise Refused("Only videos of this studio's shared folders can be added by their path; upload the file.")
        if not str(path).strip(".") or not path.exists():
            raise UsageError(f"There is nothing at “{path.name}”; give the full path of a video or a folder.")
        found = files.videos_at(path, within)
        if not found.files:
            said = " ".join([f"There is no video in the folder “{path.name}”.", *found.problems])
            raise UsageError(said)
        added, problems = self.add_all(found.files[done : done + most], within, by)
        last = min(len(found.files), done + most)
        return {
            "done": last,
            "total": len(found.files),
            "added": len(added),
            "problems": problems + (found.problems if last == len(found.files) else []),
        }

    def keep_upload(self, partial: Path, name: str, by: Actor = OWNER) -> Row:
        """Add a file that came through the browser; its name is only a name, on disk it is called by its content.

        Raises MediaError, StoreError; then the file is gone again.
        """
        label = files.display_name(name)
        suffix = PurePath(label).suffix.lower()
        kept = (
            self.settings.uploads.resolve()
            / f"{files.sha256(partial)}{suffix if suffix in files.SUFFIXES else '.video'}"
        )
        known = kept.exists()
        to_disk(partial)
        partial.replace(kept)
        try:
            return self.add(kept, label, by=by)
        except StudioError as error:
            if not known:
                kept.unlink(missing_ok=True)
            if not isinstance(error, MediaError):
                raise
            raise type(error)(str(error).replace(kept.name, label)) from None

    def _queue_preparation(self, row: Row) -> None:
        """Queue what every video needs once, for the studio that runs or the next one that does. Not bounded: a folder
        of a thousand videos is a thousand of these."""
        wanted = [] if row["browser_playable"] or self.derived.has_proxy(row) else ["proxy"]
        wanted += [] if self.derived.is_prepared(row) else ["index"]
        params = {"video": _facts(row)}
        for kind in wanted:
            self.store.write(functools.partial(jobs.add, kind=kind, video_id=row["id"], params=params, limit=None))
        if self.dispatcher:
            self.dispatcher.wake()

    def prepare_lost(self) -> None:
        """Queue again what indexing had made and is no longer there. What failed or was cancelled stays so."""
        if self.dispatcher is None or self.store.read_only:
            return
        states = self.store.read(lambda db: jobs.latest_states(db, "index"))
        for row in self.videos():
            if states.get(row["id"]) == "done" and not self.derived.is_prepared(row):
                self._queue_preparation(row)

    def videos(self) -> list[Row]:
        return self.store.read(videos.all_of)

    def video(self, video_id: str) -> Row:
        """One video by its id. Pages and programs know no other name: a path of theirs would say what lies on this
        machine.

        Raises NotFound.
        """
        return self.store.read(lambda db: videos.get(db, video_id))

    def resolve(self, ref: str) -> Row:
        """One video as a person at this machine names it: by id, by path, or by a name that only one video has.

        Raises NotFound, UsageError where several have the name.
        """
        try:
            file = Path(ref).expanduser()
            # a file that is there is meant itself, not a video of the library that has its name
            path = str(file.resolve()) if file.exists() or len(file.parts) > 1 else ""
        except (OSError, RuntimeError, ValueError):  # too long for a name, or nobody's home
            path = ""
        found = self.store.read(lambda db: videos.find(db, ref, path))
        if len(found) > 1:
            ids = ", ".join(row["id"] for row in found)
            raise UsageError(f"{len(found)} videos are called “{ref}”; name one by its id: {ids}")
        return found[0] if found else self.video(ref)

    def choose_tracks(self, video_id: str, sound: int | None, text: int | str | None) -> Row:
        """Choose the sound and the subtitles of a video by the index of their streams, or subtitles by the name of a
        file beside it; None: as its file says. What was made of others is made again.

        Raises NotFound, UsageError, MediaError.
        """
        row = self.video(video_id)
        probe = media.probe(self.derived.original(row), self.settings.limits)
        chosen = tracks.chosen(row, probe, sound, text)
        self._stop_jobs(row["id"])
        row = self.store.write(lambda db: videos.set_facts(db, row["id"], chosen))
        for name in ("waveform.npy", "spectrogram.npy", PROXY):
            self.cache.path(row["id"], name).unlink(missing_ok=True)
        self._queue_preparation(row)
        return row

    def remove(self, video_id: str, by: Actor = OWNER) -> None:
        """Take a video out of the library; `bring_back` undoes it. Its file stays, unless it came through the browser:
        then it is deleted once it cannot be brought back any more.

        Raises NotFound, Refused.
        """
        row = self.video(video_id)
        need(by, f"remove “{row['name']}”", row["added_by"])
        self._stop_jobs(row["id"])
        self.trash.put(row, by)

    def bring_back(self, video_id: str, by: Actor = OWNER) -> Row:
        """Undo the removal of a video.

        Raises NotFound, Refused.
        """
        row = self.trash.bring_back(video_id, by)
        self._queue_preparation(row)
        return row

    def _tidy(self, video_id: str = "") -> None:
        """Remove what was left unfinished about a video or about all, and whatever is about a video that is gone."""
        self.cache.tidy(video_id)
        known = {row["id"] for row in (*self.videos(), *self.trash.listed())}
        for gone in self.cache.videos() - known:
            self.cache.drop(gone)
            delete_everywhere(FeatureStore(self.cache), gone)

    def _stop_jobs(self, video_id: str) -> None:
        for job in self.jobs(video_id):
            if job["state"] in jobs.ACTIVE and self.dispatcher:
                self.dispatcher.cancel(job["id"])

    def is_upload(self, row: Row) -> bool:
        """Whether the file came through the browser, so that the library's copy is the studio's to delete."""
        return Path(row["path"]).is_relative_to(self.settings.uploads.resolve())

    # ------------------------------------------------------------------ models

    def index(
        self, video_id: str, progress: ReportProgress = _quiet, encoder: str | None = None, encoding: str | None = None
    ) -> Row:
        """Compute what search and the timeline need; quick when it is there already. `encoding` is that of a subtitle
        file beside the video, where its guess would be wrong."""
        return self._here("index", self.video(video_id), {"encoder": encoder, "encoding": encoding}, progress)

    def search(self, query: str, top: int = 20, encoder: str | None = None) -> list[Row]:
        """Moments across the library for a text, best first; see `Search.ask`."""
        return self.searching.ask(Asked(query, top=top, encoder=encoder))[0]

    def indexed(self) -> tuple[int, int]:
        """How many videos search can see, of how many."""
        rows = self.videos()
        return sum(map(self.derived.is_indexed, rows)), len(rows)

    def run(self, kind: str, video_id: str, params: Row | None = None, progress: ReportProgress = _quiet) -> Row:
        """Run a task now and keep its run; returns the run with params, payload and `predictions`."""
        row = self.video(video_id)
        run_id = self._here(kind, row, params or {}, progress)["run"]
        return self.run_of(run_id)

    def run_of(self, run_id: str) -> Row:
        """A run with its payload and predictions.

        Raises NotFound.
        """

        def work(db: Any) -> Row:
            return {**runs.get(db, run_id), "predictions": runs.predictions(db, run_id)}

        return self.store.read(work)

    def _here(self, kind: str, row: Row, params: Row, progress: ReportProgress) -> Row:
        wanted = {**self._with_context(kind, row, params), "video": _facts(row)}
        result = self._interactive.call(kind, wanted, JobMonitor(progress))

        def keep(db: Any) -> Row:
            if kind == "index":
                jobs.settle(db, kind, row["id"])
            return keep_result(db, result)

        return self.store.write(keep)

    # ------------------------------------------------------------------ jobs

    def start(self, kind: str, video_id: str, params: Row | None = None) -> Row:
        """Queue a job for a video; the same job waiting already is returned instead.

        Raises UsageError, NotFound, JobError when the queue is full.
        """
        queued_kind(kind)
        row = self.video(video_id)
        return self._queue(kind, row, self._with_context(kind, row, params or {}), self.settings.limits.queued_jobs)

    def _with_context(self, kind: str, row: Row, params: Row) -> Row:
        """What a task needs of the database, which it cannot see itself."""
        if kind == "survey":
            return {"texts": self.store.read(lambda db: searches.history(db) + _said(db, row["id"])), **params}
        if kind == "emotions" and "subtitles" not in params:
            said = self.store.read(lambda db: transcripts.of_video(db, row["id"]))
            return {**params, **({"subtitles": [list(line) for line in said]} if said else {})}
        if kind == "ground" and params.get("remember", True):
            return {"memory": self.store.read(annotations.answers), **params}
        return params

    def _queue(self, kind: str, row: Row, params: Row, limit: int | None) -> Row:
        if self.store.read_only:
            raise NewerSchema(self.store.read_only)
        if self.dispatcher is None:
            raise JobError("Jobs are queued by a running studio; start it with: studio serve")
        wanted = {**params, "video": _facts(row)}
        job = self.store.write(lambda db: jobs.add(db, kind, row["id"], wanted, limit=limit))
        self.dispatcher.wake()
        return job

    def ground(self, video_id: str, query: str, options: Row | None = None) -> Row:
        """Ask a video: at once when it is indexed ({"run"}), else, or to look closer, as a job ({"job"}).

        Options: top, engine, encoder, refine, check, remember.
        """
        row = self.video(video_id)
        params = {"query": query, **(options or {})}
        if self.derived.is_indexed(row) and not params.get("refine"):
            return {"run": self._here("ground", row, params, _quiet)["run"]}
        if not query.strip():
            raise UsageError("Say in a few words what you are looking for.")
        return {"job": views.job(self.start("ground", row["id"], params))}

    def compare(self, video_id: str, task: str, names: Sequence[str], query: str = "") -> list[str]:
        """Try models of a task on one video, one after the other; returns the ids of the jobs.

        Raises UsageError, NotFound, JobError.
        """
        made = [trials.params(task, name, query) for name in names]
        return [self.start(kind, video_id, wanted)["id"] for kind, wanted in made]

    def compared(self, job_ids: Sequence[str]) -> Row:
        """How a comparison stands; see `trials.results`."""
        found = self.store.read(lambda db: [jobs.get(db, job_id) for job_id in job_ids])
        return trials.results(self.store, found)

    def cancel(self, job_id: str) -> None:
        """Stop a job."""
        if self.dispatcher is None:
            raise JobError("No studio is running.")
        self.store.read(lambda db: jobs.get(db, job_id))
        self.dispatcher.cancel(job_id)

    def _previews(self) -> dict[str, list[Prediction]]:
        return self.dispatcher.previews if self.dispatcher else {}

    def jobs(self, video_id: str | None = None) -> list[Row]:
        return [views.job(row) for row in self.store.read(lambda db: jobs.of_video(db, video_id))]

    # ------------------------------------------------------------------ annotations

    def save(self, video_id: str, changes: Sequence[Any], annotator: str = "", by: Actor = OWNER) -> Row:
        """See `Documents.save`."""
        return self.documents.save(video_id, changes, annotator, by)

    def annotations(self, video_id: str) -> list[Annotation]:
        return self.documents.annotations(video_id)

    def backup(self, target: str | Path) -> Path:
        """See `copies.backup`."""
        return copies.backup(self.settings, self.store, target)


def _said(db: Any, video_id: str) -> list[str]:
    return [text for _, _, text in transcripts.of_video(db, video_id)]


def _facts(row: Row) -> Row:
    """What a job must know of a video; another file in its place makes another job of it."""
    known = ("id", "path", "duration_us", "sha256", "start_us", "sound_track", "text_track", "text_file")
    return {key: row[key] for key in known}
