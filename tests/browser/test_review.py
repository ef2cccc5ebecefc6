"""The review goes on across videos, as a hand does it."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing

import pytest
from playwright.sync_api import expect

from studio.store import runs
from studio.timeline import ModelRun, Prediction, Segment
from tests.browser.annotate_page import ANNOTATION, AnnotatePage, go, rows, video_id
from tests.browser.conftest import Served

pytestmark = pytest.mark.browser


def propose(served: Served, video: str, found: Sequence[tuple[str, float]]) -> None:
    """A run with one prediction of a second for each (label, score)."""
    made = [Prediction(Segment(n * 10**6, (n + 1) * 10**6), "Moments", *each) for n, each in enumerate(found)]
    with closing(sqlite3.connect(served.home / "studio.db", timeout=10, isolation_level=None)) as db:
        db.row_factory = sqlite3.Row
        db.execute("DELETE FROM annotations WHERE video_id = ?", (video,))
        runs.insert(db, ModelRun(video, "survey", "test", "1", made))


def test_the_review_goes_on_in_the_next_video_with_its_filter(
    annotate_page: AnnotatePage, served: Served, bikes: str
) -> None:
    page = annotate_page.page
    with closing(sqlite3.connect(served.home / "studio.db", timeout=10, isolation_level=None)) as db:
        db.execute("DELETE FROM runs")
    carphone, rabbit = video_id(served.home, "carphone"), video_id(served.home, "bigbuckbunny")
    propose(served, bikes, [("car", 0.9), ("car", 0.8), ("tree", 0.6)])
    propose(served, carphone, [("tree", 0.5), ("car", 0.95)])
    propose(served, rabbit, [("tree", 0.55)])
    annotate_page.open(bikes)
    page.click("#tab-review")
    queue = page.locator("#review-list [data-review]")
    expect(queue).to_have_count(3)
    expect(page.locator("#review-others")).to_contain_text("2 other videos still have undecided predictions")
    page.click("#review-filter summary")
    page.select_option("#review-label", "car")
    expect(queue).to_have_count(2)
    expect(page.locator("#review-others")).to_contain_text("1 other video still has undecided predictions")
    page.click("#accept-all")
    expect(page.locator("#toast")).to_contain_text("2 accepted.")
    expect(page.locator(ANNOTATION)).to_have_count(2)
    page.locator("#toast").get_by_text("Undo").click()
    expect(page.locator(ANNOTATION)).to_have_count(0)
    expect(queue).to_have_count(2)
    page.click("#accept-all")
    expect(queue).to_have_count(0)
    annotate_page.saved()
    decided = (
        "SELECT count(*) FROM verdicts d JOIN predictions p ON p.id = d.prediction_id JOIN runs r ON r.id = p.run_id"
    )
    assert rows(served.home, decided) == [(2,)], "of the runs that there are"

    page.locator("#timeline").focus()
    page.keyboard.press("u")
    page.wait_for_url(f"**video={carphone}*")
    expect(page.locator("#toast button"), "what it would take back is not on the page any more").to_have_count(0)
    expect(queue).to_have_count(1)
    assert page.eval_on_selector("#review", "box => box.scrollWidth <= box.clientWidth")
    expect(queue.first).to_have_attribute("aria-selected", "true")
    expect(page.locator("#review-label")).to_have_value("car")
    page.locator("#timeline").focus()
    page.keyboard.press("x")
    expect(page.locator("#review-others")).to_have_text("Nothing is left to decide in the library.")
    page.click("#review-unset")
    expect(queue).to_have_count(1)
    expect(page.locator("#review-others")).to_contain_text(", 1 prediction.")
    expect(page.locator("#review-others a")).to_have_attribute("href", f"?video={rabbit}")
    page.reload()
    page.click("#tab-review")
    expect(queue).to_have_count(1)


def test_with_nothing_chosen_keys_decide_about_what_is_at_the_playhead(
    annotate_page: AnnotatePage, served: Served, bikes: str
) -> None:
    page = annotate_page.page
    with closing(sqlite3.connect(served.home / "studio.db", timeout=10, isolation_level=None)) as db:
        db.execute("DELETE FROM runs")
    propose(served, bikes, [("car", 0.9), ("tree", 0.8), ("bus", 0.7)])
    annotate_page.open(bikes)
    page.locator("#timeline").focus()
    verdicts = (
        "SELECT p.label, d.verdict FROM verdicts d JOIN predictions p ON p.id = d.prediction_id "
        "JOIN runs r ON r.id = p.run_id ORDER BY 1"
    )
    for time, key in ((0.5, "a"), (1.5, "x")):
        go(annotate_page, time)
        page.keyboard.press(key)
    annotate_page.saved()
    assert rows(served.home, verdicts) == [("car", "accepted"), ("tree", "rejected")]
    page.keyboard.press("Escape")
    go(annotate_page, 5)
    page.keyboard.press("a")
    expect(page.locator("#toast")).to_contain_text("No prediction to decide is at the playhead.")
    expect(page.locator(ANNOTATION)).to_have_count(1)
