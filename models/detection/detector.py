"""A label's detector: from the frame vectors of a video to the moments that show it.

A linear classifier over frozen embeddings (as in Video Annotator, Ziai and Vartakavi 2024, arXiv 2402.06560), read at
several levels; a temporal head (`temporal_head`) where that is better. `learning` trains one; its weights and settings
are one safetensors file.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from studio.models.architectures import architecture
from studio.models.card import ModelCard, ModelError
from studio.models.detection.temporal_head import TemporalHead
from studio.models.detection.temporal_head import unpacked as unpacked_head
from studio.models.grounding.curve import Doubles, Spans, l2_normalize, temporal_nms
from studio.models.interfaces import Floats, Moment

CHANGE = 0.3  # 1 − cosine of the samples before and after, above which the picture changed
NEAR = 2  # samples before and after
CONTRAST = 0.3  # how much it counts that a moment differs from what is around it
LENGTH = 0.1  # how much it counts that a moment is not as long as the examples, and the most that it may
MOST_LENGTH = 0.9


@dataclass(frozen=True)
class Weights:
    """What is learned. A sample's logit is `scale` · (`direction` · (its vector − `centre`)) + `bias`, drawn by
    `evened` (0…1) to the mean of the samples between two changes of the picture; moments are cut at `levels` of it.
    The chance that one is right is the logistic of `calibration` = (slope, offset) on its mean logit and contrast.
    `shift` is what is added to the starts and ends of moments, in s. `length` is the mean and the standard deviation
    of the natural logarithm of the examples' lengths in s, where they say how long a moment is. Vectors are divided by
    `spread` first; where there is none, they are brought to unit length."""

    direction: Floats  # (D,)
    centre: Floats  # (D,)
    scale: float
    bias: float
    levels: tuple[float, ...]
    evened: float = 0.6
    calibration: tuple[float, float] = (1.0, 0.0)
    shift: tuple[float, float] = (0.0, 0.0)
    length: tuple[float, float] | None = None
    spread: Floats | None = None  # (D,)


class LabelDetector:
    """See `interfaces.LabelDetector`."""

    def __init__(
        self, name: str, version: str, encoder: str, label: str, weights: Weights, head: TemporalHead | None = None
    ) -> None:
        self.name, self.version, self.encoder = name, version, encoder
        self.labels: tuple[str, ...] = (label,)
        self._weights, self._head = weights, head

    @property
    def step(self) -> str:
        """What finds the moments: "classifier", or "head"."""
        return "classifier" if self._head is None else "head"

    @property
    def shift(self) -> tuple[float, float]:
        """What is added to the starts and ends of moments, in s."""
        return self._weights.shift

    def shifted(self, start_s: float, end_s: float) -> "LabelDetector":
        """The same, with other shifts."""
        weights = replace(self._weights, shift=(start_s, end_s))
        return LabelDetector(self.name, self.version, self.encoder, self.labels[0], weights, self._head)

    def curve(self, features: npt.ArrayLike) -> Floats:
        return sigmoid(logits(self._weights, self._checked(features))).astype(np.float32)

    def propose(self, edges_s: npt.ArrayLike, features: npt.ArrayLike, top_k: int = 100) -> list[Moment]:
        edges, rows = np.asarray(edges_s, np.float64), self._checked(features)
        if edges.shape != (len(rows) + 1,) or np.any(np.diff(edges) <= 0):
            raise ValueError("edges must rise, and be one more than the vectors.")
        first, last = self._weights.shift
        found = []
        for start, end, score in self._moments(edges, rows, top_k):
            moved = max(float(edges[0]), start + first), min(float(edges[-1]), end + last)
            found.append((*(moved if moved[0] < moved[1] else (start, end)), score))
        return found

    def _moments(self, edges: Doubles, rows: Floats, top_k: int) -> list[Moment]:
        if self._head is None:
            return moments(self._weights, edges, logits(self._weights, rows), top_k)
        return self._head.moments(edges, rows, pieces(rows - self._head.centre), top_k) if len(rows) else []

    def _checked(self, features: npt.ArrayLike) -> Floats:
        rows, spread = np.asarray(features), self._weights.spread
        if spread is None:
            rows = l2_normalize(rows, len(rows))
        wanted = len(self._weights.direction)
        if rows.ndim != 2 or rows.shape[1] != wanted:
            raise ValueError(f"{self.name} reads vectors of {wanted} numbers, not {rows.shape[-1]}.")
        return rows if spread is None else rows.astype(np.float32) / spread


def logits(weights: Weights, rows: Floats) -> Doubles:
    """Of unit vectors (N, D): (N,), evened out between changes of the picture."""
    around = rows - weights.centre
    raw = weights.scale * (around @ weights.direction).astype(np.float64) + weights.bias
    return evened(raw, pieces(around), weights.evened)


def evened(raw: Doubles, parts: Sequence[tuple[int, int]], share: float) -> Doubles:
    """A curve (N,) drawn by a `share` (0…1) to its mean within each of the stretches [start, end)."""
    starts, lengths = [start for start, _ in parts], [end - start for start, end in parts]
    means = np.add.reduceat(raw, starts) / lengths
    result: Doubles = raw + share * (np.repeat(means, lengths) - raw)
    return result


def pieces(rows: Floats) -> list[tuple[int, int]]:
    """Samples (N, D), their common part taken off, in stretches [start, end) within which the picture stays alike."""
    count = len(rows)
    if count < 2:
        return [(0, count)]
    total = np.concatenate([np.zeros((1, rows.shape[1])), np.cumsum(rows, axis=0, dtype=np.float64)])
    at = np.arange(1, count)
    before = total[at] - total[np.maximum(0, at - NEAR)]
    after = total[np.minimum(count, at + NEAR)] - total[at]
    lengths = np.linalg.norm(before, axis=1) * np.linalg.norm(after, axis=1)
    change = 1 - (before * after).sum(1) / np.maximum(lengths, 1e-12)
    padded = np.concatenate([[-np.inf], change, [-np.inf]])
    peaks = (change > CHANGE) & (change >= padded[:-2]) & (change > padded[2:])
    return list(pairwise([0, *at[peaks].tolist(), count]))


def sigmoid(x: Doubles) -> Doubles:
    result: Doubles = 1 / (1 + np.exp(-np.clip(x, -30, 30)))
    return result


def candidates(weights: Weights, edges: Doubles, curve: Doubles) -> tuple[Spans, Doubles]:
    """Where a curve of logits (N,), whose samples' cells have these borders (N + 1,) in s, stays above a level:
    [start, end) in samples (C, 2), none twice, and how high each stands there (C,): its mean, more where what is around
    it, half as long on each side, is lower, and less where it is not as long as the examples."""
    found = {span for level in weights.levels for span in _above(curve, level)}
    spans: Spans = np.array(sorted(found), np.intp).reshape(-1, 2)
    start, end = spans.T
    total = np.concatenate([[0.0], np.cumsum(curve)])
    inside = (total[end] - total[start]) / (end - start)
    flank = np.maximum(1, (end - start + 1) // 2)
    left, right = np.maximum(start - flank, 0), np.minimum(end + flank, len(curve))
    around = (start - left) + (right - end)
    outside = (total[start] - total[left] + total[right] - total[end]) / np.maximum(around, 1)
    heights = inside + CONTRAST * np.where(around > 0, inside - outside, 0.0)
    if weights.length is not None:
        mean, deviation = weights.length
        off = (np.log(edges[end] - edges[start]) - mean) / deviation
        heights = heights - weights.scale * np.minimum(LENGTH * off**2, MOST_LENGTH)
    return spans, heights


def _above(curve: Doubles, level: float) -> list[tuple[int, int]]:
    turns = np.flatnonzero(np.diff(np.concatenate([[False], curve >= level, [False]])))
    return [(int(start), int(end)) for start, end in zip(turns[::2], turns[1::2], strict=True)]


def highest(weights: Weights, edges: Doubles, curve: Doubles, top_k: int) -> list[Moment]:
    """The moments of a curve of logits (N,) whose samples' cells have these borders (N + 1,) in s, and how high each
    stands: the highest first, none sharing more than half of the shorter with a higher one."""
    spans, heights = candidates(weights, edges, curve)
    return temporal_nms(edges[spans], heights, top_k)


def moments(weights: Weights, edges: Doubles, curve: Doubles, top_k: int) -> list[Moment]:
    """As `highest`, with the chance that each is right."""
    slope, offset = weights.calibration
    best = highest(weights, edges, curve, top_k)
    chances = sigmoid(slope * np.array([height for _, _, height in best]) + offset)
    return [(start, end, float(chance)) for (start, end, _), chance in zip(best, chances, strict=True)]


def packed(weights: Weights, encoder: str, step: str, head: TemporalHead | None = None) -> bytes:
    """As a safetensors file."""
    from safetensors.numpy import save

    numbers = [weights.scale, weights.bias, weights.evened, *weights.calibration, *weights.shift]
    numbers += weights.length or ()
    arrays: dict[str, npt.NDArray[Any]] = {
        "direction": weights.direction, "centre": weights.centre, "levels": np.array(weights.levels, np.float64),
        "numbers": np.array(numbers, np.float64), **({} if head is None else head.packed()),
    }  # fmt: skip
    if weights.spread is not None:
        arrays["spread"] = weights.spread
    return save(arrays, {"encoder": encoder, "step": step})


def unpacked(content: bytes, name: str) -> tuple[Weights, str]:
    """Weights, and whose vectors they read. Raises ModelError."""
    from safetensors.numpy import load

    try:
        head = int.from_bytes(content[:8], "little")
        encoder = str(json.loads(content[8 : 8 + head])["__metadata__"]["encoder"])
        found = load(content)
        direction, centre, levels = (found[key] for key in ("direction", "centre", "levels"))
        scale, bias, evened, slope, offset, start, end, *lengths = (float(x) for x in found["numbers"])
        spread = found.get("spread")
        if direction.ndim != 1 or direction.shape != centre.shape or levels.ndim != 1:
            raise ValueError("shapes that no detector has")
        if spread is not None and (spread.shape != direction.shape or not (spread > 0).all()):
            raise ValueError("a spread that no detector has")
        if len(lengths) not in (0, 2) or (lengths and lengths[1] <= 0):
            raise ValueError("lengths that no detector has")
        if not all(np.isfinite(each).all() for each in found.values()):
            raise ValueError("numbers that are none")
    except Exception as error:
        raise ModelError(f"{name} is no detector, or it is damaged; teach the label again.") from error
    floats = direction.astype(np.float32), centre.astype(np.float32)
    length = (lengths[0], lengths[1]) if lengths else None
    made = Weights(*floats, scale, bias, tuple(levels.tolist()), evened, (slope, offset), (start, end), length)
    return replace(made, spread=None if spread is None else spread.astype(np.float32)), encoder


def head_of(content: bytes, name: str) -> TemporalHead | None:
    """The temporal head in a detector's file, if it has one. Raises ModelError."""
    from safetensors.numpy import load

    try:
        found = load(content)
        head = unpacked_head(found)
        if head is not None and head.centre.shape != found["direction"].shape:
            raise ValueError("a head for other vectors")
    except Exception as error:
        raise ModelError(f"{name} is no detector, or it is damaged; teach the label again.") from error
    return head


def encoder_of(content: bytes, name: str) -> str:
    """Whose vectors the detector in a file reads. Raises ModelError."""
    return unpacked(content, name)[1]


@architecture("label-detector")
def build(files: Mapping[str, bytes], card: ModelCard, device: str) -> LabelDetector:
    """Small enough for any device: it runs on the processor."""
    weights, encoder = unpacked(files["weights"], card.name)
    if len(card.labels) != 1:
        raise ModelError(f"The card of {card.name} must name one label; teach it again.")
    head = head_of(files["weights"], card.name)
    return LabelDetector(card.name, card.version, encoder, card.labels[0], weights, head)
