"""Boxes over time, as people draw and change them: what is saved, refused, undone, and who sees it."""

import json
import sqlite3
import uuid
from typing import Any

import numpy as np
import pytest

from studio.errors import Conflict, NotFound, PermissionDenied, UsageError
from studio.service import Studio
from studio.service.accounts.rights import BULK, Actor
from studio.store import boxes, labels, videos
from studio.store.boxes import BoxState
from studio.timeline.boxes import BoxTrack, KeyFrame, TrackedBox
from tests.conftest import VIDEO

Row = dict[str, Any]
FIRST, LAST = [0.1, 0.2, 0.3, 0.4], [0.3, 0.2, 0.5, 0.4]


@pytest.fixture
def video(studio: Studio) -> Row:
    studio.store.write(lambda db: videos.insert(db, dict(VIDEO)))
    studio.cache.save_array("v1", "pts.npy", np.arange(0, 60_000_000, 40_000))
    return studio.videos.get("v1")


def key(at: float, box: list[float] | None, *, hidden: bool = False, source: str = "manual") -> Row:
    return {"at": at, "box": box, **({"hidden": hidden, "source": source} if box else {})}


def change(studio: Studio, before: Row, after: Row, annotator: str = "ada", box: str = "b1", edit_id: str = "") -> Row:
    """The answer to one edit of a box."""
    edit = {"op": "box", "edit_id": edit_id or uuid.uuid4().hex, "id": box, "before": before, "after": after}
    answer: Row = studio.timelines.save("v1", [edit], annotator)["results"][0]
    return answer


NEW = {"deleted": False, "label": "car", "name": "the red one", "keys": [key(1, FIRST), key(3, LAST)]}


def draw(studio: Studio, **more: Any) -> Row:
    return change(studio, {"deleted": True}, NEW, **more)


def shown(studio: Studio) -> list[Row]:
    found: list[Row] = studio.timelines.load("v1")["boxes"]
    return found


def test_a_box_is_drawn_told_and_stays(studio: Studio, video: Row) -> None:
    assert draw(studio)["ok"]
    (box,) = shown(studio)
    assert (box["id"], box["label"], box["name"], box["annotator"], box["version"]) == (
        "b1", "car", "the red one", "ada", 1,
    )  # fmt: skip
    assert box["keys"] == [
        {"at": 1, "at_us": 1_000_000, "box": FIRST, "hidden": False, "source": "manual", "occluded": False},
        {"at": 3, "at_us": 3_000_000, "box": LAST, "hidden": False, "source": "manual", "occluded": False},
    ]
    news = studio.timelines.changes("v1", 0)
    assert [each["id"] for each in news["boxes"]] == ["b1"]
    assert studio.timelines.changes("v1", news["seq"])["boxes"] == []
    with sqlite3.connect(studio.settings.database) as db:
        assert db.execute("SELECT op, annotator FROM revisions").fetchall() == [("box", "ada")]


COLOUR = {"name": "colour", "kind": "choice", "options": ["red", "blue"]}
WHEELS = {"name": "wheels", "kind": "number", "low": 1, "high": 18}


def schema(studio: Studio) -> None:
    """`colour` for the whole row, `wheels` for cars."""
    label = {"track": "Boxes", "label": "car", "colour": "#0072b2", "hotkey": "1", "attributes": [WHEELS]}
    row = {"track": "Boxes", "closed": False, "exclusive": False, "attributes": [COLOUR]}
    studio.labels.save({"labels": [label], "tracks": [row]}, "ann")


