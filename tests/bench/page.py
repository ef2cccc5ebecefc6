"""What a visit costs: requests and bytes, when the picture of a linked video is there, and the server while nothing
happens."""

import statistics
import time
from pathlib import Path
from typing import Any

import psutil
from playwright.sync_api import BrowserContext, Page, sync_playwright

from studio.assets.demo import clip_folder
from studio.config import Settings
from studio.service import Studio
from tests.browser.annotate_page import AnnotatePage
from tests.browser.conftest import FLAGS, Served, free_port
from tests.setup_browser import browser_path

QUIET_S = 30
READY = "document.querySelector('#library-grid .card')"
MEDIA = "performance.getEntriesByType('resource').find((each) => each.name.includes('/media/'))?.startTime"
PICTURE = "document.querySelector('#player')?.readyState >= 2"


def run(folder: Path) -> dict[str, object]:
    """The first visit of a new browser and the next one, without the pictures of videos; a video that is opened by its
    link, beside the same page without one; and the share of one core that the server takes while pages are open and
    nothing happens."""
    home = folder / "page" / "home"
    studio = Studio(Settings(home=home, device="cpu"))
    video = studio.videos.add(clip_folder() / "bikes.mp4")["id"]
    studio.jobs.index(video)
    studio.close()
    served = Served(home, free_port())
    served.start()
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=browser_path(), args=FLAGS)
            context = browser.new_context()
            first, again = visit(context, served.url), visit(context, served.url)
            opened = [open_link(browser.new_context().new_page(), f"{served.url}?video={video}") for _ in range(5)]
            quiet = share_of_core(served)
            AnnotatePage(context.new_page(), served.url).open(video)
            watched = share_of_core(served)
            browser.close()
    finally:
        served.stop()
    return {
        "first visit": "{} requests, {} kB".format(*first),
        "next visit": "{} requests, {} kB".format(*again),
        "a video by its link: its file is asked for (ms, median)": round(statistics.median(at for at, _ in opened)),
        "a video by its link: its picture is there (ms, median)": round(statistics.median(at for _, at in opened)),
        "server at rest, no page open (% of a core)": quiet,
        "server at rest, a video open (% of a core)": watched,
    }


def visit(context: BrowserContext, url: str) -> tuple[int, int]:
    """Requests that reach the server, and kB that come back."""
    page = context.new_page()
    asked: dict[str, list[Any]] = {}

    def forget(event: dict[str, Any]) -> None:
        asked.pop(event["requestId"], None)

    def finished(event: dict[str, Any]) -> None:
        if event["requestId"] in asked:
            asked[event["requestId"]][1] = event["encodedDataLength"]

    devtools = context.new_cdp_session(page)
    devtools.send("Network.enable")
    devtools.on("Network.requestWillBeSent", lambda e: asked.update({e["requestId"]: [e["request"]["url"], 0]}))
    devtools.on("Network.requestServedFromCache", forget)
    devtools.on("Network.responseReceived", lambda e: forget(e) if e["response"].get("fromDiskCache") else None)
    devtools.on("Network.loadingFinished", finished)
    page.goto(url)
    page.wait_for_function(READY)
    page.wait_for_timeout(1_000)
    page.close()
    sizes = [size for where, size in asked.values() if "/thumbnail/" not in where]
    return len(sizes), round(sum(sizes) / 1000)


def open_link(page: Page, url: str) -> tuple[float, float]:
    """When the file is asked for, and when its picture is there, in ms from the beginning of the visit."""
    page.goto(url, wait_until="commit")
    page.wait_for_function(PICTURE)
    found = float(page.evaluate(MEDIA)), float(page.evaluate("performance.now()"))
    page.context.close()
    return found


def share_of_core(served: Served) -> float:
    assert served.process is not None
    server = psutil.Process(served.process.pid)
    processes = [server, *server.children(recursive=True)]

    def spent() -> float:
        return sum(sum(process.cpu_times()[:2]) for process in processes)

    time.sleep(5)
    before = spent()
    time.sleep(QUIET_S)
    return round(100 * (spent() - before) / QUIET_S, 2)
