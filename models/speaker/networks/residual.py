"""The deep front-ends: faces through a ResNet-18 whose first layer sees motion, and sound through an SE-ResNet-34.

From TalkNet (Tao et al., ACM MM 2021); LoCoNet (Wang et al., CVPR 2024) uses the one for faces.
"""

from collections.abc import Iterator

import torch
from torch import nn
from torch.nn import functional as F

from studio.models.speaker.networks.parts import EPS, MOMENTUM, Attention

_PIECE, _REACH = 64, 2  # frames at a time, and how far to either side the first layer looks


class PreActivated(nn.Module):
    """Two residual steps, each of two convolutions; the second begins normalised."""

    def __init__(self, inside: int, outside: int, stride: int, downsample: bool) -> None:
        super().__init__()
        self.conv1a = nn.Conv2d(inside, outside, 3, stride, 1, bias=False)
        self.bn1a = nn.BatchNorm2d(outside, eps=EPS, momentum=MOMENTUM)
        self.conv2a = nn.Conv2d(outside, outside, 3, 1, 1, bias=False)
        self.downsample = nn.Conv2d(inside, outside, 1, stride, bias=False) if downsample else None
        self.changes = stride != 1 or inside != outside
        self.outbna = nn.BatchNorm2d(outside, eps=EPS, momentum=MOMENTUM)
        self.conv1b = nn.Conv2d(outside, outside, 3, 1, 1, bias=False)
        self.bn1b = nn.BatchNorm2d(outside, eps=EPS, momentum=MOMENTUM)
        self.conv2b = nn.Conv2d(outside, outside, 3, 1, 1, bias=False)
        self.outbnb = nn.BatchNorm2d(outside, eps=EPS, momentum=MOMENTUM)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        straight = self.downsample(x) if self.changes and self.downsample is not None else x
        u = self.conv2a(F.relu(self.bn1a(self.conv1a(x)))) + straight
        y = self.conv2b(F.relu(self.bn1b(self.conv1b(F.relu(self.outbna(u)))))) + u
        return F.relu(self.outbnb(y))


class Residual(nn.Module):
    """(N, 64, 28, 28) → (N, 512). TalkNet's checkpoints hold a layer that is never used; `idle` makes room for it."""

    def __init__(self, idle: bool) -> None:
        super().__init__()
        self.layer1 = PreActivated(64, 64, 1, idle)
        self.layer2 = PreActivated(64, 128, 2, True)
        self.layer3 = PreActivated(128, 256, 2, True)
        self.layer4 = PreActivated(256, 512, 2, True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.avg_pool2d(self.layer4(self.layer3(self.layer2(self.layer1(x)))), 4).flatten(1)


class Frontend(nn.Module):
    """Normalised faces (T, 112, 112), one sequence → (T, 512).

    A long sequence is read in pieces, with the frames around them that the first layer sees: the result is the same.
    """

    def __init__(self, idle: bool) -> None:
        super().__init__()
        self.frontend3D = nn.Sequential(
            nn.Conv3d(1, 64, (5, 7, 7), (1, 2, 2), (2, 3, 3), bias=False),
            nn.BatchNorm3d(64, eps=EPS, momentum=MOMENTUM),
            nn.ReLU(),
            nn.MaxPool3d((1, 3, 3), (1, 2, 2), (0, 1, 1)),
        )
        self.resnet = Residual(idle)

    def forward(self, faces: torch.Tensor) -> torch.Tensor:
        return torch.cat(list(self._pieces(faces)))

    def _pieces(self, faces: torch.Tensor) -> Iterator[torch.Tensor]:
        for start in range(0, len(faces), _PIECE):
            low, high = max(0, start - _REACH), start + _PIECE + _REACH
            seen = self.frontend3D(faces[low:high][None, None])[0].transpose(0, 1)
            yield self.resnet(seen[start - low :][:_PIECE])


class WholeNorm(nn.Module):
    """(B, C, T) normalised over all channels and times at once."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(1, channels, 1))
        self.beta = nn.Parameter(torch.zeros(1, channels, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        mean = x.mean((1, 2), keepdim=True)
        spread = ((x - mean) ** 2).mean((1, 2), keepdim=True)
        return self.gamma * (x - mean) / (spread + 1e-8).sqrt() + self.beta


class Temporal(nn.Module):
    """One residual step over time: (B, 512, T) → the same."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(
            nn.ReLU(), nn.BatchNorm1d(512), nn.Conv1d(512, 512, 3, 1, 1, groups=512, bias=False), nn.PReLU(),
            WholeNorm(512), nn.Conv1d(512, 512, 1, bias=False),
        )  # fmt: skip

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = self.net(x)
        return x + y


