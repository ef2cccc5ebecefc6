"""What is written on the screen: read, seen over the picture, put right, found."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import ImageDraw
from playwright.sync_api import Page, expect

from studio.config import Settings
from studio.service import Studio
from tests.browser.annotate_page import ANNOTATION, AnnotatePage, go, rows, video_id
from tests.browser.conftest import Served, free_port
from tests.tasks.test_text_reading import SIZE, clip, text

pytestmark = pytest.mark.browser


def paint(draw: ImageDraw.ImageDraw, frame: int) -> None:
    if frame < 50:
        text(draw, "Chapter one", 40, 20, 36)
    if frame >= 20:
        text(draw, "Jane Whitfield", 30, 190)


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Served]:
    home = tmp_path / "home"
    studio = Studio(Settings(home=home, device="cpu"))
    studio.jobs.index(studio.videos.add(clip(tmp_path / "slides.mp4", 75, paint).path)["id"])
    studio.close()
    made = Served(home, free_port())
    made.start()
    yield made
    made.stop()
    assert "Traceback" not in made.log, made.log


def boxes(page: Page) -> list[dict[str, Any]]:
    return list(json.loads(page.get_attribute("#texts", "data-texts") or "[]"))


def shown(page: Page, *labels: str) -> list[dict[str, Any]]:
    """Wait until just these texts have boxes."""
    page.wait_for_function(
        "wanted => JSON.stringify(JSON.parse(document.querySelector('#texts').dataset.texts).map(b => b.label).sort())"
        " === JSON.stringify(wanted)",
        arg=sorted(labels),
    )
    return sorted(boxes(page), key=lambda box: str(box["label"]))


def test_what_is_on_the_screen_is_read_put_right_and_found(page: Page, library: Served) -> None:
    page.goto(f"{library.url}?view=library")
    expect(page.locator("#words-now")).to_have_text("Prepare 1 video that is here")
    expect(page.locator("#words-on")).not_to_be_checked()
    page.check("#words-on")
    page.reload()
    expect(page.locator("#words-on")).to_be_checked()
    opened = AnnotatePage(page, library.url).open(video_id(library.home, "slides"))
    expect(page.locator("#texts-toggle")).to_be_hidden()
    expect(page.locator(".gutter-row", has_text="On screen")).to_have_count(0)
    page.get_by_role("button", name="Read the screen").click()
    expect(page.locator(".gutter-row", has_text="On screen")).to_be_visible()
    expect(page.locator("#segment-list [data-kind=prediction]")).to_have_count(2)

    go(opened, 1.2)
    chapter, jane = shown(page, "Chapter one", "Jane Whitfield")
    canvas = page.locator("#texts").bounding_box()
    assert canvas is not None
    scale = min(canvas["width"] / SIZE[0], canvas["height"] / SIZE[1])
    left, top = (canvas["width"] - SIZE[0] * scale) / 2, (canvas["height"] - SIZE[1] * scale) / 2
    assert [chapter["x"], chapter["y"]] == pytest.approx([left + 40 * scale, top + 28 * scale], abs=10 * scale)
    page.uncheck("#show-texts")
    shown(page)
    page.check("#show-texts")

    inside = canvas["x"] + jane["x"] + jane["w"] / 2, canvas["y"] + jane["y"] + jane["h"] / 2
    page.mouse.click(*inside)
    expect(page.locator("#segment-list [aria-selected=true]")).to_contain_text("Jane Whitfield")
    page.keyboard.press("a")
    expect(page.locator(ANNOTATION)).to_have_attribute("data-source", "accepted")
    go(opened, 1.2)
    page.mouse.click(*inside)
    page.fill("#label-input", "Jane Whitfield, PhD")
    page.press("#label-input", "Tab")
    opened.saved()
    expect(page.locator(ANNOTATION)).to_have_attribute("data-source", "correction")
    shown(page, "Chapter one", "Jane Whitfield, PhD")
    assert rows(library.home, "SELECT track, label FROM annotations") == [("On screen", "Jane Whitfield, PhD")]

    go(opened, 2.4)
    shown(page, "Jane Whitfield, PhD")
    page.reload()
    page.wait_for_function("document.querySelector('#player')?.readyState >= 1")
    expect(page.locator("#texts-toggle")).to_be_visible()

    page.goto(f"{library.url}?view=search&q=%22whitfield%20phd%22")
    found = page.locator("p.line").first
    expect(found).to_have_text("On screen: “Jane Whitfield, PhD”")
    expect(found.locator("mark")).to_have_text("Whitfield, PhD")
