"""Train `weights/studio-lite*.safetensors`: `python -m studio.recipes.studio_lite --data DIR --cache DIR`.

Three steps. First the heads, on features of Flickr8k's 6,000 training photos as the image tower of the package sees
them; then the heads and the upper layers of that tower, on what its lower layers make of the photos as they are,
mirrored, and of random crops, some blurred, compressed or with black bars as videos are; at last the heads again, with
the names of ImageNet's classes and what the classifier takes for them. All by a symmetric contrastive loss (Radford et
al. 2021): a photo against several of its captions, captions of one photo against each other, and German captions
against photos and English ones (Multi30k, of which no dev photo is part). The tower must go on telling ImageNet's
classes as before (Li & Hoiem 2016), weights are averaged, and 300 photos with German captions are held out. The dev set
is only measured, after each step, as it is and letterboxed, blurred and compressed.
"""

import argparse
import csv
import gzip
import io
import math
import tarfile
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from safetensors.torch import load, save_file
from torch import nn

from studio.models import registry
from studio.models._minilm import WIDTH, Sentences
from studio.models.text_video import image_tower
from studio.models.text_video.efficientnet import EfficientNetLite2
from studio.models.text_video.image_tower import GRID, LOWER, SIDE, ImageTower, without_bars
from studio.models.text_video.projection import Projection
from studio.models.text_video.studio_lite import KNOWN
from studio.models.text_video.word_vectors import words_of

Pixels = npt.NDArray[np.uint8]
Half = npt.NDArray[np.float16]
CROPS = ("crop1", "crop2", "crop3", "crop4", "crop5")
VIEWS = ("orig", "flip", *CROPS)
WORSE = ("letterbox", "blur", "compressed")
"""As videos show the photos of the dev set."""
HELD = 300
BATCH, CAPTIONS = 256, 3
WAYS = ("a photo of a {}", "{}", "there is a {} in the picture", "a {} .")
NOISE, KEPT_REGIONS, DECAY, AVERAGED = 0.3, 0.8, 0.1, 0.02
GERMAN, PARAPHRASES, LANGUAGE, FORGETTING = 0.5, 0.5, 0.2, 0.3
CLASSES_LIKED, CLASSES_MADE = 0.1, 0.3
"""What the further losses weigh beside that of photos and English captions."""


# ------------------------------------------------------------------ data


def photos(data: Path, split: str) -> Iterator[tuple[str, Pixels]]:
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


@dataclass(frozen=True)
class Translated:
    """A photo's five English and five German captions; `photo` is the number of its Flickr8k photo in the file's name
    where that is one of the training photos, else empty."""

    photo: str
    english: tuple[str, ...]
    german: tuple[str, ...]


def translations(data: Path) -> list[Translated]:
    """Multi30k's captions."""
    with gzip.open(data / "captions" / "multi30k.tsv.gz", "rt", encoding="utf-8") as file:
        rows = [line.rstrip("\n").split("\t") for line in file][1:]
    return [
        Translated(row[0].split(".")[0] if row[1] == "1" else "", tuple(row[2:7]), tuple(row[7:12])) for row in rows
    ]


# ------------------------------------------------------------------ views


def view(photo: Pixels, kind: str, rng: np.random.Generator) -> Pixels:
    """A photo as one of VIEWS or WORSE, uint8 (260, 260, 3)."""
    if kind in CROPS:
        return _crop(photo, rng)
    changes: dict[str, Callable[[], Pixels]] = {
        "orig": lambda: photo,
        "flip": lambda: photo[:, ::-1],
        "letterbox": lambda: _with_bars(photo, 28, 0),
        "blur": lambda: _blurred(photo, 2.0),
        "compressed": lambda: _jpeg(_resized(photo, 160, 160), 20),
    }
    return _resized(np.ascontiguousarray(changes[kind]()), SIDE, SIDE)


def _resized(photo: Pixels, width: int, height: int) -> Pixels:
    smaller = width < photo.shape[1] or height < photo.shape[0]
    how = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(photo, (width, height), interpolation=how), np.uint8)


def _blurred(photo: Pixels, sigma: float) -> Pixels:
    return np.asarray(cv2.GaussianBlur(photo, (0, 0), sigma), np.uint8)


