"""Points and states by keys, as somebody codes behaviour: what the keys make is said under Labels."""

from playwright.sync_api import Page, expect

from tests.browser.annotate_page import AnnotatePage, rows
from tests.browser.conftest import Served

FIRST, LAST = "#labels-tracks [data-track=Moments] button.link", "#labels-tracks [data-track=Moments] .row.label"


def test_states_and_points_are_coded_by_their_keys(page: Page, served: Served, bikes: str) -> None:
    annotate_page = AnnotatePage(page, served.url).open(bikes)
    page.click("#edit-labels")
    for name, kind in (("walks", "state"), ("rests", "state"), ("pecks", "point")):
        page.click(FIRST)
        page.locator(LAST).last.locator("input[type=text]").fill(name)
        page.locator(LAST).last.locator("select.kind").select_option(kind)
    page.get_by_label("One state at a time").first.check()
    page.click("#labels-save")
    expect(page.locator("#labels")).to_be_hidden()
    page.locator("#timeline").focus()
    second = "Shift+ArrowRight"
    for key in ("1", second, "3", second, "2", second, "2", second, "1", second):
        page.keyboard.press(key)
    annotate_page.saved()
    found = "SELECT label, start_us, end_us FROM annotations WHERE video_id = ? ORDER BY start_us"
    assert rows(served.home, found, bikes) == [
        ("walks", 0, 2_000_000), ("pecks", 1_000_000, 1_040_000), ("rests", 2_000_000, 3_040_000),
        ("walks", 4_000_000, 4_040_000),
    ]  # fmt: skip
    annotate_page = AnnotatePage(page, served.url).open(bikes)  # what holds goes on
    annotate_page.saved()
    assert rows(served.home, found, bikes)[-1] == ("walks", 4_000_000, 5_040_000), "where the playhead was"
    page.locator("#timeline").focus()
    for key in (*[second] * 5, "1"):
        page.keyboard.press(key)
    annotate_page.saved()
    assert rows(served.home, found, bikes)[-1] == ("walks", 4_000_000, 5_040_000)
    pad = page.get_by_role("group", name="What happens")
    walks = pad.get_by_role("button", name="walks")
    expect(walks).to_have_attribute("aria-pressed", "false")
    walks.click()  # as a finger does
    expect(walks).to_have_attribute("aria-pressed", "true")
    pad.get_by_role("button", name="pecks").click()
    annotate_page.saved()
    assert rows(served.home, "SELECT count(*) FROM annotations WHERE video_id = ?", bikes) == [(6,)]
    schema = "SELECT label, kind FROM labels WHERE track = 'Moments' ORDER BY position"
    assert rows(served.home, schema)[-3:] == [("walks", "state"), ("rests", "state"), ("pecks", "point")]
