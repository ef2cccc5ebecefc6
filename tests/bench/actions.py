"""How many actions a person needs for whole jobs: a real Chromium does them, and what the library holds is checked."""

import json
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import imageio_ffmpeg
from playwright.sync_api import Page, expect, sync_playwright

from studio.assets.demo import clip_folder
from studio.config import Settings
from studio.service import Studio
from tests.browser.annotate_page import AnnotatePage, go
from tests.browser.conftest import FLAGS, Served, free_port
from tests.setup_browser import browser_path

LABELS = "car", "bus", "bicycle"
MOMENTS = 10


class Hands:
    """An action is a click, single or double, a key or a chord, or a text that is typed, with the Enter that ends it.
    Watching is none."""

    def __init__(self, page: Page) -> None:
        self.page, self.actions = page, 0

    def click(self, selector: str) -> None:
        self.page.click(selector)
        self.actions += 1

    def double_click_face(self, number: int) -> None:
        """On the n-th face from the left in the picture."""
        faces = json.loads(self.page.get_attribute("#faces", "data-faces") or "[]")
        face = sorted(faces, key=lambda each: float(each["x"]))[number]
        picture = self.page.locator("#faces").bounding_box()
        assert picture is not None
        self.page.mouse.dblclick(picture["x"] + face["x"] + face["w"] / 2, picture["y"] + face["y"] + face["h"] / 2)
        self.actions += 1

    def press(self, key: str) -> None:
        self.page.keyboard.press(key)
        self.actions += 1

    def type(self, text: str, *, enter: bool = False) -> None:
        self.page.keyboard.type(text)
        if enter:
            self.page.keyboard.press("Enter")
        self.actions += 1


def run(folder: Path) -> dict[str, object]:
    """A click, a key, or a typed text with the Enter that ends it is one action; watching and going to a place in the
    video are none."""
    home = folder / "actions" / "home"
    studio = Studio(Settings(home=home, device="cpu"))
    names = "bikes.mp4", "bigbuckbunny.mp4", "carphone_pristine.mp4", "carphone_distorted.mp4"
    videos = [studio.videos.add(clip_folder() / name)["id"] for name in names]
    pair = studio.videos.add(two_people(folder / "pair.mp4"))["id"]
    studio.jobs.run("speakers", pair, {})
    studio.close()
    served = Served(home, free_port())
    served.start()
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=browser_path(), args=FLAGS)
            page = browser.new_page(viewport={"width": 1280, "height": 720})
            opened = AnnotatePage(page, served.url)
            counted = {
                f"a schema of {len(LABELS)} labels": schema(opened, home, videos[0]),
                f"{MOMENTS} moments in {len(videos)} videos": moments(opened, home, videos),
                "naming two speakers": speakers(opened, home, pair),
            }
            browser.close()
    finally:
        served.stop()
    return {f"{job} (actions)": count for job, count in counted.items()}


def schema(opened: AnnotatePage, home: Path, video: str) -> int:
    """Three labels of a row, each with a key."""
    opened.open(video)
    hands = Hands(opened.page)
    hands.click("#edit-labels")
    hands.click("#labels-tracks [data-track=Moments] button.link")
    for label in LABELS:
        hands.type(label, enter=label != LABELS[-1])
    hands.click("#labels-save")
    expect(opened.page.locator("dialog#labels")).to_be_hidden()
    kept = rows(home, "SELECT label, hotkey FROM labels WHERE track = 'Moments' ORDER BY position")
    assert kept == [(label, str(number)) for number, label in enumerate(LABELS, 1)], kept
    return hands.actions


def moments(opened: AnnotatePage, home: Path, videos: list[str]) -> int:
    """Moments of one second with one of three labels each, spread over videos, beginning in the first."""
    videos = videos[::-1]  # the library lists the newest first
    opened.open(videos[0])
    page, hands = opened.page, Hands(opened.page)
    wanted = []
    for number in range(MOMENTS):
        video, at = videos[number * len(videos) // MOMENTS], 0.2 + 0.4 * (number % 3)
        if video not in page.url:
            hands.press("PageDown")
            page.wait_for_url(f"**video={video}*")
            page.wait_for_selector("#workspace:not([aria-busy]) #timeline[data-view-end]")
            page.wait_for_function("document.querySelector('#player').readyState >= 1")
        go(opened, at)
        hands.press("i")
        go(opened, at + 1)
        hands.press("o")
        hands.press(str(number % 3 + 1))
        opened.saved()
        wanted.append((video, LABELS[number % 3]))
    kept = rows(home, "SELECT video_id, label FROM annotations WHERE deleted = 0")
    assert sorted(kept) == sorted(wanted), kept
    return hands.actions


def speakers(opened: AnnotatePage, home: Path, video: str) -> int:
    """Two people whose faces were found get their names."""
    opened.open(video)
    page, hands = opened.page, Hands(opened.page)
    page.wait_for_function("JSON.parse(document.querySelector('#faces')?.dataset.faces ?? '[]').length === 2")
    for number, name in enumerate(("Ann", "Bob")):
        hands.double_click_face(number)
        expect(page.locator("#person-name")).to_be_focused()
        hands.type(name, enter=True)
    page.wait_for_function("document.querySelector('#faces').dataset.faces.includes('Bob')")
    opened.saved()
    (kept,) = rows(home, "SELECT names FROM people WHERE video_id = ? ORDER BY seq DESC LIMIT 1", video)
    assert {each["name"] for each in json.loads(kept[0])} >= {"Ann", "Bob"}, kept
    return hands.actions


def rows(home: Path, sql: str, *values: str) -> list[tuple[str, ...]]:
    with closing(sqlite3.connect(home / "studio.db")) as db:
        return db.execute(sql, values).fetchall()


def two_people(target: Path) -> Path:
    """One person beside their mirror image."""
    clip = clip_folder() / "carphone_pristine.mp4"
    beside = "[0:v]split[a][b];[b]hflip[c];[a][c]hstack"
    command = [
        imageio_ffmpeg.get_ffmpeg_exe(),
        "-v",
        "error",
        "-y",
        "-i",
        str(clip),
        "-filter_complex",
        beside,
        str(target),
    ]
    subprocess.run(command, check=True)
    return target
