"""The promises of the database: acknowledged means on disk, history explains the present, predictions never change."""

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from operator import itemgetter
from pathlib import Path

import pytest

from studio.errors import Conflict, JobError, NotFound, UsageError
from studio.store import EditRequest, Store, annotations, jobs, labels, runs, videos
from studio.timeline import Annotation, ModelRun, Prediction, Segment, apply_all


def draft(name: str = "a1", start: int = 1_000_000, end: int = 2_000_000, **more: object) -> Annotation:
    return Annotation(name, Segment(start, end), "moments", "a dog", **more)  # type: ignore[arg-type]


def save(store: Store, wanted: Annotation | None, base: int, edit: str, by: str = "ann", **more: str) -> Annotation:
    change = EditRequest(edit, "update" if base else "create", wanted, base, **more)
    result = store.write(lambda db: annotations.save(db, "v1", change, by))
    assert result is not None
    return result


@pytest.fixture
def prediction(store: Store) -> str:
    proposed = [Prediction(Segment(5_000_000, 9_000_000), "moments", "a dog", 0.7, id="p1")]
    store.write(lambda db: runs.insert(db, ModelRun("v1", "grounding", "peaks", "1", proposed, query="a dog")))
    return "p1"


def test_a_saved_annotation_is_there_for_everyone(store: Store) -> None:
    saved = save(store, draft(), 0, "e1")
    assert (saved.version, saved.annotator) == (1, "ann")
    with sqlite3.connect(store.path) as other:
        assert other.execute("SELECT start, end FROM annotations_s").fetchall() == [(1.0, 2.0)]


def test_a_stale_edit_is_a_conflict_that_carries_the_current_row(store: Store) -> None:
    save(store, draft(), 0, "e1")
    newer = save(store, draft(end=3_000_000), 1, "e2", by="bob")
    with pytest.raises(Conflict) as caught:
        save(store, draft(end=4_000_000), 1, "e3")
    assert caught.value.current is not None
    assert caught.value.current["end_us"] == 3_000_000
    assert store.read(lambda db: annotations.get(db, "a1")) == newer


def test_an_edit_that_arrives_twice_counts_once(store: Store) -> None:
    save(store, draft(), 0, "e1")
    first = save(store, draft(end=3_000_000), 1, "e2")
    assert save(store, draft(end=3_000_000), 1, "e2") == first
    assert len(store.read(lambda db: annotations.history(db, "a1"))) == 2


def test_it_is_known_which_videos_commits_were_about(store: Store) -> None:
    store.look()
    store.changed()
    assert not store.look()
    store.write(lambda db: labels.insert(db, "Moments", "wave"), "v1")
    store.write(lambda db: labels.insert(db, "Moments", "nod"), "v2")
    with pytest.raises(UsageError):
        store.write(lambda db: refuse(), "v3")
    assert store.look() and store.changed() == {"v1", "v2"}
    store.write(lambda db: labels.insert(db, "Moments", "turn"))
    assert store.look() and store.changed() == {""}
    for about in (["v4", "v5"], []):
        store.write(lambda db, about=about: (labels.insert(db, "Moments", f"{len(about)}"), about), itemgetter(1))  # type: ignore[misc]
        assert store.look() and store.changed() == {*about}, "of what the work returned"
    store.write(lambda db: db.execute("UPDATE labels SET label = '' WHERE label = 'none'"))
    store.write(lambda db: labels.insert(db, "Moments", "bow"), "v1")
    assert store.look() and store.changed() == {"v1"}, "where nothing was written, nothing changed"
    assert not store.look() and store.changed() == set()


def test_what_another_process_commits_may_be_about_anything(store: Store) -> None:
    store.look()
    store.changed()
    other = Store(store.path)
    try:
        store.write(lambda db: labels.insert(db, "Moments", "wave"), "v1")
        other.write(lambda db: labels.insert(db, "Moments", "nod"), "v2")
        assert store.look() and store.changed() == {"v1", ""}
        assert other.look() and other.changed() >= {"v2"}
        store.write(lambda db: labels.insert(db, "Moments", "turn"), "v1")
        assert other.look() and other.changed() == {""}
    finally:
        other.close()


def refuse() -> None:
    raise UsageError("No.")


def test_correcting_leaves_the_prediction_untouched(store: Store, prediction: str) -> None:
    before = store.read(lambda db: [tuple(r) for r in db.execute("SELECT * FROM predictions")])
    corrected = save(store, draft(source="correction", prediction_id=prediction), 0, "e1")
    assert corrected.prediction_id == prediction
    assert store.read(lambda db: [tuple(r) for r in db.execute("SELECT * FROM predictions")]) == before
    assert store.read(lambda db: annotations.verdicts(db, "v1")) == {prediction: "corrected"}
    save(store, draft(deleted=True), 1, "e2")
    assert store.read(lambda db: annotations.verdicts(db, "v1")) == {}


