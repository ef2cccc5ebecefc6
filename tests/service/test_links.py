"""Links in folders that are added: on one's own machine they may lead anywhere, out of a shared folder nowhere; each
real file is added once, and loops end."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from studio.app.rpc import PAGES
from studio.config import Settings
from studio.errors import NotFound, PermissionDenied, UsageError
from studio.service import Studio
from studio.service.videos import files


@pytest.fixture
def places(tmp_path: Path, clips: dict[str, Path]) -> tuple[Path, Path]:
    """A shared folder with a real video in it, and one beside it that is nobody else's."""
    shared, secret = tmp_path / "shared", tmp_path / "secret-place"
    shared.mkdir(), (secret / "inner").mkdir(parents=True)
    (shared / "own.mp4").write_bytes(clips["bikes"].read_bytes())
    for name in ("private.mp4", "inner/deep.mp4"):
        (secret / name).write_bytes(clips["carphone"].read_bytes())
    return shared, secret


@pytest.fixture
def guarded(tmp_path: Path, places: tuple[Path, Path]) -> Iterator[Studio]:
    """A library with logins, that shares the folder."""
    opened = Studio(Settings(home=tmp_path / "guarded", folders=(places[0].resolve(),)))
    opened.users.put("berta", "correct horse")
    yield opened
    opened.close()


LINKS = {
    "to a file": lambda shared, secret: (shared / "a.mp4").symlink_to(secret / "private.mp4"),
    "to a folder": lambda shared, secret: (shared / "a").symlink_to(secret),
    "by a relative path": lambda shared, secret: (shared / "a.mp4").symlink_to("../secret-place/private.mp4"),
    "through another link": lambda shared, secret: (
        (secret.parent / "hop.mp4").symlink_to(secret / "private.mp4"),
        (shared / "a.mp4").symlink_to(secret.parent / "hop.mp4"),
    ),
    "to nothing outside": lambda shared, secret: (shared / "a.mp4").symlink_to(secret / "nothing.mp4"),
    "to the folder above": lambda shared, secret: (shared / "a").symlink_to(".."),
    "to a folder of a longer name": lambda shared, secret: (
        (shared.parent / "shared-not").mkdir(),
        (shared.parent / "shared-not" / "x.mp4").write_bytes(b"x"),
        (shared / "a").symlink_to(shared.parent / "shared-not"),
    ),
}


@pytest.mark.parametrize("laid", LINKS)
def test_a_link_out_of_a_shared_folder_is_passed_over(guarded: Studio, places: tuple[Path, Path], laid: str) -> None:
    LINKS[laid](*places)
    done = guarded.intake.add(str(places[0]))
    assert (done["total"], done["added"]) == (1, 1)
    assert done["problems"] == ["1 link was passed over, because it leads out of the shared folders."]
    assert [row["name"] for row in guarded.videos.all()] == ["own.mp4"]


def test_a_page_is_told_once_how_many(guarded: Studio, places: tuple[Path, Path]) -> None:
    shared, secret = places
    for n in range(3):
        (shared / f"z{n}.mp4").symlink_to(secret / "private.mp4")
        (shared / f"copy{n}.mp4").write_bytes((shared / "own.mp4").read_bytes() + b"\0" * n)
    add = next(call for call in PAGES["library"](guarded) if call.__name__ == "add_path")
    said = add({"path": str(shared)})["data"]["problems"]
    assert said == ["3 links were passed over, because they lead out of the shared folders."]
    assert "secret" not in str(said)


def test_only_links_is_no_video(guarded: Studio, places: tuple[Path, Path]) -> None:
    shared, secret = places
    (shared / "own.mp4").unlink()
    (shared / "a.mp4").symlink_to(secret / "private.mp4")
    with pytest.raises(UsageError, match=r"no video and no sound in the folder “shared”\. 1 link was passed over"):
        guarded.intake.add(str(shared))
    with pytest.raises(PermissionDenied, match="upload other files"):
        guarded.intake.add(str(shared / "a.mp4"))


def test_a_link_that_is_laid_meanwhile_is_passed_over_too(guarded: Studio, places: tuple[Path, Path]) -> None:
    shared, secret = places
    folders = guarded.settings.folders
    (shared / "own.mp4").unlink()
    (shared / "own.mp4").symlink_to(secret / "private.mp4")
    with pytest.raises(NotFound, match="leads out of the shared folders") as caught:
        guarded.videos.add(shared / "own.mp4", within=folders)
    assert "private" not in str(caught.value) and guarded.videos.all() == []


def test_links_within_the_shared_folders_are_followed_once(guarded: Studio, places: tuple[Path, Path]) -> None:
    shared, _ = places
    (shared / "again.mp4").symlink_to("own.mp4")
    (shared / "loop").symlink_to(".")
    (shared / "inner").mkdir()
    (shared / "inner" / "back").symlink_to(shared)
    (shared / "self.mp4").symlink_to("self.mp4")
    done = guarded.intake.add(str(shared))
    assert done["added"] == 1 and len(guarded.videos.all()) == 1
    assert done["problems"] == ["There is no file “self.mp4” at the path you gave; check its spelling."]


def test_on_ones_own_machine_links_lead_anywhere(studio: Studio, places: tuple[Path, Path]) -> None:
    shared, secret = places
    (shared / "a.mp4").symlink_to(secret / "private.mp4")
    (shared / "dir").symlink_to(secret)
    (shared / "loop").symlink_to(shared)
    (secret / "loop").symlink_to(shared)
    (shared / "broken.mp4").symlink_to("nothing.mp4")
    added, problems = studio.videos.add_all([shared])
    assert sorted(row["name"] for row in added) == ["deep.mp4", "own.mp4", "private.mp4"]
    assert problems == ["There is no file “broken.mp4” at the path you gave; check its spelling."]


def test_the_order_is_that_of_names(places: tuple[Path, Path]) -> None:
    shared, _ = places
    for name in ("b/2.mp4", "b/1.mp4", "a.mp4", "z.mp4", "c/1.mp4"):
        (shared / name).parent.mkdir(exist_ok=True)
        (shared / name).write_bytes(b"x")
    names = [str(file.relative_to(shared)) for file in files.videos_at(shared).files]
    assert names == ["a.mp4", "b/1.mp4", "b/2.mp4", "c/1.mp4", "own.mp4", "z.mp4"]
