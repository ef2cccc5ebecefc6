"""Takes the pictures of the README and the tutorials from a real run: `python -m docs.screenshots`. It needs Chromium.

It builds the demo library in a temporary folder, serves it, and writes docs/images; each picture is under 250 kB.
"""

import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from studio.assets.demo import build
from studio.config import Settings
from studio.service import Studio
from tests.setup_browser import browser_path

IMAGES = Path(__file__).parent / "images"
MOST_BYTES = 250_000
PORT = 7871
URL = f"http://127.0.0.1:{PORT}/"


def main() -> None:
    """Every picture, one after the other."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        video = prepared(home)
        command = [sys.executable, "-m", "studio.cli", "serve", "--no-browser", "--home", str(home)]
        server = subprocess.Popen([*command, "--port", str(PORT), "--device", "cpu"])
        try:
            await_server()
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(
                    executable_path=browser_path(), args=["--no-sandbox", "--disable-gpu"]
                )
                page = browser.new_page(viewport={"width": 1280, "height": 800})
                page.set_default_timeout(120_000)
                take(page, video)
                browser.close()
        finally:
            server.terminate()
            server.wait(20)


def prepared(home: Path) -> str:
    """The demo library with a question asked of one video and an answer corrected; the id of that video."""
    studio = Studio(Settings(home=home, device="cpu"))
    rows = [studio.videos.add(file) for file in build(home / "demo")]
    video = next(row["id"] for row in rows if row["name"] == "Bikes.mp4")
    for row in rows:
        studio.jobs.index(row["id"])
    best = max(studio.jobs.run("ground", video, {"query": "a bicycle"})["predictions"], key=lambda found: found.score)
    start, end = best.segment.start / 1e6, best.segment.end / 1e6
    edit = {"edit_id": "e", "op": "create", "id": "a", "base_version": 0, "track": best.track, "label": "a bicycle",
            "start": start + 0.4, "end": end - 0.2, "source": "correction", "prediction_id": best.id}  # fmt: skip
    studio.timelines.save(video, [edit], "berta")
    studio.close()
    return str(video)


def await_server() -> None:
    for _ in range(300):
        try:
            urllib.request.urlopen(URL, timeout=2).close()
            return
        except OSError:
            time.sleep(0.2)
    raise SystemExit("The studio did not start.")


def take(page: Page, video: str) -> None:
    """One picture a page that the README or a tutorial shows."""
    page.goto(URL)
    page.wait_for_selector(".card img")
    settled(page)
    shot(page, "library")
    page.goto(f"{URL}?view=search&q=a+man+in+a+car")
    page.wait_for_selector(".hit img")
    settled(page)
    shot(page, "search")
    page.goto(f"{URL}?view=models")
    page.wait_for_selector("[data-model=consensus]")
    shot(page, "models")
    page.goto(f"{URL}?video={video}&t=5")
    page.wait_for_function("document.querySelector('#player')?.readyState >= 2")
    page.wait_for_selector("#segment-list [data-kind=annotation]", state="attached")
    settled(page)
    shot(page, "timeline")
    page.locator("#segment-list [data-kind=annotation]").first.click()
    settled(page)
    shot(page, "annotate")
    page.evaluate("document.body.classList.add('dark')")
    settled(page)
    shot(page, "annotate-dark")


def settled(page: Page) -> None:
    """Pictures that arrive late are there."""
    page.wait_for_function("[...document.images].every((image) => image.complete)")
    page.wait_for_timeout(1_500)  # what is drawn under the timeline


def shot(page: Page, name: str) -> None:
    file = IMAGES / f"{name}.png"
    page.screenshot(path=file)
    shrink(file)
    if file.stat().st_size > MOST_BYTES:
        raise SystemExit(f"{file.name} has {file.stat().st_size} bytes; at most {MOST_BYTES} are wanted.")


def shrink(file: Path) -> None:
    """To 256 colours: a frame of a video takes half a megabyte otherwise."""
    with Image.open(file) as picture:
        small = picture.convert("RGB").quantize(256)
    small.save(file, optimize=True)


if __name__ == "__main__":
    main()
