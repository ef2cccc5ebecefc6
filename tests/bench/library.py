"""A library of 20,000 videos beside one of 100: the start of the server, the first page, parts of the list, a search;
and how fast videos are added beside what ffprobe alone takes for the same files."""

import json
import os
import shutil
import sqlite3
import statistics
import subprocess
import time
from collections import deque
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from studio.assets.demo import clip_folder
from studio.config import Settings
from studio.service import Studio
from studio.store.names import folder_of, natural
from studio.store.video_list import Wanted
from tests.browser.conftest import FLAGS, Served, free_port
from tests.setup_browser import browser_path

SMALL, LARGE = 100, 20_000
ADDED = 150
A_FOLDER = 200
ROUNDS = 5
STREAMS = ("-show_format", "-show_streams")
PACKETS = (*STREAMS, "-show_entries", "packet=pts,flags")
READY = "document.querySelector('#library-grid .card img')?.complete"


def run(folder: Path) -> dict[str, object]:
    """Medians of rounds that take turns between the two libraries, in ms, and their ratio."""
    homes = {count: build(folder / f"library-{count}", count) for count in (SMALL, LARGE)}
    taken: dict[str, dict[int, list[float]]] = {}

    def measure(what: str, count: int, work: Callable[[], object]) -> None:
        start = time.perf_counter()
        work()
        taken.setdefault(what, {}).setdefault(count, []).append(1000 * (time.perf_counter() - start))

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path(), args=FLAGS)
        for _ in range(ROUNDS):
            for count, home in homes.items():
                served = Served(home, free_port())
                measure("start of the server", count, served.start)
                try:
                    time.sleep(8)  # what it does in the background after its start is not what is measured
                    for _ in range(3):
                        measure("first page, to its first picture", count, partial(first_page, browser, served.url))
                finally:
                    served.stop()
        browser.close()
    for count, home in homes.items():
        with closing(Studio(Settings(home=home, device="cpu"))) as studio:
            studio.check.counts()
            studio.search.moments("a man")
            lists = {
                "a part of the list, newest first": partial(studio.video_list.page, Wanted()),
                "by name, the last part": partial(studio.video_list.page, Wanted(sort="name"), count - 60),
                "found by a part of the name": partial(studio.video_list.page, Wanted(name="clip 77")),
                "by state": partial(studio.video_list.page, Wanted(sort="state")),
                "by predictions to decide": partial(studio.video_list.page, Wanted(sort="undecided")),
                "a search": partial(studio.search.moments, "a man"),
            }
            for what, work in list(lists.items()) * ROUNDS:
                measure(what, count, work)
    found: dict[str, object] = {}
    for what, of in taken.items():
        small, large = statistics.median(of[SMALL]), statistics.median(of[LARGE])
        found[what] = f"{small:.0f} and {large:.0f} ms, ratio {large / small:.2f}"
    return {**found, **adding(folder)}


def first_page(browser: Browser, url: str) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.goto(url, wait_until="commit")
    page.wait_for_function(READY)
    page.close()


def adding(folder: Path) -> dict[str, object]:
    """Files a second that join a library, and that ffprobe alone looks at, as many at once, in turns."""
    ffprobe = shutil.which("ffprobe")
    if ffprobe is None:
        return {"adding": "ffprobe is not installed"}
    films = copies(folder / "to-add", ADDED)
    ours, streams, packets = [], [], []
    for turn in range(3):
        streams.append(probed(ffprobe, STREAMS, films))
        packets.append(probed(ffprobe, PACKETS, films))
        with closing(Studio(Settings(home=folder / f"added-{turn}", device="cpu"))) as studio:
            start = time.perf_counter()
            rows, problems = studio.videos.add_all([folder / "to-add"])
            ours.append(time.perf_counter() - start)
            assert (len(rows), problems) == (ADDED, [])
    took, plain, whole = (statistics.median(spans) for spans in (ours, streams, packets))
    return {
        "added a second": round(ADDED / took, 1),
        "ffprobe, streams only : adding (time)": round(plain / took, 2),
        "ffprobe, with the times of all packets : adding (time)": round(whole / took, 2),
    }


def probed(ffprobe: str, what: tuple[str, ...], films: list[Path]) -> float:
    """Seconds that ffprobe takes for all files, as many processes at once as there are cores, each for one file."""
    command = [ffprobe, "-v", "error", *what, "-of", "compact"]
    start = time.perf_counter()
    running: deque[subprocess.Popen[bytes]] = deque()
    for film in films:
        if len(running) == (os.cpu_count() or 2):
            running.popleft().wait()
        running.append(subprocess.Popen([*command, str(film)], stdout=subprocess.DEVNULL))
    for process in running:
        process.wait()
    return time.perf_counter() - start


def copies(folder: Path, count: int) -> list[Path]:
    """So many files of clips of the demo library, each another one by its last byte."""
    folder.mkdir(parents=True)
    clips = sorted(clip_folder().glob("*.mp4"))
    made = []
    for number in range(count):
        clip = clips[number % len(clips)]
        film = folder / f"clip {number}.mp4"
        film.write_bytes(clip.read_bytes() + number.to_bytes(4, "big"))
        made.append(film)
    return made


def build(home: Path, count: int) -> Path:
    """A library of so many videos: one that is prepared, and as many links to its file and to what was made of it."""
    home.mkdir(parents=True)
    source = home / "bikes.mp4"
    shutil.copyfile(clip_folder() / "bikes.mp4", source)  # a link leads to the same disk only
    with closing(Studio(Settings(home=home, device="cpu"))) as studio:
        first = studio.videos.add(source)
        studio.jobs.index(first["id"])
    made = home / "cache" / first["id"]
    names = [file.name for file in made.iterdir()]
    with closing(sqlite3.connect(home / "studio.db")) as db:
        db.row_factory = sqlite3.Row
        row = dict(db.execute("SELECT * FROM videos").fetchone())
        for number in range(1, count):
            place, video = home / "films" / str(number // A_FOLDER), f"v{number:06}"
            film, folder = place / f"clip {number}.mp4", home / "cache" / video
            for each in (place, folder):
                each.mkdir(parents=True, exist_ok=True)
            os.link(source, film)
            for name in names:
                os.link(made / name, folder / name)
            insert(db, "videos", {
                **row, "id": video, "name": film.name, "path": str(film), "sha256": f"{number:064}",
                "name_key": natural(film.name), "folder": folder_of(str(film)),
            })  # fmt: skip
            insert(db, "timelines", {"id": video, "name": film.name, "created": row["added"]})
            insert(db, "timeline_media", {"timeline_id": video, "video_id": video, "offset_us": 0, "role": "main"})
            insert(db, "jobs", {
                "id": f"j{number}", "kind": "index", "video_id": video, "params": json.dumps({"video": {"id": video}}),
                "state": "done", "created": row["added"], "position": number,
            })  # fmt: skip
        db.commit()
    return home


def insert(db: sqlite3.Connection, table: str, row: dict[str, object]) -> None:
    db.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})", list(row.values()))
