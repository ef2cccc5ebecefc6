"""Made-up videos whose moments are known, on which `studio.recipes.measure` compares the grounding engines.

Photos of Flickr8k's dev set become scenes, one sample a second, every sample another crop of its photo; a caption of
one photo is the query and its stretch the truth (the concatenation trick of Zhang et al. 2023, arXiv 2301.07463).
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from studio import models
from studio.recipes import studio_lite

PHOTOS, QUERIES, VIEWS = 240, 400, 6
KINDS = ("", "hard_", "clips_")
Intervals = npt.NDArray[np.float64]


VIDEOS = {
    "0lh_UWF9ZP4_62_69.avi": "a woman mixes cooked rice in a glass bowl",
    "778mkceE0UQ_40_46.avi": "a red car drives on a road, then cars race in dust",
    "TZ860P4iTaM_15_28.avi": "a cat plays the piano",
    "qvg9eM4Hmzk_4_10.avi": "a man lifts the back of a blue truck",
    "3qqEKTPxLNs_1_15.avi": "a baby on a blue sofa plays with a toy",
    "birthday.mp4": "a man with a party hat celebrates before a laptop and a cake",
    "skateboarding_dog.mp4": "a dog rides a skateboard",
    "dog_barking.mp4": "a man in a red shirt at a sliding door",
    "yoga.mp4": "a woman does yoga on a terrace",
    "cooking.mp4": "a woman cooks outdoors",
    "arm_wrestling.mp4": "two people arm-wrestle",
    "basketball.mp4": "children play basketball in a gym",
    "car-detection.mp4": "cars pass on a road seen from above",
    "bottle-detection.mp4": "bottles on a table, a hand takes them",
    "big_buck_bunny_0_30.webm": "animation of a rabbit in a meadow",
    "screen_recording.mp4": "a screen recording of a computer program",
}


@dataclass(frozen=True)
class Question:
    """A video's frame vectors (N, D) at i + 0.5 s, the text's (D,), and the true (start_s, end_s)."""

    vectors: npt.NDArray[np.float32]
    query: npt.NDArray[np.float32]
    truth: tuple[float, float]


class _Photos:
    """240 of the dev photos, others in each part."""

    def __init__(self, data: Path, part: int) -> None:
        names, pixels = zip(*studio_lite.photos(data, "dev"), strict=True)
        order = np.random.default_rng(0).permutation(len(names))[part * PHOTOS : (part + 1) * PHOTOS]
        self.pixels = [pixels[i] for i in order]
        rows = studio_lite.captions(data, "dev")
        texts = [[text for name, text in rows if name == names[i]] for i in order]
        self.model = models.load("text_video", device="cpu")
        self.texts = [self.model.encode_text(five) for five in texts]

    def views(self, photo: int, count: int, rng: np.random.Generator) -> npt.NDArray[np.uint8]:
        """`count` random crops of 67–100 % of a photo, each scaled back to 224 pixels."""
        import cv2

        out = []
        for _ in range(count):
            side = int(rng.integers(150, 225))
            y, x = rng.integers(0, 225 - side, 2)
            out.append(cv2.resize(self.pixels[photo][y : y + side, x : x + side], (224, 224)))
        return np.stack(out)


def plain(photos: Any, rng: np.random.Generator) -> list[Question]:
    """3–9 photos of 5–30 s each, cut hard."""
    bank = [photos.model.encode_frames(photos.views(i, VIEWS, rng)) for i in range(PHOTOS)]
    questions = []
    for _ in range(QUERIES):
        chosen = rng.choice(PHOTOS, int(rng.integers(3, 10)), replace=False)
        lengths = rng.integers(5, 31, len(chosen))
        track = np.concatenate([bank[p][rng.integers(0, VIEWS, n)] for p, n in zip(chosen, lengths, strict=True)])
        target = int(rng.integers(len(chosen)))
        ends = np.cumsum(lengths)
        query = photos.texts[chosen[target]][int(rng.integers(5))]
        questions.append(Question(track, query, (float(ends[target] - lengths[target]), float(ends[target]))))
    return questions


def hard(photos: Any, rng: np.random.Generator) -> list[Question]:
    """3–9 photos of 2–45 s each that dissolve into each other over 2–4 s; one sample in ten is noise or black.

    The truth changes in the middle of a dissolve, whose place has nothing to do with the sampling.
    """
    questions: list[Question] = []
    while len(questions) < QUERIES:
        chosen = rng.choice(PHOTOS, int(rng.integers(3, 10)), replace=False)
        ends = np.cumsum(np.exp(rng.uniform(np.log(2), np.log(45), len(chosen))))
        fades = rng.uniform(2, 4, len(chosen))
        times = np.arange(int(ends[-1])) + 0.5
        scene = np.minimum(np.searchsorted(ends, times, side="right"), len(chosen) - 1)
        # The share of the next scene (after the near end) or of the one before (after the near start).
        near = np.abs(times[:, None] - ends[:-1]).argmin(1)
        distance = np.abs(times - ends[near])
        share = np.clip(0.5 - distance / fades[near], 0, 0.5)
        other = np.where(scene == near, near + 1, near)
        bank = [photos.views(p, VIEWS, rng).astype(np.float32) for p in chosen]
        pictures = np.stack([
            (1 - w) * bank[a][rng.integers(VIEWS)] + w * bank[b][rng.integers(VIEWS)]
            for a, b, w in zip(scene, other, share, strict=True)
        ]).astype(np.uint8)  # fmt: skip
        broken = rng.random(len(times)) < 0.1
        pictures[broken] = rng.integers(0, 255, (int(broken.sum()), *pictures.shape[1:]))
        pictures[broken & (rng.random(len(times)) < 0.5)] = 0
        vectors = photos.model.encode_frames(pictures)
        for i in rng.permutation(len(chosen))[: QUERIES - len(questions)]:
            truth = (float(ends[i - 1]) if i else 0.0, float(min(ends[i], len(times))))
            questions.append(Question(vectors, photos.texts[chosen[i]][int(rng.integers(5))], truth))
    return questions


@cache
def questions(data: Path, kind: str, part: int = 0) -> list[Question]:
    """400 questions, the same for every engine; the engines' settings were chosen on those of `part` 1."""
    if kind == "clips_":
        return clips(data)
    make = hard if kind == "hard_" else plain
    return make(_Photos(data, part), np.random.default_rng(1))


