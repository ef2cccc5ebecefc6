"""Following one object through made pictures: it moves and grows, goes behind something, leaves the picture."""

import numpy as np
import pytest

from studio.models import ObjectTracker
from studio.models.tracking.appearance import signature
from studio.timeline.boxes import iou

SIZE = (240, 320)  # height, width
SIDE = 64
Picture = np.ndarray


def texture(seed: int, high: int, wide: int, cell: int = 8) -> Picture:
    """Coloured blocks: something that can be told apart from any other."""
    blocks = np.random.default_rng(seed).integers(20, 235, (high // cell + 1, wide // cell + 1, 3), np.uint8)
    return np.kron(blocks, np.ones((cell, cell, 1), np.uint8))[:high, :wide]


def scene(x: float, y: float, side: int = SIDE, wall: tuple[int, int] | None = None) -> tuple[Picture, np.ndarray]:
    """A picture with the object at a place, and its box; a wall over some columns hides what is behind it."""
    picture = texture(1, *SIZE, 20) // 2 + 60
    thing = texture(7, SIDE, SIDE)
    rows = (np.arange(side) * SIDE) // side
    thing = thing[rows][:, rows]
    left, top = round(x), round(y)
    x1, y1, x2, y2 = max(0, left), max(0, top), min(SIZE[1], left + side), min(SIZE[0], top + side)
    if x2 > x1 and y2 > y1:
        picture[y1:y2, x1:x2] = thing[y1 - top : y2 - top, x1 - left : x2 - left]
    if wall:
        picture[:, wall[0] : wall[1]] = texture(3, SIZE[0], wall[1] - wall[0], 10)
    return picture, np.array([left, top, left + side, top + side], np.float64)


def overlap(one: np.ndarray, other: np.ndarray) -> float:
    return iou(tuple(one), tuple(other))  # type: ignore[arg-type]


def test_an_object_that_moves_and_grows_is_followed() -> None:
    first, box = scene(20, 60)
    tracker = ObjectTracker(first, box, 25)
    found = []
    for n in range(1, 50):
        picture, truth = scene(20 + 3 * n, 60 + n, SIDE + n // 2)
        sighting = tracker.step(picture)
        assert sighting.seen
        found.append(overlap(sighting.box, truth))
    assert min(found) > 0.75 and np.mean(found) > 0.85


def test_behind_something_it_is_not_seen_and_is_found_again_when_it_comes_out() -> None:
    wall = (120, 200)
    first, box = scene(20, 80, wall=wall)
    tracker = ObjectTracker(first, box, 25)
    hidden, after = [], []
    for n in range(1, 60):
        x = 20 + 4 * n
        picture, truth = scene(x, 80, wall=wall)
        sighting = tracker.step(picture)
        if wall[0] <= x and x + SIDE <= wall[1]:
            hidden.append(sighting.seen)
        if x > wall[1] + 12:
            after.append(overlap(sighting.box, truth) if sighting.seen else 0.0)
    assert len(hidden) > 3 and not any(hidden), "nothing of the wall is taken for it"
    assert np.mean(after) > 0.6


def test_what_leaves_the_picture_is_not_seen_any_more() -> None:
    first, box = scene(200, 80)
    tracker = ObjectTracker(first, box, 25)
    seen = [tracker.step(scene(200 + 6 * n, 80)[0]).seen for n in range(1, 40)]
    assert all(seen[:8]) and not any(seen[24:])


def test_a_box_that_is_none_is_refused() -> None:
    picture, _ = scene(20, 20)
    for box in ([10, 10, 10, 40], [400, 10, 440, 40], [10, 10, 40]):
        with pytest.raises(ValueError, match="a tracker needs a box"):
            ObjectTracker(picture, np.array(box), 25)


def test_a_signature_knows_an_object_at_another_size() -> None:
    import cv2

    one, box = scene(40, 60)
    other, larger = scene(100, 90, 90)
    lab = [cv2.cvtColor(picture, cv2.COLOR_RGB2LAB) for picture in (one, other)]
    same = float(signature(lab[0], box) @ signature(lab[1], larger))
    elsewhere = float(signature(lab[0], box) @ signature(lab[1], np.array([10.0, 10, 74, 74])))
    assert same > 0.7 > 0.4 > elsewhere
