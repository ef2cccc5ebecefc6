"""The one place for all work: what it says is true, and what people do there is theirs to do."""

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest

from studio.app.login import current_user
from studio.app.rpc import PAGES
from studio.config import Settings
from studio.errors import MediaError, NotFound, PermissionDenied, UsageError
from studio.jobs import CORES, Dispatcher, JobMonitor, JobResult
from studio.jobs.schedule import local_now
from studio.service import Studio, serializers
from studio.service.accounts.rights import OWNER, Actor
from studio.service.jobs.library_backend import LibraryBackend
from studio.service.jobs.work import Work, cores
from studio.store import Store, jobs, videos
from tests.conftest import VIDEO
from tests.jobs.test_jobs import FakeWorker, found, wait

EVE = Actor("eve")


@pytest.fixture
def library(studio: Studio) -> Studio:
    studio.store.write(lambda db: videos.insert(db, dict(VIDEO)))
    return studio


def queued(store: Store, kind: str = "index", of: str | None = "v1", asked_by: str = "", **params: Any) -> str:
    return str(store.write(lambda db: jobs.insert(db, kind, of, params, limit=None, asked_by=asked_by))["id"])


def measured(store: Store, kind: str, seconds: float) -> None:
    """A job of the kind that ended well and took so long here."""
    job = queued(store, kind, n=seconds)
    began = datetime.now(UTC) - timedelta(seconds=seconds)
    store.write(lambda db: jobs.take(db, "studio/1"))
    store.write(lambda db: jobs.finish(db, job, "done"))
    store.write(lambda db: db.execute("UPDATE jobs SET began = ? WHERE id = ?", (_text(began), job)))


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")


def test_nothing_is_said_of_times_before_something_was_measured(library: Studio) -> None:
    queued(library.store)
    state = library.work.state()
    assert (state["left_s"], state["unmeasured"], state["waiting"]) == (None, 1, 1)
    assert state["kinds"] == [{"kind": "index", "title": "Indexing", "waiting": 1, "left_s": None, "failed": 0}]
    measured(library.store, "turns", 30)
    assert library.work.state()["left_s"] is None, "another kind says nothing of it"


def test_what_waits_takes_as_long_as_what_was_done(library: Studio) -> None:
    measured(library.store, "index", 30)  # half a second a second of video
    queued(library.store, n=1)
    queued(library.store, n=2)
    queued(library.store, "turns")
    state = library.work.state()
    assert state["left_s"] == pytest.approx(60, rel=0.02)
    assert state["unmeasured"] == 1
    by_kind = {row["kind"]: row for row in state["kinds"]}
    assert by_kind["index"]["left_s"] == pytest.approx(60, rel=0.02) and by_kind["turns"]["left_s"] is None


def test_a_job_that_runs_says_itself_how_long_it_takes(library: Studio) -> None:
    store = library.store
    measured(store, "index", 30)
    job = queued(store, n=1)
    store.write(lambda db: jobs.take(db, "studio/1"))
    assert library.work.state()["running"][0]["left_s"] == pytest.approx(30, abs=2), "by the one before it"
    began = _text(datetime.now(UTC) - timedelta(seconds=10))
    store.write(lambda db: db.execute("UPDATE jobs SET began = ?, progress = 0.1 WHERE id = ?", (began, job)))
    (row,) = library.work.state()["running"]
    assert row["left_s"] == pytest.approx(90, abs=5) and row["video"] == "talk.mp4" and row["progress"] == 0.1
    began = _text(datetime.now(UTC) - timedelta(seconds=99))
    store.write(lambda db: db.execute("UPDATE jobs SET began = ?, progress = 0 WHERE id = ?", (began, job)))
    assert library.work.state()["running"][0]["left_s"] is None, "it takes longer than any before: nobody knows"


def test_a_failure_is_shown_with_its_reason_and_tried_again_where_the_file_is_now(library: Studio) -> None:
    calls: list[dict[str, Any]] = []

    class Failing(FakeWorker):
        def call(self, kind: str, params: dict[str, Any], monitor: JobMonitor) -> JobResult:
            calls.append(params)
            if params["video"]["path"] != "/new/talk.mp4":
                raise MediaError("There is no file “talk.mp4”; put it back.")
            return found(monitor)

    library.jobs.dispatcher = Dispatcher(library.store, Failing(found), attempts=3)
    job = library.jobs.start("index", "v1")["id"]
    wait(library.store, job)
    (row,) = library.work.state()["failed"]
    assert (row["id"], row["video_id"], row["error"]) == (job, "v1", "There is no file “talk.mp4”; put it back.")
    library.store.write(lambda db: videos.set_facts(db, "v1", {"path": "/new/talk.mp4"}))
    library.work.retry(job)
    assert wait(library.store, job)["state"] == "done"
    assert library.work.state()["failed"] == [] and len(calls) == 2
    with pytest.raises(UsageError, match="no longer among"):
        library.work.retry(job)