def _crop(photo: Pixels, rng: np.random.Generator) -> Pixels:
    """50–100 % of a photo of another shape, mirrored half of the time, its colours changed, now and then worse."""
    height, width = photo.shape[:2]
    area, shape = rng.uniform(0.5, 1.0) * width * height, math.exp(rng.uniform(math.log(0.75), math.log(4 / 3)))
    w, h = min(width, round((area * shape) ** 0.5)), min(height, round((area / shape) ** 0.5))
    x, y = rng.integers(0, width - w + 1), rng.integers(0, height - h + 1)
    part = photo[y : y + h, x : x + w]
    part = part[:, ::-1] if rng.random() < 0.5 else part
    out = _resized(np.ascontiguousarray(part), SIDE, SIDE).astype(np.float32)
    if rng.random() < 0.8:
        mean = out.mean((0, 1), keepdims=True)
        out = (out - mean) * rng.uniform(0.7, 1.3) + mean * rng.uniform(0.75, 1.25)
        gray = out.mean(2, keepdims=True)
        out = (gray + (out - gray) * rng.uniform(0.6, 1.3)) * rng.uniform(0.93, 1.07, (1, 1, 3))
    found: Pixels = out.clip(0, 255).astype(np.uint8)
    chance = rng.random()
    if chance < 0.15:
        return _blurred(found, rng.uniform(0.5, 2.5))
    if chance < 0.35:
        return _jpeg(found, int(rng.integers(15, 60)))
    if chance < 0.42:
        bar = int(rng.uniform(0.06, 0.16) * SIDE)
        return _with_bars(found, bar, 0) if rng.random() < 0.7 else _with_bars(found, 0, bar)
    return found


def _with_bars(photo: Pixels, high: int, wide: int) -> Pixels:
    height, width = photo.shape[:2]
    return np.pad(_resized(photo, width - 2 * wide, height - 2 * high), [(high, high), (wide, wide), (0, 0)])


