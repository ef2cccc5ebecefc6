"""Lines of text over time: found again in the next picture, joined, and bounded to the frame.

Boxes are float (4,): x1, y1, x2, y2 in pixels of the `details`, uint8 (H, W), in which a track is followed: gray
pictures without what is larger than a stroke of a letter, so that letters are compared and not what is behind them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from difflib import SequenceMatcher

import cv2
import numpy as np
from numpy.typing import NDArray

Gray = NDArray[np.uint8]
Box = NDArray[np.float64]

STROKE_PX = 3.0
SAME = 0.85  # correlation of pictures of a line that need not be read again
STILL_THERE = 0.7  # correlation from which a line is there, though the detector missed it
REACH_PX_S = 480, 320  # how fast a line may go sideways and up or down, until its speed is known
NEAR_PX = 4.0  # from where a line is expected, and how exactly a box is kept
INSIDE = 0.3  # of a line that leaves the picture: with less of it, it is gone
OVERLAP = 0.5  # of the smaller of two boxes of one line
ALIKE = 0.6  # of the letters of two readings of one line
SETTLED_US = 500_000  # a line may come or go softly, but is all there so long after
NEAR_US = 5_000_000
SLACK_US = 250_000  # between lines that come or go together
LEAST_JOINT = 4  # letters in a row that two parts of a passing text share
JOINT_ALIKE = 0.7  # of the letters where they lie over each other


def details(gray: Gray) -> Gray:
    """What is finer than STROKE_PX, around a middle gray."""
    smooth = cv2.GaussianBlur(gray, (0, 0), STROKE_PX)
    return np.asarray(cv2.addWeighted(gray, 1.0, smooth, -1.0, 128))


@dataclass(slots=True, eq=False)
class TextTrack:
    """One line of text while it is seen.

    `times_us` rise, `boxes` say where it is; between them it moves evenly. It was not there at `before_us` nor at
    `after_us` (None: it was there from the first picture on, until the last). `votes` are its readings, with the sum
    of their confidences; a track without any is no text. `patch` is its latest picture.
    """

    times_us: list[int] = field(default_factory=list)
    boxes: list[Box] = field(default_factory=list)
    patch: Gray = field(default_factory=lambda: np.zeros((1, 1), np.uint8))
    before_us: int | None = None
    after_us: int | None = None
    votes: dict[str, float] = field(default_factory=dict)
    confidence: float = 0.0  # of the best reading
    until_us: int = 0  # when it was seen last
    missed: int = 0  # readings since it was found last

    @property
    def text(self) -> str:
        return max(self.votes, key=lambda text: self.votes[text], default="")

    def moves(self, around_us: int | None = None) -> bool:
        """Whether it moves, at all or about SETTLED_US before or after a time."""
        corners = [
            box[:2]
            for time, box in zip(self.times_us, self.boxes, strict=True)
            if around_us is None or abs(time - around_us) <= SETTLED_US
        ]
        return len(corners) > 1 and float(np.ptp(corners, axis=0).max()) > NEAR_PX

    def at(self, time_us: int) -> Box:
        """Where it is, also where it would be before and after it was seen, if it went on as it did."""
        times, boxes = self.times_us, self.boxes
        if len(times) == 1:
            return boxes[0]
        other = int(np.clip(np.searchsorted(times, time_us), 1, len(times) - 1))
        one = other - 1
        share = (time_us - times[one]) / (times[other] - times[one])
        moved = boxes[one] + share * (boxes[other] - boxes[one])
        if 0 <= share <= 1:
            return moved
        nearest = boxes[one] if share < 0 else boxes[other]
        if np.abs(boxes[one] - boxes[other])[:2].max() <= NEAR_PX:  # a pixel of jitter is no speed
            return nearest
        # it keeps its size; a side that lies on the edge of the picture does not show how fast it goes
        sides = (moved - nearest).reshape(2, 2)
        return np.asarray(nearest + np.tile(np.where(np.abs(sides[0]) > np.abs(sides[1]), *sides), 2))

    def see(self, time_us: int, box: Box, picture: Gray) -> None:
        """It is there, too."""
        self.times_us.append(time_us)
        self.boxes.append(box)
        self.until_us = time_us
        self.patch = cut(picture, box)

    def look_back(self, pictures: Sequence[tuple[int, Gray]], first_us: int) -> None:
        """It may have been there in earlier pictures, though nobody found it: those just before it was seen first, in
        order. `first_us` is the time of the video's first picture."""
        for time, picture in reversed(pictures):
            passed = (self.times_us[0] - time) / 1e6
            similarity, box = followed(self.patch, picture, self.at(time), passed)
            if similarity < STILL_THERE:
                self.before_us = time
                return
            self.times_us.insert(0, time)
            self.boxes.insert(0, box)
        self.before_us = None if self.times_us[0] <= first_us else self.times_us[0]

    def hear(self, text: str, confidence: float) -> None:
        """It was read so. What passes through the picture is more than can be read at once: its parts are joined."""
        known = self.text
        grown = joined(known, text) if self._grew() else ""
        if grown:
            self.votes[grown] = self.votes.pop(known) + confidence
        else:
            self.votes[text] = self.votes.get(text, 0.0) + confidence
        self.confidence = max(self.confidence, confidence)

    def _grew(self) -> bool:
        wide = self.boxes[-1][2] - self.boxes[-1][0]
        return self.moves() or bool(wide > 1.1 * (self.boxes[0][2] - self.boxes[0][0]))

    def follow(self, picture: Gray, time_us: int) -> tuple[float, Box]:
        """How like its last picture what is there now is (−1…1), and where it is: as expected, or near that. What is
        only faintly there is gone."""
        similarity, box = followed(self.patch, picture, self.at(time_us), (time_us - self.until_us) / 1e6)
        return (similarity if _strength(self.patch, picture, box) >= 0.5 else 0.0), box


