"""M24: no other page, host or machine gets in; answers are armoured; no path of this machine crosses the browser."""

import asyncio
import re
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from studio.app import create_app, serve
from studio.app.request_guard import RequestGuard
from studio.app.security_headers import SECURITY_HEADERS, SecurityHeaders
from studio.app.server import _listen
from studio.config import Limits, Settings
from studio.errors import UsageError
from studio.service import Studio

OWN = "127.0.0.1:7860"
EVIL = {
    "another site": {"origin": "http://evil.example"},
    "a sandboxed frame": {"origin": "null"},
    "nothing at all": {"origin": ""},
    "another port": {"origin": "http://127.0.0.1:9999"},
    "another name of this machine": {"origin": "http://localhost:7860"},
    "a longer name": {"origin": f"http://{OWN}.evil.example"},
    "a name before": {"origin": f"http://evil.example@{OWN}"},
    "no sense": {"origin": "http://[::1"},
    "a file": {"origin": "file://"},
    "an extension": {"origin": "chrome-extension://abcdef"},
    "what the browser says": {"sec-fetch-site": "cross-site"},
    "another port, as the browser says": {"sec-fetch-site": "same-site"},
    "a rebound name": {"host": "evil.example:7860"},
    "a name that begins like ours": {"host": "127.0.0.1.evil.example:7860"},
    "a host of no sense": {"host": "[::1"},
    "no host": {"host": ""},
}
WRITES = ["/upload?name=x.mp4", "/gradio_api/component_server", "/gradio_api/queue/join", "/gradio_api/upload",
          "/gradio_api/run/predict", "/nowhere"]  # fmt: skip


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    opened = Studio(Settings(home=tmp_path_factory.mktemp("doors") / "home"))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def client(studio: Studio) -> Iterator[TestClient]:
    with TestClient(create_app(studio), base_url=f"http://{OWN}", raise_server_exceptions=False) as made:
        yield made


@pytest.mark.parametrize("who", EVIL)
def test_foreign_pages_change_nothing(client: TestClient, studio: Studio, who: str) -> None:
    for path in WRITES:
        for method in ("POST", "PUT", "DELETE", "PATCH"):
            reply = client.request(method, path, content=b"x", headers=EVIL[who])
            assert reply.status_code == 403, (method, path)
            assert set(SECURITY_HEADERS) <= {name.title() for name in reply.headers} | {"X-Frame-Options"}
    assert list(studio.settings.uploads.iterdir()) == []


@pytest.mark.parametrize("path", ["/", "/web/js/shell.js", "/config", "/gradio_api/info", "/export/x", "/media/x"])
def test_what_is_ours_is_no_part_of_another_page(client: TestClient, path: str) -> None:
    for site in ("cross-site", "same-site"):
        assert client.get(path, headers={"sec-fetch-site": site, "sec-fetch-mode": "no-cors"}).status_code == 403
        followed = {"sec-fetch-site": site, "sec-fetch-mode": "navigate"}
        for dest, is_let_in in (("document", path == "/"), ("iframe", False), ("object", False)):
            status = client.get(path, headers={**followed, "sec-fetch-dest": dest}).status_code
            assert (status != 403) == is_let_in, (site, dest)
    assert client.get(path, headers={"sec-fetch-site": "same-origin", "sec-fetch-mode": "cors"}).status_code != 403
    assert client.get(path, headers={"host": "rebound.example"}).status_code == 403


def test_our_own_pages_are_let_in(client: TestClient) -> None:
    for headers in ({}, {"origin": f"http://{OWN}"}, {"origin": f"http://{OWN}", "sec-fetch-site": "same-origin"}):
        assert client.post("/upload?name=x.mp4", content=b"x", headers=headers).status_code == 400
    assert client.get("/", headers={"host": "LOCALHOST:7860"}).status_code == 200


