"""Times as people type them, each with the one right answer; the browser's own test has the same list."""

import pytest

from studio.errors import UsageError
from studio.timeline import Footage, read_shift, read_time


def footage(rate: float, seconds: int) -> Footage:
    pts = [round(n * 1e6 / rate) for n in range(round(rate * seconds))]
    return Footage("v.mp4", seconds * 1_000_000, pts=pts)


EVEN = footage(25, 4000)
UNEVEN = Footage("v.mp4", 4_000_000, pts=[0, 500_000, 1_000_000, 1_100_000, 1_200_000, 3_000_000])


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("62.5", 62.5), ("62,5", 62.5), (" 62.5 s ", 62.5), (".5", 0.5), ("0", 0), ("1:02.5", 62.5), ("1:02,5", 62.5),
        ("2:05", 125), ("0:00.040", 0.04), ("75:30", 4530), ("1:02:03", 3723), ("0:01:02.500", 62.5),
        ("00:01:02,500", 62.5), ("0:01:02:12", 62.48), ("01:00:00:00", 3600), ("1550 f", 62), ("1550f", 62),
        ("frame 1550", 62), ("1 frame", 0.04), ("100001 f", 4000.04),
    ],
)  # fmt: skip
def test_a_time(text: str, seconds: float) -> None:
    assert read_time(text, EVEN) == round(seconds * 1e6)


@pytest.mark.parametrize(
    "text",
    ["", "abc", "1:60", "1:2:60", "1:60:00", "-1", "1e3", "1:2:3:4:5", "0:00:01:25", "1..2", "1:", ":5", "∞", "²"],
)
def test_no_time(text: str) -> None:
    with pytest.raises(UsageError, match=r"is no time; type it as 1:02\.5"):
        read_time(text, EVEN)


@pytest.mark.parametrize(
    ("text", "frame"), [("00:01:00:00", 1800), ("00:01:00;02", 1800), ("00:10:00;00", 17982), ("00:00:00:29", 29)]
)
def test_a_time_code_of_29_97_frames_a_second(text: str, frame: int) -> None:
    ntsc = footage(30000 / 1001, 660)
    assert read_time(text, ntsc) == ntsc.pts[frame]


def test_where_frames_last_unevenly_a_time_code_counts_them_from_its_second() -> None:
    assert UNEVEN.nominal_rate == 0
    assert read_time("0:00:01:02", UNEVEN) == 1_200_000


def test_a_shift_has_a_sign() -> None:
    assert [read_shift(text, EVEN) for text in ("1.5", "+1:00", "-0:00:02:10", "−12 f")] == [
        1_500_000, 60_000_000, -2_400_000, -480_000,
    ]  # fmt: skip
    for text in ("--1", "-"):
        with pytest.raises(UsageError):
            read_shift(text, EVEN)
