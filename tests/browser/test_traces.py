"""Curves: drawn by the pointer, live by a slider while the video plays, taken back, seen by others."""

from collections.abc import Callable

import numpy as np
from playwright.sync_api import Page, expect

from tests.browser.annotate_page import AnnotatePage, rows
from tests.browser.conftest import Served
from tests.browser.test_attributes import shot


def drawn(served: Served, video: str) -> dict[str, np.ndarray]:
    found = rows(served.home, "SELECT annotator, samples FROM traces WHERE video_id = ?", video)
    return {annotator: np.frombuffer(samples, "<f4") for annotator, samples in found}


def test_a_curve_is_drawn_and_taken_back(new_page: Callable[[], Page], served: Served, bikes: str) -> None:
    page = new_page()
    annotate_page = AnnotatePage(page, served.url).open(bikes)
    page.click("#edit-labels")
    page.fill("#labels-new-track", "Valence")
    page.click("#labels-add-track")
    page.locator("#labels-tracks [data-track=Valence]").get_by_label("A curve").check()
    page.get_by_label("Highest value of Valence").fill("3")
    shot(page, "curve-labels")
    page.click("#labels-save")
    row = page.locator(".gutter-row[data-row=Valence]")
    expect(row).to_be_visible()
    expect(page.locator("dialog[open]")).to_have_count(0)  # news may bring the row before the dialog has its answer
    top = row.evaluate(
        "row => row.getBoundingClientRect().top - document.querySelector('#timeline').getBoundingClientRect().top"
    )
    height = row.evaluate("row => row.getBoundingClientRect().height")
    annotate_page.drag((1.0, top + 6), (3.0, top + height - 7), snap=True)
    annotate_page.saved()
    (values,) = drawn(served, bikes).values()
    assert np.isnan(values[:24]).all()
    assert np.isnan(values[77:]).all()
    assert values[26] > 2.7, "the top of the row is the highest value"
    assert values[74] < -0.7, "and its bottom the lowest"
    assert np.all(np.diff(values[26:74]) <= 1e-6)
    shot(page, "curve")
    page.keyboard.press("Control+z")
    annotate_page.saved()
    assert np.isnan(drawn(served, bikes)[""]).all()
    page.keyboard.press("Control+Shift+Z")
    annotate_page.saved()
    assert drawn(served, bikes)[""][26] > 2.7

    # live: the curve follows the slider while the video plays
    page.get_by_label("Draw Valence while the video plays").click()
    slider = page.get_by_role("slider", name="Valence")
    slider.fill("2")
    page.evaluate("document.querySelector('#player').currentTime = 4")
    slider.focus()
    page.keyboard.press("Space")  # plays, also while the arrow keys move the slider
    page.wait_for_function("document.querySelector('#player').currentTime > 5.5")
    page.evaluate("document.querySelector('#player').addEventListener('pause', () => (window.hasPaused = true))")
    page.keyboard.press("Space")
    page.wait_for_function("window.hasPaused")  # the end of the stroke is drawn by then
    annotate_page.saved()
    live = drawn(served, bikes)[""]
    assert live[105:135].tolist() == [2.0] * 30
    assert np.isnan(live[78:98]).all(), "where it was put elsewhere, nothing is made up"
    shot(page, "curve-live")
    page.locator("#timeline").focus()
    page.keyboard.press("Control+z")
    annotate_page.saved()
    assert np.isnan(drawn(served, bikes)[""][105:135]).all(), "a stroke is one step"
    page.reload()
    page.wait_for_selector("#timeline[data-view-end]")
    expect(page.get_by_role("slider", name="Valence")).to_be_visible()

    # left in the middle of a second: that is kept, too
    page.get_by_label("Draw Valence while the video plays").click()
    page.evaluate("document.querySelector('#player').currentTime = 6")
    page.locator("#timeline").focus()
    page.keyboard.press("Space")
    page.wait_for_function("document.querySelector('#player').currentTime > 6.4")
    page.reload()
    page.wait_for_selector("#timeline[data-view-end]")
    annotate_page.saved()
    assert not np.isnan(drawn(served, bikes)[""][153:158]).any()

    other = new_page()
    AnnotatePage(other, served.url).open(bikes)
    other.fill("#annotator, [name=annotator], .who input", "ben")
    other.keyboard.press("Tab")
    annotate_page = AnnotatePage(other, served.url).open(bikes)
    annotate_page.drag((6.0, top + 20), (8.0, top + 20), snap=True)
    annotate_page.saved()
    assert set(drawn(served, bikes)) == {"", "ben"}
    shot(other, "curve-two")


def test_the_row_of_a_curve_is_locked_hidden_and_shows_segments_that_lie_in_it(
    page: Page, served: Served, bikes: str
) -> None:
    annotate_page = AnnotatePage(page, served.url).open(bikes)
    annotate_page.create(1.0, 3.0, "there before")
    page.click("#edit-labels")
    page.locator("#labels-tracks [data-track=Moments]").get_by_label("A curve").check()
    page.click("#labels-save")
    row = page.locator(".gutter-row.trace")
    expect(row).to_be_visible()
    expect(page.locator(".gutter-row.track[data-row=Moments]")).to_be_visible()
    expect(page.locator("#segment-list [data-kind=annotation]")).to_have_count(1)
    draw = page.get_by_label("Draw Moments while the video plays")
    draw.click()
    row.get_by_label("Row Moments").click()
    page.get_by_role("menuitemcheckbox", name="Lock").click()
    expect(draw).to_be_disabled()
    expect(draw).to_have_attribute("aria-pressed", "false")
    row.get_by_label("Row Moments").click()
    page.get_by_role("menuitemcheckbox", name="Lock").click()
    expect(draw).to_be_enabled()
    row.get_by_label("Row Moments").click()
    page.get_by_role("menuitem", name="Hide").click()
    expect(page.locator("#trace-pad")).to_be_hidden()
