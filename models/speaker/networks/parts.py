"""Parts that several active-speaker networks share."""

import torch
from torch import nn
from torch.nn import functional as F

EPS, MOMENTUM = 1e-3, 0.01  # of the visual front-ends' normalisation
_MEAN, _DEVIATION = 0.4161, 0.1688  # of gray faces 0…1, in all of these networks


def normalised(faces: torch.Tensor) -> torch.Tensor:
    """Gray faces 0…255, any shape → what the networks were trained on."""
    return (faces / 255 - _MEAN) / _DEVIATION


class Head(nn.Module):
    """Features (…, D) → logits (…, 2): not speaking, speaking. A layer of its own, as in the checkpoints."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.FC = nn.Linear(width, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.FC(x)
        return logits


class Gate(nn.Module):
    """(B, C, T) weighed, each channel at each time, by what all channels say about it."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.attention = nn.Conv1d(channels, channels, 1, bias=False)
        self.bn = nn.BatchNorm1d(channels, eps=EPS, momentum=MOMENTUM)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        weight: torch.Tensor = self.bn(self.attention(x)).sigmoid()
        return x * weight


class Attention(nn.Module):
    """One transformer layer in which `asks` (B, T, D) attends to `told` (B, T, D).

    What is carried on beside the attention is `told`, although `asks` is the query: so the networks were trained.
    """

    def __init__(self, width: int, heads: int = 8) -> None:
        super().__init__()
        self.self_attn = nn.MultiheadAttention(width, heads, batch_first=True)
        self.linear1, self.linear2 = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)

    def forward(self, told: torch.Tensor, asks: torch.Tensor) -> torch.Tensor:
        found = self.self_attn(asks, told, told, need_weights=False)[0]
        x = self.norm1(told + found)
        y: torch.Tensor = self.norm2(x + self.linear2(F.relu(self.linear1(x))))
        return y


class Network(nn.Module):
    """An active-speaker network: K faces (K, T, 112, 112), 0…255, and one sound, four rows a frame.

    `encode_video` and `encode_audio` give (K, T, 128) and (1, T, 128); `fuse` gives logits (K, T, 2) from both. They
    are apart so that each is computed once.
    """

    together = False  # whether it reads the tracks of a scene beside each other, with log-mel instead of cepstra

    def encode_video(self, faces: torch.Tensor) -> torch.Tensor:
        raise NotImplementedError

    def encode_audio(self, rows: torch.Tensor) -> torch.Tensor:
        raise NotImplementedError

    def fuse(self, heard: torch.Tensor, seen: torch.Tensor) -> torch.Tensor:
        raise NotImplementedError
