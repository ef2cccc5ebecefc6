"""Teaching a label with real clips: what it learns from, what it finds, what it never proposes again."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from studio import models
from studio.config import Settings
from studio.errors import NotFound, UsageError
from studio.index import Cache, Features
from studio.models.detection import POSITIVE, UNKNOWN, LabelDetector, Weights
from studio.service import Studio
from studio.service.accounts.rights import Actor
from studio.service.timelines.review_desk import DeskRequest
from studio.store import annotations, review, runs, videos
from studio.store.review import Undecided
from studio.tasks import TaskContext, VideoRef, lesson, teaching
from studio.timeline import MICROS, ModelRun, Prediction, Segment
from tests.conftest import VIDEO
from tests.service.test_studio import edit


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory, clips: dict[str, Path]) -> Iterator[Studio]:
    """Each test has labels of its own."""
    studio = Studio(Settings(home=tmp_path_factory.mktemp("taught"), device="cpu"))
    for clip in clips.values():
        studio.jobs.index(studio.videos.add(clip)["id"])
    yield studio
    studio.close()


@pytest.fixture
def video(studio: Studio) -> dict[str, Any]:
    studio.store.write(lambda db: videos.insert(db, dict(VIDEO)))
    return studio.videos.get("v1")


def by_name(studio: Studio, name: str) -> dict[str, Any]:
    return next(row for row in studio.videos.all() if row["name"].startswith(name))


def mark(studio: Studio, video: str, start: float, end: float, label: str = "ride", **more: Any) -> None:
    name = f"{label}{video}{start}"
    made = edit(edit_id=name, id=name, label=label, start=start, end=end, **more)
    (answer,) = studio.timelines.save(by_name(studio, video)["id"], [made], "ann")["results"]
    assert answer["ok"], answer


def test_a_label_is_learned_kept_as_a_model_and_found_elsewhere(library: Studio) -> None:
    mark(library, "bikes", 0.0, 1.0, track="Rides")
    mark(library, "bikes", 4.0, 6.0, track="Rides")
    mark(library, "bikes", 8.0, 9.5, track="Rides")
    everywhere = library.videos.all()
    for row in everywhere:
        library.teaching.mark_reviewed(row, track="Rides", annotator="ann")
    made = library.teaching.teach("ride")
    assert made["examples"] == {"positive": 3, "negative": len(everywhere)}
    assert made["predictions"] == [], "all of the library was looked through"
    assert made["measured"]["folds"] == 3, "one video has all: its stretches are the folds"
    cards = models.cards("detection", library.settings.models)
    if made["step"] == "classifier":
        assert made["measured"]["ap"] >= made["by_text"]["ap"]
        (card,) = cards
        assert (card.labels, card.version, made["version"]) == (("ride",), "1", "1")
        detector = models.load("detection", card.name, folder=library.settings.models)
        assert detector.encoder.startswith("studio-lite@")
        assert library.teaching.teach("ride")["version"] == "2"
    else:
        assert "do not beat the words" in made["note"]
        assert cards == []


def test_what_was_decided_is_not_proposed_again(library: Studio) -> None:
    bikes = by_name(library, "bikes")
    mark(library, "bikes", 0.0, 1.0, "a man on a bicycle")
    first = library.teaching.teach("a man on a bicycle")
    assert "Learned from one example and the words" in first["note"]
    assert (first["step"], first["measured"]) == ("classifier", None)
    assert models.cards("detection", library.settings.models) == [], "what was not measured is not kept"
    for found in first["predictions"]:
        assert found["video"] != bikes["id"] or found["start"] >= 0.5, "it is labelled there"
    run = library.timelines.load(bikes["id"])["runs"][-1]
    proposed = [p for p in library.timelines.load(bikes["id"])["predictions"] if p["run"] == run["id"]]
    assert run["task"] == "detection"
    if proposed:
        library.timelines.save(
            bikes["id"],
            [{"edit_id": "no", "op": "verdict", "prediction_id": proposed[0]["id"], "verdict": "rejected"}],
            "ann",
        )
        again = library.teaching.teach("a man on a bicycle")
        assert again["examples"]["negative"] == 1
        assert all(
            f["video"] != bikes["id"] or f["end"] <= proposed[0]["start"] or f["start"] >= proposed[0]["end"]
            for f in again["predictions"]
        )


def test_of_independent_annotators_nobody_learns_what_another_decided(library: Studio) -> None:
    """What is kept for all is the same whoever taught; each one's own list goes without what they decided."""
    label, bikes = "people riding", by_name(library, "bikes")["id"]
    correct(library, label, "ann", [(-0.2, 0.4), (-0.2, 0.5), (-0.1, 0.6)])
    library.layers.set_independent(bikes, True)
    try:
        first = library.teaching.teach(label, "T", by=Actor("ann"))
        (run,) = [r for r in library.timelines.load(bikes)["runs"] if r["query"] == label and r["model"] != "m"]
        kept = library.store.read(lambda db: runs.get(db, run["id"]))
        assert "ann" not in str(kept["params"]) + str(kept["payload"])
        everybody = library.store.read(lambda db: runs.predictions(db, run["id"]))
        assert kept["params"]["shift"]["person"] == "" and len(everybody) > 1
        taken = everybody[0]
        at, end = taken.segment.start / MICROS, taken.segment.end / MICROS
        mark(library, "bikes", at, end, label, track="T")
        library.teaching.teach(label, "T", by=Actor("ann"))
        new = library.timelines.load(bikes, Actor("ben"))
        newest = [r for r in new["runs"] if r["query"] == label and r["model"] != "m"][-1]["id"]

        def seen(person: str) -> set[float]:
            page = library.timelines.load(bikes, Actor(person))["predictions"]
            return {p["start"] for p in page if p["run"] == newest}

        def asked(person: str) -> set[float]:
            wanted = DeskRequest("likely", Undecided(label=label, video=bikes), "T", 60, window=person)
            return {item["start"] for item in library.desk.queue(wanted, Actor(person))["items"]}

        assert first["shift"]["person"] == "", "whose decisions these are is nobody's to know"
        assert (at in seen("ben"), at in seen("ann")) == (True, False)
        assert (at in asked("ben"), at in asked("ann")) == (True, False)

        def count(person: str) -> int:
            return library.store.read(lambda db: review.undecided_counts(db, [bikes], Actor(person)))[bikes]

        assert count("ann") < count("ben")
    finally:
        library.layers.set_independent(bikes, False)


