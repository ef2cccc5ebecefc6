"""LoCoNet (Wang et al., CVPR 2024): each speaker over all of the time, beside two others over a short one."""

import torch
from torch import nn
from torch.nn import functional as F

from studio.models.speaker.networks.parts import Attention, Head, Network, normalised
from studio.models.speaker.networks.residual import Deep

SPEAKERS = 3  # that are read together: the one in question and two others
_WIDTH = 256
_FINE, _COARSE = 10, 15  # layers of the sound stack after which it has 256 and 512 channels


class AudioEncoder(nn.Module):
    """Log-mel (1, 4T, 64) → (1, T, 128): a VGG stack, its last two resolutions joined."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        inside = 1
        for width in (64, 0, 128, 0, 256, 256, 0, 512, 512):  # 0: pooling
            layers += [nn.Conv2d(inside, width, 3, padding=1), nn.ReLU()] if width else [nn.MaxPool2d(2, 2)]
            inside = width or inside
        self.features = nn.Sequential(*layers)
        self.deconv = nn.ConvTranspose2d(512, 256, 2, 2)
        self.conv1 = nn.Conv2d(512, 256, 1)
        self.conv2 = nn.Conv2d(256, 128, 1)

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        count = rows.shape[1] // 4
        x = F.pad(rows, (0, 0, 0, 8 - rows.shape[1] % 8)).unsqueeze(1)
        fine = self.features[:_FINE](x)
        coarse = self.deconv(self.features[_FINE:_COARSE](fine))
        both = self.conv2(self.conv1(torch.cat([fine, coarse], dim=1)))
        narrow: torch.Tensor = both.mean(3).transpose(1, 2)[:, :count]
        return narrow


class ShortTermConv(nn.Module):
    """All SPEAKERS beside each other over seven frames: (SPEAKERS, T, 256) → the same."""

    def __init__(self) -> None:
        super().__init__()
        self.conv2d = nn.Conv2d(_WIDTH, _WIDTH * SPEAKERS, (SPEAKERS, 7), padding=(0, 3))
        self.ln = nn.LayerNorm(_WIDTH)
        self.conv2d_1x1 = nn.Linear(_WIDTH, 2 * _WIDTH)  # on each frame: a convolution of size 1
        self.conv2d_1x1_2 = nn.Linear(2 * _WIDTH, _WIDTH)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        found = self.conv2d(x.permute(2, 0, 1)[None]).view(_WIDTH, SPEAKERS, -1).permute(1, 2, 0)
        y: torch.Tensor = self.conv2d_1x1_2(F.gelu(self.conv2d_1x1(self.ln(found))))
        return x + y


class Encoder(Deep):
    """LoCoNet between input and logits."""

    def __init__(self) -> None:
        super().__init__(idle=False)
        self.audioEncoder = AudioEncoder()
        self.convAV = nn.ModuleList(layer for _ in range(3) for layer in (ShortTermConv(), Attention(_WIDTH)))

    def company(self, both: torch.Tensor) -> torch.Tensor:
        """(SPEAKERS, T, 256) → the same, after three turns of short and long."""
        for layer in self.convAV:
            both = layer(both, both) if isinstance(layer, Attention) else layer(both)
        return both


class LoCoNet(Network):
    """LoCoNet: 34.3 million parameters."""

    together = True

    def __init__(self) -> None:
        super().__init__()
        self.model = Encoder()
        self.lossAV, self.lossA, self.lossV = Head(_WIDTH), Head(128), Head(128)

    def encode_video(self, faces: torch.Tensor) -> torch.Tensor:
        return self.model.faces(normalised(faces))

    def encode_audio(self, rows: torch.Tensor) -> torch.Tensor:
        heard: torch.Tensor = self.model.audioEncoder(rows)
        return heard

    def fuse(self, heard: torch.Tensor, seen: torch.Tensor) -> torch.Tensor:
        both = self.model.cross(heard, seen)
        company = [[both[(k + i) % len(both)] for i in range(SPEAKERS)] for k in range(len(both))]
        return torch.stack([self.lossAV(self.model.company(torch.stack(three))[0]) for three in company])
