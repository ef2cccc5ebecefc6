"""What each kind of job does: one function of plain arguments that returns plain values, model runs and transcripts.

Nothing here knows the database: a child process on this machine runs these functions, and another engine could.
"""

import itertools
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio import media, tasks
from studio.config import Limits
from studio.errors import FormatError, ModelUnavailable, StudioError, UsageError
from studio.formats import subtitles
from studio.index import Cache, Features
from studio.jobs.result import PROXY, REPLACED, SOUND_PICTURE, WAVEFORM_PER_S, JobResult
from studio.tasks import TaskContext, VideoRef
from studio.timeline import Cue, ModelRun, Transcript, us
from studio.timeline.boxes import BoxTrack, KeyFrame, TrackedBox

log = logging.getLogger(__name__)


def video_of(params: dict[str, Any]) -> VideoRef:
    return _video(params["video"])


def _video(facts: dict[str, Any]) -> VideoRef:
    if "start_us" in facts:
        media.keep_start(facts["path"], facts["start_us"])
    tracks = facts.get("sound_track"), facts.get("text_track"), facts.get("text_file", "")
    return VideoRef(facts["id"], facts["path"], facts["duration_us"], *tracks, facts.get("pictures", True))


def _without_stale_files(context: TaskContext, params: dict[str, Any]) -> VideoRef:
    """The video, without what a job on an earlier file of its name left in the cache after it was emptied."""
    video = video_of(params)
    if context.cache.has(video.id, REPLACED):
        context.cache.drop(video.id)
    return video


def index(context: TaskContext, params: dict[str, Any]) -> JobResult:
    """Everything that makes a video quick to look at: waveform, thumbnails, shot cuts, embeddings; of sound alone the
    waveform and the spectrogram."""
    video, whole = _without_stale_files(context, params), context.progress
    if not video.pictures:
        return _index_sound(context, video, params.get("encoding"))
    context.progress = lambda fraction, message: whole(0.8 * fraction, message)
    try:
        features = tasks.index_video(context, video, params.get("encoder"))
    finally:
        context.progress = whole
    tasks.make_thumbnails(context, video, features)
    tasks.update_index(context, [video], params.get("encoder"))
    if not context.cache.has(video.id, "waveform.npy"):
        whole(0.8, "Drawing the sound")
        context.cache.save_array(
            video.id, "waveform.npy", media.waveform(video.path, WAVEFORM_PER_S, track=video.sound_track)
        )
    whole(0.85, "Listening")
    tasks.sound_statistics(context, video)
    if not context.cache.has(video.id, "shots.npy"):
        whole(0.9, "Finding shots")
        context.cache.save_array(video.id, "shots.npy", np.array(media.shots(video.path), np.int64))
    said, note = _subtitles(video, context.settings.limits, params.get("encoding"))
    _read_texts(context, video, [cue.text for cue in said.cues], 0.95)
    return JobResult({"frames": len(features.times_us), "note": note}, transcripts=[said])


def _index_sound(context: TaskContext, video: VideoRef, encoding: str | None) -> JobResult:
    """The waveform and the spectrogram of a recording of sound alone, and what is said in a file beside it."""
    limits, track = context.settings.limits, video.sound_track
    if not context.cache.has(video.id, "waveform.npy"):
        context.progress(0.0, "Drawing the sound")
        outline = media.waveform(video.path, WAVEFORM_PER_S, limits, track=track)
        context.cache.save_array(video.id, "waveform.npy", outline)
    if not context.cache.has(video.id, SOUND_PICTURE):
        context.progress(0.4, "Drawing the spectrogram")
        context.cache.save_array(video.id, SOUND_PICTURE, media.sound_picture(video.path, limits=limits, track=track))
    context.progress(0.9, "Listening")
    tasks.sound_statistics(context, video)
    said, note = _subtitles(video, context.settings.limits, encoding)
    _read_texts(context, video, [cue.text for cue in said.cues], 0.95)
    return JobResult({"frames": 0, "note": note}, transcripts=[said])


def _read_texts(context: TaskContext, video: VideoRef, texts: Sequence[str], done: float) -> None:
    """Whoever teaches a label of what is said finds its vectors made; where that cannot be, what was made counts."""
    try:
        tasks.text_vectors(context, video.id, texts, done)
    except (ModelUnavailable, OSError) as error:
        log.warning("texts of a video were not read: %s", error)


def embed(context: TaskContext, params: dict[str, Any]) -> JobResult:
    """The embeddings of a video by one encoder, and nothing else that indexing makes: what is said stays as it is."""
    video = _without_stale_files(context, params)
    features = tasks.index_video(context, video, params["encoder"])
    tasks.update_index(context, [video], params["encoder"])
    return JobResult({"frames": len(features.times_us)})


