"""Points in time: they have no length in a file that knows them, and one frame here."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from praatio import textgrid

from studio.formats import FORMATS, losses, place
from studio.formats.model import Other
from studio.service import Studio
from studio.service.exchange.exchange import ImportOptions
from studio.store import videos
from studio.timeline import BOOKMARKS, Annotation, AttributeType, Beside, Footage, Segment, Timeline
from studio.timeline.boxes import BoxTrack, KeyFrame
from tests.conftest import VIDEO
from tests.formats.conftest import STEADY

S = 1_000_000
RATE = 30_000 / 1001
TAPE = Footage("hens.mp4", 60 * S, "v", 640, 360, RATE, tuple(round(n * S / RATE) for n in range(1_798)))
CODED = Timeline(
    TAPE,
    (
        Annotation("a", TAPE.span(100, 101), "Hen 1", "peck", "hard"),
        Annotation("b", TAPE.span(101, 102), "Hen 1", "peck"),
        Annotation("c", TAPE.span(50, 400), "Hen 1", "walk"),
        Annotation("d", TAPE.span(400, 401), "Hen 2", "walk"),
    ),
    points=frozenset({("Hen 1", "peck")}),
)


@pytest.mark.parametrize("form", ["textgrid", "boris"])
def test_points_come_back_as_points_on_their_frames(form: str) -> None:
    (part,) = FORMATS[form].read(FORMATS[form].write([CODED]), "hens")  # type: ignore[misc]
    found = sorted((m.track, m.label, *TAPE.frames(Segment(m.start, m.end)), m.point) for m in place(part, TAPE).marks)
    assert found == [
        ("Hen 1", "peck", 100, 101, True), ("Hen 1", "peck", 101, 102, True), ("Hen 1", "walk", 50, 400, False),
        ("Hen 2", "walk", 400, 401, False),
    ]  # fmt: skip


def test_a_point_of_audacity_ends_where_it_starts() -> None:
    text = FORMATS["audacity"].write([CODED]).decode()  # type: ignore[misc]
    assert text.splitlines()[1].split("\t") == ["3.336667", "3.336667", "peck"]
    (part,) = FORMATS["audacity"].read(text.encode(), "x")  # type: ignore[misc]
    points = [m for m in place(part, TAPE).marks if m.point]
    assert [TAPE.frames(Segment(m.start, m.end)) for m in points] == [(100, 101), (101, 102)]


@pytest.mark.parametrize("form", ["audacity", "textgrid", "boris"])
def test_what_somebody_made_longer_is_no_point(form: str) -> None:
    made = (
        Annotation("a", TAPE.span(100, 101), "Hen 1", "peck"),
        Annotation("b", TAPE.span(200, 260), "Hen 1", "peck"),
        Annotation("c", TAPE.span(300, 301), BOOKMARKS, "look"),
        Annotation("d", TAPE.span(400, 460), BOOKMARKS, "look at all of it"),
    )
    points = frozenset({("Hen 1", "peck"), (BOOKMARKS, "look"), (BOOKMARKS, "look at all of it")})
    timeline = Timeline(TAPE, made, points=points)
    (part,) = FORMATS[form].read(FORMATS[form].write([timeline]), "hens")  # type: ignore[misc]
    found = sorted((m.label, *TAPE.frames(Segment(m.start, m.end)), m.point) for m in place(part, TAPE).marks)
    both = form != "boris"  # where a behaviour is either for all that have it
    assert found == [("look", 300, 301, True), ("look at all of it", 400, 460, False), ("peck", 100, 101, both),
                     ("peck", 200, 260, False)]  # fmt: skip
    said = (
        "1 point is written as a state of one frame: elsewhere “peck” lasts, and a behaviour of BORIS is one of both."
    )
    assert [each for each in losses(FORMATS[form], [timeline]) if "point" in each] == ([] if both else [said])


def test_our_own_format_says_which_labels_are_points(studio: Studio) -> None:
    studio.store.write(lambda db: videos.insert(db, {**VIDEO, "name": TAPE.name}))
    studio.cache.save_array("v1", "pts.npy", np.array(TAPE.pts, np.int64))
    listed = replace(CODED, vocabularies={"Hen 1": ("walk", "peck")})
    data = FORMATS["json"].write([listed])  # type: ignore[misc]
    studio.exchange.apply(data, "x.json", "json", ImportOptions(video="v1", labels={"peck": "pecks"}))
    kinds = {(row["track"], row["label"]): row["kind"] for row in studio.labels.shown()["labels"]}
    assert kinds == {("Hen 1", "walk"): "segment", ("Hen 1", "pecks"): "point", ("Hen 2", "walk"): "segment"}
    found = [a.segment for a in studio.timelines.annotations("v1")]
    assert sorted(found) == sorted(a.segment for a in CODED.annotations), "times are those of the file to the µs"


def test_that_what_is_a_point_is_dropped_is_said() -> None:
    said = "That 2 segments are points in time is dropped."
    silent = {name for name, form in FORMATS.items() if form.write and said not in losses(form, [CODED])}
    assert silent == {"json", "audacity", "textgrid", "boris", "ava", "chapters", "ctm"}
    bookmark = replace(CODED.annotations[0], track=BOOKMARKS)
    marked = Timeline(TAPE, (bookmark,), points=frozenset({(BOOKMARKS, "peck")}))
    said = "That 1 segment is a point in time is dropped."
    assert said not in losses(FORMATS["csv"], [marked]) and said in losses(FORMATS["srt"], [marked])


def test_praatio_finds_the_points(tmp_path: Path) -> None:
    file = tmp_path / "hens.TextGrid"
    file.write_bytes(FORMATS["textgrid"].write([CODED]))  # type: ignore[misc]
    (tier,) = (tier for tier in textgrid.openTextgrid(str(file), False).tiers if isinstance(tier, textgrid.PointTier))
    assert [(point.time, point.label) for point in tier.entries] == [(3.336667, "peck"), (3.370033, "peck")]


def test_the_ethogram_of_a_boris_project() -> None:
    project = json.loads(FORMATS["boris"].write([CODED]))  # type: ignore[misc]
    kinds = {each["code"]: each["type"] for each in project["behaviors_conf"].values()}
    assert kinds == {"peck": "Point event", "walk": "State event"}
    assert [each["name"] for each in project["subjects_conf"].values()] == ["Hen 1", "Hen 2"]
    (observation,) = project["observations"].values()
    assert observation["file"]["1"] == ["hens.mp4"] and observation["media_info"]["length"] == {"hens.mp4": 60.0}
    assert [event[:3] for event in observation["events"]][:3] == [
        [1.668, "Hen 1", "walk"], [3.337, "Hen 1", "peck"], [3.37, "Hen 1", "peck"],
    ]  # fmt: skip


# as BORIS 8 writes one; the second observation has a state that was never stopped
BORIS: dict[str, Any] = {
    "time_format": "hh:mm:ss", "project_format_version": "7.0", "subjects_conf": {"0": {"name": "Hen", "key": "h"}},
    "behaviors_conf": {
        "0": {"type": "State event", "key": "w", "code": "walk", "modifiers": {"0": {"name": "speed"}}},
        "1": {"type": "Point event", "key": "p", "code": "peck"},
    },
    "observations": {
        "one": {"file": {"1": ["/lab/hens 1.mp4"], "2": []}, "type": "MEDIA", "events": [
            [8.25, "Hen", "walk", "slow", "", 247], [2.0, "", "peck", "None", "at the bowl", 60],
            [4.5, "Hen", "walk", "slow", "", 135]]},
        "two": {"file": {"1": ["/lab/hens 2.mp4"]}, "type": "MEDIA", "events": [[1, "Hen", "walk", "", ""]]},
    },
}  # fmt: skip


def test_a_project_of_boris() -> None:
    one, two = FORMATS["boris"].read(json.dumps(BORIS).encode(), "x.boris")  # type: ignore[misc]
    assert (one.video, two.video, two.marks) == ("hens 1.mp4", "hens 2.mp4", ())
    assert [(m.start, m.end, m.track, m.label, m.note, dict(m.attributes), m.point) for m in one.marks] == [
        (2 * S, 2 * S, "Behaviours", "peck", "at the bowl", {}, True),
        (4_500_000, 8_250_000, "Hen", "walk", "", {"speed": "slow"}, False),
    ]
    assert "1 state that nobody ended is left out." in one.problems


def test_what_plays_beside_a_video_are_players_of_boris() -> None:
    beside = (Beside("side.mp4", 3_200_400, True, 30 * S, 29.97), Beside("mic.wav", -1_500_000, False, 90 * S))
    data = FORMATS["boris"].write([replace(CODED, cameras=beside)])  # type: ignore[misc]
    (observation,) = json.loads(data)["observations"].values()
    assert {player: listed for player, listed in observation["file"].items() if listed} == {
        "1": ["hens.mp4"], "2": ["side.mp4"], "3": ["mic.wav"],
    }  # fmt: skip
    assert observation["media_info"] == {
        "length": {"hens.mp4": 60.0, "side.mp4": 30.0, "mic.wav": 90.0},
        "fps": {"hens.mp4": CODED.footage.fps, "side.mp4": 29.97, "mic.wav": 0.0},
        "hasVideo": {"hens.mp4": True, "side.mp4": True, "mic.wav": False},
        "offset": {"1": 0.0, "2": 3.2004, "3": -1.5},
    }
    (part,) = FORMATS["boris"].read(data, "x.boris")  # type: ignore[misc]
    assert part.cameras == part.also == (Other("side.mp4", -3_200_400), Other("mic.wav", 1_500_000))
    assert not [said for said in losses(FORMATS["boris"], [replace(CODED, cameras=beside)]) if "camera" in said]


def test_players_of_boris_begin_at_their_offsets_and_events_at_that_of_the_observation() -> None:
    media = {
        "file": {"1": ["/lab/a.mp4", "/lab/later.mp4"], "2": ["C:\\lab\\b.mp4", "c.mp4"], "3": [], "4": ["d.mp4"]},
        "media_info": {"offset": {"1": 7.0, "2": 2.5, "4": "soon"}}, "time offset": 1.5,
    }  # fmt: skip
    data = json.dumps({**BORIS, "observations": {"one": {**BORIS["observations"]["one"], **media}}}).encode()
    (part,) = FORMATS["boris"].read(data, "x.boris")  # type: ignore[misc]
    assert (part.video, part.cameras) == ("a.mp4", (Other("b.mp4", -2_500_000), Other("d.mp4", 0)))
    assert [(m.start, m.end) for m in part.marks] == [(500_000, 500_000), (3 * S, 6_750_000)]
    assert "1 file that other players play after their first is left out." in part.problems
    assert any("An offset of Observation “one”: 'soon' is not a time in seconds." in said for said in part.problems)


def test_attributes_are_modifiers_of_boris_and_come_back() -> None:
    types = (
        AttributeType("hand", "choice", ("left", "right")), AttributeType("seen", "several", ("ann", "ben")),
        AttributeType("force", "number", (), 1, 5),
    )  # fmt: skip
    said = {"hand": "left", "seen": ["ann", "ben"], "force": 2.5}
    made = (Annotation("a", Segment(S, 2 * S), "Hen", "walk", attributes=said),
            Annotation("b", Segment(3 * S, 4 * S), "Hen", "walk", attributes={"force": 1, "free": "a|b"}))  # fmt: skip
    timeline = Timeline(TAPE, made, attribute_types={("Hen", "walk"): types})
    data = FORMATS["boris"].write([timeline])  # type: ignore[misc]
    project = json.loads(data)
    sets = project["behaviors_conf"]["0"]["modifiers"]
    assert [(each["name"], each["type"], each["values"]) for each in sets.values()] == [
        ("hand", 0, ["left", "right"]), ("seen", 1, ["ann", "ben"]), ("force", 2, []), ("free", 0, ["a/b"]),
    ]  # fmt: skip
    (observation,) = project["observations"].values()
    assert [event[3] for event in observation["events"]] == ["left|ann,ben|2.5|None"] * 2 + ["None|None|1|a/b"] * 2
    (part,) = FORMATS["boris"].read(data, "x.boris")  # type: ignore[misc]
    assert [dict(m.attributes) for m in part.marks] == [said, {"force": 1.0, "free": "a/b"}]


# as BORIS 8 exports tabular events; an older one has rows about the observation above the head
HEAD = (
    "Observation id,Observation date,Media file name,Total length,FPS,Subject,Behavior,Behavioral category,Modifier #1,"
    "Behavior type,Time,Comment\n"
)
TABLE = f"""{HEAD}one,2024-05-01,/lab/hens 1.mp4,60,25,Hen,walk,move,slow,START,4.5,
one,2024-05-01,/lab/hens 1.mp4,60,25,No focal subject,peck,eat,,POINT,2.0,at the bowl
one,2024-05-01,/lab/hens 1.mp4,60,25,Hen,walk,move,slow,STOP,8.25,
two,2024-05-01,/lab/hens 2.mp4,60,25,Hen,,move,,START,1,
"""
OLD = """Observation id\tone

