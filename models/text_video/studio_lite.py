"""`studio-lite`: the encoder that ships with the product, offline and fast on a laptop CPU."""

import io
import zlib
from collections.abc import Mapping
from copy import copy, deepcopy
from typing import Any

import numpy as np
import numpy.typing as npt
import safetensors.torch
import torch
from torch import nn

from studio.models._minilm import Sentences
from studio.models._torch import with_smaller_batches
from studio.models._validation import as_frames, as_texts
from studio.models.architectures import architecture
from studio.models.card import ModelCard
from studio.models.text_video.certainty import Calibration
from studio.models.text_video.image_tower import GRID, SIDE, ImageTower, between_bars, on_grid, without_bars
from studio.models.text_video.precision import cpu_dtype
from studio.models.text_video.projection import DIM, Projection
from studio.models.text_video.word_vectors import words_of

KNOWN = "known"
"""In a weights file, the CRC-32 of the words that training had more than once, int64."""


class StudioLite:
    """EfficientNet-Lite2, tuned, and MiniLM, joined by two heads trained on captioned photos.

    It reads English, and German by its words. Black bars around a picture are not looked at.
    """

    dim = DIM

    def __init__(
        self,
        name: str,
        version: str,
        tower: ImageTower,
        sentences: Sentences,
        joint: Projection,
        device: str,
        calibration: Calibration | None = None,
        known: frozenset[int] = frozenset(),
    ):
        self.name = name
        self.version = version
        self._tower = tower
        self._sentences = sentences
        self._joint = joint.eval().to(device)
        self.scale = float(joint.scale.detach().exp().clamp(max=100))
        self.calibration = calibration
        self._known = known
        self._device = device

    def frame_size(self, width: int, height: int) -> tuple[int, int]:
        """Always 260 × 260: whole frames, squashed. The training photos were squashed alike, and a moment at the
        edge of a wide frame must stay findable."""
        return SIDE, SIDE

    def encode_frames(self, frames: npt.NDArray[np.uint8], tokens: bool = False) -> npt.NDArray[np.float32]:
        """See `TextVideoEncoder`. With tokens P = 9, a 3×3 grid of regions."""
        frames = without_bars(as_frames(frames))

        def forward(part: npt.NDArray[Any], device: str) -> torch.Tensor:
            self._joint.to(device)
            regions = self._tower.regions(torch.from_numpy(part).to(device))
            if tokens:
                return self._joint.image(regions, self._tower.logits(regions))
            return self._joint.image(self._joint.pool(regions), self._tower.logits(regions.mean(1)))

        empty = (GRID * GRID, DIM) if tokens else (DIM,)
        return with_smaller_batches(forward, frames, *empty, batch=32, device=self._device)

    def looked_at(self, frame: npt.NDArray[np.uint8]) -> tuple[float, float, float, float]:
        """See `TextVideoEncoder`: all of a frame but black bars."""
        height, width = frame.shape[:2]
        (top, bottom), (left, right) = between_bars(as_frames(frame[None]))[0].tolist()
        return left / width, top / height, (right - left) / width, (bottom - top) / height

    def lower(self, frames: npt.NDArray[np.uint8]) -> torch.Tensor:
        """See `TunableEncoder`: float16 (N, 120, 17, 17)."""
        frames = without_bars(as_frames(frames))
        with torch.inference_mode():
            parts = [
                self._tower.lower(torch.from_numpy(frames[i : i + 32]).to(self._device)).cpu()
                for i in range(0, len(frames), 32)
            ]
        return torch.cat(parts).clone()

    def upper(self) -> nn.Module:
        """See `TunableEncoder`."""
        return UpperLayers(self._tower, self._joint)

    def tuned(self, upper: Mapping[str, torch.Tensor], version: str) -> "StudioLite":
        """See `TunableEncoder`."""
        other = copy(self)
        other.version, other.calibration = version, None
        other._tower = self._tower.with_upper(dict(upper))
        return other

    def known(self, text: str) -> float:
        """The share of a text's words that training had, or that the sentence network has whole, 0…1; of another word
        nobody knows what its vector says."""
        words = words_of(text)
        return sum(zlib.crc32(w.encode()) in self._known or self._sentences.has(w) for w in words) / len(words)

    def encode_text(self, texts: list[str], tokens: bool = False) -> Any:
        """See `TextVideoEncoder`. L is the longest text's number of word pieces."""
        texts = as_texts(texts)
        if not texts:
            none = np.zeros((0, DIM), np.float32)
            return (none[:, None, :], np.zeros((0, 1), np.bool_)) if tokens else none
        with torch.inference_mode():
            device = next(self._joint.parameters()).device
            if not tokens:
                return self._joint.text(self._sentences.vectors(texts).to(device), texts).cpu().numpy()
            _, pieces, mask = self._sentences.encode(texts)
            return self._joint.tokens(nn.functional.normalize(pieces, dim=-1).to(device)).cpu().numpy(), mask.numpy()


class UpperLayers(nn.Module):
    """The layers of a tower that are tuned, and what makes unit vectors of what they see, which is not."""

    def __init__(self, tower: ImageTower, joint: Projection) -> None:
        super().__init__()
        self.layers = tower.upper()
        self._rest = deepcopy(joint).eval().requires_grad_(False), tower  # in a tuple: no weights of this module

    def forward(self, lower: torch.Tensor) -> torch.Tensor:
        """(N, 120, 17, 17) → (N, 512), unit length."""
        joint, tower = self._rest
        *blocks, head = self.layers
        x = lower
        for block in blocks:
            x = block(x)
        regions = on_grid(nn.functional.relu6(head(x)))
        joint.to(regions.device)
        made: torch.Tensor = joint.image(joint.pool(regions), tower.logits(regions.mean(1)))
        return made


@architecture("studio-lite")
def build(files: Mapping[str, bytes], card: ModelCard, device: str) -> StudioLite:
    """From a card and the checked bytes of its files."""
    image = torch.load(io.BytesIO(files["image"]), weights_only=True, map_location="cpu")
    dtype = cpu_dtype("convolution") if device == "cpu" else torch.float32
    trained = {k: v if k == KNOWN else v.float() for k, v in safetensors.torch.load(files["projection"]).items()}
    tuned = {k: v.float() for k, v in safetensors.torch.load(files["tower"]).items()}
    known = frozenset(trained.pop(KNOWN).long().tolist())
    joint = Projection()
    joint.load_state_dict(trained)
    sentences = Sentences(safetensors.torch.load(files["text"]), files["tokenizer"], device)
    calibration = Calibration.of(card.calibration) if card.calibration else None
    tower = ImageTower(image, device, dtype, tuned, files["graph"])
    return StudioLite(card.name, card.version, tower, sentences, joint, device, calibration, known)
