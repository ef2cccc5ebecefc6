"""The trained joint of `studio-lite`: two small networks that meet in one space."""

import torch
from torch import nn

from studio.models._minilm import WIDTH
from studio.models.text_video import word_vectors
from studio.models.text_video.efficientnet import CLASSES, FEATURES
from studio.models.text_video.word_vectors import WordVectors, words_of

DIM = 512
HEADS = 8  # that pay attention to regions of a picture, each to its own part of the features
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
    """Image features and ImageNet logits, or sentences → unit vectors of `DIM`.

    The logits enter as the sentence vector of what the classifier believes: the posterior mixes the embeddings of
    the 1,000 class names, so that pictures arrive half-way translated into words. A sentence enters twice, as the
    sentence network read it and by its words; where those say that it is not English, by its words alone.
    """

    def __init__(self, drop: float = 0.4, text_drop: float = 0.2) -> None:
        super().__init__()
        self.names: torch.Tensor
        self.register_buffer("names", torch.zeros(CLASSES, WIDTH))
        self.attention = nn.Linear(FEATURES, HEADS)
        self.image_head = _Head(FEATURES + WIDTH, drop)
        self.words = WordVectors()
        self.english = nn.Linear(word_vectors.DIM, 1)
        self.text_head = _Head(WIDTH + word_vectors.DIM, text_drop)
        self.scale = nn.Parameter(torch.tensor(3.0))

    def pool(self, regions: torch.Tensor, kept: torch.Tensor | None = None) -> torch.Tensor:
        """Regions (B, P, 1280) → the features of the whole picture (B, 1280); of those only that `kept` (B, P) says."""
        attention = self.attention(regions / 2)
        if kept is not None:
            attention = attention.masked_fill(~kept[:, :, None], -1e4)
        heads = regions.view(*regions.shape[:2], HEADS, -1) * attention.softmax(1)[..., None]
        pooled: torch.Tensor = heads.sum(1).flatten(1)
        return pooled

    def image(self, features: torch.Tensor, logits: torch.Tensor) -> torch.Tensor:
        """(…, 1280) features and (…, 1000) logits → (…, 512)."""
        words = nn.functional.normalize((logits / 1.5).softmax(-1) @ self.names, dim=-1)
        # Rescaled to the magnitude a layer norm expects beside the 1,280 features.
        return self.image_head(torch.cat([features, words * WIDTH**0.5], -1))  # type: ignore[no-any-return]

    def text(self, sentences: torch.Tensor, texts: list[str]) -> torch.Tensor:
        """What the sentence network made of texts (B, 384), and the texts → (B, 512)."""
        words = self.words([words_of(text) for text in texts])
        return self.joined(sentences * (self.english(words) > 0), words)

    def joined(self, sentences: torch.Tensor, words: torch.Tensor) -> torch.Tensor:
        """Sentence vectors (…, 384), zeros for another language, and word vectors (…, 128) → (…, 512)."""
        return self.text_head(torch.cat([sentences * WIDTH**0.5, words], -1))  # type: ignore[no-any-return]

    def tokens(self, pieces: torch.Tensor) -> torch.Tensor:
        """Pieces of words as the sentence network reads them (…, 384) → (…, 512)."""
        return self.joined(pieces, pieces.new_zeros(*pieces.shape[:-1], word_vectors.DIM))
