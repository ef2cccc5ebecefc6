"""What a library takes of the disk; room that is made costs nothing that a person made, and says what it costs."""

import os
import shutil
import sqlite3
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from studio.app.rpc import PAGES
from studio.cli import main
from studio.config import GIB, Settings
from studio.errors import PermissionDenied, UsageError
from studio.index import features_kind
from studio.service import Studio
from studio.service.accounts.rights import Actor
from studio.service.system import storage
from studio.service.system.storage import BY_ITSELF, CLEANABLE, FEATURES, parse_size
from studio.store import jobs, preferences, videos
from studio.store.database import copy_to
from tests.conftest import VIDEO


def aged(studio: Studio, video: str, hours: float = 5.0) -> None:
    """As if nobody had worked with a video for so long."""
    then = time.time() - 3600 * hours
    mark = studio.cache.path(video, "used")
    mark.touch()
    os.utime(mark, (then, then))
    os.utime(studio.cache.folder(video), (then, then))


@pytest.fixture
def three(studio: Studio) -> Studio:
    """Videos v1, v2, v3, used in this order, each with 1,000 bytes of a copy, 100 of thumbnails and 10 of times."""
    for number in (1, 2, 3):
        name = f"v{number}"
        studio.store.write(
            lambda db, name=name: videos.insert(db, {**VIDEO, "id": name, "name": name, "path": f"/{name}.mp4"})  # type: ignore[misc]
        )
        for file, size in (("proxy.mp4", 1000), ("thumbnails.bin", 100), ("pts.npy", 10)):
            studio.cache.write(name, file, b"x" * size)
        aged(studio, name, 10 - number)
    return studio


def kinds(studio: Studio) -> dict[str, int]:
    return {each["kind"]: each["bytes"] for each in studio.storage.state()["kinds"]}


def test_what_is_held_is_said_by_kind_and_video(three: Studio) -> None:
    (three.settings.uploads / "film.mp4").write_bytes(b"x" * 5)
    three.settings.models.mkdir()
    (three.settings.models / "net.bin").write_bytes(b"x" * 6)
    (three.settings.home / "studio-before-1.db").write_bytes(b"x" * 7)
    found = kinds(three)
    assert {name: found[name] for name in ("proxies", "thumbnails", "uploads", "models", "backups")} == {
        "proxies": 3000, "thumbnails": 300, "uploads": 5, "models": 6, "backups": 7,
    }  # fmt: skip
    assert found["database"] > 0 and found["other"] == 30
    state = three.storage.state()
    assert [(each["id"], each["bytes"]) for each in state["largest"]] == [("v1", 1110), ("v2", 1110), ("v3", 1110)]
    assert state["cache"]["bytes"] == 3330 and state["free"] > 0 and state["counted"]


def test_room_is_made_by_least_recent_use_and_says_before_what_it_costs(three: Studio) -> None:
    preview = three.storage.preview(to=2200)
    assert preview["videos"] == 2 and preview["bytes"] == 2200
    assert preview["by_kind"] == {"proxies": 2000, "thumbnails": 200}
    assert any("plays again once its copy is made again" in said for said in preview["lost"])
    assert kinds(three)["proxies"] == 3000, "a preview removes nothing"
    assert three.storage.clean(to=2200) == {"bytes": 2200, "videos": 2}
    assert [three.cache.has(video, "proxy.mp4") for video in ("v1", "v2", "v3")] == [False, False, True]
    assert three.cache.has("v1", "pts.npy"), "what nothing works without stays"
    assert three.storage.clean(to=2200) == {"bytes": 0, "videos": 0}


def test_one_kind_is_removed_alone(three: Studio) -> None:
    three.storage.clean(kinds=["thumbnails"])
    assert kinds(three)["thumbnails"] == 0 and kinds(three)["proxies"] == 3000
    for wrong in (["uploads"], ["database"], [], ["other"]):
        with pytest.raises(UsageError, match="What can be removed is"):
            three.storage.clean(kinds=wrong)


