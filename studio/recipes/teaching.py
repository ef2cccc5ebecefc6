"""Learning curves of taught labels: `python -m studio.recipes.teaching --data DIR --cache DIR`.

Photos of Flickr8k become reels, several samples a photo, each another crop; the captions say which photos show one of
thirteen concepts. A simulated annotator works on reels of training photos: looks at the likeliest moments, corrects
those that are right, rejects the others; after 0, 1, 3, 5, 10, 20 and 50 corrected moments what was learned is measured
on reels of dev photos, by average precision over all reels at IoU .3, .5 and .7. `--ranking` measures instead how well
it ranks single photos of the dev set, also where the examples are photos that the encoder did not learn from.
"""

import argparse
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch.nn.functional import softplus

from studio import models
from studio.models.detection import NEGATIVE, POSITIVE, UNKNOWN, LabelledVideo, Weights, learn
from studio.models.detection.detector import logits
from studio.models.detection.learning import LEVELS, found_in
from studio.models.detection.measuring import AT, average_precision
from studio.recipes import studio_lite
from studio.recipes.grounding_head import crops

COUNTS = (0, 1, 3, 5, 10, 20, 50)
PLAIN = 0.03  # of the plain regression, its best of .01, .03, .1 and .3 on halves of the training photos
MODELS_PAGE = Path(__file__).parents[2] / "docs" / "models.md"
SCALE = 20.0  # from a difference of cosines to one of logits
VIEWS = 2  # crops of a photo
SCENES, SHORTEST_S, LONGEST_S = 12, 4, 14  # photos of a reel, and how long each is shown, at one sample a second
TRAIN = 700  # photos of the training set that reels are made of
DEV = 1091  # all photos of the dev set
# What an annotator would call it, and how captions say it. A photo shows it where two captions of five do; where one
# does, it is neither asked for nor counted.
CONCEPTS = {
    "a dog running": r"\bdogs?\b.*\b(run|runs|running|ran)\b|\brunning dog",
    "snow": r"\bsnow",
    "a beach": r"\bbeach|\bocean|\bsea\b",
    "climbing": r"\bclimb",
    "a bicycle": r"\bbicycl|\bbik(e|es|er|ing)\b",
    "football": r"\bsoccer|\bfootball",
    "swimming": r"\bswim|\bpool\b",
    "a skateboard": r"\bskateboard",
    "a crowd": r"\bcrowd",
    "jumping": r"\bjump",
    "a swing or a slide": r"\bswing|\bslide",
    "a street": r"\bstreet|\bsidewalk",
    "a ball": r"\bball\b",
}
Learner = Callable[[np.ndarray, list[LabelledVideo]], Weights]


@dataclass(frozen=True)
class Photos:
    """Unit vectors (P, VIEWS, D), and for each concept how many captions of each photo say it (P,)."""

    views: npt.NDArray[np.float32]
    said: dict[str, npt.NDArray[np.int64]]


def photos(data: Path, cache: Path, split: str, most: int, concepts: Mapping[str, str] = CONCEPTS) -> Photos:
    """The first photos of a split, kept in `cache` for the encoder's version."""
    model = models.load("text_video", device="cpu")
    path = cache / f"{split}_{model.version}.npz"
    if not _holds(path, most):
        rng = np.random.default_rng(0)
        names: list[str] = []
        parts: list[npt.NDArray[np.float32]] = []
        waiting: list[npt.NDArray[np.uint8]] = []
        for name, pixels in studio_lite.photos(data, split):
            if len(names) == most:
                break
            names.append(name)
            waiting.append(crops(pixels, rng, VIEWS))
            if len(waiting) == 32:
                parts.append(model.encode_frames(np.concatenate(waiting)))
                waiting = []
        parts += [model.encode_frames(np.concatenate(waiting))] if waiting else []
        views = np.concatenate(parts).astype(np.float16).reshape(len(names), VIEWS, -1)
        np.savez(path, names=np.array(names), views=views)
    with np.load(path) as kept:
        names, views = kept["names"].tolist()[:most], kept["views"][:most].astype(np.float32)
    return Photos(views, captions_of(data, split, names, concepts))


def _holds(path: Path, most: int) -> bool:
    if not path.exists():
        return False
    with np.load(path) as kept:
        return len(kept["names"]) >= most


