"""Whose voice says each line of a transcript: that of somebody who is known, or one of those that are told apart."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from studio import media, models
from studio.errors import ModelUnavailable, UsageError
from studio.tasks.context import TaskContext, VideoRef
from studio.tasks.off_screen_speech import AUDIO_RATE, AudioWindow
from studio.timeline import MICROS, ModelRun, seconds

TASK = "voice"
ALIKE = 0.7  # likeness of a line's voice to a speaker's: of pieces of 1 s different people reach .68, of 2 s .65
SHORTEST_US = MICROS  # of a line: less says nothing of a voice
LONGEST_US = 10 * MICROS  # of a line: more is not listened to
LEAST_US = 2 * MICROS  # of a voice's lines together: less is no speaker

Vectors = NDArray[np.float32]


def tell_voices(context: TaskContext, video: VideoRef, lines: Sequence[tuple[int, int, str]]) -> ModelRun:
    """Who says each of `lines` (start and end in µs, in order of time, and who is known to say it, "" nobody), by their
    voices. The payload's `voices` has, for each line that was "" and whose voice was heard, `start` and `end` in s,
    `track`: the name of somebody known, or “Voice 1” and so on, and `likeness` (cosine); `note` says what was missing.

    Raises UsageError without lines, ModelUnavailable without the optional package that knows voices, MediaError,
    Cancelled.
    """
    if not lines:
        raise UsageError("Voices are told apart line by line: write down what is said first, with Transcribe.")
    try:
        network = models.SpeakerEmbedding()
    except models.ModelError as error:
        raise ModelUnavailable(str(error)) from error
    if media.probe(video.path, context.settings.limits).audio is None:
        raise UsageError("This video has no sound, so there are no voices to tell apart.")
    audio = AudioWindow(media.audio_stream(video.path, AUDIO_RATE, track=video.sound_track))
    heard: list[int] = []
    vectors: list[Vectors] = []
    reached = 0
    for number, (start, end, _) in enumerate(lines):
        context.progress(start / max(1, video.duration_us), "Listening to the voices")
        start = max(start, reached)  # lines may overlap, and the sound only goes on
        if end - start < SHORTEST_US:
            continue
        reached = start
        sound = audio.take(start, min(end, start + LONGEST_US))
        if np.abs(sound).max(initial=0) > 0:
            heard.append(number)
            vectors.append(network.embed(sound))
    weights = np.array([min(lines[n][1] - lines[n][0], LONGEST_US) for n in heard], float)
    names = attributed(np.array(vectors, np.float32).reshape(len(heard), -1), weights, [lines[n][2] for n in heard])
    voices = [
        {"start": seconds(lines[n][0]), "end": seconds(lines[n][1]), "track": name, "likeness": round(likeness, 3)}
        for n, (name, likeness) in zip(heard, names, strict=True)
        if name and not lines[n][2]
    ]
    unheard = sum(not who for _, _, who in lines) - len(voices)
    left = f"{unheard} line{'s' * (unheard != 1)} stayed without a speaker: too short, or like no other."
    note = left if unheard else ""
    return ModelRun(video.id, TASK, "ge2e", "1", [], {"voices": voices, "note": note})


def attributed(vectors: Vectors, weights: NDArray[np.float64], known: Sequence[str]) -> list[tuple[str, float]]:
    """Whose each voice is and how alike it is to theirs: unit vectors (N, D) with weights (N,), and names where they
    are known ("" elsewhere) → (name, cosine), ("", 0) for one that is like no other.

    A voice goes to the most alike speaker, at least ALIKE; else it begins a speaker of its own, heaviest first (leader
    clustering; Hartigan, Clustering Algorithms, 1975), after which all are attributed once more, to the means.
    """
    sums = {name: (vectors * weights[:, None])[[who == name for who in known]].sum(0) for name in dict.fromkeys(known)}
    sums.pop("", None)
    fixed = len(sums)
    places = [total / max(1e-9, float(np.linalg.norm(total))) for total in sums.values()]
    open_ = [int(n) for n in np.argsort(-weights, kind="stable") if not known[n]]
    totals = list(sums.values())
    for n in open_:
        at, likeness = _nearest(vectors[n], places)
        if likeness >= ALIKE and at >= fixed:
            totals[at] = totals[at] + weights[n] * vectors[n]
            places[at] = totals[at] / np.linalg.norm(totals[at])
        elif likeness < ALIKE:
            totals.append(weights[n] * vectors[n])
            places.append(vectors[n])
    final = {n: _nearest(vectors[n], places) for n in open_}
    spoken = [sum(weights[n] for n, (at, _) in final.items() if at == place) for place in range(len(places))]
    order = [at for at, _ in (final[n] for n in sorted(final)) if at >= fixed and spoken[at] >= LEAST_US]
    names = [*sums, *[""] * (len(places) - fixed)]
    for number, at in enumerate(dict.fromkeys(order), 1):
        names[at] = f"Voice {number}"
    return [(known[n], 1.0) if known[n] else _named(names, *final[n]) for n in range(len(known))]


def _nearest(vector: Vectors, places: Sequence[Vectors]) -> tuple[int, float]:
    """The most alike of speakers, and how alike it is; -1 where there is none."""
    if not places:
        return -1, 0.0
    likeness = np.stack(places) @ vector
    return int(likeness.argmax()), float(likeness.max())


def _named(names: Sequence[str], at: int, likeness: float) -> tuple[str, float]:
    return (names[at], likeness) if names[at] and likeness >= ALIKE else ("", 0.0)
