"""The Review page as hands use it: by keys, by mouse, two people at once, and when the page closes too early."""

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from playwright.sync_api import Page, expect

from studio.store import runs
from studio.timeline import MICROS, ModelRun, Prediction, Segment
from tests.browser.annotate_page import rows
from tests.browser.conftest import Served
from tests.browser.test_accessibility import fits, look

pytestmark = pytest.mark.browser

LABEL, TRACK = "a man on a bicycle", "Rides"
TABLES = "verdicts", "predictions", "runs", "annotations", "absences"
CARD, FRONT = "#desk-items [data-id]", "#desk-items .focused"


@pytest.fixture
def desk(served: Served, bikes: str) -> Iterator[str]:
    """A detector proposed four moments of `bikes`; the first of them is the most likely."""
    propose(served, bikes, 0.9, 0.8, 0.7, 0.6)
    yield f"{served.url}?view=review&label={LABEL.replace(' ', '+')}&track={TRACK}"
    with closing(sqlite3.connect(served.home / "studio.db", timeout=10)) as db, db:
        for table in TABLES:
            db.execute(f"DELETE FROM {table}")


def propose(served: Served, video: str, *scores: float) -> None:
    """A moment of a second for each of these, and nothing else."""
    found = [
        Prediction(Segment(s * MICROS, (s + 1) * MICROS), TRACK, LABEL, score, f"desk{s}")
        for s, score in enumerate(scores)
    ]
    with closing(sqlite3.connect(served.home / "studio.db", timeout=10)) as db, db:
        db.row_factory = sqlite3.Row
        for table in TABLES:
            db.execute(f"DELETE FROM {table}")
        runs.insert(db, ModelRun(video, "detection", "rider", "1", found, {"note": ""}, LABEL, {"track": TRACK}))


def opened(page: Page, address: str, count: int = 4) -> Page:
    page.goto(address)
    expect(page.locator(CARD)).to_have_count(count)
    expect(page.locator("#desk-learn")).to_be_checked()
    page.uncheck("#desk-learn")  # the detector is made up: learned anew, it would be another
    page.locator(FRONT).focus()
    return page


def saved(page: Page) -> None:
    expect(page.locator("#desk-state")).to_have_text("saved")


def decisions(served: Served) -> list[tuple[str, str]]:
    return rows(served.home, "SELECT prediction_id, verdict FROM verdicts ORDER BY prediction_id")


def spans(served: Served) -> list[tuple[int, int, str]]:
    return rows(served.home, "SELECT start_us, end_us, source FROM annotations WHERE NOT deleted ORDER BY start_us")


def test_accept_trim_reject_and_undo_by_keys(page: Page, served: Served, desk: str) -> None:
    opened(page, desk)
    expect(page.locator(FRONT)).to_have_attribute("data-id", "desk0")
    page.wait_for_function("document.querySelector('#desk-items .focused video')?.currentTime > 0")
    page.keyboard.press("a")
    expect(page.locator(FRONT)).to_have_attribute("data-id", "desk1")
    page.keyboard.press("Alt+ArrowLeft")
    expect(page.locator("[data-id=desk1]")).not_to_have_attribute("data-start", "1")
    start = float(page.locator("[data-id=desk1]").get_attribute("data-start") or 0)
    assert 0.9 < start < 1, "one frame earlier"
    page.keyboard.press("a")
    page.keyboard.press("x")
    saved(page)
    assert decisions(served) == [("desk0", "accepted"), ("desk1", "corrected"), ("desk2", "rejected")]
    assert spans(served) == [(0, MICROS, "accepted"), (round(start * MICROS), 2 * MICROS, "correction")]
    expect(page.locator("#desk-count")).to_have_text("1 prediction to decide")
    for _ in range(2):
        page.keyboard.press("Control+z")
    expect(page.locator("#desk-count")).to_have_text("3 predictions to decide")
    saved(page)
    assert decisions(served) == [("desk0", "accepted")]
    page.keyboard.press("Control+y")
    expect(page.locator("#desk-count")).to_have_text("2 predictions to decide")
    assert [row[2] for row in spans(served)] == ["accepted", "correction"]


def test_one_key_for_a_page_that_is_right_up_to_a_moment(page: Page, served: Served, desk: str) -> None:
    opened(page, desk)
    page.locator("[data-id=desk1] .picture").click()
    expect(page.locator(FRONT)).to_have_attribute("data-id", "desk1")
    expect(page.locator("#desk-settle")).to_be_visible()
    page.keyboard.press("Shift+Enter")
    expect(page.locator("#desk-empty-title")).to_have_text("Nothing to decide")
    saved(page)
    right, wrong = "accepted", "rejected"
    assert decisions(served) == [("desk0", right), ("desk1", right), ("desk2", wrong), ("desk3", wrong)]
    page.keyboard.press("Control+z")
    expect(page.locator("#desk-count")).to_have_text("4 predictions to decide")
    saved(page)
    assert decisions(served) == []


