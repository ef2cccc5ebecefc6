"""Videos of photos, each shown for some seconds while a camera moves over it, and what each shows by its captions."""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import cv2
import imageio_ffmpeg
import numpy as np
import numpy.typing as npt

from studio.recipes import studio_lite
from studio.recipes.teaching import captions_of
from studio.timeline import Segment
from tests.conftest import SHARED

LABELS = "snow", "a bicycle", "swimming"  # concepts of studio.recipes.teaching
SCENES, RATE, WIDTH, HEIGHT = 6, 25, 480, 360
PHOTOS = 2_000  # of a split, the first ones
SHARED_BY_LABELS = 0.5  # of the photos, those that show one of the labels
ENOUGH = 0.9  # IoU from which a moment is right

Truth = tuple[float, float, str]


@dataclass
class Photos:
    """Photos (P, 224, 224, 3), as they are needed: with no label, and with one. Where captions disagree whether one
    shows a label, and where it shows two, it is in none."""

    without: list[npt.NDArray[np.uint8]]
    showing: dict[str, list[npt.NDArray[np.uint8]]]

    @classmethod
    def of(cls, split: str) -> "Photos":
        names, pixels = zip(*islice(studio_lite.photos(SHARED, split), PHOTOS), strict=True)
        counts = captions_of(SHARED, split, names)
        said = np.array([counts[label] for label in LABELS]).T
        is_sure = (said != 1).all(axis=1) & ((said > 1).sum(axis=1) <= 1)
        without = [pixels[k] for k in np.flatnonzero(is_sure & (said == 0).all(axis=1))]
        showing = {
            label: [pixels[k] for k in np.flatnonzero(is_sure & (said[:, n] > 1))] for n, label in enumerate(LABELS)
        }
        return cls(without, showing)

    def draw(self, label: str, rng: np.random.Generator) -> npt.NDArray[np.uint8]:
        """One that was not drawn yet."""
        among = self.showing[label] if label else self.without
        return among.pop(int(rng.integers(len(among))))


def composed(target: Path, photos: Photos, rng: np.random.Generator) -> tuple[Path, list[Truth]]:
    """A video of SCENES photos of 3 to 6 s, and where it shows what; neighbours of one label are one moment."""
    size = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{WIDTH}x{HEIGHT}", "-r", str(RATE), "-i", "-"]
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", *size, "-c:v", "libx264", "-bf", "0",
               "-g", str(RATE), "-pix_fmt", "yuv420p", str(target)]  # fmt: skip
    truth: list[Truth] = []
    at = 0
    with subprocess.Popen(command, stdin=subprocess.PIPE) as encoder:
        assert encoder.stdin is not None
        for _ in range(SCENES):
            label = str(rng.choice(LABELS)) if rng.random() < SHARED_BY_LABELS else ""
            count = int(rng.integers(3 * RATE, 6 * RATE + 1))
            for frame in moving(photos.draw(label, rng), count, rng):
                encoder.stdin.write(frame.tobytes())
            if label:
                joins = bool(truth) and truth[-1][1] == at / RATE and truth[-1][2] == label
                truth.append((truth.pop()[0] if joins else at / RATE, (at + count) / RATE, label))
            at += count
    assert encoder.returncode == 0
    return target, truth


def moving(photo: npt.NDArray[np.uint8], count: int, rng: np.random.Generator) -> Iterator[npt.NDArray[np.uint8]]:
    """So many frames of a camera that moves over a photo."""
    side = len(photo)
    widths = rng.uniform(0.75, 1, 2) * side
    begin, end = (np.array([*rng.uniform(0, side - width, 2), width]) for width in widths)
    for share in np.linspace(0, 1, count):
        x, y, width = (1 - share) * begin + share * end
        scale = np.array([[WIDTH / width, 0, -x * WIDTH / width], [0, HEIGHT / width, -y * HEIGHT / width]])
        frame = cv2.warpAffine(photo, scale, (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        yield frame.astype(np.uint8, copy=False)


def share(one: tuple[float, float], other: tuple[float, float]) -> float:
    return Segment(*(round(1e6 * t) for t in one)).iou(Segment(*(round(1e6 * t) for t in other)))


def is_same(one: Truth, other: Truth) -> bool:
    return one[2] == other[2] and share(one[:2], other[:2]) >= ENOUGH
