"""The timeline beside Label Studio's: the same video and segments, opened in the same Chromium, under the same wheel.

Label Studio wants a virtual environment of its own; STUDIO_LABEL_STUDIO names the executable in it.
"""

import json
import os
import secrets
import statistics
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Browser, StorageState, sync_playwright
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from studio.assets.demo import clip_folder
from studio.config import Settings
from studio.service import Studio
from studio.store import jobs
from tests.bench.browser import annotate, segments
from tests.bench.media import repeat
from tests.browser.conftest import FLAGS, Served, free_port
from tests.setup_browser import browser_path

SECONDS, RATE = 7200, 25
COUNTS = (100, 1_000, 10_000)
TURNS = 3
PATIENCE_MS, START_S = 300_000, 600  # ten thousand regions take a minute or more, its first start another
MAIL = "bench@example.com"
LOOK_MS = 250  # looking at every frame would slow what is looked at
SETTLE_MS = 3_000  # what a page does after it has opened is not scrolling

# Label Studio shows one row for each region, 16 pixels a frame, and has no zoom; the rows that are in view are filled.
CONFIG = """<View><TimelineLabels name="label" toName="video">{labels}</TimelineLabels>
<Video name="video" value="$video" frameRate="{rate}" height="200" timelineHeight="160"/></View>"""

# (number of segments) => all of them are on the timeline, and there is a picture of the video
THEIRS_SHOWN = """n => document.querySelectorAll('.lsf-keypoints[data-id]').length === n
  && document.querySelector('.lsf-keypoints__lifespan') && document.querySelector('video')?.readyState >= 2"""
OURS_SHOWN = """n => document.querySelector('#segment-count')?.textContent.startsWith(n + ' annotation')
  && document.querySelector('#segment-list [data-y]:not([data-y=""])')
  && document.querySelector('#timeline[data-view-end]') && document.querySelector('#player').readyState >= 2"""
PAINTED = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"

# One turn of the wheel sideways a frame; both timelines are long enough for sixty.
WHEEL = """async ([target, near]) => {
  const root = document.querySelector(target);
  const { left, top } = root.getBoundingClientRect();
  const turn = (by) => root.dispatchEvent(new WheelEvent('wheel', {
    ...by, clientX: left + 1, clientY: top + 1, bubbles: true, cancelable: true,
  }));
  const at = () => root.scrollLeft || +root.dataset.viewStart || 0;
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  turn({ deltaY: near });
  for (let i = 0; i < 10; i++) await frame();
  const from = at();
  const gaps = [];
  let last = await frame();
  for (let i = 0; i < 60; i++) {
    turn({ deltaX: 100 });
    const now = await frame();
    gaps.push(now - last);
    last = now;
  }
  await frame();
  return { gaps, moved: at() - from };
}"""


@dataclass(frozen=True)
class Side:
    """A page with a timeline: where it is, when it is shown, how it scrolls."""

    url: str
    shown: str
    wheel: tuple[str, float]  # what it turns over, and the turn that zooms in first
    state: StorageState | None = None  # who is logged in


OUR_WHEEL = ("#timeline", -1535.0)  # a tenth of the video: their two seconds would be easy
THEIR_WHEEL = (".lsf-timeline-frames__scroll", 0.0)


