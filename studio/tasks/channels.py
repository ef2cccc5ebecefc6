"""Two channels of a recording that are different speakers, as of a call that was recorded on both ends."""

import numpy as np
from numpy.typing import NDArray

from studio import media
from studio.tasks.context import Progress, TaskContext, VideoRef
from studio.tasks.curves import smooth
from studio.tasks.off_screen_speech import AUDIO_RATE, STEPS_PER_S, AudioWindow, Curve, listening_spans, per_step
from studio.timeline import MICROS

LEFT, RIGHT = "Left", "Right"
FAINTER = 10 ** (-12 / 20)  # of the other channel: what is so much fainter there is the other one, heard through
SPOKEN = 0.5  # probability from which somebody speaks
LEAST_S = 1.0  # of speech in each channel: less is no speaker
SHARED = 0.3  # of the speech of the channel with less: two who speak in turns interrupt each other less
ENOUGH_S, SURE = 60.0, 0.8  # of speech, and its share in both at once, from which the rest is not listened to
_STEP = AUDIO_RATE // STEPS_PER_S

Floats = NDArray[np.float32]


def channel_curves(context: TaskContext, video: VideoRef, progress: Progress) -> tuple[Curve, Curve] | None:
    """Where a voice is heard in the left and in the right channel: times (N,) in µs at STEPS_PER_S, and probabilities
    (N,), 0 where the other channel is heard through. None where the sound has not two channels, or where they are not
    two speakers: one of them is silent, or both speak most of the time at once, as in a recording of one room.

    Raises MediaError, ModelUnavailable, Cancelled.
    """
    sound = media.probe(video.path, context.settings.limits).audio
    if sound is None or (sound.channels != 2 and video.sound_track is None):
        return None
    detector = context.model("voice_activity")
    windows = [
        AudioWindow(media.audio_stream(video.path, AUDIO_RATE, track=video.sound_track, channel=channel))
        for channel in ("left", "right")
    ]
    known = np.zeros((2, video.duration_us * STEPS_PER_S // MICROS), np.float32)
    count = known.shape[1]
    for before, first, last in listening_spans(count):
        start, end = ((k * MICROS // STEPS_PER_S) for k in (first - before, last))
        sounds = np.stack([window.take(start, end) for window in windows])
        heard = np.stack([per_step(detector, each, before, last - first) for each in sounds])
        known[:, first:last] = without_other(heard, loudness(sounds)[:, before : before + last - first])
        progress(last / count, "Comparing the channels")
        if (known >= SPOKEN).any(axis=0).sum() >= ENOUGH_S * STEPS_PER_S and shared(known) >= SURE:
            return None
    if (known >= SPOKEN).sum(axis=1).min() < LEAST_S * STEPS_PER_S or shared(known) > SHARED:
        return None
    times = np.arange(count, dtype=np.int64) * MICROS // STEPS_PER_S
    return (times, known[0]), (times, known[1])


def loudness(sounds: Floats) -> Floats:
    """Samples (2, S) at AUDIO_RATE → effective values (2, S / AUDIO_RATE × STEPS_PER_S), over 0.2 s each."""
    steps = sounds[:, : sounds.shape[1] // _STEP * _STEP].reshape(2, -1, _STEP)
    return np.asarray(np.sqrt(smooth(np.mean(steps**2, axis=2).T.astype(np.float32), 5).T.clip(0)), np.float32)


def without_other(heard: Floats, level: Floats) -> Floats:
    """Voice probabilities (2, N) of two channels with their effective values (2, N): 0 where one is so much fainter
    that what is heard in it is the other."""
    return np.where(level < FAINTER * level[::-1], np.float32(0), heard)


def shared(heard: Floats) -> float:
    """Of the speech (2, N) in the channel that has less of it, how much lies where the other one speaks too, 0…1."""
    spoken = heard >= SPOKEN
    return float((spoken[0] & spoken[1]).sum() / max(1, spoken.sum(axis=1).min()))
