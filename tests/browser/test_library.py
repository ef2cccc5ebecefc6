"""The Library page with many videos: of the list only what is near the window is in the page; found, sorted, chosen,
and changed many at a time."""

import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from studio.config import Settings
from studio.service import Studio
from tests.bench import library
from tests.browser.conftest import Served, free_port

COUNT = 400


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A studio that serves so many videos."""
    made = Served(library.build(tmp_path_factory.mktemp("many") / "home", COUNT), free_port())
    made.start()
    yield made
    made.stop()
    assert "Traceback" not in made.log, made.log


@pytest.fixture
def listed(many: Served, page: Page) -> Page:
    page.goto(many.url)
    expect(cards(page).first).to_be_visible()
    return page


def cards(page: Page) -> Locator:
    return page.locator("#library-grid .card")


def titles(page: Page) -> list[str]:
    return page.locator("#library-grid .title").all_inner_texts()


def choose(page: Page, number: int, *keys: str) -> None:
    card = page.locator("#library-grid [data-video]").nth(number)
    card.hover()
    card.locator(".choose").click(modifiers=list(keys))  # type: ignore[arg-type]


def test_of_a_long_list_only_what_is_near_is_there(listed: Page) -> None:
    expect(listed.locator("#library-summary")).to_contain_text(f"{COUNT} videos")
    assert cards(listed).count() <= 130
    whole = listed.evaluate("document.body.scrollHeight")
    listed.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    expect(listed.get_by_role("link", name="bikes.mp4", exact=True)).to_be_in_viewport()
    assert cards(listed).count() <= 130, "what is far away is put away"
    assert abs(listed.evaluate("document.body.scrollHeight") - whole) < 0.1 * whole, "the bar did not jump"
    listed.evaluate("window.scrollTo(0, 0)")
    expect(listed.get_by_role("link", name=f"clip {COUNT - 1}.mp4", exact=True)).to_be_in_viewport()


def test_found_sorted_and_shared_by_its_address(listed: Page, many: Served) -> None:
    listed.fill("#list-name", "clip 7")
    expect(listed.locator("#list-count")).to_have_text(f"11 of {COUNT} videos")
    listed.select_option("#list-order", label="Name, A to Z")
    expect(cards(listed).first).to_contain_text("clip 7.mp4")
    expect(listed.locator("#library-grid .title").nth(2)).to_have_text("clip 71.mp4")
    assert titles(listed)[:3] == ["clip 7.mp4", "clip 70.mp4", "clip 71.mp4"]
    address = listed.url
    listed.goto("about:blank")
    listed.goto(address)
    expect(listed.locator("#list-count")).to_have_text(f"11 of {COUNT} videos")
    expect(cards(listed).first).to_contain_text("clip 7.mp4")
    expect(listed.locator("#list-name")).to_have_value("clip 7")
    listed.select_option("#list-condition", label="With annotations")
    expect(listed.locator("#list-none")).to_be_visible()
    listed.click("#list-all")
    expect(listed.locator("#list-count")).to_have_text("")
    expect(cards(listed).first).to_contain_text("bikes.mp4")  # the order stays
    listed.select_option("#list-place", label="\u2003\u20031 (200)")
    expect(listed.locator("#list-count")).to_have_text(f"200 of {COUNT} videos")


def test_chosen_with_shift_tagged_and_collected(listed: Page) -> None:
    choose(listed, 1)
    choose(listed, 4, "Shift")
    expect(listed.locator("#bulk-count")).to_have_text("4 videos chosen")
    listed.click("#bulk-tag")
    listed.fill("#bulk-text", "night")
    listed.keyboard.press("Enter")
    expect(listed.locator("#toast")).to_contain_text("4 videos tagged.")
    listed.click("#bulk-collect")
    listed.fill("#bulk-text", "first pass")
    listed.keyboard.press("Enter")
    expect(listed.locator("#toast")).to_contain_text("4 videos put into “first pass”.")
    listed.click("#bulk-none")
    expect(listed.locator("#bulk")).to_be_hidden()
    listed.locator(".tags .chip").first.click()
    expect(listed.locator("#list-count")).to_have_text(f"4 of {COUNT} videos")
    listed.select_option("#list-place", label="first pass (4)")
    expect(listed.locator("#list-collection")).to_be_visible()
    choose(listed, 0)
    listed.click("#bulk-out")
    expect(listed.locator("#list-count")).to_have_text(f"3 of {COUNT} videos")
    listed.click("#bulk-none")
    listed.once("dialog", lambda dialog: dialog.accept())
    listed.click("#list-collection")
    listed.get_by_role("menuitem", name="Delete").click()
    expect(listed.locator("#list-count")).to_have_text("")


def test_all_that_is_listed_is_labelled_and_that_is_taken_back(listed: Page, many: Served) -> None:
    listed.fill("#list-name", "clip 12")
    expect(listed.locator("#list-count")).to_have_text(f"11 of {COUNT} videos")
    choose(listed, 0)
    listed.click("#bulk-all")
    expect(listed.locator("#bulk-count")).to_have_text("11 videos chosen")
    listed.click("#bulk-label")
    listed.fill("#bulk-text", "outdoors")
    listed.click("#bulk-go")
    expect(listed.locator("#toast")).to_contain_text("11 videos labelled “outdoors”.")
    expect(cards(listed).first).to_contain_text("1 annotation")
    listed.locator("#toast").get_by_role("button", name="Undo").click()
    expect(cards(listed).first).not_to_contain_text("annotation")


def test_many_are_removed_and_brought_back(listed: Page) -> None:
    listed.fill("#list-name", "clip 33")
    expect(listed.locator("#list-count")).to_have_text(f"11 of {COUNT} videos")
    choose(listed, 0)
    listed.click("#bulk-all")
    listed.once("dialog", lambda dialog: dialog.accept())
    listed.click("#bulk-remove")
    expect(listed.locator("#list-none")).to_be_visible()
    expect(listed.locator("#library-summary")).to_contain_text(f"{COUNT - 11} videos")
    listed.locator("#toast").get_by_role("button", name="Undo").click()
    expect(listed.locator("#list-count")).to_have_text(f"11 of {COUNT} videos")
    expect(listed.locator("#bulk")).to_be_hidden()


def test_the_table_sorts_by_its_headings_and_keeps_the_choice(listed: Page) -> None:
    listed.click("#list-table")
    rows = listed.locator("table.videos tbody tr[data-video]")
    expect(rows.first).to_contain_text(f"clip {COUNT - 1}.mp4")
    choose(listed, 0)
    listed.get_by_role("columnheader", name="Name").get_by_role("button").click()
    expect(rows.first).to_contain_text("bikes.mp4")
    expect(listed.get_by_role("columnheader", name="Name")).to_have_attribute("aria-sort", "ascending")
    expect(listed.locator("#bulk-count")).to_have_text("1 video chosen")
    listed.get_by_role("columnheader", name="Name").get_by_role("button").click()
    expect(rows.first).to_contain_text(f"clip {COUNT - 1}.mp4")
    expect(rows.first.locator(".choose")).to_be_checked()
    listed.reload()
    expect(rows.first).to_contain_text(f"clip {COUNT - 1}.mp4")
    listed.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    expect(listed.get_by_role("link", name="bikes.mp4", exact=True)).to_be_in_viewport()
    assert rows.count() <= 190


def test_a_folder_is_added_while_the_page_tells(page: Page, tmp_path: Path, clips: dict[str, Path]) -> None:
    films = tmp_path / "films"
    films.mkdir()
    for number in range(9):
        (films / f"take {number}.mp4").write_bytes(clips["carphone"].read_bytes() + bytes([number]))
    (films / "broken.mp4").write_bytes(b"nothing")
    home = tmp_path / "home"
    Studio(Settings(home=home, device="cpu")).close()
    served = Served(home, free_port())
    served.start()
    try:
        page.goto(served.url)
        page.fill("#add-path", str(films))
        page.keyboard.press("Enter")
        row = page.locator("#adding [data-folder='films']")
        expect(row).to_contain_text("“films”: 9 videos added, 1 could not be.")
        expect(row).to_contain_text("broken.mp4")
        expect(page.locator("#library-summary")).to_contain_text("9 videos")
        row.get_by_role("button", name="Hide").click()
        expect(row).to_have_count(0)
        shutil.copy(clips["bikes"], films / "late.mp4")
        time.sleep(0.5)
        page.fill("#add-path", str(films))
        page.keyboard.press("Enter")
        expect(page.locator("#library-summary")).to_contain_text("10 videos")
        expect(row).to_contain_text(re.compile("“films”: 1 video added"))
    finally:
        served.stop()
    assert "Traceback" not in served.log, served.log
