"""Files with sound are put on one timeline by it: copies that began later, encoded otherwise."""

from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from studio import media
from studio.config import Settings
from studio.tasks import TaskContext, VideoRef, synchronise
from tests.sounds import RATE, SOUNDS, babble, write_sound

SAID = babble(25, 1)


@pytest.fixture
def context(tmp_path: Path) -> TaskContext:
    return TaskContext(Settings(home=tmp_path / "home"))


def ref(path: Path) -> VideoRef:
    return VideoRef(path.name, str(path), media.probe(path).duration_us, pictures=False)


@pytest.mark.parametrize("kind", ["wav", "mp3", "m4a", "opus", "telephone", "ogg"])
def test_a_copy_that_began_later(context: TaskContext, tmp_path: Path, kind: str) -> None:
    main = ref(write_sound(tmp_path / "main.wav", SAID))
    sound = SOUNDS[kind]
    noise = np.random.default_rng(4).normal(size=len(SAID)) * 0.03
    later = (0.2 * (SAID + noise))[round(3.21 * RATE) :].astype(np.float32)
    later = later[:: RATE // sound.rate] if sound.rate != RATE else later
    other = ref(write_sound(tmp_path / f"other{sound.suffix}", later, sound))
    found = synchronise(context, main, other)
    assert found["offset_us"] == pytest.approx(3_210_000, abs=20_000)
    assert found["note"] == ""
    assert synchronise(context, other, main)["offset_us"] == pytest.approx(-3_210_000, abs=20_000)


def test_what_does_not_match_gives_no_offset(context: TaskContext, tmp_path: Path) -> None:
    main = ref(write_sound(tmp_path / "main.wav", SAID))
    other = ref(write_sound(tmp_path / "other.wav", babble(20, 2)))
    found = synchronise(context, main, other)
    assert found["offset_us"] is None
    assert "do not match" in found["note"]


@pytest.mark.parametrize(("parts", "kind"), [(100e-6, "m4a"), (-300e-6, "wav")])
def test_a_clock_that_runs_apart_is_told_and_what_mends_it(
    context: TaskContext, tmp_path: Path, parts: float, kind: str
) -> None:
    """A copy of five minutes whose speed was changed: up to 90 ms from one end to the other."""
    said, rate = babble(300, 8), 1 + parts
    main = ref(write_sound(tmp_path / "main.wav", said))
    places = np.arange(round(290 * RATE)) * rate + 3.21 * RATE
    copy = np.interp(places, np.arange(len(said)), said).astype(np.float32)
    found = synchronise(context, main, ref(write_sound(tmp_path / f"other{SOUNDS[kind].suffix}", copy, SOUNDS[kind])))
    assert found["offset_us"] == pytest.approx(3_210_000 + parts * 145e6, abs=20_000)
    assert "at the beginning of what both have it fits at +0:03.2" in found["note"]
    corrected = found["corrected"]
    for time in (0, 290_000_000):
        at = corrected["offset_us"] + corrected["rate"] * time
        assert at == pytest.approx(3_210_000 + rate * time, abs=20_000)


def test_what_is_too_long_to_be_compared_as_a_whole_is_said(
    context: TaskContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    main = ref(write_sound(tmp_path / "main.wav", SAID))
    assert "were compared" not in synchronise(context, main, main)["note"]
    monkeypatch.setattr(import_module("studio.tasks.synchronise"), "LONGEST_S", 20)
    assert "Of each the first 20 s were compared." in synchronise(context, main, main)["note"]
