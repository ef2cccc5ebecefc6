"""Boxes over a camera that is not the main one: kept with it, at its times, tracked in its file, in JSON alone."""

import json
import uuid
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from studio.cli import main
from studio.errors import UsageError
from studio.recipes.text_reading import write
from studio.service import Studio
from studio.store import timelines, videos
from studio.timeline.boxes import iou
from studio.timeline.time import MICROS
from tests.conftest import VIDEO
from tests.films import write_film
from tests.models.test_tracking import SIDE, SIZE, scene
from tests.sounds import make_sound

Row = dict[str, Any]
HERE = [0.1, 0.2, 0.3, 0.4]


@pytest.fixture
def side(studio: Studio) -> Row:
    """v2, of 20 s, begins 5 s after v1, of 60 s."""
    for each in (VIDEO, {**VIDEO, "id": "v2", "name": "side.mp4", "path": "/films/side.mp4", "duration_us": 20 * MICROS,
                         "sha256": "other"}):  # fmt: skip
        studio.store.write(lambda db, each=each: videos.insert(db, dict(each)))  # type: ignore[misc]
    studio.store.write(lambda db: timelines.attach(db, "v1", "v2", 5 * MICROS, timelines.CAMERA))
    for name, count in (("v1", 1500), ("v2", 500)):
        studio.cache.save_array(name, "pts.npy", np.arange(count) * 40_000)
    return studio.videos.get("v2")


def edit(studio: Studio, before: Row, after: Row, box: str = "b1") -> Row:
    sent = {"op": "box", "edit_id": uuid.uuid4().hex, "id": box, "before": before, "after": after}
    answer: Row = studio.timelines.save("v1", [sent], "ada")["results"][0]
    return answer


def drawn(at: float, medium: str = "v2") -> Row:
    return {"deleted": False, "label": "car", "name": "", "medium": medium, "keys": [{"at": at, "box": HERE}]}


def shown(studio: Studio) -> list[Row]:
    found: list[Row] = studio.timelines.load("v1")["boxes"]
    return found


def test_a_box_is_kept_with_its_camera_at_its_own_time(studio: Studio, side: Row) -> None:
    assert edit(studio, {"deleted": True}, drawn(2.0))["ok"]
    (box,) = shown(studio)
    assert (box["medium"], box["keys"][0]["at"]) == ("v2", 2)
    assert studio.timelines.load("v2")["boxes"] == [], "it is of the timeline on which it was drawn"
    studio.store.write(lambda db: timelines.attach(db, "v1", "v2", 7 * MICROS, timelines.CAMERA))
    assert shown(studio)[0]["keys"][0]["at"] == 2, "it moves with its camera"
    removed = {"deleted": False, "label": "car", "name": "", "medium": "v2", "keys": box["keys"]}
    assert edit(studio, removed, {"deleted": True})["ok"] and not shown(studio)
    assert edit(studio, {"deleted": True}, removed)["ok"] and shown(studio)[0]["medium"] == "v2", "undone"
    assert edit(studio, {"deleted": True}, drawn(1, "v1"), "b2")["ok"]
    assert {box["id"]: box["medium"] for box in shown(studio)} == {"b1": "v2", "b2": ""}


def test_what_cannot_be_is_refused(studio: Studio, side: Row, tmp_path: Path) -> None:
    late = edit(studio, {"deleted": True}, drawn(25.0))
    assert not late["ok"] and "within the video" in late["error"], "25 s are within the main one alone"
    studio.store.write(lambda db: timelines.detach(db, "v1", "v2"))
    gone = edit(studio, {"deleted": True}, drawn(2.0))
    assert not gone["ok"] and "not on the timeline" in gone["error"]
    sound = studio.videos.add(make_sound(tmp_path, "wav", 2.0))
    studio.store.write(lambda db: timelines.attach(db, "v1", sound["id"], 0, timelines.SOUND))
    silent = edit(studio, {"deleted": True}, drawn(1.0, sound["id"]))
    assert not silent["ok"] and "no pictures" in silent["error"]


def test_json_has_the_camera_and_other_formats_say_that_they_have_no_place(studio: Studio, side: Row) -> None:
    assert edit(studio, {"deleted": True}, drawn(2.0))["ok"]
    assert edit(studio, {"deleted": True}, drawn(3.0, ""), "b2")["ok"]
    data = studio.exchange.export("v1", "json")
    tracks = json.loads(data)["box_tracks"]
    assert [track.get("medium", "") for track in tracks] == ["side.mp4", ""]
    assert not any("camera" in sentence for sentence in studio.exchange.losses("v1", "json"))
    for name in ("cvat", "labelstudio", "via", "elan", "csv"):
        told = [sentence for sentence in studio.exchange.losses("v1", name) if "box" in sentence]
        assert told[0] == "1 box over another camera than the main one is left out: this format has no place for them."
    assert studio.exchange.export("v1", "cvat").count(b'label="car"') == 1
    assert len(json.loads(studio.exchange.coco("v1"))["annotations"]) == 1


