"""Data sets for browsers: the same bytes as the command line's, sent in pieces, and one sentence where it fails."""

import io
import threading
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest

from studio.errors import NotFound, UsageError
from studio.service import Studio
from studio.service.exchange import dataset_downloads
from studio.service.exchange.dataset import ExportOptions, shares
from studio.store import videos
from tests.conftest import VIDEO


@pytest.fixture
def library(studio: Studio) -> Studio:
    for name in ("a", "b", "c"):
        row = {**VIDEO, "id": name, "name": f"{name}.mp4", "path": f"/films/{name}.mp4", "sha256": name * 64}
        studio.store.write(lambda db, row=row: videos.insert(db, dict(row)))
        edit = {"edit_id": name, "op": "create", "id": name, "track": "t", "label": name, "start": 0, "end": 1}
        studio.timelines.save(name, [edit] if name != "c" else [], "ann")
    return studio


@pytest.fixture(autouse=True)
def frames(monkeypatch: pytest.MonkeyPatch) -> None:
    """The times of frames of videos that there are not."""
    monkeypatch.setattr("studio.service.videos.media_cache.MediaCache.frames", lambda *_: ())


def finished(library: Studio, wish: ExportOptions, name: str = "") -> tuple[str, dict[str, Any]]:
    token = library.dataset_downloads.start(wish, name)
    for _ in range(1000):
        state = library.dataset_downloads.state(token)
        if state["ready"] or state["error"]:
            break
        time.sleep(0.01)
    return token, state


def test_a_zip_has_what_the_command_line_writes_and_is_gone_when_it_was_sent(library: Studio, tmp_path: Path) -> None:
    wish = ExportOptions("activitynet", split=shares("0.5,0.5"), licence="CC BY 4.0")
    token, state = finished(library, wish, "smiles: all")
    assert state == {"done": 1.0, "message": "done", "ready": True, "error": ""}
    name, pieces = library.dataset_downloads.fetch(token)
    assert name == "smiles_ all.zip"
    with zipfile.ZipFile(io.BytesIO(b"".join(pieces))) as archive:
        assert archive.testzip() is None
        found = {each: archive.read(each) for each in archive.namelist()}
    library.datasets.export(tmp_path / "smiles_ all", wish)
    written = [path for path in (tmp_path / "smiles_ all").rglob("*") if path.is_file()]
    assert found == {path.relative_to(tmp_path).as_posix(): path.read_bytes() for path in written}
    with pytest.raises(NotFound, match="export it again"):
        library.dataset_downloads.fetch(token)
    assert list((library.settings.home / "outgoing").iterdir()) == []


def test_chosen_videos_are_all_that_is_exported(library: Studio) -> None:
    assert library.datasets.preview(ExportOptions())["videos"] == 2  # nobody annotated the third
    shown = library.datasets.preview(ExportOptions("rttm", videos=("b", "c", "nope")))
    assert (shown["videos"], shown["annotations"], shown["lines"]) == (1, 1, 0)
    assert any("label" in sentence for sentence in shown["lost"])
    token, _ = finished(library, ExportOptions(videos=("b",)))
    name, pieces = library.dataset_downloads.fetch(token)
    with zipfile.ZipFile(io.BytesIO(b"".join(pieces))) as archive:
        assert name == "dataset.zip"
        assert b'"a.mp4"' not in archive.read("dataset/videos.json")
        assert "Chosen videos of a library" in archive.read("dataset/README.md").decode()


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        ({"videos": ("c",)}, "choose others"),
        ({"search": "nope"}, "no saved search"),
        ({"format": "nope"}, "nope"),
        ({"format": "csv", "kind": "lines"}, "Only some formats"),
    ],
)
def test_a_wish_that_cannot_be_met_is_one_sentence_before_anything_is_written(
    library: Studio, wish: dict[str, Any], said: str
) -> None:
    with pytest.raises((UsageError, NotFound), match=said):
        library.dataset_downloads.start(ExportOptions(**wish), "")
    assert not (library.settings.home / "outgoing").exists()


@pytest.mark.parametrize("typed", ["x", "0.5,,0.5", "0.5;0.5"])
def test_shares_are_numbers(typed: str) -> None:
    with pytest.raises(UsageError, match="add up to 1"):
        shares(typed)
    assert shares(" ") == (1.0,)


def test_what_fails_on_the_way_leaves_a_sentence_and_no_files(library: Studio) -> None:
    token, state = finished(library, ExportOptions(clips=True))  # there are no such files to cut
    assert not state["ready"] and "a.mp4" in state["error"]
    assert list((library.settings.home / "outgoing").iterdir()) == []
    with pytest.raises(NotFound):
        library.dataset_downloads.fetch(token)


def test_one_that_is_cancelled_ends_and_leaves_nothing(library: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, go_on, over = threading.Event(), threading.Event(), threading.Event()

    def slow(target: Path, wish: ExportOptions, progress: Any, by: Any) -> None:
        target.mkdir()
        begun.set()
        go_on.wait(10)
        try:
            progress(0.5, "clip 1 of 2")
        finally:
            over.set()

    monkeypatch.setattr(library.datasets, "export", slow)
    downloads = library.dataset_downloads
    tokens = [downloads.start(ExportOptions(), "") for _ in range(dataset_downloads.AT_ONCE)]
    with pytest.raises(UsageError, match="written already"):
        downloads.start(ExportOptions(), "")
    assert begun.wait(10)
    for token in tokens:
        downloads.stop(token)
        downloads.stop(token)
    with pytest.raises(NotFound):
        downloads.state(tokens[0])
    go_on.set()
    assert over.wait(10)
    for thread in threading.enumerate():
        if thread.name == "dataset":
            thread.join(10)
    assert list((library.settings.home / "outgoing").iterdir()) == []


def test_a_zip_is_never_in_memory_as_a_whole(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    folder.mkdir()
    size = 5 * dataset_downloads.CHUNK
    for name in ("one.mp4", "two.mp4"):
        with (folder / name).open("wb") as file:
            file.truncate(size)
    (folder / "text.json").write_bytes(b"[1]" * 1000)
    total = largest = 0
    for piece in dataset_downloads.zipped(folder):
        total, largest = total + len(piece), max(largest, len(piece))
    assert total > 2 * size
    assert largest < dataset_downloads.CHUNK + 4096  # and the heads around it


def test_what_an_earlier_process_left_is_removed(library: Studio) -> None:
    left = library.settings.home / "outgoing" / "old"
    left.mkdir(parents=True)
    library.dataset_downloads.tidy()
    assert not left.exists()