def test_a_pause_holds_what_waits_and_says_so(library: Studio) -> None:
    job = queued(library.store)
    library.work.pause()
    state = library.work.state()
    assert state["paused"] and state["held"] == "The queue is paused." and state["queue"][0]["held"]
    assert [row["held"] for row in library.jobs.listed() if row["id"] == job] == [True]
    library.work.resume()
    state = library.work.state()
    assert not state["paused"] and state["held"] == "" and not state["queue"][0]["held"]


def test_hours_say_when_the_queue_goes_on(library: Studio) -> None:
    noon = local_now().replace(hour=12, minute=0)
    work = Work(
        library.store, library.settings, library.jobs, library.model_downloads, library.dataset_downloads, lambda: noon
    )
    work.set_hours("20:00-07:00")
    state = work.state()
    assert state["hours"] == "20:00-07:00"
    assert state["held"] == "The queue works from 20:00 to 07:00, and goes on at 20:00."
    work.set_hours("08:00-11:00")
    assert work.state()["held"].endswith("goes on tomorrow at 08:00.")
    work.set_hours("08:00-13:00")
    assert work.state()["held"] == ""
    with pytest.raises(UsageError, match="write them like"):
        work.set_hours("at night")
    work.set_hours("")
    assert work.state()["hours"] == ""


def test_the_queue_is_told_how_many_cores_it_may_use(library: Studio) -> None:
    told: list[dict[str, Any]] = []

    class Recording(FakeWorker):
        def call(self, kind: str, params: dict[str, Any], monitor: JobMonitor) -> JobResult:
            told.append(params)
            return JobResult()

    backend = LibraryBackend(Recording(found), lambda: None, lambda: library.store.read(cores))
    here = psutil.cpu_count() or 1
    for count in (1, 0, here):
        library.work.set_cores(count)
        backend.call("index", {}, JobMonitor())
        assert library.work.state()["cores"] == (count if 0 < count < here else 0)
    assert [each.get(CORES) for each in told] == [1 if here > 1 else None, None, None]
    with pytest.raises(UsageError, match=f"{here} cores"):
        library.work.set_cores(here + 1)


def test_only_an_admin_looks_after_the_work_of_all(library: Studio) -> None:
    job, work = queued(library.store), library.work
    for attempt in (
        lambda: work.pause(EVE), lambda: work.resume(EVE), lambda: work.set_hours("", EVE),
        lambda: work.set_cores(1, EVE), lambda: work.move(job, "first", EVE), lambda: work.retry_all("", EVE),
    ):  # fmt: skip
        with pytest.raises(PermissionDenied, match="Only an admin can pause, limit or order"):
            attempt()
    assert work.state(EVE)["fixed"].startswith("Only an admin") and work.state()["fixed"] == ""


