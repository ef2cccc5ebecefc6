"""The image side of `studio-lite`: uint8 frames → EfficientNet-Lite2 features on a 3×3 grid."""

from copy import copy, deepcopy
from functools import cached_property
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from studio.models._onnx import session
from studio.models.text_video.efficientnet import FEATURES, SIDE, EfficientNetLite2, _Block

GRID = 3
"""The 9×9 feature map is averaged to 3×3 regions: fine enough to say where, small enough to store."""

LOWER = 15  # blocks that stay as they are: what they see, edges and textures, needs no captions

PIXELS, REGIONS = "pixels", "regions"
"""What the graph of the tower calls what it reads and what it gives."""

# The pixel statistics of ImageNet, in 0…255.
_MEAN = (123.675, 116.28, 103.53)
_STD = (58.395, 57.12, 57.375)


_BLACK, _LEAST, _MOST = 24, 0.03, 0.4  # of 255; how wide bars are, as shares of the picture
_SAME = 0.02  # by how much opposite bars may differ


def between_bars(frames: npt.NDArray[np.uint8]) -> npt.NDArray[np.intp]:
    """Where the picture of frames (N, H, W, 3) lies: (N, 2, 2), from and to of its rows and of its columns. That is all
    of them but for frames with black bars on opposite sides. A dark side of a picture is no bar: bars are black to the
    last pixel, and come in pairs."""
    found = np.zeros((len(frames), 2, 2), np.intp)
    brightest = frames.max(3)
    for axis in (1, 2):
        length = frames.shape[axis]
        dark = brightest.max(3 - axis) <= _BLACK  # (N, length)
        first, last = (~dark).argmax(1), (~dark[:, ::-1]).argmax(1)
        bars = np.minimum(first, last)
        is_pair = (bars >= _LEAST * length) & (bars <= _MOST * length) & (abs(first - last) <= max(1, _SAME * length))
        found[:, axis - 1, 0] = np.where(is_pair, first, 0)
        found[:, axis - 1, 1] = length - np.where(is_pair, last, 0)
    return found


def without_bars(frames: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Frames (N, H, W, 3) as they are, but for those with black bars on opposite sides, whose picture between the bars
    is stretched over them; see `between_bars`."""
    found = frames
    inside = between_bars(frames)
    for axis in (0, 1):
        first, end = inside[:, axis].T
        for i in np.flatnonzero(end - first < frames.shape[axis + 1]):
            found = found.copy() if found is frames else found
            inner = found[i].take(range(first[i], end[i]), axis=axis)
            found[i] = cv2.resize(inner, (frames.shape[2], frames.shape[1]), interpolation=cv2.INTER_LINEAR)
    return found


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


def fold(net: EfficientNetLite2) -> EfficientNetLite2:
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


def upper(folded: EfficientNetLite2) -> nn.ModuleList:
    """The layers of a folded network that are tuned: its last blocks and what follows them."""
    return nn.ModuleList([*list(folded._blocks)[LOWER:], folded._conv_head])


def on_grid(features: torch.Tensor) -> torch.Tensor:
    """A feature map (N, 1280, 9, 9) → regions (N, 9, 1280)."""
    return nn.functional.adaptive_avg_pool2d(features, GRID).flatten(2).transpose(1, 2)


class ImageTower:
    """Features on a grid, folded and channels-last, in `dtype` (fp16 where it was measured to pay); `tuned` are the
    trained weights of `upper`, without which the network is as its package ships it. With its `graph`
    (`studio.recipes.tower_graph`) a CPU that computes in float32 does so by ONNX Runtime, which is quicker."""

    def __init__(
        self,
        weights: dict[str, torch.Tensor],
        device: str,
        dtype: torch.dtype,
        tuned: dict[str, torch.Tensor] | None = None,
        graph: bytes | None = None,
    ) -> None:
        with torch.device("meta"):  # no first weights are drawn, which these would replace
            net = EfficientNetLite2()
        net.load_state_dict(weights, assign=True)
        self.dtype = dtype
        self._graph = graph if device == "cpu" and dtype == torch.float32 else None
        folded = fold(net)
        if tuned:
            upper(folded).load_state_dict(tuned)
        self._net: EfficientNetLite2 = folded.to(device=device, dtype=dtype, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._classifier = deepcopy(net._fc).to(device)

    def regions(self, frames: torch.Tensor) -> torch.Tensor:
        """uint8 (N, H, W, 3) on the tower's device → float32 (N, 9, 1280), row by row from the top left."""
        pixels = self._pixels(frames)
        if self._graph is None:
            return on_grid(self._net(pixels).float())
        (found,) = self._session.run([REGIONS], {PIXELS: pixels.contiguous().numpy()})
        return torch.from_numpy(found)

    @cached_property
    def _session(self) -> Any:
        """Made for the first frames: who only asks in words needs none."""
        assert self._graph is not None
        names = {name for name, _ in self._net.named_parameters() if not name.startswith("_fc.")}
        weights = {name: value for name, value in self._net.state_dict().items() if name in names}
        return session(self._graph, "cpu", {name: value.contiguous().numpy() for name, value in weights.items()})

    def lower(self, frames: torch.Tensor) -> torch.Tensor:
        """uint8 (N, H, W, 3) → float16 (N, 120, 17, 17): what the layers below those of `upper` make of frames."""
        x = self._pixels(frames)
        x = nn.functional.relu6(self._net._bn0(self._net._conv_stem(x)))
        for block in list(self._net._blocks)[:LOWER]:
            x = block(x)
        return x.half()

    def __getstate__(self) -> dict[str, Any]:
        """What is copied: all but the session, which cannot be, and is made again."""
        return {name: value for name, value in self.__dict__.items() if name != "_session"}

    def upper(self) -> nn.ModuleList:
        """A copy of the layers that are tuned, in float32."""
        return deepcopy(upper(self._net)).float()

    def with_upper(self, tuned: dict[str, torch.Tensor]) -> "ImageTower":
        """The same tower with other weights of `upper`."""
        other = copy(self)
        other._net = deepcopy(self._net)
        upper(other._net).load_state_dict(tuned)
        return other

    def _pixels(self, frames: torch.Tensor) -> torch.Tensor:
        device = frames.device
        if device != self._classifier.weight.device:
            self._net.to(device)
            self._classifier.to(device)
        x = to_square(frames)
        x = (x - torch.tensor(_MEAN, device=device).view(3, 1, 1)) / torch.tensor(_STD, device=device).view(3, 1, 1)
        return x.to(dtype=self.dtype, memory_format=torch.channels_last)

    def logits(self, features: torch.Tensor) -> torch.Tensor:
        """Mean features (…, 1280) → ImageNet logits (…, 1000)."""
        y: torch.Tensor = self._classifier(features)
        return y


__all__ = [
    "FEATURES",
    "GRID",
    "LOWER",
    "PIXELS",
    "REGIONS",
    "SIDE",
    "ImageTower",
    "between_bars",
    "fold",
    "on_grid",
    "to_square",
    "upper",
    "without_bars",
]
