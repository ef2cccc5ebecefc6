"""The parts the networks are made of. Everything is one video and one text: (length, WIDTH), no batch, no padding.

Attribute names are those of the official checkpoints, which load strictly. After Moment-DETR (Lei et al., NeurIPS
2021), QD-DETR (Moon et al., CVPR 2023) and CG-DETR (Moon et al. 2023), written from a description.
"""

from collections.abc import Callable

import torch
from torch import nn

WIDTH, HEADS, WIDE = 256, 8, 1024
WORDS = 32  # the longest text of the checkpoints

Activation = Callable[[], nn.Module]


def sines(values: torch.Tensor, width: int) -> torch.Tensor:
    """Values 0…1 (…,) → sine and cosine at `width` / 2 wavelengths up to 10000 times the first (…, width)."""
    place = torch.arange(width, device=values.device)
    rates = 10000.0 ** (2 * (place // 2) / width)
    angles = 2 * torch.pi * values[..., None] / rates
    return torch.where(place % 2 == 0, angles.sin(), angles.cos())


def places(count: int, device: torch.device) -> torch.Tensor:
    """Where each of `count` clips is in the video (count, WIDTH)."""
    return sines(torch.arange(1, count + 1, device=device) / (count + 1e-6), WIDTH)


class Input(nn.Module):
    """One step of the way into the network: norm, linear, and ReLU unless it is the last."""

    def __init__(self, inputs: int, last: bool) -> None:
        super().__init__()
        self.LayerNorm = nn.LayerNorm(inputs)
        self.net = nn.Sequential(nn.Dropout(0.5), nn.Linear(inputs, WIDTH))
        self._last = last

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = self.net(self.LayerNorm(x))
        return y if self._last else y.relu()


def entrance(inputs: int) -> nn.Sequential:
    """(N, inputs) → (N, WIDTH)."""
    return nn.Sequential(Input(inputs, last=False), Input(WIDTH, last=True))


class Perceptron(nn.Module):
    """Linear layers with ReLU between them; the hidden ones are WIDTH wide."""

    def __init__(self, outputs: int, depth: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(WIDTH, outputs if i == depth - 1 else WIDTH) for i in range(depth))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for layer in self.layers[:-1]:
            x = layer(x).relu()
        result: torch.Tensor = self.layers[-1](x)
        return result


class WordPlaces(nn.Module):
    """Part of every checkpoint, used by none of the three networks."""

    def __init__(self) -> None:
        super().__init__()
        self.position_embeddings = nn.Embedding(WORDS, WIDTH)
        self.LayerNorm = nn.LayerNorm(WIDTH)


class BareAttention(nn.Module):
    """Attention of HEADS heads over queries and keys as they come; only the result is projected."""

    def __init__(self) -> None:
        super().__init__()
        self.out_proj = nn.Linear(WIDTH, WIDTH)

    def forward(
        self, queries: torch.Tensor, keys: torch.Tensor, values: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """(N, D), (M, D), (V, WIDTH), V ≤ M → (N, WIDTH) and the heads' mean weights (N, M).

        Values belong to the last V keys; what attention the others get is lost.
        """
        q, k, v = (x.view(len(x), HEADS, x.shape[1] // HEADS).transpose(0, 1) for x in (queries, keys, values))
        weights = (q @ k.transpose(1, 2) * q.shape[2] ** -0.5).softmax(2)
        seen = weights[:, :, len(keys) - len(values) :] @ v
        return self.out_proj(seen.transpose(0, 1).flatten(1)), weights.mean(0)


class Feeding(nn.Module):
    """The second half of every layer; subclasses bring the attention, and a norm after each step."""

    def __init__(self, activation: Activation) -> None:
        super().__init__()
        self.linear1, self.linear2 = nn.Linear(WIDTH, WIDE), nn.Linear(WIDE, WIDTH)
        self.norm1, self.norm2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.activation = activation()

    def feed(self, x: torch.Tensor) -> torch.Tensor:
        """(N, WIDTH) → (N, WIDTH), to be added to x."""
        result: torch.Tensor = self.linear2(self.activation(self.linear1(x)))
        return result


class SelfLayer(Feeding):
    """Every position looks at every other."""

    def __init__(self, activation: Activation) -> None:
        super().__init__(activation)
        self.self_attn = nn.MultiheadAttention(WIDTH, HEADS)

    def forward(self, x: torch.Tensor, place: torch.Tensor) -> torch.Tensor:
        at = x + place
        x = self.norm1(x + self.self_attn(at, at, x, need_weights=False)[0])
        result: torch.Tensor = self.norm2(x + self.feed(x))
        return result


class WordLayer(Feeding):
    """Every clip looks at the words."""

    def __init__(self, activation: Activation, attention: nn.Module) -> None:
        super().__init__(activation)
        self.self_attn = attention

    def forward(
        self, video: torch.Tensor, place: torch.Tensor, keys: torch.Tensor, words: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """(N, WIDTH), its places, (M, WIDTH), (V, WIDTH) → (N, WIDTH) and weights (N, M)."""
        seen, weights = self.self_attn(video + place, keys, words)
        video = video + seen
        return self.norm2(video + self.feed(self.norm1(video))), weights


class Stack(nn.Module):
    """Layers one after another under the name the checkpoints give them."""

    def __init__(self, layers: list[nn.Module]) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)


class SelfStack(Stack):
    """SelfLayers."""

    def __init__(self, depth: int, activation: Activation) -> None:
        super().__init__([SelfLayer(activation) for _ in range(depth)])

    def forward(self, x: torch.Tensor, place: torch.Tensor) -> torch.Tensor:
        for layer in self.layers:
            x = layer(x, place)
        return x


class WordStack(Stack):
    """WordLayers; the weights (N, M) are the layers' mean."""

    def forward(
        self, video: torch.Tensor, place: torch.Tensor, keys: torch.Tensor, words: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        seen = []
        for layer in self.layers:
            video, weights = layer(video, place, keys, words)
            seen.append(weights)
        return video, torch.stack(seen).mean(0)
