"""Whose voice it is: vectors of speech that lie close together for one speaker (GE2E; Wan et al., ICASSP 2018).

The weights are those of the package Resemblyzer (an optional extra), read from its file; its code is not needed.
"""

import hashlib
import importlib.util
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from studio.models.card import ModelError

Floats = npt.NDArray[np.float32]
RATE, DIM = 16_000, 256
_SHA256 = "39373b86598fa3da9fcddee6142382efe09777e8d37dc9c0561f41f0070f134e"
_WINDOW, _HOP, _BANDS = 400, 160, 40  # samples, samples, mel bands
_PIECE, _STEP = 160, 77  # spectra in a piece (1.6 s) and between two of them (1.3 a second)
_LOUDNESS = 10 ** (-30 / 20)  # of full scale: quiet speech is raised to it


class SpeakerEmbedding:
    """Speech → its speaker's place.

    Raises ModelError with the cure where the weights are missing or not the known ones.
    """

    def __init__(self) -> None:
        from studio.models.speaker.networks.ge2e import Ge2e  # torch: only where voices are compared

        self._network = Ge2e(_weights(), _BANDS, DIM)

    @staticmethod
    def installed() -> bool:
        """Whether the optional package is there."""
        return importlib.util.find_spec("resemblyzer") is not None

    def embed(self, audio: Floats) -> Floats:
        """Speech (S,) at 16 kHz, at least a second of it → a unit vector (256,), nowhere negative."""
        return np.asarray(self.embed_all([audio])[0])

    def embed_all(self, sounds: Sequence[Floats]) -> Floats:
        """Pieces of speech (S,), as `embed` takes one → unit vectors (N, 256); many at once take less time."""
        pieces = [_pieces(audio) for audio in sounds]
        places = self._network.places(np.concatenate(pieces))
        ends = np.cumsum([len(each) for each in pieces])
        found = np.stack([part.mean(0) for part in np.split(places, ends[:-1])])
        return np.asarray(found / np.linalg.norm(found, axis=1, keepdims=True))


def _pieces(audio: Floats) -> Floats:
    """What the network reads of a piece of speech (S,): spectra (P, 160, 40) of 1.6 s each."""
    level = float(np.sqrt(np.mean(audio**2)))
    audio = audio * max(1.0, _LOUDNESS / max(level, 1e-9))
    count = len(audio) // _HOP + 1
    starts = range(0, max(1, count - _PIECE + _STEP + 1), _STEP)
    whole = [s for s in starts if (len(audio) - s * _HOP) / (_PIECE * _HOP) >= 0.75] or [0]
    padded = np.pad(audio, (0, max(0, (whole[-1] + _PIECE) * _HOP - len(audio))))
    spectra = mel_spectra(padded)
    return np.stack([spectra[s : s + _PIECE] for s in whole])


def mel_spectra(audio: Floats) -> Floats:
    """Sound (S,) at 16 kHz → power in 40 mel bands (N, 40) every 10 ms, not its logarithm."""
    padded = np.pad(audio, _WINDOW // 2)
    pieces = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[::_HOP]
    window = np.hanning(_WINDOW + 1)[:-1]
    power = np.abs(np.fft.rfft(pieces * window, axis=1)) ** 2
    return (power @ _bands().T).astype(np.float32)


def _bands() -> npt.NDArray[np.float64]:
    """(40, 201): triangles of equal area, equally wide on Slaney's scale: linear to 1 kHz, logarithmic above."""
    top = 15 + np.log(RATE / 2 / 1000) / (np.log(6.4) / 27)
    mel = np.linspace(0, top, _BANDS + 2)
    edges = np.where(mel < 15, mel * 200 / 3, 1000 * np.exp((mel - 15) * np.log(6.4) / 27))
    bins = np.fft.rfftfreq(_WINDOW, 1 / RATE)
    low, middle, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    triangles = np.minimum((bins - low) / (middle - low), (high - bins) / (high - middle)).clip(0)
    return np.asarray(triangles * 2 / (high - low))


def _weights() -> Path:
    found = importlib.util.find_spec("resemblyzer")
    if found is None or found.origin is None:
        raise ModelError("Voices are compared with the package Resemblyzer: pip install 'moment-studio[voices]'")
    file = Path(found.origin).parent / "pretrained.pt"
    if not file.is_file() or hashlib.sha256(file.read_bytes()).hexdigest() != _SHA256:
        raise ModelError("The weights of the package Resemblyzer are not the known ones; install it again.")
    return file
