"""Which number format this machine computes in fastest, measured once a process.

On a CPU the *weights* are cast: autocast is slower than fp32 at small batches. fp16 rather than bf16, whose three
fewer bits cost accuracy (least cosine with fp32 on photos .9987 against .99998) at the same speed.
"""

import time
from collections.abc import Callable
from copy import deepcopy
from functools import cache
from typing import Any, Literal

import torch
from torch import nn

Kind = Literal["convolution", "attention"]
LEAST_COSINE = 0.999


@cache
def cpu_dtype(kind: Kind) -> torch.dtype:
    """fp16 where this CPU runs a typical block of such networks in less than 0.8 of fp32's time, else fp32.

    A CPU without fp16 takes a hundred times as long, seconds of each start: a small block tells it from others first.
    """
    work = _convolution if kind == "convolution" else _attention

    def seconds(dtype: torch.dtype, small: bool) -> float:
        step = work(dtype, small)
        best = float("inf")
        with torch.inference_mode():
            for _ in range(2 if small else 4):
                start = time.perf_counter()
                step()
                best = min(best, time.perf_counter() - start)
        return best

    for small, most in ((True, 3.0), (False, 0.8)):
        if seconds(torch.float16, small) >= most * seconds(torch.float32, small):
            return torch.float32
    return torch.float16


def _convolution(dtype: torch.dtype, small: bool) -> Callable[[], torch.Tensor]:
    """An inverted residual's expansion and depth-wise convolution."""
    batch, side = (1, 9) if small else (8, 33)
    x = torch.randn(batch, 288, side, side).to(dtype=dtype, memory_format=torch.channels_last)
    wide, deep = torch.randn(288, 288, 1, 1).to(dtype), torch.randn(288, 1, 5, 5).to(dtype)
    conv = nn.functional.conv2d
    return lambda: conv(conv(x, wide), deep, padding=2, groups=288)


def _attention(dtype: torch.dtype, small: bool) -> Callable[[], torch.Tensor]:
    """A vision transformer's attention over 50 tokens, and its first wide layer."""
    x = torch.randn(1 if small else 4, 12, 50, 64).to(dtype)
    wide = torch.randn(3072, 768).to(dtype)

    def step() -> torch.Tensor:
        y = nn.functional.scaled_dot_product_attention(x, x, x)
        return nn.functional.linear(y.transpose(1, 2).flatten(2), wide)

    return step


def kind_of(net: nn.Module) -> Kind:
    """A vision transformer has one convolution, its patch embedding; more make a convolutional network."""
    return "convolution" if sum(isinstance(part, nn.Conv2d) for part in net.modules()) > 1 else "attention"


def cast(net: nn.Module, probe: Callable[[nn.Module, torch.dtype], torch.Tensor]) -> tuple[Any, torch.dtype]:
    """`net` in the CPU's fastest format, or as it is where that changes what it says; and the format.

    `probe(net, dtype)` gives vectors (N, D) for any fixed input. Networks whose activations leave fp16's range are
    found so.
    """
    dtype = cpu_dtype(kind_of(net))
    if dtype == torch.float32:
        return net, dtype
    with torch.inference_mode():
        full = probe(net, torch.float32).float()
        light = deepcopy(net).to(dtype)
        near = torch.cosine_similarity(full, probe(light, dtype).float())
    # A NaN compares as false, so it keeps fp32 too.
    return (light, dtype) if bool((near > LEAST_COSINE).all()) else (net, torch.float32)
