"""Editing: nothing is lost, nothing is overwritten silently, every boundary is a frame."""

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.annotate_page import ANNOTATION, AnnotatePage, rows
from tests.browser.conftest import Served

pytestmark = pytest.mark.browser
VERDICTS = """SELECT prediction_id, verdict FROM verdicts JOIN predictions p ON p.id = prediction_id
              JOIN runs r ON r.id = run_id WHERE r.video_id = ?"""
NOTHING_KEPT = """() => new Promise((done) => {
  const opening = indexedDB.open('moment-studio');
  opening.onsuccess = () => {
    const count = opening.result.transaction('edits').objectStore('edits').count();
    count.onsuccess = () => done(!count.result && Object.keys(localStorage).every((key) => !key.startsWith('edit:')));
  };
})"""
SPAN = "(t => t.dataset.viewEnd - t.dataset.viewStart)(document.querySelector('#timeline'))"


def test_create_move_undo_redo_delete(page: Page, served: Served, bikes: str) -> None:
    annotate_page = AnnotatePage(page, served.url).open(bikes)
    annotate_page.create(1.0, 3.0, "a car")
    (made,) = annotate_page.segments("annotation")
    assert (made["start"], made["end"], made["label"]) == (1.0, 3.0, "a car"), "drawn to the frame"
    annotate_page.drag((2.0, made["y"]), (5.0, made["y"]))
    annotate_page.saved()
    (moved,) = annotate_page.segments("annotation")
    assert (moved["start"], moved["end"]) == (4.0, 6.0)
    page.keyboard.press("Control+z")
    expect(page.locator(f"{ANNOTATION}[data-start='1']")).to_have_count(1)
    page.keyboard.press("Control+Shift+z")
    expect(page.locator(f"{ANNOTATION}[data-start='4']")).to_have_count(1)
    page.keyboard.press("Delete")
    expect(page.locator(ANNOTATION)).to_have_count(0)
    page.keyboard.press("Control+z")
    expect(page.locator(f"{ANNOTATION}[data-start='4']")).to_have_count(1)
    annotate_page.saved()
    ops = [
        op for (op,) in rows(served.home, "SELECT op FROM revisions WHERE annotation_id = ? ORDER BY seq", made["id"])
    ]
    assert ops == ["create", "update", "update", "update", "update", "delete", "restore"]
    assert rows(served.home, "SELECT start_us, deleted FROM annotations WHERE id = ?", made["id"]) == [(4_000_000, 0)]


def test_two_windows_see_each_other_and_a_stale_edit_is_a_conflict(
    new_page: Callable[[], Page], served: Served, bikes: str
) -> None:
    mine, theirs = AnnotatePage(new_page(), served.url).open(bikes), AnnotatePage(new_page(), served.url).open(bikes)
    theirs.page.evaluate("localStorage.setItem('annotator', 'Berta')")
    mine.create(1.0, 3.0, "a car")
    expect(theirs.page.locator(f"{ANNOTATION}[data-label='a car']")).to_have_count(1)
    (seen,) = theirs.segments("annotation")

    mine.drag((2.99, seen["y"]), (4.0, seen["y"]), drop=False)  # I hold the edge …
    theirs.drag((1.01, seen["y"]), (0.4, seen["y"]))  # … while Berta moves the other one
    theirs.saved()
    mine.page.wait_for_function("document.querySelector('#segment-list [data-kind=annotation]').dataset.start == '0.4'")
    mine.page.mouse.up()
    expect(mine.page.locator("#save-state")).to_have_text("conflict")
    expect(mine.page.locator("#inspector")).to_contain_text("Berta")
    assert rows(served.home, "SELECT start_us, end_us FROM annotations WHERE id = ?", seen["id"]) == [
        (400_000, 3_000_000)
    ]
    mine.page.click("#keep-mine")
    mine.saved()
    assert rows(served.home, "SELECT start_us, end_us FROM annotations WHERE id = ?", seen["id"]) == [
        (1_000_000, 4_000_000)
    ]
    expect(theirs.page.locator(f"{ANNOTATION}[data-end='4']")).to_have_count(1)


