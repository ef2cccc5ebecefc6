"""Train `weights/studio-lite.safetensors`: `python -m models.recipes.studio_lite --data DIR --cache DIR`.

Frozen features of Flickr8k's 6,000 training photos (as they are, mirrored, and two random crops of each) and of
their 30,000 captions; two small heads; a symmetric contrastive loss in which every caption of a photo counts as
right. Settings were chosen on 600 training photos held out by `--select`; the dev set is only measured
(`models.recipes.measure`).
"""

import argparse
import csv
import math
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors.torch import save_file

from models import registry
from models._minilm import Sentences
from models.text_video.image_tower import ImageTower
from models.text_video.projection import Projection

SIDE = 260


def photos(data: Path, split: str) -> Iterator[tuple[str, np.ndarray]]:
    """(name, uint8 (224, 224, 3)) of every photo of a split."""
    with tarfile.open(data / "flickr8k" / f"{split}.tar") as tar:
        for member in tar:
            stream = tar.extractfile(member) if member.name.endswith(".jpg") else None
            if stream:
                yield Path(member.name).name, np.asarray(Image.open(stream).convert("RGB"))


def captions(data: Path, split: str) -> list[tuple[str, str]]:
    with (data / "flickr8k" / f"{split}_captions.csv").open(encoding="utf-8") as file:
        return [(row["image"], row["caption"]) for row in csv.DictReader(file)]


def crop(frames: torch.Tensor) -> torch.Tensor:
    """A random square of 60–95 % of each photo, mirrored half of the time."""
    out = []
    for frame in frames.permute(0, 3, 1, 2):
        side = int(frame.shape[1] * (0.6 + 0.35 * float(torch.rand(1))))
        y, x = torch.randint(0, frame.shape[1] - side + 1, (2,)).tolist()
        part = frame[None, :, y : y + side, x : x + side].float()
        part = part.flip(3) if torch.rand(1) < 0.5 else part
        part = torch.nn.functional.interpolate(part, (SIDE, SIDE), mode="bilinear", antialias=True)
        out.append(part[0].clamp(0, 255).byte().permute(1, 2, 0))
    return torch.stack(out)


VIEWS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "orig": lambda x: x,
    "flip": lambda x: x.flip(2),
    "crop1": crop,
    "crop2": crop,
}


def features(tower: ImageTower, data: Path, split: str, view: str, cache: Path) -> tuple[list[str], torch.Tensor]:
    """(names, float16 (N, 9, 1280)), kept in `cache` because a pass takes minutes."""
    path = cache / f"feat_{split}_{view}.pt"
    if not path.exists():
        names, parts, buffer = [], [], []
        stream = list(photos(data, split))
        for start in range(0, len(stream), 32):
            names += [name for name, _ in stream[start : start + 32]]
            buffer = [pixels for _, pixels in stream[start : start + 32]]
            with torch.inference_mode():
                parts.append(tower.regions(VIEWS[view](torch.from_numpy(np.stack(buffer)))).half())
        torch.save((names, torch.cat(parts)), path)
    names, regions = torch.load(path, weights_only=True)
    return names, regions


def text_vectors(
    sentences: Sentences, data: Path, split: str, cache: Path
) -> tuple[list[tuple[str, str]], torch.Tensor]:
    path = cache / f"text_{split}.pt"
    if not path.exists():
        rows = captions(data, split)
        torch.save((rows, sentences.vectors([text for _, text in rows])), path)
    rows, vectors = torch.load(path, weights_only=True)
    return rows, vectors


def recall(image: torch.Tensor, text: torch.Tensor, owner: torch.Tensor) -> dict[str, float]:
    """Unit vectors (N, D), (M, D) and each text's image (M,) → R@1/5/10 in % and median ranks, both ways.

    Rank = 1 + number of strictly better; an image's rank is its best caption's.
    """
    sims = text @ image.T
    own = sims.gather(1, owner[:, None])
    t2i = (sims > own).sum(1) + 1
    rank_of = torch.full((len(image),), len(text) + 1)
    for i in range(len(image)):
        best = own[owner == i].max()
        rank_of[i] = int((sims[:, i] > best).sum()) + 1
    out = {}
    for way, ranks in (("t2i", t2i), ("i2t", rank_of)):
        for k in (1, 5, 10):
            out[f"{way}_R@{k}"] = 100 * float((ranks <= k).float().mean())
        out[f"{way}_MedR"] = float(ranks.float().median())
    return out


