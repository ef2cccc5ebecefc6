"""Published checkpoints of Light-ASD, LR-ASD, TalkNet and LoCoNet as active-speaker models, for any length."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
import torch

from studio.models._checkpoint import fill, tensors
from studio.models.architectures import architecture
from studio.models.card import ModelCard
from studio.models.interfaces import CropStyle
from studio.models.speaker.detector import FPS, RATE, SIDE, Faces, Floats, VoiceBoundDetector, checked
from studio.models.speaker.networks import LightAsd, LoCoNet, LrAsd, TalkNet
from studio.models.speaker.networks.parts import Network
from studio.models.speaker.sounds import fitted, log_mel, mfcc
from studio.models.speaker.vad import SileroVad

ROWS = 4  # of sound a frame
# Chunks of so many seconds. The authors' demonstrations write {1, 1, 1, 2, 2, 2, 3, 3, 4, 5, 6}, which is a set: each
# length counts once.
DURATIONS = (1, 2, 3, 4, 5, 6)

NETWORKS: dict[str, Callable[[], Network]] = {
    "lr-asd": LrAsd,
    "light-asd": LightAsd,
    "talknet": TalkNet,
    "loconet": LoCoNet,
}
# Which were trained on the plain boxes of AVA instead of padded crops: one network, and one file by its sha256.
_PLAIN_NETWORKS = {"loconet"}
_PLAIN_FILES = {"d44bc3ea7baa8e0946fa3921311714a630ed8b90a1928fab0dbe30d918909317"}


class Checkpoint(VoiceBoundDetector):
    """One of NETWORKS with its published weights.

    A track is read in chunks of several lengths, whose log odds are averaged (DURATIONS); LoCoNet, which reads tracks
    beside each other, sees all of them whole. `durations` may be fewer: (6,) is six times faster and a little worse.
    """

    def __init__(
        self,
        name: str,
        version: str,
        net: Network,
        voice: SileroVad,
        device: str = "cpu",
        crop_style: CropStyle = "padded",
        durations: Sequence[int] = DURATIONS,
    ) -> None:
        super().__init__(name, version, voice)
        self.crop_style = crop_style
        self._net = net.eval().to(device)
        self._device = device
        self._durations = durations

    def score(self, tracks: list[Faces], audio: Floats) -> list[Floats]:
        """See `ActiveSpeaker.score`."""
        audio, length = checked(tracks, audio)
        sound = np.zeros(length * RATE // FPS, np.float32)
        sound[: len(audio)] = audio[: len(sound)] * 32768  # the scale of 16-bit integers
        with torch.inference_mode():
            if self._net.together:
                odds = self._together(tracks, sound, length)
            else:
                odds = [self._alone(track, sound[: len(track) * RATE // FPS]) for track in tracks]
        return self.bounded([sigmoid(values) for values in odds], audio, length)

    def _together(self, tracks: list[Faces], sound: Floats, length: int) -> list[Floats]:
        seen = [track for track in tracks if len(track)]
        if not seen:
            return [np.zeros(0, np.float32) for _ in tracks]
        faces = np.zeros((len(seen), length, SIDE, SIDE), np.uint8)
        for row, track in zip(faces, seen, strict=True):
            row[: len(track)] = track
        found = iter(self._odds(faces, fitted(log_mel(sound), ROWS * length)))
        return [next(found)[: len(track)] if len(track) else np.zeros(0, np.float32) for track in tracks]

    def _alone(self, track: Faces, sound: Floats) -> Floats:
        total = np.zeros(len(track), np.float32)
        if len(track):
            rows = fitted(mfcc(sound), ROWS * len(track))
            for size, weight in chunk_sizes(len(track), self._durations):
                spans = chunks(len(track), size)
                parts = [self._odds(track[None, a:b], rows[ROWS * a : ROWS * b])[0] for a, b in spans]
                total += weight * np.concatenate(parts)
        return total

    def _odds(self, faces: Faces, rows: Floats) -> Floats:
        """Log odds (K, T) of faces (K, T, 112, 112) and their rows of sound (4T, C)."""
        pixels = torch.from_numpy(np.ascontiguousarray(faces)).to(self._device).float()
        heard = self._net.encode_audio(torch.from_numpy(rows)[None].to(self._device))
        logits = self._net.fuse(heard, self._net.encode_video(pixels))
        odds: Floats = (logits[..., 1] - logits[..., 0]).float().cpu().numpy()
        return odds


def chunks(length: int, size: int) -> Iterator[tuple[int, int]]:
    """[0, length) in pieces of `size`; the last may be shorter."""
    return ((start, min(start + size, length)) for start in range(0, length, size))


def chunk_sizes(length: int, durations: Sequence[int]) -> list[tuple[int, float]]:
    """(frames, weight) for each chunk length; all that hold the whole track are one. Weights sum to 1."""
    weights: dict[int, float] = {}
    for seconds in durations:
        size = min(seconds * FPS, length)
        weights[size] = weights.get(size, 0.0) + 1 / len(durations)
    return list(weights.items())


def sigmoid(odds: Floats) -> Floats:
    return np.asarray(0.5 + 0.5 * np.tanh(odds / 2), np.float32)


@architecture("lr-asd", "light-asd", "talknet", "loconet")
def build(files: Mapping[str, bytes], card: ModelCard, device: str) -> Checkpoint:
    """From a card and the checked bytes of its files."""
    net = NETWORKS[card.architecture]()
    fill(net, weights(files["net"], card.name), card.name)
    plain = card.architecture in _PLAIN_NETWORKS or hashlib.sha256(files["net"]).hexdigest() in _PLAIN_FILES
    voice = SileroVad("silero-vad", card.version, files["voice"])
    return Checkpoint(card.name, card.version, net, voice, device, "plain" if plain else "padded")


def weights(content: bytes, name: str) -> dict[str, torch.Tensor]:
    """The tensors of a checkpoint under this project's names for them. Raises ModelError."""
    found = {key.removeprefix("model.module."): value for key, value in tensors(content, name).items()}
    # A convolution of size 1 over frames and a linear layer are the same thing, with one shape or the other.
    return {k: v.flatten(1) if ".conv2d_1x1" in k and k.endswith(".weight") else v for k, v in found.items()}
