"""What an edit may do, and what one that is refused leaves behind: nothing."""

import sqlite3
import unicodedata
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from studio.errors import UsageError
from studio.service import Studio
from studio.service.exchange.exchange import ImportOptions
from studio.store import labels, runs
from studio.timeline import BOOKMARKS, WHOLE_VIDEO, ModelRun, Prediction, Segment


def edit(number: int, **changes: Any) -> dict[str, Any]:
    """The edit of a segment "a": its creation, unless `changes` say otherwise."""
    made = {"edit_id": f"e{number}", "op": "create", "base_version": 0, "id": "a", "track": "T", "label": "x",
            "note": "", "start": 0.5, "end": 1.0}  # fmt: skip
    return {**made, **changes}


@pytest.fixture
def video(studio: Studio, clips: dict[str, Path]) -> str:
    return str(studio.videos.add(clips["bikes"])["id"])


def save(studio: Studio, video: str, *edits: dict[str, Any], by: str = "ann") -> list[str]:
    """How each edit was answered: saved, conflict or refused."""
    return [result.get("kind") or "saved" for result in studio.timelines.save(video, list(edits), by)["results"]]


def close(studio: Studio, *labels: str) -> None:
    """Let "T" take only these labels."""
    listed = [{"track": "T", "label": label, "colour": "#0072b2", "hotkey": None} for label in labels]
    studio.labels.save({"labels": listed, "tracks": [{"track": "T", "closed": True}]}, "ann")


