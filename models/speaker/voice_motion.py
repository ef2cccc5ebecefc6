"""Who of the visible faces speaks: voice activity × motion of the mouth that fits the sound. No training.

The classical idea (Hershey & Movellan 1999; Cutler & Davis 2000): the mouth of the one who speaks moves, more than
the rest of the face, and in step with the loudness of the voice.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from studio.models.architectures import architecture
from studio.models.card import ModelCard
from studio.models.speaker.detector import FPS, RATE, Faces, Floats, VoiceBoundDetector, checked
from studio.models.speaker.vad import SileroVad

_SAMPLES = RATE // FPS  # of sound per frame

Doubles = npt.NDArray[np.float64]

# Where mouth and eyes lie in the crop of `models.faces.crop_speaker`: rows, columns.
_MOUTH = (slice(52, 92), slice(30, 82))
_UPPER = (slice(4, 44), slice(18, 94))

_INNER = (slice(62, 92), slice(42, 70))

_WINDOW = 51  # frames over which mouth and loudness are compared: two seconds hold six to eight syllables
_LAGS = range(-2, 5)  # frames by which the sound may follow the picture: containers are not exact

# Weights of the evidence, and its values for a mouth that moves by chance; chosen on the lip-reading clips, while the
# numbers in the card are measured on the other heads. (Which features to compare was looked at on all of them.)
_MOTION, _TYPICAL = 1.0, 0.5
_MATCH, _CHANCE = 6.0, 0.15


class VoiceMotion(VoiceBoundDetector):
    """`ActiveSpeaker` without weights of its own beyond the voice detector's."""

    def score(self, tracks: list[Faces], audio: Floats) -> list[Floats]:
        """See `ActiveSpeaker.score`. Crops as `models.crop_speaker` makes them."""
        audio, length = checked(tracks, audio)
        if length == 0:
            return [np.zeros(0, np.float32) for _ in tracks]
        heard = self.speech_probability(audio, length)
        loud = loudness(audio, length)
        evidence = np.full((len(tracks), length), -np.inf)
        for row, track in zip(evidence, tracks, strict=True):
            if len(track):
                row[: len(track)] = _evidence(track, loud[: len(track)])
        probability = heard * _compete(evidence)
        return [probability[i, : len(track)].astype(np.float32) for i, track in enumerate(tracks)]


def loudness(audio: Floats, length: int) -> Doubles:
    """Log energy of the sound in each frame (length,), in nepers above a floor of −60 dB."""
    padded = np.zeros(length * _SAMPLES)
    part = audio[: length * _SAMPLES].astype(np.float64)
    padded[: len(part)] = part
    energy = (padded.reshape(length, _SAMPLES) ** 2).mean(axis=1)
    level: Doubles = np.log(np.sqrt(energy) + 1e-3) - np.log(1e-3)
    return level


def mouth_motion(track: Faces) -> tuple[Doubles, Doubles]:
    """Frame-to-frame change (T,) in the mouth and, for reference, in the upper face, in gray levels.

    The first frame repeats the second's: there is nothing before it.
    """
    mouth = track[:, _MOUTH[0], _MOUTH[1]].astype(np.float32)
    upper = track[:, _UPPER[0], _UPPER[1]].astype(np.float32)

    def change(region: npt.NDArray[np.float32]) -> Doubles:
        # Contrast-free: a dark face moves as much as a bright one.
        steps = np.abs(np.diff(region, axis=0)).mean(axis=(1, 2)) / (region.std(axis=(1, 2))[1:] + 4)
        return np.concatenate([steps[:1], steps]).astype(np.float64)

    if len(track) < 2:
        return np.zeros(len(track)), np.zeros(len(track))
    return change(mouth), change(upper)


def _shape(track: Faces) -> Doubles:
    """(3, T): how much the mouth moves beyond the face, how varied its inside is (teeth, tongue), how dark (open)."""
    mouth, upper = mouth_motion(track)
    inner = track[:, _INNER[0], _INNER[1]].astype(np.float32)
    beyond = _mean(mouth, 5) - _mean(upper, 5)
    return np.stack([beyond, inner.std(axis=(1, 2)), -inner.mean(axis=(1, 2))]).astype(np.float64)


def _evidence(track: Faces, loud: Doubles) -> Doubles:
    """Log odds (T,), up to a constant, that this mouth makes the sound."""
    mouth, upper = mouth_motion(track)
    motion = np.log(_mean(mouth, 13) + 0.01) - np.log(_mean(upper, 13) + 0.01)
    series = _shape(track)
    # One lag for the whole track: a container is late by the same amount throughout.
    fits = []
    for lag in _LAGS:
        heard = loud[np.clip(np.arange(len(loud)) + lag, 0, len(loud) - 1)]
        fits.append(np.mean([_correlation(one, heard) for one in series], axis=0))
    fit = max(fits, key=lambda values: float(values.mean()))
    return np.asarray(_MOTION * (motion - _TYPICAL) + _MATCH * (fit - _CHANCE), np.float64)


def _compete(evidence: Doubles) -> Doubles:
    """Log odds (K, T), −inf where a track is absent → (K, T): each track against the others and against “nobody
    visible”, whose log odds are 0. One voice is heard at a time more often than not."""
    top = np.maximum(evidence.max(axis=0), 0)
    odds = np.exp(evidence - top)
    result: Doubles = odds / (odds.sum(axis=0) + np.exp(-top))
    return result


def _mean(x: Doubles, width: int) -> Doubles:
    """Centred moving average (T,), edges continued."""
    half = width // 2
    padded = np.pad(x, half, mode="edge")
    return np.convolve(padded, np.full(2 * half + 1, 1 / (2 * half + 1)), mode="valid")


def _correlation(a: Doubles, b: Doubles) -> Doubles:
    """Correlation (T,) of two series over a sliding window; 0 where one of them is flat."""
    da, db = a - _mean(a, _WINDOW), b - _mean(b, _WINDOW)
    power = _mean(da**2, _WINDOW) * _mean(db**2, _WINDOW)
    return np.asarray(_mean(da * db, _WINDOW) / np.sqrt(power + 1e-12), np.float64)


@architecture("voice-motion")
def build(files: Mapping[str, bytes], card: ModelCard, device: str) -> VoiceMotion:
    """From a card and the checked bytes of its files."""
    return VoiceMotion(card.name, card.version, SileroVad("silero-vad", card.version, files["voice"]))
