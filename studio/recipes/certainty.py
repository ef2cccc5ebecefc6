"""Calibrate an encoder: `python -m studio.recipes.certainty --data DIR [--encoder NAME] [--write]`.

How cosines become probabilities (`studio.models.Calibration`), fitted on one half of Flickr8k's dev photos and measured
on the other, which share no photo. A library is some photos, a question a caption of one of them or of none. A photo is
right where one of its own captions says nearly the same (a cosine of MiniLM's sentence vectors of ALIKE); a question
has no answer in a library where no caption is nearer than UNLIKE; what lies between is neither, and left out. For
moments of one video, photos become scenes (`made_up`), of which none, one or several are what is asked.
"""

import argparse
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from studio import media, models
from studio.models.grounding.curve import iou
from studio.models.registry import WEIGHTS
from studio.recipes import grounding_head, studio_lite, synthetic_videos
from studio.tasks.certainty import FOUND, SHOWN, pictures_of

ALIKE, UNLIKE = 0.55, 0.35
LIBRARIES, FEWEST, MOST = 4000, 8, 100
ROUNDS = 12  # of fitting
BEST = 60  # pictures of a library that are looked at, as a search does
REELS, VIEWS = 600, 2
ASKED = {
    "woman doing yoga": "yoga.mp4",
    "a computer screen": "screen_recording.mp4",
    "people arm wrestling": "arm_wrestling.mp4",
    "kids playing basketball": "basketball.mp4",
    "a dog on a skateboard": "skateboarding_dog.mp4",
    "a cat at the piano": "TZ860P4iTaM_15_28.avi",
    "cooking outdoors": "cooking.mp4",
    "birthday cake": "birthday.mp4",
    "bottles on a table": "bottle-detection.mp4",
    "cars on a road": "car-detection.mp4",
    "a cartoon rabbit": "big_buck_bunny_0_30.webm",
    "a baby on a sofa": "3qqEKTPxLNs_1_15.avi",
    "mixing food in a bowl": "0lh_UWF9ZP4_62_69.avi",
    "a man lifting a truck": "qvg9eM4Hmzk_4_10.avi",
    "race cars": "778mkceE0UQ_40_46.avi",
    "a man at a glass door": "dog_barking.mp4",
}
"""Everyday questions about the sixteen clips, and the one that answers each."""
ABSENT = (
    "a submarine under water", "an elephant in the savannah", "a surgeon in an operating room", "fireworks at night",
    "people skiing down a mountain", "a rocket launch", "a man plays the violin", "a waterfall in the jungle",
    "a bride and a groom", "a train at a station", "penguins on ice", "a boxing match in a ring",
    "an aeroplane lands on a runway", "a horse jumps over a fence", "people dance in a night club",
    "a snowman in the garden", "a fishing boat on the sea", "a lecture in a classroom", "a man shaves his beard",
    "a crowd in a football stadium", "a lion eats its prey", "a person paints a picture", "a bridge over a river",
    "children swim in a pool", "a volcano erupts", "a doctor with a patient", "a camel in the desert",
    "a choir sings in a church", "a police officer stops a car at night", "a woman reads a newspaper in a café",
    "the square root of minus one", "justice and liberty", "quarterly tax declaration", "asdf qwer zxcv",
    "the smell of coffee", "last Tuesday", "a philosophical argument", "interest rates rise", "blue ideas sleep",
    "version two of the contract",
)  # fmt: skip
"""Questions that none of the clips answers: things that are not there, and words that no picture shows."""
Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Half:
    """Photos as unit vectors (P, VIEWS, D), their captions (C, D), whose they are (C,), how alike each caption is to
    the nearest one of each photo (C, P)."""

    views: Floats
    texts: Floats
    owner: npt.NDArray[np.int64]
    alike: Floats


def halves(model: Any, data: Path) -> tuple[Half, Half]:
    """The dev photos, every other one."""
    names, pixels = zip(*studio_lite.photos(data, "dev"), strict=True)
    rng = np.random.default_rng(0)
    views = np.stack([model.encode_frames(grounding_head.crops(photo, rng, VIEWS)) for photo in pixels])
    rows = studio_lite.captions(data, "dev")
    place = {name: i for i, name in enumerate(names)}
    owner = np.array([place[name] for name, _ in rows])
    texts = model.encode_text([text for _, text in rows])
    sentences = studio_lite.frozen()[1].vectors([text for _, text in rows]).numpy()
    found = []
    for parity in (0, 1):
        photos = np.arange(parity, len(names), 2)
        mine = np.flatnonzero(np.isin(owner, photos))
        own = np.searchsorted(photos, owner[mine])
        near = sentences[mine] @ sentences[mine].T
        alike = np.stack([near[:, own == photo].max(1) for photo in range(len(photos))], axis=1)
        found.append(Half(views[photos], texts[mine], own, alike))
    return found[0], found[1]


