"""What every grounding engine promises, and what those that look at frames do better."""

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio import models
from studio.models.grounding import clusters, curve, merge_tree
from studio.models.grounding.curve import without_valley

ENGINES = [card.name for card in models.cards("grounding") if models.installed(card)]
LENGTHS = (12, 7, 20, 9, 15)


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Any:
    return models.load("grounding", request.param, device="cpu")


def scenes(noise: float = 0.4, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Five scenes of LENGTHS seconds, as vectors (N, 64), and each scene's own direction (5, 64)."""
    rng = np.random.default_rng(seed)
    centres = np.linalg.qr(rng.standard_normal((64, len(LENGTHS))))[0].T
    rows = np.repeat(centres, LENGTHS, axis=0)
    rows = rows + noise * rng.standard_normal(rows.shape) / 8
    return np.arange(len(rows)) + 0.5, rows / np.linalg.norm(rows, axis=1, keepdims=True), centres


def truth(scene: int) -> tuple[float, float]:
    end = float(sum(LENGTHS[: scene + 1]))
    return end - LENGTHS[scene], end


def overlap(found: tuple[float, ...], wanted: tuple[float, float]) -> float:
    return float(curve.iou(np.array(found), np.array([wanted]))[0])


@pytest.mark.parametrize("scene", range(len(LENGTHS)))
def test_each_scene_is_found(engine: Any, scene: int) -> None:
    times, rows, centres = scenes()
    found = engine.propose(times, rows @ centres[scene], 3, float(len(rows)), features=rows.astype(np.float16))
    least = {"merge-tree": 0.95, "trained-head": 0.9, "consensus": 0.5, "tag": 0.7, "similarity-peaks": 0.5}
    assert overlap(found[0], truth(scene)) > least[engine.name]
    assert [m[2] for m in found] == sorted((m[2] for m in found), reverse=True)


def test_the_same_question_has_the_same_answer(engine: Any) -> None:
    times, rows, centres = scenes()
    first, second = (engine.propose(times, rows @ centres[1], features=rows) for _ in range(2))
    assert first == second


def test_without_features_there_is_still_an_answer(engine: Any) -> None:
    times, rows, centres = scenes()
    assert overlap(engine.propose(times, rows @ centres[2], 1)[0], truth(2)) > 0.5


@pytest.mark.parametrize("value", [0.0, 0.3, -5.0, np.nan, np.inf])
def test_a_flat_curve_is_the_whole_video_with_no_confidence(engine: Any, value: float) -> None:
    assert engine.propose(np.arange(5.0), np.full(5, value), 5, 5.0, np.eye(5)) == [(0.0, 5.0, 0.0)]
    assert engine.propose([], []) == []


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.one_of(st.floats(-1, 1), st.just(np.nan)), min_size=1, max_size=40),
    st.floats(0.01, 5),
    st.integers(1, 8),
    st.booleans(),
)
@pytest.mark.parametrize("name", ENGINES)
def test_proposals_are_always_well_formed(name: str, values: list[float], step: float, top_k: int, rows: bool) -> None:
    times = np.arange(len(values)) * step
    duration = float(times[-1] + step)
    features = np.random.default_rng(len(values)).standard_normal((len(values), 4)) if rows else None
    if features is not None:
        features[0] = np.nan
    found = models.load("grounding", name, device="cpu").propose(times, values, top_k, duration, features)
    assert 1 <= len(found) <= top_k
    for start, end, score in found:
        assert 0 <= start < end <= duration
        assert 0 <= score <= 1
    assert [m[2] for m in found] == sorted((m[2] for m in found), reverse=True)
    for one, other in itertools.combinations(found, 2):
        shared = min(one[1], other[1]) - max(one[0], other[0])
        assert shared <= 0.5 * min(one[1] - one[0], other[1] - other[0]) + 1e-9


