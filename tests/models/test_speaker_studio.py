"""This project's own network: what it may depend on, and the scenes it learns from."""

from typing import Any

import numpy as np
import pytest
import torch

from studio.models.speaker.studio_asd import EVIDENCE, REGION, SIDE, Network, Together, _mouths, local_mean, motion
from studio.recipes import studio_asd as recipe
from studio.recipes.talking_heads import MARGIN, Head, person, precision, rested


@pytest.fixture(scope="module")
def net() -> Network:
    torch.manual_seed(0)
    return Network().eval()


def given(tracks: int, count: int = 20) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    torch.manual_seed(1)
    mouths = 100 + 20 * torch.randn(1, tracks, count, SIDE, SIDE)
    return mouths, torch.randn(1, 4 * count, 64), torch.ones(1, tracks, count, dtype=torch.bool)


def test_it_is_small(net: Network) -> None:
    assert sum(p.numel() for p in net.parameters()) < 1_000_000


def test_any_number_of_tracks_in_any_order(net: Network) -> None:
    with torch.inference_mode():
        for tracks in (1, 2, 4):
            mouths, mel, there = given(tracks)
            said = net(mouths, mel, there)
            assert said.shape == (1, tracks, 20)
            turned = net(mouths.flip(1), mel, there)
            torch.testing.assert_close(turned.flip(1), said, atol=1e-4, rtol=1e-4)


def test_tracks_are_read_beside_each_other_and_absent_ones_are_not(net: Network) -> None:
    with torch.inference_mode():
        mouths, mel, there = given(2)
        alone = net(mouths[:, :1], mel, there[:, :1])
        together = net(mouths, mel, there)
        assert (alone - together[:, :1]).abs().max() > 1e-3
        there[:, 1] = False
        changed = mouths.clone()
        changed[:, 1] = 0
        torch.testing.assert_close(net(mouths, mel, there)[:, 0], net(changed, mel, there)[:, 0])


def test_the_face_itself_is_not_seen() -> None:
    """Neither brightness nor contrast nor anything that stays."""
    mouths = given(1)[0][0]
    torch.testing.assert_close(motion(3 * mouths + 40), motion(mouths), atol=1e-3, rtol=1e-3)
    still = mouths[:, :1].expand(-1, 20, -1, -1)
    assert motion(still).abs().max() < 1e-4


def test_the_local_mean_uses_what_is_there_at_the_ends() -> None:
    assert local_mean(torch.tensor([0.0, 3, 6, 9]), 3).tolist() == [1.5, 3, 6, 7.5]


