"""M9: a video twelve times as long takes no more memory, whatever is asked about it.

STUDIO_LONG_MINUTES is how long the long one is; two hours for a release.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from tests.tasks.long_job import KINDS

ROOT = Path(__file__).parents[2]
FPS, RATE = 5, 16_000
PUSHED = ("index", "speakers")  # the two that hold most; a push has no time for all
MINUTES = int(os.environ.get("STUDIO_LONG_MINUTES", "120"))
# One scene of faces is held in memory, and lasts a minute at most.
SHORT, LONG = (
    (65, 200),
    (MINUTES * 5, MINUTES * 60),
)  # seconds
CASES = [(kind, SHORT) for kind in PUSHED] + [pytest.param(kind, LONG, marks=pytest.mark.release) for kind in KINDS]


def write(path: Path, seconds: int) -> Path:
    """A picture that changes all the time, and a tone."""
    with av.open(str(path), "w") as out:
        video: Any = out.add_stream("mpeg4", rate=FPS)
        video.width, video.height, video.pix_fmt = 160, 90, "yuv420p"
        sound: Any = out.add_stream("aac", rate=RATE, layout="mono")
        tone = np.sin(np.arange(RATE) * 2 * np.pi * 220 / RATE).astype(np.float32)[None]
        for second in range(seconds):
            for number in range(second * FPS, second * FPS + FPS):
                picture = np.full((90, 160, 3), number * 7 % 256, np.uint8)
                picture[:, number % 160 :] = 255 - number % 256
                frame = av.VideoFrame.from_ndarray(picture, "rgb24")
                frame.pts, frame.time_base = number, Fraction(1, FPS)
                out.mux(video.encode(frame))
            heard = av.AudioFrame.from_ndarray(tone, "fltp", "mono")
            heard.sample_rate, heard.pts, heard.time_base = RATE, second * RATE, Fraction(1, RATE)
            out.mux(sound.encode(heard))
        out.mux(video.encode(None))
        out.mux(sound.encode(None))
    return path


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], Path]:
    folder = tmp_path_factory.mktemp("long")

    def video(seconds: int) -> Path:
        path = folder / f"{seconds}.mp4"
        return path if path.exists() else write(path, seconds)

    return video


@pytest.mark.parametrize(("kind", "lengths"), CASES)
def test_memory_does_not_grow_with_the_video(
    kind: str, lengths: tuple[int, int], video: Callable[[int], Path], tmp_path: Path
) -> None:
    found = []
    for seconds in lengths:
        command = [
            sys.executable,
            "-m",
            "tests.tasks.long_job",
            kind,
            str(video(seconds)),
            str(tmp_path / f"{seconds}"),
        ]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        found.append(json.loads(done.stdout))
    short, long = found
    print(kind, *(f"{name} {short[name] / 2**20:.0f} -> {long[name] / 2**20:.0f} MiB" for name in ("peak", "decoder")))
    assert long["peak"] <= 1.2 * short["peak"]
    assert long["decoder"] <= short["decoder"] + 100 * 2**20
    assert long["files"] <= short["files"]
