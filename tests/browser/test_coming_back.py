"""Links are links, and Back comes to the place one left, as a hand does it."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest
from playwright.sync_api import Page, Route, expect

from studio.store import runs
from studio.timeline import ModelRun
from tests.browser.annotate_page import AnnotatePage, rows, video_id
from tests.browser.conftest import Served

pytestmark = pytest.mark.browser


@pytest.fixture
def small(page: Page) -> Iterator[Page]:
    """A window that shows only a part of any list."""
    page.set_viewport_size({"width": 700, "height": 420})
    yield page


def asked(page: Page) -> list[str]:
    """The searches that the page sends from now on."""
    sent: list[str] = []

    def note(request: object) -> None:
        body = getattr(request, "post_data", None) or ""
        if '"fn_name":"search"' in body.replace(" ", ""):
            sent.append(body)

    page.on("request", note)
    return sent


def test_back_from_a_video_is_the_same_place_of_the_results_without_a_search(small: Page, served: Served) -> None:
    page = small
    sent = asked(page)
    page.goto(f"{served.url}?view=search")
    page.click("#search-options summary")
    page.fill("#opt-longest", "9999")
    page.press("#opt-longest", "Tab")
    page.click("#search-options summary")
    page.fill("#search-query", "a bicycle on a street")
    page.press("#search-query", "Enter")
    hits = page.locator(".hit .picture")
    expect(hits.nth(5)).to_be_attached()
    assert len(sent) == 1
    hits.nth(5).scroll_into_view_if_needed()
    before = page.evaluate("window.scrollY")
    address = page.url
    assert before > 100 and "longest=9999" in address
    name = hits.nth(5).get_attribute("aria-label")
    hits.nth(5).click()
    page.wait_for_selector("#timeline[data-view-end]")
    page.go_back()
    page.wait_for_function("y => Math.abs(window.scrollY - y) <= 1", arg=before)
    assert page.url == address
    expect(hits.nth(5)).to_have_attribute("aria-label", name or "")
    expect(page.locator("#search-query")).to_have_value("a bicycle on a street")
    assert len(sent) == 1, "nothing was asked again"
    page.go_forward()
    page.reload()  # and from a page that was loaded anew
    page.wait_for_selector("#timeline[data-view-end]")
    page.go_back()
    expect(page.locator("#search-options-set")).to_have_text("(1 set)")
    page.wait_for_function("y => Math.abs(window.scrollY - y) <= 1", arg=before)
    assert len(sent) == 1, "nothing was asked again"


def test_back_from_a_video_is_the_same_place_of_the_library(small: Page, served: Served) -> None:
    page = small
    page.goto(served.url)
    last = page.locator(".card .picture").last
    last.scroll_into_view_if_needed()
    before = page.evaluate("window.scrollY")
    assert before > 100
    last.click()
    page.wait_for_selector("#timeline[data-view-end]")
    page.go_back()
    page.wait_for_function("y => Math.abs(window.scrollY - y) <= 1", arg=before)


def test_names_and_chips_are_links(page: Page, served: Served) -> None:
    bikes = video_id(served.home, "bikes")
    page.goto(served.url)
    expect(page.locator(f"[data-video='{bikes}'] h3 a")).to_have_attribute("href", f"?video={bikes}")
    page.goto(f"{served.url}?view=search&q=a+bicycle+on+a+street&name=bikes")
    first = page.locator(".hit").first
    expect(first.locator(".title a")).to_have_attribute("href", re.compile(f"video={bikes}&t="))
    expect(page.locator("#search-options-set")).to_have_text("(1 set)")
    alike = first.get_by_text("More like this")
    expect(alike).to_have_attribute("href", re.compile("view=search.*like=.*name=bikes"))
    page.click("#search-save")
    page.fill("#search-name", "streets")
    page.press("#search-name", "Enter")
    kept = page.locator("#search-kept a.name", has_text="streets")
    expect(kept).to_have_attribute("href", "?view=search&q=a+bicycle+on+a+street&name=bikes")
    with page.context.expect_page() as opened:
        kept.click(modifiers=["Control"])
    other = opened.value
    expect(other.locator(".hit .title").first).to_have_text("bikes.mp4")
    expect(other.locator("#opt-name")).to_have_value("bikes")
    other.close()
    page.click("[aria-label='Remove streets']")
    expect(kept).to_have_count(0)
    AnnotatePage(page, served.url).open(bikes)
    expect(page.locator("#video-name")).to_have_attribute("href", f"?video={bikes}")


def test_examples_are_words_of_this_library_that_find_something(page: Page, served: Served, bikes: str) -> None:
    annotate_page = AnnotatePage(page, served.url).open(bikes)
    annotate_page.create(1.0, 2.0, "bicycles on a street")
    annotate_page.create(2.52, 3.0, "zzyzx qqq")
    page.goto(f"{served.url}?view=search")
    examples = page.locator("#search-examples .chip")
    expect(examples.filter(has_text="bicycles on a street")).to_have_count(1)
    expect(examples.filter(has_text="zzyzx")).to_have_count(0)
    examples.filter(has_text="bicycles on a street").click()
    expect(page.locator("#search-status")).to_contain_text("likely moment")
    assert ("zzyzx qqq",) in rows(served.home, "SELECT label FROM annotations WHERE video_id = ?", bikes)


def test_what_speakers_and_emotions_lacked_stays_beside_their_buttons(
    annotate_page: AnnotatePage, served: Served, bikes: str
) -> None:
    page = annotate_page.page
    note = "1 face, no sound in this file: nobody can be heard."
    with closing(sqlite3.connect(served.home / "studio.db", timeout=10, isolation_level=None)) as db:
        db.row_factory = sqlite3.Row
        runs.insert(db, ModelRun(bikes, "speaker", "test", "1", [], {"tracks": [], "note": note}))
        runs.insert(db, ModelRun(bikes, "emotion", "test", "1", [], {"curves": [], "note": "No faces."}))
    annotate_page.open(bikes)
    expect(page.locator("#finder-notes p")).to_have_text([note, "No faces."])


def test_the_place_of_a_video_stays_in_its_own_address(annotate_page: AnnotatePage) -> None:
    page = annotate_page.page
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("Space")
    page.wait_for_function("document.querySelector('#player').currentTime > 0.5")
    page.locator("#page-shell").get_by_role("tab", name="Library").click()
    page.wait_for_function("document.querySelector('#player').paused")
    page.wait_for_timeout(300)  # a player says a little later that it pauses
    assert "t=" not in page.url
    page.go_back()
    assert float(page.url.split("t=")[1].split("&")[0]) > 0.4


def test_of_two_moments_of_a_video_that_still_loads_the_second_is_shown(page: Page, served: Served, bikes: str) -> None:
    held = []

    def hold(route: Route) -> None:
        if '"load_document"' in (route.request.post_data or ""):
            held.append(route)
        else:
            route.continue_()

    page.route("**/component_server**", hold)
    page.goto(f"{served.url}?view=library")
    for start in (1, 3):
        page.evaluate(
            "address => { history.pushState(null, '', address); dispatchEvent(new PopStateEvent('popstate')); }",
            f"?video={bikes}&t={start}&end={start + 1}&q=a+bicycle&score=0.5",
        )
    page.wait_for_function("document.querySelector('#workspace').hasAttribute('aria-busy')")
    while not held:
        page.wait_for_timeout(50)
    assert len(held) == 1
    held[0].continue_()
    found = page.locator("#segment-list [data-id=hit]")
    expect(found).to_have_attribute("aria-selected", "true")
    assert float(found.get_attribute("data-start") or 0) == 3
    expect(page.locator("#clock")).to_contain_text("0:03")


def test_menus_and_messages_are_seen_in_full_screen(annotate_page: AnnotatePage) -> None:
    page = annotate_page.page
    annotate_page.create(1.0, 2.0)
    page.click("#fullscreen")
    expect(page.locator("#workspace.full")).to_be_visible()
    expect(page.locator("header.top")).to_have_attribute("inert", "")  # nobody tabs to what is not seen
    over = """node => {
      const { left, top, width, height } = node.getBoundingClientRect();
      return node.contains(document.elementFromPoint(left + width / 2, top + height / 2));
    }"""
    page.locator("[data-row=Moments] .more").click()
    assert page.locator(".menu").evaluate(over)
    page.locator(".menu").get_by_role("menuitemcheckbox", name="Lock").click()
    annotate_page.drag((3.0, annotate_page.lane()), (4.0, annotate_page.lane()))
    expect(page.locator("#toast.shown")).to_contain_text("locked")
    page.add_style_tag(content="#toast { pointer-events: auto !important }")
    assert page.locator("#toast").evaluate(over)
    page.click("#fullscreen")
    expect(page.locator("#workspace.full")).to_have_count(0)
    expect(page.locator("header.top")).not_to_have_attribute("inert", "")
