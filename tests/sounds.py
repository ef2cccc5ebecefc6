"""Recordings of sound alone, made on the spot."""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.stream import Disposition

RATE = 48_000


@dataclass(frozen=True)
class Sound:
    """How a file of sound is written; `exact`: it says how many samples it has."""

    suffix: str
    codec: str
    rate: int = RATE
    layout: str = "mono"
    container: str | None = None
    options: tuple[tuple[str, str], ...] = ()  # of the codec
    muxer: tuple[tuple[str, str], ...] = ()
    exact: bool = True
    plays: bool = True  # in browsers, as it is


SOUNDS: dict[str, Sound] = {
    "wav": Sound(".wav", "pcm_s16le"),
    "telephone": Sound(".wav", "pcm_alaw", 8_000, plays=False),
    "mulaw": Sound(".wav", "pcm_mulaw", 8_000, "stereo", plays=False),
    "au": Sound(".au", "pcm_mulaw", 8_000, plays=False),
    "au_alaw": Sound(".snd", "pcm_alaw", 8_000, container="au", plays=False),
    "g722": Sound(".wav", "g722", 16_000, exact=False, plays=False),
    "g726": Sound(".wav", "g726", 8_000, exact=False, plays=False),
    "adpcm": Sound(".wav", "adpcm_ms", 8_000, exact=False, plays=False),
    "mp3": Sound(".mp3", "libmp3lame", plays=False),
    "mp3_variable": Sound(".mp3", "libmp3lame", options=(("flags", "+qscale"), ("global_quality", "472")), plays=False),
    "mp3_plain": Sound(
        ".mp3", "libmp3lame", options=(("flags", "+qscale"), ("global_quality", "472")),
        muxer=(("write_xing", "0"), ("id3v2_version", "0")), exact=False, plays=False,
    ),
    "m4a": Sound(".m4a", "aac", container="ipod", layout="stereo"),
    "aac": Sound(".aac", "aac", exact=False, plays=False),
    "flac": Sound(".flac", "flac"),
    "opus": Sound(".opus", "libopus"),
    "aiff": Sound(".aiff", "pcm_s16be", plays=False),
    "amr": Sound(".amr", "libopencore_amrnb", 8_000, exact=False, plays=False, options=(("b", "12200"),)),
    "ogg": Sound(".ogg", "vorbis", layout="stereo", exact=False),
}  # fmt: skip


def tones(seconds: float, rate: int = RATE) -> np.ndarray[Any, Any]:
    """float32 (S,): a second of 440 Hz, a second of silence, and so on."""
    time = np.arange(round(seconds * rate)) / rate
    return (0.5 * np.sin(2 * np.pi * 440 * time) * (time % 2 < 1)).astype(np.float32)


def babble(seconds: float, seed: int, rate: int = RATE) -> np.ndarray[Any, Any]:
    """float32 (S,): syllables of changing pitch and length, with pauses and hisses between them, as in speech; another
    seed says something else."""
    chance = np.random.default_rng(seed)
    made = (0.003 * chance.normal(size=round(seconds * rate))).astype(np.float32)
    at = 0.0
    while at < seconds - 0.6:
        length = chance.uniform(0.08, 0.35)
        time = np.arange(round(length * rate)) / rate
        pitch = chance.uniform(90, 240) * (1 + chance.uniform(-0.4, 0.4) * time)
        voice = sum(np.sin(2 * np.pi * n * np.cumsum(pitch) / rate) / n for n in range(1, 16))
        hiss = chance.normal(size=len(time))
        part = np.hanning(len(time)) * (0.12 * voice if chance.random() < 0.7 else 0.1 * hiss)
        begin = round(at * rate)
        made[begin : begin + len(time)] += part.astype(np.float32)
        at += length + chance.exponential(0.12)
    return made


def write_sound(path: Path, samples: np.ndarray[Any, Any], sound: Sound = SOUNDS["wav"], cover: bytes = b"") -> Path:
    """Encode samples (S,) at the rate of a recipe with PyAV; `cover` is a JPEG file."""
    with av.open(f"file:{path}", "w", format=sound.container, options=dict(sound.muxer)) as output:
        stream: Any = output.add_stream(
            sound.codec, rate=sound.rate, layout=sound.layout, options={"strict": "-2", **dict(sound.options)}
        )
        if cover:
            picture: Any = output.add_stream("mjpeg", rate=1)
            picture.width, picture.height, picture.pix_fmt = 64, 64, "yuvj420p"
            picture.disposition = Disposition.attached_pic
            packet = av.Packet(cover)
            packet.stream, packet.pts, packet.dts, packet.is_keyframe = picture, 0, 0, True
            output.start_encoding()
            output.mux(packet)
        channels = np.stack([samples] * (2 if sound.layout == "stereo" else 1)).astype(np.float32)
        for begin in range(0, len(samples), 1024):
            block = np.ascontiguousarray(channels[:, begin : begin + 1024])
            frame = av.AudioFrame.from_ndarray(block, "fltp", sound.layout)
            frame.sample_rate, frame.pts, frame.time_base = sound.rate, begin, Fraction(1, sound.rate)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


def make_sound(folder: Path, kind: str = "wav", seconds: float = 5.0) -> Path:
    """A file of one of SOUNDS with `tones` in it, as long as its packets are where they say no number of samples."""
    sound = SOUNDS[kind]
    return write_sound(folder / f"{kind}{sound.suffix}", tones(seconds, sound.rate), sound)
