"""A library changes the encoder it is searched with: got from a hub, indexed meanwhile, and back for nothing."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import save

from studio.config import Settings
from studio.errors import ModelUnavailable, PermissionDenied, UsageError
from studio.index import FeatureStore
from studio.jobs import JobMonitor, JobResult
from studio.models.grounding.head import Head
from studio.recipes import grounding_head
from studio.service import Studio, encoders
from studio.service.accounts.rights import Actor
from studio.service.models import catalogue
from studio.store import jobs, preferences, videos
from tests import gallery
from tests.conftest import VIDEO
from tests.models.hub import served

NAME = gallery.NAME


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with served(gallery.repositories()) as found:
        yield found


@pytest.fixture
def empty(studio: Studio, address: str, monkeypatch: pytest.MonkeyPatch) -> Studio:
    """An empty library that knows of a model and has not got it."""
    monkeypatch.setenv("HF_ENDPOINT", address)
    gallery.put_card(studio.settings.home)
    return studio


@pytest.fixture
def library(empty: Studio, clips: dict[str, Path]) -> Studio:
    """The same with one indexed video."""
    empty.jobs.index(empty.videos.add(clips["carphone"])["id"])
    return empty


def get(studio: Studio) -> None:
    studio.model_downloads.get(NAME)
    deadline = time.monotonic() + 60
    while (state := studio.model_downloads.states().get(NAME)) and state["running"]:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert NAME not in studio.model_downloads.states(), state


def found(studio: Studio) -> list[tuple[int, int, float]]:
    """Where search finds something, and how well it fits."""
    return [(hit["start_us"], hit["end_us"], hit["score"]) for hit in studio.search.moments("a man")]


def row(studio: Studio) -> dict[str, object]:
    return next(each for each in catalogue(studio.settings) if each["name"] == NAME)


def test_a_library_changes_its_encoder_and_back(library: Studio) -> None:
    video = library.videos.all()[0]["id"]
    assert row(library)["installed"] is False
    with pytest.raises(ModelUnavailable, match=f"{NAME} is not on this machine yet; get it first"):
        library.encoders.use(NAME)
    get(library)
    there = row(library)
    assert there["installed"] and there["published"] == {"ImageNet_top1": 12.5} and there["fits"] is True
    before = found(library)

    status = library.encoders.use(NAME)
    assert (status["encoder"], status["next"], status["ready"], status["of"]) == ("studio-lite", NAME, 0, 1)
    assert found(library) == before, "the old index answers"
    waiting = [job["kind"] for job in library.jobs.listed() if job["state"] == "queued"]
    assert waiting == ["embed"], "for a studio that runs"
    library.jobs.embed(video, NAME)
    status = library.encoders.status()
    assert (status["encoder"], status["next"]) == (NAME, "")
    assert found(library) and found(library) != before
    assert library.videos.indexed() == (1, 1)
    run = library.jobs.run("ground", video, {"query": "a man"})
    assert run["model"] == f"consensus/{NAME}"
    assert run["payload"]["note"].startswith("consensus was trained with studio-lite, and there is no head for small")
    assert "note" not in library.jobs.run("ground", video, {"query": "a man", "engine": "tag"})["payload"]
    head = save({key: value.contiguous() for key, value in Head().state_dict().items()})
    assert grounding_head.keep(head, NAME, library.settings.models) == [f"trained-head-{NAME}", f"consensus-{NAME}"]
    run = library.jobs.run("ground", video, {"query": "a man"})
    assert run["model"] == f"consensus-{NAME}/{NAME}" and "note" not in run["payload"]

    assert library.encoders.use("studio-lite")["encoder"] == "studio-lite", "at once"
    assert found(library) == before
    assert library.encoders.use(NAME)["encoder"] == NAME, "at once"
    key = library.encoders.key()
    assert key.startswith(f"{NAME}@1-") and FeatureStore(library.cache).has(video, key)


def test_a_video_that_comes_meanwhile_is_waited_for(library: Studio, clips: dict[str, Path]) -> None:
    get(library)
    library.encoders.use(NAME)
    first = library.videos.all()[0]["id"]
    library.videos.add(clips["bikes"])
    library.jobs.embed(first, NAME)
    assert library.encoders.status()["encoder"] == "studio-lite"
    assert library.encoders.queue() == 1, "the new one"
    library.encoders.stop()
    assert library.encoders.status() == {"encoder": "studio-lite", "gone": "", "next": ""}
    assert [job["state"] for job in library.jobs.listed() if job["kind"] == "embed"].count("queued") == 0


def test_what_cannot_be_indexed_is_named_and_decided_by_a_person(library: Studio) -> None:
    get(library)
    library.encoders.use(NAME)
    with pytest.raises(UsageError, match="still being indexed"):
        library.encoders.finish_without()
    queued = library.jobs.listed()[0]["id"]
    library.store.write(lambda db: jobs.finish(db, queued, "failed", error="gone"))
    status = library.encoders.status()
    assert (status["encoder"], status["failed"]) == ("studio-lite", ["carphone_pristine.mp4"])
    assert library.encoders.queue() == 0 and library.encoders.queue(again=True) == 1
    again = library.jobs.listed()[0]["id"]
    library.store.write(lambda db: jobs.finish(db, again, "failed", error="gone"))
    assert library.encoders.finish_without()["encoder"] == NAME


def test_an_encoder_that_is_gone_is_said_and_the_default_answers(library: Studio) -> None:
    get(library)
    library.encoders.use(NAME)
    library.jobs.embed(library.videos.all()[0]["id"], NAME)
    assert library.encoders.status()["encoder"] == NAME
    (library.settings.models / f"{NAME}.weights").unlink()
    assert library.encoders.status() == {"encoder": "studio-lite", "gone": NAME, "next": ""}
    assert library.search.moments("a man")


def test_a_damaged_file_is_said_with_its_cure_and_got_again(empty: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    get(empty)
    place, whole = empty.settings.models / f"{NAME}.weights", gallery.weights()
    sentence = (
        f"{NAME}.weights, a file of {NAME}, was changed since it came; get it again: "
        f"press Get on the Models page, or run: studio models download {NAME}."
    )
    assert row(empty)["problems"] == []
    place.write_bytes(whole[:-1])
    assert row(empty)["problems"] == [sentence], "its length says so"
    get(empty)
    assert (row(empty)["problems"], place.read_bytes() == whole) == ([], True)

    place.write_bytes(whole[:-1] + b"?")
    assert row(empty)["problems"] == [], "to read all of it takes long, and it was not loaded yet"
    with pytest.raises(ModelUnavailable, match="get it again: press Get on the Models page, or run: studio models"):
        empty.jobs.time_encoder(NAME)
    assert row(empty)["problems"] == [sentence], "from now on it is known"
    monkeypatch.setattr("studio.models.registry._trusted", AllTrusted())  # as if it was damaged after it was read here
    get(empty)
    assert (row(empty)["problems"], place.read_bytes() == whole) == ([], True)


class AllTrusted(set[object]):
    """Files that were all read before."""

    def __contains__(self, key: object) -> bool:
        return True


def test_only_an_admin_gets_and_uses(empty: Studio) -> None:
    ada = Actor("Ada")
    for call in (empty.model_downloads.get, empty.model_downloads.cancel, empty.encoders.use):
        with pytest.raises(PermissionDenied):
            call(NAME, ada)
    assert not empty.encoders.may_see_better(ada)
    with pytest.raises(UsageError, match="There is no encoder “huge”; choose one of studio-lite"):
        empty.encoders.use("huge")


def test_the_line_about_better_models(empty: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoders, "has_network", lambda: False)
    assert not empty.encoders.may_see_better()
    monkeypatch.setattr(encoders, "has_network", lambda: True)
    assert empty.encoders.may_see_better()
    empty.encoders.put_line_away()
    assert not empty.encoders.may_see_better()


def test_a_pause_stays_through_a_restart(empty: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    content = gallery.weights()
    breaks = {"open_clip_model.safetensors": [len(content) // 2] * 9}
    with served(gallery.repositories(), breaks_at=breaks) as address:
        monkeypatch.setenv("HF_ENDPOINT", address)
        monkeypatch.setattr("studio.tasks.hub.PAUSE_S", 0)
        empty.model_downloads.get(NAME)
        deadline = time.monotonic() + 60
        while empty.model_downloads.states()[NAME]["running"]:
            assert time.monotonic() < deadline
            time.sleep(0.02)
    assert "broke at 50 % of small-clip" in empty.model_downloads.states()[NAME]["error"]
    other = Studio(Settings(home=empty.settings.home))
    left = other.model_downloads.states()[NAME]
    assert (left["running"], left["done"], left["total"]) == (False, len(content) // 2, len(content))
    with served(gallery.repositories(), asked=lambda path, part: asked.append(part)) as address:
        monkeypatch.setenv("HF_ENDPOINT", address)
        get(other)
    assert asked == ["", f"bytes={len(content) // 2}-"]
    other.close()


def test_a_cancelled_download_leaves_nothing(empty: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("studio.tasks.hub.PAUSE_S", 0)
    breaks = {"open_clip_model.safetensors": [1000] * 9}
    with served(gallery.repositories(), breaks_at=breaks) as address:
        monkeypatch.setenv("HF_ENDPOINT", address)
        empty.model_downloads.get(NAME)
        while empty.model_downloads.states()[NAME]["running"]:
            time.sleep(0.02)
    empty.model_downloads.cancel(NAME)
    assert NAME not in empty.model_downloads.states()
    assert not list(empty.settings.models.glob("*.part"))


def test_a_cancel_leaves_what_a_command_fetches(empty: Studio) -> None:
    from studio.platform import system

    part = empty.settings.ensure().models / f"{NAME}.weights.part"
    part.write_bytes(b"half")
    with (
        system.lock(empty.settings.models / f"{NAME}.lock", wait=False),
        pytest.raises(ModelUnavailable, match="is being fetched by another command"),
    ):
        empty.model_downloads.cancel(NAME)
    assert part.read_bytes() == b"half"


def test_a_speed_is_measured_once_and_others_are_estimated(empty: Studio) -> None:
    assert row(empty)["images_per_second"] is None, "nothing was measured here"
    measured = empty.jobs.time_encoder("studio-lite")
    rows = {each["name"]: each for each in catalogue(empty.settings)}
    assert rows["studio-lite"]["images_per_second"] == measured and not rows["studio-lite"]["estimated"]
    small, large = rows["siglip2-b32"], rows["siglip2-l16"]
    assert small["estimated"] and large["estimated"]
    share = small["images_per_second"] / large["images_per_second"]
    assert share == pytest.approx(81280 / 5744, rel=0.2), "by their multiply-adds"


def test_a_speed_is_measured_by_who_may_choose_the_encoder(empty: Studio) -> None:
    with pytest.raises(PermissionDenied):
        empty.jobs.time_encoder("studio-lite", Actor("Ada"))


def test_every_job_is_told_the_librarys_encoder(tmp_path: Path) -> None:
    told: list[object] = []

    class Backend:
        def start(self) -> None: ...

        def call(self, kind: str, params: dict[str, object], monitor: JobMonitor) -> JobResult:
            told.append(params.get("library_encoder"))
            return JobResult({"hits": [], "strips": []})

        def close(self) -> None: ...

    studio = Studio(Settings(home=tmp_path / "home"), backend=Backend())
    studio.search.moments("a man")
    gallery.put_card(studio.settings.home)
    (studio.settings.models / f"{NAME}.weights").write_bytes(b"here")
    studio.encoders.use(NAME)
    studio.search.moments("a man")
    studio.close()
    assert told == [None, NAME], "an empty library changes at once"


def test_a_change_that_is_under_way_is_not_counted_at_each_question(
    empty: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(10):
        facts = {**VIDEO, "id": f"v{number}", "path": f"/{number}.mp4"}
        empty.store.write(lambda db, facts=facts: videos.insert(db, facts))  # type: ignore[misc]
    (empty.settings.models / f"{NAME}.weights").write_bytes(b"here")
    seen: set[str] = set()
    looks: list[str] = []

    def has(self: FeatureStore, video: str, encoder: str) -> bool:
        looks.append(video)
        return video in seen

    monkeypatch.setattr(FeatureStore, "has", has)
    assert empty.encoders.use(NAME)["of"] == 10
    looks.clear()
    for _ in range(4):  # a job after the other ends, and pages ask meanwhile
        job = empty.store.write(lambda db: jobs.take(db, "test/1")) or {}
        seen.add(job["video_id"])
        empty.store.write(lambda db, job=job: jobs.finish(db, job["id"], "done"))  # type: ignore[misc]
        assert not empty.encoders.advance()
        assert empty.encoders.status()["next"] == NAME
    assert looks == []
    monkeypatch.setattr(encoders, "COUNT_S", 0.0)
    assert empty.encoders.status()["ready"] == 4
    assert looks == list(dict.fromkeys(looks)) and set(looks) == seen, "not at those that wait"
    looks.clear()
    facts = {**VIDEO, "id": "new", "path": "/new.mp4"}
    empty.store.write(lambda db: videos.insert(db, facts))
    assert empty.encoders.status()["of"] == 11 and set(looks) == {"new"}, "only at the one that came"
    empty.store.write(lambda db: db.execute("UPDATE videos SET removed = '2026-01-01' WHERE id = 'new'"))
    assert empty.encoders.status()["of"] == 10
    monkeypatch.undo()
    monkeypatch.setattr(FeatureStore, "has", has)
    empty.store.write(lambda db: db.execute("UPDATE jobs SET state = 'failed' WHERE state = 'queued'"))
    for _ in range(2):
        looks.clear()
        status = empty.encoders.status()
        assert (status["ready"], status["of"], len(status["failed"])) == (4, 10, 6)
    assert seen.isdisjoint(looks) and len(set(looks)) == 6, "only what is lacking is looked at again"
    seen |= {f"v{number}" for number in range(10)}  # by the command line, which makes no job
    assert empty.encoders.status()["encoder"] == NAME


def test_a_video_that_comes_queues_itself_only(empty: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        facts = {**VIDEO, "id": f"v{number}", "path": f"/{number}.mp4"}
        empty.store.write(lambda db, facts=facts: videos.insert(db, facts))  # type: ignore[misc]
    (empty.settings.models / f"{NAME}.weights").write_bytes(b"here")
    empty.encoders.use(NAME)
    empty.store.write(lambda db: db.execute("DELETE FROM jobs"))
    assert empty.encoders.queue(video_id="v1") == 1
    assert [job["video_id"] for job in empty.jobs.listed()] == ["v1"]


@pytest.fixture
def of_nine(empty: Studio) -> Studio:
    """A library of nine videos and a model that is here; an encoder's jobs are queued four in a write."""
    for number in range(9):
        facts = {**VIDEO, "id": f"v{number}", "path": f"/{number}.mp4"}
        empty.store.write(lambda db, facts=facts: videos.insert(db, facts))  # type: ignore[misc]
    (empty.settings.models / f"{NAME}.weights").write_bytes(b"here")
    return empty