def run(folder: Path) -> dict[str, object]:
    """Milliseconds in software rendering, ours and Label Studio's in turn. A two-hour video is open when its picture
    and all segments are there; the browser's cache is empty. Then the wheel scrolls sideways once a frame: ours shows a
    tenth of the video, Label Studio two seconds, which it cannot change. Without STUDIO_LABEL_STUDIO it is left out."""
    root = folder / "peer"
    (root / "videos").mkdir(parents=True)  # Label Studio serves a folder of a folder
    clip = repeat(clip_folder() / "bikes.mp4", root / "videos" / "7200s.mp4", SECONDS)
    found: dict[str, object] = {}
    with ExitStack() as stack:
        browser = stack.enter_context(sync_playwright()).chromium.launch(executable_path=browser_path(), args=FLAGS)
        peer = os.environ.get("STUDIO_LABEL_STUDIO")
        theirs = stack.enter_context(label_studio(peer, root)) if peer else None
        state = login(browser, theirs) if theirs else None
        for count in COUNTS:
            with _studio(root / str(count), clip, count) as url:
                sides = {"ours": Side(url, OURS_SHOWN, OUR_WHEEL)}
                if theirs:
                    task = theirs.fill(clip, count)
                    sides["Label Studio"] = Side(theirs.url + task, THEIRS_SHOWN, THEIR_WHEEL, state)
                found |= _beside(browser, sides, count)
        browser.close()
    return found


def _beside(browser: Browser, sides: dict[str, Side], count: int) -> dict[str, object]:
    turns = [{name: _measure(browser, side, count) for name, side in sides.items()} for _ in range(TURNS)]
    opened: dict[str, float] = {}
    found: dict[str, object] = {}
    for name in sides:
        done = [turn for each in turns if (turn := each[name])]
        if len(done) < TURNS:
            found[f"{count:,} segments, {name}: open (ms, median)"] = f"not always within {PATIENCE_MS // 1000} s"
            continue
        opened[name] = statistics.median(spent for spent, _ in done)
        gaps = sorted(gap for _, each in done for gap in each)
        middle, late = statistics.median(gaps), gaps[int(0.95 * len(gaps))]
        found[f"{count:,} segments, {name}: open (ms, median)"] = round(opened[name])
        found[f"{count:,} segments, {name}: frame while scrolling (ms, median / p95)"] = f"{middle:.1f} / {late:.1f}"
    if len(opened) == 2:
        found[f"{count:,} segments: open, ours : Label Studio"] = round(opened["ours"] / opened["Label Studio"], 2)
    return found


def _measure(browser: Browser, side: Side, count: int) -> tuple[float, list[float]] | None:
    """Milliseconds until it is open, and those of each frame while it scrolls; None if it does not open."""
    context = browser.new_context(viewport={"width": 1280, "height": 720}, storage_state=side.state)
    page = context.new_page()
    begin = time.perf_counter()
    page.goto(side.url, wait_until="commit")
    try:
        page.wait_for_function(side.shown, arg=count, polling=LOOK_MS, timeout=PATIENCE_MS)
    except PlaywrightTimeout:
        context.close()
        return None
    page.evaluate(PAINTED)
    spent = 1000 * (time.perf_counter() - begin)
    page.wait_for_timeout(SETTLE_MS)
    turned = page.evaluate(WHEEL, list(side.wheel))
    if not turned["moved"]:
        raise RuntimeError(f"{side.url} did not scroll")
    context.close()
    return spent, turned["gaps"]


@contextmanager
def _studio(home: Path, clip: Path, count: int) -> Iterator[str]:
    studio = Studio(Settings(home=home / "home", device="cpu"))
    video = studio.videos.add(clip)["id"]
    annotate(studio, video, count)
    # Seen as indexed, or the studio would begin with it, and slow both: Label Studio computes nothing of a video.
    studio.cache.save_array(video, "shots.npy", np.empty(0, np.int64))
    studio.store.write(lambda db: jobs.settle(db, "index", video))
    studio.close()
    served = Served(home / "home", free_port())
    served.start()
    try:
        yield f"{served.url}?video={video}"
    finally:
        served.stop()


