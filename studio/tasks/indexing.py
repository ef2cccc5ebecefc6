"""Videos → embeddings and thumbnails of sampled frames."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from studio import media
from studio.config import Settings
from studio.errors import MediaError, StudioError, UsageError
from studio.index import Features, FeatureStore
from studio.tasks.context import Progress, TaskContext, VideoRef
from studio.tasks.query import encoder_key

THUMBNAIL_HEIGHT = 108
DENSE_BELOW_S, DENSE_RATE, RATE = 120.0, 2.0, 1.0
BATCH = 16  # frames that are embedded at once
KEY_EVERY_S, FEWEST_KEYS = 10.0, 4  # seconds from one key frame that is embedded first to the next


def index_video(
    context: TaskContext, video: VideoRef, encoder_name: str | None = None, rate: float | None = None
) -> Features:
    """Embed sampled frames of a video and keep them, with a thumbnail each; quick when that was done before.

    `rate` is in frames a second; by default 2 for short clips, where a second is much, and 1 for the rest. Of a longer
    video some key frames are embedded first, so that searches find something in it after a small part of the time.
    Raises MediaError, ModelUnavailable, Cancelled.
    """
    encoder = context.model("text_video", encoder_name)
    known = context.features.get(video.id, encoder_key(encoder))
    if known is not None and context.features.has(video.id, encoder_key(encoder)):
        return known
    if known is None and video.duration_s >= DENSE_BELOW_S:
        index_key_frames(context, video, encoder_name)
    found = _embed(context, video, encoder, rate or sampling_rate(video), context.progress)
    context.cache.save_blobs(video.id, "thumbnails", found.pictures, found.features.times_us)
    context.features.put(video.id, encoder_key(encoder), found.features)
    return found.features


def features_now(context: TaskContext, video: VideoRef, encoder: Any) -> Features:
    """What is known of a video's frames, be it only a part, for what is answered at once: to index may take an hour,
    and every other question would wait for it. Raises UsageError where there is nothing yet."""
    known = context.features.get(video.id, encoder_key(encoder))
    if known is None:
        raise UsageError(
            f"This video is not indexed with {encoder.name} yet; ask again when the Library page says that it is."
        )
    return known


def index_key_frames(context: TaskContext, video: VideoRef, encoder_name: str | None = None) -> Features | None:
    """Embed some key frames of a video, which are decoded without any other, and let searches find them until it is
    indexed; None where it has too few, or where decoding cannot begin at them. Raises as `index_video` does."""
    encoder = context.model("text_video", encoder_name)
    probe = media.probe(video.path, context.settings.limits)
    keys = np.intersect1d(probe.key_us, probe.pts_us)
    wanted = int(video.duration_s / KEY_EVERY_S)
    if not probe.stamped or len(keys) < max(FEWEST_KEYS, wanted // 4):
        return None
    spread = np.linspace(0, video.duration_us, max(1, wanted), endpoint=False)
    chosen = np.unique(keys[np.clip(np.searchsorted(keys, spread), 0, len(keys) - 1)])
    times: list[NDArray[np.int64]] = []
    vectors: list[NDArray[np.float16]] = []
    with media.sample_frames(video.path, times_us=chosen, size=encoder.frame_size, batch=BATCH) as stream:
        for frames in stream:
            times.append(frames.times_us)
            vectors.append(encoder.encode_frames(frames.images).astype(np.float16))
            context.progress(0.0, "Looking at key frames")
    if not times:
        return None
    features = Features(np.concatenate(times), np.concatenate(vectors))
    context.features.put(video.id, encoder_key(encoder), features, partial=True)
    update_index(context, [video], encoder_name)
    return features


def make_thumbnails(context: TaskContext, video: VideoRef, features: Features) -> None:
    """A thumbnail of each sampled frame, where they are missing: indexing makes them by the way."""
    if context.cache.has(video.id, "thumbnails.npy"):
        return
    pictures = media.thumbnails(video.path, [int(time) for time in features.times_us], THUMBNAIL_HEIGHT)
    context.cache.save_blobs(video.id, "thumbnails", pictures, features.times_us)


def index_mirrored(context: TaskContext, video: VideoRef, encoder: Any, features: Features) -> Features:
    """Embeddings of the same frames seen in a mirror, kept beside `features`; as much work as indexing, once."""
    key = f"{encoder_key(encoder)}-mirrored"
    known = context.features.get(video.id, key)
    if known is not None and np.array_equal(known.times_us, features.times_us):
        return known
    vectors: list[NDArray[np.float16]] = []
    with media.sample_frames(video.path, times_us=features.times_us, size=encoder.frame_size, batch=BATCH) as stream:
        for frames in stream:
            vectors.append(encoder.encode_frames(frames.images[:, :, ::-1].copy()).astype(np.float16))
            context.progress(sum(map(len, vectors)) / len(features.times_us), "Looking in the mirror")
    whole = np.concatenate([*vectors, features.vectors[sum(map(len, vectors)) :]])  # a file that breaks off
    context.features.put(video.id, key, Features(features.times_us, whole))
    return Features(features.times_us, whole)


@dataclass(frozen=True, slots=True)
class Embedded:
    """Sampled frames of a video, or of a stretch of it, with a thumbnail (JPEG) each; `damaged`: something could not be
    decoded."""

    features: Features
    pictures: Sequence[bytes]
    damaged: bool = False


def sampling_rate(video: VideoRef) -> float:
    """Frames a second that are embedded."""
    return DENSE_RATE if video.duration_s < DENSE_BELOW_S else RATE


def stretches_of(settings: Settings, video: VideoRef) -> list[tuple[int, int]]:
    """The stretches [first, last) of a long video's samples that can be embedded side by side, with the same outcome as
    one after the other; a single one where it is short, or where decoding cannot begin anywhere. Raises MediaError."""
    probe = media.probe(video.path, settings.limits)
    count = len(media.sample_times(probe, sampling_rate(video)))
    length = max(BATCH, settings.limits.stretch_frames // BATCH * BATCH)
    if count < 2 * length or not media.can_start_anywhere(probe):
        return [(0, count)]
    return [(first, min(first + length, count)) for first in range(0, count, length)]


@dataclass(frozen=True, slots=True)
class Stretch:
    """The samples [first, last) of a video, to be embedded; `key_frames`: some of all of the video before them."""

    video: VideoRef
    first: int
    last: int
    key_frames: bool = False


def embed_stretches(
    context: TaskContext, stretches: Sequence[Stretch], encoder_name: str | None
) -> tuple[str, list[Embedded | StudioError]]:
    """Embed stretches of one video or of several together: frames of all of them are in a batch, which a graphics card
    is the quicker for.

    Returns the encoder's key, and of each stretch what was embedded or why that failed; keeps none but key frames. The
    batches of a single stretch are those of the whole video, since sums of a batch may differ in their last bits from
    those of another. Raises ModelUnavailable, Cancelled.
    """
    encoder = context.model("text_video", encoder_name)
    found: dict[int, Embedded | StudioError] = {}
    waiting: dict[int, tuple[_Sampling, NDArray[np.uint8]]] = {}
    work = dict(enumerate(_sampling_of(context, stretch, encoder, encoder_name) for stretch in stretches))

    def advance(number: int, vectors: NDArray[np.float32] | None) -> None:
        try:
            waiting[number] = work[number], work[number].send(vectors)
        except StopIteration as end:
            found[number] = end.value
        except MediaError as error:  # of one of several videos
            found[number] = error

    for number in work:
        advance(number, None)
    while waiting:
        now = dict(waiting)
        waiting.clear()
        for shape in {images.shape[1:] for _, images in now.values()}:
            numbers = [number for number, (_, images) in now.items() if images.shape[1:] == shape]
            vectors = encoder.encode_frames(np.concatenate([now[number][1] for number in numbers]))
            ends = np.cumsum([len(now[number][1]) for number in numbers])
            for number, part in zip(numbers, np.split(vectors, ends[:-1]), strict=True):
                advance(number, part)
    return encoder_key(encoder), [found[number] for number in work]


def _sampling_of(context: TaskContext, stretch: Stretch, encoder: Any, encoder_name: str | None) -> "_Sampling":
    if stretch.key_frames and stretch.video.duration_s >= DENSE_BELOW_S:
        index_key_frames(context, stretch.video, encoder_name)
    rate = sampling_rate(stretch.video)
    return (yield from _sample(context, stretch.video, encoder, rate, context.progress, stretch.first, stretch.last))


def join_stretches(features: FeatureStore, video_id: str, encoder: str, parts: Sequence[Embedded]) -> None:
    """Keep the stretches of a video, in order, as `index_video` keeps the whole. `encoder` is its key."""
    kept = [part for part in parts if len(part.features.times_us)]
    times, vectors = ([getattr(part.features, name) for part in kept] for name in ("times_us", "vectors"))
    whole = Features(np.concatenate(times), np.concatenate(vectors))
    pictures = [picture for part in kept for picture in part.pictures]
    features.cache.save_blobs(video_id, "thumbnails", pictures, whole.times_us)
    features.put(video_id, encoder, whole)


_Sampling = Generator[NDArray[np.uint8], NDArray[np.float32] | None, Embedded]
"""Yields frames (N, H, W, 3), and is sent their embeddings (N, D)."""


def _embed(context: TaskContext, video: VideoRef, encoder: Any, rate: float, progress: Progress) -> Embedded:
    """All samples of a video at a rate."""
    work = _sample(context, video, encoder, rate, progress)
    vectors: NDArray[np.float32] | None = None
    try:
        while True:
            vectors = encoder.encode_frames(work.send(vectors))
    except StopIteration as end:
        found: Embedded = end.value
        return found


def _sample(
    context: TaskContext,
    video: VideoRef,
    encoder: Any,
    rate: float,
    progress: Progress,
    first: int = 0,
    last: int | None = None,
) -> _Sampling:
    """The samples [first, last) of a video at a rate, BATCH at a time; `first` is a multiple of it."""
    times: list[NDArray[np.int64]] = []
    vectors: list[NDArray[np.float16]] = []
    pictures: list[bytes] = []
    probe = media.probe(video.path, context.settings.limits)
    width = max(2, round(THUMBNAIL_HEIGHT * probe.width / probe.height))
    asked = media.sample_times(probe, rate)
    # a slow video repeats its frames, also from one stretch to the next
    before = media.frame_at(video.path, int(asked[first - 1]), (16, 16))[0] if first else -1
    progress(0.0, "Reading the video")
    part = asked[first:last]
    stream = media.sample_frames(video.path, times_us=part, size=encoder.frame_size, batch=BATCH)
    for frames in stream:
        new = np.diff(frames.times_us, prepend=before) > 0
        if not new.any():
            continue
        before = frames.times_us[-1]
        times.append(frames.times_us[new])
        embedded = yield frames.images[new]
        assert embedded is not None
        vectors.append(embedded.astype(np.float16))
        pictures += [_jpeg(image, width) for image in frames.images[new]]
        done = (frames.times_us[-1] - part[0]) / max(1, min(video.duration_us, int(part[-1]) + 1) - part[0])
        progress(min(0.99, done), "Indexing")
    empty = np.zeros(0, np.int64), np.zeros((0, 1), np.float16)
    features = Features(np.concatenate(times), np.concatenate(vectors)) if times else Features(*empty)
    return Embedded(features, pictures, stream.damaged)


def _jpeg(image: NDArray[np.uint8], width: int) -> bytes:
    """A thumbnail with the video's own proportions, from a frame that the encoder may have wanted square."""
    small = cv2.resize(image, (width, THUMBNAIL_HEIGHT), interpolation=cv2.INTER_AREA)
    _, data = cv2.imencode(".jpg", cv2.cvtColor(small, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 80])
    return bytes(data)


def update_index(context: TaskContext, videos: Sequence[VideoRef], encoder_name: str | None = None) -> None:
    """Put indexed videos where search across the library looks; see `VectorIndex.sync`."""
    context.vector_index(encoder_key(context.model("text_video", encoder_name))).sync([video.id for video in videos])
