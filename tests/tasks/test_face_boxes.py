"""All faces of a picture as boxes over time: on frames, from left to right, until they are no longer seen."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from studio import media
from studio.config import Settings
from studio.errors import UsageError
from studio.recipes.text_reading import write
from studio.service import Studio
from studio.tasks import TaskContext, VideoRef, face_boxes
from studio.timeline.boxes import BoxTrack, iou, is_rising
from tests.conftest import SHARED

WIDE, HIGH, COUNT = 320, 240, 75  # at 25 fps: 3 s


class BySquare:
    """A face detector that finds red, green and blue squares."""

    name, version, labels = "squares", "1", ("face",)

    def frame_size(self, width: int, height: int, longest: int = 640) -> tuple[int, int]:
        return width, height

    def detect(self, frames: np.ndarray) -> list[np.ndarray]:
        return [self._one(frame.astype(int)) for frame in frames]

    def _one(self, frame: np.ndarray) -> np.ndarray:
        found = []
        for channel in range(3):
            rows, columns = np.nonzero(2 * frame[..., channel] - frame.sum(axis=2) > 60)
            if len(rows) > 20:
                found.append([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1, 0.9])
        return np.array(found, np.float32).reshape(-1, 5)


def squares() -> Any:
    """Red goes from the left to the right, green stands still and is gone after 1 s, blue is too small."""
    for n in range(COUNT):
        frame = np.full((HIGH, WIDE, 3), 20, np.uint8)
        frame[100:140, 180 + n : 220 + n] = (230, 20, 20)
        if n < 25:
            frame[40:90, 20:70] = (20, 230, 20)
        frame[200:208, 100:108] = (20, 20, 230)
        yield frame


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("faces") / "squares.mp4"
    write(path, squares(), (WIDE, HIGH))
    return path


@pytest.fixture
def context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TaskContext:
    made = TaskContext(Settings(home=tmp_path / "home", device="cpu").ensure())
    monkeypatch.setattr(made, "model", lambda task, name=None: BySquare())
    return made


def test_each_face_is_followed_from_the_frame_on(context: TaskContext, clip: Path) -> None:
    pts = [int(time) for time in media.probe(clip).pts_us]
    video = VideoRef("v", str(clip), media.probe(clip).duration_us)
    faces = face_boxes(context, video, pts[5] + 1_000, pts[60])
    assert len(faces) == 2, "from left to right, without what is too small"
    green, red = (BoxTrack("b", keys=tuple(keys)) for keys in faces)
    for keys in faces:
        assert is_rising(keys) and {key.time_us for key in keys} <= set(pts)
        assert keys[0].time_us == pts[5] and {key.source for key in keys} == {"tracked"}
    assert pts[20] <= green.keys[-1].time_us < pts[25], "it ends where it was seen last"
    assert pts[56] <= red.keys[-1].time_us <= pts[60] and len(red.keys) < 8, "as few key frames as say where it goes"
    for n in (5, 20, 40, 55):
        box = red.at(pts[n])
        place = ((180 + n) / WIDE, 100 / HIGH, (220 + n) / WIDE, 140 / HIGH)
        assert box is not None and iou(box, place) > 0.85
    assert green.at(pts[10]) == pytest.approx((20 / WIDE, 40 / HIGH, 70 / WIDE, 90 / HIGH), abs=0.02)


def test_of_one_frame_each_has_one_key_frame(context: TaskContext, clip: Path) -> None:
    pts = media.probe(clip).pts_us
    video = VideoRef("v", str(clip), media.probe(clip).duration_us)
    assert [len(keys) for keys in face_boxes(context, video, int(pts[-1]), int(pts[-1]))] == [1]
    assert [len(keys) for keys in face_boxes(context, video, 0, 0)] == [1, 1]


def test_the_end_of_the_shot_ends_them(context: TaskContext, clip: Path) -> None:
    pts = media.probe(clip).pts_us
    context.cache.save_array("v", "shots.npy", np.array([pts[12]], np.int64))
    video = VideoRef("v", str(clip), media.probe(clip).duration_us)
    assert all(keys[-1].time_us < pts[12] for keys in face_boxes(context, video, 0, int(pts[-1])))


def test_real_faces_become_box_tracks_of_a_library_at_once(studio: Studio, clips: dict[str, Path], clip: Path) -> None:
    row = studio.videos.add(clips["carphone"])
    made = studio.boxes.draw_faces(row, 1_000_000, 3_000_000, "ada")
    (track,) = studio.boxes.of_video(row)
    assert [track.id] == made and (track.label, track.name, track.annotator) == ("face", "1", "ada")
    assert track.keys[0].time_us == studio.boxes.frame_at(row, 1_000_000)
    assert 2_800_000 <= track.keys[-1].time_us <= 3_000_000
    empty = studio.videos.add(clip)
    with pytest.raises(UsageError, match="No face was found in this picture"):
        studio.boxes.draw_faces(empty, 0, 1_000_000)


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs real faces")
def test_several_real_faces(studio: Studio) -> None:
    """Two men at a table, the right one half out of the picture; their boxes were read by eye."""
    row = studio.videos.add(SHARED / "videos" / "arm_wrestling.mp4")
    faces = studio.boxes.faces(row, 1_500_000, 2_000_000)
    seen = [(0.03, 0.1, 0.2, 0.42), (0.86, 0.0, 0.98, 0.23)]
    assert len(faces) == 2
    assert all(iou(tuple(keys[0]["box"]), place) > 0.7 for keys, place in zip(faces, seen, strict=True))
