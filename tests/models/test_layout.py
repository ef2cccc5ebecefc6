"""Vectors in two dimensions: what is alike lies together, and nothing moves when something new is placed."""

import numpy as np
import pytest

from studio import models
from studio.models import layout
from studio.models.layout import Layout

SCENES, EACH, DIM = 6, 30, 64


def vectors(seed: int, each: int = EACH, scenes: int = SCENES) -> np.ndarray:
    """Unit vectors in scenes of alike ones; those of other seeds are other pictures of the same scenes."""
    centres = np.repeat(np.random.default_rng(0).normal(size=(scenes, DIM)), each, axis=0)
    rows = centres + 0.5 * np.random.default_rng(seed).normal(size=(scenes * each, DIM))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture(scope="module")
def laid_out() -> Layout:
    return models.lay_out(vectors(1))


def test_scenes_are_clusters_and_the_same_vectors_get_the_same_places(laid_out: Layout) -> None:
    scene = np.repeat(np.arange(SCENES), EACH)
    assert laid_out.positions.shape == (SCENES * EACH, 2)
    assert np.abs(laid_out.positions.max(0) + laid_out.positions.min(0)).max() < 1e-3, "around the middle"
    of_scene = [set(laid_out.clusters[scene == each].tolist()) for each in range(SCENES)]
    assert all(len(found) == 1 for found in of_scene) and len(set().union(*of_scene)) == SCENES
    assert models.lay_out(vectors(1)).positions.tobytes() == laid_out.positions.tobytes()


def test_new_vectors_come_to_their_like_and_move_nothing(laid_out: Layout) -> None:
    before, new = laid_out.positions.tobytes(), vectors(2)
    positions, clusters = models.place(laid_out, new)
    assert laid_out.positions.tobytes() == before
    assert (clusters == laid_out.clusters).mean() > 0.98
    near = np.linalg.norm(positions[:, None] - laid_out.positions[None], axis=2).argmin(1)
    assert (near // EACH == np.arange(len(new)) // EACH).mean() > 0.98
    alone, _ = models.place(laid_out, new[:3])
    assert np.allclose(alone, positions[:3], atol=1e-3), "where one lies does not depend on what else is placed"


def test_those_laid_out_are_placed_where_they_are(laid_out: Layout) -> None:
    positions, _ = models.place(laid_out, vectors(1))
    across = np.ptp(laid_out.positions, axis=0).max()
    assert np.median(np.linalg.norm(positions - laid_out.positions, axis=1)) < 0.05 * across


@pytest.mark.parametrize("count", [5, 6, 12])
def test_few_vectors_have_places_too(count: int) -> None:
    made = models.lay_out(vectors(1)[:: SCENES * EACH // count][:count])
    assert np.isfinite(made.positions).all() and len(np.unique(made.positions, axis=0)) == count
    assert models.place(made, vectors(2)[:2])[0].shape == (2, 2)
    assert models.place(made, vectors(2)[:0])[0].shape == (0, 2)


def test_too_few_are_refused_and_work_can_be_stopped() -> None:
    with pytest.raises(ValueError, match="at least 5"):
        models.lay_out(vectors(1)[:4])

    def stop(share: float) -> None:
        if share > 0.3:
            raise KeyError("stop")

    with pytest.raises(KeyError):
        models.lay_out(vectors(1), stop)
    shares: list[float] = []
    models.lay_out(vectors(1, each=5), shares.append)
    assert shares == sorted(shares) and shares[-1] == 1.0 and len(shares) > layout.ITERATIONS / layout.EVERY
