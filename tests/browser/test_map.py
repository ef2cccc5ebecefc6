"""The Map page as a person uses it: a lasso, labels, undo, a reel, a search, and without a mouse."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from studio.config import Settings
from studio.service import Studio
from studio.store import runs
from studio.timeline import ModelRun, Prediction, Segment, us
from tests.browser.annotate_page import rows
from tests.browser.conftest import Served, free_port

pytestmark = pytest.mark.browser
# Where the points of some rows of the database's kinds lie in the window: what Plotly drew, by its own axes.
PLACES = """() => {
  const plot = document.querySelector('#map-plot'), { xaxis, yaxis } = plot._fullLayout;
  const box = plot.getBoundingClientRect();
  return plot.data.flatMap(({ x, y, name }) => [...x].map((value, n) =>
    [name, box.x + xaxis._offset + xaxis.d2p(value), box.y + yaxis._offset + yaxis.d2p(y[n])]));
}"""
LOW = "document.querySelector('#map-plot')._fullLayout.xaxis.range[0]"
DRAWN = "count => document.querySelector('#map-plot').data?.reduce((sum, { x }) => sum + x.length, 0) === count"


@pytest.fixture(scope="module")
def mapped(tmp_path_factory: pytest.TempPathFactory, clips: dict[str, Path]) -> Iterator[Served]:
    """A library with a map, and of the video “bikes” two predictions and an annotation."""
    home = tmp_path_factory.mktemp("mapped") / "home"
    studio = Studio(Settings(home=home, device="cpu"))
    ids = {name: studio.videos.add(clip)["id"] for name, clip in clips.items()}
    for video in ids.values():
        studio.jobs.index(video)
    starts = {1: 1, 2: 8}  # one before the annotation, one behind it
    found = [
        Prediction(Segment(us(at), us(at + 1)), "T", "riding", 0.9, f"p{n}", {"confidence": 0.3 * n})
        for n, at in starts.items()
    ]
    studio.store.write(lambda db: runs.insert(db, ModelRun(ids["bikes"], "emotion", "m", "1", found)))
    made = {"edit_id": "made", "op": "create", "base_version": 0, "id": "a1", "track": "T", "label": "road", "note": "",
            "start": 5, "end": 6}  # fmt: skip
    assert studio.timelines.save(ids["bikes"], [made], "ann")["results"][0]["ok"]
    studio.map.build()
    studio.close()
    served = Served(home, free_port())
    served.start()
    yield served
    served.stop()
    assert "Traceback" not in served.log, served.log


@pytest.fixture
def map_page(page: Page, mapped: Served) -> Page:
    page.goto(f"{mapped.url}?view=map")
    expect(page.locator("#map-chosen")).to_contain_text("Nothing is chosen")
    page.wait_for_function("document.querySelector('#map-plot')?._fullLayout?.xaxis")
    return page


def lasso(page: Page, points: list[tuple[float, float]]) -> None:
    """Draw around points of the window by the mouse."""
    left, right = min(x for x, _ in points) - 14, max(x for x, _ in points) + 14
    top, bottom = min(y for _, y in points) - 14, max(y for _, y in points) + 14
    corners = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top + 2)]
    page.mouse.move(*corners[0])
    page.mouse.down()
    for corner in corners[1:]:
        page.mouse.move(*corner, steps=6)
    page.mouse.up()


def lasso_all(page: Page) -> None:
    box = page.locator("#map-plot").bounding_box()
    assert box is not None
    lasso(page, [(box["x"] + 20, box["y"] + 20), (box["x"] + box["width"] - 20, box["y"] + box["height"] - 20)])


def decided(served: Served) -> tuple[Any, Any]:
    """Annotations that stand, and verdicts."""
    return (
        rows(
            served.home, "SELECT label, source, annotator, start_us FROM annotations WHERE NOT deleted ORDER BY rowid"
        ),
        rows(served.home, "SELECT prediction_id, verdict, annotator FROM verdicts ORDER BY prediction_id"),
    )


def footage(served: Served) -> int:
    studio = Studio(Settings(home=served.home, device="cpu"))
    try:
        return int((studio.map.points().kind == 0).sum())
    finally:
        studio.close()


def test_a_lasso_labels_and_one_step_takes_it_back(map_page: Page, mapped: Served) -> None:
    before = decided(mapped)
    count = footage(mapped)
    map_page.fill("#annotator", "eve")
    map_page.press("#annotator", "Tab")
    map_page.select_option("#map-colour", "label")
    places = map_page.evaluate(PLACES)
    assert sorted({name for name, *_ in places}) == ["no label", "riding", "road"]
    assert len(places) == count + 3
    lasso_all(map_page)
    chosen = f"{count} stretches of footage, 1 annotation, 2 predictions"
    expect(map_page.locator("#map-chosen")).to_have_text(f"Chosen: {chosen}.")
    expect(map_page.locator("#map-list li")).to_have_count(count + 3)
    map_page.click("#map-label")
    map_page.fill("#map-label-text", " ")
    map_page.keyboard.press("Enter")
    expect(map_page.locator("#map-labelling-message")).to_have_text("A label has 1 to 500 letters.")
    map_page.fill("#map-label-text", "street")
    map_page.keyboard.press("Enter")
    expect(map_page.locator("#toast")).to_contain_text(f"{count + 3} labelled. Undo")
    made, verdicts = decided(mapped)
    assert {row[0] for row in made} == {"street"} and len(made) == count + 3
    assert sorted({row[1] for row in made}) == ["correction", "manual"]
    assert verdicts == [("p1", "corrected", "eve"), ("p2", "corrected", "eve")]
    expect(map_page.locator("#map-groups")).to_contain_text(f"street{count + 3}")
    expect(map_page.locator("#map-chosen")).to_contain_text("Nothing is chosen")
    map_page.click("#toast button")
    expect(map_page.locator("#toast")).to_have_text(f"{count + 3} taken back.")
    expect(map_page.locator("#map-groups")).to_contain_text("riding2")
    assert decided(mapped) == before
    assert rows(mapped.home, "SELECT count(*) FROM revisions WHERE annotator = 'eve'") == [(2 * (count + 3),)]


def test_predictions_are_rejected_and_brought_back(map_page: Page, mapped: Served) -> None:
    map_page.select_option("#map-colour", "sure")
    expect(map_page.locator("#map-groups-title")).to_have_text("How sure the models are, where that was measured")
    expect(map_page.locator("#map-groups")).to_contain_text("20 to 40 %1")
    map_page.uncheck("[data-kind=footage]")
    map_page.get_by_role("button", name="Choose 60 to 80 %").click()
    expect(map_page.locator("#map-chosen")).to_have_text("Chosen: 1 prediction.")
    expect(map_page.locator("#map-list li")).to_contain_text("prediction · likely, 60 %")
    map_page.get_by_role("button", name="Choose 20 to 40 %").press("Enter")
    expect(map_page.locator("#map-chosen")).to_have_text("Chosen: 2 predictions.")
    first = map_page.locator("#map-list input").first
    first.focus()
    map_page.keyboard.press("Space")
    expect(map_page.locator("#map-chosen")).to_have_text("Chosen: 1 prediction.")
    expect(first).not_to_be_checked()
    expect(first).to_be_focused()
    map_page.click("#map-reject")
    expect(map_page.locator("#toast")).to_contain_text("1 rejected. Undo")
    assert [verdict for _, verdict, _ in decided(mapped)[1]] == ["rejected"]
    expect(map_page.locator("#map-kinds")).to_contain_text("Rejected (1)")
    map_page.click("#toast button")
    expect(map_page.locator("#map-kinds")).to_contain_text("Rejected (0)")
    assert decided(mapped)[1] == []
    map_page.check("[data-kind=footage]")


def test_a_point_shows_its_picture_and_opens_its_moment(map_page: Page, mapped: Served) -> None:
    map_page.uncheck("[data-kind=footage]")
    map_page.uncheck("[data-kind=prediction]")
    map_page.wait_for_function(DRAWN, arg=1)
    ((_, x, y),) = map_page.evaluate(PLACES)
    map_page.mouse.move(x - 60, y - 60)
    map_page.mouse.move(x, y, steps=4)
    expect(map_page.locator("#map-tip")).to_contain_text(
        "road\nbikes.mp4\n0:05.0–0:06.0 · annotation", use_inner_text=True
    )
    map_page.wait_for_function("document.querySelector('#map-tip img').naturalWidth > 0")
    map_page.mouse.click(x, y)
    map_page.wait_for_url(re.compile(r"\?video=\w+&t=5$"))
    expect(map_page.locator("#map-tip")).to_be_hidden()
    map_page.go_back()
    expect(map_page.locator("#map-chosen")).to_contain_text("Nothing is chosen")
    map_page.reload()
    expect(map_page.locator("[data-kind=footage]")).not_to_be_checked()
    map_page.check("[data-kind=footage]")
    map_page.check("[data-kind=prediction]")


def middle(page: Page) -> tuple[float, float]:
    box = page.locator("#map-plot").bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_the_map_moves_and_zooms_under_the_pointer(map_page: Page) -> None:
    map_page.click("[data-tool=pan]")
    low = map_page.evaluate(LOW)
    before, (x, y) = map_page.evaluate(PLACES), middle(map_page)
    map_page.mouse.move(x, y)
    map_page.mouse.down()
    map_page.mouse.move(x + 50, y - 30, steps=5)
    assert "translate(50px, -30px)" in (map_page.get_attribute("#map-plot .svg-container", "style") or "")
    map_page.mouse.up()
    still = "!document.querySelector('#map-plot .svg-container').style.transform"
    map_page.wait_for_function(still)
    moved = map_page.evaluate(PLACES)
    assert all(abs(b[1] - a[1] - 50) < 1 and abs(b[2] - a[2] + 30) < 1 for a, b in zip(before, moved, strict=True))
    expect(map_page.locator("#map-chosen")).to_contain_text("Nothing is chosen")
    for _ in range(3):
        map_page.mouse.wheel(0, -100)
    map_page.wait_for_function(f"low => {LOW} !== low", arg=map_page.evaluate(LOW))
    map_page.wait_for_function(still)
    near = map_page.evaluate(PLACES)
    factor = 2.718281828**0.6
    px, py = x + 50, y - 30  # where the pointer is
    for (_, ax, ay), (_, bx, by) in zip(moved, near, strict=True):
        assert abs(bx - px - factor * (ax - px)) < 2 and abs(by - py - factor * (ay - py)) < 2
    map_page.click("[data-zoom=fit]")
    map_page.wait_for_function(f"low => {LOW} === low", arg=low)
    assert map_page.evaluate(PLACES) == before


def test_what_is_chosen_is_searched_for_and_played(map_page: Page, mapped: Served) -> None:
    map_page.select_option("#map-colour", "video")
    map_page.uncheck("[data-kind=footage]")
    map_page.get_by_role("button", name="Choose bikes.mp4").click()
    expect(map_page.locator("#map-chosen")).to_have_text("Chosen: 1 annotation, 2 predictions.")
    map_page.click("#map-reel")
    expect(map_page.locator("#reel-place")).to_contain_text("1 of 3")
    expect(map_page.locator("#reel-place")).to_contain_text("2 of 3")  # by itself, after a second
    map_page.click("#reel-next")
    expect(map_page.locator("#reel-place")).to_contain_text("3 of 3: riding · bikes.mp4")
    time = float(map_page.eval_on_selector("#reel-video", "v => v.currentTime"))
    assert 7.9 < time < 9.2
    map_page.wait_for_function("document.querySelector('#reel-video').paused")
    assert map_page.eval_on_selector("#reel-video", "v => v.currentTime") < 9.2
    map_page.keyboard.press("Escape")
    expect(map_page.locator("dialog#reel")).to_be_hidden()
    map_page.click("#map-alike")
    expect(map_page.locator("#search-asked")).to_contain_text("like these 3 moments")
    expect(map_page.locator("#search-status")).to_contain_text("moment")
    map_page.reload()
    expect(map_page.locator("#search-asked")).to_contain_text("like these 3 moments")
    map_page.go_back()
    map_page.check("[data-kind=footage]")


def test_what_is_new_is_placed_by_itself_and_nothing_moves(map_page: Page, mapped: Served) -> None:
    map_page.select_option("#map-colour", "label")
    before = {(round(x), round(y)) for name, x, y in map_page.evaluate(PLACES) if name == "no label"}
    with closing(sqlite3.connect(mapped.home / "studio.db", timeout=10, isolation_level=None)) as db:
        db.execute(
            "INSERT INTO annotations (id, video_id, track, start_us, end_us, label, note, source, annotator, version, "
            "deleted, timeline_id) SELECT 'new', video_id, 'T', 7000000, 8500000, 'fresh', '', 'manual', 'ann', 1, 0, "
            "timeline_id FROM annotations WHERE id = 'a1'"
        )
        db.execute(
            "INSERT INTO revisions (video_id, edit_id, op, annotator, at) "
            "SELECT video_id, 'new', 'create', 'ann', 'now' FROM annotations WHERE id = 'new'"
        )
    expect(map_page.locator("#map-groups")).to_contain_text("fresh1")
    after = {(round(x), round(y)) for name, x, y in map_page.evaluate(PLACES) if name == "no label"}
    assert after == before


def test_an_empty_library_and_one_without_a_map_say_what_to_do(
    page: Page, tmp_path: Path, clips: dict[str, Path]
) -> None:
    studio = Studio(Settings(home=tmp_path / "home", device="cpu"))
    studio.close()
    served = Served(tmp_path / "home", free_port())
    served.start()
    try:
        page.goto(f"{served.url}?view=map")
        expect(page.locator("#map-empty")).to_contain_text("No videos yet")
        page.goto(served.url)
        for clip in clips.values():
            page.fill("#add-path", str(clip))
            page.press("#add-path", "Enter")
        expect(page.locator("#library-summary")).to_contain_text("3 searchable")
        page.click("[role=tab][data-page=map]")
        expect(page.locator("#map-empty")).to_contain_text("No map yet")
        page.click("#map-make")
        expect(page.locator("#map-summary")).to_contain_text("points of 3 videos")
        expect(page.locator("#map-groups li")).not_to_have_count(0)
    finally:
        served.stop()
