"""A label learned from examples: what is found, how well it is measured, and what it never does."""

import json
from dataclasses import replace

import numpy as np
import pytest

from studio.models import ModelError
from studio.models.detection import (
    NEGATIVE,
    POSITIVE,
    UNKNOWN,
    LabelDetector,
    LabelledVideo,
    k_centre,
    learn,
    learning,
    learning_curve,
    packed,
)  # fmt: skip
from studio.models.detection.detector import pieces, unpacked
from studio.models.detection.learning import apart, found_in
from studio.models.detection.measuring import average_precision
from studio.recipes.teaching_events import EVENTS

D = 24


@pytest.fixture(autouse=True)
def without_head(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the words and the linear detector do; temporal heads have tests of their own."""
    monkeypatch.setattr(learning, "HEAD_FROM", 1_000)


def unit(rows: np.ndarray) -> np.ndarray:
    return (rows / np.linalg.norm(rows, axis=-1, keepdims=True)).astype(np.float32)


@pytest.fixture
def world() -> dict[str, np.ndarray]:
    """What a label looks like, what its words say (half of that and something else), and other things."""
    rng = np.random.default_rng(3)
    shown, stray, *others = unit(rng.normal(size=(12, D)))
    return {"shown": shown, "text": unit(shown + 1.3 * stray), "stray": stray, "others": np.stack(others)}


def video(world: dict[str, np.ndarray], seed: int, said: int = 1, moments: int = 2) -> LabelledVideo:
    """One sample a second, six seconds a scene; every third scene looks like what only the words mean. Of `moments`
    scenes that show the label a person said so, and that the rest is none where `said` is 2."""
    rng = np.random.default_rng(seed)
    rows, truth = [], []
    chosen = set(rng.permutation(12)[:moments].tolist())
    for scene in range(12):
        kind = "shown" if scene in chosen else "stray"
        base = world[kind] if kind == "shown" or scene % 3 == 0 else world["others"][rng.integers(10)]
        truth += [(6.0 * scene, 6.0 * scene + 6)] * (kind == "shown")
        rows.append(unit(base + 0.15 * rng.normal(size=(6, D)) / np.sqrt(D)))
    known = np.full(72, NEGATIVE if said == 2 else UNKNOWN, np.int8)
    for start, end in truth:
        known[int(start) : int(end)] = POSITIVE
    return LabelledVideo(f"v{seed}", np.concatenate(rows), np.arange(73.0), known, np.array(truth).reshape(-1, 2))


def ap(learned: object, held: list[LabelledVideo]) -> float:
    weights = learned.weights  # type: ignore[attr-defined]
    return average_precision([(found_in(weights, each), each) for each in held], 0.5)


def test_examples_beat_words_that_mislead(world: dict[str, np.ndarray]) -> None:
    taught = learn(world["text"], [video(world, n, said=2) for n in range(6)])
    held = [video(world, n, said=2) for n in range(20, 30)]
    assert taught.step == "classifier"
    assert taught.measured and taught.by_text
    assert taught.measured.ap > taught.by_text.ap
    assert ap(taught, held) > 0.7
    by_words = learn(world["text"], [video(world, 0, moments=0)])
    assert (by_words.step, by_words.measured) == ("text", None)
    assert ap(taught, held) > ap(by_words, held) + 0.2


def test_one_example_counts_the_more_the_less_the_words_say(world: dict[str, np.ndarray]) -> None:
    """Nothing is left to measure it on; whether the words fit it is seen from the example itself."""
    one, held = [video(world, 0, moments=1)], [video(world, n) for n in range(20, 30)]
    for words in ("text", "stray"):
        taught, by_words = learn(world[words], one), learn(world[words], [video(world, 0, moments=0)])
        assert (taught.step, taught.measured) == ("classifier", None)
        assert ap(taught, held) > ap(by_words, held) + 0.1
    misled = unit(learn(world["stray"], one).weights.direction)
    assert misled @ world["stray"] < 0.3 < misled @ world["shown"]


def test_a_moment_as_long_as_the_examples_stands_higher(world: dict[str, np.ndarray]) -> None:
    """The same picture for six seconds and for thirty: what was taught lasts six, or thirty."""
    base = np.concatenate([np.tile(world["others"][n], (6, 1)) for n in range(4)])
    held = unit(np.concatenate([base, np.tile(world["shown"], (6, 1)), base, np.tile(world["shown"], (30, 1)), base]))
    place = {6: (24.0, 30.0), 30: (54.0, 84.0)}
    for length in place:
        rows = unit(np.concatenate([base, np.tile(world["shown"], (length, 1)), base]))
        known = np.full(len(rows), NEGATIVE, np.int8)
        known[24 : 24 + length] = POSITIVE
        truth = np.array([[24.0, 24.0 + length]])
        edges = np.arange(len(rows) + 1.0)
        taught = learn(world["text"], [LabelledVideo(f"v{n}", rows, edges, known, truth) for n in range(2)])
        spans, scores = found_in(
            taught.weights, LabelledVideo("held", held, np.arange(len(held) + 1.0), known, truth[:0])
        )
        assert tuple(spans[np.argmax(scores)].tolist()) == place[length]


def test_what_nobody_looked_at_is_taken_to_be_wrong_but_little(world: dict[str, np.ndarray]) -> None:
    """Where people said only what is right, chances are not near one for all that stands out."""
    taught = learn(world["text"], [video(world, n) for n in range(6)])
    answers = [(found_in(taught.weights, each), each) for each in (video(world, n) for n in range(30, 50))]
    scores = np.concatenate([found for (_, found), _ in answers])
    right = sum(len(each.truth) for _, each in answers)
    assert scores.sum() < 1.5 * right


def test_what_is_measured_is_what_it_does_on_other_videos(world: dict[str, np.ndarray]) -> None:
    taught = learn(world["text"], [video(world, n, said=2) for n in range(8)])
    assert taught.measured
    held = [video(world, n, said=2) for n in range(40, 60)]
    truly = float(
        np.mean([average_precision([(found_in(taught.weights, v), v) for v in held], at) for at in (0.3, 0.5, 0.7)])
    )
    assert abs(taught.measured.ap - truly) < 0.15
    assert taught.measured.folds == 5


def test_one_video_is_measured_on_its_stretches(world: dict[str, np.ndarray]) -> None:
    taught = learn(world["text"], [video(world, 5, said=2, moments=4)])
    assert taught.measured and taught.measured.folds >= 2


def test_noise_is_never_worse_than_the_words(world: dict[str, np.ndarray]) -> None:
    """Examples that have nothing in common teach nothing, and are not used."""
    rng = np.random.default_rng(0)
    videos = []
    for n in range(4):
        rows = unit(rng.normal(size=(60, D)))
        known = np.full(60, NEGATIVE, np.int8)
        known[10:14] = POSITIVE
        videos.append(LabelledVideo(f"n{n}", rows, np.arange(61.0), known, np.array([[10.0, 14.0]])))
    taught = learn(world["shown"], videos)
    assert taught.by_text and taught.measured
    assert taught.measured.ap >= taught.by_text.ap


def test_scores_are_chances(world: dict[str, np.ndarray]) -> None:
    taught = learn(world["text"], [video(world, n, said=2) for n in range(8)])
    right, wrong = [], []
    for each in (video(world, n, said=2) for n in range(60, 80)):
        for span, score in zip(*found_in(taught.weights, each), strict=True):
            hit = any(
                min(span[1], b) - max(span[0], a) > 0.5 * (max(span[1], b) - min(span[0], a)) for a, b in each.truth
            )
            (right if hit else wrong).append(score)
    assert np.mean(right) > 0.7
    assert np.mean(wrong) < 0.3


def test_moments_end_where_the_picture_changes(world: dict[str, np.ndarray]) -> None:
    one = video(world, 1)
    cuts = [start for start, _ in pieces(one.rows - one.rows.mean(0))]
    assert set(cuts) <= set(range(0, 72, 6))
    assert len(cuts) >= 8
    taught = learn(world["shown"], [one, video(world, 2)])
    bounds, _ = found_in(replace(taught.weights, evened=1.0), video(world, 9))
    assert len(bounds) and np.all(bounds % 6 == 0)


def test_a_file_holds_all_of_it_and_nothing_else_is_taken_for_one(world: dict[str, np.ndarray]) -> None:
    weights = learn(world["text"], [video(world, n, said=2) for n in range(3)]).weights
    again, encoder = unpacked(packed(weights, "lite@1", "classifier"), "d")
    assert encoder == "lite@1"
    one = video(world, 7)
    made = LabelDetector("d", "1", encoder, "x", again).propose(one.edges, one.rows)
    assert made == LabelDetector("d", "1", encoder, "x", weights).propose(one.edges, one.rows)
    with pytest.raises(ModelError, match="teach the label again"):
        unpacked(b"\x10" * 64, "d")
    with pytest.raises(ValueError, match="reads vectors of 24 numbers, not 3"):
        LabelDetector("d", "1", encoder, "x", weights).curve(np.ones((2, 3), np.float32))


def test_rejections_pull_away_from_what_the_words_mean_besides(world: dict[str, np.ndarray]) -> None:
    """What was looked through tells the words' other meaning from the label."""
    unsaid = learn(world["text"], [video(world, n, said=1, moments=1) for n in range(3)])
    said = learn(world["text"], [video(world, n, said=2, moments=1) for n in range(3)])
    held = [video(world, n, said=2) for n in range(70, 80)]
    assert ap(said, held) >= ap(unsaid, held) > ap(learn(world["text"], held[:1]), held) - 0.05


def test_learning_is_told_how_far_it_is_and_can_be_ended(world: dict[str, np.ndarray]) -> None:
    told: list[float] = []
    learn(world["text"], [video(world, n) for n in range(3)], progress=told.append)
    assert told == sorted(told) and 0 == told[0] < told[-1] < 1

    def end(done: float) -> None:
        if done > 0.2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        learn(world["text"], [video(world, n) for n in range(3)], progress=end)


def test_the_covariance_of_a_large_library_is_taken_of_a_part(world: dict[str, np.ndarray]) -> None:
    from studio.models.detection import learning

    videos = [video(world, n) for n in range(4)]
    whole = learn(world["text"], videos)
    before, learning.MOST = learning.MOST, 200
    try:
        part = learn(world["text"], videos)
    finally:
        learning.MOST = before
    cosine = part.weights.direction @ whole.weights.direction
    assert cosine > 0.9 * np.linalg.norm(part.weights.direction) * np.linalg.norm(whole.weights.direction)


def test_stretches_of_one_video_share_no_moment_also_where_moments_overlap() -> None:
    rows = unit(np.random.default_rng(0).normal(size=(100, D)))
    truth = np.array([(0, 30), (10, 20), (40, 45), (44, 60), (70, 75), (90, 95)], np.float64)
    whole = LabelledVideo("v", rows, np.arange(101.0), np.full(100, UNKNOWN, np.int8), truth)
    parts = apart([whole])
    assert [part.truth.tolist() for part in parts] == [
        [[0, 30], [10, 20]], [[40, 45], [44, 60]], [[70, 75]], [[90, 95]],
    ]  # fmt: skip
    assert [float(part.edges[0]) for part in parts] == [0, 35, 65, 83]
    assert sum(len(part.rows) for part in parts) == 100, "each sample in one of them"
    nested = replace(whole, truth=np.array([(0.0, 100.0), (10.0, 20.0)]))
    assert apart([nested]) == [nested], "nothing can be held out of one moment"


def test_how_curves_are_evened_out_is_chosen_where_it_is_not_measured(
    world: dict[str, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Were the choice made by what is measured, noise of a whole fold could raise the number: here each choice is asked
    for with the fold left out that it is used on."""
    asked: list[int] = []
    exact = learning.mean_precision
    monkeypatch.setattr(learning, "mean_precision", lambda answers: asked.append(len(answers)) or exact(answers))
    learn(world["text"], [video(world, seed) for seed in range(5)])
    shares = len(learning.EVENED)
    assert sorted(set(asked)) == [4, 5] and asked.count(4) == 2 * 5 * shares and asked.count(5) == 2 * shares


def test_a_learning_curve_rises_from_the_words(world: dict[str, np.ndarray]) -> None:
    found = learning_curve(world["text"], [video(world, n, said=2) for n in range(8)])
    assert list(found.precision) == [0, 1, 3, 5, 10], "of each fold at least twelve of sixteen moments are left"
    assert found.folds == 5
    assert found.precision[10][0.5] > found.precision[0][0.5] + 0.2
    assert found.precision[10][0.3] >= found.precision[10][0.7]
    one = LabelledVideo("v", *(getattr(video(world, 1, moments=1), key) for key in ("rows", "edges", "known", "truth")))
    assert learning_curve(world["text"], [one]).precision == {}


def test_the_written_down_events_are_moments_in_order() -> None:
    labels = json.loads(EVENTS.read_text(encoding="utf-8"))["labels"]
    assert len(labels) >= 10
    for label, where in labels.items():
        for moments in where.values():
            edges = [time for moment in moments for time in moment]
            assert len(moments) >= 2 and all(len(moment) == 2 for moment in moments), label
            assert edges == sorted(set(edges)), label


def test_k_centre_takes_the_most_different_first_and_what_is_known_last() -> None:
    angles = np.deg2rad([0, 2, 90, 91, 180])
    points = np.stack([np.cos(angles), np.sin(angles)], 1).astype(np.float32)
    assert k_centre(points, 3, points[:1]) == [4, 2, 1], "0° is known; 2° is farther from it than 91° from 90°"
    assert sorted(k_centre(points, 9)) == [0, 1, 2, 3, 4]
    assert k_centre(points[:0], 3) == []
    with_twins = np.concatenate([points, points])
    assert len(set(k_centre(with_twins, 10))) == 10, "each once, also where two are the same"
