"""The timeline in a real Chromium: drawing, zooming, and how long an edit takes to reach the disk."""

import http.client
import json
import sqlite3
import statistics
import time
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from studio.assets.demo import clip_folder
from studio.config import Settings
from studio.service import Studio
from tests.bench.media import repeat
from tests.browser.annotate_page import AnnotatePage
from tests.browser.conftest import FLAGS, Served
from tests.setup_browser import browser_path

RICH = "segments with attributes, rows that depend on others, two curves of two hours"
DRAW = """async ([n, what]) => {
  const arePoints = what === 'points';
  const isRich = what === RICH;
  const { Timeline } = await import('/web/js/view/timeline.js');
  const { DocumentStore } = await import('/web/js/model/document-store.js');
  const { RowLayout } = await import('/web/js/model/row-layout.js');
  const root = document.createElement('div');
  root.style.cssText = 'position:fixed;left:0;top:0;width:1100px;z-index:99;background:#fff';
  const canvases = ['overview', 'ruler', 'rows'].map((name) => `<canvas id="timeline-${name}"></canvas>`);
  root.innerHTML = canvases.join('');
  document.body.append(root);
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  const items = Array.from({ length: n }, (_, i) => {
    const start = (i * 7919) % 7190 + (i % 10) / 10;
    return {
      id: 's' + i, track: 'Track ' + (i % 8), run: 'r', task: 'speaker', start,
      end: start + (arePoints ? 0.04 : 1 + (i % 5)),
      label: 'label ' + (i % 12), score: 0.5, verdict: '', version: 1,
      attributes: isRich
        ? { side: 'left', seen: ['ann', 'ben'], force: { changes: [[start, 1], [start + 0.5, 2]] }, sure: true }
        : {},
    };
  });
  const type = (name, kind, more) => ({ name, kind, options: [], low: null, high: null, changes: false, ...more });
  const types = [
    type('side', 'choice', { options: ['left', 'right'] }), type('seen', 'several', { options: ['ann', 'ben'] }),
    type('force', 'number', { low: 1, high: 5, changes: true }), type('sure', 'yes_no'),
  ];
  const row = (track, more) => ({ track, closed: false, exclusive: false, attributes: [], parent: null, dependency: '',
    scale: null, ...more });
  const tracks = [1, 3, 5, 7].map((t) => row('Track ' + t, { parent: 'Track ' + (t - 1), dependency: 'included_in' }));
  tracks.push(row('Valence', { scale: [-1, 1] }));
  const store = new DocumentStore();
  store.takeDocument({
    video: { id: 'v', duration: 7200, width: 16, height: 9 }, playable: true, seq: 0, run_seq: 0, runs: [],
    palette: ['#0072b2', '#e69f00', '#009e73'], engines: [], jobs: [], indexed: true, people: { seq: 0, names: [] },
    reviewed: [],
    schema: {
      key: '', tracks: isRich ? tracks : [],
      labels: items.slice(0, 96).map(({ track, label }) => (
        { track, label, colour: '#0072b2', kind: arePoints ? 'point' : 'segment', attributes: isRich ? types : [] })),
    },
    predictions: items.filter((_, i) => i % 2), annotations: items.filter((_, i) => i % 2 === 0),
  });
  const samples = Array.from({ length: 7200 * 25 }, (_, i) => Math.sin(i / 50));
  for (const annotator of isRich ? ['', 'ben'] : [])
    store.traces.change({ track: 'Valence', first: 0, before: [], after: samples }, annotator, samples.length);
  store.setFrameTimes(Float64Array.from({ length: 7200 * 25 }, (_, i) => i / 25));
  store.setMedia({
    waveform: new Int8Array(2 * 7200 * 50).map((_, i) => (i * 37) % 100 * (i % 2 ? 1 : -1)),
    curve: {
      run: 'q', query: 'x', times: [...Array(7200).keys()], scores: [...Array(7200).keys()].map((i) => Math.sin(i / 9)),
    },
  });
  const rowLayout = new RowLayout(null);
  rowLayout.toggle('Film', 'hidden'); // this video has no pictures
  const timeline = new Timeline(root, document.createElement('div'), rowLayout);
  const begin = performance.now();
  timeline.show({ store });
  timeline.relayout();
  timeline.draw();
  const render = performance.now() - begin;
  await frame();
  const gaps = [], draws = [];
  const zoom = (i) => timeline.zoom(i < 40 ? 0.9 : 1.2, 3000);
  let last = await frame();
  for (let i = 0; i < 60; i++) {
    zoom(i); // drawn in the next frame, as for a turn of the wheel
    const now = await frame();
    gaps.push(now - last);
    last = now;
  }
  timeline.fit();
  for (let i = 0; i < 60; i++) {
    zoom(i);
    const t = performance.now();
    timeline.draw();
    draws.push(performance.now() - t);
    await frame();
  }
  root.remove();
  return { render, gaps, draws };
}""".replace("RICH", repr(RICH))

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


SHOWN = """() => document.querySelector('#timeline[data-view-end]') && document.querySelector('#player').readyState >= 2
  && document.querySelector('.gutter-row.track')"""
MOVED = "from => document.querySelector('#player').currentTime > from"


