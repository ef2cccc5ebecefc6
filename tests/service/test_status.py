"""What whoever looks after a library is told: the state of everything in one call, and logs without anybody's words."""

import json
import logging
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from studio import logs
from studio.app import create_app
from studio.app.login import current_user
from studio.app.rpc import PAGES
from studio.cli import main
from studio.config import Settings
from studio.jobs import Dispatcher
from studio.jobs.backends import ProcessBackend, WorkerDied
from studio.service import Studio
from studio.service.system.status import status
from tests.jobs.test_jobs import FakeWorker, queue, wait

SECRET = "Żółć-canary"


@pytest.fixture
def logged(tmp_path: Path) -> Iterator[Settings]:
    """What is logged meanwhile goes to a library's folder; afterwards logging is as it was."""
    root, studio = logging.getLogger(), logging.getLogger("studio")
    before, level = list(root.handlers), studio.level
    import sys
    import threading

    hooks = sys.excepthook, threading.excepthook
    settings = Settings(home=tmp_path / "home").ensure()
    logs.start(settings, "app")
    yield settings
    sys.excepthook, threading.excepthook = hooks
    for handler in [handler for handler in root.handlers if handler not in before]:
        root.removeHandler(handler)
        handler.close()
    studio.setLevel(level)


def lines(settings: Settings) -> list[dict[str, Any]]:
    text = (settings.home / "logs" / "app.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def reports(settings: Settings) -> list[dict[str, Any]]:
    return [json.loads(file.read_text(encoding="utf-8")) for file in sorted(settings.reports.glob("*.json"))]


def test_a_job_is_logged_by_its_ids(logged: Settings, store: Any) -> None:
    def die(watch: Any) -> Any:
        raise WorkerDied("The worker was killed, perhaps for want of memory.")

    job = queue(store)
    runner = Dispatcher(store, FakeWorker(die), attempts=3)
    wait(store, job)
    runner.close()
    told = [line for line in lines(logged) if line.get("job") == job]
    assert [(line["level"], line["kind"], line["video"]) for line in told] == [("ERROR", "ground", "v1")] * 3
    assert [(report["what"], report["times"]) for report in reports(logged)] == [("WorkerDied", 3)]


def test_no_word_of_anybody_is_logged(
    logged: Settings, tmp_path: Path, clips: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    film = tmp_path / f"{SECRET}.mp4"
    film.write_bytes(clips["carphone"].read_bytes())
    studio = Studio(logged)
    video = studio.videos.add(film)["id"]
    calls = {call.__name__: call for call in PAGES["annotate"](studio)}
    edit = {"edit_id": "e", "op": "create", "id": "a", "start": 0, "end": 1, "track": SECRET, "label": SECRET}
    assert calls["save"]({"video": video, "edits": [edit], "annotator": SECRET})["ok"]
    assert not calls["load_document"]({"video": SECRET})["ok"]
    film.write_text(f"no film {SECRET}")
    assert not calls["ground"]({"video": video, "query": SECRET})["ok"]
    try:
        raise ValueError(f"{SECRET} in {film}")
    except ValueError:
        logging.getLogger("studio.app").exception("a call failed")
    studio.close()
    written = "".join(path.read_text("utf-8") for path in logged.home.rglob("*.json*"))
    assert "ValueError" in written and "test_status.py" in written
    assert SECRET not in written and json.dumps(SECRET)[1:-1] not in written
    assert str(tmp_path) not in written and str(Path(__file__).parents[2]) not in written


def test_a_crash_leaves_a_report_and_old_ones_go(logged: Settings) -> None:
    import sys

    for number in range(logs.REPORTS_KEPT + 3):
        try:
            raise type(f"Fault{number}", (KeyError,), {})(f"{SECRET} {number}")
        except KeyError as error:
            sys.excepthook(type(error), error, error.__traceback__)
    found = reports(logged)
    assert len(found) == logs.REPORTS_KEPT
    report = found[-1]
    assert report["what"] == f"Fault{logs.REPORTS_KEPT + 2}"
    assert report["trace"][-1].startswith("tests/service/test_status.py:")
    assert report["trace"][-1].endswith("test_a_crash_leaves_a_report_and_old_ones_go")
    assert {"version", "python", "system", "packages"} <= report.keys()
    assert SECRET not in json.dumps(found, ensure_ascii=False)


def test_a_disk_that_is_full_makes_no_second_error(logged: Settings) -> None:
    logged.reports.write_text("in the way")
    try:
        raise ValueError
    except ValueError:
        logging.getLogger("studio").exception("failed")
    assert lines(logged)[-1]["error"] == "ValueError"


def test_the_status_of_a_library(studio: Studio, clips: dict[str, Path]) -> None:
    video = studio.videos.add(clips["bikes"])["id"]
    edit = {
        "edit_id": "e1",
        "op": "create",
        "id": "a",
        "base_version": 0,
        "track": "Moments",
        "label": "x",
        "start": 1.0,
        "end": 2.0,
    }
    for changed in (
        edit,
        edit | {"edit_id": "e2", "id": "b"},
        edit | {"edit_id": "e3", "op": "delete", "base_version": 1},
    ):
        assert studio.timelines.save(video, [changed], "anna")["results"][0]["ok"]
    found = status(studio)
    assert found["database"]["videos"] == 1
    assert (found["database"]["annotations"], found["database"]["revisions"]) == (1, 3), "what is deleted is none"
    assert found["database"]["size"] > 0 and found["database"]["schema"] == found["database"]["newest_schema"]
    assert found["queue"] | {"now": []} == {  # what every video needs waits for a studio that runs
        "queued": 1, "running": 0, "done": 0, "failed": 0, "cancelled": 0, "limit": 200, "now": [],
    }  # fmt: skip
    assert found["memory"]["app"] > 0 and found["disk"]["free"] > 0
    assert (found["workers"], found["reports"]) == ([], [])
    said = json.dumps(found)
    assert str(studio.settings.home) not in said and "bikes" not in said
    (*_, call) = PAGES["overview"](studio)
    assert call({})["data"].keys() == found.keys()


def test_only_an_admin_is_told_the_addresses_of_a_cluster(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = {
        "address": "10.0.0.1:6379", "connected": False, "problem": "No cluster answers at 10.0.0.1:6379.",
        "nodes": [{"name": "gpu1", "address": "10.0.0.7"}, {"name": "gpu2", "address": "10.0.0.8"}],
    }  # fmt: skip
    monkeypatch.setattr(studio.jobs, "cluster", lambda: cluster)
    (*_, call) = PAGES["overview"](studio)
    assert call({})["data"]["cluster"] == cluster, "nobody has to log in"
    studio.users.put("ada", "correct horse battery", admin=True)
    studio.users.put("eve", "correct horse battery")
    said = {}
    for name in ("ada", "eve"):
        token = current_user.set(name)
        said[name] = call({})["data"]["cluster"]
        current_user.reset(token)
    assert said["ada"] == cluster
    assert "10.0.0." not in json.dumps(said["eve"])
    assert [node["name"] for node in said["eve"]["nodes"]] == ["gpu1", "gpu2"]
    assert said["eve"]["problem"] == "The cluster is not connected; an admin sees why."


def test_the_workers_of_a_studio_that_serves(tmp_path: Path) -> None:
    studio = Studio(Settings(home=tmp_path / "home", device="cpu"), background=True)
    try:
        assert [worker["name"] for worker in status(studio)["workers"]] == ["worker-jobs", "worker-interactive"]
    finally:
        studio.close()


def test_what_answers_searches_begins_when_there_is_a_video(
    tmp_path: Path, clips: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    began = threading.Event()
    monkeypatch.setattr(ProcessBackend, "start", lambda backend: began.set())
    settings = Settings(home=tmp_path / "home", device="cpu")
    Studio(settings, background=True).close()
    assert not began.is_set(), "an empty library has nothing to search"
    empty = Studio(settings, background=True)
    video = empty.videos.add(clips["carphone"])["id"]
    empty._job_done("index", video)
    assert began.wait(60), "it is ready before somebody asks"
    empty.close()
    began.clear()
    Studio(settings, background=True).close()
    assert began.wait(60)


def test_a_report_is_downloaded_by_its_name_and_nothing_else_is(studio: Studio) -> None:
    studio.settings.reports.mkdir()
    (studio.settings.reports / "crash-20260102T030405000006-7.json").write_text(
        '{"at": "x", "what": "KeyError", "trace": ["a.py:1 f"]}'
    )
    assert status(studio)["reports"][0]["what"] == "KeyError"
    with TestClient(create_app(studio), base_url="http://127.0.0.1:7860") as client:
        assert client.get("/report/crash-20260102T030405000006-7.json").json()["what"] == "KeyError"
        for name in ("..%2fstudio.db", "studio.db", "crash-1-1.json", "crash-%2e%2e-1.json", ""):
            assert client.get(f"/report/{name}").status_code == 404


def test_doctor_says_all_of_it_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["doctor", "--json", "--home", str(tmp_path / "home")])
    said = json.loads(capsys.readouterr().out)
    assert {"checks", "status"} == said.keys()
    assert said["status"]["database"]["videos"] == 0
    assert "Crashes" in {check["what"] for check in said["checks"]}
