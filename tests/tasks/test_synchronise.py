"""Files with sound are put on one timeline by it: copies that began later, encoded otherwise."""

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