def train(
    joint: Projection,
    views: list[tuple[torch.Tensor, torch.Tensor]],
    text: torch.Tensor,
    owner: torch.Tensor,
    epochs: int,
    rate: float,
    decay: float,
    batch: int,
    noise: float,
) -> Projection:
    """`views`: (features (N, 9, 1280), logits of their means (N, 1000)); `text` (M, 384) with its photo (M,)."""
    optimiser = torch.optim.AdamW(joint.parameters(), lr=rate, weight_decay=decay)
    count = len(views[0][0])
    by_photo = [torch.nonzero(owner == i).flatten() for i in range(count)]
    steps, step = epochs * (count // batch), 0
    average = {k: v.clone() for k, v in joint.state_dict().items()}
    for _ in range(epochs):
        joint.train()
        for index in torch.split(torch.randperm(count), batch):
            if len(index) < batch:
                continue
            for group in optimiser.param_groups:
                warm = min(1.0, (step + 1) / 50)
                group["lr"] = rate * warm * 0.5 * (1 + math.cos(math.pi * step / steps))
            regions, logits = views[int(torch.randint(len(views), (1,)))]
            # Random regions left out: another free augmentation.
            keep = (torch.rand(batch, 9, 1) < 0.8).float()
            keep[keep.sum(1).squeeze(1) == 0] = 1
            mean = (regions[index].float() * keep).sum(1) / keep.sum(1)
            image = joint.image(mean, logits[index])
            chosen = torch.stack([by_photo[i][torch.randperm(len(by_photo[i]))[:2]] for i in index.tolist()])
            sentences = text[chosen.flatten()]
            sentences = sentences + noise * torch.randn_like(sentences) / sentences.shape[1] ** 0.5
            words = joint.text(sentences).view(batch, 2, -1)
            scale = joint.scale.exp().clamp(max=100)
            loss = torch.zeros(())
            targets = torch.arange(batch)
            for k in range(2):
                sims = scale * image @ words[:, k].T
                loss = loss + torch.nn.functional.cross_entropy(sims, targets)
                loss = loss + torch.nn.functional.cross_entropy(sims.T, targets)
            optimiser.zero_grad()
            (loss / 4).backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            step += 1
            for key, value in joint.state_dict().items():
                average[key].lerp_(value, 0.02) if step > 20 else average[key].copy_(value)
    joint.load_state_dict(average)
    return joint.eval()


def class_names() -> list[str]:
    from open_clip import IMAGENET_CLASSNAMES

    return [f"a photo of a {name}" for name in IMAGENET_CLASSNAMES]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--select", action="store_true", help="hold out 600 training photos and report them")
    parser.add_argument("--views", nargs="+", default=list(VIEWS))
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--decay", type=float, default=0.1)
    parser.add_argument("--drop", type=float, default=0.4)
    parser.add_argument("--batch", type=int, default=512)
    parser.add_argument("--noise", type=float, default=0.3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path, default=registry.WEIGHTS / "studio-lite.safetensors")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    tower, sentences = frozen()
    rows, text = text_vectors(sentences, options.data, "train", options.cache)
    views = []
    for view in options.views:
        names, regions = features(tower, options.data, "train", view, options.cache)
        with torch.inference_mode():
            logits = torch.cat([tower.logits(part.float().mean(1)) for part in torch.split(regions, 512)])
        views.append((regions, logits.clone()))
    place = {name: i for i, name in enumerate(names)}
    owner = torch.tensor([place[name] for name, _ in rows])
    held = 600 if options.select else 0
    joint = Projection(options.drop)
    joint.names.copy_(sentences.vectors(class_names()))
    split = len(names) - held
    seen = owner < split
    train(
        joint,
        [(regions[:split], logits[:split]) for regions, logits in views],
        text[seen],
        owner[seen],
        options.epochs,
        options.rate,
        options.decay,
        options.batch,
        options.noise,
    )
    if held:
        with torch.inference_mode():
            regions, logits = views[0]
            image = joint.image(regions[split:].float().mean(1), logits[split:])
            found = recall(image, joint.text(text[~seen]), owner[~seen] - split)
        print({k: round(v, 1) for k, v in found.items()}, vars(options), flush=True)
    else:
        save_file({k: v.half().contiguous() for k, v in joint.state_dict().items()}, options.out)


def frozen() -> tuple[ImageTower, Sentences]:
    """The two towers, from the files the card names."""
    import io

    from safetensors.torch import load

    card = registry.card("text_video", "studio-lite")
    image = torch.load(io.BytesIO(registry.read(card, "image")), weights_only=True)
    sentences = Sentences(load(registry.read(card, "text")), registry.read(card, "tokenizer"), "cpu")
    return ImageTower(image, "cpu", torch.float16), sentences


if __name__ == "__main__":
    main()
