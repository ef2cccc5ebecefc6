"""What single utterances feel like: the part of the dialogue emotions that learns from GoEmotions (Apache-2.0)."""

import math
from pathlib import Path

import torch

from studio.eval.emotion import mean_precision
from studio.models._minilm import WIDTH, Sentences
from studio.models.emotion.definitions import LABELS
from studio.models.emotion.dialog import FEELINGS, DialogNet

NAMES = (
    "admiration", "amusement", "anger", "annoyance", "approval", "caring", "confusion", "curiosity", "desire",
    "disappointment", "disapproval", "disgust", "embarrassment", "excitement", "fear", "gratitude", "grief", "joy",
    "love", "nervousness", "optimism", "pride", "realization", "relief", "remorse", "sadness", "surprise", "neutral",
)  # fmt: skip
"""GoEmotions' labels in the order of their numbers."""

MEANS = {
    "affection": "love caring",
    "anger": "anger annoyance",
    "anticipation": "optimism desire",
    "aversion": "disgust disapproval",
    "confidence": "pride optimism",
    "disquietment": "nervousness fear",
    "doubt": "confusion curiosity",
    "embarrassment": "embarrassment remorse",
    "engagement": "curiosity",
    "esteem": "admiration gratitude approval",
    "excitement": "excitement",
    "happiness": "joy amusement",
    "peace": "relief joy",
    "sadness": "sadness disappointment grief remorse",
    "suffering": "grief sadness",
    "surprise": "surprise realization",
    "sympathy": "caring",
}
"""What of GoEmotions speaks for a class of TEL, by judgement. Nothing does for disconnection."""


def table() -> torch.Tensor:
    """(28, 18): the weights by which MEANS adds up standardised feelings; the sum of k that do has weight 1 / √k."""
    found = torch.zeros(len(NAMES), len(LABELS))
    for label, names in MEANS.items():
        words = names.split()
        for name in words:
            found[NAMES.index(name), LABELS.index(label)] = 1 / len(words) ** 0.5
    return found


def read(path: Path) -> tuple[list[str], torch.Tensor]:
    """Texts and labels (N, 28) of a file of GoEmotions: text, label numbers and an id a line."""
    with path.open(encoding="utf-8", newline="\n") as file:
        rows = [line.rstrip("\n").split("\t") for line in file]
    labels = torch.zeros(len(rows), FEELINGS)
    for label, row in zip(labels, rows, strict=True):
        label[[int(number) for number in row[1].split(",")]] = 1
    return [row[0] for row in rows], labels


def vectors(texts: list[str], tower: Sentences, *, fast: bool = True) -> torch.Tensor:
    """Sentence vectors (N, 384); `fast` in half precision, which is close: their cosine is above .999."""
    different = {text: n for n, text in enumerate(dict.fromkeys(texts))}
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=fast):
        made = tower.vectors(list(different))
    return made[[different[text] for text in texts]]


def learned(data: Path, cache: Path, tower: Sentences) -> torch.nn.Sequential:
    """The `felt` of a DialogNet, trained on GoEmotions; vectors are kept in `cache`."""
    parts = {}
    for split in ("train", "dev"):
        texts, labels = read(data / "dialogue" / f"goemotions_{split}.tsv")
        path = cache / f"goemotions_{split}.pt"
        if not path.exists():
            torch.save(vectors(texts, tower), path)
        parts[split] = torch.load(path, weights_only=True), labels
    felt = train(*parts["train"])
    x, labels = parts["dev"]
    with torch.inference_mode():
        print(f"utterances: dev mAP {mean_precision(felt(x * WIDTH**0.5).numpy(), labels.numpy() > 0):.2f}", flush=True)
    return felt


def train(
    x: torch.Tensor, labels: torch.Tensor, epochs: int = 15, rate: float = 1e-3, drop: float = 0.3
) -> torch.nn.Sequential:
    """Vectors (N, 384) and labels (N, 28) → the `felt` of a DialogNet, its last layer still logits."""
    felt = DialogNet().felt
    last = last_of(felt)
    optimiser = torch.optim.AdamW(felt.parameters(), lr=rate, weight_decay=0.05)
    x = x * WIDTH**0.5
    with torch.no_grad():
        last.bias.copy_(torch.logit(labels.mean(0).clamp_min(1e-4)))
    steps, step = epochs * math.ceil(len(x) / 256), 0
    for _ in range(epochs):
        for index in torch.split(torch.randperm(len(x)), 256):
            optimiser.param_groups[0]["lr"] = rate * 0.5 * (1 + math.cos(math.pi * step / steps))
            noisy = torch.nn.functional.dropout(x[index], drop)
            logits = last(torch.nn.functional.dropout(felt[:2](noisy), drop))
            loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, labels[index])
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            step += 1
    return felt


def last_of(felt: torch.nn.Sequential) -> torch.nn.Linear:
    last = felt[-1]
    assert isinstance(last, torch.nn.Linear)
    return last


def standardise(felt: torch.nn.Sequential, x: torch.Tensor) -> None:
    """Scales the last layer so that over lines with these vectors each output has mean 0 and deviation 1."""
    with torch.no_grad():
        out = felt(x * WIDTH**0.5)
        mean, spread = out.mean(0), out.std(0)
        last_of(felt).weight.div_(spread[:, None])
        last_of(felt).bias.sub_(mean).div_(spread)
