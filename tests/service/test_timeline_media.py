"""Several cameras and recordings on one timeline: which there are, where their predictions lie, and what their files
say of when they began."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from studio.errors import Conflict, NotFound, UsageError
from studio.service import Studio
from studio.service.accounts.rights import Actor
from studio.service.find import parse
from studio.store import annotations, moments, review, runs, teaching, timeline_media, videos
from studio.store.timeline_media import MOST, MediumChange
from studio.timeline import MediaPlace, ModelRun, Prediction, Segment
from tests.conftest import VIDEO
from tests.films import write_film
from tests.sounds import RATE, babble, write_sound

SECOND = 1_000_000
OTHER = {**VIDEO, "id": "v2", "name": "side.mp4", "path": "/films/side.mp4", "duration_us": 30 * SECOND}


@pytest.fixture
def two(studio: Studio) -> Studio:
    """v1 of 60 s, and v2 of 30 s that began 40 s later."""
    studio.store.write(lambda db: videos.insert(db, dict(VIDEO)))
    studio.store.write(lambda db: videos.insert(db, dict(OTHER)))
    studio.timeline_media.place("v1", "v2", 40 * SECOND)
    return studio


def save(studio: Studio, *edits: dict[str, Any], video: str = "v1") -> list[dict[str, Any]]:
    results: list[dict[str, Any]] = studio.timelines.save(video, list(edits))["results"]
    return results


def moved(number: int, before: float | None, after: float | None, medium: str = "v2") -> dict[str, Any]:
    return {"edit_id": f"e{number}", "op": "medium", "medium": medium, "before": before, "after": after}


def offsets(studio: Studio, video: str = "v1") -> dict[str, float]:
    return {each["id"]: each["offset"] for each in studio.timeline_media.listed(video)}


# ---------------------------------------------------------------------- changes


def test_a_medium_is_added_moved_removed_and_each_is_in_the_history(two: Studio) -> None:
    assert offsets(two) == {"v1": 0.0, "v2": 40.0}
    assert [each["role"] for each in two.timeline_media.listed("v1")] == ["main", "camera"]
    assert offsets(two, "v2") == {"v2": 0.0}, "its own timeline stays as it is"
    (answer,) = save(two, moved(1, 40.0, -2.5))
    assert answer == {"edit_id": "e1", "ok": True, "annotation": None}
    assert offsets(two)["v2"] == -2.5
    assert save(two, moved(1, 40.0, -2.5))[0]["ok"], "sent again, it is acknowledged and does nothing"
    assert save(two, moved(2, -2.5, None))[0]["ok"]
    assert offsets(two) == {"v1": 0.0}
    assert save(two, moved(3, None, -2.5))[0]["ok"], "undo of that"
    said = "SELECT before, after FROM revisions WHERE op = 'medium' ORDER BY seq DESC LIMIT 1"
    assert two.store.read(lambda db: tuple(db.execute(said).fetchone())) == (
        '{"medium": "v2", "offset_us": null}',
        '{"medium": "v2", "offset_us": -2500000}',
    )


def test_who_saw_another_offset_is_told(two: Studio) -> None:
    assert save(two, moved(1, 40.0, 41.0))[0]["ok"]
    (answer,) = save(two, moved(2, 40.0, 39.0))
    assert (answer["ok"], answer["kind"], answer["current"]) == (False, "conflict", None)
    assert "Somebody else moved" in answer["error"]
    assert offsets(two)["v2"] == 41.0


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (moved(1, None, 1.0, "v1"), "begins where its main video does"),
        (moved(1, None, 1.0, "nothing"), "No video"),
        (moved(1, 40.0, 1e8), "at most 100 hours"),
        ({**moved(1, 40.0, 0.0), "after": "x"}, "must be a number of seconds"),
        ({**moved(1, 40.0, 0.0), "after": float("nan")}, "must be a number of seconds"),
        ({**moved(1, 40.0, 0.0), "medium": ""}, "must not be empty"),
    ],
)
def test_what_is_no_change_is_refused(two: Studio, edit: dict[str, Any], said: str) -> None:
    (answer,) = save(two, edit)
    assert not answer["ok"] and said in answer["error"]
    assert offsets(two) == {"v1": 0.0, "v2": 40.0}


def test_there_is_an_end_to_how_many(two: Studio) -> None:
    for number in range(3, MOST + 2):
        row = {**OTHER, "id": f"v{number}", "path": f"/films/{number}.mp4"}
        two.store.write(lambda db, row=row: videos.insert(db, row))
    for number in range(3, MOST + 1):
        two.timeline_media.place("v1", f"v{number}", 0)
    with pytest.raises(UsageError, match=f"at most {MOST} cameras"):
        two.timeline_media.place("v1", f"v{MOST + 1}", 0)
    with pytest.raises(UsageError, match="not on the timeline"):
        two.timeline_media.remove("v1", f"v{MOST + 1}")


def test_a_removed_camera_is_not_shown_and_comes_back(two: Studio) -> None:
    two.videos.remove("v2")
    assert offsets(two) == {"v1": 0.0}
    two.videos.restore("v2")
    assert offsets(two) == {"v1": 0.0, "v2": 40.0}


def test_the_timeline_goes_with_its_main_medium(two: Studio) -> None:
    two.store.write(lambda db: videos.delete(db, "v1"))
    left = two.store.read(lambda db: [tuple(r) for r in db.execute("SELECT timeline_id, video_id FROM timeline_media")])
    assert left == [("v2", "v2")]
    assert two.store.read(lambda db: db.execute("SELECT count(*) FROM timelines").fetchone()[0]) == 1


def test_what_can_be_added(two: Studio) -> None:
    two.store.write(lambda db: videos.insert(db, {**OTHER, "id": "v3", "path": "/films/v3.wav", "width": 0}))
    rows, count = two.timeline_media.choices(beside="v1")
    assert [(row["id"], row["width"]) for row in rows] == [("v3", 0)] and count == 1
    two.timeline_media.place("v1", "v3", 0)
    assert two.timeline_media.listed("v1")[2]["role"] == "sound"
    with pytest.raises(NotFound):
        two.timeline_media.listed("nothing")


# ---------------------------------------------------------------------- clocks that run apart

RATE_OF = 1.0003  # 300 ppm slow: a second of it lasts 1.0003 s of the timeline


def clocks(studio: Studio) -> dict[str, float]:
    return {each["id"]: each["rate"] for each in studio.timeline_media.listed("v1")}


def test_a_clock_is_corrected_by_an_edit_and_moving_the_camera_keeps_it(two: Studio) -> None:
    (answer,) = save(two, {**moved(1, 40.0, 39.5), "after_rate": RATE_OF})
    assert answer["ok"]
    assert (offsets(two)["v2"], clocks(two)) == (39.5, {"v1": 1.0, "v2": RATE_OF})
    assert [each["rate"] for each in two.timelines.load("v1")["media"]] == [1.0, RATE_OF]
    (answer,) = save(two, moved(2, 39.5, 38.0))
    assert not answer["ok"] and answer["kind"] == "conflict", "it saw no corrected clock"
    two.timeline_media.place("v1", "v2", 38 * SECOND)
    assert (offsets(two)["v2"], clocks(two)["v2"]) == (38.0, RATE_OF)
    (answer,) = save(two, {**moved(3, 38.0, 40.0), "before_rate": RATE_OF})
    assert answer["ok"] and clocks(two)["v2"] == 1.0


@pytest.mark.parametrize("rate", [0, 1.2, float("nan"), "fast", True])
def test_what_is_no_rate_is_refused(two: Studio, rate: object) -> None:
    (answer,) = save(two, {**moved(1, 40.0, 40.0), "after_rate": rate})
    assert not answer["ok"]
    assert "may run 10% fast or slow at most" in answer["error"] or "must be a number" in answer["error"]


def test_predictions_of_a_camera_whose_clock_is_corrected_lie_at_the_time_of_the_timeline(two: Studio) -> None:
    """At 20 s of it the timeline is 6 ms further; accepted as it is shown, it is accepted."""
    two.store.write(lambda db: runs.insert(db, found((10, 20))))
    two.timeline_media.place("v1", "v2", 5 * SECOND, rate=RATE_OF)
    (p,) = two.timelines.load("v1")["predictions"]
    assert (p["start"], p["end"]) == (15.003, 25.006)
    (answer,) = save(two, accept(1, 15.003, 25.006))
    assert answer["annotation"]["source"] == "accepted"


def test_the_times_within_a_prediction_go_along(two: Studio) -> None:
    phases = {"onset": 10.0, "apex": 15.0, "offset": 20.0}
    proposed = Prediction(Segment(10 * SECOND, 20 * SECOND), "T", "found", 0.5, "p", payload=phases)
    two.store.write(lambda db: runs.insert(db, ModelRun("v2", "emotion", "m", "1", [proposed])))
    two.timeline_media.place("v1", "v2", 5 * SECOND, rate=RATE_OF)
    (p,) = two.timelines.load("v1")["predictions"]
    assert [p[name] for name in phases] == [15.003, 20.0045, 25.006]


# ---------------------------------------------------------------------- predictions


def found(*spans: tuple[float, float], task: str = "grounding", track: str = "T", video: str = "v2") -> ModelRun:
    proposed = [
        Prediction(Segment(round(start * SECOND), round(end * SECOND)), track, "found", 0.5, f"{video}{n}")
        for n, (start, end) in enumerate(spans)
    ]
    return ModelRun(video, task, "m", "1", proposed, query="x")


def test_predictions_of_another_camera_lie_at_the_time_of_the_timeline(two: Studio) -> None:
    """40 s later; what lies beyond the end is left out, what reaches beyond it ends there."""
    two.store.write(lambda db: runs.insert(db, found((1, 2), (19, 25), (21, 22))))
    loaded = two.timelines.load("v1")
    shown = [(p["id"], p["start"], p["end"], p["track"], p["row"], p["medium"]) for p in loaded["predictions"]]
    assert shown == [
        ("v20", 41.0, 42.0, "T", "T · side.mp4", "v2"),
        ("v21", 59.0, 60.0, "T", "T · side.mp4", "v2"),
    ]
    assert [run["medium"] for run in loaded["runs"]] == ["v2"]
    assert [(each["id"], each["offset"]) for each in loaded["media"]] == [("v1", 0.0), ("v2", 40.0)]
    news = two.timelines.changes("v1", 0, 0)
    assert [p["start"] for p in news["runs"][0]["predictions"]] == [41.0, 59.0]
    assert news["media"] == loaded["media"]
    own = two.timelines.load("v2")
    assert [(p["start"], "row" in p) for p in own["predictions"]] == [(1.0, False), (19.0, False), (21.0, False)]


def test_what_begins_before_the_timeline_is_cut(two: Studio) -> None:
    two.timeline_media.place("v1", "v2", -3 * SECOND)
    two.store.write(lambda db: runs.insert(db, found((1, 2), (2.5, 4))))
    assert [(p["start"], p["end"]) for p in two.timelines.load("v1")["predictions"]] == [(0.0, 1.0)]


def test_each_camera_has_its_own_newest_run(two: Studio) -> None:
    for video in ("v1", "v2"):
        two.store.write(lambda db, video=video: runs.insert(db, found((1, 2), video=video)))
    assert {p["id"] for p in two.timelines.load("v1")["predictions"]} == {"v10", "v20"}


def test_a_face_of_another_camera_is_nobody_of_the_main_one(two: Studio) -> None:
    two.store.write(lambda db: runs.insert(db, found((1, 2), task="speaker", track="Person 1")))
    (p,) = two.timelines.load("v1")["predictions"]
    assert p["track"] == p["row"] == "Person 1 · side.mp4"
    name = {"track": "Person 1", "from": 0.0, "name": "Anna"}
    named = {"edit_id": "n", "op": "people", "before": [], "after": [name]}
    assert save(two, named, video="v2")[0]["ok"]
    (p,) = two.timelines.load("v1")["predictions"]
    assert (p["track"], p["row"]) == ("Anna", "Anna · side.mp4"), "whom all cameras may see"
    nobody = {"edit_id": "m", "op": "people", "before": [name], "after": [{**name, "name": None}]}
    assert save(two, nobody, video="v2")[0]["ok"]
    assert two.timelines.load("v1")["predictions"] == []


def test_a_model_runs_on_the_second_camera(indexed: Studio) -> None:
    """What it finds there lies at the time of the shared timeline, and in the row of that camera."""
    ids = {row["name"]: str(row["id"]) for row in indexed.videos.all()}
    other = ids.pop("bikes.mp4")
    main = next(iter(ids.values()))
    run = indexed.jobs.run("ground", other, {"query": "a bicycle", "top": 5})
    best = max(run["predictions"], key=lambda p: p.score)
    offset = SECOND - best.segment.start
    indexed.timeline_media.place(main, other, offset)
    try:
        (shown,) = [p for p in indexed.timelines.load(main)["predictions"] if p["id"] == best.id]
        end = min(best.segment.end + offset, indexed.videos.get(main)["duration_us"]) / SECOND
        assert (shown["start"], shown["end"]) == (1.0, end)
        assert (shown["medium"], shown["row"]) == (other, f"{best.track} · bikes.mp4")
    finally:
        indexed.timeline_media.remove(main, other)


def accept(number: int, start: float, end: float, op: str = "create", base: int = 0) -> dict[str, Any]:
    return {"edit_id": f"a{number}", "op": op, "id": "made", "base_version": base, "start": start, "end": end,
            "track": "T", "label": "found", "prediction_id": "v20"}  # fmt: skip


def test_a_prediction_of_another_camera_is_accepted_where_it_is_shown(two: Studio) -> None:
    two.store.write(lambda db: runs.insert(db, found((1, 2))))
    (answer,) = save(two, accept(1, 41.0, 42.0))
    assert answer["annotation"]["source"] == "accepted"
    (p,) = two.timelines.load("v1")["predictions"]
    assert p["verdict"] == "accepted"
    (answer,) = save(two, accept(2, 41.0, 43.0, "update", 1))
    assert answer["annotation"]["source"] == "correction"
    assert [a.segment.start for a in two.timelines.annotations("v1")] == [41 * SECOND]
    assert two.timelines.annotations("v2") == []


def test_what_was_accepted_stays_when_its_camera_is_taken_off(two: Studio) -> None:
    two.store.write(lambda db: runs.insert(db, found((1, 2), (5, 6))))
    save(two, accept(1, 41.0, 42.0))
    two.timeline_media.remove("v1", "v2")
    assert two.timelines.load("v1")["predictions"] == []
    (answer,) = save(two, accept(2, 40.0, 42.0, "update", 1))
    assert answer["ok"] and answer["annotation"]["source"] == "correction"
    (refused,) = save(two, {**accept(3, 5.0, 6.0), "id": "another", "prediction_id": "v21"})
    assert not refused["ok"] and "not in this video" in refused["error"]


def test_jobs_of_every_camera_are_shown(two: Studio) -> None:
    from studio.store import jobs

    two.store.write(lambda db: jobs.insert(db, "speakers", "v2", {}, limit=None))
    (job,) = two.timelines.load("v1")["jobs"]
    assert (job["kind"], job["video_id"], job["medium"]) == ("speakers", "v2", "side.mp4")


@pytest.mark.parametrize("independent", ["v1", "v2"])
def test_where_annotators_work_independently_only_ones_own_verdicts(two: Studio, independent: str) -> None:
    two.store.write(lambda db: runs.insert(db, found((1, 2))))
    two.layers.set_independent(independent, True)
    judged = {"edit_id": "x", "op": "verdict", "prediction_id": "v20", "verdict": "rejected"}
    two.timelines.save("v1", [judged], "ben")
    for name, verdict in (("eve", ""), ("ben", "rejected")):
        assert [p["verdict"] for p in two.timelines.load("v1", Actor(name))["predictions"]] == [verdict]
    two.timelines.save("v1", [{**judged, "edit_id": "y", "verdict": "accepted"}], "eve")
    changed = two.timelines.changes("v1", 0, by=Actor("ben"))
    assert changed["verdicts"] == {"v20": "rejected"}
    assert changed["runs"][0]["predictions"][0]["verdict"] == "rejected"
    two.timelines.save("v1", [{**judged, "edit_id": "z", "verdict": ""}], "eve")
    ours = two.timelines.load("v1", Actor("ben"))["predictions"]
    assert [p["verdict"] for p in ours] == ["rejected"], "eve takes back her own decision alone"


def test_what_was_decided_on_an_independent_timeline_is_not_on_the_page_of_its_camera_either(two: Studio) -> None:
    two.store.write(lambda db: runs.insert(db, found((1, 2))))
    two.layers.set_independent("v1", True)
    judged = {"edit_id": "x", "op": "verdict", "prediction_id": "v20", "verdict": "rejected"}
    two.timelines.save("v1", [judged], "ben")
    question = parse({"segments": [{"statuses": ["undecided", "rejected"]}]})
    for name, verdict, status in (("eve", "", "undecided"), ("ben", "rejected", "rejected")):
        assert [p["verdict"] for p in two.timelines.load("v2", Actor(name))["predictions"]] == [verdict]
        (moment,) = two.find.ask(question, Actor(name)).moments
        assert moment["segments"][0]["status"] == status
    eve, ben = Actor("eve"), Actor("ben")

    def of(work: Callable[[Any, Actor], Any]) -> list[Any]:
        return [two.store.read(lambda db, by=by: work(db, by)) for by in (eve, ben)]  # type: ignore[misc]

    assert of(lambda db, by: review.still_open(db, ["v20"], by)) == [{"v20"}, set()]
    assert of(lambda db, by: review.undecided_counts(db, ["v2"], by)) == [{"v2": 1}, {}]
    assert of(lambda db, by: [row["verdict"] for row in moments.predictions(db, by)]) == [[""], ["rejected"]]
    label = two.store.read(lambda db: db.execute("SELECT label FROM predictions").fetchone()[0])
    assert of(lambda db, by: len(teaching.rejected(db, label, None, by))) == [0, 1]
    assert of(lambda db, by: annotations.verdict_on(db, "v20", None, by.name)) == ["", "rejected"]
    two.layers.set_independent("v1", False)
    assert [p["verdict"] for p in two.timelines.load("v2", Actor("eve"))["predictions"]] == ["rejected"]


# ---------------------------------------------------------------------- offsets from files


@pytest.fixture
def film(studio: Studio, tmp_path: Path) -> Callable[..., str]:
    def film(name: str, **said: str) -> str:
        return str(studio.videos.add(write_film(tmp_path / name, **said))["id"])

    return film


def test_time_codes_say_where_a_camera_begins(studio: Studio, film: Callable[..., str]) -> None:
    one, other = film("one.mov", timecode="10:00:00:00"), film("other.mov", timecode="09:59:58:12")
    assert studio.timeline_media.by_timecode(one, other) == {"offset": -1.52, "source": "timecode", "note": ""}
    assert studio.timeline_media.by_timecode(other, one)["offset"] == 1.52


def test_midnight_may_lie_between_time_codes(studio: Studio, film: Callable[..., str]) -> None:
    one, other = film("one.mov", timecode="23:59:59:00"), film("other.mov", timecode="00:00:01:00")
    assert studio.timeline_media.by_timecode(one, other)["offset"] == 2.0


def test_where_there_is_no_time_code_the_moment_of_recording_says_it(studio: Studio, film: Callable[..., str]) -> None:
    one = film("one.mp4", creation_time="2026-05-01T10:00:00Z")
    other = film("other.mp4", creation_time="2026-05-01T10:00:02.000000Z")
    said = studio.timeline_media.by_timecode(one, other)
    assert (said["offset"], said["source"]) == (2.0, "created")
    assert "to the second only" in said["note"]


def test_what_was_not_recorded_at_the_same_time_gets_no_offset(studio: Studio, film: Callable[..., str]) -> None:
    one, other = film("one.mov", timecode="10:00:00:00"), film("other.mov", timecode="14:00:00:00")
    with pytest.raises(UsageError, match="neither ran while the other did"):
        studio.timeline_media.by_timecode(one, other)
    with pytest.raises(UsageError, match="does not say when it was recorded"):
        studio.timeline_media.by_timecode(one, film("none.mp4"))


def test_the_clock_of_a_sound_recorder_counts(studio: Studio, tmp_path: Path, film: Callable[..., str]) -> None:
    """A Broadcast Wave says at which sample since midnight it began."""
    import av

    path = tmp_path / "recorder.wav"
    with av.open(str(path), "w", options={"write_bext": "1"}) as output:
        stream: Any = output.add_stream("pcm_s16le", rate=RATE, layout="mono")
        output.metadata["time_reference"] = str((10 * 3600 + 1) * RATE)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, RATE * 3), np.int16), "s16", "mono")
        frame.sample_rate = RATE
        output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    recorder = str(studio.videos.add(path)["id"])
    assert studio.timeline_media.by_timecode(film("one.mov", timecode="10:00:00:00"), recorder)["offset"] == 1.0


def test_the_sound_says_where_a_recording_begins(studio: Studio, tmp_path: Path) -> None:
    said = babble(20, 1)
    one = studio.videos.add(write_sound(tmp_path / "one.wav", said))["id"]
    other = studio.videos.add(write_sound(tmp_path / "other.wav", said[round(4.5 * RATE) :]))["id"]
    stranger = studio.videos.add(write_sound(tmp_path / "stranger.wav", babble(20, 2)))["id"]
    assert studio.timeline_media.by_sound(one, other)["offset"] == pytest.approx(4.5, abs=0.02)
    assert studio.timeline_media.by_sound(one, stranger)["offset"] is None
    with pytest.raises(UsageError, match="name another one"):
        studio.timeline_media.by_sound(one, one)


def test_placed_is_what_lies_on_the_timeline() -> None:
    assert MediaPlace(2).placed(Segment(5, 9), 100) == Segment(7, 11)
    assert MediaPlace(-6).placed(Segment(5, 9), 100) == Segment(0, 3)
    assert MediaPlace(-9).placed(Segment(5, 9), 100) is None
    assert MediaPlace(95).placed(Segment(5, 9), 100) is None


def test_a_conflict_names_what_to_do(two: Studio) -> None:
    with pytest.raises(Conflict):
        change = MediumChange("z", "v2", MediaPlace(1), MediaPlace(2))
        two.store.write(lambda db: timeline_media.save(db, "v1", change, ""))
    assert not two.store.read(lambda db: annotations.is_done(db, "z"))
