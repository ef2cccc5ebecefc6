"""The named endpoints and MCP, by their own clients, against a studio that runs: the answers are the command line's."""

import asyncio
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError
from starlette.testclient import TestClient

from studio.app import create_app
from studio.app.api import TOOLS
from studio.cli import main
from studio.service import Studio

BERTA = {"name": "berta", "password": "correct horse"}


@dataclass
class Served:
    """A studio that runs, with MCP."""

    home: Path
    url: str


@pytest.fixture(scope="module")
def served(indexed: Studio) -> Iterator[Served]:
    home = indexed.settings.home
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    options = ["--mcp", "--no-browser", "--port", port, "--device", "cpu", "--home", str(home)]
    with (home.parent / "api.log").open("wb+") as log:
        process = subprocess.Popen([sys.executable, "-m", "studio.cli", "serve", *options], stdout=log, stderr=log)
        made = Served(home, f"http://127.0.0.1:{port}/")
        for _ in range(600):
            assert process.poll() is None, "the studio did not start"
            try:
                httpx.get(made.url, timeout=2)
                break
            except httpx.TransportError:
                time.sleep(0.2)
        yield made
        process.terminate()
        process.wait(20)
        log.seek(0)
        assert b"Traceback" not in log.read()


@pytest.fixture(scope="module")
def client(served: Served) -> Client:
    return Client(served.url, verbose=False, analytics_enabled=False)


@pytest.fixture
def bikes(indexed: Studio, clips: dict[str, Path]) -> str:
    return str(indexed.videos.resolve(str(clips["bikes"]))["id"])


@pytest.fixture
def printed(indexed: Studio, capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    """What a command prints with --json."""

    def run(*command: str) -> Any:
        assert main([*command, "--json", "--home", str(indexed.settings.home)]) == 0
        return json.loads(capsys.readouterr().out)

    return run


def test_the_endpoints_are_listed_with_types(client: Client) -> None:
    named = client.view_api(return_format="dict", print_info=False)["named_endpoints"]
    assert set(named) == {"/videos", "/search", "/ground", "/find", "/annotations", "/models"}
    takes = {p["parameter_name"]: p["python_type"]["type"] for p in named["/ground"]["parameters"]}
    assert takes == {"video": "str", "query": "str", "top": "int", "engine": "None | str", "check": "bool"}


def test_answers_are_those_of_the_command_line(
    client: Client, indexed: Studio, bikes: str, printed: Callable[..., Any]
) -> None:
    edit = {"edit_id": "e", "op": "create", "id": "a", "base_version": 0, "start": 1, "end": 2, "track": "T"}
    indexed.timelines.save(bikes, [edit], "berta")
    found = client.predict("a bicycle", top=2, api_name="/search")["hits"]
    told = printed("search", "a bicycle", "--top", "2")["hits"]
    assert [{**hit, "name": None} for hit in found] == [
        {**{k: v for k, v in hit.items() if k != "path"}, "name": None} for hit in told
    ]
    assert [hit["name"] for hit in found] == [Path(hit["path"]).name for hit in told]
    grounded = client.predict(bikes, "a bicycle", engine="merge-tree", api_name="/ground")
    assert grounded == printed("ground", bikes, "a bicycle", "--engine", "merge-tree")
    kept = client.predict(bikes, api_name="/annotations")
    assert kept == printed("annotations", bikes) and "a" in [row["id"] for row in kept["annotations"]]
    made = client.predict({"segments": [{"tracks": ["T"]}]}, api_name="/find")
    told = printed("find", "track=T")
    assert made["count"] == told["count"] > 0
    assert made["moments"] == [{k: v for k, v in moment.items() if k != "path"} for moment in told["moments"]]
    assert client.predict(api_name="/models") == printed("models", "list")
    videos = client.predict(api_name="/videos")["videos"]
    assert {"id": bikes, "name": "bikes.mp4", "duration": 10.0, "indexed": True} in videos


def test_a_search_stays_within_the_videos_that_are_named(client: Client, bikes: str) -> None:
    within = [v["id"] for v in client.predict(api_name="/videos")["videos"] if v["id"] != bikes]
    found = client.predict("a bicycle", within=within, api_name="/search")["hits"]
    assert found and {hit["video"] for hit in found} <= set(within)
    sure = client.predict(bikes, "a bicycle", check=True, api_name="/ground")["moments"]
    assert all(0 <= moment["confidence"] <= 1 for moment in sure)


WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("/search", {"query": 3}, "“query” must be a text."),
    ("/search", {"query": None}, "“query” must be a text."),
    ("/search", {"query": " "}, "“query” must say in a few words what you are looking for."),
    ("/search", {"query": "é" * 900}, "Keep the query under 800 characters."),
    ("/search", {"query": "dog", "top": "3"}, "“top” must be a whole number from 1 to 100."),
    ("/search", {"query": "dog", "top": True}, "“top” must be a whole number from 1 to 100."),
    ("/search", {"query": "dog", "top": 0}, "“top” must be a whole number from 1 to 100."),
    ("/search", {"query": "dog", "within": "v"}, "“within” must be a list of ids of videos."),
    ("/search", {"query": "dog", "within": [1]}, "“within” must be a list of ids of videos."),
    ("/search", {"query": "dog", "within": ["v"]}, "No video “v” in this library"),
    ("/ground", {"video": "nope", "query": "dog"}, "No video “nope” in this library"),
    ("/ground", {"video": {"a": 1}, "query": "dog"}, "“video” must be a text."),
    ("/ground", {"video": "BIKES", "query": []}, "“query” must be a text."),
    ("/ground", {"video": "BIKES", "query": "dog", "engine": "x"}, "There is no grounding model “x” here; choose one"),
    ("/ground", {"video": "BIKES", "query": "dog", "check": 1}, "“check” must be true or false."),
    ("/find", {"question": "nod"}, "A question about annotations is an object with “segments”."),
    ("/find", {"question": {"segments": [{"statuses": ["x"]}]}}, "“x” is no status"),
    ("/find", {"question": {}, "first": -1}, "“first” must be a whole number, 0 or more."),
    ("/find", {"question": {}, "top": 101}, "“top” must be a whole number from 1 to 100."),
    ("/annotations", {"video": 7}, "“video” must be a text."),
    ("/annotations", {"video": "../studio.db"}, "No video “../studio.db” in this library"),
]


