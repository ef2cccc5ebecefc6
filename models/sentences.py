"""What a sentence means as a vector: lines of a transcript and texts on a screen are compared by it."""

from collections.abc import Mapping

import numpy as np
import safetensors.torch

from studio.models._minilm import WIDTH, Sentences
from studio.models._validation import as_texts
from studio.models.architectures import architecture
from studio.models.card import ModelCard
from studio.models.interfaces import Floats


class SentenceEmbedding:
    """MiniLM, six layers, as sentence-transformers trained it on a billion pairs of sentences (Reimers and Gurevych,
    EMNLP 2019)."""

    dim = WIDTH

    def __init__(self, name: str, version: str, sentences: Sentences):
        self.name = name
        self.version = version
        self._sentences = sentences

    def encode(self, texts: list[str]) -> Floats:
        """M texts → float32 (M, dim), unit length. Raises ValueError for other input."""
        texts = as_texts(texts, "texts")
        found: Floats = self._sentences.vectors(texts).numpy() if texts else np.zeros((0, self.dim), np.float32)
        return found


@architecture("minilm")
def build(files: Mapping[str, bytes], card: ModelCard, device: str) -> SentenceEmbedding:
    """From a card and the checked bytes of its files."""
    sentences = Sentences(safetensors.torch.load(files["weights"]), files["tokenizer"], device)
    return SentenceEmbedding(card.name, card.version, sentences)
