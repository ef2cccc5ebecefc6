"""Numbers, texts and depths that JSON allows and nothing else does: one sentence each, no crash report, and what was
sent beside them is saved."""

import dataclasses
import inspect
import json
import logging
import sys
from collections.abc import Iterator
from dataclasses import is_dataclass
from typing import Any, get_type_hints

import pytest
from starlette.testclient import TestClient

from studio.app import create_app
from studio.app.rpc import PAGES
from studio.app.rpc.method import Method
from studio.config import Settings
from studio.logs import Reports
from studio.service import Studio
from studio.store import videos
from tests.app.test_wrong_calls import HARMLESS, OWN, Asleep
from tests.conftest import VIDEO

NUMBERS = ["1e308", "-1e308", "1" + "0" * 400, "-0", "-0.0", "NaN", "Infinity", "-Infinity", "1e999", str(2**63),
           str(2**53), "-1", "0.5"]  # fmt: skip
TEXTS = ['"\\ud800"', '"a\\udfffb"', '"\\u0000"', '"' + "x" * 100_000 + '"', '""']
DEEP = ["[" * 300 + "]" * 300, '{"a":' * 300 + "1" + "}" * 300, "[" * 2_000 + "]" * 2_000]
OTHERS = ["null", "true", "[]", "{}", "[null]", '[{"edit_id":[]}]', "[[[]]]"]
SEARCH_KEYS = [
    "query", "top", "like", "image", "filters", "said_weight", "levels", "even", "encoder", "annotator", "video",
]  # fmt: skip
GOOD = {
    "video": "v1", "query": "a dog", "start": 1, "end": 2, "at": 1, "text": "hello", "kind": "index", "name": "n",
    "question": {"query": "a dog"}, "names": [], "schema": {"labels": [], "tracks": []}, "task": "text_video",
    "format": "json", "edits": [], "jobs": [], "upload": "0" * 32, "import": "i", "run": "r", "annotation": "a",
    "search": "s", "job": "j", "line": "l", "track": "T", "a": "x", "b": "y", "path": "/nowhere", "folder": "/nowhere",
}  # fmt: skip


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[TestClient, Studio]]:
    """A studio whose crash reports go to its folder, as when it is served."""
    studio = Studio(Settings(home=tmp_path_factory.mktemp("wrong") / "home"))
    studio.store.write(lambda db: videos.insert(db, dict(VIDEO)))
    handler = Reports(studio.settings.reports)
    logging.getLogger().addHandler(handler)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(studio.jobs, "_interactive", Asleep())
        patch.setattr(studio.search, "_backend", Asleep())
        with TestClient(create_app(studio), base_url=OWN, raise_server_exceptions=False) as client:
            yield client, studio
    logging.getLogger().removeHandler(handler)


@pytest.fixture
def served(running: tuple[TestClient, Studio], caplog: pytest.LogCaptureFixture) -> Iterator[tuple[TestClient, Studio]]:
    yield running
    assert list(running[1].settings.reports.glob("*")) == [], caplog.text


def component_of(client: TestClient) -> dict[str, int]:
    """The component that answers each call."""
    components = client.get("/config").json()["components"]
    return {name: c["id"] for c in components for name in c["props"].get("server_fns") or [] if name not in HARMLESS}


def ask(client: TestClient, component: int, name: str, request: str) -> Any:
    """Send the text of a request as it is."""
    body = f'{{"session_hash": "s", "component_id": {component}, "fn_name": "{name}", "data": {request}}}'
    return client.post("/gradio_api/component_server", content=body, headers={"content-type": "application/json"})


def keys_of(call: Method) -> list[str]:
    """What a call looks at; a search decodes its request by itself."""
    wanted = get_type_hints(inspect.unwrap(call))["request"]
    return [field.name.rstrip("_") for field in dataclasses.fields(wanted)] if is_dataclass(wanted) else SEARCH_KEYS


@pytest.mark.parametrize("wrong", [*NUMBERS, *TEXTS, *DEEP[:2], *OTHERS], ids=lambda text: text[:12])
def test_every_key_of_every_call(served: tuple[TestClient, Studio], wrong: str) -> None:
    _, studio = served
    value = json.loads(wrong)
    for call in (call for methods in PAGES.values() for call in methods(studio)):
        name = call.__name__
        if name in HARMLESS:
            continue
        for key in (*keys_of(call), "unknown"):
            if name in ("ground", "start_job", "index_video", "compare") and key not in ("top", "query", "video"):
                continue  # they would queue real work
            answer = call({**GOOD, key: value})
            assert answer["ok"] or (answer["kind"] != "bug" and len(answer["error"]) < 300), (name, key, answer)
            json.dumps(answer, allow_nan=False, ensure_ascii=False).encode()