@pytest.mark.parametrize(("name", "arguments", "sentence"), WRONG)
def test_a_wrong_call_is_one_sentence(
    client: Client, served: Served, bikes: str, name: str, arguments: dict[str, Any], sentence: str
) -> None:
    wrong = {key: bikes if value == "BIKES" else value for key, value in arguments.items()}
    with pytest.raises(AppError) as raised:
        client.predict(**wrong, api_name=name)
    said = str(raised.value)
    assert said.startswith(sentence) and "\n" not in said
    assert "Traceback" not in said and str(served.home) not in said


def test_plain_http_may_leave_out_what_has_a_default(served: Served) -> None:
    def call(name: str, data: Any) -> httpx.Response:
        return httpx.post(f"{served.url}gradio_api/run/{name}", json={"data": data}, timeout=60)

    (answer,) = call("search", ["a bicycle"]).json()["data"]
    assert answer["hits"][0]["name"] == "bikes.mp4"
    assert call("search", []).json()["error"] == "“query” must be a text."
    assert call("annotations", []).json()["error"] == "“video” must be a text."
    assert call("search", {"query": "x"}).status_code == 422


@pytest.fixture
def cookie(served: Served, indexed: Studio) -> Iterator[str]:
    """While it lives, the library has a user, and everybody has to log in."""

    def until(status: int) -> None:  # the studio looks once a second whether there are users
        for _ in range(100):
            if httpx.get(f"{served.url}config").status_code == status:
                return
            time.sleep(0.1)
        raise AssertionError("the studio does not notice its users")

    indexed.users.put(BERTA["name"], BERTA["password"])
    until(401)
    entered = httpx.post(f"{served.url}login", data=BERTA)
    yield f"moment_session={entered.cookies['moment_session']}"
    indexed.users.drop(BERTA["name"])
    until(200)