def captions_of(
    data: Path, split: str, names: Sequence[str], concepts: Mapping[str, str] = CONCEPTS
) -> dict[str, npt.NDArray[np.int64]]:
    """Of each concept, how many captions of each of these photos say it (P,)."""
    captions: dict[str, list[str]] = {}
    for name, text in studio_lite.captions(data, split):
        captions.setdefault(name, []).append(text.lower())
    return {
        concept: np.array([sum(bool(re.search(pattern, text)) for text in captions[name]) for name in names])
        for concept, pattern in concepts.items()
    }


@dataclass(frozen=True)
class Reel:
    """Samples (N, D) one second apart, and of each scene its photo and its [start, end) in s."""

    rows: npt.NDArray[np.float32]
    scenes: list[tuple[int, int, int]]

    def of(self, name: str, said: npt.NDArray[np.int64], known: bool) -> LabelledVideo:
        """With the truth of a concept; what was said of its samples is the truth where `known`, else nothing."""
        truth = [(start, end) for photo, start, end in self.scenes if said[photo] >= 2]
        marks = np.full(len(self.rows), UNKNOWN, np.int8)
        for photo, start, end in self.scenes if known else ():
            if said[photo] != 1:
                marks[start:end] = POSITIVE if said[photo] >= 2 else NEGATIVE
        edges = np.arange(len(self.rows) + 1, dtype=np.float64)
        return LabelledVideo(name, self.rows, edges, marks, np.array(truth, np.float64).reshape(-1, 2))


def reels(known: Photos, seed: int, of: int = SCENES) -> list[Reel]:
    """Of so many photos each, every photo in one reel; neighbouring samples of a scene are alike, as frames are."""
    rng, found = np.random.default_rng(seed), []
    order = rng.permutation(len(known.views))
    for first in range(0, len(order), of):
        scenes, rows, at = [], [], 0
        for photo in order[first : first + of]:
            length = int(rng.integers(SHORTEST_S, LONGEST_S + 1))
            views = known.views[photo, rng.integers(0, VIEWS, length)]
            mixed = views + rng.normal(0, 0.25 / np.sqrt(views.shape[1]), views.shape).astype(np.float32)
            rows.append(mixed / np.linalg.norm(mixed, axis=1, keepdims=True))
            scenes.append((int(photo), at, at + length))
            at += length
        found.append(Reel(np.concatenate(rows).astype(np.float32), scenes))
    return found


# ------------------------------------------------------------------ annotators and learners


def ours(text: npt.NDArray[np.float32], videos: list[LabelledVideo]) -> Weights:
    return learn(text, videos, with_head=False).weights


def logistic(text: npt.NDArray[np.float32], videos: list[LabelledVideo]) -> Weights:
    """Plain logistic regression on the frame vectors, which starts from nothing; the text where nothing is known."""
    centre = _centre(videos)
    right, wrong = (
        np.concatenate([video.rows[video.known == kind] for video in videos]) - centre for kind in (POSITIVE, NEGATIVE)
    )
    if not len(right) or not len(wrong):
        return levelled(Weights(text, centre, SCALE, 0.0, ()), videos)
    direction, bias = torch.zeros(len(text), requires_grad=True), torch.zeros(1, requires_grad=True)
    optimizer = torch.optim.LBFGS([direction, bias], max_iter=40, line_search_fn="strong_wolfe")
    moments = sum(len(video.truth) for video in videos)

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        losses = [
            softplus(-sign * (torch.from_numpy(rows) @ (SCALE * direction) + bias)).mean()
            for sign, rows in ((1, right), (-1, wrong))
        ]
        loss = moments * (losses[0] + losses[1]) + 0.5 * PLAIN * SCALE**2 * direction.square().sum()
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    optimizer.step(closure)  # type: ignore[no-untyped-call]
    return levelled(Weights(direction.detach().numpy(), centre, SCALE, float(bias.detach()), ()), videos)


def nearest(text: npt.NDArray[np.float32], videos: list[LabelledVideo]) -> Weights:
    """What is alike to the mean of the moments."""
    rows, centre = np.concatenate([video.rows[video.known == POSITIVE] for video in videos]), _centre(videos)
    return levelled(Weights(rows.mean(0) - centre if len(rows) else text, centre, SCALE, 0.0, ()), videos)


def levelled(weights: Weights, videos: Sequence[LabelledVideo]) -> Weights:
    """With the levels at which moments are cut, as the studio's own."""
    every = np.concatenate([logits(weights, video.rows) for video in videos])
    return replace(weights, levels=tuple(np.unique(np.quantile(every, LEVELS)).tolist()))


def _centre(videos: Sequence[LabelledVideo]) -> npt.NDArray[np.float32]:
    centre: npt.NDArray[np.float32] = np.mean([video.rows.mean(0) for video in videos], axis=0).astype(np.float32)
    return centre


