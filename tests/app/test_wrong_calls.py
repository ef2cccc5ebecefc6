"""M25: calls of every named endpoint and every call of the pages with anything at all in them: an answer or a sentence,
never a traceback, never a path, never a change."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from studio.app import create_app
from studio.config import Settings
from studio.service import Studio
from studio.store import videos
from tests.conftest import VIDEO

OWN = "http://127.0.0.1:7860"
HARMLESS = ("add_path",)  # takes a path by its purpose; the strategy below would have it walk this machine


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[TestClient, Studio]]:
    studio = Studio(Settings(home=tmp_path_factory.mktemp("wrong") / "home"))
    studio.store.write(lambda db: videos.insert(db, dict(VIDEO)))
    with TestClient(create_app(studio), base_url=OWN, raise_server_exceptions=False) as client:
        yield client, studio


def endpoints(client: TestClient) -> list[tuple[int, str]]:
    """(component, call) for everything that the pages can ask, as the app itself lists it to them."""
    config = client.get("/config").json()
    return [
        (component["id"], name)
        for component in config["components"]
        for name in component["props"].get("server_fns") or []
        if name not in HARMLESS
    ]


WORDS = st.sampled_from([
    "v1", "nope", "", "index", "ground", "a", "../studio.db", "/etc/passwd", "\0", "é" * 900, "' OR 1=1 --",
    "\ud800", "${7*7}", "moments", "verdict", "create", "studio-lite",
])  # fmt: skip
PLAIN = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    WORDS,
    st.text(max_size=9),
)
ANYTHING = st.recursive(
    PLAIN, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS | st.text(max_size=5), inner, max_size=3)
)
KEYS = st.sampled_from([
    "video", "query", "edits", "since", "run_since", "job", "jobs", "kind", "top", "engine", "text", "name", "names",
    "base", "start", "end", "line", "annotation", "annotator", "run", "question", "search", "filters", "like", "image",
    "path", "done", "a", "b", "task", "at", "track", "tracks", "label", "labels", "schema", "levels", "said", "encoder",
    "within", "format", "key", "colour", "options",
])  # fmt: skip
EDIT_KEYS = ["edit_id", "op", "id", "base_version", "start", "end", "track", "label", "note", "source",
             "prediction_id", "verdict"]  # fmt: skip
EDITS = st.fixed_dictionaries({}, optional=dict.fromkeys(EDIT_KEYS, ANYTHING))
REQUESTS = st.one_of(
    ANYTHING,
    st.dictionaries(KEYS, ANYTHING, max_size=6),
    st.fixed_dictionaries({"video": st.just("v1")}, optional={"edits": st.lists(EDITS, max_size=3), "query": WORDS}),
)


def assert_clean(said: str, studio: Studio) -> None:
    assert "Traceback" not in said and 'File "' not in said
    for secret in (studio.settings.home, Path(__file__).parents[2], VIDEO["path"]):
        assert str(secret) not in said


@pytest.mark.parametrize("examples", [500, pytest.param(5_000, marks=pytest.mark.release)])
def test_every_call_of_the_pages(
    served: tuple[TestClient, Studio], examples: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, studio = served
    monkeypatch.setattr(studio.jobs, "_interactive", Asleep())
    monkeypatch.setattr(studio.search, "_backend", Asleep())
    known = endpoints(client)
    assert len(known) > 20
    called: set[str] = set()

    def ask(endpoint: tuple[int, str], request: Any) -> None:
        component, name = endpoint
        body = json.dumps({"session_hash": "s", "component_id": component, "fn_name": name, "data": request})
        reply = client.post("/gradio_api/component_server", content=body, headers={"content-type": "application/json"})
        called.add(name)
        assert_clean(reply.text, studio)
        assert reply.status_code == 200, (name, request, reply.text)
        answer = reply.json()
        assert answer["ok"] or answer["kind"] != "bug", (name, request, answer)

    @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(endpoint=st.sampled_from(known), request=REQUESTS)
    def call(endpoint: tuple[int, str], request: Any) -> None:
        ask(endpoint, request)

    for endpoint in known:
        ask(endpoint, {})
    call()
    assert {name for _, name in known} == called
    assert studio.store.read(lambda db: db.execute("SELECT count(*) FROM videos").fetchone()[0]) <= 1


class Asleep:
    """A worker that refuses: what is tried here is what comes before it."""

    def start(self) -> None:
        pass

    def call(self, kind: str, params: dict[str, Any], watch: Any) -> Any:
        from studio.errors import JobError

        raise JobError("Nobody works here.")

    def close(self) -> None:
        pass


@pytest.mark.filterwarnings(  # what Gradio's queue does in its own threads: old ways of pandas, and random numbers
    "ignore::pandas.errors.Pandas4Warning", "ignore::hypothesis.errors.HypothesisDeprecationWarning"
)
@pytest.mark.parametrize("examples", [100, pytest.param(1_000, marks=pytest.mark.release)])
def test_every_named_endpoint_and_the_envelope_itself(
    served: tuple[TestClient, Studio], examples: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What /gradio_api/info lists, and Gradio's own envelope around a call, with the wrong things in them."""
    client, studio = served
    monkeypatch.setattr(studio.jobs, "_interactive", Asleep())
    monkeypatch.setattr(studio.search, "_backend", Asleep())
    named = list(client.get("/gradio_api/info").json()["named_endpoints"])
    assert "/search" in named
    paths = [f"/gradio_api/{way}{name}" for name in named for way in ("call", "run")] + [
        "/gradio_api/component_server", "/gradio_api/queue/join", "/gradio_api/run/predict", "/gradio_api/cancel",
        "/gradio_api/reset", "/gradio_api/queue/data", "/gradio_api/call/nope",
    ]  # fmt: skip
    keys = ["data", "session_hash", "component_id", "fn_name", "fn_index", "event_id", "trigger_id", "event_data"]
    envelope = st.fixed_dictionaries({}, optional=dict.fromkeys(keys, ANYTHING))
    arguments = st.fixed_dictionaries({"data": st.lists(ANYTHING, max_size=6)})

    @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(path=st.sampled_from(paths), body=arguments | envelope | ANYTHING)
    def call(path: str, body: Any) -> None:
        reply = client.post(path, content=json.dumps(body), headers={"content-type": "application/json"})
        assert_clean(reply.text, studio)
        if path.removeprefix("/gradio_api/run") in named and isinstance(body, dict) and set(body) == {"data"}:
            said = reply.json()
            assert "detail" in said or "data" in said or said["error"], (path, body, said)
            assert "unexpectedly" not in reply.text and "Something unexpected" not in reply.text, (path, body)

    call()


@pytest.mark.parametrize("examples", [50, pytest.param(1_000, marks=pytest.mark.release)])
def test_every_route_of_ours(served: tuple[TestClient, Studio], examples: int) -> None:
    client, studio = served
    texts = WORDS.filter(lambda text: "\ud800" not in text) | st.text(st.characters(exclude_categories=["Cs"]))
    routes = ["/media/{}", "/thumbnail/{}?t={}", "/array/{}/{}", "/export/{}?format={}", "/upload?name={}",
              "/found?question={}&format={}"]  # fmt: skip

    @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(route=st.sampled_from(routes), first=texts, second=texts | st.floats().map(str))
    def call(route: str, first: str, second: str) -> None:
        from urllib.parse import quote

        path = route.format(quote(first, safe=""), quote(second, safe=""))
        reply = client.post(path, content=b"x") if route.startswith("/upload") else client.get(path)
        assert reply.status_code < 500, (path, reply.text)
        assert_clean(reply.text, studio)

    call()
    assert list(studio.settings.uploads.iterdir()) == []
