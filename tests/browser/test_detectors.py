"""Detectors on the Models page: they go out as a file, are deleted after a question, and come back from the file."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from studio.config import Settings
from studio.service import Studio
from tests.browser.annotate_page import rows
from tests.browser.conftest import Served
from tests.browser.test_accessibility import fits
from tests.service.test_detectors import NAME, keep_words

pytestmark = pytest.mark.browser


def test_one_is_exported_deleted_imported_and_used(page: Page, served: Served, bikes: str, tmp_path: Path) -> None:
    studio = Studio(Settings(home=served.home, device="cpu"))
    keep_words(studio)
    studio.close()
    page.goto(f"{served.url}?view=models")
    card, said = page.locator(f"[data-model={NAME}]"), page.locator("#detectors-said")
    expect(card).to_contain_text("from 9 moments")
    expect(card.locator("dt", has_text="Size").locator("xpath=following-sibling::dd[1]")).to_have_text(
        re.compile(r"^[1-9][\d.]* (B|KiB)$")  # a few numbers; it said 0.00 MiB
    )
    assert fits(page) == []
    with page.expect_download() as download:
        card.locator("a", has_text="Export").click()
    file = tmp_path / download.value.suggested_filename
    download.value.save_as(file)
    assert file.name == f"{NAME}.detector.zip"

    asked: list[str] = []

    def answer(yes: bool) -> None:
        page.once("dialog", lambda dialog: (asked.append(dialog.message), dialog.accept() if yes else dialog.dismiss()))
        card.get_by_role("button", name="Delete").click()

    answer(False)
    expect(card).to_be_visible()
    answer(True)
    expect(card).to_have_count(0)
    expect(said).to_have_text(f"{NAME} is deleted.")
    assert all("What it found, and what people made of that, stays" in question for question in asked)

    page.set_input_files("#detector-file", __file__)
    expect(said).to_have_text("This file is no exported model, or it is damaged; export the model again.")
    page.set_input_files("#detector-file", file)
    expect(said).to_have_text(f"{NAME} is in this library now.")
    card.get_by_role("button", name="Find it in the library").click()
    expect(said).to_contain_text("Looking for it in the library")
    page.goto(f"{served.url}?video={bikes}")
    expect(page.locator("#segment-list [data-kind=prediction][data-label='a bicycle']").first).to_be_visible()
    assert rows(served.home, "SELECT count(*) FROM runs WHERE model = ? AND video_id = ?", NAME, bikes) == [(1,)]
    page.goto(f"{served.url}?view=models")
    answer(True)
    expect(card).to_have_count(0)
