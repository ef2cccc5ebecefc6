"""Train `weights/trained-head.safetensors`: `python -m studio.recipes.grounding_head --data DIR --cache DIR`; or with
`--encoder NAME --home LIBRARY` the head of a library for another encoder, which its engines find by themselves.

Views of Flickr8k's 6,000 training photos through the default encoder, chained to made-up videos at one or two samples a
second (the concatenation trick of `studio.recipes.synthetic_videos`): hard cuts and dissolves, 2–45 s a scene, broken
samples. A caption of one photo is the query. The step that is kept is the best on videos of 600 photos held out; the
dev set is only measured (`studio.recipes.measure`).
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from safetensors.torch import save

from studio import models
from studio.atomic_files import write_atomic
from studio.config import Settings, default_home
from studio.models import registry
from studio.models.grounding.curve import cell_edges, l2_normalize, unit_range
from studio.models.grounding.engine import Curve
from studio.models.grounding.head import Head, TrainedHead, signals
from studio.recipes import studio_lite, synthetic_videos
from studio.tasks.fitted_heads import HEAD, fitted_name

VIEWS, HELD = 4, 600
HELD_VIDEOS, LOOK = 300, 250  # on which a step is judged, and how many steps are between two looks
DOUBT = 1.0  # how much of another caption is mixed into a query, at most
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Bank:
    """Photos as unit vectors (P, VIEWS, D), of broken frames (B, D), and of captions: (P, 5, D), how many (P,)."""

    views: Floats
    broken: Floats
    texts: Floats
    count: npt.NDArray[np.int64]

    def part(self, start: int, end: int) -> "Bank":
        return Bank(self.views[start:end], self.broken, self.texts[start:end], self.count[start:end])


def bank(data: Path, cache: Path, encoder: str | None = None, folder: Path | None = None) -> Bank:
    """All training photos as an encoder sees them (None: the default), kept in `cache` for the encoder's version
    because it takes minutes, with a large one hours."""
    model = models.load("text_video", encoder, "cpu", folder)
    path = cache / f"views_{f'{encoder}_' if encoder else ''}{model.version}.npz"
    if not path.exists():
        names, pixels = zip(*studio_lite.photos(data, "train"), strict=True)
        rng, place = np.random.default_rng(0), {name: i for i, name in enumerate(names)}
        views = np.stack([model.encode_frames(crops(photo, rng, VIEWS)) for photo in pixels])
        noise = rng.integers(0, 255, (32, 224, 224, 3), np.uint8)
        broken = model.encode_frames(np.concatenate([noise, np.zeros_like(noise[:1])]))
        rows = studio_lite.captions(data, "train")
        parts = [model.encode_text([text for _, text in rows[i : i + 256]]) for i in range(0, len(rows), 256)]
        texts, count = np.zeros((len(names), 5, views.shape[2]), np.float32), np.zeros(len(names), np.int64)
        for (name, _), vector in zip(rows, np.concatenate(parts), strict=True):
            photo = place[name]
            if count[photo] < 5:
                texts[photo, count[photo]] = vector
                count[photo] += 1
        half = np.float16
        np.savez(path, vectors=views.astype(half), noise=broken.astype(half), texts=texts.astype(half), count=count)
    with np.load(path) as kept:
        views, broken, texts = (kept[name].astype(np.float32) for name in ("vectors", "noise", "texts"))
        return Bank(views, broken, texts, kept["count"])


def crops(photo: npt.NDArray[np.uint8], rng: np.random.Generator, count: int) -> npt.NDArray[np.uint8]:
    """Random crops of 67–100 % of a photo, mirrored half of the time."""
    import cv2

    out = []
    for _ in range(count):
        side = int(rng.integers(150, 225))
        y, x = rng.integers(0, 225 - side, 2)
        part = cv2.resize(photo[y : y + side, x : x + side], (224, 224))
        out.append(part[:, ::-1] if rng.random() < 0.5 else part)
    return np.stack(out)


def made_up(photos: Bank, rng: np.random.Generator) -> tuple[Curve, float, float]:
    """A video that answers one query, and the true start and end in samples."""
    chosen = rng.choice(len(photos.views), int(rng.integers(3, 10)), replace=False)
    per_s = int(rng.integers(1, 3))
    ends = np.cumsum(np.exp(rng.uniform(np.log(2), np.log(45), len(chosen)))) * per_s
    count = int(ends[-1])
    times = np.arange(count) + 0.5
    scene = np.minimum(np.searchsorted(ends, times, side="right"), len(chosen) - 1)
    near = np.abs(times[:, None] - ends[:-1]).argmin(1)
    fades = rng.uniform(2, 4, len(chosen)) * per_s * (rng.random() < 0.6)
    share = np.clip(0.5 - np.abs(times - ends[near]) / np.maximum(fades[near], 1e-3), 0, 0.5)[:, None]
    other = np.where(scene == near, near + 1, near)
    drawn = [photos.views[chosen[which], rng.integers(0, VIEWS, count)] for which in (scene, other)]
    rows = (1 - share) * drawn[0] + share * drawn[1] + rng.normal(0, 0.01, drawn[0].shape)
    bad = rng.random(count) < rng.choice([0.0, 0.05, 0.1])
    rows[bad] = photos.broken[rng.integers(0, len(photos.broken), int(bad.sum()))]
    rows = l2_normalize(rows, count)
    target = int(rng.integers(len(chosen)))
    photo = chosen[target]
    # The encoder knows its own training photos better than any others: another caption mixed in makes it doubt.
    stray = rng.integers(len(photos.texts))
    query = photos.texts[photo, rng.integers(photos.count[photo])] + rng.uniform(0, DOUBT) * photos.texts[stray, 0]
    fit = unit_range((rows @ query).astype(np.float64))
    at = times / per_s
    truth = float(ends[target - 1]) if target else 0.0, float(min(ends[target], count))
    return Curve(at, cell_edges(at, count / per_s), fit, rows), *truth


def targets(count: int, start: float, end: float) -> Floats:
    """(3, N) for the three logits: how much of each sample is inside, and the samples nearest to first and last."""
    place = np.arange(count)
    inside = (np.minimum(place + 1, end) - np.maximum(place, start)).clip(0, 1)
    first = int(np.clip(round(start), 0, count - 1))
    last = int(np.clip(round(end) - 1, first, count - 1))
    return np.stack([inside, place == first, place == last]).astype(np.float32)


def batch(videos: list[tuple[Floats, Floats]]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Signals (B, C, N), targets (B, 3, N), mask (B, 1, N) of videos of different lengths."""
    longest = max(x.shape[1] for x, _ in videos)
    padded = [np.stack([np.pad(pair[k], [(0, 0), (0, longest - pair[k].shape[1])]) for pair in videos]) for k in (0, 1)]
    mask = np.stack([np.arange(longest) < x.shape[1] for x, _ in videos])[:, None]
    return torch.from_numpy(padded[0]), torch.from_numpy(padded[1]), torch.from_numpy(mask.astype(np.float32))


