"""Whether tuning an encoder on a label's examples pays: `python -m studio.recipes.tuning --data DIR`.

Photos of Flickr8k become reels as in `teaching`; all reels of training photos are labelled. Average precision on reels
of dev photos, of a detector over the encoder as it is, and over the encoder tuned on the same examples, at several
shares of frames with gradients.
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from studio import models
from studio.models.detection import LabelledVideo, learn
from studio.models.detection.learning import found_in
from studio.models.detection.measuring import AT, average_precision
from studio.models.detection.tuning import TunedVideo, encoded, tuned
from studio.recipes import studio_lite
from studio.recipes.grounding_head import crops
from studio.recipes.teaching import CONCEPTS, Photos, Reel, captions_of, reels

TRAIN, DEV = 240, 360  # photos
WAYS: dict[str, dict[str, Any]] = {
    "all frames with gradients": {"keep": 1.0}, "a quarter, others from memory": {"keep": 0.25},
    "a quarter, others anew": {"keep": 0.25, "others": "anew"},
}  # fmt: skip


@dataclass(frozen=True)
class Half:
    """Photos of a split, what the lower layers make of two crops of each (P · 2, …), and reels of them."""

    known: Photos
    lower: torch.Tensor
    reels: list[Reel]

    def places(self) -> Iterator[npt.NDArray[np.intp]]:
        """Of each reel, which crop each of its samples is."""
        rng = np.random.default_rng(3)
        for reel in self.reels:
            crop = [2 * photo + rng.integers(0, 2, end - start) for photo, start, end in reel.scenes]
            yield np.concatenate(crop)


def half(model: Any, data: Path, split: str, most: int, seed: int) -> Half:
    rng = np.random.default_rng(0)
    names: list[str] = []
    parts: list[torch.Tensor] = []
    for name, pixels in studio_lite.photos(data, split):
        if len(names) == most:
            break
        names.append(name)
        parts.append(model.lower(crops(pixels, rng, 2)))
    lower = torch.cat(parts)
    views = encoded(model.upper(), lower, "cpu").numpy().reshape(len(names), 2, -1)
    known = Photos(views, captions_of(data, split, names))
    return Half(known, lower, reels(known, seed))


def videos(part: Half, rows: npt.NDArray[np.float32], concept: str) -> list[LabelledVideo]:
    """The reels with these vectors (P · 2, D) of the crops, and what is known of a concept."""
    said = part.known.said[concept]
    return [
        Reel(rows[place], reel.scenes).of(str(k), said, True)
        for k, (reel, place) in enumerate(zip(part.reels, part.places(), strict=True))
    ]


def precision(text: npt.NDArray[np.float32], train: list[LabelledVideo], held: Sequence[LabelledVideo]) -> float:
    """Mean average precision over AT, in per cent."""
    weights = learn(text, train).weights
    answers = [(found_in(weights, video), video) for video in held]
    return 100 * float(np.mean([average_precision(answers, at) for at in AT]))


def measure(data: Path, concepts: Sequence[str], ways: Sequence[str]) -> dict[str, dict[str, float]]:
    """Way → concept → average precision."""
    model: Any = models.load("text_video", device="cpu")
    train, dev = half(model, data, "train", TRAIN, 1), half(model, data, "dev", DEV, 2)
    upper = model.upper()
    found: dict[str, dict[str, float]] = {"the encoder as it is": {}, **{way: {} for way in ways}}
    for concept in concepts:
        text = model.encode_text([concept])[0]
        rows = [part.known.views.reshape(-1, part.known.views.shape[-1]) for part in (train, dev)]
        labelled, held = videos(train, rows[0], concept), videos(dev, rows[1], concept)
        found["the encoder as it is"][concept] = round(precision(text, labelled, held), 1)
        weights = learn(text, labelled).weights
        examples = [
            TunedVideo(train.lower[place], video.known) for place, video in zip(train.places(), labelled, strict=True)
        ]
        for way in ways:
            net = tuned(upper, examples, weights, **WAYS[way])
            rows = [encoded(net, part.lower, "cpu").numpy() for part in (train, dev)]
            value = precision(text, videos(train, rows[0], concept), videos(dev, rows[1], concept))
            found[way][concept] = round(value, 1)
        print(concept, {way: values[concept] for way, values in found.items()}, flush=True)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--concepts", nargs="*", default=list(CONCEPTS))
    parser.add_argument("--ways", nargs="*", default=list(WAYS), choices=list(WAYS))
    args = parser.parse_args()
    found = measure(args.data, args.concepts, args.ways)
    print(json.dumps({way: round(float(np.mean(list(each.values()))), 1) for way, each in found.items()}))


if __name__ == "__main__":
    main()
