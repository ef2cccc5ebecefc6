"""Annotation files through the app: up, seen, imported, taken back, down again."""

import io
import json
import time
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from studio.app import create_app
from studio.app.rpc import PAGES
from studio.config import Settings
from studio.formats import FORMATS
from studio.service import Studio

GOOD = json.dumps({"database": {"bikes": {"annotations": [{"segment": [1, 2], "label": "ride"}]}}}).encode()


@pytest.fixture
def client(studio: Studio) -> Iterator[TestClient]:
    with TestClient(create_app(studio), base_url="http://127.0.0.1:7860") as made:
        yield made


@pytest.fixture
def video(studio: Studio, clips: dict[str, Path]) -> str:
    return str(studio.videos.add(clips["bikes"])["id"])


def calls_of(studio: Studio) -> dict[str, Any]:
    return {call.__name__: call for call in PAGES["annotate"](studio)}


def test_a_file_goes_up_and_is_imported_and_taken_back(client: TestClient, studio: Studio, video: str) -> None:
    call = calls_of(studio)
    reply = client.post("/incoming?name=..%2Fval.json", content=GOOD).json()
    assert reply["ok"]
    up = reply["data"]
    assert (up["name"], up["formats"]) == ("val.json", ["activitynet"])
    wanted = {"upload": up["upload"], "name": up["name"], "format": "", "labels": {"ride": "cycling"}}
    shown = call["import_preview"](wanted)["data"]
    assert (shown["format"], shown["segments"], shown["labels"]) == (
        "activitynet", 1, [{"name": "ride", "to": "cycling", "segments": 1}],
    )  # fmt: skip
    done = call["import_apply"]({**wanted, "annotator": "ann"})["data"]
    (found,) = studio.timelines.annotations(video)
    assert (found.label, found.annotator, found.source) == ("cycling", "ann", "import")
    assert call["import_apply"](wanted)["kind"] == "gone"  # the file is gone once it is imported
    assert call["imports"]({})["data"]["imports"][0]["id"] == done["import"]
    assert call["import_undo"]({"import": done["import"]})["data"] == {"removed": 1, "kept": 0}
    assert studio.timelines.annotations(video) == []