def test_where_nothing_is_likely_the_page_says_where_the_rest_is(
    page: Page, served: Served, desk: str, bikes: str
) -> None:
    propose(served, bikes, 0.2, 0.1)
    page.goto(desk)
    expect(page.locator("#desk-empty-title")).to_have_text("Nothing likely is left")
    page.click("[data-feed=unsure]")
    expect(page.locator(CARD)).to_have_count(2)
    expect(page.locator("#desk-count")).to_have_text("2 predictions to decide")
    propose(served, bikes, 0.9, 0.2, 0.1)
    opened(page, desk, 1)
    said = "3 predictions to decide; 2 of them are unlikely and shown under Unsure"
    expect(page.locator("#desk-count")).to_have_text(said)
    page.keyboard.press("a")
    saved(page)
    said = "2 predictions to decide; 2 of them are unlikely and shown under Unsure"
    expect(page.locator("#desk-count")).to_have_text(said)


def test_a_taught_label_is_learned_again_also_where_all_labels_are_shown(
    page: Page, served: Served, desk: str, bikes: str
) -> None:
    propose(served, bikes, *[0.9 - 0.05 * s for s in range(6)])
    page.goto(f"{served.url}?view=review")
    expect(page.locator(CARD)).to_have_count(6)
    expect(page.locator("#desk-learn")).to_be_checked()
    asked = []
    page.on("request", lambda request: asked.append(request.post_data) if "component_server" in request.url else None)
    page.locator(FRONT).focus()
    page.keyboard.press("Shift+A")
    saved(page)
    for _ in range(100):
        if any('"fn_name":"teach"' in (each or "") for each in asked):
            break
        page.wait_for_timeout(100)
    (sent,) = [json.loads(each)["data"] for each in asked if each and '"fn_name":"teach"' in each]
    assert (sent["label"], sent["track"]) == (LABEL, TRACK)
    page.uncheck("#desk-learn")
    ended = "SELECT count(*) FROM jobs WHERE kind = 'teach' AND state IN ('queued', 'running')"
    for _ in range(600):
        if rows(served.home, ended) == [(0,)]:
            return
        page.wait_for_timeout(100)
    raise AssertionError("the label is still being learned")


def test_the_last_decision_stays_whatever_key_comes_next(page: Page, served: Served, desk: str) -> None:
    opened(page, desk)
    page.keyboard.down("a")
    for _ in range(5):
        page.keyboard.down("a")  # held: a browser repeats it
    page.keyboard.up("a")
    expect(page.locator(FRONT)).to_have_attribute("data-id", "desk1")
    for name in ("desk1", "desk2", "desk3"):
        page.locator(f"[data-id={name}] button.yes").press("Space")
    expect(page.locator("[data-id=desk3]")).to_be_focused()
    page.keyboard.press("a")
    page.keyboard.press("Space")
    saved(page)
    assert len(spans(served)) == 4
    page.keyboard.press("Enter")
    expect(page.locator("#desk-empty")).to_contain_text("Nothing to decide")
    assert len(spans(served)) == 4


def test_several_at_once_by_keys_and_by_mouse(page: Page, served: Served, desk: str) -> None:
    opened(page, desk)
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    expect(page.locator("#desk-accept")).to_have_text("Accept 3")
    page.locator("[data-id=desk1] input").click()
    page.keyboard.press("x")
    saved(page)
    assert decisions(served) == [("desk0", "rejected"), ("desk2", "rejected")]
    page.click("#desk-undo")
    expect(page.locator("#desk-count")).to_have_text("4 predictions to decide")
    expect(page.locator("#desk-reject-rest")).to_have_text("Reject all 4")
    page.click("#desk-reject-rest")
    expect(page.locator("#desk-empty")).to_contain_text("Nothing to decide")
    expect(page.locator("#desk-count")).to_have_text("0 predictions to decide")
    saved(page)
    assert [verdict for _, verdict in decisions(served)] == ["rejected"] * 4


def test_what_is_wrong_is_rejected_and_the_rest_accepted_by_one_key_and_taken_back(
    page: Page, served: Served, desk: str
) -> None:
    opened(page, desk)
    page.locator("[data-id=desk1] button.no").click()
    expect(page.locator("#desk-accept-rest")).to_have_text("Accept the other 3")
    page.keyboard.press("Shift+A")
    expect(page.locator("#desk-empty")).to_contain_text("Nothing to decide")
    saved(page)
    expected = [("desk0", "accepted"), ("desk1", "rejected"), ("desk2", "accepted"), ("desk3", "accepted")]
    assert decisions(served) == expected
    page.keyboard.press("Control+z")
    expect(page.locator(CARD)).to_have_count(3)  # all that the key decided comes back, and nothing else
    saved(page)
    assert decisions(served) == [("desk1", "rejected")]