def test_what_is_learned_from_is_counted_and_what_is_not_indexed_is_said(library: Studio) -> None:
    mark(library, "bikes", 0.0, 1.0, "a helmet")
    other = {**VIDEO, "id": "away", "name": "away.mp4", "path": "/away.mp4", "sha256": "away"}
    library.store.write(lambda db: videos.insert(db, other))
    try:
        mark(library, "away", 0.0, 1.0, "a helmet")
        mark(library, "away", 5.0, 6.0, "a helmet")
        library.teaching.mark_reviewed(library.videos.get("away"), annotator="ann")
        made = library.teaching.teach("a helmet")
        assert made["examples"] == {"positive": 1, "negative": 0}
        assert "2 moments left out: not indexed yet, or not to be read." in made["note"]
    finally:
        library.store.write(lambda db: videos.delete(db, "away"))


def test_only_in_the_videos_that_are_named(library: Studio) -> None:
    mark(library, "bikes", 0.0, 1.0, "a road")
    carphone = by_name(library, "carphone")
    made = library.teaching.teach("a road", among=[carphone])
    assert {found["video"] for found in made["predictions"]} <= {carphone["id"]}
    with pytest.raises(UsageError, match="Nothing is labelled “fly” yet"):
        library.teaching.teach("fly")


def correct(studio: Studio, label: str, person: str, moved: list[tuple[float, float]], **shift: float) -> None:
    """Predictions of a label in bikes, a second long, and by how much a person moved their starts and ends."""
    bikes = by_name(studio, "bikes")["id"]
    made = [
        Prediction(Segment(2 * n * MICROS, (2 * n + 1) * MICROS), "T", label, 0.5, f"{label}{person}{n}")
        for n in range(1, 1 + len(moved))
    ]
    studio.store.write(
        lambda db: runs.insert(db, ModelRun(bikes, "detection", "m", "1", made, query=label, params={"shift": shift}))
    )
    edits = [
        edit(
            edit_id=p.id, id=p.id, prediction_id=p.id, source="correction", track="T", label=label,
            start=p.segment.start / MICROS + start, end=p.segment.end / MICROS + end,
        )
        for p, (start, end) in zip(made, moved, strict=True)
    ]  # fmt: skip
    assert all(answer["ok"] for answer in studio.timelines.save(bikes, edits, person)["results"])


