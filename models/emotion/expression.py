"""Seven facial expressions from a small residual network on 48×48 gray faces."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import safetensors.torch
import torch
from torch import nn

from studio.models._torch import with_smaller_batches
from studio.models._validation import as_frames
from studio.models.architectures import architecture
from studio.models.card import ModelCard

SIDE = 48
"""The network reads square gray faces of this many pixels, the size of FER2013 (Goodfellow et al. 2013)."""

CUT = 2
"""Pixels that a look leaves out at a side; the card says what else was tried."""

LABELS = ("angry", "disgust", "fear", "happy", "neutral", "sad", "surprise")


class _Residual(nn.Module):
    """Two 3×3 convolutions beside a 1×1 one; `stride` is paid by an average pool on the short path."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.first_norm = nn.BatchNorm2d(outputs)
        self.second = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.second_norm = nn.BatchNorm2d(outputs)
        self.pool = nn.AvgPool2d(stride) if stride > 1 else nn.Identity()
        self.short = nn.Conv2d(inputs, outputs, 1, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = torch.relu(self.first_norm(self.first(x)))
        y = self.second_norm(self.second(y))
        return torch.relu(y + self.short(self.pool(x)))


class ExpressionNet(nn.Module):
    """(N, 1, 48, 48) standardised faces → (N, 7) logits in the order of `LABELS`; 0.7 M parameters."""

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        self.stem = nn.Conv2d(1, width, 3, 1, 1, bias=False)
        self.stem_norm = nn.BatchNorm2d(width)
        self.pool = nn.MaxPool2d(2)
        self.stages = nn.Sequential(
            _Residual(width, width * 3 // 2, 1),
            _Residual(width * 3 // 2, width * 3, 2),
            _Residual(width * 3, width * 6, 2),
        )
        self.drop = nn.Dropout(0.4)
        self.head = nn.Linear(width * 6, len(LABELS))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.pool(torch.relu(self.stem_norm(self.stem(x))))
        features: torch.Tensor = self.stages(y).mean(dim=(2, 3))
        logits: torch.Tensor = self.head(self.drop(features))
        return logits


def network(weights: Mapping[str, torch.Tensor]) -> ExpressionNet:
    """The network that these weights are of."""
    net = ExpressionNet(width=len(weights["stem.weight"]))
    net.load_state_dict(dict(weights))
    return net


def standardise(gray: torch.Tensor) -> torch.Tensor:
    """Zero mean and unit deviation per face: lighting and contrast say nothing about an expression.

    `gray` is (N, 1, H, W) in 0…255. A face without any contrast becomes zeros.
    """
    mean = gray.mean(dim=(1, 2, 3), keepdim=True)
    deviation = gray.std(dim=(1, 2, 3), keepdim=True)
    return (gray - mean) / deviation.clamp_min(8.0)


def to_gray(faces: torch.Tensor) -> torch.Tensor:
    """uint8 (N, H, W, 3) RGB → float (N, 1, 48, 48) in 0…255 with the luma weights of ITU-R BT.601."""
    weights = torch.tensor([0.299, 0.587, 0.114], device=faces.device)
    gray = (faces.float() @ weights).unsqueeze(1)
    if gray.shape[-2:] == (SIDE, SIDE):
        return gray
    return nn.functional.interpolate(gray, (SIDE, SIDE), mode="bilinear", antialias=True, align_corners=False)


def looks(gray: torch.Tensor) -> Iterator[torch.Tensor]:
    """Faces (N, 1, 48, 48) as they are, then their upper left and their lower right corner, without CUT pixels at two
    sides: a detector's box is never quite where those of training were, and what the network says of all of these is
    better than of one (Krizhevsky et al. 2012). The mirror images have the other two corners."""
    yield gray
    for part in (slice(0, SIDE - CUT), slice(CUT, SIDE)):
        corner = gray[:, :, part, part]
        yield nn.functional.interpolate(corner, (SIDE, SIDE), mode="bilinear", align_corners=False)


class Expression:
    """What a face shows, as one of seven words; never what a person feels.

    Crops should look like the training pictures: the face fills the square, with no more than a little
    hair and neck. `models.faces.crop_faces(frame, box, size=48, padding=0.0)` gives that.
    """

    labels = LABELS
    crop_padding = 0.0
    crop_size = SIDE

    def __init__(self, name: str, version: str, weights: dict[str, torch.Tensor], device: str) -> None:
        self.name = name
        self.version = version
        self._device = device
        net = network(weights).eval()
        self._net: nn.Module = net.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload]

    def predict(self, faces: npt.NDArray[np.uint8], mirror: bool = True) -> npt.NDArray[np.float32]:
        """Face crops uint8 (N, H, W, 3) RGB, any size → probabilities float32 (N, 7), rows sum to one.

        The mean over its `looks`, with `mirror` over their mirror images, too. Raises ValueError for another dtype or
        shape.
        """
        frames = as_frames(faces, "faces")
        return with_smaller_batches(
            partial(self._forward, mirror=mirror), frames, len(LABELS), batch=256, device=self._device
        )

    def _forward(self, faces: npt.NDArray[Any], device: str, mirror: bool) -> torch.Tensor:
        self._net.to(device)
        gray = to_gray(torch.from_numpy(faces).to(device))
        sides = (gray, gray.flip(3)) if mirror else (gray,)
        views = (standardise(look).to(memory_format=torch.channels_last) for side in sides for look in looks(side))
        found = [self._net(view).softmax(1) for view in views]
        return torch.stack(found).mean(0)


@architecture("expression")
def build(files: Mapping[str, bytes], card: ModelCard, device: str) -> Expression:
    """From a card and the checked bytes of its files."""
    return Expression(card.name, card.version, safetensors.torch.load(files["net"]), device)