def test_a_library_with_users_answers_only_with_the_cookie(served: Served, cookie: str, bikes: str) -> None:
    assert httpx.post(f"{served.url}gradio_api/run/videos", json={"data": []}).status_code == 401
    with pytest.raises(ValueError, match="Please login"):
        Client(served.url, verbose=False, analytics_enabled=False)
    client = Client(served.url, headers={"cookie": cookie}, verbose=False, analytics_enabled=False)
    assert client.predict("a bicycle", within=[bikes], api_name="/search")["hits"]


# ---------------------------------------------------------------------- MCP


def session(url: str, work: Callable[[Any], Coroutine[Any, Any, None]], headers: dict[str, str] | None = None) -> None:
    """Do something in a session of MCP's own client."""
    pytest.importorskip("mcp")
    from mcp import ClientSession
    from mcp.client.streamable_http import streamable_http_client

    async def run() -> None:
        async with (
            httpx.AsyncClient(headers=headers, timeout=60, follow_redirects=True) as http,
            streamable_http_client(f"{url}gradio_api/mcp/", http_client=http) as streams,
            ClientSession(streams[0], streams[1]) as opened,
        ):
            await opened.initialize()
            await work(opened)

    asyncio.run(run())


def test_an_mcp_client_searches_and_grounds_and_no_more(served: Served, client: Client, bikes: str) -> None:
    found = client.predict("a bicycle", top=2, api_name="/search")

    async def work(opened: Any) -> None:
        tools = (await opened.list_tools()).tools
        assert sorted(tool.name for tool in tools) == sorted(TOOLS)
        assert all(tool.description and "seconds" in tool.description for tool in tools)
        answer = await opened.call_tool("search", {"query": "a bicycle", "top": 2})
        assert json.loads(answer.content[0].text) == found
        answer = await opened.call_tool("ground", {"video": bikes, "query": "a bicycle"})
        assert json.loads(answer.content[0].text)["moments"]
        for name, arguments, sentence in (
            ("search", {"query": "dog", "top": 0}, "“top” must be a whole number from 1 to 100."),
            ("search", {"query": 3}, "3 is not of type 'string'"),
            ("ground", {"video": "nope", "query": "dog"}, "No video “nope” in this library"),
            ("annotations", {"video": bikes}, "Unknown tool"),
            ("models", {}, "Unknown tool"),
        ):
            refused = await opened.call_tool(name, arguments)
            assert refused.isError and sentence in refused.content[0].text, name
            assert "\n" not in refused.content[0].text and "Traceback" not in refused.content[0].text

    session(served.url, work)


def test_mcp_needs_the_cookie_too(served: Served, cookie: str) -> None:
    async def work(opened: Any) -> None:
        answer = await opened.call_tool("search", {"query": "a bicycle"})
        assert json.loads(answer.content[0].text)["hits"]

    session(served.url, work, {"cookie": cookie})
    refused = httpx.post(f"{served.url}gradio_api/mcp/", json={"jsonrpc": "2.0", "method": "tools/list", "id": 1})
    assert refused.status_code == 401


def test_mcp_is_off_unless_asked_for(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADIO_MCP_SERVER", "true")
    with TestClient(create_app(studio), base_url="http://127.0.0.1:7860") as client:
        assert client.post("/gradio_api/mcp/", json={}).status_code in (404, 405)
        assert client.get("/gradio_api/mcp/schema").status_code == 404


def test_without_the_package_a_sentence_says_what_to_install(tmp_path: Path) -> None:
    code = "import sys; sys.modules['mcp'] = None; from studio.cli import main; sys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-c", code, "serve", "--mcp", "--no-browser", "--home", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, env=dict(os.environ))
    assert done.returncode == 2
    assert done.stderr == "studio: MCP needs a package that is not installed; run: pip install 'moment-studio[mcp]'\n"
    assert list(tmp_path.iterdir()) == []
