"""What lines, faces, frames and voice say about eighteen emotions, unit by unit, and what they say together.

A unit is a line of the subtitles, or about two seconds where nobody speaks. Evidence is 0…1 for each unit and class: .5
says nothing, NaN means that this source has nothing to say. Nothing here was fitted to data: no public video has all of
these sources and truth for them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio import models
from studio.index import Features
from studio.tasks.context import TaskContext
from studio.timeline import MICROS

CLASSES = models.emotion_words.LABELS
TRACK = "Emotion"
WINDOW_S = 2.0
NEAR_US = 1_000_000  # how far the nearest sample may be from a unit in which there is none
SCALES = (0.5, 1.0, 2.0)  # of smoothing, in units: lines were read with their neighbours already
LEAST = 0.6  # mean evidence inside a segment
A_CLASS = 3  # segments of one class in PART_S of video
PART_S = 600.0
LEADING = 4  # only classes that are among so many strongest at a unit count there
PLAIN_LINES = ("Okay.", "I see.", "All right.")  # what words that say nothing look like to a dialogue model
_PLAIN_MOST = 24  # of them in one scene: more than a dialogue model reads to either side

_FACE_AT_REST = 0.4  # a face that shows nothing speaks a little against what faces can show
_FACE_WEIGHT = 2.0  # a face says more than the rest of the picture
_FRAME_DOUBT = 4.0  # deviations from the usual that shift the log odds by one: frames alone rarely propose anything
_FEW = 6  # units from which on it is clear what is usual in a video
_VOICE = 0.3  # how far a loud or soft voice shifts the log odds, at most
_AROUSED = {"anger": 1.0, "excitement": 1.0, "surprise": 0.5, "suffering": 0.5, "happiness": 0.3}
_CALM = {"peace": -1.0, "sadness": -0.5, "disconnection": -0.5, "affection": -0.3}

Floats = NDArray[np.float32]
Times = NDArray[np.int64]
Line = tuple[int, int, str]


@dataclass(frozen=True, slots=True)
class Units:
    """L stretches [start, end) in µs, in order of their start; `line` (L,) is the number of the line said, or −1."""

    starts: Times
    ends: Times
    line: Times

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def middle_s(self) -> NDArray[np.float64]:
        return (self.starts + self.ends) / (2 * MICROS)


def units_of(lines: Sequence[Line], duration_us: int) -> Units:
    """Every line that begins inside the video, cut at its end, and windows where nobody speaks for long enough."""
    rows = [
        (start, min(end, duration_us), n) for n, (start, end, _) in enumerate(lines) if start < min(end, duration_us)
    ]
    pauses, reached = [], 0
    for start, end, _ in [*sorted(rows), (duration_us, duration_us, -1)]:
        count = max(0, round((start - reached) / (WINDOW_S * MICROS)))
        if not rows and start > reached:
            count = max(1, count)
        edges = np.linspace(reached, start, count + 1).astype(int)
        pauses += [(int(a), int(b), -1) for a, b in pairwise(edges)]
        reached = max(reached, end)
    table = np.array(sorted(rows + pauses), np.int64).reshape(-1, 3)
    return Units(table[:, 0], table[:, 1], table[:, 2])


def inside(units: Units, times_us: Times, values: Floats) -> Floats:
    """The mean of samples (N, C), taken at ascending times, within each unit, or the nearest one: (L, C)."""
    found = np.full((len(units), values.shape[1]), np.nan, np.float32)
    if not len(times_us):
        return found
    total = np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(values, axis=0, dtype=np.float64)])
    low, high = np.searchsorted(times_us, units.starts), np.searchsorted(times_us, units.ends)
    some = high > low
    found[some] = (total[high[some]] - total[low[some]]) / (high - low)[some, None]
    middles = (units.starts + units.ends) // 2
    after = np.clip(np.searchsorted(times_us, middles), 1, max(1, len(times_us) - 1))
    before = after - 1
    after = np.minimum(after, len(times_us) - 1)
    nearest = np.where(middles - times_us[before] <= times_us[after] - middles, before, after)
    close = ~some & (np.abs(times_us[nearest] - middles) <= NEAR_US)
    found[close] = values[nearest[close]]
    return found


def plain_scene(length: int) -> list[str]:
    """As many lines that say nothing, up to what context a dialogue model reads: it may expect more of a line that is
    one of few."""
    return [PLAIN_LINES[n % len(PLAIN_LINES)] for n in range(min(length, _PLAIN_MOST))]


def from_lines(units: Units, scores: Floats, plain: Floats, labels: Sequence[str]) -> Floats:
    """A dialogue model's probabilities (lines, its classes), against those of lines that say nothing: (L, 18)."""
    found = np.full((len(units), len(CLASSES)), np.nan, np.float32)
    spoken = units.line >= 0
    lead = _logit(scores) - _logit(plain).mean(axis=0)
    lead -= np.maximum(lead.mean(axis=1, keepdims=True), 0)  # strong words raise every class: what counts is which most
    for k, label in enumerate(labels):
        if label in CLASSES:
            found[spoken, CLASSES.index(label)] = _sigmoid(lead[units.line[spoken], k])
    return found


