"""Several cameras on one timeline: what they show at one instant is of one instant, while they play and after a seek.
Each picture carries the time of the event, which is read from the pictures as they are displayed."""

import json
import sqlite3
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from studio.config import Settings
from studio.service import Studio
from studio.store import runs
from studio.timeline import ModelRun, Prediction, Segment
from tests.browser.annotate_page import AnnotatePage, rows
from tests.browser.conftest import Served, free_port
from tests.browser.test_accessibility import look
from tests.films import A_SECOND, write_film
from tests.sounds import RATE, babble, write_sound

pytestmark = pytest.mark.browser
FRAME = round(0.04 * A_SECOND) + 1  # as the pictures count, whose numbers are rounded: a frame of the slowest cameras
ABOUT = 0.02  # s, that the sound may be off by
SLOW, DRIFTING = 1.05, 1.0005  # how long a second of these clocks lasts
PUT = "INSERT INTO timeline_media (timeline_id, video_id, offset_us, rate, role) VALUES (?, ?, ?, ?, 'camera')"

READ = """() => {
  window.numberIn ??= (video) => {
    const canvas = (window.numberCanvas ??= new OffscreenCanvas(192, 96));
    const ctx = canvas.getContext('2d', { willReadFrequently: true });
    ctx.drawImage(video, 0, 0, 192, 96);
    const { data } = ctx.getImageData(0, 0, 192, 96);
    let number = 0;
    for (let bit = 0; bit < 12; bit++) {
      const [x, y] = [16 + 32 * (bit % 6), 24 + 48 * Math.floor(bit / 6)];
      if (data[4 * (192 * y + x)] > 128) number |= 1 << bit;
    }
    return number - 1;
  };
  return [...document.querySelectorAll('#player, .camera:not(.sound) video')].map(window.numberIn);
}"""
WATCH = """async (count) => {
  const all = [];
  while (all.length < count) {
    await new Promise(requestAnimationFrame);
    all.push(READ());
  }
  return all;
}""".replace("READ()", f"({READ})()")
SETTLED = """() => [...document.querySelectorAll('#player, .camera video')].every(
    (v) => !v.seeking && v.readyState >= 2)"""


@pytest.fixture(scope="module")
def cameras(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, dict[str, str]]]:
    """A studio with films of one event: `main` from its beginning, `side` from 3.2 s on at another rate, `back` from
    before it on; and a `recorder` of the sound, and a `stranger`. The clock of `slow` runs slow; so does, a little,
    that of `copy`, which has the sound of `talk` from 4 s on."""
    folder = tmp_path_factory.mktemp("cameras")
    said, talk = babble(24, 1), babble(90, 3)
    places = np.arange(80 * RATE) * DRIFTING + 4 * RATE
    films = {
        "main": write_film(folder / "main.mp4", 20, sound=said[: 20 * RATE]),
        "side": write_film(folder / "side.mp4", 10, fps=30, began=3.2, sound=said[round(3.2 * RATE) : 13 * RATE]),
        "back": write_film(folder / "back.mp4", 12, began=1.0),
        "recorder": write_sound(folder / "recorder.wav", said[2 * RATE :]),
        "stranger": write_sound(folder / "stranger.wav", babble(20, 7)),
        "slow": write_film(folder / "slow.mp4", 12, began=1.0, rate=SLOW),
        "talk": write_sound(folder / "talk.wav", talk),
        "copy": write_sound(folder / "copy.wav", np.interp(places, np.arange(len(talk)), talk).astype(np.float32)),
    }
    studio = Studio(Settings(home=folder / "home", device="cpu"))
    ids = {name: str(studio.videos.add(file)["id"]) for name, file in films.items()}
    studio.close()
    made = Served(folder / "home", free_port())
    made.start()
    yield made, ids
    made.stop()
    assert "Traceback" not in made.log, made.log


@pytest.fixture
def placed(cameras: tuple[Served, dict[str, str]]) -> tuple[Served, dict[str, str]]:
    """`side` and `back` are on the timeline of `main`, where they belong."""
    served, ids = cameras
    with sqlite3.connect(served.home / "studio.db", timeout=10) as db:
        db.execute("DELETE FROM timeline_media WHERE timeline_id = ? AND role <> 'main'", (ids["main"],))
        for name, offset in (("side", 3_200_000), ("back", 1_000_000)):
            db.execute(PUT, (ids["main"], ids[name], offset, 1.0))
    return served, ids


def opened(page: Page, served: Served, video: str) -> AnnotatePage:
    annotate_page = AnnotatePage(page, served.url).open(video)
    page.wait_for_function(SETTLED)
    return annotate_page


