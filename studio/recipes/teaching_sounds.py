"""Learning curves of labels that are heard: `python -m studio.recipes.teaching_sounds --sounds DIR`.

DIR is the folder `audio` of the game 0 A.D., as in `public.zip` of Debian's package 0ad-data: real sounds and voices,
sorted by what makes them. Each is heard once, with others in random order, pauses between them, at a random loudness
and in noise. By cross-validation over these recordings: of the others so many moments of a label are known, and nothing
else (see `learning_curve`).
"""

import argparse
import tempfile
import wave
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from studio import media
from studio.models.detection import NEGATIVE, POSITIVE, LabelledVideo, learning_curve, sounds
from studio.recipes.teaching import COUNTS, show

RATE, LONGEST_S, PER = 16_000, 8.0, 25  # samples a second; of a sound; sounds of a recording
QUIET = 0.03  # of its loudest sample, below which a sound has not begun
LABELS = {
    "an animal": ("actor/fauna/animal", "actor/fauna/death"),
    "a cry": ("actor/human/death",),
    "steps": ("actor/singlesteps", "actor/human/movement", "actor/human/movement/Footsteps", "actor/mounted/movement"),
    "fire": ("attack/fire",),
    "an impact": ("attack/impact",),
    "a weapon": ("attack/weapon",),
    "music": ("music",),
    "speech": ("voice/greek/civ", "voice/latin/civ", "voice/persian/civ", "voice/napatan/civ", "voice/global"),
    "mining": ("resource/mining",),
    "water": ("ambient/water", "ambient/weather", "actor/ship"),
    "building": ("resource/construction", "interface/select/building"),
    "gathering": ("resource/gathering", "resource/foraging"),
}
Sound = tuple[str, np.ndarray]  # its label, and float32 (S,)
Heard = tuple[str, float, float]  # a label, from when to when, in s


def each_sound(folder: Path) -> Iterator[Sound]:
    """The sounds of all labels, without what is silent around them."""
    for label, places in LABELS.items():
        for path in (path for place in places for path in sorted((folder / place).glob("*.ogg"))):
            blocks = list(media.audio_stream(path, RATE, end_us=round(LONGEST_S * 1e6)))
            heard = np.concatenate(blocks) if blocks else np.zeros(0, np.float32)
            loud = np.flatnonzero(np.abs(heard) > QUIET * np.abs(heard).max(initial=0))
            if len(loud) and loud[-1] - loud[0] > RATE // 5:
                heard = heard[loud[0] : loud[-1] + 1]
                yield label, heard / np.abs(heard).max()


def recording(some: Sequence[Sound], rng: np.random.Generator) -> tuple[np.ndarray, list[Heard]]:
    """Sounds one after the other, in noise."""
    parts, heard, at = list[np.ndarray](), list[Heard](), 0
    for label, samples in some:
        pause = np.zeros(round(rng.uniform(0.3, 2.0) * RATE), np.float32)
        at += len(pause)
        heard.append((label, at / RATE, (at + len(samples)) / RATE))
        parts += [pause, samples * 0.5 * 10 ** rng.uniform(-0.7, 0)]
        at += len(samples)
    whole: np.ndarray = np.concatenate(parts)
    noise = np.convolve(rng.standard_normal(len(whole)), np.ones(8) / 8, "same")
    return (whole + noise * 10 ** rng.uniform(-3, -1.7)).astype(np.float32), heard


def statistics(samples: np.ndarray, folder: Path) -> np.ndarray:
    """As the product reads them of a file."""
    path = folder / "recording.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes((np.clip(samples, -1, 1) * 32_767).astype("<i2").tobytes())
    return sounds.with_surroundings(sounds.statistics(media.spectrogram(path, sounds.LEVELS_PER_S, sounds.BANDS)))


def labelled(name: str, rows: np.ndarray, heard: Sequence[Heard], label: str) -> LabelledVideo:
    """A recording of which everything is known."""
    edges = np.arange(len(rows) + 1, dtype=np.float64) * sounds.STEP_S
    middles, known = (edges[1:] + edges[:-1]) / 2, np.full(len(rows), NEGATIVE, np.int8)
    truth = [(start, min(end, edges[-1])) for what, start, end in heard if what == label]
    for start, end in truth:
        inside = (middles >= start) & (middles < end)
        inside[min(len(rows) - 1, int((start + end) / 2 / sounds.STEP_S))] = True
        known[inside] = POSITIVE
    return LabelledVideo(name, rows, edges, known, np.array(truth, np.float64).reshape(-1, 2))


def curves(folder: Path, seed: int = 0) -> dict[str, dict[int, dict[str, dict[str, float]]]]:
    """AP in per cent: way → number of known moments → IoU → label."""
    rng = np.random.default_rng(seed)
    every: list[Sound] = list(each_sound(folder))
    order = [every[int(k)] for k in rng.permutation(len(every))]
    made = [recording(order[k : k + PER], rng) for k in range(0, len(order), PER)]
    with tempfile.TemporaryDirectory() as scratch:
        rows = [statistics(samples, Path(scratch)) for samples, _ in made]
    spread = sounds.spread_of(rows)
    words = np.zeros(2 * sounds.WIDTH, np.float32)
    found: dict[int, dict[str, dict[str, float]]] = {}
    for label in LABELS:
        videos = [
            labelled(f"r{k:02}", each / spread, heard, label)
            for k, (each, (_, heard)) in enumerate(zip(rows, made, strict=True))
        ]
        curve = learning_curve(words, videos, [count for count in COUNTS if count], with_head=False)
        for count, by_iou in curve.precision.items():
            for at, precision in by_iou.items():
                found.setdefault(count, {}).setdefault(str(at), {})[label] = round(100 * precision, 1)
        print(label, {count: by[0.5] for count, by in curve.precision.items()}, flush=True)
    return {"studio": found}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sounds", type=Path, required=True)
    parser.add_argument("--write", action="store_true", help="into docs/models.md")
    args = parser.parse_args()
    found: dict[str, Any] = curves(args.sounds)
    show("sounds", found, args.write)


if __name__ == "__main__":
    main()
