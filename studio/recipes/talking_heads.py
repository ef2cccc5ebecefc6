"""Talking heads for training and measuring active speakers: face tracks at 25 fps, sound at 16 kHz, and who is who.

Truth is constructed by whoever uses them: a scene of two heads with one's sound (the other is silent), a muted scene, a
voice that belongs to neither. The heads never saw each other, so nothing else gives the speaker away.
"""

from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np

from studio import models

FPS, RATE = 25, 16_000
Numbers = dict[str, float]
MARGIN = 16  # pixels around the crop that the models read, for augmentation by moving it
# Who is kept for the test: three of the four heads, a GRID speaker, and two of the six people of the lip-reading clips,
# by how the names of their files begin (a look at the faces says who is in the files named by a sentence).
_HEADS = ("1", "2", "3")
_GRID = ("sbwe5n",)
_ELISHA = ("lipread_words__elisha",)
_SMOLINSKI = ("lipread_words__smolinski", *(
    f"lipread_missing__{said}"
    for said in ("what_fish", "how_would_you_like_your", "what_would_you_like_for_d", "what_would_you_like_for_y")
))  # fmt: skip
HELD_OUT = (*_HEADS, *_GRID, *_ELISHA, *_SMOLINSKI)


@dataclass(frozen=True)
class Head:
    """One person: wide uint8 (T, 144, 144), their crops with a margin, and audio float32 (S,), from the same moment."""

    name: str
    wide: np.ndarray
    audio: np.ndarray

    @property
    def crops(self) -> np.ndarray:
        """uint8 (T, 112, 112), exactly what `models.crop_speaker` cuts."""
        return self.wide[:, MARGIN:-MARGIN, MARGIN:-MARGIN]


def sound(path: Path) -> np.ndarray:
    """Mono float32 at 16 kHz, starting with the first video frame where there is one."""
    resampler = av.AudioResampler("flt", "mono", RATE)
    parts, start = [], 0.0
    with av.open(str(path)) as container:
        video = container.streams.video[0].start_time if container.streams.video else None
        for number, frame in enumerate(container.decode(audio=0)):
            if number == 0 and video is not None and frame.pts is not None and frame.time_base is not None:
                base = container.streams.video[0].time_base
                start = float(frame.pts * frame.time_base) - float(video * (base or 0))
            parts += [part.to_ndarray()[0] for part in resampler.resample(frame)]
        parts += [part.to_ndarray()[0] for part in resampler.resample(None)]
    audio = np.concatenate(parts).astype(np.float32)
    shift = round(start * RATE)
    return np.pad(audio, (shift, 0)) if shift > 0 else audio[-shift:]


def head(path: Path, seconds: float = float("inf")) -> Head:
    """Decode, detect, track, steady, crop: the way the product does it; of the pictures only the first `seconds`."""
    detector = models.load("face_detector", device="cpu")
    frames: list[np.ndarray] = []
    times: list[float] = []
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        width, height = detector.frame_size(stream.width, stream.height, longest=360)
        for frame in container.decode(stream):
            if times and float(frame.time or 0) - times[0] > seconds:
                break
            frame = frame.reformat(width, height)
            frames.append(np.asarray(frame.to_ndarray(format="rgb24"), np.uint8))
            times.append(float(frame.time or 0))
    times_s = np.array(times) - times[0]
    count = int(times_s[-1] * FPS) + 1
    nearest = [int(np.abs(times_s - i / FPS).argmin()) for i in range(count)]
    detections = ((i / FPS, detector.detect(frames[j][None])[0]) for i, j in enumerate(nearest))
    longest = max(models.track_faces(detections), key=lambda track: len(track.times_s))
    boxes = models.steady(longest.at(np.arange(count) / FPS))
    low, high = 56 - MARGIN, 168 + MARGIN
    gray = np.array([0.299, 0.587, 0.114], np.float32)
    wide = [models.crop_faces(frames[j], boxes[i], size=224)[0, low:high, low:high] for i, j in enumerate(nearest)]
    return Head(path.stem, np.stack([(crop @ gray).round().astype(np.uint8) for crop in wide]), sound(path))


def heads(data: Path, cache: Path | None = None) -> list[Head]:
    """The heads of all clips below DATA/faces. They are kept in the folder `cache` and taken from
    there the next time."""
    found = []
    for path in sorted((data / "faces").rglob("*.m*")):
        kept = cache / f"{path.stem}.npz" if cache else None
        if kept and kept.exists():
            with np.load(kept) as arrays:
                found.append(Head(path.stem, arrays["wide"], arrays["audio"]))
            continue
        found.append(head(path))
        if kept:
            kept.parent.mkdir(parents=True, exist_ok=True)
            np.savez(kept, wide=found[-1].wide, audio=found[-1].audio)
    return found


