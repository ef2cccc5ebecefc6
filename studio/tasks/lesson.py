"""What people said of a label, and the samples of what is seen and heard there: what it is learned from."""

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio.errors import NotFound, UsageError
from studio.index import Features
from studio.models.detection import NEGATIVE, POSITIVE, UNKNOWN, LabelledVideo, View, sounds
from studio.models.interfaces import Floats
from studio.tasks.boundary_shift import Decision
from studio.tasks.context import TaskContext, VideoRef
from studio.tasks.findings import FINDINGS_FILE, VECTORS, Samples, findings_of, text_samples, text_vectors
from studio.tasks.inside_boxes import INSIDE, Inside, inside_features
from studio.tasks.modalities import (
    MODALITIES,
    PEOPLE,
    SCREEN_TEXT,
    SOUND,
    TRANSCRIPT,
    Modality,
    beside,
    modality_of,
    vision_key,
)
from studio.tasks.query import encoder_key
from studio.tasks.sound_statistics import sound_statistics, statistics_file
from studio.timeline import MICROS
from studio.timeline.spans import Span

OTHERS = 60_000  # samples of what nobody said anything of that it is learned from
MOST_HEARD_S = 50_000.0  # seconds of sound that it is learned from
TEXTS = (TRANSCRIPT, SCREEN_TEXT)  # of which the label's words say something, too


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


@dataclass
class Examples:
    """What a label can be learned from: `views` of the videos, by the key of what a detector reads, and `said`, what is
    known of each video that is indexed, or of each box in one, by id: of all of which something is known, and of some
    others. `together` is a view of frames with another modality beside them."""

    views: dict[str, View]
    said: dict[str, Said]
    together: Callable[[str], tuple[str, View] | None]


def examples(context: TaskContext, lesson: Lesson, videos: Sequence[VideoRef]) -> Examples:
    """Of a lesson, among these videos. Raises UsageError where there is nothing to learn from, Cancelled."""
    key = encoder_key(context.model("text_video"))
    context.progress(0.0, "Reading the examples")
    views: dict[str, View] = {}
    heard: dict[str, Said] = {}

    def add(read: str, among: Sequence[VideoRef] = videos) -> View | None:
        found = _learned_from(context, lesson, among, read)
        said = {place.id: within(place, lesson.said.get(place.id, Said())) for place in found}
        known = [labelled(place, said[place.id]) for place in found]
        if not any(len(video.truth) for video in known):
            return None
        heard.update({place: each for place, each in said.items() if place not in heard})
        return _view(context, lesson.label, read, known)

    def together(read: str) -> tuple[str, View] | None:
        modality = modality_of(read)
        if modality is None or key not in views:
            return None
        both = beside(key, modality)
        view = add(both, [video for video in videos if video.id in heard])  # others are in no fold
        return None if view is None else (both, view)

    for read in (f"{key}{INSIDE}",) if lesson.inside else (key, *(modality.key for modality in MODALITIES)):
        view = add(read)
        if view is not None:
            views[read] = view
    if not views:
        raise UsageError(
            f"No video with “{lesson.label}” is indexed yet; index it on the Library page, or: studio index"
        )
    return Examples(views, heard, together)


def _view(context: TaskContext, label: str, read: str, videos: Sequence[LabelledVideo]) -> View:
    """What the label's words say of frames and of texts; they say nothing of sound and of people, whose numbers each
    vary as much as any other."""
    modality, words = modality_of(read), np.zeros(0, np.float32)
    if vision := vision_key(read):
        encoder = context.model("text_video")
        words = context.text_vectors(encoder, vision.removesuffix(INSIDE), [label])[0]
    if modality in TEXTS:
        words = np.concatenate([words, context.model("sentence_embedding").encode([label])[0]])
    if modality is None or modality in TEXTS:
        return View(words, videos)
    seen = len(words)
    spread = np.ones(videos[0].rows.shape[1], np.float32)
    spread[seen:] = sounds.spread_of([video.rows[:, seen:] for video in videos])
    for video in videos:
        np.divide(video.rows, spread, out=video.rows)  # they are made for this, and take much memory
    return View(np.concatenate([words, np.zeros(len(spread) - seen, np.float32)]), videos, spread)


