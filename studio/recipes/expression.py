"""Train `weights/expression.safetensors` on FER2013: `python -m studio.recipes.expression --data DIR`.

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

from studio.models.emotion.expression import LABELS, SIDE, ExpressionNet, standardise
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
    faces: np.ndarray, labels: np.ndarray, minutes: float, out: Path, peak: float = 0.1, start_from: Path | None = None
) -> ExpressionNet:
    net = ExpressionNet()
    if start_from:
        net.load_state_dict(load_file(start_from))
    net = net.to(memory_format=torch.channels_last)
    average = deepcopy(net).eval()
    decayed = [p for p in net.parameters() if p.ndim > 1]
    others = [p for p in net.parameters() if p.ndim <= 1]
    groups = [{"params": decayed, "weight_decay": 5e-4}, {"params": others, "weight_decay": 0.0}]
    optimiser = torch.optim.SGD(groups, lr=peak, momentum=0.9, nesterov=True)
    loss_of = nn.CrossEntropyLoss(label_smoothing=0.1)
    pixels, targets = torch.from_numpy(faces).unsqueeze(1), torch.from_numpy(labels)
    start, step, epoch, done = time.monotonic(), 0, 0, 0.0
    while done < 1:
        net.train()
        total = 0.0
        for index in torch.split(torch.randperm(len(pixels)), 128)[:-1]:
            done = (time.monotonic() - start) / (minutes * 60)
            rate = peak * min(1.0, step / 200) * 0.5 * (1 + math.cos(math.pi * min(done, 1)))
            for group in optimiser.param_groups:
                group["lr"] = max(rate, 1e-4)
            x = augment(pixels[index].float()).to(memory_format=torch.channels_last)
            with torch.autocast("cpu", torch.bfloat16):
                logits = net(x)
            loss = loss_of(logits.float(), targets[index])
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
    parser.add_argument("--start-from", type=Path, help="weights of an earlier cycle")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    train(*sheets(options.data / "fer2013", "train"), options.minutes, options.out, options.peak, options.start_from)


if __name__ == "__main__":
    main()
