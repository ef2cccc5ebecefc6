"""A simulated annotator in a library of 200 videos: moments found per minute, by watching, by search, by teaching.

The videos are reels of the photos of Flickr8k's dev set, as in studio.recipes.teaching: the encoder never learned from
them. Captions say what each shows. It needs shared/data/flickr8k beside the project.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from studio import models
from studio.models.detection import NEGATIVE, POSITIVE, UNKNOWN, LabelledVideo, Weights, learn
from studio.models.detection.learning import found_in
from studio.recipes.teaching import DEV, Reel, photos, reels
from tests.bench.hands import KEY, MIND
from tests.conftest import SHARED

CONCEPTS = "a dog running", "climbing", "a crowd", "a ball"
VIDEOS, SCENES = 200, 5
AT_MINUTES = (2, 5)
LOOK = 1.0  # s: how long a playing thumbnail is looked at
EACH = MIND + KEY + LOOK  # s for a decision
EDGE = MIND + KEY  # s for an end that is put right
BY_HAND = 3 * (MIND + KEY)  # s: start, end and label
ROUND = 25  # decisions after which the label is learned again
RIGHT, ENOUGH = 0.3, 0.9  # IoU from which a proposal is about a moment, and from which its ends stay

Found = list[tuple[float, int]]  # at which second how many were found


@dataclass
class Library:
    """The videos with the truth of a concept, and with what was said of it so far."""

    truth: list[LabelledVideo]
    seen: list[LabelledVideo]
    found: set[tuple[int, int]]

    @classmethod
    def of(cls, some: Sequence[Reel], said: npt.NDArray[np.int64]) -> "Library":
        truth = [reel.of(f"v{k:03}", said, True) for k, reel in enumerate(some)]
        seen = [replace(v, known=np.full(len(v.known), UNKNOWN, np.int8), truth=v.truth[:0]) for v in truth]
        return cls(truth, seen, set())

    def judge(self, k: int, span: npt.NDArray[np.float64]) -> float:
        """A person looks at a proposal in video k and takes it, its ends put right, or not; returns the s it takes."""
        video, inside = self.seen[k], slice(int(span[0]), int(np.ceil(span[1])))
        known = video.known.copy()
        shares = [share(span, moment) for moment in self.truth[k].truth]
        best = int(np.argmax(shares)) if shares else -1
        if best < 0 or shares[best] < RIGHT:
            known[inside] = np.where(known[inside] == UNKNOWN, NEGATIVE, known[inside])
            self.seen[k] = replace(video, known=known)
            return EACH
        moment = self.truth[k].truth[best]
        if (k, best) not in self.found:
            self.found.add((k, best))
            known[int(moment[0]) : int(moment[1])] = POSITIVE
            self.seen[k] = replace(video, known=known, truth=np.vstack([video.truth, moment[None]]))
        off = 0 if shares[best] >= ENOUGH else int((np.abs(span - moment) > 0.25).sum())
        return EACH + EDGE * off

    def proposals(self, weights: Weights) -> Iterator[tuple[int, npt.NDArray[np.float64]]]:
        """What a detector finds that nobody decided about, the likeliest first."""
        offered = [
            (score, k, span)
            for k, video in enumerate(self.seen)
            for span, score in zip(*found_in(weights, video), strict=True)
            if (video.known[int(span[0]) : int(np.ceil(span[1]))] == UNKNOWN).mean() > 0.5
        ]
        yield from ((k, span) for _, k, span in sorted(offered, key=lambda each: -each[0]))


def share(one: npt.NDArray[np.float64], other: npt.NDArray[np.float64]) -> float:
    """IoU."""
    inside = max(0.0, min(one[1], other[1]) - max(one[0], other[0]))
    return float(inside / (max(one[1], other[1]) - min(one[0], other[0])))


def watching(library: Library) -> Found:
    """From the first video to the last, each marked by hand."""
    at, found = 0.0, [(0.0, 0)]
    for video in library.truth:
        before = 0.0
        for _, end in video.truth:
            at += end - before + BY_HAND
            before = end
            found.append((at, len(found)))
        at += float(video.edges[-1]) - before
    return found


def searching(library: Library, text: npt.NDArray[np.float32], seconds: float) -> Found:
    """Down the list of what the words find."""
    at, found = 0.0, [(0.0, 0)]
    for k, span in library.proposals(learn(text, library.seen).weights):  # of nothing, the words alone
        at += library.judge(k, span)
        found.append((at, len(library.found)))
        if at > seconds:
            break
    return found


def teaching(library: Library, text: npt.NDArray[np.float32], seconds: float) -> Found:
    """Down the list of what was learned, which is learned again while one works on."""
    at, found, number = 0.0, [(0.0, 0)], 0
    while at < seconds:
        weights = learn(text, library.seen).weights
        offered = [each for each, _ in zip(library.proposals(weights), range(ROUND), strict=False)]
        for k, span in offered:
            at += library.judge(k, span)
            found.append((at, len(library.found)))
        if not offered:
            break
        number += 1
    return found


def per_minute(found: Found, minutes: float) -> float:
    return max(count for at, count in found if at <= 60 * minutes) / minutes


def run(folder: Path) -> dict[str, object]:
    """Moments of four concepts in 200 reels of five photos each (2.5 hours): found per minute in the first minutes. A
    decision takes 2.98 s (keystroke-level model, and a second to look), an end that is put right 1.63 s more; who
    watches does so at normal speed."""
    if not (SHARED / "flickr8k").exists():
        return {}
    known = photos(SHARED, folder, "dev", DEV)
    some = reels(known, 5, SCENES)[:VIDEOS]
    model = models.load("text_video", device="cpu")
    rates: dict[str, dict[float, list[float]]] = {}
    for concept in CONCEPTS:
        text, said = model.encode_text([concept])[0], known.said[concept]
        longest = 60.0 * max(AT_MINUTES)
        ways = {
            "watching": watching(Library.of(some, said)),
            "search": searching(Library.of(some, said), text, longest),
            "teaching": teaching(Library.of(some, said), text, longest),
        }
        for way, found in ways.items():
            for minutes in AT_MINUTES:
                rates.setdefault(way, {}).setdefault(minutes, []).append(per_minute(found, minutes))
        print(concept, {way: {m: round(v[-1], 2) for m, v in each.items()} for way, each in rates.items()}, flush=True)
    values: dict[str, object] = {}
    for minutes in AT_MINUTES:
        means = {way: float(np.mean(each[minutes])) for way, each in rates.items()}
        values |= {f"first {minutes} minutes, {way} (moments a minute)": round(mean, 2) for way, mean in means.items()}
        values |= {
            f"first {minutes} minutes, teaching : {way}": round(means["teaching"] / means[way], 2)
            for way in ("watching", "search")
        }
    return values
