"""Whether a video is indexed means one thing: that its embeddings by the library's encoder are there."""

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from studio import tasks
from studio.config import Settings
from studio.index import FeatureStore
from studio.jobs import INDEX_FILES
from studio.service import Studio
from studio.service.videos import file_check
from studio.store import videos
from studio.store.video_list import Wanted
from studio.tasks.context import TaskContext
from studio.tasks.query import encoder_key


@pytest.fixture
def carphone(studio: Studio, clips: dict[str, Path]) -> str:
    video = str(studio.videos.add(clips["carphone"])["id"])
    studio.jobs.index(video)
    return video


def lose_vectors(studio: Studio, video: str) -> None:
    for file in studio.cache.folder(video).glob("frames-*"):
        file.unlink()


def test_the_key_of_the_default_encoder_is_the_one_that_the_model_has(tmp_path: Path) -> None:
    context = TaskContext(Settings(home=tmp_path, device="cpu").ensure())
    assert tasks.key_of(Settings()) == encoder_key(context.model("text_video"))


def test_without_its_vectors_a_video_is_not_indexed_whatever_else_is_there(studio: Studio, carphone: str) -> None:
    row = studio.videos.get(carphone)
    assert studio.media.is_indexed(row) and studio.media.is_prepared(row)
    assert studio.videos.indexed() == (1, 1)
    assert not studio.media.is_indexed(row, "another-encoder@1")
    lose_vectors(studio, carphone)
    assert all(studio.cache.has(carphone, name) for name in INDEX_FILES)
    assert not studio.media.is_indexed(row)
    assert studio.videos.indexed() == (0, 1), "the page would say that search can see it"
    assert studio.search.moments("a man") == []
    studio.jobs.index(carphone)
    assert studio.videos.indexed() == (1, 1)
    assert studio.search.moments("a man")


@pytest.mark.parametrize("lost", INDEX_FILES)
def test_what_is_missing_is_made_again(studio: Studio, carphone: str, lost: str) -> None:
    features = FeatureStore(studio.cache).mtime_ns(carphone, tasks.key_of(Settings()))
    before = studio.cache.load_array(carphone, lost)
    assert before is not None
    kept = before.copy()
    studio.cache.path(carphone, lost).unlink()
    row = studio.videos.get(carphone)
    assert studio.media.is_indexed(row) and not studio.media.is_prepared(row)
    studio.jobs.index(carphone)
    after = studio.cache.load_array(carphone, lost)
    assert after is not None and after.shape == kept.shape
    assert (after == kept).all() if lost != "thumbnails.npy" else (after[0] == kept[0]).all()
    assert FeatureStore(studio.cache).mtime_ns(carphone, tasks.key_of(Settings())) == features, "not embedded again"


def wait_indexed(studio: Studio, video: str) -> None:
    """Until the job is done, which is a moment after its last file is there: until then a loss is not looked for."""
    deadline = time.monotonic() + 120
    while not (studio.media.is_prepared(studio.videos.get(video)) and index_state(studio, video) == "done"):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def index_state(studio: Studio, video: str) -> str:
    return str(next(job["state"] for job in studio.jobs.listed(video) if job["kind"] == "index"))


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Studio]:
    opened = Studio(Settings(home=tmp_path / "serving", device="cpu"), background=True)
    yield opened
    opened.close()


def test_a_studio_that_runs_makes_lost_vectors_again(serving: Studio, clips: dict[str, Path]) -> None:
    video = str(serving.videos.add(clips["carphone"])["id"])
    wait_indexed(serving, video)
    lose_vectors(serving, video)
    serving.video_list.page(Wanted())  # somebody looks at it
    wait_indexed(serving, video)
    shutil.rmtree(serving.cache.folder(video))
    serving.jobs.cancel(serving.jobs.start("index", video)["id"])
    serving.video_list.page(Wanted())  # somebody looks at it
    assert serving.jobs.listed(video)[0]["state"] == "cancelled", "what a person stopped stays so"


def test_an_error_does_not_end_the_looking(
    studio: Studio, clips: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_check, "EVERY_S", 0.05)
    video = studio.videos.add(clips["bikes"])["id"]
    studio.store.write(lambda db: db.execute("DELETE FROM jobs"))
    calls: list[int] = []

    def first() -> None:
        calls.append(1)
        if len(calls) == 1:
            raise OSError("a disk that does not answer")

    studio.check.start(first)
    deadline = time.monotonic() + 30
    while not [job for job in studio.jobs.listed(video) if job["kind"] == "index"]:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert len(calls) == 2, "it is done again, and no more once it was done"


def test_what_was_seen_of_another_path_is_not_kept(studio: Studio, clips: dict[str, Path], tmp_path: Path) -> None:
    moved = tmp_path / "moved.mp4"
    shutil.copy(clips["bikes"], moved)
    before = {**studio.videos.add(clips["bikes"]), "path": str(tmp_path / "gone.mp4")}
    studio.store.write(lambda db: videos.set_facts(db, before["id"], {"path": before["path"]}))
    before = studio.videos.get(before["id"])
    studio.store.write(
        lambda db: videos.set_facts(db, before["id"], {"path": str(moved)})
    )  # while others are looked at
    studio.check.look([before])
    assert studio.videos.get(before["id"])["lost"] == 0


def test_each_part_is_read_when_it_is_looked_at(
    studio: Studio, clips: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_check, "AT_ONCE", 1)
    first, last = (studio.videos.add(clips[name])["id"] for name in ("bikes", "carphone"))
    moved = tmp_path / "moved.mp4"
    shutil.copy(clips["bikes"], moved)
    looked = studio.check._parts()
    assert [row["id"] for row in next(looked)] == [last]
    studio.store.write(lambda db: videos.set_facts(db, first, {"path": str(moved)}))
    assert [row["path"] for row in next(looked)] == [str(moved)]
