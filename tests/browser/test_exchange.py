"""Annotations leave for other tools and come in from them, as a person does it; and the Overview page."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.annotate_page import ANNOTATION, AnnotatePage, rows
from tests.browser.conftest import Served

pytestmark = pytest.mark.browser


def test_what_is_exported_is_imported_again_with_other_names_and_undone(
    page: Page, served: Served, bikes: str, tmp_path: Path
) -> None:
    annotate_page = AnnotatePage(page, served.url).open(bikes)
    annotate_page.create(1.0, 2.0, "car")
    annotate_page.create(2.52, 3.0, "bus")
    page.click("#export")
    page.select_option("#export-format", "rttm")
    expect(page.locator("#export-lost li").first).to_be_visible()
    page.select_option("#export-format", "elan")
    with page.expect_download() as download:
        page.click("#export-go")
    file = tmp_path / "bikes.eaf"
    download.value.save_as(file)
    with closing(sqlite3.connect(served.home / "studio.db", timeout=10, isolation_level=None)) as db:
        db.execute("DELETE FROM annotations WHERE video_id = ?", (bikes,))
    annotate_page.open(bikes)
    expect(page.locator(ANNOTATION)).to_have_count(0)

    page.click("#import")
    page.set_input_files("#import-file", file)
    expect(page.locator("#import-counts")).to_contain_text("2 segments")
    becomes = page.get_by_label("Becomes, for car")
    becomes.fill("vehicle")
    becomes.press("Tab")
    expect(page.locator("#import-sample")).to_contain_text("vehicle")
    page.click("#import-go")
    expect(page.locator(f"{ANNOTATION}[data-label='vehicle']")).to_have_count(1)
    expect(page.locator(ANNOTATION)).to_have_count(2)
    assert (
        rows(served.home, "SELECT source FROM annotations WHERE video_id = ? AND NOT deleted", bikes)
        == [("import",)] * 2
    )

    page.click("#import")
    page.locator("#import-past").get_by_text("Undo").first.click()
    expect(page.locator("#import-past")).to_contain_text("2 gone")
    expect(page.locator(ANNOTATION)).to_have_count(0)


def test_a_file_of_nothing_is_one_sentence(page: Page, served: Served, bikes: str, tmp_path: Path) -> None:
    AnnotatePage(page, served.url).open(bikes)
    file = tmp_path / "broken.eaf"
    file.write_text(
        "<?xml version='1.0'?><!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><ANNOTATION_DOCUMENT>&a;</ANNOTATION_DOCUMENT>"
    )
    page.click("#import")
    page.set_input_files("#import-file", file)
    expect(page.locator("#import-message")).not_to_have_text("")
    assert "Traceback" not in page.inner_text("#importing")
    expect(page.locator("#import-go")).to_be_disabled()


def test_the_overview_says_who_did_what_and_how_well_they_agree(page: Page, served: Served, bikes: str) -> None:
    annotate_page = AnnotatePage(page, served.url).open(bikes)
    for name, start, end in (("Anna", 1.0, 2.0), ("Berta", 2.52, 3.0)):
        page.fill("#annotator", name)
        page.press("#annotator", "Tab")
        annotate_page.drag((start, annotate_page.lane()), (end, annotate_page.lane()))
        page.fill("#label-input", "car")
        page.press("#label-input", "Tab")
        annotate_page.saved()
        page.keyboard.press("Escape")
    page.get_by_role("tab", name="Overview").click()
    expect(page.locator("#team-people")).to_contain_text("Berta")
    expect(page.locator("#team-pairs")).to_contain_text("Anna · Berta")
    expect(page.locator("#team-plot .heatmaplayer")).to_be_visible()
    page.select_option("#team-measure", "kappa")
    expect(page.locator("#status")).to_contain_text("Database")
