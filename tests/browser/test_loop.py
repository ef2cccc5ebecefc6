"""The main job end to end: load, search, ask, find people, correct, reload, export; ending in the SQLite file."""

import base64
import json
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from studio.jobs.kinds import KINDS
from tests.browser.annotate_page import AnnotatePage, rows, video_id
from tests.browser.conftest import Served
from tests.conftest import SHARED

pytestmark = pytest.mark.browser


# What the list of segments says of predictions, as far as the per cent in it is not in view.
CUT_OFF = """() => [...document.querySelectorAll('#segment-list [data-kind=prediction] .where')].filter((where) => {
  const range = document.createRange();
  range.setStart(where.firstChild, 0);
  range.setEnd(where.firstChild, where.textContent.indexOf('%') + 1);
  return range.getBoundingClientRect().right > where.getBoundingClientRect().right + 0.5;
}).map((where) => where.textContent)"""


def test_upload_search_open_ask_correct_reload_export(page: Page, served: Served, clips: dict[str, Path]) -> None:
    page.goto(served.url)
    expect(page.locator(".card")).to_have_count(len(rows(served.home, "SELECT id FROM videos")))
    with page.expect_file_chooser() as chooser:
        page.click("text=Upload…")
    chooser.value.set_files({"name": "My man.mp4", "mimeType": "video/mp4", "buffer": clips["carphone"].read_bytes()})
    expect(page.locator(".card h3", has_text="My man.mp4")).to_be_visible()

    page.click("[role=tab] >> text=Search")
    page.fill("#search-query", "a bicycle on a street")
    page.press("#search-query", "Enter")
    first = page.locator(".hit").first
    expect(first).to_contain_text("bikes.mp4")
    page.wait_for_function("[...document.querySelectorAll('.hit img')].every(i => i.complete && i.naturalWidth > 0)")
    start = float(first.get_attribute("data-start") or "nan")
    first.click()
    page.wait_for_function("document.querySelector('#player')?.readyState >= 1")
    page.wait_for_function("t => Math.abs(document.querySelector('#player').currentTime - t) < 0.1", arg=start)
    expect(page.locator("#video-name")).to_have_text("bikes.mp4")

    annotate_page = AnnotatePage(page, served.url).open(video_id(served.home, "My man"))
    page.fill("#ground-query", "the man smiles")
    page.click("text=Find moments")
    expect(page.locator("#segment-list [data-label='the man smiles']").first).to_be_visible()
    assert not page.evaluate(CUT_OFF), "how likely each is can be read"
    expect(page.locator(".gutter-row.curve .name")).to_have_text("“the man smiles”")

    for kind in ("survey", "speakers", "emotions"):
        expect(page.locator(f"[data-job={kind}]")).to_have_text(KINDS[kind].button)
    page.click("[data-job=emotions]")
    expect(page.locator("#segment-list [data-track='Expression · Person 1']").first).to_be_visible()

    best = max(
        annotate_page.segments("prediction"), key=lambda s: s["end"] - s["start"] if s["track"] == "Moments" else 0
    )
    wanted = best["start"] + 0.6 * (best["end"] - best["start"])
    page.keyboard.press("Escape")
    annotate_page.drag((best["end"] - 0.01, best["y"]), (wanted, best["y"]))
    expect(page.locator("#segment-list [data-kind=annotation]")).to_have_count(1)
    annotate_page.saved()

    page.reload()
    expect(page.locator("#segment-list [data-kind=annotation]")).to_have_count(1)
    (correction,) = annotate_page.segments("annotation")
    assert correction["prediction"] == best["id"]
    assert correction["start"] == best["start"]
    assert abs(correction["end"] - wanted) < 0.1

    with page.expect_download() as download:
        page.click("#export")
        page.select_option("#export-format", "json")
        expect(page.locator("#export-lost")).to_contain_text("This format stores everything")
        page.click("#export-go")
    exported = json.loads(Path(download.value.path()).read_text("utf-8"))
    assert [a["id"] for a in exported["annotations"]] == [correction["id"]]
    assert download.value.suggested_filename == "My man.json"

    ((start_us, end_us, source, prediction, version),) = rows(
        served.home,
        "SELECT start_us, end_us, source, prediction_id, version FROM annotations WHERE id = ?",
        correction["id"],
    )
    assert (start_us / 1e6, end_us / 1e6) == (correction["start"], correction["end"])
    assert (source, prediction, version) == ("correction", best["id"], 1)
    assert rows(served.home, "SELECT start_us, end_us FROM predictions WHERE id = ?", best["id"]) == [
        (round(best["start"] * 1e6), round(best["end"] * 1e6))
    ]
    assert rows(served.home, "SELECT op FROM revisions WHERE annotation_id = ?", correction["id"]) == [("create",)]
    pts = rows(served.home, "SELECT frame_count, duration_us FROM videos WHERE name = 'My man.mp4'")[0]
    assert abs(end_us / 1e6 * pts[0] / (pts[1] / 1e6) - round(end_us / 1e6 * pts[0] / (pts[1] / 1e6))) < 0.02, (
        "a boundary lies on a frame"
    )


