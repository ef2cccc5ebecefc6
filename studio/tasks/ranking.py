"""Found moments put into a better order: compared at several levels, and without videos that every question likes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio import media, models
from studio.index import Features
from studio.tasks.context import TaskContext, VideoRef
from studio.tasks.query import encoder_key

FRAMES = 8  # of a moment, spread evenly


@dataclass(frozen=True, slots=True)
class Hit:
    """One moment of one video, times in µs.

    `score` is what hits are ordered by: `visual`, the cosine of the best frame, plus what `line` adds, a text that has
    a `share` of the words. `why` says whether it was "seen", "said" or "written" (on the screen). `confidence` is how
    likely it is what was asked for, 0…1; None for a question that is more than a text, which no encoder was measured
    with.
    """

    video_id: str
    start_us: int
    end_us: int
    peak_us: int
    score: float
    visual: float
    line: str = ""
    why: str = "seen"
    share: float = 0.0
    confidence: float | None = None


def by_levels(
    context: TaskContext,
    encoder: Any,
    vector: NDArray[np.float32],
    text: str,
    hits: Sequence[Hit],
    videos: Mapping[str, VideoRef],
    weights: tuple[float, float, float],
) -> list[Hit]:
    """Hits whose `visual` is the weighted mean of their levels: moment with sentence, frames with sentence, and parts
    of pictures with words (UCoFiA, ICCV 2023, without training).

    The last level decodes the frames again. It is left out, and not counted as 0, where the encoder has no regions, the
    question no words, or frames of a hit cannot be read; a hit of which nothing else is compared stays as it is.
    """
    video_weight, frame_weight, patch_weight = weights
    words = _words(encoder, text) if patch_weight else None
    if video_weight + frame_weight + (patch_weight if words is not None else 0.0) <= 0:
        return list(hits)
    seen = []
    for number, hit in enumerate(hits):
        features = context.features.get(hit.video_id, encoder_key(encoder))
        assert features is not None, "a hit comes from an indexed video"
        chosen = _spread(features, hit)
        patches = None
        if words is not None:
            try:
                patches = _patches(encoder, videos[hit.video_id], features.times_us[chosen])
            except ValueError:  # this encoder gives no regions, of no frame
                words = None
        if patches is not None and len(patches) != len(chosen):  # a damaged part of the file
            patches = None
        seen.append(models.MultiLevelVideo(features.vectors[chosen].astype(np.float32), patches))
        context.progress(number / len(hits), "Comparing")
    query = models.MultiLevelQuery(vector, words)
    scores = models.multilevel_scores(
        query, seen, models.MultiLevelWeights(video_weight, frame_weight, patch_weight)
    ).total
    better = []
    for hit, score, video in zip(hits, scores, seen, strict=True):
        has_regions = words is not None and video.patches is not None
        whole = video_weight + frame_weight + (patch_weight if has_regions else 0.0)
        visual = float(score) / whole if whole > 0 else hit.visual
        better.append(replace(hit, visual=visual, score=visual + hit.score - hit.visual))
    return sorted(better, key=lambda hit: -hit.score)


def _words(encoder: Any, text: str) -> NDArray[np.float32] | None:
    if not text:
        return None
    vectors, mask = encoder.encode_text([text], tokens=True)
    found: NDArray[np.float32] = vectors[0][mask[0]]
    return found


def _spread(features: Features, hit: Hit) -> NDArray[np.intp]:
    inside = np.flatnonzero((features.times_us >= hit.start_us) & (features.times_us < hit.end_us))
    if not len(inside):
        return np.array([max(0, int(np.searchsorted(features.times_us, hit.start_us, side="right")) - 1)])
    chosen: NDArray[np.intp] = inside[np.linspace(0, len(inside) - 1, min(FRAMES, len(inside))).round().astype(int)]
    return chosen


def _patches(encoder: Any, video: VideoRef, times_us: NDArray[np.int64]) -> NDArray[np.float32] | None:
    """Regions (T, P, D) of the frames shown at these times; None where none can be read. Raises ValueError where the
    encoder has none."""
    with media.sample_frames(video.path, times_us=times_us, size=encoder.frame_size, batch=16) as stream:
        parts = [encoder.encode_frames(frames.images, tokens=True) for frames in stream]
    return np.concatenate(parts) if parts else None


def popularity(context: TaskContext, encoder: Any, video_ids: Sequence[str], texts: Sequence[str]) -> dict[str, float]:
    """How much to take off each indexed video's scores because it is liked by every text: 0 for the least popular.

    Sinkhorn–Knopp over a bank of texts, those given and a few neutral ones: transductive, the result depends on them
    and on what else is in the library.
    """
    bank = encoder.encode_text(list(dict.fromkeys([*texts, *models.QUERY_BANK])))
    best: dict[str, NDArray[np.float32]] = {}
    for video_id in video_ids:
        features = context.features.get(video_id, encoder_key(encoder))
        if features is not None:
            best[video_id] = (features.vectors.astype(np.float32) @ bank.T).max(0)
    if len(best) < 2:
        return {}
    bias = models.video_bias(np.stack(list(best.values()), axis=1), encoder.scale)
    return {video_id: float(value) for video_id, value in zip(best, bias - bias.max(), strict=True)}