def test_boxes_over_a_camera_that_left_the_library_are_exported_and_can_be_deleted(studio: Studio, side: Row) -> None:
    assert edit(studio, {"deleted": True}, drawn(2.0))["ok"]
    studio.videos.remove("v2")
    said = json.loads(studio.exchange.export("v1", "json"))["box_tracks"]
    assert [(track["medium"], track["label"]) for track in said] == [("side.mp4", "car")]
    assert any("another camera" in sentence for sentence in studio.exchange.losses("v1", "cvat"))
    (box,) = shown(studio)
    seen = {"deleted": False, "label": "car", "name": "", "medium": "v2", "keys": box["keys"]}
    assert edit(studio, seen, {"deleted": True})["ok"] and not shown(studio)


def test_what_json_says_of_a_camera_comes_back(studio: Studio, side: Row) -> None:
    assert edit(studio, {"deleted": True}, drawn(2.0))["ok"]
    data = studio.exchange.export("v1", "json")
    assert studio.exchange.preview(data, "talk.json", "json")["objects"] == 0, "it is there already"
    (box,) = shown(studio)
    seen = {"deleted": False, "label": "car", "name": "", "medium": "v2", "keys": box["keys"]}
    assert edit(studio, seen, {"deleted": True})["ok"]
    studio.exchange.apply(data, "talk.json", "json", annotator="ben")
    (back,) = shown(studio)
    assert (back["medium"], back["keys"], back["label"]) == ("v2", box["keys"], "car")
    elsewhere = data.replace(b"side.mp4", b"nowhere.mp4")
    told = studio.exchange.preview(elsewhere, "talk.json", "json")["parts"][0]["problems"]
    assert any("boxes over “nowhere.mp4” are left out" in sentence for sentence in told), told


def test_it_is_tracked_in_the_file_of_its_camera(studio: Studio, tmp_path: Path) -> None:
    count, speed = 30, 4
    path = tmp_path / "side.mp4"
    write(path, (scene(20 + speed * n, 80)[0] for n in range(count)), (SIZE[1], SIZE[0]))
    front, camera = studio.videos.add(write_film(tmp_path / "front.mp4", 5)), studio.videos.add(path)
    studio.store.write(lambda db: timelines.attach(db, front["id"], camera["id"], MICROS, timelines.CAMERA))

    def place(n: int) -> tuple[float, float, float, float]:
        x = 20 + speed * n
        return x / SIZE[1], 80 / SIZE[0], (x + SIDE) / SIZE[1], (80 + SIDE) / SIZE[0]

    with pytest.raises(UsageError, match="not on the timeline"):
        studio.boxes.draw(camera, place(0), 0, medium=front)
    box = studio.boxes.draw(front, place(0), 0, "toy", medium=camera)
    made = studio.boxes.track(front, box, 0, camera["duration_us"])
    (track,) = studio.boxes.of_video(front)
    assert track.medium == camera["id"] and made["keys"] == len(track.keys) - 1 > 0
    assert studio.boxes.of_video(camera) == []
    pts = [int(time) for time in studio.media.frames(camera)]
    assert {key.time_us for key in track.keys} <= set(pts)
    found = [track.at(pts[n]) for n in range(1, 20)]
    assert sum(iou(each, place(n)) > 0.6 for n, each in enumerate(found, 1) if each) >= 17


def test_the_command_line_draws_over_a_camera(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = ["--home", str(tmp_path / "home")]
    films = [
        str(write_film(tmp_path / f"{name}.mp4", 3, began=began)) for name, began in (("front", 0.0), ("side", 1.0))
    ]
    assert main(["add", *films, *home]) == 0
    assert main(["media", films[0], "--add", films[1], "--offset=1", *home]) == 0
    capsys.readouterr()
    drawn = ["--draw", ".1,.2,.3,.4", "--at", "0.5", "--label", "car"]
    assert main(["boxes", films[0], "--camera", films[1], *drawn, "--json", *home]) == 0
    (box,) = json.loads(capsys.readouterr().out)["boxes"]
    assert box["medium"] and box["keys"][0]["at"] == pytest.approx(0.5, abs=0.05)
    assert main(["boxes", films[0], "--camera", films[1], *home]) == 2
    assert "--camera is for a box that is drawn" in capsys.readouterr().err
