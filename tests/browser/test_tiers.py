"""Rows that depend on another one: under Labels, and while segments are drawn, moved, split and deleted."""

from playwright.sync_api import Page, expect

from tests.browser.annotate_page import AnnotatePage, become, go, rows
from tests.browser.conftest import Served
from tests.browser.test_attributes import shot

FOUND = "SELECT track, start_us, end_us FROM annotations WHERE video_id = ? AND NOT deleted ORDER BY track, start_us"


def test_words_go_with_their_speech(page: Page, served: Served, bikes: str) -> None:
    annotate_page = AnnotatePage(page, served.url).open(bikes)
    page.click("#edit-labels")
    for name in ("Speech act", "Words"):
        page.fill("#labels-new-track", name)
        page.click("#labels-add-track")
    page.get_by_label("The row that Words depends on").select_option("Speech act")
    page.get_by_label("How Words depends on Speech act").select_option("included_in")
    shot(page, "tiers-labels")
    page.click("#labels-save")
    expect(page.locator("#labels")).to_be_hidden()
    names = page.locator(".gutter-row.track .name").all_inner_texts()
    assert names.index("Words") == names.index("Speech act") + 1

    def lane(name: str) -> float:
        return float(page.locator(f".gutter-row[data-row='{name}']").evaluate(
            "row => row.getBoundingClientRect().bottom - document.querySelector('#timeline')"
            ".getBoundingClientRect().top - 10"
        ))  # fmt: skip

    words = lane("Words")
    annotate_page.drag((1.0, words), (2.0, words))
    expect(page.get_by_text("“Words” depends on “Speech act”: mark a segment there first.")).to_be_visible()
    acts = lane("Speech act")
    annotate_page.drag((1.0, acts), (4.0, acts))
    annotate_page.drag((2.0, words), (6.0, words))
    become(annotate_page, [(1.0, 4.0), (2.0, 4.0)])
    expect(page.locator("#belongs-to")).to_contain_text("(Speech act)")
    annotate_page.drag((1.5, acts), (2.5, acts))  # the act is moved, and the word with it
    become(annotate_page, [(2.0, 5.0), (3.0, 5.0)])
    go(annotate_page, 4.0)
    page.keyboard.press("s")  # the act is chosen
    become(annotate_page, [(2.0, 4.0), (4.0, 5.0), (3.0, 4.0), (4.0, 5.0)])
    shot(page, "tiers")
    second = 1_000_000
    assert rows(served.home, FOUND, bikes) == [
        ("Speech act", 2 * second, 4 * second), ("Speech act", 4 * second, 5 * second),
        ("Words", 3 * second, 4 * second), ("Words", 4 * second, 5 * second),
    ]  # fmt: skip
    for _ in range(2):
        page.keyboard.press("Control+z")
    become(annotate_page, [(1.0, 4.0), (2.0, 4.0)])
    page.mouse.click(annotate_page.x(1.5), annotate_page.y(acts))
    page.keyboard.press("Delete")
    become(annotate_page, [])
    page.keyboard.press("Control+z")
    become(annotate_page, [(1.0, 4.0), (2.0, 4.0)])
