"""Labels that are known by how they sound, and what sounds are like in numbers."""

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
    View,
    folds_of,
    learn,
    learn_best,
    packed,
    sounds,
    views,
)
from studio.models.detection.detector import unpacked
from studio.models.detection.learning import found_in

WIDE, COUNT = 8, 4  # with two moments each: too few to try a temporal head, which takes longer


def seen(shows: bool, seed: int, moments: int = 2) -> LabelledVideo:
    """A minute with moments of four seconds, which its samples show, or else are noise."""
    rng = np.random.default_rng(seed)
    rows = rng.normal(0, 0.15, (60, WIDE)).astype(np.float32)
    starts = np.sort(rng.choice(np.arange(0, 56, 8), moments, replace=False)).astype(float)
    known = np.full(60, NEGATIVE, np.int8)
    for start in starts.astype(int):
        known[start : start + 4] = POSITIVE
        rows[start : start + 4, 0] += 2.0 * shows
    truth = np.stack([starts, starts + 4], axis=1)
    return LabelledVideo(f"v{seed}", rows, np.arange(61.0), known, truth)


def view(shows: bool, seeds: range = range(COUNT)) -> View:
    return View(np.zeros(WIDE, np.float32), [seen(shows, seed) for seed in seeds])


def test_a_label_is_learned_from_the_view_that_shows_it() -> None:
    name, _, learned = learn_best({"looks": view(False), "sound": view(True)})
    assert name == "sound" and learned.measured is not None and learned.measured.ap > 0.9
    alone = learn_best({"looks": view(False)})[2]
    assert alone.measured is not None and learned.measured.ap > 2 * alone.measured.ap
    assert learn_best({"looks": view(True), "sound": view(False)})[0] == "looks"
    assert learn_best({"looks": view(True), "sound": view(True)})[0] == "looks", "the first of equals"


def test_a_view_is_tried_beside_the_first_where_it_says_something_alone() -> None:
    """Each shows half of the moments; together they show all."""

    def half(side: int) -> View:
        whole = [seen(False, seed) for seed in range(COUNT)]
        rows = [np.roll(video.rows, side, axis=1) for video in whole]  # another noise
        for video, each in zip(whole, rows, strict=True):
            for start, _ in video.truth[side : side + 1].astype(int):
                each[start : start + 4, 0] += 2.0
        return View(np.zeros(WIDE, np.float32), [replace(v, rows=r) for v, r in zip(whole, rows, strict=True)])

    looks, said = half(0), half(1)
    pairs = zip(looks.videos, said.videos, strict=True)
    joined = [replace(a, rows=np.concatenate([a.rows, b.rows], axis=1)) for a, b in pairs]
    asked = []

    def together(name: str) -> tuple[str, View]:
        asked.append(name)
        return f"looks+{name}", View(np.zeros(2 * WIDE, np.float32), joined)

    every = {"looks": looks, "sound": view(False), "said": said}
    name, chosen, learned = learn_best(every, together)
    assert (name, asked) == ("looks+said", ["said"]) and chosen.videos == joined
    assert learned.measured is not None and learned.measured.ap > 0.9
    assert learn_best(every)[0] in ("looks", "said")
    silent = {"looks": view(True), "sound": view(False)}
    assert learn_best(silent, together)[0] == "looks" and asked == ["said"], "what says nothing is not tried beside it"


def test_what_is_known_of_the_words_is_measured_by_the_first_view() -> None:
    first, second = view(False), view(True)
    words = np.eye(WIDE, dtype=np.float32)[0]
    found = learn_best({"looks": replace(first, text=words), "sound": second})[2]
    assert found.by_text == learn(words, first.videos).by_text


def test_words_alone_may_be_the_best_of_another_view() -> None:
    """What is said shows the label exactly as its words do: examples add nothing, and frames say nothing."""
    said = view(True)
    words = np.eye(WIDE, dtype=np.float32)[0]
    name, _, learned = learn_best({"looks": view(False), "said": View(words, said.videos)})
    assert (name, learned.step) == ("said", "text") and learned.measured is not None and learned.measured.ap > 0.7
    assert learned.by_text == learned.measured, "the words of the view that is chosen"


