"""The timeline's rows, the player, keys and fingers: how a person looks, and gets about."""

from itertools import pairwise
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from studio import media
from studio.config import Settings
from studio.media.audio import SPECTRA_A_SECOND
from studio.service import Studio
from tests.browser.annotate_page import ANNOTATION, AnnotatePage, become, go, spans, video_id
from tests.browser.conftest import Served
from tests.conftest import SHARED

pytestmark = pytest.mark.browser
TURNS = """() => {
  window.turns = 0;
  let last = 0;
  document.querySelector('#player').addEventListener('timeupdate', ({ target }) => {
    if (target.currentTime < last) window.turns++;
    last = target.currentTime;
  });
}"""
SPAN = "(t => t.dataset.viewEnd - t.dataset.viewStart)(document.querySelector('#timeline'))"


def test_rows_are_collapsed_hidden_locked_and_put_in_order(annotate_page: AnnotatePage) -> None:
    page = annotate_page.page
    annotate_page.create(1.0, 2.0)
    tall = page.locator("[data-row=Moments]").bounding_box()
    assert tall is not None

    def choose(row: str, what: str) -> None:
        page.get_by_role("button", name=f"Row {row}", exact=True).click()
        page.locator(".menu").get_by_role("menuitem", name=what).or_(
            page.locator(".menu").get_by_role("menuitemcheckbox", name=what)
        ).click()

    choose("Moments", "Collapse")
    assert (page.locator("[data-row=Moments]").bounding_box() or {"height": 999})["height"] < tall["height"]
    choose("Moments", "Collapse")
    choose("Moments", "Lock")
    annotate_page.drag((3.0, annotate_page.lane()), (4.0, annotate_page.lane()))
    expect(page.locator("#toast")).to_contain_text("locked")
    annotate_page.drag(
        (1.5, annotate_page.segments("annotation")[0]["y"]), (5.0, annotate_page.segments("annotation")[0]["y"])
    )
    page.locator("#timeline").focus()
    page.keyboard.press("Delete")
    assert spans(annotate_page) == [(1.0, 2.0)], "nothing changed in the locked row"
    choose("Moments", "Lock")
    choose("Film", "Hide")
    expect(page.locator(".gutter-row.filmstrip")).to_have_count(0)
    choose("Moments", "Hide")
    expect(page.locator("[data-row=Moments]")).to_have_count(0)
    page.click("#edit-labels")
    expect(page.locator("#labels-tracks section[data-track=Moments]")).to_be_visible()
    page.click("#labels-cancel")
    page.click("#rows")
    page.locator(".menu").get_by_role("menuitemcheckbox", name="Moments").click()
    page.reload()
    expect(page.locator("[data-row=Moments]")).to_be_visible()
    expect(page.locator(".gutter-row.filmstrip")).to_have_count(0)
    page.click("#rows")
    page.locator(".menu").get_by_role("menuitemcheckbox", name="Film").click()
    expect(page.locator(".gutter-row.filmstrip")).to_have_count(1)
    choose("Moments", "Only this row")
    expect(page.locator(".gutter-row")).to_have_count(1)
    choose("Moments", "Only this row")
    page.click("#rows")
    page.keyboard.press("Escape")
    expect(page.locator(".menu")).to_have_count(0)


def test_the_spectrogram_is_there_when_its_row_is_shown(page: Page, served: Served) -> None:
    AnnotatePage(page, served.url).open(video_id(served.home, "bigbuckbunny"))
    page.click("#rows")
    with page.expect_response("**/spectrogram") as asked:
        page.locator(".menu").get_by_role("menuitemcheckbox", name="Spectrogram").click()
    data = asked.value.body()
    assert data[:2] == bytes([64, SPECTRA_A_SECOND]) and len(data) > 64 * 20
    expect(page.locator(".gutter-row.spectrogram")).to_be_visible()


def test_the_minimap_and_the_ruler(annotate_page: AnnotatePage) -> None:
    page = annotate_page.page
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


def test_keys_are_taken_from_other_tools_and_changed(annotate_page: AnnotatePage) -> None:
    page = annotate_page.page
    annotate_page.create(1.0, 3.0)
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
    page.keyboard.press("Delete")
    page.locator(ANNOTATION).first.click()
    go(annotate_page, 2.0)
    page.locator("#timeline").focus()
    page.keyboard.press("q")
    become(annotate_page, [(1, 2), (2, 3)])


