"""Light-ASD (Liao et al., CVPR 2023) and LR-ASD (Liao et al., IJCV 2025): convolutions over space, then over time.

Both have the same shape: three blocks with pooling between them for the faces, three for the sound, a fusion, two
recurrent layers, one in each direction. Light-ASD has two parallel paths in a block, LR-ASD one longer one.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from studio.models.speaker.networks.parts import EPS, MOMENTUM, Gate, Head, Network, normalised

WIDTHS = (1, 32, 64, 128)


@dataclass(frozen=True)
class Modality:
    """How picture (N, C, T, Y, X) or sound (N, C, bands, T) is convolved: over space, or bands, and over time."""

    space_letter: str  # in the names of weights
    conv: Callable[..., nn.Module]
    norm: Callable[..., nn.Module]
    space: tuple[int, ...]  # which axes a kernel over space spans
    time: tuple[int, ...]
    stride: int  # of the very first convolution

    def kernel(self, axes: tuple[int, ...], size: int) -> tuple[int, ...]:
        return tuple(size if axis else 1 for axis in axes)

    def step(self, inside: int, outside: int, axes: tuple[int, ...], size: int, stride: int = 1) -> nn.Module:
        pad = tuple(size // 2 if axis else 0 for axis in axes)
        steps = tuple(stride if axis else 1 for axis in axes)
        return self.conv(inside, outside, self.kernel(axes, size), steps, pad, bias=False)

    def normed(self, channels: int) -> nn.Module:
        return self.norm(channels, eps=EPS, momentum=MOMENTUM)


PICTURE = Modality("s", nn.Conv3d, nn.BatchNorm3d, (0, 1, 1), (1, 0, 0), 2)
SOUND = Modality("m", nn.Conv2d, nn.BatchNorm2d, (1, 0), (0, 1), 1)


class Block(nn.Module):
    """Paths of (convolution, normalisation, ReLU), whose results are added."""

    paths: Sequence[Sequence[tuple[str, str]]] = ()  # names of convolution and normalisation, in order

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return sum((self._along(path, x) for path in self.paths), torch.zeros(()).to(x))

    def _along(self, path: Sequence[tuple[str, str]], x: torch.Tensor) -> torch.Tensor:
        for conv, norm in path:
            x = F.relu(getattr(self, norm)(getattr(self, conv)(x)), inplace=True)
        return x

    def _add(self, conv: str, norm: str, sense: Modality, inside: int, outside: int, *shape: Any) -> tuple[str, str]:
        self.add_module(conv, sense.step(inside, outside, *shape))
        self.add_module(norm, sense.normed(outside))
        return conv, norm


class Parallel(Block):
    """Kernels of 3 and of 5 side by side, each over space and then over time; then a mixing of channels."""

    def __init__(self, sense: Modality, inside: int, outside: int, stride: int) -> None:
        super().__init__()
        self.paths = [
            [
                self._add(f"{s}_{k}", f"bn_{s}_{k}", sense, inside, outside, sense.space, k, stride),
                self._add(f"t_{k}", f"bn_t_{k}", sense, outside, outside, sense.time, k),
            ]
            for s in sense.space_letter
            for k in (3, 5)
        ]
        self.mixing = [self._add("last", "bn_last", sense, outside, outside, sense.time, 1)]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self._along(self.mixing, super().forward(x))


class Serial(Block):
    """Kernels of 5 and 3 over space, then of 5 and 3 over time."""

    def __init__(self, sense: Modality, inside: int, outside: int, stride: int) -> None:
        super().__init__()
        s, half = sense.space_letter, outside // 2
        self.paths = [[
            self._add(f"{s}_1", f"{s}_norm_1", sense, inside, half, sense.space, 5, stride),
            self._add(f"{s}_2", f"{s}_norm_2", sense, half, outside, sense.space, 3),
            self._add("t_1", "t_norm_1", sense, outside, outside, sense.time, 5),
            self._add("t_2", "t_norm_2", sense, outside, outside, sense.time, 3),
        ]]  # fmt: skip


class Encoder(nn.Module):
    """Three blocks, pooled after the first two; what space is left is pooled at the end: (N, 1, …) → (N, T, 128)."""

    def __init__(self, block: Callable[[Modality, int, int, int], Block], sense: Modality) -> None:
        super().__init__()
        self.sense = sense
        self.block1, self.block2, self.block3 = (
            block(sense, WIDTHS[i], WIDTHS[i + 1], sense.stride if i == 0 else 1) for i in range(3)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.block3(self._pooled(self.block2(self._pooled(self.block1(x)))))
        rest = x.mean(2) if self.sense is SOUND else x.amax((3, 4))
        return rest.transpose(1, 2)

    def _pooled(self, x: torch.Tensor) -> torch.Tensor:
        if self.sense is SOUND:  # four rows of sound a frame become one
            return F.max_pool2d(x, (1, 3), (1, 2), (0, 1))
        return F.max_pool3d(x, (1, 3, 3), (1, 2, 2), (0, 1, 1))


class SequentialBiGRU(nn.Module):
    """Forward in time, then the result of that backward: (B, T, 128) → (B, T, 128)."""

    def __init__(self) -> None:
        super().__init__()
        self.gru_forward = nn.GRU(128, 128, batch_first=True)
        self.gru_backward = nn.GRU(128, 128, batch_first=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        once = F.gelu(self.gru_forward(x)[0])
        return F.gelu(self.gru_backward(once.flip(1))[0].flip(1))


class ParallelBiGRU(nn.Module):
    """Forward and backward in time, each by itself: (B, T, 256) → (B, T, 128)."""

    def __init__(self) -> None:
        super().__init__()
        self.gru_forward = nn.GRU(256, 64, batch_first=True)
        self.gru_backward = nn.GRU(256, 64, batch_first=True)
        self.attention = Gate(128)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        both = torch.cat([self.gru_forward(x)[0], self.gru_backward(x.flip(1))[0].flip(1)], dim=2)
        gated: torch.Tensor = self.attention(both.transpose(1, 2))
        return gated.transpose(1, 2)


class Added(nn.Module):
    """Light-ASD between input and logits."""

    def __init__(self) -> None:
        super().__init__()
        self.visualEncoder, self.audioEncoder = Encoder(Parallel, PICTURE), Encoder(Parallel, SOUND)
        self.GRU = SequentialBiGRU()

    def join(self, heard: torch.Tensor, seen: torch.Tensor) -> torch.Tensor:
        joined: torch.Tensor = self.GRU(heard + seen)
        return joined


class Gated(nn.Module):
    """LR-ASD between input and logits."""

    def __init__(self) -> None:
        super().__init__()
        self.visualEncoder, self.audioEncoder = Encoder(Serial, PICTURE), Encoder(Serial, SOUND)
        self.fusion = Gate(256)
        self.detector = ParallelBiGRU()

    def join(self, heard: torch.Tensor, seen: torch.Tensor) -> torch.Tensor:
        fused = self.fusion(torch.cat([heard, seen], dim=2).transpose(1, 2))
        joined: torch.Tensor = self.detector(fused.transpose(1, 2))
        return joined


class LightAsd(Network):
    """Light-ASD: 1.0 million parameters."""

    def __init__(self) -> None:
        super().__init__()
        self.model: Added | Gated = Added()
        self.lossAV, self.lossV = Head(128), Head(128)

    def encode_video(self, faces: torch.Tensor) -> torch.Tensor:
        seen: torch.Tensor = self.model.visualEncoder(normalised(faces).unsqueeze(1))
        return seen

    def encode_audio(self, rows: torch.Tensor) -> torch.Tensor:
        heard: torch.Tensor = self.model.audioEncoder(rows.unsqueeze(1).transpose(2, 3))
        return heard

    def fuse(self, heard: torch.Tensor, seen: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.lossAV(self.model.join(heard.expand_as(seen), seen))
        return logits


class LrAsd(LightAsd):
    """LR-ASD: 0.84 million parameters."""

    def __init__(self) -> None:
        super().__init__()
        self.model = Gated()
