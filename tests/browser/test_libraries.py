"""Two libraries in one studio: the header goes over from one to the other, and no edit enters the wrong one."""

import os
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from studio.config import Settings
from studio.service import Studio
from studio.service.system.known_libraries import KnownLibraries
from tests.browser.annotate_page import ANNOTATION, AnnotatePage
from tests.browser.conftest import Served, free_port
from tests.browser.test_accessibility import fits, look
from tests.media.conftest import Clip, make

pytestmark = pytest.mark.browser


@pytest.fixture
def first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    """A studio that serves “Talks”, of which “Films” is the other; each has a video."""
    monkeypatch.setenv("STUDIO_CONFIG", str(tmp_path / "config"))
    for number, name in enumerate(("Films", "Talks")):
        make(Clip(ticks=list(range(60 + number))), tmp_path / f"{name}.mp4")
        studio = Studio(Settings(home=tmp_path / name.lower(), device="cpu"))
        studio.jobs.index(studio.videos.add(tmp_path / f"{name}.mp4")["id"])
        studio.close()
        KnownLibraries().add(name, tmp_path / name.lower())
    assert os.environ["STUDIO_CONFIG"] == str(tmp_path / "config")  # the process that serves has it, too
    made = Served(tmp_path / "talks", free_port())
    made.start()
    yield made
    made.stop()
    assert "Traceback" not in made.log, made.log


def go_over(page: Page, url: str, name: str) -> None:
    page.goto(f"{url}?view=library")
    page.click("#libraries")
    page.get_by_role("menuitem", name=name).click()
    expect(page.locator("#libraries")).to_have_text(f"{name} ▾")


def annotations(home: Path) -> list[str]:
    with sqlite3.connect(home / "studio.db") as db:
        return [label for (label,) in db.execute("SELECT label FROM annotations WHERE NOT deleted")]


def test_an_edit_waits_for_its_own_library(new_page: Callable[[], Page], first: Served, tmp_path: Path) -> None:
    (video,) = [row["id"] for row in _videos(tmp_path / "talks")]
    working, other = new_page(), new_page()
    desk = AnnotatePage(working, first.url).open(video)
    go_over(other, first.url, "Films")
    expect(other.locator(".card")).to_contain_text(["Films.mp4"])

    expect(working.locator("#moved")).to_contain_text("another library open now")
    desk.drag((0.2, desk.lane()), (0.8, desk.lane()))
    expect(working.locator(ANNOTATION)).to_have_count(1)
    expect(working.locator("#save-state")).not_to_have_text("saved")
    assert annotations(tmp_path / "films") == annotations(tmp_path / "talks") == []
    look(working, "another library")

    working.get_by_role("button", name="Load again").click()  # as somebody does; now it is a page of the other library
    expect(working.locator(".card")).to_contain_text(["Films.mp4"])
    expect(working.locator("#libraries")).to_have_text("Films ▾")
    working.wait_for_load_state("networkidle")
    assert annotations(tmp_path / "films") == []

    go_over(working, first.url, "Talks")
    working.goto(f"{first.url}?video={video}")
    expect(working.locator(ANNOTATION)).to_have_count(1)
    expect(working.locator("#save-state")).to_have_text("saved")
    assert len(annotations(tmp_path / "talks")) == 1 and annotations(tmp_path / "films") == []
    assert fits(working) == []
    assert first.process is not None and first.process.poll() is None, "one command served all of it"


def _videos(home: Path) -> list[dict[str, str]]:
    with sqlite3.connect(home / "studio.db") as db:
        return [{"id": row[0]} for row in db.execute("SELECT id FROM videos")]


def test_a_library_that_is_away_is_said_and_nothing_changes(page: Page, first: Served, tmp_path: Path) -> None:
    page.goto(f"{first.url}?view=library")
    expect(page.locator("#libraries")).to_have_text("Talks ▾")
    (tmp_path / "films").rename(tmp_path / "away")
    page.click("#libraries")
    page.get_by_role("menuitem", name="Films").click()
    expect(page.locator("#toast")).to_contain_text("is not where it was: connect its disk")
    page.reload()
    expect(page.locator("#libraries")).to_have_text("Talks ▾")
    page.click("#libraries")
    expect(page.get_by_role("menuitem", name="Films (not there)")).to_be_disabled()
    look(page, "the libraries")
