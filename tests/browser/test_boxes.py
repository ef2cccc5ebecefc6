"""Boxes over time: drawn, moved at another frame, corrected, made segments, undone, there after a reload."""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.annotate_page import AnnotatePage, go, place_of, rows
from tests.browser.conftest import Served
from tests.browser.test_accessibility import look

pytestmark = pytest.mark.browser


@pytest.fixture
def opened(annotate_page: AnnotatePage, served: Served) -> Iterator[AnnotatePage]:
    yield annotate_page
    with sqlite3.connect(served.home / "studio.db", timeout=10) as db:
        for table in ("box_keys", "box_tracks"):
            db.execute(f"DELETE FROM {table}")


def shown(page: Page) -> list[dict[str, Any]]:
    return list(json.loads(page.get_attribute("#boxes", "data-boxes") or "[]"))


def place(page: Page, x: float, y: float) -> tuple[float, float]:
    """A point of the picture, by shares, on the page: px."""
    frame = page.locator("#boxes").bounding_box()
    video = page.evaluate("() => { const v = document.querySelector('#player'); return [v.videoWidth, v.videoHeight] }")
    assert frame is not None
    scale = min(frame["width"] / video[0], frame["height"] / video[1])
    wide, high = video[0] * scale, video[1] * scale
    left, top = frame["x"] + (frame["width"] - wide) / 2, frame["y"] + (frame["height"] - high) / 2
    return left + x * wide, top + y * high


def drag(page: Page, start: tuple[float, float], end: tuple[float, float]) -> None:
    page.mouse.move(*place(page, *start))
    page.mouse.down()
    page.mouse.move(*place(page, *end), steps=4)
    page.mouse.up()


def keys(served: Served) -> list[tuple[Any, ...]]:
    asked = (
        "SELECT time_us, round(x1, 2), round(y1, 2), round(x2, 2), round(y2, 2), hidden FROM box_keys ORDER BY time_us"
    )
    return rows(served.home, asked)


def test_a_box_is_drawn_moved_corrected_and_undone(opened: AnnotatePage, served: Served) -> None:
    page = opened.page
    expect(page.locator("#tab-boxes")).to_be_hidden()
    go(opened, 1)
    page.keyboard.press("Shift+B")
    expect(page.locator("#box-panel")).to_be_visible()
    drag(page, (0.2, 0.3), (0.4, 0.7))
    opened.saved()
    assert keys(served) == [(1_000_000, 0.2, 0.3, 0.4, 0.7, 0)]
    page.fill("#box-label", "bike")
    page.press("#box-label", "Tab")
    page.fill("#box-name", "<img src=x onerror=alert(1)>")
    page.press("#box-name", "Tab")
    expect(page.locator(".gutter-row.boxes")).to_have_count(1)

    go(opened, 2)  # it is there no more, and shown because it is chosen
    assert [box["ghost"] for box in shown(page)] == [True]
    drag(page, (0.3, 0.5), (0.5, 0.5))
    opened.saved()
    assert keys(served)[1] == (2_000_000, 0.4, 0.3, 0.6, 0.7, 0)
    go(opened, 1.48)  # half way
    box = shown(page)[0]
    left = place(page, 0.296, 0)[0] - page.locator("#boxes").bounding_box()["x"]  # type: ignore[index]
    assert box["x"] == pytest.approx(left, abs=1.5) and not box["ghost"] and not box["key"]

    page.click("#box-add-label")
    expect(page.locator("#box-add-label")).to_have_count(0)
    page.fill("#box-label", "other")
    page.press("#box-label", "Tab")
    page.locator("#boxes").focus()
    page.keyboard.press("1")
    expect(page.locator("#box-label")).to_have_value("bike")
    page.keyboard.press("Shift+ArrowDown")
    opened.saved()
    assert len(keys(served)) == 3
    page.keyboard.press("Alt+ArrowLeft")
    page.keyboard.press("o")
    opened.saved()
    assert keys(served)[1][-1] == 1
    expect(page.locator("#box-state")).to_contain_text("hidden")
    page.keyboard.press("o")
    page.keyboard.press("p")
    opened.saved()
    asked = "SELECT hidden, occluded FROM box_keys ORDER BY time_us"
    assert [tuple(row) for row in rows(served.home, asked)] == [(0, 0), (0, 1), (0, 0)]
    expect(page.locator("#box-state")).to_contain_text(", partly hidden")
    assert shown(page)[0]["occluded"]
    page.click("#box-occlude")
    expect(page.locator("#box-state")).not_to_contain_text("hidden")
    page.locator("#boxes").focus()
    page.keyboard.press("k")
    opened.saved()
    assert len(keys(served)) == 2
    for _ in range(7):
        page.click("#undo")
    opened.saved()
    assert keys(served) == [(1_000_000, 0.2, 0.3, 0.4, 0.7, 0), (2_000_000, 0.4, 0.3, 0.6, 0.7, 0)]

    look(page, "boxes are drawn")
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.set_viewport_size({"width": 1280, "height": 720})

    page.click("#box-segments")
    expect(page.locator("#segment-list [data-kind=annotation]")).to_have_count(1)
    opened.saved()
    made = rows(
        served.home, "SELECT track, label, start_us, end_us FROM annotations WHERE NOT deleted AND label = 'bike'"
    )
    assert made == [("<img src=x onerror=alert(1)>", "bike", 1_000_000, 2_040_000)]

    page.reload()
    page.wait_for_selector("#timeline[data-view-end]")
    expect(page.locator("#tab-boxes")).to_be_visible()
    go(opened, 1)
    assert [(box["title"], box["ghost"]) for box in shown(page)] == [("<img src=x onerror=alert(1)> · bike", False)]
    row = place_of(page, ".gutter-row.boxes")
    page.mouse.click(opened.x(1.5), row["y"] + row["height"] / 2)
    expect(page.locator("#box-state")).to_contain_text("in between")
    page.select_option("#box-list", label="none chosen")
    go(opened, 1)
    page.mouse.click(*place(page, 0.3, 0.5))
    expect(page.locator("#box-name")).to_have_value("<img src=x onerror=alert(1)>")
    page.click("#export")
    page.select_option("#export-format", "coco-video")
    expect(page.locator("#export-lost li")).to_have_text(
        "1 segment is not written: this format has boxes over time only."
    )
    with page.expect_download() as download:
        page.click("#export-go")
    written = json.loads(download.value.path().read_bytes())
    assert [each["name"] for each in written["tracks"]] == ["<img src=x onerror=alert(1)>"]
    page.click("#box-delete")
    opened.saved()
    assert rows(served.home, "SELECT deleted FROM box_tracks") == [(1,)]
    page.click("#undo")
    opened.saved()
    assert rows(served.home, "SELECT deleted FROM box_tracks") == [(0,)]


