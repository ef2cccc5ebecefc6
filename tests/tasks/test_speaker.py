"""Who speaks in clips whose truth was made: two people side by side, one's sound, a stranger's, and nobody in sight."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from studio import media
from studio.config import Settings
from studio.models import FaceTrack
from studio.tasks import TaskContext, VideoRef
from studio.tasks.faces import FACES_AT_ONCE, SCENE_S, SHORTEST_PIECE_S, _plan, quality
from studio.tasks.off_screen_speech import off_screen, voice_curve
from studio.tasks.speaker import LABEL, OFF_SCREEN, _note, find_speakers

FPS, RATE = 25, 16_000
TURN_S = 2.8


def frames(path: Path, count: int) -> list[np.ndarray]:
    with av.open(str(path)) as container:
        return [f.to_ndarray(format="rgb24") for f, _ in zip(container.decode(video=0), range(count), strict=False)]


def write(path: Path, pictures: list[np.ndarray], audio: np.ndarray) -> Path:
    with av.open(str(path), "w") as out:
        height, width = pictures[0].shape[:2]
        video = out.add_stream("mpeg4", rate=FPS, width=width, height=height, bit_rate=4_000_000, pix_fmt="yuv420p")
        sound = out.add_stream("pcm_s16le", rate=RATE, layout="mono")
        for number, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            out.mux(video.encode(frame))
        out.mux(video.encode())
        heard = av.AudioFrame.from_ndarray((audio[None] * 32767).astype(np.int16), format="s16", layout="mono")
        heard.sample_rate, heard.pts, heard.time_base = RATE, 0, Fraction(1, RATE)
        out.mux(sound.encode(heard))
        out.mux(sound.encode())
    return path


@pytest.fixture(scope="module")
def scene(faces_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two people twice, first with the sound of the left one, then with a stranger's; then an empty room, still with
    the stranger's voice."""
    from studio.recipes.talking_heads import sound

    count = int(TURN_S * FPS)
    left, right = (frames(faces_folder / name, count) for name in ("swiz3n.mpg", "pwij3p.mpg"))
    both = [np.concatenate([a, b], axis=1) for a, b in zip(left, right, strict=True)]
    empty = [np.full_like(both[0], 120)] * count
    own = sound(faces_folder / "swiz3n.mpg")[: int(TURN_S * RATE)]
    stranger = sound(faces_folder / "WDA_KatieHill_000.mp4")[: 2 * int(TURN_S * RATE)]
    audio = np.concatenate([np.pad(own, (0, int(TURN_S * RATE) - len(own))), stranger])
    return write(tmp_path_factory.mktemp("scene") / "scene.mkv", [*both, *both, *empty], audio)


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> TaskContext:
    return TaskContext(Settings(home=tmp_path_factory.mktemp("home"), device="cpu").ensure())


def test_people_and_voices_nobody_sees(context: TaskContext, scene: Path) -> None:
    video = VideoRef("scene", str(scene), media.probe(scene).duration_us)
    found = find_speakers(context, video)
    people = found.payload["tracks"]
    left = {p["track"] for p in people if p["boxes"][0][1] < 360}
    assert left != {p["track"] for p in people}
    assert {p.label for p in found.predictions} == {LABEL}

    def said(tracks: set[str], start: float, end: float) -> float:
        spans = [(p.segment.start / 1e6, p.segment.end / 1e6) for p in found.predictions if p.track in tracks]
        return sum(max(0.0, min(b, end) - max(a, start)) for a, b in spans)

    right = {p["track"] for p in people} - left
    assert said(left, 0, TURN_S) > 0.5
    assert said(right, 0, TURN_S) < said(left, 0, TURN_S)
    assert said({OFF_SCREEN}, 0, TURN_S) < 0.6
    assert said({OFF_SCREEN}, 2 * TURN_S, 3 * TURN_S) > 0.6 * TURN_S, "a voice in an empty room"
    assert said(left | right, 2 * TURN_S, 3 * TURN_S) < 0.3
    spans = [p.segment for p in found.predictions if p.track == OFF_SCREEN]
    spoken = [p.segment for p in found.predictions if p.track != OFF_SCREEN]
    assert all(a.end <= b.start + 80_000 or b.end <= a.start + 80_000 for a in spans for b in spoken)
    assert all(0.1 < p["quality"] <= 1 for p in people)
    assert len(found.payload["off_screen"]["times"]) == len(found.payload["off_screen"]["scores"]) > 0


