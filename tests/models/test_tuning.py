"""Tuning the upper layers of an encoder on examples: what it learns, what it leaves, and what it keeps in memory."""

from collections import Counter

import numpy as np
import pytest
import torch
from torch import nn

from studio import models
from studio.models.detection import NEGATIVE, POSITIVE, UNKNOWN, Weights
from studio.models.detection.tuning import TunedVideo, _Head, encoded, tuned
from studio.models.interfaces import TunableEncoder

INSIDE, OUT = 12, 8


class Upper(nn.Module):
    """A linear layer that makes unit vectors."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(1)
        self.layers = nn.ModuleList([nn.Linear(INSIDE, OUT)])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return nn.functional.normalize(self.layers[0](x), dim=-1)


def weights(upper: nn.Module) -> Weights:
    direction = np.zeros(OUT, np.float32)
    direction[0] = 1
    return Weights(direction, np.zeros(OUT, np.float32), 20.0, 0.0, (0.0,), 0.3)


@pytest.fixture
def videos() -> list[TunedVideo]:
    """The label is in the first number of what the lower layers say, in the second half of each video."""
    rng = np.random.default_rng(2)
    found = []
    for _ in range(4):
        known = np.where(np.arange(80) < 40, NEGATIVE, POSITIVE).astype(np.int8)
        lower = rng.normal(size=(80, INSIDE)).astype(np.float32)
        lower[:, 0] += 1.5 * known
        found.append(TunedVideo(torch.from_numpy(lower).half(), known))
    return found


def error(net: nn.Module, videos: list[TunedVideo], head: _Head) -> float:
    with torch.no_grad():
        return float(np.mean([head.loss(net(v.lower.float()), torch.from_numpy(v.known)) for v in videos]))


@pytest.mark.parametrize(("keep", "others"), [(1.0, "memory"), (0.25, "memory"), (0.25, "anew")])
def test_a_share_of_the_frames_teaches_as_all_of_them_do(videos: list[TunedVideo], keep: float, others: str) -> None:
    upper = Upper()
    before = error(upper, videos, _Head(weights(upper)))
    net = tuned(upper, videos, weights(upper), keep=keep, others=others, steps=200, rate=3e-3)  # type: ignore[arg-type]
    assert error(net, videos, _Head(weights(upper))) < 0.9 * before
    assert error(upper, videos, _Head(weights(upper))) == before, "the encoder itself stays"


def test_only_a_share_of_the_frames_is_encoded_with_gradients(videos: list[TunedVideo]) -> None:
    seen: Counter[bool] = Counter()

    class Counted(Upper):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            seen[torch.is_grad_enabled()] += len(x)
            return super().forward(x)

    tuned(Counted(), videos, weights(Counted()), keep=0.25, steps=10, stretch=64)
    assert seen == {True: 10 * 16, False: 4 * 80}, "the memory is filled once"
    seen.clear()
    tuned(Counted(), videos, weights(Counted()), keep=0.25, others="anew", steps=10, stretch=64)
    assert seen == {True: 10 * 16, False: 4 * 80 + 10 * 48}
    seen.clear()
    tuned(Counted(), videos, weights(Counted()), keep=1.0, others="anew", steps=10, stretch=64)
    assert seen == {True: 10 * 64, False: 4 * 80}


def test_the_gradient_of_the_frames_that_have_one_is_that_of_plain_back_propagation(videos: list[TunedVideo]) -> None:
    """With one frame kept, the loss over the stretch changes with that frame's vector as it does in plain training."""
    upper, video = Upper(), videos[0]
    head, known = _Head(weights(upper)), torch.from_numpy(video.known)
    rows = upper(video.lower.float())
    (plain,) = torch.autograd.grad(head.loss(rows, known), rows)
    kept = torch.tensor([45])
    made = upper(video.lower[kept].float())
    (share,) = torch.autograd.grad(head.loss(rows.detach().index_copy(0, kept, made), known), made)
    torch.testing.assert_close(share, plain[kept])


def test_the_same_seed_tunes_the_same_and_nothing_to_tune_on_is_said(videos: list[TunedVideo]) -> None:
    one, other = (tuned(Upper(), videos, weights(Upper()), steps=5, seed=4) for _ in range(2))
    for a, b in zip(one.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=0)
    nothing = [TunedVideo(v.lower, np.full(80, UNKNOWN, np.int8)) for v in videos]
    with pytest.raises(ValueError, match="nothing to tune on"):
        tuned(Upper(), nothing, weights(Upper()))


def test_the_encoder_that_is_shipped_can_be_cut_in_two_and_put_together_again() -> None:
    model = models.load("text_video", device="cpu")
    assert isinstance(model, TunableEncoder)
    frames = np.random.default_rng(0).integers(0, 255, (3, 120, 160, 3), dtype=np.uint8)
    frames[2, :30] = frames[2, -30:] = 0  # bars
    whole = model.encode_frames(frames)
    upper = model.upper()
    np.testing.assert_allclose(encoded(upper, model.lower(frames), "cpu").numpy(), whole, atol=2e-3)
    with torch.no_grad():
        for parameter in upper.layers.parameters():
            parameter.mul_(1.1)
    other = model.tuned(upper.layers.state_dict(), "2+mine")
    assert (other.name, other.version) == (model.name, "2+mine")
    changed = other.encode_frames(frames)
    assert (changed * whole).sum(1).min() < 0.999
    np.testing.assert_allclose(changed, encoded(upper, model.lower(frames), "cpu").numpy(), atol=2e-3)
    np.testing.assert_array_equal(model.encode_frames(frames), whole)
    np.testing.assert_array_equal(other.encode_text(["a dog"]), model.encode_text(["a dog"]))
