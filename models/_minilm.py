"""all-MiniLM-L6-v2 (Wang et al. 2020; Reimers & Gurevych 2019): sentences → vectors of 384 numbers.

A BERT encoder of six layers written here in plain torch: importing a whole model library takes longer than
embedding a query. Attribute names follow the official file, which loads strictly. Shared by the text tower of
`studio-lite` and by the dialogue emotions.
"""

from contextlib import nullcontext

import torch
from tokenizers import Tokenizer
from torch import nn

from studio.models._torch import one_thread

WIDTH = 384
FEW = 4  # texts, which take less time than threads wait for each other
_HEADS, _LAYERS, _INNER, _EPS = 12, 6, 1536, 1e-12


class _Self(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.query = nn.Linear(WIDTH, WIDTH)
        self.key = nn.Linear(WIDTH, WIDTH)
        self.value = nn.Linear(WIDTH, WIDTH)

    def forward(self, x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        def heads(y: torch.Tensor) -> torch.Tensor:
            return y.view(*y.shape[:2], _HEADS, -1).transpose(1, 2)

        q, k, v = heads(self.query(x)), heads(self.key(x)), heads(self.value(x))
        y: torch.Tensor = nn.functional.scaled_dot_product_attention(q, k, v, mask)
        return y.transpose(1, 2).flatten(2)


class _Output(nn.Module):
    """Dense layer, residual, layer norm: BERT normalises after adding."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.dense = nn.Linear(inputs, WIDTH)
        self.LayerNorm = nn.LayerNorm(WIDTH, eps=_EPS)

    def forward(self, x: torch.Tensor, residual: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = self.LayerNorm(self.dense(x) + residual)
        return y


class _Layer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.ModuleDict({"self": _Self(), "output": _Output(WIDTH)})
        self.intermediate = nn.ModuleDict({"dense": nn.Linear(WIDTH, _INNER)})
        self.output = _Output(_INNER)

    def forward(self, x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        x = self.attention["output"](self.attention["self"](x, mask), x)
        y: torch.Tensor = self.output(nn.functional.gelu(self.intermediate["dense"](x)), x)
        return y


class _Embeddings(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.word_embeddings = nn.Embedding(30522, WIDTH)
        self.position_embeddings = nn.Embedding(512, WIDTH)
        self.token_type_embeddings = nn.Embedding(2, WIDTH)
        self.LayerNorm = nn.LayerNorm(WIDTH, eps=_EPS)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        places = torch.arange(ids.shape[1], device=ids.device)
        sum_ = self.word_embeddings(ids) + self.position_embeddings(places)
        y: torch.Tensor = self.LayerNorm(sum_ + self.token_type_embeddings.weight[0])
        return y


class MiniLM(nn.Module):
    """(B, L) token ids and mask → (B, L, 384) contextual tokens. `pool` makes sentence vectors of them."""

    def __init__(self, weights: dict[str, torch.Tensor]) -> None:
        super().__init__()
        with torch.device("meta"):  # no first weights are drawn, which these would replace
            self.embeddings = _Embeddings()
            layers = nn.ModuleList(_Layer() for _ in range(_LAYERS))
        self.encoder = nn.ModuleDict({"layer": layers})
        unused = ("pooler.", "embeddings.position_ids")  # a constant, and a head that sentence vectors skip
        self.load_state_dict({k: v for k, v in weights.items() if not k.startswith(unused)}, assign=True)
        self.eval()

    def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        x: torch.Tensor = self.embeddings(ids)
        visible = mask[:, None, None, :].bool()
        for layer in self.encoder["layer"].children():
            x = layer(x, visible)
        return x


def pool(tokens: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Mean over the real tokens, then unit length: (B, L, 384) and (B, L) → (B, 384)."""
    weight = mask.unsqueeze(2).to(tokens.dtype)
    mean = (tokens * weight).sum(1) / weight.sum(1).clamp_min(1)
    return nn.functional.normalize(mean, dim=1)


class Sentences:
    """Tokenizer and MiniLM together. `encode` is the only thing a caller needs."""

    def __init__(self, weights: dict[str, torch.Tensor], tokenizer: bytes, device: str, length: int = 128):
        self._net = MiniLM(weights).to(device)
        self._device = device
        self._tokenizer = Tokenizer.from_str(tokenizer.decode("utf-8"))
        self._tokenizer.enable_truncation(length)
        self._tokenizer.enable_padding()

    def has(self, word: str) -> bool:
        """Whether a word is one piece of the vocabulary, and not put together from pieces."""
        encoding = self._tokenizer.encode(word, add_special_tokens=False)
        return len(encoding.ids) == 1 and encoding.tokens[0] != "[UNK]"

    def encode(self, texts: list[str]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """B texts → sentence vectors (B, 384), tokens (B, L, 384), mask bool (B, L), on the CPU.

        L is the longest text's number of word pieces, at most `length`; an empty text still has two.
        """
        encodings = self._tokenizer.encode_batch(texts)
        ids = torch.tensor([e.ids for e in encodings], device=self._device)
        mask = torch.tensor([e.attention_mask for e in encodings], device=self._device)
        with torch.inference_mode(), one_thread() if len(texts) <= FEW else nullcontext():
            tokens = self._net(ids, mask)
            vectors = pool(tokens, mask)
        return vectors.cpu(), tokens.cpu(), mask.bool().cpu()

    def vectors(self, texts: list[str], batch: int = 64) -> torch.Tensor:
        """Any number of texts → (B, 384). Texts of like length share a batch: padding is wasted work."""
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        out = torch.zeros(len(texts), WIDTH)
        for start in range(0, len(order), batch):
            part = order[start : start + batch]
            out[part] = self.encode([texts[i] for i in part])[0]
        return out
