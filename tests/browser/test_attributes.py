"""Attributes that the schema gives a label: said by keys and by touch, of one segment and of several, over time."""

import json
import os
from typing import Any

from playwright.sync_api import Browser, Page, expect

from tests.browser.annotate_page import AnnotatePage, become, go, rows
from tests.browser.conftest import Served

SECTION = "#labels-tracks [data-track=Moments]"


def shot(page: Page, name: str) -> None:
    """A picture for whoever wants to look (SHOTS names the folder)."""
    if folder := os.environ.get("SHOTS"):
        page.screenshot(path=f"{folder}/{name}.png")


def attributes(served: Served, video: str) -> list[dict[str, Any]]:
    found = rows(served.home, "SELECT attributes FROM annotations WHERE video_id = ? AND NOT deleted "
                              "ORDER BY start_us", video)  # fmt: skip
    return [json.loads(text) for (text,) in found]


def give(
    page: Page, name: str, kind: str, *, options: str = "", low: str = "", high: str = "", changes: bool = False
) -> None:
    page.click(f"{SECTION} .attribute-types >> text=+ Attribute")
    line = page.locator(f"{SECTION} .attribute-type").last
    line.get_by_label("Name of an attribute").fill(name)
    line.locator("select").select_option(kind)
    line = page.locator(f"{SECTION} .attribute-type").last
    if options:
        line.get_by_label("Options of").fill(options)
    for bound, value in (("from", low), ("to", high)):
        if value:
            line.get_by_placeholder(bound, exact=True).fill(value)
    if changes:
        line.get_by_label("may change").check()


def test_attributes_are_given_to_a_label_and_said_by_keys(page: Page, served: Served, bikes: str) -> None:
    annotate_page = AnnotatePage(page, served.url).open(bikes)
    page.click("#edit-labels")
    page.click(f"{SECTION} >> text=+ Label")
    page.locator(f"{SECTION} .row.label input[type=text]").fill("turn")
    page.get_by_label("Attributes of the new label").click()
    give(page, "side", "choice", options="left, right, <b>both</b>")
    give(page, "seen by", "several", options="ann, ben")
    give(page, "force", "number", low="1", high="5")
    give(page, "clear", "yes_no")
    give(page, "gaze", "choice", options="up, down", changes=True)
    shot(page, "labels")
    page.click("#labels-save")
    expect(page.locator("#labels")).to_be_hidden()

    annotate_page.create(1.0, 3.0, "turn")
    go(annotate_page, 2.0)
    page.locator("#timeline").focus()
    for key in ("w", "3", "Enter", "2", "1", "Enter"):
        page.keyboard.press(key)
    expect(page.locator(".panel .attributes")).to_be_visible()
    page.keyboard.type("9")
    page.keyboard.press("Enter")
    expect(page.get_by_text("“force” is a number from 1 to 5.")).to_be_visible()
    page.get_by_role("spinbutton", name="force").fill("4")
    page.keyboard.press("Enter")
    page.keyboard.press("2")
    for option in ("up", "down"):
        page.locator("[data-attribute=gaze]").get_by_role("button", name=option, exact=True).click()
    annotate_page.saved()
    said = {"side": "<b>both</b>", "seen by": ["ann", "ben"], "force": 4, "clear": False,
            "gaze": {"changes": [[1.0, None], [2.0, "down"]]}}  # fmt: skip
    assert attributes(served, bikes) == [said]
    shot(page, "said")
    page.set_viewport_size({"width": 390, "height": 780})
    page.locator(".panel .attributes").scroll_into_view_if_needed()
    shot(page, "said-390")
    page.set_viewport_size({"width": 1280, "height": 720})

    # they go with the segment, and one step takes back one thing
    page.locator("#timeline").focus()
    page.keyboard.press("s")
    annotate_page.saved()
    become(annotate_page, [(1.0, 2.0), (2.0, 3.0)])
    first, second = attributes(served, bikes)
    assert (first["side"], second["side"], second["gaze"]) == ("<b>both</b>", "<b>both</b>", "down")
    page.keyboard.press("Control+a")
    box = page.locator(".panel .attributes")
    expect(box.get_by_role("button", name="left", exact=True)).to_have_attribute("aria-pressed", "false")
    box.get_by_role("button", name="left", exact=True).click()
    annotate_page.saved()
    assert [each["side"] for each in attributes(served, bikes)] == ["left", "left"]
    page.keyboard.press("Control+z")
    annotate_page.saved()
    assert [each["side"] for each in attributes(served, bikes)] == ["<b>both</b>", "<b>both</b>"]
    shot(page, "several")


def test_labels_that_two_people_change_at_once_are_all_kept(
    browser: Browser, page: Page, served: Served, bikes: str
) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 720})
    other = context.new_page()
    for one in (page, other):
        AnnotatePage(one, served.url).open(bikes)
        one.click("#edit-labels")
        one.click(f"{SECTION} >> text=+ Label")
    names = f"{SECTION} .row.label input[type=text]"
    other.locator(names).last.fill("theirs")
    other.click("#labels-save")
    expect(other.locator("#labels")).to_be_hidden()
    page.locator(names).last.fill("mine")
    page.locator(f"{SECTION} select[aria-label^='Key of']").last.select_option("7")
    page.click("#labels-save")
    expect(page.locator("#labels-message")).to_contain_text("Theirs are listed now, with what you changed")
    shown = page.locator(names).evaluate_all("fields => fields.map(each => each.value)")
    assert shown[-2:] == ["theirs", "mine"]
    shot(page, "labels-two")
    page.click("#labels-save")
    expect(page.locator("#labels")).to_be_hidden()
    kept = rows(served.home, "SELECT label, hotkey FROM labels WHERE label IN ('mine', 'theirs') ORDER BY label")
    assert [label for label, _ in kept] == ["mine", "theirs"] and kept[0][1] == "7"
    context.close()