def embed_stretches(context: TaskContext, params: dict[str, Any]) -> JobResult:
    """The embeddings of stretches of videos and their thumbnails; each is kept in the cache under the name `file`,
    until all stretches of its video are joined (see `read_stretch`). `failed` has the kind of error and its sentence of
    those that could not be decoded, by their names."""
    parts = params["parts"]
    stretches = [tasks.Stretch(_video(p["video"]), p["first"], p["last"], p["key_frames"]) for p in parts]
    key, found = tasks.embed_stretches(context, stretches, params["encoder"])
    failed = {}
    for part, embedded in zip(parts, found, strict=True):
        if isinstance(embedded, StudioError):
            failed[part["file"]] = [type(embedded).__name__, str(embedded)]
        else:
            _keep_stretch(context.cache, part["video"]["id"], part["file"], key, embedded)
    return JobResult({"failed": failed})


def _keep_stretch(cache: Cache, video_id: str, file: str, encoder: str, found: tasks.Embedded) -> None:
    arrays: dict[str, NDArray[Any]] = {
        "times_us": found.features.times_us,
        "vectors": found.features.vectors,
        "pictures": np.frombuffer(b"".join(found.pictures), np.uint8),
        "ends": np.cumsum([len(picture) for picture in found.pictures], dtype=np.int64),
        "encoder": np.array(encoder),
        "damaged": np.array(found.damaged),
    }
    cache.save_arrays(video_id, file, arrays)


def read_stretch(cache: Cache, video_id: str, file: str) -> tuple[str, tasks.Embedded] | None:
    """What `embed_stretches` kept: the encoder's key and the embeddings; None where that is missing."""
    found = cache.load_arrays(video_id, file, "times_us", "vectors", "pictures", "ends", "encoder", "damaged")
    if found is None:
        return None
    joined, ends = found["pictures"].tobytes(), [0, *found["ends"].tolist()]
    pictures = [joined[start:end] for start, end in itertools.pairwise(ends)]
    features = Features(found["times_us"], found["vectors"])
    return str(found["encoder"]), tasks.Embedded(features, pictures, bool(found["damaged"]))


def time_encoder(context: TaskContext, params: dict[str, Any]) -> JobResult:
    """How many pictures a second an encoder reads here."""
    return JobResult({"images_per_second": tasks.time_encoder(context, params["encoder"])})


def _subtitles(video: VideoRef, limits: Limits, encoding: str | None) -> tuple[Transcript, str]:
    """What is said, and a sentence on what was guessed or left out of it: the chosen subtitles, else the file's own
    text stream, else the best subtitle file beside it."""
    files = media.subtitle_files(video.path)
    if not video.text_file and (found := media.subtitles(video.path, limits, track=video.text_track)):
        stream = "subtitle stream" if video.text_track is None else f"subtitle stream {video.text_track}"
        return Transcript(video.id, "file", [Cue(*line) for line in found], stream), ""
    problems = []
    for file in [file for file in files if video.text_file in ("", file.path.name)]:
        try:
            if file.path.stat().st_size > limits.import_bytes:
                raise FormatError("it is too large.")
            read = subtitles.parse(file.path.read_bytes(), encoding)
        except (OSError, FormatError) as error:  # somebody else's file: it need not be good
            problems.append(f"“{file.path.name}” beside “{Path(video.path).name}” was not read: {error}")
            continue
        if read.lines or video.text_file:
            note = " ".join([f"“{file.path.name}”: {p}" for p in read.problems])
            return Transcript(video.id, "file", [Cue(*line) for line in read.lines], file.path.name), note
    return Transcript(video.id, "file", []), " ".join(problems)


def proxy(context: TaskContext, params: dict[str, Any]) -> JobResult:
    """A copy that a browser can play, once, for a video that it cannot."""
    video = _without_stale_files(context, params)
    target = context.cache.path(video.id, PROXY)
    if not target.is_file():
        target.parent.mkdir(parents=True, exist_ok=True)

        def progress(done: float) -> None:
            context.progress(done, "Making it playable")

        media.make_proxy(video.path, target, progress, track=video.sound_track)
    return JobResult()


class _Searched(Mapping[str, VideoRef]):
    """Videos to search, of which there may be very many; each is made when it is looked at."""

    def __init__(self, ids: Sequence[str], durations_us: Sequence[int], facts: Sequence[dict[str, Any]]) -> None:
        self._durations = dict(zip(ids, durations_us, strict=True))
        self._facts = {each["id"]: each for each in facts}

    def __getitem__(self, video_id: str) -> VideoRef:
        duration = self._durations[video_id]
        return _video(self._facts[video_id]) if video_id in self._facts else VideoRef(video_id, "", duration)

    def __iter__(self) -> Iterator[str]:
        return iter(self._durations)

    def __len__(self) -> int:
        return len(self._durations)


