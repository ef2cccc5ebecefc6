"""Which players a game owes its worth to: Shapley values (Shapley 1953), exact for few players, else sampled.

With the regions of a picture as players and the cosine with a text as the worth of those that are shown, they say where
in the picture the text was found, without training (after LOUPE: Li et al., NeurIPS 2022, arXiv 2208.02515).
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Worth = Callable[[npt.NDArray[np.bool_]], npt.ArrayLike]
"""Coalitions (C, P), true for who takes part → what each is worth in K games (C, K)."""

EXACT = 10  # players up to whom all coalitions are looked at
ORDERS = 64  # in which more players come in, each also backwards


def shapley(worth: Worth, players: int, orders: int = ORDERS, seed: int = 0) -> Doubles:
    """What each player adds on average over all orders of coming in, (K, P); each row sums to the worth of all less
    that of nobody.

    More than EXACT players come in by `orders` random orders and their reverses (antithetic sampling: Mitchell et al.
    2022), the same for the same seed. Raises ValueError for no players.
    """
    if players < 1:
        raise ValueError("A game has at least one player.")
    return _exact(worth, players) if players <= EXACT else _sampled(worth, players, orders, seed)


def _exact(worth: Worth, players: int) -> Doubles:
    inside = (np.arange(2**players)[:, None] >> np.arange(players)) & 1 == 1
    value = np.asarray(worth(inside), np.float64)
    size = inside.sum(1)
    # One order in players · C(players − 1, size) has just this coalition in when the next player comes.
    ways = np.array([1.0 / (players * _choose(players - 1, k)) for k in range(players)])
    found = np.zeros((value.shape[1], players))
    for player in range(players):
        without = np.flatnonzero(~inside[:, player])
        gain = value[without | 1 << player] - value[without]
        found[:, player] = ways[size[without]] @ gain
    return found


def _choose(n: int, k: int) -> float:
    return float(np.prod([(n - i) / (i + 1) for i in range(k)]))


def _sampled(worth: Worth, players: int, orders: int, seed: int) -> Doubles:
    rng = np.random.default_rng(seed)
    found: Doubles | float = 0.0
    for _ in range(orders):
        order = rng.permutation(players)
        for way in (order, order[::-1]):
            inside = np.zeros((players + 1, players), bool)
            inside[:, way] = np.tri(players + 1, players, -1, dtype=bool)
            gain = np.diff(np.asarray(worth(inside), np.float64), axis=0)
            one = np.empty(gain.T.shape)
            one[:, way] = gain.T
            found = found + one
    return np.asarray(found / (2 * orders))


def heat(texts: npt.ArrayLike, regions: npt.ArrayLike) -> Floats:
    """How much each region of a picture adds to the cosine of the picture with each text: unit vectors (K, D) of the
    texts and (P, D) of the regions → (K, P).

    A part of the picture stands for itself by the mean of its regions; nothing is worth nothing. Raises ValueError
    where the shapes disagree.
    """
    asked, seen = np.asarray(texts, np.float64), np.asarray(regions, np.float64)
    if asked.ndim != 2 or seen.ndim != 2 or asked.shape[1] != seen.shape[1]:
        raise ValueError(f"texts (K, D) and regions (P, D) do not fit: {asked.shape} and {seen.shape}.")

    def cosine(inside: npt.NDArray[np.bool_]) -> Doubles:
        total = inside @ seen
        found: Doubles = total @ asked.T / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-12)
        return found

    return shapley(cosine, len(seen)).astype(np.float32)
