"""What was found in annotations goes out as a table of moments, and as segments in every format."""

import csv
import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from studio.errors import UsageError
from studio.formats import FORMATS
from studio.service import Studio
from studio.service.exchange import found
from studio.service.exchange.dataset import ExportOptions
from studio.service.exchange.found import File
from studio.service.find import parse
from tests.conftest import VIDEO
from tests.service.test_find import library

__all__ = ["library"]  # the fixture

NOD, SMILE = {"labels": ["nod"]}, {"labels": ["smile"]}
NEXT = {"segments": [NOD, {**SMILE, "relation": {"is": "near", "most": 2}}]}
Export = Callable[[dict[str, Any], str], File]


@pytest.fixture
def export(library: Studio) -> Export:
    for video in ("v1", "v2"):
        library.cache.save_array(video, "pts.npy", np.arange(0, VIDEO["duration_us"], 40_000, dtype=np.int64))

    def call(request: dict[str, Any], name: str) -> File:
        question = parse(request)
        return found.export(library.exchange, question, library.find.ask(question), name)

    return call


def test_a_table_has_a_row_for_each_moment(export: Export) -> None:
    rows = list(csv.DictReader(io.StringIO(export(NEXT, found.TABLE).content.decode("utf-8-sig"))))
    assert [(row["video"], row["start"], row["end"]) for row in rows] == [
        ("talk.mp4", "1", "5"),
        ("talk.mp4", "10", "12"),
    ]
    assert [(row["A label"], row["A start"], row["A end"], row["A gap"]) for row in rows] == [
        ("nod", "1", "2", ""), ("nod", "10", "10.5", "")]  # fmt: skip
    assert [(row["B track"], row["B id"], row["B gap"], row["B annotator"]) for row in rows] == [
        ("Face", "smile1", "1.0", "ann"), ("Face", "smile2", "-0.25", "ben")]  # fmt: skip
    assert json.loads(rows[0]["A attributes"]) == {"intensity": 3, "hand": "left"}


def test_what_must_not_be_there_has_no_columns(export: Export) -> None:
    request = {"segments": [NOD, {**SMILE, "relation": {"is": "after", "absent": True}}]}
    (head, *rows) = export(request, found.TABLE).content.decode("utf-8-sig").splitlines()
    assert "A id" in head and "B id" not in head and len(rows) == 2


def test_no_cell_of_the_table_is_a_formula(library: Studio, export: Export) -> None:
    library.store.write(lambda db: db.execute("UPDATE annotations SET label = '=1+1' WHERE id = 'nod1'"))
    assert "'=1+1" in export({"segments": [{"labels": ["=1+1"]}]}, found.TABLE).content.decode()


def test_a_list_says_what_the_command_line_says(export: Export) -> None:
    made = json.loads(export(NEXT, found.LIST).content)
    assert (made["count"], made["total"]) == (2, 1.5)
    assert [[each["id"] for each in moment["segments"]] for moment in made["moments"]] == [
        ["nod1", "smile1"], ["nod2", "smile2"]]  # fmt: skip


@pytest.mark.parametrize("name", [f.name for f in FORMATS.values() if f.write and not f.holds.only_boxed])
def test_each_format_has_what_was_found_and_nothing_else(export: Export, library: Studio, name: str) -> None:
    if FORMATS[name].holds.lines == "alone":
        with pytest.raises(UsageError, match="Nothing that was found has a place in"):
            export(NEXT, name)
        return
    file = export({**NEXT, "videos": ["v1"]}, name)
    whole = library.exchange.export("v1", name)
    assert file.content != whole
    assert b"head shake" not in file.content and b"head_shake" not in file.content
    if FORMATS[name].read and FORMATS[name].holds.labels:
        labels = [mark.label for part in FORMATS[name].read(file.content, file.name) for mark in part.marks]  # type: ignore[misc]
        assert {label.lower() for label in labels} == {"nod", "smile"}


def test_several_videos_are_a_zip_where_a_file_holds_one(export: Export) -> None:
    file = export({"segments": [SMILE]}, "elan")
    assert (file.name, file.media_type) == ("moments.zip", "application/zip")
    with zipfile.ZipFile(io.BytesIO(file.content)) as archive:
        assert archive.namelist() == ["Interview Été.eaf", "talk.eaf"]
        assert b"smile" in archive.read("talk.eaf") and b"nod" not in archive.read("talk.eaf")
    assert export({"segments": [SMILE]}, "elan").content == file.content, "the same bytes each time"
    assert export({"segments": [SMILE]}, "csv").name == "moments.csv"
    assert export({"segments": [NOD]}, "elan").name == "talk.eaf"


