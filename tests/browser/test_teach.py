"""A label is taught from the Annotate page, as a hand does it."""

import sqlite3
from contextlib import closing

import pytest
from playwright.sync_api import expect

from studio.store import annotations
from studio.store.annotations import EditRequest
from studio.timeline import Annotation, Segment
from tests.browser.annotate_page import AnnotatePage, rows
from tests.browser.conftest import Served

pytestmark = pytest.mark.browser


def test_what_is_marked_and_looked_through_teaches_a_label(
    annotate_page: AnnotatePage, served: Served, bikes: str
) -> None:
    page = annotate_page.page
    with closing(sqlite3.connect(served.home / "studio.db", timeout=10, isolation_level=None)) as db:
        db.execute("DELETE FROM runs")
        db.execute("DELETE FROM annotations")
        db.execute("DELETE FROM reviewed")
        db.row_factory = sqlite3.Row
        for number, (start, end) in enumerate([(0, 10**6), (5 * 10**6, 6 * 10**6)]):
            made = Annotation(f"taught{number}", Segment(start, end), "Moments", "a man on a bicycle")
            annotations.save(db, bikes, EditRequest(made.id, "create", made), "ann")
    annotate_page.open(bikes)
    page.locator("#timeline").focus()
    page.keyboard.press("Shift+V")
    expect(page.locator("#toast")).to_contain_text("All of the video counts as looked through")
    assert rows(served.home, "SELECT start_us, track FROM reviewed") == [(0, "")]
    page.keyboard.press("Shift+V")
    expect(page.locator("#toast")).to_contain_text("no longer counts as looked through")
    assert rows(served.home, "SELECT count(*) FROM reviewed") == [(0,)]

    page.click("#tab-review")
    page.click("#teach summary")
    expect(page.locator("#teach-label")).to_contain_text("a man on a bicycle (Moments): 2 moments in 1 video")
    expect(page.locator("#teach-label")).to_have_value("0")  # nothing hides what the button learns
    page.click("#teach-go")
    expect(page.locator("#jobs [data-kind=teach]").last).to_contain_text("to review.", timeout=60_000)
    found = rows(
        served.home,
        "SELECT p.label, p.track FROM predictions p JOIN runs r ON r.id = p.run_id WHERE r.task = 'detection'",
    )
    assert set(found) <= {("a man on a bicycle", "Moments")}
    here = rows(
        served.home,
        f"SELECT p.start_us, p.end_us FROM predictions p JOIN runs r ON r.id = p.run_id WHERE r.video_id = '{bikes}'",
    )
    expect(page.locator("#review-list [data-review]")).to_have_count(len(here))
    for start, end in here:
        assert all(min(end, b) - max(start, a) <= 500_000 for a, b in [(0, 10**6), (5 * 10**6, 6 * 10**6)])
