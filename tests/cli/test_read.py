"""`studio read`: its JSON is a contract."""

import json
from pathlib import Path

import pytest

from studio.cli import main
from tests.tasks.test_text_reading import clip, text


def test_what_is_on_the_screen_is_printed_and_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    video = clip(tmp_path / "slide.mp4", 30, lambda draw, frame: text(draw, "Chapter one", 40, 20, 36))
    home = ["--home", str(tmp_path / "home"), "--device", "cpu"]
    assert main(["read", video.path, "--json", *home]) == 0
    (found,) = json.loads(capsys.readouterr().out)["segments"]
    assert set(found) == {"start", "end", "text", "score", "boxes"}
    assert (found["start"], found["end"], found["text"]) == (0.0, 1.2, "Chapter one")
    assert [len(box) for box in found["boxes"]] == [5, 5]
    assert main(["read", video.path, *home]) == 0
    assert capsys.readouterr().out.split() == ["0.00–1.20", "Chapter", "one"]


def test_a_video_without_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    video = clip(tmp_path / "gray.mp4", 10, lambda draw, frame: None)
    assert main(["read", video.path, "--home", str(tmp_path / "home"), "--device", "cpu"]) == 0
    assert capsys.readouterr().out.strip() == "No text was found on the screen of this video."
