"""`studio ground --check`, and models that people bring."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from studio.cli import main
from studio.models.grounding.detr.network import SHAPES, Network
from studio.service import Studio


def run(capsys: pytest.CaptureFixture[str], home: Path, *arguments: Any) -> tuple[int, str, str]:
    status = main([str(a) for a in (*arguments, "--home", home, "--device", "cpu")])
    said = capsys.readouterr()
    return status, said.out, said.err


def test_checking_prints_stability_and_warns_where_it_is_low(
    capsys: pytest.CaptureFixture[str], indexed: Studio, clips: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    home = indexed.settings.home
    status, out, err = run(capsys, home, "ground", clips["bikes"], "a bicycle", "--check", "--json")
    assert status == 0
    assert all(set(m) == {"start", "end", "score", "confidence", "stability"} for m in json.loads(out)["moments"])
    monkeypatch.setattr("studio.models.stability", lambda engine, moments, *a, **k: ([0.1] * len(moments), 0.2))
    status, out, err = run(capsys, home, "ground", clips["bikes"], "a bicycle", "--check")
    assert status == 0
    assert "studio: “a bicycle” is uncertain here: changed versions of the video agree by 0.20" in err.splitlines()
    assert "stability 0.10" in out and " %  " in out
    status, _, err = run(capsys, home, "ground", clips["bikes"], "--at", 1, "--check")
    assert status == 2
    assert "leave out" in err


def test_a_checkpoint_is_added_and_then_ready(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    home, file = tmp_path / "home", tmp_path / "best.ckpt"
    torch.save({"model": Network(SHAPES["moment-detr"]).state_dict()}, file)
    status, out, _ = run(capsys, home, "models", "list")
    assert status == 0
    assert "· grounding        moment-detr" in out
    assert "github.com/jayleicn/moment_detr" in out
    status, out, _ = run(capsys, home, "models", "add", file, "--as", "moment-detr")
    assert (status, out) == (0, "moment-detr is ready.\n")
    status, out, _ = run(capsys, home, "models", "verify", "--json")
    assert status == 0
    (row,) = [row for row in json.loads(out)["models"] if row["name"] == "moment-detr"]
    assert (row["installed"], row["problems"]) == (True, [])
    (home / "models" / "moment-detr.pt").write_bytes(b"other")
    assert run(capsys, home, "models", "verify")[0] == 1


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (["add", "x.pt"], 2, "add FILE --as NAME"),
        (["list", "x"], 2, "models list|verify"),
        (["download"], 2, "download|use|time|export|delete MODEL"),
        (["add", "nothing.pt", "--as", "cg-detr"], 1, "nothing.pt cannot be read"),
        (["download", "cg-detr"], 1, "github.com/wjun0830/CGDETR"),
    ],
)
def test_misuse_says_what_to_do(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, arguments: list[str], status: int, says: str
) -> None:
    found, _, err = run(capsys, tmp_path, "models", *arguments)
    assert found == status
    assert says in err
    assert len(err.splitlines()) == 1
