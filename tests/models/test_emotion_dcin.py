"""The networks of DCIN: either stream may be missing, padding says nothing, and its losses teach what they should."""

import numpy as np
import pytest
import torch

from studio.eval import tel
from studio.models.emotion import definitions
from studio.models.emotion.dcin import DCIN, Activity, best_of_clip, coactivity, consensus, fused, of_clip


def activity(logits: torch.Tensor, attention: torch.Tensor | None = None) -> Activity:
    shape = logits.shape[:2]
    return Activity(logits, torch.ones(shape) if attention is None else attention, torch.zeros(*shape, 4))


def scene(batch: int = 2, length: int = 7) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    mask = torch.ones(batch, length, dtype=torch.bool)
    mask[1:, 4:] = False
    return torch.randn(batch, length, 10), torch.randn(batch, length, 6), mask


def test_either_stream_may_be_missing() -> None:
    torch.manual_seed(0)
    net = DCIN(10, 6, hidden=8).eval()
    frames, words, mask = scene()
    seen, said = net(frames, words, mask)
    assert seen.logits.shape == said.logits.shape == (2, 7, 18)
    assert seen.attention.shape == (2, 7)
    assert ((seen.attention >= 0) & (seen.attention <= 1)).all()
    torch.testing.assert_close(fused(seen, said), (seen.logits.sigmoid() + said.logits.sigmoid()) / 2)
    assert net(None, words, mask)[0] is None
    torch.testing.assert_close(fused(None, net(None, words, mask)[1]), said.logits.sigmoid())
    assert DCIN(10, None, hidden=8)(frames, words, mask)[1] is None
    with pytest.raises(ValueError, match="frames or words"):
        fused(None, None)


def test_padding_says_nothing_and_context_reaches_eight_units() -> None:
    torch.manual_seed(0)
    net = DCIN(None, 6, hidden=8).eval()
    words = torch.randn(1, 30, 6)
    there = torch.ones(1, 30, dtype=torch.bool)
    alone = net(None, words[:, :20], there[:, :20])[1].logits
    padded = net(None, words, there & (torch.arange(30) < 20))[1].logits[:, :20]
    torch.testing.assert_close(alone, padded)
    other = words.clone()
    other[:, 25] += 1
    changed = (net(None, other, there)[1].logits - net(None, words, there)[1].logits).abs().sum(2)[0] > 1e-6
    assert set(changed.nonzero().squeeze(1).tolist()) == {25 + d for d in (-8, -4, -2, -1, 0, 1, 2, 4)}


def test_silence_is_one_learned_vector() -> None:
    torch.manual_seed(0)
    net = DCIN(None, 6, hidden=8).eval()
    words, mask = torch.randn(1, 5, 6), torch.ones(1, 5, dtype=torch.bool)
    empty = torch.tensor([[False, False, True, False, False]])
    other = words.clone()
    other[:, 2] = 9
    torch.testing.assert_close(net(None, words, mask, empty)[1].logits, net(None, other, mask, empty)[1].logits)
    assert not torch.equal(net(None, words, mask)[1].logits, net(None, words, mask, empty)[1].logits)


def test_a_scene_is_between_its_mean_and_its_best() -> None:
    logits = torch.tensor([[[0.0], [2.0], [9.0]]])
    mask = torch.tensor([[True, True, False]])
    soft = torch.log(torch.tensor((1 + np.e**2) / 2))
    torch.testing.assert_close(of_clip(activity(logits), mask), soft.view(1, 1).float())
    assert of_clip(activity(logits), mask, sharp=50.0).item() == pytest.approx(2, abs=0.02)
    attended = of_clip(activity(logits, torch.tensor([[1.0, 0.0, 1.0]])), mask, attended=1.0)
    assert attended.item() == pytest.approx(0, abs=1e-3)
    assert best_of_clip(activity(logits), mask).item() == 2
    many = torch.arange(16.0).view(1, 16, 1)
    assert best_of_clip(activity(many), torch.ones(1, 16, dtype=torch.bool)).item() == 14.5


def test_consensus_is_zero_where_streams_agree_and_counts_only_the_scene_s_classes() -> None:
    torch.manual_seed(0)
    mask = torch.ones(1, 6, dtype=torch.bool)
    labels = torch.tensor([[1.0, 0.0]])
    one = activity(torch.randn(1, 6, 2))
    assert consensus(one, one, labels, mask).item() == pytest.approx(0, abs=1e-6)
    elsewhere = torch.cat([one.logits[..., :1], one.logits[..., 1:].flip(1)], dim=2)
    assert consensus(one, activity(elsewhere), labels, mask).item() == pytest.approx(0, abs=1e-6)
    assert consensus(one, activity(one.logits.flip(1)), labels, mask).item() > 0.1
    opposite = (
        activity(one.logits, torch.tensor([[1.0, 1, 1, 0, 0, 0]])),
        activity(one.logits, torch.tensor([[0.0, 0, 0, 1, 1, 1]])),
    )
    assert consensus(*opposite, labels, mask).item() == pytest.approx(1, abs=1e-6)


def test_coactivity_wants_active_units_alike() -> None:
    """Active features point along x, quiet ones along y, in both streams: the margin is met. Swapped: it is not."""
    x, y = torch.tensor([1.0, 0]), torch.tensor([0.0, 1])
    features = torch.stack([x, x, y, y]).unsqueeze(0)
    attention, mask = torch.tensor([[1.0, 1, 0, 0]]), torch.ones(1, 4, dtype=torch.bool)
    good = Activity(torch.zeros(1, 4, 2), attention, features)
    bad = Activity(torch.zeros(1, 4, 2), attention, features.flip(1))
    assert coactivity(good, good, mask).item() == 0
    assert coactivity(good, bad, mask).item() == pytest.approx(1.5)


def test_two_streams_learn_from_labels_without_times() -> None:
    """Two classes show up at one unit of eight, in frames and words alike; after training the unit is the highest."""
    torch.manual_seed(0)
    which, when = torch.arange(64) % 2, torch.randint(8, (64,))
    frames, words = 0.1 * torch.randn(64, 8, 6), 0.1 * torch.randn(64, 8, 5)
    frames[torch.arange(64), when, which] += 1
    words[torch.arange(64), when, which + 2] += 1
    labels = torch.nn.functional.one_hot(which, 2).float()
    mask = torch.ones(64, 8, dtype=torch.bool)
    net = DCIN(6, 5, hidden=8, drop=0.0, classes=2)
    optimiser = torch.optim.Adam(net.parameters(), lr=0.02)
    losses = []
    for _ in range(60):
        seen, said = net(frames, words, mask)
        weak = sum(torch.nn.functional.binary_cross_entropy_with_logits(of_clip(s, mask), labels) for s in (seen, said))
        loss = weak + 0.1 * consensus(seen, said, labels, mask) + 0.1 * coactivity(seen, said, mask)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0]
    with torch.no_grad():
        found = fused(*net.eval()(frames, words, mask))
    assert (found[torch.arange(64), :, which].argmax(1) == when).float().mean() > 0.9


def test_words_for_every_class() -> None:
    assert definitions.LABELS == tel.CLASSES == tuple(definitions.PROMPTS) == tuple(definitions.PICTURES)
    spoken_for = {name for weights in definitions.OF_EXPRESSIONS.values() for name in weights}
    assert spoken_for < set(definitions.LABELS)
    assert "neutral" not in definitions.OF_EXPRESSIONS
