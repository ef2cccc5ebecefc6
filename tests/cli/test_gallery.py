"""`studio models`: another encoder is got, used and timed from the command line."""

import json
from pathlib import Path
from typing import Any

import pytest

from studio.cli import main
from tests import gallery
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
        "small-clip.weights, a file of small-clip, was changed since it came; get it again."
    ]
    with served(gallery.repositories()) as address:
        monkeypatch.setenv("HF_ENDPOINT", address)
        assert run("models", "download", gallery.NAME)[0] == 0
    assert run("models", "verify")[0] == 0
