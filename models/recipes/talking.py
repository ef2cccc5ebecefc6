"""Talking heads for measuring active speakers: face tracks at 25 fps, sound at 16 kHz, and truth made from them.

Truth is constructed: a scene of two heads with one's sound (the other is silent), a muted scene, and a scene with a
voice that belongs to neither. The heads never saw each other, so nothing else gives the speaker away.
"""

from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np

import models

FPS, RATE = 25, 16_000


@dataclass(frozen=True)
class Head:
    """One person: crops uint8 (T, 112, 112) and audio float32 (S,), both from the first frame on."""

    name: str
    crops: np.ndarray
    audio: np.ndarray


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


def head(path: Path) -> Head:
    """Decode, detect, track, steady, crop: the way the product does it."""
    detector = models.load("face_detector", device="cpu")
    frames: list[np.ndarray] = []
    times = []
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        width, height = detector.frame_size(stream.width, stream.height, longest=360)
        for frame in container.decode(stream):
            frame = frame.reformat(width, height)
            frames.append(np.asarray(frame.to_ndarray(format="rgb24"), np.uint8))
            times.append(float(frame.time or 0))
    times_s = np.array(times) - times[0]
    count = int(times_s[-1] * FPS) + 1
    nearest = [int(np.abs(times_s - i / FPS).argmin()) for i in range(count)]
    detections = ((i / FPS, detector.detect(frames[j][None])[0]) for i, j in enumerate(nearest))
    longest = max(models.track(detections), key=lambda track: len(track.times_s))
    boxes = models.steady(longest.at(np.arange(count) / FPS))
    crops = np.concatenate([models.crop_speaker(frames[j], boxes[i]) for i, j in enumerate(nearest)])
    return Head(path.name, crops, sound(path))


def heads(data: Path) -> list[Head]:
    """Ten clips of people who are not in the lip-reading clips, on which the weights of the evidence were chosen."""
    return [head(path) for path in sorted((data / "faces").glob("*.m*"))]