def test_keeping_theirs_drops_mine(new_page: Callable[[], Page], served: Served, bikes: str) -> None:
    mine, theirs = AnnotatePage(new_page(), served.url).open(bikes), AnnotatePage(new_page(), served.url).open(bikes)
    mine.create(1.0, 3.0, "a car")
    expect(theirs.page.locator(f"{ANNOTATION}[data-label='a car']")).to_have_count(1)
    (seen,) = theirs.segments("annotation")
    mine.drag((2.99, seen["y"]), (4.0, seen["y"]), drop=False)
    theirs.page.locator(ANNOTATION).click()
    theirs.page.keyboard.press("Delete")
    theirs.saved()
    expect(mine.page.locator(ANNOTATION)).to_have_count(0)
    mine.page.mouse.up()
    expect(theirs.page.locator(ANNOTATION)).to_have_count(0)
    assert rows(served.home, "SELECT deleted FROM annotations WHERE id = ?", seen["id"]) == [(1,)]


def test_edits_made_while_the_server_is_away_arrive_later(page: Page, served: Served, bikes: str) -> None:
    annotate_page = AnnotatePage(page, served.url).open(bikes)
    annotate_page.create(1.0, 2.0, "before")
    served.stop()
    lane = annotate_page.segments("annotation")[0]["y"]
    annotate_page.drag((3.0, lane), (4.0, lane))
    expect(page.locator("#save-state")).to_have_text("offline, edits kept in this browser")
    annotate_page.drag((3.5, lane), (5.5, lane))
    expect(page.locator(ANNOTATION)).to_have_count(2)
    assert len(rows(served.home, "SELECT id FROM annotations WHERE video_id = ?", bikes)) == 1
    served.start()
    annotate_page.saved()
    assert rows(
        served.home, "SELECT start_us, version FROM annotations WHERE video_id = ? ORDER BY start_us", bikes
    ) == [
        (1_000_000, 2),
        (5_000_000, 2),
    ]


def test_edits_that_never_left_the_page_survive_its_death(page: Page, served: Served, bikes: str) -> None:
    annotate_page = AnnotatePage(page, served.url).open(bikes)
    annotate_page.create(1.0, 2.0)
    page.route("**/component_server**", lambda route: route.abort())
    lane = annotate_page.segments("annotation")[0]["y"]
    annotate_page.drag((3.0, lane), (4.0, lane))
    expect(page.locator("#save-state")).to_have_text("offline, edits kept in this browser")
    page.unroute("**/component_server**")
    page.goto("about:blank")
    annotate_page.open(bikes)
    annotate_page.saved()
    expect(page.locator(ANNOTATION)).to_have_count(2)
    assert len(rows(served.home, "SELECT id FROM annotations WHERE video_id = ? AND NOT deleted", bikes)) == 2


def test_accept_and_reject(page: Page, served: Served, bikes: str) -> None:
    annotate_page = AnnotatePage(page, served.url).open(bikes)
    page.fill("#ground-query", "a car")
    page.click("text=Find moments")
    page.wait_for_selector("#segment-list [data-kind=prediction]")
    first_id, second_id = [s["id"] for s in annotate_page.segments("prediction")][:2]
    page.locator(f"#segment-list [data-id='{first_id}']").click()
    page.keyboard.press("a")
    page.locator(f"#segment-list [data-id='{second_id}']").click()
    page.keyboard.press("x")
    annotate_page.saved()
    assert dict(rows(served.home, VERDICTS, bikes)) == {first_id: "accepted", second_id: "rejected"}
    assert rows(served.home, "SELECT source FROM annotations WHERE video_id = ?", bikes) == [("accepted",)]
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    annotate_page.saved()
    assert rows(served.home, VERDICTS, bikes) == []


