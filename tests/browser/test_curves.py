"""Curves of emotions are read, and onset, apex and offset dragged, as a hand does it."""

import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import expect

from studio.store import runs
from studio.timeline import ModelRun, Prediction, Segment
from tests.browser.annotate_page import ANNOTATION, AnnotatePage, become, place_of, rows
from tests.browser.conftest import Served

pytestmark = pytest.mark.browser

TRACK = "Expression · Person 1"


@pytest.fixture
def expressive(annotate_page: AnnotatePage, served: Served, bikes: str) -> AnnotatePage:
    """A face that smiles from 2 to 4 s."""
    times = [n / 5 for n in range(50)]
    curves = [
        {"track": TRACK, "label": label, "source": "face", "times": times,
         "scores": [high if 2 <= t < 4 else low for t in times]}
        for label, high, low in (("happiness", 0.9, 0.1), ("neutral", 0.1, 0.8), ("fear", 0.25, 0.05))
    ]  # fmt: skip
    smile = Prediction(Segment(2_000_000, 4_000_000), TRACK, "happiness", 0.9, "",
                       {"onset": 1.5, "apex": 3.0, "offset": 3.6})  # fmt: skip
    with closing(sqlite3.connect(served.home / "studio.db", timeout=10, isolation_level=None)) as db:
        db.row_factory = sqlite3.Row
        runs.insert(db, ModelRun(bikes, "emotion", "test", "1", [smile], {"curves": curves}))
    return annotate_page.open(bikes)


def test_curves_are_named_told_and_made_taller(expressive: AnnotatePage) -> None:
    page = expressive.page
    page.get_by_label(f"Scores of {TRACK} over time").click()
    row = page.locator(".gutter-row.graph")
    expect(row.locator(".legend > span")).to_have_text(["happiness", "neutral", "fear"])
    colours = row.locator(".legend i").evaluate_all("all => all.map(e => getComputedStyle(e).backgroundColor)")
    assert len(set(colours)) == 3
    before = place_of(page, ".gutter-row.graph")
    edge = row.get_by_role("separator").bounding_box()
    assert edge is not None
    page.mouse.move(edge["x"] + 20, edge["y"] + 3)
    page.mouse.down()
    page.mouse.move(edge["x"] + 20, edge["y"] + 3 + before["height"], steps=5)
    page.mouse.up()
    page.reload()
    page.wait_for_selector("#timeline[data-view-end]")
    expect(row.locator(".legend > span")).to_have_count(3)
    after = place_of(page, ".gutter-row.graph")
    assert abs(after["height"] - 2 * before["height"]) < 4  # it is kept
    page.mouse.move(expressive.x(3.0), after["y"] + after["height"] / 2)
    expect(page.locator("#tooltip")).to_contain_text("0.90  happiness\n0.25  fear\n0.10  neutral")


def test_onset_apex_and_offset_are_dragged_by_frames_kept_and_exported(
    expressive: AnnotatePage, served: Served, bikes: str, tmp_path: Path
) -> None:
    page = expressive.page
    page.locator("#segment-list [data-kind=prediction]").first.click()
    page.locator("#timeline").focus()
    page.keyboard.press("a")
    become(expressive, [(2.0, 4.0)])
    page.locator(ANNOTATION).click()
    onset, apex, offset = (page.locator(f"#inspector [data-field={name}]") for name in ("onset", "apex", "offset"))
    expect(onset).to_have_value("0:02.000")  # the model says 1.5, before the segment
    expect(apex).to_have_value("0:03.000")
    (segment,) = expressive.segments("annotation")
    top = segment["y"] - 7  # the upper half of the lane, where the handles are
    expressive.drag((3.0, top), (2.53, top))
    expect(apex).to_have_value("0:02.520")  # on a frame
    expressive.drag((3.6, top), (9.0, top))
    expect(offset).to_have_value("0:04.000")  # not beyond the end
    expressive.drag((2.0, top), (3.2, top))
    expect(onset).to_have_value("0:02.520")  # not beyond the apex
    become(expressive, [(2.0, 4.0)])
    page.locator("#timeline").focus()
    page.keyboard.press("Control+z")
    expect(onset).to_have_value("0:02.000")
    apex.fill("3.4")
    apex.press("Enter")
    expect(apex).to_have_value("0:03.400")
    expressive.drag((4.0, segment["y"] + 7), (3.2, segment["y"] + 7))  # the end: phases stay within
    become(expressive, [(2.0, 3.2)])
    expect(apex).to_have_value("0:03.200")
    expressive.saved()
    ((kept,),) = rows(served.home, "SELECT attributes FROM annotations WHERE video_id = ? AND NOT deleted", bikes)
    assert json.loads(kept) == {"onset": 2.0, "apex": 3.2, "offset": 3.2}
    page.click("#export")
    page.select_option("#export-format", "csv")
    with page.expect_download() as download:
        page.click("#export-go")
    download.value.save_as(tmp_path / "bikes.csv")
    assert re.search(r'""apex"": 3\.2', (tmp_path / "bikes.csv").read_text("utf-8"))


def test_a_class_has_one_colour_proposed_measured_and_accepted(expressive: AnnotatePage) -> None:
    """Also where its row has another name by now."""
    page = expressive.page
    page.get_by_label(f"Scores of {TRACK} over time").click()
    swatch = page.locator(".gutter-row.graph .legend i").first
    before = swatch.evaluate("e => getComputedStyle(e).backgroundColor")
    pixel = """([x, y]) => {
      const canvas = document.querySelector('#timeline-rows'), box = canvas.getBoundingClientRect();
      const ratio = canvas.width / box.width;
      const [r, g, b] = canvas.getContext('2d').getImageData((x - box.x) * ratio, (y - box.y) * ratio, 1, 1).data;
      return [r, g, b];
    }"""
    page.locator("#segment-list [data-kind=prediction]").first.click()
    page.locator("#timeline").focus()
    page.keyboard.press("a")
    become(expressive, [(2.0, 4.0)])
    page.keyboard.press("Escape")
    (segment,) = expressive.segments("annotation")
    shown = page.evaluate(pixel, [expressive.x(3.7), expressive.y(segment["y"]) + 9])
    wanted = [int(value) for value in re.findall(r"\d+", before)]
    # an annotation is drawn with 0.92 of its colour over the row
    assert all(abs(a - b) < 40 for a, b in zip(shown, wanted, strict=True)), (shown, wanted)
