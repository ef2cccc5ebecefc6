"""What the library knows of its videos, laid into the cache for jobs that learn labels from it."""

from typing import Any

from studio import tasks
from studio.errors import Cancelled, NotFound, StoreError
from studio.index import Cache
from studio.jobs import JobMonitor
from studio.store import Store, runs, screen_texts, transcripts, videos

SPEAKERS, EMOTIONS = "speaker", "emotion"  # the tasks whose runs say something of people
READING = frozenset({"teach", "measure_teaching", "detect"})  # the kinds of jobs that learn or find labels


class KnownFindings:
    """Transcripts, texts on screens, speakers and emotions of a library. Before each call that reads them, what changed
    since the last one is written."""

    def __init__(self, store: Store, cache: Cache) -> None:
        self._store, self._cache = store, cache
        self._kept: dict[str, str] = {}  # by video, of what this process knows that it is written

    def keep(self, kind: str, params: dict[str, Any], monitor: JobMonitor) -> None:
        """Before a call of a kind of job; of the first one for a large library it takes long. Raises StoreError where
        the cache cannot be written, Cancelled."""
        if kind not in READING:
            return
        states, found = self._store.read(_known)
        if kind == "detect" and params.get("only") is not None:  # nothing is learned: others are not looked at
            states = {video_id: states[video_id] for video_id in params["only"] if video_id in states}
        for video_id, state in states.items():
            is_there = self._cache.has(video_id, tasks.FINDINGS_FILE)
            if is_there and video_id not in self._kept:
                self._kept[video_id] = tasks.findings_state(self._cache, video_id)
            if (self._kept[video_id] if is_there else "") != state:
                if monitor.cancelled():
                    raise Cancelled("Cancelled.")
                monitor.progress(0.0, "Reading what is known of the videos")
                self._write(video_id, state, found.get(video_id, {}))
                self._kept[video_id] = state

    def _write(self, video_id: str, state: str, newest: dict[str, str]) -> None:
        def work(db: Any) -> tasks.Findings:
            said = [(cue.start_us, cue.end_us, cue.text) for cue in transcripts.of_video(db, video_id)]
            speakers, emotions = (_payload(db, newest.get(task)) for task in (SPEAKERS, EMOTIONS))
            people = tasks.people_rows(speakers, emotions, videos.get(db, video_id)["duration_us"])
            return tasks.Findings(said, screen_texts.of_video(db, video_id), people)

        try:
            tasks.keep_findings(self._cache, video_id, state, self._store.read(work))
        except NotFound:  # it was removed meanwhile
            return
        except OSError as error:
            raise StoreError(f"The library's cache cannot be written ({error.strerror}); make room there.") from error


def _known(db: Any) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
    """By video a short text that is another one whenever what is known of it is, and its newest runs."""
    newest = runs.newest(db, (SPEAKERS, EMOTIONS))
    said, written = transcripts.states(db), screen_texts.states(db)
    states = {}
    for video_id in videos.ids(db):
        parts = (said.get(video_id, ""), written.get(video_id, ""), *sorted(newest.get(video_id, {}).values()))
        states[video_id] = "|".join(parts) if any(parts) else ""
    return states, newest


def _payload(db: Any, run_id: str | None) -> dict[str, Any] | None:
    try:
        return None if run_id is None else runs.get(db, run_id)["payload"]
    except NotFound:  # it cannot be read
        return None
