"""What a person moves again and again, and what they only moved once."""

import pytest

from studio.tasks.boundary_shift import Decision, Shift, shift_for

ANN = [Decision("ann", -200_000, 500_000), Decision("ann", -100_000, 400_000), Decision("ann", -300_000, 600_000)]
BEN = [Decision("ben", 100_000, 0), Decision("ben", 0, 0), Decision("ben", -100_000, 50_000)]


def test_each_has_their_own_rule() -> None:
    assert shift_for("ann", ANN + BEN) == Shift(-0.2, 0.5, "ann", 3)
    assert shift_for("ben", ANN + BEN) == Shift(0.0, 0.0, "ben", 3), "who moves nothing again and again is not shifted"


def test_who_decided_too_little_gets_what_everybody_does() -> None:
    assert shift_for("cleo", ANN) == Shift(-0.2, 0.5, "", 3)
    assert shift_for("", ANN) == Shift(-0.2, 0.5, "", 3), "a person without a name has no rule of their own"
    assert shift_for("ann", ANN[:2]) == Shift()


def test_boundaries_that_were_accepted_as_they_are_speak_against_a_shift() -> None:
    accepted = [Decision("ann", 0, 0)] * 4
    assert not shift_for("ann", ANN + accepted)


def test_one_segment_drawn_anew_moves_nothing() -> None:
    assert shift_for("ann", [*ANN, Decision("ann", 9_000_000, -9_000_000)]) == Shift(-0.15, 0.45, "ann", 4)


@pytest.mark.parametrize(
    ("shift", "note"),
    [
        (Shift(-0.2, 0.5, "ann", 3), "Boundaries are shifted (starts -0.20 s, ends +0.50 s), after ann’s 3 decisions."),
        (Shift(0.0, 0.5, "", 9), "Boundaries are shifted (ends +0.50 s), after everybody’s 9 decisions."),
        (Shift(0.0, 0.0, "ann", 9), ""),
    ],
)
def test_it_is_said(shift: Shift, note: str) -> None:
    assert shift.note == note
