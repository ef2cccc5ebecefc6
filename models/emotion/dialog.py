"""Eighteen emotions from lines of dialogue, each read with its neighbours.

The dialogue stream of temporal emotion localization (TEL; Lin et al. 2022), reduced to what subtitles alone can
teach: sentence vectors and what single utterances feel like, read with their neighbours, trained with clip labels only.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import safetensors.torch
import torch
from torch import nn
from torch.nn import functional

from studio.models._minilm import WIDTH, Sentences
from studio.models._validation import as_texts
from studio.models.architectures import architecture
from studio.models.card import ModelCard
from studio.models.emotion.dcin import DCIN
from studio.models.emotion.definitions import LABELS

_WINDOW = 512  # cues a pass; films have thousands
_RADII = (2, 8)  # lines to either side whose means a line is read with
_REACH = 8  # how many lines to either side context reaches, in both networks
FEELINGS = 28  # GoEmotions' 27 emotions and "neutral"


class DialogNet(nn.Module):
    """(B, L, 384) sentence vectors and bool mask (B, L) → logits (B, L, 18).

    Each line has its vector and what `felt`, trained on single utterances of GoEmotions, makes of it; a line is read
    beside the means of both over its neighbours, and the share of those neighbours that the scene has.
    """

    def __init__(self, hidden: int = 128, felt: int = 256, drop: float = 0.5) -> None:
        super().__init__()
        self.felt = nn.Sequential(nn.Linear(WIDTH, felt), nn.ReLU(), nn.Linear(felt, FEELINGS))
        width = (1 + len(_RADII)) * (WIDTH + FEELINGS) + len(_RADII)
        self.hidden = nn.Linear(width, hidden)
        self.head = nn.Linear(hidden, len(LABELS))
        self.straight = nn.Linear(width, len(LABELS), bias=False)
        self.drop = nn.Dropout(drop)

    @property
    def felt_nearby(self) -> slice:
        """Where in the features is what was felt in a line and its nearest neighbours."""
        return slice(2 * WIDTH + FEELINGS, 2 * (WIDTH + FEELINGS))

    def features(self, x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """(B, L, F): what `read` reads."""
        # Scaled so that entries have unit size: unit vectors of 384 numbers are tiny.
        x = x * WIDTH**0.5
        x = torch.cat([x, self.felt(x)], 2) * mask.unsqueeze(2)
        parts, shares = [x], []
        for radius in _RADII:
            side = 2 * radius + 1
            near = functional.avg_pool1d(x.transpose(1, 2), side, 1, radius).transpose(1, 2)
            share = functional.avg_pool1d(mask.float().unsqueeze(1), side, 1, radius).transpose(1, 2)
            parts.append(near / share.clamp_min(1 / side))
            shares.append(8 * share)  # learns fast: how much of a scene a line is says much
        return torch.cat(parts + shares, 2)

    def read(self, features: torch.Tensor) -> torch.Tensor:
        """(…, F) → logits (…, 18)."""
        words, shares = features[..., : -len(_RADII)], features[..., -len(_RADII) :]
        features = torch.cat([self.drop(words), shares], -1)
        logits: torch.Tensor = self.head(self.drop(torch.relu(self.hidden(features)))) + self.straight(features)
        return logits

    def forward(self, x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        return self.read(self.features(x, mask))


def clean(line: str) -> str:
    """Subtitle markup off a line: tags, leading dashes, blanks."""
    out, depth = [], 0
    for letter in line:
        depth += letter == "<"
        if depth == 0:
            out.append(letter)
        depth = max(0, depth - (letter == ">"))
    return " ".join("".join(out).lstrip("- ").split())


class DialogEmotion:
    """What the words of a dialogue suggest. Multi-label, subjective, never a judgement about a real person."""

    labels = LABELS

    def __init__(self, name: str, version: str, net: nn.Module, sentences: Sentences, device: str):
        self.name = name
        self.version = version
        self._sentences = sentences
        self._device = device
        self._net = net.eval().to(device)

    def predict(self, lines: list[str]) -> npt.NDArray[np.float32]:
        """L consecutive subtitle lines of one scene → probabilities float32 (L, 18); rows need not sum to one.

        Order matters: each line is read with up to eight before and after it. Raises ValueError for other input.
        """
        lines = [clean(line) for line in as_texts(lines, "lines")]
        if not lines:
            return np.zeros((0, len(LABELS)), np.float32)
        vectors = self._sentences.vectors(lines)
        parts = []
        with torch.inference_mode():
            for start in range(0, len(lines), _WINDOW):
                low, high = max(0, start - _REACH), min(len(lines), start + _WINDOW + _REACH)
                x = vectors[None, low:high].to(self._device)
                logits = self._net(x, torch.ones(x.shape[:2], dtype=torch.bool, device=self._device))[0]
                parts.append(logits[start - low : start - low + _WINDOW].sigmoid().float().cpu().numpy())
        return np.concatenate(parts)


@architecture("dialog-emotion", "dcin-subtitles")
def build(files: Mapping[str, bytes], card: ModelCard, device: str) -> DialogEmotion:
    """From a card and the checked bytes of its files."""
    sentences = Sentences(safetensors.torch.load(files["text"]), files["tokenizer"], device)
    return DialogEmotion(card.name, card.version, network(safetensors.torch.load(files["net"])), sentences, device)


class _Said(nn.Module):
    """The subtitle stream of DCIN by itself: (B, L, 384) and mask (B, L) → logits (B, L, 18)."""

    def __init__(self, net: DCIN) -> None:
        super().__init__()
        self.net = net

    def forward(self, x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        _, said = self.net(None, x, mask)
        logits: torch.Tensor = said.logits
        return logits


def network(weights: Mapping[str, torch.Tensor]) -> nn.Module:
    """The network that a file's weights are of, with these weights: a DCIN with a subtitle stream, or a DialogNet."""
    weights = {key: value.float() for key, value in weights.items()}
    if "said.own.weight" not in weights:
        plain = DialogNet(len(weights["hidden.weight"]), len(weights["felt.0.weight"]))
        plain.load_state_dict(weights)
        return plain
    net = DCIN(None, WIDTH, hidden=len(weights["said.own.weight"]))
    net.load_state_dict(weights)
    return _Said(net)