def followed(patch: Gray, picture: Gray, expected: Box, passed_s: float) -> tuple[float, Box]:
    """The best place of a patch near to where it is expected, else as far from there as it may have gone in a time."""
    similarity, box = located(patch, picture, expected, (NEAR_PX, NEAR_PX))
    if similarity >= SAME:
        return similarity, box
    reach = (REACH_PX_S[0] * passed_s, REACH_PX_S[1] * passed_s)
    return max((similarity, box), located(patch, picture, expected, reach), key=lambda found: found[0])


def cut(picture: Gray, box: Box) -> Gray:
    """The part of a picture inside a box; at least one pixel."""
    high, wide = picture.shape
    x1, y1 = int(np.clip(round(box[0]), 0, wide - 1)), int(np.clip(round(box[1]), 0, high - 1))
    x2, y2 = int(np.clip(round(box[2]), x1 + 1, wide)), int(np.clip(round(box[3]), y1 + 1, high))
    return picture[y1:y2, x1:x2]


def located(patch: Gray, picture: Gray, expected: Box, reach: tuple[float, float]) -> tuple[float, Box]:
    """Normalized correlation of a patch with the best place at most `reach` pixels from where it is expected, and that
    place: −1 where there is none. What would be outside the picture is not compared; most of the patch must be inside.
    """
    left, top = round(expected[0]), round(expected[1])
    high, wide = picture.shape
    # rows and columns of the patch that are inside where it is expected
    x1, x2 = max(0, -left), min(patch.shape[1], wide - left)
    y1, y2 = max(0, -top), min(patch.shape[0], high - top)
    inside = patch[y1:y2, x1:x2]
    if x1 >= x2 or y1 >= y2 or inside.size < INSIDE * patch.size or inside.std() < 1:
        return -1.0, expected
    low = max(0, left + x1 - round(reach[0])), max(0, top + y1 - round(reach[1]))
    area = picture[low[1] : top + y2 + round(reach[1]), low[0] : left + x2 + round(reach[0])]
    found = cv2.matchTemplate(area, inside, cv2.TM_CCOEFF_NORMED)
    found[~np.isfinite(found) | (np.abs(found) > 1.001)] = -1  # places without any contrast
    _, best, _, (x, y) = cv2.minMaxLoc(found)
    corner = np.array([low[0] + x - x1, low[1] + y - y1], np.float64)
    return float(best), np.concatenate([corner, corner + patch.shape[::-1]])


def overlap(one: Box, other: Box) -> float:
    """The shared part of the smaller of two boxes, 0…1."""
    shared = np.minimum(one[2:], other[2:]) - np.maximum(one[:2], other[:2])
    if shared.min() <= 0:
        return 0.0
    return float(shared.prod() / max(1.0, min((one[2:] - one[:2]).prod(), (other[2:] - other[:2]).prod())))


def alike(one: str, other: str) -> bool:
    """Whether two readings are of one line: most letters are the same, or the shorter is a part of the longer."""
    one, other = one.casefold(), other.casefold()
    if min(len(one), len(other)) >= LEAST_JOINT and (one in other or other in one):
        return True
    return SequenceMatcher(None, one, other, autojunk=False).ratio() >= ALIKE or bool(joined(one, other))


