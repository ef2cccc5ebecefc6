"""Folders that are added and watched: by a thread of the studio that serves, which goes on where another one ended."""

import errno
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from studio.config import Settings
from studio.errors import NotFound, PermissionDenied
from studio.service import Studio
from studio.service.accounts.rights import Actor
from studio.service.videos import files, intake
from studio.service.videos.videos import AT_ONCE as ADDED_AT_ONCE
from studio.service.videos.videos import Videos
from studio.store import folders, jobs

COUNT = 40


@pytest.fixture
def films(tmp_path: Path, clips: dict[str, Path]) -> Path:
    """A folder of so many videos, each another one, and a file that is none."""
    folder = tmp_path / "films"
    folder.mkdir()
    for number in range(COUNT):
        (folder / f"clip {number}.mp4").write_bytes(clips["carphone"].read_bytes() + bytes([number]))
    (folder / "broken.mp4").write_bytes(b"no video at all")
    (folder / "notes.txt").touch()
    return folder


@contextmanager
def serving(home: Path) -> Iterator[Studio]:
    """A studio that takes folders in, and does no other work."""
    studio = Studio(Settings(home=home, device="cpu"))
    studio.intake.start()
    try:
        yield studio
    finally:
        studio.close()


def wait(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def progress(studio: Studio) -> dict[str, object]:
    (found,) = studio.intake.progress()
    return found


def test_a_folder_is_added_after_the_answer(tmp_path: Path, films: Path) -> None:
    with serving(tmp_path / "home") as studio:
        answer = studio.intake.add(str(films))
        assert (answer["done"], answer["total"]) == (0, COUNT + 1)
        wait(lambda: bool(progress(studio)["ended"]))
        found = progress(studio)
        assert (found["folder"], found["added"], found["failed"]) == ("films", COUNT, 1)
        assert "broken.mp4" in str(found["problems"]) and "notes" not in str(found["problems"])
        assert found["notes"] == ["1 file was passed over, because it is neither video nor sound by name (.txt)."]
        assert str(tmp_path) not in str(found)
        assert len(studio.videos.all()) == COUNT
        assert studio.store.read(folders.listed) == []
        studio.intake.forget(str(found["id"]))
        assert studio.intake.progress() == []


def test_the_next_start_goes_on_and_reads_nothing_twice(
    tmp_path: Path, films: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(tmp_path / "home") as studio:
        studio.intake.add(str(films))
        wait(lambda: len(studio.videos.all()) >= 3)
    with resting(tmp_path / "home") as studio:
        before = {row["path"] for row in studio.videos.all()}
        assert 3 <= len(before) < COUNT, "it was stopped in the middle"
        assert [row["path"] for row in studio.store.read(folders.listed)] == [str(films)]
    read: list[str] = []
    note_reads(monkeypatch, read)
    with serving(tmp_path / "home") as studio:
        wait(lambda: len(studio.videos.all()) == COUNT and studio.store.read(folders.listed) == [])
    assert not before & set(read), "a file that is known was read again"
    assert {Path(path).name for path in read} >= {"broken.mp4"}


@contextmanager
def resting(home: Path) -> Iterator[Studio]:
    studio = Studio(Settings(home=home, device="cpu"))
    try:
        yield studio
    finally:
        studio.close()


def note_reads(monkeypatch: pytest.MonkeyPatch, read: list[str]) -> None:
    """Writes down which files are opened to be added."""
    real = Videos.add

    def add(self: Videos, path: Path, *args: object, **kwargs: object) -> object:
        read.append(str(path))
        return real(self, path, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(Videos, "add", add)


def test_what_appears_in_a_watched_folder_joins_once_it_is_whole(
    tmp_path: Path, clips: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "WATCH_S", 0.3)
    folder = tmp_path / "recordings"
    folder.mkdir()
    data = clips["carphone"].read_bytes()
    with serving(tmp_path / "home") as studio:
        assert studio.intake.watch(folder) == folder.resolve()
        assert studio.intake.watched() == [str(folder.resolve())]
        growing = folder / "take 1.mp4"
        with growing.open("wb") as file:
            for start in range(0, len(data), len(data) // 8 + 1):
                file.write(data[start : start + len(data) // 8 + 1])
                file.flush()
                assert studio.videos.all() == [], "it is not written to its end"
                time.sleep(0.2)
        wait(lambda: len(studio.videos.all()) == 1)
        (row,) = studio.videos.all()
        assert row["name"] == "take 1.mp4" and row["size"] == len(data)
        deeper = folder / "day 2"
        deeper.mkdir()
        shutil.copy(clips["bikes"], deeper / "take 2.mp4")
        wait(lambda: len(studio.videos.all()) == 2)
        studio.videos.remove(row["id"])
        time.sleep(1.5)
        assert [each["name"] for each in studio.videos.all()] == ["take 2.mp4"], "what was removed stays out"
        studio.intake.unwatch(folder)
        (folder / "take 3.mp4").write_bytes(data + b"3")
        time.sleep(1.5)
        assert len(studio.videos.all()) == 1
        with pytest.raises(NotFound, match="is not watched"):
            studio.intake.unwatch(folder)


def test_a_watched_folder_that_is_away_is_told_and_comes_back(
    tmp_path: Path, clips: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "WATCH_S", 0.2)
    folder = tmp_path / "disk"
    folder.mkdir()
    with serving(tmp_path / "home") as studio:
        studio.intake.watch(folder)
        wait(lambda: bool(studio.intake.progress()))
        folder.rmdir()
        wait(lambda: bool(progress(studio)["problems"]))
        assert progress(studio)["problems"] == ["The folder “disk” is not there; put it back, or stop adding it."]
        folder.mkdir()
        shutil.copy(clips["bikes"], folder / "a.mp4")
        wait(lambda: len(studio.videos.all()) == 1)
        assert progress(studio)["problems"] == []


def test_only_who_adds_a_folder_stops_it(tmp_path: Path) -> None:
    with resting(tmp_path / "home") as studio:
        for path in ("/old/films", "/films"):
            studio.store.write(lambda db, path=path: folders.insert(db, path, "anna", watched=False))  # type: ignore[misc]
        with pytest.raises(PermissionDenied, match="Only anna or an admin can stop adding “films”"):
            studio.intake.stop(intake._id("/films"), Actor("ben"))
        studio.intake.stop(intake._id("/films"), Actor("anna"))
        left = [row["path"] for row in studio.store.read(folders.listed)]
        assert left == ["/old/films"], "the other one of its name goes on"
        with pytest.raises(NotFound, match="Nothing is being added from this folder"):
            studio.intake.stop(intake._id("/films"), Actor("anna"))


def test_what_is_no_longer_shared_is_not_added_after_a_restart(tmp_path: Path, films: Path) -> None:
    with resting(tmp_path / "home") as studio:
        studio.users.put("anna", "correct horse battery staple")
        studio.store.write(lambda db: folders.insert(db, str(films), "anna", watched=False))
    with serving(tmp_path / "home") as studio:
        wait(lambda: bool(studio.intake.progress()) and bool(progress(studio)["problems"]))
        assert progress(studio)["problems"] == [
            "“films” is no shared folder of this studio any more, and is not added."
        ]
        assert studio.videos.all() == []


def test_a_thousand_jobs_are_queued_in_their_order(studio: Studio) -> None:
    def queue(db: object) -> list[str]:
        return [jobs.insert(db, "map", None, {"n": n}, limit=None, later=n % 2 == 1)["id"] for n in range(1000)]  # type: ignore[arg-type]

    made = studio.store.write(queue)
    taken = [job["params"]["n"] for _ in made if (job := studio.store.write(lambda db: jobs.take(db, "t/1")))]
    assert taken == [*range(0, 1000, 2), *range(1, 1000, 2)]


def unreadable(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """A disk that cannot read one file."""
    real = files.sha256

    def sha256(file: Path) -> str:
        if file.name == name:
            raise OSError(errno.EIO, "Input/output error", str(file))
        return real(file)

    monkeypatch.setattr(files, "sha256", sha256)


def test_a_file_that_cannot_be_read_is_told_and_stops_nothing(
    tmp_path: Path, films: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(tmp_path / "home") as studio:
        with monkeypatch.context() as patch:
            unreadable(patch, "clip 1.mp4")
            studio.intake.add(str(films))
            wait(lambda: bool(progress(studio)["ended"]))
            found = progress(studio)
            assert (found["added"], found["failed"]) == (COUNT - 1, 2)
            assert "“clip 1.mp4” could not be read (Input/output error)" in str(found["problems"])
        studio.intake.add(str(films))  # its disk answers again
        wait(lambda: len(studio.videos.all()) == COUNT)
        wait(lambda: bool(progress(studio)["ended"]))
        assert (progress(studio)["added"], progress(studio)["failed"]) == (1, 1), "what failed was tried again"


def test_a_folder_that_fails_keeps_no_other_waiting(
    tmp_path: Path, films: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = tmp_path / "first"
    first.mkdir()
    real = files.videos_at

    def videos_at(path: Path, within: Sequence[Path] = ()) -> files.Found:
        if path == first:
            raise RuntimeError("a fault of ours")
        return real(path, within)

    monkeypatch.setattr(files, "videos_at", videos_at)
    with resting(tmp_path / "home") as studio:
        for path in (first, films):
            studio.store.write(lambda db, path=path: folders.insert(db, str(path), "", watched=False))  # type: ignore[misc]
    with serving(tmp_path / "home") as studio:
        wait(lambda: len(studio.videos.all()) == COUNT)
        assert str(first) in [row["path"] for row in studio.store.read(folders.listed)], "it is tried again"


def test_who_stops_listening_stops_the_adding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[Path] = []

    def add(self: Videos, path: Path, **more: object) -> dict[str, object]:
        begun.append(path)
        time.sleep(0.1)
        return {"id": path.name}

    monkeypatch.setattr(Videos, "add", add)
    with resting(tmp_path / "home") as studio:
        adding = studio.videos.add_each([tmp_path / f"{number}.mp4" for number in range(100)])
        assert next(adding) == ({"id": "0.mp4"}, "")
        adding.close()  # type: ignore[attr-defined]
        assert len(begun) <= 2 + 2 * ADDED_AT_ONCE


def test_a_folder_that_was_stopped_meanwhile_is_not_begun(tmp_path: Path, films: Path) -> None:
    with resting(tmp_path / "home") as studio:
        studio.store.write(lambda db: folders.insert(db, str(films), "", watched=False))
        (row,) = studio.store.read(folders.listed)
        studio.intake.stop(intake._id(str(films)))
        studio.intake._look(row)
        assert studio.videos.all() == [] and studio.intake.progress() == []


def test_progress_is_told_while_folders_come(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    known = studio.intake._progress
    known["/a"] = intake.Progress("/a", watched=False)

    def as_json(self: intake.Progress) -> dict[str, str]:
        known[f"{self.path}/more"] = self  # as the thread does meanwhile
        return {"path": self.path}

    monkeypatch.setattr(intake.Progress, "as_json", as_json)
    assert studio.intake.progress() == [{"path": "/a"}]
