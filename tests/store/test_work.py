"""The queue as people look after it: times that were measured, failures that stay until they are mended, an order."""

import json
from typing import Any

import pytest

from studio.errors import NotFound, UsageError
from studio.jobs.schedule import held_since
from studio.store import Store, jobs, preferences, videos, work
from tests.conftest import VIDEO


def queued(store: Store, kind: str = "index", video: str | None = "v1", **params: Any) -> str:
    return str(store.write(lambda db: jobs.insert(db, kind, video, params, limit=None))["id"])


def ended(store: Store, job: str, seconds: float = 30.0, state: str = "done", machine: str = "here") -> None:
    """As if it had run for so long."""
    store.write(
        lambda db: db.execute(
            "UPDATE jobs SET state = ?, ran_on = ?, began = '2026-01-02T03:00:00.000+00:00', "
            "ended = strftime('%Y-%m-%dT%H:%M:%f+00:00', '2026-01-02T03:00:00', ? || ' seconds') WHERE id = ?",
            (state, machine, str(seconds), job),
        )
    )


def order(store: Store) -> list[str]:
    return [row["id"] for row in store.read(lambda db: work.queue(db, 100))]


def test_a_rate_is_the_median_of_what_ended_well_on_this_machine(store: Store) -> None:
    for seconds in (30.0, 60.0, 600.0):  # of a video of 60 s
        ended(store, queued(store, n=seconds), seconds)
    ended(store, queued(store, n=1), 1.0, "failed")
    ended(store, queued(store, n=2), 1.0, machine="another")
    ended(store, queued(store, "map", None), 7.0)
    found = store.read(lambda db: work.rates(db, ["index", "map", "turns"], "here"))
    assert found["index"] == (pytest.approx(1.0), None)
    assert found["map"] == (None, pytest.approx(7.0, abs=1e-3))
    assert found["turns"] == (None, None), "nothing is invented"


def test_what_was_settled_without_a_run_is_not_measured(store: Store) -> None:
    job = queued(store)
    store.write(lambda db: jobs.take(db, "studio/1"))
    store.write(lambda db: jobs.put_back(db, job))
    store.write(lambda db: jobs.settle(db, "index", "v1"))
    machine = store.read(lambda db: db.execute("SELECT ran_on FROM jobs").fetchone()[0])
    assert machine
    assert store.read(lambda db: work.rates(db, ["index"], machine))["index"] == (None, None)


def test_waiting_is_counted_by_kind(store: Store) -> None:
    for number in range(3):
        queued(store, n=number)
    queued(store, "map", None)
    assert store.read(work.waiting) == [
        {"kind": "index", "jobs": 3, "video_us": 180_000_000, "whole": 0},
        {"kind": "map", "jobs": 1, "video_us": 0, "whole": 1},
    ]


def test_a_job_goes_up_down_and_to_both_ends(store: Store) -> None:
    a, b, c, d = (queued(store, n=number) for number in range(4))
    words = str(store.write(lambda db: jobs.insert(db, "transcribe", "v1", {}, limit=None, later=True))["id"])

    def move(job: str, to: str) -> list[str]:
        store.write(lambda db: work.move(db, job, to))
        return order(store)

    assert move(c, "first") == [c, a, b, d, words]
    assert move(c, "up") == [c, a, b, d, words], "it is the first already"
    assert move(c, "down") == [a, c, b, d, words]
    assert move(a, "last") == [c, b, d, words, a]
    assert move(words, "up") == [c, b, words, d, a]
    assert move(b, "first")[0] == b == store.write(lambda db: jobs.take(db, "studio/1"))["id"]  # type: ignore[index]
    with pytest.raises(NotFound, match="no longer waits"):
        move(b, "up")
    with pytest.raises(UsageError, match="first, up, down, last"):
        move(a, "sideways")
    assert order(store)[-1] == a
    later = queued(store, n=9)
    assert order(store).index(later) < order(store).index(a), "what comes new is not behind what nobody waits for"


def test_a_failure_stays_until_the_same_is_tried_again(store: Store) -> None:
    store.write(lambda db: videos.insert(db, {**VIDEO, "id": "v2", "path": "/other.mp4"}))
    first, dog, cat, other = (
        queued(store), queued(store, "ground", query="a dog"), queued(store, "ground", query="a cat"),
        queued(store, video="v2"),
    )  # fmt: skip
    for job in (first, dog, cat, other):
        store.write(lambda db, job=job: jobs.finish(db, job, "failed", error="No file."))  # type: ignore[misc]
    assert [row["id"] for row in store.read(lambda db: work.failed(db, 9))] == [other, cat, dog, first]
    assert store.read(work.failed_kinds) == {"ground": 2, "index": 2}
    assert len(store.read(lambda db: work.failed(db, 2))) == 2
    again = queued(store, "ground", query="a dog", memory=[1])  # with other details, and the same question
    assert [row["id"] for row in store.read(lambda db: work.failed(db, 9))] == [other, cat, first]
    store.write(lambda db: jobs.finish(db, again, "cancelled"))
    assert dog in [row["id"] for row in store.read(lambda db: work.failed(db, 9))], "a cancelled one settles nothing"
    store.write(lambda db: work.dismiss(db, cat))
    store.write(lambda db: videos.put_aside(db, "v2", ""))
    assert [row["id"] for row in store.read(lambda db: work.failed(db, 9))] == [dog, first]
    with pytest.raises(NotFound):
        store.write(lambda db: work.dismiss(db, cat))