class Stack(nn.Module):
    """Layers under the name `net`."""

    def __init__(self, *layers: nn.Module) -> None:
        super().__init__()
        self.net = nn.Sequential(*layers)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = self.net(x)
        return y


class Deep(nn.Module):
    """What TalkNet and LoCoNet share: faces read deeply, and sound and picture attending to each other."""

    def __init__(self, idle: bool) -> None:
        super().__init__()
        self.visualFrontend = Frontend(idle)
        self.visualTCN = Stack(*(Temporal() for _ in range(5)))
        self.visualConv1D = Stack(
            nn.Conv1d(512, 256, 5, padding=2), nn.BatchNorm1d(256), nn.ReLU(), nn.Conv1d(256, 128, 1)
        )
        self.crossA2V, self.crossV2A = Attention(128), Attention(128)

    def faces(self, x: torch.Tensor) -> torch.Tensor:
        """Normalised faces (K, T, 112, 112) → (K, T, 128)."""
        seen = torch.stack([self.visualFrontend(track) for track in x]).transpose(1, 2)
        narrow: torch.Tensor = self.visualConv1D(self.visualTCN(seen))
        return narrow.transpose(1, 2)

    def cross(self, heard: torch.Tensor, seen: torch.Tensor) -> torch.Tensor:
        """(1 or K, T, 128) and (K, T, 128) → (K, T, 256)."""
        heard = heard.expand_as(seen)
        return torch.cat([self.crossA2V(heard, seen), self.crossV2A(seen, heard)], dim=2)


class Squeeze(nn.Module):
    """Each channel of (N, C, …) weighed by what all of them say, the same everywhere."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.fc = nn.Sequential(
            nn.Linear(channels, channels // 8), nn.ReLU(), nn.Linear(channels // 8, channels), nn.Sigmoid()
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        weights: torch.Tensor = self.fc(x.mean((2, 3)))
        return x * weights[:, :, None, None]


class Squeezed(nn.Module):
    """A residual block with squeeze and excitation; its activation comes before its normalisation."""

    def __init__(self, inside: int, outside: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inside, outside, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outside)
        self.conv2 = nn.Conv2d(outside, outside, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outside)
        self.se = Squeeze(outside)
        same = stride == 1 and inside == outside
        short = nn.Sequential(nn.Conv2d(inside, outside, 1, stride, bias=False), nn.BatchNorm2d(outside))
        self.downsample = None if same else short

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        straight = x if self.downsample is None else self.downsample(x)
        y = self.se(self.bn2(self.conv2(self.bn1(F.relu(self.conv1(x))))))
        return F.relu(y + straight)


class Cepstra(nn.Module):
    """MFCC (1, 4T, 13) → (1, T, 128)."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 7, (2, 1), 3, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        inside = 16
        for number, (outside, blocks, stride) in enumerate(((16, 3, 1), (32, 4, 2), (64, 6, 2), (128, 3, 1)), 1):
            chain = [Squeezed(inside, outside, stride), *(Squeezed(outside, outside, 1) for _ in range(blocks - 1))]
            self.add_module(f"layer{number}", nn.Sequential(*chain))
            inside = outside

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        x = F.relu(self.bn1(self.conv1(rows.unsqueeze(1).transpose(2, 3))))
        for number in range(1, 5):
            x = getattr(self, f"layer{number}")(x)
        return x.mean(2).transpose(1, 2)
