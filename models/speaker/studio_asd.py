"""studio-asd, this project's own network: small, trained here, for any number of faces.

It follows LoCoNet (Wang et al., CVPR 2024) in what it looks at – each speaker over a long time, several speakers over a
short one – and SyncNet (Chung & Zisserman 2016) in how picture and sound meet: by the local correlation of what the two
front-ends see, at a few lags. A correlation knows neither the face nor the voice, which is what lets two minutes of
training data carry over to people it never saw.
"""

from collections.abc import Mapping

import numpy as np
import safetensors.torch
import torch
from torch import nn
from torch.nn import functional as F

from studio.models.architectures import architecture
from studio.models.card import ModelCard
from studio.models.speaker.detector import FPS, RATE, Faces, Floats, VoiceBoundDetector, checked
from studio.models.speaker.sounds import fitted, log_mel
from studio.models.speaker.vad import SileroVad

REGION = (40, 24, 64)  # of the crop: first row, first column, side of the square around the mouth
SIDE = 32  # pixels of that square as the network sees it
WIDTH = 64
HEADS, DEPTH = 8, 8  # of the correlation
HINT = 12  # channels in which picture and sound pass by the correlation: too few to know a face or a voice by
LAGS = range(-2, 5)  # frames by which the sound may follow the picture: containers are not exact
# Training has a visible speaker in 64 % of the time that a voice is heard; videos more often, say 80 %. The log odds
# differ by so much.
USUAL = 0.8
APART = (-23, -18, -13, -8, 10, 15, 20, 25)  # frames by which it does not
WINDOW = 51  # frames that a change is compared with: two seconds hold six to eight syllables
WINDOWS = (31, 101)  # frames over which picture and sound are compared
EVIDENCE = len(WINDOWS) * (2 * HEADS * len(LAGS) + 1)


def local_mean(x: torch.Tensor, width: int) -> torch.Tensor:
    """(…, T) → its centred moving average (…, T), over what is there at the ends."""
    half = width // 2
    total = F.pad(x.cumsum(-1), (1, 0))
    at = torch.arange(x.shape[-1], device=x.device)
    low, high = (at - half).clamp(min=0), (at + half + 1).clamp(max=x.shape[-1])
    return (total[..., high] - total[..., low]) / (high - low)


def motion(mouths: torch.Tensor) -> torch.Tensor:
    """Gray mouths (N, T, 32, 32), any scale → (N, T, 2, 32, 32): how each pixel differs from its second, and from the
    frame before. What does not move, the face itself, is gone."""
    n, t = mouths.shape[:2]
    scaled = mouths / (mouths.std(dim=(1, 2, 3), keepdim=True) + 1e-3)
    pixels = scaled.flatten(2).transpose(1, 2)
    beyond = (pixels - local_mean(pixels.double(), 25).float()).transpose(1, 2).view(n, t, 1, SIDE, SIDE)
    step = F.pad(scaled[:, 1:] - scaled[:, :-1], (0, 0, 0, 0, 1, 0)).unsqueeze(2)
    return torch.cat([beyond, step], dim=2)


