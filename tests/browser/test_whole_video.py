"""What is said of a video as a whole, and bookmarks."""

from playwright.sync_api import Page, expect

from tests.browser.annotate_page import AnnotatePage, go, rows
from tests.browser.conftest import Served
from tests.browser.test_attributes import shot

FOUND = "SELECT track, label, note, start_us, end_us FROM annotations WHERE video_id = ? AND NOT deleted ORDER BY rowid"


def test_labels_and_a_note_of_the_whole_video_and_bookmarks(page: Page, served: Served, bikes: str) -> None:
    annotate_page = AnnotatePage(page, served.url).open(bikes)
    page.click("#tab-selected")
    page.get_by_text("The whole video").click()
    page.get_by_label("A label of the whole video").fill("street <b>")
    page.keyboard.press("Enter")
    street = page.get_by_role("group", name="Labels of the whole video").get_by_role(
        "button", name="street <b>", exact=True
    )
    expect(street).to_have_attribute("aria-pressed", "true")
    page.get_by_label("A note about the whole video").fill("shaky")
    page.keyboard.press("Tab")
    annotate_page.saved()
    ((duration,),) = rows(served.home, "SELECT duration_us FROM videos WHERE id = ?", bikes)
    assert rows(served.home, FOUND, bikes) == [
        ("Whole video", "street <b>", "", 0, duration), ("Whole video", "", "shaky", 0, duration),
    ]  # fmt: skip
    assert page.locator(".gutter-row[data-row='Whole video']").count() == 0, "they take no room on the timeline"
    shot(page, "whole")

    page.locator("#timeline").focus()
    go(annotate_page, 2.0)
    page.keyboard.press("Shift+N")
    page.keyboard.type("look here")
    page.keyboard.press("Tab")
    annotate_page.saved()
    assert rows(served.home, FOUND, bikes)[-1] == ("Bookmarks", "look here", "", 2_000_000, 2_040_000)
    shot(page, "bookmark")
    page.locator("#timeline").focus()
    page.keyboard.press("Escape")
    street.click()
    annotate_page.saved()
    assert [row[:2] for row in rows(served.home, FOUND, bikes)] == [("Whole video", ""), ("Bookmarks", "look here")]


def test_new_segments_and_all_of_them_leave_bookmarks_and_the_whole_video_alone(
    page: Page, served: Served, bikes: str
) -> None:
    annotate_page = AnnotatePage(page, served.url).open(bikes)
    page.click("#tab-selected")
    page.get_by_text("The whole video").click()
    page.get_by_label("A label of the whole video").fill("street")
    page.keyboard.press("Enter")
    annotate_page.saved()
    page.locator("#timeline").focus()
    go(annotate_page, 2.0)
    page.click("#bookmark")
    page.keyboard.press("Enter")
    go(annotate_page, 4.0)
    page.keyboard.press("Enter")  # with the bookmark chosen
    annotate_page.saved()
    assert rows(served.home, FOUND, bikes)[-1] == ("Moments", "", "", 4_000_000, 6_000_000)
    page.keyboard.press("Control+a")
    page.keyboard.press("Shift+t")
    page.fill("#shift-by", "1")
    page.click("#shift-go")
    annotate_page.saved()
    assert [row[3] for row in rows(served.home, FOUND, bikes)] == [0, 3_000_000, 5_000_000]
