"""The Models page: what there is, and two of them side by side."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.annotate_page import video_id
from tests.browser.conftest import Served

pytestmark = pytest.mark.browser
DONE = "#try-result[data-agreement]:not([data-agreement=''])"


def test_every_card_says_where_it_is_from_and_what_it_measured(page: Page, served: Served) -> None:
    page.goto(f"{served.url}?view=models")
    card = page.locator("[data-model=studio-lite]")
    expect(card).to_contain_text("installed, default")
    expect(card).to_contain_text("trained by this project")
    card.locator("summary").click()
    expect(card.locator("td", has_text=re.compile("^t2i R@10$"))).to_be_visible()
    missing = page.locator("[data-model=moment-detr]")
    expect(missing).to_be_hidden()
    missing.locator("xpath=ancestor::details").locator("> summary").click()
    expect(missing).to_contain_text("not installed")
    expect(missing).to_contain_text("studio models add")
    assert page.locator(".card.model").count() >= 10


def test_two_engines_are_compared_and_the_link_compares_them_again(page: Page, served: Served) -> None:
    page.goto(f"{served.url}?view=models")
    page.select_option("#try-task", "grounding")
    chosen = page.get_by_role("combobox", name="Video")
    chosen.fill("bik")
    expect(page.get_by_role("option", name="bikes.mp4")).to_have_attribute("aria-selected", "true")
    chosen.press("Enter")
    expect(chosen).to_have_value("bikes.mp4")
    page.select_option("#try-a", "merge-tree")
    page.select_option("#try-b", "tag")
    page.fill("#try-query", "a wheel that turns")
    page.click("#try-form button")
    page.wait_for_selector(DONE)
    agreement = page.get_attribute("#try-result", "data-agreement")
    assert 0 <= float(agreement or -1) <= 1
    assert page.locator("#try-result .side-a").count() >= 1
    assert page.locator("#try-result .side-b").count() >= 1
    expect(page.locator("#try-result .facts")).to_contain_text(re.compile("[0-9] segments? in"))
    bar = page.locator("#try-result .side-a").first
    bar.click()
    page.wait_for_function("!document.querySelector('#try-result video').paused")
    page.wait_for_function("parseFloat(document.querySelector('#try-result').style.getPropertyValue('--at')) > 0")
    link = page.url
    page.goto("about:blank")
    page.goto(link)
    page.wait_for_selector(DONE)
    assert page.get_attribute("#try-result", "data-agreement") == agreement

    page.set_viewport_size({"width": 390, "height": 844})  # a phone has no room for names beside the lanes
    parts = ("#try-result video", "#try-result .bar", "#try-form")
    video, lane, form = (page.locator(each).first.bounding_box() for each in parts)
    assert video and lane and form
    assert video["x"] + video["width"] <= form["x"] + form["width"] + 1 and lane["width"] >= form["width"] - 1
    expect(page.locator("#try-query")).to_have_value("a wheel that turns")

    page.goto(f"{served.url}?video={video_id(served.home, 'bikes')}")
    page.wait_for_selector("#timeline[data-view-end]")
    expect(page.locator("#segment-list [data-label='a wheel that turns']")).to_have_count(0)


def test_a_question_is_needed_and_a_model_that_left_is_named(page: Page, served: Served) -> None:
    page.goto(f"{served.url}?view=models")
    page.select_option("#try-task", "grounding")
    page.click("#try-form button")
    expect(page.locator("#try-status")).to_contain_text("Say in a few words")
    page.goto(f"{served.url}?view=models&task=grounding&video=none&a=merge-tree&b=tag&q=x")
    expect(page.locator("#try-status")).to_contain_text("no longer available")
