"""Boxes over time in files: what comes back, what CVAT and other tools write, and what is said to be lost."""

import json
from dataclasses import replace

import numpy as np
import pytest

from studio.formats import FORMATS, losses, named, place
from studio.service import Studio
from studio.store import videos
from studio.timeline import Timeline
from studio.timeline.boxes import BoxTrack, KeyFrame
from tests.conftest import VIDEO
from tests.formats.conftest import STEADY

S = 1_000_000
CAR = BoxTrack("b1", "car", "the <red> one", (
    KeyFrame(0, 0.1, 0.2, 0.3, 0.4), KeyFrame(S, 0.2, 0.2, 0.4, 0.5, source="tracked"),
    KeyFrame(2 * S, 0.2, 0.2, 0.4, 0.5, hidden=True), KeyFrame(3 * S, 0.5, 0.5, 1.0, 1.0),
), "ada", "bob")  # fmt: skip
PERSON = BoxTrack("b2", "", "", (KeyFrame(4 * S, 0.0, 0.0, 0.25, 0.5),))
BOTH = Timeline(STEADY, objects=(CAR, PERSON))


def back(name: str, timeline: Timeline = BOTH) -> list[BoxTrack]:
    form = FORMATS[name]
    assert form.write and form.read
    placed = [place(part, STEADY) for part in form.read(form.write([timeline]), "x" + form.extension)]
    assert not [mark for one in placed for mark in one.marks] and not [p for one in placed for p in one.problems]
    return [track for one in placed for track in one.objects]


def test_our_own_format_has_all_of_them() -> None:
    assert back("json") == [replace(each, id="") for each in (CAR, PERSON)]
    assert losses(named("json"), [BOTH]) == []


def test_cvat_has_where_they_are_at_each_frame() -> None:
    found = back("cvat")
    assert [(each.label, each.name, each.annotator) for each in found] == [
        ("car", "the <red> one", "ada"),
        ("", "", ""),
    ]
    for there, here in zip((CAR, PERSON), found, strict=True):
        for time in STEADY.pts[:150]:
            wanted, got = there.at(time), here.at(time)
            assert (wanted is None) == (got is None), time
            assert got is None or got == pytest.approx(wanted, abs=1e-4)


@pytest.mark.parametrize("name", sorted(set(FORMATS) - {"json", "cvat", "labelstudio"}))
def test_what_other_formats_lose_is_said(name: str) -> None:
    form = FORMATS[name]
    if form.write is None:
        return
    said = [sentence for sentence in losses(form, [BOTH]) if "over time" in sentence]
    if form.holds.objects == "keys":
        assert said == ["2 boxes over time are written at their key frames: what is between them, and where it is "
                        "hidden, is dropped."]  # fmt: skip
        assert set(form.holds.narrowed(BOTH).boxes) == {"the <red> one", "box"}
    else:
        assert said == ["2 boxes over time are not written: this format has no place for them."]


TRACK = """<annotations><meta><task><size>1250</size><stop_frame>99</stop_frame><original_size><width>640</width>
<height>360</height></original_size><source>x.mp4</source></task></meta>
<track id="0" label="dog">{}</track></annotations>"""
BOX = '<box frame="{}" outside="{}" occluded="0" keyframe="{}" xtl="{}" ytl="36" xbr="{}" ybr="72"/>'


def cvat(*shapes: tuple[int, int, int, int]) -> list[BoxTrack]:
    """What a track of CVAT becomes, by (frame, outside, keyframe, left)."""
    text = TRACK.format("".join(BOX.format(frame, out, key, left, left + 64) for frame, out, key, left in shapes))
    (part,) = named("cvat").read(text.encode(), "x.xml")  # type: ignore[misc]
    assert part.marks, "its stretches are segments, too"
    return list(place(part, STEADY).objects)


def test_a_track_of_cvat_is_read_by_its_key_frames_and_ends_before_it_is_outside() -> None:
    (found,) = cvat((10, 0, 1, 64), (11, 0, 0, 70), (20, 0, 1, 128), (30, 1, 1, 192))
    assert [(key.time_us, round(key.x1, 3), key.hidden) for key in found.keys] == [
        (400_000, 0.1, False), (800_000, 0.2, False), (1_160_000, 0.29, False),
    ]  # fmt: skip
    assert found.keys[0].source == "import"