def test_without_alt_an_edge_finds_the_cut(page: Page, served: Served, bikes: str) -> None:
    annotate_page = AnnotatePage(page, served.url).open(bikes)
    cuts = page.evaluate("fetch('/array/' + new URLSearchParams(location.search).get('video') + '/shots')"
                         ".then(r => r.arrayBuffer()).then(b => [...new Float64Array(b)])")  # fmt: skip
    cut = next(c for c in cuts if 1 < c < 9)
    lane = annotate_page.lane()
    annotate_page.drag((cut - 0.6, lane), (cut - 0.05, lane), snap=True)
    expect(page.locator(ANNOTATION)).to_have_count(1)
    assert annotate_page.segments("annotation")[0]["end"] == cut


def test_every_step_is_one_frame(page: Page, served: Served, bikes: str) -> None:
    AnnotatePage(page, served.url).open(bikes)
    for frame in range(1, 13):
        page.click("#forward")
        expect(page.locator("#frame")).to_have_text(f"frame {frame}")
        page.wait_for_function("!document.querySelector('#player').seeking")
        shown = page.evaluate("document.querySelector('#player').currentTime")
        assert frame / 25 <= shown < (frame + 1) / 25
    page.click("#back")
    expect(page.locator("#frame")).to_have_text("frame 11")


def test_zoom_keeps_what_is_under_the_pointer(page: Page, served: Served, bikes: str) -> None:
    annotate_page = AnnotatePage(page, served.url).open(bikes)
    x, y = annotate_page.x(7.0), annotate_page.y(60)
    page.mouse.move(x, y)
    for _ in range(6):
        page.mouse.wheel(0, -300)
    page.wait_for_function(f"{SPAN} < 1")
    assert abs(annotate_page.x(7.0) - x) < 2
    page.keyboard.press("f")
    page.wait_for_function("document.querySelector('#timeline').dataset.viewEnd == 10")


PAYLOADS = [
    "<img src=x onerror=window.__pwned=1>", "${window.__pwned=1}", "{{constructor}}", "';alert(1)//",
    "<script>window.__pwned=1</script>", "javascript:window.__pwned=1", "\u202e evil \u202c",
    "</option><svg/onload=window.__pwned=1>",
]  # fmt: skip


def test_labels_are_text_everywhere(page: Page, served: Served, bikes: str) -> None:
    page.on("dialog", lambda dialog: pytest.fail("a label ran"))
    annotate_page = AnnotatePage(page, served.url).open(bikes)
    for i, payload in enumerate(PAYLOADS):
        annotate_page.create(i + 0.2, i + 0.8, payload)
        page.click("#history")
        expect(page.locator(".history li").first).to_be_visible()
    page.reload()
    expect(page.locator(ANNOTATION)).to_have_count(len(PAYLOADS))
    assert [s["label"] for s in annotate_page.segments("annotation")] == PAYLOADS
    assert page.evaluate("window.__pwned") is None


def test_the_keyboard_is_enough(page: Page, served: Served, bikes: str) -> None:
    annotate_page = AnnotatePage(page, served.url).open(bikes)
    page.locator("#timeline").focus()
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("i")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("o")
    page.keyboard.press("Enter")
    expect(page.locator("#label-input")).not_to_be_focused()
    page.keyboard.press("t")
    expect(page.locator("#label-input")).to_be_focused()
    page.keyboard.type("hands only")
    page.keyboard.press("Enter")
    annotate_page.saved()
    (made,) = annotate_page.segments("annotation")
    assert (made["start"], made["end"], made["label"]) == (1.0, pytest.approx(2.04), "hands only")
    page.locator("#timeline").focus()
    page.keyboard.press("?")
    expect(page.locator("dialog#keys")).to_be_visible()


