"""Figures of text on screens by hand-counted examples."""

import pytest

from studio.eval.text_reading import ShownText, TextFigures, compare, covered, letters_missed, temporal_iou


@pytest.mark.parametrize(
    ("shown", "found", "missed"),
    [
        ("Good Morning", "good morning", 0),
        ("Good Morning", "xx goodmorning everyone", 0),
        ("morning", "mornlng", 1),
        ("morning", "mrning", 1),
        ("morning", "mo-rning", 1),
        ("morning", "", 7),
        ("ab", "xyz", 2),
        ("ﬁne", "fine", 0),
    ],
)
def test_letters_missed(shown: str, found: str, missed: int) -> None:
    assert letters_missed(shown, found) == missed


def test_times_and_boxes() -> None:
    one = ShownText(0.0, 4.0, "a", ((0.0, 0, 0, 10, 10), (4.0, 40, 0, 50, 10)))
    other = ShownText(1.0, 5.0, "a", ((1.0, 10, 0, 20, 20), (5.0, 50, 0, 60, 20)))
    assert temporal_iou(one, other) == pytest.approx(3 / 5)
    assert one.at(2.0) == (20, 0, 30, 10)
    assert covered(one, other) == pytest.approx(1.0)
    assert covered(other, one) == pytest.approx(0.5)
    assert covered(one, ShownText(6.0, 7.0, "a", one.boxes)) == 0.0


def test_figures_add_up() -> None:
    shown = [ShownText(0, 10, "alpha beta"), ShownText(0, 10, "gamma"), ShownText(20, 30, "delta")]
    found = [ShownText(0, 9, "Alpha Beta gamna"), ShownText(40, 41, "xy")]
    figures = compare(shown, found)
    assert (figures.letters, figures.read, figures.given, figures.invented) == (19, 13, 16, 3)
    assert figures.ious == pytest.approx((0.9, 0.9))
    both = (figures + compare(shown[2:], [ShownText(20, 30, "delta")])).summary()
    assert both["recall"] == pytest.approx(100 * 18 / 24)
    assert both["invented"] == pytest.approx(100 * 3 / 21)
    assert both["temporal_IoU"] == pytest.approx(100 * 2.8 / 3)
    assert both["temporal_IoU@0.9"] == pytest.approx(100.0)


def test_nothing_shown_is_refused_and_nothing_found_is_no_error() -> None:
    assert compare([ShownText(0, 1, "abc")], []).summary()["recall"] == 0.0
    with pytest.raises(ValueError, match="Nothing was shown"):
        TextFigures().summary()
