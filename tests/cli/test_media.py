"""`studio media`: several cameras and recordings on one timeline, from the command line and from Python."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from studio.cli import main
from studio.library import open_library
from tests.films import write_film
from tests.sounds import RATE, SOUNDS, babble, write_sound

Run = Callable[..., tuple[int, Any, str]]
SAID = babble(20, 1)


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """studio media WORDS --json → status, offsets by name, standard error."""

    def call(*words: str | Path) -> tuple[int, Any, str]:
        status = main(["media", "--home", str(tmp_path / "home"), "--device", "cpu", *map(str, words), "--json"])
        said = capsys.readouterr()
        found = {each["name"]: each["offset"] for each in json.loads(said.out)["media"]} if said.out else {}
        return status, found, said.err

    return call


def test_media_are_added_moved_and_removed(run: Run, tmp_path: Path) -> None:
    front, side = write_film(tmp_path / "front.mov", timecode="10:00:00:00"), tmp_path / "side.mov"
    write_film(side, timecode="10:00:01:05")
    assert run(front) == (0, {"front.mov": 0.0}, "")
    assert run(front, "--add", side) == (0, {"front.mov": 0.0, "side.mov": 0.0}, "")
    assert run("front.mov", "--add", "side.mov", "--offset=-0:00:01:05")[1]["side.mov"] == -1.2
    assert run(front, "--add", side, "--offset", "25 f")[1]["side.mov"] == 1.0
    assert run(front, "--add", side, "--timecode")[1]["side.mov"] == 1.2
    assert run(front, "--remove", side) == (0, {"front.mov": 0.0}, "")


def test_what_is_wrong_is_said(run: Run, tmp_path: Path) -> None:
    front = write_film(tmp_path / "front.mp4")
    assert run(front, "--sync") == (2, {}, "studio: Say with --add which video is meant.\n")
    assert "begins where its main video does" in run(front, "--add", front)[2]
    assert "is no time" in run(front, "--add", write_film(tmp_path / "side.mp4"), "--offset", "soon")[2]
    status, _, said = run(front, "--add", tmp_path / "side.mp4", "--sync")
    assert status == 2 and "has no sound to go by" in said


def test_the_sound_places_a_recording_or_says_that_it_does_not(run: Run, tmp_path: Path) -> None:
    main_one = write_sound(tmp_path / "main.wav", SAID)
    later = write_sound(tmp_path / "later.wav", 0.3 * SAID[3 * RATE :])
    stranger = write_sound(tmp_path / "stranger.wav", babble(15, 5))
    status, found, _ = run(main_one, "--add", later, "--sync")
    assert (status, found["later.wav"]) == (0, pytest.approx(3.0, abs=0.02))
    status, found, said = run(main_one, "--add", stranger, "--sync")
    assert (status, set(found)) == (1, {"main.wav", "later.wav"})
    assert "do not match" in said


def test_a_clock_that_runs_apart_is_corrected_where_that_is_asked_for(run: Run, tmp_path: Path) -> None:
    said, rate = babble(300, 9, 8_000), 1 + 3e-4
    places = np.arange(290 * 8_000) * rate + 4 * 8_000
    telephone = SOUNDS["telephone"]
    one = write_sound(tmp_path / "one.wav", said, telephone)
    copy = np.interp(places, np.arange(len(said)), said).astype(np.float32)
    other = write_sound(tmp_path / "other.wav", copy, telephone)
    _, found, told = run(one, "--add", other, "--sync")
    assert found["other.wav"] == pytest.approx(4 + 3e-4 * 145, abs=0.02)
    assert "run apart" in told and "Add --clock to correct its clock." in told
    _, found, told = run(one, "--add", other, "--sync", "--clock")
    assert (found["other.wav"], told) == (pytest.approx(4.0, abs=0.02), "")
    with open_library(tmp_path / "home", "cpu") as library:
        (main, side) = library.media(next(each for each in library.videos if each.name == "one.wav"))
        assert (main.rate, side.rate) == (1.0, pytest.approx(rate, abs=1e-5))
        assert library.sync_media(main.video, side.video, clock=True) == pytest.approx(4.0, abs=0.02)
        with pytest.warns(UserWarning, match="run apart"):
            library.sync_media(main.video, side.video)
        assert library.media(main.video)[1].rate == 1.0, "what is heard was compared as both clocks run"
    run(one, "--add", other, "--sync", "--clock")
    _, found, _ = run(one, "--add", other, "--sync")
    assert found["other.wav"] == pytest.approx(4 + 3e-4 * 145, abs=0.02)
    with open_library(tmp_path / "home", "cpu") as library:
        assert library.media(main.video)[1].rate == 1.0
    run(one, "--add", other, "--sync", "--clock")
    run(one, "--add", other, "--clock=-0.36")
    with open_library(tmp_path / "home", "cpu") as library:
        assert library.media(main.video)[1].rate == pytest.approx(0.9999)
        assert library.media(main.video)[1].offset == pytest.approx(4.0, abs=0.02)
    assert "--clock goes with --sync" in run(one, "--add", other, "--clock")[2]
    assert "takes seconds an hour" in run(one, "--add", other, "--clock", "fast")[2]


def test_the_same_from_python(tmp_path: Path) -> None:
    with open_library(tmp_path / "home", "cpu") as library:
        one, other, stranger = (
            library.add(write_sound(tmp_path / f"{name}.wav", sound))
            for name, sound in (("one", SAID), ("other", SAID[2 * RATE :]), ("stranger", babble(15, 5)))
        )
        library.place_media(one, other, -1.5)
        assert [(each.video.name, each.offset, each.role) for each in library.media(one)] == [
            ("one.wav", 0.0, "main"), ("other.wav", -1.5, "sound"),
        ]  # fmt: skip
        assert library.sync_media(one, other) == pytest.approx(2.0, abs=0.02)
        with pytest.warns(UserWarning, match="do not match"):
            assert library.sync_media(one, stranger) is None
        assert [each.offset for each in library.media(one)] == [0.0, pytest.approx(2.0, abs=0.02)]
        library.remove_media(one, other)
        assert len(library.media(one)) == 1
