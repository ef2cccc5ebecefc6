"""Train `weights/studio-lite.safetensors`: `python -m studio.recipes.studio_lite --data DIR --cache DIR`.

Flickr8k's 6,000 training photos (as they are, mirrored, and two random crops of each) through the frozen image tower,
their 30,000 captions through the frozen part of the text tower; both kept in `--cache`. Trained are two small heads,
with `--layers N` also the last N layers of the text tower, by a symmetric contrastive loss in which every caption of a
photo counts as right. Settings were chosen on 600 training photos held out by `--select`, where tuned layers did not
help (the card has the numbers), so the shipped weights leave both towers frozen; the dev set is only measured
(`studio.recipes.measure`).
"""

import argparse
import csv
import io
import math
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors.torch import load, save_file
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from studio.models import registry
from studio.models._minilm import WIDTH, MiniLM, Sentences
from studio.models.text_video.image_tower import ImageTower
from studio.models.text_video.projection import Projection
from studio.models.text_video.studio_lite import TEXT_PREFIX

SIDE = 260
LONGEST = 28
"""Word pieces of a caption that training reads; one caption in a hundred has more."""


def photos(data: Path, split: str) -> Iterator[tuple[str, np.ndarray]]:
    """(name, uint8 (224, 224, 3)) of every photo of a split."""
    with tarfile.open(data / "flickr8k" / f"{split}.tar") as tar:
        for member in tar:
            stream = tar.extractfile(member) if member.name.endswith(".jpg") else None
            if stream:
                yield Path(member.name).name, np.asarray(Image.open(stream).convert("RGB"))


def captions(data: Path, split: str) -> list[tuple[str, str]]:
    """(photo's name, caption), five a photo."""
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
        part = nn.functional.interpolate(part, (SIDE, SIDE), mode="bilinear", antialias=True)
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
        names, parts = [], []
        stream = list(photos(data, split))
        for start in range(0, len(stream), 32):
            names += [name for name, _ in stream[start : start + 32]]
            buffer = [pixels for _, pixels in stream[start : start + 32]]
            with torch.inference_mode():
                parts.append(tower.regions(VIEWS[view](torch.from_numpy(np.stack(buffer)))).half())
        torch.save((names, torch.cat(parts)), path)
    names, regions = torch.load(path, weights_only=True)
    return names, regions


