"""Another model from the hub: got, paused, gone on with, used; the library answers meanwhile, and goes back."""

import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from studio.config import Settings
from studio.service import Studio
from tests import gallery
from tests.browser.conftest import Served, free_port
from tests.models.hub import served as hub

pytestmark = pytest.mark.browser
NAME = gallery.NAME


@pytest.fixture
def library(tmp_path: Path, clips: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    """A studio with one video whose hub breaks off at half of the model's file, until `mended` is there."""
    half = len(gallery.weights()) // 2
    mended = tmp_path / "mended"

    def asked(path: str, part: str) -> None:
        if part and not mended.exists():
            raise ValueError(503)

    breaks = {"open_clip_model.safetensors": [half]}
    with hub(gallery.repositories(), asked=asked, breaks_at=breaks) as address:
        monkeypatch.setenv("HF_ENDPOINT", address)
        home = tmp_path / "home"
        gallery.put_card(home)
        studio = Studio(Settings(home=home, device="cpu"))
        studio.jobs.index(studio.videos.add(clips["carphone"])["id"])
        studio.close()
        made = Served(home, free_port())
        made.start()
        yield made
        made.stop()
    assert "Traceback" not in made.log, made.log


def test_a_model_is_got_and_used(page: Page, library: Served, tmp_path: Path) -> None:
    page.goto(library.url)
    expect(page.locator("#better")).to_contain_text("Other models see better")
    page.click("#better-go")
    expect(page.locator("#encoders-status")).to_contain_text("searched with studio-lite")
    assert page.locator(".encoder").count() == 14, "a dozen, the default, and the one of this library"
    siglip = page.locator("[data-encoder=siglip2-b16]")
    expect(siglip).to_contain_text("79.1 %")
    expect(siglip).to_contain_text("Apache-2.0")
    expect(siglip.get_by_role("link", name="source")).to_have_attribute("href", re.compile("README_siglip2"))
    expect(siglip).to_contain_text("(an estimate)")
    expect(page.locator("[data-encoder=studio-lite]")).to_contain_text("(measured)")

    mine = page.locator(f"[data-encoder={NAME}]")
    mine.get_by_role("button", name="Get").click()
    expect(mine.locator(".error")).to_contain_text(f"broke at 50 % of {NAME}; get it again to go on from there")
    library.stop()
    library.start()
    page.reload()
    expect(mine).to_contain_text("Paused at 43 MB of 86 MB")
    (tmp_path / "mended").touch()
    mine.get_by_role("button", name="Resume").click()
    mine.get_by_role("button", name=f"Use {NAME}", exact=True).click()
    expect(page.locator("#encoders-status")).to_contain_text(f"searched with {NAME}")
    expect(mine).to_contain_text("in use")
    page.locator("[data-encoder=studio-lite]").get_by_role("button", name="Use studio-lite", exact=True).click()
    expect(page.locator("#encoders-status")).to_contain_text("searched with studio-lite")
    mine.get_by_role("button", name=f"Use {NAME}", exact=True).click()
    expect(page.locator("#encoders-status")).to_contain_text(f"searched with {NAME}")

    page.goto(f"{library.url}?view=search")
    page.fill("#search-query", "a man")
    page.keyboard.press("Enter")
    page.wait_for_selector(".hit")
    page.goto(library.url)
    expect(page.locator("#library-summary")).to_contain_text("1 searchable")
    expect(page.locator("#better")).to_be_hidden()
    with sqlite3.connect(library.home / "studio.db") as db:
        assert db.execute("SELECT value FROM preferences WHERE name = 'encoder'").fetchone() == (NAME,)