def test_a_decision_without_an_annotation(store: Store, prediction: str) -> None:
    def decide(edit: str, verdict: str) -> None:
        change = EditRequest(edit, "verdict", prediction_id=prediction, verdict=verdict)
        store.write(lambda db: annotations.save(db, "v1", change, "ann"))

    decide("e1", "rejected")
    assert store.read(lambda db: annotations.verdicts(db, "v1")) == {prediction: "rejected"}
    decide("e2", "")
    assert store.read(lambda db: annotations.verdicts(db, "v1")) == {}
    with pytest.raises(UsageError):
        decide("e3", "perhaps")


@pytest.mark.parametrize(
    "statement",
    ["UPDATE predictions SET end_us = end_us + 1", "UPDATE revisions SET annotator = 'eve'"],
)
def test_the_database_itself_refuses_to_rewrite_the_past(store: Store, prediction: str, statement: str) -> None:
    save(store, draft(), 0, "e1")
    with sqlite3.connect(store.path) as other, pytest.raises(sqlite3.IntegrityError):
        other.execute(statement)


def test_the_history_explains_the_present(store: Store) -> None:
    save(store, draft(), 0, "e1")
    save(store, draft(end=3_000_000), 1, "e2")
    save(store, draft(deleted=True), 2, "e3")
    save(store, draft(end=5_000_000), 3, "e4")
    entries = store.read(lambda db: annotations.history(db, "a1"))
    assert apply_all({}, [edit for _, edit in entries]) == {"a1": store.read(lambda db: annotations.get(db, "a1"))}
    assert [facts["seq"] for facts, _ in entries] == sorted(facts["seq"] for facts, _ in entries)


def test_a_link_to_nothing_is_refused(store: Store) -> None:
    with pytest.raises(NotFound):
        save(store, draft(source="accepted", prediction_id="nope"), 0, "e1")
    assert store.read(annotations.last_seq) == 0


def test_changes_since(store: Store, prediction: str) -> None:
    save(store, draft(), 0, "e1")
    seen = store.read(annotations.last_seq)
    save(store, draft("a2"), 0, "e2")
    save(store, draft(deleted=True), 1, "e3")
    changed, _ = store.read(lambda db: annotations.changed_since(db, "v1", seen))
    assert {(a.id, a.deleted) for a in changed} == {("a1", True), ("a2", False)}


def test_one_failure_in_a_group_spoils_no_other(store: Store) -> None:
    def one(i: int) -> object:
        try:
            return save(store, draft(f"a{i}"), 5 if i % 3 == 0 else 0, f"e{i}")
        except Conflict:
            return None

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(one, range(60)))
    assert sum(outcome is not None for outcome in outcomes) == 40
    assert len(store.read(lambda db: annotations.of_video(db, "v1"))) == 40


def test_of_many_who_save_the_same_version_one_wins(store: Store) -> None:
    save(store, draft(), 0, "e0")
    barrier = threading.Barrier(8)

    def one(i: int) -> bool:
        barrier.wait()
        try:
            save(store, draft(end=3_000_000 + i), 1, f"e-{i}", by=f"person {i}")
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(one, range(8))) == 1


def queue(store: Store, kind: str = "index", limit: int = 100, **params: object) -> dict[str, object]:
    return store.write(lambda db: jobs.insert(db, kind, "v1", params, limit=limit))


def test_jobs_are_taken_in_order_and_once(store: Store) -> None:
    first, second = queue(store, n=1), queue(store, n=2)
    assert queue(store, n=1)["id"] == first["id"], "the same job is not queued twice"
    taken = [store.write(lambda db: jobs.take(db, "studio/1")) for _ in range(3)]
    assert [job and job["id"] for job in taken] == [first["id"], second["id"], None]


def test_a_restart_resumes_and_a_poison_job_stops(store: Store) -> None:
    job = queue(store)
    for attempt in (1, 2, 3):
        taken = store.write(lambda db: jobs.take(db, "studio/1"))
        assert taken is not None
        assert taken["attempts"] == attempt
        store.write(lambda db: jobs.release_leases(db, "studio", 3))
    final = store.read(lambda db: jobs.get(db, str(job["id"])))
    assert final["state"] == "failed"
    assert "3 times" in final["error"]


def test_a_job_ends_once(store: Store) -> None:
    job = str(queue(store)["id"])
    store.write(lambda db: jobs.finish(db, job, "cancelled"))
    store.write(lambda db: jobs.finish(db, job, "done", result={"late": True}))
    assert store.read(lambda db: jobs.get(db, job))["state"] == "cancelled"


def test_the_queue_is_bounded(store: Store) -> None:
    queue(store, limit=1, n=1)
    with pytest.raises(JobError, match="waiting already"):
        queue(store, limit=1, n=2)


def test_removing_a_video_keeps_its_history(store: Store) -> None:
    save(store, draft(), 0, "e1")
    store.write(lambda db: videos.delete(db, "v1"))
    assert store.read(videos.listed) == []
    assert len(store.read(lambda db: annotations.history(db, "a1"))) == 1


def test_reading_from_many_threads_keeps_few_files_open(store: Store) -> None:
    descriptors = Path("/proc/self/fd")
    if not descriptors.exists():
        return
    before = len(list(descriptors.iterdir()))
    for _ in range(5):
        with ThreadPoolExecutor(40) as pool:
            list(pool.map(lambda _: store.read(videos.listed), range(200)))
    assert len(list(descriptors.iterdir())) - before <= 8 * 3