def sampled(model: models.TextVideoEncoder, path: Path, rate: float) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """`rate` frames a second of a video, at the size that the encoder wants: uint8 (N, H, W, 3)."""
    import av

    frames, next_s = [], 0.0
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        width, height = model.frame_size(stream.width, stream.height)
        for frame in container.decode(stream):
            if (frame.time or 0.0) >= next_s:
                frames.append(np.asarray(frame.reformat(width, height, "rgb24").to_ndarray(), np.uint8))
                next_s = (frame.time or 0.0) + 0.999 / rate
    return np.stack(frames)


def clips(data: Path) -> list[Question]:
    """4–8 real clips one after another, a stretch of each, two samples a second; the caption of one is the query.

    300 questions on few clips: engines compare, but a point is noise.
    """
    model = models.load("text_video", device="cpu")
    names, rng = list(VIDEOS), np.random.default_rng(1)
    texts = model.encode_text(list(VIDEOS.values()))
    rows = [model.encode_frames(sampled(model, data / "videos" / name, 2.0)) for name in names]
    asked = []
    for _ in range(300):
        chosen = rng.choice(len(names), int(rng.integers(4, 9)), replace=False)
        parts = []
        for i in chosen:
            length = int(rng.integers(max(3, len(rows[i]) // 3), len(rows[i]) + 1))
            start = int(rng.integers(0, len(rows[i]) - length + 1))
            parts.append(rows[i][start : start + length])
        target = int(rng.integers(len(chosen)))
        begin = sum(map(len, parts[:target]))
        truth = float(begin), float(begin + len(parts[target]))
        asked.append(Question(np.concatenate(parts), texts[chosen[target]], truth))
    return asked


def shared(found: Intervals, truth: Intervals) -> npt.NDArray[np.float64]:
    """Intersection over union of intervals (N, 2), one by one."""
    inside = np.clip(np.minimum(found[:, 1], truth[:, 1]) - np.maximum(found[:, 0], truth[:, 0]), 0, None)
    union = np.ptp(found, axis=1) + np.ptp(truth, axis=1) - inside
    result: npt.NDArray[np.float64] = inside / union
    return result


def fixed_window(asked: list[Question]) -> tuple[float, float]:
    """The relative window that fits these very questions best: more than can be had without looking at anything."""
    truth = np.array([q.truth for q in asked])
    length = np.array([[len(q.vectors)] for q in asked], np.float64)
    grid = [(a, b) for a in np.arange(0, 1, 0.05) for b in np.arange(a + 0.05, 1.01, 0.05)]
    return max(grid, key=lambda window: float(shared(length * np.array([window]), truth).mean()))


def measure(data: Path, engine: str) -> dict[str, float]:
    """R1 at IoU .5 and .7 and mean IoU: photos with hard cuts, their hard version (`hard_`), real clips (`clips_`).

    Beside them the whole video, a random window, and the best fixed one in hindsight.
    """
    found: dict[str, float] = {}
    for kind in KINDS:
        asked = questions(data, kind)
        found |= scores(asked, engine, kind)
        rng = np.random.default_rng(2)
        length = np.array([[len(q.vectors)] for q in asked], np.float64)
        blind = {
            "whole_video": length * [[0.0, 1.0]],
            "fixed_window": length * [list(fixed_window(asked))],
            "random_window": length * np.sort(rng.random((len(asked), 2)), axis=1),
        }
        truth = np.array([q.truth for q in asked])
        for name, intervals in blind.items():
            overlap = shared(intervals, truth)
            found[f"{kind}{name}_R1@0.5"] = 100 * float(np.mean(overlap >= 0.5))
            found[f"{kind}{name}_mIoU"] = 100 * float(overlap.mean())
    return found


def scores(asked: list[Question], engine: str, kind: str) -> dict[str, float]:
    """What one engine reaches; for the merge tree also a glance at a random second of the truth, without the text."""
    model = models.load("grounding", engine)
    truth = np.array([q.truth for q in asked])
    times = [np.arange(len(q.vectors)) + 0.5 for q in asked]
    best = [
        model.propose(t, q.vectors @ q.query, 1, float(len(t)), features=q.vectors)[0][:2]
        for t, q in zip(times, asked, strict=True)
    ]
    overlap = shared(np.array(best), truth)
    found = {
        f"{kind}R1@0.5": 100 * float(np.mean(overlap >= 0.5)),
        f"{kind}R1@0.7": 100 * float(np.mean(overlap >= 0.7)),
        f"{kind}mIoU": 100 * float(overlap.mean()),
    }
    if kind == "hard_":
        found |= trust(model, asked, overlap >= 0.5, kind)
    if engine == "merge-tree":
        rng = np.random.default_rng(3)
        seen = [
            models.glance(t, None, q.vectors, float(rng.uniform(*q.truth)), float(len(t)))[:2]
            for t, q in zip(times, asked, strict=True)
        ]
        found[f"{kind}glance_mIoU"] = 100 * float(shared(np.array(seen), truth).mean())
    return found


def trust(model: Any, asked: list[Question], right: npt.NDArray[np.bool_], kind: str) -> dict[str, float]:
    """What `models.stability` is worth: how often its agreement is higher for a `right` answer (N,) than for a wrong
    one, and how often answers are right with an agreement from 0.5 on, and below."""
    sure = []
    for q in asked:
        times, curve, length = np.arange(len(q.vectors)) + 0.5, q.vectors @ q.query, float(len(q.vectors))
        moments = model.propose(times, curve, 1, length, features=q.vectors)
        sure.append(models.stability(model, moments, times, curve, length, q.vectors)[1])
    agreement = np.array(sure)
    low, pairs = agreement < 0.5, agreement[right][:, None] - agreement[~right]
    return {
        f"{kind}agreement_AUC": 100 * float(np.mean((pairs > 0) + 0.5 * (pairs == 0))),
        f"{kind}agreeing_R1@0.5": 100 * float(right[~low].mean()),
        f"{kind}disagreeing_R1@0.5": 100 * float(right[low].mean()) if low.any() else 0.0,
        f"{kind}disagreeing_share": 100 * float(low.mean()),
    }