def search(context: TaskContext, params: dict[str, Any]) -> JobResult:
    """The best moments for one question, among videos by their ids and durations (µs): what else is known of them is
    only there (`videos`) where their files are read."""
    ids, durations_us = params["among"]
    videos = _Searched(ids, durations_us, params["videos"])
    image = params.get("image")
    question = tasks.SearchQuery(
        params["text"],
        [(video, start, end) for video, start, end in params.get("like", ())],
        None if image is None else np.frombuffer(image[0], np.uint8).reshape(image[2], image[1], 3).copy(),
    )
    texts = [
        tasks.TextMatch(text["video_id"], text["start_us"], text["end_us"], text["text"], text["score"], text["why"])
        for text in params.get("texts", ())
    ]
    hits, strips = tasks.search(
        context,
        question,
        videos,
        params["top"],
        params.get("encoder"),
        texts,
        params.get("text_weight", 0.0),
        params.get("exact", False),
        params.get("levels"),
        params.get("bank"),
        params.get("pictures"),
    )
    for video in {hit.video_id for hit in hits}:
        context.cache.use(video)
    return JobResult({"hits": [asdict(hit) for hit in hits], "strips": [asdict(strip) for strip in strips]})


def explain(context: TaskContext, params: dict[str, Any]) -> JobResult:
    """Why a moment answers a query."""
    span = params["start_us"], params["end_us"]
    asked = params["query"], video_of(params), *span, params.get("encoder"), params.get("among", ())
    return JobResult(asdict(tasks.explain(context, *asked)))


def survey(context: TaskContext, params: dict[str, Any]) -> JobResult:
    """What is in a video, in the words of the texts given."""
    return _with_note(tasks.survey(context, video_of(params), params["texts"], params.get("encoder")))


def ground(context: TaskContext, params: dict[str, Any]) -> JobResult:
    """The moments of one video for one query."""
    names = {"encoder": "encoder_name", "engine": "engine", "refine": "refine", "top": "top", "check": "check",
             "unlikely": "unlikely"}  # fmt: skip
    options = {name: params[key] for key, name in names.items() if key in params}
    options["memory"] = [tasks.Slot(**slot) for slot in params.get("memory", ())]
    return JobResult(runs=[tasks.ground(context, video_of(params), params["query"], **options)])


def glance(context: TaskContext, params: dict[str, Any]) -> JobResult:
    """The moment of one video around a time in seconds, for a query or for the picture alone. With `index` the video is
    indexed first: only where nobody else waits for this process."""
    video, query, encoder = video_of(params), params.get("query") or "", params.get("encoder")
    if params.get("index"):
        tasks.index_video(context, video, encoder)
    return JobResult(runs=[tasks.glance(context, video, us(params["at"]), query, encoder)])


def speakers(context: TaskContext, params: dict[str, Any]) -> JobResult:
    """Who speaks when."""
    return _with_note(tasks.find_speakers(context, video_of(params), params.get("model"), params.get("detector")))


def emotions(context: TaskContext, params: dict[str, Any]) -> JobResult:
    """What faces and words express."""
    lines = params.get("subtitles")
    said = lines and [tuple(line) for line in lines]
    named = params.get("expression"), params.get("dialogue"), params.get("words_from", "subtitles")
    return _with_note(tasks.find_emotions(context, video_of(params), said, *named))


def transcribe(context: TaskContext, params: dict[str, Any]) -> JobResult:
    """What is said, as lines of the source `speech`."""
    video = video_of(params)
    said, language = tasks.transcribe(context, video, params.get("language"), params.get("model"))
    _read_texts(context, video, [cue.text for cue in said.cues], 0.99)
    note = "" if said.cues else f"Nobody was heard to speak in this {'video' if video.pictures else 'recording'}."
    return JobResult({"language": language, "lines": len(said.cues), "note": note}, transcripts=[said])


def turns(context: TaskContext, params: dict[str, Any]) -> JobResult:
    """Who speaks when by the sound alone, without a transcript."""
    return _with_note(tasks.speaker_turns(context, video_of(params)))


def voices(context: TaskContext, params: dict[str, Any]) -> JobResult:
    """Whose voice says each line of the transcript; without lines, turns of speakers."""
    lines = [(start, end, who) for start, end, who in params.get("lines", ())]
    if not lines:
        return turns(context, params)
    return _with_note(tasks.tell_voices(context, video_of(params), lines))


def synchronise(context: TaskContext, params: dict[str, Any]) -> JobResult:
    """Where another medium begins on the timeline of a video, by their sound."""
    medium = _video(params["medium"])
    return JobResult({"medium": medium.id, **tasks.synchronise(context, video_of(params), medium)})