class Picture(nn.Module):
    """(N, T, 2, 32, 32) → (N, WIDTH, T)."""

    def __init__(self) -> None:
        super().__init__()
        shape = [(2, 16, 5), (16, 32, 3), (32, 48, 3), (48, WIDTH, 3)]
        layers: list[nn.Module] = []
        for inside, outside, kernel in shape:
            conv = nn.Conv2d(inside, outside, kernel, 2, kernel // 2, bias=False)
            layers += [conv, nn.BatchNorm2d(outside), nn.ReLU()]
        self.frames = nn.Sequential(*layers)
        self.time = _over_time(2 * WIDTH)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        n, t = x.shape[:2]
        seen = torch.cat([self.frames(part) for part in torch.split(x.flatten(0, 1), 512)]).flatten(2)
        pooled: torch.Tensor = self.time(torch.cat([seen.mean(2), seen.amax(2)], 1).view(n, t, -1).transpose(1, 2))
        return pooled


class Sound(nn.Module):
    """Log-mel (N, 4T, 64) → (N, WIDTH, T)."""

    def __init__(self) -> None:
        super().__init__()
        self.bands = nn.Sequential(
            nn.Conv2d(1, 16, (5, 5), (1, 2), 2, bias=False), nn.BatchNorm2d(16), nn.ReLU(),
            nn.Conv2d(16, 32, (4, 3), (2, 2), (1, 1), bias=False), nn.BatchNorm2d(32), nn.ReLU(),
            nn.Conv2d(32, 48, (4, 3), (2, 2), (1, 1), bias=False), nn.BatchNorm2d(48), nn.ReLU(),
        )  # fmt: skip
        self.time = _over_time(96)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        loud = (x - x.mean(1, keepdim=True)) / 2
        heard = self.bands(loud.unsqueeze(1))
        pooled: torch.Tensor = self.time(torch.cat([heard.mean(3), heard.amax(3)], 1))
        return pooled


def _over_time(inside: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv1d(inside, WIDTH, 1, bias=False), nn.BatchNorm1d(WIDTH), nn.ReLU(),
        nn.Conv1d(WIDTH, WIDTH, 5, padding=2, bias=False), nn.BatchNorm1d(WIDTH), nn.ReLU(),
    )  # fmt: skip


class Together(nn.Module):
    """Correlation of picture and sound (N, WIDTH, T) each → evidence (N, EVIDENCE, T) that they belong together.

    Each head compares a few channels of both. A lag at which they should meet (LAGS) is read by itself, and against
    lags at which they cannot (APART): a mouth that fits any speech a little fits it at every lag.
    """

    def __init__(self) -> None:
        super().__init__()
        self.picture = nn.Conv1d(WIDTH, HEADS * DEPTH, 1)
        self.sound = nn.Conv1d(WIDTH, HEADS * DEPTH, 1)
        self.trust = nn.Parameter(torch.full((HEADS,), 2.0))  # in each head

    def forward(self, seen: torch.Tensor, heard: torch.Tensor) -> torch.Tensor:
        product, there = _products(*self.standard(seen, heard))
        found = []
        for window in WINDOWS:
            share = local_mean(there, window)
            each = local_mean(product, window) / share.clamp(min=1e-3)  # (N, HEADS, lags, T)
            near, apart = each.split_with_sizes([len(LAGS), len(APART)], 2)
            known = (share[len(LAGS) :] > 0).float()
            count = known.sum(0).clamp(min=1)
            mean = (apart * known).sum(2, keepdim=True) / count
            spread = ((apart - mean) ** 2 * known).sum(2, keepdim=True) / count
            found += [near.flatten(1, 2), ((near - mean) / (spread + 1e-2).sqrt()).flatten(1, 2)]
            trusted = (
                torch.einsum("nhlt,h->nlt", part, self.trust).logsumexp(1, keepdim=True) for part in (near, apart)
            )
            found.append(next(trusted) - next(trusted))  # log odds that they meet where they should
        return torch.cat(found, 1)

    def standard(self, seen: torch.Tensor, heard: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """What is compared, of both (N, HEADS · DEPTH, T): changes, in units of what is usual around them."""
        return _standard(self.picture(seen)), _standard(self.sound(heard))


def _products(a: torch.Tensor, b: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """(N, HEADS · DEPTH, T) of both → their products (N, HEADS, lags, T) at LAGS and then APART, 0 where there is no
    sound, and whether there is, 0 or 1 (lags, T). Lag by lag: all at once would take gigabytes for an hour."""
    n, _, t = a.shape
    reach = max(map(abs, (*LAGS, *APART)))
    padded, sound = F.pad(b, (reach, reach)), F.pad(torch.ones(t, device=a.device), (reach, reach))
    spans = [slice(reach + lag, reach + lag + t) for lag in (*LAGS, *APART)]
    products = [(a * padded[..., span]).view(n, HEADS, DEPTH, t).mean(2) for span in spans]
    return torch.stack(products, 2), torch.stack([sound[span] for span in spans])


def _standard(x: torch.Tensor) -> torch.Tensor:
    """(N, C, T) less its local mean, over its local deviation."""
    apart = x - local_mean(x, WINDOW)
    return apart / (local_mean(apart**2, WINDOW) + 1e-2).sqrt()


class InterSpeakerContext(nn.Module):
    """Short: each speaker beside the others over 7 frames. Long: each speaker alone over all of the scene.

    (S, K, WIDTH, T) of S scenes with K tracks, and which tracks are there (S, K, T) → the same shape. The others are
    joined by their maximum, so that any number of them may be there, in any order.
    """

    def __init__(self) -> None:
        super().__init__()
        self.short = nn.Conv1d(2 * WIDTH, WIDTH, 7, padding=3)
        self.norm = nn.BatchNorm1d(WIDTH)
        self.long = nn.GRU(WIDTH, WIDTH // 2, batch_first=True, bidirectional=True)

    def forward(self, x: torch.Tensor, there: torch.Tensor) -> torch.Tensor:
        s, k, _, t = x.shape
        alone = x.masked_fill(~there.unsqueeze(2), -1e4)
        others = [alone[:, [j for j in range(k) if j != i]].amax(1) for i in range(k)] if k > 1 else [0 * x[:, 0]]
        beside = torch.stack(others, 1).clamp(min=-8)
        x = x + F.gelu(self.norm(self.short(torch.cat([x, beside], 2).flatten(0, 1)))).view(s, k, -1, t)
        long: torch.Tensor = self.long(x.flatten(0, 1).transpose(1, 2))[0].transpose(1, 2)
        return x + long.reshape(s, k, -1, t)


class Network(nn.Module):
    """Scenes of K tracks: mouths (S, K, T, 32, 32), log-mel (S, 4T, 64), there (S, K, T) → log odds (S, K, T) that the
    face is the voice."""

    def __init__(self) -> None:
        super().__init__()
        self.picture, self.sound, self.together = Picture(), Sound(), Together()
        self.seen, self.heard = nn.Conv1d(WIDTH, HINT, 1), nn.Conv1d(WIDTH, HINT, 1)
        self.join = nn.Conv1d(2 * HINT + EVIDENCE, WIDTH, 1)
        self.company = nn.ModuleList([InterSpeakerContext(), InterSpeakerContext()])
        self.drop = nn.Dropout(0.4)
        self.head = nn.Linear(WIDTH, 1)

    def forward(self, mouths: torch.Tensor, mel: torch.Tensor, there: torch.Tensor) -> torch.Tensor:
        seen = self.picture(motion(mouths.flatten(0, 1)))
        return self.meet(seen.view(*mouths.shape[:2], WIDTH, -1), self.sound(mel), there)

    def meet(self, seen: torch.Tensor, heard: torch.Tensor, there: torch.Tensor) -> torch.Tensor:
        """What was seen (S, K, WIDTH, T) and heard (S, WIDTH, T) → log odds (S, K, T)."""
        s, k, _, t = seen.shape
        seen, heard = seen.flatten(0, 1), heard.repeat_interleave(k, 0)
        hints = self.drop(self.seen(seen)), self.drop(self.heard(heard))
        x = torch.cat([*hints, self.together(self.drop(seen), self.drop(heard))], 1)
        x = self.join(x).view(s, k, WIDTH, t)
        for company in self.company:
            x = company(x, there)
        said: torch.Tensor = self.head(self.drop(x.transpose(2, 3))).squeeze(3)
        return said


class StudioAsd(VoiceBoundDetector):
    """`ActiveSpeaker` by this project's own network; crops as `models.crop_speaker` makes them."""

    def __init__(self, name: str, version: str, net: Network, voice: SileroVad, device: str = "cpu") -> None:
        super().__init__(name, version, voice)
        self._net = net.eval().to(device)
        self._device = device

    def score(self, tracks: list[Faces], audio: Floats) -> list[Floats]:
        """See `ActiveSpeaker.score`."""
        audio, length = checked(tracks, audio)
        there = np.arange(length) < np.array([[len(track)] for track in tracks], int).reshape(-1, 1)
        if length == 0:
            return [np.zeros(0, np.float32) for _ in tracks]
        sound = np.zeros(length * RATE // FPS, np.float32)
        sound[: len(audio)] = audio[: len(sound)] * 32768
        mel = fitted(log_mel(sound), 4 * length)
        mouths = np.stack([_mouths(track, length) for track in tracks])
        with torch.inference_mode():
            given = (torch.from_numpy(x)[None].to(self._device) for x in (mouths, mel, there))
            said = (self._net(*given)[0] + USUAL).sigmoid().float().cpu().numpy()
        return self.bounded([row[: len(track)] for row, track in zip(said, tracks, strict=True)], audio, length)


def _mouths(track: Faces, length: int) -> Floats:
    """Crops (T, 112, 112) → the square around the mouth (length, 32, 32), its last frame held."""
    row, column, side = REGION
    square = track[:, row : row + side, column : column + side].astype(np.float32)
    small = square.reshape(len(track), SIDE, side // SIDE, SIDE, side // SIDE).mean((2, 4))
    held = np.zeros((length, SIDE, SIDE), np.float32)
    held[: len(track)] = small
    held[len(track) :] = small[-1:] if len(track) else 0
    return held


@architecture("studio-asd")
def build(files: Mapping[str, bytes], card: ModelCard, device: str) -> StudioAsd:
    """From a card and the checked bytes of its files."""
    net = Network()
    net.load_state_dict(safetensors.torch.load(files["net"]))
    return StudioAsd(card.name, card.version, net, SileroVad("silero-vad", card.version, files["voice"]), device)
