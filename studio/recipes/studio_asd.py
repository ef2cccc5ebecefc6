"""Train `weights/studio-asd.safetensors` on heads put into scenes: `python -m studio.recipes.studio_asd --data DIR`.

Nobody labelled anything: a face and its own sound belong together, and everything else is made from that. The sound of
another clip, of the same clip at another time, noise, or none; a face that rests; several faces of which one is heard.
Beside it, both front-ends learn to say what those of a published network make of the same clips (LR-ASD's AVA weights,
MIT), which has seen far more people. The people of `talking_heads.HELD_OUT` are never seen. The schedule runs on the
clock (`--minutes`).
"""

import argparse
import math
import time
from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import nn
from torch.nn import functional as F

from studio import models
from studio.models._checkpoint import fill
from studio.models.registry import WEIGHTS
from studio.models.speaker.checkpoints import weights
from studio.models.speaker.detector import FPS, RATE
from studio.models.speaker.networks import LrAsd
from studio.models.speaker.sounds import fitted, log_mel, mfcc
from studio.models.speaker.studio_asd import APART, DEPTH, HEADS, LAGS, REGION, SIDE, WIDTH, Network, motion
from studio.models.speaker.vad import per_frame
from studio.recipes import talking_heads

ROWS = 4  # of log-mel a frame
TRACKS = 16  # a step


@dataclass(frozen=True)
class Clip:
    """A head of a person made ready: small (T, 72, 72) in gray levels, mel (4T, 64), voice (4T,), 0 or 1, and what the
    front-ends of the teacher make of picture and sound, (T, 256)."""

    person: str
    small: torch.Tensor
    mel: torch.Tensor
    voice: torch.Tensor
    taught: torch.Tensor

    def __len__(self) -> int:
        return len(self.small)


def ready(head: talking_heads.Head, teacher: LrAsd, cache: Path) -> Clip:
    """What training reads of a head; what the teacher says is kept in the folder `cache`."""
    wide = torch.from_numpy(head.wide).float().unsqueeze(1)
    speech = per_frame(models.load("voice_activity", device="cpu"), head.audio, len(wide), FPS) > 0.5
    mel = torch.from_numpy(fitted(log_mel(head.audio * 32768), ROWS * len(wide)))
    kept = cache / f"{head.name}.taught.npy"
    if not kept.exists():
        np.save(kept, taught(head, teacher).numpy())
    said = torch.from_numpy(np.load(kept))
    voice = torch.from_numpy(speech).float().repeat_interleave(ROWS)
    return Clip(talking_heads.person(head), F.avg_pool2d(wide, 2).squeeze(1), mel, voice, said)


