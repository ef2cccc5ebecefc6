"""Silero voice activity detection (Silero Team 2021) by its sequence ONNX. Weights: package silero-vad."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from studio.models._onnx import session
from studio.models._validation import as_audio
from studio.models.architectures import architecture
from studio.models.card import ModelCard
from studio.models.interfaces import VoiceActivityDetector

RATE = 16_000
_HOP, _CONTEXT, _BLOCK = 512, 64, 512


class SileroVad:
    """How likely each 32 ms of sound is somebody's voice."""

    labels: tuple[str, ...] = ("speech",)
    hop_s = _HOP / RATE

    def __init__(self, name: str, version: str, onnx: bytes) -> None:
        self.name = name
        self.version = version
        self._session = session(onnx, "cpu")  # a tiny recurrent net: a GPU would only add latency

    def probability(self, audio: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """float32 (S,) mono at 16 kHz in −1…1 → float32 (⌈S / 512⌉,) in 0…1; entry i covers [i, i+1) × hop_s.

        Samples that are not finite count as silence. Raises ValueError for another dtype or shape.
        """
        audio = as_audio(audio)
        count = -(-len(audio) // _HOP)
        if count == 0:
            return np.zeros(0, np.float32)
        padded = np.zeros(_CONTEXT + count * _HOP, np.float32)
        padded[_CONTEXT : _CONTEXT + len(audio)] = audio
        # Each step sees its 512 samples and the 64 before them.
        steps = np.lib.stride_tricks.sliding_window_view(padded, _CONTEXT + _HOP)[::_HOP]
        h = c = np.zeros((1, 1, 128), np.float32)
        out = np.zeros(count, np.float32)
        for start in range(0, count, _BLOCK):
            block = np.ascontiguousarray(steps[start : start + _BLOCK])
            speech, h, c = self._session.run(None, {"input": block, "h": h, "c": c})
            out[start : start + len(block)] = speech
        return out


def per_frame(
    voice: VoiceActivityDetector, audio: npt.NDArray[np.float32], length: int, fps: float
) -> npt.NDArray[np.float64]:
    """Voice probability at the middle of each of `length` frames (length,); 0 beyond the sound."""
    speech = voice.probability(audio)
    if not len(speech):
        return np.zeros(length)
    middles = (np.arange(len(speech)) + 0.5) * voice.hop_s
    at = (np.arange(length) + 0.5) / fps
    return np.asarray(np.interp(at, middles, speech, right=0.0), np.float64)


@architecture("silero-vad")
def build(files: Mapping[str, bytes], card: ModelCard, device: str) -> SileroVad:
    """From a card and the checked bytes of its files."""
    return SileroVad(card.name, card.version, files["net"])