def split(data: Path, cache: Path | None = None) -> tuple[list[Head], list[Head]]:
    """Heads to train on, ten people, and heads to test on, six others."""
    known = heads(data, cache)
    return [h for h in known if not h.name.startswith(HELD_OUT)], [h for h in known if h.name.startswith(HELD_OUT)]


def person(head: Head) -> str:
    """Who it is, as far as the names of files say: some that are named by a sentence may be of one person."""
    known = {**dict.fromkeys(_ELISHA, "elisha"), **dict.fromkeys(_SMOLINSKI, "smolinski")}
    known |= {f"lipread_words__{name}": name for name in ("garrett", "jen", "nicole")}
    known |= {"lipread_sentences__": "sentences", "lipread_missing__": "missing"}
    return next((name for start, name in known.items() if head.name.startswith(start)), head.name)


def precision(scores: np.ndarray, truth: np.ndarray) -> float:
    """Average precision 0…1 of scores (N,) for truth bool (N,): the mean precision at each true one."""
    hits = truth[np.argsort(-scores, kind="stable")]
    return float((np.cumsum(hits) / np.arange(1, len(hits) + 1))[hits].mean())


def measure(data: Path, name: str | None = None, folder: Path | None = None, cache: Path | None = None) -> Numbers:
    """Six people that no training saw, at most three clips of each, put into scenes of at most three seconds.

    “talking”: two faces, both mouths talk, one voice is heard, only being in step decides. “still”: the other face
    rests, a single picture with camera noise. frame_AP pools all frames, truth being the face whose voice it is while
    the voice detector hears one; pair_accuracy is how often that face scores higher on average. “muted”: how often a
    frame of a talking mouth without sound is called speaking, and the highest score of one; “foreign”: how often with
    the voice of each of three other people, while there is one; “shifted”: with the person's own a second early and a
    second late (what falls off one end is heard at the other). “alone_found”: how many frames of one speaking person
    are called so.
    """
    people: dict[str, list[Head]] = {}
    for head in split(data, cache)[1]:
        people.setdefault(person(head), []).append(head)
    chosen = [(who, Head(h.name, h.wide[:75], h.audio[:48_000])) for who, hs in people.items() for h in hs[:3]]
    model = models.load("active_speaker", name, "cpu", folder)
    out: Numbers = {}
    for scene in ("talking", "still"):
        scores, truth, right = [], [], []
        for (_, a), (_, b) in ((a, b) for a in chosen for b in chosen if a[0] != b[0]):
            length = min(len(a.crops), len(b.crops), len(a.audio) * FPS // RATE)
            audio = a.audio[: length * RATE // FPS]
            pair = model.score([a.crops[:length], b.crops[:length] if scene == "talking" else rested(b, length)], audio)
            voice = model.speech_probability(audio, length) > 0.5
            scores += pair
            truth += [voice, np.zeros(length, bool)]
            right.append(pair[0][voice].mean() > pair[1][voice].mean())
        hits = np.concatenate(truth)
        out[f"{scene}_frame_AP"] = 100 * precision(np.concatenate(scores), hits)
        out[f"{scene}_frame_AP_chance"] = 100 * float(hits.mean())
        out[f"{scene}_pair_accuracy"] = 100 * float(np.mean(right))
    silent = [model.score([one.crops], np.zeros(len(one.audio), np.float32))[0] for _, one in chosen]
    heard: dict[str, list[np.ndarray]] = {"muted_false_alarms": silent}
    for who, one in chosen:
        others = [theirs.audio for person, theirs in chosen if person != who][:: len(chosen) // 3][:3]
        kinds = [("alone_found", [one.audio]), ("foreign_false_alarms", others)]
        kinds.append(("shifted_false_alarms", [np.roll(one.audio, RATE), np.roll(one.audio, -RATE)]))
        for kind, sounds in kinds:
            for audio in sounds:
                voiced = model.speech_probability(audio, len(one.crops)) > 0.5
                heard.setdefault(kind, []).append(model.score([one.crops], audio)[0][voiced])
    out["muted_highest"] = 100 * float(np.concatenate(silent).max())
    return out | {kind: 100 * float(np.mean(np.concatenate(parts) > 0.5)) for kind, parts in heard.items()}


def rested(head: Head, length: int) -> np.ndarray:
    """The first crop for `length` frames, with the noise of a camera."""
    noise = np.random.default_rng(0).normal(0, 2, (length, *head.crops.shape[1:]))
    return np.asarray((head.crops[:1] + noise).clip(0, 255), np.uint8)