def taught(head: talking_heads.Head, teacher: LrAsd) -> torch.Tensor:
    """The teacher's front-ends on a head (T, 256): picture, the mean of the face and its mirror image, and sound."""
    count = len(head.crops)
    sound = np.zeros(count * RATE // FPS, np.float32)
    sound[: len(head.audio)] = head.audio[: len(sound)] * 32768
    faces = torch.from_numpy(np.ascontiguousarray(head.crops)).float().unsqueeze(0)
    with torch.inference_mode():
        seen = (teacher.encode_video(faces) + teacher.encode_video(faces.flip(3))) / 2
        heard = teacher.encode_audio(torch.from_numpy(fitted(mfcc(sound), ROWS * count)).unsqueeze(0))
    return torch.cat([seen, heard], 2)[0].clone()


def walk(start: float, speed: float, count: int, length: int) -> torch.Tensor:
    """(count,) positions 0…length − 1, to and fro at `speed`; sound played backwards still fits its picture."""
    turn = 2 * (length - 1)
    at = (start + speed * torch.arange(count)) % turn
    return torch.minimum(at, turn - at)


def chance(share: float) -> bool:
    return bool(torch.rand(()) < share)


def between(low: float, high: float) -> float:
    return low + (high - low) * float(torch.rand(()))


@dataclass(frozen=True)
class Take:
    """A stretch of a clip: which, from where on, and how fast, in rows of its log-mel."""

    clip: Clip
    start: float
    speed: float

    def sound(self, count: int, late: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
        """Log-mel (4·count, 64) and voice (count,), `late` frames after the picture."""
        at = walk(self.start - ROWS * late * self.speed, self.speed, ROWS * count, len(self.clip.mel)).long()
        return self.clip.mel[at], self.clip.voice[at[::ROWS]]

    def taught(self, count: int) -> torch.Tensor:
        """The teacher's view of the clip as it was, however it is shown and heard here, (count, 256)."""
        return self.clip.taught[self._frames(count)]

    def _frames(self, count: int) -> torch.Tensor:
        at = walk(self.start, self.speed, ROWS * count, len(self.clip.mel))[1::ROWS].div(ROWS).long()
        return at.clamp(max=len(self.clip) - 1)

    def picture(self, count: int, still: bool = False) -> torch.Tensor:
        """Mouths (count, 32, 32), seen as a camera and a face detector might."""
        at = self._frames(count)
        if chance(0.2):  # a slower camera, whose frames are shown twice
            at = at[(torch.arange(count) * 0.6).floor().div(0.6).round().long().clamp(max=count - 1)]
        frames = self.clip.small[at[:1].expand(count) if still else at]
        return _noisy(_moved(frames))


def _moved(frames: torch.Tensor) -> torch.Tensor:
    """(T, 72, 72) → the square around the mouth (T, 32, 32): mirrored, shifted, scaled, turned, drifting a little."""
    t = len(frames)
    mirror, scale, angle = (-1.0 if chance(0.5) else 1.0), between(0.85, 1.18), between(-0.15, 0.15)
    drift = torch.randn(2, 4) * torch.rand(()) * 0.04
    move = F.interpolate(drift[None], t, mode="linear", align_corners=True)[0] + (torch.rand(2, 1) - 0.5) * 0.16
    # What a crop's middle is to the picture's, in its own units −1…1.
    first_row, first_column, side = (value / 2 for value in REGION)
    margin, whole = talking_heads.MARGIN / 2, frames.shape[1]
    middle = [(margin + first + side / 2) / whole * 2 - 1 for first in (first_column, first_row)]
    zoom = side / whole * scale
    theta = torch.zeros(t, 2, 3)
    theta[:, 0, 0], theta[:, 0, 1] = zoom * mirror * math.cos(angle), -zoom * math.sin(angle)
    theta[:, 1, 0], theta[:, 1, 1] = zoom * mirror * math.sin(angle), zoom * math.cos(angle)
    theta[:, 0, 2], theta[:, 1, 2] = middle[0] + move[0], middle[1] + move[1]
    grid = F.affine_grid(theta, [t, 1, SIDE, SIDE], align_corners=False)
    return F.grid_sample(frames.unsqueeze(1), grid, padding_mode="border", align_corners=False).squeeze(1)


def _noisy(mouths: torch.Tensor) -> torch.Tensor:
    bright = between(0.5, 1.5) * mouths + between(-30, 30)
    curved = 255 * (bright / 255).clamp(0, 1) ** between(0.7, 1.4)
    if chance(0.3):
        curved = F.avg_pool2d(curved.unsqueeze(1), 3, 1, 1).squeeze(1)
    return curved + between(0, 5) * torch.randn_like(curved)


def ambience(rows: int) -> torch.Tensor:
    """Log-mel (rows, 64) of some steady noise, its spectrum as it comes."""
    tilt = F.interpolate(torch.randn(1, 1, 6) * 1.5, 64, mode="linear", align_corners=True)[0, 0]
    return between(2, 6) + tilt + 0.5 * torch.randn(rows, 64)


def heard_through(mel: torch.Tensor) -> torch.Tensor:
    """Another microphone: louder or softer, some bands more than others, noise behind the voice."""
    tilt = F.interpolate(torch.randn(1, 1, 5), 64, mode="linear", align_corners=True)[0, 0]
    mel = mel + between(-2, 2) + tilt
    if chance(0.5):
        mel = mel.roll(int(torch.randint(-4, 5, ())), 1)  # another vocal tract
    if chance(0.6):
        mel = torch.logaddexp(mel, ambience(len(mel)) + mel.mean() - between(3, 7))
    if chance(0.4):  # some bands are missing
        band, wide = int(torch.randint(64, ())), int(torch.randint(4, 20, ()))
        mel[:, band : band + wide] = mel[:, band : band + wide].mean()
    return mel


@dataclass(frozen=True)
class Batch:
    """N faces, each with its own sound: mouths (N, T, 32, 32), log-mel (N, 4T, 64), whether the face is that voice at a
    time (N, T), whether the sound is one that others may be told from (N,), and the teacher's view (N, T, 256)."""

    mouths: torch.Tensor
    mel: torch.Tensor
    truth: torch.Tensor
    sounds: torch.Tensor
    taught: torch.Tensor


def batch_of(clips: Sequence[Clip], count: int) -> Batch:
    """Faces of different clips as a camera and a microphone might have them: some rest, some are silent."""
    people = [clip.person for clip in clips]  # those with many clips come more often, but not by as much
    shares = torch.tensor([people.count(name) ** -0.7 for name in people])
    picks = torch.multinomial(shares, min(TRACKS, len(clips))).tolist()
    rows = []
    for pick, other in zip(picks, picks[1:] + picks[:1], strict=True):
        take = Take(clips[pick], between(0, 2 * len(clips[pick].mel)), between(0.8, 1.25))
        mel, voice = take.sound(count, int(torch.randint(-1, 3, ())))
        still, silent = chance(0.12), chance(0.12)
        if silent or chance(0.15):  # all of it, or from somewhere to somewhere
            ends = [0, count] if silent else sorted(torch.randint(count, (2,)).tolist())
            quiet = ambience(ROWS * count) - between(-2, 6) if chance(0.7) else torch.full_like(mel, math.log(0.01))
            mel, voice = mel.clone(), voice.clone()
            mel[ROWS * ends[0] : ROWS * ends[1]] = quiet[ROWS * ends[0] : ROWS * ends[1]]
            voice[ends[0] : ends[1]] = 0
        elif chance(0.2):  # somebody else murmurs
            mel = torch.logaddexp(mel, Take(clips[other], between(0, 400), 1.0).sound(count)[0] - between(2, 5))
        truth = torch.zeros(count) if still else voice
        known = torch.tensor(not (still or silent))
        rows.append((take.picture(count, still), heard_through(mel), truth, known, take.taught(count)))
    return Batch(*map(torch.stack, zip(*rows, strict=True)))


def scenes(seen: torch.Tensor, heard: torch.Tensor, truth: torch.Tensor) -> Iterator[tuple[torch.Tensor, ...]]:
    """Scenes of what the front-ends made of a batch (N, C, T): seen (S, K, C, T), heard (S, C, T), truth (S, K, T).

    Encoding costs the most, so each face and each sound is met again and again: alone with its own sound, with
    another's, with its own at another time; beside one or two other faces; and in turns.
    """
    n, _, t = seen.shape
    nobody = torch.zeros_like(truth)
    some, few = torch.randperm(n)[: n // 2], torch.randperm(n)[: n // 4]
    second, third, *apart = (torch.arange(n).roll(int(k)) for k in torch.randperm(n - 1)[:4] + 1)
    yield seen.unsqueeze(1), heard, truth.unsqueeze(1)
    for part, other in ((torch.arange(n), apart[0]), (some, apart[1])):
        yield seen[part].unsqueeze(1), heard[other[part]], nobody[part].unsqueeze(1)
    yield seen.unsqueeze(1), heard.roll(int(torch.randint(10, t - 10, ())), 2), nobody.unsqueeze(1)
    yield torch.stack([seen, seen[second]], 1)[some], heard[some], torch.stack([truth, nobody], 1)[some]
    # First one speaks and then the other; or the first and then nobody who is seen.
    cut = int(torch.randint(t // 4, 3 * t // 4, ()))
    before = (torch.arange(t) < cut).float()
    turns = torch.cat([heard[..., :cut], heard[second][..., cut:]], 2)
    both = torch.stack([truth * before, truth[second] * (1 - before)], 1)
    yield torch.stack([seen, seen[second]], 1)[some], turns[some], both[some]
    gone = torch.cat([heard[..., :cut], heard[apart[1]][..., cut:]], 2)
    yield seen[some].unsqueeze(1), gone[some], (truth * before)[some].unsqueeze(1)
    three = torch.stack([seen, seen[second], seen[third]], 1)
    yield three[few], heard[few], torch.stack([truth, nobody, nobody], 1)[few]


def told_apart(net: Network, seen: torch.Tensor, heard: torch.Tensor, sounds: torch.Tensor) -> torch.Tensor:
    """Contrastive loss, after SyncNet (Chung & Zisserman 2016): each face knows its sound among those of all others at
    all lags, and each sound its face. `sounds` bool (N,) are those that can be known."""
    a, b = net.together.standard(seen[sounds], heard[sounds])
    n, _, t = a.shape
    if n < 2:
        return a.sum() * 0
    a, b = (x.view(n, HEADS, DEPTH, t) for x in (a, b))
    each = []
    for lag in (*LAGS, *APART):
        low, high = max(0, -lag), min(t, t - lag)
        each.append(
            torch.einsum("nhdt,mhdt->hnm", a[..., low:high], b[..., low + lag : high + lag]) / (DEPTH * (high - low))
        )
    odds = torch.einsum("lhnm,h->nml", torch.stack(each), net.together.trust)
    own = odds.diagonal().T[:, : len(LAGS)].logsumexp(1)
    return ((odds.flatten(1).logsumexp(1) - own) + (odds.transpose(0, 1).flatten(1).logsumexp(1) - own)).mean()


def train(clips: Sequence[Clip], minutes: float, out: Path, peak: float, start_from: Path | None = None) -> Network:
    net = Network()
    if start_from:
        known = net.state_dict()
        kept = {k: v for k, v in load_file(start_from).items() if k in known and v.shape == known[k].shape}
        net.load_state_dict(kept, strict=False)
    average = deepcopy(net).eval()
    learner = nn.ModuleList(nn.Conv1d(WIDTH, 128, 1) for _ in range(2))  # of the teacher's view, picture and sound
    optimiser = torch.optim.AdamW([*net.parameters(), *learner.parameters()], lr=peak, weight_decay=0.05)
    usual = torch.cat([clip.taught for clip in clips])
    mean, deviation = usual.mean(0), usual.std(0) + 0.1
    start, step, done, figures = time.monotonic(), 0, 0.0, np.zeros(4)
    while done < 1:
        done = (time.monotonic() - start) / (minutes * 60)
        for group in optimiser.param_groups:
            group["lr"] = peak * min(1.0, (step + 1) / 50) * max(0.01, 0.5 * (1 + math.cos(math.pi * min(done, 1))))
        batch = batch_of(clips, int(torch.randint(45, 81, ())))
        net.train()
        seen, heard = net.picture(motion(batch.mouths)), net.sound(batch.mel)
        loss, right, frames = torch.zeros(()), 0.0, 0
        for faces, sound, truth in scenes(seen, heard, batch.truth):
            said = net.meet(faces, sound, torch.ones_like(truth, dtype=torch.bool))
            loss = loss + F.binary_cross_entropy_with_logits(said, 0.94 * truth + 0.03, reduction="sum")
            right, frames = right + float(((said > 0) == (truth > 0.5)).sum()), frames + truth.numel()
        apart = told_apart(net, seen, heard, batch.sounds)
        view = torch.cat([layer(x) for layer, x in zip(learner, (seen, heard), strict=True)], 1).transpose(1, 2)
        taught = (batch.taught - mean) / deviation
        distilled = F.smooth_l1_loss(view[batch.sounds], taught[batch.sounds])
        optimiser.zero_grad()
        (loss / frames + 0.05 * apart + 0.5 * distilled).backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimiser.step()
        step += 1
        with torch.no_grad():
            keep = min(0.995, step / (step + 10))
            for a, b in zip(average.state_dict().values(), net.state_dict().values(), strict=True):
                a.lerp_(b, 1 - keep) if a.is_floating_point() else a.copy_(b)
        figures += np.array([loss.item() / frames, apart.item(), distilled.item(), 100 * right / frames]) / 50
        if step % 50 == 0 or done >= 1:
            save_file({k: v.contiguous() for k, v in average.state_dict().items()}, out)
            print(f"step {step} at {done:.0%}: loss, contrast, distilled, % right", figures.round(3), flush=True)
            figures[:] = 0
    return average


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--cache", type=Path, required=True, help="a folder for the heads that were cut out")
    parser.add_argument("--minutes", type=float, default=16)
    parser.add_argument("--peak", type=float, default=2e-3, help="highest learning rate")
    parser.add_argument("--start-from", type=Path, help="weights of an earlier run; what does not fit is left")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path, default=WEIGHTS / "studio-asd.safetensors")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    np.random.seed(0)
    teacher = LrAsd()
    file = options.data / "weights" / "lr_asd_ava.model"
    fill(teacher, weights(file.read_bytes(), file.name), file.name)
    known, _ = talking_heads.split(options.data, options.cache)
    clips = [ready(head, teacher.eval(), options.cache) for head in known]
    train(clips, options.minutes, options.out, options.peak, options.start_from)


if __name__ == "__main__":
    main()
