"""Text → moments across the library."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from studio import media
from studio.errors import UsageError
from studio.index import Features
from studio.tasks.boundaries import snapping
from studio.tasks.desk import Desk, Progress, Video

THUMBNAIL_HEIGHT = 108
DENSE_BELOW_S, DENSE_RATE, RATE = 120.0, 2.0, 1.0
MOMENTS_A_VIDEO = 3
ENGINE = "similarity-peaks"  # needs the curve only: engines that read every frame's vector are too slow for a library
STRIPS, STRIP_BINS = 12, 100


@dataclass(frozen=True, slots=True)
class Hit:
    """One moment of one video, times in µs; `score` is the cosine of its best frame."""

    video_id: str
    start_us: int
    end_us: int
    peak_us: int
    score: float


@dataclass(frozen=True, slots=True)
class Strip:
    """How well each of STRIP_BINS equal parts of one video fits a query: the best cosine in each."""

    video_id: str
    scores: list[float]


def encoder_key(encoder: Any) -> str:
    """What an embedding depends on: features of another encoder or version are never mixed with these."""
    return f"{encoder.name}@{encoder.version}"


def index_video(desk: Desk, video: Video, encoder_name: str | None = None, rate: float | None = None) -> Features:
    """Embed sampled frames of a video and keep them, with a thumbnail each; quick when that was done before.

    `rate` is in frames a second; by default 2 for short clips, where a second is much, and 1 for the rest.
    Raises MediaError, ModelUnavailable, Cancelled.
    """
    encoder = desk.model("text_video", encoder_name)
    known = desk.vectors.get(video.id, encoder_key(encoder))
    if known is not None:
        return known
    rate = rate or (DENSE_RATE if video.duration_s < DENSE_BELOW_S else RATE)
    features = _embed(desk, video, encoder, rate, desk.progress)
    desk.vectors.put(video.id, encoder_key(encoder), features)
    return features


def _embed(desk: Desk, video: Video, encoder: Any, rate: float, progress: Progress) -> Features:
    times: list[NDArray[np.int64]] = []
    vectors: list[NDArray[np.float16]] = []
    pictures: list[bytes] = []
    probe = media.probe(video.path, desk.settings.limits)
    width = max(2, round(THUMBNAIL_HEIGHT * probe.width / probe.height))
    progress(0.0, "Reading the video")
    for frames in media.sample_frames(video.path, rate=rate, size=encoder.frame_size, batch=16):
        new = np.diff(frames.times_us, prepend=times[-1][-1] if times else -1) > 0  # a slow video repeats its frames
        if not new.any():
            continue
        times.append(frames.times_us[new])
        vectors.append(encoder.encode_frames(frames.images[new]).astype(np.float16))
        pictures += [_jpeg(image, width) for image in frames.images[new]]
        progress(min(0.99, frames.times_us[-1] / max(1, video.duration_us)), "Indexing")
    features = Features(np.concatenate(times), np.concatenate(vectors))
    desk.cache.save_blobs(video.id, "thumbnails", pictures, features.times_us)
    return features


def _jpeg(image: NDArray[np.uint8], width: int) -> bytes:
    """A thumbnail with the video's own proportions, from a frame that the encoder may have wanted square."""
    small = cv2.resize(image, (width, THUMBNAIL_HEIGHT), interpolation=cv2.INTER_AREA)
    _, data = cv2.imencode(".jpg", cv2.cvtColor(small, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 80])
    return bytes(data)


def embed_query(desk: Desk, query: str, encoder_name: str | None = None) -> tuple[Any, NDArray[np.float32]]:
    """The encoder and the unit vector (D,) of a text.

    Raises UsageError for an empty or endless text.
    """
    text = query.strip()
    if not text:
        raise UsageError("Say in a few words what you are looking for.")
    if len(text) > desk.settings.limits.query_chars:
        raise UsageError(f"Keep the query under {desk.settings.limits.query_chars} characters.")
    encoder = desk.model("text_video", encoder_name)
    return encoder, encoder.encode_text([text])[0]


def search(
    desk: Desk, query: str, videos: Sequence[Video], top: int = 20, encoder_name: str | None = None
) -> tuple[list[Hit], list[Strip]]:
    """The best moments of the indexed videos among `videos`, best first, at most `top`; and the strips of the videos
    that fit best.
    """
    encoder, vector = embed_query(desk, query, encoder_name)
    by_id = {video.id: video for video in videos}
    hits: list[Hit] = []
    strips: list[Strip] = []
    for frame, features, curve in desk.vectors.search(encoder_key(encoder), vector, by_id, top):
        hits += moments_of(desk, by_id[frame.video_id], features, curve)
        if len(strips) < STRIPS:
            strips.append(_strip(by_id[frame.video_id], features, curve))
    hits.sort(key=lambda hit: -hit.score)
    return hits[:top], strips


def _strip(video: Video, features: Features, curve: NDArray[np.float32]) -> Strip:
    middles = (np.arange(STRIP_BINS) + 0.5) * video.duration_us / STRIP_BINS
    shown = np.searchsorted(features.times_us, middles, side="right").clip(1) - 1
    scores = curve[shown]
    np.maximum.at(scores, (features.times_us * STRIP_BINS // max(1, video.duration_us)).clip(0, STRIP_BINS - 1), curve)
    return Strip(video.id, [round(float(score), 3) for score in scores])


def moments_of(desk: Desk, video: Video, features: Features, curve: NDArray[np.float32]) -> list[Hit]:
    """Frames that score high, joined into moments that do not overlap; each is scored by its best frame."""
    hits: list[Hit] = []
    proposals = desk.model("grounding", ENGINE).propose(features.times_us / 1e6, curve, 10, duration_s=video.duration_s)
    snap = snapping(desk, video, features)
    for start_s, end_s, _ in proposals:
        start, end = snap(start_s), snap(end_s)
        inside = np.flatnonzero((features.times_us >= start) & (features.times_us < end))
        if not len(inside) or any(start < hit.end_us and hit.start_us < end for hit in hits):
            continue
        best = inside[curve[inside].argmax()]
        hits.append(Hit(video.id, start, end, int(features.times_us[best]), float(curve[best])))
    return hits[:MOMENTS_A_VIDEO]