# ------------------------------------------------------------------ searching a library


@dataclass(frozen=True)
class Questions:
    """Of Q questions the cosines of the best pictures, the highest first (each up to BEST); of how many pictures there
    are (Q,); whether the best one is right (Q,), and whether the library has an answer (Q,)."""

    best: list[Doubles]
    count: npt.NDArray[np.int64]
    right: Bools
    has: Bools

    def certain(self, sure: models.Calibration) -> Doubles:
        """How likely each best picture is right (Q,), as a search says it."""
        return np.array([
            float(sure.probability(best[0], count, sure.answers(best, count)))
            for best, count in zip(self.best, self.count.tolist(), strict=True)
        ])  # fmt: skip


def questions(half: Half, rng: np.random.Generator, fewest: int = FEWEST, most: int = MOST) -> Questions:
    """Of LIBRARIES libraries of `fewest` to `most` photos one each."""
    best: list[Doubles] = []
    counts, right, has = [], [], []
    while len(best) < LIBRARIES:
        count = round(float(np.exp(rng.uniform(np.log(fewest), np.log(most)))))
        library = rng.choice(len(half.views), count, replace=False)
        text = int(rng.integers(len(half.texts)))
        if answered := rng.random() < 0.5:
            library[0] = half.owner[text]
        else:
            far = np.flatnonzero(half.alike[text] < UNLIKE)
            if len(far) < fewest:
                continue
            library = rng.choice(far, min(count, len(far)), replace=False)
        cosines = half.views[library, 0] @ half.texts[text]
        likeness = half.alike[text, library[cosines.argmax()]]
        if UNLIKE <= likeness < ALIKE:
            continue
        best.append(np.sort(cosines.astype(np.float64))[::-1][:BEST])
        counts.append(len(library))
        right.append(likeness >= ALIKE)
        has.append(answered)
    return Questions(best, np.array(counts), np.array(right), np.array(has))


# ------------------------------------------------------------------ moments of one video


def made_up(half: Half, rng: np.random.Generator) -> tuple[Floats, Floats, Doubles]:
    """Frame vectors (N, D), one a second, of 3–8 other scenes with one scene none to three times among them, a question
    about that, and where it is (K, 2) in s. Six of ten videos have dissolves, scenes of 3–40 s and broken frames."""
    hard = rng.random() < 0.6
    *others, asked = rng.choice(len(half.views), int(rng.integers(4, 10)), replace=False)
    scenes = list(others)
    for _ in range(int(rng.choice([0, 1, 1, 1, 2, 3]))):
        scenes.insert(int(rng.integers(0, len(scenes) + 1)), asked)
    low, high = (3, 40) if hard else (5, 30)
    ends = np.cumsum(np.exp(rng.uniform(np.log(low), np.log(high), len(scenes))))
    count = int(ends[-1])
    times = np.arange(count) + 0.5
    scene = np.minimum(np.searchsorted(ends, times, side="right"), len(scenes) - 1)
    drawn = np.array(scenes)
    rows = half.views[drawn[scene], rng.integers(0, VIEWS, count)]
    if hard:
        near = np.abs(times[:, None] - ends[:-1]).argmin(1)
        share = np.clip(0.5 - np.abs(times - ends[near]) / rng.uniform(2, 4, len(scenes))[near], 0, 0.5)[:, None]
        other = np.where(scene == near, near + 1, near)
        rows = (1 - share) * rows + share * half.views[drawn[other], rng.integers(0, VIEWS, count)]
        broken = rng.random(count) < 0.1
        rows[broken] = rng.normal(size=(int(broken.sum()), rows.shape[1]))
    rows = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    truth: list[list[float]] = []
    for i in np.flatnonzero(drawn == asked):
        start, end = float(ends[i - 1]) if i else 0.0, float(min(ends[i], count))
        if truth and truth[-1][1] == start:  # twice in a row is once
            truth[-1][1] = end
        else:
            truth.append([start, end])
    text = half.texts[rng.choice(np.flatnonzero(half.owner == asked))]
    return rows.astype(np.float32), text, np.array(truth, np.float64).reshape(-1, 2)


@dataclass(frozen=True)
class Moments:
    """Of M proposed moments: what the median cosine inside is above neutral ones and how far that is below the best of
    its video (M, 2), whether it is right (M,), its video (M,); of R videos how many true moments there are (R,); of
    right ones how far start and end are off in s (M', 2)."""

    seen: Doubles
    right: Bools
    video: npt.NDArray[np.int64]
    truths: npt.NDArray[np.int64]
    off: Doubles