def apart(numbers: list[int]) -> int:
    """How far the other cameras are from the main one, of which there must be no more than a frame."""
    return max(abs(number - numbers[0]) for number in numbers)


def share_in_step(watched: list[list[int]]) -> float:
    """Of the instants that were looked at; on a busy machine a frame is late now and then."""
    return sum(apart(numbers) <= FRAME for numbers in watched) / len(watched)


def watch_in_step(page: Page, count: int) -> list[list[int]]:
    """So many instants of cameras that play, from when they are in step on: a busy machine may take four seconds to
    start them."""
    for _ in range(4):
        if share_in_step(page.evaluate(WATCH, 60)) >= 0.8:
            break
    watched: list[list[int]] = page.evaluate(WATCH, count)
    return watched


def seek(page: Page, time: float) -> None:
    """Go there, and wait for all cameras."""
    page.evaluate("t => { const v = document.querySelector('#player'); v.currentTime = t; }", time)
    page.wait_for_function(SETTLED)
    page.wait_for_timeout(150)  # until the frame that was found is displayed
    page.wait_for_function(SETTLED)


def test_cameras_show_one_instant(page: Page, placed: tuple[Served, dict[str, str]]) -> None:
    served, ids = placed
    opened(page, served, ids["main"])
    expect(page.locator(".camera:visible")).to_have_count(2)
    for time in (4.0, 9.02, 5.5, 11.98):
        seek(page, time)
        numbers = page.evaluate(READ)
        assert abs(numbers[0] - A_SECOND * time) <= FRAME and apart(numbers) <= FRAME, (time, numbers)
    page.locator("#timeline").focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowLeft", ".", "Shift+ArrowLeft"):
        before = page.evaluate(READ)[0]
        page.keyboard.press(key)
        page.wait_for_function(f"before => ({READ})()[0] !== before", arg=before)
        page.wait_for_function(f"() => {{ const n = ({READ})(); return Math.max(...n) - Math.min(...n) <= {FRAME}; }}")
    seek(page, 4.5)
    page.keyboard.press("Space")
    page.wait_for_timeout(700)  # so long they may take to get in step
    watched = page.evaluate(WATCH, 120)
    page.keyboard.press("Space")
    assert watched[-1][0] - watched[0][0] > A_SECOND / 2, "it plays"
    assert share_in_step(watched) >= 0.8, watched
    page.wait_for_function(SETTLED)
    page.wait_for_function(f"() => {{ const n = ({READ})(); return Math.max(...n) - Math.min(...n) <= {FRAME}; }}")


def test_a_camera_whose_clock_runs_slow_stays_in_step(page: Page, cameras: tuple[Served, dict[str, str]]) -> None:
    served, ids = cameras
    with sqlite3.connect(served.home / "studio.db", timeout=10) as db:
        db.execute("DELETE FROM timeline_media WHERE timeline_id = ? AND role <> 'main'", (ids["main"],))
        db.execute(PUT, (ids["main"], ids["slow"], 1_000_000, SLOW))
    opened(page, served, ids["main"])
    for time in (2.0, 12.5, 7.02):
        seek(page, time)
        numbers = page.evaluate(READ)
        assert abs(numbers[0] - A_SECOND * time) <= FRAME and apart(numbers) <= FRAME, (time, numbers)
    page.locator("#timeline").focus()
    page.keyboard.press("Space")
    watched = watch_in_step(page, 120)
    page.keyboard.press("Space")
    assert share_in_step(watched) >= 0.8, watched
    page.click("#tab-cameras")
    field = page.locator(f"#camera-list [data-camera='{ids['slow']}'] .clock input")
    expect(field).to_have_value("+180.000")
    field.fill("0")
    field.press("Enter")
    expect(page.locator("#save-state")).to_have_attribute("data-state", "saved")
    seek(page, 11.0)
    main, slow = page.evaluate(READ)
    assert abs(slow - main - 10 * (SLOW - 1) * A_SECOND) <= FRAME, "as the camera's own clock has it"
    page.locator("#timeline").focus()
    page.keyboard.press("Control+z")
    expect(field).to_have_value("+180.000")