def test_attributes_are_said_of_it_as_the_schema_takes_them(studio: Studio, video: Row) -> None:
    schema(studio)
    draw(studio)
    said = {"attributes": {"colour": "red", "wheels": 4, "plate": "X 1"}}
    nothing = {"attributes": dict.fromkeys(said["attributes"])}
    assert change(studio, nothing, said)["ok"]
    assert shown(studio)[0]["attributes"] == said["attributes"]
    for name, value, why in (("colour", "green", "“colour” is one of red, blue."), ("wheels", 19, "from 1 to 18")):
        answer = change(studio, {"attributes": {name: said["attributes"][name]}}, {"attributes": {name: value}})
        assert (answer["ok"], answer["kind"]) == (False, "invalid") and why in answer["error"]
    blue = {"attributes": {"colour": "blue"}}
    assert change(studio, {"attributes": {"colour": "red"}}, blue, annotator="bob")["ok"]
    assert not change(studio, {"attributes": {"colour": "red"}}, blue)["ok"], "somebody said otherwise meanwhile"
    assert change(studio, {"attributes": {"wheels": 4}}, {"attributes": {"wheels": None}})["ok"], (
        "another one may be said"
    )
    (box,) = shown(studio)
    assert (box["attributes"], box["edited_by"]) == ({"colour": "blue", "plate": "X 1"}, "ada")
    with sqlite3.connect(studio.settings.database) as db:
        ((before, after),) = db.execute("SELECT before, after FROM revisions ORDER BY seq DESC LIMIT 1").fetchall()
    assert json.loads(before)["attributes"] == {"wheels": 4} and json.loads(after)["attributes"] == {"wheels": None}
    gone = {"deleted": False, "keys": [{k: v for k, v in key.items() if k != "at_us"} for key in box["keys"]]}
    assert change(studio, gone, {"deleted": True})["ok"]
    assert change(studio, {"deleted": True}, {**gone, "attributes": box["attributes"]})["ok"]
    assert shown(studio)[0]["attributes"] == box["attributes"]


def test_it_is_corrected_at_a_frame_and_that_is_undone(studio: Studio, video: Row) -> None:
    draw(studio)
    there, wanted = {"keys": [key(2, None)]}, {"keys": [key(2, [0.2, 0.5, 0.4, 0.7])]}
    assert change(studio, there, wanted)["ok"]
    assert [each["at"] for each in shown(studio)[0]["keys"]] == [1, 2, 3]
    assert change(studio, wanted, there)["ok"]
    assert [each["at"] for each in shown(studio)[0]["keys"]] == [1, 3]
    assert shown(studio)[0]["version"] == 3


def test_two_people_change_one_box_at_different_frames_and_not_at_the_same(studio: Studio, video: Row) -> None:
    draw(studio)
    assert change(studio, {"keys": [key(1, FIRST)]}, {"keys": [key(1, LAST)]}, "bob")["ok"]
    assert change(studio, {"keys": [key(3, LAST)]}, {"keys": [key(3, FIRST)]}, "ada")["ok"]
    late = change(studio, {"keys": [key(1, FIRST)]}, {"keys": [key(1, [0, 0, 1, 1])]}, "ada")
    assert (late["ok"], late["kind"]) == (False, "conflict")
    assert [each["box"] for each in shown(studio)[0]["keys"]] == [LAST, FIRST]


def test_removing_a_box_that_somebody_worked_on_meanwhile_is_refused(studio: Studio, video: Row) -> None:
    draw(studio)
    change(studio, {"keys": [key(2, None)]}, {"keys": [key(2, FIRST)]}, "bob")
    seen = {"deleted": False, "keys": [key(1, FIRST), key(3, LAST)]}
    assert change(studio, seen, {"deleted": True})["kind"] == "conflict"
    seen["keys"].append(key(2, FIRST))
    assert change(studio, seen, {"deleted": True})["ok"]
    assert shown(studio) == []
    assert studio.timelines.changes("v1", 0)["boxes"][0]["deleted"] is True
    assert change(studio, {"deleted": True}, seen)["ok"], "it comes back as it was"
    assert [each["at"] for each in shown(studio)[0]["keys"]] == [1, 2, 3]


def test_an_edit_that_is_sent_again_changes_nothing(studio: Studio, video: Row) -> None:
    for _ in range(2):
        assert draw(studio, edit_id="e1")["ok"]
    assert shown(studio)[0]["version"] == 1


