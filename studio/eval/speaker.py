"""Active speakers, by the official definitions of AVA-ActiveSpeaker and of Columbia.

AVA: one average precision over all faces of all frames, as `get_ava_active_speaker_performance` computes it (papers
call it mAP). Both files are CSV, `video_id, frame_timestamp, entity_box_x1, …_y1, …_x2, …_y2, label, entity_id`,
predictions with a `score` at the end; a first line with names may be there or not, and then in any order. Truth is
positive where its label is SPEAKING_AUDIBLE, every label of the predictions must be that; rows belong together by
timestamp and entity, one to one, and their boxes must agree to 1e-9.

Columbia: `frame, x1, y1, x2, y2, speaker, speaking` (frames at 29.97 a second, 0 or 1), with this first line;
predictions `frame, x1, y1, x2, y2, score` at 25 a second. A score above 0, as of a logit, is speaking; it should be
smooth already (`smoothed`). F1 over each speaker's boxes of which more than half is covered by a predicted one, then
the mean over the speakers; Abbas is left out, as everywhere.
"""

import csv
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio.errors import FormatError
from studio.eval import reading

AVA = ("video_id", "frame_timestamp", "entity_box_x1", "entity_box_y1", "entity_box_x2", "entity_box_y2", "label",
       "entity_id")  # fmt: skip
COLUMBIA = ("frame", "x1", "y1", "x2", "y2")
LABELS = ("NOT_SPEAKING", "SPEAKING_AUDIBLE", "SPEAKING_NOT_AUDIBLE")
SPEAKING = LABELS[1]
LEFT_OUT = "abbas"
_BOX_TOLERANCE = 1e-9
_SHARE = 0.5
_TURNS = 10  # of shuffling for the random baseline
NOTE = "One average precision over all faces of all frames. Scores that are equal count in the order of their rows."

Rows = list[dict[str, str]]
Numbers = Sequence[float] | NDArray[np.floating]
Box = tuple[float, float, float, float]


def average_precision(
    scores: Sequence[float] | NDArray[np.floating], truth: Sequence[bool] | NDArray[np.bool_]
) -> float:
    """0…1: the area under precision over recall, precision being the best at this recall or a later one.

    Equal scores keep their order. Raises ValueError where nothing is true.
    """
    hits = np.asarray(truth, bool)[np.argsort(-np.asarray(scores, float), kind="stable")]
    if not hits.any():
        raise ValueError("nothing is true.")
    right = np.cumsum(hits)
    recall = np.concatenate([[0.0], right / right[-1], [1.0]])
    precision = np.concatenate([[0.0], right / np.arange(1, len(hits) + 1), [0.0]])
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    return float(np.sum(np.diff(recall) * envelope[1:]))


def smoothed(scores: Sequence[float]) -> list[float]:
    """Each score's mean with the two before and the two after, as far as they are there."""
    return [fmean(scores[max(0, i - 2) : i + 3]) for i in range(len(scores))]


def evaluate(truth: Path, predictions: Path) -> dict[str, Any]:
    """The report of two files. Raises FormatError."""
    known = table(truth, AVA)
    return _columbia(known, truth, predictions) if "speaker" in known[0] else _ava(known, truth, predictions)


def table(path: Path, names: Sequence[str]) -> Rows:
    """The rows of a CSV file, by the names in its first line, or by `names` where it has none. Raises FormatError."""
    lines = [row for row in csv.reader(reading.text(path).splitlines()) if row]
    if not lines:
        raise FormatError(f"“{path.name}” is empty.")
    header = [cell.strip() for cell in lines[0]]
    if not any(map(_is_number, header)):
        del lines[0]
    else:
        header = list(names)
    for number, row in enumerate(lines, 1):
        if len(row) < len(header):
            raise FormatError(f"“{path.name}”, row {number}, has {len(row)} columns instead of {len(header)}.")
    if not lines:
        raise FormatError(f"“{path.name}” has no rows.")
    return [dict(zip(header, row, strict=False)) for row in lines]


def _is_number(cell: str) -> bool:
    try:
        return float(cell) == float(cell)
    except ValueError:
        return False


def _number(row: dict[str, str], name: str, path: Path) -> float:
    if name not in row:
        raise FormatError(f"“{path.name}” has no column “{name}”.")
    value = float(row[name]) if _is_number(row[name]) else row[name]
    return reading.number(value, f"Every “{name}” in “{path.name}”")


def _box(row: dict[str, str], names: Sequence[str], path: Path) -> Box:
    x1, y1, x2, y2 = (_number(row, name, path) for name in names)
    return x1, y1, x2, y2


def _faces(rows: Rows, path: Path) -> dict[tuple[float, str], dict[str, str]]:
    """Rows by timestamp and entity. Raises FormatError where two have both alike."""
    found: dict[tuple[float, str], dict[str, str]] = {}
    for row in rows:
        if "entity_id" not in row or row.get("label") not in LABELS:
            raise FormatError(f"Every row of “{path.name}” needs an “entity_id” and a “label” of {', '.join(LABELS)}.")
        key = _number(row, "frame_timestamp", path), row["entity_id"]
        if key in found:
            raise FormatError(f"“{path.name}” has two rows of {key[1]} at {key[0]:.2f} s; keep one.")
        found[key] = row
    return found


