"""The detector on real faces, the tracker on made-up boxes, the geometry of crops."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from studio import models
from studio.models.faces.detector import iou


def box(x: float, y: float = 10, side: float = 40, score: float = 0.9) -> np.ndarray:
    return np.array([[x, y, x + side, y + side, score]], np.float32)


def frames_of(path: Path, count: int) -> np.ndarray:
    import av

    with av.open(str(path)) as container:
        frames = [frame.to_ndarray(format="rgb24") for frame, _ in zip(container.decode(video=0), range(count))]  # noqa: B905
    return np.stack(frames)


def test_a_face_is_found_with_its_landmarks(faces: Any, data: Path) -> None:
    frames = frames_of(data / "faces" / "bbaf2n.mpg", 2)
    for boxes, marks in faces.detect_with_landmarks(frames):
        assert boxes.dtype == marks.dtype == np.float32
        assert boxes.shape == (1, 5)
        assert marks.shape == (1, 5, 2)
        x1, y1, x2, y2, score = boxes[0]
        assert score > 0.7
        assert 0 <= x1 < x2 <= 360
        assert 0 <= y1 < y2 <= 288
        eyes, mouth = marks[0, :2, 1].mean(), marks[0, 3:, 1].mean()
        assert y1 < eyes < marks[0, 2, 1] < mouth < y2


def test_no_face_in_noise_and_any_size(faces: Any) -> None:
    for shape in ((1, 1), (31, 33), (64, 200)):
        found = faces.detect(np.random.default_rng(0).integers(0, 255, (2, *shape, 3), dtype=np.uint8))
        assert [boxes.shape for boxes in found] == [(0, 5), (0, 5)]
    assert faces.detect(np.zeros((0, 4, 4, 3), np.uint8)) == []


def test_other_input_is_refused(faces: Any) -> None:
    with pytest.raises(ValueError, match="frames"):
        faces.detect(np.zeros((1, 64, 64), np.uint8))


@pytest.mark.parametrize(
    ("size", "expected"), [((1920, 1080), (640, 360)), ((320, 240), (320, 240)), ((1, 9000), (1, 640))]
)
def test_decoding_size(faces: Any, size: tuple[int, int], expected: tuple[int, int]) -> None:
    assert faces.frame_size(*size) == expected


def test_overlap_of_boxes() -> None:
    assert iou(np.array([0, 0, 2, 2.0]), np.array([[0, 0, 2, 2], [1, 0, 3, 2], [5, 5, 6, 6], [0, 0, 0, 0.0]])) == (
        pytest.approx([1, 1 / 3, 0, 0])
    )


@pytest.mark.parametrize("fps", [5, 12.5, 25])
def test_two_people_who_walk_are_two_tracks(fps: float) -> None:
    detections = [
        (i / fps, np.concatenate([box(10 + 30 * i / fps), box(300 - 30 * i / fps)])) for i in range(int(3 * fps))
    ]
    found = models.track_faces(detections)
    assert len(found) == 2
    assert all(len(track.times_s) == int(3 * fps) for track in found)
    assert abs(found[0].boxes[-1, 0] - (10 + 30 * detections[-1][0])) < 1e-3


def test_a_gap_is_bridged_and_marked() -> None:
    times = [0, 0.1, 0.2, 0.3, 0.6, 0.7, 0.8]
    (found,) = models.track_faces([(t, box(100 * t)) for t in times])
    np.testing.assert_allclose(found.times_s, np.arange(9) / 10, atol=1e-9)
    np.testing.assert_allclose(found.boxes[:, 0], 100 * found.times_s, atol=1e-3)
    assert list(np.flatnonzero(found.scores == 0)) == [4, 5]
    np.testing.assert_allclose(found.at(np.array([0.45, 9.0]))[:, 0], [45, 80], atol=1e-3)


def test_tracks_break_at_cuts_long_gaps_and_jumps() -> None:
    steady = [(i / 10, box(10)) for i in range(20)]
    assert len(models.track_faces(steady)) == 1
    assert len(models.track_faces(steady, cuts_s=[0.95])) == 2
    assert len(models.track_faces([(t + (t > 0.9), b) for t, b in steady])) == 2
    assert len(models.track_faces([(t, box(10 if t < 1 else 200)) for t, b in steady])) == 2


def test_flashes_are_dropped_and_nothing_gives_nothing() -> None:
    empty = np.zeros((0, 5), np.float32)
    assert models.track_faces([(0.0, box(0)), (0.1, empty), (0.2, empty), (0.3, box(0))]) == []
    assert models.track_faces([(0.0, empty)]) == []
    assert models.track_faces([]) == []


def test_a_tracker_can_be_fed_as_a_stream() -> None:
    tracker = models.Tracker()
    ended = [
        track for i in range(30) for track in tracker.add(i / 10, box(5) if i < 10 else np.zeros((0, 5), np.float32))
    ]
    assert len(ended) == 1
    assert tracker.finish() == []
    with pytest.raises(ValueError, match="rise"):
        tracker.add(0.0, box(0))


def test_a_crop_is_square_shifted_down_and_gray_outside() -> None:
    frame = np.zeros((100, 100, 3), np.uint8)
    frame[40:60, 40:60] = 255
    (crop,) = models.crop_faces(frame, np.array([40, 40, 60, 60]), size=28, padding=0.4)
    assert crop.shape == (28, 28, 3)
    assert crop[:19, 5:23].min() == 255
    assert crop[22:].max() == 0
    (edge,) = models.crop_faces(frame, np.array([-30, 40, -10, 60]), size=28, padding=0.0)
    assert np.all(edge == 110)
    assert models.crop_faces(frame, np.zeros((0, 4))).shape == (0, 112, 112, 3)
    assert models.crop_speaker(frame, np.array([[40, 40, 60, 60]])).shape == (1, 112, 112)
    (large,) = models.crop_faces(
        np.full((2000, 2000, 3), 7, np.uint8), np.array([0, 0, 2000, 2000]), size=48, padding=0
    )
    assert np.all(large[2:-2, 2:-2] == 7)


def test_bad_boxes_are_refused() -> None:
    with pytest.raises(ValueError, match="finite"):
        models.crop_faces(np.zeros((9, 9, 3), np.uint8), np.array([0, 0, np.nan, 1]))


def test_a_jitter_is_steadied() -> None:
    boxes = np.tile([10.0, 10, 50, 50], (30, 1))
    boxes[15] += 20
    np.testing.assert_allclose(models.steady(boxes), np.tile([10.0, 10, 50, 50], (30, 1)))


def test_plain_crops_are_the_box_itself() -> None:
    frame = np.zeros((100, 100, 3), np.uint8)
    frame[30:70, 40:60] = 255
    box_ = np.array([[40, 30, 60, 70]])
    (plain,) = models.crop_speaker(frame, box_, style="plain")
    assert plain.shape == (112, 112)
    assert plain[4:-4, 4:-4].min() == 255
    assert models.crop_speaker(frame, box_)[0].min() == 0, "the other crop has a margin at the sides"
    assert models.crop_speaker(frame, np.zeros((0, 4)), style="plain").shape == (0, 112, 112)


def test_boxes_may_keep_their_shape_when_steadied() -> None:
    boxes = np.tile([10.0, 10, 30, 50], (30, 1))
    boxes[15] += 20
    np.testing.assert_allclose(models.steady(boxes, square=False), np.tile([10.0, 10, 30, 50], (30, 1)))
    np.testing.assert_allclose(models.steady(boxes), np.tile([0.0, 10, 40, 50], (30, 1)))


def test_sharpness_falls_with_focus_and_not_with_contrast(data: Path) -> None:
    import cv2

    faces = cv2.cvtColor(frames_of(data / "faces" / "3.mp4", 1)[0], cv2.COLOR_RGB2GRAY)[None]
    blurred = cv2.GaussianBlur(faces[0], (0, 0), 4)[None]
    sharp = models.sharpness(faces)
    assert 0 < models.sharpness(blurred) < 0.5 * sharp < 0.5
    assert models.sharpness((faces // 2).astype(np.uint8)) == pytest.approx(sharp, rel=0.2)
    assert models.sharpness(faces[:0]) == 0
    assert models.sharpness(np.full((2, 9, 9), 7, np.uint8)) == 0


@pytest.fixture(scope="module")
def yunet(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("brought")
    models.install("yunet", data / "weights" / "yunet_2026may.onnx", folder)
    return models.load("face_detector", "yunet", "cpu", folder)


def test_both_detectors_see_the_same_face(faces: Any, yunet: Any, data: Path) -> None:
    for clip in ("bbaf2n.mpg", "lbbc2a.mpg", "3.mp4"):
        frame = frames_of(data / "faces" / clip, 1)
        ((ours, marks),) = faces.detect_with_landmarks(frame)
        ((boxes, points),) = yunet.detect_with_landmarks(frame)
        assert boxes.dtype == points.dtype == np.float32
        assert (boxes.shape, points.shape) == ((1, 5), (1, 5, 2))
        assert iou(ours[0, :4], boxes[:, :4])[0] > 0.6
        side = boxes[0, 3] - boxes[0, 1]
        assert np.abs(points - marks).max() < 0.15 * side


def test_yunet_agrees_with_opencv(yunet: Any, data: Path) -> None:
    """Values of cv2.FaceDetectorYN, OpenCV 5.0, for the same file and frame."""
    ((boxes, marks),) = yunet.detect_with_landmarks(frames_of(data / "faces" / "bbaf2n.mpg", 1))
    x, y, w, h = 104.07716, 103.00868, 101.71893, 145.04532
    np.testing.assert_allclose(boxes[0], [x, y, x + w, y + h, 0.95249], atol=0.5)
    expected = [[133.205, 160.247], [184.071, 156.793], [160.901, 191.299], [139.626, 213.336], [184.464, 211.071]]
    np.testing.assert_allclose(marks[0], expected, atol=0.5)


def test_yunet_takes_any_size_and_sees_nothing_in_noise(yunet: Any) -> None:
    for shape in ((1, 1), (31, 33), (64, 200)):
        found = yunet.detect(np.random.default_rng(0).integers(0, 255, (2, *shape, 3), dtype=np.uint8))
        assert [boxes.shape for boxes in found] == [(0, 5), (0, 5)]
    assert yunet.frame_size(1920, 1080) == (640, 360)


def test_other_onnx_files_are_not_yunet(tmp_path: Path) -> None:
    file = models.registry.locate(models.card("face_detector", "centerface"), "net")
    with pytest.raises(models.ModelError, match="yunet cannot use this file; bring the file of OpenCV"):
        models.install("yunet", file, tmp_path)
