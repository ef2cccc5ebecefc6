"""All work in one place: the order of what waits, a pause, limits, and what failed, as a person looks after it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from studio.config import Settings
from studio.service import Studio
from studio.store import jobs
from tests.browser.conftest import Served, free_port
from tests.browser.test_accessibility import fits, look
from tests.media.conftest import Clip, make

pytestmark = pytest.mark.browser


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Served]:
    """A paused queue: three jobs wait, and one failed since the file of its video was away."""
    home, film = tmp_path / "home", tmp_path / "rec.mp4"
    make(Clip(ticks=list(range(60))), film)
    studio = Studio(Settings(home=home, device="cpu"))
    row = studio.videos.add(film)
    studio.jobs.index(row["id"])
    (tmp_path / "rec.mp4").rename(tmp_path / "away.mp4")
    with pytest.raises(Exception, match=r"rec\.mp4") as raised:
        studio.jobs.do("proxy", row["id"], {})
    (tmp_path / "away.mp4").rename(film)
    for kind in ("proxy", "turns", "transcribe", "read_text"):
        params = {"video": {**row, "pictures": True}}
        studio.store.write(lambda db, kind=kind, params=params: jobs.insert(db, kind, row["id"], params, limit=None))  # type: ignore[misc]
    (failed,) = [job["id"] for job in studio.jobs.listed() if job["kind"] == "proxy"]
    studio.store.write(lambda db: jobs.finish(db, failed, "failed", error=str(raised.value)))
    studio.work.pause()
    studio.close()
    made = Served(home, free_port())
    made.start()
    yield made
    made.stop()
    assert "Traceback" not in made.log, made.log


def test_the_queue_is_looked_after_on_the_overview_page(page: Page, library: Served) -> None:
    page.goto(f"{library.url}?view=overview")
    expect(page.locator("#work-summary")).to_contain_text("0 running, 3 waiting, 1 failed")
    expect(page.locator("#work-held")).to_have_text("The queue is paused.")
    titles = page.locator("#work-queue li .grow")
    expect(titles).to_contain_text(["Finding turns of speakers", "Transcribing", "Reading what is on the screen"])
    look(page, "work")
    assert fits(page) == []
    page.set_viewport_size({"width": 1280, "height": 720})

    up = page.get_by_role("button", name="Move one up: Reading what is on the screen")
    up.focus()
    page.keyboard.press("Enter")
    expect(titles).to_contain_text(["Finding turns of speakers", "Reading what is on the screen", "Transcribing"])
    expect(up).to_be_focused()
    page.keyboard.press("Enter")
    expect(titles.first).to_contain_text("Reading what is on the screen")
    expect(up).to_be_focused()
    expect(up).to_have_attribute("aria-disabled", "true")
    page.get_by_role("button", name="Move to the end: Reading what is on the screen").click()
    expect(titles.last).to_contain_text("Reading what is on the screen")
    page.get_by_role("button", name="Cancel: Transcribing").click()
    expect(titles).to_have_count(2)

    page.locator("#work details summary").click()
    page.uncheck("#work-all-day")
    page.fill("#work-from", "21:30")
    page.fill("#work-to", "06:15")
    page.fill("#work-cores", "1")
    page.click("#work-save")
    expect(page.locator("#work-limits-now")).to_contain_text("21:30 to 06:15")
    page.reload()
    expect(page.locator("#work-limits-now")).to_contain_text("21:30 to 06:15")
    page.locator("#work details summary").click()
    page.check("#work-all-day")
    page.click("#work-save")
    expect(page.locator("#work-limits-now")).to_contain_text("all day")

    failure = page.locator("#work-failed li")
    expect(failure).to_contain_text("rec.mp4")
    expect(failure.locator("a")).to_have_attribute("href", "?video=" + video_of(library))
    failure.get_by_role("button", name="Try again").click()
    expect(page.locator("#work-failures")).to_be_hidden()
    expect(titles).to_have_count(2)  # what a person asks for is done while the queue is paused, too
    page.click("#work-pause")
    expect(page.locator("#work-pause")).to_have_text("Pause")
    expect(page.locator("#work-summary")).to_have_text("0 running, 0 waiting, 1 failed.")
    expect(failure).to_contain_text("Finding turns of speakers")  # of a film without sound
    failure.get_by_role("button", name="Dismiss").click()
    expect(page.locator("#work-summary")).to_have_text("Nothing is being done, and nothing waits.")


def video_of(library: Served) -> str:
    studio = Studio(Settings(home=library.home))
    (row,) = studio.videos.all()
    studio.close()
    return str(row["id"])


def test_a_paused_queue_says_so_where_a_video_waits_and_does_what_is_asked(page: Page, library: Served) -> None:
    page.goto(f"{library.url}?video={video_of(library)}")
    expect(page.locator("#jobs")).to_contain_text("waiting, the queue is paused")
    page.goto(f"{library.url}?view=library")
    page.click("#library-work")
    expect(page.locator("#work-title")).to_be_visible()
