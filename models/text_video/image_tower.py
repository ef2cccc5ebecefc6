"""The frozen image side of `studio-lite`: uint8 frames → EfficientNet-Lite2 features on a 3×3 grid."""

from copy import deepcopy

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from studio.models.text_video.efficientnet import FEATURES, SIDE, EfficientNetLite2, _Block

GRID = 3
"""The 9×9 feature map is averaged to 3×3 regions: fine enough to say where, small enough to store."""

# The pixel statistics of ImageNet, in 0…255.
_MEAN = (123.675, 116.28, 103.53)
_STD = (58.395, 57.12, 57.375)


def to_square(frames: torch.Tensor, side: int = SIDE) -> torch.Tensor:
    """uint8 (N, H, W, 3) → float (N, 3, side, side) in 0…255, aspect squashed.

    Squashed, not cropped: the photos of the training set were squashed too, and a moment at the edge of a wide
    frame must stay findable.
    """
    x = frames.permute(0, 3, 1, 2).float()
    if x.shape[-2:] == (side, side):
        return x
    x = nn.functional.interpolate(x, (side, side), mode="bilinear", antialias=True, align_corners=False)
    return x.clamp(0, 255)


def _fold(net: EfficientNetLite2) -> EfficientNetLite2:
    """Every batch norm into its convolution: fewer passes over memory, and no rounding of their statistics."""
    net = deepcopy(net).eval()
    pairs: list[tuple[nn.Module, str, str]] = [(net, "_conv_stem", "_bn0"), (net, "_conv_head", "_bn1")]
    for block in net._blocks:
        assert isinstance(block, _Block)
        if block._expands:
            pairs.append((block, "_expand_conv", "_bn0"))
        pairs += [(block, "_depthwise_conv", "_bn1"), (block, "_project_conv", "_bn2")]
    for owner, conv, norm in pairs:
        setattr(owner, conv, fuse_conv_bn_eval(getattr(owner, conv), getattr(owner, norm)))
        setattr(owner, norm, nn.Identity())
    return net


class ImageTower:
    """Frozen features, folded and channels-last, in `dtype` (fp16 where it was measured to pay)."""

    def __init__(self, weights: dict[str, torch.Tensor], device: str, dtype: torch.dtype) -> None:
        net = EfficientNetLite2()
        net.load_state_dict(weights)
        self.dtype = dtype
        folded = _fold(net)
        self._net: nn.Module = folded.to(device=device, dtype=dtype, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._classifier = deepcopy(net._fc).to(device)

    def regions(self, frames: torch.Tensor) -> torch.Tensor:
        """uint8 (N, H, W, 3) on the tower's device → float32 (N, 9, 1280), row by row from the top left."""
        device = frames.device
        if device != self._classifier.weight.device:
            self._net.to(device)
            self._classifier.to(device)
        x = to_square(frames)
        x = (x - torch.tensor(_MEAN, device=device).view(3, 1, 1)) / torch.tensor(_STD, device=device).view(3, 1, 1)
        y = self._net(x.to(dtype=self.dtype, memory_format=torch.channels_last)).float()
        grid = nn.functional.adaptive_avg_pool2d(y, GRID)
        return grid.flatten(2).transpose(1, 2)

    def logits(self, features: torch.Tensor) -> torch.Tensor:
        """Mean features (…, 1280) → ImageNet logits (…, 1000)."""
        y: torch.Tensor = self._classifier(features)
        return y


__all__ = ["FEATURES", "GRID", "SIDE", "ImageTower", "to_square"]
