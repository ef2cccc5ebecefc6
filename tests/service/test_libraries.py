"""Several libraries: the list of them, and who may go over from one to another."""

import json
from pathlib import Path

import pytest

from studio.app.rpc import PAGES
from studio.cli import main
from studio.config import Settings
from studio.errors import NotFound, PermissionDenied, StoreError, UsageError
from studio.service import Studio
from studio.service.accounts.rights import Actor
from studio.service.system.backup import exclusive_lock
from studio.service.system.known_libraries import KnownLibraries
from studio.service.system.moving import move


@pytest.fixture(autouse=True)
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("STUDIO_CONFIG", str(tmp_path / "config"))
    return tmp_path / "config"


def made(home: Path) -> Settings:
    """A library that was served once."""
    settings = Settings(home=home, device="cpu")
    studio = Studio(settings)
    studio.libraries.note_opened()
    studio.close()
    return settings


def names() -> list[str]:
    return [each.name for each in KnownLibraries().listed()]


def test_what_is_opened_is_on_the_list_with_its_folder_s_name(tmp_path: Path) -> None:
    made(tmp_path / "interviews")
    made(tmp_path / "other" / "interviews")
    assert sorted(names()) == ["interviews", "interviews (2)"]
    made(tmp_path / "interviews")
    assert names()[0] == "interviews", "the one that was opened last comes first"
    first = KnownLibraries().get("interviews")
    assert first.there and len(first.id) == 16 and first.opened


def test_a_library_gets_a_name_and_is_forgotten(tmp_path: Path) -> None:
    settings = made(tmp_path / "a")
    known = KnownLibraries()
    known.add("Talks", settings.home)
    assert names() == ["Talks"]
    made(tmp_path / "a")
    assert names() == ["Talks"], "opening it again keeps its name"
    made(tmp_path / "b")
    with pytest.raises(UsageError, match="on the list already"):
        known.add("Talks", tmp_path / "b")
    for wrong in ("", "  ", "x" * 81, "a\nb"):
        with pytest.raises(UsageError, match="short text"):
            known.add(wrong, tmp_path / "b")
    known.forget("Talks")
    assert names() == ["b"] and settings.database.is_file()
    with pytest.raises(NotFound):
        known.forget("Talks")


def test_a_moved_library_keeps_its_name(tmp_path: Path) -> None:
    settings = made(tmp_path / "a")
    KnownLibraries().add("Talks", settings.home)
    move(settings, tmp_path / "disk" / "new")
    (settings.home / "studio.db").unlink()
    made(tmp_path / "disk" / "new")
    (each,) = KnownLibraries().listed()
    assert (each.name, each.home) == ("Talks", str((tmp_path / "disk" / "new").resolve()))


def test_a_list_that_somebody_broke_is_no_obstacle(tmp_path: Path, config: Path) -> None:
    config.mkdir()
    for text in ("{", '{"a": 1}', '[1, {"name": 3, "home": "x"}, {"name": "a", "home": "/x", "new": ""}]'):
        (config / "libraries.json").write_text(text)
        assert names() == []
    made(tmp_path / "a")
    assert names() == ["a"]


def test_a_folder_of_settings_that_cannot_be_made_is_one_sentence(tmp_path: Path, config: Path) -> None:
    config.write_text("a file in its place")
    studio = Studio(Settings(home=tmp_path / "a"))
    with pytest.raises(StoreError, match="list of libraries"):
        studio.libraries.note_opened()
    studio.close()


@pytest.fixture
def two(tmp_path: Path) -> Studio:
    made(tmp_path / "second")
    studio = Studio(made(tmp_path / "first"))
    yield studio  # type: ignore[misc]
    studio.close()


def test_a_studio_goes_over_to_a_library_that_opens(two: Studio, tmp_path: Path) -> None:
    wanted: list[Settings] = []
    assert two.libraries.name == "first"
    assert two.libraries.others() == [], "the command line has nothing to go over from"
    with pytest.raises(UsageError, match="studio serve"):
        two.libraries.switch("second")
    two.libraries.go_over = wanted.append
    assert [(each["name"], each["there"]) for each in two.libraries.others()] == [("second", True)]
    two.libraries.switch("second")
    assert [each.home for each in wanted] == [(tmp_path / "second").resolve()]
    assert wanted[0].device == "cpu", "all else is as it was asked for"


