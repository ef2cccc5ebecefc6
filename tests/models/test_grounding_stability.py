"""Asking again about changed videos: what stays is sure."""

from typing import Any

import numpy as np
import pytest

from studio import models
from studio.models.grounding.equivariance import views
from studio.recipes import synthetic_videos as made_up

LENGTHS = (12, 7, 20, 9, 15)


def scenes(noise: float = 0.3) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    centres = np.linalg.qr(rng.standard_normal((64, len(LENGTHS))))[0].T
    rows = np.repeat(centres, LENGTHS, axis=0) + noise * rng.standard_normal((sum(LENGTHS), 64)) / 8
    return np.arange(len(rows)) + 0.5, rows / np.linalg.norm(rows, axis=1, keepdims=True), centres


def test_views_map_back_to_the_samples_they_show() -> None:
    times = np.arange(40) + 0.5
    found = list(views(times, 40.0))
    assert len(found) == 5
    for view in found:
        assert len(view.index) == len(view.times)
        assert np.all(np.diff(view.times) > 0)
        assert view.times[0] >= 0
        assert view.times[-1] <= view.length_s + 1
        back = view.times * view.scale + view.offset
        inside = (back >= view.start_s) & (back < view.end_s)
        assert np.abs(times[view.index] - back)[inside].max() <= 0.5
    assert [len(view.index) for view in found] == [34, 34, 52, 20, 80]
    assert len(list(views(np.array([0.5]), 1.0))) >= 3


@pytest.mark.parametrize("name", ["merge-tree", "tag", "similarity-peaks"])
def test_a_scene_that_stands_out_is_sure(name: str) -> None:
    times, rows, centres = scenes()
    engine, curve = models.load("grounding", name), rows @ centres[2]
    moments = engine.propose(times, curve, 3, 63.0, rows)
    sure, agreement = models.stability(engine, moments, times, curve, 63.0, rows)
    assert sure[0] > 0.8
    assert agreement > 0.8
    assert all(0 <= each <= 1 for each in sure)


def test_noise_is_not_sure() -> None:
    """Over twenty curves of noise the best moment depends on how the video is cut."""
    engine = models.load("grounding", "similarity-peaks")
    found = []
    for seed in range(20):
        curve, times = np.random.default_rng(seed).random(60), np.arange(60) + 0.5
        moments = engine.propose(times, curve, 3, 60.0)
        found.append(models.stability(engine, moments, times, curve, 60.0)[1])
    assert float(np.mean(found)) < 0.5


class Fixed:
    """Always the same seconds of whatever it is shown: not equivariant at all."""

    name = version = "fixed"
    labels = ("moment",)
    needs: frozenset[str] = frozenset()

    def accept(self, query: Any) -> None: ...

    def propose(self, *arguments: Any) -> list[tuple[float, float, float]]:
        return [(10.0, 14.0, 1.0)]


class Whole(Fixed):
    """Always everything."""

    def propose(self, *arguments: Any) -> list[tuple[float, float, float]]:
        return [(0.0, float(arguments[3]), 1.0)]


def test_what_does_not_move_with_the_video_is_not_sure_and_what_does_is() -> None:
    times = np.arange(40) + 0.5
    curve = np.linspace(0, 1, 40)
    # by hand: cut in front → 16–20, behind → 10–14, longer → 4–8, fast → 20–28, slow → 5–7; of 15 pairs only
    # the uncut ones agree (IoU 1), 16–20 and 20–28 touch, 4–8 holds 5–7 (½)
    sure, agreement = models.stability(Fixed(), [(10.0, 14.0, 1.0)], times, curve, 40.0)
    assert sure == [pytest.approx((1 + 0.5) / 15)]
    assert agreement == sure[0]
    assert models.stability(Whole(), [(0.0, 40.0, 1.0)], times, curve, 40.0) == ([1.0], 1.0)


class OnceOnly(Fixed):
    """Finds nothing in a changed video."""

    def propose(self, *arguments: Any) -> list[tuple[float, float, float]]:
        return []


def test_what_is_not_found_again_is_not_sure() -> None:
    times, curve = np.arange(40) + 0.5, np.linspace(0, 1, 40)
    assert models.stability(OnceOnly(), [(10.0, 14.0, 1.0)], times, curve, 40.0) == ([0.0], 0.0)


def test_nothing_has_no_confidence() -> None:
    engine = models.load("grounding", "merge-tree")
    assert models.stability(engine, [], [0.5], [1.0]) == ([], 0.0)
    moments = engine.propose([0.5], [1.0])
    assert models.stability(engine, moments, [0.5], [1.0])[0] == [pytest.approx(1, abs=0.7)]


def test_what_agreement_is_worth_is_measured() -> None:
    """Of two questions the first is answered by what moves with the video, the second is not."""
    question = made_up.Question(np.eye(40, dtype=np.float32), np.linspace(0, 1, 40, dtype=np.float32), (0.0, 40.0))

    class Mixed(Fixed):
        calls = 0

        def propose(self, *arguments: Any, **known: Any) -> list[tuple[float, float, float]]:
            Mixed.calls += 1  # six times a question: as it is, and changed
            return [(0.0, float(arguments[3]), 1.0) if Mixed.calls <= 6 else (10.0, 14.0, 1.0)]

    assert made_up.trust(Mixed(), [question, question], np.array([True, False]), "") == {
        "agreement_AUC": 100.0,
        "agreeing_R1@0.5": 100.0,
        "disagreeing_R1@0.5": 0.0,
        "disagreeing_share": 50.0,
    }


def test_a_mirror_that_shows_something_else_takes_sureness_away() -> None:
    times, rows, centres = scenes()
    engine, curve = models.load("grounding", "merge-tree"), rows @ centres[2]
    moments = engine.propose(times, curve, 1, 63.0, rows)
    plain, agreed = models.stability(engine, moments, times, curve, 63.0, rows)
    same, still = models.stability(engine, moments, times, curve, 63.0, rows, mirrored=(curve, rows))
    other, torn = models.stability(engine, moments, times, curve, 63.0, rows, mirrored=(rows @ centres[4], rows))
    assert same[0] >= plain[0]
    assert still >= agreed
    assert other[0] < plain[0] - 0.1
    assert torn < agreed - 0.1
