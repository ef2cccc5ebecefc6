"""Train `weights/expression.safetensors` on FER2013 and FER+: `python -m studio.recipes.expression --data DIR`.

FER2013 has one label a face, FER+ (Barsoum et al., ICMI 2016) the votes of ten raters, who often disagree with it and
with each other: `--trust` is the share of the votes in what is learned. `--mixup` mixes two faces and what is to be
learned of them (Zhang et al. 2018). The weights that we ship were trained with neither.

The schedule runs on the clock (`--minutes`), so that the cosine always reaches its end whatever the
machine; the card says how many epochs that was. Nothing is selected on the dev set.
"""

import argparse
import csv
import math
import time
from copy import deepcopy
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from torch import nn

from studio.models.emotion.expression import LABELS, SIDE, ExpressionNet, network, standardise
from studio.models.registry import WEIGHTS


def sheets(folder: Path, split: str) -> tuple[np.ndarray, np.ndarray]:
    """All faces of a split: uint8 (N, 48, 48) and labels int64 (N,). Sheets hold 20 tiles a row."""
    faces, labels = [], []
    with (folder / "sheets.csv").open() as file:
        for row in csv.DictReader(file):
            if not row["sheet"].startswith(split):
                continue
            sheet = np.asarray(Image.open(folder / row["sheet"]).convert("L"))
            for tile in range(int(row["count"])):
                y, x = tile // 20 * SIDE, tile % 20 * SIDE
                faces.append(sheet[y : y + SIDE, x : x + SIDE])
                labels.append(LABELS.index(row["label"]))
    return np.stack(faces), np.array(labels)


# FER+'s names for the classes of LABELS, in their order. Contempt has no class here, “unknown” and “no face” are none.
VOTES = ("anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise")
OTHERS = ("contempt", "unknown", "NF")


def votes(folder: Path, split: str) -> np.ndarray:
    """How the ten raters of FER+ voted on the faces of `sheets`, int64 (N, 7 + 3): the classes of LABELS, then OTHERS;
    zeros for a face that was not matched."""
    first, count = {}, 0
    with (folder / "sheets.csv").open() as file:
        for row in csv.DictReader(file):
            if row["sheet"].startswith(split):
                first[row["sheet"]] = count
                count += int(row["count"])
    found = np.zeros((count, len(VOTES) + len(OTHERS)), np.int64)
    with (folder / "ferplus.csv").open() as file:
        for row in csv.DictReader(file):
            if row["sheet"] in first:
                found[first[row["sheet"]] + int(row["index"])] = [int(row[name]) for name in (*VOTES, *OTHERS)]
    return found


def targets(labels: np.ndarray, raters: np.ndarray, trust: float) -> np.ndarray:
    """Labels (N,) and votes (N, 10) → what to learn, float32 (N, 7), rows sum to one: of the raters' votes the share
    `trust`, of the label the rest; where no rater named a class, the label alone."""
    hard = np.eye(len(LABELS), dtype=np.float32)[labels]
    named = raters[:, : len(LABELS)].astype(np.float32)
    total = named.sum(1, keepdims=True)
    soft = np.where(total > 0, named / np.maximum(total, 1), hard)
    return np.asarray(trust * soft + (1 - trust) * hard, np.float32)