@pytest.mark.parametrize(
    "keys",
    [
        [key(1, [0.3, 0.2, 0.1, 0.4])], [key(1, [0.1, 0.2, 1.1, 0.4])], [key(1, [0.1, 0.2, 0.3])],
        [key(1, [0.1, 0.2, float("nan"), 0.4])], [key(60, FIRST)], [key(-1, FIRST)], [],
        [key(1, FIRST, source="a dog")], [3], [{"at": "1", "box": FIRST}], [key(1, [True, 0, 1, 1])],
    ],
)  # fmt: skip
def test_a_box_that_is_none_is_refused(studio: Studio, video: Row, keys: Any) -> None:
    answer = change(studio, {"deleted": True}, {"deleted": False, "keys": keys})
    assert (answer["ok"], answer["kind"]) == (False, "invalid")
    assert shown(studio) == []


def test_a_row_that_takes_only_its_labels_takes_no_other(studio: Studio, video: Row) -> None:
    closed = [{"track": "Boxes", "closed": True}]
    listed = [{"track": "Boxes", "label": "person", "colour": "#123456", "hotkey": None}]
    studio.store.write(lambda db: labels.update(db, listed, closed))
    assert "takes only the labels of its list" in draw(studio)["error"]
    assert change(studio, {"deleted": True}, {**NEW, "label": "person"})["ok"]


def test_renaming_a_label_renames_it_on_boxes_and_is_for_who_may(studio: Studio, video: Row) -> None:
    draw(studio)
    listed = {"label": "person", "track": "Boxes", "colour": "#123456", "hotkey": None}
    schema = {"labels": [listed], "tracks": [], "renames": [{"track": "Boxes", "from": "car", "to": "person"}]}
    with pytest.raises(PermissionDenied, match="Others use the label “car”"):
        studio.labels.save(schema, "bob", Actor("bob"))
    assert studio.labels.save(schema, "bob")["renamed"] == 1
    assert [(each["label"], each["edited_by"]) for each in shown(studio)] == [("person", "bob")]


def test_deleting_very_many_boxes_of_others_needs_an_admin(studio: Studio, video: Row) -> None:
    answers = []
    for n in range(BULK + 1):
        draw(studio, box=f"b{n}")
        edit = {"op": "box", "edit_id": f"d{n}", "id": f"b{n}", "before": {"deleted": False, "keys": NEW["keys"]},
                "after": {"deleted": True}}  # fmt: skip
        answers += studio.timelines.save("v1", [edit], "bob", Actor("bob"))["results"]
    assert [answer["ok"] for answer in answers] == [True] * BULK + [False]
    assert answers[-1]["kind"] == "forbidden"


def test_who_drew_only_boxes_or_a_curve_is_one_of_the_annotators(studio: Studio, video: Row) -> None:
    draw(studio, annotator="ada")
    studio.labels.save({"labels": [], "tracks": [{"track": "Valence", "closed": False, "scale": [-1, 1]}]}, "ada")
    for number, (name, before, after) in enumerate(
        [("bob", None, 0.5), ("eve", None, 0.5), ("eve", 0.5, None)]
    ):  # what eve drew she erased
        stroke = {"edit_id": f"t{number}", "op": "trace", "track": "Valence", "first": 0, "before": [before],
                  "after": [after]}  # fmt: skip
        assert studio.timelines.save("v1", [stroke], name)["results"][0]["ok"]
    found = studio.layers.annotators("v1")["annotators"]
    assert [(each["annotator"], each["boxes"], each["curves"]) for each in found] == [("ada", 1, 0), ("bob", 0, 1)]


