"""Tuning the last layers of an encoder on the examples of a label, in little memory.

What is learned from is whole stretches of video, since where a moment ends is seen beside what is not it; but a stretch
of frames does not fit into memory with all that back-propagation keeps. So of each stretch only a share of the frames
is encoded with gradients in each step. The others come from a memory of what the encoder said of them last (long
memory: TALLFormer, Cheng and Bertasius 2022, arXiv 2204.01680), or are encoded anew without gradients (stochastic
back-propagation: SBP, Cheng et al. 2022, arXiv 2203.16755). Below the tuned layers an encoder stays as it is, so what
it makes of each frame there is computed once.
"""

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from studio.models._torch import device_of
from studio.models.detection.detector import Weights, pieces
from studio.models.detection.learning import UNKNOWN_SHARE
from studio.models.detection.measuring import NEGATIVE, POSITIVE, UNKNOWN
from studio.models.interfaces import Floats

KEEP = 0.25  # of the frames of a stretch that are encoded with gradients
STRETCH = 64  # frames
STEPS = 60
RATE = 3e-5
HOLD = 2.0  # how much it costs to say something else of a frame than before
Others = Literal["memory", "anew"]
Progress = Callable[[float], None]


@dataclass(frozen=True)
class TunedVideo:
    """What the lower layers made of a video's samples (N, …), and what a person said of them (N,): POSITIVE, NEGATIVE
    or UNKNOWN."""

    lower: torch.Tensor
    known: npt.NDArray[np.int8]


def tuned(
    upper: nn.Module,
    videos: Sequence[TunedVideo],
    weights: Weights,
    *,
    keep: float = KEEP,
    others: Others = "memory",
    steps: int = STEPS,
    stretch: int = STRETCH,
    rate: float = RATE,
    device: str = "auto",
    seed: int = 0,
    progress: Progress = lambda part: None,
) -> nn.Module:
    """A copy of `upper`, which makes unit vectors (N, D) of what the lower layers make of frames, tuned so that the
    detector with these `weights` is right more often; the detector is tuned along, and dropped. `keep` is the share of
    a stretch that is encoded with gradients, 0…1, of which 1 is plain back-propagation.

    Raises ValueError where no video has both a positive and another sample.
    """
    usable = [k for k, video in enumerate(videos) if is_usable(video.known)]
    if not usable:
        raise ValueError("There is nothing to tune on: no video shows what it is and what it is not.")
    device = device_of(device)
    rng = np.random.default_rng(seed)
    net = deepcopy(upper).to(device).eval()
    memory = [encoded(net, video.lower, device) for video in videos]
    before = [each.clone() for each in memory]
    head = _Head(weights).to(device)
    learned: list[dict[str, Any]] = [
        {"params": list(net.parameters()), "lr": rate},
        {"params": list(head.parameters())},
    ]
    optimizer = torch.optim.AdamW(learned, lr=30 * RATE, weight_decay=0.01)
    for step in range(steps):
        progress(step / steps)
        k = usable[step % len(usable)]
        part = _stretch(videos[k].known, stretch, rng)
        kept = np.sort(rng.choice(part, max(1, round(keep * len(part))), replace=False))
        if others == "anew" and len(kept) < len(part):
            rest = np.setdiff1d(part, kept)
            memory[k][rest] = encoded(net, videos[k].lower[rest], device, len(kept))
        made = net(videos[k].lower[kept].to(device).float())
        rows = memory[k][part].to(device).index_copy(0, torch.from_numpy(np.searchsorted(part, kept)).to(device), made)
        loss = head.loss(rows, torch.from_numpy(videos[k].known[part]).to(device))
        loss = loss + HOLD * (1 - (made * before[k][kept].to(device)).sum(1)).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        memory[k][kept] = made.detach().cpu()
    return net


def is_usable(known: npt.NDArray[np.int8]) -> bool:
    """Whether samples of which a person said this (N,) show both what a label is and what it is not."""
    return len(np.unique(known)) > 1 and bool((known == POSITIVE).any())


def runs_on_gpu(device: str) -> bool:
    """Whether a device, or "auto", is none but the processor."""
    return device_of(device) != "cpu"


def encoded(net: nn.Module, lower: torch.Tensor, device: str, batch: int = 32) -> torch.Tensor:
    """What the upper layers make of (N, …): float32 (N, D) on the processor, nothing kept for gradients."""
    with torch.no_grad():
        parts = [net(lower[i : i + batch].to(device).float()).cpu() for i in range(0, len(lower), batch)]
    return torch.cat(parts)


def _stretch(known: npt.NDArray[np.int8], length: int, rng: np.random.Generator) -> npt.NDArray[np.intp]:
    """Samples in a row around one of those that a person called positive."""
    if len(known) <= length:
        return np.arange(len(known))
    at = int(rng.choice(np.flatnonzero(known == POSITIVE)))
    first = int(np.clip(at - rng.integers(length), 0, len(known) - length))
    return np.arange(first, first + length)


class _Head(nn.Module):
    """A detector's weights, with gradients."""

    def __init__(self, weights: Weights) -> None:
        super().__init__()
        self.direction = nn.Parameter(torch.from_numpy(np.asarray(weights.direction, np.float32)))
        self.bias = nn.Parameter(torch.tensor(float(weights.bias)))
        self.register_buffer("centre", torch.from_numpy(np.asarray(weights.centre, np.float32)))
        self.centre: torch.Tensor
        self._scale, self._evened = weights.scale, weights.evened

    def logits(self, rows: torch.Tensor) -> torch.Tensor:
        """As `detector.logits`: evened out between changes of the picture, so that frames count for others."""
        around = rows - self.centre
        raw = self._scale * (around @ self.direction) + self.bias
        found = pieces(around.detach().cpu().numpy())
        means = torch.cat([raw[start:end].mean().expand(end - start) for start, end in found])
        return raw + self._evened * (means - raw)

    def loss(self, rows: torch.Tensor, known: torch.Tensor) -> torch.Tensor:
        """Each kind of sample weighs the same however many there are, as in `learning.fit`."""
        logits = self.logits(rows)
        total = logits.new_zeros(())
        for kind, sign, share in ((POSITIVE, -1, 1.0), (NEGATIVE, 1, 1 - UNKNOWN_SHARE), (UNKNOWN, 1, UNKNOWN_SHARE)):
            which = known == kind
            if which.any():
                total = total + share * nn.functional.softplus(sign * logits[which]).mean()
        return total


def as_rows(net: nn.Module, lower: torch.Tensor, device: str = "cpu") -> Floats:
    """`encoded`, as a detector reads it."""
    return encoded(net, lower, device).numpy()
