"""Train `weights/dialog-emotion.safetensors` on TEL: `python -m models.recipes.dialog_emotion --data DIR --cache DIR`.

Clips carry labels without times, so this is multiple-instance learning: a clip has an emotion when some of its
lines do. `--select` compares settings by clip-level mean average precision on training films held
out; the defaults are a first guess.
"""

import argparse
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load, save_file

from models import registry
from models._minilm import Sentences
from models.emotion.dialog import LABELS, DialogNet, clean

_SPELLING = {"confident": "confidence"}


def label_index(raw: str) -> int:
    """TEL spells one label with a trailing space and another as an adjective."""
    name = raw.strip().lower()
    return LABELS.index(_SPELLING.get(name, name))


def clips(path: Path) -> list[dict[str, Any]]:
    """film, lines, y (18,) clip counts, and where annotated cues (L, 18) bool."""
    found = []
    for film, scenes in json.loads(path.read_text(encoding="utf-8")).items():
        for clip in scenes.values():
            lines = clip["dialog"]
            y, cues = np.zeros(18, np.float32), np.zeros((len(lines), 18), bool)
            for raw, value in clip["emo"].items():
                y[label_index(raw)] = value if isinstance(value, int) else 1
                if not isinstance(value, int):
                    cues[value["segment"], label_index(raw)] = True
            if lines:
                found.append({"film": film, "lines": [clean(line) for line in lines], "y": y, "cues": cues})
    return found


def average_precision(scores: np.ndarray, truth: np.ndarray) -> float:
    """Of one class; ties are broken pessimistically towards the mean rank by a stable sort on shuffled input."""
    if not truth.any():
        return float("nan")
    hits = truth[np.argsort(-scores, kind="stable")]
    precision = np.cumsum(hits) / np.arange(1, len(hits) + 1)
    return float(precision[hits].mean())


def mean_ap(scores: np.ndarray, truth: np.ndarray) -> float:
    """Macro average over classes with a positive, in %. Rows are shuffled first so that ties are fair."""
    order = np.random.default_rng(0).permutation(len(scores))
    aps = [average_precision(scores[order, c], truth[order, c]) for c in range(truth.shape[1])]
    return 100 * float(np.nanmean(aps))


def encode(data: Path, split: str, cache: Path) -> list[dict[str, Any]]:
    """The clips of a split with `x` (L, 384)."""
    found = clips(data / "tel" / f"{split}.json")
    path = cache / f"tel_{split}.pt"
    if not path.exists():
        card = registry.card("text_video", "studio-lite")
        sentences = Sentences(load(registry.read(card, "text")), registry.read(card, "tokenizer"), "cpu")
        torch.save(sentences.vectors([line for clip in found for line in clip["lines"]]), path)
    vectors = torch.load(path, weights_only=True)
    start = 0
    for clip in found:
        clip["x"] = vectors[start : start + len(clip["lines"])]
        start += len(clip["lines"])
    return found


def batch_of(part: list[dict[str, Any]]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    length = max(len(clip["x"]) for clip in part)
    x, mask = torch.zeros(len(part), length, 384), torch.zeros(len(part), length, dtype=torch.bool)
    for i, clip in enumerate(part):
        x[i, : len(clip["x"])], mask[i, : len(clip["x"])] = clip["x"], True
    return x, mask, torch.from_numpy(np.stack([clip["y"] for clip in part]))


def pool(logits: torch.Tensor, mask: torch.Tensor, sharp: float) -> torch.Tensor:
    """(B, L, 18) → clip logits (B, 18): log-mean-exp, between the mean (sharp → 0) and the maximum."""
    z = (logits * sharp).masked_fill(~mask.unsqueeze(2), float("-inf"))
    return (z.logsumexp(1) - mask.sum(1, keepdim=True).float().log()) / sharp


def train(found: list[dict[str, Any]], options: argparse.Namespace) -> DialogNet:
    net = DialogNet(drop=options.drop)
    optimiser = torch.optim.AdamW(net.parameters(), lr=options.rate, weight_decay=options.decay)
    steps, step = options.epochs * math.ceil(len(found) / 64), 0
    prior = torch.from_numpy(np.mean([clip["y"] > 0 for clip in found], axis=0)).float()
    with torch.no_grad():
        net.head.bias.copy_(torch.logit(prior))
        net.straight.bias.zero_()
    for _ in range(options.epochs):
        net.train()
        for index in torch.split(torch.randperm(len(found)), 64):
            for group in optimiser.param_groups:
                group["lr"] = options.rate * 0.5 * (1 + math.cos(math.pi * step / steps))
            x, mask, y = batch_of([found[i] for i in index.tolist()])
            target = (y > 0).float() * (1 - options.smooth) + options.smooth * prior
            logits = pool(net(x, mask), mask, options.sharp)
            # Mentioned more often means surer: a count of three weighs more than a count of one.
            weight = 1 + 0.3 * (y - 1).clamp(0, 3)
            loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, target, weight)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            step += 1
    return net.eval()


def clip_scores(net: DialogNet, found: list[dict[str, Any]], sharp: float) -> np.ndarray:
    with torch.inference_mode():
        rows = []
        for start in range(0, len(found), 64):
            x, mask, _ = batch_of(found[start : start + 64])
            rows.append(pool(net(x, mask), mask, sharp).numpy())
    return np.concatenate(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--select", action="store_true", help="hold out every eighth film and report clip mAP on them")
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--decay", type=float, default=0.05)
    parser.add_argument("--drop", type=float, default=0.5)
    parser.add_argument("--smooth", type=float, default=0.1)
    parser.add_argument("--sharp", type=float, default=1.0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path, default=registry.WEIGHTS / "dialog-emotion.safetensors")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    found = encode(options.data, "train", options.cache)
    if options.select:
        held = sorted({clip["film"] for clip in found})[::8]
        net = train([clip for clip in found if clip["film"] not in held], options)
        rest = [clip for clip in found if clip["film"] in held]
        truth = np.stack([clip["y"] > 0 for clip in rest])
        print(f"clip mAP {mean_ap(clip_scores(net, rest, options.sharp), truth):.2f}", vars(options), flush=True)
        return
    net = train(found, options)
    save_file({k: v.half().contiguous() for k, v in net.state_dict().items()}, options.out)


if __name__ == "__main__":
    main()