def test_training_and_use_see_the_same_square() -> None:
    wide = np.random.default_rng(0).integers(0, 255, (3, 144, 144), dtype=np.uint8)
    row, column, side = REGION
    small = torch.nn.functional.avg_pool2d(torch.from_numpy(wide).float()[:, None], 2)[:, 0]
    r, c = (MARGIN + row) // 2, (MARGIN + column) // 2
    expected = small[:, r : r + side // 2, c : c + side // 2].numpy()
    found = _mouths(wide[:, MARGIN:-MARGIN, MARGIN:-MARGIN], 5)
    np.testing.assert_allclose(found[:3], expected)
    np.testing.assert_allclose(found[3:], expected[[2, 2]])


@pytest.fixture
def clip() -> recipe.Clip:
    """Its pictures and its sound both carry the time."""
    frames = torch.arange(60.0)[:, None, None].expand(60, 72, 72)
    mel = torch.arange(240.0)[:, None].expand(240, 64)
    return recipe.Clip("x", frames, mel, (torch.arange(240) < 120).float(), torch.arange(60.0)[:, None].expand(60, 256))


@pytest.mark.parametrize(("start", "speed"), [(0.0, 1.0), (100.0, 0.8), (300.0, 1.25)])
def test_picture_and_sound_stay_together_at_any_speed(
    clip: recipe.Clip, start: float, speed: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recipe, "chance", lambda share: False)
    monkeypatch.setattr(recipe, "_noisy", lambda mouths: mouths)
    take = recipe.Take(clip, start, speed)
    sound, voice = take.sound(40)
    times = take.picture(40).mean((1, 2))
    assert (sound[1::4, 0] / 4 - times).abs().max() < 1.0
    assert (voice == (sound[::4, 0] < 120)).all()
    assert (take.taught(40)[:, 0] == times).all()


def test_a_batch_has_faces_that_rest_and_sounds_that_are_silent(clip: recipe.Clip) -> None:
    torch.manual_seed(0)
    batch = recipe.batch_of([clip] * 6, 30)
    assert (batch.mouths.shape, batch.mel.shape, batch.truth.shape) == ((6, 30, SIDE, SIDE), (6, 120, 64), (6, 30))
    assert batch.taught.shape == (6, 30, 256)
    assert all(torch.isfinite(part).all() for part in (batch.mouths, batch.mel, batch.taught))
    many = [recipe.batch_of([clip] * 6, 12) for _ in range(20)]
    known = torch.cat([one.sounds for one in many])
    assert 0.6 < known.float().mean() < 0.95
    assert (torch.cat([one.truth for one in many])[~known] == 0).all(), "who rests, or is silent, does not speak"


def test_a_face_is_the_voice_only_beside_its_own_sound() -> None:
    """Each face and its sound carry the same number; the truth of a scene is where they are equal."""
    torch.manual_seed(0)
    numbers = torch.arange(8.0)[:, None, None].expand(8, 1, 40) + torch.arange(40) / 100
    truth = torch.ones(8, 40)
    kinds = list(recipe.scenes(numbers, numbers, truth))
    assert [faces.shape[1] for faces, _, _ in kinds] == [1, 1, 1, 1, 2, 2, 1, 3]
    for faces, sound, found in kinds:
        assert (found == (faces - sound.unsqueeze(1)).squeeze(2).eq(0)).all()
        assert (found.sum(1) <= 1).all()


def test_faces_learn_their_own_sound_at_its_own_time(net: Network) -> None:
    """The contrast between pairs is small where picture and sound go together, and large a second later."""
    torch.manual_seed(0)
    same = torch.randn(6, 64, 60)
    sounds = torch.tensor([True] * 5 + [False])
    with torch.inference_mode():
        for layer in (net.together.picture, net.together.sound):
            layer.weight.copy_(torch.eye(64)[..., None])
        losses = [float(recipe.told_apart(net, same, same.roll(late, 2), sounds)) for late in (0, 2, 20)]
        assert losses[0] < losses[2] - 2
        assert losses[1] < losses[2] - 2
        assert float(recipe.told_apart(net, same, same, sounds & (torch.arange(6) < 1))) == 0


def test_evidence_is_that_sound_follows_the_picture_and_not_that_it_is_far_from_it() -> None:
    torch.manual_seed(0)
    together = Together().eval()
    same = torch.randn(1, 64, 80)
    with torch.inference_mode():
        for layer in (together.picture, together.sound):
            layer.weight.copy_(torch.eye(64)[..., None])
        found = [together(same, same.roll(late, 2))[0, -1, 40] for late in (0, 3, 20, 35)]
    assert together(same, same).shape == (1, EVIDENCE, 80)
    assert min(found[:2]) > 1
    assert found[2] < -1
    assert abs(found[3]) < 1


def head(name: str) -> Any:
    return Head(name, np.full((4, 144, 144), 7, np.uint8), np.zeros(16, np.float32))


def test_people_are_told_apart_and_measured() -> None:
    assert person(head("lipread_words__elisha_children")) == "elisha"
    assert person(head("lipread_missing__what_fish_do_you_prefer")) == "smolinski"
    assert person(head("swiz3n")) == "swiz3n"
    assert rested(head("x"), 9).shape == (9, 112, 112)
    assert precision(np.array([0.9, 0.8, 0.7]), np.array([True, False, True])) == pytest.approx((1 + 2 / 3) / 2)