def loss_of(logits: torch.Tensor, wanted: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Cross entropy of each sample, and of where the first and the last are among all of a video."""
    inside = torch.nn.functional.binary_cross_entropy_with_logits(logits[:, 0], wanted[:, 0], reduction="none")
    inside = (inside * mask[:, 0]).sum(1) / mask[:, 0].sum(1)
    border = torch.nn.functional.binary_cross_entropy_with_logits(logits[:, 1:], wanted[:, 1:], reduction="none")
    which = logits[:, 1:].masked_fill(mask == 0, -1e4).log_softmax(2)
    found = -(which * wanted[:, 1:]).sum(2).mean(1)
    return (inside + (border * mask).sum((1, 2)) / 8 + 0.2 * found).mean()


def quality(net: Head, held: list[tuple[Curve, float, float]]) -> tuple[float, float, float]:
    """R1 at IoU .5 and .7 and mean IoU in % over videos."""
    engine = TrainedHead("", "", net, "cpu")
    found, truth = [], []
    for curve, start, end in held:
        found.append(engine.moments(curve, 1)[0][:2])
        step = curve.step_s
        truth.append((start * step, end * step))
    overlap = synthetic_videos.shared(np.array(found), np.array(truth))
    return tuple(100 * float(x) for x in ((overlap >= 0.5).mean(), (overlap >= 0.7).mean(), overlap.mean()))  # type: ignore[return-value]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--videos", type=int, default=2500)
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--out", type=Path, default=registry.WEIGHTS / "trained-head.safetensors")
    parser.add_argument("--encoder", help="train it for this encoder, and keep it in a library (--home)")
    parser.add_argument("--home", type=Path, help="the library's folder (default: STUDIO_HOME)")
    options = parser.parse_args()
    torch.set_num_threads(1)
    if options.encoder is None:
        train(bank(options.data, options.cache), options, lambda content: options.out.write_bytes(content))
        return
    settings = Settings(home=options.home or default_home())
    photos = bank(options.data, options.cache, options.encoder, settings.models)
    best: list[bytes] = []
    train(photos, options, best.append)
    for name in keep(best[-1], options.encoder, settings.models):
        print(f"{name} is in the library.")


def keep(net: bytes, encoder: str, folder: Path) -> list[str]:
    """Put a head that was trained for an encoder into a library's folder of models, with the engines that it is part
    of; returns their names."""
    made = []
    for card in models.cards("grounding"):
        if HEAD in (card.name, *card.members):
            members = tuple(fitted_name(name, encoder) if name == HEAD else name for name in card.members)
            own = replace(
                card, name=fitted_name(card.name, encoder), members=members, default=False, metrics={},
                summary=f"{card.name} with a head that was trained here for {encoder}.",
            )  # fmt: skip
            made.append(models.keep(own, {} if members else {"net": net}, folder, write_atomic).name)
    return sorted(made, reverse=True)


def train(photos: Bank, options: argparse.Namespace, keep: Callable[[bytes], object]) -> None:
    """Train a head on a bank; each one that is better than those before on the held-out photos is handed to `keep`."""
    torch.manual_seed(0)
    held_out = min(HELD, len(photos.views) // 3)
    seen = photos.part(0, len(photos.views) - held_out)
    unseen = photos.part(len(photos.views) - held_out, len(photos.views))
    rng = np.random.default_rng(1)
    held = [made_up(unseen, np.random.default_rng(10_000 + i)) for i in range(HELD_VIDEOS)]
    videos = []
    for _ in range(options.videos):
        curve, start, end = made_up(seen, rng)
        videos.append((signals(curve), targets(len(curve.fit), start, end)))
    net, best = Head(), 0.0
    optimiser = torch.optim.AdamW(net.parameters(), lr=options.rate, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, options.rate, options.steps)
    for step in range(1, options.steps + 1):
        chosen = rng.integers(0, len(videos), 16)
        inputs, wanted, mask = batch([videos[i] for i in chosen])
        net.train()
        loss = loss_of(net(inputs, mask), wanted, mask)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        if step % LOOK == 0 or step == options.steps:
            found = quality(net, held)
            print(f"{step}: loss {loss.item():.3f}, held out {found[0]:.1f} {found[1]:.1f} {found[2]:.1f}",
                  flush=True)  # fmt: skip
            if found[2] > best or step == min(LOOK, options.steps):
                best = found[2]
                keep(save({key: value.contiguous() for key, value in net.state_dict().items()}))


if __name__ == "__main__":
    main()