def test_keys_stay_commands_until_a_person_goes_into_a_field(page: Page, served: Served, bikes: str) -> None:
    """I O Enter 1 once typed “1” into the label; now a digit is a label wherever there is something to give it to."""
    annotate_page = AnnotatePage(page, served.url).open(bikes)
    annotate_page.create(8.0, 9.0, "car")
    page.click("#add-label")
    expect(page.locator("#add-label")).to_have_count(0)
    page.locator("#timeline").focus()
    page.keyboard.press("Escape")
    for keys in (("i", "Shift+ArrowRight", "o", "1"), ("Shift+ArrowRight", "i", "Shift+ArrowRight", "o", "Enter", "1")):
        for key in keys:
            page.keyboard.press(key)
    annotate_page.saved()
    page.keyboard.down("m")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.up("m")
    page.keyboard.press("i")
    page.keyboard.press("Escape")
    annotate_page.saved()
    assert rows(served.home, "SELECT label FROM annotations WHERE video_id = ? ORDER BY start_us", bikes) == [
        ("car",), ("car",), ("",), ("car",),
    ]  # fmt: skip
    assert rows(served.home, "SELECT label FROM labels") == [("car",)]


def test_a_digit_accepts_a_proposal_under_a_class(page: Page, served: Served, bikes: str) -> None:
    with closing(sqlite3.connect(served.home / "studio.db", timeout=10, isolation_level=None)) as db:
        db.execute(
            "INSERT INTO labels (track, label, colour, hotkey, position) VALUES "
            "('Moments', 'car', '#0072b2', '1', 0), ('Moments', 'bus', '#e69f00', '2', 1)"
        )
        db.execute("INSERT OR REPLACE INTO tracks (track, closed) VALUES ('Moments', 1)")
    annotate_page = AnnotatePage(page, served.url).open(bikes)
    page.fill("#ground-query", "something red")
    page.click("text=Find moments")
    page.locator("#segment-list [data-kind=prediction]").first.click()
    page.locator("#timeline").focus()
    page.keyboard.press("a")
    expect(page.locator("#toast")).to_have_text(
        "“Moments” takes only its labels: press the key of one to accept it so (1 car, 2 bus)."
    )
    page.keyboard.press("2")
    annotate_page.saved()
    asked = "SELECT a.label, a.source, p.label FROM annotations a JOIN predictions p ON p.id = a.prediction_id"
    assert rows(served.home, f"{asked} WHERE a.video_id = ?", bikes) == [("bus", "accepted", "something red")]
    assert rows(served.home, "SELECT label FROM labels ORDER BY position") == [("car",), ("bus",)]


def test_two_windows_of_one_browser_lose_nothing_while_the_server_is_away(
    browser: Browser, served: Served, bikes: str
) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 720})
    pages = [AnnotatePage(context.new_page(), served.url).open(bikes) for _ in range(2)]
    lane = pages[0].lane()
    served.stop()
    for number, annotate_page in enumerate(pages):
        annotate_page.drag((1.0 + 4 * number, lane), (2.0 + 4 * number, lane))
        expect(annotate_page.page.locator("#save-state")).to_have_text("offline, edits kept in this browser")
    for annotate_page in pages:
        annotate_page.page.close(run_before_unload=False)
    served.start()
    again = AnnotatePage(context.new_page(), served.url).open(bikes)
    again.saved()
    expect(again.page.locator(ANNOTATION)).to_have_count(2)
    assert rows(served.home, "SELECT start_us FROM annotations WHERE video_id = ? ORDER BY 1", bikes) == [
        (1_000_000,),
        (5_000_000,),
    ]
    context.close()


def test_turning_to_another_video_does_not_strand_what_waits(page: Page, served: Served, bikes: str) -> None:
    annotate_page = AnnotatePage(page, served.url).open(bikes)
    lane = annotate_page.lane()

    def slowly(route: Route) -> None:
        time.sleep(0.5)
        route.continue_()

    page.route("**/component_server**", slowly)
    annotate_page.drag((1.0, lane), (2.0, lane))
    page.fill("#label-input", "typed at the last moment")
    page.press("#label-input", "Tab")
    page.click("[role=tab] >> text=Library")
    page.locator(".card", has_text="bigbuckbunny").locator(".picture").click()
    page.unroute_all(behavior="ignoreErrors")
    expect(page.locator("#video-name")).to_have_text("bigbuckbunny.mp4")
    page.wait_for_function(NOTHING_KEPT)
    assert rows(served.home, "SELECT label FROM annotations WHERE video_id = ?", bikes) == [
        ("typed at the last moment",)
    ]