def augment(x: torch.Tensor) -> torch.Tensor:
    """Mirror, turn, scale, shift, then blank one square: what a detector's box does to a face."""
    n = len(x)
    angle = (torch.rand(n) - 0.5) * math.radians(30)
    scale = 1 + (torch.rand(n) - 0.5) * 0.3
    mirror = torch.where(torch.rand(n) < 0.5, -1.0, 1.0)
    shift = (torch.rand(n, 2) - 0.5) * 0.3
    theta = torch.zeros(n, 2, 3)
    theta[:, 0, 0], theta[:, 0, 1] = angle.cos() * scale * mirror, -angle.sin() * scale
    theta[:, 1, 0], theta[:, 1, 1] = angle.sin() * scale * mirror, angle.cos() * scale
    theta[:, :, 2] = shift
    grid = nn.functional.affine_grid(theta, list(x.shape), align_corners=False)
    x = nn.functional.grid_sample(x, grid, padding_mode="border", align_corners=False)
    x = standardise(x)
    side, rows, columns = SIDE // 3, torch.arange(SIDE).view(1, -1, 1), torch.arange(SIDE).view(1, 1, -1)
    top, left = torch.randint(-side // 2, SIDE - side // 2, (2, n, 1, 1))
    inside = (rows >= top) & (rows < top + side) & (columns >= left) & (columns < left + side)
    keep = torch.rand(n, 1, 1) < 0.5
    return x.masked_fill((inside & keep).unsqueeze(1), 0.0)


def train(
    faces: np.ndarray, wanted: np.ndarray, net: ExpressionNet, minutes: float, out: Path, peak: float, mixup: float
) -> ExpressionNet:
    net = net.to(memory_format=torch.channels_last)
    average = deepcopy(net).eval()
    decayed = [p for p in net.parameters() if p.ndim > 1]
    others = [p for p in net.parameters() if p.ndim <= 1]
    groups = [{"params": decayed, "weight_decay": 5e-4}, {"params": others, "weight_decay": 0.0}]
    optimiser = torch.optim.SGD(groups, lr=peak, momentum=0.9, nesterov=True)
    loss_of = nn.CrossEntropyLoss(label_smoothing=0.1)
    pixels, truth = torch.from_numpy(faces).unsqueeze(1), torch.from_numpy(wanted)
    start, step, epoch, done = time.monotonic(), 0, 0, 0.0
    while done < 1:
        net.train()
        total = 0.0
        for index in torch.split(torch.randperm(len(pixels)), 128)[:-1]:
            done = (time.monotonic() - start) / (minutes * 60)
            rate = peak * min(1.0, step / 200) * 0.5 * (1 + math.cos(math.pi * min(done, 1)))
            for group in optimiser.param_groups:
                group["lr"] = max(rate, 1e-4)
            x, y = augment(pixels[index].float()), truth[index]
            if mixup:
                share = float(np.random.beta(mixup, mixup))
                x, y = share * x + (1 - share) * x.flip(0), share * y + (1 - share) * y.flip(0)
            x = x.to(memory_format=torch.channels_last)
            with torch.autocast("cpu", torch.bfloat16):
                logits = net(x)
            loss = loss_of(logits.float(), y)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            total += float(loss.detach())
            step += 1
            with torch.no_grad():
                keep = min(0.998, step / (step + 10))
                for a, b in zip(average.state_dict().values(), net.state_dict().values(), strict=True):
                    a.lerp_(b, 1 - keep) if a.is_floating_point() else a.copy_(b)
            if done >= 1:
                break
        epoch += 1
        save_file({k: v.contiguous() for k, v in average.state_dict().items()}, out)
        print(f"epoch {epoch} at {done:.0%} loss {total * 128 / len(pixels):.3f}", flush=True)
    return average


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=40)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path, default=WEIGHTS / "expression.safetensors")
    parser.add_argument("--peak", type=float, default=0.1, help="highest learning rate")
    parser.add_argument("--trust", type=float, default=0.0, help="in the raters of FER+, beside the label: 0 to 1")
    parser.add_argument("--mixup", type=float, default=0.0, help="parameter of the beta distribution, as 0.2; 0: none")
    parser.add_argument("--start-from", type=Path, help="weights of an earlier cycle")
    parser.add_argument("--width", type=int, default=32, help="of a network that starts from nothing")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    np.random.seed(options.seed)
    folder = options.data / "fer2013"
    faces, labels = sheets(folder, "train")
    wanted = targets(labels, votes(folder, "train"), options.trust)
    net = network(load_file(options.start_from)) if options.start_from else ExpressionNet(options.width)
    train(faces, wanted, net, options.minutes, options.out, options.peak, options.mixup)


if __name__ == "__main__":
    main()