@dataclass(frozen=True)
class Words:
    """Captions as they leave the frozen layers, one after the other: `pieces` float16 (total, 384), caption i being
    `pieces[starts[i] : starts[i + 1]]`."""

    pieces: torch.Tensor
    starts: torch.Tensor

    def take(self, index: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Captions (B,) → their pieces without padding (n, 384), and how many each has (B,)."""
        spans = [self.pieces[self.starts[i] : self.starts[i + 1]] for i in index.tolist()]
        return torch.cat(spans), torch.tensor([len(span) for span in spans])


def lower_half(net: MiniLM, sentences: Sentences, texts: list[str], layers: int, cache: Path) -> Words:
    """All captions through all but the last `layers` layers, kept in `cache`."""
    path = cache / f"words_train_{layers}.pt"
    if not path.exists():
        frozen_part = list(net.encoder["layer"].children())[: 6 - layers]
        found = []
        tokenizer = sentences._tokenizer
        tokenizer.enable_truncation(LONGEST)
        for start in range(0, len(texts), 128):
            encodings = tokenizer.encode_batch(texts[start : start + 128])
            ids, mask = (torch.tensor([getattr(e, k) for e in encodings]) for k in ("ids", "attention_mask"))
            with torch.inference_mode():
                x = net.embeddings(ids)
                for layer in frozen_part:
                    x = layer(x, mask[:, None, None, :].bool())
            found += [row[kept].half() for row, kept in zip(x, mask.bool(), strict=True)]
        lengths = torch.tensor([0] + [len(row) for row in found])
        torch.save((torch.cat(found), lengths.cumsum(0)), path)
    return Words(*torch.load(path, weights_only=True))


class Upper(nn.Module):
    """The last layers of the text tower, trained: pieces without padding → sentence vectors, unit length.

    Without padding the linear layers do 40 % less; attention is written out, because on a CPU the fused one is slow
    backwards.
    """

    def __init__(self, net: MiniLM, layers: int, drop: float) -> None:
        super().__init__()
        self.layers = nn.ModuleDict({str(i): net.encoder["layer"].get_submodule(str(i)) for i in range(6 - layers, 6)})
        self.drop = nn.Dropout(drop)

    def forward(self, x: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        """(n, 384) and (B,) → (B, 384)."""
        mask = torch.arange(int(lengths.max())) < lengths[:, None]
        real = torch.nonzero(mask.flatten()).flatten()
        with torch.autocast("cpu", torch.bfloat16), sdpa_kernel([SDPBackend.MATH]):
            for layer in self.layers.values():
                x = self.drop(self._layer(layer, x, mask, real))
        owner = torch.repeat_interleave(torch.arange(len(lengths)), lengths)
        total = torch.zeros(len(lengths), WIDTH).index_add(0, owner, x.float())
        return nn.functional.normalize(total, dim=1)

    def _layer(self, layer: nn.Module, x: torch.Tensor, mask: torch.Tensor, real: torch.Tensor) -> torch.Tensor:
        attention = layer.get_submodule("attention")
        inner = attention.get_submodule("self")

        def heads(y: torch.Tensor) -> torch.Tensor:
            padded = y.new_zeros(mask.numel(), WIDTH).index_copy(0, real, y)
            return padded.view(*mask.shape, 12, -1).transpose(1, 2)

        q, k, v = (heads(inner.get_submodule(name)(x)) for name in ("query", "key", "value"))
        y = nn.functional.scaled_dot_product_attention(q, k, v, mask[:, None, None, :])
        y = y.transpose(1, 2).flatten(2).flatten(0, 1).index_select(0, real)
        y = attention.get_submodule("output")(y, x)
        wide = nn.functional.gelu(layer.get_submodule("intermediate.dense")(y))
        out: torch.Tensor = layer.get_submodule("output")(wide, y)
        return out


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


View = tuple[torch.Tensor, torch.Tensor]
"""Features (N, 9, 1280), and logits of their means (N, 1000)."""


def train(
    joint: Projection, upper: Upper, views: list[View], words: Words, owner: torch.Tensor, options: argparse.Namespace
) -> None:
    """The photos 0…N−1 of the views, and those captions (M,) whose `owner` is among them. Leaves averaged weights."""
    count, batch = len(views[0][0]), options.batch
    by_photo: list[list[int]] = [[] for _ in range(count)]
    for caption, photo in enumerate(owner.tolist()):
        if photo < count:
            by_photo[photo].append(caption)
    groups = [
        {"params": list(joint.parameters()), "top": options.rate, "weight_decay": options.decay},
        {"params": list(upper.parameters()), "top": options.text_rate, "weight_decay": 0.01},
    ]
    optimiser = torch.optim.AdamW([group for group in groups if group["params"]])
    trained = [p for group in optimiser.param_groups for p in group["params"]]
    average = [p.detach().clone() for p in trained]
    steps, step = options.epochs * (count // batch), 0
    joint.train()
    upper.train()
    for epoch in range(options.epochs):
        for index in torch.split(torch.randperm(count)[: count // batch * batch], batch):
            for group in optimiser.param_groups:
                warm = min(1.0, (step + 1) / 50)
                group["lr"] = group["top"] * warm * 0.5 * (1 + math.cos(math.pi * step / steps))
            chosen = torch.tensor([[by_photo[i][k] for k in torch.randperm(5)[:2]] for i in index.tolist()])
            loss = _loss(joint, upper, views, words, index, chosen, options.noise)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            step += 1
            with torch.no_grad():
                for mean, p in zip(average, trained, strict=True):
                    mean.lerp_(p, 0.02 if step > 20 else 1.0)
        print(f"epoch {epoch + 1} of {options.epochs}, loss {loss.item():.2f}", flush=True)
    with torch.no_grad():
        for mean, p in zip(average, trained, strict=True):
            p.copy_(mean)
    joint.eval()
    upper.eval()


def _loss(
    joint: Projection,
    upper: Upper,
    views: list[View],
    words: Words,
    index: torch.Tensor,
    chosen: torch.Tensor,
    noise: float,
) -> torch.Tensor:
    """Photos (B,) in a view drawn for all of them, against two of their captions (B, 2)."""
    batch = len(index)
    regions, logits = views[int(torch.randint(len(views), (1,)))]
    regions, logits = regions[index].float(), logits[index]
    # Random regions left out: another free augmentation.
    keep = (torch.rand(batch, 9, 1) < 0.8).float()
    keep[keep.sum(1).squeeze(1) == 0] = 1
    image = joint.image((regions * keep).sum(1) / keep.sum(1), logits)
    sentences = upper(*words.take(chosen.T.flatten()))
    sentences = sentences + noise * torch.randn_like(sentences) / WIDTH**0.5
    scale = joint.scale.exp().clamp(max=100)
    loss = torch.zeros(())
    targets = torch.arange(batch)
    for half in torch.split(joint.text(sentences), batch):
        sims = scale * image @ half.T
        loss = loss + nn.functional.cross_entropy(sims, targets) + nn.functional.cross_entropy(sims.T, targets)
    return loss / 4


def class_names() -> list[str]:
    from open_clip import IMAGENET_CLASSNAMES

    return [f"a photo of a {name}" for name in IMAGENET_CLASSNAMES]


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--select", action="store_true", help="hold out 600 training photos and report them")
    parser.add_argument("--views", nargs="+", default=list(VIEWS))
    parser.add_argument("--layers", type=int, default=0, help="layers of the text tower to train")
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--text-rate", type=float, default=2e-4)
    parser.add_argument("--decay", type=float, default=0.1)
    parser.add_argument("--drop", type=float, default=0.4)
    parser.add_argument("--text-drop", type=float, default=0.1)
    parser.add_argument("--batch", type=int, default=512)
    parser.add_argument("--noise", type=float, default=0.3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path, help="default: the shipped file, unless --select")
    return parser.parse_args()


def main() -> None:
    options = parse()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    tower, sentences = frozen()
    rows = captions(options.data, "train")
    views: list[View] = []
    for view in options.views:
        names, regions = features(tower, options.data, "train", view, options.cache)
        with torch.inference_mode():
            logits = torch.cat([tower.logits(part.float().mean(1)) for part in torch.split(regions, 512)])
        views.append((regions, logits.clone()))
    place = {name: i for i, name in enumerate(names)}
    owner = torch.tensor([place[name] for name, _ in rows])
    joint = Projection(options.drop)
    joint.names.copy_(sentences.vectors(class_names()))
    net = sentences._net.requires_grad_(False)
    words = lower_half(net, sentences, [text for _, text in rows], options.layers, options.cache)
    upper = Upper(net, options.layers, options.text_drop).requires_grad_(True)
    split = len(names) - (600 if options.select else 0)
    train(joint, upper, [(regions[:split], logits[:split]) for regions, logits in views], words, owner, options)
    if options.select:
        regions, logits = views[0]
        with torch.inference_mode():
            image = joint.image(regions[split:].float().mean(1), logits[split:])
            held = torch.nonzero(owner >= split).flatten()
            text = torch.cat([joint.text(upper(*words.take(part))) for part in torch.split(held, 256)])
        print({k: round(v, 1) for k, v in recall(image, text, owner[held] - split).items()}, vars(options), flush=True)
    out = options.out or (None if options.select else registry.WEIGHTS / "studio-lite.safetensors")
    if out:
        tuned = {f"{TEXT_PREFIX}encoder.layer.{k}": v for k, v in upper.layers.state_dict().items()}
        save_file({k: v.half().contiguous() for k, v in (joint.state_dict() | tuned).items()}, out)


def frozen() -> tuple[ImageTower, Sentences]:
    """The two towers as their packages ship them, from the files the card names."""
    card = registry.card("text_video", "studio-lite")
    image = torch.load(io.BytesIO(registry.read(card, "image")), weights_only=True)
    sentences = Sentences(load(registry.read(card, "text")), registry.read(card, "tokenizer"), "cpu")
    return ImageTower(image, "cpu", torch.float16), sentences


if __name__ == "__main__":
    main()