def test_the_inspector_follows_its_own_buttons(page: Page, served: Served, bikes: str) -> None:
    annotate_page = AnnotatePage(page, served.url).open(bikes)
    page.fill("#ground-query", "a car")
    page.click("text=Find moments")
    page.locator("#segment-list [data-kind=prediction]").first.click()
    page.click("#reject")
    expect(page.locator("#reject")).to_have_text("Undo rejection (X)")
    page.click("#reject")
    expect(page.locator("#reject")).to_have_text("Reject (X)")
    page.click("#accept")
    expect(page.locator("#inspector .tag")).to_have_text("accepted")
    page.locator(ANNOTATION).click()
    (before,) = annotate_page.segments("annotation")
    page.fill("#inspector [data-field=end]", "99999")
    page.press("#inspector [data-field=end]", "Tab")
    expect(page.locator("#inspector .time-answer")).to_have_text("This video ends at 0:10.000.")
    assert annotate_page.segments("annotation") == [before], "and nothing is changed without a word"


def test_times_are_typed_as_any_view_shows_them(page: Page, served: Served, bikes: str) -> None:
    annotate_page = AnnotatePage(page, served.url).open(bikes)
    annotate_page.create(1.0, 2.0, "car")
    start, end = (page.locator(f"#inspector [data-field={edge}]") for edge in ("start", "end"))
    expect(end).to_have_value("0:02.000")
    page.locator(ANNOTATION).click()
    for typed, shown in (
        ("0:08,52", "0:08.520"),
        ("0:00:03:12", "0:03.480"),
        ("100 f", "0:04.000"),
        ("9.01", "0:09.000"),
    ):
        end.fill(typed)
        expect(page.locator("#inspector .time-answer")).to_contain_text(f"Ends at {shown}, frame ")
        end.press("Enter")
        expect(end).to_have_value(shown)
    start.fill("0:09.5")
    start.press("Enter")
    expect(page.locator("#inspector .time-answer")).to_have_text("The start must come before the end, 0:09.000.")
    expect(start).to_have_value("0:09.5")
    annotate_page.saved()
    assert rows(served.home, "SELECT start_us, end_us FROM annotations WHERE video_id = ?", bikes) == [
        (1_000_000, 9_000_000)
    ]


def test_a_row_is_shifted_by_a_time_and_back(page: Page, served: Served, bikes: str) -> None:
    annotate_page = AnnotatePage(page, served.url).open(bikes)
    annotate_page.create(1.0, 2.0, "one")
    annotate_page.create(3.0, 4.0, "two")
    page.locator(".gutter-row.track .more").first.click()
    page.get_by_role("menuitem", name="Select its annotations").click()
    page.click("#shift")
    expect(page.locator("#shifting-title")).to_have_text("Shift 2 segments")
    page.fill("#shift-by", "-0:01.5")
    expect(page.locator("#shift-answer")).to_have_text("By at most 0:01.000 earlier: there the video begins.")
    expect(page.locator("#shift-go")).to_be_disabled()
    page.fill("#shift-by", "0:00:01:10")
    expect(page.locator("#shift-answer")).to_have_text("The first one comes to 0:02.400.")
    page.press("#shift-by", "Enter")
    annotate_page.saved()
    times = "SELECT start_us, end_us FROM annotations WHERE video_id = ? ORDER BY start_us"
    assert rows(served.home, times, bikes) == [(2_400_000, 3_400_000), (4_400_000, 5_400_000)]
    page.click("#undo")
    annotate_page.saved()
    assert rows(served.home, times, bikes) == [(1_000_000, 2_000_000), (3_000_000, 4_000_000)]


def test_tab_leaves_the_page_when_there_is_nothing_to_step_through(page: Page, served: Served, bikes: str) -> None:
    AnnotatePage(page, served.url).open(bikes)
    seen = set()
    for _ in range(16):
        page.keyboard.press("Tab")
        seen.add(page.evaluate("document.activeElement.id || document.activeElement.tagName"))
    assert len(seen) > 6


