"""Boxes over time as COCO for video."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from studio.errors import FormatError, UsageError
from studio.formats import coco_video, losses, place
from studio.service import Studio
from studio.store import videos
from studio.timeline import Annotation, Beside, Footage, Segment, Timeline
from studio.timeline.boxes import BoxTrack, KeyFrame
from tests.conftest import VIDEO

FRAME = 40_000
FOOTAGE = Footage("talk.mp4", 100 * FRAME, "v1", 640, 360, 25.0, tuple(range(0, 100 * FRAME, FRAME)))
DOG = BoxTrack("d", "dog", "Rex", (
    KeyFrame(10 * FRAME, 0.1, 0.2, 0.3, 0.4), KeyFrame(20 * FRAME, 0.2, 0.2, 0.4, 0.4),
    KeyFrame(30 * FRAME, 0.2, 0.2, 0.4, 0.4, hidden=True), KeyFrame(40 * FRAME, 0.5, 0.5, 0.75, 1.0),
    KeyFrame(42 * FRAME, 0.5, 0.5, 0.75, 1.0, occluded=True),
), "zoe")  # fmt: skip


def test_a_box_for_each_frame_at_which_it_is_seen_and_back() -> None:
    data = coco_video.write([Timeline(FOOTAGE, objects=(DOG,))])
    document = json.loads(data)
    assert document["categories"] == [{"id": 1, "name": "dog"}]
    frames = [image["frame_id"] for image in document["images"]]
    assert frames == [*range(10, 30), 40, 41, 42]
    first, middle = document["annotations"][0], document["annotations"][5]
    assert (first["bbox"], first["area"]) == ([64.0, 72.0, 128.0, 72.0], 9216.0)
    assert middle["bbox"] == [96.0, 72.0, 128.0, 72.0]
    (part,) = coco_video.read(data, "x.json")
    (back,) = place(part, FOOTAGE).objects
    assert (back.label, back.name, back.annotator) == ("dog", "Rex", "zoe")
    for frame in range(100):
        here, there = DOG.at(frame * FRAME), back.at(frame * FRAME)
        assert (here is None) == (there is None), frame
        assert here is None or there is None or there == pytest.approx(here, abs=1e-3), frame
        assert here is None or DOG.is_occluded(frame * FRAME) == back.is_occluded(frame * FRAME) == (frame == 42)
    assert len(back.keys) < 12, "key frames that say nothing are left out"


def test_boxes_of_tao_are_one_a_second_and_in_between_it_is_there() -> None:
    images = [{"id": n, "video_id": 7, "frame_index": 25 * n, "width": 640, "height": 360} for n in range(4)]
    boxes = [{"id": n, "image_id": n, "track_id": 3, "category_id": 9, "bbox": [10 * n, 0, 64, 36]} for n in range(4)]
    lone = {"id": 9, "image_id": 0, "track_id": 4, "category_id": 8, "bbox": [1, 2, 3]}
    document = {"videos": [{"id": 7, "name": "a/talk.mp4"}], "images": images, "annotations": [*boxes, lone],
                "categories": [{"id": 9, "name": "car"}]}  # fmt: skip
    (part,) = coco_video.read(json.dumps(document).encode(), "x.json")
    (problem,) = part.problems
    assert problem.startswith("1 item cannot be read") and "four numbers: left, top, width and height" in problem
    (track,) = place(part, FOOTAGE).objects
    assert (track.label, [key.hidden for key in track.keys]) == ("car", [False, False])
    assert track.at(25 * FRAME) == pytest.approx((10 / 640, 0, 74 / 640, 0.1))


@pytest.mark.parametrize("wrong", [{"annotations": {}}, [], {"annotations": [{"image_id": 1}]}, {"images": 3}])
def test_anything_else_is_refused(wrong: Any) -> None:
    with pytest.raises(FormatError):
        coco_video.read(json.dumps(wrong).encode(), "x.json")


def test_what_else_there_is_is_said() -> None:
    marks = (
        Annotation("a", Segment(0, FRAME), "Hands", "wave"),
        Annotation("b", Segment(0, FRAME), "x", "", deleted=True),
    )
    lines, beside = ((0, FRAME, "hello"), (0, 9 * FRAME, "you")), (Beside("side.mp4", 0, True),)
    timeline = Timeline(
        FOOTAGE, marks, {}, {"Hands": ((0, 0.0, 0.0, 0.5, 0.5),)}, lines, cameras=beside, objects=(DOG,)
    )
    assert losses(coco_video.FORMAT, [timeline]) == [
        "1 segment is not written: this format has boxes over time only.",
        "The boxes of 1 track are dropped.",
        "2 lines of the transcript are not written: this format has no place for them.",
        "1 other camera or recording of the timeline is left out; times are those of the main one.",
    ]
    assert losses(coco_video.FORMAT, [Timeline(FOOTAGE, objects=(DOG,))]) == []
    assert losses(coco_video.FORMAT, [Timeline(FOOTAGE)]) == ["“talk.mp4” has no boxes over time; draw some first."]


def test_into_a_library_and_out_of_it(studio: Studio, clips: dict[str, Path]) -> None:
    video = studio.videos.add(clips["bikes"])["id"]
    with pytest.raises(UsageError, match="has no boxes over time"):
        studio.exchange.coco(video)
    assert not studio.exchange.fits(video, "coco-video")
    data = coco_video.write([Timeline(FOOTAGE, objects=(DOG,))])
    made = studio.exchange.read_coco(data, "boxes.json", video, "ann")
    assert (made["objects"], made["problems"]) == (1, [])
    with pytest.raises(UsageError, match="nothing new in this file"):
        studio.exchange.read_coco(data, "boxes.json", video, "ann")
    assert studio.exchange.fits(video, "coco-video") and studio.exchange.losses(video, "coco-video") == []
    assert studio.exchange.export(video, "coco-video") == studio.exchange.coco(video)
    out = json.loads(studio.exchange.coco(video))
    assert len(out["annotations"]) == len(json.loads(data)["annotations"])
    assert studio.exchange.undo(made["import"])["removed"] == 1
    assert studio.boxes.of_video(studio.videos.get(video)) == []


def test_what_is_wrong_with_a_file_of_two_videos_is_said(studio: Studio) -> None:
    """The first part has the sentences of the whole file, also where the other one is meant."""
    studio.store.write(lambda db: videos.insert(db, {**VIDEO, "name": "talk.mp4"}))
    studio.cache.save_array("v1", "pts.npy", np.arange(0, VIDEO["duration_us"], 40_000))
    other = Footage("other.mp4", FOOTAGE.duration, "v2", 640, 360, 25.0, FOOTAGE.pts)
    document = json.loads(coco_video.write([Timeline(other, objects=(DOG,)), Timeline(FOOTAGE, objects=(DOG,))]))
    document["annotations"][-1]["bbox"] = [1, 2, 3]
    made = studio.exchange.read_coco(json.dumps(document).encode(), "boxes.json", "v1", "ann")
    assert made["objects"] == 1
    (problem,) = made["problems"]
    assert problem.startswith("1 item cannot be read and is left out")
