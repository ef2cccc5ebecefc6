"""The voices of a video, seen or not: its sound as it passes, where somebody is heard, and where nobody visible is."""

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from studio import media, models
from studio.models.interfaces import VoiceActivityDetector
from studio.tasks.context import Progress, TaskContext, VideoRef
from studio.timeline import MICROS

AUDIO_RATE = 16_000
STEPS_PER_S = 25
PIECE_S = 30  # of sound at a time
RUN_IN_S = 2  # before each piece: the voice detector needs a moment to listen in
ALIKE = 0.82  # likeness of two voices that may be one person's; different people of the test clips reach .79
HEARD_S = 2, 30  # of a person's speech: less says nothing, more is not listened to
NEAR_US = 320_000  # a face that speaks this close before or after is taken to be the voice

Curve = tuple[NDArray[np.int64], NDArray[np.float32]]  # times in µs, and values


class AudioWindow:
    """The audio of a video as a window that only moves forward, so that memory holds one scene."""

    def __init__(self, chunks: Iterator[NDArray[np.float32]]) -> None:
        self._chunks = chunks
        self._start = 0
        self._held = np.empty(0, np.float32)

    def take(self, start_us: int, end_us: int) -> NDArray[np.float32]:
        """Samples of [start, end); zeros where the audio has ended. `start` never goes back."""
        low, high = (round(t * AUDIO_RATE / MICROS) for t in (start_us, end_us))
        while self._start + len(self._held) < high and (chunk := next(self._chunks, None)) is not None:
            drop = max(0, min(low - self._start, len(self._held)))
            self._held = np.concatenate([self._held[drop:], chunk])
            self._start += drop
        part = self._held[max(0, low - self._start) : max(0, high - self._start)]
        return np.pad(part, (0, high - low - len(part)))


class Speech:
    """What each face track was heard to say, to find out which tracks may be one person by their voice."""

    def __init__(self) -> None:
        self._pieces: dict[int, list[NDArray[np.float32]]] = {}

    def add(self, number: int, start_us: int, scores: NDArray[np.float32], audio: NDArray[np.float32]) -> None:
        """Speaking probabilities of a track at 25 a second from `start_us` after the audio (S,) begins."""
        first, held = round(start_us * AUDIO_RATE / MICROS), sum(map(len, self._pieces.get(number, [])))
        said = np.repeat(scores > 0.6, AUDIO_RATE // STEPS_PER_S)[: max(0, len(audio) - first)]
        room = max(0, HEARD_S[1] * AUDIO_RATE - held)
        self._pieces.setdefault(number, []).append(audio[first : first + len(said)][said][:room])

    def alike(self, apart: Callable[[int, int], bool]) -> list[tuple[int, int, float]]:
        """Pairs of tracks whose voices are alike, the most alike first: (track, track, cosine). Only tracks that are
        `apart` in time can be one person. Empty without the optional package that knows voices."""
        if not models.SpeakerEmbedding.installed():
            return []
        voices = models.SpeakerEmbedding()
        heard = {n: np.concatenate(pieces) for n, pieces in self._pieces.items()}
        known = {n: voices.embed(audio) for n, audio in heard.items() if len(audio) >= HEARD_S[0] * AUDIO_RATE}
        pairs = [(a, b, float(known[a] @ known[b])) for a, b in combinations(sorted(known), 2) if apart(a, b)]
        return sorted((pair for pair in pairs if pair[2] >= ALIKE), key=lambda pair: -pair[2])


def voice_curve(context: TaskContext, video: VideoRef, progress: Progress) -> Curve:
    """Where a voice is heard, anybody's: times (N,) at 25 a second, the middles of steps, and probabilities (N,)."""
    detector = context.model("voice_activity")
    audio = AudioWindow(media.audio_stream(video.path, AUDIO_RATE, track=video.sound_track))
    count = video.duration_us * STEPS_PER_S // MICROS
    values = np.zeros(count, np.float32)
    for before, first, last in listening_spans(count):
        sound = audio.take(*((k * MICROS // STEPS_PER_S) for k in (first - before, last)))
        values[first:last] = per_step(detector, sound, before, last - first)
        progress(last / count, "Listening for voices")
    return np.arange(count, dtype=np.int64) * MICROS // STEPS_PER_S, values


def listening_spans(count: int) -> Iterator[tuple[int, int, int]]:
    """The pieces in which `count` steps of sound are listened to: steps [first, last), and how many `before` them the
    detector listens in (before, first, last)."""
    for first in range(0, count, PIECE_S * STEPS_PER_S):
        yield min(first, RUN_IN_S * STEPS_PER_S), first, min(first + PIECE_S * STEPS_PER_S, count)


def per_step(
    detector: VoiceActivityDetector, sound: NDArray[np.float32], before: int, count: int
) -> NDArray[np.float32]:
    """Voice probabilities (count,) at the middles of the steps of a piece of sound, after `before` steps of it."""
    heard = detector.probability(sound)
    middles = (np.arange(len(heard)) + 0.5) * detector.hop_s
    at = (np.arange(before, before + count) + 0.5) / STEPS_PER_S
    return np.interp(at, middles, heard).astype(np.float32)


def off_screen(
    times: NDArray[np.int64],
    voice: NDArray[np.float32],
    faces: Sequence[Curve],
    spoken: Sequence[tuple[int, int]] = (),
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """How likely a voice (N,) at `times` is somebody's who is not seen: times, and min(voice, no face's).

    Within `spoken`, [start, end) in µs, where a face was found to speak, it is 0.
    Two faces of which either might be it are one that is. Faces count for NEAR_US around, so that their own hesitation
    makes nobody else speak.
    """
    none = np.ones(len(times), np.float32)
    if len(times):
        step = MICROS // STEPS_PER_S
        for at, scores in faces:
            where = np.clip(np.round(at / step).astype(np.int64), 0, len(times) - 1)
            np.multiply.at(none, where, 1 - scores)
        near = NEAR_US // step
        none = np.lib.stride_tricks.sliding_window_view(np.pad(none, near, "edge"), 2 * near + 1).min(axis=1)
    for start, end in spoken:
        none[(times >= start) & (times < end)] = 0
    return times, np.minimum(voice, none)
