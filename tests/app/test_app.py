"""The app's routes: media, uploads, exports, the guard, and calls with the wrong things in them."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from studio.app import create_app
from studio.app.rpc import PAGES
from studio.app.rpc.method import rpc_method
from studio.service import Studio
from tests.sounds import make_sound

HOST = {"host": "127.0.0.1:7860"}


@pytest.fixture
def client(studio: Studio) -> Iterator[TestClient]:
    with TestClient(create_app(studio), base_url="http://127.0.0.1:7860") as made:
        yield made


def test_media_is_served_by_id_in_ranges(client: TestClient, studio: Studio, clips: dict[str, Path]) -> None:
    video, data = studio.videos.add(clips["bikes"])["id"], clips["bikes"].read_bytes()
    whole = client.get(f"/media/{video}")
    assert whole.content == data
    assert whole.headers["content-type"] == "video/mp4"
    part = client.get(f"/media/{video}", headers={"range": "bytes=100-199"})
    assert (part.status_code, part.content) == (206, data[100:200])
    assert part.headers["content-range"] == f"bytes 100-199/{len(data)}"
    assert client.head(f"/media/{video}").headers["content-length"] == str(len(data))


def test_thumbnails_and_arrays(client: TestClient, studio: Studio, clips: dict[str, Path]) -> None:
    video = studio.videos.add(clips["bikes"])["id"]
    assert client.get(f"/thumbnail/{video}?t=1").content[:2] == b"\xff\xd8"
    assert len(client.get(f"/array/{video}/pts").content) == 250 * 8
    assert client.get(f"/array/{video}/waveform").content == b""
    assert client.get(f"/array/{video}/../studio.db").status_code == 404
    assert client.get(f"/thumbnail/{video}?t=nan").status_code == 400
    assert client.get(f"/thumbnail/{video}?t=1e300").status_code in (200, 400)


def test_sound_alone_is_served_as_sound(client: TestClient, studio: Studio, tmp_path: Path) -> None:
    file = make_sound(tmp_path, "wav")
    video = studio.videos.add(file)["id"]
    whole = client.get(f"/media/{video}")
    assert whole.content == file.read_bytes() and whole.headers["content-type"] == "audio/wav"
    assert client.get(f"/thumbnail/{video}").status_code == 404, "it is not drawn yet"
    assert client.get(f"/sound/{video}?level=0&tile=0").content == b""
    assert client.get(f"/array/{video}/pts").content == b""
    studio.jobs.index(video)
    for path in (f"/thumbnail/{video}", f"/thumbnail/{video}?t=2"):
        assert client.get(path).headers["content-type"] == "image/png"
    tile = client.get(f"/sound/{video}?level=0&tile=0")
    bands, loud = tile.content[:2]
    assert (bands, len(tile.content)) == (96, 2 + 500 * 98) and loud > 200
    assert client.get(f"/sound/{video}?level=0&tile=0", headers={"if-none-match": tile.headers["etag"]}).content == b""
    for wrong in ("level=99&tile=0", "level=0&tile=-1"):
        assert client.get(f"/sound/{video}?{wrong}").status_code == 400
    assert client.get(f"/sound/{video}?level=x&tile=0").status_code == 422


def test_pictures_are_sent_once_for_each_content(
    client: TestClient, studio: Studio, clips: dict[str, Path], tmp_path: Path
) -> None:
    file = tmp_path / "one.mp4"
    file.write_bytes(clips["bigbuckbunny"].read_bytes())
    video = studio.videos.add(file)["id"]
    paths = [f"/thumbnail/{video}?t=1", f"/array/{video}/spectrogram"]
    first = [client.get(path) for path in paths]
    known = [{"if-none-match": answer.headers["etag"]} for answer in first]
    again = [client.get(path, headers=tag) for path, tag in zip(paths, known, strict=True)]
    assert [(answer.status_code, answer.content) for answer in again] == [(304, b"")] * 2
    file.write_bytes(clips["carphone"].read_bytes())
    assert studio.videos.add(file)["id"] == video
    replaced = [client.get(path, headers=tag) for path, tag in zip(paths, known, strict=True)]
    for old, new in zip(first, replaced, strict=True):
        assert new.status_code == 200 and new.content and new.content != old.content


@pytest.mark.parametrize("path", ["/media/nope", "/media/..%2fx.db", "/thumbnail/x", "/export/x", "/array/x/pts"])
def test_what_is_not_there_is_a_sentence_without_a_path(client: TestClient, studio: Studio, path: str) -> None:
    reply = client.get(path)
    assert reply.status_code == 404
    assert str(studio.settings.home) not in reply.text


def test_export_downloads_under_the_video_s_name(client: TestClient, studio: Studio, clips: dict[str, Path]) -> None:
    video = studio.videos.add(clips["bikes"], 'a "quoted" ü.mp4')["id"]
    reply = client.get(f"/export/{video}?format=json")
    assert reply.json()["format"] == "moment-studio"
    assert reply.headers["content-disposition"] == "attachment; filename*=UTF-8''a%20%22quoted%22%20%C3%BC.json"
    assert client.get(f"/export/{video}?format=docx").status_code == 400


def test_upload(client: TestClient, studio: Studio, clips: dict[str, Path]) -> None:
    data = clips["bikes"].read_bytes()
    reply = client.post("/upload?name=my bikes.mp4", content=data).json()
    assert reply["ok"]
    assert "path" not in reply["data"]
    assert studio.videos.get(reply["data"]["id"])["name"] == "my bikes.mp4"
    broken = client.post("/upload?name=broken.mp4", content=b"no video at all")
    assert broken.status_code == 400
    assert "broken.mp4" in broken.json()["error"]
    assert len(list(studio.settings.uploads.iterdir())) == 1


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ({}, True),
        ({"origin": "http://127.0.0.1:7860"}, True),
        ({"origin": "http://evil.example"}, False),
        ({"origin": "null"}, False),
        ({"origin": "http://127.0.0.1:9999"}, False),
        ({"sec-fetch-site": "cross-site"}, False),
        ({"host": "evil.example"}, False),
        ({"host": "127.0.0.1.evil.example:7860"}, False),
    ],
)
@pytest.mark.parametrize("path", ["/upload?name=x.mp4", "/gradio_api/component_server", "/gradio_api/queue/join"])
def test_only_our_own_pages_may_write(client: TestClient, path: str, headers: dict[str, str], allowed: bool) -> None:
    reply = client.post(path, content=b"x", headers=headers)
    assert (reply.status_code != 403) == allowed


def test_gradio_s_own_upload_is_closed(client: TestClient) -> None:
    assert client.post("/gradio_api/upload", files={"files": ("x.mp4", b"x")}).status_code == 404


def test_a_foreign_host_may_not_even_read(client: TestClient) -> None:
    assert client.get("/", headers={"host": "evil.example"}).status_code == 403


def test_every_answer_carries_its_armour(client: TestClient) -> None:
    for path in ("/", "/web/js/sync/api.js", "/media/nope"):
        headers = client.get(path).headers
        assert "default-src 'self'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"


WRONG: list[Any] = [None, [], "x", 7, {}, {"video": 7}, {"video": {"a": 1}}, {"video": "nope"}, {"query": []},
                    {"video": "nope", "edits": "x"}, {"path": "\x00"}, {"path": 3}, {"query": "x", "top": "many"},
                    {"video": "nope", "since": -1}, {"kind": "rm", "video": "nope"}, {"job": "nope"},
                    {"run": None}]  # fmt: skip


def test_wrong_calls_get_a_sentence(studio: Studio) -> None:
    calls = [*PAGES["library"](studio), *PAGES["search"](studio), *PAGES["annotate"](studio)]
    for call in calls:
        for request in WRONG:
            reply = call(request)
            assert json.dumps(reply)
            if not reply["ok"]:
                assert reply["kind"] != "bug", (call.__name__, request, reply)
                assert str(studio.settings.home) not in reply["error"]


def test_a_bug_becomes_a_sentence_and_a_log_entry(caplog: pytest.LogCaptureFixture) -> None:
    def broken(request: dict[str, Any]) -> None:
        raise ZeroDivisionError("inside")

    reply = rpc_method(broken)({})
    assert reply["ok"] is False
    assert "inside" not in reply["error"]
    assert "ZeroDivisionError" in caplog.text


def test_gradio_parses_no_sources_at_each_start() -> None:
    code = (
        "import ast, inspect, sys; whole, parse, getfile = [], ast.parse, inspect.getfile\n"
        "def counted(*args, **more):\n"
        "    whole.append(sys._getframe(1).f_globals['__name__'])\n"
        "    return parse(*args, **more)\n"
        "ast.parse = counted\n"
        "import studio.app, gradio\n"
        "assert inspect.getfile is getfile and getfile(gradio.Textbox).endswith('textbox.py')\n"
        "assert whole.count('gradio.component_meta') <= 2, whole"  # those of our own Blocks, a short file
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]


def test_the_server_loads_no_torch(tmp_path: Path) -> None:
    """It would take half a gigabyte and seconds of each start; what computes are its children."""
    code = (
        "import sys; from pathlib import Path; from studio.app import create_app; from studio.app.rpc import PAGES; "
        "from studio.config import Settings; from studio.service import Studio; "
        f"studio = Studio(Settings(home=Path({str(tmp_path / 'home')!r}), device='cpu')); create_app(studio); "
        "calls = {call.__name__: call for methods in PAGES.values() for call in methods(studio)}; "
        "assert all(calls[name]({})['ok'] for name in ('session', 'list_videos', 'list_models', 'show_status')); "
        "studio.close(); sys.exit('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:] or "torch was loaded"