def test_who_is_no_admin_orders_their_own_jobs_among_their_own_places(library: Studio) -> None:
    """v1 and v3 are Eve's, v2 is Ben's: nothing that she does makes Ben's wait longer."""
    for name, owner in (("v1", "eve"), ("v2", "ben"), ("v3", "eve")):
        if name != "v1":
            row = {**VIDEO, "id": name, "name": f"{name}.mp4", "path": f"/films/{name}.mp4"}
            library.store.write(lambda db, row=row: videos.insert(db, row))
        library.store.write(
            lambda db, name=name, owner=owner: db.execute("UPDATE videos SET added_by = ? WHERE id = ?", (owner, name))
        )
    wanted = [("v1", 1), ("v2", 2), ("v1", 3), ("v2", 4), ("v3", 5)]
    a, b, c, d, e = (queued(library.store, of=video, n=n) for video, n in wanted)
    eve, ben, work = Actor("eve"), Actor("ben"), library.work

    def after(job: str, to: str, by: Actor = eve) -> list[str]:
        work.move(job, to, by)
        return [row["id"] for row in work.state(eve)["queue"]]

    assert [row["own"] for row in work.state(eve)["queue"]] == [True, False, True, False, True]
    assert after(e, "first") == [e, b, a, d, c]
    assert after(e, "down") == [a, b, e, d, c]
    assert after(c, "up") == [a, b, c, d, e]
    assert after(a, "last") == [c, b, e, d, a]
    assert after(c, "first") == [c, b, e, d, a], "it is there already"
    assert after(d, "first", ben) == [c, d, e, b, a]
    for attempt in (lambda: work.move(b, "first", eve), lambda: work.move(a, "first", ben)):
        with pytest.raises(PermissionDenied, match=r"Only (ben|eve) or an admin can change when a job"):
            attempt()
    assert after(b, "first", OWNER) == [b, c, d, e, a], "an admin orders all"
    library.store.write(lambda db: jobs.take(db, "studio/1"))
    with pytest.raises(NotFound, match="no longer waits"):
        work.move(b, "last", ben)
    with pytest.raises(UsageError, match="first, up, down, last"):
        work.move(a, "sideways", eve)


def test_who_asked_for_a_job_orders_it_among_their_own(library: Studio) -> None:
    """v1 is Ben's: Eve orders what she asked for of it and of the library, and what is done by itself stays his."""
    library.store.write(lambda db: db.execute("UPDATE videos SET added_by = 'ben'"))
    eve, ben, work = Actor("eve"), Actor("ben"), library.work
    a = queued(library.store)
    b = queued(library.store, n=2, asked_by="eve")
    c = queued(library.store, "map", None, asked_by="eve")
    d = queued(library.store, "teach", None)
    own = {name: [row["own"] for row in work.state(Actor(name))["queue"]] for name in ("eve", "ben")}
    assert own == {"eve": [False, True, True, False], "ben": [True, True, False, False]}
    work.move(c, "first", eve)
    assert [row["id"] for row in work.state()["queue"]] == [a, c, b, d], "among the places of the two"
    for job, by, says in (
        (a, eve, "Only ben or an admin"), (c, ben, "Only eve or an admin"), (d, eve, "Only an admin"),
        (b, Actor("cleo"), "Only eve or ben or an admin"),
    ):  # fmt: skip
        with pytest.raises(PermissionDenied, match=says):
            work.move(job, "first", by)


def test_a_job_says_who_asked_for_it_first(serving: Studio) -> None:
    class Waiting:
        def wake(self) -> None: ...
        def close(self) -> None: ...

    serving.jobs.dispatcher = Waiting()  # type: ignore[assignment]
    annotate, overview = ({each.__name__: each for each in PAGES[page](serving)} for page in ("annotate", "overview"))
    for name in ("admin", "ann", "bo"):
        serving.users.put(name, "a long password", admin=name == "admin")
    job = queued(serving.store, "turns")

    def asked_by() -> list[str]:
        return [row["asked_by"] for row in serving.work.state()["queue"]]

    assert asked_by() == [""] and serving.work.state()["several"]
    for name in ("ann", "bo"):
        login = current_user.set(name)
        assert annotate["start_job"]({"video": "v1", "kind": "speakers"})["ok"]
        current_user.reset(login)
    assert sorted(asked_by()) == ["", "ann"]
    serving.store.write(lambda db: jobs.finish(db, job, "failed", error="No."))
    login = current_user.set("bo")
    assert overview["retry_job"]({"job": job})["ok"]
    current_user.reset(login)
    assert sorted(asked_by()) == ["ann", "bo"]


def test_a_job_is_cancelled_where_no_studio_runs(library: Studio) -> None:
    job = queued(library.store)
    library.work.cancel(job)
    assert library.store.read(lambda db: jobs.get(db, job))["state"] == "cancelled"
    with pytest.raises(NotFound):
        library.work.cancel("none")


def test_what_is_off_says_what_helps(library: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    from studio.models import SpeakerEmbedding

    monkeypatch.setattr(SpeakerEmbedding, "installed", staticmethod(lambda: False))
    off = {row["what"]: row for row in library.work.state()["off"]}
    assert "moment-studio[voices]" in off["Telling voices apart"]["why"]
    assert off["Words of new videos"]["page"] == "library"
    assert len(off) == 2, "all that comes with the install is there"
    library.jobs.set_prepares_words(True)
    assert "Words of new videos" not in {row["what"] for row in library.work.state()["off"]}


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Studio]:
    made = Studio(Settings(home=tmp_path / "home", device="cpu"))
    made.store.write(lambda db: videos.insert(db, dict(VIDEO)))
    yield made
    made.close()


