"""How well boxes are tracked on real clips: `python -m studio.recipes.boxes --data DIR`.

Where the objects are is written down in boxes.json, read by eye. What was looked at while the tracker was made is
`tuned`; the others were measured for the first time when it was done, and are what is printed in docs/boxes.md.
OpenCV's MIL tracker, which needs no weights either, is measured beside it. Then something passes before each object.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from studio import media, tasks
from studio.config import Settings
from studio.recipes.text_reading import write
from studio.tasks import TaskContext, VideoRef
from studio.timeline import MICROS
from studio.timeline.boxes import BoxTrack, Corners, iou, key_frame

TRUTH = Path(__file__).with_name("boxes.json")
GOOD = 0.5  # an IoU at which a box is usually taken to be right
Row = dict[str, Any]
Way = Callable[[VideoRef, Corners, int, int], BoxTrack]


def objects() -> list[Row]:
    """What boxes.json says: `name`, `video`, `what`, `tuned`, `start`, `step` in s, `boxes` (None: not seen)."""
    found: list[Row] = json.loads(TRUTH.read_text(encoding="utf-8"))["objects"]
    return found


def own(context: TaskContext) -> Way:
    """The product's tracker, with the key frames that it leaves."""

    def way(video: VideoRef, corners: Corners, at_us: int, until_us: int) -> BoxTrack:
        found = tasks.track_box(context, video, corners, at_us, until_us)
        keys = sorted([key_frame(at_us, corners, cut=True), *found.keys], key=lambda key: key.time_us)
        return BoxTrack("b", keys=tuple(keys))

    return way


def mil(video: VideoRef, corners: Corners, at_us: int, until_us: int) -> BoxTrack:
    """Babenko et al., “Visual tracking with online multiple instance learning” (2009), forwards only."""
    probe = media.probe(video.path)
    pts = np.asarray(probe.pts_us)
    times = pts[int(np.searchsorted(pts, at_us, "right")) - 1 : int(np.searchsorted(pts, until_us, "right"))]
    sides = np.array([probe.width, probe.height] * 2)
    x1, y1, x2, y2 = np.round(np.array(corners) * sides).astype(int).tolist()
    tracker, keys = cv2.TrackerMIL_create(), [key_frame(at_us, corners, cut=True)]  # type: ignore[attr-defined]
    with media.sample_frames(video.path, times_us=times) as stream:
        for frames in stream:
            for at, image in zip(frames.asked_us.tolist(), frames.images, strict=True):
                if at == times[0]:
                    tracker.init(image, (x1, y1, x2 - x1, y2 - y1))
                    continue
                is_found, (x, y, wide, high) = tracker.update(image)
                box = np.clip(np.array([x, y, x + wide, y + high]) / sides, 0, 1)
                if is_found and np.all(box[2:] > box[:2]):
                    keys.append(key_frame(at, box.tolist(), cut=True))
    return BoxTrack("b", keys=tuple({key.time_us: key for key in keys}.values()))


def measure(data: Path, which: Sequence[Row], way: Way) -> list[Row]:
    """Of each object: `ious` at the places of the truth after the first (0 where it is said to be hidden), `gone`,
    whether it is said to be hidden where it is not seen, `keys`, and `seconds`."""
    found = []
    for each in which:
        path = data / "videos" / each["video"]
        probe = media.probe(path)
        pts = np.asarray(probe.pts_us)
        at, until = (_frame_at(pts, each["start"] + each["step"] * n) for n in (0, len(each["boxes"]) - 1))
        began = time.perf_counter()
        track = way(VideoRef(each["video"], str(path), probe.duration_us), tuple(each["boxes"][0]), at, until)
        seconds = time.perf_counter() - began
        ious, gone = [], []
        for n, truth in enumerate(each["boxes"][1:], 1):
            box = track.at(_frame_at(pts, each["start"] + each["step"] * n))
            if truth is None:
                gone.append(box is None)
            else:
                ious.append(iou(box, tuple(truth)) if box else 0.0)
        found.append({"ious": ious, "gone": gone, "keys": len(track.keys), "seconds": seconds})
    return found