def test_shuttle_loop_and_hearing_an_edge(annotate_page: AnnotatePage) -> None:
    page = annotate_page.page
    annotate_page.create(2.0, 2.6)
    page.keyboard.press("Escape")
    page.locator(ANNOTATION).first.click()
    page.locator("#timeline").focus()
    page.keyboard.press("r")
    expect(page.locator("#loop")).to_have_attribute("aria-pressed", "true")
    page.evaluate(TURNS)
    page.wait_for_function("window.turns >= 2")
    page.keyboard.press("k")
    page.wait_for_function("document.querySelector('#player').paused")
    go(annotate_page, 5.0)
    page.keyboard.press("j")
    page.wait_for_function("document.querySelector('#player').currentTime < 4.2")
    page.keyboard.press("k")
    page.keyboard.press("l")
    page.keyboard.press("l")
    page.wait_for_function("document.querySelector('#player').playbackRate === 2")
    expect(page.locator("#speed")).to_have_value("2")
    page.keyboard.press("k")
    page.click("#hear")
    lane = annotate_page.segments("annotation")[0]["y"]
    annotate_page.drag((2.6, lane), (4.0, lane))
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
    video = studio.videos.add(file)["id"]
    studio.jobs.index(video)  # what comes later moves the rows under the hand that draws
    probed = media.probe(file)
    pts, begin = [int(t) for t in probed.pts_us], probed.start_us
    studio.close()
    annotate_page = AnnotatePage(page, served.url).open(video)
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
    annotate_page.create(pts[3] / 1e6 + 0.001, pts[9] / 1e6 - 0.001)
    ((start, end),) = spans(annotate_page)
    assert {round(start * 1e6), round(end * 1e6)} <= {round(t / 1000) * 1000 for t in pts}


def test_fingers_pan_pinch_and_draw(browser: Any, served: Served, bikes: str) -> None:
    context = browser.new_context(viewport={"width": 1024, "height": 768}, has_touch=True)
    annotate_page = AnnotatePage(context.new_page(), served.url).open(bikes)
    touch = context.new_cdp_session(annotate_page.page)

    def send(kind: str, *points: tuple[float, float]) -> None:
        touch.send(
            "Input.dispatchTouchEvent",
            {"type": kind, "touchPoints": [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(points)]},
        )

    y = annotate_page.y(annotate_page.lane())
    middle = annotate_page.x(5.0)
    send("touchStart", (middle - 50, y), (middle + 50, y))
    for step in range(1, 6):
        send("touchMove", (middle - 50 - 20 * step, y), (middle + 50 + 20 * step, y))
    send("touchEnd")
    annotate_page.page.wait_for_function(f"{SPAN} < 5")
    start = float(annotate_page.page.get_attribute("#timeline", "data-view-start") or 0)
    send("touchStart", (middle, y))
    for step in range(1, 5):
        send("touchMove", (middle - 20 * step, y))
    send("touchEnd")
    annotate_page.page.wait_for_function(
        "s => +document.querySelector('#timeline').dataset.viewStart > s + 0.1", arg=start
    )
    assert spans(annotate_page) == [], "a finger that moves on pans"
    send("touchStart", (middle, y))
    annotate_page.page.wait_for_selector("#timeline.drawing")
    for step in range(1, 5):
        send("touchMove", (middle + 20 * step, y))
    send("touchEnd")
    expect(annotate_page.page.locator(ANNOTATION)).to_have_count(1)
    annotate_page.saved()
    context.close()


def test_labels_are_written_in_any_script_in_its_direction(annotate_page: AnnotatePage) -> None:
    labels = {"السيارة الحمراء 12": "rtl", "שלום": "rtl", "日本語": "ltr", "नमस्ते": "ltr"}
    page = annotate_page.page
    for number, label in enumerate(labels):
        annotate_page.create(2.0 * number + 0.5, 2.0 * number + 1.5, label)
        page.keyboard.press("Escape")
    page.reload()
    expect(page.locator(ANNOTATION)).to_have_count(len(labels))
    for label, direction in labels.items():
        listed = page.locator(f"{ANNOTATION}[data-label='{label}']")
        expect(listed).to_contain_text(label)
        listed.click()
        expect(page.locator("#label-input")).to_have_value(label)
        assert page.locator("#label-input").evaluate("e => getComputedStyle(e).direction") == direction
        shown = listed.get_by_text(label).last
        assert shown.evaluate("e => getComputedStyle(e).direction") == direction


def test_dialogs_hold_their_controls_on_a_phone(annotate_page: AnnotatePage) -> None:
    """A wide list of formats, and four buttons beside each other, once stood out of their dialogs."""
    page = annotate_page.page
    page.set_viewport_size({"width": 390, "height": 844})
    for button, dialog in (("#export", "#exporting"), ("#import", "#importing"), ("#edit-labels", "#labels")):
        page.click(button)
        shown = page.locator(dialog)
        expect(shown).to_be_visible()
        limit = shown.evaluate(
            "box => box.getBoundingClientRect().right - parseFloat(getComputedStyle(box).paddingRight)"
        )
        controls = shown.locator("button:visible, select:visible, .button:visible")
        assert controls.count() > 1
        rights = controls.evaluate_all("all => all.map(each => each.getBoundingClientRect().right)")
        assert max(rights) <= limit, f"{dialog}: {rights} past {limit}"
        page.keyboard.press("Escape")
