"""Attributes are kept through every edit, undone and redone, and go out and in with the formats that have a place."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from studio.errors import PermissionDenied, UsageError
from studio.formats import FORMATS, losses, place
from studio.service import Studio
from studio.service.accounts.rights import Actor
from studio.service.exchange.exchange import ImportOptions
from studio.service.find import parse
from studio.store import Store, absences, timelines, videos
from studio.timeline import WHOLE_VIDEO, Annotation, Footage, Segment, Timeline
from tests.conftest import VIDEO

ATTRIBUTES = {"intensity": 3, "seen by": ["ann", "ben"], "sure": True, "hand": "left"}
FOOTAGE = Footage("talk.mp4", 60_000_000, "v1", 640, 360, 25.0, tuple(range(0, 60_000_000, 40_000)))


@pytest.fixture
def video(studio: Studio) -> str:
    studio.store.write(lambda db: videos.insert(db, dict(VIDEO)))
    return "v1"


@pytest.fixture
def save(studio: Studio, video: str) -> Callable[..., dict[str, Any]]:
    number = 0

    def call(op: str, version: int, **fields: Any) -> dict[str, Any]:
        nonlocal number
        number += 1
        edit = {"edit_id": f"e{number}", "op": op, "id": "a", "base_version": version, "start": 1, "end": 2,
                "track": "T", "label": "x", **fields}  # fmt: skip
        (result,) = studio.timelines.save(video, [edit], "ann")["results"]
        return dict(result)

    return call


def test_attributes_are_saved_kept_changed_and_taken_away(
    studio: Studio, video: str, save: Callable[..., dict[str, Any]]
) -> None:
    assert save("create", 0, attributes=ATTRIBUTES)["annotation"]["attributes"] == ATTRIBUTES
    moved = save("update", 1, start=1.5)
    assert moved["annotation"]["attributes"] == ATTRIBUTES, "an edit that says nothing of them leaves them"
    assert save("delete", 2)["annotation"]["attributes"] == ATTRIBUTES
    assert save("restore", 3)["annotation"]["attributes"] == ATTRIBUTES
    assert save("update", 4, attributes={"hand": "right"})["annotation"]["attributes"] == {"hand": "right"}
    assert save("update", 5, attributes={})["annotation"]["attributes"] == {}
    (kept,) = studio.timelines.annotations(video)
    assert kept.attributes == {}
    history = studio.timelines.history("a")
    assert [each["after"]["attributes"] for each in history] == [ATTRIBUTES] * 4 + [{"hand": "right"}, {}]


def test_wrong_attributes_are_one_sentence_and_touch_nothing_else(studio: Studio, video: str) -> None:
    def edit(n: int, attributes: Any) -> dict[str, Any]:
        return {"edit_id": f"e{n}", "op": "create", "id": f"a{n}", "start": 1, "end": 2, "track": "T",
                "attributes": attributes}  # fmt: skip

    results = studio.timelines.save(video, [edit(1, {"a": 1e308}), edit(2, {"a": 1}), edit(3, [1])], "ann")["results"]
    assert [result["ok"] for result in results] == [False, True, False]
    assert results[0]["kind"] == "invalid" and "“a” must be" in results[0]["error"]


@pytest.mark.parametrize(
    "name", [name for name, form in FORMATS.items() if form.write and form.read and form.holds.lines != "alone"]
)
def test_a_format_keeps_them_or_says_so(name: str) -> None:
    form = FORMATS[name]
    a = Annotation("a", Segment(1_000_000, 2_000_000), "T", "x", attributes=ATTRIBUTES)
    boxes = {"T": ((1_000_000, 0.1, 0.1, 0.5, 0.5), (1_040_000, 0.1, 0.1, 0.5, 0.5))}
    timeline = Timeline(FOOTAGE, (a,), boxes=boxes if form.holds.only_boxed else {})
    assert form.write is not None and form.read is not None
    (part,) = form.read(form.write([timeline]), f"talk{form.extension}")
    lost = [sentence for sentence in losses(form, [timeline]) if "attributes" in sentence]
    found = dict(part.marks[0].attributes)
    if form.holds.attributes == "all":
        assert (found, lost) == (ATTRIBUTES, [])
    elif form.holds.attributes == "text":
        assert found == {"intensity": "3", "seen by": '["ann", "ben"]', "sure": "true", "hand": "left"}
        assert lost == ["The attributes of 1 segment that are no text become text."]
    elif form.holds.attributes == "plain":
        assert found == {**ATTRIBUTES, "sure": "true"}
        assert lost == ["The attributes of 1 segment that are no texts, numbers or lists become text."]
    else:
        assert found == {}
        assert lost == ["The attributes of 1 segment are dropped."]


def test_the_formats_that_have_a_place_for_them() -> None:
    holds = {name: form.holds.attributes for name, form in FORMATS.items() if form.holds.attributes}
    everything = dict.fromkeys(("json", "csv", "activitynet", "fiftyone", "otio"), "all")
    assert holds == {**everything, "via": "text", "cvat": "text", "labelstudio": "plain", "boris": "plain"}


def test_they_come_in_with_an_import(studio: Studio, video: str) -> None:
    made = Timeline(FOOTAGE, (Annotation("a", Segment(1_000_000, 2_000_000), "T", "x", attributes=ATTRIBUTES),))
    write = FORMATS["csv"].write
    assert write is not None
    studio.cache.save_array(video, "pts.npy", np.array(FOOTAGE.pts, np.int64))
    studio.exchange.apply(write([made]), "talk.csv", "csv")
    (kept,) = studio.timelines.annotations(video)
    assert kept.attributes == ATTRIBUTES


@pytest.mark.parametrize("name", ["elan", "boris", "nova", "json"])
def test_what_is_said_of_the_whole_video_comes_back_as_that(studio: Studio, video: str, name: str) -> None:
    whole = Segment(0, VIDEO["duration_us"])
    said = ("funny", "outdoor", "street")
    made = tuple(Annotation(label, whole, WHOLE_VIDEO, label) for label in said)
    part = Annotation("part", Segment(1_000_000, 2_000_000), f"{WHOLE_VIDEO} (7)", "x")
    write = FORMATS[name].write
    assert write is not None
    studio.cache.save_array(video, "pts.npy", np.array(FOOTAGE.pts, np.int64))
    file = write([Timeline(FOOTAGE, (*made, part))])
    studio.exchange.apply(file, f"talk.{FORMATS[name].extension}", name, ImportOptions(video=video))
    kept = studio.timelines.annotations(video)
    assert sorted(each.label for each in kept if (each.track, each.segment) == (WHOLE_VIDEO, whole)) == [*said]
    assert [each.track for each in kept if each.track != WHOLE_VIDEO] == [part.track], "others stay as they are"


# ---------------------------------------------------------------------- timelines


def test_every_video_has_a_timeline_of_its_own(store: Store) -> None:
    assert store.read(lambda db: timelines.of_video(db, "v1")) == "v1"
    main = {"video_id": "v1", "offset_us": 0, "rate": 1.0, "role": "main"}
    assert store.read(lambda db: timelines.media(db, "v1")) == [main]


def test_a_timeline_has_several_media_with_offsets(store: Store) -> None:
    store.write(lambda db: videos.insert(db, {**VIDEO, "id": "v2", "path": "/other.mp4"}))
    store.write(lambda db: timelines.attach(db, "v1", "v2", 1_500_000, "camera"))
    store.write(lambda db: timelines.attach(db, "v1", "v2", 2_500_000, "camera"))
    assert store.read(lambda db: timelines.media(db, "v1")) == [
        {"video_id": "v1", "offset_us": 0, "rate": 1.0, "role": "main"},
        {"video_id": "v2", "offset_us": 2_500_000, "rate": 1.0, "role": "camera"},
    ]
    assert store.read(lambda db: timelines.of_video(db, "v2")) == "v2", "its own timeline stays"


def test_a_timeline_goes_with_the_last_of_its_media(store: Store) -> None:
    count = "SELECT (SELECT count(*) FROM timelines), (SELECT count(*) FROM timeline_media)"
    store.write(lambda db: videos.delete(db, "v1"))
    assert tuple(store.read(lambda db: db.execute(count).fetchone())) == (0, 0)


PHASES = {"onset": 1.2, "apex": 1.6, "offset": 1.8}


def test_phases_stay_in_their_segment_where_a_script_says_nothing_of_them(
    save: Callable[..., dict[str, Any]],
) -> None:
    save("create", 0, attributes=PHASES)
    assert save("update", 1, end=1.5)["annotation"]["attributes"] == {"onset": 1.2, "apex": 1.5, "offset": 1.5}
    moved = save("update", 2, start=11, end=11.5)["annotation"]["attributes"]
    assert moved == {"onset": 11.2, "apex": 11.5, "offset": 11.5}


@pytest.mark.parametrize("name", ["json", "csv"])
def test_phases_go_out_and_come_in_with_their_segment(
    studio: Studio, video: str, save: Callable[..., dict[str, Any]], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("studio.service.videos.media_cache.MediaCache.frames", lambda *_: FOOTAGE.pts)
    save("create", 0, attributes=PHASES)
    file = studio.exchange.export(video, name)
    save("delete", 1)
    studio.exchange.apply(file, f"talk.{name}", name, ImportOptions(shift="10"))
    (found,) = studio.timelines.annotations(video)
    assert (found.segment, found.attributes) == (
        Segment(11_000_000, 12_000_000), {"onset": 11.2, "apex": 11.6, "offset": 11.8},
    )  # fmt: skip


HAND = {"name": "hand", "kind": "choice", "options": ["left", "right"]}
FORCE = {"name": "force", "kind": "number", "low": 1, "high": 5, "changes": True}


def schema_of(studio: Studio, *attributes: dict[str, Any], **track: Any) -> None:
    label = {"track": "T", "label": "x", "colour": "#0072b2", "hotkey": "1", "attributes": list(attributes)}
    tracks = [{"track": "T", "closed": False, **track}]
    studio.labels.save({"labels": [label], "tracks": tracks}, "ann")


def test_an_edit_says_what_the_schema_takes(studio: Studio, save: Callable[..., dict[str, Any]]) -> None:
    schema_of(studio, HAND, attributes=[FORCE])
    (label,), (track,) = studio.labels.shown()["labels"], studio.labels.shown()["tracks"]
    assert [each["name"] for each in label["attributes"]] == ["hand"]
    assert track["attributes"] == [{**FORCE, "options": []}]
    wrong = save("create", 0, attributes={"hand": "up"})
    assert (wrong["ok"], wrong["error"]) == (False, "“hand” is one of left, right.")
    assert save("create", 0, attributes={"hand": "left", "force": {"changes": [[1, 2], [1.5, 9]]}})["ok"] is False
    made = save("create", 0, attributes={"hand": "left", "force": {"changes": [[1, 2], [1.5, 3]]}})
    assert made["annotation"]["attributes"]["force"] == {"changes": [[1, 2], [1.5, 3]]}
    cut = save("update", 1, start=1.25)
    assert cut["annotation"]["attributes"]["force"] == {"changes": [[1.25, 2], [1.5, 3]]}, "they go with the segment"
    assert save("update", 2, label="y", attributes={"hand": "up"})["ok"], "another label takes what it likes"


def test_what_was_there_before_the_schema_stays(studio: Studio, save: Callable[..., dict[str, Any]]) -> None:
    save("create", 0, attributes={"hand": "up"})
    schema_of(studio, HAND)
    assert save("update", 1, start=1.5, attributes={"hand": "up", "note": "n"})["ok"]
    assert save("update", 2, attributes={"hand": "down"})["error"] == "“hand” is one of left, right."
    assert save("update", 2, attributes={"hand": "left"})["ok"]
    assert save("update", 2, attributes={"hand": "up", "note": "m"})["kind"] == "conflict", "somebody was faster"


def test_what_left_the_schema_goes_with_both_halves_of_a_segment(studio: Studio, video: str) -> None:
    def edit(n: int, op: str, which: str, start: float, end: float, version: int = 0, **more: Any) -> dict[str, Any]:
        return {"edit_id": f"s{n}", "op": op, "id": which, "base_version": version, "start": start, "end": end,
                "track": "T", "label": "gone", "attributes": {"hand": "up"}, **more}  # fmt: skip

    studio.timelines.save(video, [edit(1, "create", "a", 1, 3)], "ann")
    schema_of(studio, closed=True, attributes=[HAND])
    halves = [edit(2, "update", "a", 1, 2, 1), edit(3, "create", "b", 2, 3)]
    assert all(each["ok"] for each in studio.timelines.save(video, halves, "ann")["results"])
    new = [edit(4, "create", "c", 4, 5), edit(5, "create", "d", 3, 4, attributes={"hand": "down"})]
    assert not any(each["ok"] for each in studio.timelines.save(video, new, "ann")["results"])


def test_a_value_that_changes_and_one_of_several_are_found(studio: Studio, save: Callable[..., dict[str, Any]]) -> None:
    save("create", 0, attributes={"force": {"changes": [[1, 2], [1.5, 4]]}, "seen": ["ann", "ben"]})
    for attributes, count in (({"force": "4"}, 1), ({"force": "3"}, 0), ({"force": "3.."}, 1), ({"seen": "ben"}, 1)):
        found = studio.find.ask(parse({"segments": [{"attributes": attributes}]}))
        assert found.count == count, attributes


def test_what_the_schema_says_can_be_chosen_in_find(studio: Studio) -> None:
    schema_of(studio, HAND, {"name": "sure", "kind": "yes_no"}, attributes=[FORCE])
    choices = studio.find.choices()
    assert choices["values"] == {"hand": ["left", "right"], "sure": ["yes", "no"], "force": []}
    assert choices["attributes"] == ["hand", "sure", "force"]


def test_a_segment_comes_only_to_where_its_row_lets_it(studio: Studio, video: str) -> None:
    tracks = [
        {"track": "Speech", "closed": False},
        {"track": "Words", "closed": False, "parent": "Speech", "dependency": "included_in"},
    ]
    studio.labels.save({"labels": [], "tracks": tracks}, "ann")

    def edit(n: int, op: str, which: str, track: str, start: float, end: float, version: int = 0) -> dict[str, Any]:
        return {"edit_id": f"t{n}", "op": op, "id": which, "base_version": version, "start": start, "end": end,
                "track": track, "label": ""}  # fmt: skip

    edits = [edit(1, "create", "w1", "Words", 1, 2), edit(2, "create", "s", "Speech", 0, 3),
             edit(3, "create", "w2", "Words", 1, 2), edit(4, "update", "s", "Speech", 5, 8, 1),
             edit(5, "update", "w2", "Words", 6, 7, 1)]  # fmt: skip
    results = studio.timelines.save(video, edits, "ann")["results"]
    assert [each["ok"] for each in results] == [False, True, True, True, True]
    assert results[0]["error"] == "It must lie within a segment of “Speech”, which this row depends on."


def test_rows_that_depend_in_a_circle_are_refused(studio: Studio) -> None:
    def row(track: str, parent: str, dependency: str = "included_in") -> dict[str, Any]:
        return {"track": track, "closed": False, "parent": parent, "dependency": dependency}

    with pytest.raises(UsageError, match="would depend on itself"):
        studio.labels.save({"labels": [], "tracks": [row("A", "B"), row("B", "A")]}, "ann")
    with pytest.raises(UsageError, match="“A” needs both the row that it depends on and how"):
        studio.labels.save({"labels": [], "tracks": [row("A", "B", "beside")]}, "ann")
    with pytest.raises(UsageError, match="The kind of “hand” must be one of"):
        schema_of(studio, {**HAND, "kind": "list"})


def test_only_an_admin_changes_an_attribute_or_a_dependency(studio: Studio) -> None:
    schema_of(studio, HAND)
    shown = studio.labels.shown()
    somebody = Actor("bob", admin=False)
    more = [{**shown["labels"][0], "attributes": [HAND, FORCE]}]
    studio.labels.save({**shown, "labels": more}, "bob", somebody)
    with pytest.raises(PermissionDenied, match="change or remove the attribute “hand”"):
        studio.labels.save({**shown, "key": None, "labels": [{**more[0], "attributes": [FORCE]}]}, "bob", somebody)
    tracks = [{"track": "T", "closed": False, "parent": "S", "dependency": "included_in"}]
    with pytest.raises(PermissionDenied, match="on which row “T” depends"):
        studio.labels.save({**shown, "key": None, "labels": more, "tracks": tracks}, "bob", somebody)


def test_an_attribute_of_a_row_is_not_removed_by_leaving_out_the_row(studio: Studio) -> None:
    schema_of(studio, attributes=[HAND])
    shown, somebody = studio.labels.shown(), Actor("bob", admin=False)
    with pytest.raises(PermissionDenied, match="change or remove the attribute “hand”"):
        studio.labels.save({**shown, "tracks": []}, "bob", somebody)
    assert studio.labels.shown()["tracks"][0]["attributes"][0]["name"] == "hand"
    studio.labels.save({**shown, "tracks": []}, "ada", Actor("ada", admin=True))
    assert studio.labels.shown()["tracks"] == []


def test_what_is_said_of_a_whole_video_of_another_length_can_still_get_a_note(studio: Studio, video: str) -> None:
    made = {"edit_id": "w1", "op": "create", "id": "w", "base_version": 0, "start": 0, "end": 60,
            "track": WHOLE_VIDEO, "label": "indoors"}  # fmt: skip
    assert studio.timelines.save(video, [made], "ann")["results"][0]["ok"]
    studio.store.write(lambda db: videos.set_facts(db, video, {"duration_us": 50_000_000}))
    noted = {**made, "edit_id": "w2", "op": "update", "base_version": 1, "note": "with a note"}
    (result,) = studio.timelines.save(video, [noted], "ann")["results"]
    assert result["ok"] and result["annotation"]["note"] == "with a note"
    (moved,) = studio.timelines.save(
        video, [{**noted, "edit_id": "w3", "base_version": 2, "end": 40}], "ann"
    )["results"]  # fmt: skip
    assert not moved["ok"] and "from its start to its end" in moved["error"]


@pytest.mark.parametrize(
    ("shift", "span", "changes"),
    [
        ("-0.5", (0, 500_000), [[0.0, 1], [0.1, 2]]),  # cut at its beginning
        ("59.5", (59_700_000, 60_000_000), 1),  # at its end, before the change
        ("59.3", (59_500_000, 60_000_000), [[59.5, 1], [59.9, 2]]),
        ("0.5", (700_000, 1_500_000), [[0.7, 1], [1.1, 2]]),
    ],
)
def test_values_that_change_lie_later_by_the_shift_also_in_what_is_cut(
    studio: Studio, video: str, save: Callable[..., dict[str, Any]], shift: str, span: tuple[int, int], changes: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr("studio.service.videos.media_cache.MediaCache.frames", lambda *_: FOOTAGE.pts)
    save("create", 0, start=0.2, end=1.0, attributes={"force": {"changes": [[0.2, 1], [0.6, 2]]}})
    file = studio.exchange.export(video, "json")
    save("delete", 1)
    studio.exchange.apply(file, "talk.json", "json", ImportOptions(shift=shift))
    (found,) = studio.timelines.annotations(video)
    assert (found.segment, found.attributes["force"]) == (
        Segment(*span), {"changes": changes} if isinstance(changes, list) else changes,
    )  # fmt: skip


def test_cvat_has_a_value_that_changes_between_two_frames() -> None:
    changing = {"speed": {"changes": [[0, "slow"], [1.010, "fast"]]}}
    a = Annotation("a", Segment(0, 2_000_000), "T", "x", attributes=changing)
    cvat = FORMATS["cvat"]
    assert cvat.write and cvat.read
    (part,) = cvat.read(cvat.write([Timeline(FOOTAGE, (a,))]), "x.xml")
    (mark,) = place(part, FOOTAGE).marks
    assert mark.attributes["speed"] == {"changes": [[0.0, "slow"], [1.0, "fast"]]}


SAID = {"hand": "left", "force": {"changes": [[1.0, 2], [2.0, 4.5], [3.0, None]]}, "seen": ["ann"], "sure": True,
        "why": "because"}  # fmt: skip


@pytest.mark.parametrize("name", ["json", "csv", "activitynet", "fiftyone", "cvat", "via", "labelstudio"])
def test_typed_attributes_come_back_as_they_were_where_the_schema_is(
    studio: Studio, clips: dict[str, Path], name: str
) -> None:
    """Also from formats that know only text, and with values that change within their segment."""
    video = studio.videos.add(clips["bikes"])["id"]
    seen = {"name": "seen", "kind": "several", "options": ["ann", "ben"]}
    schema_of(
        studio, HAND, seen, {"name": "sure", "kind": "yes_no"}, {"name": "why", "kind": "text"}, attributes=[FORCE]
    )
    if name == "activitynet":  # it has no rows: the schema is that of the row that an import makes
        schema = studio.labels.shown()
        moved = [[{**each, "track": "Activity"} for each in schema[part]] for part in ("labels", "tracks")]
        studio.labels.save({"labels": moved[0], "tracks": moved[1]}, "ann")
    edit = {"edit_id": "e", "op": "create", "id": "a", "base_version": 0, "start": 1, "end": 4, "track": "T",
            "label": "x", "attributes": SAID}  # fmt: skip
    assert studio.timelines.save(video, [edit], "ann")["results"][0]["ok"]
    data = studio.exchange.export(video, name)
    gone = {**edit, "edit_id": "g", "op": "delete", "base_version": 1}
    studio.timelines.save(video, [gone], "ann")
    studio.exchange.apply(data, f"bikes{FORMATS[name].extension}", name, ImportOptions(video=video))
    (back,) = studio.timelines.annotations(video)
    assert dict(back.attributes) == SAID


def test_cvat_and_via_offer_what_the_schema_offers(studio: Studio, clips: dict[str, Path]) -> None:
    video = studio.videos.add(clips["bikes"])["id"]
    schema_of(studio, HAND, attributes=[FORCE])
    edit = {"edit_id": "e", "op": "create", "id": "a", "base_version": 0, "start": 1, "end": 4, "track": "T",
            "label": "x", "attributes": {"hand": "left", "force": 2}}  # fmt: skip
    studio.timelines.save(video, [edit], "ann")
    root = ElementTree.fromstring(studio.exchange.export(video, "cvat"))
    declared = {a.findtext("name"): [a.findtext(k) for k in ("input_type", "mutable", "values")]
                for a in root.iter("attribute") if a.find("name") is not None}  # fmt: skip
    assert (declared["hand"], declared["force"]) == (["select", "False", "left\nright"], ["number", "True", "1\n5\n1"])
    via = json.loads(studio.exchange.export(video, "via"))
    (hand,) = [each for each in via["attribute"].values() if each["aname"] == "hand"]
    assert (hand["type"], hand["options"]) == (4, {"left": "left", "right": "right"})


def test_several_choices_of_a_region_of_label_studio_are_its_attributes() -> None:
    """As its exports have them with perRegion: results of one id."""
    about = {"id": "r1", "to_name": "video"}
    value = {"ranges": [{"start": 1, "end": 50}]}
    result = [
        {**about, "type": "choices", "from_name": "mood", "value": {**value, "choices": ["calm"]}},
        {**about, "type": "timelinelabels", "from_name": "acts", "value": {**value, "timelinelabels": ["sew"]}},
        {**about, "type": "choices", "from_name": "who", "value": {**value, "choices": ["ann", "ben"]}},
        {**about, "type": "rating", "from_name": "quality", "value": {**value, "rating": 4}},
    ]
    task = [{"data": {"video": "talk.mp4"}, "annotations": [{"result": result}]}]
    (part,) = FORMATS["labelstudio"].read(json.dumps(task).encode(), "x.json")  # type: ignore[misc]
    (mark,) = part.marks
    assert (mark.label, mark.track) == ("sew", "acts")
    assert dict(mark.attributes) == {"mood": "calm", "who": ["ann", "ben"], "quality": 4}
    assert part.problems == ()


def test_renaming_labels_takes_what_is_not_there_along_also_where_two_change_places(studio: Studio, video: str) -> None:
    schema_of(studio)
    shown = studio.labels.shown()
    labels = [{**shown["labels"][0], "label": name, "hotkey": None} for name in ("b", "a")]
    said = [("a", 1.0), ("a", 2.0), ("b", 2.0), ("b", 3.0), ("c", 4.0)]
    edits = [
        {"edit_id": f"no{n}", "op": "absent", "track": "T", "label": label, "at": at}
        for n, (label, at) in enumerate(said)
    ]
    assert all(each["ok"] for each in studio.timelines.save(video, edits, "ann")["results"])
    renames = [{"track": "T", "from": one, "to": other} for one, other in ("ab", "ba", "cb")]
    studio.labels.save({**shown, "labels": labels, "renames": renames}, "ann")

    def at(label: str) -> list[float]:
        rows = studio.store.read(lambda db: absences.of_label(db, "T", label))
        return [row["time_us"] / 1e6 for row in rows]

    assert (at("a"), at("b"), at("c")) == ([2, 3], [1, 2, 4], [])
