"""Train `weights/dialog-emotion.safetensors` on TEL: `python -m studio.recipes.dialog_emotion --data DIR --cache DIR`.

Clips carry labels without times, so this is multiple-instance learning: a clip has an emotion when some of its
lines do. `--select` compares settings by clip-level mean average precision on training films held
out; the defaults are a first guess.
"""

import argparse
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load, save_file

from studio.eval import tel
from studio.eval.emotion import Found, cue_figures, mean_precision, metrics, of_clips, precision
from studio.models import registry
from studio.models._minilm import Sentences
from studio.models.emotion.dialog import DialogNet, clean
from studio.models.emotion.localize import contexts, localize


@dataclass(frozen=True)
class Scene:
    """A clip as training sees it: L `lines` without markup, their vectors `x` (L, 384), `counts` (18,) of mentions."""

    film: str
    lines: list[str]
    x: torch.Tensor
    counts: np.ndarray


def sentences() -> Sentences:
    """The frozen tower of sentence vectors."""
    card = registry.card("text_video", "studio-lite")
    return Sentences(load(registry.read(card, "text")), registry.read(card, "tokenizer"), "cpu")


def encode(data: Path, split: str, cache: Path) -> list[Scene]:
    """The clips of a split; the vectors of all their lines, in order, are kept in `cache`."""
    clips = tel.read(data / "tel" / f"{split}.json")
    lines = [[clean(line) for line in clip.lines] for clip in clips]
    path = cache / f"tel_{split}.pt"
    if not path.exists():
        torch.save(sentences().vectors([line for part in lines for line in part]), path)
    vectors = torch.load(path, weights_only=True).split([len(part) for part in lines])
    return [
        Scene(clip.film, part, x, clip.counts.astype(np.float32))
        for clip, part, x in zip(clips, lines, vectors, strict=True)
    ]


def batch_of(part: list[Scene]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Vectors (B, L, 384), bool mask (B, L) and counts (B, 18)."""
    length = max(len(scene.x) for scene in part)
    x, mask = torch.zeros(len(part), length, part[0].x.shape[1]), torch.zeros(len(part), length, dtype=torch.bool)
    for i, scene in enumerate(part):
        x[i, : len(scene.x)], mask[i, : len(scene.x)] = scene.x, True
    return x, mask, torch.from_numpy(np.stack([scene.counts for scene in part]))


def figures(clips: Sequence[tel.Clip], scores: Sequence[np.ndarray]) -> dict[str, float]:
    """The studio protocol over annotated clips, from probabilities (L, 18) of each clip's lines.

    Segments are what `localize` finds in the curves; cue figures are of the probabilities themselves.
    """
    found = []
    for clip, values in zip(clips, scores, strict=True):
        starts, ends = np.array(clip.cues).T
        curves = contexts(values)
        for c, label in enumerate(tel.CLASSES):
            found += [
                Found(clip.video, label, (start, end), score)
                for start, end, score in localize(starts, ends, curves[:, c])
            ]
    every, marks = np.concatenate(scores), np.concatenate([clip.marks for clip in clips if clip.marks is not None])
    whole = np.stack([values.mean(0) for values in scores])
    return {
        **{key: value for key, value in metrics(of_clips(clips), found).items() if isinstance(value, float)},
        **cue_figures(every, marks),
        "cue_micro_AP": 100 * precision(every.ravel(), marks.ravel(), int(marks.sum())),
        "clip_mAP": mean_precision(whole, np.stack([clip.counts > 0 for clip in clips])),
    }


def pool(logits: torch.Tensor, mask: torch.Tensor, sharp: float) -> torch.Tensor:
    """(B, L, 18) → clip logits (B, 18): log-mean-exp, between the mean (sharp → 0) and the maximum."""
    z = (logits * sharp).masked_fill(~mask.unsqueeze(2), float("-inf"))
    return (z.logsumexp(1) - mask.sum(1, keepdim=True).float().log()) / sharp


def train(found: list[Scene], options: argparse.Namespace) -> DialogNet:
    net = DialogNet(drop=options.drop)
    optimiser = torch.optim.AdamW(net.parameters(), lr=options.rate, weight_decay=options.decay)
    steps, step = options.epochs * math.ceil(len(found) / 64), 0
    prior = torch.from_numpy(np.mean([scene.counts > 0 for scene in found], axis=0)).float()
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


def clip_scores(net: DialogNet, found: list[Scene], sharp: float) -> np.ndarray:
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
        held = sorted({scene.film for scene in found})[::8]
        net = train([scene for scene in found if scene.film not in held], options)
        rest = [scene for scene in found if scene.film in held]
        truth = np.stack([scene.counts > 0 for scene in rest])
        print(f"clip mAP {mean_precision(clip_scores(net, rest, options.sharp), truth):.2f}", vars(options), flush=True)
        return
    net = train(found, options)
    save_file({k: v.half().contiguous() for k, v in net.state_dict().items()}, options.out)


if __name__ == "__main__":
    main()
