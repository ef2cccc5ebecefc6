"""Train `weights/dcin-subtitles.safetensors` on TEL: `python -m studio.recipes.dcin --data DIR --cache DIR`.

The subtitle stream of DCIN. Clips have labels with counts of mentions but no times: a clip has an emotion where some of
its lines do. `--select` holds out films of the training part, fold by fold, and prints clip-level mean average
precision on them, the only truth they have. The defaults did best there.
"""

import argparse
import math
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file

from studio.eval.emotion import mean_precision
from studio.models import registry
from studio.models.emotion.dcin import DCIN, Activity, best_of_clip, of_clip
from studio.models.emotion.definitions import PROMPTS
from studio.recipes.dialog_emotion import Scene, batch_of, encode, sentences

FOLDS = 4
BATCH = 64


def whole(activity: Activity, mask: torch.Tensor, options: argparse.Namespace) -> torch.Tensor:
    if options.pool == "best":
        return best_of_clip(activity, mask)
    return of_clip(activity, mask, options.sharp, options.attended)


def train(scenes: list[Scene], prompts: torch.Tensor, options: argparse.Namespace) -> DCIN:
    torch.manual_seed(options.seed)
    net = DCIN(None, prompts.shape[1], options.hidden, options.drop)
    stream = net.said
    assert stream is not None
    prior = torch.from_numpy(np.mean([scene.counts > 0 for scene in scenes], axis=0)).float()
    with torch.no_grad():
        stream.head.bias.copy_(torch.logit(prior))
        # A line that resembles a class's definition starts with a lead in it; weak labels alone say nothing about when.
        stream.straight.weight.copy_(options.lead * (prompts - prompts.mean(0)) / prompts.shape[1] ** 0.5)
    optimiser = torch.optim.AdamW(net.parameters(), lr=options.rate, weight_decay=options.decay)
    steps, step = options.epochs * math.ceil(len(scenes) / BATCH), 0
    for _ in range(options.epochs):
        net.train()
        for part in _shuffled(scenes):
            for group in optimiser.param_groups:
                group["lr"] = options.rate * 0.5 * (1 + math.cos(math.pi * step / steps))
            x, mask, counts = batch_of(part)
            target = (counts > 0).float() * (1 - options.smooth) + options.smooth * prior
            _, said = net(None, x, mask)
            weight = 1 + options.mentions * (counts - 1).clamp(0, 3)  # mentioned more often means surer
            loss = torch.nn.functional.binary_cross_entropy_with_logits(whole(said, mask, options), target, weight)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            step += 1
    return net.eval()


def _shuffled(scenes: list[Scene]) -> list[list[Scene]]:
    """Batches of like length, because padding is wasted work, in random order."""
    order = torch.randperm(len(scenes)).tolist()
    chunks = [order[i : i + 8 * BATCH] for i in range(0, len(order), 8 * BATCH)]
    ranked = [sorted(chunk, key=lambda i: len(scenes[i].lines)) for chunk in chunks]
    batches = [[scenes[i] for i in chunk[k : k + BATCH]] for chunk in ranked for k in range(0, len(chunk), BATCH)]
    return [batches[i] for i in torch.randperm(len(batches)).tolist()]


def clip_scores(net: DCIN, scenes: list[Scene], options: argparse.Namespace) -> np.ndarray:
    rows = []
    with torch.inference_mode():
        for start in range(0, len(scenes), BATCH):
            x, mask, _ = batch_of(scenes[start : start + BATCH])
            rows.append(whole(net(None, x, mask)[1], mask, options).numpy())
    return np.concatenate(rows)


def select(scenes: list[Scene], prompts: torch.Tensor, options: argparse.Namespace) -> float:
    """Clip mAP on films held out, mean over the first `options.folds` of FOLDS."""
    films = sorted({scene.film for scene in scenes})
    found = []
    for fold in range(options.folds):
        held = set(films[fold::FOLDS])
        rest = [scene for scene in scenes if scene.film in held]
        net = train([scene for scene in scenes if scene.film not in held], prompts, options)
        truth = np.stack([scene.counts > 0 for scene in rest])
        found.append(mean_precision(clip_scores(net, rest, options), truth))
    return float(np.mean(found))


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(description=__doc__)
    made.add_argument("--data", type=Path, required=True)
    made.add_argument("--cache", type=Path, required=True)
    made.add_argument("--select", action="store_true")
    made.add_argument("--folds", type=int, default=2)
    made.add_argument("--epochs", type=int, default=8)
    made.add_argument("--hidden", type=int, default=128)
    made.add_argument("--rate", type=float, default=1e-3)
    made.add_argument("--decay", type=float, default=0.05)
    made.add_argument("--drop", type=float, default=0.65)
    made.add_argument("--smooth", type=float, default=0.1)
    made.add_argument("--mentions", type=float, default=0.3)
    made.add_argument("--pool", choices=["soft", "best"], default="soft")
    made.add_argument("--sharp", type=float, default=1.0)
    made.add_argument("--attended", type=float, default=1.0)
    made.add_argument("--lead", type=float, default=1.0)
    made.add_argument("--seed", type=int, default=0)
    made.add_argument("--out", type=Path, default=registry.WEIGHTS / "dcin-subtitles.safetensors")
    return made


def main() -> None:
    options = parser().parse_args()
    torch.set_num_threads(1)
    scenes = encode(options.data, "train", options.cache)
    prompts = sentences().vectors(list(PROMPTS.values()))
    if options.select:
        print(f"clip mAP {select(scenes, prompts, options):.2f}", changed(options), flush=True)
        return
    state: dict[str, Any] = train(scenes, prompts, options).state_dict()
    save_file({key: value.half().contiguous() for key, value in state.items()}, options.out)


def changed(options: argparse.Namespace) -> dict[str, Any]:
    """The settings that differ from the defaults."""
    usual = vars(parser().parse_args(["--data", ".", "--cache", "."]))
    return {k: v for k, v in vars(options).items() if v != usual[k] and k not in ("data", "cache", "out", "select")}


if __name__ == "__main__":
    main()
