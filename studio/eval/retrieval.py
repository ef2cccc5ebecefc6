"""Text-to-video retrieval: how far down its list of videos a query finds the right one.

Truth: one record a caption, `{"query": …, "video": …}`; a video may have many captions, each is a query of its own and
all count alike. Predictions: what `studio search --queries FILE --json` prints, or records `{"query": …, "hits":
[{"video": …, "score": …}]}`. A video is named by its id, its path, or its file name with or without the ending.
"""

from collections.abc import Sequence
from pathlib import Path, PurePath
from statistics import fmean, median
from typing import Any

from studio.errors import FormatError
from studio.eval import reading

CUTOFFS = (1, 5, 10)
NOTE = "A video's rank is 1 + the number of videos that score strictly higher; one that was not returned is last."


def rank(scores: dict[str, float], right: str, gallery: int) -> int:
    """The rank of a video among `gallery` videos, by 1 + #(strictly greater); last when it has no score."""
    if right not in scores:
        return gallery
    return 1 + sum(score > scores[right] for score in scores.values())


def metrics(ranks: Sequence[int]) -> dict[str, float]:
    """R@1, R@5, R@10 in percent, and the median and mean rank, of at least one rank."""
    found = {f"R@{k}": round(100 * fmean(r <= k for r in ranks), 2) for k in CUTOFFS}
    return {**found, "MedR": float(median(ranks)), "MnR": round(fmean(ranks), 2)}


def chance(gallery: int) -> dict[str, float]:
    """What a shuffled list reaches on average among `gallery` videos."""
    found = {f"R@{k}": round(100 * min(1.0, k / gallery), 2) for k in CUTOFFS}
    return {**found, "MedR": (gallery + 1) / 2, "MnR": (gallery + 1) / 2}


def evaluate(truth: Path, predictions: Path) -> dict[str, Any]:
    """The report of two files. Raises FormatError."""
    captions = [_caption(record, truth.name) for record in reading.records(truth)]
    answers, names = _answers(predictions)
    answered = sum(query in answers for query, _ in captions)
    if not answered:
        raise FormatError(f"No query of “{truth.name}” is in “{predictions.name}”; do the files belong together?")
    wanted = [(answers.get(query, {}), names.get(video, video)) for query, video in captions]
    gallery = len({video for scores in answers.values() for video in scores} | {video for _, video in wanted})
    ranks = [rank(scores, video, gallery) for scores, video in wanted]
    return {
        "task": "retrieval", "queries": len(captions), "answered": answered,
        "not_returned": sum(video not in scores for scores, video in wanted), "videos": gallery,
        "metrics": metrics(ranks), "baselines": {"chance": chance(gallery)}, "note": NOTE,
    }  # fmt: skip


def _caption(record: reading.Record, name: str) -> tuple[str, str]:
    query, video = reading.label(record, "query", "caption"), reading.label(record, "video", "vid")
    if query is None or video is None:
        raise FormatError(f"Every record of “{name}” needs a “query” and a “video”.")
    return query, video


def _answers(path: Path) -> tuple[dict[str, dict[str, float]], dict[str, str]]:
    """Each query's score of each video's best moment, and by which other names the videos may be called."""
    answers: dict[str, dict[str, float]] = {}
    names: dict[str, str] = {}
    for record in reading.records(path):
        query = reading.label(record, "query")
        if query is None or "hits" not in record:
            raise FormatError(f"Every record of “{path.name}” needs a “query” and “hits”.")
        scores = answers.setdefault(query, {})
        for hit in reading.items(record["hits"], f"“hits” in “{path.name}”"):
            video = reading.label(hit, "video", "vid", "path") if isinstance(hit, dict) else None
            if video is None:
                raise FormatError(f"A hit in “{path.name}” names no “video”.")
            score = reading.number(hit.get("score"), f"The “score” of a hit in “{path.name}”")
            scores[video] = max(score, scores.get(video, score))
            file = PurePath(reading.label(hit, "path") or video)
            for other in (str(file), file.name, file.stem):
                names.setdefault(other, video)
    # An id is always meant as one, whatever some other video's file may be called.
    return answers, names | {video: video for scores in answers.values() for video in scores}