def test_a_retry_has_new_facts_and_all_its_attempts(store: Store) -> None:
    jobs_of = {n: queued(store, "ground" if n < 2 else "turns", query=str(n)) for n in range(3)}
    for job in jobs_of.values():
        store.write(lambda db: jobs.take(db, "studio/1"))
        store.write(lambda db, job=job: jobs.finish(db, job, "failed", error="No file."))  # type: ignore[misc]
    waits = queued(store, query="7")
    assert store.write(lambda db: work.retry(db, lambda params: {**params, "moved": True}, kind="ground")) == 2
    assert order(store) == [waits, jobs_of[0], jobs_of[1]], "behind what waits, in their order"
    row = store.read(lambda db: jobs.get(db, jobs_of[0]))
    assert (row["state"], row["attempts"], row["error"], row["began"]) == ("queued", 0, None, None)
    assert row["params"] == {"query": "0", "moved": True}
    assert store.write(lambda db: work.retry(db, dict, job_id=jobs_of[0])) == 0, "it waits already"
    assert store.write(lambda db: work.retry(db, dict)) == 1
    store.write(lambda db: db.execute("UPDATE jobs SET state = 'failed', params = '{' WHERE id = ?", (waits,)))
    assert store.write(lambda db: work.retry(db, dict)) == 0, "what cannot be read is not begun again"
    assert [row["id"] for row in store.read(lambda db: work.failed(db, 9))] == [waits]


def test_twenty_thousand_jobs_are_shown_by_a_few(store: Store) -> None:
    row = ("index", "v1", json.dumps({}), "queued", "2026-01-02T03:00:00.000+00:00")
    store.write(
        lambda db: db.executemany(
            "INSERT INTO jobs (id, kind, video_id, params, state, created, position) VALUES (?, ?, ?, ?, ?, ?, ?)",
            [(f"j{number}", *row, number) for number in range(20_000)],
        )
    )
    assert len(store.read(lambda db: work.queue(db, 20))) == 20
    assert store.read(work.waiting)[0]["jobs"] == 20_000
    taken = store.write(lambda db: jobs.take(db, "studio/1"))
    assert taken is not None and taken["id"] == "j0"


def test_while_the_queue_is_held_only_what_is_asked_for_after_is_taken(store: Store) -> None:
    since = "2026-01-02T03:00:00.000+00:00"
    early, late = queued(store, n=1), queued(store, n=2)
    store.write(lambda db: db.execute("UPDATE jobs SET asked = '2026-01-02T02:59:59.999+00:00' WHERE id = ?", (early,)))
    assert store.write(lambda db: jobs.take(db, "studio/1", held_since=since)) is None
    asked = store.write(lambda db: jobs.insert(db, "index", "v1", {"n": 2}, limit=None, asked=True))
    assert asked["id"] == late and asked["asked"] > since, "the same job, and now somebody waits for it"
    taken = store.write(lambda db: jobs.take(db, "studio/1", held_since=since))
    assert taken is not None and taken["id"] == late
    assert store.write(lambda db: jobs.take(db, "studio/1")) is not None, "once it goes on"


def test_hours_that_cannot_be_read_hold_nothing(store: Store) -> None:
    from studio.jobs.schedule import local_now

    store.write(lambda db: preferences.choose(db, preferences.QUEUE_HOURS, "whenever"))
    assert store.read(lambda db: held_since(db, local_now())) is None


def test_jobs_are_shown_without_their_parameters(store: Store) -> None:
    """Those of the library name all of its videos: megabytes, at each look of each page."""
    asked = queued(store, "ground", query="a dog", memory=[1])
    teach = queued(store, "teach", None, videos=[{"id": "v1"}] * 1000, query="of nobody")
    store.write(lambda db: jobs.finish(db, teach, "failed", error="No."))
    broken = queued(store, "turns", n=1)
    store.write(lambda db: db.execute("UPDATE jobs SET params = 'nonsense' WHERE id = ?", (broken,)))
    shown = {row["id"]: row for row in store.read(lambda db: jobs.of_video(db, "v1"))}
    assert {job: (row["state"], row["query"], row["error"]) for job, row in shown.items()} == {
        asked: ("queued", "a dog", None), teach: ("failed", None, "No."), broken: ("queued", None, None),
    }  # fmt: skip
    assert all("params" not in row for row in shown.values())
    of_v1 = {row["id"]: row for row in store.read(lambda db: jobs.of_videos(db, ["v1"]))}
    assert of_v1 == {job: shown[job] for job in (asked, broken)}
    assert [row["query"] for row in store.read(lambda db: work.queue(db, 9))] == ["a dog", None]
