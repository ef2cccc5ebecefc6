"""What is said: the stretches in which the voice-activity detector hears somebody, read by a speech recognizer."""

import contextlib
import hashlib
import json
import time
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio import media
from studio.errors import UsageError
from studio.models.interfaces import Phrase
from studio.platform import files
from studio.tasks.context import TaskContext, VideoRef
from studio.tasks.curves import segments
from studio.tasks.off_screen_speech import AUDIO_RATE, STEPS_PER_S, AudioWindow, voice_curve
from studio.timeline import MICROS, Cue, Transcript, Word

SOURCE = "speech"
STEP_US = MICROS // STEPS_PER_S
LONGEST_US = 28_000_000  # of a piece: recognizers read 30 s at once
ROOM_US = 500_000  # around a stretch: a word begins softly
UNFINISHED, SAVE_EVERY_S = "speech.json", 15.0  # what is lost at most when the work is stopped
FIRST = 3  # pieces that say which language it is, where nobody chose one

Span = tuple[int, int]
Line = tuple[Cue, list[Word]]


def transcribe(
    context: TaskContext, video: VideoRef, language: str | None = None, model_name: str | None = None
) -> tuple[Transcript, str]:
    """The lines that are said, with their words, by the named speech recognizer or the default; and the code of the
    language, the one that is chosen, else the one that is likeliest where somebody speaks first ("" where nobody does).

    Only stretches with a voice are read, in pieces cut at pauses, so that silence, noise and music say nothing and
    memory holds one piece. The lines of each are kept as they come; work that was stopped goes on where it was. Raises
    UsageError for a language that the model does not know, MediaError, ModelUnavailable, Cancelled.
    """
    model = context.model("speech_recognition", model_name)
    if language is not None and language not in model.languages:
        raise UsageError(f"{model.name} does not know the language “{language}”; leave it out to have it found.")
    lines: list[Line] = []
    if media.probe(video.path, context.settings.limits).audio is not None:
        voice = voice_curve(context, video, context.part(0.0, 0.1))
        found = pieces(*voice, video.duration_us)
        language = language or _language(model, video, found)
        done = _Unfinished(context, video, (model.name, model.version, language, voice[1]))
        audio = AudioWindow(media.audio_stream(video.path, AUDIO_RATE, track=video.sound_track))
        for start, end in found:
            context.progress(0.1 + 0.9 * start / max(1, video.duration_us), "Writing down what is said")
            heard = done.lines(start, end)
            if heard is None:
                phrases = model.recognize(audio.take(start, end), language)
                heard = [line for phrase in phrases if (line := _line(phrase, start, end, voice))]
                done.add(start, end, heard)
                context.partial(_transcript(video, model, heard, (start, end)))
            lines += heard
        done.forget()
    return _transcript(video, model, lines), language or ""


def _transcript(video: VideoRef, model: Any, lines: Sequence[Line], span: Span | None = None) -> Transcript:
    return Transcript(video.id, SOURCE, [cue for cue, _ in lines], model.name, [words for _, words in lines], span)


class _Unfinished:
    """The lines of the pieces that were read before the work stopped, in the cache. What another model, language or
    sound said is not taken up."""

    def __init__(self, context: TaskContext, video: VideoRef, made_by: tuple[str, str, str | None, Any]) -> None:
        self._cache, self._id = context.cache, video.id
        *names, voice = made_by
        self._key = [*names, hashlib.sha256(voice.tobytes()).hexdigest()]
        self._pieces: dict[str, list[Any]] = {}
        self._saved = time.monotonic()
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            known = json.loads(self._cache.path(video.id, UNFINISHED).read_bytes())
            if known["key"] == self._key:
                self._pieces = dict(known["pieces"])

    def lines(self, start: int, end: int) -> list[Line] | None:
        found = self._pieces.get(f"{start}-{end}")
        return None if found is None else [(Cue(*cue), [Word(*word) for word in words]) for cue, words in found]

    def add(self, start: int, end: int, lines: list[Line]) -> None:
        self._pieces[f"{start}-{end}"] = lines
        if time.monotonic() - self._saved >= SAVE_EVERY_S:
            content = json.dumps({"key": self._key, "pieces": self._pieces}, ensure_ascii=False)
            self._cache.write(self._id, UNFINISHED, content.encode())
            self._saved = time.monotonic()

    def forget(self) -> None:
        files.remove(self._cache.path(self._id, UNFINISHED))


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


def _line(phrase: Phrase, start: int, end: int, voice: tuple[NDArray[np.int64], NDArray[np.float32]]) -> Line | None:
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