def test_a_library_that_does_not_open_is_not_gone_over_to(two: Studio, tmp_path: Path) -> None:
    wanted: list[Settings] = []
    two.libraries.go_over = wanted.append
    second = Settings(home=tmp_path / "second")
    with exclusive_lock(second), pytest.raises(StoreError, match="Another studio serves"):
        two.libraries.switch("second")
    second.database.rename(tmp_path / "away.db")
    with pytest.raises(NotFound, match="connect its disk"):
        two.libraries.switch("second")
    assert not second.database.exists(), "nothing is made in its place"
    second.database.write_bytes(b"no database, of no program at all")
    with pytest.raises(StoreError, match="damaged"):
        two.libraries.switch("second")
    with pytest.raises(NotFound, match="on the list"):
        two.libraries.switch("third")
    assert wanted == []


def test_only_who_looks_after_the_studio_goes_over(two: Studio) -> None:
    two.libraries.go_over = lambda settings: None
    with pytest.raises(PermissionDenied, match="open another library"):
        two.libraries.switch("second", Actor("eve"))
    assert two.libraries.others(Actor("eve")) == []
    call = {each.__name__: each for each in PAGES["shell"](two)}
    said = call["session"]({})["data"]
    assert said["library"] == "first" and [each["name"] for each in said["libraries"]] == ["second"]
    two.users.put("ada", "correct horse")
    assert call["session"]({})["data"]["libraries"] == [], "nobody who is not logged in"
    assert call["switch_library"]({"library": "second"})["kind"] == "forbidden"


def test_the_list_is_kept_from_a_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def ask(*arguments: str) -> list[str]:
        assert main(["libraries", *arguments, "--json"]) == 0
        return [each["name"] for each in json.loads(capsys.readouterr().out)["libraries"]]

    assert ask() == []
    assert ask("add", "Talks", str(tmp_path / "talks")) == ["Talks"]
    assert (tmp_path / "talks" / "studio.db").is_file(), "a new one is made"
    (tmp_path / "films").mkdir()
    (tmp_path / "films" / "film.mp4").touch()
    assert main(["libraries", "add", "Films", str(tmp_path / "films")]) == 2
    assert "holds other files and no library" in capsys.readouterr().err
    assert main(["libraries"]) == 0
    assert capsys.readouterr().out.startswith("Talks")
    assert ask("forget", "Talks") == []
    for wrong in (["add", "x"], ["forget"], ["list", "x"], ["forget", "a", "b"]):
        assert main(["libraries", *wrong]) == 2


def test_what_is_left_of_a_moved_library_is_not_there(tmp_path: Path) -> None:
    settings = made(tmp_path / "a")
    KnownLibraries().add("Talks", settings.home)
    move(settings, tmp_path / "disk" / "new")
    assert settings.database.is_file() and not KnownLibraries().get("Talks").there
    made(tmp_path / "disk" / "new")
    (each,) = KnownLibraries().listed()
    assert (each.name, each.home, each.there) == ("Talks", str((tmp_path / "disk" / "new").resolve()), True)


def test_what_a_newer_release_wrote_stays_on_the_list(tmp_path: Path, config: Path) -> None:
    config.mkdir()
    newer = {"name": "Newer", "home": "/x", "colour": "green"}
    (config / "libraries.json").write_text(json.dumps([newer]))
    made(tmp_path / "a")
    assert newer in json.loads((config / "libraries.json").read_text("utf-8"))
    assert names() == ["a"]


def test_a_list_that_cannot_be_read_now_is_not_written_anew(
    tmp_path: Path, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = made(tmp_path / "a")
    KnownLibraries().add("Talks", settings.home)
    before, read = (config / "libraries.json").read_bytes(), Path.read_text

    def failing(self: Path, *args: str) -> str:
        if self.name == "libraries.json":
            raise OSError(5, "Input/output error")
        return read(self, *args)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_text", failing)
        assert names() == []
        with pytest.raises(StoreError, match="cannot be read or written"):
            KnownLibraries().opened(tmp_path / "b", "id")
    assert (config / "libraries.json").read_bytes() == before
