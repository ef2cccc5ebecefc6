"""Learning curves of labels of what is said: `python -m studio.recipes.teaching_words --data DIR [--write]`.

DIR/dialogue has MELD's conversations (Poria et al., ACL 2019), each line with the emotion that people heard in it: the
dev split, used for measuring only. Six conversations are a film; between lines of one nobody speaks for as long as in
the episode, at most five seconds, and three seconds between two. By cross-validation over these films: of the others so
many lines of an emotion are known, and nothing else (see `learning_curve`).
"""

import argparse
import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from studio import models
from studio.models.detection import NEGATIVE, POSITIVE, LabelledVideo, learning_curve
from studio.recipes.teaching import COUNTS, show
from studio.tasks.findings import Line, text_samples
from studio.timeline import MICROS

PER, BETWEEN_S, LONGEST_PAUSE_S, LONGEST_S = 6, 3.0, 5.0, 15.0  # conversations of a film; of a line: some have no end
OTHER = "neutral"
Film = list[tuple[Line, str]]  # lines, each with its emotion


def seconds(text: str) -> float:
    """Of a time such as 00:20:57,256."""
    hours, minutes, rest = text.split(":")
    return int(hours) * 3_600 + int(minutes) * 60 + float(rest.replace(",", "."))


def films(path: Path) -> Iterator[Film]:
    """The conversations of a file, one after the other."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    talks = [list(lines) for _, lines in groupby(rows, key=lambda row: row["Dialogue_ID"])]
    for first in range(0, len(talks), PER):
        film, now = Film(), 0.0
        for talk in talks[first : first + PER]:
            now += BETWEEN_S
            reached = seconds(talk[0]["StartTime"])
            for row in talk:
                start, end = seconds(row["StartTime"]), seconds(row["EndTime"])
                now += min(max(0.0, start - reached), LONGEST_PAUSE_S)
                after = now + min(max(0.3, end - start), LONGEST_S)
                film.append(((round(now * MICROS), round(after * MICROS), row["Utterance"]), row["Emotion"]))
                now, reached = after, end
        yield film


def labelled(name: str, film: Film, vectors: np.ndarray, emotion: str) -> LabelledVideo:
    """A film of which everything is known."""
    lines = [line for line, _ in film]
    rows, edges = text_samples(lines, vectors, lines[-1][1])
    truth = np.array([line[:2] for line, said in film if said == emotion], np.float64).reshape(-1, 2) / MICROS
    middles, known = (edges[1:] + edges[:-1]) / 2, np.full(len(rows), NEGATIVE, np.int8)
    for start, end in truth:
        known[(middles >= start) & (middles < end)] = POSITIVE
    return LabelledVideo(name, rows, edges, known, truth)


def curves(every: Sequence[Film]) -> dict[str, dict[int, dict[str, dict[str, float]]]]:
    """AP in per cent: way → number of known lines → IoU → emotion."""
    encoder = models.load("sentence_embedding", device="cpu")
    vectors = [encoder.encode([text for (*_, text), _ in film]) for film in every]
    found: dict[int, dict[str, dict[str, float]]] = {}
    for emotion in sorted({said for film in every for _, said in film} - {OTHER}):
        words = encoder.encode([emotion])[0]
        videos = [
            labelled(f"f{k:02}", film, of_film, emotion)
            for k, (film, of_film) in enumerate(zip(every, vectors, strict=True))
        ]
        curve = learning_curve(words, videos, [count for count in COUNTS if count], with_head=False)
        for count, by_iou in curve.precision.items():
            for at, precision in by_iou.items():
                found.setdefault(count, {}).setdefault(str(at), {})[emotion] = round(100 * precision, 1)
        print(emotion, {count: by[0.5] for count, by in curve.precision.items()}, flush=True)
    return {"studio": found}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--write", action="store_true", help="into docs/models.md")
    args = parser.parse_args()
    every = list(films(args.data / "dialogue" / "meld_dev.csv"))
    said = Counter(emotion for film in every for _, emotion in film)
    print({emotion: f"{100 * count / said.total():.1f} %" for emotion, count in said.items()})
    found: dict[str, Any] = curves(every)
    show("words", found, args.write)


if __name__ == "__main__":
    main()
