"""What each kind of job does, as one function of plain arguments that returns plain values and an outcome to keep.

Nothing here knows the database: today a child process on this machine runs these functions, another engine could.
"""

import contextlib
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from studio import media, tasks
from studio.config import Limits, Settings
from studio.errors import FormatError, UsageError
from studio.formats import subtitles
from studio.jobs.result import PROXY, STALE, Result
from studio.store.lines import Line
from studio.store.runs import Outcome
from studio.tasks import Desk, Video
from studio.tasks.desk import Preview, Progress
from studio.timeline import us

WAVEFORM_PER_S = 50
SLOWER = "The graphics card ran out of memory, so the processor did a part of this: slower, with the same result."


def _video(params: dict[str, Any]) -> Video:
    facts = params["video"]
    return Video(facts["id"], facts["path"], facts["duration_us"])


def _renewed(desk: Desk, params: dict[str, Any]) -> Video:
    """The video, without what a job on an earlier file of its name left in the cache after it was emptied."""
    video = _video(params)
    if desk.cache.has(video.id, STALE):
        desk.cache.drop(video.id)
    return video


def index(desk: Desk, params: dict[str, Any]) -> Result:
    """Everything that makes a video quick to look at: waveform, thumbnails, shot cuts, embeddings."""
    video, whole = _renewed(desk, params), desk.progress
    desk.progress = lambda fraction, message: whole(0.8 * fraction, message)
    try:
        features = tasks.index_video(desk, video, params.get("encoder"))
    finally:
        desk.progress = whole
    tasks.shelve(desk, [video], params.get("encoder"))
    if not desk.cache.has(video.id, "waveform.npy"):
        whole(0.8, "Drawing the sound")
        desk.cache.save_array(video.id, "waveform.npy", media.waveform(video.path, per_second=WAVEFORM_PER_S))
    if not desk.cache.has(video.id, "shots.npy"):
        whole(0.9, "Finding shots")
        desk.cache.save_array(video.id, "shots.npy", np.array(media.shots(video.path), np.int64))
    return Result({"frames": len(features.times_us)}, lines=_lines(video, desk.settings.limits))


def _lines(video: Video, limits: Limits) -> list[Line]:
    """What is said: the file's own text stream, else the subtitle file of the same name beside it."""
    if found := media.subtitles(video.path, limits):
        return found
    for suffix in subtitles.SUFFIXES:
        beside = Path(video.path).with_suffix(suffix)
        with contextlib.suppress(OSError, FormatError):  # somebody else's file: it need not be good
            if beside.stat().st_size <= limits.import_bytes:
                return subtitles.read(beside.read_bytes())
    return []


def proxy(desk: Desk, params: dict[str, Any]) -> Result:
    """A copy that a browser can play, once, for a video that it cannot."""
    video = _renewed(desk, params)
    target = desk.cache.path(video.id, PROXY)
    if not target.is_file():
        target.parent.mkdir(parents=True, exist_ok=True)
        media.make_proxy(video.path, target, progress=lambda done: desk.progress(done, "Making it playable"))
    return Result()


def search(desk: Desk, params: dict[str, Any]) -> Result:
    """The best moments among the given videos for one question."""
    videos = [Video(v["id"], v["path"], v["duration_us"]) for v in params["videos"]]
    image, like = params.get("image"), params.get("like")
    question = tasks.Question(
        params["text"],
        None if like is None else (like[0], like[1], like[2]),
        None if image is None else np.frombuffer(image[0], np.uint8).reshape(image[2], image[1], 3).copy(),
    )
    said = [
        tasks.Said(s["video_id"], s["start_us"], s["end_us"], s["text"], s["score"]) for s in params.get("said", ())
    ]
    hits, strips = tasks.search(
        desk,
        question,
        videos,
        params["top"],
        params.get("encoder"),
        said,
        params.get("said_weight", 0.0),
        params.get("levels"),
        params.get("bank"),
    )
    return Result({"hits": [asdict(hit) for hit in hits], "strips": [asdict(strip) for strip in strips]})


def explain(desk: Desk, params: dict[str, Any]) -> Result:
    """Why a moment answers a query."""
    span = params["start_us"], params["end_us"]
    return Result(asdict(tasks.explain(desk, params["query"], _video(params), *span, params.get("encoder"))))


