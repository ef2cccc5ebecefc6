"""Why a moment was found: which words, which frames, and where in the picture each part of the question is."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio import media, models
from studio.tasks.certainty import calibration, known
from studio.tasks.context import TaskContext, VideoRef
from studio.tasks.indexing import features_now
from studio.tasks.query import Term, checked, terms, unit
from studio.tasks.retrieval import embed_query
from studio.tasks.tags import Tag, parse_tags


@dataclass(frozen=True, slots=True)
class Part:
    """A tag of the question in the best frame: how likely it is seen there, 0…1, so far as the encoder knows its words,
    and how much each cell of the grid
    adds to its cosine, row by row (grid · grid); empty where the encoder has no regions."""

    word: str
    kind: str
    text: str
    confidence: float
    heat: list[float]


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a moment was found: how much each word of the query counts, how well each sampled frame fits, and what of the
    question is seen where in the best frame.

    A word's weight is what the best frame's cosine loses without it, as a share of the largest such loss or gain.
    `peak_us` is the best frame's time, `grid` how many cells the grid that `parts` speak of is wide and high (0: there
    is none), and `area` where it lies in the picture: x, y, width and height as shares of it.
    """

    words: list[tuple[str, float]]
    frames: list[tuple[int, float]]
    peak_us: int
    parts: list[Part]
    grid: int
    area: tuple[float, float, float, float]


def explain(
    context: TaskContext,
    query: str,
    video: VideoRef,
    start_us: int,
    end_us: int,
    encoder_name: str | None = None,
    among: Sequence[str] = (),
) -> Reason:
    """Why the moment [start, end) of a video answers a query.

    Words are left out one at a time, as in occlusion analysis; where a part of the question is seen is said by Shapley
    values over regions of the picture. `among` are the ids of the videos that were searched, by which cosines of an
    encoder that nobody measured become probabilities as they do for hits; this video alone where none is given. Raises
    UsageError for an empty query, and for a video of which nothing is indexed.
    """
    encoder, vector = embed_query(context, query, encoder_name)
    features = features_now(context, video, encoder)
    curve = features.similarity(vector)
    inside = np.flatnonzero((features.times_us >= start_us) & (features.times_us < end_us))
    if not len(inside):
        inside = np.array([max(0, int(np.searchsorted(features.times_us, start_us, side="right")) - 1)])
    peak = inside[curve[inside].argmax()]
    peak_us, picture = int(features.times_us[peak]), features.vectors[peak].astype(np.float32)
    asked = terms(checked(query, context.settings.limits))
    names, losses = _losses(encoder, asked, picture)
    largest = max((abs(loss) for loss in losses), default=0.0) or 1.0
    tags = parse_tags(" ".join(term.text for term in asked if term.weight > 0))
    regions, area = _regions(context, encoder, video, peak_us)
    return Reason(
        [(name, round(loss / largest, 3)) for name, loss in zip(names, losses, strict=True)],
        [(int(features.times_us[i]), round(float(curve[i]), 4)) for i in inside],
        peak_us,
        _parts(encoder, calibration(context, encoder, among or [video.id]), tags, picture, regions),
        isqrt(len(regions)),
        area,
    )


def _regions(
    context: TaskContext, encoder: Any, video: VideoRef, time_us: int
) -> tuple[NDArray[np.float32], tuple[float, float, float, float]]:
    """Unit vectors (P, D) of a grid of regions of the frame shown at a time, as many high as wide, and where in the
    picture it lies; P is 0 where the encoder has none, or the frame cannot be read."""
    with media.sample_frames(video.path, times_us=[time_us], size=encoder.frame_size, batch=1) as stream:
        images = next((frames.images for frames in stream), None)
    none = np.zeros((0, encoder.dim), np.float32)
    if images is None:
        return none, (0.0, 0.0, 1.0, 1.0)
    area = _looked_at(encoder, images[0])
    try:
        regions: NDArray[np.float32] = encoder.encode_frames(images, tokens=True)[0]
    except ValueError:
        return none, area
    return (regions if isqrt(len(regions)) ** 2 == len(regions) else none), area


def _looked_at(encoder: Any, frame: NDArray[np.uint8]) -> tuple[float, float, float, float]:
    """The part of a frame that the encoder looks at: what it says itself (of a film, what is between black bars), else
    all of a squashed frame, or the middle of a whole one."""
    asked = getattr(encoder, "looked_at", None)
    if asked is not None:
        x, y, wide, high = asked(frame)
        return float(x), float(y), float(wide), float(high)
    height, width = frame.shape[:2]
    side = min(height, width)
    return (width - side) / 2 / width, (height - side) / 2 / height, side / width, side / height


def _parts(
    encoder: Any,
    sure: models.Calibration,
    tags: Sequence[Tag],
    picture: NDArray[np.float32],
    regions: NDArray[np.float32],
) -> list[Part]:
    if not tags:
        return []
    texts = encoder.encode_text([tag.text for tag in tags])
    heats = models.heat(texts, regions) if len(regions) else np.zeros((len(tags), 0), np.float32)
    return [
        Part(
            tag.word,
            tag.kind,
            tag.text,
            round(known(encoder, tag.text) * float(p), 3),
            [round(float(value), 4) for value in heat],
        )
        for tag, p, heat in zip(tags, sure.probability(texts @ picture), heats, strict=True)
    ]


def _losses(encoder: Any, asked: Sequence[Term], picture: NDArray[np.float32]) -> tuple[list[str], list[float]]:
    """Each word, a minus before those to keep away from, and what the likeness with a picture (D,) loses without it."""
    vectors = encoder.encode_text([term.text for term in asked])
    weights = np.array([term.weight for term in asked], np.float32)
    names: list[str] = []
    without: list[tuple[int, str]] = []
    for number, term in enumerate(asked):
        parts = term.text.split()
        for i, word in enumerate(parts):
            names.append(word if term.weight > 0 else f"−{word}")
            without.append((number, " ".join(parts[:i] + parts[i + 1 :])))
    variants = encoder.encode_text([text or "." for _, text in without])
    whole = float(unit(weights @ vectors) @ picture)
    losses = []
    for (number, text), variant in zip(without, variants, strict=True):
        changed, weight = vectors.copy(), weights.copy()
        changed[number] = variant
        weight[number] = weight[number] if text or len(asked) == 1 else 0.0  # a term of one word goes altogether
        losses.append(whole - float(unit(weight @ changed) @ picture))
    return names, losses