def run(folder: Path) -> dict[str, object]:
    """Milliseconds in software rendering; an edit beside a raw commit of SQLite in the same run. A video is open when
    its timeline and picture are shown and a key has moved the playhead by a frame; the browser's cache is empty."""
    home = folder / "browser" / "home"
    studio = Studio(Settings(home=home, device="cpu"))
    video, long = (
        studio.videos.add(file)["id"]
        for file in (clip_folder() / "bikes.mp4", repeat(clip_folder() / "bikes.mp4", folder / "7200s.mp4", 7200))
    )
    for each in (video, long):
        studio.jobs.index(each)
    annotate(studio, long, 2_000)
    studio.close()
    served = Served(home, 7898)
    served.start()
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=browser_path(), args=FLAGS)
            page = browser.new_page(viewport={"width": 1280, "height": 720})
            annotate_page = AnnotatePage(page, served.url).open(video)
            results = dict(part for n in (100, 1000, 10_000) for part in _draw(page, n))
            results |= _draw(page, 10_000, "points")
            results |= _draw(page, 10_000, RICH)
            edits = _edit(annotate_page)
            opened = [(_open(browser, served.url, video), _open(browser, served.url, long)) for _ in range(5)]
            browser.close()
        saves = _saves(served, video)
    finally:
        served.stop()
    raw = _raw_commit(folder / "raw.db")
    return {
        **results,
        "two hours with 2,000 segments: open (ms, median)": round(statistics.median(long for _, long in opened)),
        "two hours with 2,000 segments : ten seconds with one": round(statistics.median(b / a for a, b in opened), 2),
        "edge drag, release to acknowledged commit (ms, median)": round(statistics.median(edits), 1),
        "the same by HTTP alone (ms, median)": round(statistics.median(saves), 1),
        "raw sqlite3 commit, WAL, FULL (ms, median)": round(raw, 2),
    }


def segments(count: int) -> list[tuple[str, int, int]]:
    """(label, start, end), spread over two hours in no order."""
    return [(f"label {n % 12}", (n * 7919) % 7190, (n * 7919) % 7190 + 1 + n % 5) for n in range(count)]


def annotate(studio: Studio, video: str, count: int) -> None:
    edits = [
        {"edit_id": f"e{n}", "op": "create", "base_version": 0, "id": f"a{n}", "track": f"Track {n % 8}", "note": "",
         "label": label, "start": start, "end": end}
        for n, (label, start, end) in enumerate(segments(count))
    ]  # fmt: skip
    most = studio.settings.limits.edits_per_save
    saved = [studio.timelines.save(video, edits[at : at + most], "bench") for at in range(0, count, most)]
    refused = [result for answer in saved for result in answer["results"] if not result["ok"]]
    if refused:
        raise RuntimeError(refused[0])


def _open(browser: Browser, url: str, video: str) -> float:
    context = browser.new_context(viewport={"width": 1280, "height": 720})
    page = context.new_page()
    begin = time.perf_counter()
    page.goto(f"{url}?video={video}", wait_until="commit")
    page.wait_for_function(SHOWN)
    page.locator("#timeline").focus()
    at = page.evaluate("document.querySelector('#player').currentTime")
    page.keyboard.press("ArrowRight")
    page.wait_for_function(MOVED, arg=at)
    spent = 1000 * (time.perf_counter() - begin)
    context.close()
    return spent


def _draw(page: Page, n: int, what: str = "segments") -> list[tuple[str, object]]:
    runs = [page.evaluate(DRAW, [n, what]) for _ in range(3)]
    found = min(runs, key=lambda r: float(r["render"]))
    gaps = sorted(found["gaps"])
    return [
        (f"{n:,} {what}: first render (ms)", round(found["render"], 1)),
        (f"{n:,} {what}: draw while zooming (ms, median)", round(statistics.median(found["draws"]), 1)),
        (f"{n:,} {what}: frame while zooming (ms, median / p95)", f"{statistics.median(gaps):.1f} / {gaps[56]:.1f}"),
    ]


def _edit(annotate_page: AnnotatePage) -> list[float]:
    annotate_page.create(1.0, 3.0)
    spans = []
    for turn in range(20):
        (segment,) = annotate_page.segments("annotation")
        waiting = annotate_page.page.evaluate_handle(f"() => {{ window.spent = ({SAVE})(); }}")
        waiting.dispose()
        annotate_page.drag(
            (segment["end"] - 0.01, segment["y"]), (segment["end"] + (0.4 if turn % 2 else -0.4), segment["y"])
        )
        spans.append(float(annotate_page.page.evaluate("window.spent")))
        annotate_page.saved()
    return spans


def _saves(served: Served, video: str) -> list[float]:
    """One edit after the other over one connection, as a page sends them."""
    connection = http.client.HTTPConnection("127.0.0.1", served.port)
    connection.request("GET", "/config")
    config = json.loads(connection.getresponse().read())
    (page,) = (c["id"] for c in config["components"] if c["props"].get("elem_id") == "page-annotate")
    spans = []
    for n in range(200):
        edit = {
            "edit_id": f"h{n}",
            "op": "create",
            "base_version": 0,
            "id": f"h{n}",
            "track": "T",
            "start": 1,
            "end": 2,
        }
        call = {"session_hash": "s", "component_id": page, "fn_name": "save", "data": {"video": video, "edits": [edit]}}
        begin = time.perf_counter()
        connection.request(
            "POST", "/gradio_api/component_server", json.dumps(call), {"content-type": "application/json"}
        )
        answer = json.loads(connection.getresponse().read())
        spans.append(1000 * (time.perf_counter() - begin))
        if not answer["ok"] or not answer["data"]["results"][0]["ok"]:
            raise RuntimeError(answer)
    connection.close()
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
