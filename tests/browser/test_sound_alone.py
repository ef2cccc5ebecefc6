"""A recording of sound alone, from the upload to the label: what is looked at is its sound."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from studio.config import Settings
from studio.service import Studio
from tests.browser.annotate_page import ANNOTATION, AnnotatePage, rows, video_id
from tests.browser.conftest import Served, free_port
from tests.browser.test_accessibility import look
from tests.sounds import make_sound

pytestmark = pytest.mark.browser

# How different the pixels of a column of the spectrogram are, at a time.
CONTRAST = """time => {
  const canvas = document.querySelector('#sound');
  const timeline = document.querySelector('#timeline');
  const [start, end] = [+timeline.dataset.viewStart, +timeline.dataset.viewEnd];
  const box = timeline.getBoundingClientRect();
  const x = box.left - canvas.getBoundingClientRect().left + ((time - start) / (end - start)) * box.width;
  const ratio = canvas.width / canvas.clientWidth;
  const top = Math.round(canvas.height * 0.4);
  const { data } = canvas.getContext('2d').getImageData(Math.round(x * ratio), top, 1, canvas.height - top);
  const values = [...data].filter((_, i) => i % 4 === 0);
  return Math.max(...values) - Math.min(...values);
}"""


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """An empty library with one label, on the key 1."""
    home = tmp_path_factory.mktemp("sound") / "home"
    studio = Studio(Settings(home=home, device="cpu"))
    label = {"track": "Moments", "label": "tone", "colour": "#0072b2", "hotkey": "1"}
    studio.labels.save({"labels": [label], "tracks": []}, "ann")
    studio.close()
    made = Served(home, free_port())
    made.start()
    yield made
    made.stop()
    assert "Traceback" not in made.log, made.log


def click_at(page: AnnotatePage, time: float) -> None:
    """Into the spectrogram, which lies above the timeline."""
    box = page.page.locator("#sound").bounding_box()
    assert box is not None
    page.page.mouse.click(page.x(time), box["y"] + 0.7 * box["height"])
    page.page.wait_for_function("t => Math.abs(+document.querySelector('#sound').ariaValueNow - t) < 0.02", arg=time)


def playhead(page: Page) -> float:
    return float((page.text_content("#clock") or "").removeprefix("0:"))


def test_a_moment_of_sound_is_labelled_by_what_is_seen_of_it(page: Page, library: Served, tmp_path: Path) -> None:
    page.goto(f"{library.url}?view=library")
    page.set_input_files("#upload-input", str(make_sound(tmp_path, "wav")))
    card = page.locator(".card")
    expect(card.locator("p.muted").first).to_have_text("0:05 · sound only, PCM")
    expect(card.locator("button.link")).to_have_count(0)  # its sound is drawn by now
    expect(page.locator("#library-summary")).to_contain_text("1 recording of sound, 0:05 in all; 1 searchable.")
    page.wait_for_function("document.querySelector('.card img')?.naturalWidth > 0")
    expect(card.locator(".error")).to_have_count(0)

    annotate = AnnotatePage(page, library.url).open(video_id(library.home, "wav"))
    expect(page.locator("#sound")).to_be_visible()
    expect(page.locator("#player")).to_be_hidden()
    page.wait_for_function(f"({CONTRAST})(0.5) > 60")
    assert page.evaluate(CONTRAST, 1.5) < 10, "there is silence"
    expect(page.locator("#frame")).to_be_hidden()
    assert page.get_attribute("#forward", "title") == "10 ms forward (→)"
    for control in ("#ground-query", "#ground-go", "#glance", "[data-job=read_text]", "[data-job=survey]"):
        expect(page.locator(control)).to_be_disabled()
        assert page.get_attribute(control, "title") == "This recording has no pictures."
    for control in ("[data-job=transcribe]", "[data-job=speakers]", "[data-job=emotions]"):
        expect(page.locator(control)).to_be_enabled()
    expect(page.locator("#no-pictures")).to_be_visible()

    look(page, "sound alone")
    click_at(annotate, 2.0)
    start = playhead(page)
    page.keyboard.press("ArrowRight")
    expect(page.locator("#clock")).to_have_text("0:02.010")
    page.keyboard.press(",")
    page.keyboard.press("i")
    click_at(annotate, 3.0)
    page.keyboard.press("ArrowRight")
    expect(page.locator("#clock")).to_have_text("0:03.010")
    page.keyboard.press("o")
    end = playhead(page)
    page.keyboard.press("1")
    expect(page.locator(ANNOTATION)).to_have_count(1)
    annotate.saved()
    ((label, start_us, end_us),) = rows(library.home, "SELECT label, start_us, end_us FROM annotations")
    assert label == "tone" and start_us % 1000 == end_us % 1000 == 0
    assert (start_us, end_us) == (pytest.approx(1e6 * start, abs=1_000), pytest.approx(1e6 * end, abs=1_000))

    page.mouse.wheel(0, -1200)  # over the spectrogram: closer, and drawn anew from finer tiles
    page.wait_for_function("+document.querySelector('#timeline').dataset.viewEnd - 0 < 4.5")
    page.wait_for_function(f"({CONTRAST})(2.95) > 60 && ({CONTRAST})(3.05) < 40")
    page.keyboard.press("Space")
    page.wait_for_function(f"+document.querySelector('#sound').ariaValueNow > {end + 0.2}")
    page.keyboard.press("Space")

    page.click("#export")
    page.select_option("#export-format", "cvat")
    expect(page.locator("#export-lost .error")).to_contain_text("“wav.wav” has no pictures and is left out")
    expect(page.locator("#export-go")).to_be_hidden()
    page.select_option("#export-format", "elan")
    expect(page.locator("#export-go")).to_be_visible()
    page.click("#export-close")
    video = video_id(library.home, "wav")
    assert b'MIME_TYPE="audio/x-wav"' in page.request.get(f"{library.url}export/{video}?format=elan").body()
    refused = page.request.get(f"{library.url}export/{video}?format=cvat")
    assert refused.status == 400 and "has no pictures" in refused.json()["error"]


def test_a_copy_is_made_of_what_browsers_do_not_find_their_way_in(page: Page, library: Served, tmp_path: Path) -> None:
    """MP3; on a small screen."""
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{library.url}?view=library")
    page.set_input_files("#upload-input", str(make_sound(tmp_path, "mp3", 3.0)))
    page.locator(".card a.title", has_text="mp3.mp3").click()
    expect(page.locator("#player-note")).to_be_hidden()  # the copy is there
    page.wait_for_function("document.querySelector('#player').readyState >= 1")
    page.wait_for_function(f"({CONTRAST})(0.5) > 60")
    box, row = page.locator("#sound").bounding_box(), page.locator("#timeline").bounding_box()
    assert box is not None and row is not None
    assert box["width"] <= 390 and box["height"] > 120 and row["x"] > box["x"]
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.evaluate("document.querySelector('#player').duration") == pytest.approx(3.0, abs=0.05)
    middle, height = row["x"] + row["width"] / 2, box["y"] + box["height"] / 2
    fingers = page.context.new_cdp_session(page)

    def touch(kind: str, *xs: float) -> None:
        points = [{"x": x, "y": height, "id": n} for n, x in enumerate(xs)]
        fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", row["x"] + row["width"] / 3)
    touch("touchEnd")
    page.wait_for_function("Math.abs(+document.querySelector('#sound').ariaValueNow - 1) < 0.02")
    touch("touchStart", middle - 30, middle + 30)
    touch("touchMove", middle - 90, middle + 90)  # two fingers apart: closer
    touch("touchEnd")
    page.wait_for_function(
        "(() => { const d = document.querySelector('#timeline').dataset; return d.viewEnd - d.viewStart; })() < 1.2"
    )
