"""A library in another place is the same library, compared file by file; broken off at any point nothing is lost."""

import json
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from studio.cli import main
from studio.config import Settings
from studio.errors import StoreError, UsageError
from studio.service import Studio, serializers
from studio.service.system import moving
from studio.service.system.backup import exclusive_lock
from studio.service.system.moving import LIST, NOTE, delete_old, move
from studio.service.videos.video_list import UPLOADS
from studio.store import Store, folders, jobs, videos
from tests.conftest import VIDEO
from tests.media.conftest import Clip, make


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A library with an upload, a video elsewhere, features, a model of a person's, work, and a job that waits."""
    settings = Settings(home=tmp_path / "old place", device="cpu")
    studio = Studio(settings)
    (tmp_path / "films").mkdir()
    make(Clip(), tmp_path / "films" / "one.mp4")
    elsewhere = studio.videos.add(tmp_path / "films" / "one.mp4")
    partial = settings.uploads / "coming"
    make(Clip(ticks=list(range(30))), tmp_path / "two.mp4")
    shutil.copy(tmp_path / "two.mp4", partial)
    upload = studio.videos.keep_upload(partial, "two.mp4")
    studio.jobs.index(upload["id"])
    settings.models.mkdir()
    (settings.models / "net.bin").write_bytes(b"weights")
    edit = {
        "edit_id": "e",
        "op": "create",
        "id": "a",
        "base_version": 0,
        "start": 0,
        "end": 1,
        "track": "T",
        "label": "l",
    }
    assert studio.timelines.save(upload["id"], [edit], "ann")["results"][0]["ok"]
    studio.store.write(
        lambda db: jobs.insert(
            db, "turns", upload["id"], {"video": {"id": upload["id"], "path": upload["path"]}}, limit=None
        )
    )
    assert elsewhere["path"].endswith("one.mp4")
    studio.close()
    return settings


def at(settings: Settings, home: Path) -> Studio:
    return Studio(Settings(home=home, device="cpu"))


def test_a_moved_library_has_all_of_it_and_the_old_place_says_where(settings: Settings, tmp_path: Path) -> None:
    new = tmp_path / "new disk" / "library"
    done = move(settings, new)
    assert done.files > 5 and done.bytes > 0
    assert not (new / LIST).exists()
    studio = at(settings, new)
    try:
        rows = {row["name"]: row for row in studio.videos.all()}
        assert rows["one.mp4"]["path"] == str((tmp_path / "films" / "one.mp4").resolve()), "it stays where it is"
        upload = rows["two.mp4"]
        assert Path(upload["path"]).is_relative_to(new.resolve()) and studio.media.original(upload)
        assert studio.videos.is_upload(upload)
        assert studio.media.is_prepared(upload), "nothing is computed again"
        assert [a.label for a in studio.timelines.annotations(upload["id"])] == ["l"]
        (job,) = [job for job in studio.store.read(lambda db: jobs.of_video(db)) if job["kind"] == "turns"]
        params = studio.store.read(lambda db: jobs.get(db, job["id"]))["params"]
        assert params["video"]["path"] == upload["path"]
        assert (new / "models" / "net.bin").read_bytes() == b"weights"
    finally:
        studio.close()
    with pytest.raises(StoreError, match=r"was moved to “.*library”: open it there"):
        Studio(settings)
    with pytest.raises(StoreError, match="was moved to"):
        move(settings, tmp_path / "third")
    (settings.home / NOTE).unlink()
    Studio(settings).close()