def test_attributes_of_the_schema_are_said_of_a_box(opened: AnnotatePage, served: Served) -> None:
    page = opened.page
    go(opened, 1)
    page.keyboard.press("Shift+B")
    page.keyboard.press("Enter")
    opened.saved()
    page.click("#edit-labels")
    section = "#labels-tracks [data-track=Boxes]"
    page.locator(section).get_by_role("button", name="Attributes of the row").click()
    page.click(f"{section} .attribute-types >> text=+ Attribute")
    line = page.locator(f"{section} .attribute-type").last
    line.get_by_label("Name of an attribute").fill("colour")
    line.get_by_label("Options of").fill("red, <b>blue</b>")
    page.click(f"{section} .attribute-types >> text=+ Attribute")
    line = page.locator(f"{section} .attribute-type").last
    line.get_by_label("Name of an attribute").fill("wheels")
    line.locator("select").select_option("number")
    page.click("#labels-save")
    expect(page.locator("#labels")).to_be_hidden()

    panel = page.locator("#box-panel .attributes")
    panel.get_by_role("button", name="<b>blue</b>").click()
    expect(panel.get_by_role("button", name="<b>blue</b>")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Enter")
    expect(panel.get_by_label("wheels")).to_be_focused()
    page.keyboard.type("4")
    page.keyboard.press("Enter")
    expect(page.locator("#boxes")).to_be_focused()
    opened.saved()
    said = "SELECT attributes FROM box_tracks WHERE NOT deleted"
    assert [json.loads(text) for (text,) in rows(served.home, said)] == [{"colour": "<b>blue</b>", "wheels": 4}]
    look(page, "a box has attributes")
    page.click("#undo")
    opened.saved()
    assert [json.loads(text) for (text,) in rows(served.home, said)] == [{"colour": "<b>blue</b>"}]
    page.click("#box-delete")
    page.click("#undo")
    page.select_option("#box-list", index=1)
    expect(panel.get_by_role("button", name="<b>blue</b>")).to_have_attribute("aria-pressed", "true")
    opened.saved()
    assert [json.loads(text) for (text,) in rows(served.home, said)] == [{"colour": "<b>blue</b>"}]


def test_the_focus_goes_back_to_the_timeline(opened: AnnotatePage) -> None:
    page = opened.page
    page.keyboard.press("Shift+B")
    expect(page.locator("#boxes")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#timeline")).to_be_focused()


def test_a_segment_gets_a_box_for_its_time(opened: AnnotatePage, served: Served) -> None:
    page = opened.page
    opened.create(1, 2, "riding")
    page.keyboard.press("Shift+B")
    page.click("#box-of-segment")
    opened.saved()
    assert [key[0] for key in keys(served)] == [1_000_000, 1_960_000]
    assert rows(served.home, "SELECT label FROM box_tracks") == [("riding",)]


def test_a_box_is_tracked_and_that_is_undone_as_one_step(opened: AnnotatePage, served: Served) -> None:
    page = opened.page
    go(opened, 5.6)
    page.keyboard.press("Shift+B")
    drag(page, (0.2, 0.3), (0.5, 0.8))
    opened.saved()
    page.select_option("#box-track-far", label="3 s")
    page.click("#box-track")
    page.wait_for_function("() => /^([2-9]|\\d\\d+) key frames/.test(document.querySelector('#box-state').textContent)")
    sources = rows(served.home, "SELECT source, count(*) FROM box_keys GROUP BY source ORDER BY source")
    assert sources[0] == ("manual", 1) and sources[1][1] > 0
    page.click("#undo")
    opened.saved()
    assert rows(served.home, "SELECT source FROM box_keys") == [("manual",)]
    page.click("#redo")
    opened.saved()
    assert rows(served.home, "SELECT source, count(*) FROM box_keys GROUP BY source ORDER BY source") == sources


CVAT = """<annotations><meta><task><size>250</size><stop_frame>249</stop_frame><original_size><width>640</width>
<height>272</height></original_size><source>bikes.mp4</source></task></meta><track id="0" label="bike">
<attribute name="box">from CVAT</attribute>
<box frame="25" outside="0" occluded="0" keyframe="1" xtl="64" ytl="27.2" xbr="128" ybr="136"/>
<box frame="50" outside="1" occluded="0" keyframe="1" xtl="128" ytl="27.2" xbr="192" ybr="136"/>
</track></annotations>"""


def test_boxes_of_a_file_are_seen_on_the_picture_and_taken_back(opened: AnnotatePage, tmp_path: Path) -> None:
    page = opened.page
    file = tmp_path / "annotations.xml"
    file.write_text(CVAT, "utf-8")
    page.click("#import")
    page.set_input_files("#import-file", file)
    page.select_option("#import-format", "cvat")
    expect(page.locator("#import-counts")).to_contain_text("1 box over time")
    expect(page.locator("#import-go")).to_have_text("Import 1")
    page.click("#import-go")
    expect(page.locator("#tab-boxes")).to_be_visible()
    page.click("#import")
    expect(page.locator("#import-past li").first).to_contain_text("annotations.xml: 1 box over time, ")
    page.click("#import-close")
    go(opened, 1.48)
    (box,) = shown(page)
    assert box["title"] == "from CVAT · bike"
    left = place(page, 0.148, 0)[0] - page.locator("#boxes").bounding_box()["x"]  # type: ignore[index]
    assert box["x"] == pytest.approx(left, abs=1.5)
    page.click("#undo")
    expect(page.locator("#tab-boxes")).to_be_hidden()
    assert shown(page) == []


def test_all_faces_of_a_picture_become_boxes_at_once(opened: AnnotatePage, served: Served) -> None:
    page = opened.page
    opened.open(rows(served.home, "SELECT id FROM videos WHERE name LIKE '%carphone%'")[0][0])
    go(opened, 1)
    page.keyboard.press("Shift+B")
    page.click("#box-faces")
    expect(page.locator("#box-name")).to_have_value("1", timeout=60_000)
    opened.saved()
    asked = (
        "SELECT label, name, min(time_us) FROM box_tracks JOIN box_keys ON box_id = id WHERE NOT deleted GROUP BY id"
    )
    ((label, name, first),) = rows(served.home, asked)
    assert (label, name) == ("face", "1") and abs(first - 1_000_000) < 40_000
    page.click("#undo")
    opened.saved()
    assert rows(served.home, asked) == []