def test_a_track_of_cvat_that_is_never_outside_lasts_to_the_last_frame() -> None:
    (found,) = cvat((10, 0, 1, 64))
    assert [key.time_us for key in found.keys] == [400_000, 99 * 40_000]
    (found,) = cvat((10, 0, 1, 64), (20, 1, 1, 64), (40, 0, 1, 64))
    assert [(key.time_us // 40_000, key.hidden) for key in found.keys] == [
        (10, False), (20, True), (40, False), (99, False),
    ]  # fmt: skip


def test_what_is_no_box_over_time_costs_itself() -> None:
    document = json.loads(named("json").write([BOTH]))  # type: ignore[misc]
    document["box_tracks"][0]["keys"][0] = [0, 0.1]
    document["box_tracks"][1]["keys"] += [
        [90 * S, 0, 0, 1, 1, False, "manual"],
        [5 * S, 0.5, 0, 0.5, 1, False, "manual"],
    ]
    (part,) = named("json").read(json.dumps(document).encode(), "x.json")  # type: ignore[misc]
    placed = place(part, STEADY)
    assert [len(each.keys) for each in placed.objects] == [1]
    assert any("1 box outside the video's time is left out." in p for p in placed.problems)
    assert any("1 box without an area in the picture is left out." in p for p in placed.problems)


def test_boxes_are_imported_once_taken_back_and_brought_again(studio: Studio) -> None:
    studio.store.write(lambda db: videos.insert(db, {**VIDEO, "name": STEADY.name}))
    studio.cache.save_array("v1", "pts.npy", np.array(STEADY.pts, np.int64))
    row = studio.videos.get("v1")
    data = named("json").write([BOTH])  # type: ignore[misc]
    shown = studio.exchange.preview(data, "x.json")
    assert shown["objects"] == 2
    made = studio.exchange.apply(data, "x.json", annotator="zoe")
    found = studio.boxes.of_video(row)
    assert [(each.label, each.annotator) for each in found] == [("car", "ada"), ("", "zoe")]
    assert studio.exchange.preview(data, "x.json")["objects"] == 0, "what is there is not added again"
    key = {"at": 4, "box": [0.0, 0.0, 0.25, 0.5]}
    edit = {"id": found[1].id, "before": {"keys": [key]}, "after": {"keys": [{"at": 4, "box": [0, 0, 1, 1]}]}}
    studio.boxes.save(row, [edit], "ada")
    assert studio.exchange.undo(made["import"]) == {"removed": 1, "kept": 1}
    assert [each.label for each in studio.boxes.of_video(row)] == [""]
    assert studio.exchange.redo(made["import"])["added"] == 1
    assert [each.label for each in studio.boxes.of_video(row)] == ["car", ""]
    written = json.loads(studio.exchange.export("v1", "json"))
    assert [len(each["keys"]) for each in written["box_tracks"]] == [4, 1]


def test_a_rectangle_of_label_studio_is_not_seen_after_a_place_that_is_not_enabled() -> None:
    places = [(1, True, 10), (11, False, 20), (31, True, 30), (41, True, 40)]
    sequence = [
        {"frame": frame, "enabled": on, "x": x, "y": 10, "width": 10, "height": 10, "rotation": 0}
        for frame, on, x in places
    ]
    value = {"framesCount": 100, "duration": 4, "labels": ["dog"], "sequence": sequence}
    result = {"id": "a1b2", "type": "videorectangle", "from_name": "box", "to_name": "video", "value": value}
    for timed in (False, True):
        for place_ in sequence if timed else []:
            place_["time"] = (place_["frame"] - 1) / 25
        task = [{"data": {"video": "x.mp4"}, "annotations": [{"result": [result]}]}]
        parts = named("labelstudio").read(json.dumps(task).encode(), "x.json")  # type: ignore[misc]
        (found,) = (each for part in parts for each in place(part, STEADY).objects)
        assert [(key.time_us // 40_000, key.hidden) for key in found.keys] == [
            (0, False), (10, False), (11, True), (30, False), (40, False), (99, False),
        ]  # fmt: skip
        assert (found.label, found.keys[1].corners) == ("dog", (0.2, 0.1, 0.3, 0.2))
