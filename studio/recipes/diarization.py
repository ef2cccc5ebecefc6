"""Who says what, on scenes of talking heads whose truth is known: joined one after the other, and side by side.

Each head's sound is heard for the length of its clip; in a scene side by side the other one rests. When somebody speaks
is told by the voice-activity detector on each head's own clean sound.
"""

import tempfile
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt

from studio import media, models
from studio.config import Settings
from studio.eval.diarization import Turn, diarization_error_rate
from studio.recipes.talking_heads import FPS, RATE, sound
from studio.service import Studio
from studio.tasks import TaskContext, VideoRef
from studio.tasks.curves import segments
from studio.tasks.off_screen_speech import voice_curve
from studio.tasks.speech import STEP_US
from studio.tasks.voices import tell_voices
from studio.timeline import us

HEADS = ("1.mp4", "2.mp4", "3.mp4")
SIDE = 360
Pictures = npt.NDArray[np.uint8]


def measure(data: Path) -> dict[str, float]:
    """Diarization error rates in per cent of the lines of a transcript with their speakers; and by the voices alone,
    where the optional package that knows voices is there."""
    files = [data / "faces" / name for name in HEADS]
    found: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        home = Settings(home=Path(folder) / "home", device="cpu").ensure()
        context, studio = TaskContext(home), Studio(home)
        try:
            heads = [(pictures(file), sound(file), turns(context, file, file.stem)) for file in files]
            for kind, make in (("joined", joined), ("side_by_side", side_by_side)):
                path = Path(folder) / f"{kind}.mkv"
                frames, audio, truth = make(heads)
                write(path, frames, audio)
                row = studio.videos.add(path)
                studio.jobs.run("speakers", row["id"])
                studio.jobs.transcribe(row["id"], {"language": "en"})
                lines = studio.transcripts.lines(row)
                who = [name or "nobody" for name in studio.transcripts.speakers(row, lines)]
                said = [(line["start"], line["end"], name) for line, name in zip(lines, who, strict=True)]
                found[f"{kind}_DER"] = diarization_error_rate(truth, said)
                if models.SpeakerEmbedding.installed():
                    video = VideoRef(row["id"], str(path), row["duration_us"])
                    asked = [(us(line["start"]), us(line["end"]), "") for line in lines]
                    voices = tell_voices(context, video, asked).payload["voices"]
                    heard = [(voice["start"], voice["end"], voice["track"]) for voice in voices]
                    found[f"{kind}_DER_voices"] = diarization_error_rate(truth, heard)
        finally:
            studio.close()
    return found


def pictures(path: Path) -> Pictures:
    """The frames of a clip at FPS, (T, SIDE, SIDE, 3)."""
    probe = media.probe(path)
    times = [round(i * 1e6 / FPS) for i in range(round(probe.duration_us / 1e6 * FPS))]
    with media.sample_frames(path, times_us=times, size=lambda w, h: (SIDE, SIDE), batch=64) as stream:
        parts = [frames.images for frames in stream]
    return np.concatenate(parts)


def turns(context: TaskContext, path: Path, name: str) -> list[Turn]:
    """When somebody speaks in a clip of one person."""
    video = VideoRef(name, str(path), media.probe(path).duration_us)
    times, voice = voice_curve(context, video, lambda fraction, message: None)
    spoken = segments(times, voice, on=0.5, off=0.35, step_us=STEP_US, shortest_us=200_000, bridge_us=400_000)
    return [(start / 1e6, end / 1e6, name) for start, end, _ in spoken]


Head = tuple[Pictures, npt.NDArray[np.float32], list[Turn]]
Scene = tuple[list[Pictures], npt.NDArray[np.float32], list[Turn]]


def joined(heads: Sequence[Head]) -> Scene:
    """One after the other."""
    frames: list[Any] = []
    sounds, truth, at = [], [], 0.0
    for seen, heard, spoken in heads:
        frames += list(seen)
        sounds.append(fitted(heard, len(seen)))
        truth += [(start + at, end + at, who) for start, end, who in spoken]
        at += len(seen) / FPS
    return frames, np.concatenate(sounds), truth


def side_by_side(heads: Sequence[Head]) -> Scene:
    """Two beside each other: each speaks in turn while the other stays as it was."""
    (one, first, said), (other, second, answered) = heads[:2]
    frames = [np.hstack([frame, other[0]]) for frame in one] + [np.hstack([one[-1], frame]) for frame in other]
    at = len(one) / FPS
    audio = np.concatenate([fitted(first, len(one)), fitted(second, len(other))])
    return frames, audio, said + [(start + at, end + at, who) for start, end, who in answered]


def fitted(heard: npt.NDArray[np.float32], frames: int) -> npt.NDArray[np.float32]:
    """Sound as long as its frames."""
    wanted = frames * RATE // FPS
    return np.pad(heard[:wanted], (0, max(0, wanted - len(heard))))


def write(path: Path, frames: Sequence[Pictures], audio: npt.NDArray[np.float32]) -> None:
    with av.open(str(path), "w") as out:
        video: Any = out.add_stream("libx264", rate=FPS)
        high, wide = frames[0].shape[:2]
        video.width, video.height, video.pix_fmt = wide, high, "yuv420p"
        heard: Any = out.add_stream("pcm_s16le", rate=RATE, layout="mono")
        for number, picture in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), "rgb24")
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            out.mux(video.encode(frame))
        samples = (np.clip(audio, -1, 1) * 32767).astype(np.int16)[None]
        block = av.AudioFrame.from_ndarray(samples, "s16", "mono")
        block.sample_rate, block.pts, block.time_base = RATE, 0, Fraction(1, RATE)
        out.mux(heard.encode(block))
        out.mux(video.encode(None))
        out.mux(heard.encode(None))
