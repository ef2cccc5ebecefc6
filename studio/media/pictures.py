"""Small pictures for lists and the timeline."""

import os
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from studio.config import Limits
from studio.errors import UsageError
from studio.media import policy
from studio.media.probe import probe, timing
from studio.media.sandbox import Child

_MOST_JPEG = 32 * 2**20


def thumbnails(
    path: str | os.PathLike[str], times_us: Sequence[int], height: int = 90, limits: Limits | None = None
) -> list[bytes]:
    """One JPEG a time, in the order asked, of the frame displayed then (clamped to the video).

    One pass, forward, that jumps over what lies between distant times. A file that breaks off repeats its last
    picture. Raises what `probe` raises; NotMedia of sound alone.
    """
    limits = limits or Limits()
    if not 8 <= height <= 2160:
        raise UsageError("A thumbnail is 8 to 2160 pixels high.")
    found = probe(path, limits)
    if not found.has_pictures:
        raise policy.refuse_pictures(path)
    order = np.argsort(np.asarray(times_us, np.int64), kind="stable")
    asked = np.asarray(times_us, np.int64)[order]
    width = min(16_384, max(1, round(found.width * height / found.height)))
    described, tables = timing(found)
    real = policy.admit(path, limits)
    made: list[bytes] = []
    arguments = {"timing": described, "size": (width, height)}
    with Child("thumbnails", real, limits, arguments, tables + asked.tobytes()) as child:
        while (head := child.receive()) is not None and len(made) < len(asked):
            made.append(bytes(child.body(_MOST_JPEG)) if head["kind"] == "jpeg" else made[-1])
    made += made[-1:] * (len(asked) - len(made))
    pictures = dict(zip(order.tolist(), made, strict=True))
    return [pictures[place] for place in range(len(asked))]


def thumbnail(path: str | os.PathLike[str], t_us: int, height: int = 90, limits: Limits | None = None) -> bytes:
    """A JPEG of the frame displayed at `t_us`."""
    return thumbnails(path, [t_us], height, limits)[0]


def still(path: str | os.PathLike[str], side: int, limits: Limits | None = None) -> NDArray[np.uint8]:
    """The picture in a JPEG, PNG or WebP file, fitted into side × side: uint8 (H,W,3) RGB.

    Raises NotFound, NotMedia, MediaTooLarge, BrokenMedia.
    """
    limits = limits or Limits()
    with Child("still", policy.admit(path, limits), limits, {"side": side}) as child:
        head = child.receive()
        if head is None:
            raise policy.refuse_broken(path)
        data = child.body(3 * side * side)
        return np.frombuffer(bytes(data), np.uint8).reshape(int(head["height"]), int(head["width"]), 3)