def test_boundaries_are_shifted_as_the_person_moves_them(library: Studio) -> None:
    label = "a street with bicycles"
    correct(library, label, "ann", [(-0.2, 0.4), (-0.2, 0.5), (-0.1, 0.6)])
    correct(library, label, "ben", [(0.3, 0.1), (0.2, 0.1), (0.3, 0.0)])
    of = {name: library.teaching.teach(label, by=Actor(name, admin=True)) for name in ("ann", "ben", "cleo")}
    assert of["ann"]["shift"] == {"start": -0.2, "end": 0.5, "person": "ann", "decisions": 3}
    assert of["ben"]["shift"] == {"start": 0.3, "end": 0.0, "person": "ben", "decisions": 3}
    assert of["cleo"]["shift"] == {"start": 0.0, "end": 0.25, "person": "", "decisions": 6}
    assert "after ann’s 3 decisions" in of["ann"]["note"]
    bikes = by_name(library, "bikes")["id"]
    found = {
        name: {p["score"]: p for p in made["predictions"] if p["video"] == bikes and p["start"] > 0}
        for name, made in of.items()
    }
    same = found["ann"].keys() & found["ben"].keys() & found["cleo"].keys()  # one detector, other shifts
    assert same
    shots = Cache(library.settings.cache).load_array(bikes, "shots.npy")
    assert shots is not None

    def held(start: float) -> bool:
        return bool(np.abs(shots - start * MICROS).min() < MICROS / 25)

    for score in same:
        starts, ends = ([found[name][score][end] for name in ("ann", "cleo", "ben")] for end in ("start", "end"))
        assert all(a < b or (a == b and held(a)) for a, b in pairwise(starts)), "only a cut holds them"
        assert ends[0] >= ends[1] >= ends[2]
    kept = [run for run in library.timelines.load(bikes)["runs"] if run["query"] == label]
    assert kept, "what was shifted is said with the run"
    params = library.store.read(lambda db: db.execute("SELECT params FROM runs WHERE id = ?", (kept[-1]["id"],)))
    assert '"person": "cleo"' not in (said := params.fetchone()[0]) and '"decisions": 6' in said


def test_what_was_shifted_already_stays_learned(library: Studio) -> None:
    """Predictions that are right because they were shifted are accepted as they are: that keeps the shift."""
    correct(library, "a window", "ann", [(0.0, 0.0)] * 4, start=-0.25, end=0.5)
    assert library.teaching.teach("a window", by=Actor("ann", admin=True))["shift"] == {
        "start": -0.25, "end": 0.5, "person": "ann", "decisions": 4,
    }  # fmt: skip


