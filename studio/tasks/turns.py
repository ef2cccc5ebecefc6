"""Who speaks when by the sound alone, without a transcript: a turn is a stretch in which one speaker is heard."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from studio import media, models
from studio.errors import UsageError
from studio.tasks.channels import LEFT, RIGHT, channel_curves
from studio.tasks.context import TaskContext, VideoRef, predictions_of
from studio.tasks.off_screen_speech import AUDIO_RATE, AudioWindow, voice_curve
from studio.tasks.speaker import LABEL, VOICES, spoken_segments
from studio.tasks.voices import attributed
from studio.timeline import MICROS, ModelRun, Prediction

TASK, MODEL = "turns", "speaker-turns"
WINDOW_US, STRIDE_US = 1_600_000, 400_000  # of sound whose voice is looked at, and from one to the next
LEAST_US = 1_000_000  # of a turn: less says nothing of a voice
OTHER = 0.6  # likeness of what is said before and after: of two people it is at most .58, of one at least .67
BATCH = 32  # windows at once

Vectors = NDArray[np.float32]
Span = tuple[int, int, float]  # [start, end) in µs, and how sure it is that somebody speaks


def speaker_turns(context: TaskContext, video: VideoRef) -> ModelRun:
    """Turns of speakers, told apart by what the sound offers: two channels that are two speakers (rows LEFT and RIGHT),
    else by their voices where the optional package that knows them is there (“Voice 1”, “Voice 2” …, in the order in
    which they are first heard); else, and where a voice is like no other, on the row VOICES, which says that somebody
    speaks, not who.

    The payload's `by` is "channels", "voices" or "speech", and `note` says what was missing. Raises UsageError without
    sound, MediaError, ModelUnavailable, Cancelled.
    """
    sound = media.probe(video.path, context.settings.limits).audio
    if sound is None:
        raise UsageError("This video has no sound, so nobody is heard to speak in it.")
    channels = channel_curves(context, video, context.part(0.0, 0.4))
    if channels is not None:
        found = [
            p
            for row, curve in zip((LEFT, RIGHT), channels, strict=True)
            for p in predictions_of(context, video, row, LABEL, spoken_segments(*curve))
        ]
        return _run(video, found, "channels", "The two channels are two speakers: their turns are in the rows of each.")
    speech = spoken_segments(*voice_curve(context, video, context.part(0.4, 0.6)))
    if not speech:
        return _run(video, [], "speech", "Nobody was heard to speak.")
    if not models.SpeakerEmbedding.installed():
        note = "Marked where voices are heard. To tell whose they are: pip install 'moment-studio[voices]'"
        return _run(video, predictions_of(context, video, VOICES, LABEL, speech), "speech", note)
    told = _told_apart(context, video, speech)
    found = [p for row, span in told for p in predictions_of(context, video, row, LABEL, [span])]
    unknown = sum(row == VOICES for row, _ in told)
    left = f"{unknown} stretch{'es' * (unknown != 1)} of speech stayed without a speaker: too short, or like no other."
    return _run(video, found, "voices", left if unknown else "")


def _run(video: VideoRef, found: list[Prediction], by: str, note: str) -> ModelRun:
    return ModelRun(video.id, TASK, MODEL, "1", found, {"by": by, "note": note})


def _told_apart(context: TaskContext, video: VideoRef, speech: Sequence[Span]) -> list[tuple[str, Span]]:
    """Stretches of speech as turns, each with its row."""
    turns: list[Span] = []
    voices: list[Vectors] = []  # of the turns; of those that are too short none
    for (start, end, score), windows, vectors in _listened(context, video, speech):
        borders = [start, *changes(windows, vectors), end]
        for first, last in pairwise(borders):
            own = vectors[[n for n, (a, b) in enumerate(windows) if first <= (a + b) // 2 < last]]
            turns.append((first, last, score))
            voices.append(own.mean(axis=0) / np.linalg.norm(own.mean(axis=0)) if len(own) else np.zeros(0, np.float32))
    heard = [n for n, voice in enumerate(voices) if len(voice)]
    weights = np.array([turns[n][1] - turns[n][0] for n in heard], float)
    known = np.array([voices[n] for n in heard], np.float32).reshape(len(heard), -1)
    told = dict(zip(heard, attributed(known, weights, [""] * len(heard)), strict=True))
    return _joined([(told[n][0] or VOICES if n in told else VOICES, turn) for n, turn in enumerate(turns)])


def _listened(
    context: TaskContext, video: VideoRef, speech: Sequence[Span]
) -> Iterator[tuple[Span, list[tuple[int, int]], Vectors]]:
    """Each stretch of speech with its windows and the vectors (N, D) of their voices."""
    network = models.SpeakerEmbedding()
    audio = AudioWindow(media.audio_stream(video.path, AUDIO_RATE, track=video.sound_track))
    for span in speech:
        windows = windows_of(span[0], span[1])
        found: list[Vectors] = [np.zeros((0, 0), np.float32)] * (not windows)
        for n in range(0, len(windows), BATCH):
            context.progress(0.6 + 0.4 * windows[n][0] / max(1, video.duration_us), "Telling voices apart")
            batch = windows[n : n + BATCH]
            first = batch[0][0]
            sound = audio.take(first, batch[-1][1])
            at = [[round((time - first) * AUDIO_RATE / MICROS) for time in window] for window in batch]
            found.append(network.embed_all([sound[a:b] for a, b in at]))
        yield span, windows, np.concatenate(found)


def windows_of(start: int, end: int) -> list[tuple[int, int]]:
    """The windows of a stretch of speech, [start, end) in µs each, whose voices are looked at; none of a short one."""
    if end - start < LEAST_US:
        return []
    last = max(start, end - WINDOW_US)
    return [(first, min(first + WINDOW_US, end)) for first in (*range(start, last, STRIDE_US), last)]


def changes(windows: Sequence[tuple[int, int]], vectors: Vectors) -> list[int]:
    """When, in µs, another voice goes on within a stretch of speech, by the unit vectors (N, D) of its windows: where
    the window that ends then and the one that begins then are less alike than OTHER, and less than at any other time
    within a window's length (Chen and Gopalakrishnan 1998 search so for the change that is surest)."""
    step = WINDOW_US // STRIDE_US
    alike = [float(vectors[n] @ vectors[n + step]) for n in range(len(windows) - step)]
    found: list[int] = []
    for n, likeness in enumerate(alike):
        if likeness < OTHER and likeness == min(alike[max(0, n - step + 1) : n + step]):
            time = (windows[n][1] + windows[n + step][0]) // 2
            if not found or time - found[-1] >= LEAST_US:
                found.append(time)
    return found


def _joined(turns: Sequence[tuple[str, Span]]) -> list[tuple[str, Span]]:
    """Turns of one row that touch, as one."""
    made: list[tuple[str, Span]] = []
    for row, (start, end, score) in turns:
        if made and made[-1][0] == row and made[-1][1][1] == start:
            made[-1] = row, (made[-1][1][0], end, score)
        else:
            made.append((row, (start, end, score)))
    return made
