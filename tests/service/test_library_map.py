"""What the map shows: to whom, of which videos, and what still has no place."""

import json
import time
from typing import Any

import numpy as np
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from studio.app import media_routes
from studio.app.login import current_user
from studio.app.map_points import packed
from studio.config import Settings
from studio.errors import JobError, UsageError
from studio.index import Features
from studio.service import Studio, library_map
from studio.service.library_map import ANNOTATION, FOOTAGE, PREDICTION, REJECTED, UNKNOWN, MapPoints
from studio.store import runs, videos
from studio.timeline import ON_SCREEN, ModelRun, Prediction, Segment
from tests.conftest import VIDEO
from tests.service.test_studio import edit

S = 1_000_000


def add(studio: Studio, name: str, seed: int = 0, seconds: int = 60) -> None:
    """A video that is indexed: three scenes with a sample a second."""
    row = {**VIDEO, "id": name, "name": f"{name}.mp4", "path": f"/films/{name}.mp4", "sha256": name * 64,
           "duration_us": seconds * S}  # fmt: skip
    studio.store.write(lambda db: videos.insert(db, dict(row)))
    index(studio, name, seed, seconds)


def index(studio: Studio, name: str, seed: int = 0, seconds: int = 60) -> None:
    rng, scenes = np.random.default_rng(seed), np.random.default_rng(99).normal(size=(3, 512))
    rows = np.repeat(scenes, seconds // 3, axis=0) + 0.5 * rng.normal(size=(seconds // 3 * 3, 512))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    times = np.arange(len(rows), dtype=np.int64) * S
    studio.map._features.put(name, studio.media.encoder, Features(times, rows.astype(np.float16)))
    studio.cache.save_array(name, "pts.npy", np.arange(0, seconds * S, S // 25, dtype=np.int64))


def propose(studio: Studio, video: str, *found: Prediction, **run: Any) -> None:
    made = ModelRun(video, run.pop("task", "emotion"), "m", "1", list(found), **run)
    studio.store.write(lambda db: runs.insert(db, made))


def mark(studio: Studio, video: str, start: float, end: float, label: str, by: str = "ann") -> str:
    name = f"{label}{video}{start}{by}"
    made = edit(edit_id=name, id=name, track="T", label=label, start=start, end=end)
    assert studio.timelines.save(video, [made], by)["results"][0]["ok"]
    return name


def shown(points: MapPoints, kind: int) -> list[tuple[str, str, float, float]]:
    """(video, label, start, end) of the points of a kind."""
    names, labels = [row["id"] for row in points.facts["videos"]], points.facts["labels"]
    return sorted(
        (names[points.video[n]], labels[points.label[n]], *points.spans[n].tolist())
        for n in np.flatnonzero(points.kind == kind)
    )


@pytest.fixture
def library(studio: Studio) -> Studio:
    add(studio, "a", 1)
    add(studio, "b", 2)
    return studio


def test_footage_annotations_and_predictions_have_places(library: Studio) -> None:
    mark(library, "a", 1, 2, "dog")
    found = [Prediction(Segment(n * S, (n + 2) * S), "T", f"p{n}", 0.2 * n, f"p{n}") for n in range(1, 4)]
    propose(library, "b", *found, Prediction(Segment(0, S), ON_SCREEN, "TEXT", 0.9, "text"))
    library.timelines.save("b", [{"edit_id": "no", "op": "verdict", "prediction_id": "p2", "verdict": "rejected"}])
    accepted = edit(edit_id="y", id="y", track="T", label="p3", start=3, end=5, source="accepted", prediction_id="p3")
    assert library.timelines.save("b", [accepted], "ann")["results"][0]["ok"]
    assert len(library.map.points().kind) == 0 and not library.map.state()["made"]
    made = library.map.build()
    points = library.map.points()
    assert made["points"] == 40 + 4, "a place for each span: what is written on the screen has none"
    assert shown(points, ANNOTATION) == [("a", "dog", 1.0, 2.0), ("b", "p3", 3.0, 5.0)]
    assert shown(points, PREDICTION) == [("b", "p1", 1.0, 3.0)]
    assert shown(points, REJECTED) == [("b", "p2", 2.0, 4.0)]
    assert (points.kind == FOOTAGE).sum() == 40 and points.ids[-2:] == ["p1", "p2"]
    assert library.map.state()["made"] and points.facts["unplaced"] == {"videos": 0, "moments": 0}


def test_only_a_chance_that_was_measured_says_how_sure_a_model_is(library: Studio) -> None:
    """A score of another kind is no per cent; that of a label that was taught is a chance."""
    measured = Prediction(Segment(S, 2 * S), "T", "m", 0.9, "m", {"confidence": 0.4999})
    propose(library, "a", measured, Prediction(Segment(3 * S, 4 * S), "T", "s", 0.7, "s"))
    taught = [Prediction(Segment(n * S, (n + 1) * S), "T", "t", n / 100, f"t{n}") for n in (5, 29)]
    propose(library, "b", *taught, task="detection", query="t")
    made = mark(library, "b", 3, 4, "made")
    library.map.build()
    points = library.map.points()
    blank = len(points.sure) - len(points.ids)
    sure = dict(zip(points.ids, points.sure[blank:].tolist(), strict=True))
    assert sure == {"m": 49, "s": UNKNOWN, "t5": 5, "t29": 29, made: UNKNOWN}
    assert set(points.sure[:blank].tolist()) == {UNKNOWN}


def test_what_came_since_is_counted_and_then_placed_without_moving_the_rest(library: Studio) -> None:
    library.map.build()
    before, key = library.map.points(), library.map.state()["key"]
    assert library.map.state()["key"] == key
    mark(library, "a", 10, 11, "late")
    assert library.map.state()["key"] != key
    add(library, "c", 3)
    mark(library, "c", 1, 2, "in a new video")
    unplaced = library.map.points().facts["unplaced"]
    assert unplaced == {"videos": 1, "moments": 1}, "what is in a video that has no place comes with it"
    assert library.map.build()["placed"] == 20 + 2
    after = library.map.points()
    assert after.facts["unplaced"] == {"videos": 0, "moments": 0}
    names = [row["id"] for row in before.facts["videos"]], [row["id"] for row in after.facts["videos"]]
    old, new = (
        {
            (of[v], *span): xy.tobytes()
            for v, span, xy in zip(each.video, each.spans.tolist(), each.positions, strict=True)
        }
        for of, each in zip(names, (before, after), strict=True)
    )
    assert old.items() <= new.items() and len(new) == len(old) + 22


def test_a_video_that_was_removed_or_became_another_is_not_shown(library: Studio) -> None:
    mark(library, "a", 1, 2, "dog")
    library.map.build()
    library.store.write(lambda db: videos.put_aside(db, "b", ""))
    assert {row[0] for row in shown(library.map.points(), FOOTAGE)} == {"a"}
    library.store.write(lambda db: videos.restore(db, "b"))
    assert {row[0] for row in shown(library.map.points(), FOOTAGE)} == {"a", "b"}
    index(library, "a", 7)
    points = library.map.points()
    assert {row[0] for row in shown(points, FOOTAGE)} == {"b"} and shown(points, ANNOTATION) == []
    assert points.facts["unplaced"] == {"videos": 1, "moments": 0}
    assert library.map.build()["placed"] == 21
    assert shown(library.map.points(), ANNOTATION) == [("a", "dog", 1.0, 2.0)]


def test_annotators_who_work_independently_see_their_own(library: Studio) -> None:
    for name in ("ada", "ben", "eve"):
        library.users.put(name, "correct horse")
    library.layers.set_independent("a", True)
    mark(library, "a", 1, 2, "BEN", "ben")
    mark(library, "a", 5, 6, "own", "eve")
    propose(library, "a", Prediction(Segment(8 * S, 9 * S), "T", "x", 0.5, "p"))
    library.timelines.save("a", [{"edit_id": "v", "op": "verdict", "prediction_id": "p", "verdict": "rejected"}], "ben")
    library.map.build()
    seen = {who: library.map.points(library.users.actor(who)) for who in ("ada", "ben", "eve")}
    labels = {who: [row[1] for row in shown(points, ANNOTATION)] for who, points in seen.items()}
    assert labels == {"ada": ["BEN", "own"], "ben": ["BEN"], "eve": ["own"]}
    rejected = {who: len(shown(points, REJECTED)) for who, points in seen.items()}
    assert rejected == {"ada": 0, "ben": 1, "eve": 0}
    assert b"BEN" not in packed(seen["eve"]) and b"BEN" in packed(seen["ben"])
    assert seen["eve"].facts["unplaced"]["moments"] == 0
    keys = {library.map.state(library.users.actor(who))["key"] for who in ("ben", "eve")}
    assert len(keys) == 2


def test_bytes_say_what_they_hold(library: Studio) -> None:
    mark(library, "a", 1.5, 2.25, "ä dog")
    library.map.build()
    points = library.map.points()
    data = packed(points)
    length = int.from_bytes(data[:4], "little")
    head, at = json.loads(data[4 : 4 + length]), -(-(4 + length) // 8) * 8
    arrays = {}
    for name, kind, count in head["arrays"]:
        arrays[name] = np.frombuffer(data, kind, count, at)
        at += -(-arrays[name].nbytes // 8) * 8
    assert at == len(data)
    assert [arrays[name][-1] for name in ("start", "end", "kind")] == [1.5, 2.25, ANNOTATION]
    assert head["labels"][arrays["label"][-1]] == "ä dog" and head["ids"] == points.ids
    assert np.column_stack([arrays["x"], arrays["y"]]).tobytes() == points.positions.tobytes()


def test_the_route_answers_whoever_is_logged_in(library: Studio) -> None:
    for name in ("ada", "ben", "eve"):
        library.users.put(name, "correct horse")
    library.layers.set_independent("a", True)
    mark(library, "a", 1, 2, "BEN", "ben")
    library.map.build()
    app = FastAPI()
    app.include_router(media_routes.routes(library))
    held = {}
    for person in ("ben", "eve"):
        token = current_user.set(person)
        try:
            with TestClient(app) as client:
                held[person] = b"BEN" in client.get("/map?annotator=ben").content
        finally:
            current_user.reset(token)
    assert held == {"ben": True, "eve": False}


def test_of_very_much_footage_some_is_drawn_and_the_rest_counted(
    library: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark(library, "b", 1, 2, "dog")
    library.map.build()
    monkeypatch.setattr("studio.service.library_map.MOST_FOOTAGE", 10)
    points = library.map.points()
    assert (points.kind == FOOTAGE).sum() == 10 and points.facts["left_out"] == 30
    assert {row[0] for row in shown(points, FOOTAGE)} == {"a", "b"} and len(shown(points, ANNOTATION)) == 1
    assert points.facts["unplaced"] == {"videos": 0, "moments": 0}


def test_what_is_missing_is_said(studio: Studio) -> None:
    assert (studio.map.state()["known"], studio.map.clusters()) == (0, [])
    with pytest.raises(UsageError, match="at least 5 pieces"):
        studio.map.build()
    with pytest.raises(JobError, match="studio serve"):
        studio.map.start()


def test_a_running_studio_makes_it_as_a_job(library: Studio) -> None:
    home = library.settings.home
    library.close()
    served = Studio(Settings(home=home, device="cpu"), background=True)
    try:
        job = served.map.start(anew=True)
        assert job["kind"] == "map" and served.map.start(anew=True)["id"] == job["id"]
        assert served.map.state()["job"]["id"] == job["id"]
        for _ in range(600):
            if served.map.state()["job"] is None:
                break
            time.sleep(0.1)
        state = served.map.state()
        assert (state["made"], state["error"]) == (True, "")
        assert len(served.map.points().kind) == 40
    finally:
        served.close()


def test_a_video_that_changed_has_the_rest_read_once_and_a_look_reads_nothing(
    library: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark(library, "a", 1, 2, "dog")
    library.map.build()
    before = shown(library.map.points(), FOOTAGE)
    time.sleep(0.01)
    index(library, "b", 3)
    library.videos.remove("b")
    made: list[int] = []
    real = library_map.SpanRows
    monkeypatch.setattr(library_map, "SpanRows", lambda places: made.append(len(places)) or real(places))
    for _ in range(3):
        assert library.map.state()["made"]
    assert made == []
    for _ in range(3):
        points = library.map.points()
    assert len(made) == 1 and made[0] > 0
    assert shown(points, FOOTAGE) == [each for each in before if each[0] == "a"]
    assert [each[1] for each in shown(points, ANNOTATION)] == ["dog"]
