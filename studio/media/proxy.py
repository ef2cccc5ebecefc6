"""Copies that every browser plays: of a whole video, or of some of its frames."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from studio.atomic_files import temp_path
from studio.config import Limits
from studio.errors import UsageError
from studio.media import policy
from studio.media.probe import probe, timing
from studio.media.sandbox import Child
from studio.platform import files

Progress = Callable[[float], None]


def make_proxy(
    path: str | os.PathLike[str],
    out: str | os.PathLike[str],
    progress: Progress | None = None,
    limits: Limits | None = None,
    *,
    track: int | None = None,
) -> Path:
    """Write an H.264/AAC MP4 with the same frames at the same times to `out`, which appears only when complete.

    `track` is the sound (an index of `Probe.sounds`; None: the one that players take). Rotation and aspect are baked
    in, interlaced pictures are deinterlaced, sides are even, time 0 is the first frame. `progress` gets the share done,
    0 to 1; an exception it raises stops the work. Of sound alone it is the sound, as AAC in MP4. Raises what `probe`
    raises; MediaError when the disk is full, UsageError when the folder of `out` cannot be written to.
    """
    return _copy(path, out, None, progress, limits or Limits(), track)


def make_clip(
    path: str | os.PathLike[str],
    out: str | os.PathLike[str],
    start_us: int,
    end_us: int,
    progress: Progress | None = None,
    limits: Limits | None = None,
    *,
    track: int | None = None,
) -> Path:
    """Write the frames that begin in `[start_us, end_us)`, and the sound of that time, as `make_proxy` does.

    Time 0 of the clip is its first frame; the same file and times give the same bytes. Of sound alone it is the sound
    of that time. Raises what `make_proxy` raises; UsageError when no frame begins there.
    """
    return _copy(path, out, (start_us, end_us), progress, limits or Limits(), track)


def _copy(
    path: str | os.PathLike[str],
    out: str | os.PathLike[str],
    span: tuple[int, int] | None,
    progress: Progress | None,
    limits: Limits,
    track: int | None,
) -> Path:
    found = probe(path, limits)
    arguments: dict[str, Any] = {"start_us": found.start_us, "offsets": found.offsets, "track": track}
    if not found.has_pictures:
        start, end = span or (0, found.duration_us)
        if not 0 <= start < min(end, found.duration_us):
            raise UsageError(f"Nothing of {policy.shown(path)} lies in the time of this clip.")
        arguments |= {"from_us": start, "to_us": min(end, found.duration_us)}
        return _write("sound_copy", path, out, arguments, b"", progress, limits)
    asked = found.pts_us if span is None else found.pts_us[(found.pts_us >= span[0]) & (found.pts_us < span[1])]
    if not len(asked):
        raise UsageError(f"No frame of {policy.shown(path)} begins in the time of this clip; make it longer.")
    described, tables = timing(found)
    arguments |= {
        "timing": described,
        "size": (found.width, found.height),
        "fps": found.fps,
        "duration_us": found.duration_us,
        "end_us": None if span is None else min(found.duration_us, span[1]),
    }
    return _write("proxy", path, out, arguments, tables + asked.tobytes(), progress, limits)


def _write(
    operation: str,
    path: str | os.PathLike[str],
    out: str | os.PathLike[str],
    arguments: dict[str, Any],
    body: bytes,
    progress: Progress | None,
    limits: Limits,
) -> Path:
    """Have a child write `out`, which appears when it is whole."""
    real = policy.admit(path, limits)
    target = Path(out).absolute()
    try:
        unfinished = temp_path(target.with_suffix(".mp4"))
        unfinished.touch(mode=0o600, exist_ok=False)
    except OSError as error:
        raise UsageError("The folder for the browser's copy is not there or may not be written to.") from error
    try:
        with Child(operation, real, limits, {**arguments, "target": str(unfinished)}, body) as child:
            while (head := child.receive()) is not None:
                if progress is not None:
                    progress(min(1.0, float(head["done"])))
        files.replace(unfinished, target)
    finally:
        files.remove(unfinished)
    if progress is not None:
        progress(1.0)
    return target
