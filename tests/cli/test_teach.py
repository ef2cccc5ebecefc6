"""`studio teach` and `studio reviewed`: their JSON is a contract."""

import json
from pathlib import Path
from typing import Any

import pytest

from studio.cli import main
from studio.config import Settings
from studio.service import Studio
from tests.service.test_studio import edit


def test_teach_and_reviewed(tmp_path: Path, clips: dict[str, Path], capsys: pytest.CaptureFixture[str]) -> None:
    home = ["--home", str(tmp_path / "home"), "--device", "cpu"]

    def run(*arguments: str) -> Any:
        assert main([*arguments, *home]) == 0
        return json.loads(capsys.readouterr().out)

    bikes = str(clips["bikes"])
    run("index", bikes, "--json")
    studio = Studio(Settings(home=tmp_path / "home", device="cpu"))
    studio.timelines.save(studio.videos.all()[0]["id"], [edit(label="ride", start=0.0, end=1.0)], "ann")
    studio.close()
    assert run("reviewed", bikes, "--from", "0", "--to", "4", "--by", "ann", "--json") == {
        "reviewed": [{"start": 0.0, "end": 4.0, "track": "", "annotator": "ann"}]
    }
    made = run("teach", "ride", "--json")
    assert set(made) == {
        "label", "version", "step", "modalities", "examples", "measured", "by_text", "shift", "note", "predictions"
    }  # fmt: skip
    assert made["examples"] == {"positive": 1, "negative": 1}
    assert all(set(found) == {"video", "start", "end", "score"} for found in made["predictions"])
    assert all(found["start"] >= 2 for found in made["predictions"]), "the rest was looked through"
    assert main(["eval", "teach", "ride", *home]) == 2
    assert "label it in a second place" in capsys.readouterr().err
    assert main(["eval", "teach", *home]) == 2 and main(["eval", "grounding", *home]) == 2
    assert "--truth FILE --predictions FILE" in capsys.readouterr().err
    studio = Studio(Settings(home=tmp_path / "home", device="cpu"))
    second = edit(edit_id="e2", id="a2", label="ride", start=5.0, end=7.0)
    studio.timelines.save(studio.videos.all()[0]["id"], [second], "ann")
    studio.close()
    found = run("eval", "teach", "ride", "--json")
    assert (found["label"], found["moments"], found["folds"]) == ("ride", 2, 2)
    assert set(found["precision"]) == {"0", "1"} and set(found["precision"]["0"]) == {"0.3", "0.5", "0.7"}
    assert all(0 <= ap <= 1 for by in found["precision"].values() for ap in by.values())
    assert run("reviewed", bikes, "--undo", "--by", "ann", "--json") == {"reviewed": []}
    assert main(["teach", "fly", *home]) == 2
    assert "Nothing is labelled “fly” yet" in capsys.readouterr().err
    assert main(["reviewed", bikes, "--from", "4", "--to", "2", *home]) == 2
    assert "--from and --to" in capsys.readouterr().err
