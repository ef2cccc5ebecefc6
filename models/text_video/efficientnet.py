"""EfficientNet-Lite2 (Tan & Le 2019; the Lite variant without squeeze-excitation, with ReLU6), for 260×260 px.

Written to load `efficientnet-lite2-9656183e.pth` strictly, so the attribute names are that file's names.
"""

import torch
from torch import nn

SIDE = 260
FEATURES = 1280
CLASSES = 1000

# (kernel, stride, expansion, input channels, output channels, repeats) after width ×1.1 and depth ×1.2.
_STAGES = (
    (3, 1, 1, 32, 16, 1),
    (3, 2, 6, 16, 24, 3),
    (5, 2, 6, 24, 48, 3),
    (3, 2, 6, 48, 88, 4),
    (5, 1, 6, 88, 120, 4),
    (5, 2, 6, 120, 208, 5),
    (3, 1, 6, 208, 352, 1),
)


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=1e-3, momentum=0.01)


class _Block(nn.Module):
    """Inverted residual: 1×1 expansion, depth-wise convolution, 1×1 projection without activation."""

    def __init__(self, kernel: int, stride: int, expansion: int, inputs: int, outputs: int) -> None:
        super().__init__()
        wide = inputs * expansion
        self._residual = stride == 1 and inputs == outputs
        self._expands = expansion != 1
        if self._expands:
            self._expand_conv = nn.Conv2d(inputs, wide, 1, bias=False)
            self._bn0 = _norm(wide)
        self._depthwise_conv = nn.Conv2d(wide, wide, kernel, stride, kernel // 2, groups=wide, bias=False)
        self._bn1 = _norm(wide)
        self._project_conv = nn.Conv2d(wide, outputs, 1, bias=False)
        self._bn2 = _norm(outputs)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = x
        if self._expands:
            y = nn.functional.relu6(self._bn0(self._expand_conv(y)))
        y = nn.functional.relu6(self._bn1(self._depthwise_conv(y)))
        y = self._bn2(self._project_conv(y))
        return x + y if self._residual else y


class EfficientNetLite2(nn.Module):
    """(N, 3, 260, 260) normalised pixels → feature map (N, 1280, 9, 9), and through `classify` 1000 logits."""

    def __init__(self) -> None:
        super().__init__()
        self._conv_stem = nn.Conv2d(3, 32, 3, 2, 1, bias=False)
        self._bn0 = _norm(32)
        blocks = []
        for kernel, stride, expansion, inputs, outputs, repeats in _STAGES:
            blocks.append(_Block(kernel, stride, expansion, inputs, outputs))
            blocks += [_Block(kernel, 1, expansion, outputs, outputs) for _ in range(repeats - 1)]
        self._blocks = nn.ModuleList(blocks)
        self._conv_head = nn.Conv2d(352, FEATURES, 1, bias=False)
        self._bn1 = _norm(FEATURES)
        self._fc = nn.Linear(FEATURES, CLASSES)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = nn.functional.relu6(self._bn0(self._conv_stem(x)))
        for block in self._blocks:
            y = block(y)
        return nn.functional.relu6(self._bn1(self._conv_head(y)))

    def classify(self, pooled: torch.Tensor) -> torch.Tensor:
        """Spatial means (N, 1280) → ImageNet logits (N, 1000)."""
        logits: torch.Tensor = self._fc(pooled)
        return logits
