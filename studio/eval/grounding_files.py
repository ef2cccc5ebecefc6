"""The files of temporal grounding: questions with their true moments, answers with proposed ones.

Truth is one of
- records `{"query", "video", "duration", "moments": [{"start", "end"}]}`, or with one `"start"` and `"end"`; seconds;
- QVHighlights lines `{"qid", "query", "vid", "duration", "relevant_windows": [[start, end]]}`, with `relevant_clip_ids`
  and `saliency_scores` where highlights are to be judged too;
- a Charades-STA text file, one `VIDEO START END##sentence` a line. It knows no durations.
Predictions are what `studio ground VIDEO --queries FILE --json` prints, records `{"query", "video", "moments":
[{"start", "end", "score"}]}` for several videos, or QVHighlights lines with `pred_relevant_windows` and
`pred_saliency_scores`.
They are matched by `qid` where both have one, else by query and video, else by query alone.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from studio.errors import FormatError
from studio.eval import reading

_CHARADES = re.compile(r"^(\S+)\s+(\S+)\s+(\S+)\s*##(.+)$")

Window = tuple[float, float]


@dataclass(frozen=True, slots=True)
class GroundTruth:
    """A text, its true moments (s), and the ratings of 2-s clips: clip number → three ratings 0–4."""

    qid: str | None
    query: str
    video: str | None
    duration: float | None
    windows: list[Window]
    ratings: dict[int, list[float]] | None = None


@dataclass(frozen=True, slots=True)
class GroundingPrediction:
    """Proposed moments (s) in the order given, each with its score; `saliency` has one value a 2-s clip."""

    windows: list[Window]
    scores: list[float]
    duration: float | None = None
    saliency: list[float] | None = None


def read_truth(path: Path) -> list[GroundTruth]:
    """The questions of a file. Raises FormatError."""
    lines = [line for line in reading.text(path).splitlines() if line.strip()]
    if lines and _CHARADES.match(lines[0]):
        return [_charades(line, f"“{path.name}”, line {n}") for n, line in enumerate(lines, 1)]
    return [_question(r, f"“{path.name}”, record {n}") for n, r in enumerate(reading.records(path), 1)]


def _charades(line: str, where: str) -> GroundTruth:
    parts = _CHARADES.match(line)
    if parts is None:
        raise FormatError(f"{where}, must read: VIDEO START END##sentence.")
    video, start, end, sentence = parts.groups()
    try:
        window = float(start), float(end)
    except ValueError:
        raise FormatError(f"{where}: START and END must be numbers of seconds.") from None
    return GroundTruth(None, " ".join(sentence.split()), video, None, [_ordered(*window, where)])


def _question(record: reading.Record, where: str) -> GroundTruth:
    query = reading.label(record, "query")
    windows = _windows(record, ("relevant_windows", "moments"), where)[0]
    if query is None or not windows:
        raise FormatError(f"{where}, needs a “query” and at least one moment (“start” and “end” in seconds).")
    length = _duration(record.get("duration"), where)
    video = reading.label(record, "video", "vid")
    return GroundTruth(reading.label(record, "qid"), query, video, length, windows, _ratings(record, where))


def _duration(value: Any, where: str) -> float | None:
    if value is None:
        return None
    length = reading.number(value, f"{where}: “duration”")
    if length < 0:
        raise FormatError(f"{where}: “duration” must not be below 0.")
    return length or None  # a curve of one sample ends where it begins, and says nothing about the video


def _ratings(record: reading.Record, where: str) -> dict[int, list[float]] | None:
    if "saliency_scores" not in record or "relevant_clip_ids" not in record:
        return None
    clips = reading.items(record["relevant_clip_ids"], f"{where}: “relevant_clip_ids”")
    rows = reading.items(record["saliency_scores"], f"{where}: “saliency_scores”")
    if len(clips) != len(rows):
        raise FormatError(f"{where}: “saliency_scores” must have one row for each of “relevant_clip_ids”.")
    what = f"{where}: a value of “saliency_scores”"
    return {
        int(reading.number(clip, f"{where}: a clip id")): [reading.number(v, what) for v in reading.items(row, what)]
        for clip, row in zip(clips, rows, strict=True)
    }


def _windows(record: reading.Record, names: tuple[str, ...], where: str) -> tuple[list[Window], list[float]]:
    """The moments of a record, as `[start, end, score]` or as objects; a missing score is 0."""
    listed: Any = [record] if "start" in record else next((record[name] for name in names if name in record), [])
    windows, scores = [], []
    for item in reading.items(listed, f"{where}: the moments"):
        values = [item.get("start"), item.get("end"), item.get("score", 0.0)] if isinstance(item, dict) else item
        if not isinstance(values, list) or len(values) not in (2, 3):
            raise FormatError(f"{where}: a moment must be [start, end] or [start, end, score].")
        start, end, *score = (reading.number(v, f"{where}: a moment's value") for v in values)
        windows.append(_ordered(start, end, where))
        scores.append(score[0] if score else 0.0)
    return windows, scores


def _ordered(start: float, end: float, where: str) -> Window:
    if end < start:
        raise FormatError(f"{where}: a moment ends before it starts ({start:g}–{end:g}).")
    return start, end


def read_answers(path: Path, questions: list[GroundTruth]) -> list[GroundingPrediction | None]:
    """One answer a question, None where there is none.

    Raises FormatError, also where no question is answered or an answer fits questions about several videos.
    """
    found: dict[tuple[str | None, ...], GroundingPrediction] = {}
    for number, record in enumerate(reading.records(path), 1):
        where = f"“{path.name}”, record {number}"
        if not any(name in record for name in ("pred_relevant_windows", "moments")):
            raise FormatError(f"{where}, has neither “moments” nor “pred_relevant_windows”.")
        answer = _answer(record, where)
        qid, query = reading.label(record, "qid"), reading.label(record, "query")
        found[("qid", qid) if qid else (query, reading.label(record, "video", "vid"))] = answer
    videos: dict[str, set[str | None]] = {}
    for q in questions:
        videos.setdefault(q.query, set()).add(q.video)
    only = len(questions) == 1
    answers = [_match(found, q, only, len(videos[q.query]) > 1, path.name) for q in questions]
    if not any(answers):
        raise FormatError(f"No question of the truth is answered in “{path.name}”; do the files belong together?")
    return answers


def _match(
    found: dict[tuple[str | None, ...], GroundingPrediction], q: GroundTruth, only: bool, several: bool, name: str
) -> GroundingPrediction | None:
    for key in (("qid", q.qid), (q.query, q.video)):
        if None not in key and key in found:
            return found[key]
    if (q.query, None) in found and several:
        raise FormatError(f"“{q.query:.60}” is asked of several videos; give the records of “{name}” a “video”.")
    # `studio ground VIDEO QUERY` prints one answer without its query: it can only be that of an only question.
    return found.get((q.query, None), found.get((None, None)) if only else None)


def _answer(record: reading.Record, where: str) -> GroundingPrediction:
    windows, scores = _windows(record, ("pred_relevant_windows", "moments"), where)
    saliency, curve, duration = record.get("pred_saliency_scores"), record.get("curve"), record.get("duration")
    if duration is None and isinstance(curve, dict) and curve.get("times"):
        duration = reading.items(curve["times"], f"{where}: “times”")[-1]  # the last sample lies near the end
    return GroundingPrediction(
        windows,
        scores,
        _duration(duration, where),
        None
        if saliency is None
        else [reading.number(v, f"{where}: a value of “pred_saliency_scores”")
              for v in reading.items(saliency, f"{where}: “pred_saliency_scores”")],
    )  # fmt: skip
