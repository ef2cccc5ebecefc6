"""Shapley values of games whose values are known, and of pictures made for it."""

import itertools
import math

import numpy as np
import pytest

from studio.models.text_video.shapley import EXACT, heat, shapley


def glove(inside: np.ndarray) -> np.ndarray:
    """One right glove, two left ones; a pair is worth 1. The values are 2/3, 1/6, 1/6."""
    return (inside[:, :1] & inside[:, 1:].any(1, keepdims=True)).astype(float)


def airport(costs: np.ndarray):
    return lambda inside: np.where(inside, costs, 0).max(1, keepdims=True)


def airport_values(costs: np.ndarray) -> np.ndarray:
    """Littlechild and Owen 1973: each further length of the runway is shared by those that need it."""
    order, found, before, share = np.argsort(costs), np.zeros(len(costs)), 0.0, 0.0
    for k, player in enumerate(order):
        share += (costs[player] - before) / (len(costs) - k)
        before, found[player] = costs[player], share
    return found


def test_the_glove_game():
    assert shapley(glove, 3) == pytest.approx(np.array([[2 / 3, 1 / 6, 1 / 6]]))


@pytest.mark.parametrize("players", [1, 2, 5, EXACT])
def test_the_airport_game_is_exact(players):
    costs = np.random.default_rng(players).uniform(1, 9, players)
    assert shapley(airport(costs), players)[0] == pytest.approx(airport_values(costs))


def test_exact_values_are_the_mean_over_all_orders():
    worth = np.random.default_rng(0).normal(size=(16, 2))
    worth[0] = 0
    found = shapley(lambda inside: worth[inside @ (1 << np.arange(4))], 4)
    orders = list(itertools.permutations(range(4)))
    expected = np.zeros((2, 4))
    for order in orders:
        code = 0
        for player in order:
            expected[:, player] += worth[code | 1 << player] - worth[code]
            code |= 1 << player
    assert found == pytest.approx(expected / math.factorial(4))


def test_many_players_are_sampled_and_still_share_out_everything():
    costs = np.random.default_rng(1).uniform(1, 9, 16)
    found = shapley(airport(costs), 16, orders=400)[0]
    assert found.sum() == pytest.approx(costs.max())
    assert np.abs(found - airport_values(costs)).max() < 0.1  # of a largest value of 1.5
    assert (found == shapley(airport(costs), 16, orders=400)[0]).all()


def test_heat_lies_where_the_text_is_seen_and_sums_to_the_cosine_of_the_picture():
    regions = np.eye(9, dtype=np.float32)
    texts = regions[[4, 0]]
    found = heat(texts, regions)
    assert found.argmax(1).tolist() == [4, 0]
    whole = regions.mean(0) / np.linalg.norm(regions.mean(0))
    assert found.sum(1) == pytest.approx(texts @ whole, abs=1e-6)


def test_what_does_not_fit_together_is_said():
    with pytest.raises(ValueError, match="do not fit"):
        heat(np.ones((2, 3)), np.ones((9, 4)))
    with pytest.raises(ValueError, match="at least one player"):
        shapley(glove, 0)