def test_a_label_is_learned_where_something_is_known_and_from_some_of_the_rest(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = TaskContext(studio.settings)
    encoder = SimpleNamespace(name="e", version="1", encode_text=lambda texts: np.ones((len(texts), 2), np.float32))
    context._models["text_video", None] = encoder
    refs = [VideoRef(f"v{n}", "", 10 * MICROS) for n in range(12)]
    for ref in refs:
        context.features.put(ref.id, "e@1", Features(np.arange(10, dtype=np.int64) * MICROS, np.ones((10, 2))))
    monkeypatch.setattr(lesson, "OTHERS", 45)

    def learned(label: str, some: list[VideoRef] = refs) -> list[str]:
        said = {"v3": teaching.Said(positive=[(0, MICROS)]), "v8": teaching.Said(absent=[(5, 6)])}
        known = lesson.examples(context, teaching.Lesson(label, "T", said), some)
        assert [video.name for video in known.views["e@1"].videos] == list(known.said)
        return list(known.said)

    first = learned("x")
    assert len(first) == 2 + 4 and {"v3", "v8"} < set(first)
    assert first == learned("x") and first == sorted(first, key=lambda name: int(name[1:]))
    assert set(learned("x", refs[::-1])) == set(first), "whatever order they are in"
    assert len({tuple(learned(label)) for label in "abcdef"}) > 1


def test_a_boundary_that_a_shift_did_not_move_confirms_none(studio: Studio, video: dict[str, Any]) -> None:
    """A cut holds the start of what is found, shifted or not; the end is shifted."""
    context = TaskContext(studio.settings)
    rows = np.repeat(np.eye(2, dtype=np.float16), [5, 15], axis=0)
    rows[9:] = rows[0]
    context.features.put("v1", "e@1", Features(np.arange(20, dtype=np.int64) * MICROS, rows))
    context.cache.save_array("v1", "shots.npy", np.array([4_600_000]))
    weights = Weights(np.array([0, 1], np.float32), np.zeros(2, np.float32), 20.0, -10.0, (0.0, 1.0))
    detector = LabelDetector("d", "1", "e@1", "x", weights).shifted(-0.25, 0.5)
    shift = {"start": -0.25, "end": 0.5}
    finder = teaching._Finder(detector, {"step": "classifier", "note": "", "shift": shift})
    ref = VideoRef("v1", "", video["duration_us"])
    told = teaching.Lesson("x", "T", {})
    run = teaching._run(context, finder, ref, lesson.places(context, told, ref, "e@1"), told)
    (found,) = run.predictions
    assert found.segment == Segment(4_600_000, 9 * MICROS)
    studio.store.write(lambda db: runs.insert(db, run))
    (prediction,) = studio.timelines.load("v1")["predictions"]
    taken = edit(edit_id="y", id="y", track="T", label="x", start=4.6, end=9, source="accepted",
                 prediction_id=prediction["id"])  # fmt: skip
    assert studio.timelines.save("v1", [taken], "ann")["results"][0]["ok"]
    params = studio.teaching._params("x", "T", None, Actor("ann", admin=True))
    assert params["decisions"] == [["ann", 0, MICROS // 2]]


def test_renaming_a_label_is_no_decision_on_boundaries(library: Studio) -> None:
    correct(library, "a tree", "ann", [(0.5, 0.0)] * 3)
    library.store.write(lambda db: annotations.relabel(db, [("T", "a tree", "trees")], "ben"))
    shift = library.teaching.teach("trees", by=Actor("ann", admin=True))["shift"]
    assert (shift["start"], shift["person"], shift["decisions"]) == (0.5, "ann", 3)


def test_what_was_looked_through_is_joined_cut_and_its_makers(studio: Studio, video: dict[str, Any]) -> None:
    teaching = studio.teaching
    teaching.mark_reviewed(video, 0, 10 * MICROS, annotator="ann")
    found = teaching.mark_reviewed(video, 8 * MICROS, 20 * MICROS, annotator="ann")
    assert found == [{"start": 0, "end": 20, "track": "", "annotator": "ann"}]
    teaching.mark_reviewed(video, 5 * MICROS, 6 * MICROS, "Events", "bob")
    found = teaching.unmark_reviewed(video, 4 * MICROS, 12 * MICROS, annotator="ann")
    assert [(s["start"], s["end"], s["annotator"]) for s in found] == [(0, 4, "ann"), (5, 6, "bob"), (12, 20, "ann")]
    with pytest.raises(NotFound, match="by you"):
        teaching.unmark_reviewed(video, 30 * MICROS, 40 * MICROS, annotator="ann")
    with pytest.raises(UsageError, match="within the 60 s of the video"):
        teaching.mark_reviewed(video, 70 * MICROS)
    assert teaching.mark_reviewed(video, 0, None, annotator="ann")[0]["end"] == 60
    assert teaching.reviewed(video, Actor("bob")) == teaching.reviewed(video), "no secret where all see all"


def test_the_most_different_moments_come_first_where_they_are_asked_for(library: Studio) -> None:
    """Two moments of one scene and one of another: after one of the scene, the other scene tells most."""
    bikes, carphone = by_name(library, "bikes"), by_name(library, "carphone")
    for row, spans in ((bikes, [(1, 2), (2, 3)]), (carphone, [(1, 2)])):
        found = [Prediction(Segment(a * MICROS, b * MICROS), "T", "scene", 0.5 + 0.1 * b) for a, b in spans]
        run = ModelRun(row["id"], "detection", "scene-1", "1", found, {}, "scene", {"track": "T"})
        library.store.write(lambda db, run=run: runs.insert(db, run))
    mark(library, "bikes", 1.5, 2.5, "scene", track="other")
    asked = DeskRequest("different", Undecided(label="scene"), "other", 3)
    order = [(item["name"].split(".")[0], item["start"]) for item in library.desk.queue(asked)["items"]]
    assert order[0][0].startswith("carphone"), "bikes are known from the other row"
    assert {start for name, start in order[1:]} == {1, 2}


def test_what_was_said_of_a_time_when_a_box_was_not_there_is_not_said_of_its_end() -> None:
    video = VideoRef("v", "v.mp4", 60 * MICROS)
    edges = np.array([2, 2.5, 3.5, 5])
    box = lesson.Place("b", video, np.eye(3, 4, dtype=np.float16), edges, 2 * MICROS, 5 * MICROS, "T")
    said = teaching.Said(
        positive=[(4 * MICROS, 9 * MICROS), (7 * MICROS, 9 * MICROS), (2_600_000, 2_700_000)],
        negative=[(0, MICROS)], reviewed=[(20 * MICROS, 30 * MICROS)],
    )  # fmt: skip
    labelled = lesson.labelled(box, lesson.within(box, said))
    assert labelled.truth.tolist() == [[2.6, 2.7], [4, 5]]
    assert labelled.known.tolist() == [UNKNOWN, POSITIVE, POSITIVE]


@pytest.mark.parametrize(
    ("at", "left"),
    [(50, None), (30, None), (5, (6, 100)), (0, (1, 100)), (90, (0, 90)), (99, (0, 99)), (100, (0, 100))],
)
def test_an_instant_without_the_label_cuts_what_it_is_near_the_end_of(at: int, left: tuple[int, int] | None) -> None:
    assert teaching._undecided(teaching.Said(absent=[(at, at + 1)]), (0, 100)) == left


def test_what_is_left_between_instants_without_the_label_is_decided_or_not() -> None:
    absent = [(5, 6), (94, 95)]
    assert teaching._undecided(teaching.Said(absent=absent), (0, 100)) == (6, 94)
    assert teaching._undecided(teaching.Said(absent=absent, positive=[(0, 60)]), (0, 100)) is None
    assert teaching._undecided(teaching.Said(absent=[(0, 1)]), (0, 1)) is None
