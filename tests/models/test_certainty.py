"""Cosines as probabilities: known values, and that the calibration is found again from data made with it."""

import numpy as np
import pytest

from studio import models
from studio.recipes.certainty import expected_error, logistic
from studio.tasks.certainty import FOUND, answered, pictures_of
from studio.timeline import MICROS

SURE = models.Calibration(
    mean=0.1, spread=0.2, slope=2.0, offset=-3.0, crowd=0.5, moment_slope=1.34, moment_gap=2.96, moment_offset=-3.0
)


def test_a_cosine_is_counted_from_what_does_not_belong_together() -> None:
    assert SURE.probability(0.4) == pytest.approx(0.5)
    assert SURE.probability([0.1, 0.4, 0.7]) == pytest.approx([1 / (1 + np.e**3), 0.5, 1 / (1 + np.e**-3)])
    assert SURE.probability(0.4, pictures=100) == pytest.approx(1 / (1 + 100**0.5))
    assert SURE.probability(-1e9) == pytest.approx(0, abs=1e-9)


def test_what_is_there_often_is_likelier_in_a_large_library_than_what_stands_alone() -> None:
    often, alone = np.full(40, 0.9), np.concatenate([[0.9], np.full(39, 0.2)])
    known = models.Calibration(mean=0.1, spread=0.2, slope=2.0, offset=-3.0, crowd=1.0)
    many, one = known.answers(often, 1_000), known.answers(alone, 1_000)
    # each of m right answers is as likely as e^(5 + ln m - ln 1000): what 40 of them add up to is the m that was put in
    assert many == pytest.approx(40 * float(known.probability(0.9, 1_000, many)), abs=0.1)
    assert many > 30
    assert one == 1
    assert known.probability(0.9, 1_000, many) > 0.8
    assert known.probability(0.9, 1_000, one) == pytest.approx(1 / (1 + 1_000 * np.exp(-5.0)))
    assert known.answers([], 1_000) == 1
    assert known.answers([-1.0, 0.1], 1) == 1


def test_a_long_film_has_more_pictures_than_a_clip() -> None:
    assert pictures_of([7200 * MICROS, 4 * MICROS]) == pytest.approx(1201)
    assert pictures_of([]) == 0


def test_neutral_texts_say_where_another_encoder_counts_from() -> None:
    neutral = np.random.default_rng(0).normal(0.02, 0.01, (64, 50))
    other = SURE.against(neutral)
    assert (other.mean, other.spread) == pytest.approx((0.02, 0.01), rel=0.05)
    assert other.probability(other.mean + 3 * other.spread) == pytest.approx(SURE.probability(0.1 + 3 * 0.2))
    assert SURE.against(neutral[:1, :5]) is SURE
    assert SURE.against(np.full(100, 0.3)) is SURE


def test_moments_are_compared_with_the_best_one() -> None:
    times = np.arange(30) + 0.5
    cosines = np.full(30, 0.1)
    cosines[5:10], cosines[20:25] = 0.8, 0.5
    best, other, nothing = SURE.of_moments(times, cosines, [(5, 10, 1.0), (20, 25, 0.5), (10, 20, 0.1)])
    assert best == pytest.approx(1 / (1 + np.exp(3.0 - 1.34 * 3.5)))
    assert other == pytest.approx(1 / (1 + np.exp(3.0 - 1.34 * 2.0 + 2.96 * 1.5)))
    assert nothing < other < best
    assert SURE.of_moments(times, cosines, []) == []
    (short,) = SURE.of_moments(times, cosines, [(7.6, 7.9, 1.0)])
    assert short == pytest.approx(best), "between two samples the next one counts"


def test_a_card_says_the_numbers() -> None:
    assert models.Calibration.of({"mean": 0.1, "spread": 0.2}).spread == 0.2
    with pytest.raises(ValueError, match="A calibration has mean, spread"):
        models.Calibration.of({"average": 1.0})
    with pytest.raises(ValueError, match="above 0"):
        models.Calibration(spread=0.0)
    assert models.load("text_video", device="cpu").calibration is not None  # type: ignore[attr-defined]


def test_an_encoder_that_nobody_measured_goes_by_the_curves_of_the_embedded_one() -> None:
    assert models.Calibration() == models.Calibration.of(models.card("text_video").calibration)


def test_the_logistic_curve_is_found_again() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(20_000, 2))
    right = rng.random(len(x)) < 1 / (1 + np.exp(-(1.5 * x[:, 0] - 0.7 * x[:, 1] + 0.3)))
    assert logistic(x, right) == pytest.approx([1.5, -0.7, 0.3], abs=0.08)


def test_the_calibration_error_is_that_of_its_bins() -> None:
    said = np.array([0.05, 0.05, 0.95, 0.95])
    assert expected_error(said, np.array([False, False, True, True]))[0] == pytest.approx(0.05)
    assert expected_error(said, np.array([True, True, False, False]))[0] == pytest.approx(0.95)


def test_an_answer_is_there_when_something_is_sure_enough() -> None:
    assert answered([0.1, FOUND]) is True
    assert answered([0.1, FOUND - 0.01]) is False
    assert answered([]) is False
    assert answered([None, 0.9]) is None
