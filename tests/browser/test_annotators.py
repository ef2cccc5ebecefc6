"""Several people annotate one video: whose a segment is, and working independently."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from playwright.sync_api import Page, expect

from tests.browser.annotate_page import ANNOTATION, AnnotatePage, become, rows, spans
from tests.browser.conftest import Served

pytestmark = pytest.mark.browser
Open = Callable[[str], AnnotatePage]


@pytest.fixture
def open_as(new_page: Callable[[], Page], served: Served, bikes: str) -> Iterator[Open]:
    """Opens the video in a browser of somebody's own."""

    def opening(name: str) -> AnnotatePage:
        page = new_page()
        page.add_init_script(f"localStorage.setItem('annotator', '{name}')")
        return AnnotatePage(page, served.url).open(bikes)

    yield opening
    with closing(sqlite3.connect(served.home / "studio.db", timeout=10)) as db, db:
        db.execute("UPDATE videos SET independent = 0")
        db.execute("DELETE FROM finished")


def whose(annotate_page: AnnotatePage) -> list[str]:
    """What the list says of whose its annotations are, with the tooltips."""
    marks = annotate_page.page.locator(f"{ANNOTATION} .who")
    found: list[str] = marks.evaluate_all("all => all.map(e => e.hidden ? '' : `${e.textContent}: ${e.title}`)")
    return found


def test_a_segment_says_whose_it_is_and_who_corrected_it(open_as: Open, served: Served, bikes: str) -> None:
    anna = open_as("Anna Lee")
    anna.create(1.0, 2.0, "jumps")
    assert whose(anna) == [""], "one person's work needs no marks"
    berta = open_as("Berta")
    become(berta, [(1.0, 2.0)])
    berta.create(4.0, 6.0, "falls")
    become(anna, [(1.0, 2.0), (4.0, 6.0)])
    expect(anna.page.locator(f"{ANNOTATION} .who").first).to_be_visible()
    assert whose(anna) == ["AL: Anna Lee", "Be: Berta"]

    berta.page.locator(ANNOTATION).first.click()
    berta.page.fill("#label-input", "leaps")
    berta.page.press("#label-input", "Tab")
    berta.saved()
    expect(berta.page.locator("#byline")).to_have_text("By Anna Lee, corrected by Berta")
    berta.page.click("#history")
    expect(berta.page.locator(".history li").last).to_contain_text("corrected by Berta")
    expect(berta.page.locator(".history li").first).to_contain_text("made by Anna Lee")
    expect(anna.page.locator(f"{ANNOTATION} .who").first).to_have_attribute("title", "Anna Lee, corrected by Berta")
    kept = "SELECT annotator, edited_by FROM annotations WHERE video_id = ? ORDER BY start_us"
    assert rows(served.home, kept, bikes) == [("Anna Lee", "Berta"), ("Berta", "Berta")]


def test_annotators_work_independently_until_it_is_over(open_as: Open, served: Served, bikes: str) -> None:
    anna = open_as("Anna")
    anna.page.click("#annotators")
    anna.page.check("#independent")
    expect(anna.page.locator("#annotators-message")).to_have_text("")
    anna.page.keyboard.press("Escape")
    anna.create(1.0, 2.0, "jumps")
    anna.create(4.0, 6.0, "falls")

    berta = open_as("Berta")
    assert spans(berta) == [], "she must not see what Anna made"
    berta.create(1.0, 2.0, "jumps")
    berta.create(4.0, 7.0, "falls")
    berta.create(8.0, 9.0, "lands")
    berta.page.click("#annotators")
    berta.page.check("#own-done")
    expect(berta.page.locator("#annotators-list li[data-annotator=Berta] .tag")).to_have_text("done")
    become(anna, [(1.0, 2.0), (4.0, 6.0)])

    anna.page.click("#annotators")
    expect(anna.page.locator("#annotators-list li")).to_have_count(2)
    expect(anna.page.locator("#annotators-list li[data-annotator=Berta]")).to_contain_text("3 annotations")
    anna.page.uncheck("#independent")
    anna.page.keyboard.press("Escape")
    become(berta, [(1.0, 2.0), (1.0, 2.0), (4.0, 6.0), (4.0, 7.0), (8.0, 9.0)])
    become(anna, [(1.0, 2.0), (1.0, 2.0), (4.0, 6.0), (4.0, 7.0), (8.0, 9.0)])


def test_a_third_decides_between_two(open_as: Open, served: Served, bikes: str) -> None:
    anna = open_as("Anna")
    anna.page.click("#annotators")
    anna.page.check("#independent")
    expect(anna.page.locator("#annotators-message")).to_have_text("")
    anna.page.keyboard.press("Escape")
    anna.create(1.0, 2.0, "jumps")
    anna.create(4.0, 6.0, "falls")

    berta = open_as("Berta")
    assert spans(berta) == [], "she must not see what Anna made"
    berta.create(1.0, 2.0, "jumps")
    berta.create(4.0, 7.0, "falls")
    berta.create(8.0, 9.0, "lands")
    cora = open_as("Cora")
    page = cora.page
    assert spans(cora) == []
    page.click("#annotators")
    expect(page.locator("#annotators-list li")).to_have_count(2)
    page.click("#compare-go")
    expect(page.locator("#adjudication-summary")).to_contain_text("Anna and Berta: IoU 0.")
    expect(page.locator("#adjudication-summary")).to_contain_text("1 the same, 2 differences, 2 not decided")
    expect(page.locator(".gutter-row.layer .name")).to_have_text(["Anna · Moments", "Berta · Moments"])
    expect(page.locator("#adjudication-list li")).to_have_count(2)
    page.click("#take-agreed")
    become(cora, [(1.0, 2.0)])
    page.focus("#adjudication-list")
    page.keyboard.press("2")
    become(cora, [(1.0, 2.0), (4.0, 7.0)])
    expect(page.locator("#adjudication-list li").nth(1)).to_have_attribute("aria-selected", "true")
    page.keyboard.press("1")
    expect(page.locator("#adjudication-summary")).to_contain_text("0 not decided")
    become(cora, [(1.0, 2.0), (4.0, 7.0)])
    page.focus("#adjudication-list")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("3")
    page.keyboard.press("Alt+Shift+ArrowLeft")
    cora.saved()
    (third,) = [s for s in cora.segments("annotation") if s["label"] == "falls"]
    assert 6.9 < third["end"] < 7.0, "a third, between what the two say"
    sources = "SELECT json_array_length(attributes, '$.adjudicated_from') FROM annotations WHERE annotator = 'Cora'"
    assert rows(served.home, f"{sources} AND NOT deleted") == [(2,), (2,)]
    layers = "SELECT annotator, count(*), max(version) FROM annotations WHERE video_id = ? GROUP BY annotator"
    assert rows(served.home, layers, bikes)[:2] == [("Anna", 2, 2), ("Berta", 3, 2)], "both layers stay as they were"
    page.click("#adjudication-close")
    expect(page.locator(".gutter-row.layer")).to_have_count(0)
