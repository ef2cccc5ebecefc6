"""Phases of an expression, evidence of each source, and what they say together."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from studio.service import Studio
from studio.tasks import evidence
from studio.tasks.emotion import STEP_US, _note, phases
from studio.tasks.evidence import CLASSES, Units, units_of
from studio.timeline import Segment
from tests.conftest import SHARED
from tests.films import beginning

VIDEOS = SHARED / "videos"
S = 1_000_000
END = 60 * S
NOBODY = (
    "No faces and no subtitles were found, and frames alone say nothing of emotions. Press Transcribe, add a "
    "transcript, or mark expressions by hand."
)
MORE = " To have more to go by, {}, and find emotions again.".format


def grid(count: int, step: int = STEP_US) -> np.ndarray:
    return np.arange(count, dtype=np.int64) * step


def test_a_triangle_s_phases() -> None:
    """0 … 1 … 0 over ten samples each way: half of the peak is five samples away from it."""
    curve = np.concatenate([np.linspace(0, 1, 11), np.linspace(0.9, 0, 10)]).astype(np.float32)
    found = phases(grid(21), curve, Segment(8 * STEP_US, 13 * STEP_US), STEP_US, END)
    assert found == {"onset": 1.0, "apex": 2.0, "offset": 3.0}


def test_a_crossing_between_samples_is_interpolated() -> None:
    curve = np.array([0, 0, 1, 0.8, 0.2, 0], np.float32)
    found = phases(grid(6), curve, Segment(2 * STEP_US, 4 * STEP_US), STEP_US, END)
    assert found == {"onset": 0.3, "apex": 0.4, "offset": 0.7}


def test_phases_end_with_the_samples_and_at_a_pause() -> None:
    flat = np.full(5, 0.8, np.float32)
    assert phases(grid(5), flat, Segment(0, 5 * STEP_US), STEP_US, END) == {"onset": 0.0, "apex": 0.0, "offset": 1.0}
    times = np.concatenate([grid(3), grid(3) + 10 * S])
    curve = np.array([0.6, 0.9, 0.7, 0.7, 0.95, 0.7], np.float32)
    found = phases(times, curve, Segment(0, 3 * STEP_US), STEP_US, END)
    assert found == {"onset": 0.0, "apex": 0.2, "offset": 0.6}


def test_an_expression_is_gone_when_the_video_ends() -> None:
    """The last sample speaks for a step that the video may not have."""
    flat = np.full(5, 0.8, np.float32)
    found = phases(grid(5), flat, Segment(0, 900_000), STEP_US, 900_000)
    assert found == {"onset": 0.0, "apex": 0.0, "offset": 0.9}


def test_the_apex_is_the_segment_s_own() -> None:
    curve = np.array([0, 0.5, 0, 0.9, 0], np.float32)
    assert phases(grid(5), curve, Segment(STEP_US, 2 * STEP_US), STEP_US, END) == {
        "onset": 0.1,
        "apex": 0.2,
        "offset": 0.3,
    }


def test_units_are_lines_and_windows_of_silence() -> None:
    lines = [(1 * S, 2 * S, "a"), (1 * S, 2 * S, "b"), (8 * S, 30 * S, "c"), (25 * S, 26 * S, "after the end")]
    units = units_of(lines, 20 * S)
    assert list(zip(units.starts // 100_000, units.ends // 100_000, units.line, strict=True)) == [
        (10, 20, 0), (10, 20, 1), (20, 40, -1), (40, 60, -1), (60, 80, -1), (80, 200, 2),
    ]  # fmt: skip
    assert len(units_of([], 21 * S)) == 10
    assert [(int(a), int(b)) for a, b in zip(units_of([], S).starts, units_of([], S).ends, strict=True)] == [(0, S)]
    assert len(units_of([], 0)) == 0


def test_samples_inside_a_unit_or_near_it() -> None:
    units = Units(np.array([0, 2, 4, 9]) * S, np.array([2, 4, 5, 10]) * S, np.full(4, -1))
    times = np.array([0, 1, 2, 3]) * S
    found = evidence.inside(units, times, np.array([[1.0], [3.0], [5.0], [5.0]], np.float32))
    assert found[:3, 0].tolist() == [2.0, 5.0, pytest.approx(np.nan, nan_ok=True)]
    assert np.isnan(found[3, 0])
    near = evidence.inside(units, np.array([4_800_000, 5_200_000]), np.array([[1.0], [7.0]], np.float32))
    assert near[2, 0] == 1.0
    late = evidence.inside(units, np.array([5_200_000]), np.array([[7.0]], np.float32))
    assert late[2, 0] == 7.0, "the nearest, when none lies inside"
    assert np.isnan(evidence.inside(units, np.zeros(0, np.int64), np.zeros((0, 1), np.float32))).all()


def test_lines_are_compared_with_lines_that_say_nothing() -> None:
    units = units_of([(0, S, "x"), (S, 2 * S, "y")], 2 * S)
    plain = np.full((3, 2), 0.5, np.float32)
    scores = np.array([[0.5, 0.5], [0.8, 0.2]], np.float32)
    found = evidence.from_lines(units, scores, plain, ["anger", "sadness"])
    columns = [CLASSES.index("anger"), CLASSES.index("sadness")]
    np.testing.assert_allclose(found[:, columns], scores, atol=1e-6)
    assert np.isnan(np.delete(found, columns, axis=1)).all(), "classes that the model does not know"


def test_faces_speak_only_for_what_expressions_show() -> None:
    units = units_of([], 4 * S)
    labels = ["angry", "disgust", "fear", "happy", "neutral", "sad", "surprise"]
    happy = np.tile(np.eye(7, dtype=np.float32)[3], (10, 1))
    calm = np.tile(np.eye(7, dtype=np.float32)[4], (20, 1))
    found = evidence.from_faces(units, [(grid(10), happy), (grid(20), calm)], labels)
    joy = found[:, CLASSES.index("happiness")]
    assert joy.tolist() == [pytest.approx(1.0), pytest.approx(0.4)], "the face that shows most"
    assert found[0, CLASSES.index("affection")] == pytest.approx(0.64)
    assert np.isnan(found[:, CLASSES.index("doubt")]).all()
    assert np.isnan(evidence.from_faces(units, [], labels)).all()


def test_a_voice_is_loud_against_the_rest_of_the_video() -> None:
    units = units_of([], 20 * S)
    loudness = np.full(200, 0.01, np.float32)
    loudness[100:120] = 0.5
    found = evidence.arousal(units, loudness, 10)
    assert np.argmax(found) == 5
    assert found[5] > 0.8
    assert (np.delete(found, 5) < 0).all()
    assert np.isnan(evidence.arousal(units, np.full(200, 0.1, np.float32), 10)).all()
    assert np.isnan(evidence.arousal(units, np.zeros(0, np.float32), 10)).all()


def filled(value: float, count: int = 1) -> np.ndarray:
    return np.full((count, len(CLASSES)), value, np.float32)


def test_consensus_is_the_geometric_mean_where_there_are_words_and_pictures() -> None:
    silent = np.full(1, np.nan, np.float32)
    nothing = filled(np.nan)

    def of(text: Any, faces: Any, frames: Any, voice: Any = silent) -> float:
        return float(evidence.together(text, faces, frames, voice)[0, CLASSES.index("anger")])

    assert of(filled(0.9), filled(0.4), nothing) == pytest.approx(0.6)
    assert of(filled(0.9), nothing, nothing) == pytest.approx(0.9)
    assert of(nothing, filled(0.9), filled(0.6)) == pytest.approx(0.8), "a face counts twice"
    assert of(filled(0.9), nothing, filled(0.6)) == pytest.approx(np.sqrt(0.9 * 0.6))
    assert of(nothing, nothing, filled(0.99)) == pytest.approx(0.5), "frames alone say nothing"
    assert of(nothing, nothing, nothing) == pytest.approx(0.5)
    loud = np.ones(1, np.float32)
    assert of(nothing, nothing, filled(0.99), loud) == pytest.approx(0.5), "nor do frames and voice"
    assert of(filled(0.5), nothing, nothing, loud) == pytest.approx(1 / (1 + np.exp(-0.3)))
    calmer = evidence.together(filled(0.5), nothing, nothing, loud)[0, CLASSES.index("peace")]
    assert calmer == pytest.approx(1 / (1 + np.exp(0.3)))


def test_few_segments_and_none_of_nothing() -> None:
    units = units_of([], 60 * S)
    curves = filled(0.5, 30)
    assert evidence.segments(units, curves, 60) == []
    anger = CLASSES.index("anger")
    curves[10:16, anger] = 0.95
    found = evidence.segments(units, curves, 60)
    assert {label for label, *_ in found} == {"anger"}
    (first,) = [one for one in found if one[1] <= 24 * S < one[2]]
    assert 18 * S <= first[1] <= 20 * S
    assert 32 * S <= first[2] <= 34 * S
    noise = np.random.default_rng(0).random((30, len(CLASSES))).astype(np.float32)
    assert len(evidence.segments(units, noise, 60)) <= 3 * len(CLASSES)


def test_curves_leave_out_what_a_source_does_not_say() -> None:
    values = {"a": np.array([0.5, np.nan], np.float32), "b": np.full(2, np.nan, np.float32)}
    assert evidence.curves_of("Emotion", "face", np.array([1.0, 2.0]), values) == [
        {"track": "Emotion", "label": "a", "source": "face", "times": [1.0], "scores": [0.5]}
    ]


@pytest.mark.parametrize(
    ("sources", "says"),
    [
        ((2, 1, True, 3), ""),
        ((0, 1, True, 3), "From faces and frames only: this video has no subtitles."
         + MORE("transcribe it or add a transcript")),
        ((2, 0, True, 3), "From subtitles and frames only: no faces were found."),
        ((0, 0, True, 0), NOBODY),
        ((0, 0, False, 0), NOBODY),
        ((2, 1, False, 3), "From subtitles and faces only: its frames are not indexed yet."
         + MORE("index the video in the Library")),
        ((12, 1, True, 0), "1 face and 12 lines, but no expression stands out. Look at the curves (∿), or mark them "
         "by hand."),
    ],
)  # fmt: skip
def test_the_note_says_what_was_missing(sources: tuple[int, int, bool, int], says: str) -> None:
    assert _note(*sources, "subtitles") == says


def test_the_note_says_where_the_words_come_from() -> None:
    assert _note(2, 1, True, 3, "recognized speech and typed lines") == "Words from recognized speech and typed lines."
    assert _note(2, 0, True, 3, "recognized speech").startswith("From recognized speech and frames only: no faces")


@pytest.mark.skipif(not VIDEOS.exists(), reason="the shared clips are not here")
@pytest.mark.parametrize(
    ("name", "seconds"),
    [
        ("skateboarding_dog.mp4", 4),
        pytest.param("skateboarding_dog.mp4", None, marks=pytest.mark.release),
        pytest.param("car-detection.mp4", None, marks=pytest.mark.release),
    ],
)
def test_where_nobody_is_nothing_is_felt(studio: Studio, tmp_path: Path, name: str, seconds: float | None) -> None:
    """An empty road was sad by .60 once. A push looks at the beginning, a release at all of it."""
    film = VIDEOS / name if seconds is None else beginning(VIDEOS / name, tmp_path / name, seconds)
    video = str(studio.videos.add(film)["id"])
    studio.jobs.index(video)
    run = studio.jobs.run("emotions", video)
    assert (run["predictions"], run["payload"]["note"]) == ([], NOBODY)
