"""Train `weights/studio-asd.safetensors` on heads put into scenes: `python -m studio.recipes.studio_asd --data DIR`.

Nobody labelled anything: a face and its own sound belong together, and everything else is made from that. The sound of
another clip, of the same clip at another time, or none; a face that rests; several faces of which one is heard. The
people of `talking_heads.HELD_OUT` are never seen; nothing is selected on them. The schedule runs on the clock
(`--minutes`).
"""

import argparse
import math
import time
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch.nn import functional as F

from studio import models
from studio.models.registry import WEIGHTS
from studio.models.speaker.detector import FPS
from studio.models.speaker.sounds import fitted, log_mel
from studio.models.speaker.studio_asd import REGION, SIDE, Network
from studio.models.speaker.vad import per_frame
from studio.recipes import talking_heads

ROWS = 4  # of log-mel a frame
SCENES = 12  # a step
KINDS = {"heard": 0.6, "shifted": 0.14, "absent": 0.12, "still": 0.08, "silent": 0.06}


@dataclass(frozen=True)
class Clip:
    """A head made ready: small (T, 72, 72) in gray levels, mel (4T, 64), voice (4T,), 0 or 1."""

    small: torch.Tensor
    mel: torch.Tensor
    voice: torch.Tensor

    def __len__(self) -> int:
        return len(self.small)


def ready(head: talking_heads.Head) -> Clip:
    wide = torch.from_numpy(head.wide).float().unsqueeze(1)
    voice = per_frame(models.load("voice_activity", device="cpu"), head.audio, len(wide), FPS) > 0.5
    mel = torch.from_numpy(fitted(log_mel(head.audio * 32768), ROWS * len(wide)))
    return Clip(F.avg_pool2d(wide, 2).squeeze(1), mel, torch.from_numpy(voice).float().repeat_interleave(ROWS))


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

    def picture(self, count: int, still: bool = False) -> torch.Tensor:
        """Mouths (count, 32, 32), seen as a camera and a face detector might."""
        at = walk(self.start, self.speed, ROWS * count, len(self.clip.mel))[1::ROWS].div(ROWS).long()
        at = at.clamp(max=len(self.clip) - 1)
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
    return mel


def scene(clips: Sequence[Clip], faces: int, count: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Mouths (faces, count, 32, 32), log-mel (4·count, 64) and truth (faces, count) of a scene as KINDS has them."""
    picks = torch.randint(len(clips), (faces + 1,)).tolist()
    speed = between(0.8, 1.25)
    takes = [Take(clips[i], between(0, 2 * len(clips[i].mel)), speed) for i in picks]
    kind = list(KINDS)[int(torch.multinomial(torch.tensor(list(KINDS.values())), 1))]
    one, other = takes[0], takes[-1]
    if kind == "heard" and faces > 1 and chance(0.3):  # the same person beside themselves, at another time
        takes[1] = Take(one.clip, one.start + between(50, 150), speed)
    source, late = {"absent": other, "shifted": Take(one.clip, one.start + between(50, 150), speed)}.get(kind, one), 0
    if kind == "heard":
        late = int(torch.randint(-1, 3, ()))
    mel, voice = source.sound(count, late)
    if kind == "silent" or chance(0.15):  # all of it, or from somewhere to somewhere
        ends = [0, count] if kind == "silent" else sorted(torch.randint(count, (2,)).tolist())
        quiet = ambience(ROWS * count) - 4 if chance(0.5) else torch.full_like(mel, math.log(0.01))
        mel = mel.clone()
        mel[ROWS * ends[0] : ROWS * ends[1]] = quiet[ROWS * ends[0] : ROWS * ends[1]]
        voice = voice.clone()
        voice[ends[0] : ends[1]] = 0
    elif chance(0.15):  # somebody else murmurs
        mel = torch.logaddexp(mel, other.sound(count)[0] - between(3, 5))
    still = [kind == "still", *(chance(0.35) for _ in takes[1:-1])]
    mouths = [take.picture(count, rests) for take, rests in zip(takes[:-1], still, strict=True)]
    truth = torch.zeros(faces, count)
    if kind == "heard":
        truth[0] = voice
    order = torch.randperm(faces)
    return torch.stack(mouths)[order], heard_through(mel), truth[order]


def train(clips: Sequence[Clip], minutes: float, out: Path, peak: float = 2e-3) -> Network:
    net = Network()
    average = deepcopy(net).eval()
    optimiser = torch.optim.AdamW(net.parameters(), lr=peak, weight_decay=0.05)
    start, step, done, sums = time.monotonic(), 0, 0.0, [0.0, 0.0]
    while done < 1:
        done = (time.monotonic() - start) / (minutes * 60)
        for group in optimiser.param_groups:
            group["lr"] = peak * min(1.0, (step + 1) / 50) * max(0.01, 0.5 * (1 + math.cos(math.pi * min(done, 1))))
        faces, count = (1, 2, 2, 3)[step % 4], int(torch.randint(40, 76, ()))
        made = [scene(clips, faces, count) for _ in range(SCENES)]
        mouths, mel, truth = (torch.stack(parts) for parts in zip(*made, strict=True))
        net.train()
        said, moves = net(mouths, mel, torch.ones_like(truth, dtype=torch.bool))
        loss = F.binary_cross_entropy_with_logits(said, 0.9 * truth + 0.05)
        whole = loss + 0.2 * F.binary_cross_entropy_with_logits(moves, truth)
        optimiser.zero_grad()
        whole.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimiser.step()
        step += 1
        with torch.no_grad():
            keep = min(0.995, step / (step + 10))
            for a, b in zip(average.state_dict().values(), net.state_dict().values(), strict=True):
                a.lerp_(b, 1 - keep) if a.is_floating_point() else a.copy_(b)
        sums = [sums[0] + float(loss.detach()), sums[1] + float(((said > 0) == (truth > 0.5)).float().mean())]
        if step % 50 == 0 or done >= 1:
            save_file({k: v.contiguous() for k, v in average.state_dict().items()}, out)
            print(f"step {step} at {done:.0%} loss {sums[0] / 50:.3f} right {sums[1] / 50:.1%}", flush=True)
            sums = [0.0, 0.0]
    return average


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--cache", type=Path, required=True, help="a folder for the heads that were cut out")
    parser.add_argument("--minutes", type=float, default=16)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path, default=WEIGHTS / "studio-asd.safetensors")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    np.random.seed(0)
    known, _ = talking_heads.split(options.data, options.cache)
    train([ready(head) for head in known], options.minutes, options.out)


if __name__ == "__main__":
    main()
