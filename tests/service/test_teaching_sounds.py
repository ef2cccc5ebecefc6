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
from studio.tasks import detector_name
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
        assert studio.cache.has(row["id"], SOUND_STATISTICS)
        ids.append(row["id"])
    with pytest.raises(UsageError, match="Nothing is labelled “siren” yet"):
        studio.teaching.teach("siren")
    for seed in (0, 1, 2):
        label(studio, ids[seed], seed)
    taught = studio.teaching.teach("siren")
    assert (taught["step"], taught["modalities"]) == ("classifier", ["audio"])
    assert taught["measured"]["ap"] > 0.8 and "by their sound" in taught["note"]
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
    studio.cache.path(ids[0], SOUND_STATISTICS).unlink()  # of a library that is older than they are
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
    assert silent["id"] not in {each["video"] for each in without["predictions"]} or "vision" in without["modalities"]
