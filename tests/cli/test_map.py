"""`studio map`: its JSON is a contract."""

import json
from pathlib import Path
from typing import Any

import pytest

from studio.cli import main


def test_the_map_is_made_and_added_to(
    tmp_path: Path, clips: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    home = ["--home", str(tmp_path / "home"), "--device", "cpu"]

    def run(*arguments: str) -> Any:
        assert main([*arguments, *home]) == 0
        return json.loads(capsys.readouterr().out)

    assert main(["map", *home]) == 2
    assert "at least 5 pieces of indexed video, and there are 0" in capsys.readouterr().err
    run("index", str(clips["bikes"]), str(clips["carphone"]), "--json")
    made = run("map", "--json")
    assert set(made) == {"placed", "points", "anew", "clusters"}
    assert made["anew"] and made["placed"] == made["points"] >= 5
    run("index", str(clips["bigbuckbunny"]), "--json")
    more = run("map", "--json")
    assert not more["anew"] and more["points"] == made["points"] + more["placed"] > made["points"]
    assert run("map", "--json")["placed"] == 0
    assert run("map", "--anew", "--json")["anew"]
