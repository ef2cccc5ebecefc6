"""The trained head: what it reads, what it proposes, and the recipe that trains it."""

import numpy as np
import pytest
import torch

from studio import models
from studio.models.grounding import head
from studio.models.grounding.curve import cell_edges, unit_range
from studio.models.grounding.engine import Curve
from studio.recipes import grounding_head as recipe


def curve(count: int, seed: int = 0, rows: bool = True) -> Curve:
    rng = np.random.default_rng(seed)
    times = np.arange(count) + 0.5
    vectors = rng.standard_normal((count, 16)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return Curve(times, cell_edges(times, None), unit_range(rng.random(count)), vectors if rows else None)


@pytest.mark.parametrize("count", [2, 3, 30, 200])
@pytest.mark.parametrize("rows", [True, False])
def test_signals_are_finite_whatever_the_length(count: int, rows: bool) -> None:
    found = head.signals(curve(count, rows=rows))
    assert found.shape == (head.CHANNELS, count)
    assert np.isfinite(found).all()


def test_signals_do_not_depend_on_what_all_frames_share() -> None:
    one = curve(40)
    assert one.rows is not None
    moved = Curve(one.times, one.edges, one.fit, one.rows + 3)
    assert head.signals(moved) == pytest.approx(head.signals(one), abs=1e-3)


def test_smoothing_over_alike_frames_keeps_scenes_apart() -> None:
    rows = np.repeat(np.eye(2, dtype=np.float32), 10, axis=0)
    noisy = np.r_[np.tile([0.2, 0.4], 5), np.tile([0.7, 1.0], 5)]
    times = np.arange(20) + 0.5
    shared = head.signals(Curve(times, cell_edges(times, 20.0), noisy, rows))[4]
    assert shared[:10] == pytest.approx(0.3, abs=0.01)
    assert shared[10:] == pytest.approx(0.85, abs=0.01)


def test_the_change_is_at_the_cut() -> None:
    rows = np.repeat(np.eye(3, dtype=np.float32), 8, axis=0)
    for width in (1, 2, 4, 8):
        assert set(np.argsort(-head._change(rows, width))[:2].tolist()) == {8, 16}


def test_padding_does_not_change_what_a_video_gives() -> None:
    torch.manual_seed(0)
    net = head.Head().eval()
    short = torch.randn(1, head.CHANNELS, 20)
    padded, mask = (torch.nn.functional.pad(x, (0, 50)) for x in (short, torch.ones(1, 1, 20)))
    with torch.inference_mode():
        assert torch.allclose(net(short), net(padded, mask)[:, :, :20], atol=1e-5)


def test_spans_join_likely_starts_with_later_likely_ends() -> None:
    first, last = np.array([0.1, 0.9, 0.0, 0.2]), np.array([0.0, 0.1, 0.8, 0.3])
    spans = {tuple(span) for span in head.spans_of(first, last).tolist()}
    assert {(1, 3), (0, 4), (3, 4)} <= spans
    assert all(start < end for start, end in spans)


def test_the_network_is_small() -> None:
    assert sum(p.numel() for p in head.Head().parameters()) < 500_000


def test_a_long_video_takes_no_square_of_its_length() -> None:
    """Six hours at one sample a second: a square would be 3.7 GB."""
    times = np.arange(21_600) + 0.5
    rows = np.random.default_rng(0).standard_normal((len(times), 8)).astype(np.float32)
    scores = np.where((times > 9000) & (times < 9060), 0.4, 0.1)
    found = models.load("grounding", "trained-head", "cpu").propose(times, scores, 3, 21_600.0, rows)
    assert abs(found[0][0] - 9000) < 5
    assert abs(found[0][1] - 9060) < 5


def tiny() -> recipe.Bank:
    rng = np.random.default_rng(0)
    views = rng.standard_normal((12, 1, 32)) + 0.1 * rng.standard_normal((12, recipe.VIEWS, 32))
    texts = np.repeat(views[:, :1], 5, axis=1)
    return recipe.Bank(views.astype(np.float32), np.ones((2, 32), np.float32), texts.astype(np.float32), np.full(12, 5))


def test_made_up_videos_fit_their_query_best_where_they_say() -> None:
    better = 0
    for seed in range(30):
        made, start, end = recipe.made_up(tiny(), np.random.default_rng(seed))
        assert 0 <= start < end <= len(made.fit)
        assert made.rows is not None
        assert len(made.times) == len(made.rows) == len(made.edges) - 1
        inside = recipe.targets(len(made.fit), start, end)
        assert inside[1].sum() == inside[2].sum() == 1
        assert inside[0].sum() == pytest.approx(end - start)
        better += made.fit[inside[0] > 0.5].mean() > made.fit[inside[0] < 0.5].mean()
    assert better >= 28


def test_a_training_step_lowers_the_loss() -> None:
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    videos = []
    for _ in range(4):
        made, start, end = recipe.made_up(tiny(), rng)
        videos.append((head.signals(made), recipe.targets(len(made.fit), start, end)))
    inputs, wanted, mask = recipe.batch(videos)
    net = head.Head(width=16, depth=3)
    optimiser = torch.optim.Adam(net.parameters(), 1e-2)
    losses = []
    for _ in range(15):
        loss = recipe.loss_of(net(inputs, mask), wanted, mask)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.5 * losses[0]


def test_a_head_is_trained_on_the_views_of_any_encoder(monkeypatch: pytest.MonkeyPatch) -> None:
    """The recipe's training, short and on vectors that mean nothing: what it keeps is a head's weights."""
    import argparse

    from safetensors.torch import load

    rng = np.random.default_rng(0)

    def unit(*shape: int) -> np.ndarray:
        found = rng.normal(size=shape).astype(np.float32)
        return found / np.linalg.norm(found, axis=-1, keepdims=True)

    photos = recipe.Bank(unit(40, recipe.VIEWS, 24), unit(3, 24), unit(40, 5, 24), np.full(40, 5))
    monkeypatch.setattr(recipe, "HELD_VIDEOS", 2)
    kept: list[bytes] = []
    recipe.train(photos, argparse.Namespace(videos=3, steps=2, rate=1e-3), kept.append)
    head.Head().load_state_dict(load(kept[-1]))
