"""Frames at wanted times, as batches of RGB pictures."""

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from studio.config import Limits
from studio.errors import UsageError
from studio.media import policy
from studio.media.model import Frames, Images, Probe, Times
from studio.media.probe import probe, timing
from studio.media.sandbox import Child

Size = tuple[int, int] | Callable[[int, int], tuple[int, int]] | None
Backend = Literal["pyav", "decord"]
_MOST_BATCH_BYTES = 128 * 2**20


class FrameStream(Iterator[Frames]):
    """Batches of frames while a child process decodes; `close()` it, or leave its `with`, to stop early.

    `damaged` is True once something could not be decoded; it is final after the last batch.
    """

    def __init__(self, child: Child, path: Path, asked: Times, size: tuple[int, int], batch: int) -> None:
        self._child = child
        self._path = path
        self._asked = asked
        self._place = 0
        self._shape = (size[1], size[0], 3)
        self._batch = max(1, min(batch, _MOST_BATCH_BYTES // (size[0] * size[1] * 3)))
        self._last: tuple[int, Images] | None = None
        self._over = False
        self.damaged = False

    @property
    def pid(self) -> int:
        """The process that decodes."""
        return self._child.pid

    def __next__(self) -> Frames:
        if self._over:
            raise StopIteration
        try:
            count = min(self._batch, len(self._asked) - self._place)
            images = np.empty((count, *self._shape), np.uint8)
            times = np.empty(count, np.int64)
            filled = 0
            while filled < count and self._fill(images, times, filled):
                filled += 1
            if filled < count or count == 0:
                self._finish()
            if not filled:
                raise StopIteration
        except BaseException:
            self.close()
            raise
        asked = self._asked[self._place : self._place + filled]
        self._place += filled
        self._last = int(times[filled - 1]), images[filled - 1]
        return Frames(times[:filled], images[:filled], asked)

    def _fill(self, images: Images, times: Times, place: int) -> bool:
        """Receive one frame into its place; False at the end of the stream."""
        head = self._child.receive()
        match head and head.get("kind"):
            case "frame" if head is not None:
                times[place] = int(head["us"])
                self._child.body_into(memoryview(images[place].reshape(-1)))
            case "again":
                before = (int(times[place - 1]), images[place - 1]) if place else self._last
                if before is None:
                    raise policy.refuse_broken(self._path)
                times[place], images[place] = before
            case "damaged" if head is not None:
                self.damaged = bool(head["damaged"])
                return False
            case _:
                return False
        return True

    def _finish(self) -> None:
        while (head := self._child.receive()) is not None:
            if head.get("kind") != "damaged":
                raise policy.refuse_broken(self._path)
            self.damaged = bool(head["damaged"])

    def close(self) -> None:
        """End the decoding process; harmless when it is over already."""
        self._over = True
        self._child.close()

    def __enter__(self) -> "FrameStream":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def sample_frames(
    path: str | os.PathLike[str],
    rate: float = 1.0,
    *,
    times_us: Sequence[int] | Times | None = None,
    size: Size = None,
    start_us: int = 0,
    end_us: int | None = None,
    batch: int = 16,
    backend: Backend = "pyav",
    limits: Limits | None = None,
) -> FrameStream:
    """The frames displayed at `start_us + k / rate` in `[start_us, end_us)`, or at each of `times_us` (sorted).

    One entry an asked time, in order: where the rate is above the video's, a frame comes more than once. `size`
    is the wanted (width, height), a function of the displayed one, or None for the displayed one. At most `batch`
    frames come at a time. `backend="decord"` is an opt-in for plain files: UsageError says where it may not be
    used; PyAV does its work where decord is not installed. A file that breaks off ends early with `damaged` set. Raises
    what `probe` raises; NotMedia of sound alone, BrokenMedia when not one frame can be decoded.
    """
    limits = limits or Limits()
    found = probe(path, limits)
    if not found.has_pictures:
        raise policy.refuse_pictures(path)
    asked = _asked(found, rate, times_us, start_us, end_us)
    wanted = _size(found, size)
    if batch < 1:
        raise UsageError("A batch holds at least one frame.")
    if backend == "decord":
        _refuse_for_decord(found, path)
    described, tables = timing(found)
    real = policy.admit(path, limits)
    arguments = {"timing": described, "size": wanted, "backend": backend}
    return FrameStream(Child("frames", real, limits, arguments, tables + asked.tobytes()), real, asked, wanted, batch)


def sample_times(found: Probe, rate: float) -> Times:
    """The times that `sample_frames` asks for at a rate, over all of a video. Raises UsageError."""
    return _asked(found, rate, None, 0, None)


def can_start_anywhere(found: Probe) -> bool:
    """Whether decoding from the middle of a file is known to give the same frames as decoding it from its beginning."""
    whole = found.stamped and not (found.damaged or found.open_gop or found.offsets)
    return whole and found.container in policy.SEEKABLE


def frame_at(
    path: str | os.PathLike[str], t_us: int, size: Size = None, limits: Limits | None = None
) -> tuple[int, Images]:
    """The frame displayed at `t_us` (clamped to the video) and its own time: `(pts_us, uint8 (H,W,3))`."""
    with sample_frames(path, times_us=[t_us], size=size, batch=1, limits=limits) as stream:
        for frames in stream:
            return int(frames.times_us[0]), frames.images[0]
    raise policy.refuse_broken(path)


def _asked(
    found: Probe, rate: float, times_us: Sequence[int] | Times | None, start_us: int, end_us: int | None
) -> Times:
    end = found.duration_us if end_us is None else min(end_us, found.duration_us)
    if times_us is not None:
        asked = np.asarray(times_us, dtype=np.int64).reshape(-1)
        if np.any(np.diff(asked) < 0):
            raise UsageError("The times of the wanted frames must be in order.")
        return asked
    if not 0 < rate <= 1000 or start_us < 0:
        raise UsageError("The sampling rate must be above 0 and at most 1000 a second, from a start of 0 or more.")
    count = max(0, int(np.ceil((end - start_us) * rate / 1e6)) + 1)
    asked = start_us + np.round(np.arange(count) * (1e6 / rate)).astype(np.int64)
    return asked[asked < end]


def _size(found: Probe, size: Size) -> tuple[int, int]:
    width, height = size(found.width, found.height) if callable(size) else size or (found.width, found.height)
    if not (1 <= width <= 16_384 and 1 <= height <= 16_384):
        raise UsageError(f"A picture of {width}×{height} pixels cannot be made.")
    return int(width), int(height)


def _refuse_for_decord(found: Probe, path: str | os.PathLike[str]) -> None:
    """Raise UsageError unless decord 0.6 is known to give the right frames of such a file."""
    plain = (
        found.container == "mov"
        and found.codec == "h264"
        and found.pixel_format in ("yuv420p", "yuvj420p")
        and found.rotation == 0
        and found.start_us == 0
        and found.stamped
        and not (found.vfr or found.open_gop or found.damaged)
    )
    if not plain:
        raise UsageError(
            f"decord may read plain H.264 MP4 files of a constant frame rate only, and {policy.shown(path)} "
            "is not one; use the default backend."
        )
