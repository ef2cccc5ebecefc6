"""The editor as hands use it: several segments, edges that touch, the queue, labels, what two people see."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from studio.store import runs
from studio.timeline import ModelRun, Prediction, Segment
from tests.browser.annotate_page import ANNOTATION, AnnotatePage, become, go, rows, spans
from tests.browser.conftest import Served

pytestmark = pytest.mark.browser
VERDICTS = """SELECT v.verdict FROM verdicts v JOIN predictions p ON p.id = v.prediction_id
              JOIN runs r ON r.id = p.run_id WHERE r.video_id = ? ORDER BY p.start_us"""


def predicted(served: Served, video: str, found: list[tuple[float, float, float]]) -> None:
    """A run of a model, with its predictions (start, end, score)."""
    made = [Prediction(Segment(round(s * 1e6), round(e * 1e6)), "Moments", "a car", score) for s, e, score in found]
    with closing(sqlite3.connect(served.home / "studio.db", timeout=10, isolation_level=None)) as db:
        db.row_factory = sqlite3.Row
        runs.insert(db, ModelRun(video, "grounding", "test", "1", made, query="a car"))


def test_split_merge_extend_and_nudge_by_key(annotate_page: AnnotatePage) -> None:
    annotate_page.create(2.0, 6.0, "whole")
    keys = annotate_page.page.keyboard
    go(annotate_page, 4.0)
    annotate_page.page.locator("#timeline").focus()
    keys.press("s")
    become(annotate_page, [(2, 4), (4, 6)])
    keys.press("Control+a")
    expect(annotate_page.page.locator("#inspector h3")).to_have_text("2 segments")
    keys.press("Shift+s")
    become(annotate_page, [(2, 6)])
    go(annotate_page, 1.0)
    keys.press("e")
    become(annotate_page, [(1, 6)])
    for _ in range(2):
        keys.press("Alt+ArrowRight")
    keys.press("Alt+Shift+ArrowLeft")
    become(annotate_page, [(1.08, 5.96)])
    keys.press("Control+ArrowRight")
    become(annotate_page, [(1.12, 6.0)])
    for _ in range(7):
        keys.press("Control+z")
    become(annotate_page, [(2, 6)])


@pytest.mark.parametrize(
    "by", ["#edit-labels", "#annotators", "#export", "#import", "#rows", "#help", "#hear", "#tab-review"]
)
def test_keys_are_those_of_the_page_again_after_the_mouse(annotate_page: AnnotatePage, by: str) -> None:
    page = annotate_page.page
    opened = page.locator("dialog[open], .menu")
    go(annotate_page, 2.0)
    page.click(by)
    if by not in ("#hear", "#tab-review"):
        expect(opened).to_be_visible()
        page.keyboard.press("Escape")
        expect(opened).to_have_count(0)
    page.wait_for_function("document.activeElement === document.body")  # a dialog's field has the focus for a frame
    page.keyboard.press("Enter")
    become(annotate_page, [(2, 4)])
    expect(opened).to_have_count(0)
    page.keyboard.press("Space")
    page.wait_for_function("!document.querySelector('#player').paused")
    page.keyboard.press("k")


def test_keys_belong_to_a_button_that_keys_went_to(annotate_page: AnnotatePage) -> None:
    page = annotate_page.page
    page.locator("#fit").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("dialog#importing")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#import")).to_be_focused()
    page.keyboard.press("Space")
    expect(page.locator("dialog#importing")).to_be_visible()
    page.keyboard.press("Escape")


def test_letters_are_keys_again_after_a_list_was_used_by_mouse(annotate_page: AnnotatePage) -> None:
    page = annotate_page.page
    go(annotate_page, 2.0)
    page.dispatch_event("#speed", "pointerdown")  # Chromium draws the list outside of the page
    page.locator("#speed").focus()
    page.select_option("#speed", "2")
    expect(page.locator("#speed")).not_to_be_focused()
    page.keyboard.press("Enter")
    become(annotate_page, [(2, 4)])
    page.locator("#speed").focus()
    page.keyboard.press("ArrowUp")
    expect(page.locator("#speed")).to_have_value("1.5")
    expect(page.locator("#speed")).to_be_focused()  # keys go on from there
    page.select_option("#speed", "1")


def test_several_are_chosen_moved_relabelled_copied_and_deleted(annotate_page: AnnotatePage) -> None:
    annotate_page.create(1.0, 2.0, "a")
    annotate_page.create(3.0, 4.0, "b")
    page, lane = annotate_page.page, annotate_page.segments("annotation")[0]["y"]
    page.keyboard.press("Escape")
    page.keyboard.down("Control")
    page.mouse.move(annotate_page.x(0.5), annotate_page.y(lane + 8))
    page.mouse.down()
    page.mouse.move(annotate_page.x(4.5), annotate_page.y(lane - 8), steps=5)
    page.mouse.up()
    page.keyboard.up("Control")
    expect(page.locator("#inspector h3")).to_have_text("2 segments")
    annotate_page.drag((3.5, lane), (5.5, lane))
    become(annotate_page, [(3, 4), (5, 6)])
    page.fill("#label-input", "both")
    page.press("#label-input", "Tab")
    annotate_page.saved()
    assert {s["label"] for s in annotate_page.segments("annotation")} == {"both"}
    page.locator("#timeline").focus()
    page.keyboard.press("Control+c")
    go(annotate_page, 7.0)
    page.keyboard.press("Control+v")
    become(annotate_page, [(3, 4), (5, 6), (7, 8), (9, 10)])
    page.keyboard.press("Delete")
    become(annotate_page, [(3, 4), (5, 6)])
    page.keyboard.press("Control+z")
    become(annotate_page, [(3, 4), (5, 6), (7, 8), (9, 10)])


def test_what_is_selected_in_a_field_stays_so_when_the_panel_is_drawn_anew(annotate_page: AnnotatePage) -> None:
    annotate_page.create(1.0, 2.0, "before")
    page = annotate_page.page
    page.eval_on_selector("#label-input", "e => { e.focus(); e.select(); e.was = true; }")
    other = AnnotatePage(page.context.new_page(), annotate_page.url).open(page.url.partition("video=")[2][:12])
    other.page.locator(ANNOTATION).first.click()
    other.page.fill("#note-input", "of another window")
    other.page.press("#note-input", "Tab")
    page.wait_for_function("!document.querySelector('#label-input').was")
    page.keyboard.insert_text("after")
    assert page.input_value("#label-input") == "after"
    other.page.close()


def test_two_segments_that_touch_share_their_edge_with_control(annotate_page: AnnotatePage) -> None:
    annotate_page.create(1.0, 3.0)
    annotate_page.drag((5.0, annotate_page.lane()), (3.0, annotate_page.lane()))
    become(annotate_page, [(1, 3), (3, 5)])
    lane = annotate_page.segments("annotation")[0]["y"]
    annotate_page.page.keyboard.down("Control")
    annotate_page.drag((3.0, lane), (4.0, lane))
    annotate_page.page.keyboard.up("Control")
    become(annotate_page, [(1, 4), (4, 5)])
    annotate_page.page.keyboard.press("Control+z")
    become(annotate_page, [(1, 3), (3, 5)])


def test_a_key_that_is_held_while_playing_marks_a_segment(annotate_page: AnnotatePage) -> None:
    page = annotate_page.page
    page.locator("#timeline").focus()
    page.keyboard.press("l")
    page.wait_for_function("document.querySelector('#player').currentTime > 0.4")
    page.keyboard.down("m")
    page.wait_for_function("document.querySelector('#player').currentTime > 1.4")
    page.keyboard.up("m")
    page.keyboard.press("Escape")
    expect(page.locator(ANNOTATION)).to_have_count(1)
    ((start, end),) = spans(annotate_page)
    assert 0.3 < start < 1.4 <= end


def test_undo_survives_a_reload(annotate_page: AnnotatePage) -> None:
    annotate_page.create(1.0, 2.0, "kept")
    annotate_page.drag(
        (1.5, annotate_page.segments("annotation")[0]["y"]), (4.5, annotate_page.segments("annotation")[0]["y"])
    )
    become(annotate_page, [(4, 5)])
    annotate_page.page.locator("#timeline").focus()
    annotate_page.page.keyboard.press("Delete")
    become(annotate_page, [])
    annotate_page.page.reload()
    annotate_page.page.wait_for_function("document.querySelector('#undo')?.disabled === false")
    annotate_page.page.locator("#timeline").focus()
    annotate_page.page.keyboard.press("Control+z")
    become(annotate_page, [(4, 5)])
    annotate_page.page.keyboard.press("Control+z")
    become(annotate_page, [(1, 2)])
    annotate_page.page.reload()
    annotate_page.page.wait_for_function("document.querySelector('#redo')?.disabled === false")
    annotate_page.page.keyboard.press("Control+Shift+z")
    become(annotate_page, [(4, 5)])


def test_an_older_state_is_restored_from_the_history(annotate_page: AnnotatePage) -> None:
    annotate_page.create(1.0, 2.0, "first")
    annotate_page.page.fill("#label-input", "second")
    annotate_page.page.press("#label-input", "Tab")
    annotate_page.saved()
    annotate_page.page.click("#history")
    annotate_page.page.locator(".history li", has_text="“first”").get_by_text("Restore").click()
    expect(annotate_page.page.locator(f"{ANNOTATION}[data-label='first']")).to_have_count(1)
    annotate_page.saved()


def test_a_boundary_snaps_to_what_is_near_and_says_so_unless_alt_is_held(
    annotate_page: AnnotatePage, served: Served, bikes: str
) -> None:
    predicted(served, bikes, [(2.0, 6.0, 0.6)])
    expect(annotate_page.page.locator("#segment-list [data-kind=prediction]")).to_have_count(1)
    annotate_page.drag((1.0, annotate_page.lane()), (5.93, annotate_page.lane()), snap=True)
    become(annotate_page, [(1, 6)])
    annotate_page.page.keyboard.press("Control+z")
    annotate_page.drag((1.0, annotate_page.lane()), (5.92, annotate_page.lane()))
    become(annotate_page, [(1, 5.92)])


def test_the_queue_goes_from_unsure_to_sure_and_one_key_decides(
    annotate_page: AnnotatePage, served: Served, bikes: str
) -> None:
    page = annotate_page.page
    predicted(served, bikes, [(0.0, 1.0, 0.95), (2.0, 3.0, 0.5), (4.0, 5.0, 0.7), (6.0, 7.0, 0.1)])
    expect(page.locator("#segment-list [data-kind=prediction]")).to_have_count(4)
    page.click("#tab-review")
    queue = page.locator("#review-list [data-review]")
    expect(queue).to_have_count(4)
    assert [text[:4] for text in queue.locator(".when").all_inner_texts()] == ["0:02", "0:04", "0:06", "0:00"]
    page.locator("#timeline").focus()
    page.keyboard.press("u")
    expect(queue.first).to_have_attribute("aria-selected", "true")
    page.keyboard.press("a")
    expect(queue).to_have_count(3)
    expect(page.locator("#review-list [aria-selected=true] .when")).to_have_text("0:04.0")
    page.keyboard.press("x")
    expect(page.locator("#review-summary")).to_contain_text("2 of 4 decided: 1 accepted, 0 corrected, 1 rejected")
    page.select_option("#review-order", "time")
    assert [text[:4] for text in queue.locator(".when").all_inner_texts()] == ["0:00", "0:06"]
    page.click("#tab-ask")
    page.fill("#threshold", "0.5")
    expect(page.locator("#threshold-value")).to_have_text("50 %")
    expect(page.locator("#threshold")).to_have_attribute("aria-valuetext", "50 %")
    expect(queue).to_have_count(1)
    page.click("#reject-below")
    expect(page.locator("#review-summary")).to_contain_text("3 of 4 decided")
    page.click("#accept-all")
    expect(page.locator("#review-summary")).to_contain_text("4 of 4 decided: 2 accepted, 0 corrected, 2 rejected")
    annotate_page.saved()
    verdicts = rows(served.home, VERDICTS, bikes)
    assert verdicts == [("accepted",), ("accepted",), ("rejected",), ("rejected",)]


def test_labels_are_edited_renamed_with_their_history_and_kept_to(
    annotate_page: AnnotatePage, served: Served, tmp_path: Path
) -> None:
    page = annotate_page.page
    annotate_page.create(1.0, 2.0, "trukc")
    page.click("#add-label")
    expect(page.locator("#add-label")).to_have_count(0)
    (made,) = annotate_page.segments("annotation")
    page.click("#edit-labels")
    track = page.locator("#labels-tracks section[data-track=Moments]")
    track.locator("input[type=text]").last.fill("truck")
    track.locator("input[type=text]").last.press("Tab")
    track.get_by_text("Only these labels").click()
    page.click("#labels-save")
    expect(page.locator("#toast")).to_contain_text("1 segment in the library renamed")
    expect(page.locator(f"{ANNOTATION}[data-label='truck']")).to_have_count(1)
    assert rows(served.home, "SELECT op FROM revisions WHERE annotation_id = ? ORDER BY seq", made["id"])[-1] == (
        "relabel",
    )
    annotate_page.drag((3.0, annotate_page.lane()), (4.0, annotate_page.lane()))
    expect(page.locator("select#label-input")).to_be_visible()
    assert "trukc" not in page.locator("select#label-input option").all_inner_texts()
    page.select_option("#label-input", "truck")
    annotate_page.saved()
    page.click("#edit-labels")
    with page.expect_download() as download:
        page.click("#labels-export")
    schema = json.loads(Path(download.value.path()).read_text("utf-8"))
    assert {row["track"]: row["closed"] for row in schema["tracks"]}["Moments"] is True
    schema = {"labels": [{"track": "Weather", "label": "نور", "colour": "#009e73", "hotkey": "1"}], "tracks": []}
    file = tmp_path / "labels.json"
    file.write_text(json.dumps(schema), "utf-8")
    page.set_input_files("#labels-import", file)
    expect(page.locator("#labels-message")).to_contain_text("Save keeps them")
    track.get_by_text("Only these labels").click()
    page.click("#labels-save")
    expect(page.locator("#labels-save")).to_be_hidden()
    kept = rows(served.home, "SELECT track, label, hotkey FROM labels")
    assert ("Weather", "نور", "1") in kept and ("Moments", "truck", "1") in kept
    page.click("#edit-labels")
    expect(page.locator("#labels-save")).to_be_visible()  # as for whoever chooses a file
    file.write_text("[1, 2]")
    page.set_input_files("#labels-import", file)
    expect(page.locator("#labels-message")).to_contain_text("holds no schema")


def test_people_see_each_other_and_a_reload_in_the_middle_of_a_drag_changes_nothing(
    new_page: Callable[[], Page], served: Served, bikes: str
) -> None:
    mine, theirs = AnnotatePage(new_page(), served.url).open(bikes), AnnotatePage(new_page(), served.url).open(bikes)
    theirs.page.fill("#annotator", "Berta")
    theirs.page.press("#annotator", "Tab")
    expect(mine.page.locator("#present")).to_have_text("Berta is here too")
    mine.create(1.0, 2.0)
    expect(theirs.page.locator(ANNOTATION)).to_have_count(1)
    lane = mine.segments("annotation")[0]["y"]
    mine.drag((1.5, lane), (6.0, lane), drop=False)
    mine.page.reload()
    expect(mine.page.locator(ANNOTATION)).to_have_count(1)
    assert spans(mine) == [(1.0, 2.0)]
    theirs.page.close()
    expect(mine.page.locator("#present")).to_have_text("")
