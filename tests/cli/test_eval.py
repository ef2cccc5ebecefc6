"""`studio eval` over what the other commands print, and grounding by other engines."""

import json
from pathlib import Path
from typing import Any

import pytest


def test_search_and_its_evaluation(command: Any, tmp_path: Path) -> None:
    truth = {"a bicycle on a street": "bikes.mp4", "a man in a car": "carphone_pristine.mp4"}
    (tmp_path / "queries").write_text("\n".join(truth))
    (tmp_path / "truth").write_text("\n".join(json.dumps({"query": q, "video": v}) for q, v in truth.items()))
    status, out, _ = command("search", "--queries", tmp_path / "queries", "--json")
    assert status == 0
    (tmp_path / "found").write_text(out)
    files = ["--truth", tmp_path / "truth", "--predictions", tmp_path / "found"]
    status, out, _ = command("eval", "retrieval", *files, "--json")
    report = json.loads(out)
    assert (status, report["queries"], report["answered"], report["videos"]) == (0, 2, 2, 3)
    assert report["metrics"]["R@1"] >= 50
    assert report["metrics"]["R@5"] == 100
    status, out, _ = command("eval", "retrieval", *files)
    assert status == 0
    assert "R@5 100" in out
    assert "chance" in out


def test_ground_with_an_engine_and_its_evaluation(command: Any, clips: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "queries").write_text("a bicycle")
    ask = ["ground", clips["bikes"], "--queries", tmp_path / "queries", "--json"]
    status, out, _ = command(*ask, "--engine", "tag", "--refine", "--top", "1")
    assert status == 0
    (tmp_path / "found").write_text(out)
    (tmp_path / "truth").write_text(json.dumps({"query": "a bicycle", "start": 0, "end": 10, "duration": 10}))
    status, out, _ = command(
        "eval", "grounding", "--truth", tmp_path / "truth", "--predictions", tmp_path / "found", "--json"
    )
    report = json.loads(out)
    assert status == 0
    assert set(report["baselines"]) == {"whole_video", "fixed_window"}
    assert report["baselines"]["whole_video"]["mIoU"] == 100


def test_pointing_at_a_time(command: Any, clips: dict[str, Path]) -> None:
    status, out, _ = command("ground", clips["bikes"], "--at", "5", "--json")
    (moment,) = json.loads(out)["moments"]
    assert status == 0
    assert moment["start"] <= 5 < moment["end"]


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (["ground", "x", "q", "--engine", "magic"], 2, "invalid choice"),
        (["ground", "x", "--at", "5", "--refine"], 2, "--at finds one moment"),
        (["eval", "retrieval", "--truth", "/no/truth", "--predictions", "/no/found"], 1, "“truth” cannot be read"),
        (["eval", "speaking", "--truth", "a", "--predictions", "b"], 2, "invalid choice"),
    ],
)  # fmt: skip
def test_a_mistake_is_explained(command: Any, arguments: list[str], status: int, says: str) -> None:
    code, out, error = command(*arguments)
    assert (code, out) == (status, "")
    assert says in error
    assert "Traceback" not in error