def test_an_earlier_question_steps_aside_for_the_next(page: Page, served: Served, bikes: str) -> None:
    annotate_page = AnnotatePage(page, served.url).open(bikes)
    for query in ("a car", "a bicycle"):
        page.fill("#ground-query", query)
        page.click("text=Find moments")
        expect(page.locator(f"#segment-list [data-label='{query}']").first).to_be_visible()
    assert {s["label"] for s in annotate_page.segments("prediction")} == {"a bicycle"}
    page.click("#grounding-runs >> text=a car")
    expect(page.locator("#segment-list [data-label='a car']").first).to_be_visible()


def test_another_engine_may_answer_and_look_closer(page: Page, served: Served, bikes: str) -> None:
    AnnotatePage(page, served.url).open(bikes)
    page.click("text=How moments are found")
    assert page.input_value("#engine") == "consensus"
    page.select_option("#engine", "tag")
    page.check("#refine")
    page.fill("#ground-query", "a car")
    page.click("text=Find moments")
    expect(page.locator("#segment-list [data-label='a car']").first).to_be_visible()
    ((model, params),) = rows(served.home, "SELECT model, params FROM runs WHERE video_id = ?", bikes)
    assert model == "tag/studio-lite"
    assert '"refine": true' in params


def test_while_an_edge_is_dragged_its_frame_and_its_time_are_shown(page: Page, served: Served, bikes: str) -> None:
    annotate_page = AnnotatePage(page, served.url).open(bikes)
    annotate_page.create(2.0, 4.0, "car")
    page.locator(ANNOTATION).click()
    page.wait_for_function("Math.abs(document.querySelector('#player').currentTime - 2.02) < 0.011")
    (made,) = annotate_page.segments("annotation")
    end = page.locator("#inspector [data-field=end]")
    annotate_page.drag((4.0, made["y"]), (6.0, made["y"]), drop=False)
    page.wait_for_function("Math.abs(document.querySelector('#player').currentTime - 5.98) < 0.011")
    expect(page.locator("#tooltip")).to_have_text("0:02.000 – 0:06.000\n4.000 s")
    expect(end).to_have_value("0:06.000")
    page.keyboard.press("Escape")
    page.mouse.up()
    expect(end).to_have_value("0:04.000")
    page.wait_for_function("Math.abs(document.querySelector('#player').currentTime - 2.02) < 0.011")
    expect(page.locator("#tooltip")).to_be_hidden()
    annotate_page.drag((3.0, made["y"]), (5.0, made["y"]))
    annotate_page.saved()
    assert rows(served.home, "SELECT start_us, end_us FROM annotations WHERE video_id = ?", bikes) == [
        (4_000_000, 6_000_000)
    ]
    page.locator("#timeline").focus()
    page.keyboard.press("Alt+Shift+ArrowRight")
    page.wait_for_function("Math.abs(document.querySelector('#player').currentTime - 6.02) < 0.011")


def test_a_button_says_that_the_answer_is_on_its_way(annotate_page: AnnotatePage) -> None:
    """Loading a model takes seconds, in which the page once only dimmed the button."""
    page = annotate_page.page
    held: list[Route] = []

    def hold(route: Route) -> None:
        if '"ground"' in (route.request.post_data or ""):
            held.append(route)
        else:
            route.continue_()

    page.route("**/component_server**", hold)
    page.click("#tab-ask")
    page.fill("#ground-query", "a tram")
    page.press("#ground-query", "Enter")
    expect(page.locator("#ground-go")).to_have_text("Looking…")
    expect(page.locator("#ground-go")).to_be_disabled()
    page.press("#ground-query", "Enter")
    page.wait_for_timeout(100)
    assert len(held) == 1, "asked once"
    held[0].abort()
    expect(page.locator("#ground-go")).to_have_text("Find moments")
    expect(page.locator("#ground-go")).to_be_enabled()
    page.unroute("**/component_server**")
