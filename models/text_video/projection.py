"""The trained joint of `studio-lite`: two small networks that meet in one space."""

import torch
from torch import nn

from studio.models._minilm import WIDTH
from studio.models.text_video.efficientnet import CLASSES, FEATURES

DIM = 512
_HIDDEN = 1024


class _Head(nn.Module):
    """A linear path beside a hidden layer: with few training pairs the linear path carries most."""

    def __init__(self, inputs: int, drop: float) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(inputs)
        self.drop = nn.Dropout(drop)
        self.straight = nn.Linear(inputs, DIM)
        self.inner = nn.Linear(inputs, _HIDDEN)
        self.outer = nn.Linear(_HIDDEN, DIM)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.drop(self.norm(x))
        y = self.straight(x) + self.outer(self.drop(nn.functional.gelu(self.inner(x))))
        return nn.functional.normalize(y, dim=-1)


class Projection(nn.Module):
    """Image features and ImageNet logits, or sentence vectors → unit vectors of `DIM`.

    The logits enter as the sentence vector of what the classifier believes: the posterior mixes the embeddings of
    the 1,000 class names, so that pictures arrive half-way translated into words.
    """

    def __init__(self, drop: float = 0.3) -> None:
        super().__init__()
        self.names: torch.Tensor
        self.register_buffer("names", torch.zeros(CLASSES, WIDTH))
        self.image_head = _Head(FEATURES + WIDTH, drop)
        self.text_head = _Head(WIDTH, drop)
        self.scale = nn.Parameter(torch.tensor(3.0))

    def image(self, features: torch.Tensor, logits: torch.Tensor) -> torch.Tensor:
        """(…, 1280) mean features and (…, 1000) logits → (…, 512)."""
        words = nn.functional.normalize((logits / 1.5).softmax(-1) @ self.names, dim=-1)
        # Rescaled to the magnitude a layer norm expects beside the 1,280 features.
        return self.image_head(torch.cat([features, words * WIDTH**0.5], -1))  # type: ignore[no-any-return]

    def text(self, sentences: torch.Tensor) -> torch.Tensor:
        """(…, 384) → (…, 512)."""
        return self.text_head(sentences * WIDTH**0.5)  # type: ignore[no-any-return]