def test_an_import_that_succeeded_is_no_error_where_its_file_has_gone(
    studio: Studio, video: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    up, apply = studio.exchange.keep(GOOD, "val.json"), studio.exchange.apply

    def with_others(*args: Any) -> Any:
        done = apply(*args)
        for _ in range(studio.settings.limits.waiting_files + 1):
            studio.exchange.keep(b"", "x.edl")  # the oldest goes
        return done

    monkeypatch.setattr(studio.exchange, "apply", with_others)
    reply = calls_of(studio)["import_apply"]({"upload": up["upload"], "name": "val.json"})
    assert reply["ok"], reply
    assert len(studio.timelines.annotations(video)) == 1


@pytest.mark.parametrize("name", [f.name for f in FORMATS.values() if f.write])
def test_every_format_can_be_downloaded(client: TestClient, studio: Studio, video: str, name: str) -> None:
    edit = {"edit_id": "e", "op": "create", "id": "a", "track": "t", "start": 0, "end": 5, "label": "x", "note": "n"}
    studio.timelines.save(video, [edit], "ann")
    reply = client.get(f"/export/{video}?format={name}")
    assert reply.status_code == 200
    assert reply.content == studio.exchange.export(video, name)
    assert reply.headers["content-type"].startswith(FORMATS[name].media_type)
    assert reply.headers["content-disposition"].startswith("attachment; filename*=UTF-8''bikes.")
    assert reply.headers["x-content-type-options"] == "nosniff"
    lost = calls_of(studio)["export_preview"]({"video": video, "format": name})["data"]["lost"]
    assert lost == studio.exchange.losses(video, name)


def test_boxes_over_time_can_be_downloaded_as_coco_for_video(client: TestClient, studio: Studio, video: str) -> None:
    (listed,) = calls_of(studio)["formats"]({})["data"]["of_boxes"]
    assert (listed["name"], listed["extension"]) == ("coco-video", ".json")
    asked = {"video": video, "format": listed["name"]}
    shown = calls_of(studio)["export_preview"](asked)["data"]
    assert (shown["fits"], shown["lost"]) == (False, ["“bikes.mp4” has no boxes over time; draw some first."])
    assert client.get(f"/export/{video}?format=coco-video").status_code == 400
    studio.boxes.draw(studio.videos.get(video), (0.1, 0.2, 0.3, 0.4), 0, "dog")
    assert calls_of(studio)["export_preview"](asked)["data"] == {"fits": True, "lost": [], "kinds": []}
    reply = client.get(f"/export/{video}?format=coco-video")
    assert [each["name"] for each in reply.json()["categories"]] == ["dog"]
    assert reply.headers["content-disposition"] == "attachment; filename*=UTF-8''bikes.json"


def test_the_list_of_formats_reaches_both_pages(studio: Studio) -> None:
    for calls in (PAGES["annotate"](studio), PAGES["library"](studio)):
        found = {call.__name__: call for call in calls}["formats"]({})["data"]["formats"]
        assert [f["name"] for f in found] == list(FORMATS)


def test_foreign_pages_and_large_files_are_refused(client: TestClient, studio: Studio) -> None:
    assert client.post("/incoming?name=x", content=GOOD, headers={"origin": "http://evil.example"}).status_code == 403
    studio.settings = Settings(studio.settings.home, replace(studio.settings.limits, import_bytes=10))
    reply = client.post("/incoming?name=x.json", content=GOOD)
    assert (reply.status_code, reply.json()["ok"]) == (413, False)
    assert client.post("/incoming", content=GOOD).status_code == 422
    assert not (studio.settings.home / "incoming").exists()


@pytest.mark.parametrize("wrong", [None, 5, [], "", {"x": 1}, True, "../studio.db", "f" * 32])
@pytest.mark.parametrize("key", ["upload", "name", "format", "videos", "tracks", "labels", "kind", "import"])
def test_wrong_things_are_one_sentence(studio: Studio, video: str, key: str, wrong: Any) -> None:
    call = calls_of(studio)
    kept = studio.exchange.keep(GOOD, "val.json")
    request = {"upload": kept["upload"], "name": "val.json", "format": "activitynet", "video": video, key: wrong}
    for name in ("import_preview", "import_apply", "import_undo", "import_drop", "export_preview"):
        reply = call[name](request)
        assert reply["ok"] or (reply["kind"] != "bug" and str(studio.settings.home) not in reply["error"])


def test_what_a_file_does_not_say_can_be_said_in_the_app(client: TestClient, studio: Studio, video: str) -> None:
    call = calls_of(studio)
    table = client.post("/incoming?name=x.csv", content=b"what,A,B,coder\nwave,1,2,Zoe\n").json()["data"]
    assert (table["formats"], table["columns"]) == ([], ["what", "A", "B", "coder"])
    wanted = {"upload": table["upload"], "name": "x.csv", "format": "csv", "video": video}
    assert "it has what, A, B and coder" in call["import_preview"](wanted)["error"]
    roles = {"what": "label", "A": "start", "B": "end"}
    shown = call["import_preview"]({**wanted, "columns": roles})["data"]
    assert (shown["segments"], shown["columns"][3]) == (1, {"name": "coder", "to": ""})
    assert "The column coder is left out." in shown["parts"][0]["problems"]
    result = {"value": {"ranges": [{"start": 26, "end": 50}], "timelinelabels": ["walk"]}}
    tasks = json.dumps([{"data": {"video": "bikes.mp4"}, "annotations": [{"result": [result]}]}]).encode()
    file = client.post("/incoming?name=x.json", content=tasks).json()["data"]
    wanted = {"upload": file["upload"], "name": "x.json", "format": "labelstudio"}
    assert call["import_preview"](wanted)["data"]["fps"] > 0
    sample = call["import_preview"]({**wanted, "fps": 25})["data"]["sample"]
    assert [(s["start"], s["end"]) for s in sample] == [(1, 2)]
    for wrong in (-1, "x", 5_000):
        assert call["import_preview"]({**wanted, "fps": wrong})["kind"] == "invalid"


def test_a_library_is_exported_as_a_zip(client: TestClient, studio: Studio, video: str) -> None:
    call = {each.__name__: each for each in PAGES["library"](studio)}
    assert call["dataset_start"]({})["error"].startswith("No video with annotations")
    edit = {"edit_id": "1", "op": "create", "id": "1", "track": "t", "label": "ride", "start": 0, "end": 1}
    studio.timelines.save(video, [edit], "ann")
    assert call["dataset_preview"]({"format": "rttm", "videos": [video]})["data"]["videos"] == 1
    assert call["dataset_preview"]({"split": "2,x"})["kind"] == "invalid"
    made = call["dataset_start"]({"format": "json", "name": "mine"})["data"]
    for _ in range(500):
        state = call["dataset_state"](made)["data"]
        if state["ready"]:
            break
        time.sleep(0.02)
    reply = client.get(f"/dataset/{made['dataset']}")
    assert reply.headers["content-disposition"] == "attachment; filename*=UTF-8''mine.zip"
    with zipfile.ZipFile(io.BytesIO(reply.content)) as archive:
        assert json.loads(archive.read("mine/card.json"))["labels"][0]["label"] == "ride"
    assert client.get(f"/dataset/{made['dataset']}").status_code == 404
    assert call["dataset_stop"](made)["ok"]