def survey(desk: Desk, params: dict[str, Any]) -> Result:
    """What is in a video, in the words of the texts given."""
    outcome = tasks.survey(desk, _video(params), params["texts"], params.get("encoder"))
    return Result({"note": outcome.payload["note"]}, outcome)


def ground(desk: Desk, params: dict[str, Any]) -> Result:
    """The moments of one video for one query."""
    names = {"encoder": "encoder_name", "engine": "engine", "refine": "refine", "top": "top", "check": "check"}
    options = {name: params[key] for key, name in names.items() if key in params}
    options["memory"] = [tasks.Slot(**slot) for slot in params.get("memory", ())]
    return Result(outcome=tasks.ground(desk, _video(params), params["query"], **options))


def glance(desk: Desk, params: dict[str, Any]) -> Result:
    """The moment of one video around a time in seconds, for a query or for the picture alone."""
    query, encoder = params.get("query") or "", params.get("encoder")
    return Result(outcome=tasks.glance(desk, _video(params), us(params["at"]), query, encoder))


def speakers(desk: Desk, params: dict[str, Any]) -> Result:
    """Who speaks when."""
    return _people(tasks.find_speakers(desk, _video(params), params.get("model"), params.get("detector")))


def emotions(desk: Desk, params: dict[str, Any]) -> Result:
    """What faces and words express."""
    lines = params.get("subtitles")
    said = lines and [tuple(line) for line in lines]
    return _people(tasks.find_emotions(desk, _video(params), said, params.get("expression"), params.get("dialogue")))


def _people(outcome: Outcome) -> Result:
    """With the sentence for the person who waits, where something was missing in the video."""
    return Result({"note": outcome.payload["note"]}, outcome)


KINDS: dict[str, Callable[[Desk, dict[str, Any]], Result]] = {
    "index": index,
    "proxy": proxy,
    "search": search,
    "explain": explain,
    "survey": survey,
    "ground": ground,
    "glance": glance,
    "speakers": speakers,
    "emotions": emotions,
}


class DeskHands:
    """One desk, whose models stay warm from job to job."""

    def __init__(self, settings: Settings) -> None:
        self._settings, self._desk = settings, Desk(settings)

    def perform(self, kind: str, params: dict[str, Any], progress: Progress, preview: Preview) -> Result:
        """See `perform`. What does not fit into the memory of an accelerator is done on the processor, and the result's
        note says so: most models do that batch by batch, for the rest the whole job is done again."""
        falls = tasks.falls()
        try:
            result = self._on(self._desk, kind, params, progress, preview)
        except tasks.out_of_memory():
            self._desk = Desk(self._settings)  # its models hold memory that somebody needs
            slow = Desk(replace(self._settings, device="cpu"))
            return _with_note(self._on(slow, kind, params, progress, preview), SLOWER)
        return _with_note(result, SLOWER) if tasks.falls() > falls else result

    @staticmethod
    def _on(desk: Desk, kind: str, params: dict[str, Any], progress: Progress, preview: Preview) -> Result:
        desk.progress, desk.preview = progress, preview
        return perform(desk, kind, params)

    def loaded(self) -> list[str]:
        """The names of the models that are warm."""
        return self._desk.loaded()


def _with_note(result: Result, note: str) -> Result:
    return replace(result, data={**result.data, "note": " ".join(filter(None, [result.data.get("note"), note]))})


def perform(desk: Desk, kind: str, params: dict[str, Any]) -> Result:
    """Run one job here and now.

    Raises what the job raises; UsageError for an unknown kind.
    """
    if kind not in KINDS:
        raise UsageError(f"“{kind}” is not a kind of job; use one of {', '.join(KINDS)}.")
    if "trial" not in params:
        return KINDS[kind](desk, params)
    desk.model(*params["trial"])  # loading it, and what all models of its task share, is no part of its work
    if kind == "ground":
        tasks.index_video(desk, _video(params), params.get("encoder"))
    else:
        tasks.face_tracks(desk, _video(params), desk.part(0.0, 0.5))
    began = time.perf_counter()
    result = KINDS[kind](desk, params)
    if result.outcome is None:
        return result
    facts = {**result.outcome.params, "trial": params["trial"], "seconds": round(time.perf_counter() - began, 3)}
    return replace(result, outcome=replace(result.outcome, params=facts))
