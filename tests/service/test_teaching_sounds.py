"""A label that is heard: learned from recordings and films by their sound, and found in others."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from studio.config import Settings
from studio.errors import UsageError
from studio.eval.grounding import iou
from studio.index import SOUND_STATISTICS
from studio.service import Studio
from studio.store import runs
from studio.tasks import TaskContext, VideoRef, detector_name, lesson
from studio.tasks.modalities import SOUND
from studio.tasks.sound_statistics import statistics_file
from studio.timeline import ModelRun, Prediction, Segment
from tests.films import write_film
from tests.sounds import RATE, SOUNDS, babble, write_sound

SECONDS, LASTS = 24.0, 2.0
STARTS = {0: (2.0, 9.0, 17.0), 1: (4.0, 12.0, 20.0), 2: (1.0, 7.5, 15.0), 3: (5.0, 11.0, 18.5)}


def siren(seed: int) -> np.ndarray[Any, Any]:
    """Somebody who talks, and at STARTS a siren, which rises and falls."""
    made = babble(SECONDS, seed)
    time = np.arange(round(LASTS * RATE)) / RATE
    wave = 0.3 * np.sin(2 * np.pi * np.cumsum(900 + 400 * np.sin(2 * np.pi * 1.5 * time)) / RATE)
    for start in STARTS[seed]:
        begin = round(start * RATE)
        made[begin : begin + len(time)] += wave.astype(np.float32)
    return made


def label(studio: Studio, video: str, seed: int, track: str = "Sounds") -> None:
    edits = [
        {"edit_id": f"{video}{n}", "op": "create", "id": f"{video}{n}", "base_version": 0, "track": track,
         "label": "siren", "start": start, "end": start + LASTS}
        for n, start in enumerate(STARTS[seed])
    ]  # fmt: skip
    assert all(each["ok"] for each in studio.timelines.save(video, edits)["results"])


def right(found: list[dict[str, Any]], seed: int) -> set[float]:
    """The starts of the sirens that one of these has at an IoU of .5."""
    return {
        start for start in STARTS[seed]
        if any(iou((each["start"], each["end"]), (start, start + LASTS)) >= 0.5 for each in found)
    }  # fmt: skip


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    opened = Studio(Settings(home=tmp_path / "home"))
    yield opened
    opened.close()


def test_a_sound_is_learned_from_recordings_and_found_in_another(studio: Studio, tmp_path: Path) -> None:
    ids = []
    for seed in STARTS:
        row = studio.videos.add(write_sound(tmp_path / f"talk{seed}.flac", siren(seed), SOUNDS["flac"]))
        studio.jobs.index(row["id"])
        assert list(studio.cache.folder(row["id"]).glob(f"{SOUND_STATISTICS}*"))
        ids.append(row["id"])
    with pytest.raises(UsageError, match="Nothing is labelled “siren” yet"):
        studio.teaching.teach("siren")
    for seed in (0, 1, 2):
        label(studio, ids[seed], seed)
    taught = studio.teaching.teach("siren")
    assert (taught["step"], taught["modalities"]) == ("classifier", ["audio"])
    assert taught["measured"]["ap"] > 0.8 and "by the sound" in taught["note"]
    ap, rounds = taught["measured"]["ap"], taught["measured"]["folds"]
    assert (
        "by the sound. How well it puts right moments before wrong ones, in what it was not learned from: "
        f"{ap:.2f} of 1"
    ) in taught["note"]
    assert f"(average precision, measured in {rounds} rounds)." in taught["note"]
    assert {each["video"] for each in taught["predictions"] if each["score"] > 0.5} == {ids[3]}
    assert right([each for each in taught["predictions"] if each["video"] == ids[3]], 3) == set(STARTS[3])
    content = studio.detectors.export(detector_name("siren", "Sounds"))
    studio.detectors.delete(detector_name("siren", "Sounds"))
    again = studio.teaching.detect(studio.detectors.import_(content)["name"])
    assert right([each for each in again["predictions"] if each["video"] == ids[3]], 3) == set(STARTS[3])
    assert again["modalities"] == ["audio"]


def test_what_films_do_not_show_is_learned_by_their_sound(studio: Studio, tmp_path: Path) -> None:
    """They all look alike; one has no sound, and what is marked there counts as not found."""
    ids = []
    for seed in (0, 1, 2):
        row = studio.videos.add(write_film(tmp_path / f"film{seed}.mp4", SECONDS, fps=5, sound=siren(seed)))
        studio.jobs.index(row["id"])
        ids.append(row["id"])
    for file in studio.cache.folder(ids[0]).glob(f"{SOUND_STATISTICS}*"):
        file.unlink()  # of a library that is older than they are
    for seed in (0, 1):
        label(studio, ids[seed], seed)
    taught = studio.teaching.teach("siren")
    assert "audio" in taught["modalities"] and taught["measured"]["ap"] > taught["by_text"]["ap"]
    assert right([each for each in taught["predictions"] if each["video"] == ids[2]], 2) == set(STARTS[2])
    measured = studio.teaching.measure("siren")
    assert measured["precision"]["3"]["0.5"] > 0.5
    silent = studio.videos.add(write_film(tmp_path / "silent.mp4", SECONDS, fps=5))
    studio.jobs.index(silent["id"])
    label(studio, silent["id"], 3)
    without = studio.teaching.teach("siren")
    assert without["measured"]["ap"] < taught["measured"]["ap"]
    with pytest.raises(UsageError, match="needs a sound that can be read, and nothing here has it"):
        studio.teaching.detect(detector_name("siren", "Sounds"), [silent])


def test_what_a_detector_found_that_went_by_something_else_is_given_up(studio: Studio, tmp_path: Path) -> None:
    silent = studio.videos.add(write_film(tmp_path / "silent.mp4", SECONDS, fps=5))
    rows = [studio.videos.add(write_film(tmp_path / f"film{n}.mp4", SECONDS, fps=5, sound=siren(n))) for n in (0, 1)]
    for row in (silent, *rows):
        studio.jobs.index(row["id"])
    found = [Prediction(Segment(0, 2_000_000), "Sounds", "siren", 0.9)]
    name = detector_name("siren", "Sounds")
    by_looks = ModelRun(silent["id"], "detection", name, "1", found, {}, "siren", {"track": "Sounds"})
    studio.store.write(lambda db: runs.insert(db, by_looks))
    assert len(studio.timelines.load(silent["id"])["predictions"]) == 1
    for number, row in enumerate(rows):
        label(studio, row["id"], number)
    assert studio.teaching.teach("siren")["modalities"] == ["audio"]
    assert studio.timelines.load(silent["id"])["predictions"] == []


def test_a_film_among_recordings_is_learned_from_by_its_sound(studio: Studio, tmp_path: Path) -> None:
    """By pictures nothing could be held out: of its two moments one film has both."""
    film = studio.videos.add(write_film(tmp_path / "film.mp4", SECONDS, fps=5, sound=siren(0)))
    talks = [studio.videos.add(write_sound(tmp_path / f"talk{n}.flac", siren(n), SOUNDS["flac"])) for n in (1, 2)]
    for row in (film, *talks):
        studio.jobs.index(row["id"])
    label(studio, film["id"], 0)
    label(studio, talks[0]["id"], 1)
    taught = studio.teaching.teach("siren")
    assert "audio" in taught["modalities"] and taught["measured"]["ap"] > 0.4
    assert taught["version"] == "1", "it is kept"
    assert right([each for each in taught["predictions"] if each["video"] == talks[1]["id"]], 2) == set(STARTS[2])
    label(studio, talks[1]["id"], 2)
    assert studio.teaching.teach("siren")["measured"]["folds"] == 3


def test_recordings_that_do_not_sound_alike_propose_no_whole_recordings(studio: Studio, tmp_path: Path) -> None:
    rows = [
        studio.videos.add(write_sound(tmp_path / f"talk{n}.flac", babble(SECONDS, n), SOUNDS["flac"])) for n in range(3)
    ]
    for number, row in enumerate(rows):
        studio.jobs.index(row["id"])
        if number < 2:
            label(studio, row["id"], number)
    taught = studio.teaching.teach("siren")
    assert taught["step"] == "classifier" and taught["measured"]["ap"] < 0.5
    assert all(each["end"] - each["start"] < SECONDS / 2 for each in taught["predictions"])


def test_more_than_fits_into_memory_is_known(studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sound of what has moments is listened to first; of the others as much as there is room for."""
    context, told = TaskContext(studio.settings), lesson.Lesson("x", "T", {
        "a": lesson.Said(absent=[(1, 2)]), "b": lesson.Said(positive=[(0, 9)]), "c": lesson.Said(positive=[(0, 9)]),
    })  # fmt: skip
    refs = [VideoRef(name, "", 30_000_000, pictures=False) for name in "abcd"]
    for seconds, chosen in ((100_000, "abc"), (70, "bc"), (40, "c"), (10, "")):  # the label puts c before b
        monkeypatch.setattr(lesson, "MOST_HEARD_S", seconds)
        assert lesson._listened_to(context, told, refs) == set(chosen)


def test_what_is_marked_after_the_end_of_the_sound_is_no_moment_of_it(studio: Studio, tmp_path: Path) -> None:
    row = studio.videos.add(write_film(tmp_path / "film.mp4", 8.0, fps=5, sound=siren(0)[: 4 * RATE]))
    studio.jobs.index(row["id"])
    context = TaskContext(studio.settings)
    ref = VideoRef(row["id"], row["path"], row["duration_us"])
    (place,) = lesson.places(context, lesson.Lesson("x", "T", {}), ref, SOUND.key)
    assert 4_000_000 <= place.end_us < 4_500_000
    said = lesson.Said(positive=[(2_000_000, 3_000_000), (6_000_000, 7_000_000)])
    assert lesson.labelled(place, lesson.within(place, said)).truth.tolist() == [[2, 3]]


def test_the_sound_of_another_track_is_another_file() -> None:
    assert len({statistics_file(VideoRef("v", "", 1, track)) for track in (None, 1, 2)}) == 3
