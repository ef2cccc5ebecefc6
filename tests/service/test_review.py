"""The review across videos: which of them still have predictions that nobody decided about."""

import json
import sqlite3
from typing import Any

import pytest

from studio.service import Studio
from studio.service.timelines.review import Undecided
from studio.store import people, review, videos
from studio.store.runs import insert as add_run
from studio.timeline import ModelRun, Prediction, Segment
from tests.conftest import VIDEO


def add(studio: Studio, *names: str) -> None:
    for name in names:
        row = {**VIDEO, "id": name, "name": f"{name}.mp4", "path": f"/films/{name}.mp4"}
        studio.store.write(lambda db, row=row: videos.insert(db, dict(row)))


def propose(
    studio: Studio, video: str, *found: tuple[str, float], task: str = "emotion", query: str | None = None,
    track: str = "Emotion", params: dict[str, Any] | None = None,
) -> None:  # fmt: skip
    """A run with one prediction for each (label, score), a second each."""
    listed = [
        Prediction(Segment(n * 1_000_000, (n + 1) * 1_000_000), track, label, score, f"{video}-{label}-{score}")
        for n, (label, score) in enumerate(found)
    ]
    run = ModelRun(video, task, "m", "1", listed, query=query, params=params or {})
    studio.store.write(lambda db: add_run(db, run))


def waiting(studio: Studio, order: str = "", **wanted: Any) -> dict[str, int]:
    found = studio.review.waiting(Undecided(**wanted), order)["videos"]
    return {video["id"]: video["waiting"] for video in found}


def test_videos_with_undecided_predictions_most_wanted_first(studio: Studio) -> None:
    add(studio, "a", "b", "c", "d")
    propose(studio, "a", ("happy", 0.9))
    propose(studio, "b", ("happy", 0.95), ("sad", 0.5))
    propose(studio, "c", ("sad", 0.6), ("sad", 0.7), ("happy", 0.8))
    assert list(waiting(studio).items()) == [("c", 3), ("b", 2), ("a", 1)]
    # the least sure one: 0.5 of b, then 0.6 of c
    assert list(waiting(studio, "uncertainty").items()) == [("b", 2), ("c", 3), ("a", 1)]
    studio.timelines.save("b", [{"edit_id": "v", "op": "verdict", "prediction_id": "b-sad-0.5",
                                 "verdict": "rejected"}])  # fmt: skip
    assert waiting(studio)["b"] == 1
    studio.timelines.save("b", [{"edit_id": "w", "op": "verdict", "prediction_id": "b-sad-0.5", "verdict": ""}])
    assert waiting(studio)["b"] == 2


