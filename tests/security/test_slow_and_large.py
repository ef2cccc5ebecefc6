"""M29: a client that is slow, breaks off or sends at the same time as others keeps nobody waiting and fills no disk."""

import asyncio
import contextlib
import shutil
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import uvicorn

from studio.app import create_app
from studio.app.allowed_routes import allowed_route
from studio.app.http_protocol import with_header_deadline
from studio.app.request_guard import RequestGuard
from studio.config import MIB, Limits, Settings
from studio.errors import UsageError
from studio.service import Studio
from studio.service.videos.upload_space import UploadSpace

OWN = "127.0.0.1:7860"


@contextlib.contextmanager
def running(app: Any, headers_s: float) -> Iterator[int]:
    """A server on a port of this machine."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        config = uvicorn.Config(
            app, log_level="warning", http=with_header_deadline(headers_s), ws="none", lifespan="off"
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        server.should_exit = True
        thread.join(20)


async def hello(scope: Any, receive: Any, send: Any) -> None:
    while (await receive()).get("more_body"):
        pass
    await asyncio.sleep(1.0)  # an answer may take longer than headers may
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]})
    await send({"type": "http.response.body", "body": b"hello"})


@pytest.mark.parametrize("sent", [b"", b"G", b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n", b"POST / HTTP/1.1\r\nX: "])
def test_headers_that_never_end_end_the_connection(sent: bytes) -> None:
    with running(hello, 0.3) as port, socket.create_connection(("127.0.0.1", port), timeout=30) as client:
        client.sendall(sent)
        assert client.recv(100) == b""


def test_headers_in_time_are_answered_also_slowly_and_twice() -> None:
    request = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    with running(hello, 0.5) as port, socket.create_connection(("127.0.0.1", port), timeout=30) as client:
        for _ in range(2):
            client.sendall(request)
            told = b""
            while not told.endswith(b"hello"):
                piece = client.recv(1000)
                assert piece, "the connection was closed"
                told += piece
        client.sendall(request[:20])  # a second request that never ends is no better than a first
        assert client.recv(100) == b""


@pytest.mark.parametrize(
    ("path", "patience"), [("/gradio_api/component_server", "call_body_s"), ("/upload", "upload_silence_s")]
)
def test_a_body_that_stays_away_ends(path: str, patience: str) -> None:
    told: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        while (message := await receive())["type"] == "http.request" and message.get("more_body"):
            pass
        told.append(message["type"])

    async def receive() -> Any:
        if not told and not sent:
            sent.append(1)
            return {"type": "http.request", "body": b"{", "more_body": True}
        return await asyncio.sleep(3600)

    sent: list[int] = []
    limits = Limits(**{patience: 0.05})
    headers = [(b"host", OWN.encode()), (b"content-type", b"application/json")]
    scope = {"type": "http", "method": "POST", "path": path, "headers": headers, "query_string": b""}
    assert allowed_route("POST", path) is not None
    asyncio.run(RequestGuard(app, limits=limits)(scope, receive, None))  # type: ignore[arg-type]
    assert told == ["http.disconnect"]


def test_after_the_body_nothing_is_waited_for() -> None:
    """An answer that takes an hour is no slow body."""
    told: list[Any] = []
    news = [{"type": "http.request", "body": b"{}", "more_body": False}, {"type": "http.disconnect", "real": True}]

    async def app(scope: Any, receive: Any, send: Any) -> None:
        told.extend([await receive(), await receive()])

    async def receive() -> Any:
        await asyncio.sleep(0 if len(news) == 2 else 0.2)
        return news.pop(0)

    headers = [(b"host", OWN.encode()), (b"content-type", b"application/json")]
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/gradio_api/queue/join",
        "headers": headers,
        "query_string": b"",
    }
    asyncio.run(RequestGuard(app, limits=Limits(call_body_s=0.1))(scope, receive, None))  # type: ignore[arg-type]
    assert told[1].get("real")


# ---------------------------------------------------------------------- the disk


class Usage(NamedTuple):
    total: int
    used: int
    free: int


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """A disk on which so much is free."""
    made = {"free": 0}
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(100 * MIB, 0, made["free"]))
    return made


def test_two_uploads_share_what_is_free(tmp_path: Path, disk: dict[str, int]) -> None:
    space = UploadSpace(tmp_path, Limits(spare_disk_bytes=10 * MIB))
    disk["free"] = 30 * MIB
    with space.upload(15 * MIB) as take:
        with pytest.raises(UsageError, match="no room"), space.upload(15 * MIB):
            raise AssertionError("both were let in, and there is room for one")
        with space.upload(5 * MIB):
            pass
        take(10 * MIB)
        disk["free"] = 20 * MIB  # it was written
        with pytest.raises(UsageError, match="no room"), space.upload(6 * MIB):
            pass
    with space.upload(6 * MIB):  # the first one ended, and what was kept for it is free again
        pass


def test_an_upload_that_does_not_say_how_long_it_is_stops_at_the_reserve(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In pieces, without Content-Length: the disk was looked at once, before the first."""
    studio = Studio(Settings(home=tmp_path / "home", limits=Limits(spare_disk_bytes=10 * MIB)))
    uploads = studio.settings.uploads
    largest = 0

    def usage(path: Any) -> Usage:
        nonlocal largest
        used = sum(file.stat().st_size for file in uploads.iterdir())
        largest = max(largest, used)
        return Usage(100 * MIB, used, 14 * MIB - used)

    monkeypatch.setattr(shutil, "disk_usage", usage)
    told: list[Any] = []
    pieces = iter([{"type": "http.request", "body": b"x" * MIB, "more_body": True}] * 50)

    async def receive() -> Any:
        return next(pieces)

    async def send(message: Any) -> None:
        told.append(message)

    headers = [(b"host", OWN.encode())]
    scope = {"type": "http", "method": "POST", "path": "/upload", "headers": headers, "query_string": b"name=x.mp4"}
    asyncio.run(create_app(studio)(scope, receive, send))
    studio.close()
    assert told[0]["status"] == 400 and "no room" in told[1]["body"].decode()
    assert 3 * MIB <= largest <= 4 * MIB
    assert list(uploads.iterdir()) == []
