"""Turns of speakers by the sound alone: by two channels, by voices, or where somebody is heard."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from studio import media, models
from studio.config import Settings
from studio.errors import UsageError
from studio.eval.diarization import diarization_error_rate
from studio.tasks import TaskContext, VideoRef, speaker_turns
from studio.tasks.channels import loudness, shared, without_other
from studio.tasks.turns import changes, windows_of
from studio.timeline import MICROS, ModelRun
from tests.conftest import SHARED
from tests.media.test_sound import stereo
from tests.sounds import make_sound

RATE, S = 16_000, MICROS


class ByLoudness:
    """A voice-activity detector that takes everything for a voice that is not silent."""

    hop_s = 512 / RATE

    def probability(self, audio: np.ndarray) -> np.ndarray:
        steps = np.pad(audio, (0, -len(audio) % 512)).reshape(-1, 512)
        return (np.abs(steps).max(axis=1) > 0.02).astype(np.float32)


class ByPitch:
    """A network that hears two speakers: a low voice, and a high one."""

    @staticmethod
    def installed() -> bool:
        return True

    def embed_all(self, sounds: list[np.ndarray]) -> np.ndarray:
        high = np.array([(np.diff(np.signbit(sound)) != 0).mean() > 0.05 for sound in sounds], np.float32)
        return np.stack([1 - high, high], axis=1)


class Silent(ByPitch):
    @staticmethod
    def installed() -> bool:
        return False


@pytest.fixture
def context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TaskContext:
    made = TaskContext(Settings(home=tmp_path / "home", device="cpu").ensure())
    monkeypatch.setattr(made, "model", lambda task, name=None: ByLoudness())
    monkeypatch.setattr(models, "SpeakerEmbedding", Silent)
    return made


def tone(pitch: float, length: float) -> np.ndarray:
    return (0.4 * np.sin(2 * np.pi * pitch * np.arange(round(length * RATE)) / RATE)).astype(np.float32)


def still(length: float) -> np.ndarray:
    return np.zeros(round(length * RATE), np.float32)


def recording(path: Path, left: np.ndarray, right: np.ndarray) -> VideoRef:
    stereo(path, left, right)
    return VideoRef(path.stem, str(path), media.probe(path).duration_us, pictures=False)


def told(run: ModelRun) -> list[tuple[str, float, float]]:
    return [(p.track, p.segment.start / S, p.segment.end / S) for p in run.predictions]


def nearly(*turns: tuple[str, float, float], by: float = 0.09) -> list[Any]:
    return [(who, pytest.approx(start, abs=by), pytest.approx(end, abs=by)) for who, start, end in turns]


def test_two_channels_that_take_turns_are_two_speakers(context: TaskContext, tmp_path: Path) -> None:
    left = np.concatenate([tone(200, 3), still(3), tone(200, 2)])
    right = np.concatenate([still(3), tone(300, 3), still(2)])
    run = speaker_turns(context, recording(tmp_path / "call.wav", left, right))
    assert (run.task, run.model, run.payload["by"]) == ("turns", "speaker-turns", "channels")
    assert told(run) == nearly(("Left", 0, 3), ("Left", 6, 8), ("Right", 3, 6))
    assert {p.label for p in run.predictions} == {"speaking"}


def test_what_is_heard_through_from_the_other_channel_is_no_turn(context: TaskContext, tmp_path: Path) -> None:
    left = np.concatenate([tone(200, 3), still(3)])
    right = np.concatenate([still(3), tone(300, 3)])
    run = speaker_turns(context, recording(tmp_path / "call.wav", left + 0.2 * right, right + 0.2 * left))
    assert told(run) == nearly(("Left", 0, 3), ("Right", 3, 6), by=0.15)


def test_channels_that_are_no_two_speakers_are_one_sound(context: TaskContext, tmp_path: Path) -> None:
    """The same in both, one that is silent, and two that are heard at once, as in one room."""
    spoken, half = tone(200, 4), 0.5 * tone(200, 4)
    for name, left, right in (("equal", spoken, spoken), ("one", spoken, still(4)), ("room", spoken, half)):
        run = speaker_turns(context, recording(tmp_path / f"{name}.wav", left, right))
        assert run.payload["by"] == "speech" and told(run) == nearly(("Voices", 0, 4)), name
        assert "moment-studio[voices]" in run.payload["note"]


def test_one_channel_is_heard_as_it_is(context: TaskContext, tmp_path: Path) -> None:
    path = make_sound(tmp_path, "wav", 4.0)  # a second of a tone, a second of silence, and so on
    run = speaker_turns(context, VideoRef("v", str(path), 4 * S, pictures=False))
    assert told(run) == nearly(("Voices", 0, 1), ("Voices", 2, 3))


def test_voices_are_told_apart_where_the_package_is_there(
    context: TaskContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models, "SpeakerEmbedding", ByPitch)
    sound = np.concatenate([tone(100, 4), tone(2000, 4), still(1), tone(100, 3), still(1), tone(2000, 0.6)])
    run = speaker_turns(context, recording(tmp_path / "talk.wav", sound, sound))
    assert run.payload["by"] == "voices"
    assert [(who, round(start), round(end)) for who, start, end in told(run)] == [
        ("Voice 1", 0, 4), ("Voice 2", 4, 8), ("Voice 1", 9, 12), ("Voices", 13, 14),
    ]  # fmt: skip
    assert run.payload["note"] == "1 stretch of speech stayed without a speaker: too short, or like no other."


def test_without_sound_or_speech_there_are_no_turns(context: TaskContext, tmp_path: Path) -> None:
    run = speaker_turns(context, recording(tmp_path / "still.wav", still(2), still(2)))
    assert run.predictions == [] and run.payload["note"] == "Nobody was heard to speak."
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(media, "probe", lambda *_: SimpleNamespace(audio=None))
        with pytest.raises(UsageError, match="no sound"):
            speaker_turns(context, VideoRef("v", "mute.mp4", S))


def test_windows_cover_a_stretch_and_its_end() -> None:
    assert windows_of(0, 900_000) == []
    assert windows_of(0, 1_200_000) == [(0, 1_200_000)]
    assert windows_of(1_000_000, 3_500_000) == [
        (1_000_000, 2_600_000), (1_400_000, 3_000_000), (1_800_000, 3_400_000), (1_900_000, 3_500_000),
    ]  # fmt: skip


def test_a_change_is_where_what_was_said_before_is_least_like_what_is_said_after() -> None:
    windows = windows_of(0, 8_000_000)  # every 0.4 s; the other voice begins at 4 s
    share = np.array([np.clip((4_000_000 - start) / 1_600_000, 0, 1) for start, _ in windows])
    vectors = np.stack([share, 1 - share], axis=1)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    assert changes(windows, vectors.astype(np.float32)) == [4_000_000]
    assert changes(windows, np.tile(np.float32([1, 0]), (len(windows), 1))) == []
    assert changes(windows[:2], vectors[:2].astype(np.float32)) == []


def test_measures_of_two_channels() -> None:
    heard = np.array([[1, 1, 0.4, 0, 1], [0, 1, 1, 1, 0]], np.float32)
    assert shared(heard) == pytest.approx(1 / 3)
    level = np.array([[1, 1, 0.2, 1, 1], [0.2, 0.3, 1, 1, 0.5]], np.float32)
    assert without_other(np.ones((2, 5), np.float32), level).tolist() == [[1, 1, 0, 1, 1], [0, 1, 1, 1, 1]]
    steps = loudness(np.stack([np.full(RATE, 0.5), np.zeros(RATE)]).astype(np.float32))
    assert steps.shape == (2, 25) and steps[0] == pytest.approx(0.5) and steps[1].max() == 0


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs real speech")
def test_a_call_of_two_real_people(tmp_path: Path) -> None:
    """Each is heard on one channel, and 20 dB fainter on the other."""
    real = TaskContext(Settings(home=tmp_path / "home", device="cpu").ensure())
    ann, ben = (
        np.concatenate(list(media.audio_stream(SHARED / "faces" / name, RATE)))
        for name in ("1.mp4", "WDA_KatieHill_000.mp4")
    )
    left = np.concatenate([ann, 0.1 * ben, ann])
    right = np.concatenate([0.1 * ann, ben, 0.1 * ann])
    run = speaker_turns(real, recording(tmp_path / "call.wav", left, right))
    assert run.payload["by"] == "channels"
    at, later = len(ann) / RATE, (len(ann) + len(ben)) / RATE
    spoken = [(0.0, 2.48, "a"), (3.48, 4.6, "a")]
    truth = [*spoken, (at + 0.08, at + 4.72, "b"), (at + 5.24, at + 7.96, "b")]
    truth += [(start + later, end + later, who) for start, end, who in spoken]
    assert diarization_error_rate(truth, [(start, end, who) for who, start, end in told(run)]) < 5
    alone = speaker_turns(real, recording(tmp_path / "alone.wav", ben, ben))
    assert alone.payload["by"] in ("speech", "voices") and len(alone.predictions) == 2
