"""Frames to network input on tensors: what open_clip does with PIL, in one pass and without leaving the device."""

from dataclasses import dataclass

import torch
from torch import nn


@dataclass(frozen=True)
class Preprocess:
    """`mode` "shortest": the short side becomes `side`, then the centre is cut; "squash": both sides do."""

    side: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    mode: str = "shortest"
    interpolation: str = "bicubic"

    def __post_init__(self) -> None:
        if self.mode not in ("shortest", "squash") or self.interpolation not in ("bicubic", "bilinear"):
            raise ValueError(f"{self.mode} with {self.interpolation} interpolation is not supported.")
        if self.side < 1 or not all(value > 0 for value in self.std):
            raise ValueError("side and std must be positive.")

    def size_of(self, width: int, height: int) -> tuple[int, int]:
        """(w, h) after the resize and before the cut, rounded as torchvision rounds."""
        if self.mode == "squash":
            return self.side, self.side
        if width <= height:
            return self.side, max(self.side, int(self.side * height / width))
        return max(self.side, int(self.side * width / height)), self.side

    def __call__(self, frames: torch.Tensor) -> torch.Tensor:
        """uint8 (N, H, W, 3) → float32 (N, 3, side, side), normalised."""
        x = frames.permute(0, 3, 1, 2)
        width, height = self.size_of(x.shape[3], x.shape[2])
        if x.shape[2:] != (height, width):
            # On the CPU torch resizes uint8 exactly as PIL does, rounding included; CUDA knows floats only.
            x = x if x.device.type == "cpu" else x.float()
            x = nn.functional.interpolate(
                x, (height, width), mode=self.interpolation, antialias=True, align_corners=False
            )
        top, left = round((height - self.side) / 2), round((width - self.side) / 2)
        x = x[:, :, top : top + self.side, left : left + self.side].float().clamp(0, 255).div(255)
        mean, std = (torch.tensor(v, device=x.device).view(3, 1, 1) for v in (self.mean, self.std))
        return (x - mean) / std