def test_what_is_used_or_worked_on_stays(three: Studio) -> None:
    three.media.use("v1")
    three.store.write(lambda db: jobs.insert(db, "turns", "v2", {}, limit=None))
    three.store.write(lambda db: jobs.take(db, "studio/1"))
    three.storage.clean()
    assert [three.cache.has(video, "proxy.mp4") for video in ("v1", "v2", "v3")] == [True, True, False]


def test_a_video_that_is_opened_while_room_is_made_stays(three: Studio) -> None:
    plan = three.storage._plan(0, BY_ITSELF)
    three.media.use("v2")
    three.storage._clean(plan)
    assert [three.cache.has(video, "proxy.mp4") for video in ("v1", "v2", "v3")] == [False, True, False]


def test_a_limit_is_kept_without_what_search_needs(indexed: Studio, tmp_path: Path) -> None:
    assert FEATURES in CLEANABLE and FEATURES not in BY_ITSELF
    home = tmp_path / "home"
    shutil.copytree(indexed.settings.home, home, ignore=shutil.ignore_patterns("*.lock", "studio.db*"))
    # by SQLite: who closes a database's file drops all locks that this process has on it, and others may write over it
    with closing(sqlite3.connect(indexed.settings.database)) as database:
        copy_to(database, home / "studio.db")
    studio = Studio(Settings(home=home, device="cpu"))
    try:
        rows = studio.videos.all()
        for row in rows:
            aged(studio, row["id"])
        before = kinds(studio)
        assert before["thumbnails"] > 0 and before["features"] > 0
        with pytest.raises(UsageError, match=r"at least 0\.1 GiB"):
            studio.storage.set_limit(1)
        studio.storage.set_limit(GIB // 10)
        studio.storage.measure()
        studio.storage._keep_limit()
        assert kinds(studio)["thumbnails"] == before["thumbnails"], "it takes less than that"
        # lower than a person may set it
        studio.store.write(lambda db: preferences.choose(db, preferences.CACHE_LIMIT, "1000"))
        studio.storage._keep_limit()
        after = kinds(studio)
        assert after["thumbnails"] == 0 and after["features"] == before["features"]
        assert all(studio.media.is_indexed(row) for row in rows), "search goes on"
        for row in rows:
            aged(studio, row["id"])
        studio.storage.clean(kinds=[FEATURES])
        assert kinds(studio)["features"] == 0 and not any(studio.media.is_indexed(row) for row in rows)
        assert studio.storage.preview(kinds=[FEATURES])["bytes"] == 0
    finally:
        studio.close()


def test_what_was_removed_is_made_again_when_the_video_is_opened_and_not_before(
    tmp_path: Path, clips: dict[str, Path]
) -> None:
    home = Settings(home=tmp_path / "home", device="cpu")
    studio = Studio(home)
    row = studio.videos.add(clips["carphone"])
    studio.jobs.index(row["id"])
    aged(studio, row["id"])
    assert studio.storage.clean()["bytes"] > 0
    assert not studio.media.is_prepared(row) and studio.media.was_cleaned(row)
    studio.close()

    class Waiting:
        """A studio that serves, whose queue only waits."""

        @staticmethod
        def wake() -> None: ...

        @staticmethod
        def close() -> None: ...

    studio = Studio(home)
    try:
        studio.jobs.dispatcher = Waiting()  # type: ignore[assignment]
        studio.check.prepare_missing(studio.check.look([row]))
        assert [job for job in studio.jobs.listed(row["id"]) if job["state"] == "queued"] == []
        studio.jobs.bring_forward(row["id"])
        assert [job["kind"] for job in studio.jobs.listed(row["id"]) if job["state"] == "queued"] == ["index"]
        assert not studio.media.was_cleaned(row)
    finally:
        studio.close()


def test_work_of_people_is_never_among_what_is_removed(three: Studio) -> None:
    edit = {
        "edit_id": "e",
        "op": "create",
        "id": "a",
        "base_version": 0,
        "start": 1,
        "end": 2,
        "track": "T",
        "label": "l",
    }
    assert three.timelines.save("v1", [edit], "ann")["results"][0]["ok"]
    three.transcripts.save_line(three.videos.get("v1"), None, 1, 2, "What is said")
    (three.settings.uploads / "film.mp4").write_bytes(b"film")
    aged(three, "v1")
    three.storage.clean(kinds=CLEANABLE)
    assert three.timelines.annotations("v1")[0].label == "l"
    assert [line["text"] for line in three.transcripts.lines(three.videos.get("v1"))] == ["What is said"]
    assert (three.settings.uploads / "film.mp4").read_bytes() == b"film"
    assert three.cache.has("v1", "pts.npy")


def test_only_an_admin_makes_room(three: Studio) -> None:
    eve = Actor("eve")
    for attempt in (
        lambda: three.storage.clean(by=eve),
        lambda: three.storage.start_cleaning(by=eve),
        lambda: three.storage.set_limit(0, eve),
    ):
        with pytest.raises(PermissionDenied):
            attempt()
    assert three.storage.state(eve)["fixed"].startswith("Only an admin")


def test_the_page_makes_room_in_the_background(three: Studio) -> None:
    call: dict[str, Any] = {each.__name__: each for each in PAGES["overview"](three)}
    assert call["cleaning_preview"]({"kinds": ["proxies"]})["data"]["bytes"] == 3000
    assert call["clean_cache"]({"kinds": ["proxies"]})["ok"]
    for _ in range(200):
        state = call["storage"]({})["data"]
        if not state["cleaning"]["running"]:
            break
        time.sleep(0.02)
    assert state["cleaning"] == {"running": False, "done": 3, "of": 3, "bytes": 3000}
    assert call["limit_cache"]({"limit": 2.5})["ok"] and call["storage"]({})["data"]["cache"]["limit"] == 2.5 * GIB
    assert call["limit_cache"]({"limit": 0})["ok"] and call["storage"]({})["data"]["cache"]["limit"] == 0
    assert call["clean_cache"]({"kinds": ["uploads"]})["kind"] == "invalid"


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0", 0), ("5GB", 5 * 10**9), ("5 GiB", 5 * GIB), ("1.5MiB", 1_572_864), ("7", 7), ("2tb", 2 * 10**12),
        ("3 kB", 3000),
    ],
)  # fmt: skip
def test_a_size_is_read(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "GB", "5 apples", "-1GB", "nan", "inf", "1e30"])
def test_what_is_no_size_is_said(text: str) -> None:
    with pytest.raises(UsageError, match="5GB or 500MiB"):
        parse_size(text)


def test_what_breaks_off_is_told(three: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*args: Any) -> int:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(storage, "clean", failing)
        with pytest.raises(OSError, match="Input/output error"):
            three.storage.clean()
        assert main(["storage", "clean", "--home", str(three.settings.home)]) == 1
        three.storage.start_cleaning()
        while (three.storage.state()["cleaning"] or {})["running"]:
            time.sleep(0.02)
    plan = three.storage._plan(0, BY_ITSELF)
    three.media.use("v2")
    assert three.storage._clean(plan)["videos"] == 2, "one that was opened since is not counted"


def test_what_is_cleaned_is_forgotten_by_every_index(three: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[list[str], str]] = []
    monkeypatch.setattr(storage, "delete_everywhere", lambda features, videos, place="": asked.append((videos, place)))
    three.storage._settings = replace(three.settings, vectors="/vectors")
    name = features_kind(three.encoders.key())
    three.cache.write("v1", f"{name}.npy", b"x" * 5)
    aged(three, "v1")
    three.storage.clean(kinds=[FEATURES])
    assert asked == [(["v1"], "/vectors")]