def joined(one: str, other: str) -> str:
    """Two parts of one text that share their ends, as one, or the whole where one is a part of the other; "" where they
    share too little. A few letters of what they share may be misread: the edge of the picture cuts letters in two."""
    if not one or not other:
        return ""
    if one in other or other in one:
        return max(one, other, key=len)
    i, j, shared = SequenceMatcher(None, one, other, autojunk=False).find_longest_match()
    if j > i:  # the other begins first
        one, other, i, j = other, one, j, i
    inside = other[: len(one) - (i - j)]  # what the end of the one, or its middle, should say
    likeness = SequenceMatcher(None, one[i - j :][: len(inside)], inside, autojunk=False).ratio()
    if shared < LEAST_JOINT or likeness < JOINT_ALIKE:
        return ""
    return one if len(inside) == len(other) else one[: i + shared] + other[j + shared :]


def present(track: TextTrack, frames: Sequence[tuple[int, Gray]]) -> int:
    """In how many of some frames (time, picture) a line is there without a break, from the first of them on: it is all
    there in that one, and not in the last. Frames may run backwards.

    It may come or go softly: half of it counts.
    """
    there_us, there = frames[0]
    if track.moves(there_us):
        return _passing(track, there_us, cut(there, track.at(there_us)), frames)
    patches = [cut(picture, track.at(there_us)).astype(np.float32) for _, picture in frames]
    change = patches[0] - patches[-1]
    size = float((change * change).sum())
    if np.abs(change).mean() < 1:  # it was there all along
        return len(frames)
    shares = [float(((patch - patches[-1]) * change).sum()) / size for patch in patches]  # 1 first, 0 last
    return next((k for k, share in enumerate(shares) if share < 0.5), len(frames))


def _passing(track: TextTrack, there_us: int, patch: Gray, frames: Sequence[tuple[int, Gray]]) -> int:
    """As `present`, for a line that moves: it is followed from frame to frame."""
    box, before, speed = track.at(there_us), there_us, np.zeros(4)
    for k, (time, picture) in enumerate(frames[1:], 1):
        passed = (time - before) / 1e6
        expected = box + speed * passed if k > 1 else track.at(time)
        reach = (NEAR_PX + REACH_PX_S[0] * abs(passed) / 2, NEAR_PX + REACH_PX_S[1] * abs(passed) / 2)
        similarity, place = located(patch, picture, expected, reach)
        if similarity < STILL_THERE - 0.1 or _strength(patch, picture, place) < 0.5:
            return k
        speed, box, before = (place - box) / passed, place, time
    return len(frames)


def _strength(patch: Gray, picture: Gray, box: Box) -> float:
    """How strong a patch is in a place of a picture, next to itself: 0.5 where it is half there."""
    seen = cut(picture, box)
    if seen.shape != patch.shape:
        return 1.0  # its other part is outside the picture
    lines = patch.astype(np.float32) - float(patch.mean())
    return float((seen * lines).sum() / max(1e-6, float((lines * lines).sum())))