def _ava(known: Rows, truth: Path, predictions: Path) -> dict[str, Any]:
    wanted = _faces(known, truth)
    given = _faces(table(predictions, (*AVA, "score")), predictions)
    if len(wanted) != len(given):
        counts = f"“{truth.name}” has {len(wanted)} rows and “{predictions.name}” {len(given)}"
        raise FormatError(f"{counts}; give one score for each face.")
    if any(row["label"] != SPEAKING for row in given.values()):
        raise FormatError(f"Every label in “{predictions.name}” must be {SPEAKING}: the score says how sure that is.")
    both = [(wanted[key], row) for key, row in given.items() if key in wanted]
    if not both:
        raise FormatError(f"No face of “{truth.name}” is in “{predictions.name}”; do the files belong together?")
    for one, other in both:
        pair = zip(_box(one, AVA[2:6], truth), _box(other, AVA[2:6], predictions), strict=True)
        if any(abs(a - b) > _BOX_TOLERANCE for a, b in pair):
            where = f"{one['entity_id']} at {one['frame_timestamp']} s"
            raise FormatError(f"The boxes of {where} differ between the files; keep those of “{truth.name}”.")
    scores = [_number(row, "score", predictions) for _, row in both]
    hits = np.array([one["label"] == SPEAKING for one, _ in both])
    if not hits.any():
        raise FormatError(f"Nobody speaks in “{truth.name}”, so there is nothing to find.")
    rng = np.random.default_rng(0)
    shuffled = fmean(average_precision(rng.random(len(hits)), hits) for _ in range(_TURNS))
    return {
        "task": "speaker", "protocol": "AVA-ActiveSpeaker", "queries": len(wanted), "answered": len(both),
        "speaking": int(hits.sum()), "metrics": {"mAP": round(100 * average_precision(scores, hits), 2)},
        "baselines": {
            "always_speaking": {"mAP": round(100 * float(hits.mean()), 2)},
            "random": {"mAP": round(100 * shuffled, 2)},
        },
        "note": NOTE,
    }  # fmt: skip


def _columbia(known: Rows, truth: Path, predictions: Path) -> dict[str, Any]:
    frames: dict[int, list[tuple[Box, bool]]] = {}
    for row in table(predictions, (*COLUMBIA, "score")):
        said = _number(row, "score", predictions) > 0
        frame = int(_number(row, "frame", predictions))
        frames.setdefault(frame, []).append((_box(row, COLUMBIA[1:], predictions), said))
    pairs: dict[str, list[tuple[bool, bool]]] = {}
    boxes = 0
    for row in known:
        name = row["speaker"].strip()
        if name.lower().startswith(LEFT_OUT):
            continue
        boxes += 1
        face = _box(row, COLUMBIA[1:], truth)
        speaks = _number(row, "speaking", truth) == 1
        found = frames.get(int(_number(row, "frame", truth) / 29.97 * 25), [])
        pairs.setdefault(name, []).extend((speaks, said) for box, said in found if covered(face, box) > _SHARE)
    if not any(pairs.values()):
        raise FormatError(f"No face of “{truth.name}” is in “{predictions.name}”; do the files belong together?")
    rng = np.random.default_rng(0)
    always = {name: f1([(speaks, True) for speaks, _ in of]) for name, of in pairs.items()}
    coin = {name: f1([(speaks, bool(rng.random() < 0.5)) for speaks, _ in of]) for name, of in pairs.items()}
    return {
        "task": "speaker", "protocol": "Columbia", "queries": boxes, "answered": sum(map(len, pairs.values())),
        "metrics": _means({name: f1(of) for name, of in pairs.items()}),
        "baselines": {"always_speaking": _means(always), "random": _means(coin)},
        "note": "F1 of each speaker, over the boxes that a prediction covers by more than half, and their mean.",
    }  # fmt: skip


def covered(face: Box, by: Box) -> float:
    """The share of a box's area that lies in another."""
    width, height = min(face[2], by[2]) - max(face[0], by[0]), min(face[3], by[3]) - max(face[1], by[1])
    area = (face[2] - face[0]) * (face[3] - face[1])
    return max(0.0, width) * max(0.0, height) / area if area > 0 else 0.0


def f1(pairs: Sequence[tuple[bool, bool]]) -> float:
    """F1 in 0…1 of (truth, said); 0 where nothing is true and nothing said."""
    right = sum(truth and said for truth, said in pairs)
    total = sum(truth for truth, _ in pairs) + sum(said for _, said in pairs)
    return 2 * right / total if total else 0.0


def _means(values: dict[str, float]) -> dict[str, float]:
    return {"F1": round(100 * fmean(values.values()), 2), **{name: round(100 * v, 2) for name, v in values.items()}}
