"""Work with models: at once, or queued for the studio that runs."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from studio.config import Settings
from studio.errors import JobError, NewerSchema, UsageError
from studio.jobs import (
    ClusterBackend,
    Dispatcher,
    ExecutionBackend,
    JobMonitor,
    JobResult,
    ProcessBackend,
    ReportProgress,
    keep_result,
    queued_kind,
)
from studio.jobs.kinds import KINDS
from studio.jobs.schedule import held_since, is_held, local_now
from studio.service import serializers
from studio.service.accounts.rights import OWNER, Actor, need
from studio.service.jobs import model_comparison
from studio.service.jobs.library_backend import LibraryBackend
from studio.service.people import line_speakers
from studio.service.videos.media_cache import MediaCache
from studio.store import Store, annotations, jobs, preferences, runs, searches, transcripts, videos
from studio.timeline import Prediction

PREPARES = ("index", "embed")  # the kinds that make what search needs
WORDS = ("transcribe", "read_text")  # the kinds that write down what is said and what is written
NEEDED = ("index", "proxy")  # the kinds that every video needs
Row = dict[str, Any]


def no_progress(fraction: float, message: str) -> None:
    """Nobody is watching."""


WORDS_FROM = {"file": "subtitles", "speech": "recognized speech", "typed": "typed lines"}


class Jobs:
    """The jobs of a library. `dispatcher` empties the queue; only a studio that serves has one."""

    def __init__(self, store: Store, settings: Settings, media: MediaCache, interactive: ExecutionBackend) -> None:
        """`interactive` does what is asked for at once."""
        self._store, self._settings, self._media, self._interactive = store, settings, media, interactive
        self.prepared: Callable[[str], object] = lambda video_id: None  # is told whose files a job made
        self.dispatcher: Dispatcher | None = None

    # ------------------------------------------------------------------ at once

    def index(
        self,
        video_id: str,
        progress: ReportProgress = no_progress,
        encoder: str | None = None,
        encoding: str | None = None,
    ) -> Row:
        """Compute what search and the timeline need; quick when it is there already. `encoding` is that of a subtitle
        file beside the video, where its guess would be wrong."""
        return self._now("index", self._video(video_id), {"encoder": encoder, "encoding": encoding}, progress)

    def embed(self, video_id: str, encoder: str, progress: ReportProgress = no_progress) -> None:
        """Index a video for one encoder, and nothing else; quick when that is there already."""
        self._now("embed", self._video(video_id), {"encoder": encoder}, progress)

    def time_encoder(self, name: str, by: Actor = OWNER) -> float:
        """Measure how many pictures a second an encoder reads here: all other questions wait meanwhile. Raises
        ModelUnavailable, PermissionDenied."""
        need(by, "choose the model that the library is searched with")
        result = self._interactive.call("time_encoder", {"encoder": name}, JobMonitor())
        return float(result.data["images_per_second"])

    def wake(self) -> None:
        """Something was queued."""
        if self.dispatcher is not None:
            self.dispatcher.wake()

    def transcribe(self, video_id: str, params: Row | None = None, progress: ReportProgress = no_progress) -> Row:
        """Write down what is said now, as lines of the source `speech`; returns its `language`, how many `lines` there
        are, and a `note` where there are none."""
        return self._now("transcribe", self._video(video_id), params or {}, progress)

    def do(self, kind: str, video_id: str, params: Row, progress: ReportProgress = no_progress) -> Row:
        """Do a job of a video now that makes no run; returns its result."""
        return self._now(kind, self._video(video_id), params, progress)

    def run(self, kind: str, video_id: str, params: Row | None = None, progress: ReportProgress = no_progress) -> Row:
        """Run a task now and keep its run; returns the run with params, payload and `predictions`."""
        run_id = self._now(kind, self._video(video_id), params or {}, progress)["run"]
        return self.run_of(run_id)

    def now(self, kind: str, video_id: str, params: Row, progress: ReportProgress = no_progress) -> Row:
        """Do a job at once; returns its data."""
        return self._now(kind, self._video(video_id), params, progress)

    def run_of(self, run_id: str) -> Row:
        """A run with its payload and predictions.

        Raises NotFound.
        """

        def work(db: Any) -> Row:
            return {**runs.get(db, run_id), "predictions": runs.predictions(db, run_id)}

        return self._store.read(work)

    def ground(self, video_id: str, query: str, options: Row | None = None, by: Actor = OWNER) -> Row:
        """Ask a video: at once when it is indexed ({"run"}), else, or to look closer, as a job ({"job"}).

        Options: top, engine, encoder, refine, check, remember.
        """
        row = self._video(video_id)
        _need_pictures("ground", row)
        params = {"query": query, **(options or {})}
        if self._media.is_indexed(row) and not params.get("refine"):
            return {"run": self._now("ground", row, params, no_progress)["run"]}
        if not query.strip():
            raise UsageError("Say in a few words what you are looking for.")
        return {"job": serializers.job(self.start("ground", row["id"], params, by))}

    def _now(self, kind: str, row: Row, params: Row, progress: ReportProgress) -> Row:
        _need_pictures(kind, row)
        wanted = {**self._with_context(kind, row, params), "video": serializers.job_video(row)}

        def keep_part(part: JobResult) -> None:
            self._store.write(lambda db: keep_result(db, part))

        result = self._interactive.call(kind, wanted, JobMonitor(progress, partial=keep_part))

        def keep(db: Any) -> Row:
            if kind in PREPARES or kind in WORDS:
                jobs.settle(db, kind, row["id"])
            return keep_result(db, result)

        kept = self._store.write(keep)
        if kind in PREPARES:
            self.prepared(row["id"])
        return kept

    # ------------------------------------------------------------------ queued

    def start(self, kind: str, video_id: str, params: Row | None = None, by: Actor = OWNER) -> Row:
        """Queue a job for a video; the same job waiting already is returned instead.

        Raises UsageError, NotFound, JobError when the queue is full.
        """
        queued_kind(kind)
        row = self._video(video_id)
        _need_pictures(kind, row)
        if self._store.read_only:
            raise NewerSchema(self._store.read_only)
        if self.dispatcher is None:
            raise JobError("Jobs are queued by a running studio; start it with: studio serve")
        if kind in NEEDED:
            self._media.forget_cleaning(row)
        wanted = {**self._with_context(kind, row, params or {}), "video": serializers.job_video(row)}
        limit = self._settings.limits.queued_jobs

        def work(db: Any) -> Row:
            job = jobs.insert(db, kind, row["id"], wanted, limit=limit, asked=True, asked_by=by.name)
            jobs.bring_forward(db, row["id"])  # somebody waits for it
            return job

        job = self._store.write(work)
        self.dispatcher.wake()
        return job

    def start_for_library(
        self, kind: str, params: Row, by: Actor = OWNER, alike: Sequence[str] = (), kept: Sequence[str] = ()
    ) -> Row:
        """Queue a job about the whole library; the same job waiting already is returned instead, also where only these
        params are `alike` (see `jobs.insert`).

        Raises UsageError, JobError when the queue is full.
        """
        queued_kind(kind)
        if self._store.read_only:
            raise NewerSchema(self._store.read_only)
        if self.dispatcher is None:
            raise JobError("Jobs are queued by a running studio; start it with: studio serve")
        limit = self._settings.limits.queued_jobs
        job = self._store.write(
            lambda db: jobs.insert(
                db, kind, None, params, limit=limit, asked=True, asked_by=by.name, alike=alike, kept=kept
            )
        )
        self.dispatcher.wake()
        return job

    def bring_forward(self, video_id: str) -> None:
        """Do what waits for a video before all that waits for others: somebody looks at it. What was removed of it to
        make room is made again.

        Raises NotFound.
        """
        row = self._video(video_id)
        self._media.use(row["id"])
        if self.dispatcher is not None and not self._store.read_only:
            if self._media.was_cleaned(row):
                self.prepare(row)
            self._store.write(lambda db: jobs.bring_forward(db, video_id))

    def prepare(self, row: Row, *more: Row) -> None:
        """Queue what every video needs once, for the studio that runs or the next one that does. Not bounded: a folder
        of a thousand videos is a thousand of these."""
        encoder = self._media.encoder
        wanted = []
        for each in (row, *more):
            self._media.forget_cleaning(each)
            wanted += [] if each["browser_playable"] or self._media.has_proxy(each) else [(each, "proxy")]
            wanted += [] if self._media.is_prepared(each, encoder) else [(each, "index")]
        self._queue(wanted)

    def start_of_videos(self, kind: str, rows: Sequence[Row], by: Actor = OWNER) -> int:
        """Queue a job for each of these videos that it is for; it is done when nothing else waits. Not bounded, as
        `prepare`. Returns of how many. Raises UsageError."""
        queued_kind(kind)
        wanted = [(row, kind) for row in rows if videos.has_pictures(row) or not KINDS[kind].pictures]
        self._queue(wanted, later=True, by=by)
        return len(wanted)

    def _queue(self, wanted: Sequence[tuple[Row, str]], later: bool = False, by: Actor = OWNER) -> None:
        """Queue one job of a kind for each video."""
        if not wanted:
            return
        made = [
            (row["id"], kind, {**self._with_context(kind, row, {}), "video": serializers.job_video(row)})
            for row, kind in wanted
        ]

        def work(db: Any, part: Sequence[tuple[str, str, Row]]) -> None:
            for video_id, kind, params in part:
                jobs.insert(db, kind, video_id, params, limit=None, later=later, asked_by=by.name)

        for part in jobs.in_parts(made):
            self._store.write(partial(work, part=part))
        if self.dispatcher:
            self.dispatcher.wake()

    def prepares_words(self) -> bool:
        """Whether speech is transcribed and screen text read of each video that is added."""
        return self._store.read(lambda db: preferences.is_on(db, preferences.NEW_VIDEOS_WORDS))

    def set_prepares_words(self, on: bool, by: Actor = OWNER) -> None:
        """Put that on or off. Raises PermissionDenied for somebody who is no admin."""
        need(by, "say what is prepared of new videos")
        self._store.write(lambda db: preferences.switch(db, preferences.NEW_VIDEOS_WORDS, on))

    def prepare_new(self, row: Row) -> None:
        """As `prepare`, of a video that was added: with its words, where that is on."""
        self.prepare(row)
        if self.prepares_words():
            self.prepare_words([row])

    def lack_words(self, waiting: bool = False) -> list[Row]:
        """The videos of which speech was not transcribed or screen text not read; those for which that waits to be done
        only with `waiting`. What failed or was cancelled does not wait."""
        return [row for row, kinds in self._lacking(waiting=waiting) if kinds]

    def count_lacking_words(self) -> int:
        """How many videos `lack_words` has."""
        rows = self._store.read(videos.sizes)
        return sum(bool(kinds) for _, kinds in self._lacking(rows, everywhere=True))

    def prepare_words(self, rows: Sequence[Row] | None = None, by: Actor = OWNER) -> int:
        """Queue what is missing of the words of these videos, or of all, for the studio that runs or the next one that
        does; returns of how many. It is done when nothing else waits. Not bounded, as `prepare`."""
        wanted = [(row, kinds) for row, kinds in self._lacking(rows) if kinds]

        self._queue([(row, kind) for row, kinds in wanted for kind in kinds], later=True, by=by)
        return len(wanted)

    def _lacking(
        self, rows: Sequence[Row] | None = None, waiting: bool = False, everywhere: bool = False
    ) -> list[tuple[Row, list[str]]]:
        """Each of these videos, or of all, with the kinds of WORDS that are still to be queued for it, or to be done
        with `waiting`. `everywhere` says that `rows` are all there are."""
        ids = None if rows is None or everywhere else [row["id"] for row in rows]

        def work(db: Any) -> list[tuple[Row, list[str]]]:
            enough = ("done",) if waiting else ("done", *jobs.ACTIVE)
            settled = {
                kind: {video for video, state in jobs.latest_states(db, kind, ids).items() if state in enough}
                for kind in WORDS
            }
            settled["read_text"] |= runs.videos_with(db, runs.READ, ids)
            settled["transcribe"] |= transcripts.videos(db, "speech", ids)
            wanted = videos.listed(db) if rows is None else rows
            return [(row, [k for k in words_of(row) if row["id"] not in settled[k]]) for row in wanted]

        return self._store.read(work)

    def compare(self, video_id: str, task: str, names: Sequence[str], query: str = "", by: Actor = OWNER) -> list[str]:
        """Try models of a task on one video, one after the other; returns the ids of the jobs.

        Raises UsageError, NotFound, JobError.
        """
        made = [model_comparison.params(task, name, query) for name in names]
        return [self.start(kind, video_id, wanted, by)["id"] for kind, wanted in made]

    def compared(self, job_ids: Sequence[str]) -> Row:
        """How a comparison stands; see `model_comparison.results`."""
        found = self._store.read(lambda db: [jobs.get(db, job_id) for job_id in job_ids])
        return model_comparison.results(self._store, found)

    def cancel(self, job_id: str) -> None:
        """Stop a job."""
        if self.dispatcher is None:
            raise JobError("No studio is running.")
        self._store.read(lambda db: jobs.get(db, job_id))
        self.dispatcher.cancel(job_id)

    def cancel_of(self, *video_ids: str) -> None:
        """Stop all jobs of videos; those about the library go on."""
        if self.dispatcher is None:
            return
        for job_id in self._store.write(lambda db: jobs.cancel_waiting(db, video_ids)):
            self.dispatcher.cancel(job_id)

    def cancel_all(self) -> int:
        """Stop all jobs of the library; returns how many there were."""
        if self.dispatcher is None:
            raise JobError("No studio is running.")
        stopped = self._store.write(jobs.drop_waiting)
        for job_id in self._store.read(jobs.running):
            self.dispatcher.cancel(job_id)
            stopped += 1
        return stopped

    def of_videos(self, video_ids: Sequence[str]) -> list[Row]:
        """The jobs of some videos that wait or run, and those that failed last."""
        return [serializers.job(row) for row in self._store.read(lambda db: jobs.of_videos(db, video_ids))]

    def active(self) -> int:
        """How many jobs wait or run."""
        return self._store.read(jobs.active_count)

    def listed(self, video_id: str | None = None) -> list[Row]:
        """All active jobs and the newest that ended, of a video or of the library; `held` are those that wait while the
        queue does not go on."""

        def work(db: Any) -> tuple[list[Row], str | None]:
            return jobs.of_video(db, video_id), held_since(db, local_now())

        rows, since = self._store.read(work)
        return [serializers.job({**row, "held": is_held(row, since)}) for row in rows]

    @property
    def previews(self) -> dict[str, list[Prediction]]:
        """What running jobs have found so far, by their ids."""
        return self.dispatcher.previews if self.dispatcher else {}

    def workers(self) -> list[ProcessBackend]:
        """The processes that work for this studio: the queue's, and the one that answers at once."""
        known = (self.dispatcher.backend if self.dispatcher else None, self._interactive)
        inner = (each.inner if isinstance(each, LibraryBackend) else each for each in known)
        return [worker for worker in inner if isinstance(worker, ProcessBackend)]

    def cluster(self) -> Row | None:
        """How the cluster is that does this library's jobs (see `RayBackend.status`); None where there is none."""
        backend = self.dispatcher.backend if self.dispatcher else None
        inner = backend.inner if isinstance(backend, LibraryBackend) else backend
        return inner.status() if isinstance(inner, ClusterBackend) else None

    def close(self) -> None:
        """Stop emptying the queue."""
        if self.dispatcher:
            self.dispatcher.close()

    def _video(self, video_id: str) -> Row:
        return self._store.read(lambda db: videos.get(db, video_id))

    def _with_context(self, kind: str, row: Row, params: Row) -> Row:
        """What a task needs of the database, which it cannot see itself."""
        if kind == "survey":
            return {"texts": self._store.read(lambda db: searches.history(db) + _said(db, row["id"])), **params}
        if kind == "emotions" and "subtitles" not in params:
            said = self._store.read(lambda db: transcripts.listed(db, row["id"]))
            lines = [[line["start_us"], line["end_us"], line["text"]] for line in said]
            sources = {line["source"] for line in said}
            names = " and ".join(name for source, name in WORDS_FROM.items() if source in sources)
            return {**params, **({"subtitles": lines, "words_from": names} if said else {})}
        if kind == "voices" and "lines" not in params:
            return {"lines": self._store.read(lambda db: _known_speakers(db, row)), **params}
        if kind == "ground" and params.get("remember", True):
            return {"memory": self._store.read(annotations.confirmed_moments), **params}
        return params


