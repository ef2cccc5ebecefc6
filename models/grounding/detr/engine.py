"""A checkpoint of Moment-DETR, QD-DETR or CG-DETR as a grounding engine, for videos of any length."""

from collections.abc import Iterator, Mapping

import numpy as np
import numpy.typing as npt
import torch

from studio.models._checkpoint import fill, tensors
from studio.models.architectures import architecture
from studio.models.card import ModelCard, ModelError
from studio.models.grounding.curve import Doubles, Moment, checked, l2_normalize, temporal_nms
from studio.models.grounding.detr.layers import WORDS
from studio.models.grounding.detr.network import CLIP, SHAPES, Network, inputs
from studio.models.interfaces import Floats, TextFeatures

CLIP_S = 2.0  # what one vector stands for
LONGEST = 75  # clips that the checkpoints were trained on: longer videos are read in windows
_ENCODERS = ("ViT-B-32/", "ViT-B-32-quickgelu/")
_CURE = "index the video with an open_clip ViT-B-32 encoder first: --encoder ViT-B-32/openai"


class MomentDetr:
    """Reads one CLIP vector each two seconds and the text's words; the curve of similarities is not asked."""

    labels = ("moment",)
    needs = frozenset({"words"})

    def __init__(self, name: str, version: str, net: Network, device: str) -> None:
        self.name = name
        self.version = version
        self._net = net.eval().to(device)
        self._device = device

    def accept(self, query: TextFeatures | None) -> None:
        """See `Engine.accept`: only CLIP ViT-B/32 will do."""
        known = query is not None and query.encoder.startswith(_ENCODERS)
        if query is None or not known or query.words is None or query.words.shape[1] != CLIP:
            raise ModelError(f"{self.name} reads frames and words of CLIP ViT-B/32; {_CURE}.")

    def propose(
        self,
        times_s: npt.ArrayLike,
        scores: npt.ArrayLike,
        top_k: int = 5,
        duration_s: float | None = None,
        features: npt.ArrayLike | None = None,
        query: TextFeatures | None = None,
    ) -> list[Moment]:
        """See `Engine.propose`. Boundaries lie on whole clips of CLIP_S, moments are a clip long or longer, and of two
        that share more than 70 % only the surer is kept.

        Raises ModelError for vectors of another encoder than CLIP ViT-B/32, or without them or the words.
        """
        times, _ = checked(times_s, scores, top_k)
        self.accept(query)
        rows = np.zeros((0, 0), np.float32) if features is None else l2_normalize(features, len(times))
        if query is None or query.words is None or rows.shape[1] != CLIP:
            raise ModelError(f"{self.name} reads frames of {CLIP} numbers; {_CURE}.")
        if len(times) == 0:
            return []
        end = float(times[-1] + CLIP_S / 2) if duration_s is None else max(float(duration_s), 1e-3)
        clips = rows[nearest(times, end)]
        bounds, sure = [], []
        for first, last in windows(len(clips)):
            spans, values, _ = self.read(clips[first:last], query.words)
            bounds.append(first * CLIP_S + settle(spans, (last - first) * CLIP_S))
            sure.append(values)
        found = np.concatenate(bounds).clip(0, end)
        kept = found[:, 1] > found[:, 0]
        return temporal_nms(found[kept], np.concatenate(sure)[kept].clip(0, 1), top_k)

    def read(self, clips: Floats, words: Floats) -> tuple[Doubles, Doubles, Doubles]:
        """At most LONGEST clips (N, CLIP), words (L, CLIP) → (centre, width) of ten spans 0…1 (10, 2), how sure each
        is 0…1 (10,), and how well each clip fits (N,), without a bound."""
        with torch.inference_mode():
            frames, text = (torch.from_numpy(np.asarray(x, np.float32)).to(self._device) for x in (clips, words))
            seen = self._net(*inputs(frames, text[:WORDS]))
        spans, sure, saliency = (x.double().cpu().numpy() for x in seen)
        return spans, sure, saliency


def nearest(times: Doubles, end_s: float) -> npt.NDArray[np.intp]:
    """For each clip of a video of `end_s` the sample next to its middle."""
    middles = np.minimum((np.arange(max(1, int(np.ceil(end_s / CLIP_S - 1e-6)))) + 0.5) * CLIP_S, end_s)
    after = np.searchsorted(times, middles).clip(max=len(times) - 1)
    before = (after - 1).clip(0)
    result: npt.NDArray[np.intp] = np.where(middles - times[before] <= times[after] - middles, before, after)
    return result


def windows(count: int) -> Iterator[tuple[int, int]]:
    """Half-open ranges of at most LONGEST of `count` clips, each half over the one before."""
    last = max(0, count - LONGEST)
    starts = [*range(0, last, LONGEST // 2), last]
    yield from ((start, min(count, start + LONGEST)) for start in starts)


def settle(spans: Doubles, length_s: float) -> Doubles:
    """(centre, width) 0…1 (Q, 2) → (start_s, end_s) on borders of clips, inside `length_s`, at least a clip long."""
    centre, width = spans.T * length_s
    bounds = np.stack([centre - width / 2, centre + width / 2], 1).clip(0, length_s)
    start, end = (np.round(bounds / CLIP_S) * CLIP_S).T
    start = np.minimum(start, max(0.0, length_s - CLIP_S))
    return np.stack([start, np.maximum(end, start + CLIP_S)], 1).clip(0, length_s)


@architecture("moment-detr", "qd-detr", "cg-detr")
def build(files: Mapping[str, bytes], card: ModelCard, device: str) -> MomentDetr:
    """From a card and the checked bytes of its files. Raises ModelError for a file that is no checkpoint of this
    network."""
    weights = tensors(files["net"], card.name)
    first = weights.get("input_vid_proj.0.LayerNorm.weight")
    if first is not None and len(first) > CLIP + 2:
        raise ModelError(
            f"This checkpoint of {card.name} reads SlowFast features too; give the one trained on CLIP only."
        )
    net = Network(SHAPES[card.architecture])
    own = net.state_dict()
    # A leading 1 is no difference: releases disagree about it for the learned tokens.
    weights = {
        key: value.reshape(own[key].shape)
        if key in own and value.squeeze().shape == own[key].squeeze().shape
        else value
        for key, value in weights.items()
    }
    fill(net, {key: value.float() for key, value in weights.items()}, card.name)
    return MomentDetr(card.name, card.version, net, device)
