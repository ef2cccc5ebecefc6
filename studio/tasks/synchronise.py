"""By how much one recording began after another one, by what is heard in both."""

from typing import Any

import numpy as np

from studio import media
from studio.models import sound_alignment
from studio.models.sound_alignment import Alignment, Samples
from studio.tasks.context import TaskContext, VideoRef
from studio.timeline import clock, us

LONGEST_S = 2 * 3600  # of each recording: what is compared is held in memory
_DRIFT_US = 20_000  # by how much clocks must run apart for a person to be told


def synchronise(context: TaskContext, main: VideoRef, other: VideoRef) -> dict[str, Any]:
    """Where `other` begins on the time of `main`: `offset_us`, None where their sounds do not tell; `share` of the
    windows that agree, so many `windows`; `drift` in s a second; and a `note` for people."""
    sounds = []
    for number, video in enumerate((main, other)):
        context.progress(0.4 * number, "Reading the sound")
        sounds.append(_read(context, video, 0.4 * number))
    if not all(map(len, sounds)):
        return _nothing(Alignment(0.0, 0.0, 0), "One of the two has no sound; give the offset by hand.")
    context.progress(0.8, "Comparing the sound")
    found = sound_alignment.align(*sounds)
    if found.rival is not None:
        return _nothing(found, "The sound repeats, so that several offsets fit; give the offset by hand.")
    if not found.found:
        return _nothing(found, "The sounds of the two do not match, so no offset was set; give it by hand.")
    length_s = min(len(sounds[0]), len(sounds[1])) / sound_alignment.RATE
    apart = us(abs(found.drift) * length_s)
    note = f"The clocks of the two run apart by {clock(apart)} within this; it fits in the middle."
    return {"offset_us": us(found.lag), **_facts(found), "note": note if apart > _DRIFT_US else ""}


def _read(context: TaskContext, video: VideoRef, done: float) -> Samples:
    parts = [np.zeros(0, np.float32)]
    end_us = min(video.duration_us, us(LONGEST_S))
    stream = media.audio_stream(
        video.path, sound_alignment.RATE, 30.0, context.settings.limits, track=video.sound_track, end_us=end_us
    )
    for number, block in enumerate(stream, 1):
        parts.append(block)
        context.progress(done + 0.4 * min(1.0, 30e6 * number / end_us), "Reading the sound")
    return np.concatenate(parts)


def _nothing(found: Alignment, note: str) -> dict[str, Any]:
    return {"offset_us": None, **_facts(found), "note": note}


def _facts(found: Alignment) -> dict[str, Any]:
    return {"share": round(found.share, 4), "windows": found.windows, "drift": found.drift}
