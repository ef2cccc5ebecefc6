"""A real server on a real library, and a real Chromium."""

import os
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from studio.config import Settings
from studio.service import Studio
from tests.browser.annotate_page import AnnotatePage, video_id
from tests.setup_browser import browser_path

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--no-first-run",
]  # fmt: skip


PATIENCE_MS = 60_000  # a busy machine is slow, not wrong
expect.set_options(timeout=PATIENCE_MS)


@dataclass
class Served:
    """A running studio; `restart` and `stop` act on its process, the library stays."""

    home: Path
    port: int
    process: subprocess.Popen[bytes] | None = None
    program: tuple[str, ...] = ("-m", "studio.cli")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def start(self) -> None:
        command = [sys.executable, *self.program, "serve", "--no-browser", "--home", str(self.home),
                   "--port", str(self.port), "--device", "cpu"]  # fmt: skip
        log = (self.home.parent / "server.log").open("ab")
        own = {"STUDIO_CONFIG": str(self.home.parent / "config")}  # where nobody chose one, as in benchmarks
        self.process = subprocess.Popen(command, stdout=log, stderr=log, env={**own, **os.environ})
        log.close()
        for _ in range(600):
            try:
                urllib.request.urlopen(self.url, timeout=2).close()
                return
            except urllib.error.HTTPError:  # it answers, by asking who one is
                return
            except OSError:
                assert self.process.poll() is None, self.log
                time.sleep(0.2)
        raise AssertionError("the studio did not start")

    def stop(self) -> None:
        assert self.process is not None
        self.process.terminate()
        self.process.wait(20)

    def kill(self) -> None:
        """End it as a power cut would."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(20)

    @property
    def log(self) -> str:
        return (self.home.parent / "server.log").read_text()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory, clips: dict[str, Path]) -> Iterator[Served]:
    home = tmp_path_factory.mktemp("served") / "home"
    studio = Studio(Settings(home=home, device="cpu"))
    for clip in clips.values():
        studio.jobs.index(studio.videos.add(clip)["id"])
    studio.close()
    made = Served(home, free_port())
    made.start()
    yield made
    made.stop()
    assert "Traceback" not in made.log, made.log


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=browser_path(), args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture
def new_page(browser: Browser) -> Iterator[Callable[[], Page]]:
    """Opens pages with storage of their own each; an error in a page fails the test."""
    errors: list[str] = []
    contexts = []

    def make() -> Page:
        context = browser.new_context(viewport={"width": 1280, "height": 720})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("pageerror", lambda error: errors.append(str(error)))
        return page

    yield make
    for context in contexts:
        context.close()
    assert errors == []


@pytest.fixture
def page(new_page: Callable[[], Page]) -> Page:
    return new_page()


@pytest.fixture
def bikes(served: Served) -> Iterator[str]:
    """The id of a video on which nothing was done yet, in a library without a schema."""
    video = video_id(served.home, "bikes")
    with sqlite3.connect(served.home / "studio.db", timeout=10) as db:
        for table in ("annotations", "runs"):
            db.execute(f"DELETE FROM {table} WHERE video_id = ?", (video,))
        db.execute("UPDATE lines SET deleted = 1 WHERE video_id = ?", (video,))  # their history, by their ids, stays
        _drop_schema(db)
    yield video
    with sqlite3.connect(served.home / "studio.db", timeout=10) as db:
        _drop_schema(db)


def _drop_schema(db: sqlite3.Connection) -> None:
    for table in ("labels", "tracks"):
        db.execute(f"DELETE FROM {table}")


@pytest.fixture
def annotate_page(page: Page, served: Served, bikes: str) -> AnnotatePage:
    return AnnotatePage(page, served.url).open(bikes)
