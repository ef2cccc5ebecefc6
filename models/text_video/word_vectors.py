"""A sentence by its words, each by its parts: vectors of character n-grams (fastText: Bojanowski et al. 2017).

For a language that the sentence network does not read, and for what a caption is about in both: trained on what people
said of the same photos in English and German, so that “Hund” and “dog” lie in one place.
"""

import re
import unicodedata
import zlib
from functools import lru_cache

import torch
from torch import nn

BUCKETS, DIM, HEADS = 2**15, 128, 4
LENGTHS = (3, 4, 5)  # characters of an n-gram
MOST = 48  # words of a sentence that are read
_WORD = re.compile(r"\w+", re.UNICODE)


def words_of(text: str) -> list[str]:
    """The first MOST words of a text, in lower case; one empty word where there is none."""
    return _WORD.findall(unicodedata.normalize("NFC", text).lower())[:MOST] or [""]


@lru_cache(maxsize=50_000)
def buckets(word: str) -> tuple[int, ...]:
    """Where the vectors of a word's parts lie: of itself and its n-grams, with marks for its beginning and end."""
    marked = f"<{word}>"
    grams = {marked, *(marked[i : i + n] for n in LENGTHS for i in range(len(marked) - n + 1))}
    return tuple(sorted(zlib.crc32(gram.encode()) % BUCKETS for gram in grams))


class WordVectors(nn.Module):
    """Sentences → vectors (B, DIM): a word is the mean of its parts, a sentence the mean of its words weighted by how
    much each of HEADS pays attention to them."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.EmbeddingBag(BUCKETS, DIM, mode="mean")
        self.score = nn.Linear(DIM, HEADS)

    def forward(self, sentences: list[list[str]]) -> torch.Tensor:
        """Lists of words, none empty → (B, DIM)."""
        device = self.table.weight.device
        place = {word: i for i, word in enumerate(dict.fromkeys(word for words in sentences for word in words))}
        parts = [buckets(word) for word in place]
        starts = torch.tensor([0, *(len(part) for part in parts[:-1])], device=device).cumsum(0)
        vectors = self.table(torch.tensor([i for part in parts for i in part], device=device), starts)
        said = vectors[torch.tensor([place[word] for words in sentences for word in words], device=device)]
        lengths = torch.tensor([len(words) for words in sentences], device=device)
        owner = torch.repeat_interleave(torch.arange(len(sentences), device=device), lengths)
        weight = self.score(said).exp()
        total = weight.new_zeros(len(sentences), HEADS).index_add(0, owner, weight)
        heads = said.view(len(said), HEADS, -1) * (weight / total[owner])[:, :, None]
        found: torch.Tensor = said.new_zeros(len(sentences), DIM).index_add(0, owner, heads.flatten(1))
        return found