@pytest.mark.parametrize("wrong", [NUMBERS[0], NUMBERS[2], "NaN", TEXTS[0], *DEEP, "[" * 90_000], ids=lambda t: t[:12])
def test_calls_by_http(served: tuple[TestClient, Studio], wrong: str) -> None:
    """As above, through all that stands before a call."""
    client, _ = served
    known = component_of(client)
    for name, key in (("save", "edits"), ("search", "query"), ("save_search", "question"), ("changes", "since")):
        fields = {**{known: json.dumps(value) for known, value in GOOD.items()}, key: wrong}
        reply = ask(client, known[name], name, "{" + ", ".join(f'"{k}": {v}' for k, v in fields.items()) + "}")
        assert reply.status_code in (200, 400, 422), (name, reply.status_code, reply.text[:300])
        assert "Something unexpected" not in reply.text


@pytest.mark.parametrize("wrong", [number for number in NUMBERS if number not in ("-0", "-0.0", "0.5")])
@pytest.mark.parametrize("key", ["start", "end", "base_version"])
def test_the_rest_of_a_batch_is_saved(served: tuple[TestClient, Studio], wrong: str, key: str) -> None:
    client, studio = served
    good = {"op": "create", "base_version": 0, "start": 1, "end": 2, "track": "T", "label": "l"}
    edits = [json.dumps({**good, "edit_id": f"e{n}", "id": f"a{n}"}) for n in range(3)]
    edits[1] = edits[1].replace(f'"{key}": {json.dumps(good[key])}', f'"{key}": {wrong}')
    assert wrong in edits[1]
    said = ask(client, component_of(client)["save"], "save", f'{{"video": "v1", "edits": [{", ".join(edits)}]}}').json()
    results = said["data"]["results"]
    assert [result["ok"] for result in results] == [True, False, True], results
    assert len(results[1].get("error", "")) < 120
    assert [a.id for a in studio.timelines.annotations("v1") if a.track == "T"] == ["a0", "a2"]


@pytest.mark.parametrize("zero", ["-0", "-0.0"])
def test_minus_nothing_is_nothing(served: tuple[TestClient, Studio], zero: str) -> None:
    client, studio = served
    edit = f'{{"edit_id": "e", "id": "a", "op": "create", "base_version": 0, "start": {zero}, "end": 1, "track": "T"}}'
    saved = ask(client, component_of(client)["save"], "save", f'{{"video": "v1", "edits": [{edit}]}}').text
    assert '"start":0.0' in saved.replace(" ", "")
    assert [a.segment.start for a in studio.timelines.annotations("v1") if a.id == "a"] == [0]


@pytest.mark.parametrize("wrong", [*NUMBERS, *TEXTS, *DEEP, "1" * 5_000], ids=lambda text: text[:12])
def test_the_endpoints_and_gradios_own_envelope(served: tuple[TestClient, Studio], wrong: str) -> None:
    client, _ = served
    headers = {"content-type": "application/json"}
    for path in ("/gradio_api/run/search", "/gradio_api/run/ground", "/gradio_api/run/annotations"):
        for body in (f'{{"data": ["v1", {wrong}]}}', f'{{"data": [{wrong}, "q", {wrong}]}}', f'{{"data": {wrong}}}'):
            reply = client.post(path, content=body, headers=headers)
            assert "Something unexpected" not in reply.text and "Traceback" not in reply.text, (path, body[:80])
    for path in ("/gradio_api/component_server", "/gradio_api/queue/join", "/gradio_api/run/search"):
        for body in (wrong, f'{{"component_id": {wrong}, "fn_name": {wrong}, "session_hash": {wrong}, "data": []}}'):
            reply = client.post(path, content=body, headers=headers)
            assert "Traceback" not in reply.text, (path, body[:80])


@pytest.mark.parametrize("t", ["1e308", "1" + "0" * 400, "-0", "nan", "inf", "-inf", "-1", "1e999", "x"])
def test_the_time_of_a_picture(served: tuple[TestClient, Studio], t: str) -> None:
    client, _ = served
    assert client.get(f"/thumbnail/v1?t={t}").status_code in (200, 400, 404, 422)


def test_one_fault_pushes_no_other_report_out(tmp_path: Any) -> None:
    """A fault that comes again is counted; what a framework logs of it a second time is not."""
    reports = Reports(tmp_path / "reports")

    def fail(kind: type[Exception]) -> None:
        try:
            raise kind("words that stay out")
        except kind:
            record = logging.LogRecord("studio", logging.ERROR, __file__, 1, "failed", None, sys.exc_info())
        reports.emit(record)
        reports.emit(record)

    fail(KeyError)
    for _ in range(30):
        fail(ValueError)
    found = [json.loads(file.read_text()) for file in sorted(reports.folder.iterdir())]
    assert [(report["what"], report["times"]) for report in found] == [("KeyError", 1), ("ValueError", 30)]