def moments(half: Half, sure: models.Calibration, rng: np.random.Generator, engine: str | None = None) -> Moments:
    """What a grounding engine proposes for REELS made-up videos. Right is an IoU of .5 with a true moment that no
    better one has taken."""
    model = models.load("grounding", engine, device="cpu")
    seen, right, video, truths, off = [], [], [], [], []
    for reel in range(REELS):
        rows, text, truth = made_up(half, rng)
        times, cosines = np.arange(len(rows)) + 0.5, rows @ text
        found = model.propose(times, cosines, 5, float(len(rows)), features=rows)
        inside = [float(np.median(sure.above(cosines)[_within(times, start, end)])) for start, end, _ in found]
        taken: set[int] = set()
        for (start, end, _), above in zip(found, inside, strict=True):
            overlap = iou((start, end, 0.0), truth) if len(truth) else np.zeros(1)
            best = int(overlap.argmax())
            good = bool(overlap[best] >= 0.5) and best not in taken
            if good:
                taken.add(best)
                off.append((start - truth[best, 0], end - truth[best, 1]))
            seen.append((above, max(inside) - above))
            right.append(good)
            video.append(reel)
        truths.append(len(truth))
    return Moments(*(np.array(each) for each in (seen, right, video, truths, off)))


def _within(times: npt.NDArray[Any], start: float, end: float) -> slice:
    first = min(int(np.searchsorted(times, start)), len(times) - 1)
    return slice(first, max(first + 1, int(np.searchsorted(times, end))))


# ------------------------------------------------------------------ fitting and measuring


def logistic(inputs: Doubles, wanted: Bools) -> Doubles:
    """Weights of the inputs (N, F) and an offset, by Newton's method, held to 0 a little: (F + 1,)."""
    x = np.column_stack([inputs, np.ones(len(inputs))])
    weights = np.zeros(x.shape[1])
    for _ in range(30):
        p = 1 / (1 + np.exp(-np.clip(x @ weights, -30, 30)))
        slope = x.T @ (p - wanted) + 1e-3 * weights
        curvature = (x * (p * (1 - p))[:, None]).T @ x + 1e-3 * np.eye(len(weights))
        weights = weights - np.linalg.solve(curvature, slope)
    return weights


def expected_error(p: Doubles, right: Bools) -> tuple[float, list[tuple[float, float, int]]]:
    """The expected calibration error of ten equal bins (Naeini et al. 2015), and of each that is not empty the mean
    probability, the share that was right, and how many there are."""
    bins = np.clip((p * 10).astype(int), 0, 9)
    diagram = [(float(p[bins == b].mean()), float(right[bins == b].mean()), int((bins == b).sum()))
               for b in range(10) if (bins == b).any()]  # fmt: skip
    return sum(abs(said - was) * count for said, was, count in diagram) / len(p), diagram


def fit(model: Any, half: Half) -> models.Calibration:
    """The calibration of an encoder, from one half of the photos."""
    neutral = model.encode_text(list(models.QUERY_BANK)) @ half.views[:, 0].T
    sure = models.Calibration(mean=float(neutral.mean()), spread=float(neutral.std()))
    asked = questions(half, np.random.default_rng(1))
    highest = sure.above([best[0] for best in asked.best])
    answers = np.ones(len(highest))
    for _ in range(ROUNDS):  # how many answers there are is estimated by the curve that is fitted
        alone = np.log(np.maximum(1, asked.count / answers))
        slope, crowd, offset = logistic(np.column_stack([highest, alone]), asked.right)
        sure = replace(sure, slope=slope, offset=offset, crowd=-crowd)
        answers = np.array([sure.answers(best, count) for best, count in zip(asked.best, asked.count, strict=True)])
    of_video = moments(half, sure, np.random.default_rng(2))
    moment_slope, gap, moment_offset = logistic(of_video.seen, of_video.right)
    return replace(sure, moment_slope=moment_slope, moment_gap=-gap, moment_offset=moment_offset)


