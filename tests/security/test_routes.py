"""M27: only what is used is reachable, of all that Gradio, MCP and FastAPI register; and what it was found to do."""

import http.server
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from studio.app import create_app
from studio.app.allowed_routes import allowed_route
from studio.config import Settings
from studio.service import Studio

OWN = "127.0.0.1:7860"

USED = {
    "GET /media/{video_id}", "HEAD /media/{video_id}", "GET /thumbnail/{video_id}", "GET /array/{video_id}/{name}",
    "GET /sound/{video_id}",
    "GET /map", "GET /web/plotly.js", "GET /web/studio.js", "HEAD /web/studio.js", "GET /web/studio.css",
    "HEAD /web/studio.css", "GET /changes",
    "GET /report/{name}", "GET /export/{video_id}", "GET /dataset/{token}", "POST /incoming", "POST /upload",
    "GET /found", "GET /detector/{name}", "POST /detector",
    "GET /login", "POST /login", "POST /logout", "GET /", "HEAD /", "GET /config", "GET /config/",
    "GET /gradio_api/info", "GET /gradio_api/info/", "GET /gradio_api/heartbeat/{session_hash}",
    "POST /gradio_api/run/{api_name}", "POST /gradio_api/run/{api_name}/", "POST /gradio_api/call/{api_name}",
    "POST /gradio_api/call/{api_name}/", "POST /gradio_api/queue/join", "GET /gradio_api/queue/data",
    "GET /gradio_api/call/{api_name}/{event_id}", "POST /gradio_api/component_server",
    "POST /gradio_api/component_server/",
    "POST /login/",  # Gradio's twin of ours, which it shadows
}  # fmt: skip
REFUSED = {
    "GET /openapi.json", "HEAD /openapi.json", "GET /gradio_api/mcp/schema", "HEAD /gradio_api/mcp/schema",
    "GET /gradio_api/mcp/sse", "HEAD /gradio_api/mcp/sse", "GET /logout", "GET /svelte/{path:path}",
    "GET /gradio_api/deep_link", "GET /robots.txt", "GET /pwa_icon/{size}", "GET /pwa_icon", "GET /monitoring",
    "GET /monitoring/summary", "GET /monitoring/{key}", "GET /gradio_api/user/", "GET /gradio_api/user",
    "GET /gradio_api/login_check/", "GET /gradio_api/login_check", "GET /gradio_api/token/", "GET /gradio_api/token",
    "GET /gradio_api/app_id/", "GET /gradio_api/app_id", "GET /gradio_api/dev/reload", "GET /gradio_api/runs/",
    "GET /gradio_api/runs", "GET /gradio_api/openapi.json",
    "GET /gradio_api/custom_component/{id}/{environment}/{type}/{file_name}",
    "GET /gradio_api/proxy={url_path:path}", "HEAD /gradio_api/proxy={url_path:path}",
    "GET /gradio_api/file={path_or_url:path}", "HEAD /gradio_api/file={path_or_url:path}",
    "POST /gradio_api/stream/{event_id}", "POST /gradio_api/stream/{event_id}/close",
    "GET /gradio_api/stream/{session_hash}/{run}/{component_id}/playlist.m3u8",
    "GET /gradio_api/stream/{session_hash}/{run}/{component_id}/{segment_id}.{ext}",
    "GET /gradio_api/stream/{session_hash}/{run}/{component_id}/playlist-file", "GET /gradio_api/file/{path:path}",
    "POST /gradio_api/reset", "POST /gradio_api/reset/", "POST /gradio_api/api/{api_name}/",
    "POST /gradio_api/api/{api_name}", "POST /gradio_api/call/v2/{api_name}/", "POST /gradio_api/call/v2/{api_name}",
    "POST /gradio_api/cancel", "GET /gradio_api/call/v2/{api_name}/{event_id}", "GET /gradio_api/queue/status",
    "GET /gradio_api/upload_progress", "POST /gradio_api/upload", "GET /gradio_api/theme.css",
    "POST /gradio_api/process_recording", "POST /gradio_api/vibe-edit", "POST /gradio_api/vibe-edit/",
    "POST /gradio_api/undo-vibe-edit", "POST /gradio_api/undo-vibe-edit/", "GET /gradio_api/vibe-code",
    "GET /static/{path:path}", "GET /assets/{path:path}", "GET /favicon.ico", "GET /theme.css", "GET /manifest.json",
    "GET /gradio_api/startup-events",
    "GET /gradio_api/vibe-code/", "POST /gradio_api/vibe-code", "POST /gradio_api/vibe-code/",
    "POST /gradio_api/vibe-starter-queries", "POST /gradio_api/vibe-starter-queries/",
}  # fmt: skip
MOUNTED = {"/web", "", "/gradio_api/mcp", "/gradio_api/mcp/messages"}


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    opened = Studio(Settings(home=tmp_path_factory.mktemp("routes") / "home"))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def client(studio: Studio) -> Iterator[TestClient]:
    with TestClient(create_app(studio, mcp=True), base_url=f"http://{OWN}", raise_server_exceptions=False) as made:
        yield made


def registered(routes: Any, before: str = "") -> Iterator[tuple[str, str]]:
    """("METHOD", "/path") of every route, and ("MOUNT", "/path") of every app inside the app."""
    for route in routes:
        path = before + getattr(route, "path", "")
        for method in getattr(route, "methods", None) or ():
            yield method, path
        if hasattr(route, "original_router"):
            yield from registered(route.original_router.routes, before)
        elif getattr(route, "methods", None) is None:
            yield "MOUNT", path
            yield from registered(getattr(route, "routes", None) or (), path)


