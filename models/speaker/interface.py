"""What every active-speaker model takes and gives, and the checks at its door."""

from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from models._arrays import as_audio
from models.speaker.voice import VoiceActivity, per_frame

FPS = 25
SIDE = 112
RATE = 16_000

Floats = npt.NDArray[np.float32]
Faces = npt.NDArray[np.uint8]


class ActiveSpeaker(Protocol):
    """Who of the visible faces is the voice that is heard.

    `plain` says which crop the model reads: `models.crop_speaker(frame, boxes, plain)`.
    """

    name: str
    version: str
    plain: bool

    def heard(self, audio: Floats, length: int) -> npt.NDArray[np.float64]: ...  # see Listener

    def score(self, tracks: list[Faces], audio: Floats) -> list[Floats]:
        """K gray face tracks uint8 (T, 112, 112) at 25 fps and the scene's sound float32 (S,) at 16 kHz → K arrays
        float32 (T,): the probability that this face is the voice heard in that frame, never above that of a voice.

        All tracks and the sound start together; tracks may differ in length, frames beyond the sound are silent. All
        tracks of a scene belong in one call: models read them together. Raises ValueError for other input.
        """
        ...


def checked(tracks: list[Any], audio: npt.NDArray[Any]) -> tuple[Floats, int]:
    """The sound, and the length of the longest track. Raises ValueError unless they are as `score` says."""
    for track in tracks:
        if not isinstance(track, np.ndarray) or track.dtype != np.uint8 or track.shape[1:] != (SIDE, SIDE):
            raise ValueError(f"tracks must be uint8 arrays of the shape (T, {SIDE}, {SIDE}).")
    return as_audio(audio), max((len(track) for track in tracks), default=0)


class Listener:
    """What all of them have: a voice detector, whose opinion bounds theirs."""

    labels = ("speaking",)
    fps = FPS
    crop_size = SIDE
    plain = False

    def __init__(self, name: str, version: str, voice: VoiceActivity) -> None:
        self.name = name
        self.version = version
        self._voice = voice

    def heard(self, audio: Floats, length: int) -> npt.NDArray[np.float64]:
        """Probability of a voice, anybody's, in each of `length` frames (length,)."""
        return per_frame(self._voice, as_audio(audio), length, FPS)

    def bounded(self, tracks: list[Floats], audio: Floats, length: int) -> list[Floats]:
        """Probabilities (T,) of each track, none above that of a voice."""
        heard = self.heard(audio, length).astype(np.float32)
        return [np.minimum(track, heard[: len(track)]).astype(np.float32) for track in tracks]