def _learned_from(context: TaskContext, lesson: Lesson, videos: Sequence[VideoRef], read: str) -> list[Place]:
    """Where a label is learned and measured, in the order of the videos: wherever something is known of it, and at most
    OTHERS samples elsewhere, since a library does not fit into memory. The label chooses these, the same ones each time
    and few others when the library grows."""
    known = {lesson.inside[each].video if each in lesson.inside else each for each in lesson.said}
    if modality_of(read) is SOUND:
        chosen = _listened_to(context, lesson, videos)
        return [place for video in videos if video.id in chosen for place in places(context, lesson, video, read)]
    found, left = {video.id: places(context, lesson, video, read) for video in videos if video.id in known}, OTHERS
    for video in _by_chance(lesson, videos):
        if video.id not in known and _is_at_hand(context, video, read):
            here = places(context, lesson, video, read)
            left -= sum(len(place.rows) for place in here)
            if left < 0:
                break
            found[video.id] = here
    return [place for video in videos for place in found.get(video.id, ())]


def _is_at_hand(context: TaskContext, video: VideoRef, read: str) -> bool:
    """Whether a video is read quickly: to encode the texts of a whole library takes long."""
    return modality_of(read) not in TEXTS or context.cache.has(video.id, VECTORS)


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
    key, modality = vision_key(read), modality_of(read)
    features = context.features.whole(video.id, key) if key else None
    if key and features is None:
        return []
    samples = _seen(video, features) if features else None
    if modality is not None:
        other = _samples(context, video, modality, done)
        samples = _together(samples, other, finer=modality is SOUND) if samples else other
    if samples is None or not len(samples[0]):
        return []
    end_us = min(video.duration_us, round(samples[1][-1] * MICROS))  # sound may end before the picture
    return [Place(video.id, video, *samples, 0, end_us if modality else video.duration_us, lesson.track)]


def is_read(context: TaskContext, video: VideoRef) -> bool:
    """Whether any detector can read something of a video now: it is indexed, was listened to, or something of it is
    known."""
    key, cache = encoder_key(context.model("text_video")), context.cache
    files = statistics_file(video), FINDINGS_FILE
    return context.features.has(video.id, key) or any(cache.has(video.id, file) for file in files)


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


def _samples(context: TaskContext, video: VideoRef, modality: Modality, done: float) -> Samples:
    """What a video has of a modality; no samples where it has nothing."""
    if modality is SOUND:
        return _heard(context, video, done)
    found, duration_us = findings_of(context.cache, video.id), video.duration_us
    nothing = np.zeros((0, 0), np.float32), np.zeros(1)
    if found is None:
        return nothing
    if modality is PEOPLE:
        if not len(found.people):
            return nothing
        borders = np.minimum(np.arange(len(found.people) + 1) * sounds.STEP_S, duration_us / MICROS)
        return sounds.with_surroundings(found.people), borders
    lines = found.said if modality is TRANSCRIPT else found.written
    if not lines:
        return nothing
    vectors = text_vectors(context, video.id, [text for *_, text in (*found.said, *found.written)], done, are_all=True)
    own = vectors[: len(found.said)] if modality is TRANSCRIPT else vectors[len(found.said) :]
    return text_samples(lines, own, duration_us)


def _together(seen: Samples, other: Samples, finer: bool) -> Samples:
    """Frames and another modality: what is seen during each of its samples where those are `finer`, else what it is on
    average while each frame is seen. Nothing where one of them is missing."""
    (pictures, borders), (rows, edges) = seen, other
    if not len(rows):
        return other
    if not finer:
        return np.concatenate([pictures.astype(np.float32), mean_within(rows, edges, borders)], axis=1), borders
    shown = np.searchsorted(borders, (edges[1:] + edges[:-1]) / 2, "right") - 1
    return np.concatenate([pictures[shown.clip(0, len(pictures) - 1)].astype(np.float32), rows], axis=1), edges


def mean_within(rows: NDArray[np.float32], edges: NDArray[np.float64], borders: NDArray[np.float64]) -> Floats:
    """Samples (N, D) whose cells have the edges (N + 1,) → their mean over time in each cell of other `borders`
    (M + 1,): (M, D); beyond them zeros."""
    lengths = np.diff(edges)[:, None]
    total = np.concatenate([np.zeros((1, rows.shape[1])), np.cumsum(rows * lengths, axis=0)])
    at = borders.clip(edges[0], edges[-1])
    cell = (np.searchsorted(edges, at, "right") - 1).clip(0, len(rows) - 1)
    reached = total[cell] + rows[cell] * (at - edges[cell])[:, None]
    found: Floats = (np.diff(reached, axis=0) / np.maximum(np.diff(borders), 1e-9)[:, None]).astype(np.float32)
    return found


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