def test_a_moment_over_a_valley_is_cut_to_its_better_side() -> None:
    fit = np.zeros(60)
    fit[5:20], fit[26:36] = 1.0, 0.8
    edges = np.arange(61.0)
    assert without_valley(fit, edges, [(5.0, 36.0, 0.9)]) == [(5.0, pytest.approx(23, abs=3), 0.9)]
    fit[20:26] = 0.7  # no valley: the curve falls, but stays high
    assert without_valley(fit, edges, [(5.0, 36.0, 0.9)]) == [(5.0, 36.0, 0.9)]
    between_samples = (5.3, 19.2, 0.9)
    assert without_valley(fit, edges, [between_samples]) == [between_samples]
    assert without_valley(fit, edges, []) == []


@pytest.mark.parametrize("name", ["tag", "merge-tree", "trained-head", "consensus"])
@pytest.mark.parametrize("features", [np.ones((3, 4)), np.ones(2), np.full((2, 4), "x")])
def test_features_of_another_shape_are_refused(name: str, features: np.ndarray) -> None:
    with pytest.raises(ValueError, match="features"):
        models.load("grounding", name).propose([0, 1], [1, 2], features=features)


def test_a_flash_does_not_split_a_scene() -> None:
    times, rows, centres = scenes()
    rows[25] = -centres[0]
    found = models.load("grounding", "merge-tree").propose(times, rows @ centres[2], 1, float(len(rows)), rows)[0]
    assert overlap(found, truth(2)) > 0.85


@pytest.mark.parametrize("with_text", [False, True])
@pytest.mark.parametrize("scene", range(len(LENGTHS)))
def test_a_glance_grows_to_its_scene(scene: int, with_text: bool) -> None:
    times, rows, centres = scenes()
    start, end = truth(scene)
    found = models.glance(
        times, rows @ centres[scene] if with_text else None, rows, (start + end) / 2, float(len(rows))
    )
    assert overlap(found, (start, end)) > 0.85
    assert 0 < found[2] <= 1


def test_a_glance_at_the_ends_and_at_nothing() -> None:
    times, rows, _ = scenes()
    assert models.glance(times, None, rows, -3.0)[0] == 0
    assert models.glance(times, None, rows, 1e9, float(len(rows)))[1] == len(rows)
    assert models.glance(times, None, np.ones((len(times), 3)), 4.0, float(len(times))) == (0.0, float(len(times)), 0.0)
    for bad in ((times, rows, np.nan), ([], np.zeros((0, 3)), 1.0), (times, rows[1:], 1.0)):
        with pytest.raises(ValueError, match=r"glance|features"):
            models.glance(bad[0], None, *bad[1:])


def test_adjusted_scores_keep_their_order_and_fill_the_range() -> None:
    scores = np.random.default_rng(0).uniform(-0.1, 0.4, 200)
    adjusted = clusters.adjust(scores)
    assert (adjusted.min(), adjusted.max()) == (0, 1)
    assert np.array_equal(np.argsort(adjusted), np.argsort(scores))


def test_a_rise_begins_with_its_first_rising_sample() -> None:
    assert clusters.rise_starts(np.array([0, 0, 0.2, 0.4, 0.9, 1, 1, 1, 1, 0.0])).tolist()[:5] == [0, 1, 2, 2, 2]
    assert clusters.rise_starts(np.zeros(4)).tolist() == [0, 1, 2, 3]


def test_votes_prefer_what_the_others_agree_with() -> None:
    bounds = np.array([[0, 2], [9, 20], [10, 20], [10, 21]], float)
    assert clusters.vote(bounds, np.array([0.6, 0.5, 0.52, 0.5]), 1)[0][:2] == (10, 20)


def test_spans_inside_minus_outside() -> None:
    spans = np.array([[0, 2], [0, 4]])
    assert curve.inside_outside(np.array([1, 1, 0, 0.5]), spans).tolist() == [0.75, 0.625]


def test_the_tree_joins_what_is_most_alike_first() -> None:
    rows = np.repeat(np.eye(2, dtype=np.float32), 2, axis=0)
    found = merge_tree.nodes(rows, np.zeros(4), alike=-1).tolist()
    assert found[:4] == [[0, 1], [1, 2], [2, 3], [3, 4]]
    assert {tuple(n) for n in found[4:6]} == {(0, 2), (2, 4)}
    assert found[6] == [0, 4]
    assert len(merge_tree.nodes(rows, np.zeros(4))) == 6
