"""How stable a moment is: whether the same one is found when the video is cut, longer, faster or slower.

After the idea of ECRL (ACM MM 2023) that boundaries must move along with a change of the video, not for training but as
a question: any engine is asked again about changed arrays. Mirrored frames need the pixels: the caller brings what
an encoder made of them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from studio.models.grounding.curve import Doubles, Moment, cell_edges, checked, iou
from studio.models.interfaces import GroundingEngine, TextFeatures

_CUT = 0.15  # of the video, taken away or added at one end
_INSIDE = 0.5  # of a moment that must be left by a cut for it to have a say


@dataclass(frozen=True)
class View:
    """A changed video: which of the samples it shows (M,), when (M,), how long it is, and the way back to old times,
    t · scale + offset, of which [start_s, end_s) can be seen in it."""

    index: npt.NDArray[np.intp]
    times: Doubles
    length_s: float
    scale: float
    offset: float
    start_s: float
    end_s: float


def views(times: Doubles, end_s: float) -> Iterator[View]:
    """The video without its beginning, without its end, with longer ends, at double and at half speed."""
    place = np.arange(len(times))
    step = float(np.median(np.diff(times))) if len(times) > 1 else 1.0
    cut = end_s * _CUT
    for start, end in ((cut, end_s), (0.0, end_s - cut)):
        kept = place[(times >= start) & (times < end)]
        if len(kept):
            yield View(kept, times[kept] - start, end - start, 1.0, start, start, end)
    more = max(1, int(len(times) * _CUT))
    before, after = np.arange(-more, 0) * step + times[0], np.arange(1, more + 1) * step + times[-1]
    longer, extra = np.concatenate([before, times, after]) + more * step, 2 * more * step
    yield View(np.pad(place, more, mode="edge"), longer, end_s + extra, 1.0, -more * step, 0.0, end_s)
    yield View(place[::2], times[::2] / 2, end_s / 2, 2.0, 0.0, 0.0, end_s)
    slow = np.stack([times * 2, times * 2 + step], 1).ravel()
    rising = np.concatenate([[True], np.diff(np.maximum.accumulate(slow)) > 0])
    yield View(np.repeat(place, 2)[rising], slow[rising], end_s * 2, 0.5, 0.0, 0.0, end_s)


def stability(
    engine: GroundingEngine,
    moments: Sequence[Moment],
    times_s: npt.ArrayLike,
    scores: npt.ArrayLike,
    duration_s: float | None = None,
    features: npt.ArrayLike | None = None,
    query: TextFeatures | None = None,
    mirrored: tuple[npt.ArrayLike, npt.ArrayLike] | None = None,
) -> tuple[list[float], float]:
    """For each moment that `engine` found in these arrays how stable it is, 0…1, and how much the changed videos agree
    on the best one.

    The first is the mean pairwise IoU of the moment and of what is most like it in each changed video, mapped back; the
    second that of the best moments of all of them. `mirrored` are scores (N,) and features (N, D) of the same frames
    seen in a mirror. The other arguments and the errors are those of `Engine.propose`.
    """
    times, curve = checked(times_s, scores, 1)
    if not moments or not len(times):
        return [0.0] * len(moments), 0.0
    end_s = float(cell_edges(times, duration_s)[-1])
    rows = None if features is None else np.asarray(features)
    own = np.array([moment[:2] for moment in moments])
    found: list[list[Doubles]] = [[bounds] for bounds in own]
    first = [own[0]]
    looks = [(view, curve, rows) for view in views(times, end_s)]
    if mirrored is not None:
        same = View(np.arange(len(times)), times, end_s, 1.0, 0.0, 0.0, end_s)
        looks.append((same, checked(times_s, mirrored[0], 1)[1], np.asarray(mirrored[1])))
    for view, values, features_of in looks:
        shown = None if features_of is None else features_of[view.index]
        again = engine.propose(view.times, values[view.index], len(moments), view.length_s, shown, query)
        back = np.array([moment[:2] for moment in again]).reshape(-1, 2) * view.scale + view.offset
        back = back.clip(view.start_s, view.end_s)
        seen = own.clip(view.start_s, view.end_s)
        if not len(back):  # an engine need not find anything
            back = np.zeros((1, 2))
        for i in np.flatnonzero(np.ptp(seen, axis=1) >= _INSIDE * np.ptp(own, axis=1)):
            # What a cut took away cannot be found again, and counts for nobody.
            alike = iou(seen[i], back)
            found[i].append(_grown(back[alike.argmax()], own[i], seen[i]))
            if i == 0:
                first.append(_grown(back[0], own[0], seen[0]))
    return [_alike(bounds) for bounds in found], _alike(first)


def _grown(bounds: Doubles, own: Doubles, seen: Doubles) -> Doubles:
    """`bounds`, with what was cut off the moment given back where both end at the cut."""
    return np.where(np.isclose(bounds, seen) & (seen != own), own, bounds)


def _alike(bounds: Sequence[Doubles]) -> float:
    """The mean IoU of all pairs; 0 where there is nothing to compare with."""
    pairs = [float(iou(a, b[None])[0]) for a, b in combinations(bounds, 2)]
    return float(np.mean(pairs)) if pairs else 0.0
