"""How the dialogue emotions are trained: pooling, the table of feelings, and nets that become one."""

import argparse

import numpy as np
import torch

from studio.models.emotion.definitions import LABELS
from studio.models.emotion.dialog import FEELINGS, DialogNet
from studio.recipes import dialog_emotion as recipe
from studio.recipes import utterances


def test_a_clip_has_the_odds_of_all_its_lines() -> None:
    logits = torch.tensor([[0.0], [0.0], [1.0]]).expand(3, 18)
    found = recipe.pool(logits, torch.tensor([0, 0, 1]), 2)
    np.testing.assert_allclose(found[:, 0].exp() * recipe.USUAL, [2.0, np.e], rtol=1e-5)


def test_the_table_names_feelings_and_classes_that_exist() -> None:
    found = utterances.table()
    assert found.shape == (FEELINGS, len(LABELS))
    assert found[utterances.NAMES.index("love"), LABELS.index("affection")] > 0
    assert not found[utterances.NAMES.index("neutral")].any()
    assert [label for label, column in zip(LABELS, found.T, strict=True) if not column.any()] == ["disconnection"]


def test_several_nets_become_one_that_says_their_mean() -> None:
    torch.manual_seed(0)
    nets = [DialogNet(4).eval() for _ in range(3)]
    x, mask = torch.nn.functional.normalize(torch.randn(1, 9, 384), dim=2), torch.ones(1, 9, dtype=torch.bool)
    felt = nets[0].felt
    for net in nets:
        net.felt = felt
    plain, led = (recipe.joined(nets, felt, lead) for lead in (0.0, 2.0))
    with torch.inference_mode():
        said = torch.stack([net(x, mask) for net in nets]).mean(0)
        np.testing.assert_allclose(plain(x, mask), said, atol=1e-4)
        near = led.features(x, mask)[..., led.felt_nearby]
        feelings = felt(x * 384**0.5)
        np.testing.assert_allclose(near[0, 4], feelings[0, 2:7].mean(0), atol=1e-5)
        np.testing.assert_allclose(led(x, mask), said + 2 * near @ utterances.table(), atol=1e-4)


def test_scenes_of_a_batch_are_read_by_themselves() -> None:
    torch.manual_seed(0)
    net = DialogNet(4).eval()
    x, mask = torch.randn(2, 6, 384), torch.tensor([[True] * 6, [True] * 2 + [False] * 4])
    with torch.inference_mode():
        np.testing.assert_allclose(net(x, mask)[1, :2], net(x[1:, :2], mask[1:, :2])[0], atol=1e-5)


def test_training_learns_which_clips_have_a_class() -> None:
    rng = np.random.default_rng(0)
    scenes = []
    for n in range(48):
        x = torch.nn.functional.normalize(torch.from_numpy(rng.normal(size=(4, 384)).astype(np.float32)), dim=1)
        counts = np.tile(np.float32(rng.integers(0, 2, 18)), 1)
        counts[0] = n % 2
        if n % 2:
            x[1] = torch.eye(384)[7]
        scenes.append(recipe.Scene(f"film{n}", ["a"] * 4, x, counts))
    options = argparse.Namespace(hidden=8, drop=0.0, rate=1e-2, decay=0.0, epochs=20, smooth=0.1, seeds=2, lead=0.0)
    felt = DialogNet().felt
    utterances.standardise(felt, torch.cat([scene.x for scene in scenes]))
    net = recipe.train_all(felt, scenes, options)
    part = recipe.rows(felt, scenes)
    with torch.inference_mode():
        clips = recipe.pool(net.read(part.features), part.owner, len(scenes))[:, 0]
    assert clips[1::2].min() > clips[::2].max()
