"""The card of a video says what is wrong with its file, and lets one choose its sound."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from studio import __version__
from studio.config import Settings
from studio.service import Studio
from studio.service.videos import tracks
from tests.browser.conftest import Served, free_port
from tests.conftest import SHARED

FIELD = SHARED / "field"
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not FIELD.exists(), reason="the shared inputs are not here"),
]


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Served]:
    home = tmp_path / "home"
    studio = Studio(Settings(home=home, device="cpu"))
    studio.videos.add(FIELD / "25-cut-off-recording" / "half.mkv")
    studio.videos.add(FIELD / "24-which-sound" / "langs.mkv")
    studio.close()
    made = Served(home, free_port())
    made.start()
    yield made
    made.stop()
    assert "Traceback" not in made.log, made.log


def wait_for_modules(page: Page) -> None:
    """All pages load at once; leaving while the largest one does would be an error of the page."""
    page.evaluate(f"import('/web/js/annotate.js?v={__version__}')")


def test_a_card_says_what_is_wrong_and_chooses_the_sound(page: Page, library: Served) -> None:
    page.goto(f"{library.url}?view=library")
    card = page.locator(".card", has_text="half.mkv")
    expect(card).to_contain_text("It breaks off at 0:02; its header promises 0:04.")
    choice = page.get_by_label("Sound of langs.mkv")
    expect(choice).to_have_value("2")
    with page.expect_response(lambda reply: "choose_tracks" in (reply.request.post_data or "")):
        choice.select_option("1, deu, aac")
    wait_for_modules(page)
    page.reload()
    wait_for_modules(page)
    expect(page.get_by_label("Sound of langs.mkv")).to_have_value("1")
    studio = Studio(Settings(home=library.home))
    (row,) = [row for row in studio.videos.all() if row["name"] == "langs.mkv"]
    studio.close()
    assert row["sound_track"] == 1
    assert [sound["chosen"] for sound in tracks.listed(row)["sounds"]] == [True, False]