def test_a_voice_with_no_face_in_the_whole_video(context: TaskContext, faces_folder: Path, tmp_path: Path) -> None:
    from studio.recipes.talking_heads import sound

    audio = sound(faces_folder / "WDA_KatieHill_000.mp4")[: 2 * RATE]
    path = write(tmp_path / "radio.mkv", [np.full((64, 64, 3), 90, np.uint8)] * 50, audio)
    found = find_speakers(context, VideoRef("radio", str(path), media.probe(path).duration_us))
    assert found.payload["note"].startswith("No faces were found; voices are marked as off screen. Mark by hand")
    assert found.payload["tracks"] == []
    assert {p.track for p in found.predictions} == {OFF_SCREEN}
    quiet = write(tmp_path / "quiet.mkv", [np.full((64, 64, 3), 90, np.uint8)] * 50, np.zeros(2 * RATE))
    assert find_speakers(context, VideoRef("quiet", str(quiet), media.probe(quiet).duration_us)).predictions == []


@pytest.mark.parametrize(
    ("what", "says"),
    [
        ((1, False, 0), "1 face, no sound in this file: nobody can be heard."),
        ((0, False, 0), "No faces, no sound in this file"),
        ((0, True, 0), "No faces were found, and no voice was heard."),
        ((2, True, 0), "2 faces and sound, but nobody was heard to speak."),
        ((2, True, 5), ""),
    ],
)
def test_what_was_missing_is_said_with_what_to_do(what: tuple[int, bool, int], says: str) -> None:
    note = _note(*what)
    assert note.startswith(says) and bool(note) == bool(says)
    assert not note or "by hand" in note


def test_the_voice_is_the_same_however_it_is_cut(
    context: TaskContext, scene: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    video = VideoRef("scene", str(scene), media.probe(scene).duration_us)
    times, whole = voice_curve(context, video, lambda fraction, message: None)
    monkeypatch.setattr("studio.tasks.off_screen_speech.PIECE_S", 3)
    _, pieces = voice_curve(context, video, lambda fraction, message: None)
    assert len(times) == len(whole) == len(pieces)
    assert np.mean((whole > 0.5) == (pieces > 0.5)) > 0.95


def test_off_screen_is_voice_without_a_face_nearby() -> None:
    times = np.arange(100, dtype=np.int64) * 40_000
    voice = np.where(times < 3_000_000, 0.9, 0.1).astype(np.float32)
    face = times[20:40], np.full(20, 0.8, np.float32)
    _, found = off_screen(times, voice, [face])
    _, beside = off_screen(times, voice, [], [(400_000, 800_000)])
    assert list(np.flatnonzero(beside == 0)) == list(range(10, 20))
    unsure = times, np.full(100, 0.5, np.float32)
    np.testing.assert_allclose(off_screen(times, voice, [unsure, unsure])[1][:75], 0.25)
    np.testing.assert_allclose(found[:12], 0.9)
    np.testing.assert_allclose(found[12:48], 0.2, atol=1e-6)
    np.testing.assert_allclose(found[48:75], 0.9)
    np.testing.assert_allclose(found[75:], 0.1)
    assert [len(part) for part in off_screen(times[:0], voice[:0], [])] == [0, 0]


def track(side: float, score: float = 0.9, end: float = 4.0) -> FaceTrack:
    times = np.arange(0, end, 0.125)
    scores = np.where(np.arange(len(times)) % 2, score, 0).astype(np.float32)
    return FaceTrack(times, np.tile(np.array([0, 0, side, side * 0.8], np.float32), (len(times), 1)), scores)


def test_quality_grows_with_size_sureness_and_sharpness() -> None:
    assert quality(track(56), 0.5) == pytest.approx(0.5 * 0.9 * 0.5)
    assert quality(track(400), None) == pytest.approx(0.9)
    assert quality(track(400, 0.6), 0.5) < quality(track(400), 0.5)


def test_a_crowd_is_worked_through_in_shorter_pieces() -> None:
    """So that as many crops are held at once as for a few faces."""
    few, many = [track(50, end=200)] * FACES_AT_ONCE, [track(50, end=200)] * (4 * FACES_AT_ONCE)
    assert max(len(m.times_s) for plan in _plan(few, 25) for m in plan) == SCENE_S * 25
    assert max(len(m.times_s) for plan in _plan(many, 25) for m in plan) == SCENE_S / 4 * 25
    crowd = [track(50, end=20)] * 200
    assert max(len(m.times_s) for plan in _plan(crowd, 25) for m in plan) == SHORTEST_PIECE_S * 25
