"""Who marks while the video plays is late; what they correct teaches by how much, as a hand does it."""

import json

import pytest
from playwright.sync_api import expect

from tests.browser.annotate_page import ANNOTATION, AnnotatePage, become, go, rows, spans
from tests.browser.conftest import Served

pytestmark = pytest.mark.browser
FRAME = 0.04  # bikes has 25 frames a second
LATE = 5  # frames that each boundary is moved back by hand
NEWEST = "SELECT after, marked FROM revisions WHERE video_id = ? AND marked <> '' ORDER BY seq DESC LIMIT 1"


def mark_playing(page: AnnotatePage, start: float, end: float) -> None:
    """A segment, by I and O while it plays and Enter."""
    page.page.locator("#timeline").focus()
    page.page.keyboard.press("Escape")
    go(page, start - 0.3)
    page.page.keyboard.press("l")
    for key, time in (("i", start), ("o", end)):
        page.page.wait_for_function("t => document.querySelector('#player').currentTime > t", arg=time)
        page.page.keyboard.press(key)
    page.page.keyboard.press("Enter")
    page.page.keyboard.press("k")
    page.saved()


def test_marks_while_playing_are_moved_back_by_what_was_corrected(
    annotate_page: AnnotatePage, served: Served, bikes: str
) -> None:
    page, toggle = annotate_page.page, annotate_page.page.locator("#reaction-toggle")
    for count, (start, end) in enumerate([(1.0, 1.6), (3.0, 3.6), (5.0, 5.6)], 1):
        mark_playing(annotate_page, start, end)
        expect(page.locator(ANNOTATION)).to_have_count(count)
    expect(toggle).to_be_hidden()
    first = spans(annotate_page)
    for number, (start, end) in enumerate(first, 1):
        page.locator(ANNOTATION).nth(number - 1).click()
        page.locator("#timeline").focus()
        for key in ("Alt+ArrowLeft", "Alt+Shift+ArrowLeft"):
            for _ in range(LATE):
                page.keyboard.press(key)
        moved = [(a - LATE * FRAME, b - LATE * FRAME) for a, b in first[:number]]
        become(annotate_page, [*moved, *first[number:]])
        assert start < end
    expect(toggle).to_be_visible()
    expect(toggle).to_have_text("Marks −0.20 s")
    expect(toggle).to_have_attribute(
        "title", "Marks while playing are moved back by 0.20 s: so late yours were in 6 corrections."
    )

    mark_playing(annotate_page, 7.0, 7.6)
    ((after, marked),) = rows(served.home, NEWEST, bikes)
    made, played = json.loads(after), json.loads(marked)
    for edge in ("start", "end"):
        at, rate = played[edge]
        assert rate == 1.0
        assert made[f"{edge}_us"] == pytest.approx(at - 200_000, abs=21_000), "moved back, to a frame"

    page.locator("#reaction").uncheck()
    page.reload()
    expect(toggle).to_be_visible()
    expect(page.locator("#reaction")).not_to_be_checked()
    mark_playing(annotate_page, 8.4, 9.0)
    ((after, marked),) = rows(served.home, NEWEST, bikes)
    made, played = json.loads(after), json.loads(marked)
    assert made["start_us"] == played["start"][0], "switched off, a mark stays where it was made"