Time\tMedia file path\tSubject\tBehavior\tStatus\tComment
1.5\thens.mp4\tHen\twalk\tSTART\t
2.25\thens.mp4\tHen\twalk\tSTOP\t
"""


def test_tables_of_boris(studio: Studio) -> None:
    one, *others = FORMATS["boris"].read(TABLE.encode(), "x.csv")  # type: ignore[misc]
    assert (one.video, others) == ("hens 1.mp4", [])
    assert [(m.start, m.end, m.track, m.label, m.note, dict(m.attributes), m.point) for m in one.marks] == [
        (2 * S, 2 * S, "Behaviours", "peck", "at the bowl", {}, True),
        (4_500_000, 8_250_000, "Hen", "walk", "", {"Modifier #1": "slow"}, False),
    ]
    assert any("names no behaviour" in problem for problem in one.problems), one.problems
    (old,) = FORMATS["boris"].read(OLD.encode(), "x.tsv")  # type: ignore[misc]
    assert [(old.video, m.start, m.end, m.track) for m in old.marks] == [("hens.mp4", 1_500_000, 2_250_000, "Hen")]
    assert studio.exchange.readers(TABLE.encode(), "x.csv") == ["boris"]
    assert studio.exchange.readers(b"start,end,label\n1,2,x\n", "x.csv") == ["csv"]


def test_what_is_imported_as_points_is_one_in_the_schema(studio: Studio, clips: dict[str, Any]) -> None:
    video = str(studio.videos.add(clips["bikes"])["id"])
    plan = ImportOptions(video=video)
    studio.exchange.apply(b"1.0\t1.0\tpeck\n2.0\t3.0\twalk\n", "x.txt", "audacity", plan)
    kinds = {row["label"]: row["kind"] for row in studio.labels.shown()["labels"]}
    assert kinds == {"peck": "point", "walk": "segment"}
    assert studio.timelines.annotations(video)[0].segment == Segment(1_000_000, 1_040_000)
    assert studio.exchange.export(video, "audacity").decode().splitlines()[0] == "1.000000\t1.000000\tpeck"


def test_a_behaviour_of_boris_that_lasts_for_one_and_is_a_point_for_another() -> None:
    boris, frame = FORMATS["boris"], 40_000
    look = [
        Annotation("a", Segment(1 * S, 2 * S), "Mother", "look"),
        Annotation("b", Segment(3 * S, 3 * S + frame), "Infant", "look"),
        Annotation("c", Segment(5 * S, 5 * S + frame), "Infant", "look"),
    ]
    timeline = Timeline(STEADY, tuple(look), points=frozenset({("Infant", "look")}))
    assert boris.write and boris.read
    (part,) = boris.read(boris.write([timeline]), "x.boris")
    assert {(m.start, m.end, m.track) for m in part.marks} == {(a.segment.start, a.segment.end, a.track) for a in look}
    said = (
        "2 points are written as states of one frame: elsewhere “look” lasts, and a behaviour of BORIS is one of both."
    )
    assert losses(boris, [timeline]) == [said]
    other = Timeline(replace(STEADY, name="other.mp4"), (look[0],))
    (one, two) = boris.read(boris.write([replace(timeline, annotations=tuple(look[1:])), other]), "x.boris")
    assert [len(one.marks), len(two.marks)] == [2, 1], "the kind is one for the whole project"


def test_more_than_ten_sets_of_modifiers_stay_in_order() -> None:
    boris = FORMATS["boris"]
    said = {f"set {n}": f"value {n}" for n in range(12)}
    a = Annotation("a", Segment(1 * S, 2 * S), "Hen", "peck", attributes=said)
    assert boris.write and boris.read
    (part,) = boris.read(boris.write([Timeline(STEADY, (a,))]), "x.boris")
    assert part.marks[0].attributes == said


@pytest.mark.parametrize("name", ["boris", "labelstudio"])
@pytest.mark.parametrize(
    "value", ["None", "", "a|b", " a", ["Smith, J.", "Lee"], ["x"], ["x", "y"], [], [1, 2], "a, b", 3, -2.5, "text"]
)
def test_what_a_format_of_plain_values_does_not_keep_is_said(name: str, value: object) -> None:
    form = FORMATS[name]
    a = Annotation("a", Segment(1 * S, 2 * S), "Hen", "peck", attributes={"how": value, "why": "so"})
    assert form.write and form.read
    (part,) = form.read(form.write([Timeline(STEADY, (a,))]), f"x{form.extension}")
    is_kept = dict(place(part, STEADY).marks[0].attributes) == a.attributes
    said = "The attributes of 1 segment have values that an import reads otherwise."
    assert is_kept == (said not in losses(form, [Timeline(STEADY, (a,))]))


@pytest.mark.parametrize("name", ["via", "cvat"])
def test_attributes_that_are_called_as_what_the_file_has_beside_them(name: str) -> None:
    names = ("note", "label", "track", "annotator", "box", "Note", "note (attribute)", "other")
    said = {each: f"value of {each}" for each in names}
    a = Annotation("a", Segment(1 * S, 2 * S), "Hen", "peck", "a note", annotator="ann", attributes=said)
    b = replace(a, id="b", track="Cock", attributes={})
    form = FORMATS[name]
    assert form.write and form.read
    (part,) = form.read(form.write([Timeline(STEADY, (a, b))]), f"x{form.extension}")
    found = {m.track: m for m in place(part, STEADY).marks}
    assert dict(found["Hen"].attributes) == said and dict(found["Cock"].attributes) == {}
    for mark in found.values():
        assert (mark.label, mark.note, mark.annotator) == ("peck", "a note", "ann")


def test_attributes_of_boxes_in_cvat_that_are_called_as_its_own() -> None:
    said = {"box": "1", "annotator": "2", "track": "3", "note": "4", "colour": "red"}
    keys = (KeyFrame(1 * S, 0.1, 0.1, 0.5, 0.5), KeyFrame(2 * S, 0.2, 0.2, 0.6, 0.6))
    drawn = BoxTrack("d", "dog", "Rex", keys, "zoe", attributes=said)
    cvat = FORMATS["cvat"]
    assert cvat.write and cvat.read
    (part,) = cvat.read(cvat.write([Timeline(STEADY, objects=(drawn,))]), "x.xml")
    (back,) = place(part, STEADY).objects
    assert (back.label, back.name, back.annotator, dict(back.attributes)) == ("dog", "Rex", "zoe", said)
