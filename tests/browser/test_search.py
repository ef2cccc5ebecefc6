"""The Search page as a person uses it: words, pictures, moments, options, reasons, keys, and what is kept."""

import re
from pathlib import Path

import cv2
import pytest
from playwright.sync_api import Page, expect

from studio import media
from tests.browser.annotate_page import AnnotatePage, rows
from tests.browser.conftest import Served

pytestmark = pytest.mark.browser


def ask(page: Page, query: str) -> None:
    page.fill("#search-query", query)
    page.press("#search-query", "Enter")
    expect(page.locator("#search-status")).to_contain_text("moment")


@pytest.fixture
def searched(page: Page, served: Served) -> Page:
    page.goto(f"{served.url}?view=search&q=a+bicycle+on+a+street")
    expect(page.locator(".hit .title").first).to_have_text("bikes.mp4")
    return page


def titles(page: Page) -> set[str]:
    return set(page.locator(".hit .title").all_text_contents())


def test_a_picture_finds_its_video(searched: Page, clips: dict[str, Path], tmp_path: Path) -> None:
    _, image = media.frame_at(clips["carphone"], 1_000_000)
    file = tmp_path / "frame.png"
    cv2.imwrite(str(file), cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
    searched.set_input_files("#search-picture", file)
    expect(searched.locator("#search-asked")).to_contain_text("like this picture")
    # another test may have uploaded the same clip under this name
    expect(searched.locator(".hit .title").first).to_contain_text(re.compile("carphone|My man"))
    searched.wait_for_function("+document.querySelector('.hit').dataset.score > 0.9")
    file.write_text("no picture")
    searched.set_input_files("#search-picture", file)
    expect(searched.locator("#toast")).to_contain_text("cannot be read")


def test_more_like_this_is_a_link_that_reopens(searched: Page, served: Served) -> None:
    searched.locator(".hit >> text=More like this").first.click()
    expect(searched.locator("#search-asked")).to_contain_text("like this moment")
    searched.wait_for_url("**like=**")
    expect(searched.locator("#search-status")).to_contain_text("moment")
    first = searched.locator(".hit").first.get_attribute("data-score")
    searched.reload()
    expect(searched.locator("#search-asked")).to_contain_text("like this moment")
    expect(searched.locator(".hit").first).to_have_attribute("data-score", first or "")
    searched.click("[aria-label='Without like this moment']")
    expect(searched.locator("#search-asked")).to_be_hidden()


def test_options_narrow_and_are_kept_with_the_search(searched: Page) -> None:
    assert len(titles(searched)) > 1
    searched.click("#search-options summary")
    searched.fill("#opt-name", "carphone")
    searched.press("#opt-name", "Tab")
    expect(searched.locator("#search-options-set")).to_have_text("(1 set)")
    searched.wait_for_function(
        "[...document.querySelectorAll('.hit .title')].every(t => t.textContent.startsWith('carphone'))"
    )
    searched.click("#search-save")
    searched.fill("#search-name", "suits")
    searched.press("#search-name", "Enter")
    kept = searched.locator("#search-kept .name", has_text="suits")
    expect(kept).to_be_visible()
    searched.fill("#opt-name", "")
    searched.press("#opt-name", "Tab")
    searched.wait_for_function(
        "new Set([...document.querySelectorAll('.hit .title')].map(t => t.textContent)).size > 1"
    )
    searched.reload()
    kept.click()
    searched.wait_for_function(
        "[...document.querySelectorAll('.hit .title')].every(t => t.textContent.startsWith('carphone'))"
    )
    searched.click("[aria-label='Remove suits']")
    expect(kept).to_have_count(0)


def test_why(searched: Page) -> None:
    first = searched.locator(".hit").first
    first.locator("text=Why?").click()
    words = first.locator(".why mark")
    expect(words).to_have_text(["a", "bicycle", "on", "a", "street"])
    weights = [float(word.get_attribute("title") or 0) for word in words.all()]
    assert max(weights) == weights[1] == 1.0
    start, end = (float(first.get_attribute(f"data-{edge}") or 0) for edge in ("start", "end"))
    assert first.locator(".why .frames i").count() == pytest.approx(2 * (end - start), abs=2)
    expect(first.locator(".why .part span")).to_have_text(["bicycle", "street"])
    bicycle = first.locator(".why .part", has_text="bicycle")
    expect(bicycle.locator("b")).to_have_text(re.compile(r"^\d+ %$"))
    bicycle.hover()
    heat = first.locator(".picture .heat-map")
    expect(heat).to_have_count(1)
    picture, seen = (first.locator(where).bounding_box() for where in (".picture img", ".heat-map"))
    assert picture and seen
    assert seen["x"] >= picture["x"] - 1 and seen["x"] + seen["width"] <= picture["x"] + picture["width"] + 1
    searched.mouse.move(0, 0)
    expect(heat).to_have_count(0)
    bicycle.click()
    searched.mouse.move(0, 0)
    expect(heat).to_have_count(1)
    expect(bicycle).to_have_attribute("aria-pressed", "true")
    bicycle.click()
    searched.mouse.move(0, 0)
    expect(heat).to_have_count(0)


def test_moving_over_a_moment_previews_it_and_its_profile_leads_there(searched: Page) -> None:
    first = searched.locator(".hit").first
    image, profile = first.locator("img"), first.locator(".score-profile")
    box = profile.bounding_box()
    assert box is not None
    searched.mouse.move(box["x"] + box["width"] * 0.9, box["y"] + 4)
    expect(image).to_have_attribute("src", re.compile(r"t=[89]\.\d"))
    searched.mouse.click(box["x"] + box["width"] * 0.9, box["y"] + 4)
    searched.wait_for_function("Math.abs(document.querySelector('#player')?.currentTime - 9) < 0.3")


def test_keys_walk_through_the_moments(searched: Page) -> None:
    searched.focus("#search-query")
    searched.keyboard.press("ArrowDown")
    focused = "[...document.querySelectorAll('.hit .picture')].indexOf(document.activeElement)"
    assert searched.evaluate(focused) == 0
    searched.keyboard.press("ArrowRight")
    assert searched.evaluate(focused) == 1
    searched.keyboard.press("ArrowLeft")
    searched.keyboard.press("ArrowUp")
    assert searched.evaluate("document.activeElement.id") == "search-query"
    searched.keyboard.press("ArrowDown")
    searched.keyboard.press("/")
    assert searched.evaluate("document.activeElement.id") == "search-query"
    searched.keyboard.press("ArrowDown")
    searched.keyboard.press("Enter")
    expect(searched.locator("#video-name")).to_have_text("bikes.mp4")


def test_a_phone_has_room_for_the_question_and_a_hit_for_the_name_of_its_video(searched: Page) -> None:
    searched.set_viewport_size({"width": 390, "height": 844})
    box = searched.locator("#search-query").bounding_box()
    assert box and box["width"] > 300  # it was 90, between two buttons
    searched.set_viewport_size({"width": 1280, "height": 720})
    cut = """(names) => names.filter((name) => name.scrollWidth > name.clientWidth).map((name) => name.textContent)"""
    searched.locator(".hit .title a").first.evaluate("(name) => (name.textContent = 'interview_of_the_mayor.mp4')")
    assert searched.locator(".hit .title").evaluate_all(cut) == []


def test_a_minus_alone_is_answered_with_a_sentence(searched: Page) -> None:
    searched.fill("#search-query", "-grass")
    searched.press("#search-query", "Enter")
    expect(searched.locator("#search-status")).to_contain_text("what should be seen")


def test_weak_hits_stand_under_a_heading_that_says_so(searched: Page) -> None:
    scores = searched.locator(".hit").evaluate_all("all => all.map((hit) => +hit.dataset.confidence)")
    likely = sum(score >= 0.5 for score in scores)
    assert 0 < likely < len(scores), "this library has both"
    assert [score >= 0.5 for score in scores] == [True] * likely + [False] * (len(scores) - likely)
    expect(searched.locator(".hit .score").first).to_have_text(re.compile(r"^(very )?likely, \d+ %$"))
    expect(searched.locator(".hit .score").last).to_have_text(re.compile(r"^probably not, \d+ %$"))
    expect(searched.locator("#search-status")).to_contain_text(f"{likely} likely moment")
    expect(searched.locator(".less-likely")).to_have_text(f"Less likely, {len(scores) - likely} more")
    order = searched.locator("#search-hits > *").evaluate_all("all => all.map((each) => each.className)")
    assert order.index("less-likely") == likely
    ask(searched, "qwertz asdf")
    expect(searched.locator("#search-status")).to_contain_text(
        "Nothing fits well. These are the nearest moments, and probably not what you asked for."
    )
    expect(searched.locator(".less-likely")).to_have_count(0)


def test_a_hit_is_chosen_as_it_was_found_and_nothing_is_stored_until_it_is_kept(
    searched: Page, served: Served, bikes: str
) -> None:
    counts = (
        "SELECT (SELECT count(*) FROM runs), (SELECT count(*) FROM predictions), (SELECT count(*) FROM annotations)"
    )
    before = rows(served.home, counts)
    first = searched.locator(".hit").first
    start, end = (float(first.get_attribute(f"data-{edge}") or "nan") for edge in ("start", "end"))
    first.locator("a.picture").click()
    expect(searched.locator("#inspector .tag")).to_have_text("search hit")
    expect(searched.locator("#inspector")).to_contain_text(re.compile(r"(Very likely|Likely), \d+ %"))
    expect(searched.locator("#inspector .label")).to_have_text("a bicycle on a street")
    expect(searched.locator("#segment-list [data-kind=prediction]")).to_have_count(1)
    searched.wait_for_timeout(500)
    assert rows(served.home, counts) == before
    searched.locator("#timeline").focus()
    searched.keyboard.press("a")
    annotate_page = AnnotatePage(searched, served.url)
    annotate_page.saved()
    (kept,) = annotate_page.segments("annotation")
    assert (kept["start"], kept["end"], kept["label"]) == (start, end, "a bicycle on a street")
    assert annotate_page.segments("prediction") == []
    assert rows(served.home, "SELECT source, prediction_id FROM annotations WHERE video_id = ?", bikes)[-1] == (
        "manual", None,
    )  # fmt: skip
    searched.go_back()
    expect(searched.locator(".hit").first).to_be_visible()
    with searched.context.expect_page() as opened:
        searched.locator(".hit a.picture").first.click(modifiers=["Control"])
    opened.value.wait_for_selector("#inspector .tag")
    expect(opened.value.locator("#inspector .tag")).to_have_text("search hit")
    opened.value.locator("#timeline").focus()
    opened.value.keyboard.press("x")
    expect(opened.value.locator("#segment-list [data-kind=prediction]")).to_have_count(0)
    opened.value.close()
