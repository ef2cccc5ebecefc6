"""Temporal grounding: recall at IoU, mean IoU, average precision, highlight hits, and two blind baselines.

R1@t and mIoU look at the first prediction and the true moment it shares most with, as Charades-STA, ActivityNet and
QVHighlights do; mAP and HIT@1 are those of QVHighlights (Lei et al. 2021). A question without an answer has failed.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np

from studio.eval.grounding_files import GroundingPrediction, GroundTruth, Window, read_answers, read_truth

RECALL_AT = (0.3, 0.5, 0.7)
PRECISION_AT = tuple(round(0.5 + 0.05 * k, 2) for k in range(10))
_MOST = 10  # predictions a question that mAP looks at
_VERY_GOOD = 4  # the rating from which a clip is a highlight
_GRID = [(a / 20, b / 20) for a in range(20) for b in range(a + 1, 21)]

Pair = tuple[GroundTruth, GroundingPrediction | None]


def iou(a: Window, b: Window) -> float:
    """Intersection over union of two intervals; 0 where they do not meet."""
    shared = max(0.0, min(a[1], b[1]) - max(a[0], b[0]))
    hull = max(a[1], b[1]) - min(a[0], b[0])
    return shared / hull if hull > 0 else 0.0


def first_overlap(question: GroundTruth, answer: GroundingPrediction | None) -> float:
    """The IoU of the first prediction with the true moment that it shares most with; 0 without one."""
    if answer is None or not answer.windows:
        return 0.0
    return max(iou(answer.windows[0], window) for window in question.windows)


def average_precision(question: GroundTruth, answer: GroundingPrediction | None, threshold: float) -> float:
    """Interpolated average precision 0…1 of the first ten predictions, taken by falling score.

    Each is right when a true moment that no better one has taken overlaps it by the threshold.
    """
    if answer is None:
        return 0.0
    free, right = list(question.windows), []
    ranked = sorted(zip(answer.scores[:_MOST], answer.windows[:_MOST], strict=True), key=lambda item: -item[0])
    for _, window in ranked:
        best = max(free, key=lambda true: iou(window, true), default=None)
        hit = best is not None and iou(window, best) >= threshold
        if best is not None and hit:
            free.remove(best)
        right.append(hit)
    precision = [sum(right[: n + 1]) / (n + 1) for n in range(len(right))]
    # With the envelope, each true moment found adds the best precision from there on.
    gained = sum(max(precision[n:]) for n, hit in enumerate(right) if hit)
    return gained / len(question.windows)


def highlight_hit(question: GroundTruth, answer: GroundingPrediction | None) -> bool:
    """Whether at least one annotator rated the clip with the highest saliency very good."""
    if answer is None or not answer.saliency or question.ratings is None:
        return False
    best = max(range(len(answer.saliency)), key=answer.saliency.__getitem__)
    return any(rating >= _VERY_GOOD for rating in question.ratings.get(best, []))


def metrics(pairs: Sequence[Pair]) -> dict[str, Any]:
    """R1@IoU, mIoU and mAP in percent; with `R1` and `AP` at each threshold of QVHighlights."""
    overlaps = [first_overlap(*pair) for pair in pairs]
    at = {t: _percent(average_precision(*pair, t) for pair in pairs) for t in PRECISION_AT}
    found: dict[str, Any] = {f"R1@{t}": _percent(o >= t for o in overlaps) for t in RECALL_AT}
    found["mIoU"] = _percent(overlaps)
    found["mAP"] = round(fmean(at.values()), 2)
    found["R1"] = {f"{t:.2f}": _percent(o >= t for o in overlaps) for t in PRECISION_AT}
    found["AP"] = {f"{t:.2f}": value for t, value in at.items()}
    rated = [pair for pair in pairs if pair[0].ratings is not None]
    if rated and any(answer and answer.saliency for _, answer in rated):
        found["HIT@1"] = _percent(highlight_hit(*pair) for pair in rated)
    return found


def _percent(shares: Any) -> float:
    return round(100 * fmean(map(float, shares)), 2)


def evaluate(truth: Path, predictions: Path) -> dict[str, Any]:
    """The report of two files. Raises FormatError."""
    questions = read_truth(truth)
    answers = read_answers(predictions, questions)
    pairs = list(zip(questions, answers, strict=True))
    report: dict[str, Any] = {
        "task": "grounding", "queries": len(pairs), "answered": sum(a is not None for a in answers),
        "metrics": metrics(pairs), "baselines": {},
    }  # fmt: skip
    timed = [q if q.duration or a is None else replace(q, duration=a.duration) for q, a in pairs]
    timed = [q for q in timed if q.duration]
    if timed:
        report["baselines"] = baselines(timed)
    if len(timed) < len(pairs):
        report["note"] = f"The baselines cover {len(timed)} of {len(pairs)} queries: the others' durations are unknown."
    return report


def baselines(questions: Sequence[GroundTruth]) -> dict[str, Any]:
    """What an answer that saw neither video nor text reaches: all of the video, and the one relative window that suits
    these very questions best (a baseline with hindsight, so it is hard to beat by chance).

    Every question must have a duration.
    """
    whole = [_relative(q, (0.0, 1.0)) for q in questions]
    share = _best_window(questions)
    fixed = [_relative(q, share) for q in questions]
    return {
        "whole_video": _blind(questions, whole),
        "fixed_window": {**_blind(questions, fixed), "window": list(share)},
    }


def _best_window(questions: Sequence[GroundTruth]) -> Window:
    """The relative window of highest mean IoU; 210 candidates over arrays, because benchmarks have 17,000 questions."""
    start, end = np.array([window for q in questions for window in q.windows]).T
    length = np.repeat([q.duration or 0.0 for q in questions], [len(q.windows) for q in questions])
    first = np.cumsum([0, *(len(q.windows) for q in questions)])[:-1]

    def mean_overlap(window: Window) -> float:
        low, high = window[0] * length, window[1] * length
        shared = np.clip(np.minimum(end, high) - np.maximum(start, low), 0, None)
        hull = np.maximum(end, high) - np.minimum(start, low)
        return float(np.maximum.reduceat(shared / np.maximum(hull, 1e-12), first).mean())

    return max(_GRID, key=mean_overlap)


def _relative(question: GroundTruth, share: Window) -> GroundingPrediction:
    length = question.duration or 0.0
    return GroundingPrediction([(share[0] * length, share[1] * length)], [1.0])


def _blind(questions: Sequence[GroundTruth], answers: Sequence[GroundingPrediction]) -> dict[str, Any]:
    found = metrics(list(zip(questions, answers, strict=True)))
    return {key: value for key, value in found.items() if key not in ("R1", "AP")}


__all__ = ["average_precision", "baselines", "evaluate", "first_overlap", "highlight_hit", "iou", "metrics"]