def queued(studio: Studio) -> int:
    return studio.store.read(lambda db: jobs.counts(db, "embed")).get("queued", 0)


def test_many_videos_are_queued_in_parts(of_nine: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each write holds the one writer, for which edits wait."""
    monkeypatch.setattr(jobs, "AT_ONCE", 4)
    seen: list[int] = []
    write = of_nine.store.write

    def watched(work: Callable[[Any], Any]) -> Any:
        found = write(work)
        seen.append(queued(of_nine))
        return found

    monkeypatch.setattr(of_nine.store, "write", watched)
    of_nine.encoders.use(NAME)
    assert [count for count in dict.fromkeys(seen) if count] == [4, 8, 9]
    rows = of_nine.store.read(videos.listed)
    seen.clear()
    assert of_nine.jobs.start_of_videos("transcribe", rows) == 9
    assert len(seen) == 3, "other work of many videos, too"


def test_a_stop_between_two_parts_is_the_end(of_nine: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "AT_ONCE", 4)
    write = of_nine.store.write

    def stopped(work: Callable[[Any], Any]) -> Any:
        found = write(work)
        if queued(of_nine) == 4:
            monkeypatch.setattr(of_nine.store, "write", write)
            of_nine.encoders.stop()
        return found

    monkeypatch.setattr(of_nine.store, "write", stopped)
    assert of_nine.encoders.use(NAME)["next"] == ""
    assert queued(of_nine) == 0


@pytest.mark.parametrize("act", ["stop", "use"])
def test_who_stops_or_chooses_wins_over_a_change_that_ends_just_then(
    of_nine: Studio, monkeypatch: pytest.MonkeyPatch, act: str
) -> None:
    of_nine.encoders.use(NAME)
    of_nine.store.write(lambda db: db.execute("UPDATE jobs SET state = 'done'"))
    monkeypatch.setattr(FeatureStore, "has", lambda *_: True)
    lacking = encoders.Encoders.lacking

    def at_last(self: encoders.Encoders, name: str, video_id: str = "") -> list[dict[str, object]]:
        found = lacking(self, name, video_id)  # the last look before the change
        monkeypatch.setattr(encoders.Encoders, "lacking", lacking)
        monkeypatch.setattr(FeatureStore, "has", lambda *_: False)
        if act == "stop":
            self.stop()
        else:
            self._store.write(lambda db: preferences.choose(db, preferences.NEXT_ENCODER, "studio-lite"))
        return found

    monkeypatch.setattr(encoders.Encoders, "lacking", at_last)
    assert not of_nine.encoders.advance()
    assert of_nine.encoders.chosen() is None
    assert of_nine.encoders.coming() == {"stop": "", "use": "studio-lite"}[act]


def test_a_change_that_was_stopped_is_not_finished_without_some(of_nine: Studio) -> None:
    of_nine.encoders.use(NAME)
    of_nine.encoders.stop()
    assert of_nine.encoders.finish_without() == {"encoder": "studio-lite", "gone": "", "next": ""}


def test_other_files_in_the_place_of_the_encoders_are_said(of_nine: Studio) -> None:
    def bring(sha256: str) -> str:
        record = of_nine.settings.models / f"{NAME}.weights.json"
        record.write_text(f'{{"sha256": "{sha256}"}}', encoding="utf-8")
        return of_nine.encoders.key()

    def index(key: str, most: int) -> None:
        asked = "UPDATE videos SET indexed = ? WHERE rowid <= ?"
        of_nine.store.write(lambda db: db.execute(asked, (key, most)))

    of_nine.store.write(lambda db: preferences.choose(db, preferences.ENCODER, NAME))
    index(bring("a" * 64), 9)
    plain = {"encoder": NAME, "gone": "", "next": ""}
    assert of_nine.encoders.status() == plain
    key = bring("b" * 64)
    assert of_nine.encoders.status() == {**plain, "replaced": True, "ready": 0, "of": 9}
    assert of_nine.encoders.use(NAME)["replaced"], "to choose it again changes nothing"
    of_nine.store.write(lambda db: jobs.insert(db, "index", "v8", {}, limit=None))
    index(key, 8)
    assert of_nine.encoders.status() == {**plain, "replaced": True, "ready": 8, "of": 9}
    of_nine.store.write(lambda db: db.execute("UPDATE jobs SET state = 'failed'"))
    assert of_nine.encoders.status() == plain, "the Library page says what is wrong with the last one"
    of_nine.encoders.use("studio-lite")
    of_nine.store.write(lambda db: preferences.choose(db, preferences.NEXT_ENCODER, ""))
    bring("c" * 64)
    of_nine.store.write(lambda db: preferences.choose(db, preferences.ENCODER, ""))
    assert of_nine.encoders.status() == {**plain, "encoder": "studio-lite"}, "another one was chosen"