@pytest.mark.parametrize("path", ["/", "/web/js/shell.js", "/media/nope", "/config", "/nowhere", "/gradio_api/info"])
def test_every_answer_is_armoured(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    assert {name: headers.get(name, "") for name in SECURITY_HEADERS} == SECURITY_HEADERS


def test_a_websocket_is_refused() -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(RequestGuard(None)({"type": "websocket", "headers": []}, None, send))  # type: ignore[arg-type]
    assert sent == [{"type": "websocket.close", "code": 1008}]


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.7", "::", "10.0.0.1", "example.org", "127.0.0.1.nip.io", ""])
def test_no_address_that_others_can_reach(host: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="this library has no users"):
        serve(Settings(home=tmp_path), host, 0, open_browser=False)
    assert list(tmp_path.iterdir()) == []


def test_small_answers_are_sent_at_once() -> None:
    """asyncio turns Nagle's algorithm off for sockets that say that they are TCP."""
    with closing(_listen("127.0.0.1", 0)) as listening:
        assert listening.proto == socket.IPPROTO_TCP


def test_a_body_has_a_bound(tmp_path: Path) -> None:
    studio = Studio(Settings(home=tmp_path, limits=Limits(call_bytes=1_000, upload_bytes=2_000)))
    json_ = {"content-type": "application/json"}
    with TestClient(create_app(studio), base_url=f"http://{OWN}", raise_server_exceptions=False) as client:
        for path in ("/gradio_api/component_server", "/gradio_api/queue/join"):
            assert client.post(path, content=b"x" * 1_001, headers=json_).status_code == 413
        endless = client.post("/gradio_api/component_server", content=iter([b"x" * 600] * 50), headers=json_)
        assert endless.status_code == 400
        assert client.post("/upload?name=x.mp4", content=b"x" * 2_001).status_code == 413
        assert client.post("/upload?name=x.mp4", content=iter([b"x" * 600] * 50)).status_code == 413
        lying = client.post("/upload?name=x.mp4", content=b"x" * 10, headers={"content-length": "many"})
        assert lying.status_code == 400
        assert list(studio.settings.uploads.iterdir()) == []


@pytest.mark.parametrize("path", ["/upload", "/incoming"])
def test_an_upload_that_breaks_off_is_no_crash(studio: Studio, path: str, caplog: pytest.LogCaptureFixture) -> None:
    app, statuses = create_app(studio), []
    news = [{"type": "http.request", "body": b"x" * 9, "more_body": True}, {"type": "http.disconnect"}]
    scope = {
        "type": "http", "http_version": "1.1", "method": "POST", "path": path, "raw_path": path.encode(),
        "root_path": "", "query_string": b"name=x.mp4", "headers": [(b"host", OWN.encode())], "scheme": "http",
        "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 7860),
    }  # fmt: skip

    async def receive() -> Any:
        return news.pop(0)

    async def send(message: Any) -> None:
        statuses.append(message.get("status"))

    asyncio.run(app(scope, receive, send))
    assert statuses[0] == 400
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []
    assert list(studio.settings.uploads.iterdir()) == []


def test_an_upload_leaves_room_for_edits(tmp_path: Path) -> None:
    studio = Studio(Settings(home=tmp_path, limits=Limits(spare_disk_bytes=2**60)))
    with TestClient(create_app(studio), base_url=f"http://{OWN}") as client:
        reply = client.post("/upload?name=x.mp4", content=b"x")
        assert reply.status_code == 400
        assert "no room" in reply.json()["error"]
        assert list(studio.settings.uploads.iterdir()) == []


def test_the_queue_of_calls_has_a_bound(client: TestClient, studio: Studio) -> None:
    app: Any = client.app
    (mounted,) = [route for route in app.routes if getattr(route, "path", None) == ""]
    assert mounted.app.get_blocks()._queue.max_size == studio.settings.limits.waiting_calls


OPEN = ["/", "/config", "/gradio_api/info", "/web/js/shell.js", "/login",
        "/gradio_api/openapi.json", "/robots.txt", "/gradio_api/app_id", "/nowhere", "/media/x", "/theme.css",
        "/gradio_api/startup-events", "/manifest.json", "/favicon.ico", "/static/img/logo.svg", "/assets/index.js",
        "/gradio_api/file=/etc/passwd", "/gradio_api/file=pyproject.toml", "/gradio_api/file=../studio.db",
        "/gradio_api/runs", "/monitoring", "/docs", "/gradio_api/proxy=http://127.0.0.1:9/", "/web/../pyproject.toml",
        "/web/%2e%2e/%2e%2e/pyproject.toml", "/static/..%2f..%2fLICENSE"]  # fmt: skip


def test_no_path_of_this_machine_crosses_the_browser(
    client: TestClient, studio: Studio, clips: dict[str, Path]
) -> None:
    studio.videos.add(clips["bikes"])
    private = [str(studio.settings.home), str(clips["bikes"].parent), str(Path(__file__).parents[2]), "site-packages"]
    for path in OPEN:
        said = client.get(path).text
        for secret in private:
            assert secret not in said, f"{path} tells where things are"
        assert "root:x:0" not in said and "moment-studio" not in re.sub(r"moment-studio/\d", "", said[:20]), path
    for path in OPEN[5:]:
        assert client.get(path).status_code == 404, path


@pytest.mark.parametrize("ref", ["a" * 5_000, "~nobody", "%00", "..%2f..", "x%2f" * 900])
def test_a_name_that_is_no_video_s_is_not_found(client: TestClient, ref: str) -> None:
    sound = f"/sound/{ref}?level=0&tile=0"
    for path in (f"/media/{ref}", f"/thumbnail/{ref}", f"/array/{ref}/pts", sound, f"/export/{ref}"):
        assert client.get(path).status_code == 404, path


@pytest.mark.parametrize(
    ("call", "key"), [("search", "encoder"), ("explain", "encoder"), ("ground", "engine"), ("compare", "a")]
)
def test_a_page_names_models_and_no_files(client: TestClient, tmp_path: Path, call: str, key: str) -> None:
    file = tmp_path / "weights.pt"
    file.write_bytes(b"x")
    config = client.get("/config").json()
    (component, *_) = (c["id"] for c in config["components"] if call in (c["props"].get("server_fns") or []))
    sent = {"query": "x", "video": "v", "start": 0, "end": 1, "task": "text_video", "a": "", "b": ""}
    for name in (f"ViT-B-32/{file}", "ViT-B-32/laion2b_s34b_b79k", str(file), "../weights"):
        said = client.post("/gradio_api/component_server", json={
            "session_hash": "s", "component_id": component, "fn_name": call, "data": {**sent, key: name},
        }).json()  # fmt: skip
        assert said["ok"] is False
        assert "There is no model" in said["error"]


def test_a_call_that_is_at_work_when_the_studio_stops_is_ended_with_an_answer() -> None:
    """The server cancels it after a while; nothing of that is an error for the log."""
    sent: list[Any] = []

    async def forever(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.sleep(60)

    async def begun(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await asyncio.sleep(60)

    async def stop(app: Any) -> None:
        async def send(message: Any) -> None:
            sent.append(message)

        call = asyncio.ensure_future(SecurityHeaders(app)({"type": "http"}, None, send))  # type: ignore[arg-type]
        await asyncio.sleep(0.01)
        call.cancel()
        await call

    asyncio.run(stop(forever))
    assert (sent[0]["status"], sent[1]["body"]) == (503, b"The studio is stopping; try again.")
    assert b"nosniff" in dict(sent[0]["headers"]).values()
    sent.clear()
    asyncio.run(stop(begun))
    assert [message.get("status") for message in sent] == [200]
