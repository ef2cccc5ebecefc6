"""What a file is: asked once a file, remembered while the file does not change."""

import os
import threading
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np

from studio.config import Limits
from studio.media import policy
from studio.media.model import AudioTrack, Probe
from studio.media.sandbox import Child

_REMEMBERED = 32
_MOST_TABLES = 128 * 2**20
_Key = tuple[str, int, int, int, Limits]
_known: OrderedDict[_Key, Probe] = OrderedDict()
_lock = threading.Lock()


def probe(path: str | os.PathLike[str], limits: Limits | None = None) -> Probe:
    """Read a file's facts and its table of frame times.

    Raises NotFound, NotMedia (no video in it, or a container or codec that is not opened), BrokenMedia
    (nothing can be decoded) or MediaTooLarge (beyond `limits`, before anything is decoded).
    """
    limits = limits or Limits()
    real = policy.admit(path, limits)
    facts = real.stat()
    key = (str(real), facts.st_ino, facts.st_size, facts.st_mtime_ns, limits)
    with _lock:
        if key in _known:
            _known.move_to_end(key)
            return _known[key]
    found = _ask(real, limits, facts.st_size)
    with _lock:
        _known[key] = found
        while len(_known) > _REMEMBERED:
            _known.popitem(last=False)
    return found


def timing(found: Probe) -> tuple[dict[str, Any], bytes]:
    """A request's tables for the child: their lengths and origin, and their bytes."""
    described = {
        "frames": len(found.pts_us),
        "keys": len(found.key_us),
        "origin": found.origin,
        "stamped": found.stamped,
    }
    return described, found.pts_us.tobytes() + found.key_us.tobytes()


def _ask(path: Path, limits: Limits, size: int) -> Probe:
    with Child("probe", path, limits, {}) as child:
        head = child.receive()
        if head is None:
            raise policy.refuse_broken(path)
        body = child.body(_MOST_TABLES)
    try:
        return _read(head, np.frombuffer(body, np.int64), size)
    except (KeyError, TypeError, ValueError) as error:
        raise policy.refuse_broken(path) from error


def _read(head: dict[str, Any], times: np.ndarray[Any, np.dtype[np.int64]], size: int) -> Probe:
    head.pop("kind")
    audio = head.pop("audio")
    frames = head.pop("frames")
    times.flags.writeable = False
    pts, keys = times[:frames], times[frames:]
    if len(pts) == 0 or pts[0] != 0 or not np.all(np.diff(pts) > 0):
        raise ValueError("a table out of order")
    return Probe(**head, audio=AudioTrack(**audio) if audio else None, size=size, pts_us=pts, key_us=keys)
