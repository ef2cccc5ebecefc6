"""Faces over the video, people with names, and what they say."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from studio.store import transcripts
from studio.timeline import Cue
from tests.browser.annotate_page import AnnotatePage, video_id
from tests.browser.conftest import Served

pytestmark = pytest.mark.browser
SRT = "1\n00:00:00,200 --> 00:00:01,000\nGood evening\n\n2\n00:00:01,500 --> 00:00:02,500\nسلام <b>x</b>\n"


@pytest.fixture
def annotate_page(page: Page, served: Served) -> AnnotatePage:
    """A video with a face in it, whose faces were found."""
    opened = AnnotatePage(page, served.url).open(video_id(served.home, "carphone"))
    if page.locator("#faces-toggle").is_hidden():
        page.click("[data-job=speakers]")
    expect(page.locator("#faces-toggle")).to_be_visible()
    return opened


def boxes(page: Page) -> list[dict[str, Any]]:
    return list(json.loads(page.get_attribute("#faces", "data-faces") or "[]"))


def test_a_box_lies_on_the_face_of_the_frame_that_is_shown(annotate_page: AnnotatePage, served: Served) -> None:
    page = annotate_page.page
    with sqlite3.connect(served.home / "studio.db") as db:
        (payload,) = db.execute(
            "SELECT payload FROM runs WHERE task = 'speaker' AND video_id = ? ORDER BY seq DESC",
            (video_id(served.home, "carphone"),),
        ).fetchone()
    (track, *_) = json.loads(payload)["tracks"]
    known = {row[0]: row[1:] for row in track["boxes"]}
    video = page.evaluate("(e => [e.videoWidth, e.videoHeight])(document.querySelector('#player'))")
    canvas = page.locator("#faces").bounding_box()
    assert canvas is not None
    scale = min(canvas["width"] / video[0], canvas["height"] / video[1])
    left, top = (canvas["width"] - video[0] * scale) / 2, (canvas["height"] - video[1] * scale) / 2
    times = list(known)
    for time in (times[3], times[len(times) // 2]):
        page.evaluate("t => (document.querySelector('#player').currentTime = t + 0.01)", time)
        page.wait_for_function("!document.querySelector('#player').seeking")
        page.wait_for_function(
            "t => Math.abs(+document.querySelector('#clock').textContent.split(':')[1] - t) < 0.1", arg=time
        )
        page.wait_for_function("JSON.parse(document.querySelector('#faces')?.dataset.faces ?? '[]').length > 0")
        shown = float(page.inner_text("#clock").split(":")[1])
        before = max(t for t in times if t <= shown + 1e-3)
        after = min(t for t in times if t > before)
        share = (shown - before) / (after - before)
        wanted = [a + share * (b - a) for a, b in zip(known[before], known[after], strict=True)]
        box = boxes(page)[0]
        assert [box["x"], box["y"]] == pytest.approx([left + wanted[0] * scale, top + wanted[1] * scale], abs=1.5)
        assert box["w"] == pytest.approx((wanted[2] - wanted[0]) * scale, abs=1.5)


def test_a_person_is_named_split_taken_out_and_back(annotate_page: AnnotatePage, served: Served) -> None:
    page = annotate_page.page
    page.wait_for_function("JSON.parse(document.querySelector('#faces')?.dataset.faces ?? '[]').length > 0")
    name = boxes(page)[0]["name"]
    box, canvas = boxes(page)[0], page.locator("#faces").bounding_box()
    assert canvas is not None
    page.mouse.click(canvas["x"] + box["x"] + box["w"] / 2, canvas["y"] + box["y"] + box["h"] / 2)
    expect(page.locator("#person-name")).to_have_value(name)
    page.fill("#person-name", "Анна")
    page.press("#person-name", "Enter")
    page.wait_for_function("JSON.parse(document.querySelector('#faces')?.dataset.faces ?? '[]')[0]?.name === 'Анна'")
    page.reload()
    page.wait_for_function("JSON.parse(document.querySelector('#faces')?.dataset.faces ?? '[]')[0]?.name === 'Анна'")

    page.evaluate("document.querySelector('#player').currentTime = 2")
    page.wait_for_function("document.querySelector('#clock').textContent >= '0:01.9'")
    box = boxes(page)[0]
    page.mouse.click(canvas["x"] + box["x"] + box["w"] / 2, canvas["y"] + box["y"] + box["h"] / 2)
    page.click("#person-split")
    page.wait_for_function(
        "JSON.parse(document.querySelector('#faces')?.dataset.faces ?? '[]')[0]?.name.startsWith('Person')"
    )
    page.evaluate("document.querySelector('#player').currentTime = 0.5")
    page.wait_for_function("JSON.parse(document.querySelector('#faces')?.dataset.faces ?? '[]')[0]?.name === 'Анна'")

    box = boxes(page)[0]
    page.mouse.click(canvas["x"] + box["x"] + box["w"] / 2, canvas["y"] + box["y"] + box["h"] / 2)
    page.click("#person-delete")
    page.wait_for_function("JSON.parse(document.querySelector('#faces')?.dataset.faces ?? '[]').length === 0")
    page.evaluate("document.querySelector('#player').currentTime = 2.5")
    page.wait_for_function(
        "JSON.parse(document.querySelector('#faces')?.dataset.faces ?? '[]')[0]?.name.startsWith('Person')"
    )
    box = boxes(page)[0]
    page.mouse.click(canvas["x"] + box["x"] + box["w"] / 2, canvas["y"] + box["y"] + box["h"] / 2)
    page.click("#person-reset")
    page.evaluate("document.querySelector('#player').currentTime = 0.5")
    page.wait_for_function("JSON.parse(document.querySelector('#faces')?.dataset.faces ?? '[]').length > 0")
    assert boxes(page)[0]["name"] == name


def test_names_are_undone_step_by_step_with_the_segments_that_followed(
    annotate_page: AnnotatePage, served: Served
) -> None:
    """An accepted segment in a person's row, two names, a label between them: Undo brings each state back, also after a
    reload."""
    page = annotate_page.page
    page.wait_for_function("JSON.parse(document.querySelector('#faces')?.dataset.faces ?? '[]').length > 0")
    face = boxes(page)[0]["name"]
    with closing(sqlite3.connect(served.home / "studio.db", timeout=10)) as db, db:
        run = "SELECT id FROM runs WHERE task = 'speaker' AND video_id = ? ORDER BY seq DESC LIMIT 1"
        (speakers,) = db.execute(run, (video_id(served.home, "carphone"),)).fetchone()
        said = ("said", speakers, face, 200_000, 1_000_000, "speaking", 0.9, None)
        db.execute("INSERT INTO predictions VALUES (?, ?, ?, ?, ?, ?, ?, ?)", said)
    page.reload()
    page.locator("#segment-list [data-id=said]").click()
    page.focus("#timeline")
    page.keyboard.press("a")
    segment = page.locator("#segment-list [data-kind=annotation]")
    expect(segment).to_have_attribute("data-track", face)

    page.click("[aria-label='Row Film']")
    expect(page.locator(".menu")).to_be_visible()
    expect(page.get_by_role("menuitem", name="Name the person…")).to_have_count(0)  # it is nobody's row
    page.keyboard.press("Escape")
    page.click(f"[aria-label='Row {face}']")
    page.get_by_role("menuitem", name="Name the person…").click()
    expect(page.locator("#person-name")).to_be_focused()
    expect(page.locator("#person-name")).to_have_value(face)

    def call(name: str) -> None:
        page.wait_for_function("JSON.parse(document.querySelector('#faces')?.dataset.faces ?? '[]').length > 0")
        box, canvas = boxes(page)[0], page.locator("#faces").bounding_box()
        assert canvas is not None
        page.mouse.click(canvas["x"] + box["x"] + box["w"] / 2, canvas["y"] + box["y"] + box["h"] / 2)
        page.fill("#person-name", name)
        page.press("#person-name", "Enter")

    def shown(name: str) -> None:
        page.wait_for_function(
            "n => JSON.parse(document.querySelector('#faces')?.dataset.faces ?? '[]')[0]?.name === n", arg=name
        )
        expect(segment).to_have_attribute("data-track", name)
        annotate_page.saved()

    call("Anna")
    shown("Anna")
    segment.click()
    page.fill("#label-input", "nods")
    page.press("#label-input", "Tab")
    annotate_page.saved()
    page.evaluate("document.querySelector('#player').currentTime = 0.5")
    page.wait_for_function("JSON.parse(document.querySelector('#faces')?.dataset.faces ?? '[]').length > 0")
    call("Berta")
    shown("Berta")
    page.reload()
    page.wait_for_selector("#timeline[data-view-end]")
    page.focus("#timeline")
    page.keyboard.press("Control+z")
    shown("Anna")
    expect(segment).to_have_attribute("data-label", "nods")
    page.keyboard.press("Control+z")
    expect(segment).to_have_attribute("data-label", "speaking")
    page.keyboard.press("Control+z")
    shown(face)
    page.keyboard.press("Control+Shift+Z")
    shown("Anna")
    page.keyboard.press("Control+z")
    shown(face)
    page.keyboard.press("Control+z")
    expect(segment).to_have_count(0)


def test_boxes_can_be_hidden(annotate_page: AnnotatePage) -> None:
    page = annotate_page.page
    page.wait_for_function("JSON.parse(document.querySelector('#faces')?.dataset.faces ?? '[]').length > 0")
    page.uncheck("#show-faces")
    assert boxes(page) == []


def test_the_transcript_is_read_followed_edited_and_typed(annotate_page: AnnotatePage, tmp_path: Path) -> None:
    page = annotate_page.page
    page.click("#tab-transcript")
    file = tmp_path / "talk.srt"
    file.write_text(SRT, "utf-8")
    page.set_input_files("#subtitle-file", file)
    lines = page.locator("#transcript-list li")
    expect(lines).to_have_count(2)
    expect(lines.nth(1).locator(".said")).to_have_text("سلام x")
    lines.nth(1).locator(".said").click()
    page.wait_for_function("Math.abs(document.querySelector('#player').currentTime - 1.5) < 0.1")
    expect(lines.nth(1)).to_have_attribute("aria-current", "true")
    expect(lines.nth(0)).not_to_have_attribute("aria-current", "true")
    lines.nth(0).dblclick()
    page.keyboard.press("Control+a")
    page.keyboard.type("Good <i>morning</i>")
    page.keyboard.press("Enter")
    expect(lines.nth(0).locator(".said")).to_have_text("Good <i>morning</i>")
    lines.nth(0).get_by_role("button", name="History").click()
    page.locator("#inspector .history li", has_text="update").wait_for()
    page.locator("#inspector .history").get_by_role("button", name="Restore").click()
    expect(lines.nth(0).locator(".said")).to_have_text("Good evening")
    page.evaluate("document.querySelector('#player').currentTime = 3")
    page.wait_for_function("document.querySelector('#clock').textContent >= '0:02.9'")
    page.click("#line-add")
    page.keyboard.type("And that was it")
    page.keyboard.press("Enter")
    expect(page.locator("#transcript-list input")).to_have_count(0)  # it is saved, and no draft any more
    expect(lines).to_have_count(3)
    page.reload()
    page.click("#tab-transcript")
    expect(lines).to_have_count(3)
    expect(lines.nth(2).locator(".said")).to_have_text("And that was it")
    lines.first.focus()
    page.keyboard.press("Delete")
    page.locator("#toast").get_by_role("button", name="Undo").click()
    expect(lines).to_have_count(3)
    for _ in range(3):
        lines.first.focus()
        count = lines.count()
        page.keyboard.press("Delete")
        expect(lines).to_have_count(count - 1)
    file.write_text("nothing")
    page.set_input_files("#subtitle-file", file)
    expect(page.locator("#toast")).to_contain_text("subtitle")


def test_two_people_edit_a_line_at_once(annotate_page: AnnotatePage, served: Served) -> None:
    page = annotate_page.page
    page.click("#tab-transcript")
    page.click("#line-add")
    page.keyboard.type("hello")
    page.keyboard.press("Enter")
    line = page.locator("#transcript-list li")
    expect(line.locator(".said")).to_have_text("hello")
    line.dblclick()
    page.keyboard.press("Control+a")
    page.keyboard.type("hello there")
    with closing(sqlite3.connect(served.home / "studio.db", timeout=10)) as db, db:
        db.row_factory = sqlite3.Row
        row = db.execute("SELECT * FROM lines WHERE text = 'hello'").fetchone()
        cue = Cue(row["start_us"], row["end_us"], "hallo")
        transcripts.update(db, row["video_id"], row["id"], cue, "Berta", row["version"])
    page.keyboard.press("Enter")
    expect(line).to_contain_text("Berta changed this line to “hallo”")
    expect(line.locator("input")).to_have_value("hello there")
    line.get_by_role("button", name="Keep mine").click()
    expect(line.locator(".said")).to_have_text("hello there")
    page.reload()
    page.click("#tab-transcript")
    expect(line.locator(".said")).to_have_text("hello there")