def test_independent_annotators_see_and_change_only_their_own(studio: Studio, video: Row) -> None:
    for name in ("ada", "bob", "eve"):
        studio.users.put(name, "correct horse")
    studio.layers.set_independent("v1", True)
    assert draw(studio)["ok"]
    bob = studio.users.actor("bob")
    assert studio.timelines.load("v1", bob)["boxes"] == studio.timelines.changes("v1", 0, by=bob)["boxes"] == []
    answer = change(studio, {"keys": [key(1, FIRST)]}, {"keys": [key(1, LAST)]}, "bob")
    assert answer["kind"] == "forbidden"
    assert studio.boxes.of_video(studio.videos.get("v1"), bob) == []


def tracked(at: list[float], *, backward: bool = False, span: tuple[float, float] = (1, 10)) -> TrackedBox:
    keys = [KeyFrame(round(t * 1e6), 0.1, 0.1, 0.2, 0.2, source="tracked") for t in at]
    start, end = (round(t * 1e6) for t in span)
    return TrackedBox("v1", "b1", start, end, keys, backward, f"track-{uuid.uuid4()}", "ada")


def take(studio: Studio, found: TrackedBox) -> list[tuple[float, str]]:
    studio.store.write(lambda db: boxes.take_tracked(db, found))
    return [(each["at"], each["source"]) for each in shown(studio)[0]["keys"]]


def test_what_a_tracker_finds_never_takes_the_place_of_what_a_person_said(studio: Studio, video: Row) -> None:
    draw(studio)
    assert take(studio, tracked([1.5, 2, 3, 4], span=(1.04, 10))) == [
        (1, "manual"), (1.5, "tracked"), (2, "tracked"), (3, "manual"),
    ]  # fmt: skip
    assert take(studio, tracked([2.5], span=(1.04, 3))) == [(1, "manual"), (2.5, "tracked"), (3, "manual")], (
        "what it found before goes"
    )
    assert take(studio, tracked([0.5, 2, 2.5], span=(0, 3), backward=True)) == [
        (1, "manual"), (2, "tracked"), (2.5, "tracked"), (3, "manual"),
    ]  # fmt: skip
    assert shown(studio)[0]["edited_by"] == "ada"


def test_tracking_a_box_that_went_meanwhile_brings_nothing_back(studio: Studio, video: Row) -> None:
    draw(studio)
    change(studio, {"deleted": False, "keys": NEW["keys"]}, {"deleted": True})
    assert studio.store.write(lambda db: boxes.take_tracked(db, tracked([4]))) == 0
    with pytest.raises(NotFound, match="no longer"):
        studio.boxes.track(video, "b1", 1_000_000, 5_000_000)


def test_tracking_needs_a_frame_at_which_the_box_is_seen(studio: Studio, video: Row) -> None:
    draw(studio)
    with pytest.raises(UsageError, match="not seen at this frame"):
        studio.boxes.track(video, "b1", 500_000, 2_000_000)
    with pytest.raises(Conflict):
        studio.boxes.save(video, [{"id": "b1", "before": {"label": "dog"}, "after": {"label": "cat"}}])


def test_a_box_track_is_in_between_where_it_would_be() -> None:
    keys = (
        KeyFrame(0, 0.0, 0.0, 0.2, 0.2), KeyFrame(100, 0.2, 0.0, 0.4, 0.4, hidden=True), KeyFrame(200, 0.5, 0.5, 1, 1),
    )  # fmt: skip
    track = BoxTrack("b", keys=keys)
    assert track.at(50) == pytest.approx((0.1, 0.0, 0.3, 0.3))
    assert [track.at(t) for t in (-1, 100, 150, 201)] == [None] * 4
    assert track.at(200) == (0.5, 0.5, 1, 1)
    assert track.seen() == [(0, 100), (200, 200)]


def test_a_state_is_written_down_as_json() -> None:
    said = BoxState("car", keys={0: KeyFrame(0, 0.0, 0.0, 0.5, 0.5), 40: None})
    assert said.as_json() == {"label": "car", "keys": [[0, 0.0, 0.0, 0.5, 0.5, False, "manual"], [40]]}
