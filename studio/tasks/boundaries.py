"""Where exactly a proposed moment begins and ends: at a cut, or where a closer look says so."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio import media
from studio.index import Features
from studio.tasks.context import TaskContext, VideoRef
from studio.timeline import us

LOOK_RATE = 8  # frames a second of the closer look
_CONTEXT = 3  # samples of the index on either side of the closer look that say how inside and outside differ

Times = NDArray[np.int64]
Span = tuple[int, int]


def stride(features: Features) -> int:
    """The sampling interval of the index in µs; 0 for a single frame."""
    return int(np.median(np.diff(features.times_us))) if len(features.times_us) > 1 else 0


@dataclass(frozen=True, slots=True)
class Snap:
    """Moves boundaries (s) to where they can only be (µs): a cut (of `shots`, µs) at most `reach` µs away, else the
    nearest frame."""

    shots: Times
    to_frame: Callable[[int], int]
    reach: float

    def __call__(self, time_s: float) -> int:
        time = us(time_s)
        return self.to_frame(time if (cut := self._cut(time)) is None else cut)

    def span(self, start_s: float, end_s: float) -> Span:
        """Both ends of a moment; where they would take the same cut the nearer takes it, for a moment is not empty."""
        start, end = us(start_s), us(end_s)
        first, last = self._cut(start), self._cut(end)
        if first is not None and first == last:
            first, last = (first, None) if abs(start - first) <= abs(end - first) else (None, first)
        return self.to_frame(start if first is None else first), self.to_frame(end if last is None else last)

    def _cut(self, time: int) -> int | None:
        if not len(self.shots):
            return None
        nearest = int(self.shots[np.abs(self.shots - time).argmin()])
        return nearest if abs(nearest - time) <= self.reach else None


def snapping(context: TaskContext, video: VideoRef, features: Features) -> Snap:
    """What moves boundaries of a video to its cuts and frames.

    Samples lie so far apart that a curve cannot say where between two of them a moment begins; a cut can, if it is
    nearer to where the curve says than half way to the next sample.
    """
    return Snap(cuts(context, video), context.edges(video), stride(features) / 2)


def cuts(context: TaskContext, video: VideoRef) -> Times:
    """When the shots of a video begin, but the first, in µs; none while they were not found."""
    found = context.cache.load_array(video.id, "shots.npy")
    return np.zeros(0, np.int64) if found is None else np.asarray(found, np.int64)


def refine(
    context: TaskContext,
    video: VideoRef,
    encoder: Any,
    vector: NDArray[np.float32],
    features: Features,
    spans: Sequence[Span],
) -> list[Span]:
    """Spans (µs) with each boundary moved by at most one sampling interval, after looking at LOOK_RATE frames a second.

    The boundary goes where the frames inside differ most from those outside, by their mean likeness with the text's
    vector (D,) and with the samples on that side: SSRN (EMNLP 2022), too, looks between sparse samples again. Both ends
    of the video and boundaries on a cut stay. Raises MediaError, Cancelled.
    """
    to_frame = context.edges(video)
    exact = {0, video.duration_us, *(to_frame(int(cut)) for cut in cuts(context, video))}
    reach = stride(features)
    looks = {
        edge: look
        for edge in sorted({edge for span in spans for edge in span} - exact)
        if len(look := _look(edge, reach, video.duration_us)) > 1
    }
    times, pictures = _embed(context, video, encoder, sorted({int(t) for look in looks.values() for t in look}))

    def moved(edge: int, other: int) -> int:
        if edge not in looks:
            return edge
        look = looks[edge]
        before = features.vectors[features.times_us < look[0]][-_CONTEXT:].astype(np.float32)
        after = features.vectors[features.times_us > look[-1]][:_CONTEXT].astype(np.float32)
        toward = vector if edge < other else -vector
        if len(before) and len(after):
            change = after.mean(0) - before.mean(0)
            toward = toward + change / max(1e-6, float(np.linalg.norm(change)))
        near = np.isin(times, look)
        found = _split(times[near], pictures[near] @ toward, before @ toward, after @ toward, reach)
        return edge if found is None else to_frame(found)

    better = [(moved(start, end), moved(end, start)) for start, end in spans]
    return [new if new[0] < new[1] else old for new, old in zip(better, spans, strict=True)]


def _look(edge: int, reach: int, end: int) -> Times:
    """The times around a boundary, on a grid of the whole video, so that neighbours share their frames."""
    step = 1_000_000 // LOOK_RATE
    low, high = max(0, edge - reach), min(end - 1, edge + reach)
    return np.arange(-(-low // step), high // step + 1, dtype=np.int64) * step


def _embed(context: TaskContext, video: VideoRef, encoder: Any, wanted: list[int]) -> tuple[Times, NDArray[np.float32]]:
    """The asked times that could be decoded (N,), and the vectors (N, D) of what is displayed then."""
    times: list[Times] = [np.zeros(0, np.int64)]
    vectors: list[NDArray[np.float32]] = [np.zeros((0, encoder.dim), np.float32)]
    if wanted:
        with media.sample_frames(video.path, times_us=wanted, size=encoder.frame_size, batch=16) as stream:
            for frames in stream:
                times.append(frames.asked_us)
                vectors.append(encoder.encode_frames(frames.images))
                context.progress(sum(map(len, times)) / len(wanted), "Looking closer")
    return np.concatenate(times), np.concatenate(vectors)


def _split(
    times: Times, curve: NDArray[np.float32], before: NDArray[np.float32], after: NDArray[np.float32], reach: int
) -> int | None:
    """The time between two samples before which a curve is low and after which it is high; None if it never rises.

    Mean after − mean before, where `before` and `after` continue the curve at one sample each `reach` µs; weighed by
    how much of the time says so, because a single odd frame at the edge must not win.
    """
    if len(curve) < 2:
        return None
    weight = reach * LOOK_RATE / 1e6
    count = np.arange(1, len(curve))
    total = np.cumsum(curve, dtype=np.float64)
    below, above = count + weight * len(before), len(curve) - count + weight * len(after)
    low = (total[count - 1] + weight * before.sum()) / below
    high = (total[-1] - total[count - 1] + weight * after.sum()) / above
    gain = (high - low) * np.sqrt(below * above)
    best = int(gain.argmax())
    return int(times[best] + times[best + 1]) // 2 if gain[best] > 0 else None
