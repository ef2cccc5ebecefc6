"""`studio-lite`: the encoder that ships with the product, offline and fast on a laptop CPU."""

import io
import time
from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import safetensors.torch
import torch
from torch import nn

from models._arrays import as_frames, as_texts
from models._minilm import Sentences
from models._torch import halving
from models.registry import ModelCard
from models.text_video.image_tower import GRID, SIDE, ImageTower
from models.text_video.projection import DIM, Projection


class StudioLite:
    """EfficientNet-Lite2 and MiniLM, frozen, joined by a projection trained on captioned photos."""

    dim = DIM

    def __init__(
        self, name: str, version: str, tower: ImageTower, sentences: Sentences, joint: Projection, device: str
    ):
        self.name = name
        self.version = version
        self._tower = tower
        self._sentences = sentences
        self._joint = joint.eval().to(device)
        self._device = device

    def frame_size(self, width: int, height: int) -> tuple[int, int]:
        """Always 260 × 260: whole frames, squashed. The training photos were squashed alike, and a moment at the
        edge of a wide frame must stay findable."""
        return SIDE, SIDE

    def encode_frames(self, frames: npt.NDArray[np.uint8], tokens: bool = False) -> npt.NDArray[np.float32]:
        """See `TextVideoEncoder`. With tokens P = 9, a 3×3 grid of regions."""
        frames = as_frames(frames)

        def forward(part: npt.NDArray[Any], device: str) -> torch.Tensor:
            self._joint.to(device)
            regions = self._tower.regions(torch.from_numpy(part).to(device))
            features = regions if tokens else regions.mean(1)
            return self._joint.image(features, self._tower.logits(features))

        empty = (GRID * GRID, DIM) if tokens else (DIM,)
        return halving(forward, frames, *empty, batch=32, device=self._device)

    def encode_text(self, texts: list[str], tokens: bool = False) -> Any:
        """See `TextVideoEncoder`. L is the longest text's number of word pieces."""
        texts = as_texts(texts)
        if not texts:
            none = np.zeros((0, DIM), np.float32)
            return (none[:, None, :], np.zeros((0, 1), np.bool_)) if tokens else none
        with torch.inference_mode():
            if not tokens:
                return self._text(self._sentences.vectors(texts))
            _, words, mask = self._sentences.encode(texts)
            return self._text(nn.functional.normalize(words, dim=-1)), mask.numpy()

    def _text(self, vectors: torch.Tensor) -> npt.NDArray[np.float32]:
        device = next(self._joint.parameters()).device
        result: npt.NDArray[np.float32] = self._joint.text(vectors.to(device)).cpu().numpy()
        return result


def build(files: Mapping[str, bytes], card: ModelCard, device: str) -> StudioLite:
    """For the registry."""
    image = torch.load(io.BytesIO(files["image"]), weights_only=True, map_location="cpu")
    dtype = _cpu_dtype() if device == "cpu" else torch.float32
    joint = Projection()
    joint.load_state_dict({k: v.float() for k, v in safetensors.torch.load(files["projection"]).items()})
    sentences = Sentences(safetensors.torch.load(files["text"]), files["tokenizer"], device)
    return StudioLite(card.name, card.version, ImageTower(image, device, dtype), sentences, joint, device)


@cache
def _cpu_dtype() -> torch.dtype:
    """fp16 where this CPU runs it faster than fp32, measured once in about 50 ms on one typical block.

    Weights are cast; autocast is slower than fp32 at small batches. On photos the embeddings' least cosine with fp32
    was .99998 for fp16 and .9987 for bf16 at the same speed, and activations stay small, so bf16 has nothing to offer.
    """
    x = torch.randn(8, 288, 33, 33).to(memory_format=torch.channels_last)
    wide, deep = torch.randn(288, 288, 1, 1), torch.randn(288, 1, 5, 5)

    def seconds(dtype: torch.dtype) -> float:
        a, w, d = x.to(dtype), wide.to(dtype), deep.to(dtype)
        best = float("inf")
        with torch.inference_mode():
            for _ in range(4):
                start = time.perf_counter()
                nn.functional.conv2d(nn.functional.conv2d(a, w), d, padding=2, groups=288)
                best = min(best, time.perf_counter() - start)
        return best

    return torch.float16 if seconds(torch.float16) < 0.8 * seconds(torch.float32) else torch.float32
