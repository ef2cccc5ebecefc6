"""`studio models`: another encoder is got, used and timed from the command line."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from studio.cli import main
from studio.errors import BrokenMedia, ModelUnavailable
from studio.index import Features, FeatureStore
from studio.service import Studio
from studio.service.jobs.jobs import Jobs
from studio.store import jobs, videos
from tests import gallery
from tests.conftest import VIDEO
from tests.models.hub import served


@pytest.mark.release  # each push asks the same of the services (tests/service/test_encoders.py) and of the page
def test_a_model_is_got_used_and_timed(
    tmp_path: Path, clips: dict[str, Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    home = tmp_path / "home"
    gallery.put_card(home)

    def run(*words: object) -> tuple[int, Any, str]:
        capsys.readouterr()
        status = main([*map(str, words), "--home", str(home), "--device", "cpu", "--json"])
        out, err = capsys.readouterr()
        return status, json.loads(out) if out else None, err

    status, _, err = run("models", "use", gallery.NAME)
    assert status != 0 and "small-clip is not on this machine yet; get it first" in err
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    status, _, err = run("models", "download", gallery.NAME)
    assert status != 0 and "127.0.0.1:9 cannot be reached; connect and get small-clip again" in err
    with served(gallery.repositories()) as address:
        monkeypatch.setenv("HF_ENDPOINT", address)
        assert run("models", "download", gallery.NAME)[:2] == (0, {"downloaded": gallery.NAME})
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    assert run("index", clips["carphone"])[0] == 0
    status, told, _ = run("models", "use", gallery.NAME)
    assert (status, told["encoder"], told["next"]) == (0, gallery.NAME, "")
    assert run("models", "time", gallery.NAME)[1]["images_per_second"] > 0
    rows = {card["name"]: card for card in run("models", "list")[1]["models"]}
    assert rows[gallery.NAME]["images_per_second"] > 0 and not rows[gallery.NAME]["estimated"]
    assert rows["siglip2-b16"]["published"]["ImageNet_top1"] == 79.1 and rows["siglip2-b16"]["estimated"]
    capsys.readouterr()
    assert main(["models", "list", "--home", str(home)]) == 0
    shown = capsys.readouterr().out
    assert "375.2 M parameters, about 1536 MB; " in shown
    assert "licence: Apache-2.0" in shown and "pictures a second here, estimated" in shown
    assert run("models", "verify")[0] == 0
    (home / "models" / f"{gallery.NAME}.weights").write_bytes(b"another")
    status, out, _ = run("models", "verify")
    broken = [problem for card in out["models"] for problem in card["problems"]]
    assert status == 1 and broken == [
        "small-clip.weights, a file of small-clip, was changed since it came; get it again: "
        "press Get on the Models page, or run: studio models download small-clip."
    ]
    with served(gallery.repositories()) as address:
        monkeypatch.setenv("HF_ENDPOINT", address)
        assert run("models", "download", gallery.NAME)[0] == 0
    assert run("models", "verify")[0] == 0


@pytest.fixture
def three_videos(studio: Studio) -> Studio:
    """A library of three videos that knows of a model, whose file is here."""
    for name in ("a.mp4", "broken.mp4", "c.mp4"):
        row = {**VIDEO, "id": name[0], "name": name, "path": f"/films/{name}"}
        studio.store.write(lambda db, row=row: videos.insert(db, row))  # type: ignore[misc]
    gallery.put_card(studio.settings.home)
    (studio.settings.models / f"{gallery.NAME}.weights").write_bytes(b"here")
    return studio


def test_a_broken_video_stops_no_change_of_the_encoder(
    three_videos: Studio, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def embed(self: Jobs, video: str, encoder: str, progress: object) -> None:
        if video == "b":
            raise BrokenMedia("It breaks off at once.")
        features = Features(np.zeros(1, np.int64), np.ones((1, 2), np.float16))
        FeatureStore(three_videos.cache).put(video, key, features)
        self._store.write(lambda db: jobs.settle(db, "embed", video))

    three_videos.encoders.use(gallery.NAME)
    key = three_videos.encoders.coming_key()
    three_videos.encoders.stop()
    monkeypatch.setattr(Jobs, "embed", embed)
    use = ["models", "use", gallery.NAME, "--home", str(three_videos.settings.home)]
    assert main([*use, "--json"]) == 1
    out, err = capsys.readouterr()
    told = json.loads(out)
    assert (told["encoder"], told["next"]) == ("studio-lite", gallery.NAME)
    assert (told["ready"], told["of"], told["failed"]) == (2, 3, ["broken.mp4"])
    assert told["left_out"] == [{"id": "b", "name": "broken.mp4", "error": "It breaks off at once."}]
    assert err == "studio: “broken.mp4”: It breaks off at once.\n"
    (job,) = [job for job in three_videos.jobs.listed() if job["state"] != "done" and job["state"] != "cancelled"]
    assert (job["video_id"], job["state"], job["error"]) == ("b", "failed", "It breaks off at once.")

    assert main(use) == 1
    assert capsys.readouterr().out.splitlines() == [
        "The library is searched with studio-lite.",
        "2 of 3 videos are indexed with small-clip; to use it without the others: "
        "studio models use small-clip --without-failed",
    ]
    assert main([*use, "--without-failed"]) == 0
    out, err = capsys.readouterr()
    assert out == "The library is searched with small-clip.\n" and "broken.mp4" in err
    assert three_videos.encoders.status()["encoder"] == gallery.NAME
    assert main(["models", "list", "--without-failed"]) == 2


def test_a_model_that_cannot_load_stops_at_the_first_video(
    three_videos: Studio, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tried: list[str] = []

    def embed(self: Jobs, video: str, *_: object) -> None:
        tried.append(video)
        raise ModelUnavailable("It is damaged; get it again.")

    monkeypatch.setattr(Jobs, "embed", embed)
    assert main(["models", "use", gallery.NAME, "--home", str(three_videos.settings.home)]) == 1
    assert len(tried) == 1 and capsys.readouterr().err == "studio: It is damaged; get it again.\n"


def test_a_broken_video_stops_no_other_from_being_indexed(
    three_videos: Studio, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def index(self: Jobs, video: str, *_: object) -> dict[str, object]:
        if video == "b":
            raise BrokenMedia("It breaks off at once.")
        return {"frames": 3, "note": ""}

    def transcribe(self: Jobs, video: str, *_: object) -> dict[str, object]:
        return {**index(self, video), "lines": 2}

    monkeypatch.setattr(Jobs, "index", index)
    monkeypatch.setattr(Jobs, "transcribe", transcribe)
    monkeypatch.setattr(Jobs, "run", lambda *_: {"predictions": []})
    for command in ("index", "prepare"):
        assert main([command, "--home", str(three_videos.settings.home), "--json"]) == 1
        out, err = capsys.readouterr()
        (done,) = [value for value in json.loads(out).values() if isinstance(value, list)]
        assert sorted(each["id"] for each in done) == ["a", "c"]
        assert err == "studio: “broken.mp4”: It breaks off at once.\n"