def from_faces(units: Units, curves: Iterable[tuple[Times, Floats]], labels: Sequence[str]) -> Floats:
    """Expressions of every face (times, probabilities (T, 7)), in the words of the 18 classes: the face that shows most
    counts. (L, 18), NaN without a face and for classes that no expression speaks for."""
    mapping = np.zeros((len(labels), len(CLASSES)), np.float32)
    for label, spoken_for in models.emotion_words.OF_EXPRESSIONS.items():
        for name, weight in spoken_for.items():
            if label in labels:
                mapping[list(labels).index(label), CLASSES.index(name)] = weight
    found = np.full((len(units), len(CLASSES)), np.nan, np.float32)
    for times, probabilities in curves:
        shown = inside(units, times, probabilities @ mapping)
        found = np.fmax(found, _FACE_AT_REST + (1 - _FACE_AT_REST) * np.clip(shown, 0, 1))
    found[:, ~mapping.any(axis=0)] = np.nan
    return found


def from_frames(context: TaskContext, encoder: Any, key: str, features: Features, units: Units) -> Floats:
    """How much more each frame resembles a class's definition than a neutral person, within this video: (L, 18).

    The differences are standardised over the video, so they say when, and never whether, an emotion is seen.
    """
    words = models.emotion_words
    texts = context.text_vectors(encoder, key, [*(words.PICTURES[name] for name in CLASSES), words.NEUTRAL])
    likeness = features.vectors.astype(np.float32) @ texts.T
    contrast = likeness[:, :-1] - likeness[:, -1:]
    found = inside(units, features.times_us, contrast)
    spread = np.nanstd(found, axis=0) if np.isfinite(found).any() else np.zeros(len(CLASSES))
    if len(units) < _FEW or not (spread > 1e-4).all():
        return np.full_like(found, np.nan)  # too little of a video to say what is unusual in it
    return _sigmoid((found - np.nanmean(found, axis=0)) / (_FRAME_DOUBT * spread))


def arousal(units: Units, loudness: Floats, per_second: float) -> Floats:
    """Root mean squares of the sound → (L,) in −1…1, how much louder than the video usually is; NaN without sound."""
    times = np.round(np.arange(len(loudness)) / per_second * MICROS).astype(np.int64)
    level = 20 * np.log10(np.maximum(loudness, 1e-4))[:, None]
    found = inside(units, times, level)[:, 0]
    heard = found[np.isfinite(found) & (found > -70)]
    if len(heard) < _FEW or heard.std() < 1:
        return np.full(len(units), np.nan, np.float32)
    louder: Floats = np.tanh((found - heard.mean()) / (2 * heard.std())).astype(np.float32)
    return louder


def together(text: Floats, faces: Floats, frames: Floats, voice: Floats) -> Floats:
    """One curve a class (L, 18) in 0…1, .5 where nothing says anything.

    Faces and frames make the visual side; where there are words and pictures, both must agree (geometric mean); a loud
    voice shifts the odds a little towards excited classes, a soft one towards calm ones. Frames and voice bear out what
    a face or words say, and say nothing alone: an empty road is not sad.
    """
    weights = np.stack([np.where(np.isnan(faces), 0, _FACE_WEIGHT), np.where(np.isnan(frames), 0, 1.0)])
    total = weights.sum(axis=0)
    seen = (weights * np.nan_to_num(np.stack([faces, frames]))).sum(axis=0) / np.maximum(total, 1)
    seen = np.where(total > 0, seen, np.nan)
    both = np.sqrt(text * seen)
    found = np.where(np.isnan(both), np.where(np.isnan(text), seen, text), both)
    found = np.nan_to_num(found, nan=0.5)
    tone = np.array([(_AROUSED | _CALM).get(name, 0.0) for name in CLASSES])
    shift = _VOICE * np.nan_to_num(voice)[:, None] * tone
    someone = ~(np.isnan(text) & np.isnan(faces))
    return np.where(someone, _sigmoid(_logit(found) + shift), np.float32(0.5))


def segments(units: Units, curves: Floats, duration_s: float) -> list[tuple[str, int, int, float]]:
    """(class, start_us, end_us, mean evidence): a few a class, where it stands out and is among the strongest."""
    smooth = models.contexts(curves, SCALES)
    rank = (-smooth).argsort(axis=1).argsort(axis=1)
    smooth = np.where(rank < LEADING, smooth, np.minimum(smooth, 0.5))
    most = A_CLASS * int(1 + duration_s // PART_S)
    found = []
    for c, label in enumerate(CLASSES):
        if smooth[:, c].max(initial=0) < LEAST:
            continue
        starts, ends = units.starts.astype(np.float64), units.ends.astype(np.float64)
        for start, end, _ in models.localize(starts, ends, smooth[:, c], most=most, lowest=LEAST, overlap=1e-6):
            within = (starts >= start) & (ends <= end)
            found.append((label, int(start), int(end), float(smooth[within, c].mean())))
    return sorted(found, key=lambda one: (one[1], one[2], one[0]))


def curves_of(track: str, source: str, times_s: Any, values: Mapping[str, Floats]) -> list[dict[str, object]]:
    """Curves for a person to read, one a label; samples where the source has nothing to say are left out."""
    found: list[dict[str, object]] = []
    for label, scores in values.items():
        there = np.isfinite(scores)
        if there.any():
            times = np.round(np.asarray(times_s)[there], 3).tolist()
            values_there = np.round(scores[there], 3).tolist()
            found.append({"track": track, "label": label, "source": source, "times": times, "scores": values_there})
    return found


def _sigmoid(x: NDArray[Any]) -> Floats:
    return np.asarray(1 / (1 + np.exp(-x)), np.float32)


def _logit(p: NDArray[Any]) -> NDArray[np.float64]:
    p = np.clip(p, 1e-4, 1 - 1e-4).astype(np.float64)
    return np.asarray(np.log(p / (1 - p)), np.float64)
