"""Train `weights/dialog-emotion.safetensors`: `python -m studio.recipes.dialog_emotion --data DIR --cache DIR`.

First utterances: what the texts of GoEmotions feel like (`studio.recipes.utterances`). Then TEL, whose clips
carry labels without times: multiple-instance learning, where a clip has an emotion when some of its lines do. The lines
of a short clip are likelier to be among them, so a clip's odds are the sum of its lines', not the mean. Last,
GoEmotions' own opinion of a line and its neighbours, by a written table (`utterances.MEANS`), is added to what TEL
taught: weak labels say little about when. `--select` holds out training films, fold by fold.
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
from studio.recipes import utterances

USUAL = 13.7  # lines of a clip of TEL's training films
MARKED = 3  # lines that one emotion of a clip covers, about


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


def encode(data: Path, split: str, cache: Path, *, fast: bool = False) -> list[Scene]:
    """The clips of a split; the vectors of all their lines, in order, are kept in `cache`. `fast` in half precision."""
    clips = tel.read(data / "tel" / f"{split}.json")
    lines = [[clean(line) for line in clip.lines] for clip in clips]
    path = cache / (f"tel_{split}_fast.pt" if fast else f"tel_{split}.pt")
    if not path.exists():
        torch.save(utterances.vectors([line for part in lines for line in part], sentences(), fast=fast), path)
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


def pool(logits: torch.Tensor, owner: torch.Tensor, clips: int) -> torch.Tensor:
    """Logits (N, 18) of lines, each of clip number `owner` (N,) → (clips, 18): the log of the sum of their odds.

    Against a clip of usual length, so that a line's logit stays near that of such a clip.
    """
    top = logits.detach().max(0).values
    total = torch.zeros(clips, logits.shape[1]).index_add(0, owner, (logits - top).exp())
    return total.clamp_min(1e-20).log() + top - math.log(USUAL)


@dataclass(frozen=True)
class Rows:
    """Clips for training: `features` (N, F) of all lines, clip after clip, `lengths` and counts `y` (B, 18)."""

    features: torch.Tensor
    lengths: np.ndarray
    y: torch.Tensor

    def part(self, clips: np.ndarray) -> "Rows":
        first = np.cumsum(self.lengths) - self.lengths
        rows = np.concatenate([np.arange(first[i], first[i] + self.lengths[i]) for i in clips])
        return Rows(self.features[torch.from_numpy(rows)], self.lengths[clips], self.y[torch.from_numpy(clips)])

    @property
    def owner(self) -> torch.Tensor:
        return torch.from_numpy(np.repeat(np.arange(len(self.lengths)), self.lengths))


def rows(felt: torch.nn.Sequential, found: Sequence[Scene]) -> Rows:
    net = DialogNet()
    net.felt = felt
    parts = []
    with torch.inference_mode():
        for start in range(0, len(found), 64):
            x, mask, _ = batch_of(list(found[start : start + 64]))
            parts.append(net.features(x, mask)[mask])
    counts = torch.from_numpy(np.stack([scene.counts for scene in found]))
    return Rows(torch.cat(parts).clone(), np.array([len(scene.x) for scene in found]), counts)


def train(found: Rows, options: argparse.Namespace, seed: int) -> DialogNet:
    """One net, without its `felt`."""
    torch.manual_seed(seed)
    net = DialogNet(options.hidden, drop=options.drop)
    parameters = [*net.hidden.parameters(), *net.head.parameters(), *net.straight.parameters()]
    optimiser = torch.optim.AdamW(parameters, lr=options.rate, weight_decay=options.decay)
    steps, step = options.epochs * math.ceil(len(found.lengths) / 64), 0
    prior = (found.y > 0).float().mean(0)
    with torch.no_grad():
        net.head.bias.copy_(torch.logit(prior))
        net.straight.weight.zero_()
    net.train()
    for _ in range(options.epochs):
        for index in torch.split(torch.randperm(len(found.lengths)), 64):
            optimiser.param_groups[0]["lr"] = options.rate * 0.5 * (1 + math.cos(math.pi * step / steps))
            part = found.part(index.numpy())
            logits = pool(net.read(part.features), part.owner, len(index))
            target = (part.y > 0).float() * (1 - options.smooth) + options.smooth * prior
            # Mentioned more often means surer: a count of three weighs more than a count of one.
            weight = 1 + 0.3 * (part.y - 1).clamp(0, 3)
            loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, target, weight)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            step += 1
    return net.eval()


def joined(nets: Sequence[DialogNet], felt: torch.nn.Sequential, lead: float) -> DialogNet:
    """One net that says the mean of what several say, and `lead` times what its `felt` says by the table."""
    whole = DialogNet(sum(net.hidden.out_features for net in nets), utterances.last_of(felt).in_features)
    whole.felt = felt
    with torch.no_grad():
        whole.hidden.weight.copy_(torch.cat([net.hidden.weight for net in nets]))
        whole.hidden.bias.copy_(torch.cat([net.hidden.bias for net in nets]))
        whole.head.weight.copy_(torch.cat([net.head.weight for net in nets], 1) / len(nets))
        whole.head.bias.copy_(torch.stack([net.head.bias for net in nets]).mean(0))
        whole.straight.weight.copy_(torch.stack([net.straight.weight for net in nets]).mean(0))
        whole.straight.weight[:, whole.felt_nearby] += lead * utterances.table().T
    return whole.eval()


def train_all(felt: torch.nn.Sequential, found: Sequence[Scene], options: argparse.Namespace) -> DialogNet:
    many = rows(felt, found)
    return joined([train(many, options, seed) for seed in range(options.seeds)], felt, options.lead)


def select(felt: torch.nn.Sequential, found: Sequence[Scene], options: argparse.Namespace) -> tuple[float, float]:
    """Of films held out: clip mAP, and mAP of lines when all of a clip's have its labels, `MARKED` of them in each."""
    films, clip_figures, line_figures = sorted({scene.film for scene in found}), [], []
    for fold in range(2):
        held = set(films[fold::4])
        net = train_all(felt, [scene for scene in found if scene.film not in held], options)
        part = rows(felt, [scene for scene in found if scene.film in held])
        with torch.inference_mode():
            logits = net.read(part.features)
            whole = pool(logits, part.owner, len(part.lengths)).numpy()
        has = part.y.numpy() > 0
        clip_figures.append(mean_precision(whole, has))
        share = np.minimum(1, MARKED / part.lengths)
        line_figures.append(expected_precision(logits.numpy(), (has * share[:, None])[part.owner.numpy()]))
    return float(np.mean(clip_figures)), float(np.mean(line_figures))