def test_clocks_that_run_apart_are_told_and_corrected(page: Page, cameras: tuple[Served, dict[str, str]]) -> None:
    served, ids = cameras
    with sqlite3.connect(served.home / "studio.db", timeout=10) as db:
        db.execute("DELETE FROM timeline_media WHERE timeline_id = ? AND role <> 'main'", (ids["talk"],))
        db.execute(PUT, (ids["talk"], ids["copy"], 0, 1.0))
    AnnotatePage(page, served.url).open(ids["talk"])
    page.click("#tab-cameras")
    row = page.locator(f"#camera-list [data-camera='{ids['copy']}']")
    row.get_by_role("button", name="Find when it begins by what is heard in both").click()
    expect(row.locator("p")).to_contain_text("The clocks of the two run apart: at the beginning of what both have")
    expect(page.locator("#jobs")).not_to_contain_text("run apart")
    expect(row.locator(".clock input")).to_have_value("+0.000")
    for _ in range(100):  # it is told before it is saved
        if place_of(served, ids["talk"], ids["copy"])[0]:
            break
        page.wait_for_timeout(100)
    assert place_of(served, ids["talk"], ids["copy"]) == (pytest.approx(4.02, abs=ABOUT), 1.0)
    row.get_by_role("button", name="Have it in step from beginning to end").click()
    expect(page.locator("#save-state")).to_have_attribute("data-state", "saved")
    expect(row.locator("p")).to_have_count(0)
    offset, rate = place_of(served, ids["talk"], ids["copy"])
    for time in (0, 80):
        assert offset + rate * time == pytest.approx(4 + DRIFTING * time, abs=ABOUT)
    page.locator("#timeline").focus()
    page.keyboard.press("Control+z")
    expect(row.locator(".clock input")).to_have_value("+0.000")


def place_of(served: Served, timeline: str, video: str) -> tuple[float, float]:
    with sqlite3.connect(served.home / "studio.db", timeout=10) as db:
        asked = "SELECT offset_us / 1e6, rate FROM timeline_media WHERE timeline_id = ? AND video_id = ?"
        offset, rate = db.execute(asked, (timeline, video)).fetchone()
    return float(offset), float(rate)


def test_a_camera_that_does_not_run_says_so(page: Page, placed: tuple[Served, dict[str, str]]) -> None:
    served, ids = placed
    opened(page, served, ids["main"])
    side = page.locator(f".camera[data-camera='{ids['side']}']")
    expect(side.locator(".camera-note")).to_have_text("Begins at 0:03.200")
    seek(page, 4.0)
    expect(side.locator(".camera-note")).to_be_hidden()
    seek(page, 13.6)
    expect(side.locator(".camera-note")).to_have_text("Ended at 0:13.200")
    seek(page, 2.8)
    page.locator("#timeline").focus()
    page.keyboard.press("Space")
    page.wait_for_function("() => document.querySelector('#player').currentTime > 4.4")
    watched = watch_in_step(page, 60)
    page.keyboard.press("Space")
    assert share_in_step(watched) >= 0.8, "it began by itself"


def test_views_and_sound(page: Page, placed: tuple[Served, dict[str, str]]) -> None:
    served, ids = placed
    opened(page, served, ids["main"])
    screens, timeline = page.locator("#screens"), page.locator("#timeline")
    expect(screens).to_have_attribute("data-view", "grid")
    timeline.focus()
    page.keyboard.press("Shift+C")
    expect(screens).to_have_attribute("data-view", "side")
    page.locator(f".camera[data-camera='{ids['back']}']").click()
    expect(page.locator(f".camera.front[data-camera='{ids['back']}']")).to_be_visible()
    timeline.focus()
    page.keyboard.press("c")
    expect(page.locator("#player-frame.front")).to_be_visible()
    page.keyboard.press("Shift+C")
    expect(screens).to_have_attribute("data-view", "one")
    page.keyboard.press("c")
    expect(page.locator(f".camera.front[data-camera='{ids['side']}']")).to_be_visible()
    seek(page, 5.0)
    page.keyboard.press("Space")  # the clock goes on, though the main camera is not seen
    page.wait_for_function("() => +document.querySelector('#clock').textContent.slice(2) > 5.6")
    page.keyboard.press("Space")
    page.click("#tab-cameras")
    muted = "() => [...document.querySelectorAll('#player, .camera video')].map((v) => v.muted)"
    assert page.evaluate(muted) == [False, True, True]
    page.locator(f"#camera-list [data-camera='{ids['side']}'] input[type=radio]").check()
    assert page.evaluate(muted) == [True, False, True]
    timeline.focus()
    page.keyboard.press("Shift+M")
    assert page.evaluate(muted) == [True, True, True]
    page.keyboard.press("Shift+M")
    opened(page, served, ids["main"])  # this browser remembers it for the timeline
    expect(screens).to_have_attribute("data-view", "one")
    expect(page.locator(f".camera.front[data-camera='{ids['side']}']")).to_be_visible()
    assert page.evaluate(muted) == [True, False, True]