def test_it_goes_on_where_it_was_broken_off(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    new, really, copied = tmp_path / "new", moving._copy, []

    def breaking(source: Path, target: Path) -> list[Any]:
        if len(copied) == 3:
            raise OSError(28, "No space left on device")
        copied.append(source)
        return really(source, target)

    monkeypatch.setattr(moving, "_copy", breaking)
    monkeypatch.setattr(moving, "SAVE_EVERY_S", 0.0)
    with pytest.raises(StoreError, match="The new disk is full"):
        move(settings, new)
    with pytest.raises(StoreError, match="not all of it is there"):
        at(settings, new)
    Studio(settings).close()  # until then the old place is the library
    (settings.models / "net.bin").write_bytes(b"better weights")  # and goes on being worked in
    first = list(copied)
    copied.clear()
    monkeypatch.setattr(moving, "_copy", lambda source, target: (copied.append(source), really(source, target))[1])
    move(settings, new)
    assert not set(first) & set(copied) - {settings.models / "net.bin"}, "what was there is not copied again"
    assert (new / "models" / "net.bin").read_bytes() == b"better weights"
    at(settings, new).close()


def test_broken_off_between_the_last_two_steps_it_is_finished(settings: Settings, tmp_path: Path) -> None:
    new = tmp_path / "new"
    move(settings, new)
    note = json.loads((settings.home / NOTE).read_text("utf-8"))
    (new / LIST).write_text(json.dumps({"library": note["library"], "files": {}}))
    with pytest.raises(StoreError, match="not all of it is there"):
        at(settings, new)
    move(settings, new)
    at(settings, new).close()


def test_a_copy_that_is_not_like_it_is_noticed(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from studio.platform import system

    def failing_disk(path: Path) -> None:
        if path.is_file() and path.read_bytes() == b"weights":
            path.write_bytes(b"weightX")

    monkeypatch.setattr(system, "to_disk", failing_disk)
    with pytest.raises(StoreError, match=r"“net\.bin” is not like it"):
        move(settings, tmp_path / "new")
    assert not (tmp_path / "new" / "models" / "net.bin").exists()


def test_without_its_cache_that_is_made_anew(settings: Settings, tmp_path: Path) -> None:
    move(settings, tmp_path / "new", cache=False)
    studio = at(settings, tmp_path / "new")
    assert not studio.media.is_prepared(next(row for row in studio.videos.all() if row["name"] == "two.mp4"))
    studio.close()


def test_the_old_place_is_deleted_once_the_new_one_is_whole(settings: Settings, tmp_path: Path) -> None:
    new = tmp_path / "new"
    with pytest.raises(UsageError, match="was not moved to"):
        delete_old(settings, new)
    (settings.home / "notes.txt").write_text("mine")
    move(settings, new)
    (upload,) = (new / "uploads").iterdir()
    upload.rename(tmp_path / "away")
    with pytest.raises(StoreError, match=r"“two\.mp4” is missing.*Copy “.*old place/uploads/"):
        delete_old(settings, new)
    assert settings.database.is_file()
    (tmp_path / "away").rename(upload)
    (settings.home / "later.txt").write_text("what nobody copied")
    assert delete_old(settings, new) == ["later.txt"]
    assert [path.name for path in settings.home.iterdir()] == ["later.txt"]
    assert (new / "notes.txt").read_text() == "mine"
    at(settings, new).close()


def test_places_that_are_no_good_are_refused(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thing").touch()
    for place, says in (
        (settings.home, "lie in each other"),
        (settings.home / "sub", "lie in each other"),
        (settings.home.parent, "lie in each other"),
        (tmp_path / "full", "is not empty"),
        (tmp_path / "two.mp4", "is a file"),
    ):
        with pytest.raises(UsageError, match=says):
            move(settings, place)
    with pytest.raises(UsageError, match="There is no library"):
        move(Settings(home=tmp_path / "none"), tmp_path / "new")
    with exclusive_lock(settings), pytest.raises(StoreError, match="Another studio serves"):
        move(settings, tmp_path / "new")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / LIST).write_text('{"library": "x", "files": {}}')
    with pytest.raises(UsageError, match="part of another library"):
        move(settings, tmp_path / "other")


def test_a_disk_that_is_too_small_is_said_before(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(moving.shutil, "disk_usage", lambda path: usage._replace(free=100_000_000))
    with pytest.raises(UsageError, match=r"needs 0\.3 GB free on the new disk, and 0\.1 GB are free"):
        move(settings, tmp_path / "new")  # 256 MiB of it stay free


def test_one_command_moves_relinks_and_deletes(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "films").rename(tmp_path / "archive")
    new = tmp_path / "new"
    relink = ["--relink", str(tmp_path / "films"), str(tmp_path / "archive")]
    assert main(["move", str(new), *relink, "--delete-old", "--json", "--home", str(settings.home)]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["files"] > 0 and len(said["relinked"]) == 1 and said["missing"] == [] and said["left"] == []
    assert not settings.home.exists()
    with sqlite3.connect(new / "studio.db") as db:
        paths = sorted(path for (path,) in db.execute("SELECT path FROM videos"))
    assert paths == sorted(
        [str((tmp_path / "archive" / "one.mp4").resolve()), str(next((new / "uploads").iterdir()).resolve())]
    )


@pytest.fixture
def small(tmp_path: Path) -> Settings:
    """A library of rows whose files are no videos: an upload, and one elsewhere."""
    settings = Settings(home=tmp_path / "small", device="cpu").ensure()
    upload, elsewhere = settings.uploads / f"{'a' * 64}.mp4", tmp_path / "films" / "b.mp4"
    elsewhere.parent.mkdir()
    for file in (upload, elsewhere):
        file.write_bytes(b"film")
    store = Store(settings.database)
    for name, file in (("a", upload), ("b", elsewhere)):
        facts = {**VIDEO, "id": name, "name": f"{name}.mp4", "path": str(file), "size": 4, "sha256": name * 64}
        store.write(lambda db, facts=facts: videos.insert(db, facts))  # type: ignore[misc]
    store.close()
    return settings


def linked(place: Path, target: Path) -> None:
    """A folder goes to another disk, and a link to it stays."""
    if place.exists():
        place.rename(target)
    place.symlink_to(target, target_is_directory=True)


def test_what_lies_behind_a_link_is_nobody_s_to_delete(small: Settings, tmp_path: Path) -> None:
    archive, scratch = tmp_path / "films", tmp_path / "scratch"
    linked(small.home / "films", archive)
    (small.cache / "a").mkdir()
    (small.cache / "a" / "pts.npy").write_bytes(b"x")
    linked(small.cache, scratch)
    move(small, tmp_path / "new")
    assert (tmp_path / "new" / "films" / "b.mp4").read_bytes() == b"film"
    assert delete_old(small, tmp_path / "new") == ["cache", "films"]
    assert (archive / "b.mp4").read_bytes() == b"film" and (scratch / "a" / "pts.npy").is_file()
    studio = at(small, tmp_path / "new")
    assert studio.videos.get("b")["path"] == str(archive / "b.mp4"), "it is where the library says"
    studio.close()


def test_of_uploads_behind_a_link_only_these_are_deleted(small: Settings, tmp_path: Path) -> None:
    disk = tmp_path / "big disk"
    linked(small.uploads, disk)
    (disk / "holidays.mp4").write_bytes(b"of somebody")
    move(small, tmp_path / "new")
    assert delete_old(small, tmp_path / "new") == ["uploads"]
    assert [file.name for file in disk.iterdir()] == ["holidays.mp4"]


def test_nobody_writes_to_the_old_place_meanwhile(
    small: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    new = tmp_path / "new"
    other = Store(small.database)  # as of `studio transcribe`, which takes an hour
    with pytest.raises(StoreError, match="Another program uses this library"):
        move(small, new)
    other.close()
    copy = moving._copy_all

    def opened_meanwhile(*args: Any) -> Any:
        nonlocal other
        other = Store(small.database)
        return copy(*args)

    with monkeypatch.context() as patch:
        patch.setattr(moving, "_copy_all", opened_meanwhile)
        with pytest.raises(StoreError, match="Another program uses this library"):
            move(small, new)
    assert moving.moved_to(small) == ""
    other.write(lambda db: videos.set_facts(db, "b", {"name": "written late.mp4"}))
    other.close()

    write, tried = moving.write_atomic, []

    def writes(file: Path, content: bytes) -> None:
        if file.name == NOTE:
            with sqlite3.connect(small.database, timeout=0) as db, pytest.raises(sqlite3.OperationalError):
                db.execute("DELETE FROM videos")
            tried.append(file)
        write(file, content)

    monkeypatch.setattr(moving, "write_atomic", writes)
    move(small, new)
    studio = at(small, new)
    assert studio.videos.get("b")["name"] == "written late.mp4" and tried
    studio.close()


def test_whoever_waited_for_the_database_does_not_work_in_the_old_place(
    small: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from studio.service import studio as opening

    def waiting(path: Path) -> Store:
        monkeypatch.setattr(opening, "Store", Store)
        move(small, tmp_path / "new")
        return Store(path)

    monkeypatch.setattr(opening, "Store", waiting)
    with pytest.raises(StoreError, match="was moved to"):
        Studio(small)


def test_every_path_in_the_library_is_rewritten(small: Settings, tmp_path: Path) -> None:
    studio = Studio(small)
    row, other = studio.videos.get("a"), studio.videos.get("b")
    watched = small.home / "incoming"
    watched.mkdir()
    (watched / "notes.txt").touch()

    def queue(db: sqlite3.Connection) -> None:
        video = serializers.job_video(row)
        params = {"video": serializers.job_video(other), "medium": video, "among": [video], "deep": [[{"x": video}]]}
        jobs.insert(db, "synchronise", "b", params, limit=None)
        for path in (watched, tmp_path / "films"):
            folders.insert(db, str(path), "", watched=True)

    studio.store.write(queue)
    studio.close()
    move(small, tmp_path / "new")
    studio = at(small, tmp_path / "new")
    path = str(tmp_path / "new" / "uploads" / f"{'a' * 64}.mp4")
    (job,) = studio.store.read(lambda db: jobs.of_video(db))
    params = studio.store.read(lambda db: jobs.get(db, job["id"]))["params"]
    assert [params["medium"]["path"], params["among"][0]["path"], params["deep"][0][0]["x"]["path"]] == 3 * [path]
    assert params["video"]["path"] == other["path"]
    assert studio.intake.watched() == [str(tmp_path / "new" / "incoming"), str(tmp_path / "films")]
    shown = {each["folder"] for each in studio.video_list.groups()["folders"]}
    assert shown == {f"{UPLOADS}/", "films/"}
    studio.close()


def test_the_new_place_is_spelled_as_its_disk_does(
    small: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "Disk").mkdir()
    (tmp_path / "DISK").symlink_to(tmp_path / "Disk")  # in place of a disk that does not tell capitals apart
    monkeypatch.setattr(  # as on macOS: a path that is not there yet is as it was typed
        moving.system, "real_path", lambda path: path.resolve() if path.exists() else path.absolute()
    )
    move(small, tmp_path / "DISK" / "new")
    home = tmp_path / "Disk" / "new"
    assert moving.moved_to(small) == str(home)
    studio = at(small, home)
    assert studio.videos.get("a")["path"] == str(home / "uploads" / f"{'a' * 64}.mp4")
    studio.close()
    (tmp_path / "SMALL").symlink_to(home)
    with pytest.raises(UsageError, match="lie in each other"):
        move(Settings(home=home), tmp_path / "SMALL" / "sub")
    assert not (home / "sub").exists()


def test_what_was_missing_before_holds_nothing_up(small: Settings, tmp_path: Path) -> None:
    (upload,) = small.uploads.iterdir()
    upload.unlink()
    move(small, tmp_path / "new")
    assert delete_old(small, tmp_path / "new") == []