def test_an_end_is_dragged_with_the_mouse(page: Page, served: Served, desk: str) -> None:
    opened(page, desk)
    card = page.locator("[data-id=desk1]")
    box = card.locator(".strip").bounding_box()
    assert box is not None
    # the strip shows 0 to 3.5 s: a second and a half before and after
    middle, scale = box["y"] + box["height"] / 2, box["width"] / 3.5
    page.mouse.move(box["x"] + 2.0 * scale, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + 2.5 * scale, middle, steps=4)
    page.mouse.up()
    expect(card).not_to_have_attribute("data-end", "2")
    page.keyboard.press("a")
    saved(page)
    ((start, end, source),) = spans(served)
    assert (start, source) == (MICROS, "correction")
    assert end == pytest.approx(2.5 * MICROS, abs=60_000)


def test_two_people_see_one_queue_and_nothing_twice(
    new_page: Callable[[], Page], served: Served, desk: str, bikes: str
) -> None:
    anna = opened(new_page(), desk)
    ben = new_page()
    ben.goto(desk)
    expect(ben.locator("#desk-empty")).to_contain_text("The rest is on other screens")
    anna.keyboard.press("a")
    saved(anna)
    with closing(sqlite3.connect(served.home / "studio.db", timeout=10)) as db, db:
        db.execute("INSERT INTO verdicts VALUES ('desk3', 'carl', 'rejected', 1)")
    expect(anna.locator(CARD)).to_have_count(3)
    anna.close()
    expect(ben.locator("#desk-count")).to_have_text("2 predictions to decide")
    ben.reload()
    expect(ben.locator(CARD)).to_have_count(2)


def test_random_frames_say_what_is_left(page: Page, served: Served, desk: str, bikes: str) -> None:
    opened(page, desk)
    page.click("[data-feed=random]")
    expect(page.locator("#desk-items [data-kind=instant]").first).to_contain_text(f"“{LABEL}”")
    first = page.locator("#desk-items [data-kind=instant]").first
    name = first.get_attribute("data-id") or ""
    first.get_by_role("button", name="No").click()
    expect(first).to_have_attribute("data-verdict", "rejected")
    saved(page)
    video, at = name.split("@")
    assert rows(served.home, "SELECT video_id, track, label, time_us FROM absences") == [(video, TRACK, LABEL, int(at))]
    expect(page.locator("#desk-known")).to_contain_text("Random frames looked at1")
    expect(page.locator("#desk-known")).to_contain_text("Still to be found")
    page.keyboard.press("Control+z")
    expect(page.locator("#desk-known")).to_contain_text("Random frames looked at0")
    first.get_by_role("button", name="Yes").click()
    saved(page)
    ((found,),) = rows(served.home, "SELECT attributes FROM annotations WHERE NOT deleted")
    assert found == '{"found_by": "random sample"}'


def test_what_is_decided_while_the_studio_is_away_is_sent_by_the_next_page(
    page: Page, served: Served, desk: str
) -> None:
    opened(page, desk)
    page.context.set_offline(True)
    page.keyboard.press("a")
    page.keyboard.press("x")
    expect(page.locator("#desk-state")).to_contain_text("kept in this browser")
    page.close()
    assert decisions(served) == []
    again = page.context.new_page()
    page.context.set_offline(False)
    again.goto(desk)
    expect(again.locator("#desk-count")).to_have_text("2 predictions to decide")
    assert decisions(served) == [("desk0", "accepted"), ("desk1", "rejected")]


def test_axe_finds_nothing_and_all_of_it_fits(page: Page, desk: str) -> None:
    opened(page, desk)
    page.click("#desk-filters summary")
    look(page, "the review desk")
    page.click("[data-feed=random]")
    expect(page.locator("#desk-items [data-kind=instant]").first).to_be_visible()
    assert fits(page) == []


def test_the_desk_is_filtered_by_how_sure_the_model_is(page: Page, desk: str) -> None:
    opened(page, desk)
    page.click("#desk-filters summary")
    page.fill("#desk-lowest", "65")
    page.fill("#desk-highest", "80")
    page.keyboard.press("Tab")
    expect(page.locator("#desk-filtered")).to_have_text("65 to 80 % sure")
    expect(page.locator(CARD)).to_have_count(2)
    assert page.locator(CARD).evaluate_all("cards => cards.map((card) => card.dataset.id)") == ["desk1", "desk2"]
