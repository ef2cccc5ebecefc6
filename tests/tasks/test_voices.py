"""Whose voice says a line: speakers that are known, and voices that are told apart."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from studio import media, models
from studio.errors import ModelUnavailable, UsageError
from studio.tasks import VideoRef, tell_voices
from studio.tasks.off_screen_speech import AUDIO_RATE
from studio.tasks.voices import attributed
from studio.timeline import MICROS

S = MICROS


def towards(*places: float) -> np.ndarray:
    return np.array([[np.cos(place), np.sin(place)] for place in places], np.float32)


def test_a_voice_goes_to_whom_it_is_most_like_or_begins_a_speaker_of_its_own() -> None:
    vectors = towards(0.0, 0.1, 1.5, 1.4, 0.2, 3.0)
    known = ["Ada", "", "", "", "", ""]
    weights = np.array([3, 3, 3, 3, 3, 1], float) * S
    found = attributed(vectors, weights, known)
    assert [who for who, _ in found] == ["Ada", "Ada", "Voice 1", "Voice 1", "Ada", ""]
    assert found[0] == ("Ada", 1.0) and found[1][1] == pytest.approx(np.cos(0.1), abs=1e-6)


def test_voices_are_numbered_as_they_are_first_heard_and_a_moment_of_one_is_none() -> None:
    vectors = towards(0.0, 1.5, 0.1, 1.4, 3.0)
    found = attributed(vectors, np.array([2, 9, 2, 9, 1.5]) * S, [""] * 5)
    assert [who for who, _ in found] == ["Voice 1", "Voice 2", "Voice 1", "Voice 2", ""]


def test_without_voices_there_is_nobody() -> None:
    assert attributed(np.empty((0, 0), np.float32), np.empty(0), []) == []


class ByPitch:
    """A network that hears two speakers: a low voice, and a high one."""

    def embed(self, audio: np.ndarray) -> np.ndarray:
        crossings = float((np.diff(np.signbit(audio)) != 0).mean())
        return np.array([1, 0] if crossings < 0.05 else [0, 1], np.float32)


def tone(pitch: float, length: float) -> np.ndarray:
    at = np.arange(int(length * AUDIO_RATE)) / AUDIO_RATE
    return np.sin(2 * np.pi * pitch * at).astype(np.float32)


@pytest.fixture
def two_voices(monkeypatch: pytest.MonkeyPatch) -> VideoRef:
    """Low for 4 s, high for 4 s, low for 4 s, silent for 4 s."""
    sound = np.concatenate([tone(100, 4), tone(2000, 4), tone(100, 4), np.zeros(4 * AUDIO_RATE, np.float32)])

    def stream(path: Path, rate: int, track: Any = None) -> Iterator[np.ndarray]:
        yield from np.split(sound, 64)

    monkeypatch.setattr(media, "audio_stream", stream)
    monkeypatch.setattr(media, "probe", lambda *_: SimpleNamespace(audio="aac"))
    monkeypatch.setattr(models, "SpeakerEmbedding", ByPitch)
    return VideoRef("v1", "talk.mp4", 16 * S)


CONTEXT: Any = SimpleNamespace(progress=lambda *_: None, settings=SimpleNamespace(limits=None))


def test_lines_get_their_voices(two_voices: VideoRef) -> None:
    lines = [(0, 3 * S, "Ada"), (4 * S, 7 * S, ""), (6 * S, 8 * S, ""), (8 * S, 8 * S + 100, ""), (9 * S, 12 * S, ""),
             (13 * S, 15 * S, "")]  # fmt: skip
    run = tell_voices(CONTEXT, two_voices, lines)
    assert (run.task, run.predictions) == ("voice", [])
    assert run.payload["voices"] == [
        {"start": 4, "end": 7, "track": "Voice 1", "likeness": 1.0},
        {"start": 6, "end": 8, "track": "Voice 1", "likeness": 1.0},
        {"start": 9, "end": 12, "track": "Ada", "likeness": 1.0},
    ]
    assert run.payload["note"] == "2 lines stayed without a speaker: too short, or like no other."


def test_what_is_missing_is_said(two_voices: VideoRef, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="Transcribe"):
        tell_voices(CONTEXT, two_voices, [])
    monkeypatch.setattr(media, "probe", lambda *_: SimpleNamespace(audio=None))
    with pytest.raises(UsageError, match="no sound"):
        tell_voices(CONTEXT, two_voices, [(0, S, "")])

    def missing() -> None:
        raise models.ModelError("pip install 'moment-studio[voices]'")

    monkeypatch.setattr(models, "SpeakerEmbedding", missing)
    with pytest.raises(ModelUnavailable, match="voices"):
        tell_voices(CONTEXT, two_voices, [(0, S, "")])
