"""What people said of a label, and the samples of what is seen and heard there: what it is learned from."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio.errors import NotFound, UsageError
from studio.index import Features
from studio.models.detection import NEGATIVE, POSITIVE, UNKNOWN, LabelledVideo, View, sounds
from studio.tasks.boundary_shift import Decision
from studio.tasks.context import TaskContext, VideoRef
from studio.tasks.inside_boxes import INSIDE, Inside, inside_features
from studio.tasks.query import encoder_key
from studio.tasks.sound_statistics import SOUND, WITH_SOUND, listens, sound_statistics, statistics_file, vision_key
from studio.timeline import MICROS
from studio.timeline.spans import Span

OTHERS = 60_000  # samples of what nobody said anything of that it is learned from
MOST_HEARD_S = 50_000.0  # seconds of sound that it is learned from
Samples = tuple[NDArray[Any], NDArray[np.float64]]  # rows (N, D), and the borders of their cells in s (N + 1,)


@dataclass(frozen=True, slots=True)
class Said:
    """What people said of one label in one video, in µs: `positive` moments that have it, `negative` stretches that do
    not (rejected predictions), `reviewed` stretches in which nothing else has it, and `absent` instants, 1 µs long,
    that do not have it."""

    positive: Sequence[Span] = ()
    negative: Sequence[Span] = ()
    reviewed: Sequence[Span] = ()
    absent: Sequence[Span] = ()


@dataclass(frozen=True, slots=True)
class Lesson:
    """A label, the track that its predictions go on, and what is known of it, by video. `decisions` are how far people
    moved the boundaries of predictions, and `person` is for whom it is looked for; `examples` name the versions of
    annotations and the verdicts that it is learned from. Of a label of what somebody or something does, `inside` are
    the boxes over time that are looked into instead of whole frames, by their ids, and so is what is known. Annotators
    of the videos that are `independent`, by id, do not see each other's work: a run there says what the detector finds
    for anybody, and nothing of what one of them decided."""

    label: str
    track: str
    said: Mapping[str, Said]
    decisions: Sequence[Decision] = ()
    person: str = ""
    examples: Sequence[str] = ()
    inside: Mapping[str, Inside] = field(default_factory=dict)
    independent: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """Where a label is learned or looked for: a video, or a box in it, by its id. It lasts from `start_us` to `end_us`.
    Its samples are `rows` (N, D), and their cells have the borders `edges` (N + 1,) in s. What is found goes on
    `track`, with `payload`."""

    id: str
    video: VideoRef
    rows: NDArray[Any]
    edges: NDArray[np.float64]
    start_us: int
    end_us: int
    track: str
    payload: dict[str, str] | None = None


def examples(
    context: TaskContext, lesson: Lesson, videos: Sequence[VideoRef]
) -> tuple[dict[str, View], dict[str, Said]]:
    """What a label can be learned from, by the key of what a detector reads: how it looks, how it sounds, or both; and
    what is known of each video that is indexed, or of each box in one, by id: of all of which something is known, and
    of some others.

    Raises UsageError where there is nothing to learn from."""
    encoder = context.model("text_video")
    key = encoder_key(encoder)
    context.progress(0.0, "Reading the examples")
    text = context.text_vectors(encoder, key, [lesson.label])[0]
    views: dict[str, View] = {}
    heard: dict[str, Said] = {}
    for read in (f"{key}{INSIDE}",) if lesson.inside else (key, SOUND, f"{key}{WITH_SOUND}"):
        found = _learned_from(context, lesson, videos, read)
        said = {place.id: within(place, lesson.said.get(place.id, Said())) for place in found}
        known = [labelled(place, said[place.id]) for place in found]
        if any(len(video.truth) for video in known):
            heard = {**said, **heard}
            views[read] = _view(read, text, known)
    if not views:
        raise UsageError(
            f"No video with “{lesson.label}” is indexed yet; index it on the Library page, or: studio index"
        )
    return views, heard


def _view(read: str, text: NDArray[np.float32], videos: Sequence[LabelledVideo]) -> View:
    """Numbers of sounds each vary as much as any other; the words say nothing of them."""
    if not listens(read):
        return View(text, videos)
    seen = len(text) if vision_key(read) else 0
    spread = np.ones(seen + 2 * sounds.WIDTH, np.float32)
    spread[seen:] = sounds.spread_of([video.rows[:, seen:] for video in videos])
    words = np.concatenate([text[:seen], np.zeros(2 * sounds.WIDTH, np.float32)])
    for video in videos:
        np.divide(video.rows, spread, out=video.rows)  # they are made for this, and take much memory
    return View(words, videos, spread)


def _learned_from(context: TaskContext, lesson: Lesson, videos: Sequence[VideoRef], read: str) -> list[Place]:
    """Where a label is learned and measured, in the order of the videos: wherever something is known of it, and at most
    OTHERS samples elsewhere, since a library does not fit into memory. The label chooses these, the same ones each time
    and few others when the library grows."""
    known = {lesson.inside[each].video if each in lesson.inside else each for each in lesson.said}
    if listens(read):
        chosen = _listened_to(context, lesson, videos)
        return [place for video in videos if video.id in chosen for place in places(context, lesson, video, read)]
    found, left = {video.id: places(context, lesson, video, read) for video in videos if video.id in known}, OTHERS
    for video in _by_chance(lesson, videos):
        if video.id not in known:
            here = places(context, lesson, video, read)
            left -= sum(len(place.rows) for place in here)
            if left < 0:
                break
            found[video.id] = here
    return [place for video in videos for place in found.get(video.id, ())]


def _by_chance(lesson: Lesson, videos: Sequence[VideoRef]) -> list[VideoRef]:
    return sorted(videos, key=lambda v: hashlib.sha256(f"{lesson.label}\0{v.id}".encode()).digest())


def _listened_to(context: TaskContext, lesson: Lesson, videos: Sequence[VideoRef]) -> set[str]:
    """The videos whose sound a label is learned from: those with moments of it first, then those of which something
    else is known, and then others that were listened to before; no more than MOST_HEARD_S together. One with pictures
    only if it is indexed: until it is seen, too, nobody can say by what a label is known best."""
    key = encoder_key(context.model("text_video"))

    def is_wanted(video: VideoRef) -> bool:
        is_known = video.id in lesson.said or context.cache.has(video.id, statistics_file(video))
        return is_known and (not video.pictures or context.features.has(video.id, key))

    def order(video: VideoRef) -> int:
        said = lesson.said.get(video.id)
        return 2 if said is None else 0 if said.positive else 1

    chosen, left = set(), MOST_HEARD_S
    for video in sorted(filter(is_wanted, _by_chance(lesson, videos)), key=order):
        if video.duration_s <= left:
            left -= video.duration_s
            chosen.add(video.id)
    return chosen


def places(context: TaskContext, lesson: Lesson, video: VideoRef, read: str, done: float = 0.0) -> list[Place]:
    """A video, or the boxes in it, as far as it has what a detector of the key `read` reads. `done` is the share of the
    work that is done. Raises MediaError, Cancelled."""
    if read.endswith(INSIDE):
        return _inside(context, lesson, video, read)
    key = vision_key(read)
    features = context.features.whole(video.id, key) if key else None
    if key and features is None:
        return []
    samples = _seen(video, features) if features else None
    if listens(read):
        heard = _heard(context, video, done)
        samples = _beside(samples, heard) if samples else heard
    if samples is None or not len(samples[0]):
        return []
    end_us = min(video.duration_us, round(samples[1][-1] * MICROS))  # sound may end before the picture
    return [Place(video.id, video, *samples, 0, end_us if listens(read) else video.duration_us, lesson.track)]


def is_read(context: TaskContext, video: VideoRef) -> bool:
    """Whether any detector can read something of a video now: it is indexed, or was listened to."""
    key = encoder_key(context.model("text_video"))
    return context.features.has(video.id, key) or context.cache.has(video.id, statistics_file(video))


def _seen(video: VideoRef, features: Features) -> Samples:
    return features.vectors, _edges(features.times_us, 0, video.duration_us)


def _heard(context: TaskContext, video: VideoRef, done: float) -> Samples:
    """What a video sounds like; nothing where it has no sound that can be read."""
    if not context.cache.has(video.id, statistics_file(video)):
        context.progress(done, "Listening")
    try:
        rows = sounds.with_surroundings(sound_statistics(context, video))
    except NotFound:  # its pictures can be known all the same
        rows = np.zeros((0, 2 * sounds.WIDTH), np.float32)
    rows = rows[: -(-video.duration_us // round(sounds.STEP_S * MICROS))]
    return rows, np.minimum(np.arange(len(rows) + 1) * sounds.STEP_S, video.duration_us / MICROS)


def _beside(seen: Samples, heard: Samples) -> Samples:
    """What is seen while each sample is heard, and what is heard."""
    (pictures, borders), (rows, edges) = seen, heard
    shown = np.searchsorted(borders, (edges[1:] + edges[:-1]) / 2, "right") - 1
    return np.concatenate([pictures[shown.clip(0, len(pictures) - 1)].astype(np.float32), rows], axis=1), edges


def _inside(context: TaskContext, lesson: Lesson, video: VideoRef, read: str) -> list[Place]:
    """The boxes over time of a video."""
    encoder, found = context.model("text_video"), []
    if read != f"{encoder_key(encoder)}{INSIDE}":
        return []
    for inside in (each for each in lesson.inside.values() if each.video == video.id):
        context.progress(0.0, f"Looking into the box {inside.box.name or inside.box.label}")
        features = inside_features(context, encoder, video, inside.box)
        if features is not None:
            ends = inside.box.keys[0].time_us, min(video.duration_us, inside.box.keys[-1].time_us)
            samples = features.vectors, _edges(features.times_us, *ends)
            found.append(Place(inside.box.id, video, *samples, *ends, inside.track, {"box": inside.box.id}))
    return found


def within(place: Place, said: Said) -> Said:
    """As far as it is about the place: a box comes and goes, and a file may have become shorter."""

    def clipped(spans: Sequence[Span]) -> list[Span]:
        inside = [(max(start, place.start_us), min(end, place.end_us)) for start, end in spans]
        return [(start, end) for start, end in inside if start < end]

    return Said(*map(clipped, (said.positive, said.negative, said.reviewed, said.absent)))


def labelled(place: Place, said: Said) -> LabelledVideo:
    borders = place.edges * MICROS
    middles = (borders[1:] + borders[:-1]) / 2
    known = np.full(len(middles), UNKNOWN, np.int8)
    for kind, spans in ((NEGATIVE, [*said.reviewed, *said.negative, *said.absent]), (POSITIVE, said.positive)):
        for start, end in spans:
            inside = (middles >= start) & (middles < end)
            if not inside.any():  # shorter than the sampling: what is shown then
                inside[min(len(inside) - 1, int(np.searchsorted(borders[1:], (start + end) / 2, "right")))] = True
            known[inside] = kind
    truth = np.array(sorted(said.positive), np.float64).reshape(-1, 2) / MICROS
    return LabelledVideo(place.id, place.rows.astype(np.float32, copy=False), place.edges, known, truth)


def _edges(times_us: NDArray[np.int64], start_us: int, end_us: int) -> NDArray[np.float64]:
    """The borders of the samples' cells in s: half-way between samples, and the ends of the place."""
    times = times_us.astype(np.float64)
    first, last = min(float(start_us), float(times[0])), max(float(end_us), float(times[-1]) + 1)
    return np.concatenate([[first], (times[1:] + times[:-1]) / 2, [last]]) / MICROS
