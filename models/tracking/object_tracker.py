"""One object, followed from frame to frame: by the points in its box, put right by a correlation filter, checked by
what it looked like. Where it is lost, for example behind something, it is looked for around where it should be."""

from dataclasses import dataclass, field

import cv2
import numpy as np
import numpy.typing as npt

from studio.models.tracking.appearance import Box, Floats, signature
from studio.models.tracking.correlation import CorrelationFilter
from studio.models.tracking.flow import follow

_LEARNS = 0.02  # share of what is seen in a frame in what is known
_SCALES = (1.0, 0.97, 1.03)
_REMEMBERED = 9  # appearances that the object may have; the first one is kept
_NEW_LOOK = 0.8  # less alike than this is another appearance
_LEARNS_FROM = 0.42  # the least answer of the filter at which a frame is learned from
_BACK_S = 0.35  # how long before it is lost an object may have been half hidden: nothing of that is kept
_REACH = 1.5  # how far a lost object is looked for, in sizes of its box
_REACH_S = 1.8  # sizes of its box a second by which that grows
_STEP = 0.6  # between the places where it is looked for, in sides of its box
_COASTS_S = 0.8  # how long a lost object is taken to go on as it went
_BAD_FRAMES = 2  # in a row, after which it counts as lost
_ALIEN = 0.2  # less alike than this is lost at once
_SLOWS = 0.8  # and how much of its speed it keeps
_LEFT = 0.15  # of its box: less of it within the picture is not seen
_CUT = 0.75  # less of a box within the picture than this is cut off by its edge
_CUT_TRUSTED = 0.2  # share of points that still tell where it is then
_TRUSTED = 0.5  # share of points at which their motion counts more than the filter's


@dataclass(frozen=True, slots=True)
class Sighting:
    """Where an object is, in px of the picture (its box may reach beyond it), whether it is seen, and how alike it is
    to what it looked like, 0…1."""

    box: Box
    seen: bool
    score: float


@dataclass(slots=True)
class _Known:
    """What is known of an object: never changed in place."""

    box: Box
    filter: CorrelationFilter
    looks: list[Floats] = field(default_factory=list)
    speed: npt.NDArray[np.float64] = field(default_factory=lambda: np.zeros(2))  # px a frame


