"""Learning curves of taught labels on events of real clips: `python -m studio.recipes.teaching_events --data DIR`.

Which events, and when, is written down in events.json, looked at frame by frame. By cross-validation over the stretches
of each label's clip: the simulated annotator of `studio.recipes.teaching` works on all clips but the stretch that is
held out, which is measured with the clips that do not show it spread over the folds. As many clips as there are, few
moments: the numbers say which way is better, not how good it is.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from studio import media, models
from studio.models.detection import NEGATIVE, POSITIVE, LabelledVideo
from studio.models.detection.learning import apart, folds_of, found_in
from studio.models.detection.measuring import AT, average_precision
from studio.recipes.teaching import WAYS, annotate, show
from studio.tasks.indexing import DENSE_RATE
from studio.timeline import MICROS

EVENTS = Path(__file__).with_name("events.json")
Curves = dict[str, dict[int, dict[str, dict[str, float]]]]


def clips(data: Path) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Of each clip, at the product's sampling of short videos: the vectors (N, D), and the borders of their cells in s
    (N + 1,)."""
    encoder = models.load("text_video", device="cpu")
    found = {}
    for path in sorted((data / "videos").iterdir()):
        times, rows = [], []
        with media.sample_frames(path, rate=DENSE_RATE, size=encoder.frame_size, batch=16) as stream:
            for frames in stream:
                times.append(frames.times_us)
                rows.append(encoder.encode_frames(frames.images).astype(np.float16).astype(np.float32))
        at = np.concatenate(times) / MICROS
        last = max(media.probe(path).duration_us / MICROS, float(at[-1]) + 1e-6)
        found[path.name] = np.concatenate(rows), np.concatenate([[0.0], (at[1:] + at[:-1]) / 2, [last]])
    return found


def labelled(name: str, rows: np.ndarray, edges: np.ndarray, moments: Sequence[Sequence[float]]) -> LabelledVideo:
    """A clip of which everything is known."""
    middles = (edges[1:] + edges[:-1]) / 2
    known = np.full(len(rows), NEGATIVE, np.int8)
    for start, end in moments:
        inside = (middles >= start) & (middles < end)
        inside[min(len(rows) - 1, int(np.searchsorted(edges[1:], (start + end) / 2, "right")))] = True
        known[inside] = POSITIVE
    return LabelledVideo(name, rows, edges, known, np.array(moments, np.float64).reshape(-1, 2))


def curves(data: Path) -> Curves:
    """AP in per cent, way → number of corrected moments → IoU → label."""
    encoder, known = models.load("text_video", device="cpu"), clips(data)
    labels = json.loads(EVENTS.read_text(encoding="utf-8"))["labels"]
    found: Curves = {way: {} for way in WAYS}
    for label, where in labels.items():
        text = encoder.encode_text([label])[0]
        videos = list(apart([labelled(name, *clip, where.get(name, [])) for name, clip in known.items()]))
        folds = folds_of(videos)
        for way, (learner, order) in WAYS.items():
            answers: dict[int, list[Any]] = {}
            for train, test in folds:
                learning = [videos[i] for i in train]
                there = sum(len(video.truth) for video in learning)
                for count, weights in annotate(text, learning, learner, order).items():
                    if count <= there:
                        held = [videos[i] for i in test]
                        answers.setdefault(count, []).extend((found_in(weights, video), video) for video in held)
            for count, of_all in answers.items():
                by_iou = found[way].setdefault(count, {str(at): {} for at in AT})
                for at in AT:
                    by_iou[str(at)][label] = round(100 * average_precision(of_all, at), 1)
        print(label, {way: {n: by["0.5"].get(label) for n, by in found[way].items()} for way in WAYS}, flush=True)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--write", action="store_true", help="into docs/models.md")
    args = parser.parse_args()
    show("events", curves(args.data), args.write)


if __name__ == "__main__":
    main()