def test_a_moment_that_a_view_does_not_have_is_not_found_by_it() -> None:
    """The sound of half of the videos shows every moment there; the pictures of all show none."""
    name, _, learned = learn_best({"looks": view(False), "sound": view(True, range(COUNT // 2))})
    assert name == "sound" and learned.measured is not None
    assert 0.4 < learned.measured.ap <= 0.5 and learned.measured.tiou <= 0.5
    name, _, learned = learn_best({"looks": view(True), "sound": view(True, range(COUNT // 2))})
    assert name == "looks" and learned.measured is not None and learned.measured.ap > 0.9


@pytest.mark.parametrize("shows", [True, False])
def test_one_video_is_compared_by_its_stretches(shows: bool) -> None:
    both = {"looks": view(not shows, range(1)), "sound": view(shows, range(1))}
    assert learn_best(both)[0] == ("sound" if shows else "looks")


def test_a_view_of_one_video_is_not_measured_and_stops_nothing() -> None:
    """A film among recordings: by pictures nothing can be held out."""
    name, _, learned = learn_best({"looks": view(True, range(1)), "sound": view(True)})
    assert name == "sound" and learned.measured is not None and learned.measured.ap > 0.9 and learned.by_text is None
    name, _, learned = learn_best({"looks": view(False, range(1)), "sound": view(False)})
    assert name in ("looks", "sound")


def test_where_words_say_nothing_examples_are_what_is_learned() -> None:
    learned = learn_best({"sound": view(False)})[2]
    assert learned.step == "classifier" and learned.weights.direction.any()


def test_views_are_compared_where_all_of_them_are() -> None:
    """Only pictures have twenty others, all of which show it, though nobody marked them: alone they look worse."""

    def unlooked(video: LabelledVideo) -> LabelledVideo:
        return replace(video, known=np.where(video.known == POSITIVE, POSITIVE, UNKNOWN).astype(np.int8))

    def weakly(video: LabelledVideo) -> LabelledVideo:
        return replace(video, rows=video.rows + 0.3 * np.outer(video.known == POSITIVE, np.eye(WIDE)[0]))

    marked = [unlooked(seen(True, seed)) for seed in range(COUNT)]
    others = [
        replace(seen(True, 50 + k), known=np.full(60, UNKNOWN, np.int8), truth=np.zeros((0, 2))) for k in range(20)
    ]
    sides = {"looks": [*marked, *others], "sound": [unlooked(weakly(seen(False, seed))) for seed in range(COUNT)]}
    every = sides["looks"]
    fold_of = {every[i].name: fold for fold, (_, held) in enumerate(folds_of(every)) for i in held}
    words = np.zeros(WIDE, np.float32)
    learned = {name: learn(words, videos, with_head=False, fold_of=fold_of) for name, videos in sides.items()}
    looks, sound = (each.measured for each in learned.values())
    assert looks is not None and sound is not None and looks.ap < 0.3 < 0.6 < sound.ap
    assert views._chosen(learned, every, fold_of)[0] == "looks"


def test_one_example_is_learned_by_the_first_view() -> None:
    one = View(np.zeros(WIDE, np.float32), [seen(True, 3, moments=1)])
    name, _, learned = learn_best({"sound": one, "looks": one})
    assert name == "sound" and learned.step == "classifier" and learned.measured is None


def test_progress_of_two_views_rises_and_may_end_it() -> None:
    told: list[float] = []
    learn_best({"looks": view(True), "sound": view(True)}, progress=told.append)
    assert told == sorted(told) and told[0] == 0 and 0.5 < told[-1] < 1

    def stop(done: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        learn_best({"looks": view(True), "sound": view(True)}, progress=stop)


def test_a_detector_divides_what_it_reads_by_its_spread() -> None:
    spread = np.linspace(0.5, 4, WIDE).astype(np.float32)
    name, _, learned = learn_best({"sound": replace(view(True), spread=spread)})
    again, read = unpacked(packed(learned.weights, "sound@1", learned.step), "d")
    assert read == "sound@1" and again.spread is not None and np.array_equal(again.spread, spread)
    held = seen(True, 40)
    made = LabelDetector(name, "1", read, "x", again).propose(held.edges, held.rows * spread)
    bounds, scores = found_in(again, held)
    assert np.allclose(np.array(made), np.column_stack([bounds, scores]), atol=1e-5) and len(made) > 1
    for wrong in (np.zeros(WIDE, np.float32), np.ones(WIDE - 1, np.float32)):
        with pytest.raises(ModelError, match="teach the label again"):
            unpacked(packed(replace(learned.weights, spread=wrong), "sound@1", "classifier"), "d")


def test_statistics_of_sound() -> None:
    step = round(sounds.STEP_S * sounds.LEVELS_PER_S)
    silent, loud = np.zeros((4 * step, sounds.BANDS), np.uint8), np.full((4 * step, sounds.BANDS), 255, np.uint8)
    rows = sounds.statistics(np.concatenate([silent, loud, silent[:1]])).astype(np.float32)
    assert rows.shape == (9, sounds.WIDTH), "a step that has begun is one"
    mean, deviation, change, height = (rows[:, k * sounds.BANDS : (k + 1) * sounds.BANDS] for k in range(4))
    assert np.allclose(mean[1], 0) and np.allclose(mean[6], 80, atol=0.1), "dB above the floor"
    assert np.allclose(deviation[[1, 6]], 0, atol=0.01) and (deviation[3:5] > 10).all()
    assert (change[4] > change[6]).all() and np.allclose(height[4], 80, atol=0.1)
    assert not rows[1, 4 * sounds.BANDS :].any(), "no cepstra of what is silent"
    assert sounds.statistics(silent[:0]).shape == (0, sounds.WIDTH)
    around = sounds.with_surroundings(sounds.statistics(loud))
    assert around.shape == (4, 2 * sounds.WIDTH) and np.allclose(around[:, : sounds.WIDTH], around[:, sounds.WIDTH :])


def test_statistics_of_long_sound_come_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    levels = np.random.default_rng(0).integers(0, 256, (1_234, sounds.BANDS)).astype(np.uint8)
    whole = sounds.statistics(levels)
    monkeypatch.setattr(sounds, "_PIECE", 7)
    assert np.array_equal(sounds.statistics(levels), whole)