def annotate(
    text: npt.NDArray[np.float32], truth: list[LabelledVideo], learner: Learner, order: str, seed: int = 0
) -> dict[int, Weights]:
    """What is learned after each of COUNTS corrected moments. The annotator sees the moment that is next in the `order`
    (`likely`, `unsure` or `random`), corrects it where it meets a true one and rejects it where it does not."""
    rng = np.random.default_rng(seed)
    seen = [replace(v, known=np.full(len(v.known), UNKNOWN, np.int8), truth=v.truth[:0]) for v in truth]
    found: dict[int, Weights] = {}
    weights, corrected = learner(text, seen), 0
    proposed = _proposed(weights, seen, order)
    total = sum(len(video.truth) for video in truth)
    for wanted in COUNTS:
        while corrected < min(wanted, total):
            which = _next(proposed, seen, rng)
            if which is None:
                break
            k, span = which
            shared = [
                max(0.0, min(end, span[1]) - max(start, span[0])) / min(end - start, span[1] - span[0])
                for start, end in truth[k].truth
            ]
            hit = int(np.argmax(shared)) if shared else -1
            video, known = seen[k], seen[k].known.copy()
            if hit >= 0 and shared[hit] > 0.3:
                start, end = truth[k].truth[hit]
                known[_inside(video, start, end)] = POSITIVE
                seen[k] = replace(video, known=known, truth=np.vstack([video.truth, [[start, end]]]))
                corrected += 1
            else:
                known[_inside(video, *span) & (known == UNKNOWN)] = NEGATIVE
                seen[k] = replace(video, known=known)
        found[wanted] = weights = learner(text, seen)
        proposed = _proposed(weights, seen, order)
    return found


Proposed = list[tuple[float, int, npt.NDArray[np.float64]]]  # how soon it is shown, the video, [start, end)


def _proposed(weights: Weights, seen: Sequence[LabelledVideo], order: str) -> Proposed:
    """What is shown to the annotator, in order; nothing where the order is random."""
    if order == "random":
        return []
    found = [
        (score if order == "likely" else -abs(score - 0.5), k, span)
        for k, video in enumerate(seen)
        for span, score in zip(*found_in(weights, video), strict=True)
    ]
    return sorted(found, key=lambda each: -each[0])


def _next(
    proposed: Proposed, seen: Sequence[LabelledVideo], rng: np.random.Generator
) -> tuple[int, npt.NDArray[np.float64]] | None:
    """The first moment that nothing was said of; any sample where none is left."""
    for _, k, span in proposed:
        if (seen[k].known[_inside(seen[k], *span)] == UNKNOWN).mean() > 0.5:
            return k, span
    starts = [(k, at) for k, video in enumerate(seen) for at in np.flatnonzero(video.known == UNKNOWN)]
    if not starts:
        return None
    k, at = starts[int(rng.integers(len(starts)))]
    return k, seen[k].edges[[at, at + 1]]


def _inside(video: LabelledVideo, start: float, end: float) -> npt.NDArray[np.bool_]:
    """Which samples (N,) a stretch has a part of."""
    inside: npt.NDArray[np.bool_] = (video.edges[1:] > start) & (video.edges[:-1] < end)
    return inside


def precision(weights: Weights, videos: Sequence[LabelledVideo]) -> dict[str, float]:
    """Average precision at each of AT, in per cent."""
    answers = [(found_in(weights, video), video) for video in videos]
    return {str(at): 100 * average_precision(answers, at) for at in AT}


WAYS: dict[str, tuple[Learner, str]] = {
    "studio": (ours, "likely"),
    "logistic_random": (logistic, "random"),
    "nearest": (nearest, "likely"),
    "logistic_unsure": (logistic, "unsure"),
}


def curves(
    data: Path, cache: Path, concepts: Sequence[str] = tuple(CONCEPTS), ways: Sequence[str] = tuple(WAYS)
) -> dict[str, Any]:
    """AP in per cent, way → number of corrected moments → IoU → concept."""
    model = models.load("text_video", device="cpu")
    train, dev = photos(data, cache, "train", TRAIN), photos(data, cache, "dev", DEV)
    teach, test = reels(train, 1), reels(dev, 2)
    found: dict[str, Any] = {way: {n: {str(at): {} for at in AT} for n in COUNTS} for way in ways}
    for concept in concepts:
        text = model.encode_text([concept])[0]
        truth = [reel.of(f"t{i}", train.said[concept], True) for i, reel in enumerate(teach)]
        held = [reel.of(f"d{i}", dev.said[concept], True) for i, reel in enumerate(test)]
        for way, (learner, order) in ((way, WAYS[way]) for way in ways):
            for count, weights in annotate(text, truth, learner, order).items():
                for at, value in precision(weights, held).items():
                    found[way][count][at][concept] = round(value, 2)
            print(
                concept, way, [round(float(np.mean([found[way][n][str(at)][concept] for at in AT])), 1) for n in COUNTS]
            )
    return found