def words_of(row: Row) -> tuple[str, ...]:
    """The kinds of WORDS that a video can have: in a recording of sound alone nothing is written."""
    return tuple(kind for kind in WORDS if videos.has_pictures(row) or not KINDS[kind].pictures)


def _need_pictures(kind: str, row: Row) -> None:
    """Raise UsageError for a kind of job that goes by pictures, of a recording that has none."""
    if KINDS[kind].pictures and not videos.has_pictures(row):
        raise UsageError(
            f"“{row['name']}” has no pictures, and “{KINDS[kind].button or KINDS[kind].title}” goes by them; what is "
            "said in it is found by its words, after Transcribe."
        )


def _known_speakers(db: Any, row: Row) -> list[list[Any]]:
    """The lines of a video, and who says each as far as that is known without comparing voices, and by all: what
    independent annotators marked is nobody else's to see."""
    lines = transcripts.listed(db, row["id"])
    known = line_speakers.speakers_of(db, row["id"], lines, voices=False, annotated=not row["independent"])
    return [
        [line["start_us"], line["end_us"], "" if who == line_speakers.OFF_SCREEN else who]
        for line, who in zip(lines, known, strict=True)
    ]


def _said(db: Any, video_id: str) -> list[str]:
    return [cue.text for cue in transcripts.of_video(db, video_id)]