def count(studio: Studio, table: str) -> int:
    with closing(sqlite3.connect(studio.settings.database)) as db:
        return int(db.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def test_a_refused_edit_leaves_nothing(studio: Studio, video: str) -> None:
    close(studio, "x")
    assert save(studio, video, edit(1, label="other"), edit(2, op="update", base_version=1)) == ["invalid"] * 2
    assert (count(studio, "annotations"), count(studio, "revisions")) == (0, 0)
    assert save(studio, video, edit(3), edit(4, op="update", base_version=1, label="other")) == ["saved", "invalid"]
    (kept,) = studio.timelines.annotations(video)
    assert (kept.label, kept.version) == ("x", 1)
    assert save(studio, video, edit(5, op="update", base_version=1, end=2.0)) == ["saved"]


def test_what_a_list_no_longer_holds_is_still_moved_and_deleted(studio: Studio, video: str) -> None:
    assert save(studio, video, edit(1)) == ["saved"]
    close(studio, "y")
    moved = edit(2, op="update", base_version=1, end=2.0)
    assert save(studio, video, moved, edit(3, op="delete", base_version=2)) == ["saved", "saved"]
    assert studio.timelines.annotations(video) == []
    assert [row["label"] for row in studio.labels.shown()["labels"]] == ["y"]


def test_a_label_joins_the_schema_only_when_somebody_says_so(studio: Studio, video: str) -> None:
    assert save(studio, video, edit(1, label="a slip of the hand")) == ["saved"]
    assert studio.labels.shown()["labels"] == []
    listed = studio.labels.add("T", " walk ")["labels"]
    assert [(row["track"], row["label"], row["hotkey"]) for row in listed] == [("T", "walk", "1")]
    assert studio.labels.add("T", "walk")["labels"] == listed
    assert studio.labels.add("T", "run")["labels"][1]["hotkey"] == "2"
    with pytest.raises(UsageError, match="Each entry needs a “label”"):
        studio.labels.add("T", " ")


def test_a_label_says_what_its_key_makes_and_a_track_whether_only_one_state_holds(studio: Studio) -> None:
    peck = {"track": "T", "label": "peck", "colour": "#0072b2", "hotkey": "1", "kind": "point"}
    tracks = [{"track": "T", "closed": False, "exclusive": True}]
    studio.labels.save(
        {"labels": [peck, {**peck, "label": "walk", "hotkey": "2", "kind": "state"}], "tracks": tracks}, "ann"
    )
    shown = studio.labels.shown()
    assert [(row["label"], row["kind"]) for row in shown["labels"]] == [("peck", "point"), ("walk", "state")]
    assert shown["tracks"] == [{**tracks[0], "attributes": [], "parent": None, "dependency": "", "scale": None}]
    assert studio.labels.add("T", "scene")["labels"][-1]["kind"] == "segment"
    with pytest.raises(UsageError, match="“peck” must be one of: segment, point, state"):
        studio.labels.save({"labels": [{**peck, "kind": "blip"}], "tracks": []}, "ann")
    with pytest.raises(UsageError, match="“exclusive” of “T” must be true or false"):
        studio.labels.save({"labels": [], "tracks": [{"track": "T", "closed": True, "exclusive": "yes"}]}, "ann")


def test_an_import_brings_its_classes_and_not_its_sentences(studio: Studio, video: str) -> None:
    classes = [f"Phase,{label},{n},{n + 0.5}" for n, label in enumerate(("cut", "sew", "cut"))]
    sentences = [f"Talk,sentence {n},{n / 10},{n / 10 + 0.05}" for n in range(60)]
    data = "\n".join(["track,label,start,end", *classes, *sentences]).encode()
    studio.exchange.apply(data, "a.csv", "csv", ImportOptions(video=video))
    assert [(row["track"], row["label"]) for row in studio.labels.shown()["labels"]] == [
        ("Phase", "cut"), ("Phase", "sew"),
    ]  # fmt: skip


def test_an_answer_is_accepted_under_a_class(studio: Studio, video: str) -> None:
    found = Prediction(Segment(1_000_000, 2_000_000), "T", "a man who walks", 0.9)
    run = ModelRun(video, "grounding", "vote", "1", [found], query="a man who walks")
    run_id = studio.store.write(lambda db: runs.insert(db, run))
    (stored,) = studio.store.read(lambda db: runs.predictions(db, run_id))
    close(studio, "x", "y")
    begun = {"id": "a", "prediction_id": stored.id, "source": "accepted", "start": 1.0, "end": 2.0}
    assert save(studio, video, edit(1, **begun, label="a man who walks")) == ["invalid"]
    assert save(studio, video, edit(2, **begun)) == ["saved"]
    assert [(a.label, a.source) for a in studio.timelines.annotations(video)] == [("x", "accepted")]
    assert save(studio, video, edit(3, **{**begun, "id": "a"}, op="update", base_version=1, label="y")) == ["saved"]
    assert [(a.label, a.source) for a in studio.timelines.annotations(video)] == [("y", "accepted")]
    moved = edit(4, **{**begun, "end": 3.0}, op="update", base_version=2, label="y")
    assert save(studio, video, moved) == ["saved"]
    assert [a.source for a in studio.timelines.annotations(video)] == ["correction"]


@pytest.mark.parametrize("last", ["update", "delete"])
def test_edits_that_build_on_a_stale_one_are_as_stale(studio: Studio, video: str, last: str) -> None:
    assert save(studio, video, edit(1)) == ["saved"]
    assert save(studio, video, edit(2, op="update", base_version=1, note="Berta's"), by="berta") == ["saved"]
    stale = [edit(3, op="update", base_version=1), edit(4, op=last, base_version=2), edit(5, id="b")]
    assert save(studio, video, *stale) == ["conflict", "conflict", "saved"]
    assert [a.note for a in studio.timelines.annotations(video) if a.id == "a"] == ["Berta's"]


def test_what_was_saved_before_is_acknowledged_behind_a_stale_edit(studio: Studio, video: str) -> None:
    saved = edit(2, op="update", base_version=1, end=2.0)
    assert save(studio, video, edit(1), saved) == ["saved", "saved"]
    assert save(studio, video, edit(3, op="update", base_version=1), saved) == ["conflict", "saved"]


def test_two_labels_change_places(studio: Studio, video: str) -> None:
    assert save(studio, video, edit(1, label="left"), edit(2, id="b", label="right")) == ["saved", "saved"]
    shown = studio.labels.shown()
    swap = [{"track": "T", "from": "left", "to": "right"}, {"track": "T", "from": "right", "to": "left"}]
    assert studio.labels.save({**shown, "renames": swap}, "ann")["renamed"] == 2
    assert {a.id: a.label for a in studio.timelines.annotations(video)} == {"a": "right", "b": "left"}
    with pytest.raises(UsageError, match="two new names"):
        studio.labels.save({**shown, "key": None, "renames": [swap[0], {**swap[0], "to": "up"}]}, "ann")


def test_a_label_is_the_same_however_it_is_spelt(studio: Studio, video: str) -> None:
    close(studio, unicodedata.normalize("NFD", "café"))
    assert save(studio, video, edit(1, label=unicodedata.normalize("NFD", "café"))) == ["saved"]
    assert save(studio, video, edit(2, id="b", label=unicodedata.normalize("NFC", "café"))) == ["saved"]


def test_what_lies_beyond_a_shorter_file_is_renamed_and_deleted_but_not_moved_there(studio: Studio, video: str) -> None:
    assert save(studio, video, edit(1, start=8.0, end=9.0)) == ["saved"]
    with closing(sqlite3.connect(studio.settings.database)) as db, db:
        db.execute("UPDATE videos SET duration_us = 5000000")
    beyond = {"op": "update", "start": 8.0, "end": 9.0}
    assert save(studio, video, edit(2, **beyond, base_version=1, label="y")) == ["saved"]
    assert save(studio, video, edit(3, **{**beyond, "end": 8.5}, base_version=2)) == ["invalid"]
    assert save(studio, video, edit(4, **{**beyond, "op": "delete"}, base_version=2)) == ["saved"]


def test_what_is_said_of_a_whole_video_lasts_as_long_as_it(studio: Studio, video: str) -> None:
    duration = studio.videos.get(video)["duration_us"] / 1e6

    def edit(n: int, end: float) -> dict[str, Any]:
        return {"edit_id": f"w{n}", "op": "create", "id": f"w{n}", "base_version": 0, "track": WHOLE_VIDEO,
                "start": 0, "end": end, "label": "indoors"}  # fmt: skip

    half, whole = studio.timelines.save(video, [edit(1, duration / 2), edit(2, duration)], "ann")["results"]
    assert (half["ok"], whole["ok"]) == (False, True)
    assert half["error"] == "What is said under “Whole video” is about all of it, from its start to its end."


def test_bookmarks_are_points_in_every_file(studio: Studio, video: str) -> None:
    edit = {"edit_id": "b", "op": "create", "id": "b", "base_version": 0, "track": BOOKMARKS, "start": 1, "end": 1.04,
            "label": "look here"}  # fmt: skip
    studio.timelines.save(video, [edit], "ann")
    assert studio.store.read(labels.points) == {(BOOKMARKS, "look here")}
    row = studio.videos.get(video)
    assert studio.exchange.timeline(row).points == {(BOOKMARKS, "look here")}
