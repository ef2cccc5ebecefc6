"""docs/find.md tells the truth: its relations, its questions, its commands and its program."""

import json
import re
import shlex
from pathlib import Path

import pytest

from studio.cli import main
from studio.index.time_relations import RELATIONS
from studio.service import Studio
from studio.service.find import parse
from studio.store.segments import STATUSES
from tests.index.test_time_relations import ALLEN
from tests.service.test_find import library

__all__ = ["library"]  # the fixture
PAGE = (Path(__file__).parents[2] / "docs" / "find.md").read_text("utf-8")
FORM = (Path(__file__).parents[2] / "assets" / "web" / "js" / "model" / "find-question.js").read_text("utf-8")
ROWS = re.findall(r"^\| `(\w+)` \| ([^|]+) \| [^|]+ \| ([^|]+) \|$", PAGE, re.MULTILINE)


def test_the_relations_are_those_there_are_and_allens() -> None:
    named = {name: allens for name, _, allens in ROWS if name in RELATIONS}
    assert set(named) == set(RELATIONS)
    for name, allens in ALLEN.items():
        assert {each.strip().replace(" by", "-by") for each in named[name].split(",")} == allens, name


def test_the_form_has_every_relation_and_every_kind() -> None:
    assert set(re.findall(r'\{ name: "(\w+)", text: \(a\)', FORM)) == set(RELATIONS)
    assert re.findall(r'\{ name: "(\w+)", text: "', FORM) == [
        "manual", "accepted", "correction", "import", "undecided", "rejected", "line"]  # fmt: skip
    assert set(STATUSES) == set(re.findall(r'\{ name: "(\w+)", text: "', FORM))


def test_the_question_in_json_is_one() -> None:
    (block,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    question = parse(json.loads(block))
    assert (question.name, question.links[0].absent, question.links[0].other) == ("interview", True, "track")


@pytest.mark.parametrize("command", re.findall(r"^studio find (.*)$", PAGE, re.MULTILINE))
def test_every_command_is_understood(library: Studio, command: str, capsys: pytest.CaptureFixture[str]) -> None:
    library.find.save("nod smile nod", parse({"segments": [{"labels": ["nod"]}]}), "")
    arguments = shlex.split(command)
    if "-o" in arguments:  # nothing may be found to write
        del arguments[arguments.index("-o") : arguments.index("-o") + 2]
        del arguments[arguments.index("--format") : arguments.index("--format") + 2]
    assert main(["find", "--home", str(library.settings.home), "--device", "cpu", *arguments]) == 0, (
        capsys.readouterr().err
    )


def test_the_program_runs(library: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pandas")
    (block,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    monkeypatch.setenv("STUDIO_HOME", str(library.settings.home))
    known: dict[str, object] = {}
    block = block.replace('    library.export_found("elan", nod, smile)  # bytes\n', "")
    exec(block, known)
    assert list(known["table"]["B label"]) == ["smile"]  # type: ignore[index]
