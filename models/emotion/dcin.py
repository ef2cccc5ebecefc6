"""Emotions of a scene in time, from what is seen and what is said: dilated contexts, two streams that should agree.

After the abstract of DCIN (“Temporal Emotion Localization in Videos”, ACM MM 2022, arXiv 2208.01954); its code,
features and numbers are unpublished, so every concrete size and loss here is this project's choice. Training needs only
a clip's labels, not their times.
"""

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

DILATIONS = (1, 2, 4, 8)
CLASSES = 18


@dataclass(frozen=True)
class Activity:
    """What one stream, or both together, say of B scenes of L units: `logits` (B, L, C) of each class at each unit,
    `attention` (B, L) in 0…1 of anything going on at all, and `features` (B, L, H)."""

    logits: torch.Tensor
    attention: torch.Tensor
    features: torch.Tensor


class Stream(nn.Module):
    """One modality: (B, L, D) vectors and bool mask (B, L) → Activity.

    Coarse: a dilated convolution for every granularity of context. Fine: at each unit the granularities attend to each
    other, the unit itself asks which of them matter to it, and the answer is added to what it says alone.
    """

    def __init__(self, width: int, hidden: int = 128, drop: float = 0.5, classes: int = CLASSES) -> None:
        super().__init__()
        self.own = nn.Linear(width, hidden)
        self.coarse = nn.ModuleList(nn.Conv1d(width, hidden, 3, padding=d, dilation=d) for d in DILATIONS)
        self.between = nn.MultiheadAttention(hidden, 4, batch_first=True)
        self.asked = nn.Linear(hidden, hidden)
        self.norm = nn.LayerNorm(hidden)
        self.drop = nn.Dropout(drop)
        self.head = nn.Linear(hidden, classes)
        self.straight = nn.Linear(width, classes, bias=False)  # what the unit alone says, past all context
        self.active = nn.Linear(hidden, 1)
        self.silence = nn.Parameter(torch.zeros(width))  # stands where this modality has nothing

    def forward(self, x: torch.Tensor, mask: torch.Tensor, empty: torch.Tensor | None = None) -> Activity:
        """`empty` bool (B, L): units where this modality has nothing, such as a pause between lines."""
        if empty is not None:
            x = torch.where(empty.unsqueeze(2), self.silence, x)
        # Scaled so that entries have unit size: a unit vector of many numbers has tiny ones.
        x = self.drop(x * x.shape[2] ** 0.5) * mask.unsqueeze(2)
        own = self.own(x)
        contexts = torch.stack([torch.relu(branch(x.transpose(1, 2))).transpose(1, 2) for branch in self.coarse], 2)
        batch, length, count, hidden = contexts.shape
        flat = contexts.reshape(batch * length, count, hidden)
        mixed = flat + self.between(flat, flat, flat, need_weights=False)[0]
        mixed = mixed.view(batch, length, count, hidden)
        weight = (self.asked(own).unsqueeze(2) * mixed).sum(3) / hidden**0.5
        features = self.norm(own + (weight.softmax(2).unsqueeze(3) * mixed).sum(2))
        shown = self.drop(torch.relu(features))
        return Activity(self.head(shown) + self.straight(x), self.active(shown).squeeze(2).sigmoid(), features)


class DCIN(nn.Module):
    """Both streams over the same units, with weights of their own; either may be missing from a network or a scene."""

    def __init__(
        self, seen: int | None, said: int | None, hidden: int = 128, drop: float = 0.5, classes: int = CLASSES
    ) -> None:
        super().__init__()
        self.seen = None if seen is None else Stream(seen, hidden, drop, classes)
        self.said = None if said is None else Stream(said, hidden, drop, classes)

    def forward(
        self,
        seen: torch.Tensor | None,
        said: torch.Tensor | None,
        mask: torch.Tensor,
        silent: torch.Tensor | None = None,
    ) -> tuple[Activity | None, Activity | None]:
        """Frames (B, L, D) and sentences (B, L, E), or None for either → what each stream says."""
        one = self.seen(seen, mask) if self.seen is not None and seen is not None else None
        other = self.said(said, mask, silent) if self.said is not None and said is not None else None
        return one, other


def fused(seen: Activity | None, said: Activity | None) -> torch.Tensor:
    """Probabilities (B, L, C): the mean of the streams there are. Raises ValueError without any."""
    found = [stream.logits.sigmoid() for stream in (seen, said) if stream is not None]
    if not found:
        raise ValueError("a scene needs frames or words")
    return torch.stack(found).mean(0)


def of_clip(activity: Activity, mask: torch.Tensor, sharp: float = 1.0, attended: float = 0.0) -> torch.Tensor:
    """(B, C) logits of whole scenes: log-mean-exp over the units, between their mean (sharp → 0) and their best.

    `attended` mixes in the attention as the units' weights: 0 counts all alike, 1 goes by attention alone.
    """
    share = (1 - attended + attended * activity.attention) * mask
    share = share / share.sum(1, keepdim=True).clamp_min(1e-6)
    z = activity.logits * sharp + share.clamp_min(1e-9).log().unsqueeze(2)
    return z.masked_fill(~mask.unsqueeze(2), float("-inf")).logsumexp(1) / sharp


def best_of_clip(activity: Activity, mask: torch.Tensor) -> torch.Tensor:
    """(B, C) logits of whole scenes: the mean of each class's best eighth of the units."""
    ranked = activity.logits.masked_fill(~mask.unsqueeze(2), float("-inf")).sort(1, descending=True).values
    many = (mask.sum(1, keepdim=True) + 7) // 8
    kept = torch.arange(mask.shape[1], device=mask.device) < many
    return ranked.masked_fill(~kept.unsqueeze(2), 0.0).sum(1) / many


def consensus(seen: Activity, said: Activity, labels: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """How much the streams disagree about when: each learns from the other's activations, held still.

    For the classes that a scene has (`labels` (B, C), 0 or 1): the divergence of one's distribution over time from the
    other's, both ways; and the angle between their attentions.
    """
    hidden = ~mask.unsqueeze(2)
    one, other = (s.logits.masked_fill(hidden, -1e4).log_softmax(1) for s in (seen, said))
    there = labels / labels.sum().clamp_min(1)

    def learns(pupil: torch.Tensor, teacher: torch.Tensor) -> torch.Tensor:
        held = teacher.detach()
        return ((held.exp() * (held - pupil)).sum(1) * there).sum()

    angle = functional.cosine_similarity(seen.attention * mask, said.attention * mask, dim=1)
    return learns(one, other) + learns(other, one) + (1 - angle).mean()


def coactivity(seen: Activity, said: Activity, mask: torch.Tensor, margin: float = 0.5) -> torch.Tensor:
    """What is active in one stream should resemble what is active in the other, more than what is not by `margin`."""

    def centre(stream: Activity, weight: torch.Tensor) -> torch.Tensor:
        weight = weight * mask
        total = (stream.features * weight.unsqueeze(2)).sum(1)
        return functional.normalize(total / weight.sum(1, keepdim=True).clamp_min(1e-6), dim=1)

    active = [centre(s, s.attention) for s in (seen, said)]
    quiet = [centre(s, 1 - s.attention) for s in (seen, said)]
    alike = (active[0] * active[1]).sum(1)
    apart = torch.stack([(active[0] * quiet[1]).sum(1), (active[1] * quiet[0]).sum(1)]).mean(0)
    return functional.relu(margin + apart - alike).mean()