def test_every_route_is_either_used_or_refused(client: TestClient) -> None:
    found = set(registered(client.app.routes))  # type: ignore[attr-defined]
    assert {path for method, path in found if method == "MOUNT"} == MOUNTED, "a mounted app that nobody looked at"
    known = {f"{method} {path}" for method, path in found if method != "MOUNT"}
    assert known == USED | REFUSED, "a route that nobody looked at: decide whether it is used"
    for each in sorted(USED | REFUSED):
        method, template = each.split(" ", 1)
        path = "/".join("x" if part.startswith("{") else part for part in template.split("/"))
        path = path.replace("={url_path:path}", "=x").replace("={path_or_url:path}", "=x").replace(".{ext}", ".ts")
        assert (allowed_route(method, path) is not None) == (each in USED), each
        if each in REFUSED:
            reply = client.request(method, path, headers={"content-type": "application/json"}, content=b"{}")
            assert reply.status_code == 404, each


def test_a_route_of_tomorrow_is_refused(client: TestClient) -> None:
    app: Any = client.app

    @app.get("/gradio_api/of-tomorrow")
    def of_tomorrow() -> str:
        raise AssertionError("reached")

    assert client.get("/gradio_api/of-tomorrow").status_code == 404


SPELLINGS = [
    "/gradio_api/file=http://127.0.0.1:{port}/x", "/gradio_api/file=https%3A%2F%2F127.0.0.1:{port}%2Fx",
    "//gradio_api/file=http://127.0.0.1:{port}/x", "/gradio_api//file=http://127.0.0.1:{port}/x",
    "/assets/../gradio_api/file=http://127.0.0.1:{port}/x", "/web/%2e%2e/gradio_api/file=http://127.0.0.1:{port}/x",
    "/gradio_api/%66ile=http://127.0.0.1:{port}/x", "/gradio_api/%2566ile=http://127.0.0.1:{port}/x",
    "/gradio_api/FILE=http://127.0.0.1:{port}/x", "/gradio_api\\file=http://127.0.0.1:{port}/x",
    "/gradio_api/file/http://127.0.0.1:{port}/x", "/gradio_api/proxy=http://127.0.0.1:{port}/x",
    "/gradio_api/file=http://127.0.0.1:{port}/x/", "/gradio_api/./file=http://127.0.0.1:{port}/x",
    "/?page=gradio_api/file=http://127.0.0.1:{port}/x", "/static/../gradio_api/file=http://127.0.0.1:{port}/x",
]  # fmt: skip


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_the_server_fetches_nothing(client: TestClient, spelling: str) -> None:
    """Gradio's `file=` fetched a foreign address and served it as a page of ours."""
    asked = []

    class Elsewhere(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<script>window.__pwned = 1</script>")

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Elsewhere) as elsewhere:
        thread = threading.Thread(target=elsewhere.serve_forever, daemon=True)
        thread.start()
        for method in ("GET", "HEAD"):
            reply = client.request(method, spelling.format(port=elsewhere.server_port))
            assert "__pwned" not in reply.text
            assert reply.status_code == (200 if spelling.startswith("/?") else 404)
        elsewhere.shutdown()
        thread.join()
    assert asked == []


PLAYLIST = "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{secret}\n#EXT-X-ENDLIST\n"


@pytest.mark.parametrize("path", ["/gradio_api/process_recording", "/gradio_api/process_recording/",
                                  "/gradio_api/upload", "/gradio_api/upload/"])  # fmt: skip
def test_no_recording_is_taken_and_no_file_left(
    client: TestClient, path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Gradio's `process_recording` let the system's ffmpeg open a playlist that named any file of this machine."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(folder))
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    ran: list[Any] = []
    monkeypatch.setattr("subprocess.Popen.__init__", lambda self, *args, **kwargs: ran.append(args))
    secret = tmp_path / "secret.ts"
    secret.write_bytes(b"\x47" * 188)
    files = {"file": ("clip.m3u8", PLAYLIST.format(secret=secret).encode(), "application/x-mpegurl")}
    assert client.post(path, files=files).status_code == 404
    assert ran == []
    assert list(folder.iterdir()) == []


JSON_ONLY = ["/gradio_api/component_server", "/gradio_api/queue/join", "/gradio_api/run/videos",
             "/gradio_api/call/videos"]  # fmt: skip


@pytest.mark.parametrize("path", JSON_ONLY)
def test_calls_are_json_and_nothing_else(client: TestClient, path: str, tmp_path: Path, monkeypatch: Any) -> None:
    """A form with a file would be written to the temporary folder before anybody looks at it."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    big = b"x" * (2 << 20)
    assert client.post(path, files={"file": ("x.bin", big)}, data={"data": "{}"}).status_code == 415
    for kind in ("text/plain", "", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded"):
        assert client.post(path, content=b'{"data": []}', headers={"content-type": kind}).status_code == 415
    assert list(tmp_path.iterdir()) == []
    allowed = client.post(path, json={"data": []}).status_code
    assert allowed != 415


def test_a_page_of_gradio_s_cannot_be_opened_with_somebody_else_s_state(client: TestClient) -> None:
    plain = client.get("/?view=search").text
    for parameter in ("deep_link=../../x", "page=x", "deep_link=x&page=y"):
        reply = client.get(f"/?view=search&{parameter}")
        assert reply.status_code == 200
        assert len(reply.text) == len(plain)
