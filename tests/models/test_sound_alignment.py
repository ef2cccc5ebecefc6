"""Where one recording of a sound lies on another: shifted, in noise, quieter, dull, with clocks that run apart."""

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from studio.media.audio import audio_stream
from studio.models.sound_alignment import RATE, SHARE, Alignment, align
from tests.sounds import babble

MARGIN = 0.1  # by how much every match must be above SHARE, and all else below it
LONG = babble(40, 1, RATE)


def noisy(sound: np.ndarray, decibels: float, seed: int = 0) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(size=len(sound))
    return (sound + noise * sound.std() * 10 ** (-decibels / 20)).astype(np.float32)


def dull(sound: np.ndarray) -> np.ndarray:
    """As through a wall, with an echo."""
    kernel = np.ones(6) / 6
    late = np.pad(sound, (round(0.06 * RATE), 0))[: len(sound)]
    return np.convolve(sound + 0.5 * late, kernel, "same").astype(np.float32)


def check(found: Alignment, lag: float) -> None:
    assert found.found
    assert found.lag == pytest.approx(lag, abs=0.02)
    assert found.share >= SHARE + MARGIN


@pytest.mark.parametrize("lag", [0.0, 0.0371, 7.25, 19.9])
def test_a_later_recording_is_found_either_way(lag: float) -> None:
    later = LONG[round(lag * RATE) :]
    check(align(LONG, later), lag)
    check(align(later, LONG), -lag)


@pytest.mark.parametrize("change", [lambda s: 0.05 * s, lambda s: noisy(s, 5), lambda s: noisy(s, 0), dull],
                         ids=["gain", "noise of 5 dB", "noise of 0 dB", "dull, with an echo"])  # fmt: skip
def test_another_microphone_is_found(change: object) -> None:
    check(align(noisy(LONG, 20, 3), change(LONG[round(6.4 * RATE) :])), 6.4)  # type: ignore[operator]


def test_a_short_part_is_found_in_a_long_one() -> None:
    check(align(LONG, LONG[20 * RATE : 26 * RATE]), 20.0)


def test_clocks_that_run_apart_are_told() -> None:
    """150 ppm: in 10 minutes 90 ms. The lag is right in the middle."""
    whole, drift = babble(600, 5, RATE), 1.5e-4
    places = np.arange(round(590 * RATE)) * (1 + drift) + 4 * RATE
    found = align(whole, np.interp(places, np.arange(len(whole)), whole).astype(np.float32))
    assert found.found
    assert abs(found.drift) == pytest.approx(drift, rel=0.15)
    assert found.lag == pytest.approx(4 + drift * 295, abs=0.02)


@pytest.mark.parametrize(("parts", "lag"), [(100e-6, 0.0), (-100e-6, -2.5), (300e-6, -2.5), (-300e-6, 0.0)])
def test_clocks_that_run_apart_are_in_step_from_beginning_to_end(parts: float, lag: float) -> None:
    """20 minutes: up to 360 ms from one end to the other, and 20 ms at most once the rate is taken."""
    whole = babble(1200, 6, RATE)
    rate = 1 + parts  # how many s of the one a second of the other lasts
    places = np.arange(round(1150 * RATE)) * rate + 3 * RATE
    one, begins = whole[round(-lag * RATE) :], 3 + lag
    found = align(noisy(one, 20, 3), np.interp(places, np.arange(len(whole)), noisy(whole, 20, 4)).astype(np.float32))
    assert found.found
    for time in (0.0, 575.0, 1150.0):
        assert found.offset + found.rate * time == pytest.approx(begins + rate * time, abs=0.02)


def test_an_hour_with_clocks_that_run_apart() -> None:
    """300 ppm: more than a second from one end to the other, of which a window sees half at most."""
    whole = np.concatenate([babble(600, 70 + number, RATE) for number in range(6)])
    rate = 1 + 300e-6
    places = np.arange(round(3590 * RATE)) * rate + 5 * RATE
    found = align(whole, np.interp(places, np.arange(len(whole)), whole).astype(np.float32))
    assert found.found
    for time in (0.0, 3590.0):
        assert found.offset + found.rate * time == pytest.approx(5 + rate * time, abs=0.02)


def test_what_does_not_match_is_said_to() -> None:
    """No two of different sounds come near the share of windows that a match has."""
    several = [babble(20 + n, 10 + n, RATE) for n in range(8)]
    shares = [align(one, other) for one, other in combinations(several, 2)]
    assert not any(found.found for found in shares)
    assert max(found.share for found in shares) <= SHARE - MARGIN


def test_a_beat_that_repeats_is_no_place() -> None:
    beat = np.tile(babble(0.5, 3, RATE)[: RATE // 2], 40)
    found = align(beat, beat[: 10 * RATE])
    assert not found.found and found.rival is not None


@pytest.mark.parametrize(
    "sound", [np.zeros(0), np.zeros(10 * RATE), LONG[: RATE // 2]], ids=["none", "silent", "short"]
)
def test_what_cannot_be_told_is_not(sound: np.ndarray) -> None:
    assert not align(LONG, sound.astype(np.float32)).found
    assert not align(sound.astype(np.float32), LONG).found


def test_real_recordings(data: Path) -> None:
    """Cut, quieter and in noise each is found in itself; no two are taken for one."""
    files = [*(data / "videos").glob("*"), *sorted((data / "faces").rglob("*.mp4"))[:14]]
    sounds = []
    for file in files:
        blocks = list(audio_stream(file, RATE)) if file.suffix in (".mp4", ".webm", ".avi") else []
        sound = np.concatenate(blocks) if blocks else np.zeros(0, np.float32)
        if len(sound) > 5 * RATE and sound.std() > 1e-3:
            sounds.append(sound)
    assert len(sounds) >= 5
    for sound in sounds:
        check(align(sound, noisy(0.3 * sound[round(1.2345 * RATE) :], 5)), 1.2345)
    for one, other in combinations(sounds, 2):
        found = align(one, other)
        assert not found.found and found.share <= SHARE - MARGIN