def test_speakers_of_a_file_that_browsers_cannot_play(page: Page, served: Served) -> None:
    clip = SHARED / "faces" / "swiz3n.mpg"
    if not clip.exists():
        pytest.skip("the shared data is not beside this checkout")
    page.goto(served.url)
    page.fill("#add-path", str(clip))
    page.click("#add-form >> text=Add")
    expect(page.locator(".card h3", has_text="swiz3n.mpg")).to_be_visible()
    page.locator(".card", has_text="swiz3n.mpg").locator(".picture").click()
    page.wait_for_function("document.querySelector('#player')?.readyState >= 1")  # the proxy is ready
    page.click("[data-job=speakers]")
    expect(page.locator("#segment-list [data-track='Person 1']").first).to_be_visible()
    annotate_page = AnnotatePage(page, served.url)
    speaking = [s for s in annotate_page.segments("prediction") if s["track"] == "Person 1"]
    assert all(s["label"] == "speaking" and s["end"] <= 3.0 for s in speaking)


def test_a_job_shows_its_progress_and_can_be_cancelled(page: Page, served: Served, clips: dict[str, Path]) -> None:
    annotate_page = AnnotatePage(page, served.url).open(video_id(served.home, "bigbuckbunny"))
    page.click("[data-job=emotions]")
    cancel = page.locator("#jobs .progress[data-kind=emotions] >> text=Cancel")
    cancel.click()
    expect(page.locator("#jobs .progress[data-kind=emotions]")).to_have_count(0)
    assert rows(served.home, "SELECT state FROM jobs WHERE kind = 'emotions' ORDER BY position DESC LIMIT 1") == [
        ("cancelled",)
    ]
    page.click("[data-job=emotions]")  # and the worker still works
    page.wait_for_function("!document.querySelector('#jobs .progress')")
    expect(page.locator("#jobs [data-kind=emotions]").last).to_contain_text("No faces and no subtitles were found")
    assert annotate_page.segments("annotation") == []


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("/nowhere/film.mp4", "film.mp4"),
        ("HOSTILE/text_named.mp4", "text_named.mp4"),
        ("HOSTILE/zero_byte.webm", "empty"),
    ],
)
def test_bad_input_is_one_sentence(page: Page, served: Served, path: str, says: str) -> None:
    page.goto(served.url)
    page.fill("#add-path", path.replace("HOSTILE", str(SHARED / "hostile")))
    page.click("#add-form >> text=Add")
    expect(page.locator("#library-problems")).to_contain_text(says)
    assert "Traceback" not in page.content()


def test_an_empty_library_says_what_to_do(page: Page, tmp_path: Path) -> None:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    empty = Served(tmp_path / "home", port)
    empty.start()
    try:
        page.goto(empty.url)
        expect(page.locator("#library-empty")).to_be_visible()
        page.click("[role=tab] >> text=Search")
        page.fill("#search-query", "anything")
        page.press("#search-query", "Enter")
        expect(page.locator("#search-status")).to_contain_text("add videos")
        page.click("[role=tab] >> text=Annotate")
        expect(page.locator("#annotate-empty")).to_be_visible()
    finally:
        empty.stop()


def test_the_heat_map_shows_where_and_opens_there(page: Page, served: Served) -> None:
    page.goto(f"{served.url}?view=search&q=a+bicycle+on+a+street")
    page.click("#search-where summary")
    page.wait_for_selector("#search-heat .heatmaplayer image")
    assert page.locator("#search-heat .ytick").count() >= 3
    expect(page.locator("#search-heat .colorbar")).to_contain_text("similarity")
    high = "document.querySelector('#search-heat .main-svg').getBoundingClientRect().height"
    before, moments = page.evaluate(high), page.locator(".hit").first
    page.set_viewport_size({"width": 1024, "height": 700})
    page.wait_for_function("document.querySelector('#search-heat .main-svg').getBoundingClientRect().width < 1000")
    assert page.evaluate(high) > before - 10  # less its margin; it collapsed, and lay over the moments below
    below, where = moments.bounding_box(), page.locator("#search-where").bounding_box()
    drawn = page.locator("#search-heat .main-svg").first.bounding_box()
    assert below and where and drawn and drawn["y"] + drawn["height"] <= where["y"] + where["height"] <= below["y"]
    page.set_viewport_size({"width": 1280, "height": 720})
    page.wait_for_function("document.querySelector('#search-heat .main-svg').getBoundingClientRect().width > 1000")
    plot = page.locator("#search-heat .nsewdrag").bounding_box()
    assert plot is not None
    page.mouse.click(plot["x"] + plot["width"] * 0.8, plot["y"] + 8)
    page.wait_for_function("document.querySelector('#player')?.currentTime > 1")
    assert "video=" in page.url


DROP = """(data) => {
  const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
  const carried = new DataTransfer();
  carried.items.add(new File([bytes], 'dropped.mp4', { type: 'video/mp4' }));
  for (const kind of ['dragover', 'drop']) {
    document.dispatchEvent(new DragEvent(kind, { dataTransfer: carried, bubbles: true, cancelable: true }));
  }
}"""


def test_a_dropped_file_joins_the_library(page: Page, served: Served, clips: dict[str, Path]) -> None:
    page.goto(served.url)
    page.wait_for_selector(".card")
    page.evaluate(DROP, base64.b64encode(clips["bigbuckbunny"].read_bytes()).decode())
    expect(page.locator(".card h3", has_text="dropped.mp4")).to_be_visible()
    ((path, size),) = rows(served.home, "SELECT path, size FROM videos WHERE name = 'dropped.mp4'")
    assert Path(path).read_bytes() == clips["bigbuckbunny"].read_bytes()
    assert size == clips["bigbuckbunny"].stat().st_size