class ObjectTracker:
    """Follows what is in a box (x1, y1, x2, y2 in px) of a frame through the frames after it, or before it in reverse.

    Frames are uint8 (H, W, 3) RGB, all of one size, `rate` of them a second. It is made for objects of 50 to 150 px:
    scale the pictures so. Raises ValueError for a box without a size or without a part in the picture.
    """

    def __init__(self, frame: npt.NDArray[np.uint8], box: npt.ArrayLike, rate: float) -> None:
        start = np.asarray(box, np.float64)
        height, width = frame.shape[:2]
        shared = np.minimum(start[2:], [width, height]) - np.maximum(start[:2], 0)
        if start.shape != (4,) or np.any(start[2:] - start[:2] < 2) or np.any(shared < 1):
            raise ValueError("a tracker needs a box (x1, y1, x2, y2) of at least 2 px a side within the picture.")
        lab = _lab(frame)
        self._light = np.ascontiguousarray(lab[..., 0])
        self._known = _Known(start, CorrelationFilter(lab, start), [signature(lab, start)])
        self._rate = max(1.0, rate)
        self._before: list[_Known] = []
        self._lost = 0  # frames since it was seen
        self._again = 0  # frames in a row in which it may be back
        self._bad = 0  # frames in a row in which it may be something else

    def step(self, frame: npt.NDArray[np.uint8]) -> Sighting:
        """Where the object is in the next frame."""
        lab = _lab(frame)
        light = np.ascontiguousarray(lab[..., 0])
        found = self._search(lab) if self._lost else self._follow(lab, light)
        self._light = light
        return found

    # ---------------------------------------------------------------- while it is seen

    def _follow(self, lab: npt.NDArray[np.uint8], light: npt.NDArray[np.uint8]) -> Sighting:
        known = self._known
        self._before = [*self._before, known][-max(3, round(_BACK_S * self._rate)) :]
        flow = follow(self._light, light, known.box)
        trusted = flow.trusted if flow else 0.0
        guess = flow.box if flow else known.box
        answer = known.filter.find(lab, guess, _SCALES)
        weight = 0.6 if trusted > _TRUSTED else 1.0
        if _shown(guess, light.shape) < _CUT and flow:
            weight = 0.0  # the filter answers to the edge of the picture
        box = _placed(guess, answer.offset * weight, 1 + (answer.scale - 1) / 2 if weight else 1.0)
        look = signature(lab, box)
        alike = max(float(look @ each) for each in known.looks)
        if _shown(box, light.shape) < _LEFT:
            self._lose(known)
            return Sighting(box, False, alike)
        # what is cut off by the edge of the picture does not look as it did: there only its points tell
        is_cut = _shown(box, light.shape) < _CUT
        is_bad = trusted < _CUT_TRUSTED if is_cut else _is_lost(alike, answer.peak, trusted)
        self._bad = self._bad + 1 if is_bad else 0
        if self._bad >= _BAD_FRAMES or (is_bad and alike < _ALIEN):
            self._lose(self._before[0])
            return Sighting(self._known.box, False, alike)
        learned, looks = known.filter, known.looks
        if answer.peak >= _LEARNS_FROM and not is_bad and not is_cut:
            learned = learned.copy()
            learned.learn(lab, box, _LEARNS)
            if alike < _NEW_LOOK:
                looks = [looks[0], *[*looks[1:], look][-(_REMEMBERED - 1) :]]
        speed = 0.8 * known.speed + 0.2 * (_middle(box) - _middle(known.box))
        self._known = _Known(box, learned, looks, speed)
        return Sighting(box, True, alike)

    def _lose(self, known: _Known) -> None:
        """From here on it is not seen; what was learned since `known` may be of what hides it."""
        self._known, self._before = known, []
        self._lost, self._again, self._bad = 1, 0, 0

    # ---------------------------------------------------------------- while it is not

    def _search(self, lab: npt.NDArray[np.uint8]) -> Sighting:
        known = self._known
        self._lost += 1
        size = known.box[2:] - known.box[:2]
        coasted = min(self._lost, round(_COASTS_S * self._rate)) * _SLOWS
        reach = min(_REACH, 0.4 + _REACH_S * self._lost / self._rate) * float(np.sqrt(size.prod()))
        best = (-1.0, 0.0, known.box)
        for offset in _around(size * _STEP, reach):
            guess = _placed(known.box, known.speed * coasted + offset)
            if _shown(guess, lab.shape) < _LEFT:
                continue
            answer = known.filter.find(lab, guess)
            box = _placed(guess, answer.offset)
            look = signature(lab, box)
            alike = max(float(look @ each) for each in known.looks)
            best = max(best, (alike, answer.peak, box), key=lambda each: each[0] + each[1])
        alike, peak, box = best
        self._again = self._again + 1 if _may_be_back(alike, peak) else 0
        if alike <= 0.68 and self._again < 3:
            return Sighting(known.box, False, max(0.0, alike))
        self._known = _Known(box, known.filter, known.looks)
        self._lost = self._again = 0
        return Sighting(box, True, alike)


def _is_lost(alike: float, peak: float, trusted: float) -> bool:
    """Whether what is in the box is something else by now: it neither looks like the object nor does the filter answer.
    One that turns looks otherwise too, but its points stay together and the filter still answers."""
    looks_otherwise = alike < 0.36 or (alike < 0.5 and peak < 0.37)
    stays_together = (trusted >= 0.75 and peak >= 0.45) or (trusted >= 0.9 and alike >= 0.4)
    return looks_otherwise and not stays_together


def _may_be_back(alike: float, peak: float) -> bool:
    """Whether what was found may be the object: where it is not, the filter rarely answers with more than .4, and what
    is there is not like it."""
    return peak > 0.4 and alike + peak > 0.75


def _lab(frame: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    return np.asarray(cv2.cvtColor(frame, cv2.COLOR_RGB2LAB), np.uint8)


def _middle(box: Box) -> npt.NDArray[np.float64]:
    return (box[:2] + box[2:]) / 2


def _placed(box: Box, offset: npt.NDArray[np.float64], scale: float = 1.0) -> Box:
    """A box moved, and scaled around its middle."""
    middle, half = _middle(box) + offset, (box[2:] - box[:2]) / 2 * scale
    return np.concatenate([middle - half, middle + half])


def _shown(box: Box, shape: tuple[int, ...]) -> float:
    """How much of a box lies within the picture, 0…1."""
    shared = np.maximum(0, np.minimum(box[2:], [shape[1], shape[0]]) - np.maximum(box[:2], 0))
    return float(shared.prod() / (box[2:] - box[:2]).prod())


def _around(step: npt.NDArray[np.float64], reach: float) -> list[npt.NDArray[np.float64]]:
    """Offsets on a grid, the nearest first, at most 25."""
    across, down = (range(-int(reach // side), int(reach // side) + 1) for side in np.maximum(step, 1))
    offsets = [np.array([i, j]) * step for i in across for j in down]
    return sorted(offsets, key=lambda each: float(np.hypot(*each)))[:25]
