"""The stream that tells pages of changes, from a real server: also of what another process does, and who is there."""

import asyncio
import contextlib
import http.client
import json
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlencode, urlsplit

import httpx
import pytest

from studio.app.change_events import ChangeEvents
from studio.assets.demo import clip_folder
from studio.config import Settings
from studio.service import Studio
from studio.service.accounts.presence import Presence


class Stream:
    """What a page hears."""

    def __init__(self, address: str, **query: str) -> None:
        self.connection = http.client.HTTPConnection(address, timeout=30)
        self.connection.request("GET", f"/changes?{urlencode(query)}")
        self.answer = self.connection.getresponse()
        assert self.answer.headers["content-type"].startswith("text/event-stream")
        assert self.next() == "beat"

    def next(self) -> str:
        """The name of the next event."""
        return self.event()[0]

    def event(self) -> tuple[str, list[str]]:
        """Its name, and the videos that it is about."""
        name, data, end = (self.answer.readline().decode() for _ in range(3))
        assert end == "\n" and data.startswith("data:"), (name, data, end)
        return name.removeprefix("event: ").strip(), data.removeprefix("data:").split()

    def close(self) -> None:
        self.answer.close()
        self.connection.close()


def call(address: str, name: str, request: dict[str, object]) -> None:
    """Call a method as a page does."""
    with httpx.Client(base_url=f"http://{address}", headers={"origin": f"http://{address}"}) as http:
        components = http.get("/config").json()["components"]
        component = next(c["id"] for c in components if name in (c["props"].get("server_fns") or []))
        sent = {"data": request, "fn_name": name, "component_id": component, "session_hash": "s"}
        answer = http.post("/gradio_api/component_server/", json=sent).json()
        assert answer["ok"], answer


@contextlib.contextmanager
def serving(home: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A server of this library, and its address."""
    options = ["--home", str(home), "--port", "0", "--no-browser", "--json"]
    command = [sys.executable, "-m", "studio.cli", "serve", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as made:
        assert made.stdout is not None
        yield made, urlsplit(json.loads(made.stdout.readline())["url"]).netloc
        made.kill()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("told") / "home"


@pytest.fixture(scope="module")
def address(home: Path) -> Iterator[str]:
    with serving(home) as (_, address):
        yield address


def test_a_commit_of_another_process_is_told_once(address: str, home: Path) -> None:
    stream = Stream(address)
    studio = Studio(Settings(home=home))
    try:
        studio.labels.add("Moments", "wave")
        assert stream.next() == "changed"
    finally:
        studio.close()
    stream.answer.fp.raw._sock.settimeout(1.0)  # type: ignore[union-attr]
    with pytest.raises(TimeoutError):
        stream.next()
    stream.close()


def test_an_edit_is_told_with_its_video_and_anything_else_without(tmp_path: Path) -> None:
    with serving(tmp_path / "home") as (_, address):
        studio = Studio(Settings(home=tmp_path / "home"))
        try:
            video = str(studio.videos.add(clip_folder() / "bikes.mp4")["id"])
        finally:
            studio.close()
        stream = Stream(address)
        call(address, "add_label", {"track": "Moments", "label": "wave"})
        assert stream.event() == ("changed", [])
        for turn in range(50):  # the server works on the new video, too; what is committed with that names none
            ids = {"id": uuid.uuid4().hex, "edit_id": uuid.uuid4().hex, "base_version": 0}
            span = {"start": turn / 10, "end": turn / 10 + 0.1}
            new = {"op": "create", **ids, **span, "track": "Moments", "label": "nod"}
            call(address, "save", {"video": video, "edits": [new]})
            told = stream.event()
            assert told in (("changed", [video]), ("changed", []))
            if told[1]:
                break
        else:
            pytest.fail("no edit was told with its video")
        stream.close()


def test_what_a_page_says_of_its_video_writes_nothing_into_the_streams_of_others(address: str) -> None:
    first = Stream(address, video="v", window="one")
    second = Stream(address, video="v\n\nevent: beat\ndata:", window="two")
    third = Stream(address, video="v", window="three")
    assert first.event() == ("changed", ["v"])
    for stream in (first, second, third):
        stream.close()


def test_whoever_looks_at_the_same_video_is_told_who_comes_and_goes(address: str) -> None:
    first = Stream(address, video="w", window="one", annotator="ann")
    second = Stream(address, video="w", window="two", annotator="bob")
    while "w" not in first.event()[1]:  # the streams of the test before may end only now
        pass
    second.close()
    assert first.next() in ("changed", "beat")
    first.close()


def test_an_open_stream_does_not_keep_the_server_from_ending(tmp_path: Path) -> None:
    with serving(tmp_path / "home") as (process, address):
        stream = Stream(address)
        began = time.monotonic()
        process.terminate()
        process.wait(timeout=60)
        assert stream.answer.read() in (b"", b"event: changed\ndata:\n\n")
        assert time.monotonic() - began < 60
        stream.close()


def test_what_is_no_news_to_anybody_is_not_told() -> None:
    class Committed:
        """A store to which was committed what is about no video, and then what is about one."""

        def __init__(self) -> None:
            self._about = [set(), {"v"}]
            self._news = [False, True, True]  # the first look is what was before

        def look(self) -> bool:
            return bool(self._news) and self._news.pop(0)

        def changed(self) -> set[str]:
            return self._about.pop(0)

    async def heard() -> list[str]:
        stream = ChangeEvents(SimpleNamespace(store=Committed(), presence=Presence()))._stream("v", "", "")  # type: ignore[arg-type]
        events = [await anext(stream), await anext(stream)]
        await stream.aclose()  # type: ignore[attr-defined]
        return events

    assert asyncio.run(heard()) == ["event: beat\ndata:\n\n", "event: changed\ndata:v\n\n"]