def offset_of(served: Served, timeline: str, video: str) -> int | None:
    with sqlite3.connect(served.home / "studio.db", timeout=10) as db:
        asked = "SELECT offset_us FROM timeline_media WHERE timeline_id = ? AND video_id = ?"
        found = db.execute(asked, (timeline, video)).fetchone()
    return None if found is None else int(found[0])


def test_a_recording_is_added_placed_by_its_sound_and_taken_off(
    page: Page, cameras: tuple[Served, dict[str, str]]
) -> None:
    served, ids = cameras
    with sqlite3.connect(served.home / "studio.db", timeout=10) as db:
        db.execute("DELETE FROM timeline_media WHERE role <> 'main'")
    annotate_page = opened(page, served, ids["main"])
    expect(page.locator("#tab-cameras")).to_be_hidden()
    expect(page.locator(".camera")).to_have_count(0)
    page.click("#cameras-open")
    for name in ("recorder", "stranger"):
        page.locator("#camera-add input").fill(name)
        page.locator(f"#camera-add [data-video='{ids[name]}']").click()
        row = page.locator(f"#camera-list [data-camera='{ids[name]}']")
        expect(row.locator("input.mono")).to_have_value("+0:00.000")
        annotate_page.saved()
    row = page.locator(f"#camera-list [data-camera='{ids['recorder']}']")
    row.get_by_role("button", name="Find when it begins by what is heard in both").click()
    expect(row.locator("input.mono")).to_have_value("+0:02.000")
    annotate_page.saved()
    assert offset_of(served, ids["main"], ids["recorder"]) == pytest.approx(2_000_000, abs=1e6 * ABOUT)
    page.locator("#toast").get_by_role("button", name="Undo").click()
    expect(row.locator("input.mono")).to_have_value("+0:00.000")
    row.locator("input.mono").fill("-0:00:01:05")
    row.locator("input.mono").press("Enter")
    expect(row.locator("input.mono")).to_have_value("−0:01.200")
    row.get_by_role("button", name="One frame later").click()
    row.get_by_role("button", name="One frame later").click()
    expect(row.locator("input.mono")).to_have_value("−0:01.120")
    page.locator("#timeline").focus()
    page.keyboard.press("Control+z")
    expect(row.locator("input.mono")).to_have_value("−0:01.200")
    other = page.locator(f"#camera-list [data-camera='{ids['stranger']}']")
    other.get_by_role("button", name="Find when it begins by what is heard in both").click()
    expect(other.get_by_role("status")).to_contain_text("do not match")
    expect(other.locator("input.mono")).to_have_value("+0:00.000")
    other.get_by_role("button", name="Take it off the timeline").click()
    expect(other).to_have_count(0)
    annotate_page.saved()
    assert offset_of(served, ids["main"], ids["stranger"]) is None
    page.locator("#timeline").focus()
    page.keyboard.press("Control+z")
    expect(other).to_have_count(1)
    annotate_page.saved()
    assert offset_of(served, ids["main"], ids["stranger"]) == 0


def test_what_is_found_in_the_second_camera_lies_at_the_time_of_the_timeline(
    page: Page, new_page: Callable[[], Page], placed: tuple[Served, dict[str, str]]
) -> None:
    served, ids = placed
    studio = Studio(Settings(home=served.home, device="cpu"))
    found = [Prediction(Segment(1_000_000, 2_000_000), "Moments", "waves", 0.9)]
    studio.store.write(lambda db: runs.insert(db, ModelRun(ids["side"], "detection", "m", "1", found)))
    studio.close()
    annotate_page = opened(page, served, ids["main"])
    (segment,) = annotate_page.segments("prediction")
    assert (segment["start"], segment["end"]) == (4.2, 5.2)
    expect(page.locator("#gutter")).to_contain_text("Moments · side.mp4")
    page.locator("#segment-list [data-kind=prediction]").click()
    page.locator("#timeline").focus()
    page.keyboard.press("a")
    annotate_page.saved()
    (made,) = annotate_page.segments("annotation")
    assert (made["start"], made["end"]) == (4.2, 5.2)
    other = opened(new_page(), served, ids["main"])
    page.click("#tab-cameras")
    page.locator(f"#camera-list [data-camera='{ids['side']}'] input.mono").fill("2.2")
    page.locator(f"#camera-list [data-camera='{ids['side']}'] input.mono").press("Enter")
    annotate_page.saved()
    for each in (annotate_page, other):  # also where somebody else looks
        shown = "#segment-list [data-kind=prediction], #segment-list [data-kind=annotation]"
        expect(each.page.locator(f"{shown} >> nth=0")).to_have_attribute("data-start", "3.2")
    with sqlite3.connect(served.home / "studio.db", timeout=10) as db:
        assert db.execute("SELECT source, start_us FROM annotations").fetchall() == [("accepted", 4_200_000)]