def simplified(times_us: Sequence[int], boxes: Sequence[Box]) -> list[tuple[int, Box]]:
    """As few of the boxes as say where the line is to NEAR_PX, by Ramer–Douglas–Peucker; at least first and last."""
    kept = {0, len(boxes) - 1}
    parts = [(0, len(boxes) - 1)]
    while parts:
        low, high = parts.pop()
        if high - low < 2:
            continue
        share = (np.array(times_us[low + 1 : high]) - times_us[low]) / (times_us[high] - times_us[low])
        straight = boxes[low] + share[:, None] * (boxes[high] - boxes[low])
        apart = np.abs(straight - np.stack(boxes[low + 1 : high])).max(axis=1)
        if apart.max() > NEAR_PX:
            middle = low + 1 + int(apart.argmax())
            kept.add(middle)
            parts += [(low, middle), (middle, high)]
    return [(times_us[k], boxes[k]) for k in sorted(kept)]


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text from its first frame to the end of its last: [start, end) in µs. `parts` are tracks of the same
    line, or of some of its words: a detector may part it in one picture and not in another."""

    start_us: int
    end_us: int
    track: TextTrack
    parts: tuple[TextTrack, ...] = ()

    @property
    def text(self) -> str:
        """What it says, by the reading that saw most of it."""
        own = self.track.text
        return max([own, *(p.text for p in self.parts if own.casefold() in p.text.casefold())], key=len)

    def at(self, time_us: int) -> Box:
        """Where it is, with its parts that are seen then."""
        seen = [part for part in self.parts if part.times_us[0] <= time_us <= part.until_us]
        boxes = np.stack([track.at(time_us) for track in (self.track, *seen)])
        return np.concatenate([boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)])


def without_doubles(lines: Sequence[Line]) -> list[Line]:
    """Lines, but those that say the same as a longer one in its place and time, or a part of it, as its parts."""
    kept: list[Line] = []
    during: dict[int, list[int]] = {}  # which of them are there in each stretch of NEAR_US: two hours have thousands
    for line in sorted(lines, key=lambda each: (each.start_us - each.end_us, -len(each.track.text))):
        stretches = range(line.start_us // NEAR_US, line.end_us // NEAR_US + 1)
        others = sorted({k for stretch in stretches for k in during.get(stretch, ())})
        whole = next((k for k in others if _is_double(line, kept[k])), None)
        if whole is None:
            for stretch in stretches:
                during.setdefault(stretch, []).append(len(kept))
            kept.append(line)
        else:
            kept[whole] = replace(kept[whole], parts=(*kept[whole].parts, line.track))
    return kept


def _is_double(line: Line, other: Line) -> bool:
    start, end = max(line.start_us, other.start_us), min(line.end_us, other.end_us)
    text, whole = line.track.text.casefold(), other.text.casefold()
    if end - start < 0.5 * (line.end_us - line.start_us) or not (alike(text, whole) or text in whole):
        return False
    times = np.linspace(start, end, 5).astype(np.int64)[1:-1].tolist()
    beside = (line.track.boxes[0][3] - line.track.boxes[0][1]) if text in whole or whole in text else 0.0
    around = np.array([-beside, 0.0, beside, 0.0])
    shared = sorted(overlap(line.track.at(time) + around, other.at(time)) for time in times)
    return shared[1] > (0.0 if beside else OVERLAP)


def blocks(lines: Sequence[Line]) -> list[list[Line]]:
    """Lines that are `together`, each group in reading order."""
    group = list(range(len(lines)))

    def root(i: int) -> int:
        while group[i] != i:
            i = group[i] = group[group[i]]
        return i

    lines = sorted(lines, key=lambda line: line.start_us)
    for i, one in enumerate(lines):
        for j in range(i + 1, len(lines)):
            if lines[j].start_us - one.start_us > SLACK_US:
                break
            if root(i) != root(j) and together(one, lines[j]):
                group[root(j)] = root(i)
    found: dict[int, list[Line]] = {}
    for i, line in enumerate(lines):
        found.setdefault(root(i), []).append(line)
    return [_in_reading_order(each) for each in found.values()]


def _in_reading_order(lines: list[Line]) -> list[Line]:
    time = max(line.start_us for line in lines)
    placed = sorted(((line.at(time), line) for line in lines), key=lambda each: each[0][1])
    rows: list[list[tuple[Box, Line]]] = []
    for box, line in placed:
        if rows and (box[1] + box[3]) / 2 < rows[-1][0][0][3]:
            rows[-1].append((box, line))
        else:
            rows.append([(box, line)])
    return [line for row in rows for _, line in sorted(row, key=lambda each: each[0][0])]


def together(one: Line, other: Line) -> bool:
    """Whether two lines are of one paragraph, title or name: they come and go at once, stand next to each other, and
    have letters of a similar size."""
    longest = max(one.end_us - one.start_us, other.end_us - other.start_us)
    slack = min(SLACK_US, 0.05 * longest)
    if abs(one.start_us - other.start_us) > slack or abs(one.end_us - other.end_us) > slack:
        return False
    time = max(one.start_us, other.start_us)
    a, b = one.at(time), other.at(time)
    high = min(a[3] - a[1], b[3] - b[1])
    if max(a[3] - a[1], b[3] - b[1]) > 2 * high:
        return False
    across, down = (max(a[k], b[k]) - min(a[k + 2], b[k + 2]) for k in (0, 1))  # gaps; below 0 they overlap
    return bool((down <= 0.8 * high and across < 0) or (across <= 1.5 * high and down < -0.5 * high))


def merged_boxes(lines: Sequence[Line]) -> list[tuple[int, Box]]:
    """Where a block is seen: around all of its lines, at the times of their boxes."""
    start, end = min(line.start_us for line in lines), max(line.end_us for line in lines)
    inside = {time for line in lines for time in line.track.times_us if start < time < end}
    times = sorted({start, end, *inside})
    around = []
    for time in times:
        each = np.stack([line.at(min(max(time, line.start_us), line.end_us)) for line in lines])
        around.append(np.concatenate([each[:, :2].min(axis=0), each[:, 2:].max(axis=0)]))
    return simplified(times, around)
