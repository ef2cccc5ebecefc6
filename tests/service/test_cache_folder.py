"""A cache on another disk: each library has its own there, and one whose disk is away is not made anew in silence."""

import dataclasses
import importlib.util
import os
import shutil
from pathlib import Path

import pytest

from studio.cli import main
from studio.config import Settings
from studio.errors import StoreError, UsageError
from studio.jobs import InlineBackend, cluster
from studio.service import Studio
from studio.service.system.cache_folder import choose
from studio.service.system.moving import move


@pytest.fixture
def fast(tmp_path: Path) -> Path:
    (tmp_path / "fast").mkdir()
    return tmp_path / "fast"


def opened(settings: Settings) -> Path:
    """Where a library has its cache."""
    studio = Studio(settings)
    studio.close()
    return studio.cache.root


def test_a_chosen_folder_holds_the_cache_of_each_library_by_itself(tmp_path: Path, fast: Path) -> None:
    one, other = Settings(home=tmp_path / "one"), Settings(home=tmp_path / "other")
    assert opened(one) == one.home / "cache"
    for settings in (one, other):
        choose(settings, fast)
    assert opened(one).parent == opened(other).parent == fast.resolve()
    assert opened(one) != opened(other), "cleaning up in one must not touch what the other has"
    choose(one, None)
    assert opened(one) == one.home / "cache"


def test_an_option_goes_before_what_was_chosen(tmp_path: Path, fast: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(home=tmp_path / "one")
    assert opened(dataclasses.replace(settings, cache_root=fast)).parent == fast
    assert opened(settings) == settings.home / "cache"
    monkeypatch.setenv("STUDIO_CACHE", str(fast))
    assert opened(Settings(home=tmp_path / "one")).parent == fast


def test_a_cluster_has_the_cache_where_the_library_has_it(
    tmp_path: Path, fast: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Settings] = []

    class Cluster(InlineBackend):
        def __init__(self, settings: Settings, cluster: object) -> None:
            super().__init__(settings)
            told.append(settings)

    monkeypatch.setattr(cluster, "RayBackend", Cluster)
    monkeypatch.setattr(cluster, "check_installed", lambda: None)
    choose(Settings(home=tmp_path / "one"), fast)
    studio = Studio(Settings(home=tmp_path / "one", device="cpu", cluster="auto"), background=True)
    studio.close()
    assert [settings.cache for settings in told] == [studio.cache.root] and studio.cache.root.parent == fast.resolve()


def test_a_cluster_that_cannot_be_used_is_said_before_the_library_is_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    settings = Settings(home=tmp_path / "one", cluster="auto")
    with pytest.raises(UsageError, match="needs Ray"):
        Studio(settings, background=True)
    assert not settings.database.exists()


def test_a_folder_that_is_away_is_one_sentence(tmp_path: Path, fast: Path) -> None:
    settings = Settings(home=tmp_path / "one")
    choose(settings, fast)
    place = opened(settings)
    (tmp_path / "away").mkdir()
    place.rename(tmp_path / "away" / "cache")  # its disk is not connected: an empty folder is left of it
    with pytest.raises(StoreError, match=r"is not there: connect its disk.*studio storage cache own"):
        Studio(settings)
    assert list(fast.iterdir()) == [], "nothing is made in its place"
    fast.rmdir()
    with pytest.raises(StoreError, match="is not there"):
        Studio(settings)
    fast.mkdir()
    choose(settings, fast)  # somebody wants it made anew
    assert opened(settings) == place
    with pytest.raises(StoreError, match="is not there"):
        Studio(dataclasses.replace(settings, cache_root=tmp_path / "nowhere"))


def test_no_folder_and_one_within_the_library_are_refused(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "one").ensure()
    with pytest.raises(UsageError, match="create it first"):
        choose(settings, tmp_path / "nowhere")
    with pytest.raises(UsageError, match="lies in the library's own"):
        choose(settings, settings.uploads)
    (settings.home / "cache.json").write_text("[")
    assert opened(settings) == settings.home / "cache"


@pytest.mark.skipif(os.geteuid() == 0 if hasattr(os, "geteuid") else True, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path, fast: Path) -> None:
    fast.chmod(0o500)
    with pytest.raises(StoreError, match="check its permissions"):
        Studio(dataclasses.replace(Settings(home=tmp_path / "one"), cache_root=fast))


def test_it_is_chosen_from_a_terminal_also_while_it_is_away(
    tmp_path: Path, fast: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = ["--home", str(tmp_path / "one")]
    assert main(["storage", "cache", str(fast), *home]) == 0
    assert main(["storage", *home]) == 0
    (place,) = fast.iterdir()
    place.rename(tmp_path / "away")
    assert main(["storage", *home]) == 1
    assert "connect its disk" in capsys.readouterr().err
    assert main(["storage", "cache", "own", *home]) == 0
    assert main(["storage", *home]) == 0


def test_a_library_that_was_copied_by_hand_has_a_cache_of_its_own(tmp_path: Path, fast: Path) -> None:
    one, copy = Settings(home=tmp_path / "one"), Settings(home=tmp_path / "copy")
    choose(one, fast)
    first = opened(one)
    shutil.copytree(one.home, copy.home, ignore=shutil.ignore_patterns("*.lock"))
    second = opened(copy)
    assert second.parent == first.parent and second != first
    assert (opened(one), opened(copy)) == (first, second), "whoever is opened next"
    shutil.rmtree(one.home)
    assert opened(copy) == first, "it is the only one now"


def test_a_moved_library_keeps_its_cache(tmp_path: Path, fast: Path) -> None:
    one, new, away = (Settings(home=tmp_path / name) for name in ("one", "new", "away"))
    choose(one, fast)
    first = opened(one)
    move(one, new.home)
    assert opened(new) == first
    new.home.rename(away.home)
    assert opened(away) == first
    (one.home / "moved.json").unlink()
    assert opened(one) != first, "somebody made two libraries of it"
    link = tmp_path / "link"
    link.symlink_to(away.home)
    assert opened(Settings(home=link)) == first