def read_text(context: TaskContext, params: dict[str, Any]) -> JobResult:
    """What is written on the screen, and when."""
    run = tasks.read_text(context, video := video_of(params), params.get("model"))
    _read_texts(context, video, [found.label for found in run.predictions], 0.99)
    return _with_note(run)


def track_box(context: TaskContext, params: dict[str, Any]) -> JobResult:
    """Where the object of a box is in the frames after one, or before it."""
    if "box" not in params:
        raise UsageError("Choose a box on the picture, and press Track it.")
    at_us, until_us = params["at_us"], params["until_us"]
    x1, y1, x2, y2 = params["corners"]
    video, backward = video_of(params), until_us < at_us
    step, timeline = (params["edit"], params.get("annotator", "")), params.get("timeline", video.id)

    def tracked(keys: Sequence[KeyFrame], until: int) -> TrackedBox:
        start, end = (until, at_us) if backward else (at_us + 1, until + 1)
        return TrackedBox(timeline, params["box"], start, end, keys, backward, *step)

    def keep(keys: Sequence[KeyFrame], until: int) -> None:
        context.partial(tracked(keys, until))

    found = tasks.track_box(context, video, (x1, y1, x2, y2), at_us, until_us, keep)
    return JobResult({"note": found.note}, tracked=[tracked(found.keys, until_us)])


def face_boxes(context: TaskContext, params: dict[str, Any]) -> JobResult:
    """The faces of the frame at `at_us`, and where they go until `until_us`: key frames (time in µs, corners)."""
    found = tasks.face_boxes(context, video_of(params), params["at_us"], params["until_us"])
    return JobResult({"faces": [[[key.time_us, list(key.corners)] for key in keys] for keys in found]})


def index_before(context: TaskContext, params: dict[str, Any]) -> None:
    """What every grounding engine and encoder needs first."""
    tasks.index_video(context, video_of(params), params.get("encoder"))


def find_faces_before(context: TaskContext, params: dict[str, Any]) -> None:
    """What every model of people needs first."""
    tasks.face_tracks(context, video_of(params), context.part(0.0, 0.5))


def _with_note(run: ModelRun) -> JobResult:
    """With the sentence for the person who waits, where something was missing in the video."""
    return JobResult({"note": run.payload["note"]}, [run])


def teach(context: TaskContext, params: dict[str, Any]) -> JobResult:
    """A label learned from what people said of it, and found in the library."""
    videos = [_video(each) for each in params["among"]]
    return JobResult(*tasks.teach(context, _lesson(params), videos, _among(params), params.get("deeper", False)))


def detect(context: TaskContext, params: dict[str, Any]) -> JobResult:
    """What a detector of the library finds in it."""
    return JobResult(*tasks.detect(context, params["detector"], _lesson(params), _among(params)))


def measure_teaching(context: TaskContext, params: dict[str, Any]) -> JobResult:
    """How good a label's detector is after so many examples."""
    return JobResult(tasks.measure_teaching(context, _lesson(params), [_video(each) for each in params["among"]]))


def _among(params: dict[str, Any]) -> list[VideoRef]:
    """The videos to look in."""
    only = params.get("only")
    return [_video(facts) for facts in params["among"] if only is None or facts["id"] in only]


def _lesson(params: dict[str, Any]) -> tasks.Lesson:
    return tasks.Lesson(
        params["label"],
        params["track"],
        {
            video: tasks.Said(**{kind: _spans(spans) for kind, spans in said.items()})
            for video, said in params["said"].items()
        },
        [tasks.Decision(*decision) for decision in params.get("decisions", [])],
        params.get("person", ""),
        params["examples"],
        {box["id"]: _inside(box) for box in params.get("inside", [])},
        params.get("independent", ()),
    )


def _inside(box: dict[str, Any]) -> tasks.Inside:
    keys = tuple(KeyFrame(*key) for key in box["keys"])
    track = BoxTrack(box["id"], box["label"], box["name"], keys, version=box["version"])
    return tasks.Inside(box["video"], track, box["track"])


def diverse(context: TaskContext, params: dict[str, Any]) -> JobResult:
    """Which of the moments of a `pool` differ most from each other and from what is `known`."""
    pool, known = ([(str(v), int(start), int(end)) for v, start, end in params[name]] for name in ("pool", "known"))
    return JobResult({"order": tasks.most_different(context, pool, known, params["count"])})


def map_library(context: TaskContext, params: dict[str, Any]) -> JobResult:
    """The places of footage and moments on the map of the library, as far as they have none."""
    videos = [_video(facts) for facts in params["videos"]]
    moments = {video: _spans(spans) for video, spans in params["moments"].items()}
    return JobResult(tasks.map_library(context, videos, moments, params["words"], params["anew"]))


def _spans(spans: list[list[int]]) -> list[tuple[int, int]]:
    return [(start, end) for start, end in spans]
