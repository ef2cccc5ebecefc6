"""What is said: the stretches in which the voice-activity detector hears somebody, read by a speech recognizer."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio import media
from studio.errors import UsageError
from studio.models.interfaces import Phrase
from studio.tasks.context import TaskContext, VideoRef
from studio.tasks.curves import segments
from studio.tasks.off_screen_speech import AUDIO_RATE, STEPS_PER_S, AudioWindow, voice_curve
from studio.timeline import MICROS, Cue, Transcript, Word

SOURCE = "speech"
STEP_US = MICROS // STEPS_PER_S
LONGEST_US = 28_000_000  # of a piece: recognizers read 30 s at once
ROOM_US = 500_000  # around a stretch: a word begins softly
FIRST = 3  # pieces that say which language it is, where nobody chose one

Span = tuple[int, int]


def transcribe(
    context: TaskContext, video: VideoRef, language: str | None = None, model_name: str | None = None
) -> tuple[Transcript, str]:
    """The lines that are said, with their words, by the named speech recognizer or the default; and the code of the
    language, the one that is chosen, else the one that is likeliest where somebody speaks first ("" where nobody does).

    Only stretches with a voice are read, in pieces cut at pauses, so that silence, noise and music say nothing and
    memory holds one piece. Raises UsageError for a language that the model does not know, MediaError,
    ModelUnavailable, Cancelled.
    """
    model = context.model("speech_recognition", model_name)
    if language is not None and language not in model.languages:
        raise UsageError(f"{model.name} does not know the language “{language}”; leave it out to have it found.")
    lines: list[tuple[Cue, list[Word]]] = []
    if media.probe(video.path, context.settings.limits).audio is not None:
        voice = voice_curve(context, video, context.part(0.0, 0.1))
        found = pieces(*voice, video.duration_us)
        language = language or _language(model, video, found)
        audio = AudioWindow(media.audio_stream(video.path, AUDIO_RATE, track=video.sound_track))
        for start, end in found:
            context.progress(0.1 + 0.9 * start / max(1, video.duration_us), "Writing down what is said")
            phrases = model.recognize(audio.take(start, end), language)
            lines += [line for phrase in phrases if (line := _line(phrase, start, end, voice))]
    cues, words = [cue for cue, _ in lines], [words for _, words in lines]
    return Transcript(video.id, SOURCE, cues, model.name, words), language or ""


def pieces(times_us: NDArray[np.int64], voice: NDArray[np.float32], duration_us: int) -> list[Span]:
    """[start, end) in µs of what is given to a recognizer at once: whole stretches with a voice as long as they fit,
    and parts of one that is longer, cut where a voice is least likely. Between them nobody speaks."""
    spoken = segments(
        times_us, voice, on=0.5, off=0.35, step_us=STEP_US, shortest_us=200_000, bridge_us=400_000
    )  # fmt: skip
    stretches = [
        part
        for start, end, _ in spoken
        for part in _parts(max(0, start - ROOM_US), min(end + ROOM_US, duration_us), times_us, voice)
    ]
    joined: list[Span] = []
    for start, end in stretches:
        if joined and end - joined[-1][0] <= LONGEST_US:
            joined[-1] = joined[-1][0], max(end, joined[-1][1])
        else:
            joined.append((max(start, joined[-1][1]) if joined else start, end))
    return joined


def _parts(start: int, end: int, times_us: NDArray[np.int64], voice: NDArray[np.float32]) -> Iterator[Span]:
    """A stretch in parts that are not too long, each cut in the second half of what would fit."""
    while end - start > LONGEST_US:
        first, last = np.searchsorted(times_us, (start + LONGEST_US // 2, start + LONGEST_US))
        cut = int(times_us[first + int(np.argmin(voice[first:last]))])
        yield start, cut
        start = cut
    yield start, end


def _language(model: Any, video: VideoRef, found: Sequence[Span]) -> str | None:
    """The language that is likeliest in the first pieces together; None where nobody speaks."""
    audio = AudioWindow(media.audio_stream(video.path, AUDIO_RATE, track=video.sound_track))
    votes: dict[str, float] = {}
    for start, end in found[:FIRST]:
        code, probability = model.detect_language(audio.take(start, end))
        votes[code] = votes.get(code, 0.0) + probability * (end - start)
    return max(votes, key=lambda code: votes[code], default=None)


def _line(
    phrase: Phrase, start: int, end: int, voice: tuple[NDArray[np.int64], NDArray[np.float32]]
) -> tuple[Cue, list[Word]] | None:
    """A phrase of the piece [start, end) as a line; None where no voice is heard in most of its words' time: it was
    invented."""
    times, probability = voice
    words = [
        Word(min(start + round(w.start_s * MICROS), end), min(start + round(w.end_s * MICROS), end), w.text,
             round(w.probability, 3))
        for w in phrase.words
    ]  # fmt: skip
    low, high = np.searchsorted(times, (words[0].start_us, max(words[-1].end_us, words[0].start_us + 1)))
    heard = probability[low : max(high, low + 1)]
    if not len(heard) or (heard >= 0.35).mean() < 0.3:
        return None
    return Cue(words[0].start_us, max(words[-1].end_us, words[0].start_us + 1), phrase.text), words