def behind(data: Path, each: Row, context: TaskContext, folder: Path) -> dict[str, float] | None:
    """What becomes of an object that something passes before, 1.3 times as wide as it is, from .5 to 1.5 s: the share
    of frames that `say` that it is hidden while nine tenths of it are, of those after 1.7 s that it is seen in
    (`seen`), and the mean IoU in these (0 where it is not seen). None for an object that is away by itself.

    The clip is written anew with that in it; in between the places that were read by eye it moves in proportion.
    """
    if any(box is None for box in each["boxes"]):
        return None
    path = data / "videos" / each["video"]
    probe = media.probe(path)
    pts = np.asarray(probe.pts_us)
    last = each["start"] + each["step"] * (len(each["boxes"]) - 1)
    times = pts[(pts >= _frame_at(pts, each["start"])) & (pts <= _frame_at(pts, last))]
    scale = min(1.0, 640 / max(probe.width, probe.height))
    size = round(probe.width * scale / 2) * 2, round(probe.height * scale / 2) * 2
    at = (times - times[0]) / MICROS
    steps = np.arange(len(each["boxes"])) * each["step"]
    truth = np.stack([np.interp(at, steps, [box[k] for box in each["boxes"]]) for k in range(4)], axis=1)
    covered = np.zeros(len(at))

    def pictures() -> Iterator[np.ndarray]:
        n = 0
        with media.sample_frames(path, times_us=times, size=size) as stream:
            for frames in stream:
                for image in frames.images:
                    picture = image.copy()
                    covered[n] = _pass_before(picture, truth[n] * np.array([*size, *size]), at[n] - 0.5)
                    n += 1
                    yield picture

    target = folder / f"{each['name']}.mp4"
    write(target, pictures(), size)
    made = media.probe(target)
    found = own(context)(
        VideoRef(target.stem, str(target), made.duration_us), tuple(each["boxes"][0]), 0, int(made.pts_us[-1])
    )
    boxes = [found.at(int(time)) for time in made.pts_us]
    gone = [boxes[n] is None for n in range(len(boxes)) if covered[n] > 0.9]
    after = [n for n in range(len(boxes)) if at[n] > 1.7]
    ious = [iou(box, tuple(truth[n])) if (box := boxes[n]) else 0.0 for n in after]
    return {"say": float(np.mean(gone)), "seen": float(np.mean([boxes[n] is not None for n in after])),
            "iou": float(np.mean(ious))}  # fmt: skip


def _pass_before(picture: np.ndarray, box: np.ndarray, since: float) -> float:
    """Draw what passes from the right to the left before a box in 1 s; returns how much of its width it covers."""
    if not 0 <= since <= 1:
        return 0.0
    x1, y1, x2, y2 = box
    wide, high = 1.3 * (x2 - x1), 1.3 * (y2 - y1)
    left, top = x2 + 0.6 * (x2 - x1) - since * (1.2 * (x2 - x1) + (x2 - x1) + wide), y1 - 0.15 * (y2 - y1)
    blocks = np.random.default_rng(5).integers(30, 220, (9, 7, 3), np.uint8)
    thing = cv2.resize(blocks, (max(2, int(wide)), max(2, int(high))), interpolation=cv2.INTER_CUBIC)
    first_row, first_column = int(top), int(left)
    low_row, low_column = max(0, first_row), max(0, first_column)
    high_row = min(picture.shape[0], first_row + thing.shape[0])
    high_column = min(picture.shape[1], first_column + thing.shape[1])
    if high_row > low_row and high_column > low_column:
        part = thing[low_row - first_row : high_row - first_row, low_column - first_column : high_column - first_column]
        picture[low_row:high_row, low_column:high_column] = part
    return float(max(0.0, min(x2, left + wide) - max(x1, left)) / (x2 - x1))


def _frame_at(pts: np.ndarray, seconds: float) -> int:
    return int(pts[max(0, int(np.searchsorted(pts, round(seconds * MICROS) + 1, "right")) - 1)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the folder with videos/")
    parser.add_argument("--tuned", action="store_true", help="measure what the tracker was made with")
    options = parser.parse_args()
    chosen = [each for each in objects() if each["tuned"] == options.tuned]
    with tempfile.TemporaryDirectory() as home:
        context = TaskContext(Settings(home=Path(home), device="cpu").ensure())
        ours, others = measure(options.data, chosen, own(context)), measure(options.data, chosen, mil)
        passed = [behind(options.data, each, context, Path(home)) for each in chosen]
    print("| object | what it does | mean IoU | lowest | IoU ≥ .5 | said to be gone | key frames | MIL |")
    print("|---|---|---|---|---|---|---|---|")
    for each, mine, other in zip(chosen, ours, others, strict=True):
        ious, gone = mine["ious"], mine["gone"]
        print(
            f"| {each['name']} | {each['what']} | {np.mean(ious):.2f} | {min(ious):.2f} "
            f"| {sum(v >= GOOD for v in ious)} of {len(ious)} | {f'{sum(gone)} of {len(gone)}' if gone else ''} "
            f"| {mine['keys']} | {np.mean(other['ious']):.2f} |"
        )
    means = [[float(np.mean(each["ious"])) for each in rows] for rows in (ours, others)]
    took = sum(each["seconds"] for each in ours)
    for each, row in zip(chosen, passed, strict=True):
        if row:
            print(f"{each['name']}: hidden {row['say']:.0%}, seen again {row['seen']:.0%}, IoU {row['iou']:.2f}")
    print(f"mean {np.mean(means[0]):.3f} (MIL {np.mean(means[1]):.3f}), {took:.0f} s for {len(chosen)} objects")


if __name__ == "__main__":
    main()
