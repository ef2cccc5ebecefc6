"""The timeline in a real Chromium: drawing, zooming, and how long an edit takes to reach the disk."""

import sqlite3
import statistics
import time
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from assets.demo import clip_folder
from studio.config import Settings
from studio.service import Studio
from tests.browser.conftest import FLAGS, Served, chromium_path
from tests.browser.desk import Desk

DRAW = """async (n) => {
  const { Timeline } = await import('/web/js/view/timeline.js');
  const { Rows } = await import('/web/js/model/rows.js');
  const root = document.createElement('div');
  root.style.cssText = 'position:fixed;left:0;top:0;width:1100px;z-index:99;background:#fff';
  const canvases = ['overview', 'ruler', 'rows'].map((name) => `<canvas id="timeline-${name}"></canvas>`);
  root.innerHTML = canvases.join('');
  document.body.append(root);
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  const doc = {
    video: { duration: 7200 }, palette: ['#0072b2', '#e69f00', '#009e73'], labels: [], previews: [], tracks: new Map(),
    pts: Float64Array.from({ length: 7200 * 25 }, (_, i) => i / 25), isShown: () => true, rowOf: (item) => item.track,
    signals: {
      shots: [], lines: [], graphs: new Map(),
      waveform: new Int8Array(2 * 7200 * 50).map((_, i) => (i * 37) % 100 * (i % 2 ? 1 : -1)),
      curve: {
        query: 'x', times: [...Array(7200).keys()], scores: [...Array(7200).keys()].map((i) => Math.sin(i / 9)),
      },
    },
    predictions: new Map(), annotations: new Map(),
  };
  for (let i = 0; i < n; i++) {
    const start = (i * 7919) % 7190 + (i % 10) / 10;
    const item = {
      id: 's' + i, track: 'Track ' + (i % 8), task: 'speaker', start, end: start + 1 + (i % 5),
      label: 'label ' + (i % 12), score: 0.5, verdict: '',
    };
    (i % 2 ? doc.predictions : doc.annotations).set(item.id, item);
  }
  const timeline = new Timeline(root, document.createElement('div'), new Rows(null));
  const begin = performance.now();
  timeline.show(doc);
  timeline.relayout();
  timeline.draw();
  const render = performance.now() - begin;
  await frame();
  const gaps = [], draws = [];
  let last = await frame();
  for (let i = 0; i < 60; i++) {
    timeline.zoom(i < 40 ? 0.9 : 1.2, 3000);
    const t = performance.now();
    timeline.draw();
    draws.push(performance.now() - t);
    const now = await frame();
    gaps.push(now - last);
    last = now;
  }
  root.remove();
  return { render, gaps, draws };
}"""

SAVE = """() => new Promise((done) => {
  let begin = 0;
  addEventListener('pointerup', () => { begin = performance.now(); }, { capture: true, once: true });
  const state = document.querySelector('#save-state');
  const watch = new MutationObserver(() => {
    if (!begin || state.textContent !== 'saved') return;
    watch.disconnect();
    done(performance.now() - begin);
  });
  watch.observe(state, { childList: true, characterData: true, subtree: true });
})"""


def run(folder: Path) -> dict[str, object]:
    """Milliseconds in software rendering; an edit beside a raw commit of SQLite in the same run."""
    home = folder / "browser" / "home"
    studio = Studio(Settings(home=home, device="cpu"))
    video = studio.add(clip_folder() / "bikes.mp4")["id"]
    studio.index(video)
    studio.close()
    served = Served(home, 7898)
    served.start()
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium_path(), args=FLAGS)
            page = browser.new_page(viewport={"width": 1280, "height": 720})
            desk = Desk(page, served.url).open(video)
            results = dict(part for n in (100, 1000, 10_000) for part in _draw(page, n))
            edits = _edit(desk)
            browser.close()
    finally:
        served.stop()
    raw = _raw_commit(folder / "raw.db")
    return {
        **results,
        "edge drag, release to acknowledged commit (ms, median)": round(statistics.median(edits), 1),
        "raw sqlite3 commit, WAL, FULL (ms, median)": round(raw, 2),
    }


def _draw(page: Page, n: int) -> list[tuple[str, object]]:
    runs = [page.evaluate(DRAW, n) for _ in range(3)]
    found = min(runs, key=lambda r: float(r["render"]))
    gaps = sorted(found["gaps"])
    return [
        (f"{n:,} segments: first render (ms)", round(found["render"], 1)),
        (f"{n:,} segments: draw while zooming (ms, median)", round(statistics.median(found["draws"]), 1)),
        (f"{n:,} segments: frame while zooming (ms, median / p95)", f"{statistics.median(gaps):.1f} / {gaps[56]:.1f}"),
    ]


def _edit(desk: Desk) -> list[float]:
    desk.create(1.0, 3.0)
    spans = []
    for turn in range(20):
        (segment,) = desk.segments("annotation")
        waiting = desk.page.evaluate_handle(f"() => {{ window.spent = ({SAVE})(); }}")
        waiting.dispose()
        desk.drag((segment["end"] - 0.01, segment["y"]), (segment["end"] + (0.4 if turn % 2 else -0.4), segment["y"]))
        spans.append(float(desk.page.evaluate("window.spent")))
        desk.saved()
    return spans


def _raw_commit(path: Path) -> float:
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    db.execute("CREATE TABLE t (a)")
    spans = []
    for i in range(200):
        start = time.perf_counter()
        db.execute("INSERT INTO t VALUES (?)", (i,))
        spans.append((time.perf_counter() - start) * 1000)
    db.close()
    return statistics.median(spans)
