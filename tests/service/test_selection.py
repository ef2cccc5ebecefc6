"""What is decided at once about moments of many videos, and taken back at once."""

from typing import Any

import pytest

from studio.errors import NotFound, UsageError
from studio.service import Studio
from studio.service.timelines.selection import Selected
from studio.store import labels, runs, videos
from studio.timeline import ModelRun, Prediction, Segment
from tests.conftest import VIDEO
from tests.service.test_studio import edit

S = 1_000_000


@pytest.fixture
def library(studio: Studio) -> Studio:
    """Two videos, each with an annotation of ann's and two predictions of which the second has phases."""
    for name in ("a", "b"):
        row = {**VIDEO, "id": name, "name": f"{name}.mp4", "path": f"/films/{name}.mp4", "added_by": "anna"}
        studio.store.write(lambda db, row=row: videos.insert(db, dict(row)))
        payload = {"onset": 4.1, "apex": 4.5, "offset": 4.9}
        found = [
            Prediction(Segment(2 * S, 3 * S), "T", "found", 0.5, f"{name}1"),
            Prediction(Segment(4 * S, 5 * S), "T", "found", 0.5, f"{name}2", payload),
        ]
        studio.store.write(lambda db, n=name, f=found: runs.insert(db, ModelRun(n, "emotion", "m", "1", f)))
        made = edit(edit_id=f"made {name}", id=f"{name}0", track="T", label="old", note="kept", start=0, end=1)
        assert studio.timelines.save(name, [made], "ann")["results"][0]["ok"]
    return studio


def state(studio: Studio, video: str) -> tuple[list[tuple[Any, ...]], dict[str, str]]:
    """Annotations, and the verdicts on predictions."""
    load = studio.timelines.load(video)
    made = [(a["label"], a["track"], a["start"], a["end"], a["source"], a["annotator"]) for a in load["annotations"]]
    return made, {p["id"]: p["verdict"] for p in load["predictions"] if p["verdict"]}


OLD = ("old", "T", 0.0, 1.0, "manual", "ann")
ALL = Selected(["a0", "b0"], ["a1", "b2"], [("a", 10 * S, 12 * S), ("b", 20 * S, 21 * S)])


def test_all_kinds_get_a_label_in_one_step_and_lose_it_in_one(library: Studio) -> None:
    told = library.selections.label(ALL, " dog ", "Moments", "step1", "eve")
    assert told == {"done": 6, "left": 0, "refused": 0, "problems": []}
    assert state(library, "a") == (
        [("dog", "T", 0.0, 1.0, "manual", "ann"), ("dog", "T", 2.0, 3.0, "correction", "eve"),
         ("dog", "Moments", 10.0, 12.0, "manual", "eve")], {"a1": "corrected"},
    )  # fmt: skip
    made = next(a for a in library.timelines.annotations("b") if a.prediction_id == "b2")
    assert made.attributes == {"onset": 4.1, "apex": 4.5, "offset": 4.9}
    renamed = next(a for a in library.timelines.annotations("a") if a.id == "a0")
    assert (renamed.note, renamed.edited_by, renamed.version) == ("kept", "eve", 2)
    assert library.selections.undo("step1", "eve")["done"] == 6
    assert state(library, "a") == ([OLD], {}) and state(library, "b") == ([OLD], {})
    history = library.timelines.history("a0")
    assert [row["after"]["label"] for row in history] == ["old", "dog", "old"], "history is added to, never taken away"


def test_a_prediction_keeps_what_it_says_where_the_label_is_its_own(library: Studio) -> None:
    library.selections.label(Selected(predictions=["a1"]), "found", "", "step", "eve")
    assert state(library, "a")[0][1] == ("found", "T", 2.0, 3.0, "accepted", "eve")
    assert state(library, "a")[1] == {"a1": "accepted"}


def test_rejected_and_taken_back(library: Studio) -> None:
    assert library.selections.reject(["a1", "a2", "b1"], "no", "eve")["done"] == 3
    assert state(library, "a")[1] == {"a1": "rejected", "a2": "rejected"}
    again = library.selections.reject(["a1", "b2"], "no2", "ann")
    assert (again["done"], again["left"]) == (1, 1), "what somebody decided stays decided"
    assert library.selections.undo("no", "eve")["done"] == 3
    assert (state(library, "a")[1], state(library, "b")[1]) == ({}, {"b2": "rejected"})


def test_what_has_the_label_or_was_decided_stays_as_it_is(library: Studio) -> None:
    library.selections.reject(["a1"], "no", "eve")
    library.selections.label(Selected(footage=[("a", 10 * S, 12 * S)]), "old", "T", "first", "eve")
    chosen = Selected(["a0"], ["a1", "a2"], [("a", 10 * S, 12 * S), ("b", 0, S)])
    told = library.selections.label(chosen, "old", "T", "second", "eve")
    assert (told["done"], told["left"]) == (1, 4), "b's stretch is labelled so by ann, a0 and a's stretch too"


