"""What a person may not do is shown with the reason, and what was removed comes back from the page."""

import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from studio.config import Settings
from studio.service import Studio
from studio.service.accounts.rights import Actor
from studio.store import jobs
from tests.browser.conftest import Served, free_port

pytestmark = pytest.mark.browser
PASSWORD = "correct horse battery"
SRT = "1\n00:00:01,000 --> 00:00:02,000\nFirst words\n"


@pytest.fixture
def team(tmp_path: Path, clips: dict[str, Path]) -> Iterator[Served]:
    """A studio of an admin, Ada, and of Anna and Ben, with a video and a search of Anna's."""
    home = tmp_path / "team"
    shutil.copy(clips["bikes"], tmp_path / "bikes.mp4")
    with closing(Studio(Settings(home=home, device="cpu"))) as studio:
        row = studio.videos.add(tmp_path / "bikes.mp4", by=Actor("Anna"))
        for name in ("Ada", "Anna", "Ben"):
            studio.users.put(name, PASSWORD)
        studio.search.save("wheels", {"query": "a wheel"}, "Anna", Actor("Anna"))
        studio.transcripts.read_subtitles(row, SRT, Actor("Anna"))
    made = Served(home, free_port())
    made.start()
    yield made
    made.stop()
    assert "Traceback" not in made.log, made.log


def logged_in(page: Page, team: Served, name: str) -> Page:
    page.goto(f"{team.url}login")
    page.locator("input[name=name]").fill(name)
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("button[type=submit]").click()
    expect(page.locator("#logout")).to_be_visible()
    return page


def test_what_is_anothers_stays_and_the_page_says_why(team: Served, page: Page) -> None:
    logged_in(page, team, "Ben")
    remove = page.get_by_role("button", name="Remove bikes.mp4")
    expect(remove).to_be_disabled()
    expect(remove).to_have_attribute("title", "Only Anna or an admin can remove this video.")
    expect(page.locator("#library-removed")).to_be_hidden()
    page.get_by_role("tab", name="Search").click()
    forget = page.get_by_role("button", name="Remove wheels")
    expect(forget).to_be_disabled()
    expect(forget).to_have_attribute("title", "Only Anna or an admin can remove this search.")
    page.get_by_role("tab", name="Library").click()
    page.get_by_role("link", name="Open bikes.mp4").click()
    reading = page.locator("#subtitle-file")
    expect(reading).to_be_disabled()
    expect(reading.locator("..")).to_have_attribute("title", re.compile("Only Anna or an admin can replace"))


def test_who_asked_for_a_job_is_said_and_orders_it(team: Served, page: Page) -> None:
    with closing(Studio(Settings(home=team.home))) as studio:
        studio.work.pause()
        (row,) = studio.videos.all()
        for kind, name in (("turns", "Anna"), ("transcribe", "Ben"), ("read_text", "")):
            studio.store.write(
                lambda db, kind=kind, name=name: jobs.insert(  # type: ignore[misc]
                    db, kind, row["id"], {}, limit=None, asked_by=name
                )
            )
    logged_in(page, team, "Ben")
    page.goto(f"{team.url}?view=overview")
    rows = page.locator("#work-queue li")
    expect(rows.locator(".grow .muted")).to_contain_text(["asked by", "asked by"])
    expect(rows).to_contain_text([re.compile("turns.*asked by .?Anna"), re.compile("Transcribing.*asked by .?Ben"),
                                  "Reading what is on the screen"])  # fmt: skip
    moves = page.get_by_role("button", name="Move to the end")
    fixed = moves.evaluate_all("all => all.map((button) => button.disabled)")
    assert fixed == [True, False, True], "the video is Anna's, one job is his"


def test_a_removed_video_comes_back_by_the_message_and_by_the_list(team: Served, new_page: Callable[[], Page]) -> None:
    page = logged_in(new_page(), team, "Anna")
    page.on("dialog", lambda dialog: dialog.accept())
    remove = page.get_by_role("button", name="Remove bikes.mp4")
    remove.click()
    expect(page.locator(".card")).to_have_count(0)
    page.locator("#toast button", has_text="Undo").click()
    expect(page.locator(".card")).to_have_count(1)
    remove.click()
    expect(page.locator(".card")).to_have_count(0)
    with sqlite3.connect(team.home / "studio.db") as db:
        assert db.execute("SELECT removed_by FROM videos").fetchone() == ("Anna",)
    page.reload()
    page.locator("#library-removed summary").click()
    page.get_by_role("button", name="Restore bikes.mp4").click()
    expect(page.locator(".card")).to_have_count(1)
    expect(page.locator("#library-removed")).to_be_hidden()
    page.get_by_role("tab", name="Search").click()
    page.get_by_role("button", name="Remove wheels").click()
    expect(page.get_by_role("button", name="Remove wheels")).to_have_count(0)
    page.locator("#toast button", has_text="Undo").click()
    expect(page.get_by_role("button", name="Remove wheels")).to_have_count(1)
