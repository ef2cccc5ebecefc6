"""The stream that tells pages of changes, from a real server: also of what another process does, and who is there."""

import http.client
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest

from studio.config import Settings
from studio.service import Studio


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
        lines = [self.answer.readline() for _ in range(3)]
        assert lines[1:] == [b"data:\n", b"\n"], lines
        return lines[0].decode().removeprefix("event: ").strip()

    def close(self) -> None:
        self.answer.close()
        self.connection.close()


@pytest.fixture
def process(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    options = ["--home", str(tmp_path / "home"), "--port", "0", "--no-browser", "--json"]
    command = [sys.executable, "-m", "studio.cli", "serve", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as made:
        yield made
        made.kill()


@pytest.fixture
def address(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return urlsplit(json.loads(process.stdout.readline())["url"]).netloc


def test_a_commit_of_another_process_is_told_once(address: str, tmp_path: Path) -> None:
    stream = Stream(address)
    studio = Studio(Settings(home=tmp_path / "home"))
    try:
        studio.labels.add("Moments", "wave")
        assert stream.next() == "changed"
    finally:
        studio.close()
    stream.answer.fp.raw._sock.settimeout(1.0)  # type: ignore[union-attr]
    with pytest.raises(TimeoutError):
        stream.next()
    stream.close()


def test_whoever_looks_at_the_same_video_is_told_who_comes_and_goes(address: str) -> None:
    first = Stream(address, video="v", window="one", annotator="ann")
    second = Stream(address, video="v", window="two", annotator="bob")
    assert first.next() == "changed"
    second.close()
    assert first.next() in ("changed", "beat")
    first.close()


def test_an_open_stream_does_not_keep_the_server_from_ending(process: subprocess.Popen[str], address: str) -> None:
    stream = Stream(address)
    began = time.monotonic()
    process.terminate()
    process.wait(timeout=60)
    assert stream.answer.read() in (b"", b"event: changed\ndata:\n\n")
    assert time.monotonic() - began < 60
    stream.close()
