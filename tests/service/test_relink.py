"""Videos that were moved take their place back, with all that was done on them."""

import shutil
from pathlib import Path

import pytest

from studio import media
from studio.cli import main
from studio.errors import UsageError
from studio.service import Studio
from studio.service.system.doctor import examine
from tests.media.conftest import Clip, make


@pytest.fixture
def films(tmp_path: Path) -> Path:
    folder = tmp_path / "films"
    (folder / "a").mkdir(parents=True)
    make(Clip(), folder / "one.mp4")
    make(Clip(ticks=list(range(30))), folder / "a" / "two.mp4")
    return folder


def test_a_moved_file_that_is_added_is_the_same_video(studio: Studio, films: Path, tmp_path: Path) -> None:
    row = studio.videos.add(films / "one.mp4")
    moved = tmp_path / "renamed.mp4"
    (films / "one.mp4").rename(moved)
    again = studio.videos.add(moved)
    assert (again["id"], again["path"]) == (row["id"], str(moved.resolve()))
    assert len(studio.videos.all()) == 1
    shutil.copy(moved, films / "copy.mp4")
    assert studio.videos.add(films / "copy.mp4")["id"] != row["id"], "a copy beside the original is another video"


def test_a_folder_is_relinked_by_content(studio: Studio, films: Path, tmp_path: Path) -> None:
    ids = {studio.videos.add(file)["id"] for file in (films / "one.mp4", films / "a" / "two.mp4")}
    new = tmp_path / "archive"
    films.rename(new)
    (new / "a" / "two.mp4").rename(new / "other name.mp4")
    (check,) = [c for c in examine(studio.settings) if c["what"] == "Video" and "two.mp4" in c["found"]]
    assert check["cure"] == f"Say where it is now: studio relink {films / 'a'} NEW_FOLDER"
    found, missing = studio.videos.relink(films, new)
    assert {row["id"] for row in found} == ids and missing == []
    assert sorted(Path(row["path"]).name for row in studio.videos.all()) == ["one.mp4", "other name.mp4"]
    assert [
        media.probe(row["path"]).frame_count for row in sorted(studio.videos.all(), key=lambda row: row["path"])
    ] == [
        40,
        30,
    ]


