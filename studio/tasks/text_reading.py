"""What is written on the screen, and when: titles, slides, names, subtitles that are part of the picture.

The picture is looked at a few times a second, and read where it changed since it was read last. A line that is seen
again is not read again; its first and last frames are found by comparing pictures.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from studio import media
from studio.models.interfaces import Floats, Images, TextLine
from studio.tasks.context import TaskContext, VideoRef
from studio.tasks.text_tracks import (
    NEAR_PX,
    OVERLAP,
    REACH_PX_S,
    SAME,
    SETTLED_US,
    STILL_THERE,
    Box,
    Gray,
    Line,
    TextTrack,
    alike,
    blocks,
    details,
    merged_boxes,
    overlap,
    present,
    without_doubles,
)
from studio.timeline import MICROS, ON_SCREEN, ModelRun, Prediction, Segment, seconds

LOOKS_PER_S = 4.0
LEAST_GAP_US = 450_000  # between two readings: a picture that moves is read twice a second
FOLLOWED_IN = 960  # the longest side of the pictures in which lines are followed
CHANGED = 8.0  # gray levels, on average over SPOT_PX × SPOT_PX
SPOT_PX = 8
SURE = 0.9  # a reading that needs no second one
TRUSTED = 0.6  # the best reading of a line that is shown
SHORTEST_US = 200_000
REMEMBERED = 8  # pictures in which a line is looked for that is found late
UNFOUND = 3  # readings that a line stays though it is not found, because its picture does


def read_text(context: TaskContext, video: VideoRef, model_name: str | None = None) -> ModelRun:
    """Segments in which something is written on the screen, on the row ON_SCREEN, by the named text reader or the
    default: lines that stand next to each other and come and go together are one. The label of a segment is its text,
    the payload has its `boxes`: [time in s, x1, y1, x2, y2] in pixels of the displayed picture.

    Raises MediaError, ModelUnavailable, Cancelled.
    """
    model = context.model("text_reading", model_name)
    probe = media.probe(video.path, context.settings.limits)
    size = model.frame_size(probe.width, probe.height)
    tracks = _Tracks(model, _followed_size(size))
    for time, frame in _looks(video, probe.pts_us, size):
        tracks.look(time, frame)
        context.progress(0.9 * time / max(1, video.duration_us), "Reading what is on the screen")
    lines = _bounded(context, video, probe.pts_us, tracks.size, tracks.finished())
    scale = np.array([probe.width / tracks.size[0], probe.height / tracks.size[1]] * 2)
    found = [block for block in blocks(without_doubles(lines)) if _letters(*(line.text for line in block)) > 1]
    predictions = [_prediction(block, scale, (probe.width, probe.height)) for block in found]
    note = "" if predictions else "No text was found on the screen of this video."
    ordered = sorted(predictions, key=lambda p: (p.segment.start, p.segment.end))
    return ModelRun(video.id, "text_reading", model.name, model.version, ordered, {"note": note})


def _followed_size(size: tuple[int, int]) -> tuple[int, int]:
    scale = min(1.0, FOLLOWED_IN / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _looks(video: VideoRef, pts_us: NDArray[np.int64], size: tuple[int, int]) -> Iterator[tuple[int, Images]]:
    """Each frame that is looked at, with its time: LOOKS_PER_S, and the last one."""
    grid = np.arange(0, int(pts_us[-1]), round(MICROS / LOOKS_PER_S))
    wanted = np.unique(pts_us[np.searchsorted(pts_us, [*grid, int(pts_us[-1])], side="right") - 1])
    with media.sample_frames(video.path, times_us=wanted, size=size, batch=4) as stream:
        for frames in stream:
            yield from zip(frames.times_us.tolist(), frames.images, strict=True)


class _Tracks:
    """The lines of a video as far as it was looked at. `size` (w, h) is that of the pictures they are followed in."""

    def __init__(self, model: Any, size: tuple[int, int]) -> None:
        self.size = size
        self._model = model
        self._open: list[TextTrack] = []
        self._closed: list[TextTrack] = []
        self._read: Gray | None = None  # the picture that was read last, and when
        self._read_us = self._first_us = 0
        self._before: deque[tuple[int, Gray]] = deque(maxlen=REMEMBERED)

    def look(self, time_us: int, frame: Images) -> None:
        """Frames uint8 (H, W, 3) in order of time."""
        gray = grayed(frame, self.size)
        picture = details(gray)
        self._first_us = time_us if self._read is None else self._first_us
        if self._read is not None and not changed(self._read, gray):
            for track in [track for track in self._open if not track.missed]:
                track.until_us = time_us
        elif self._read is None or time_us - self._read_us >= LEAST_GAP_US:
            self._read_frame(time_us, frame, picture)
            self._read, self._read_us = gray, time_us
        else:
            for track in self._open:
                self._follow(track, picture, time_us)
        self._before.append((time_us, picture))

    def finished(self) -> list[TextTrack]:
        """What was found to be text, when all frames were looked at."""
        for track in [track for track in self._open if track.missed]:
            self._close(track)
        everything = self._closed + self._open
        return [track for track in everything if track.confidence >= TRUSTED and _is_word(track)]

    def _follow(self, track: TextTrack, picture: Gray, time_us: int) -> None:
        similarity, box = track.follow(picture, time_us)
        if similarity >= STILL_THERE and not track.missed:
            track.see(time_us, box, picture)

    def _read_frame(self, time_us: int, frame: Images, picture: Gray) -> None:
        scale = np.array([self.size[0] / frame.shape[1], self.size[1] / frame.shape[0]])
        polygons = self._model.find(frame)
        found = [np.concatenate([(p * scale).min(axis=0), (p * scale).max(axis=0)]) for p in polygons]
        followed = [track.follow(picture, time_us) for track in self._open]
        pairs = _matched(found, followed)
        news = [k for k in range(len(found)) if k not in pairs or self._is_to_read(pairs[k], found[k], followed)]
        lines = dict(zip(news, self._model.read(frame, polygons[news]), strict=True))
        for k, line in lines.items():
            if k in pairs and not self._goes_on(pairs[k], line, followed):
                del pairs[k]
            if line and k not in pairs and (index := self._said_near(line, found[k], time_us, pairs)) is not None:
                pairs[k] = index
        seen: dict[int, TextTrack] = {}
        for k, box in sorted(enumerate(found), key=lambda each: each[1][0] - each[1][2]):  # the widest first
            line = lines.get(k)
            if k in pairs:
                track = self._open[pairs[k]]
                track.see(time_us, box, picture)
            elif line and any(_holds(track, line, box) for track in seen.values()):
                continue
            else:
                track = TextTrack()
                track.see(time_us, box, picture)
                track.look_back(self._before, self._first_us)
            if line:
                track.hear(line.text, line.confidence)
            track.missed = 0
            seen[k] = track
        self._leave(set(map(id, seen.values())), followed, time_us, picture)
        self._open += [track for k, track in seen.items() if k not in pairs]

    def _is_to_read(self, index: int, box: Box, followed: Sequence[tuple[float, Box]]) -> bool:
        """Whether what is found may say something else, or more, than when it was read before."""
        track, (similarity, place) = self._open[index], followed[index]
        grown = box[2] - box[0] > 1.1 * (place[2] - place[0])
        return similarity < SAME or grown or (bool(track.votes) and track.confidence < SURE)

    def _goes_on(self, index: int, line: TextLine | None, followed: Sequence[tuple[float, Box]]) -> bool:
        """Whether what is read now in the place of a track is the same line."""
        track = self._open[index]
        if line is None:
            return not track.votes or followed[index][0] >= STILL_THERE
        return bool(track.votes) and alike(track.text, line.text)

    def _said_near(self, line: TextLine, box: Box, time_us: int, pairs: dict[int, int]) -> int | None:
        """Which line that is not found yet says the same, and may have come here since; the nearest."""
        ranked = []
        for index, track in enumerate(self._open):
            if index in pairs.values() or not track.votes or not alike(track.text, line.text):
                continue
            apart = np.abs(_middle(track.at(time_us)) - _middle(box))
            reach = NEAR_PX + np.array(REACH_PX_S) * (time_us - track.until_us) / MICROS
            if (apart <= reach).all():
                ranked.append((float(apart.max()), index))
        return min(ranked)[1] if ranked else None

    def _leave(self, seen: set[int], followed: Sequence[tuple[float, Box]], time_us: int, picture: Gray) -> None:
        """What was not found is still there where the picture is the same, or was missed once; else it is gone."""
        kept = []
        for track, (similarity, box) in zip(self._open, followed, strict=True):
            if id(track) not in seen:
                track.missed += 1
                track.after_us = track.after_us or time_us
                if track.votes and similarity >= STILL_THERE and track.missed <= UNFOUND:
                    track.see(time_us, box, picture)
                    track.after_us = None
                elif not track.votes or track.missed > 1:
                    self._close(track)
                    continue
            else:
                track.after_us = None
            kept.append(track)
        self._open = kept

    def _close(self, track: TextTrack) -> None:
        self._closed.append(track)
        self._open = [each for each in self._open if each is not track]


def _middle(box: Box) -> Box:
    return np.asarray((box[:2] + box[2:]) / 2)


def _holds(track: TextTrack, line: TextLine, box: Box) -> bool:
    """Whether what is found is a part of a line that was found as a whole."""
    return overlap(track.boxes[-1], box) > 0.8 and bool(track.votes) and alike(track.text, line.text)


def grayed(frame: Images, size: tuple[int, int]) -> Gray:
    """uint8 (H, W, 3) → uint8 (h, w) for size (w, h)."""
    gray = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
    return np.asarray(gray if gray.shape[::-1] == size else cv2.resize(gray, size, interpolation=cv2.INTER_AREA))


def changed(one: Gray, other: Gray) -> bool:
    """Whether a letter may have come or gone: some spot is another by CHANGED gray levels."""
    return bool(cv2.blur(cv2.absdiff(one, other).astype(np.float32), (SPOT_PX, SPOT_PX)).max() > CHANGED)


def _matched(found: Sequence[Box], followed: Sequence[tuple[float, Box]]) -> dict[int, int]:
    """Which found box is which track: those that overlap most, each once."""
    ranked = sorted(
        (
            (similarity >= STILL_THERE, overlap(box, place), k, i)
            for k, box in enumerate(found)
            for i, (similarity, place) in enumerate(followed)
        ),
        reverse=True,
    )
    pairs: dict[int, int] = {}
    for _, shared, k, i in ranked:
        if shared >= OVERLAP and k not in pairs and i not in pairs.values():
            pairs[k] = i
    return pairs


def _is_word(track: TextTrack) -> bool:
    """Single letters belong to a text only where the reader is sure, and are none by themselves: edges and patterns
    look like I, O or T."""
    letters = _letters(track.text)
    return letters > 1 or (letters == 1 and track.confidence >= SURE)


def _letters(*texts: str) -> int:
    """How many letters and digits there are."""
    return sum(letter.isalnum() for text in texts for letter in text)


def _bounded(
    context: TaskContext,
    video: VideoRef,
    pts_us: NDArray[np.int64],
    size: tuple[int, int],
    tracks: Sequence[TextTrack],
) -> list[Line]:
    """Lines from their first frame to the end of their last; none shorter than SHORTEST_US."""
    ends: list[tuple[int, int, int, bool]] = []  # from, to (µs), which track, whether it is its start
    for k, track in enumerate(tracks):
        first, last = track.times_us[0], track.until_us
        settled = min(SETTLED_US, (last - first) // 2)
        if track.before_us is not None:
            there = first if track.moves(first) else _frame_at(pts_us, first + settled)
            ends.append((track.before_us, there, k, True))
        if track.after_us is not None:
            there = last if track.moves(last) else _frame_at(pts_us, last - settled)
            ends.append((there, track.after_us, k, False))
    starts, stops = [0] * len(tracks), [video.duration_us] * len(tracks)
    for (_, _, k, is_start), frames in _windows(context, video, pts_us, size, ends):
        if is_start:
            starts[k] = frames[-present(tracks[k], frames[::-1])][0]
        else:
            stops[k] = frames[min(len(frames) - 1, present(tracks[k], frames))][0]
    return [
        Line(start, stop, track)
        for start, stop, track in zip(starts, stops, tracks, strict=True)
        if stop - start >= SHORTEST_US
    ]


def _frame_at(pts_us: NDArray[np.int64], time_us: int) -> int:
    return int(pts_us[media.frame_index(pts_us, time_us)])


Window = tuple[int, int, int, bool]


def _windows(
    context: TaskContext,
    video: VideoRef,
    pts_us: NDArray[np.int64],
    size: tuple[int, int],
    ends: Sequence[Window],
) -> Iterator[tuple[Window, list[tuple[int, Gray]]]]:
    """Each window with its frames (time, gray picture), both ends among them; every frame is decoded once, and kept
    as long as a window needs it."""
    waiting = sorted(ends, key=lambda window: window[1])
    oldest = np.minimum.accumulate([low for low, _, _, _ in waiting][::-1])[::-1] if waiting else np.zeros(0, np.int64)
    inside = np.zeros(len(pts_us), bool)
    for low, high, _, _ in waiting:
        inside[(pts_us >= low) & (pts_us <= high)] = True
    kept: dict[int, Gray] = {}
    done = 0
    with media.sample_frames(video.path, times_us=pts_us[inside], size=size, batch=16) as stream:
        for frames in stream:
            for time, frame in zip(frames.times_us.tolist(), frames.images, strict=True):
                kept[time] = details(grayed(frame, size))
                while done < len(waiting) and waiting[done][1] <= time:
                    low, high = waiting[done][:2]
                    yield waiting[done], [(t, gray) for t, gray in kept.items() if low <= t <= high]
                    done += 1
                if done < len(waiting):
                    kept = {t: gray for t, gray in kept.items() if t >= oldest[done]}
            share = min(1.0, int(frames.times_us[-1]) / max(1, video.duration_us))
            context.progress(0.9 + 0.1 * share, "Finding where text comes and goes")


def _prediction(block: Sequence[Line], scale: Floats, picture: tuple[int, int]) -> Prediction:
    """Lines as one segment."""
    weights = [len(line.text) for line in block]
    score = float(np.average([min(1.0, line.track.confidence) for line in block], weights=weights))
    text = " ".join(line.text for line in block)
    boxes = [
        [seconds(time), *np.round(np.clip(box * scale, 0, picture * 2), 1).tolist()]
        for time, box in merged_boxes(block)
    ]
    segment = Segment(min(line.start_us for line in block), max(line.end_us for line in block))
    return Prediction(segment, ON_SCREEN, text, round(score, 4), payload={"boxes": boxes})