def ranked(weights: Weights, known: Photos, concept: str, which: npt.NDArray[np.int64]) -> float:
    """Average precision of some photos in the order of a detector, in per cent, without those on which captions
    disagree."""
    views = known.views[which].mean(1)
    heights = (views / np.linalg.norm(views, axis=1, keepdims=True) - weights.centre) @ weights.direction
    said = known.said[concept][which]
    shows = said[np.argsort(-heights, kind="stable")]
    right = shows[shows != 1] > 1
    return 100 * float((np.cumsum(right) / np.arange(1, len(right) + 1))[right].mean())


def rankings(data: Path, cache: Path, concepts: Sequence[str] = tuple(CONCEPTS)) -> dict[str, dict[int, float]]:
    """The mean of `ranked` over concepts, by which photos were taught from and in which order, and how many moments."""
    model = models.load("text_video", device="cpu")
    train, dev = photos(data, cache, "train", TRAIN), photos(data, cache, "dev", DEV)
    halves = np.array_split(np.random.default_rng(5).permutation(len(dev.views)), 2)
    half = Photos(dev.views[halves[0]], {concept: said[halves[0]] for concept, said in dev.said.items()})
    every = np.arange(len(dev.views))
    found: dict[str, dict[int, float]] = {}
    for photos_of, known, tested in (("training photos", train, every), ("half of the dev photos", half, halves[1])):
        some = reels(known, 1)
        for order in ("likely", "random"):
            means: dict[int, list[float]] = {}
            for concept in concepts:
                truth = [reel.of(f"t{i}", known.said[concept], True) for i, reel in enumerate(some)]
                taught = annotate(model.encode_text([concept])[0], truth, ours, order)
                for count, weights in taught.items():
                    means.setdefault(count, []).append(ranked(weights, dev, concept, tested))
            found[f"{photos_of}, {order}"] = {count: round(float(np.mean(each)), 1) for count, each in means.items()}
            print(photos_of, order, found[f"{photos_of}, {order}"])
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--concepts", nargs="*", default=list(CONCEPTS))
    parser.add_argument("--ways", nargs="*", default=list(WAYS), choices=list(WAYS))
    parser.add_argument("--write", action="store_true", help="into docs/models.md, beside the other ways there")
    parser.add_argument("--ranking", action="store_true", help="of single photos, by what the studio learns")
    args = parser.parse_args()
    if args.ranking:
        rankings(args.data, args.cache, args.concepts)
        return
    found = curves(args.data, args.cache, args.concepts, args.ways)
    show("reels", found, args.write)


def show(what: str, found: dict[str, Any], write: bool) -> None:
    """Print the means over labels, way by way, and write those ways into the table of docs/models.md that is called so;
    rows of other ways stay."""
    rows = {}
    for way, by_count in found.items():
        for count in (each for each in COUNTS if each in by_count):
            by_iou = by_count[count]
            means = [float(np.mean(list(by_iou[str(at)].values()))) for at in AT]
            labels = len(by_iou[str(AT[0])])
            numbers = (f"{each:.1f}" for each in (*means, float(np.mean(means))))
            rows[way, count] = f"| {way.replace('_', ', ')} | {count} | {labels} | {' | '.join(numbers)} |"
    print("\n".join(rows.values()))
    if not write:
        return
    begin, end = f"<!-- teaching: {what} -->", f"<!-- end of teaching: {what} -->"
    before, rest = MODELS_PAGE.read_text(encoding="utf-8").split(begin)
    old, after = rest.split(end)
    names = {way.replace("_", ", ") for way in found}
    kept = [line for line in old.strip().splitlines()[2:] if line.split("|")[1].strip() not in names]
    head = ["| way | corrected moments | labels | AP@.3 | AP@.5 | AP@.7 | mean |", "|---|---|---|---|---|---|---|"]
    table = "\n".join([*head, *rows.values(), *kept])
    MODELS_PAGE.write_text(f"{before}{begin}\n{table}\n{end}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
