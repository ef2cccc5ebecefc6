"""`studio eval` over what the other commands print, and grounding by other engines, as people run them."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from studio.service import Studio


@pytest.fixture
def run(indexed: Studio) -> Any:
    """studio ARGUMENTS on the indexed library → (status, standard output, standard error)."""

    def call(*arguments: str | Path) -> tuple[int, str, str]:
        home = ["--home", str(indexed.settings.home), "--device", "cpu"]
        command = [sys.executable, "-m", "studio.cli", *map(str, arguments), *home]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        return done.returncode, done.stdout, done.stderr

    return call


def test_search_and_its_evaluation(run: Any, tmp_path: Path) -> None:
    truth = {"a bicycle on a street": "bikes.mp4", "a man in a car": "carphone_pristine.mp4"}
    (tmp_path / "queries").write_text("\n".join(truth))
    (tmp_path / "truth").write_text("\n".join(json.dumps({"query": q, "video": v}) for q, v in truth.items()))
    status, out, _ = run("search", "--queries", tmp_path / "queries", "--json")
    assert status == 0
    (tmp_path / "found").write_text(out)
    files = ["--truth", tmp_path / "truth", "--predictions", tmp_path / "found"]
    status, out, _ = run("eval", "retrieval", *files, "--json")
    report = json.loads(out)
    assert (status, report["queries"], report["answered"], report["videos"]) == (0, 2, 2, 3)
    assert report["metrics"]["R@1"] >= 50
    assert report["metrics"]["R@5"] == 100
    status, out, _ = run("eval", "retrieval", *files)
    assert status == 0
    assert "R@5 100" in out
    assert "chance" in out


def test_ground_with_an_engine_and_its_evaluation(run: Any, clips: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "queries").write_text("a bicycle")
    command = ["ground", clips["bikes"], "--queries", tmp_path / "queries", "--json"]
    status, out, _ = run(*command, "--engine", "tag", "--refine", "--top", "1")
    assert status == 0
    (tmp_path / "found").write_text(out)
    (tmp_path / "truth").write_text(json.dumps({"query": "a bicycle", "start": 0, "end": 10, "duration": 10}))
    status, out, _ = run(
        "eval", "grounding", "--truth", tmp_path / "truth", "--predictions", tmp_path / "found", "--json"
    )
    report = json.loads(out)
    assert status == 0
    assert set(report["baselines"]) == {"whole_video", "fixed_window"}
    assert report["baselines"]["whole_video"]["mIoU"] == 100


def test_pointing_at_a_time(run: Any, clips: dict[str, Path]) -> None:
    status, out, _ = run("ground", clips["bikes"], "--at", "5", "--json")
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
def test_a_mistake_is_explained(run: Any, arguments: list[str], status: int, says: str) -> None:
    code, out, error = run(*arguments)
    assert (code, out) == (status, "")
    assert says in error
    assert "Traceback" not in error
