"""By how much one recording began after another one, and how much faster its clock runs, by what is heard in both."""

from typing import Any, cast

import numpy as np

from studio import media
from studio.models import sound_alignment
from studio.models.sound_alignment import Alignment, Samples
from studio.tasks.context import TaskContext, VideoRef
from studio.timeline import MediaPlace, clock, us

LONGEST_S = 4 * 3600  # of each recording: what is compared is held in memory, 58 MB an hour
_DRIFT_US = 20_000  # by how much clocks must run apart for a person to be told


def synchronise(context: TaskContext, main: VideoRef, other: VideoRef) -> dict[str, Any]:
    """Where `other` begins on the time of `main`: `offset_us`, None where their sounds do not tell; `share` of the
    windows that agree, so many `windows`; `drift` in s a second; and a `note` for people.

    Where the clocks run apart, `offset_us` holds in the middle, and `corrected` has the `offset_us` and the `rate` with
    which it fits from beginning to end (`MediaPlace`); else it is None.
    """
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
    lengths = [len(sound) / sound_alignment.RATE for sound in sounds]
    begin, end = max(0.0, found.lag), min(lengths[0], found.lag + lengths[1])
    at_begin, at_end = (us(found.lag + found.drift * (time - found.middle)) for time in (begin, end))
    notes, corrected = [], None
    if abs(at_end - at_begin) > _DRIFT_US:
        place = MediaPlace(us(found.offset), found.rate)
        corrected = {"offset_us": place.offset_us, "rate": place.rate}
        notes.append(
            f"The clocks of the two run apart: at the beginning of what both have it fits at {_signed(at_begin)}, at "
            f"the end at {_signed(at_end)}. This is the middle."
        )
    if any(video.duration_us > us(LONGEST_S) for video in (main, other)):
        notes.append(f"Of each the first {_length(LONGEST_S)} were compared.")
    return {"offset_us": us(found.lag), **_facts(found), "corrected": corrected, "note": " ".join(notes)}


def _read(context: TaskContext, video: VideoRef, done: float) -> Samples:
    parts = [np.zeros(0, np.float16)]  # half the memory, and fine enough to say when samples rise and fall
    end_us = min(video.duration_us, us(LONGEST_S))
    stream = media.audio_stream(
        video.path, sound_alignment.RATE, 30.0, context.settings.limits, track=video.sound_track, end_us=end_us
    )
    for number, block in enumerate(stream, 1):
        parts.append(block.astype(np.float16))
        context.progress(done + 0.4 * min(1.0, 30e6 * number / end_us), "Reading the sound")
    return cast(Samples, np.concatenate(parts))


def _nothing(found: Alignment, note: str) -> dict[str, Any]:
    return {"offset_us": None, **_facts(found), "corrected": None, "note": note}


def _facts(found: Alignment) -> dict[str, Any]:
    return {"share": round(found.share, 4), "windows": found.windows, "drift": found.drift}


def _signed(offset_us: int) -> str:
    return f"{'-' if offset_us < 0 else '+'}{clock(abs(offset_us))}"


def _length(s: int) -> str:
    return f"{s // 3600} hours" if s >= 2 * 3600 else f"{s} s"
