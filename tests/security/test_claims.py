"""M28: what a client claims about itself is not believed: a proxy's headers, Gradio's own, the path of a video."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import Request
from starlette.testclient import TestClient

from studio.app import create_app, serve
from studio.cli import main
from studio.config import Settings
from studio.errors import UsageError
from studio.service import Studio

OWN = "127.0.0.1:7860"
CLAIMS = {
    "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https", "X-Forwarded-For": "10.9.8.7",
    "X-Forwarded-Prefix": "/evil", "X-Forwarded-Port": "81", "X-Forwarded-Server": "evil.example",
    "Forwarded": "host=evil.example;proto=https", "X-Gradio-Server": "http://evil.example", "X-Gradio-User": "mcp",
}  # fmt: skip


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    opened = Studio(Settings(home=tmp_path / "home"))
    yield opened
    opened.close()


def app_that_tells(studio: Studio, behind_proxy: str | None = None) -> Any:
    """The app with a login page that says what it was told."""
    app = create_app(studio, mcp=True, behind_proxy=behind_proxy)

    async def tell(request: Request) -> dict[str, Any]:
        return {"host": request.headers.get("host"), "headers": sorted(request.headers)}

    app.router.routes.insert(0, __import__("fastapi").routing.APIRoute("/login", tell))
    return app


def test_claims_are_removed_where_there_is_no_proxy(studio: Studio) -> None:
    with TestClient(app_that_tells(studio), base_url=f"http://{OWN}") as client:
        told = client.get("/login", headers=CLAIMS).json()
        assert told["host"] == OWN
        assert not {name.lower() for name in CLAIMS} & set(told["headers"])
        for path in ("/", "/config"):
            said = client.get(path, headers=CLAIMS).text
            assert "evil.example" not in said and "https://127.0.0.1" not in said, path


def test_a_proxy_s_claims_are_believed_where_it_is_configured(studio: Studio) -> None:
    with TestClient(app_that_tells(studio, "studio.lab.example"), base_url=f"http://{OWN}") as client:
        good = {"X-Forwarded-Host": "studio.lab.example", "X-Gradio-Server": "http://evil.example"}
        told = client.get("/login", headers=good).json()
        assert told["host"] == "studio.lab.example"
        assert "x-gradio-server" not in told["headers"] and "x-forwarded-host" not in told["headers"]
        # what the person's browser wrote comes first, what the proxy itself was asked for comes last
        chain = {"X-Forwarded-Host": "evil.example, studio.lab.example"}
        assert client.get("/login", headers=chain).json()["host"] == "studio.lab.example"
        for name in ("evil.example", "studio.lab.example.evil.example", "studio.lab.example, evil.example", ""):
            assert client.get("/login", headers={"X-Forwarded-Host": name}).status_code == 403, name
        own = {"X-Forwarded-Host": "studio.lab.example", "Origin": "https://studio.lab.example"}
        assert "do not belong together" in client.post("/login", headers=own).text
        foreign = {"X-Forwarded-Host": "studio.lab.example", "Origin": "https://evil.example"}
        assert client.post("/login", headers=foreign).text.startswith("Only the studio's own pages")


def test_behind_a_proxy_everybody_logs_in(studio: Studio, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with TestClient(create_app(studio, behind_proxy=""), base_url="http://any.example") as client:
        assert client.get("/config").status_code == 401
    with pytest.raises(UsageError, match="this library has no users"):
        serve(Settings(home=tmp_path / "none"), "127.0.0.1", 0, open_browser=False, behind_proxy="")
    for options in (["--behind-proxy"], ["--behind-proxy", "studio.lab.example"], ["--behind-proxy", "--port", "0"]):
        assert main(["serve", "--no-browser", "--home", str(tmp_path / "none"), *options]) == 2
        assert "this library has no users" in capsys.readouterr().err


def test_mcp_calls_no_other_host_and_knows_no_resources(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    """Gradio reads an MCP resource by a request of the server's to the host that the client claims."""
    from mcp import ClientSession, McpError
    from mcp.client.streamable_http import streamable_http_client

    app = create_app(studio, mcp=True)
    made: list[str] = []

    class Never:
        def __init__(self, src: str, **_: Any) -> None:
            made.append(src)
            raise AssertionError("the server made a client")

    monkeypatch.setattr("gradio.mcp.Client", Never)

    async def run(work: Callable[[ClientSession], Coroutine[Any, Any, None]]) -> None:
        transport = httpx.ASGITransport(app=app)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, headers={"X-Forwarded-Host": "evil.example"}) as http,
            streamable_http_client(f"http://{OWN}/gradio_api/mcp/", http_client=http) as streams,
            ClientSession(streams[0], streams[1]) as opened,
        ):
            told = await opened.initialize()
            assert told.capabilities.resources is None and told.capabilities.prompts is None
            await work(opened)

    async def work(opened: ClientSession) -> None:
        for ask in (
            opened.list_resources,
            opened.list_resource_templates,
            opened.list_prompts,
            lambda: opened.read_resource("file:///etc/passwd"),  # type: ignore[arg-type]
            lambda: opened.read_resource("http://evil.example/x"),  # type: ignore[arg-type]
            lambda: opened.get_prompt("search"),
        ):
            with pytest.raises(McpError, match="Method not found"):
                await ask()
        assert sorted(tool.name for tool in (await opened.list_tools()).tools) == ["ground", "search"]

    asyncio.run(run(work))
    assert made == []