def test_footage_that_is_marked_already_is_not_marked_twice(library: Studio) -> None:
    """On the map an annotation lies on the stretch of footage that it was made of: a lasso takes both."""
    chosen = Selected(["a0"], ["b1"], [("a", 0, S), ("b", 2 * S, 3 * S), ("b", 8 * S, 9 * S)])
    told = library.selections.label(chosen, "new", "T", "step", "eve")
    assert (told["done"], told["left"]) == (3, 2)
    assert [len(library.timelines.annotations(video)) for video in "ab"] == [1, 3]


def test_a_step_that_is_sent_twice_is_done_once(library: Studio) -> None:
    for _ in range(2):
        library.selections.label(ALL, "dog", "", "step", "eve")
    assert len(library.timelines.annotations("a")) == 3
    library.selections.reject(["a2"], "no", "eve")
    library.selections.undo("no", "eve")
    assert library.selections.undo("no", "eve") == {"done": 0, "left": 1, "refused": 0, "problems": []}


def test_what_was_changed_since_stays(library: Studio) -> None:
    library.selections.label(ALL, "dog", "", "step", "eve")
    later = edit(edit_id="later", op="update", id="a0", base_version=2, track="T", label="cat", start=0, end=1)
    assert library.timelines.save("a", [later], "ann")["results"][0]["ok"]
    told = library.selections.undo("step", "eve")
    assert (told["done"], told["left"]) == (5, 1)
    assert [row[0] for row in state(library, "a")[0]] == ["cat"]
    with pytest.raises(NotFound, match="somebody else"):
        library.selections.undo("step", "ann")


def test_a_row_that_takes_other_labels_refuses_only_its_own(library: Studio) -> None:
    def close(db: Any) -> None:
        labels.update(db, [{"track": "T", "label": "cat", "colour": "#000000", "hotkey": None}],
                      [{"track": "T", "closed": True}])  # fmt: skip

    library.store.write(close)
    told = library.selections.label(ALL, "dog", "Moments", "step", "eve")
    assert (told["done"], told["refused"]) == (2, 4)
    assert told["problems"] == ["“T” takes only the labels of its list, and “dog” is not one: add it under Labels."]
    assert library.selections.undo("step", "eve")["done"] == 2


def test_where_annotators_work_independently_nobody_decides_for_another(library: Studio) -> None:
    for name in ("ada", "anna", "ann", "eve"):
        library.users.put(name, "correct horse")
    library.layers.set_independent("a", True)
    library.selections.reject(["a1"], "ann's", "ann", library.users.actor("ann"))
    eve = library.users.actor("eve")
    with pytest.raises(NotFound, match="no longer in the library"):
        library.selections.label(Selected(["a0"]), "mine", "", "step", "eve", eve)
    told = library.selections.label(Selected(predictions=["a1"], footage=[("a", 0, S)]), "old", "T", "own", "eve", eve)
    assert (told["done"], told["left"]) == (2, 0), "what ann decided and marked is not told, and holds nobody up"
    anna = library.selections.label(Selected(["a0"]), "mine", "", "anna", "anna", library.users.actor("anna"))
    assert anna["problems"] == ["This video is annotated independently: everybody changes only their own annotations."]
    assert library.selections.undo("own", "eve", eve)["done"] == 2
    verdicts = library.store.read(lambda db: db.execute("SELECT annotator, verdict FROM verdicts").fetchall())
    assert [tuple(row) for row in verdicts] == [("ann", "rejected")]


def test_nothing_is_done_where_one_of_them_is_gone(library: Studio) -> None:
    for chosen in (Selected(["a0", "gone"]), Selected(["a0"], ["gone"]), Selected(["a0"], footage=[("gone", 0, S)])):
        with pytest.raises(NotFound):
            library.selections.label(chosen, "dog", "", "step", "eve")
    assert state(library, "a") == ([OLD], {})


@pytest.mark.parametrize(
    ("label", "step", "count", "wrong"),
    [
        ("", "s", 1, "1 to 500 letters"), ("x" * 501, "s", 1, "1 to 500 letters"), ("x", "", 1, "name of up to 48"),
        ("x", "a:b", 1, "without a colon"), ("x", "s" * 49, 1, "name of up to 48"), ("x", "s", 5001, "at most 5,000"),
    ],
)  # fmt: skip
def test_wrong_requests_are_refused(library: Studio, label: str, step: str, count: int, wrong: str) -> None:
    with pytest.raises(UsageError, match=wrong):
        library.selections.label(Selected(footage=[("a", 0, S)] * count), label, "", step, "eve")
    assert state(library, "a") == ([OLD], {})


def test_a_stretch_beyond_its_video_is_refused_in_a_sentence(library: Studio) -> None:
    told = library.selections.label(Selected(footage=[("a", 0, 90 * S), ("a", 0, S)]), "x", "", "step", "eve")
    assert (told["done"], told["problems"]) == (1, ["A segment cannot end after the video does."])
