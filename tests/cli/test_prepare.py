"""`studio prepare`: its JSON is a contract."""

import json
from pathlib import Path

import pytest

from studio.cli import main
from tests.tasks.test_text_reading import clip, text


def test_a_library_is_prepared_and_new_videos_where_it_is_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = ["--home", str(tmp_path / "home"), "--device", "cpu"]
    video = clip(tmp_path / "slide.mp4", 20, lambda draw, frame: text(draw, "Chapter one", 40, 20, 36))
    assert main(["add", video.path, *home]) == 0
    capsys.readouterr()
    assert main(["prepare", "--json", *home]) == 0
    made = json.loads(capsys.readouterr().out)
    ((done,), new) = made["prepared"], made["new"]
    assert (done["lines"], done["texts"], new) == (0, 1, False)
    assert main(["prepare", "--json", *home]) == 0
    assert json.loads(capsys.readouterr().out) == {"new": False, "prepared": []}
    assert main(["prepare", "--new", "on", *home]) == 0
    assert capsys.readouterr().out.strip() == "Speech and screen text of new videos are prepared."
    assert main(["prepare", video.path, "--new", "off", *home]) == 2
    assert "leave out the names" in capsys.readouterr().err
