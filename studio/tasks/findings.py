"""What the library knows of a video that is in none of its files: what is said and written in it, as people left it,
and what runs found of its people. Jobs know no library, so it lies in the cache for those that learn labels from it."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeGuard

import numpy as np
from numpy.typing import NDArray

from studio import models
from studio.index import FINDINGS, TEXT_VECTORS, Cache
from studio.models.interfaces import Floats
from studio.tasks.context import TaskContext
from studio.tasks.evidence import TRACK as EMOTION
from studio.timeline import MICROS

Line = tuple[int, int, str]  # start and end in µs, and its text
Samples = tuple[NDArray[Any], NDArray[np.float64]]  # rows (N, D), and the borders of their cells in s (N + 1,)

FINDINGS_FILE = f"{FINDINGS}1.npz"
VECTORS = f"{TEXT_VECTORS}1.npz"  # of the texts of a video, by their hashes
LONGEST_S = 2.0  # of a cell: a stretch in which nobody speaks is many samples without the label
SHORTEST_S = 0.1
STEP_S = 0.25  # from one sample of people to the next
BATCH = 64

EXPRESSIONS = ("angry", "disgust", "fear", "happy", "neutral", "sad", "surprise")
SPEAKING = ("speaks", "another speaks", "off screen", "faces")
PEOPLE = (
    *SPEAKING, *(f"face: {label}" for label in EXPRESSIONS),
    *(f"together: {label}" for label in models.emotion_words.LABELS), "voice: arousal",
)  # fmt: skip
"""The numbers of a sample of people, 0…1: how sure it is that somebody on the screen speaks, a second one, and somebody
off screen; how many faces there are, in fours; how strong the strongest face is in each expression; what words, faces,
frames and voice say together; and how aroused voices are."""


@dataclass(frozen=True, slots=True)
class Findings:
    """Lines of the transcript, texts on the screen, and samples of people (N, len(PEOPLE)), STEP_S apart: none where
    nobody looked for speakers or emotions."""

    said: Sequence[Line]
    written: Sequence[Line]
    people: NDArray[np.float16]


def keep_findings(cache: Cache, video_id: str, state: str, found: Findings) -> None:
    """For jobs that come; `state` says of what they were made."""
    arrays: dict[str, NDArray[Any]] = {"state": np.array(state), "people": found.people}
    for name, lines in (("said", found.said), ("written", found.written)):
        arrays[f"{name}_us"] = np.array([line[:2] for line in lines], np.int64).reshape(-1, 2)
        arrays[name] = np.frombuffer("\0".join(text.replace("\0", " ") for *_, text in lines).encode(), np.uint8)
    cache.save_arrays(video_id, FINDINGS_FILE, arrays)


def findings_state(cache: Cache, video_id: str) -> str:
    """Of what the kept ones were made; "" where there are none."""
    found = cache.load_arrays(video_id, FINDINGS_FILE, "state")
    return "" if found is None else str(found["state"])


def findings_of(cache: Cache, video_id: str) -> Findings | None:
    """Those that are kept."""
    arrays = cache.load_arrays(video_id, FINDINGS_FILE, "said", "said_us", "written", "written_us", "people")
    if arrays is None:
        return None

    def lines(name: str) -> list[Line]:
        spans = arrays[f"{name}_us"].tolist()
        texts = arrays[name].tobytes().decode().split("\0")
        return [(start, end, text) for (start, end), text in zip(spans, texts, strict=False)]

    return Findings(lines("said"), lines("written"), arrays["people"])


# ---------------------------------------------------------------------- texts


def text_vectors(
    context: TaskContext, video_id: str, texts: Sequence[str], done: float = 0.0, are_all: bool = False
) -> Floats:
    """What texts of a video mean, (N, D), unit vectors: each is encoded once and kept in the cache; where these
    `are_all`, no others are kept. Raises ModelUnavailable, Cancelled, OSError where the disk is full."""
    hashes = [_hash(text) for text in texts]
    kept = context.cache.load_arrays(video_id, VECTORS, "hashes", "vectors")
    known = {} if kept is None else dict(zip(kept["hashes"].tolist(), kept["vectors"], strict=True))
    missing = {key: text for key, text in zip(hashes, texts, strict=True) if key not in known}
    if missing:
        encoder = context.model("sentence_embedding")
        keys = list(missing)
        for first in range(0, len(keys), BATCH):
            context.progress(done, "Reading what is said and written")
            some = keys[first : first + BATCH]
            made = encoder.encode([missing[key] for key in some]).astype(np.float16)
            known.update(zip(some, made, strict=True))
        known = {key: known[key] for key in hashes} if are_all else known
        arrays = {"hashes": np.array(list(known), np.uint64), "vectors": np.stack(list(known.values()))}
        context.cache.save_arrays(video_id, VECTORS, arrays)
    if not texts:
        return np.zeros((0, 0), np.float32)
    return np.stack([known[key] for key in hashes]).astype(np.float32)


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8])


def text_samples(lines: Sequence[Line], vectors: Floats, duration_us: int) -> Samples:
    """Cells between the starts and ends of lines, at most LONGEST_S long: each has the mean of the vectors (N, D) of
    the lines then, zeros where there are none. They last as long as the video."""
    ends = np.array([line[:2] for line in lines], np.int64).reshape(-1, 2).clip(0, duration_us)
    borders = [0.0]
    for border in [*np.unique(ends) / MICROS, duration_us / MICROS]:
        if border - borders[-1] >= SHORTEST_S:
            parts = int(np.ceil((border - borders[-1]) / LONGEST_S))
            borders += np.linspace(borders[-1], border, parts + 1)[1:].tolist()
    if len(borders) == 1:
        borders.append(max(duration_us / MICROS, SHORTEST_S))
    edges = np.array(borders)
    middles = (edges[1:] + edges[:-1]) / 2
    first, after = (np.searchsorted(middles, ends[:, side] / MICROS) for side in (0, 1))
    rows, count = np.zeros((len(middles), vectors.shape[1]), np.float32), np.zeros(len(middles), np.float32)
    for vector, low, high in zip(vectors, first, after, strict=True):
        rows[low:high] += vector
        count[low:high] += 1
    return rows / np.maximum(count, 1)[:, None], edges


# --------------------------------------------------------------------- people


def people_rows(
    speakers: Mapping[str, Any] | None, emotions: Mapping[str, Any] | None, duration_us: int
) -> NDArray[np.float16]:
    """Samples (N, len(PEOPLE)) of what the newest runs found, by their payloads (see `find_speakers`,
    `find_emotions`); none where there was no run. A model's other labels are left out, and what is no curve."""
    rows = np.zeros((-(-duration_us // round(STEP_S * MICROS)), len(PEOPLE)), np.float32)
    if speakers is None and emotions is None:
        return np.zeros((0, len(PEOPLE)), np.float16)
    at = {name: number for number, name in enumerate(PEOPLE)}
    for person in filter(_is_curve, (speakers or {}).get("tracks", ())):
        spoken, seen = _sampled(person, len(rows))
        one, two, faces = at["speaks"], at["another speaks"], at["faces"]
        rows[:, two] = np.maximum(rows[:, two], np.minimum(spoken, rows[:, one]))
        rows[:, one] = np.maximum(rows[:, one], spoken)
        rows[:, faces] += seen / 4
    if _is_curve(unseen := (speakers or {}).get("off_screen")):
        rows[:, at["off screen"]] = _sampled(unseen, len(rows))[0]
    for curve in filter(_is_curve, (emotions or {}).get("curves", ())):
        source, of_all = curve.get("source"), curve.get("track") == EMOTION
        if source == "face" and of_all:  # evidence, in which a face at rest does not say 0
            continue
        column = at.get(f"{'together' if source == 'fused' and of_all else source}: {curve.get('label')}")
        if column is not None:
            rows[:, column] = np.maximum(rows[:, column], _sampled(curve, len(rows))[0])
    return rows.clip(0, 1).astype(np.float16)


def _is_curve(found: Any) -> TypeGuard[Mapping[str, Any]]:
    """What stands in a library may have been written by another program, or another release."""
    if not isinstance(found, Mapping):
        return False
    try:
        times, scores = (np.asarray(found[key], np.float64) for key in ("times", "scores"))
    except (KeyError, TypeError, ValueError):
        return False
    return times.ndim == 1 and times.shape == scores.shape


def _sampled(curve: Mapping[str, Any], count: int) -> tuple[Floats, Floats]:
    """A curve of `times` in s and `scores` in cells of STEP_S: its mean there, and 1 where it says something. Between
    two of its times that lie less than LONGEST_S apart it goes straight on."""
    times, scores = np.asarray(curve["times"], np.float64), np.asarray(curve["scores"], np.float64)
    value, seen = np.zeros(count, np.float32), np.zeros(count, np.float32)
    order = np.argsort(times, kind="stable")  # of lines that overlap the middles may go back
    order = order[np.isfinite(scores[order]) & np.isfinite(times[order])]
    times, scores = times[order], scores[order]
    if not len(times):
        return value, seen
    cuts = np.flatnonzero(np.diff(times) > LONGEST_S) + 1
    for low, high in pairwise([0, *cuts.tolist(), len(times)]):
        first = max(0, int(times[low] / STEP_S))
        after = min(count, int(times[high - 1] / STEP_S) + 1)
        middles = (np.arange(first, after) + 0.5) * STEP_S
        value[first:after] = np.interp(middles, times[low:high], scores[low:high])
        seen[first:after] = 1
    return value, seen
