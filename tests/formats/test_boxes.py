"""Boxes over time in files: what comes back, what CVAT and other tools write, and what is said to be lost."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest

from studio.formats import FORMATS, coco_video, losses, named, place
from studio.service import Studio
from studio.service.exchange.exchange import ImportOptions
from studio.store import videos
from studio.timeline import Annotation, AttributeType, Segment, Timeline
from studio.timeline.boxes import BoxTrack, KeyFrame
from tests.conftest import VIDEO
from tests.formats.conftest import STEADY

S = 1_000_000
CAR = BoxTrack("b1", "car", "the <red> one", (
    KeyFrame(0, 0.1, 0.2, 0.3, 0.4), KeyFrame(S, 0.2, 0.2, 0.4, 0.5, source="tracked", occluded=True),
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
    assert back("json") == [CAR, PERSON]
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
            assert got is None or there.is_occluded(time) == here.is_occluded(time) == (S <= time < 2 * S)
    assert losses(named("cvat"), [BOTH]) == []


LIKE = {"colour": "red", "wheels": 4, "parked": True, "seen by": ["ann", "ben"]}
DESCRIBED = replace(BOTH, objects=(replace(PERSON, attributes=LIKE), PERSON))


def test_attributes_come_back_or_that_is_said() -> None:
    found = {name: back(name, DESCRIBED) for name in ("json", "cvat", "labelstudio")}
    assert {name: [dict(each.attributes) for each in made] for name, made in found.items()} == {
        "json": [LIKE, {}],
        "cvat": [{"colour": "red", "wheels": "4", "parked": "true", "seen by": '["ann", "ben"]'}, {}],
        "labelstudio": [{**LIKE, "parked": "true"}, {}],
    }  # fmt: skip
    said = {name: losses(named(name), [DESCRIBED]) for name in ("json", "cvat", "labelstudio")}
    assert said == {
        "json": [],
        "cvat": ["The attributes of 1 box over time that are no text become text."],
        "labelstudio": ["The attributes of 1 box over time that are no texts, numbers or lists become text."],
    }
    for name in ("via", "ava"):
        assert "The attributes of 1 box over time are dropped." in losses(named(name), [DESCRIBED])
    (part,) = coco_video.read(coco_video.write([DESCRIBED]), "x.json")
    assert [dict(each.attributes) for each in place(part, STEADY).objects] == [LIKE, {}]
    assert losses(coco_video.FORMAT, [DESCRIBED]) == []


def test_cvat_declares_them_with_the_types_of_the_schema_and_what_changes_is_none() -> None:
    types = {("Boxes", ""): (AttributeType("colour", "choice", ("red", "blue")),)}
    text = named("cvat").write([replace(DESCRIBED, attribute_types=types)]).decode()  # type: ignore[misc]
    assert "<name>colour</name><mutable>False</mutable><input_type>select</input_type>" in re.sub(r">\s+<", "><", text)
    box = '<box frame="{}" outside="0" keyframe="1" xtl="64" ytl="36" xbr="128" ybr="72">{}</box>'
    said = '<attribute name="{}">{}</attribute>'
    shapes = (
        (10, said.format("colour", "red") + said.format("gait", "walk") + said.format("empty", "")),
        (20, said.format("gait", "run")),
    )
    (part,) = named("cvat").read(TRACK.format("".join(box.format(*each) for each in shapes)).encode(), "x.xml")  # type: ignore[misc]
    (found,) = part.objects
    assert dict(found.attributes) == {"colour": "red"}


def test_attributes_of_a_file_become_what_the_schema_has(studio: Studio) -> None:
    studio.store.write(lambda db: videos.insert(db, {**VIDEO, "name": STEADY.name}))
    studio.cache.save_array("v1", "pts.npy", np.array(STEADY.pts, np.int64))
    wheels = {"name": "wheels", "kind": "number", "low": 1, "high": 18}
    tracks = [{"track": "Boxes", "closed": False, "exclusive": False, "attributes": [wheels]}]
    studio.labels.save({"labels": [], "tracks": tracks}, "ann")
    data = named("cvat").write([DESCRIBED])  # type: ignore[misc]
    studio.exchange.apply(data, "x.xml", "cvat", ImportOptions("v1"))
    row = studio.videos.get("v1")
    for found in (studio.boxes.of_video(row), studio.exchange.timeline(row).objects):
        assert {each.attributes.get("wheels") for each in found} == {4, None}


LINKED = replace(BOTH, annotations=(
    Annotation("s1", Segment(0, 2 * S), "drives", "car", attributes={"box": "b1"}),
    Annotation("s2", Segment(4 * S, 5 * S), "drives", "walks", attributes={"box": "b2"}),
    Annotation("s3", Segment(6 * S, 7 * S), "drives", "other", attributes={"box": "of mine"}),
))  # fmt: skip


@pytest.mark.parametrize("name", ["json", "cvat", "via", "labelstudio"])
def test_segments_know_their_box_in_another_library(studio: Studio, name: str) -> None:
    studio.store.write(lambda db: videos.insert(db, {**VIDEO, "name": STEADY.name}))
    studio.cache.save_array("v1", "pts.npy", np.array(STEADY.pts, np.int64))
    form = named(name)
    assert form.write
    studio.exchange.apply(form.write([LINKED]), "x" + form.extension, name, ImportOptions("v1"))
    row = studio.videos.get("v1")
    boxes = {each.label: each.id for each in studio.boxes.of_video(row)}
    assert len(boxes) == 2 and not set(boxes.values()) & {"b1", "b2"}
    said = {a.label: a.attributes.get("box") for a in studio.timelines.annotations("v1")}
    assert said == {"car": boxes["car"], "walks": boxes[""], "other": "of mine"}
    for data in (form.write([LINKED]), studio.exchange.export("v1", name)):
        again = studio.exchange.preview(data, "x" + form.extension, name, ImportOptions("v1"))
        assert [again[key] for key in ("segments", "different", "objects")] == [0, 0, 0]
    assert not [each for each in losses(form, [LINKED]) if "about a box" in each]


def test_a_box_that_was_changed_here_stays_that_of_its_segments(studio: Studio) -> None:
    studio.store.write(lambda db: videos.insert(db, {**VIDEO, "name": STEADY.name}))
    studio.cache.save_array("v1", "pts.npy", np.array(STEADY.pts, np.int64))
    studio.exchange.apply(named("json").write([LINKED]), "x.json", "json", ImportOptions("v1"))  # type: ignore[misc]
    data = json.loads(studio.exchange.export("v1", "json"))
    data["box_tracks"][0]["keys"][0][1] = 0.15
    shown = studio.exchange.preview(json.dumps(data).encode(), "x.json", "json", ImportOptions("v1"))
    assert [shown[key] for key in ("segments", "different", "objects")] == [0, 0, 1]


def test_that_a_file_lacks_the_box_of_a_segment_is_said() -> None:
    said = "2 segments are about a box over time that is not in the file."
    assert {name for name, form in FORMATS.items() if said in losses(form, [LINKED])} == {
        "activitynet", "boris", "csv", "fiftyone", "otio",
    }  # fmt: skip
    beside = replace(LINKED, objects=(replace(CAR, medium="side.mp4"), PERSON))
    assert "1 segment is about a box over time that is not in the file." in losses(named("cvat"), [beside])


def test_what_label_studio_has_no_place_for_is_said() -> None:
    assert losses(named("labelstudio"), [BOTH]) == ["Where 1 box over time is occluded is dropped."]
    assert losses(named("labelstudio"), [replace(BOTH, objects=(PERSON, PERSON))]) == []


def test_via_has_their_key_frames() -> None:
    faces = {"face": ((0, 0.5, 0.5, 0.75, 0.75),)}
    twin = replace(PERSON, label="car", name="the <red> one")
    found = back("via", replace(BOTH, objects=(CAR, PERSON, twin), boxes=faces))
    imported = [replace(each, keys=tuple(key._replace(source="import") for key in each.keys), id="", edited_by="")
                for each in (CAR, PERSON, twin)]  # fmt: skip
    assert found == imported, "those of rows, as faces, are none"
    assert losses(named("via"), [BOTH]) == [
        "Boxes over time are rectangles at their key frames: VIA shows nothing of them in between."
    ]


def via(attributes: dict[str, str], *rectangles: tuple[float, int, dict[str, str]], **more: object) -> list[BoxTrack]:
    """What rectangles of another tool become, by (time in s, left in pixels, values)."""
    document = {
        "file": {"1": {"fid": 1, "fname": "x.mp4", "type": 4, "loc": 1, "src": ""}}, "view": {"1": {"fid_list": [1]}},
        "attribute": {key: {"aname": name, "anchor_id": "FILE1_Z1_XY1", "type": 1, "desc": "", "options": {}}
                      for key, name in attributes.items()},
        "metadata": {f"m{n}": {"vid": "1", "flg": 0, "z": [at], "xy": [2, left, 36, 64, 36], "av": av}
                     for n, (at, left, av) in enumerate(rectangles)}, **more,
    }  # fmt: skip
    (part,) = named("via").read(json.dumps(document).encode(), "x.json")  # type: ignore[misc]
    placed = place(part, STEADY)
    assert placed.boxes and not placed.marks and not placed.problems
    return list(placed.objects)


def places(track: BoxTrack) -> list[tuple[float, int, bool]]:
    """The key frames of a track: (time in s, left in pixels, hidden)."""
    return [(key.time_us / S, round(key.x1 * 640), key.hidden) for key in track.keys]


def test_rectangles_of_via_are_an_object_for_each_label_and_name() -> None:
    found = via(
        {"1": "what", "2": "person id", "3": "mood"},
        (1, 64, {"1": "person", "2": "A", "3": "glad"}), (1, 320, {"1": "person", "2": "B"}),
        (2, 128, {"1": "person", "2": "A", "3": "sad"}), (2, 384, {"1": "dog"}), (3, 320, {"1": "person", "2": "B"}),
    )  # fmt: skip
    assert [(each.label, each.name, places(each)) for each in found] == [
        ("person", "A", [(1, 64, False), (2, 128, False)]), ("person", "B", [(1, 320, False), (3, 320, False)]),
        ("dog", "", [(2, 384, False)]),
    ]  # fmt: skip
    assert {key.source for each in found for key in each.keys} == {"import"}


def test_rectangles_of_one_name_at_one_time_are_several_and_each_goes_on_where_it_is_nearest() -> None:
    one = {"1": "dog"}
    found = via({"1": "what"}, (1, 64, one), (1, 320, one), (2, 330, one), (3, 300, one), (3, 100, one), (4, 90, one))
    assert [(each.label, each.name, places(each)) for each in found] == [
        ("dog", "1", [(1, 64, False), (3, 100, False), (4, 90, False)]),
        ("dog", "2", [(1, 320, False), (2, 330, False), (3, 300, False)]),
    ]


def test_rectangles_of_via_far_apart_are_hidden_in_between() -> None:
    found = via({"1": "track"}, *((at / 25, 64 + at, {"1": "x"}) for at in (0, 1, 2, 6, 7)))
    assert [(each.label, each.name, places(each)) for each in found] == [
        ("x", "", [(0, 64, False), (0.08, 66, False), (0.12, 66, True), (0.24, 70, False), (0.28, 71, False)])
    ]


AVA = "x,{},{},.1,{},.2,{},{}\n"


def ava(*rows: tuple[float, float, str, str]) -> tuple[list[BoxTrack], list[tuple[float, float, str, str]]]:
    """The objects and the segments of rows (time in s, left, label, entity)."""
    text = "".join(AVA.format(at, left, left + 0.1, label, entity) for at, left, label, entity in rows)
    (part,) = named("ava").read(text.encode(), "x.csv")  # type: ignore[misc]
    placed = place(part, STEADY)
    marks = [(mark.start / S, mark.end / S, mark.label, mark.track) for mark in placed.marks]
    return list(placed.objects), marks


def test_boxes_of_ava_are_an_object_for_each_entity() -> None:
    loud, silent = "SPEAKING_AUDIBLE", "NOT_SPEAKING"
    found, marks = ava(
        (0, 0.1, silent, "a"), (0.04, 0.2, loud, "a"), (0.04, 0.5, loud, "b"), (0.08, 0.3, loud, "a"),
        (0.12, 0.4, loud, "a"), (0.4, 0.1, loud, "a"), (0.44, 0.1, silent, "a"),
    )  # fmt: skip
    assert [(each.label, each.name, places(each)) for each in found] == [
        ("", "a", [(0, 64, False), (0.12, 256, False), (0.16, 256, True), (0.4, 64, False), (0.44, 64, False)]),
        ("", "b", [(0.04, 320, False)]),
    ]
    assert marks == [(0.04, 0.16, loud, "a"), (0.4, 0.44, loud, "a"), (0.04, 0.08, loud, "b")]


def test_actions_of_ava_are_read_by_their_numbers_and_several_have_one_box() -> None:
    found, marks = ava(
        (2, 0.1, "11", "0"), (2, 0.1, "79", "0"), (3, 0.2, "79", "0"), (4, 0.3, "79", "0"), (4, 0.3, "80", "0"),
        (9, 0.3, "12", "0"),
    )  # fmt: skip
    assert [(each.name, places(each)) for each in found] == [
        ("0", [(2, 64, False), (4, 192, False), (5, 192, True), (9, 192, False)])
    ]
    talk = "talk to (e.g., self, a person, a group)"
    assert marks == [
        (2, 3, "sit", "0"), (2, 5, talk, "0"), (4, 5, "watch (a person)", "0"), (9, 10, "stand", "0"),
    ]  # fmt: skip


def test_what_came_from_ava_goes_out_once() -> None:
    text = "".join(AVA.format(at / 25, 0.1 + at / 100, 0.2 + at / 100, "SPEAKING_AUDIBLE", "a") for at in range(9))
    (part,) = named("ava").read(text.encode(), "x.csv")  # type: ignore[misc]
    placed = place(part, STEADY)
    timeline = Timeline(STEADY, boxes=placed.boxes, objects=placed.objects)
    narrow = named("ava").holds.narrowed
    assert len(placed.objects[0].keys) == 2 and dict(narrow(timeline).boxes) == dict(placed.boxes)
    moved = replace(placed.objects[0], keys=(placed.objects[0].keys[0]._replace(x1=0.0),))
    assert set(narrow(replace(timeline, objects=(moved,))).boxes) == {"a", "a 2"}


def test_boxes_of_ava_are_taken_back_with_their_import(studio: Studio) -> None:
    studio.store.write(lambda db: videos.insert(db, {**VIDEO, "name": STEADY.name}))
    studio.cache.save_array("v1", "pts.npy", np.array(STEADY.pts, np.int64))
    text = "".join(AVA.format(at / 25, 0.1 + at / 100, 0.2 + at / 100, "SPEAKING_AUDIBLE", "a") for at in range(9))
    plan = ImportOptions("v1")
    assert studio.exchange.preview(text.encode(), "x.csv", "ava", plan)["objects"] == 1
    made = studio.exchange.apply(text.encode(), "x.csv", "ava", plan, "zoe")
    row = studio.videos.get("v1")
    (listed,) = studio.exchange.imports()
    assert (listed["annotations"], listed["objects"], listed["lines"]) == (1, 1, 0)
    assert [(each.name, each.annotator) for each in studio.boxes.of_video(row)] == [("a", "zoe")]
    assert studio.exchange.undo(made["import"]) == {"removed": 2, "kept": 0}, "a segment and a box"
    assert studio.boxes.of_video(row) == []
    assert studio.exchange.redo(made["import"]) == {"added": 2, "kept": 0}
    assert [each.name for each in studio.boxes.of_video(row)] == ["a"]


@pytest.mark.parametrize("name", sorted(set(FORMATS) - {"json", "cvat", "labelstudio", "via"}))
def test_what_other_formats_lose_is_said(name: str) -> None:
    form = FORMATS[name]
    if form.write is None:
        return
    said = [sentence for sentence in losses(form, [BOTH]) if "over time" in sentence]
    if form.holds.objects == "keys":
        assert said == ["2 boxes over time are written at their key frames: what is between them, and where it is "
                        "hidden, is dropped.", "Where 1 box over time is occluded is dropped."]  # fmt: skip
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


def test_what_cvat_says_is_occluded_is_so_from_key_frame_to_key_frame() -> None:
    box = '<box frame="{}" outside="0" occluded="{}" keyframe="1" xtl="{}" ytl="36" xbr="128" ybr="72">{}</box>'
    shapes = [(10, 1, 64), (20, 0, 70), (30, 1, 64)]
    text = TRACK.format("".join(box.format(*shape, "") for shape in shapes))
    (part,) = named("cvat").read(text.encode(), "x.xml")  # type: ignore[misc]
    assert not part.problems
    (found,) = place(part, STEADY).objects
    assert [(key.time_us // 40_000, key.occluded) for key in found.keys] == [
        (10, True), (20, False), (30, True), (99, True),
    ]  # fmt: skip
    ours = '<attribute name="track">Hands</attribute>'  # a segment of ours has no place for it
    text = TRACK.format("".join(box.format(*shape, ours) for shape in shapes))
    (part,) = named("cvat").read(text.encode(), "x.xml")  # type: ignore[misc]
    assert part.problems == ("2 notes that an object is occluded are left out.",)
    assert not part.objects


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
