"""What a file has that is otherwise in the library: counted, chosen, taken back and done again."""

import csv
import io
import json
from typing import Any

import pytest

from studio.errors import UsageError
from studio.formats import FORMATS
from studio.service import Studio
from studio.service.exchange.exchange import ImportOptions
from studio.store import videos
from tests.conftest import VIDEO

EDIT = {"op": "create", "track": "Gesture", "base_version": 0}


@pytest.fixture
def video(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr("studio.service.videos.media_cache.MediaCache.frames", lambda *_: ())
    studio.store.write(lambda db: videos.insert(db, dict(VIDEO)))
    return "v1"


def add(studio: Studio, by: str, *found: tuple[str, float, float, str], **more: Any) -> None:
    edits = [
        {**EDIT, "edit_id": f"e{name}", "id": name, "start": start, "end": end, "label": label, **more}
        for name, start, end, label in found
    ]
    assert all(each["ok"] for each in studio.timelines.save("v1", edits, by)["results"])


def spans(studio: Studio) -> list[tuple[float, float, str]]:
    return sorted((a.segment.start / 1e6, a.segment.end / 1e6, a.label) for a in studio.timelines.annotations("v1"))


def changed_json(studio: Studio) -> bytes:
    """What the library has as its own JSON, with one moment moved, one label other, and one that is new."""
    document = json.loads(studio.exchange.export("v1", "json"))
    (part,) = document.get("videos", [document])
    first, second, *_ = part["annotations"]
    first.update(start_us=20_000_000, start=20.0, end_us=21_000_000, end=21.0)
    second["label"] = "nod"
    part["annotations"].append({**second, "id": "elsewhere", "label": "new", "start_us": 30_000_000,
                                "end_us": 31_000_000})  # fmt: skip
    return json.dumps(document).encode()


THREE = (("a", 1.0, 2.0, "wave"), ("b", 3.0, 4.0, "wave"), ("c", 5.0, 6.0, "point"))


def test_counts_agree_with_themselves_and_own_rows_are_known_by_their_ids(studio: Studio, video: str) -> None:
    add(studio, "ann", *THREE)
    file = changed_json(studio)
    shown = studio.exchange.preview(file, "talk.json", "json")
    assert {key: shown[key] for key in ("segments", "already", "different", "changed")} == {
        "segments": 1, "already": 1, "different": 2, "changed": 0,
    }  # fmt: skip
    assert shown["parts"][0]["segments"] == 4  # all of them
    moved, named = shown["differences"]
    assert (moved["here"]["start"], moved["file"]["start"]) == (1.0, 20.0)
    assert (named["here"]["label"], named["file"]["label"]) == ("wave", "nod")


@pytest.mark.parametrize(
    ("different", "found", "counts"),
    [
        ("keep", [(1, 2, "wave"), (3, 4, "wave"), (5, 6, "point"), (30, 31, "new")], (1, 0)),
        ("take", [(3, 4, "nod"), (5, 6, "point"), (20, 21, "wave"), (30, 31, "new")], (1, 2)),
        ("both", [(1, 2, "wave"), (3, 4, "nod"), (3, 4, "wave"), (5, 6, "point"), (20, 21, "wave"), (30, 31, "new")],
         (3, 0)),
    ],
)  # fmt: skip
def test_three_choices_each_taken_back_and_done_again_as_one(
    studio: Studio, video: str, different: Any, found: list[Any], counts: tuple[int, int]
) -> None:
    add(studio, "ann", *THREE)
    before = spans(studio)
    done = studio.exchange.apply(changed_json(studio), "talk.json", "json", ImportOptions(different=different), "bob")
    assert (done["segments"], done["changed"]) == counts
    assert spans(studio) == found
    for _ in range(2):  # as often as somebody wants
        assert studio.exchange.undo(done["import"], "bob") == {"removed": sum(counts), "kept": 0}
        assert spans(studio) == before
        assert studio.exchange.redo(done["import"], "bob") == {"added": sum(counts), "kept": 0}
        assert spans(studio) == found
    with pytest.raises(UsageError, match="not undone"):
        studio.exchange.redo(done["import"])
    if different == "take":
        kept = {a.id: a for a in studio.timelines.annotations("v1")}
        assert set(kept) >= {"a", "b", "c"}  # their own rows, with their history
        assert [entry["op"] for entry in studio.timelines.history("a")][:2] == ["create", "update"]


def test_what_was_exported_is_unchanged_in_every_format_that_can_be_read(studio: Studio, video: str) -> None:
    """Also by another person, and where the format only has milliseconds."""
    add(studio, "ann", ("a", 1.0012345, 2.0007, "wave"), ("b", 3.0, 4.0, "wave"), note="well")
    for name in ("json", "csv", "elan", "textgrid", "activitynet", "vtt", "ass"):
        file = studio.exchange.export("v1", name, "annotations" if name in ("vtt", "ass") else "")
        plan = ImportOptions("v1", kind="annotations", tracks={"Subtitles": "Gesture", "Activity": "Gesture"})
        shown = studio.exchange.preview(file, "talk.x", name, plan, "bob")
        assert (shown["segments"], shown["already"], shown["different"]) == (0, 2, 0), name
    assert studio.exchange.preview(file, "talk.x", name, plan, "bob")["already"] == 2


OVERLAPS = (
    ("a", 1.0, 4.0, "wave"), ("b", 2.0, 3.0, "nod"), ("c", 2.0, 5.0, "point"), ("d", 6.0, 7.0, "wave"),
    ("e", 6.0, 7.0, "nod"),
)  # fmt: skip
LAYERED = [form.name for form in FORMATS.values() if form.holds.layers]


@pytest.mark.parametrize("name", LAYERED)
def test_what_overlaps_on_a_row_comes_back_on_it(studio: Studio, video: str, name: str) -> None:
    assert LAYERED == ["elan", "boris", "textgrid", "nova"]
    add(studio, "ann", *OVERLAPS)
    file, plan = studio.exchange.export("v1", name), ImportOptions(video="v1")
    shown = studio.exchange.preview(file, f"talk{FORMATS[name].extension}", name, plan, "ann")
    assert (shown["segments"], shown["already"], shown["different"]) == (0, 5, 0)
    with pytest.raises(UsageError, match="already"):
        studio.exchange.apply(file, f"talk{FORMATS[name].extension}", name, plan, "ann")
    edit = {**EDIT, "edit_id": "gone", "op": "delete", "id": "e", "base_version": 1, "start": 6.0, "end": 7.0,
            "label": "nod"}  # fmt: skip
    assert studio.timelines.save("v1", [edit], "ann")["results"][0]["ok"]
    back = studio.exchange.apply(file, f"talk{FORMATS[name].extension}", name, plan, "ann")
    assert (back["segments"], back["already"]) == (1, 4)
    assert {(each["name"], each["to"]) for each in back["tracks"]} == {
        ("Gesture", "Gesture"), ("Gesture (2)", "Gesture"), ("Gesture (3)", "Gesture"),
    }  # fmt: skip
    assert {each["track"] for each in back["sample"]} == {"Gesture"}
    assert "The tier “Gesture (2)” has what overlaps on the row “Gesture”, and goes there." in back["problems"]
    assert {a.track for a in studio.timelines.annotations("v1")} == {"Gesture"}


def test_a_tier_that_somebody_called_so_is_a_row_of_its_own(studio: Studio, video: str) -> None:
    add(studio, "ann", ("a", 1.0, 4.0, "wave"), ("b", 2.0, 3.0, "nod"), ("c", 6.0, 7.0, "wave"))
    grid = studio.exchange.export("v1", "textgrid")
    plan = ImportOptions(video="v1")
    # a second person's tier with the labels and times of the first one's, which the file's own tier has
    second = grid.decode().replace('"nod"', '""')
    tier = second[second.index("    item [1]:") : second.index("    item [2]:")].replace('"Gesture"', '"Gesture (2)"')
    same = second[: second.index("    item [2]:")] + tier.replace("item [1]", "item [2]")
    shown = studio.exchange.preview(same.encode(), "talk.TextGrid", "textgrid", plan, "ann")
    assert (shown["segments"], shown["already"], shown["problems"]) == (2, 2, [])
    # somebody names it so
    named = ImportOptions(video="v1", tracks={"Gesture (2)": "Gesture (2)"})
    chosen = studio.exchange.preview(grid, "talk.TextGrid", "textgrid", named, "ann")
    assert (chosen["segments"], chosen["already"], chosen["problems"]) == (1, 2, [])
    # other labels and times than those here
    other = studio.exchange.preview(grid.replace(b'"nod"', b'"turn"'), "talk.TextGrid", "textgrid", plan, "ann")
    assert (other["segments"], other["already"], other["problems"]) == (1, 2, [])
    # something is here on a row of that name
    add(studio, "ann", ("d", 8.0, 9.0, "wave"), track="Gesture (2)")
    here = studio.exchange.preview(grid, "talk.TextGrid", "textgrid", plan, "ann")
    assert (here["segments"], here["already"], here["problems"]) == (1, 2, [])


def test_a_table_has_ids_too_and_a_note_that_it_does_not_say_stays(studio: Studio, video: str) -> None:
    add(studio, "ann", ("a", 1.0, 2.0, "wave"), note="well", attributes={"hand": "left", "sure": True})
    rows = list(csv.reader(io.StringIO(studio.exchange.export("v1", "csv").decode("utf-8-sig"))))
    head = rows[0]
    rows[1][head.index("label")], rows[1][head.index("note")] = "nod", ""
    rows[1][head.index("start_us")] = "9000000"
    rows[1][head.index("end_us")] = "9500000"
    rows[1][head.index("attributes")] = '{"hand": "right"}'
    target = io.StringIO()
    csv.writer(target).writerows(rows)
    done = studio.exchange.apply(target.getvalue().encode(), "talk.csv", "csv", ImportOptions(different="take"), "bob")
    assert (done["segments"], done["changed"]) == (0, 1)
    (a,) = studio.timelines.annotations("v1")
    assert (a.id, a.label, a.segment.start, a.note) == ("a", "nod", 9_000_000, "well")
    assert dict(a.attributes) == {"hand": "right", "sure": True}


def table(*rows: tuple[float, float, str], annotator: str = "") -> bytes:
    lines = [f"Gesture,{label},{start},{end},{annotator}" for start, end, label in rows]
    return "\n".join(["track,label,start,end,annotator", *lines]).encode()


def test_without_ids_the_same_time_or_most_of_it_is_the_same_moment(studio: Studio, video: str) -> None:
    add(studio, "", *THREE)
    file = table((1.0, 2.0, "nod"), (3.2, 4.2, "wave"), (5.6, 6.6, "point"))
    shown = studio.exchange.preview(file, "talk.csv", "csv", ImportOptions("v1"))
    assert (shown["segments"], shown["different"]) == (1, 2)  # the last shares less than half
    with pytest.raises(UsageError, match="2 segments of it are different here and stay so"):
        studio.exchange.apply(table((1.0, 2.0, "nod"), (3.2, 4.2, "wave")), "talk.csv", "csv", ImportOptions("v1"))


@pytest.mark.parametrize(
    ("annotator", "importer", "new"), [("bob", "", 1), ("", "bob", 1), ("", "", 1), ("ann", "bob", 0)]
)
def test_two_people_may_mark_one_moment(studio: Studio, video: str, annotator: str, importer: str, new: int) -> None:
    add(studio, "ann", ("a", 1.0, 2.0, "wave"))
    file = table((1.1, 2.1, "wave"), annotator=annotator)
    shown = studio.exchange.preview(file, "talk.csv", "csv", ImportOptions("v1"), importer)
    assert (shown["segments"], shown["different"]) == (new, 1 - new)


def test_what_somebody_changed_since_stays_and_what_they_changed_back_does_not(studio: Studio, video: str) -> None:
    done = studio.exchange.apply(table((1, 2, "x"), (3, 4, "y"), (5, 6, "z")), "t.csv", "csv", ImportOptions("v1"))
    x, y, z = studio.timelines.annotations("v1")

    def edit(op: str, a: Any, version: int, label: str) -> None:
        change = {**EDIT, "edit_id": f"{op}{version}{a.id}", "op": op, "id": a.id, "base_version": version,
                  "start": a.segment.start / 1e6, "end": a.segment.end / 1e6, "label": label}  # fmt: skip
        assert studio.timelines.save("v1", [change])["results"][0]["ok"]

    edit("update", x, 1, "mine")
    edit("update", y, 1, "other")
    edit("update", y, 2, "y")
    edit("delete", z, 1, "z")
    assert studio.exchange.undo(done["import"]) == {"removed": 1, "kept": 1}
    assert spans(studio) == [(1, 2, "mine")]
    edit("update", x, 2, "x")
    assert studio.exchange.redo(done["import"]) == {"added": 1, "kept": 2}
    assert spans(studio) == [(1, 2, "x"), (3, 4, "y")]


def test_lines_and_boxes_go_and_come_with_their_import(studio: Studio, video: str) -> None:
    row = studio.videos.get("v1")
    studio.transcripts.save_line(row, None, 0, 1, "typed here")
    said = b"1\n00:00:01,000 --> 00:00:02,000\nfrom the file\n"
    done = studio.exchange.apply(said, "talk.srt", "srt", ImportOptions("v1"))
    words = lambda: [line["text"] for line in studio.transcripts.lines(row)]  # noqa: E731
    for _ in range(2):
        assert words() == ["from the file"]
        assert studio.exchange.undo(done["import"])["kept"] == 0
        assert words() == ["typed here"]
        studio.exchange.redo(done["import"])
    ava = "\n".join(f"talk,{n / 10},0.1,0.2,0.3,0.4,SPEAKING_AUDIBLE," for n in range(10)).encode()
    boxes = studio.exchange.apply(ava, "talk.csv", "ava", ImportOptions("v1"))
    studio.exchange.undo(boxes["import"])
    assert studio.exchange.timeline(row).boxes == {}
    studio.exchange.redo(boxes["import"])
    assert len(studio.exchange.timeline(row).boxes["Imported"]) == 10


def test_lines_beside_annotations_come_back_once_more_too(studio: Studio, video: str) -> None:
    add(studio, "ann", ("a", 1.0, 2.0, "wave"))
    row = studio.videos.get("v1")
    line = studio.transcripts.save_line(row, None, 3, 4, "hello")["line"]
    file = studio.exchange.export("v1", "json")
    studio.transcripts.delete_line(row, line)
    done = studio.exchange.apply(file, "talk.json", "json")
    assert (done["segments"], done["already"], done["lines"]) == (0, 1, 1)
    for _ in range(2):
        assert studio.exchange.undo(done["import"]) == {"removed": 1, "kept": 0}
        assert studio.transcripts.lines(row) == []
        assert studio.exchange.redo(done["import"]) == {"added": 1, "kept": 0}
        assert [each["text"] for each in studio.transcripts.lines(row)] == ["hello"]


@pytest.mark.parametrize("form", ["json", "srt"])
def test_a_line_that_somebody_deleted_stays_away_when_its_import_comes_back(
    studio: Studio, video: str, form: str
) -> None:
    add(studio, "ann", ("a", 1.0, 2.0, "wave"))
    row = studio.videos.get("v1")
    for number, words in enumerate(("right", "wrong", "other")):
        studio.transcripts.save_line(row, None, 3 + number, 4 + number, words)
    file = studio.exchange.export("v1", form, "lines" if form == "srt" else "")
    for line in studio.transcripts.lines(row):
        studio.transcripts.delete_line(row, line["id"])
    done = studio.exchange.apply(file, f"talk.{form}", form, ImportOptions("v1"))
    (wrong,) = [line["id"] for line in studio.transcripts.lines(row) if line["text"] == "wrong"]
    studio.transcripts.delete_line(row, wrong)
    for _ in range(2):
        studio.exchange.undo(done["import"])
        studio.exchange.redo(done["import"])
        assert [line["text"] for line in studio.transcripts.lines(row)] == ["right", "other"]


@pytest.mark.parametrize("count", [2_000, pytest.param(40_000, marks=pytest.mark.release)])
def test_however_many_are_one_step(studio: Studio, video: str, count: int) -> None:
    file = table(*((n / 1000, n / 1000 + 0.001, "x") for n in range(count)))
    done = studio.exchange.apply(file, "t.csv", "csv", ImportOptions("v1"))
    assert done["segments"] == count
    assert studio.exchange.undo(done["import"]) == {"removed": count, "kept": 0}
    assert spans(studio) == []


def test_a_choice_that_is_none(studio: Studio, video: str) -> None:
    with pytest.raises(UsageError, match="one of: keep, take, both"):
        ImportOptions(different="mine")  # type: ignore[arg-type]
