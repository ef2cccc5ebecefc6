"""The map: how long it takes to make and to draw, and how fluid it is, beside a hundred times fewer points."""

import base64
import statistics
import time
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Page, sync_playwright

from studio.app.map_points import packed
from studio.config import Settings
from studio.index import Features
from studio.service import Studio
from studio.service.library_map import ANNOTATION, FOOTAGE, UNKNOWN, MapPoints
from studio.store.labels import PALETTE
from studio.tasks import TaskContext, VideoRef, map_library
from studio.tasks.query import encoder_key
from tests.bench.search import clustered
from tests.browser.conftest import FLAGS, Served, free_port
from tests.setup_browser import browser_path

MANY, FEW = 100_000, 1_000
VIDEOS, SECONDS = 100, 300  # in pieces of three seconds
MOVES = 60

# From bytes to the picture, by the page's own modules.
DRAW = """async (text) => {
  const { MapPoints } = await import('/web/js/model/map-points.js');
  const { MapPlot } = await import('/web/js/view/map-plot.js');
  document.querySelector('#bench')?.remove();
  const box = document.createElement('div');
  box.id = 'bench';
  box.style.cssText = 'position:fixed;left:0;top:0;width:1000px;height:600px;z-index:99;background:#fff';
  document.body.append(box);
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer;
  window.hovered = 0;
  const plot = new MapPlot(box, { select() {}, open() {}, hover: (row) => (window.hovered += row !== null) });
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  await frame();
  const begin = performance.now();
  const points = new MapPoints(bytes);
  await plot.show(points, points.coloured('cluster', new Set(['footage', 'annotation'])), new Set());
  await frame();
  await frame();
  window.plot = plot;
  return performance.now() - begin;
}"""
USE = "async (tool) => { await window.plot.zoom('fit'); await window.plot.use(tool); }"
WATCH = """() => {
  window.gaps = [];
  let last = performance.now();
  const step = (now) => {
    window.gaps.push(now - last);
    last = now;
    window.watching = requestAnimationFrame(step);
  };
  window.watching = requestAnimationFrame(step);
}"""
GAPS = "() => { cancelAnimationFrame(window.watching); return window.gaps.slice(1); }"


def run(folder: Path) -> dict[str, object]:
    """Drawn in software rendering by WebGL; a frame is the time from one picture to the next while the mouse pans or
    hovers. Making it is t-SNE of all footage on one core; a new video is placed among it."""
    studio = Studio(Settings(home=folder / "map" / "home", device="cpu"))
    studio.close()
    served = Served(folder / "map" / "home", free_port())
    served.start()
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=browser_path(), args=FLAGS)
            page = browser.new_page(viewport={"width": 1280, "height": 720})
            page.goto(f"{served.url}?view=map")
            page.wait_for_selector("#page-map")
            few, many = measured(page, FEW), measured(page, MANY)
            browser.close()
    finally:
        served.stop()
    ratios = {f"{MANY:,} : {FEW:,} points, {what}": round(many[what] / few[what], 2) for what in few}
    return {
        f"{MANY:,} points: bytes that are sent": len(packed(points(MANY))),
        **{f"{MANY:,} points: {what} (ms, median)": round(value, 1) for what, value in many.items()},
        **ratios,
        **making(folder / "making"),
    }


def points(count: int) -> MapPoints:
    """So many points in a dozen clusters; every tenth is an annotation."""
    rng = np.random.default_rng(0)
    cluster = np.sort(rng.integers(0, 12, count)).astype(np.int16)
    positions = (rng.normal(size=(12, 2)) * 40)[cluster] + rng.normal(size=(count, 2)) * 6
    marked, starts = count // 10, np.arange(count) * 3.0
    kind = np.full(count, FOOTAGE, np.uint8)
    kind[count - marked :] = ANNOTATION
    facts = {
        "videos": [{"id": f"v{n}", "name": f"video {n}.mp4", "media_start": 0} for n in range(100)],
        "labels": ["", "dog"], "colours": {}, "palette": PALETTE, "clusters": [f"cluster {n}" for n in range(12)],
        "unplaced": {"videos": 0, "moments": 0}, "left_out": 0,
    }  # fmt: skip
    numbers = rng.integers(0, 100, count).astype(np.int32)
    labels, ids = (kind == ANNOTATION).astype(np.int32), [f"{n:032x}" for n in range(marked)]
    sure = np.full(count, UNKNOWN, np.uint8)
    spans = np.column_stack([starts, starts + 3])
    return MapPoints(positions.astype(np.float32), spans, numbers, labels, cluster, kind, sure, ids, facts)


def measured(page: Page, count: int) -> dict[str, float]:
    """Medians in ms of three runs."""
    text = base64.b64encode(packed(points(count))).decode()
    drawn, panned, hovered = [], [], []
    for _ in range(3):
        drawn.append(float(page.evaluate(DRAW, text)))
        panned.append(_moved(page, "pan"))
        hovered.append(_moved(page, "lasso"))
        if not page.evaluate("window.hovered"):
            raise RuntimeError("nothing was hovered over")
    found = {"from bytes to the picture": drawn, "a frame while panning": panned, "a frame while hovering": hovered}
    return {name: statistics.median(values) for name, values in found.items()}


def _moved(page: Page, tool: str) -> float:
    """The median frame while the mouse moves over the map, with its button held where the tool pans."""
    page.evaluate(USE, tool)
    page.mouse.move(200, 300)
    if tool == "pan":
        page.mouse.down()
    page.evaluate(WATCH)
    for step in range(MOVES):
        page.mouse.move(200 + 9 * step, 300 + 40 * np.sin(step / 5))
    gaps: list[float] = page.evaluate(GAPS)
    if tool == "pan":
        page.mouse.up()
    return statistics.median(gaps)


def making(folder: Path) -> dict[str, object]:
    """Seconds of the whole map, and of one video more."""
    context = TaskContext(Settings(home=folder, device="cpu").ensure())
    key = encoder_key(context.model("text_video"))
    times = np.arange(SECONDS, dtype=np.int64) * 1_000_000

    def video(number: int) -> VideoRef:
        context.features.put(f"v{number}", key, Features(times, clustered(SECONDS, number)))
        return VideoRef(f"v{number}", "", SECONDS * 1_000_000)

    videos = [video(number) for number in range(VIDEOS)]
    whole, made = _timed(context, videos)
    videos.append(video(VIDEOS))
    one, placed = _timed(context, videos)
    return {
        f"{made['placed']:,} pieces of {VIDEOS * SECONDS / 3600:.1f} h: made in (s)": round(whole, 1),
        f"a video of {SECONDS / 60:.0f} min more, {placed['placed']} pieces: placed in (s)": round(one, 2),
        "the map anew : one video more": round(whole / one, 1),
    }


def _timed(context: TaskContext, videos: list[VideoRef]) -> tuple[float, dict[str, Any]]:
    begin = time.perf_counter()
    made = map_library(context, videos, {})
    return time.perf_counter() - begin, made
