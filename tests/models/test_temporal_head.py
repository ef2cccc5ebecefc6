"""A temporal head: what it learns that no classifier of single samples can, when it is chosen, and what is kept."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import load, save

from studio.models import ModelCard, ModelError
from studio.models.detection import (
    NEGATIVE,
    POSITIVE,
    UNKNOWN,
    LabelDetector,
    LabelledVideo,
    Learned,
    curves,
    found_by,
    head_training,
    learn,
    learning,
    learning_curve,
    packed,
)  # fmt: skip
from studio.models.detection.detector import build, head_of, pieces
from studio.models.detection.measuring import average_precision
from studio.models.detection.temporal_head import REACH, TemporalHead, change, forward, shapes

D, KINDS = 32, 12
BEGIN_S = 3


def unit(rows: np.ndarray) -> np.ndarray:
    return (rows / np.linalg.norm(rows, axis=-1, keepdims=True)).astype(np.float32)


LOOKS = unit(np.random.default_rng(9).normal(size=(KINDS, D)))


def video(seed: int, begins: bool = True, rate: float = 1.0, scenes: int = 16) -> LabelledVideo:
    """Scenes of 4 to 13 s. The label is each of one kind; the first seconds of each, where it `begins`."""
    rng = np.random.default_rng(seed)
    rows, truth, at = [], [], 0.0
    for _ in range(scenes):
        kind = 0 if rng.random() < 0.25 else int(rng.integers(1, KINDS))
        length = int(rng.integers(4, 14))
        samples = int(length * rate)
        rows.append(unit(LOOKS[kind] + 0.5 * rng.normal(size=(samples, D)) / np.sqrt(D)))
        truth += [(at, at + (BEGIN_S if begins else length))] * (kind == 0)
        at += length
    every = np.concatenate(rows)
    edges = np.arange(len(every) + 1) / rate
    known = np.full(len(every), NEGATIVE, np.int8)
    for start, end in truth:
        known[int(start * rate) : int(end * rate)] = POSITIVE
    return LabelledVideo(f"v{seed}", every, edges, known, np.array(truth, np.float64).reshape(-1, 2))


def trained(videos: list[LabelledVideo], **options: Any) -> TemporalHead:
    library = learning._Library(LOOKS[0], videos, 0)
    every = library.prepared
    return head_training.train(
        videos, library.blend(every), library.centre, library.axes(head_training.AXES), [e.pieces for e in every],
        library.discriminant, **options,
    )  # fmt: skip


@pytest.fixture(scope="module")
def taught() -> Learned:
    return learn(LOOKS[0], [video(n) for n in range(5)])


@pytest.fixture(scope="module")
def head(taught: Learned) -> TemporalHead:
    assert taught.head is not None
    return taught.head


def ap(learned: Learned, held: list[LabelledVideo], at: float = 0.5) -> float:
    return average_precision([(found_by(learned, each), each) for each in held], at)


def test_it_learns_what_single_samples_do_not_show(taught: Learned) -> None:
    held = [video(n) for n in range(100, 110)]
    assert taught.step == "head"
    linear = replace(taught, head=None)
    assert ap(taught, held) > 0.8 > 0.65 > ap(linear, held)
    assert taught.measured is not None
    truly = np.mean([ap(taught, held, at) for at in (0.3, 0.5, 0.7)])
    assert abs(taught.measured.ap - truly) < 0.15, "what is measured is what it does on other videos"


def test_a_learning_curve_is_of_what_the_studio_does(monkeypatch: pytest.MonkeyPatch) -> None:
    """From as many moments on as a head is tried, it is of the head where that is chosen."""
    monkeypatch.setattr(curves, "REPEATS", 1)
    monkeypatch.setattr(head_training, "STEPS", 30)
    told: list[float] = []
    videos, counts = [video(n, scenes=40) for n in range(3)], (5, learning.HEAD_FROM)
    found, linear = (
        learning_curve(LOOKS[0], videos, counts, progress=told.append, with_head=each).precision
        for each in (True, False)
    )
    assert found[5] == linear[5], "of fewer none is tried"
    assert found[10][0.5] > linear[10][0.5] + 0.15
    assert told[0] == 0 and max(told) <= 1 and len(set(told)) > 12


def test_its_scores_are_chances(taught: Learned) -> None:
    right, wrong = [], []
    for each in (video(n) for n in range(200, 210)):
        for (start, end), score in zip(*found_by(taught, each), strict=True):
            hits = [min(end, b) - max(start, a) > 0.5 * (max(end, b) - min(start, a)) for a, b in each.truth]
            (right if any(hits) else wrong).append(score)
    assert np.mean(right) > 0.6
    assert np.mean(wrong) < 0.2


def test_it_reads_a_video_that_is_sampled_more_often(head: TemporalHead) -> None:
    often = video(300, rate=4.0)
    found = head.moments(often.edges, often.rows, pieces(often.rows - head.centre), 200)
    spans = np.array([m[:2] for m in found]), np.array([m[2] for m in found])
    assert average_precision([(spans, often)], 0.5) > 0.6
    assert len(head.curve(often.edges, often.rows, pieces(often.rows - head.centre))) == len(often.rows)
    one = often.rows[:1]
    assert len(head.moments(np.array([0.0, 0.25]), one, [(0, 1)], 5)) == 1, "a single sample, too"


def test_it_is_chosen_where_it_finds_more_on_what_was_held_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """A head that says the same of everything is not; and which is better is asked with each fold left out that is then
    measured, so that what is measured has no part in it."""
    asked: list[int] = []
    exact = head_training.mean_precision
    monkeypatch.setattr(head_training, "mean_precision", lambda answers: asked.append(len(answers)) or exact(answers))
    monkeypatch.setattr(head_training, "_fitted", lambda cells, axes, *_: _blank(cells.shown.shape[1]))
    videos = [video(n) for n in range(5)]
    chosen, linear = learn(LOOKS[0], videos), learn(LOOKS[0], videos, with_head=False)
    assert (chosen.step, chosen.head, chosen.measured) == ("classifier", None, linear.measured)
    assert set(asked) == {1}, "it is better in no fold, so nothing more is asked"
    asked.clear()
    monkeypatch.undo()
    monkeypatch.setattr(head_training, "STEPS", 30)
    monkeypatch.setattr(head_training, "mean_precision", lambda answers: asked.append(len(answers)) or exact(answers))
    assert learn(LOOKS[0], videos).step == "head"
    assert sorted(asked) == [1] * 10 + [4] * 10 + [5] * 2, "each fold by the other four, the end by all; both ways"


def _blank(inputs: int) -> dict[str, np.ndarray]:
    return {key: np.zeros(shape, np.float32) for key, shape in shapes(inputs, 4).items()}


def test_of_few_moments_it_is_not_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(head_training, "better_head", lambda *_: pytest.fail("tried"))
    few = [video(n, scenes=6) for n in range(3)]
    assert sum(len(each.truth) for each in few) < learning.HEAD_FROM
    assert learn(LOOKS[0], few).head is None
    assert learn(LOOKS[0], [video(n) for n in range(5)], with_head=False).head is None


def test_what_nobody_looked_at_weighs_little() -> None:
    """Scenes that show the label too: unlabelled, or said not to have it."""
    whole = [video(n, begins=False) for n in range(4)]
    heights = {}
    for kind in (UNKNOWN, NEGATIVE):
        videos = []
        for each in whole:
            known, kept = np.full(len(each.known), kind, np.int8), each.truth[:1]
            for start, end in kept:
                known[int(start) : int(end)] = POSITIVE
            videos.append(replace(each, known=known, truth=kept))
        found = trained(videos)
        curves = [found.curve(v.edges, v.rows, pieces(v.rows - found.centre)) for v in videos]
        heights[kind] = np.mean([c[each.known == POSITIVE].mean() for c, each in zip(curves, whole, strict=True)])
    assert heights[UNKNOWN] > heights[NEGATIVE] + 0.3
    made = torch.zeros(1, 4, 3)
    cells = torch.full((1, 4), UNKNOWN)
    nothing = torch.ones(1, 4, 2), torch.zeros(1, 4)
    shares = head_training._shares(1000, 50_000)
    little, much = (float(head_training._loss(made, each, *nothing, shares)) for each in (cells, cells * 0 + NEGATIVE))
    assert little == pytest.approx(0.3 / 0.7 * much), "however many there are"
    few = head_training._shares(1000, 10)
    assert few[UNKNOWN] / 10 == pytest.approx(0.3 * few[NEGATIVE] / 1000), "each never more than a part of a known one"
    assert head_training._shares(0, 10) == {NEGATIVE: 0.7, UNKNOWN: 0.3}


def test_the_same_seed_makes_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(head_training, "STEPS", 10)
    videos = [video(n) for n in range(3)]
    one, again, other = (trained(videos, seed=seed) for seed in (0, 0, 1))
    assert all(np.array_equal(one.network[key], again.network[key]) for key in one.network)
    assert not np.array_equal(one.network["out.weight"], other.network["out.weight"])


def test_progress_rises_and_ends_it_in_the_midst_of_training(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(head_training, "STEPS", 30)
    told: list[float] = []

    def end(done: float) -> None:
        told.append(done)
        if done > 0.5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        learn(LOOKS[0], [video(n) for n in range(5)], progress=end)
    assert told == sorted(told) and 0 == told[0] < told[-1] < 0.52


def test_a_file_holds_the_head_and_no_damaged_one_is_taken(taught: Learned, head: TemporalHead) -> None:
    content = packed(taught.weights, "lite@1", "head", head)
    again = head_of(content, "d")
    each = video(400)
    detectors = [LabelDetector("d", "1", "lite@1", "x", taught.weights, one) for one in (head, again)]
    made = [detector.propose(each.edges, each.rows) for detector in detectors]
    assert made[0] == made[1] != LabelDetector("d", "1", "lite@1", "x", taught.weights).propose(each.edges, each.rows)
    assert [m[2] for m in made[0]] == sorted((m[2] for m in made[0]), reverse=True)
    moved = detectors[0].shifted(0.5, -0.25).propose(each.edges, each.rows)[0]
    assert moved[:2] == (pytest.approx(made[0][0][0] + 0.5), pytest.approx(made[0][0][1] - 0.25))
    assert (detectors[0].step, detectors[0].shifted(1, 1).step) == ("head", "head")
    assert detectors[0].propose(np.zeros(1), each.rows[:0]) == []
    card = ModelCard("d", "detection", "1", "yours", "here", "", {}, labels=("x",), architecture="label-detector")
    loaded = build({"weights": content}, card, "cpu")
    assert (loaded.step, loaded.propose(each.edges, each.rows)) == ("head", made[0])
    assert head_of(packed(taught.weights, "lite@1", "classifier"), "d") is None

    def spoiled(change: Callable[[dict[str, np.ndarray]], object]) -> bytes:
        arrays = {key: array.copy() for key, array in load(content).items()}
        change(arrays)
        return save(arrays, {"encoder": "lite@1", "step": "head"})

    damages: list[Callable[[dict[str, np.ndarray]], object]] = [
        lambda a: a.pop("head.network.out.weight"), lambda a: a.update({"head.network.more": a["direction"]}),
        lambda a: a.update({"head.mean": a["head.mean"][:-1]}), lambda a: a["head.projection"].fill(np.nan),
        lambda a: a.update({"head.centre": a["head.centre"][:-1], "head.projection": a["head.projection"][:-1]}),
        lambda a: a["head.numbers"].fill(0), lambda a: a.update({"head.numbers": a["head.numbers"][:2]}),
        lambda a: a["head.network.4.bias"].fill(np.inf), lambda a: a["head.deviation"].fill(-1),
    ]  # fmt: skip
    for damage in damages:
        with pytest.raises(ModelError, match=r"^d is no detector, or it is damaged; teach the label again.$"):
            head_of(spoiled(damage), "d")


def test_it_reads_in_numpy_as_it_was_trained_in_pytorch() -> None:
    rng = np.random.default_rng(0)
    network = {key: rng.normal(size=shape).astype(np.float32) / 4 for key, shape in shapes(7, 5).items()}
    cells = rng.normal(size=(2, 9 + 2 * REACH, 7)).astype(np.float32)
    told = forward({key: torch.from_numpy(array) for key, array in network.items()}, torch.from_numpy(cells))
    assert np.allclose(forward(network, cells), told.numpy(), atol=1e-4)
    assert told.shape == (2, 9, 3)


def test_the_picture_changes_between_samples() -> None:
    shown = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]])
    assert change(shown, 1).tolist() == pytest.approx([0, 0, 1, 1, 0])
    assert change(shown[:1], 4).tolist() == [0, 0]
    assert change(shown[:0], 4).tolist() == [0]