def test_lines_go_out_as_lines_and_proposals_are_said_to_be_left_out(library: Studio, export: Export) -> None:
    said = export({"segments": [{"statuses": ["line"], "text": "guten"}]}, "srt").content.decode()
    assert "Guten Morgen" in said and "no, no" not in said
    question = parse({"segments": [{"statuses": ["undecided", "manual"]}]})
    lost = found.lost(library.exchange, library.find.ask(question), "json")
    assert lost == [
        "1 segment that models propose is left out: nobody accepted it; Table of moments (CSV) has them too."
    ]
    assert found.lost(library.exchange, library.find.ask(question), found.TABLE) == []


def test_nothing_found_is_nothing_to_export(export: Export) -> None:
    with pytest.raises(UsageError, match="Nothing was found"):
        export({"segments": [{"labels": ["x"]}]}, "json")
    with pytest.raises(UsageError):
        export(NEXT, "word")


def test_a_data_set_of_the_videos_in_which_a_saved_question_finds_something(library: Studio, export: Export) -> None:
    library.find.save("nods", parse({"segments": [NOD]}), "ann")
    assert library.datasets.preview(ExportOptions(search="nods"))["videos"] == 1
    assert library.datasets.preview(ExportOptions())["videos"] == 2


def test_films_and_a_sound_recording_in_frames_are_the_films(library: Studio, export: Export) -> None:
    library.store.write(lambda db: db.execute("UPDATE videos SET width = 0, height = 0, fps = 0 WHERE id = 'v2'"))
    question = parse({"segments": [SMILE]})
    said = found.lost(library.exchange, library.find.ask(question), "edl")
    assert any("has no pictures" in sentence or "have no pictures" in sentence for sentence in said)
    file = export({"segments": [SMILE]}, "edl")
    assert (file.name, file.content.count(b"smile")) == ("talk.edl", 2)


def test_boxes_over_time_come_with_the_segments_that_are_about_them(library: Studio, export: Export) -> None:
    """Where a format can hold them; those of nothing that was found stay out of it."""
    keys = [{"at": at, "box": [0.1, 0.1, 0.5, 0.5]} for at in (1.0, 2.0)]
    for number in ("one", "other"):
        drawn = {"op": "box", "edit_id": f"e-{number}", "id": number, "before": {"deleted": True},
                 "after": {"deleted": False, "label": "person", "name": number, "keys": keys}}  # fmt: skip
        (answer,) = library.timelines.save("v1", [drawn])["results"]
        assert answer["ok"], answer
    library.store.write(
        lambda db: db.execute("UPDATE annotations SET attributes = ? WHERE id = 'nod1'", (json.dumps({"box": "one"}),))
    )
    request = {"segments": [NOD], "videos": ["v1"]}
    for name in ("json", "cvat", "via", "labelstudio"):
        file = export(request, name)
        assert b"person" in file.content and b"other" not in file.content, name
    asked = library.find.ask(parse(request))
    assert not any("box over time" in said for said in found.lost(library.exchange, asked, "json"))
    assert "1 box over time is not written: this format has no place for them." in (
        found.lost(library.exchange, asked, "elan")
    )


def test_no_curve_comes_with_what_was_found(library: Studio, export: Export) -> None:
    scale = {"track": "Valence", "closed": False, "scale": [-1, 1]}
    library.labels.save({"labels": [], "tracks": [scale]}, "ann")
    library.traces.read(library.videos.get("v1"), "time,value\n1,0\n2,1\n", "Valence", "ann")
    request = {"segments": [NOD], "videos": ["v1"]}
    assert b'"curves"' in library.exchange.export("v1", "json") and b'"curves"' not in export(request, "json").content
    asked = library.find.ask(parse(request))
    assert not any("curve" in sentence for sentence in found.lost(library.exchange, asked, "csv"))
    library.labels.save({"labels": [], "tracks": []}, "ann")
    assert not any("curve" in sentence for sentence in found.lost(library.exchange, asked, "json"))
