"""Temporal emotion localization by the “studio protocol”: the benchmark's authors published no evaluator.

- `mAP@t`: a class's predictions of all videos in one list by falling score; each is right when it overlaps by t a true
  segment that no better one has taken; interpolated average precision, mean over the classes. `mAP` is the mean over t.
  True segments are runs of consecutive cues; `hull_mAP` joins the runs of a class in a video to one segment.
- `cue_mAP`: every cue is an item of every class; a cue's score is the best of the class's segments, each times the
  share of the cue that it covers. `cue_F1` calls scores of .5 positive. `clip_mAP`: every video is one, by its best
  segment.
Predictions that score alike have no order: precision is taken after all of them, so that chance gains nothing.

Truth: a file of TEL (`studio.eval.tel`), or records `{"video", "label", "start", "end"}` in seconds, perhaps with the
video's `"duration"`; those know no cues, and cue figures are left out. Predictions: for each video what
`studio emotions VIDEO --json` prints with the video's name added, `{"video": …, "segments": [{"track", "start", "end",
"label", "score"}]}`, as a list or one a line (the name may be missing where there is one video only); or flat records
`{"video", "label", "start", "end", "score"}`. A clip of TEL is called FILM/CLIP. Where a file has segments on the track
“Emotion”, only those count.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio.errors import FormatError
from studio.eval import reading, tel
from studio.eval.grounding import iou

AT = (0.1, 0.2, 0.3, 0.4, 0.5)
PROTOCOL = "studio protocol"
TRACK = "Emotion"
_SURE = 0.5
_CLOSE = 1e-9  # two thirds of a second in floating point must not fall short of an overlap of 2/3

Span = tuple[float, float]
Scores = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True)
class Truth:
    """What is true of one video: segments (s) by label; where cues are known, their times (L) and marks bool (L, C)."""

    video: str
    duration: float
    segments: Mapping[str, Sequence[Span]]
    cues: Sequence[Span] = ()
    marks: NDArray[np.bool_] | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """One predicted segment (s)."""

    video: str
    label: str
    span: Span
    score: float


@dataclass(frozen=True, slots=True)
class Question:
    """All videos of a truth file, and its classes in column order."""

    videos: Sequence[Truth]
    classes: Sequence[str]
    by_name: Mapping[str, Truth] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", {truth.video: truth for truth in self.videos})


def precision(scores: Scores, hits: NDArray[np.bool_], total: int, *, interpolated: bool = False) -> float:
    """Average precision 0…1 of N items with scores (N,), of which `hits` (N,) are right, where `total` could be found.

    Interpolated: at each recall, the best precision at that or a higher one (Everingham et al. 2010).
    """
    if not total or not len(scores):
        return 0.0
    order = np.argsort(-scores, kind="stable")
    right = np.cumsum(hits[order])
    ends = np.flatnonzero(np.append(np.diff(scores[order]) != 0, True))  # the last item of each score
    at = right[ends] / (ends + 1)
    if interpolated:
        at = np.maximum.accumulate(at[::-1])[::-1]
    return float((np.diff(right[ends], prepend=0) / total * at).sum())


def mean_precision(scores: Scores, truth: NDArray[np.bool_]) -> float:
    """Percent: average precision of each column of (N, C) that has a positive, then their mean."""
    columns = np.flatnonzero(truth.any(axis=0))
    return 100 * fmean(precision(scores[:, c], truth[:, c], int(truth[:, c].sum())) for c in columns)


def localization(found: Iterable[Found], truth: Mapping[str, Mapping[str, Sequence[Span]]]) -> dict[str, float]:
    """mAP@t and mAP in percent; `truth` is label → video → segments, and every label in it counts alike."""
    of_label: dict[str, list[Found]] = {label: [] for label in truth}
    for one in found:
        if one.label in of_label:
            of_label[one.label].append(one)
    rows = [_class(of_label[label], truth[label]) for label in truth]
    at = {f"mAP@{t}": 100 * fmean(row[k] for row in rows) for k, t in enumerate(AT)}
    return {**at, "mAP": fmean(at.values())}


def _class(found: Sequence[Found], truth: Mapping[str, Sequence[Span]]) -> list[float]:
    """Interpolated average precision of one class at each of AT."""
    ranked = sorted(found, key=lambda one: -one.score)
    scores = np.array([one.score for one in ranked])
    overlaps = [
        sorted(((iou(one.span, span), k) for k, span in enumerate(truth.get(one.video, ()))), reverse=True)
        for one in ranked
    ]
    total, values = sum(map(len, truth.values())), []
    for threshold in AT:
        taken: set[tuple[str, int]] = set()
        hits = np.zeros(len(ranked), bool)
        for n, (one, near) in enumerate(zip(ranked, overlaps, strict=True)):
            free = (k for overlap, k in near if overlap + _CLOSE >= threshold and (one.video, k) not in taken)
            if (k := next(free, None)) is not None:
                taken.add((one.video, k))
                hits[n] = True
        values.append(precision(scores, hits, total, interpolated=True))
    return values


def metrics(question: Question, found: Sequence[Found]) -> dict[str, Any]:
    """Every figure of the protocol, percent; `hull` has the mAP@t over hulls."""
    runs: dict[str, dict[str, Sequence[Span]]] = {label: {} for label in question.classes}
    hulls: dict[str, dict[str, Sequence[Span]]] = {label: {} for label in question.classes}
    for truth in question.videos:
        for label, spans in truth.segments.items():
            runs[label][truth.video] = spans
            hulls[label][truth.video] = [(min(start for start, _ in spans), max(end for _, end in spans))]
    # A class that never occurs has no precision.
    over_runs = localization(found, {label: spans for label, spans in runs.items() if spans})
    over_hulls = localization(found, {label: spans for label, spans in hulls.items() if spans})
    values: dict[str, Any] = {**over_runs, "hull_mAP": over_hulls["mAP"]}
    by_video: dict[str, list[Found]] = {}
    for one in found:
        by_video.setdefault(one.video, []).append(one)
    column = {label: c for c, label in enumerate(question.classes)}
    clip_scores = np.zeros((len(question.videos), len(column)))
    clip_truth = np.zeros((len(question.videos), len(column)), bool)
    for row, truth in enumerate(question.videos):
        for label in truth.segments:
            clip_truth[row, column[label]] = True
        for one in by_video.get(truth.video, ()):
            c = column.get(one.label)
            if c is not None:
                clip_scores[row, c] = max(clip_scores[row, c], one.score)
    cued = [truth for truth in question.videos if truth.marks is not None]
    if cued:
        marks = np.concatenate([truth.marks for truth in cued if truth.marks is not None])
        scores = np.concatenate([_cue_scores(truth, by_video.get(truth.video, ()), column) for truth in cued])
        values |= cue_figures(scores, marks)
    values["clip_mAP"] = mean_precision(clip_scores, clip_truth)
    rounded = {key: round(value, 2) for key, value in values.items()}
    return {**rounded, "hull": {key: round(value, 2) for key, value in over_hulls.items()}}


def cue_figures(scores: Scores, marks: NDArray[np.bool_]) -> dict[str, float]:
    """cue_mAP and cue_F1 in percent, of scores (N, C) and what is true (N, C); means over the classes that occur."""
    occur = marks.any(axis=0)
    sure = scores >= _SURE
    f1 = 2 * (sure & marks).sum(axis=0)[occur] / np.maximum(1, sure.sum(axis=0) + marks.sum(axis=0))[occur]
    return {"cue_mAP": mean_precision(scores, marks), "cue_F1": 100 * float(f1.mean())}


def _cue_scores(truth: Truth, found: Sequence[Found], column: Mapping[str, int]) -> NDArray[np.float64]:
    scores = np.zeros((len(truth.cues), len(column)))
    starts, ends = np.array(truth.cues).T
    for one in found:
        c = column.get(one.label)
        if c is not None:
            shared = np.clip(np.minimum(ends, one.span[1]) - np.maximum(starts, one.span[0]), 0, None)
            scores[:, c] = np.maximum(scores[:, c], one.score * shared / np.maximum(ends - starts, _CLOSE))
    return scores


def evaluate(truth: Path, predictions: Path) -> dict[str, Any]:
    """The report of two files. Raises FormatError."""
    question = read_truth(truth)
    found, other = read_predictions(predictions, question)
    answered = len({one.video for one in found})
    if not answered:
        raise FormatError(f"No segment in “{predictions.name}” is of a video and class of the truth; check the names.")
    note = "Studio protocol: the benchmark has no published evaluator, so compare only with figures made like this."
    if other:
        note += f" {other} segments with labels or videos that the truth does not have were left out."
    return {
        "task": "emotion", "protocol": PROTOCOL, "videos": len(question.videos), "answered": answered,
        "metrics": metrics(question, found), "baselines": baselines(question), "note": note,
    }  # fmt: skip


def baselines(question: Question, seed: int = 0) -> dict[str, dict[str, Any]]:
    """What answers reach that neither saw nor read anything, and two that were told each video's labels.

    `whole_clip`: all of every video, all classes, each with its share of the videos as score. `random_cue`: every cue,
    all classes, random scores. `chance`: one random window a video and class with a random score.
    """
    rng = np.random.default_rng(seed)
    share = {c: fmean(c in truth.segments for truth in question.videos) for c in question.classes}
    everything = {truth.video: question.classes for truth in question.videos}
    told = {truth.video: tuple(truth.segments) for truth in question.videos}

    def whole(labels: Mapping[str, Sequence[str]]) -> list[Found]:
        return [Found(t.video, c, (0.0, t.duration), share[c]) for t in question.videos for c in labels[t.video]]

    def cues(labels: Mapping[str, Sequence[str]]) -> list[Found]:
        return [
            Found(t.video, c, cue, float(rng.random()))
            for t in question.videos for cue in t.cues for c in labels[t.video]
        ]  # fmt: skip

    def windows() -> list[Found]:
        found = []
        for t in question.videos:
            for c in question.classes:
                start, end = sorted(float(x) * t.duration for x in rng.random(2))
                found.append(Found(t.video, c, (start, end), float(rng.random())))
        return found

    answers = {"whole_clip": whole(everything), "chance": windows(), "whole_clip_true_labels": whole(told)}
    if any(t.cues for t in question.videos):
        answers |= {"random_cue": cues(everything), "random_cue_true_labels": cues(told)}
    return {name: metrics(question, answer) for name, answer in answers.items()}


def read_truth(path: Path) -> Question:
    """The truth in a file of either kind. Raises FormatError."""
    if tel.is_tel(path):
        return of_clips(tel.read(path), path.name)
    spans: dict[str, dict[str, list[Span]]] = {}
    lengths: dict[str, float] = {}
    for n, record in enumerate(reading.records(path), 1):
        where = f"“{path.name}”, record {n}"
        video, label = reading.label(record, "video", "vid"), reading.label(record, "label")
        if video is None or label is None:
            raise FormatError(f"{where}, needs a “video”, a “label”, a “start” and an “end”.")
        span = _span(record, where)
        spans.setdefault(video, {}).setdefault(label, []).append(span)
        length = reading.number(record.get("duration", span[1]), f"{where}: “duration”")
        lengths[video] = max(length, span[1], lengths.get(video, 0.0))
    classes = sorted({label for segments in spans.values() for label in segments})
    return Question([Truth(video, lengths[video], segments) for video, segments in spans.items()], classes)


def of_clips(clips: Sequence[tel.Clip], name: str = "TEL") -> Question:
    """Annotated clips of TEL as truth. Raises FormatError for training clips, whose emotions have no times."""
    if not clips or any(clip.marks is None for clip in clips):
        raise FormatError(f"“{name}” says which emotions a clip has, but not when; give annotated clips.")
    truths = [
        Truth(
            clip.video, max(end for _, end in clip.cues),
            {label: runs for c, label in enumerate(tel.CLASSES) if (runs := clip.runs(c))}, clip.cues, clip.marks,
        )
        for clip in clips
    ]  # fmt: skip
    return Question(truths, tel.CLASSES)


def read_predictions(path: Path, question: Question) -> tuple[list[Found], int]:
    """The segments that count, and how many were left out for a label or video that the truth lacks.

    Raises FormatError.
    """
    found: list[tuple[str | None, Found]] = []
    only = question.videos[0].video if len(question.videos) == 1 else None
    for n, record in enumerate(reading.records(path), 1):
        where = f"“{path.name}”, record {n}"
        video = reading.label(record, "video", "vid") or only
        if video is None:
            raise FormatError(f"{where}, needs a “video”: the truth has {len(question.videos)}.")
        for item in reading.items(record.get("segments", [record]), f"{where}: “segments”"):
            label = reading.label(item, "label") if isinstance(item, dict) else None
            if label is None:
                raise FormatError(f"{where}: a segment needs a “label”, a “start”, an “end” and a “score”.")
            score = reading.number(item.get("score"), f"{where}: “score”")
            found.append((reading.label(item, "track"), Found(video, label, _span(item, where), score)))
    if any(track == TRACK for track, _ in found):
        found = [(track, one) for track, one in found if track == TRACK]
    known = [one for _, one in found if one.video in question.by_name and one.label in question.classes]
    return known, len(found) - len(known)


def _span(record: reading.Record, where: str) -> Span:
    start, end = (reading.number(record.get(key), f"{where}: “{key}”") for key in ("start", "end"))
    if end < start:
        raise FormatError(f"{where}: a segment ends before it starts ({start:g}–{end:g}).")
    return start, end