def expected_precision(scores: np.ndarray, chance: np.ndarray) -> float:
    """Percent: as `mean_precision`, where an item of (N, C) is right by `chance`."""
    found = []
    for c in range(scores.shape[1]):
        sure = chance[np.argsort(-scores[:, c], kind="stable"), c]
        found.append((sure * np.cumsum(sure) / np.arange(1, len(sure) + 1)).sum() / sure.sum())
    return 100 * float(np.mean(found))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--select", action="store_true", help="hold out training films and report on them")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--hidden", type=int, default=128)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--decay", type=float, default=0.05)
    parser.add_argument("--drop", type=float, default=0.6)
    parser.add_argument("--smooth", type=float, default=0.1)
    parser.add_argument("--lead", type=float, default=0.4)
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path, default=registry.WEIGHTS / "dialog-emotion.safetensors")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    felt = utterances.learned(options.data, options.cache, sentences())
    found = encode(options.data, "train", options.cache, fast=True)
    utterances.standardise(felt, torch.cat([scene.x for scene in found]))
    if options.select:
        print("clip mAP {:.2f}, line mAP {:.2f}".format(*select(felt, found, options)), vars(options), flush=True)
        return
    net = train_all(felt, found, options)
    save_file({k: v.half().contiguous() for k, v in net.state_dict().items()}, options.out)


if __name__ == "__main__":
    main()