def measured(half: Half, sure: models.Calibration) -> dict[str, float]:
    """What a calibration is worth on photos that it was not fitted on; shares in %, errors in points and seconds."""
    found: dict[str, float] = {}
    for prefix, fewest, most in (("", FEWEST, MOST), ("large_", len(half.views) // 2, len(half.views))):
        asked = questions(half, np.random.default_rng(3), fewest, most)
        p = asked.certain(sure)
        error, diagram = expected_error(p, asked.right)
        print("said, was right, how many:", [(round(a, 2), round(b, 2), n) for a, b, n in diagram])
        found |= {
            f"{prefix}search_ECE": 100 * error,
            f"{prefix}absent_said_so": 100 * float((p[~asked.has] < FOUND).mean()),
            f"{prefix}wrong_alarms": 100 * float((p[asked.has] < FOUND).mean()),
        }
    of_video = moments(half, sure, np.random.default_rng(4))
    p = _probability(
        sure.moment_slope * of_video.seen[:, 0] - sure.moment_gap * of_video.seen[:, 1] + sure.moment_offset
    )
    error, diagram = expected_error(p, of_video.right)
    print("of moments:", [(round(a, 2), round(b, 2), n) for a, b, n in diagram])
    best = np.array([p[of_video.video == reel].max() for reel in range(REELS)])
    first = np.array([of_video.right[np.flatnonzero(of_video.video == reel)[0]] for reel in range(REELS)])
    shown = (p >= SHOWN) | np.isin(np.arange(len(p)), [np.flatnonzero(of_video.video == r)[0] for r in range(REELS)])
    there = of_video.truths > 0
    return found | {
        "moment_ECE": 100 * error,
        "moments_R1@0.5": 100 * float(first[there].mean()),
        "moments_proposed": len(p) / REELS,
        "moments_shown": float(shown.sum()) / REELS,
        "precision_of_proposed": 100 * float(of_video.right.mean()),
        "precision_of_shown": 100 * float(of_video.right[shown].mean()),
        "recall_of_proposed": 100 * float(of_video.right.sum() / of_video.truths.sum()),
        "recall_of_shown": 100 * float(of_video.right[shown].sum() / of_video.truths.sum()),
        "moments_absent_said_so": 100 * float((best[~there] < FOUND).mean()),
        "moments_wrong_alarms": 100 * float((best[there] < FOUND).mean()),
        "start_off_s": float(np.median(of_video.off[:, 0])),
        "end_off_s": float(np.median(of_video.off[:, 1])),
    }


def _probability(logit: Doubles) -> Doubles:
    return np.asarray(1 / (1 + np.exp(-np.clip(logit, -30, 30))))


def on_clips(model: Any, data: Path, sure: models.Calibration) -> dict[str, float]:
    """The sixteen real clips, two frames a second: how often an everyday question is answered by its clip first, how
    often what is not there is called so, and how often a question with an answer is called unanswered; in %."""
    names = list(synthetic_videos.VIDEOS)
    pictures = pictures_of(media.probe(data / "videos" / name).duration_us for name in names)
    rows = [model.encode_frames(synthetic_videos.sampled(model, data / "videos" / name, 2.0)) for name in names]

    def cosines_of(texts: Sequence[str]) -> Doubles:
        return np.stack([(model.encode_text(list(texts)) @ each.T).max(1) for each in rows], axis=1)

    texts = [*ASKED, *synthetic_videos.VIDEOS.values()]
    asked, absent = cosines_of(texts), cosines_of(ABSENT)
    right = np.array([names.index(name) for name in [*ASKED.values(), *names]])
    there, nothing = (
        np.array([
            model.known(text) * float(sure.probability(best.max(), pictures, sure.answers(best, pictures)))
            for best, text in zip(cosines, said, strict=True)
        ])
        for cosines, said in ((asked, texts), (absent, ABSENT))
    )  # fmt: skip
    for text, top in zip(ABSENT, nothing, strict=True):
        if top >= FOUND:
            print(f"  “{text}” would be called found: {top:.2f}")
    return {
        "clips_R@1": 100 * float((asked.argmax(1) == right).mean()),
        "everyday_R@1": 100 * float((asked.argmax(1) == right)[: len(ASKED)].mean()),
        "clips_absent_said_so": 100 * float((nothing < FOUND).mean()),
        "clips_wrong_alarms": 100 * float((there < FOUND).mean()),
    }


def measure(data: Path) -> dict[str, float]:
    """The embedded encoder, by the calibration on its card: the half of the dev photos that it was not fitted on."""
    model: Any = models.load("text_video", device="cpu")
    return measured(halves(model, data)[1], model.calibration) | on_clips(model, data, model.calibration)


def write(name: str, sure: models.Calibration) -> None:
    """Put the numbers into the card's table."""
    path = WEIGHTS / f"{name}.md"
    text = path.read_text(encoding="utf-8")
    table = "[calibration]\n" + "".join(f"{key} = {round(float(value), 5)}\n" for key, value in asdict(sure).items())
    text = re.sub(r"\[calibration\]\n.*?(?=^\[|^\+\+\+)", "", text, flags=re.DOTALL | re.MULTILINE)
    path.write_text(text.replace("[metrics]", f"{table}\n[metrics]", 1), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--encoder", help="default: the embedded one")
    parser.add_argument("--write", action="store_true", help="keep it on the encoder's card")
    options = parser.parse_args()
    model = models.load("text_video", options.encoder, device="cpu")
    one, other = halves(model, options.data)
    sure = fit(model, one)
    print(sure)
    print(
        {key: round(value, 2) for key, value in (measured(other, sure) | on_clips(model, options.data, sure)).items()}
    )
    if options.write:
        write(model.name, sure)


if __name__ == "__main__":
    main()
