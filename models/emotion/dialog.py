"""Eighteen emotions from lines of dialogue, each read with its neighbours.

The dialogue stream of temporal emotion localization (TEL; Lin et al. 2022), reduced to what subtitles alone can
teach: sentence vectors, dilated temporal context, a class-agnostic attention, trained with clip labels only.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import safetensors.torch
import torch
from torch import nn

from studio.models._minilm import WIDTH, Sentences
from studio.models._validation import as_texts
from studio.models.architectures import architecture
from studio.models.card import ModelCard
from studio.models.emotion.dcin import DCIN
from studio.models.emotion.definitions import LABELS

_WINDOW = 512  # cues a pass; films have thousands
_REACH = 8  # how many lines to either side context reaches, in both networks


class DialogNet(nn.Module):
    """(B, L, 384) sentence vectors and bool mask (B, L) → logits (B, L, 18)."""

    def __init__(self, hidden: int = 192, drop: float = 0.5) -> None:
        super().__init__()
        self.own = nn.Linear(WIDTH, hidden)
        self.branches = nn.ModuleList(
            nn.Conv1d(WIDTH, hidden, 3, padding=dilation, dilation=dilation) for dilation in (1, 2, 4)
        )
        self.norm = nn.LayerNorm(hidden)
        self.drop = nn.Dropout(drop)
        self.head = nn.Linear(hidden, len(LABELS))
        self.straight = nn.Linear(WIDTH, len(LABELS))

    def forward(self, x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        # Scaled so that entries have unit size: unit vectors of 384 numbers are tiny.
        x = self.drop(x * WIDTH**0.5) * mask.unsqueeze(2)
        y = self.own(x)
        for branch in self.branches:
            y = y + torch.relu(branch(x.transpose(1, 2))).transpose(1, 2) / len(self.branches)
        y = self.drop(torch.relu(self.norm(y)))
        logits: torch.Tensor = self.head(y) + self.straight(x)
        return logits


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
        plain = DialogNet()
        plain.load_state_dict(weights)
        return plain
    net = DCIN(None, WIDTH, hidden=len(weights["said.own.weight"]))
    net.load_state_dict(weights)
    return _Said(net)
