"""Continuous ratings: what a page sends and is told of them; as tables, and how far annotators agree."""

import csv
import io
import itertools
import sqlite3
import uuid
from base64 import b64encode
from collections.abc import Sequence
from typing import Any
from unicodedata import normalize

import numpy as np

from studio.config import Limits
from studio.errors import FormatError, UsageError
from studio.eval.trace_agreement import agreed
from studio.formats import carma
from studio.service.accounts.rights import OWNER, Actor, layer_of
from studio.service.requests import listed, text, whole
from studio.store import Store, labels, traces, videos
from studio.store.traces import TraceChange
from studio.timeline import seconds
from studio.timeline.attributes import LARGEST
from studio.timeline.traces import Trace, Values, resampled, samples, smoothed

Row = dict[str, Any]
MOST = 20_000  # samples of one change
HEAD = ("track", "annotator", "time", "value")
SMOOTHEST_S = 60.0


def parse(edit: Row, edit_id: str, limits: Limits) -> TraceChange:
    """An edit of a curve: its `track`, the number of its `first` sample, and what was there (`before`) and is to be
    (`after`): numbers, or null where nothing is said.

    Raises UsageError that says which part is wrong.
    """
    track = normalize("NFC", text(edit, "track", "", longest=limits.label_chars)).strip()
    if not track:
        raise UsageError("“track” must not be empty.")
    before, after = (_values(edit, key) for key in ("before", "after"))
    if len(before) != len(after) or not len(after):
        raise UsageError("“before” and “after” of a curve have as many values, at least one.")
    return TraceChange(edit_id, track, whole(edit, "first", 0), before, after)


def _values(edit: Row, key: str) -> Values:
    found = listed(edit, key, MOST)
    if not all(each is None or _is_number(each) for each in found):
        raise UsageError(f"“{key}” of a curve is a list of numbers, null where nothing is said.")
    return np.array([np.nan if each is None else each for each in found], np.float32)


def _is_number(value: Any) -> bool:
    """Whether a value has a place in a curve."""
    return isinstance(value, int | float) and not isinstance(value, bool) and -LARGEST <= value <= LARGEST  # never NaN


def to_dict(trace: Trace) -> Row:
    """A curve as JSON: `track`, `annotator`, and its `values`, little-endian float32 in base64."""
    values = b64encode(trace.values.astype("<f4").tobytes()).decode()
    return {"track": trace.track, "annotator": trace.annotator, "values": values}


class Traces:
    """The continuous ratings of a library."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def of_video(self, video: Row, by: Actor = OWNER) -> list[Trace]:
        """Those that somebody may see."""
        return self._store.read(lambda db: traces.of_video(db, video["id"], layer_of(by, video)))

    def table(self, video: Row, track: str = "", annotator: str | None = None, smooth: float = 0.0,
              by: Actor = OWNER) -> str:  # fmt: skip
        """CSV with the columns of HEAD, times in s, of one track and annotator or of all; smoothed by so many seconds
        (see `timeline.traces.smoothed`).

        Raises UsageError.
        """
        if not 0 <= smooth <= SMOOTHEST_S:
            raise UsageError(f"Smooth by 0 to {SMOOTHEST_S:g} seconds.")
        chosen = [
            trace
            for trace in self.of_video(video, by)
            if track in ("", trace.track) and annotator in (None, trace.annotator)
        ]
        out = io.StringIO()
        rows = csv.writer(out, lineterminator="\n")
        rows.writerow(HEAD)
        for trace in chosen:
            drawn = Trace(trace.track, trace.annotator, smoothed(trace.values, smooth))
            rows.writerows((trace.track, trace.annotator, seconds(at), f"{value:.6g}") for at, value in drawn.said())
        return out.getvalue()

    def read(self, video: Row, data: str, track: str = "", annotator: str = "") -> list[Row]:
        """Take curves from CSV with the columns `time` (s) and `value`, and `track` and `annotator` where these are not
        named; in place of what the annotator has there. Values between times that are about a second apart at most are
        linear. Files of CARMA are read as they are, see `carma`; a row that the library does not know yet gets their
        scale. Returns `track`, `annotator` and `seconds` of each, and `left_out` where values lie beyond the video.

        Raises UsageError that says which line is wrong; then nothing is changed.
        """
        try:
            rated = carma.parse(data)
        except FormatError as error:
            raise UsageError(str(error)) from None
        if rated:
            return self._take_rated(video, rated, track, annotator)
        found = _read(data, track, annotator)

        def work(db: sqlite3.Connection) -> list[Row]:
            return [put(db, video, *place, times, values) for place, (times, values) in found.items()]

        return self._store.write(work)

    def _take_rated(self, video: Row, rated: carma.Ratings, track: str, annotator: str) -> list[Row]:
        if not track:
            raise UsageError("A file of CARMA does not say which row it is about; name it with --track.")
        name = normalize("NFC", track)

        def work(db: sqlite3.Connection) -> list[Row]:
            if rated.scale:
                labels.learn(db, {}, {}, (), {name: rated.scale})
            late = sum(start >= video["duration_us"] for start, _, _ in rated.bins)
            return [_put(db, video, Trace(name, annotator, rated.sampled(samples(video["duration_us"]))), late)]

        return self._store.write(work)

    def agreement(self, by: Actor = OWNER) -> list[Row]:
        """Of each track and two people how far they agree, over all videos: `track`, `one`, `other`, `videos`, and what
        `eval.trace_agreement.TraceAgreement` has. Each video's instants follow those of the one before."""

        def work(db: sqlite3.Connection) -> list[tuple[str, Trace]]:
            seen = {row["id"]: layer_of(by, row) for row in videos.listed(db)}
            return [(video, t) for video, t in traces.every(db) if seen.get(video, "") in (None, t.annotator)]

        every = self._store.read(work)
        by_track: dict[str, dict[str, dict[str, Values]]] = {}
        for video, trace in every:
            by_track.setdefault(trace.track, {}).setdefault(trace.annotator, {})[video] = trace.values
        return [
            row
            for track, people in sorted(by_track.items())
            for one, other in itertools.combinations(sorted(people), 2)
            for row in _pair(track, one, other, people)
        ]