def test_a_confidence_says_how_sure_a_model_is(studio: Studio) -> None:
    add(studio, "a")
    sure = Prediction(Segment(0, 9), "t", "x", 0.5, "p", {"confidence": 0.9})
    studio.store.write(lambda db: add_run(db, ModelRun("a", "emotion", "m", "1", [sure])))
    (video,) = studio.review.waiting(Undecided())["videos"]
    assert video["unsure"] == pytest.approx(0.2), "as near to a coin's toss as .9 is"


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"lowest": 0.63}, {"a": 1, "taught": 1, "scored": 1}),
        ({"highest": 0.2}, {"b": 1}),
        ({"lowest": 0.7, "highest": 0.7}, {"taught": 1, "scored": 1}),
        ({"lowest": 1.0}, {}),
    ],
)
def test_how_sure_a_model_is_filters_by_what_was_measured(
    studio: Studio, wanted: dict[str, Any], found: dict[str, int]
) -> None:
    add(studio, "a", "b", "taught", "scored")
    for video, task, score, payload in (
        ("a", "emotion", 0.2, {"confidence": 0.63}), ("b", "emotion", 0.95, {"confidence": 0.1}),
        ("taught", "detection", 0.7, None), ("scored", "emotion", 0.7, None),
    ):  # fmt: skip
        made = [Prediction(Segment(0, 9), "t", "x", score, video, payload)]
        run = ModelRun(video, task, "m", "1", made, query="x" if task == "detection" else None)
        studio.store.write(lambda db, run=run: add_run(db, run))
    assert waiting(studio, **wanted) == found
    rows = studio.store.read(lambda db: review.undecided(db, Undecided(**wanted)))
    assert {row["video_id"] for row in rows} == set(found)
    assert [row["chance"] for row in rows] == sorted((row["chance"] for row in rows), reverse=True)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"label": "sad"}, {"a": 1}),
        ({"row": "Emotion"}, {"a": 2}),
        ({"row": "Query"}, {"b": 1}),
        ({"question": "a dog"}, {"b": 2}),
        ({"question": "a cat"}, {"b": 1}),
        ({"lowest": 0.7}, {"a": 1, "b": 1}),
        ({"highest": 0.5}, {"a": 1}),
        ({"lowest": 0.8, "highest": 0.8}, {"a": 1}),
        ({"by": "ann"}, {"a": 2}),
        ({"by": "bob"}, {}),
        ({"label": "sad", "by": "ann", "lowest": 0.6}, {}),
    ],
)
def test_filters(studio: Studio, wanted: dict[str, Any], found: dict[str, int]) -> None:
    add(studio, "a", "b")
    propose(studio, "a", ("happy", 0.8), ("sad", 0.4))
    propose(studio, "b", ("a dog", 0.8), ("a dog", 0.6), task="grounding", query="a dog", track="Query")
    propose(studio, "b", ("a cat", 0.7), task="grounding", query="a cat", track="Query")
    made = {"op": "create", "track": "t", "start": 0, "end": 1}
    studio.timelines.save("a", [{**made, "edit_id": "1", "id": "1"}], "ann")
    studio.timelines.save("b", [{**made, "edit_id": "2", "id": "2"}], "bob")
    studio.timelines.save("b", [{**made, "edit_id": "3", "id": "2", "op": "delete", "base_version": 1}], "bob")
    assert waiting(studio, **wanted) == found
    # what is chosen does not take away what else could be
    assert studio.review.waiting(Undecided(by="ann", label="sad"))["annotators"] == ["ann"]
    assert studio.review.waiting(Undecided(by="bob"))["labels"] == ["a cat", "happy", "sad"]


def test_what_a_timeline_does_not_show_waits_for_nobody(studio: Studio) -> None:
    """Older runs, trials, older questions, removed videos and faces that are nobody: else the review would lead to a
    video that has nothing to decide."""
    add(studio, "a", "gone")
    propose(studio, "a", ("old", 0.5))
    propose(studio, "a", ("new", 0.5))
    propose(studio, "a", ("tried", 0.5), params={"trial": "1"})
    propose(studio, "a", ("q1", 0.5), task="grounding", query="q1", track="Query")
    propose(studio, "a", ("q2", 0.5), task="grounding", query="q2", track="Query")
    propose(studio, "a", ("q1", 0.6), ("q1", 0.7), task="grounding", query="q1", track="Query")
    propose(studio, "a", ("speaking", 0.5), ("speaking", 0.6), task="speaker", track="Person 1")
    propose(studio, "gone", ("happy", 0.5))
    studio.store.write(lambda db: db.execute("UPDATE videos SET removed = 'now' WHERE id = 'gone'"))
    names = [{"track": "Person 1", "from": 0, "name": "Anna"}, {"track": "Person 1", "from": 1.0, "name": None}]
    named = [people.FaceName(each["track"], each["from"], each["name"]) for each in names]
    studio.store.write(lambda db: people.save(db, "a", people.NameChange("names", [], named), ""))
    found = studio.review.waiting(Undecided())
    assert waiting(studio) == {"a": 4}  # new, two of the question asked last, one of Anna
    assert found["rows"] == ["Query", "Anna", "Emotion"]
    assert found["labels"] == ["q1", "new", "speaking"]
    assert found["questions"] == ["q1", "q2"]
    assert waiting(studio, row="Anna") == {"a": 1}
    # the page shows the same: its last question is the one that was asked last
    loaded = studio.timelines.load("a")
    assert [run["query"] for run in loaded["runs"] if run["task"] == "grounding"] == ["q2", "q1"]


def test_rows_that_cannot_be_read_hold_nothing_up(studio: Studio) -> None:
    add(studio, "a")
    propose(studio, "a", ("happy", 0.5))
    propose(studio, "a", ("sad", 0.5), task="grounding", query="x")
    with sqlite3.connect(studio.settings.database) as db:
        db.execute("DROP TRIGGER predictions_are_never_updated")
        db.execute("UPDATE predictions SET payload = '{' WHERE label = 'happy'")
        db.execute("UPDATE runs SET params = '{' WHERE query = 'x'")
    assert waiting(studio) == {"a": 1}
    json.dumps(studio.review.waiting(Undecided()))