def test_everybody_can_use_the_list_on_any_screen(page: Page, placed: tuple[Served, dict[str, str]]) -> None:
    """Also where a file has a name that nobody should give one."""
    served, ids = placed
    name = "<img pwn src=x onerror=window.__pwned=1>\u202e" + "very long " * 20 + ".mp4"
    rename = "UPDATE videos SET name = ? WHERE id = ?"
    with sqlite3.connect(served.home / "studio.db", timeout=10) as db:
        db.execute(rename, (name, ids["back"]))
    try:
        for width, height in ((1280, 720), (390, 844)):
            page.set_viewport_size({"width": width, "height": height})
            opened(page, served, ids["main"])
            boxes = page.eval_on_selector_all(
                "#player-frame, .camera", "all => all.map((e) => e.getBoundingClientRect())"
            )
            for box in boxes:
                assert box["width"] >= 150 and box["height"] >= 80 and box["right"] <= width, boxes
            page.click("#tab-cameras")
            wide = page.eval_on_selector("#cameras", "e => [e.scrollWidth, e.clientWidth]")
            assert wide[0] <= wide[1]
            look(page, f"cameras at {width}")
        expect(page.locator(f"#camera-list [data-camera='{ids['back']}'] .camera-title")).to_have_text(name)
        expect(page.locator(f".camera[data-camera='{ids['back']}'] .camera-name")).to_have_text(name)
        assert page.evaluate("[document.querySelectorAll('[pwn]').length, window.__pwned]") == [0, None]
    finally:
        with sqlite3.connect(served.home / "studio.db", timeout=10) as db:
            db.execute(rename, ("back.mp4", ids["back"]))


def test_boxes_are_drawn_over_the_camera_in_front_and_shown_over_it_alone(
    page: Page, placed: tuple[Served, dict[str, str]]
) -> None:
    """At the frame that it shows, by its own time; the row has them where it lies on the timeline."""
    served, ids = placed
    annotate_page = opened(page, served, ids["main"])
    seek(page, 6.0)
    page.locator("#timeline").focus()
    page.keyboard.press("Shift+C")
    page.locator(f".camera[data-camera='{ids['side']}'] video").click()  # it comes to the front
    canvas = page.locator(f".camera[data-camera='{ids['side']}'].front canvas.boxes")
    expect(canvas).to_be_visible()
    page.wait_for_function(SETTLED)
    page.locator("#timeline").focus()
    page.keyboard.press("Shift+B")
    expect(canvas).to_be_focused()
    expect(page.locator("#boxes.editing")).to_have_count(0)
    frame = canvas.bounding_box()
    assert frame is not None
    scale = min(frame["width"] / 192, frame["height"] / 96)
    left, top = (frame["width"] - 192 * scale) / 2, (frame["height"] - 96 * scale) / 2

    def point(x: float, y: float) -> tuple[float, float]:
        return frame["x"] + left + x * 192 * scale, frame["y"] + top + y * 96 * scale

    page.mouse.move(*point(0.25, 0.25))
    page.mouse.down()
    page.mouse.move(*point(0.5, 0.75), steps=4)
    page.mouse.up()
    annotate_page.saved()
    places = "medium_id, time_us, round(x1, 2), round(y1, 2), round(x2, 2), round(y2, 2)"
    asked = f"SELECT {places} FROM box_tracks JOIN box_keys ON box_id = id WHERE NOT deleted"
    assert rows(served.home, asked) == [(ids["side"], 2_800_000, 0.25, 0.25, 0.5, 0.75)]
    assert len(json.loads(canvas.get_attribute("data-boxes") or "")) == 1
    assert page.get_attribute("#boxes", "data-boxes") == "[]", "it is not over the main picture"
    expect(page.locator("#box-list option")).to_have_count(2)
    expect(page.locator("#box-list option").nth(1)).to_contain_text("0:06.0 · side.mp4")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    seek(page, 8.0)
    expect(canvas).to_have_attribute("data-boxes", "[]")
    page.click("#undo")
    annotate_page.saved()
    assert rows(served.home, asked) == []
