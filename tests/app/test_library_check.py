"""Nothing that a page of one library sends enters another one."""

import re

import pytest
from starlette.testclient import TestClient

from studio.app import create_app
from studio.service import Studio

ADDRESS = "http://127.0.0.1:7860"


@pytest.fixture
def served(studio: Studio) -> TestClient:
    with TestClient(create_app(studio), base_url=ADDRESS) as client:
        yield client  # type: ignore[misc]


def test_the_document_says_of_which_library_it_is(served: TestClient, studio: Studio) -> None:
    found = re.search(r'<html lang="en" data-library="([0-9a-f]{16})">', served.get("/").text)
    assert found and found[1] == studio.libraries.id


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/gradio_api/component_server", {"json": {}}),
        ("/upload?name=x.mp4", {"content": b"film"}),
        ("/incoming?name=x.csv", {"content": b"a,b"}),
        ("/detector", {"content": b"PK"}),
    ],
)
def test_what_is_meant_for_another_is_refused_before_it_is_read(
    served: TestClient, studio: Studio, path: str, body: dict[str, object]
) -> None:
    if "json" in body:  # a call as pages make it
        number = re.search(r'id="page-annotate" class="studio-page" data-component="(\d+)"', served.get("/").text)
        assert number
        data = {"video": "v1", "edits": [], "annotator": ""}
        body = {"json": {"fn_name": "save", "component_id": int(number[1]), "session_hash": "x", "data": data}}
    refused = served.post(path, headers={"X-Studio-Library": "0123456789abcdef"}, **body)  # type: ignore[arg-type]
    assert refused.status_code == 409
    assert refused.json()["kind"] == "library" and "kept in this browser" in refused.json()["error"]
    assert studio.videos.all() == [] and list(studio.settings.uploads.iterdir()) == []
    for said in ({"X-Studio-Library": studio.libraries.id}, {}):  # its own pages, and programs
        assert served.post(path, headers=said, **body).status_code != 409  # type: ignore[arg-type]
