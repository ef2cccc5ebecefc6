"""What the active-speaker models share: the checks of what they are given, and the bound that a voice sets."""

from typing import Any

import numpy as np
import numpy.typing as npt

from studio.models._validation import as_audio
from studio.models.interfaces import CropStyle
from studio.models.speaker.vad import SileroVad, per_frame

FPS = 25
SIDE = 112
RATE = 16_000

Floats = npt.NDArray[np.float32]
Faces = npt.NDArray[np.uint8]


def checked(tracks: list[Any], audio: npt.NDArray[Any]) -> tuple[Floats, int]:
    """The sound, and the length of the longest track. Raises ValueError unless they are as `score` says."""
    for track in tracks:
        if not isinstance(track, np.ndarray) or track.dtype != np.uint8 or track.shape[1:] != (SIDE, SIDE):
            raise ValueError(f"tracks must be uint8 arrays of the shape (T, {SIDE}, {SIDE}).")
    return as_audio(audio), max((len(track) for track in tracks), default=0)


class VoiceBoundDetector:
    """A detector that is never surer of a speaker than a voice detector is of a voice."""

    labels = ("speaking",)
    fps = FPS
    crop_size = SIDE
    crop_style: CropStyle = "padded"

    def __init__(self, name: str, version: str, voice: SileroVad) -> None:
        self.name = name
        self.version = version
        self._voice = voice

    def speech_probability(self, audio: Floats, length: int) -> npt.NDArray[np.float64]:
        """Probability of a voice, anybody's, in each of `length` frames (length,)."""
        return per_frame(self._voice, as_audio(audio), length, FPS)

    def bounded(self, tracks: list[Floats], audio: Floats, length: int) -> list[Floats]:
        """Probabilities (T,) of each track, none above that of a voice."""
        heard = self.speech_probability(audio, length).astype(np.float32)
        return [np.minimum(track, heard[: len(track)]).astype(np.float32) for track in tracks]