@dataclass(frozen=True)
class LabelStudio:
    url: str
    token: str
    password: str

    def post(self, path: str, body: object) -> Any:
        headers = {"Authorization": f"Token {self.token}", "Content-Type": "application/json"}
        request = urllib.request.Request(self.url + path, json.dumps(body).encode(), headers)
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    def project(self, title: str, labels: str, folder: Path) -> int:
        """A project with `labels`, whose tasks show videos of a folder below the root. Returns its number."""
        config = CONFIG.format(labels=labels, rate=RATE)
        number: int = self.post("api/projects/", {"title": title, "label_config": config})["id"]
        storage = {"project": number, "path": str(folder), "use_blob_urls": True}
        self.post("api/storages/localfiles", storage)  # a video of this size is no upload
        return number

    def fill(self, clip: Path, count: int) -> str:
        """A project with one task: `clip` with `count` regions, one for each segment. Returns the task's page."""
        labels = "".join(f'<Label value="label {n}"/>' for n in range(12))
        project = self.project(f"{count} regions", labels, clip.parent)
        rows = sorted(segments(count), key=lambda row: -row[1])  # the last is on top
        regions = [
            {"id": f"r{n}", "type": "timelinelabels", "from_name": "label", "to_name": "video", "origin": "manual",
             "value": {"timelinelabels": [label], "ranges": [{"start": start * RATE + 1, "end": end * RATE}]}}
            for n, (label, start, end) in enumerate(rows)
        ]  # fmt: skip
        task = {**task_of(clip), "annotations": [{"result": regions}]}
        (made,) = self.post(f"api/projects/{project}/import?return_task_ids=true", [task])["task_ids"]
        # without a tab the first visit makes one, and then shows the task again
        return f"projects/{project}/data?tab={self.tab(project)}&task={made}"

    def tab(self, project: int) -> int:
        """A list of its tasks, by its number."""
        made: int = self.post("api/dm/views/", {"project": project, "data": {"title": "Default"}})["id"]
        return made


def task_of(clip: Path) -> dict[str, object]:
    """The task of a clip in a folder below the root."""
    return {"data": {"video": f"/data/local-files/?d={clip.parent.name}/{clip.name}"}}


@contextmanager
def label_studio(executable: str, root: Path) -> Iterator[LabelStudio]:
    """It keeps everything below `root` and asks nobody outside for anything."""
    port, data = free_port(), root / "label-studio"
    data.mkdir()
    made = LabelStudio(f"http://127.0.0.1:{port}/", secrets.token_hex(20), secrets.token_hex(8))
    options = {
        "BASE_DATA_DIR": data, "COLLECT_ANALYTICS": "false", "LATEST_VERSION_CHECK": "false", "DEBUG": "false",
        "FEATURE_FLAGS_OFFLINE": "true", "SENTRY_DSN": "", "FRONTEND_SENTRY_DSN": "",
        "LOCAL_FILES_SERVING_ENABLED": "true", "LOCAL_FILES_DOCUMENT_ROOT": root,
    }  # fmt: skip
    command: list[str | Path] = [
        executable, "start", "--no-browser", "--data-dir", data, "--internal-host", "127.0.0.1", "--port", f"{port}",
        "--username", MAIL, "--password", made.password, "--user-token", made.token, "--enable-legacy-api-token",
    ]  # fmt: skip
    with (root / "label-studio.log").open("wb") as log:
        env = os.environ | {f"LABEL_STUDIO_{key}": str(value) for key, value in options.items()}
        process = subprocess.Popen(command, env=env, cwd=data, stdout=log, stderr=log)
    try:
        _wait(made.url + "health", process)
        yield made
    finally:
        process.terminate()
        process.wait(20)


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(2 * START_S):
        if process.poll() is not None:
            raise RuntimeError(f"Label Studio ended with {process.returncode}")
        try:
            urllib.request.urlopen(url, timeout=2).close()
            return
        except OSError:
            time.sleep(0.5)
    raise TimeoutError("Label Studio did not start")


def login(browser: Browser, theirs: LabelStudio) -> StorageState:
    page = browser.new_page()
    page.goto(theirs.url + "user/login/")
    page.fill("input[name=email]", MAIL)
    page.fill("input[name=password]", theirs.password)
    page.click("button[type=submit]")
    page.wait_for_url(theirs.url)
    state = page.context.storage_state()
    page.close()
    return state