def test_what_is_another_file_is_not_taken(
    studio: Studio, films: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    row = studio.videos.add(films / "one.mp4")
    studio.videos.add(films / "a" / "two.mp4")
    new = tmp_path / "archive"
    films.rename(new)
    data = bytearray((new / "one.mp4").read_bytes())
    data[-1] ^= 1
    (new / "one.mp4").write_bytes(data)
    home = ["--home", str(studio.settings.home)]
    assert main([*home, "relink", str(films), str(new)]) == 1
    told = capsys.readouterr()
    assert "1 of 2 were found." in told.out and "“one.mp4” is not in the new folder" in told.err
    assert studio.videos.get(row["id"])["path"] == str(films / "one.mp4")
    with pytest.raises(UsageError, match="There is no folder"):
        studio.videos.relink(films, tmp_path / "nowhere")
    with pytest.raises(UsageError, match="No video of this library is missing"):
        studio.videos.relink(tmp_path / "other", new)


def test_a_folder_gives_all_that_opens_and_says_what_it_passed_over(
    studio: Studio, films: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number, name in enumerate(("x.3G2", "y.qt", "z.f4v")):
        make(Clip(ticks=list(range(10 + number))), tmp_path / "made.mp4").rename(films / name)
    (films / "one.en.srt").write_text("1\n")
    (films / "notes.txt").write_text("x")
    (films / "picture.JPG").write_text("x")
    (films / ".hidden").write_text("x")
    assert main(["--home", str(studio.settings.home), "add", str(films)]) == 0
    said = capsys.readouterr()
    assert len(said.out.splitlines()) == 5
    assert "2 files were passed over, because they are neither video nor sound by name (.jpg, .txt)." in said.err


def test_a_page_looks_by_size_first_and_then_goes_on_in_steps(studio: Studio, films: Path, tmp_path: Path) -> None:
    ids = sorted(str(studio.videos.add(file)["id"]) for file in (films / "one.mp4", films / "a" / "two.mp4"))
    new = tmp_path / "archive"
    films.rename(new)
    (tmp_path / "empty").mkdir()
    relink = studio.videos.relink_shared
    assert relink(str(tmp_path / "empty"), None, 0) == {"lost": 2, "likely": 0, "relinked": 0, "last": ""}
    assert relink(str(new), None, 0) == {"lost": 2, "likely": 2, "relinked": 0, "last": ""}
    assert relink(str(new), "", 0) == {"lost": 2, "likely": 2, "relinked": 1, "last": ids[0]}
    assert relink(str(new), ids[0], 0) == {"lost": 1, "likely": 1, "relinked": 1, "last": ""}
    assert all(Path(row["path"]).exists() for row in studio.videos.all())
    with pytest.raises(UsageError, match="is no folder; give the folder where the videos are now"):
        relink(str(new / "one.mp4"), None, 0)


def test_of_the_size_of_a_video_is_not_the_video(studio: Studio, films: Path, tmp_path: Path) -> None:
    row = studio.videos.add(films / "one.mp4")
    other = tmp_path / "other" / "one.mp4"
    other.parent.mkdir()
    other.write_bytes(bytes(row["size"]))
    (films / "one.mp4").unlink()
    assert studio.videos.relink_shared(str(other.parent), "", 5) == {
        "lost": 1, "likely": 1, "relinked": 0, "last": "",
    }  # fmt: skip
    assert studio.videos.get(row["id"])["path"] == row["path"]


def test_a_file_in_the_place_of_a_removed_one_is_taken(studio: Studio, films: Path) -> None:
    removed, kept = studio.videos.add(films / "one.mp4"), studio.videos.add(films / "a" / "two.mp4")
    studio.videos.remove(removed["id"])
    (films / "a" / "two.mp4").replace(films / "one.mp4")
    again = studio.videos.add(films / "one.mp4")
    assert (again["id"], again["path"]) == (kept["id"], str(films / "one.mp4"))
    assert [row["id"] for row in studio.videos.all()] == [kept["id"]]
    assert studio.videos.trash.listed() == [], "the file of the removed one is gone"


def test_a_removed_video_with_this_content_comes_back(studio: Studio, films: Path) -> None:
    removed = studio.videos.add(films / "one.mp4")
    shutil.copy(films / "one.mp4", films / "copy.mp4")
    copy = studio.videos.add(films / "copy.mp4")
    studio.videos.remove(removed["id"])
    (films / "copy.mp4").unlink()
    assert studio.videos.add(films / "one.mp4")["id"] == removed["id"]
    assert studio.videos.get(copy["id"])["path"] == str(films / "copy.mp4")


def test_what_is_another_video_is_not_taken_and_stops_nothing(studio: Studio, films: Path, tmp_path: Path) -> None:
    old = tmp_path / "old"
    old.mkdir()
    shutil.copy(films / "one.mp4", old / "double.mp4")
    shutil.copy(films / "a" / "two.mp4", old / "other.mp4")
    double, other = (studio.videos.add(old / name)["id"] for name in ("double.mp4", "other.mp4"))
    there = studio.videos.add(films / "one.mp4")["id"]
    shutil.rmtree(old)
    (films / "gone.mp4").symlink_to(films / "nowhere.mp4")
    found, missing = studio.videos.relink(old, films)
    assert [row["id"] for row in found] == [other] and [row["id"] for row in missing] == [double]
    paths = {row["id"]: row["path"] for row in studio.videos.all()}
    assert paths == {
        double: str(old / "double.mp4"), other: str(films / "a" / "two.mp4"), there: str(films / "one.mp4"),
    }  # fmt: skip
