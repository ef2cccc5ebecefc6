"""Who spoke when, counted by hand."""

import pytest

from studio.eval.diarization import Turn, diarization_error_rate

TRUTH: list[Turn] = [(0, 10, "Ann"), (10, 20, "Bob")]


@pytest.mark.parametrize(
    ("found", "rate"),
    [
        ([(0, 10, "1"), (10, 20, "2")], 0),
        ([(0, 10, "2"), (10, 20, "1")], 0),  # names are only names
        ([(0, 20, "1")], 50),
        ([], 100),
        ([(0, 10, "1"), (10, 20, "2"), (20, 30, "2")], 50),
        ([(0, 5, "1"), (5, 10, "2"), (10, 20, "2")], 25),
        ([(0, 10, "1"), (0, 20, "2")], 50),
    ],
)
def test_rates(found: list[Turn], rate: float) -> None:
    assert diarization_error_rate(TRUTH, found, collar_s=0.0) == pytest.approx(rate, abs=0.2)


def test_borders_may_be_a_little_off() -> None:
    found: list[Turn] = [(0.2, 10.2, "1"), (10.2, 19.8, "2")]
    assert diarization_error_rate(TRUTH, found) == 0
    assert diarization_error_rate(TRUTH, found, collar_s=0.0) > 1


def test_speech_at_once_counts_for_each() -> None:
    both: list[Turn] = [(0, 10, "Ann"), (0, 10, "Bob")]
    assert diarization_error_rate(both, [(0, 10, "1")], collar_s=0.0) == pytest.approx(50, abs=0.2)


def test_silence_has_no_rate() -> None:
    with pytest.raises(ValueError, match="Nobody speaks"):
        diarization_error_rate([], [(0, 1, "1")])
