"""The opt-in decord backend of `frames`: the same answers, for the plain files it reads right.

decord 0.6 counts frames its own way; its times are compared with the probed table before a frame is believed.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Any

import numpy as np

from studio.config import Limits
from studio.errors import UsageError
from studio.media import policy
from studio.media.child.decoder import Timing
from studio.media.child.responder import Responder
from studio.media.child.source import open_source

_AT_ONCE = 8


def installed() -> bool:
    """Whether there is a decord here; for some machines there is none (Macs of today). It is imported then."""
    try:
        import decord  # noqa: F401
    except (ImportError, OSError):
        return False
    return True


def frames(
    responder: Responder, path: str, limits: Limits, table: Timing, asked: list[int], size: tuple[int, int]
) -> None:
    """Answer as `pictures.frames` does. Raises UsageError where decord disagrees about the times."""
    import decord

    open_source(path, limits).close()  # the same admission as for every other file
    decord.logging.set_level(decord.logging.QUIET)
    try:
        reader = decord.VideoReader(path, width=size[0], height=size[1], num_threads=2)
        _agree(path, reader, table)
        indices = np.maximum(np.searchsorted(table.pts_us, asked, side="right") - 1, 0).tolist()
        shown = None
        images = _images(reader, sorted(set(indices)), responder)
        for index in indices:
            if index == shown:
                responder.send({"kind": "again"})
            else:
                responder.send({"kind": "frame", "us": int(table.pts_us[index])}, next(images).data)
            shown = index
    except (decord.DECORDError, RuntimeError) as error:
        raise policy.refuse_broken(path, "the decord backend stopped on it") from error
    responder.send({"kind": "damaged", "damaged": False})


def _agree(path: str, reader: Any, table: Timing) -> None:
    """Raise UsageError unless decord sees the same frames at the same times, to a quarter of a frame."""
    count = len(table.pts_us)
    times = reader.get_frame_timestamp(list(range(len(reader))))[:, 0] * 1e6 if len(reader) == count else None
    slack = 0.25 * float(table.pts_us[-1]) / max(1, count - 1) + 1
    if times is None or np.abs(times - times[0] - table.pts_us).max() > slack:
        raise UsageError(f"decord counts the frames of {policy.shown(path)} differently; use the default backend.")


def _images(reader: Any, indices: list[int], responder: Responder) -> Iterator[np.ndarray[Any, np.dtype[np.uint8]]]:
    left = iter(indices)
    while some := list(islice(left, _AT_ONCE)):
        batch = reader.get_batch(some).asnumpy()
        responder.keep_alive()
        yield from batch
