"""What is said, from real voices; and that silence, noise and tones say nothing."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from studio import media, models
from studio.config import Settings
from studio.errors import Cancelled, UsageError
from studio.tasks import TaskContext, VideoRef, transcribe
from studio.tasks.off_screen_speech import STEPS_PER_S
from studio.tasks.speech import LONGEST_US, pieces
from studio.timeline import Transcript
from tests.tasks.test_speaker import RATE, write

S = 1_000_000
GRAY = np.full((64, 64, 3), 90, np.uint8)


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> TaskContext:
    return TaskContext(Settings(home=tmp_path_factory.mktemp("home"), device="cpu").ensure())


def video_of(path: Path) -> VideoRef:
    return VideoRef(path.stem, str(path), media.probe(path).duration_us)


def voice(*spoken: tuple[float, float], length: float) -> tuple[np.ndarray, np.ndarray]:
    """A curve that is sure of a voice within [start, end) in s, and of none outside."""
    times = np.arange(round(length * STEPS_PER_S)) * S // STEPS_PER_S
    seconds = times / S
    values = np.any([(start <= seconds) & (seconds < end) for start, end in spoken], axis=0) if spoken else times < 0
    return times, values.astype(np.float32)


def test_pieces_are_what_is_spoken_with_a_little_room() -> None:
    assert pieces(*voice(length=60), 60 * S) == []
    assert pieces(*voice((2, 3), length=60), 60 * S) == [(1_500_000, 3_500_000)]
    assert pieces(*voice((0, 1), (59, 60), length=60), 60 * S) == [(0, 1_500_000), (58_500_000, 60 * S)]


def test_pieces_hold_whole_stretches_as_long_as_they_fit() -> None:
    spoken = [(5.0 * n, 5.0 * n + 3) for n in range(12)]
    found = pieces(*voice(*spoken, length=60), 60 * S)
    assert all(end - start <= LONGEST_US for start, end in found)
    assert len(found) == 3
    for start, end in spoken:
        assert any(low <= start * S and end * S <= high for low, high in found), "no stretch is cut in two"


def test_a_voice_without_a_pause_is_cut_where_it_is_weakest() -> None:
    times, values = voice((0, 70), length=70)
    for dip in (21.0, 44.0):
        values[round(dip * STEPS_PER_S)] = 0.4
    found = pieces(times, values, 70 * S)
    assert [round(start / S) for start, _ in found] == [0, 21, 44]
    assert found[-1][1] == 70 * S


def test_what_a_person_says_comes_with_the_times_of_its_words(context: TaskContext, faces_folder: Path) -> None:
    said, language = transcribe(context, video_of(faces_folder / "1.mp4"))
    assert (language, said.source, said.origin) == ("en", "speech", "whisper-base")
    text = " ".join(cue.text for cue in said.cues)
    assert "asking for help when I need it" in text
    assert len(said.words) == len(said.cues)
    for cue, words in zip(said.cues, said.words, strict=True):
        assert (cue.start_us, cue.end_us) == (words[0].start_us, words[-1].end_us)
        assert all(a.end_us <= b.start_us + 1 for a, b in pairwise(words))
        assert all(0 <= word.probability <= 1 for word in words)


def test_words_keep_their_time_when_they_are_said_later(
    context: TaskContext, faces_folder: Path, tmp_path: Path
) -> None:
    from studio.recipes.talking_heads import sound

    own = sound(faces_folder / "1.mp4")
    late = np.concatenate([np.zeros(40 * RATE, np.float32), own])
    path = write(tmp_path / "late.mkv", [GRAY] * (46 * 25), late)
    first, _ = transcribe(context, video_of(faces_folder / "1.mp4"), "en")
    later, _ = transcribe(context, video_of(path), "en")
    known = {word.text.strip(".,").lower(): word.start_us for words in first.words for word in words}
    apart = [
        abs(word.start_us - 40 * S - known[key])
        for words in later.words
        for word in words
        if (key := word.text.strip(".,").lower()) in known
    ]
    assert len(apart) >= 12
    assert np.median(apart) <= 150_000


def test_work_that_was_stopped_goes_on_where_it_was(
    context: TaskContext, faces_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from studio.recipes.talking_heads import sound

    own = sound(faces_folder / "1.mp4")
    path = write(tmp_path / "twice.mkv", [GRAY] * (46 * 25), np.concatenate([own, np.zeros(34 * RATE - len(own)), own]))
    video, model = video_of(path), context.model("speech_recognition")
    read: list[int] = []
    recognize = model.recognize
    monkeypatch.setattr(model, "recognize", lambda *given: read.append(1) or recognize(*given))
    monkeypatch.setattr("studio.tasks.speech.SAVE_EVERY_S", 0)
    kept: list[Transcript] = []

    def stop(transcript: Transcript) -> None:
        kept.append(transcript)
        raise Cancelled

    monkeypatch.setattr(context, "partial", stop)
    with pytest.raises(Cancelled):
        transcribe(context, video, "en")
    monkeypatch.setattr(context, "partial", kept.append)
    said, _ = transcribe(context, video, "en")
    assert len(read) == 2, "the first piece was not read again"
    assert [cue for part in kept for cue in part.cues] == list(said.cues)
    assert [part.span and part.span[0] // S // 30 for part in kept] == [0, 1]
    again, _ = transcribe(context, video, "en")
    assert (len(read), again) == (4, said), "what is finished is forgotten, and made anew when asked"


@pytest.mark.parametrize("kind", ["silence", "noise", "tones"])
def test_nothing_is_invented_where_nobody_speaks(context: TaskContext, tmp_path: Path, kind: str) -> None:
    at = np.arange(12 * RATE) / RATE
    tones = sum(np.sin(2 * np.pi * f * at) for f in (220, 277, 330)) * (1 + np.sin(2 * np.pi * 2 * at)) / 8
    heard = {
        "silence": np.zeros(len(at)),
        "noise": np.random.default_rng(1).normal(0, 0.1, len(at)).clip(-1, 1),
        "tones": tones,
    }[kind]
    path = write(tmp_path / f"{kind}.mkv", [GRAY] * (12 * 25), heard)
    said, language = transcribe(context, video_of(path))
    assert (list(said.cues), language) == ([], "")


def test_a_video_without_sound_and_a_language_that_nobody_knows(context: TaskContext, clips: dict[str, Path]) -> None:
    said, _ = transcribe(context, video_of(clips["bikes"]))
    assert list(said.cues) == []
    with pytest.raises(UsageError, match="does not know the language “xx”"):
        transcribe(context, video_of(clips["bikes"]), "xx")


def test_the_recognizer_takes_thirty_seconds_of_sound_at_most() -> None:
    model = models.load("speech_recognition", device="cpu")
    with pytest.raises(ValueError, match="at most 30 s"):
        model.recognize(np.zeros(31 * RATE, np.float32), "en")
    with pytest.raises(ValueError, match="at most 30 s"):
        model.recognize(np.zeros(RATE, np.float64), "en")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="does not know the language"):
        model.recognize(np.zeros(RATE, np.float32), "klingon")
    assert model.recognize(np.zeros(100, np.float32), "en") == []