def _pair(track: str, one: str, other: str, people: dict[str, dict[str, Values]]) -> list[Row]:
    shared = sorted(people[one].keys() & people[other].keys())
    cut = [min(len(people[who][video]) for who in (one, other)) for video in shared]
    sides = [
        np.concatenate(
            [people[who][video][:count] for video, count in zip(shared, cut, strict=True)] or [np.empty(0, np.float32)]
        )
        for who in (one, other)
    ]
    found = agreed(*sides)
    if found is None:
        return []
    rounded = {key: None if value is None else round(value, 3) for key, value in found._asdict().items()}
    return [{"track": track, "one": one, "other": other, "videos": len(shared), **rounded}]


def put(
    db: sqlite3.Connection, video: Row, track: str, annotator: str, times_us: Sequence[int], values: Sequence[float]
) -> Row:
    """Put a curve in place of what an annotator has on a track, within a write."""
    order = np.argsort(np.array(times_us, np.int64), kind="stable")
    count = samples(video["duration_us"])
    after = resampled(np.array(times_us, np.int64)[order], np.array(values, np.float64)[order], count)
    return _put(db, video, Trace(track, annotator, after), sum(time >= video["duration_us"] for time in times_us))


def _put(db: sqlite3.Connection, video: Row, drawn: Trace, late: int) -> Row:
    traces.replace(db, video["id"], drawn, uuid.uuid4().hex)
    length = round(float((~np.isnan(drawn.values)).sum()) / 25, 2)
    said = {"track": drawn.track, "annotator": drawn.annotator, "seconds": length}
    return {**said, **({"left_out": late} if late else {})}


def _read(data: str, track: str, annotator: str) -> dict[tuple[str, str], tuple[list[int], list[float]]]:
    rows = csv.DictReader(io.StringIO(data.removeprefix("\ufeff")))
    if not {"time", "value"} <= set(rows.fieldnames or ()):
        raise UsageError("A table of curves needs the columns “time” (in seconds) and “value”.")
    found: dict[tuple[str, str], tuple[list[int], list[float]]] = {}
    for number, row in enumerate(rows, 2):
        place = track or (row.get("track") or "").strip(), annotator or (row.get("annotator") or "").strip()
        if not place[0]:
            raise UsageError("This table has no column “track”; say which row it is about with --track.")
        try:
            time, value = float(row["time"]), float(row["value"])
        except (TypeError, ValueError):
            raise UsageError(f"Line {number} of this table has no number as its time or its value.") from None
        if not (0 <= time < 1e9 and np.isfinite(value)):
            raise UsageError(f"Line {number} of this table has a time before the video, or an endless value.")
        times, values = found.setdefault((normalize("NFC", place[0]), place[1]), ([], []))
        times.append(round(time * 1_000_000))
        values.append(value)
    if not found:
        raise UsageError("This table has no values.")
    return found
