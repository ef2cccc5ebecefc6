"""Where one shot ends and the next begins, by PySceneDetect's adaptive detector."""

import os
from collections.abc import Callable
from fractions import Fraction

import numpy as np

from studio.config import Limits
from studio.media.frames import sample_frames
from studio.media.probe import probe

Progress = Callable[[float], None]
_SHORT_SIDE = 144
_SHORTEST_SHOT_S = 0.6
_BATCH = 64


def shots(path: str | os.PathLike[str], progress: Progress | None = None, limits: Limits | None = None) -> list[int]:
    """The times in µs of the first frame of every shot but the first; empty for a single shot.

    `progress` gets the share done, 0 to 1. Raises what `sample_frames` raises.
    """
    from scenedetect import AdaptiveDetector, FrameTimecode
    from scenedetect.common import Timecode

    found = probe(path, limits)
    detector = AdaptiveDetector(min_scene_len=_SHORTEST_SHOT_S)
    rate = Fraction(max(found.fps, 1.0)).limit_denominator(1001)
    cuts: list[int] = []
    time = None
    with sample_frames(path, times_us=found.pts_us, size=_small, batch=_BATCH, limits=limits) as stream:
        for frames in stream:
            for us, image in zip(frames.times_us.tolist(), frames.images, strict=True):
                time = FrameTimecode(Timecode(us, Fraction(1, 1_000_000)), rate)
                found_here = detector.process_frame(time, np.ascontiguousarray(image[:, :, ::-1]))
                cuts += [_us(cut) for cut in found_here]
            if progress is not None:
                progress(int(frames.times_us[-1]) / found.duration_us)
    if time is not None:
        cuts += [_us(cut) for cut in detector.post_process(time)]
    return sorted({cut for cut in cuts if cut > 0})


def _us(time: object) -> int:
    return round(Fraction(time.pts) * Fraction(time.time_base) * 1_000_000)  # type: ignore[attr-defined]


def _small(width: int, height: int) -> tuple[int, int]:
    scale = min(1.0, _SHORT_SIDE / min(width, height))
    return max(8, round(width * scale)), max(8, round(height * scale))