def test_the_page_asks_for_all_of_it(serving: Studio) -> None:
    call = {each.__name__: each for each in PAGES["overview"](serving)}
    a, b = queued(serving.store, n=1), queued(serving.store, n=2)

    def state() -> dict[str, Any]:
        answer = call["work"]({"waiting": 5, "failed": 5})
        assert answer["ok"], answer
        return dict(answer["data"])

    assert [row["id"] for row in state()["queue"]] == [a, b]
    assert call["move_job"]({"job": b, "to": "first"})["ok"]
    assert [row["id"] for row in state()["queue"]] == [b, a]
    assert call["limit_work"]({"hours": "20:00-07:00"})["ok"] and state()["hours"] == "20:00-07:00"
    assert call["limit_work"]({"cores": 1, "hours": None})["ok"] and state()["hours"] == "20:00-07:00"
    assert call["pause_work"]({"on": True})["ok"] and state()["paused"]
    assert call["pause_work"]({"on": False})["ok"] and not state()["paused"]
    assert call["cancel_job"]({"job": a})["ok"] and [row["id"] for row in state()["queue"]] == [b]
    serving.store.write(lambda db: jobs.finish(db, b, "failed", error="No."))
    assert [row["error"] for row in state()["failed"]] == ["No."]
    assert call["retry_jobs"]({"kind": "index"})["data"] == {"retried": 1}
    serving.store.write(lambda db: jobs.finish(db, b, "failed", error="No."))
    assert call["dismiss_job"]({"job": b})["ok"] and state()["failed"] == []
    assert call["work"]({"waiting": -1})["kind"] == "invalid"
    assert call["retry_job"]({"job": b})["error"].startswith("This job is no longer")


def test_what_is_tried_again_has_the_files_of_all_its_videos(library: Studio) -> None:
    video = serializers.job_video(library.videos.get("v1"))
    params = {"video": video, "medium": video, "among": [video, {**video, "id": "gone"}], "query": "x"}
    job = queued(library.store, "synchronise", **params)
    library.store.write(lambda db: jobs.take(db, "studio/1"))
    library.store.write(lambda db: jobs.finish(db, job, "failed", error="There is no file."))
    library.store.write(lambda db: videos.set_facts(db, "v1", {"path": "/new/talk.mp4"}))
    library.work.retry(job)
    now = library.store.read(lambda db: jobs.get(db, job))["params"]
    fresh = {**video, "path": "/new/talk.mp4"}
    assert now == {"video": fresh, "medium": fresh, "among": [fresh, {**video, "id": "gone"}], "query": "x"}


def test_a_removed_video_takes_its_own_jobs_along_and_none_of_the_library(library: Studio) -> None:
    begun, ending = threading.Event(), threading.Event()

    def wait_for_end(monitor: JobMonitor) -> JobResult:
        begun.set()
        ending.wait(10)
        return JobResult()

    library.jobs.dispatcher = Dispatcher(library.store, FakeWorker(wait_for_end), attempts=3)
    teach = library.jobs.start_for_library("teach", {"label": "x"})["id"]
    assert begun.wait(10)
    library.jobs.start("index", "v1")
    library.videos.remove("v1")
    assert [(row["id"], row["state"]) for row in library.jobs.listed()] == [(teach, "running")]
    ending.set()
    assert wait(library.store, teach)["state"] == "done"


def test_what_a_person_tries_again_is_done_while_the_queue_is_held(library: Studio) -> None:
    one, other = queued(library.store), queued(library.store, "turns")
    for job in (one, other):
        library.store.write(lambda db, job=job: jobs.finish(db, job, "failed", error="No."))  # type: ignore[misc]
    library.work.pause()
    time.sleep(0.01)  # times are of whole milliseconds
    library.work.retry(one)
    assert library.work.retry_all() == 1
    assert {row["id"]: row["held"] for row in library.work.state()["queue"]} == {one: False, other: True}
    library.jobs.dispatcher = Dispatcher(library.store, FakeWorker(found), attempts=3)
    assert wait(library.store, one)["state"] == "done"
    assert library.store.read(lambda db: jobs.get(db, other))["state"] == "queued"