REFS = ["{file}", "{folder}/../{folder_name}/bikes.mp4", "/etc/passwd", "/etc/no-such-file", "~/.ssh/id_rsa",
        "bikes.mp4", "."]  # fmt: skip


def test_pages_and_programs_name_videos_by_ids_only(
    studio: Studio, clips: dict[str, Path], caplog: pytest.LogCaptureFixture
) -> None:
    """A path was looked up on this machine: whether a file is there could be told from the answer."""
    row = studio.videos.add(clips["bikes"])
    folder = clips["bikes"].parent
    named = {"file": clips["bikes"], "folder": folder, "folder_name": folder.name}
    refs = [ref.format(**named) for ref in REFS]
    with TestClient(create_app(studio), base_url=f"http://{OWN}") as client:
        config = client.get("/config").json()
        calls = [
            (c["id"], name) for c in config["components"] for name in c["props"].get("server_fns") or []
            if name not in ("add_path",)
        ]  # fmt: skip

        def ask(component: int, name: str, ref: str) -> dict[str, Any]:
            data = {
                "video": ref, "query": "x", "text": "x", "kind": "index", "start": 0, "end": 1, "at": 0, "edits": [],
                "line": 1, "format": "json", "task": "grounding", "names": [], "filters": {"videos": [ref]},
                "like": {"video": ref, "start": 0, "end": 1}, "upload": "0" * 32, "name": "x.json",
            }  # fmt: skip
            body = {"session_hash": "s", "component_id": component, "fn_name": name, "data": data}
            return dict(client.post("/gradio_api/component_server", json=body).json())

        needing = [call for call in calls if ask(*call, "nope").get("kind") == "gone"]
        assert {"load_document", "changes", "save", "transcript", "remove_video"} <= {name for _, name in needing}
        for component, name in needing:
            for ref in refs:
                told = ask(component, name, ref)
                assert told["ok"] is False and told["kind"] == "gone", (name, ref, told)
                assert told["error"].replace(f"“{ref}”", "") == ask(component, name, "nope")["error"].replace(
                    "“nope”", ""
                )
        for ref in refs:
            for name, arguments in (("ground", [ref, "x"]), ("annotations", [ref]), ("search", ["x", 5, [ref]])):
                told = client.post(f"/gradio_api/run/{name}", json={"data": arguments}).json()
                assert told["error"].startswith(f"No video “{ref}” in this library"), (name, ref)
    assert studio.videos.get(row["id"])["path"] == str(clips["bikes"].resolve())
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []
