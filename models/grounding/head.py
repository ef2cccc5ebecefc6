"""A small trained network that reads what the training-free engines read, and says where the moment is.

Trained on a pretext, the concatenation of TPVL (Zhang et al. 2023, arXiv 2301.07463): many captioned photos become one
long video, a caption is the query, its photo's stretch the truth. It sees no embedding, only how samples relate to the
text and to each other, so any encoder's will do.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import safetensors.torch
import torch
from torch import nn

from studio.models.architectures import architecture
from studio.models.card import ModelCard
from studio.models.grounding.clusters import adjust
from studio.models.grounding.curve import Doubles, Moment, Spans, inside_outside, median_of_three, temporal_nms
from studio.models.grounding.engine import Curve, CurveEngine

Floats = npt.NDArray[np.float32]

_BAND, _SHARPNESS = 24, 10.0  # samples on either side that alike frames are looked for in, and how alike
_WIDTHS = (1, 2, 4, 8)  # samples on either side of a border that are compared
CHANNELS = 15
_BORDERS = 40  # starts, and as many ends, that are tried
_BORDER_WEIGHT = 1.0


class Head(nn.Module):
    """Signals (B, CHANNELS, N) → logits (B, 3, N): a sample belongs to the moment, is its first, is its last.

    Dilated convolutions, so that work grows with length and a sample sees two minutes around it at one a second.
    """

    def __init__(self, width: int = 64, depth: int = 7) -> None:
        super().__init__()
        self.enter = nn.Conv1d(CHANNELS, width, 1)
        self.wide = nn.ModuleList(nn.Conv1d(width, width, 5, padding=2 * 2**i, dilation=2**i) for i in range(depth))
        self.mix = nn.ModuleList(nn.Conv1d(width, width, 1) for _ in range(depth))
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(depth))
        self.leave = nn.Conv1d(width, 3, 1)

    def forward(self, signals: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
        """`mask` (B, 1, N) is 0 where a shorter video has ended."""
        x = self.enter(signals)
        for wide, mix, norm in zip(self.wide, self.mix, self.norms, strict=True):
            y = norm(x.transpose(1, 2)).transpose(1, 2)
            y = y if mask is None else y * mask
            x = x + mix(nn.functional.gelu(wide(y)))
        result: torch.Tensor = self.leave(x)
        return result


def signals(curve: Curve) -> Floats:
    """What the network reads (CHANNELS, N): fits to the text, raw and smoothed over alike frames, and where the
    pictures and the fit change."""
    fit, rows = curve.fit, _centred(curve)
    adjusted = adjust(fit)
    likeness = _band(rows)
    weights = np.exp(_SHARPNESS * np.where(np.isfinite(likeness), likeness, -np.inf))
    weights /= weights.sum(0)
    shared, shared_adjusted = (_smoothed(weights, each) for each in (fit, adjusted))
    found = np.where(np.isfinite(likeness), likeness, 0)
    place = (np.arange(len(fit)) + 0.5) / len(fit)
    channels = [
        fit, median_of_three(fit), adjusted, _score(fit), shared, shared_adjusted, _score(shared),
        *(_change(rows, width) for width in _WIDTHS),
        *(_rise(shared, width) for width in (2, 4)),
        found.mean(0), np.minimum(place, 1 - place),
    ]  # fmt: skip
    return np.stack(channels).astype(np.float32)


def _centred(curve: Curve) -> Floats:
    """Unit vectors of how frames differ from their mean: encoders differ in how alike all their vectors are."""
    angle = curve.fit[:, None] * np.pi / 2
    rows = np.concatenate([np.cos(angle), np.sin(angle)], 1) if curve.rows is None else curve.rows
    rows = rows - rows.mean(0)
    result: Floats = (rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-6)).astype(np.float32)
    return result


def _band(rows: Floats) -> Doubles:
    """The cosine of each sample with those up to _BAND away (2 · _BAND + 1, N); −∞ outside the video."""
    count = len(rows)
    band = np.full((2 * _BAND + 1, count), -np.inf)
    for lag in range(min(_BAND, count - 1) + 1):
        alike = np.einsum("nd,nd->n", rows[: count - lag], rows[lag:])
        band[_BAND + lag, : count - lag] = alike
        band[_BAND - lag, lag:] = alike
    return band


def _smoothed(weights: Doubles, values: Doubles) -> Doubles:
    """The mean of values (N,) around each sample by the weights of its band."""
    around = np.lib.stride_tricks.sliding_window_view(np.pad(values, _BAND), 2 * _BAND + 1)
    result: Doubles = np.einsum("kn,nk->n", weights, around)
    return result


def _score(values: Doubles) -> Doubles:
    """How many half deviations above the mean."""
    result: Doubles = ((values - values.mean()) / max(float(values.std()), 1e-6)).clip(-4, 4) / 2
    return result


def _means(values: Doubles, width: int) -> tuple[Doubles, Doubles]:
    """The means of values (N, …) over `width` samples before each, and from each on; what is outside is the edge's."""
    pad = [(width, width)] + [(0, 0)] * (values.ndim - 1)
    total = np.cumsum(np.pad(values.astype(np.float64), pad, mode="edge"), axis=0)
    total = np.concatenate([np.zeros_like(total[:1]), total])
    sums = total[width:] - total[:-width]
    count = len(values)
    return sums[:count] / width, sums[width : width + count] / width


def _change(rows: Floats, width: int) -> Doubles:
    """How unlike the pictures before each sample are to those from it on, 0…1 or more."""
    before, after = _means(rows.astype(np.float64), width)
    lengths = np.linalg.norm(before, axis=1) * np.linalg.norm(after, axis=1)
    result: Doubles = 1 - np.einsum("nd,nd->n", before, after) / np.maximum(lengths, 1e-6)
    return result


def _rise(values: Doubles, width: int) -> Doubles:
    before, after = _means(values, width)
    return after - before


class TrainedHead(CurveEngine):
    """Spans between likely starts and ends, by how much more of the moment is inside than outside."""

    def __init__(self, name: str, version: str, net: Head, device: str) -> None:
        super().__init__(name, version)
        self._net = net.eval().to(device)
        self._device = device

    def moments(self, curve: Curve, top_k: int) -> list[Moment]:
        """See `CurveEngine`; without frame vectors samples are alike that fit alike."""
        with torch.inference_mode():
            logits = self._net(torch.from_numpy(signals(curve))[None].to(self._device))[0]
        inside, first, last = logits.sigmoid().double().cpu().numpy()
        spans = spans_of(first, last)
        values = inside_outside(inside, spans)
        values = values + _BORDER_WEIGHT * (first[spans[:, 0]] + last[spans[:, 1] - 1])
        return temporal_nms(curve.edges[spans], (values / (1 + 2 * _BORDER_WEIGHT)).clip(0, 1), top_k)


def spans_of(first: Doubles, last: Doubles) -> Spans:
    """Spans (C, 2) from each likely first sample to each likely last one; the ends of the video are always tried."""
    starts = np.union1d(np.argsort(-first, kind="stable")[:_BORDERS], [0])
    ends = np.union1d(np.argsort(-last, kind="stable")[:_BORDERS], [len(last) - 1]) + 1
    spans = np.stack(np.meshgrid(starts, ends, indexing="ij"), -1).reshape(-1, 2)
    result: Spans = spans[spans[:, 0] < spans[:, 1]]
    return result


@architecture("trained-head")
def build(files: Mapping[str, bytes], card: ModelCard, device: str) -> TrainedHead:
    """From a card and the checked bytes of its files."""
    weights = safetensors.torch.load(files["net"])
    net = Head()
    net.load_state_dict({key: value.float() for key, value in weights.items()})
    return TrainedHead(card.name, card.version, net, device)