def _jpeg(photo: Pixels, quality: int) -> Pixels:
    _, data = cv2.imencode(".jpg", photo, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


# ------------------------------------------------------------------ the tower, in two halves


class Tower:
    """The package's image tower: a lower half that stays, an upper one to train, and its classifier."""

    def __init__(self, weights: dict[str, torch.Tensor]) -> None:
        net = EfficientNetLite2()
        net.load_state_dict(weights)
        self.classifier = deepcopy(net._fc).requires_grad_(False)
        self._net = image_tower.fold(net).to(memory_format=torch.channels_last).requires_grad_(False)
        self.upper = image_tower.upper(self._net)

    def lower_half(self, frames: npt.NDArray[np.uint8]) -> Half:
        """uint8 (N, 260, 260, 3) → float16 (N, 17, 17, 120)."""
        mean, std = (torch.tensor(v).view(3, 1, 1) for v in (image_tower._MEAN, image_tower._STD))
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
            x = (torch.from_numpy(frames).permute(0, 3, 1, 2).float() - mean) / std
            x = nn.functional.relu6(self._net._bn0(self._net._conv_stem(x.to(memory_format=torch.channels_last))))
            for block in list(self._net._blocks)[:LOWER]:
                x = block(x)
        return np.asarray(x.float().permute(0, 2, 3, 1).numpy(), np.float16)

    def upper_half(self, activations: Half) -> torch.Tensor:
        """float16 (N, 17, 17, 120) → regions (N, 9, 1280)."""
        x = torch.from_numpy(activations).float().permute(0, 3, 1, 2)
        for block in list(self.upper)[:-1]:
            x = block(x)
        x = nn.functional.relu6(self.upper[-1](x))
        return nn.functional.adaptive_avg_pool2d(x.float(), GRID).flatten(2).transpose(1, 2)

    def regions(self, activations: Half) -> torch.Tensor:
        """The same of any number, float16, without gradients."""
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
            parts = [self.upper_half(activations[i : i + 64]).half() for i in range(0, len(activations), 64)]
        return torch.cat(parts).clone()


def activations(tower: Tower, data: Path, split: str, kind: str, cache: Path) -> tuple[list[str], Half]:
    """Names (N) and lower halves (N, 17, 17, 120) of a view of all photos, kept in `cache`: a pass takes minutes.

    Of the dev photos black bars are cut off, as the product does; in training the tower must see them too.
    """
    path, names = cache / f"low_{split}_{kind}.npy", cache / f"names_{split}.txt"
    if not path.exists():
        rng, stream = np.random.default_rng(sum(map(ord, kind))), list(photos(data, split))
        parts = []
        for i in range(0, len(stream), 64):
            frames = np.stack([view(photo, kind, rng) for _, photo in stream[i : i + 64]])
            parts.append(tower.lower_half(without_bars(frames) if split == "dev" else frames))
        names.write_text("\n".join(name for name, _ in stream), encoding="utf-8")
        np.save(path, np.concatenate(parts))
    return names.read_text(encoding="utf-8").split("\n"), np.load(path)


# ------------------------------------------------------------------ texts


@dataclass
class Texts:
    """Texts as the trained part reads them: their words, and what the sentence network made of them (M, 384), or None
    where it does not read their language."""

    words: list[list[str]]
    vectors: torch.Tensor | None

    def take(self, joint: Projection, index: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Texts (B,) → unit vectors (B, 512), and the loss of telling whether they are English."""
        words = joint.words([self.words[i] for i in index.tolist()])
        vectors = torch.zeros(len(index), WIDTH) if self.vectors is None else self.vectors[index].float()
        vectors = vectors + NOISE * torch.randn_like(vectors) / WIDTH**0.5
        said = joint.english(words)
        wanted = torch.full_like(said, float(self.vectors is not None))
        return joint.joined(vectors, words), nn.functional.binary_cross_entropy_with_logits(said, wanted)


def sentence_vectors(sentences: Sentences, name: str, texts: list[str], cache: Path) -> torch.Tensor:
    """Sentence vectors (M, 384) as float16, kept in `cache`."""
    path = cache / f"sentences_{name}.pt"
    if not path.exists():
        torch.save(sentences.vectors(texts, 128).half(), path)
    found: torch.Tensor = torch.load(path, weights_only=True)
    return found


def class_names(way: str = WAYS[0]) -> list[str]:
    from open_clip import IMAGENET_CLASSNAMES

    return [way.format(name) for name in IMAGENET_CLASSNAMES]


# ------------------------------------------------------------------ measures


def recall(image: torch.Tensor, text: torch.Tensor, owner: torch.Tensor) -> dict[str, float]:
    """Unit vectors (N, D), (M, D) and each text's image (M,) → R@1/5/10 in % and median ranks, both ways.

    Rank = 1 + number of strictly better; an image's rank is its best caption's; images without a caption only distract.
    """
    sims = text @ image.T
    own = sims.gather(1, owner[:, None])
    t2i = (sims > own).sum(1) + 1
    i2t = torch.tensor([int((sims[:, i] > own[owner == i].max()).sum()) + 1 for i in sorted(set(owner.tolist()))])
    out = {}
    for way, ranks in (("t2i", t2i), ("i2t", i2t)):
        for k in (1, 5, 10):
            out[f"{way}_R@{k}"] = 100 * float((ranks <= k).float().mean())
        out[f"{way}_MedR"] = float(ranks.float().median())
    return out


@dataclass
class Data:
    """All that training and measuring read; photos and captions by their number."""

    names: list[str]
    views: dict[str, Half]
    english: Texts
    own: list[list[int]]
    """Of each photo the numbers of its captions."""
    paraphrases: Texts
    german: Texts
    rows: dict[int, int]
    """Of a photo its row of Multi30k, whose captions are 5 · row … 5 · row + 4."""
    free: torch.Tensor
    """Rows that belong to no photo."""
    held: list[int]
    """Photos with German captions that training does not see."""
    classes: list[Texts]
    """ImageNet's 1,000 names, said in several ways."""
    dev: dict[str, Half]
    dev_texts: list[str]
    dev_vectors: torch.Tensor
    dev_owner: torch.Tensor


def gather(data: Path, cache: Path, tower: Tower, sentences: Sentences) -> Data:
    """From the files, and what is kept of them in `cache`."""
    cache.mkdir(parents=True, exist_ok=True)
    views = {}
    for kind in VIEWS:
        names, views[kind] = activations(tower, data, "train", kind, cache)
    place = {name: i for i, name in enumerate(names)}
    rows = captions(data, "train")
    own: list[list[int]] = [[] for _ in names]
    for i, (name, _) in enumerate(rows):
        own[place[name]].append(i)
    found = translations(data)
    by_number = {name.split("_")[0]: i for i, name in enumerate(names)}
    of_photo = {by_number[row.photo]: i for i, row in enumerate(found) if row.photo in by_number}
    shuffled = torch.randperm(len(of_photo), generator=torch.Generator().manual_seed(7)).tolist()
    held = [list(of_photo)[i] for i in shuffled[:HELD]]
    english = [text for row in found for text in row.english]
    german = [text for row in found for text in row.german]
    dev = {}
    for kind in ("orig", *WORSE):
        dev_names, dev[kind] = activations(tower, data, "dev", kind, cache)
    dev_place, dev_rows = {name: i for i, name in enumerate(dev_names)}, captions(data, "dev")
    return Data(
        names,
        views,
        Texts([words_of(text) for _, text in rows], sentence_vectors(sentences, "train", [t for _, t in rows], cache)),
        own,
        Texts([words_of(text) for text in english], sentence_vectors(sentences, "paraphrases", english, cache)),
        Texts([words_of(text) for text in german], None),
        of_photo,
        torch.tensor([i for i, row in enumerate(found) if not row.photo]),
        held,
        [
            Texts([words_of(text) for text in said], sentence_vectors(sentences, f"classes_{i}", said, cache))
            for i, said in enumerate(class_names(way) for way in WAYS)
        ],
        dev,
        [text for _, text in dev_rows],
        sentence_vectors(sentences, "dev", [text for _, text in dev_rows], cache),
        torch.tensor([dev_place[name] for name, _ in dev_rows]),
    )


def measure(joint: Projection, tower: Tower, data: Data) -> dict[str, float]:
    """R@10 (and R@1) on the dev photos, as they are and worse, and of German captions of the photos held out, among as
    many dev photos as make the same number; in %."""
    joint.eval()

    def pictures(lower: Half) -> torch.Tensor:
        regions = tower.regions(lower).float()
        return joint.image(joint.pool(regions), tower.classifier(regions.mean(1)))

    with torch.inference_mode():
        texts = joint.text(data.dev_vectors.float(), data.dev_texts)
        seen = {kind: pictures(lower) for kind, lower in data.dev.items()}
        plain = recall(seen["orig"], texts, data.dev_owner)
        found = {key: plain[key] for key in ("t2i_R@1", "t2i_R@5", "t2i_R@10", "i2t_R@10")}
        found |= {f"{kind}_t2i_R@10": recall(seen[kind], texts, data.dev_owner)["t2i_R@10"] for kind in WORSE}
        index = [5 * data.rows[photo] + k for photo in data.held for k in range(5)]
        words = joint.words([data.german.words[i] for i in index])
        asked = joint.joined(torch.zeros(len(index), WIDTH), words)
        among = torch.cat([pictures(data.views["orig"][data.held]), seen["orig"][: len(seen["orig"]) - HELD]])
        german = recall(among, asked, torch.arange(HELD).repeat_interleave(5))
    joint.train()
    return found | {f"german_{key}": german[key] for key in ("t2i_R@1", "t2i_R@10")}


# ------------------------------------------------------------------ training


def contrast(one: torch.Tensor, other: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
    """Unit vectors (B, D) that belong together row by row: cross entropy both ways."""
    sims, right = scale * one @ other.T, torch.arange(len(one))
    return (nn.functional.cross_entropy(sims, right) + nn.functional.cross_entropy(sims.T, right)) / 2


@dataclass(frozen=True)
class Step:
    """A part of the training: epochs and the top rate of the heads, and of the tower's upper half (0: it stays as it
    is); with `classes` the names of ImageNet's classes are learned too, from what the classifier takes for them."""

    name: str
    epochs: int
    rate: float
    tower_rate: float = 0.0
    classes: bool = False


STEPS = (
    Step("heads", 15, 1e-3),
    Step("heads and tower", 12, 6e-4, 2.5e-4),
    Step("heads, with classes", 6, 3e-4, classes=True),
)


def train(joint: Projection, tower: Tower, data: Data, step: Step, batch: int = BATCH) -> None:
    """One step; leaves averaged weights."""
    held = set(data.held)
    fit = torch.tensor([i for i in range(len(data.names)) if i not in held])
    of_words = {id(p) for p in joint.words.parameters()}
    heads = [p for p in joint.parameters() if id(p) not in of_words]
    groups = [
        {"params": heads, "top": step.rate, "weight_decay": DECAY},
        {"params": list(joint.words.parameters()), "top": 3 * step.rate, "weight_decay": 0.0},
    ]
    if step.tower_rate:
        tower.upper.requires_grad_(True)
        groups.append({"params": list(tower.upper.parameters()), "top": step.tower_rate, "weight_decay": 0.02})
    frozen = {kind: tower.regions(lower) for kind, lower in data.views.items()}
    optimiser = torch.optim.AdamW(groups, betas=(0.9, 0.98))
    trained = [p for group in optimiser.param_groups for p in group["params"]]
    average = [p.detach().clone() for p in trained]
    updates, done, started = step.epochs * (len(fit) // batch), 0, time.time()
    joint.train()
    for epoch in range(step.epochs):
        for index in torch.split(fit[torch.randperm(len(fit))], batch)[: len(fit) // batch]:
            for group in optimiser.param_groups:
                warm = min(1.0, (done + 1) / 60)
                group["lr"] = group["top"] * warm * 0.5 * (1 + math.cos(math.pi * done / updates))
            loss = _loss(joint, tower, data, frozen, index, step)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(trained, 5.0)
            optimiser.step()
            done += 1
            with torch.no_grad():
                for mean, p in zip(average, trained, strict=True):
                    mean.lerp_(p, AVERAGED if done > 60 else 1.0)
        print(
            f"{step.name}: epoch {epoch + 1} of {step.epochs}, loss {loss.item():.2f}, {time.time() - started:.0f} s",
            flush=True,
        )
    with torch.no_grad():
        for mean, p in zip(average, trained, strict=True):
            p.copy_(mean)
    tower.upper.requires_grad_(False)


def _loss(
    joint: Projection,
    tower: Tower,
    data: Data,
    frozen: dict[str, torch.Tensor],
    index: torch.Tensor,
    step: Step,
) -> torch.Tensor:
    """Photos (B,), each in a view drawn for it."""
    kinds, drawn = list(data.views), torch.randint(len(data.views), (len(index),))
    before = torch.stack(
        [frozen[kinds[kind]][i] for kind, i in zip(drawn.tolist(), index.tolist(), strict=True)]
    ).float()
    regions = before
    if step.tower_rate:
        lower = [data.views[kinds[kind]][i] for kind, i in zip(drawn.tolist(), index.tolist(), strict=True)]
        regions = tower.upper_half(np.stack(lower))
    kept = torch.rand(regions.shape[:2]) < KEPT_REGIONS  # regions left out: another free augmentation
    kept[~kept.any(1)] = True
    logits = tower.classifier(regions.mean(1))
    image, scale = joint.image(joint.pool(regions, kept), logits), joint.scale.exp().clamp(max=100)
    english_or_not: list[torch.Tensor] = []

    def said(texts: Texts, which: torch.Tensor) -> torch.Tensor:
        vectors, mistaken = texts.take(joint, which)
        english_or_not.append(mistaken)
        return vectors

    chosen = torch.tensor([[data.own[i][k] for k in torch.randperm(5)[:CAPTIONS]] for i in index.tolist()])
    loss = torch.stack([contrast(image, said(data.english, one), scale) for one in chosen.T]).mean()
    rows = torch.tensor([data.rows.get(i, -1) for i in index.tolist()])
    known = rows >= 0
    german = said(data.german, 5 * rows[known] + torch.randint(5, (int(known.sum()),)))
    loss = loss + GERMAN * contrast(image[known], german, scale)
    row = data.free[torch.randint(len(data.free), (len(index),))]
    which = torch.stack([torch.randperm(5)[:2] for _ in row])
    one, other = (said(data.paraphrases, 5 * row + which[:, k]) for k in (0, 1))
    german = said(data.german, 5 * row + torch.randint(5, (len(row),)))
    loss = loss + PARAPHRASES * contrast(one, other, scale) + GERMAN * contrast(german, one, scale)
    if step.classes:
        loss = loss + _of_classes(joint, tower, data, image, logits, before, said)
    if step.tower_rate:
        classes = tower.classifier(before.mean(1)).log_softmax(1)
        loss = loss + FORGETTING * nn.functional.kl_div(
            logits.log_softmax(1), classes, log_target=True, reduction="batchmean"
        )
    return loss + LANGUAGE * torch.stack(english_or_not).mean()


def _of_classes(
    joint: Projection,
    tower: Tower,
    data: Data,
    image: torch.Tensor,
    logits: torch.Tensor,
    regions: torch.Tensor,
    said: Callable[[Texts, torch.Tensor], torch.Tensor],
) -> torch.Tensor:
    """What the classifier knows and no caption names. A photo likes the names of classes as the classifier does; and a
    class, as the features that the classifier takes for it, mixed with those of a photo, goes with its name."""
    scale = joint.scale.exp().clamp(max=100)
    texts = data.classes[int(torch.randint(len(data.classes), (1,)))]
    names = said(texts, torch.arange(len(texts.words)))
    liked = nn.functional.kl_div((scale * image @ names.T).log_softmax(1), logits.softmax(1), reduction="batchmean")
    weight = tower.classifier.weight - tower.classifier.weight.mean(0)
    direction = nn.functional.normalize(weight, dim=1)
    photos = regions.mean(1)
    spread = (photos - photos.mean(0)).norm(dim=1).mean()
    which = torch.randperm(len(weight))[: len(image)]
    made = photos.mean(0) + spread * direction[which] * (1 + 0.2 * torch.randn(len(which), 1))
    share = 0.5 + 0.5 * torch.rand(len(which), 1)
    mixed = (share * made + (1 - share) * photos[torch.randint(len(photos), (len(which),))]).clamp(min=0)
    cells = mixed[:, None] * (1 + 0.1 * torch.randn(len(which), GRID * GRID, 1)).clamp(min=0)
    pictures = joint.image(joint.pool(cells), tower.classifier(mixed))
    return CLASSES_LIKED * liked + CLASSES_MADE * contrast(pictures, names[which], scale)


# ------------------------------------------------------------------ all of it


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--out", type=Path, default=registry.WEIGHTS, help="folder of the two files")
    return parser.parse_args()


def main() -> None:
    options = parse()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    card = registry.card("text_video", "studio-lite")
    tower = Tower(torch.load(io.BytesIO(registry.read(card, "image")), weights_only=True))
    sentences = _sentences()
    data = gather(options.data, options.cache, tower, sentences)
    joint = Projection()
    joint.names.copy_(sentences.vectors(class_names()))
    nn.init.normal_(joint.words.table.weight, std=0.5)
    for part in (joint.words.score, joint.attention):
        nn.init.zeros_(part.weight)
    for step in STEPS:
        train(joint, tower, data, step)
        print({key: round(value, 1) for key, value in measure(joint, tower, data).items()}, flush=True)
    heads, upper = ({k: v.half().contiguous() for k, v in net.state_dict().items()} for net in (joint, tower.upper))
    save_file(heads | {KNOWN: torch.tensor(known_words(options.data))}, options.out / "studio-lite.safetensors")
    save_file(upper, options.out / "studio-lite-tower.safetensors")


def known_words(data: Path) -> list[int]:
    """The CRC-32 of the words that captions of training have more than once."""
    said = [text for _, text in captions(data, "train")]
    said += [text for row in translations(data) for text in (*row.english, *row.german)]
    counts = Counter(word for text in said for word in words_of(text) if word)
    return sorted({zlib.crc32(word.encode()) for word, count in counts.items() if count > 1})


def _sentences() -> Sentences:
    card = registry.card("text_video", "studio-lite")
    return Sentences(load(registry.read(card, "text")), registry.read(card, "tokenizer"), "cpu")


def frozen() -> tuple[ImageTower, Sentences]:
    """The two towers as their packages ship them, from the files the card names."""
    card = registry.card("text_video", "studio-lite")
    image = torch.load(io.BytesIO(registry.read(card, "image")), weights_only=True)
    return ImageTower(image, "cpu", torch.float32), _sentences()


if __name__ == "__main__":
    main()
