"""Subtitles that travel inside a video file."""

import os

from studio.config import Limits
from studio.media import policy
from studio.media.probe import probe
from studio.media.sandbox import Child

Line = tuple[int, int, str]
_MOST_LINES = 100_000


def subtitles(path: str | os.PathLike[str], limits: Limits | None = None, *, track: int | None = None) -> list[Line]:
    """`(start_us, end_us, text)` of a text track (see `Probe.texts`; None: the best), in order; empty without one.

    Raises what `probe` raises.
    """
    limits = limits or Limits()
    found = probe(path, limits)
    if not found.text_streams:
        return []
    lines: list[Line] = []
    arguments = {"start_us": found.start_us, "offsets": found.offsets, "track": track}
    with Child("subtitles", policy.admit(path, limits), limits, arguments) as child:
        while (head := child.receive()) is not None and len(lines) < _MOST_LINES:
            lines.append((int(head["start"]), int(head["end"]), str(head["text"])))
    return sorted(lines)
