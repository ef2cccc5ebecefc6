"""The disk of a library, as a person looks after it: what is held, a limit, and room that is made."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from studio.config import Settings
from studio.service import Studio
from tests.browser.conftest import Served, free_port
from tests.browser.test_accessibility import fits, look
from tests.media.conftest import Clip, make

pytestmark = pytest.mark.browser


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Served]:
    """A video that nobody used for hours."""
    film = tmp_path / "rec.mp4"
    make(Clip(ticks=list(range(60))), film)
    studio = Studio(Settings(home=tmp_path / "home", device="cpu"))
    row = studio.videos.add(film)
    studio.jobs.index(row["id"])
    for place in (studio.cache.path(row["id"], "used"), studio.cache.folder(row["id"])):
        os.utime(place, (1.7e9, 1.7e9))
    studio.close()
    made = Served(tmp_path / "home", free_port())
    made.start()
    yield made
    made.stop()
    assert "Traceback" not in made.log, made.log


def test_room_is_made_after_it_was_said_what_that_costs(page: Page, library: Served) -> None:
    page.goto(f"{library.url}?view=overview")
    expect(page.locator("#storage-summary")).to_contain_text("can be made again")
    expect(page.locator("#storage-kinds")).to_contain_text("Thumbnails")
    expect(page.locator("#storage-largest tbody tr")).to_contain_text(["rec.mp4"])
    page.click("#storage summary")
    page.click("#storage-look")
    expect(page.locator("#storage-what")).to_contain_text("of 1 video would be removed")
    expect(page.locator("#storage-lost")).to_contain_text("made again when the video is opened")
    expect(page.locator("#storage-go")).to_be_focused()
    look(page, "storage")
    assert fits(page) == []
    page.set_viewport_size({"width": 1280, "height": 720})
    page.uncheck("#storage-choices input[value=sound]")
    expect(page.locator("#storage-ask")).to_be_hidden()  # it was about something else
    page.click("#storage-look")
    page.click("#storage-go")
    expect(page.locator("#storage-cleaning")).to_contain_text("were removed.")
    expect(page.locator("#storage-kinds")).not_to_contain_text("Thumbnails")
    expect(page.locator("#storage-kinds")).to_contain_text("Sound pictures")
    expect(page.locator("#storage-kinds")).to_contain_text("Features")

    page.check("#storage-limited")
    page.fill("#storage-limit", "2.5")
    page.click("#storage-save")
    expect(page.locator("#storage-summary")).to_contain_text("of at most 2.5 GiB")
    page.goto(f"{library.url}?view=library")
    page.locator(".card .picture").first.click()  # opened, it is made again
    page.goto(f"{library.url}?view=overview")
    expect(page.locator("#storage-kinds")).to_contain_text("Thumbnails")
