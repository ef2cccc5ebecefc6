"""The editor as hands use it: several segments, edges that touch, rows, the queue, labels, keys, time."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from studio import media
from studio.config import Settings
from studio.media.audio import SPECTRA_A_SECOND
from studio.service import Studio
from studio.store import runs
from studio.timeline import Prediction, Segment
from tests.browser.conftest import Served
from tests.browser.desk import Desk, rows, video_id
from tests.browser.test_editing import ANNOTATION, bikes
from tests.conftest import SHARED

__all__ = ["bikes"]
pytestmark = pytest.mark.browser
THERE = """([start, end]) => [...document.querySelectorAll('#segment-list [data-kind=annotation]')].some(
    (o) => Math.abs(o.dataset.start - start) < 0.03 && Math.abs(o.dataset.end - end) < 0.03)"""
TURNS = """() => {
  window.turns = 0;
  let last = 0;
  document.querySelector('#player').addEventListener('timeupdate', ({ target }) => {
    if (target.currentTime < last) window.turns++;
    last = target.currentTime;
  });
}"""
VERDICTS = """SELECT v.verdict FROM verdicts v JOIN predictions p ON p.id = v.prediction_id
              JOIN runs r ON r.id = p.run_id WHERE r.video_id = ? ORDER BY p.start_us"""
SPAN = "(t => t.dataset.viewEnd - t.dataset.viewStart)(document.querySelector('#timeline'))"


@pytest.fixture
def desk(page: Page, served: Served, bikes: str) -> Desk:
    return Desk(page, served.url).open(bikes)


def spans(desk: Desk) -> list[tuple[float, float]]:
    return sorted((round(s["start"], 3), round(s["end"], 3)) for s in desk.segments("annotation"))


def become(desk: Desk, wanted: list[tuple[float, float]]) -> None:
    """Wait until the annotations are these, and saved."""
    expect(desk.page.locator(ANNOTATION)).to_have_count(len(wanted))
    for start, end in wanted:
        desk.page.wait_for_function(THERE, arg=[start, end])
    desk.saved()


def go(desk: Desk, time: float) -> None:
    """Put the playhead there."""
    desk.page.evaluate("t => (document.querySelector('#player').currentTime = t + 0.01)", time)
    desk.page.wait_for_function(
        "t => Math.abs(document.querySelector('#clock').textContent.split(':')[1] - t) < 0.03", arg=time
    )


def predicted(served: Served, video: str, found: list[tuple[float, float, float]]) -> None:
    """A run of a model, with its predictions (start, end, score)."""
    made = [Prediction(Segment(round(s * 1e6), round(e * 1e6)), "Moments", "a car", score) for s, e, score in found]
    with closing(sqlite3.connect(served.home / "studio.db", timeout=10, isolation_level=None)) as db:
        db.row_factory = sqlite3.Row
        runs.add(db, video, runs.Outcome("grounding", "test", "1", made, query="a car"))


def test_split_merge_extend_and_nudge_by_key(desk: Desk) -> None:
    desk.create(2.0, 6.0, "whole")
    keys = desk.page.keyboard
    go(desk, 4.0)
    desk.page.locator("#timeline").focus()
    keys.press("s")
    become(desk, [(2, 4), (4, 6)])
    keys.press("Control+a")
    expect(desk.page.locator("#inspector h3")).to_have_text("2 segments")
    keys.press("Shift+s")
    become(desk, [(2, 6)])
    go(desk, 1.0)
    keys.press("e")
    become(desk, [(1, 6)])
    for _ in range(2):
        keys.press("Alt+ArrowRight")
    keys.press("Alt+Shift+ArrowLeft")
    become(desk, [(1.08, 5.96)])
    keys.press("Control+ArrowRight")
    become(desk, [(1.12, 6.0)])
    for _ in range(7):
        keys.press("Control+z")
    become(desk, [(2, 6)])


def test_several_are_chosen_moved_relabelled_copied_and_deleted(desk: Desk) -> None:
    desk.create(1.0, 2.0, "a")
    desk.create(3.0, 4.0, "b")
    page, lane = desk.page, desk.segments("annotation")[0]["y"]
    page.keyboard.press("Escape")
    page.keyboard.down("Control")
    page.mouse.move(desk.x(0.5), desk.y(lane + 8))
    page.mouse.down()
    page.mouse.move(desk.x(4.5), desk.y(lane - 8), steps=5)
    page.mouse.up()
    page.keyboard.up("Control")
    expect(page.locator("#inspector h3")).to_have_text("2 segments")
    desk.drag((3.5, lane), (5.5, lane))
    become(desk, [(3, 4), (5, 6)])
    page.fill("#label-input", "both")
    page.press("#label-input", "Tab")
    desk.saved()
    assert {s["label"] for s in desk.segments("annotation")} == {"both"}
    page.locator("#timeline").focus()
    page.keyboard.press("Control+c")
    go(desk, 7.0)
    page.keyboard.press("Control+v")
    become(desk, [(3, 4), (5, 6), (7, 8), (9, 10)])
    page.keyboard.press("Delete")
    become(desk, [(3, 4), (5, 6)])
    page.keyboard.press("Control+z")
    become(desk, [(3, 4), (5, 6), (7, 8), (9, 10)])


def test_what_is_selected_in_a_field_stays_so_when_the_panel_is_drawn_anew(desk: Desk) -> None:
    desk.create(1.0, 2.0, "before")
    page = desk.page
    page.locator("#label-input").select_text()
    page.evaluate("document.querySelector('#label-input').was = true")
    other = Desk(page.context.new_page(), desk.url).open(page.url.partition("video=")[2][:12])
    other.page.locator(ANNOTATION).first.click()
    other.page.fill("#note-input", "of another window")
    other.page.press("#note-input", "Tab")
    page.wait_for_function("!document.querySelector('#label-input').was")
    page.keyboard.insert_text("after")
    assert page.input_value("#label-input") == "after"
    other.page.close()


def test_two_segments_that_touch_share_their_edge_with_control(desk: Desk) -> None:
    desk.create(1.0, 3.0)
    desk.drag((5.0, desk.lane()), (3.0, desk.lane()))
    become(desk, [(1, 3), (3, 5)])
    lane = desk.segments("annotation")[0]["y"]
    desk.page.keyboard.down("Control")
    desk.drag((3.0, lane), (4.0, lane))
    desk.page.keyboard.up("Control")
    become(desk, [(1, 4), (4, 5)])
    desk.page.keyboard.press("Control+z")
    become(desk, [(1, 3), (3, 5)])


def test_a_key_that_is_held_while_playing_marks_a_segment(desk: Desk) -> None:
    page = desk.page
    page.locator("#timeline").focus()
    page.keyboard.press("l")
    page.wait_for_function("document.querySelector('#player').currentTime > 0.4")
    page.keyboard.down("m")
    page.wait_for_function("document.querySelector('#player').currentTime > 1.4")
    page.keyboard.up("m")
    page.keyboard.press("Escape")
    expect(page.locator(ANNOTATION)).to_have_count(1)
    ((start, end),) = spans(desk)
    assert 0.3 < start < 1.4 <= end


def test_undo_survives_a_reload(desk: Desk) -> None:
    desk.create(1.0, 2.0, "kept")
    desk.drag((1.5, desk.segments("annotation")[0]["y"]), (4.5, desk.segments("annotation")[0]["y"]))
    become(desk, [(4, 5)])
    desk.page.locator("#timeline").focus()
    desk.page.keyboard.press("Delete")
    become(desk, [])
    desk.page.reload()
    desk.page.wait_for_function("document.querySelector('#undo')?.disabled === false")
    desk.page.locator("#timeline").focus()
    desk.page.keyboard.press("Control+z")
    become(desk, [(4, 5)])
    desk.page.keyboard.press("Control+z")
    become(desk, [(1, 2)])
    desk.page.reload()
    desk.page.wait_for_function("document.querySelector('#redo')?.disabled === false")
    desk.page.keyboard.press("Control+Shift+z")
    become(desk, [(4, 5)])


def test_an_older_state_is_restored_from_the_history(desk: Desk) -> None:
    desk.create(1.0, 2.0, "first")
    desk.page.fill("#label-input", "second")
    desk.page.press("#label-input", "Tab")
    desk.saved()
    desk.page.click("#history")
    desk.page.locator(".history li", has_text="“first”").get_by_text("Restore").click()
    expect(desk.page.locator(f"{ANNOTATION}[data-label='first']")).to_have_count(1)
    desk.saved()


def test_a_boundary_snaps_to_what_is_near_and_says_so_unless_alt_is_held(
    desk: Desk, served: Served, bikes: str
) -> None:
    predicted(served, bikes, [(2.0, 6.0, 0.6)])
    expect(desk.page.locator("#segment-list [data-kind=prediction]")).to_have_count(1)
    desk.drag((1.0, desk.lane()), (5.93, desk.lane()), snap=True)
    become(desk, [(1, 6)])
    desk.page.keyboard.press("Control+z")
    desk.drag((1.0, desk.lane()), (5.92, desk.lane()))
    become(desk, [(1, 5.92)])


def test_rows_are_collapsed_hidden_locked_and_put_in_order(desk: Desk) -> None:
    page = desk.page
    desk.create(1.0, 2.0)
    tall = page.locator("[data-row=Moments]").bounding_box()
    assert tall is not None

    def choose(row: str, what: str) -> None:
        page.locator(f"[data-row='{row}'] .more").click()
        page.locator(".menu").get_by_role("menuitem", name=what).or_(
            page.locator(".menu").get_by_role("menuitemcheckbox", name=what)
        ).click()

    choose("Moments", "Collapse")
    assert (page.locator("[data-row=Moments]").bounding_box() or {"height": 999})["height"] < tall["height"]
    choose("Moments", "Collapse")
    choose("Moments", "Lock")
    desk.drag((3.0, desk.lane()), (4.0, desk.lane()))
    expect(page.locator("#toast")).to_contain_text("locked")
    desk.drag((1.5, desk.segments("annotation")[0]["y"]), (5.0, desk.segments("annotation")[0]["y"]))
    page.locator("#timeline").focus()
    page.keyboard.press("Delete")
    assert spans(desk) == [(1.0, 2.0)], "nothing changed in the locked row"
    choose("Moments", "Lock")
    choose("Film", "Hide")
    expect(page.locator("[data-row=Film]")).to_have_count(0)
    page.reload()
    expect(page.locator("[data-row=Moments]")).to_be_visible()
    expect(page.locator("[data-row=Film]")).to_have_count(0)
    page.click("#rows")
    page.locator(".menu").get_by_role("menuitemcheckbox", name="Film").click()
    expect(page.locator("[data-row=Film]")).to_have_count(1)
    choose("Moments", "Only this row")
    expect(page.locator(".gutter-row")).to_have_count(1)
    choose("Moments", "Only this row")
    page.click("#rows")
    page.keyboard.press("Escape")
    expect(page.locator(".menu")).to_have_count(0)


def test_the_spectrogram_is_there_when_its_row_is_shown(page: Page, served: Served) -> None:
    Desk(page, served.url).open(video_id(served.home, "bigbuckbunny"))
    page.click("#rows")
    with page.expect_response("**/spectrogram") as asked:
        page.locator(".menu").get_by_role("menuitemcheckbox", name="Spectrogram").click()
    data = asked.value.body()
    assert data[:2] == bytes([64, SPECTRA_A_SECOND]) and len(data) > 64 * 20
    expect(page.locator("[data-row=Spectrogram]")).to_be_visible()


def test_the_minimap_and_the_ruler(desk: Desk) -> None:
    page = desk.page
    for _ in range(4):
        page.click("#zoom-in")
    before = page.evaluate(SPAN)
    box = page.locator("#timeline-overview").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 0.9 * box["width"], box["y"] + 8)
    page.wait_for_function("+document.querySelector('#timeline').dataset.viewEnd > 9.5")
    assert page.evaluate(SPAN) == pytest.approx(before)
    page.select_option("#unit", "frames")
    page.select_option("#unit", "seconds")
    page.mouse.move(box["x"] + 0.9 * box["width"], box["y"] + 8)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.2 * box["width"], box["y"] + 8, steps=4)
    page.mouse.up()
    page.wait_for_function("+document.querySelector('#timeline').dataset.viewStart < 3")


def test_the_queue_goes_from_unsure_to_sure_and_one_key_decides(desk: Desk, served: Served, bikes: str) -> None:
    page = desk.page
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
    expect(page.locator("#review-said")).to_contain_text("2 of 4 decided: 1 accepted, 0 corrected, 1 rejected")
    page.select_option("#review-order", "time")
    assert [text[:4] for text in queue.locator(".when").all_inner_texts()] == ["0:00", "0:06"]
    page.fill("#threshold", "0.5")
    expect(queue).to_have_count(1)
    page.click("#reject-below")
    expect(page.locator("#review-said")).to_contain_text("3 of 4 decided")
    page.click("#accept-all")
    expect(page.locator("#review-said")).to_contain_text("4 of 4 decided: 2 accepted, 0 corrected, 2 rejected")
    desk.saved()
    verdicts = rows(served.home, VERDICTS, bikes)
    assert verdicts == [("accepted",), ("accepted",), ("rejected",), ("rejected",)]


def test_labels_are_edited_renamed_with_their_history_and_kept_to(desk: Desk, served: Served, tmp_path: Path) -> None:
    page = desk.page
    desk.create(1.0, 2.0, "carr")
    (made,) = desk.segments("annotation")
    page.click("#edit-labels")
    track = page.locator("#labels-tracks section[data-track=Moments]")
    track.locator("input[type=text]").last.fill("car")
    track.locator("input[type=text]").last.press("Tab")
    track.get_by_text("Only these labels").click()
    page.click("#labels-save")
    expect(page.locator("#toast")).to_contain_text("1 segment of the library renamed")
    expect(page.locator(f"{ANNOTATION}[data-label='car']")).to_have_count(1)
    assert rows(served.home, "SELECT op FROM revisions WHERE annotation_id = ? ORDER BY seq", made["id"])[-1] == (
        "update",
    )
    desk.drag((3.0, desk.lane()), (4.0, desk.lane()))
    expect(page.locator("select#label-input")).to_be_visible()
    assert "carr" not in page.locator("select#label-input option").all_inner_texts()
    page.select_option("#label-input", "car")
    desk.saved()
    page.click("#edit-labels")
    with page.expect_download() as download:
        page.click("#labels-export")
    schema = json.loads(Path(download.value.path()).read_text("utf-8"))
    assert {"track": "Moments", "closed": True} in schema["tracks"]
    schema["labels"].append({"track": "Weather", "label": "نور", "colour": "#009e73", "hotkey": "1"})
    file = tmp_path / "labels.json"
    file.write_text(json.dumps(schema), "utf-8")
    page.set_input_files("#labels-import", file)
    expect(page.locator("#labels-said")).to_contain_text("Save takes them")
    track.get_by_text("Only these labels").click()
    page.click("#labels-save")
    expect(page.locator("#labels-save")).to_be_hidden()
    assert ("Weather", "نور", "1") in rows(served.home, "SELECT track, label, hotkey FROM labels")
    page.click("#edit-labels")
    file.write_text("[1, 2]")
    page.set_input_files("#labels-import", file)
    expect(page.locator("#labels-said")).to_contain_text("holds no schema")


def test_keys_are_taken_from_other_tools_and_changed(desk: Desk) -> None:
    page = desk.page
    desk.create(1.0, 3.0)
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    page.select_option("#keys-preset", "cvat")
    page.click("[data-action=split]")
    page.keyboard.press("q")
    expect(page.locator("[data-action=split] kbd")).to_have_text("Q")
    page.get_by_role("button", name="Close").last.click()
    page.reload()
    expect(page.locator(ANNOTATION)).to_have_count(1)
    page.locator("#timeline").focus()
    page.keyboard.press("n")
    expect(page.locator(ANNOTATION)).to_have_count(2)
    page.keyboard.press("Escape")
    page.locator("#timeline").focus()
    page.keyboard.press("Delete")
    page.locator(ANNOTATION).first.click()
    go(desk, 2.0)
    page.locator("#timeline").focus()
    page.keyboard.press("q")
    become(desk, [(1, 2), (2, 3)])


def test_shuttle_loop_and_hearing_an_edge(desk: Desk) -> None:
    page = desk.page
    desk.create(2.0, 2.6)
    page.keyboard.press("Escape")
    page.locator(ANNOTATION).first.click()
    page.locator("#timeline").focus()
    page.keyboard.press("r")
    expect(page.locator("#loop")).to_have_attribute("aria-pressed", "true")
    page.evaluate(TURNS)
    page.wait_for_function("window.turns >= 2")
    page.keyboard.press("k")
    page.wait_for_function("document.querySelector('#player').paused")
    go(desk, 5.0)
    page.keyboard.press("j")
    page.wait_for_function("document.querySelector('#player').currentTime < 4.2")
    page.keyboard.press("k")
    page.keyboard.press("l")
    page.keyboard.press("l")
    page.wait_for_function("document.querySelector('#player').playbackRate === 2")
    expect(page.locator("#speed")).to_have_value("2")
    page.keyboard.press("k")
    page.click("#hear")
    lane = desk.segments("annotation")[0]["y"]
    desk.drag((2.6, lane), (4.0, lane))
    page.wait_for_function(
        "!document.querySelector('#player').paused || document.querySelector('#player').currentTime > 4.5"
    )
    page.wait_for_function(
        "document.querySelector('#player').paused && document.querySelector('#player').currentTime >= 4.9"
    )
    assert float(page.evaluate("document.querySelector('#player').currentTime")) < 5.6


def test_a_file_of_uneven_frames_shows_the_number_of_each(page: Page, served: Served) -> None:
    file = SHARED / "hostile" / "variable_frame_rate.mp4"
    studio = Studio(Settings(home=served.home, device="cpu"))
    video = studio.add(file)["id"]
    probed = media.probe(file)
    pts, begin = [int(t) for t in probed.pts_us], probed.start_us
    studio.close()
    desk = Desk(page, served.url).open(video)
    gaps = {b - a for a, b in pairwise(pts)}
    assert len(gaps) > 1, "the frames are uneven"
    page.locator("#timeline").focus()
    for number in range(min(40, len(pts))):
        expect(page.locator("#frame")).to_have_text(f"frame {number}")
        assert float(page.inner_text("#clock").split(":")[1]) == pytest.approx(pts[number] / 1e6, abs=6e-4)
        page.wait_for_function("!document.querySelector('#player').seeking")
        shown = float(page.evaluate("document.querySelector('#player').currentTime")) * 1e6 - begin
        assert pts[number] <= shown < (pts[number + 1] if number + 1 < len(pts) else float("inf"))
        page.keyboard.press("ArrowRight")
    last = len(pts) - 1
    page.evaluate("t => (document.querySelector('#player').currentTime = t)", (pts[last] + begin) / 1e6 + 0.001)
    expect(page.locator("#frame")).to_have_text(f"frame {last}")
    desk.create(pts[3] / 1e6 + 0.001, pts[9] / 1e6 - 0.001)
    ((start, end),) = spans(desk)
    assert {round(start * 1e6), round(end * 1e6)} <= {round(t / 1000) * 1000 for t in pts}


def test_people_see_each_other_and_a_reload_in_the_middle_of_a_drag_changes_nothing(
    new_page: Callable[[], Page], served: Served, bikes: str
) -> None:
    mine, theirs = Desk(new_page(), served.url).open(bikes), Desk(new_page(), served.url).open(bikes)
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


def test_fingers_pan_pinch_and_draw(browser: Any, served: Served, bikes: str) -> None:
    context = browser.new_context(viewport={"width": 1024, "height": 768}, has_touch=True)
    desk = Desk(context.new_page(), served.url).open(bikes)
    touch = context.new_cdp_session(desk.page)

    def send(kind: str, *points: tuple[float, float]) -> None:
        touch.send(
            "Input.dispatchTouchEvent",
            {"type": kind, "touchPoints": [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(points)]},
        )

    y = desk.y(desk.lane())
    middle = desk.x(5.0)
    send("touchStart", (middle - 50, y), (middle + 50, y))
    for step in range(1, 6):
        send("touchMove", (middle - 50 - 20 * step, y), (middle + 50 + 20 * step, y))
    send("touchEnd")
    desk.page.wait_for_function(f"{SPAN} < 5")
    start = float(desk.page.get_attribute("#timeline", "data-view-start") or 0)
    send("touchStart", (middle, y))
    for step in range(1, 5):
        send("touchMove", (middle - 20 * step, y))
    send("touchEnd")
    desk.page.wait_for_function("s => +document.querySelector('#timeline').dataset.viewStart > s + 0.1", arg=start)
    assert spans(desk) == [], "a finger that moves on pans"
    send("touchStart", (middle, y))
    desk.page.wait_for_selector("#timeline.drawing")
    for step in range(1, 5):
        send("touchMove", (middle + 20 * step, y))
    send("touchEnd")
    expect(desk.page.locator(ANNOTATION)).to_have_count(1)
    desk.saved()
    context.close()
