"""What a file is: asked once a file, remembered while the file does not change."""

import os
import threading
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from studio.config import Limits
from studio.media import policy
from studio.media.model import AudioTrack, Probe, Track
from studio.media.sandbox import Child
from studio.timeline import MICROS, clock

_REMEMBERED = 32
_MOST_TABLES = 128 * 2**20
_Key = tuple[str, int, int, int, Limits, int | None]
_known: OrderedDict[_Key, Probe] = OrderedDict()
_starts: dict[str, int] = {}
_lock = threading.Lock()


def probe(path: str | os.PathLike[str], limits: Limits | None = None) -> Probe:
    """Read a file's facts and its table of frame times.

    Raises NotFound, NotMedia (neither video nor sound in it, or a container or codec that is not opened), BrokenMedia
    (nothing can be decoded) or MediaTooLarge (beyond `limits`, before anything is decoded).
    """
    limits = limits or Limits()
    real = policy.admit(path, limits)
    facts = real.stat()
    with _lock:
        start_us = _starts.get(str(real))
        key = (str(real), facts.st_ino, facts.st_size, facts.st_mtime_ns, limits, start_us)
        if key in _known:
            _known.move_to_end(key)
            return _known[key]
    found = _ask(real, limits, facts.st_size, start_us)
    with _lock:
        _known[key] = found
        while len(_known) > _REMEMBERED:
            _known.popitem(last=False)
    return found


def keep_start(path: str | os.PathLike[str], start_us: int | None) -> None:
    """What time 0 of a file is on its own clock in the library that has it, where the file is probed in this process
    from now on; None: as for a new file. Times that people saved are not moved by what we learn of a file later.
    """
    with _lock:
        if start_us is None:
            _starts.pop(str(path), None)
        else:
            _starts[str(path)] = start_us


def timing(found: Probe) -> tuple[dict[str, Any], bytes]:
    """A request's tables for the child: their lengths and origin, and their bytes."""
    described = {
        "frames": len(found.pts_us),
        "keys": len(found.key_us),
        "origin": found.origin,
        "stamped": found.stamped,
        "joined": bool(found.offsets),
        "lead_us": found.lead_us,
    }
    return described, found.pts_us.tobytes() + found.key_us.tobytes()


def _ask(path: Path, limits: Limits, size: int, start_us: int | None) -> Probe:
    with Child("probe", path, limits, {"start_us": start_us}) as child:
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
    notes = _notes(head.pop("breaks_off"), head["offsets"], head.pop("jumps"), head.pop("sizes"), head.pop("files"))
    if head["damaged"] and not notes:
        notes = ["Parts of this file are damaged; what cannot be decoded is left out."]
    sounds, texts = (tuple(Track(**track) for track in head.pop(key)) for key in ("sounds", "texts"))
    offsets = tuple((int(start), int(offset)) for start, offset in head.pop("offsets"))
    frames = head.pop("frames")
    times.flags.writeable = False
    pts, keys = times[:frames], times[frames:]
    if head["width"] and (len(pts) == 0 or pts[0] != 0 or not np.all(np.diff(pts) > 0)):
        raise ValueError("a table out of order")
    if not head["width"] and (len(times) or audio is None or head["duration_us"] <= 0):
        raise ValueError("neither pictures nor sound")
    sound = AudioTrack(**audio) if audio else None
    return Probe(
        **head, audio=sound, sounds=sounds, texts=texts, offsets=offsets, notes=tuple(notes), size=size, pts_us=pts,
        key_us=keys,
    )  # fmt: skip


def _notes(
    breaks_off: tuple[int, int | None] | None,
    offsets: Sequence[tuple[int, int]],
    jumps: Sequence[int],
    sizes: Sequence[tuple[int, int, int]],
    files: int,
) -> list[str]:
    """What is known to be wrong, for people."""
    notes = []
    if breaks_off is not None:
        end, promised = breaks_off
        rest = "the end of the file is missing" if promised is None else f"its header promises {_at(promised)}"
        notes.append(f"It breaks off at {_at(end)}; {rest}.")
    if offsets:
        places = _listed([_at(start) for start, _ in offsets])
        how = "jumps" if all(jump > 0 for jump in jumps) else "starts anew"
        notes.append(f"Its clock {how} at {places}; the recordings are played one after the other.")
    changed = list(sizes[1:])
    if changed:
        places = _listed([f"{_at(start)} to {width}×{height}" for start, width, height in changed])
        notes.append(f"The size of its pictures changes at {places}; all are shown at the first size.")
    if files > 1 + len(offsets):
        first = f"the first {1 + len(offsets)}" if offsets else "the first"
        notes.append(f"{files} files are joined in it, and only {first} can be read; split or convert it.")
    return notes


def _at(us: int) -> str:
    """A time to the second, as players show it."""
    return clock(round(us / MICROS) * MICROS).partition(".")[0]


def _listed(items: Sequence[str]) -> str:
    shown = list(items[:3]) + [f"{len(items) - 3} more places"] * (len(items) > 3)
    return " and ".join(filter(None, [", ".join(shown[:-1]), shown[-1]]))
