"""`studio find`: what it takes, prints, writes and refuses."""

import json
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from studio.cli import main
from studio.cli.find import sentence
from studio.service import Studio
from studio.service.find import parse
from tests.service.test_find import EVERY, library

__all__ = ["library"]  # the fixture

Run = Callable[..., Any]


@pytest.fixture
def run(library: Studio, capsys: pytest.CaptureFixture[str]) -> Run:
    """studio find WORDS → the parsed JSON; with status=N: that exit status, and what standard error says."""

    def call(words: str, *more: str, status: int = 0, as_json: bool = True) -> Any:
        arguments = ["find", "--home", str(library.settings.home), "--device", "cpu", *shlex.split(words), *more]
        code = main([*arguments, "--json"] if as_json else arguments)
        said = capsys.readouterr()
        assert code == status, said.err
        return said.err if status else json.loads(said.out) if as_json else said.out

    return call


def ids(answer: Any) -> list[str]:
    return ["+".join(each["id"] if each else "–" for each in moment["segments"]) for moment in answer["moments"]]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("", EVERY),
        ("label=nod", ["nod1", "nod2", "nod3"]),
        ("label=nod 'label=head shake' by=ann", ["nod1", "nod2", "shake"]),
        ("@intensity=2..4", ["nod1"]),
        ("track=Face longest=1", ["other"]),
        ("status=line text=no", ["line:2"]),
        ("said=morgen label=nod", ["nod1"]),
        ("label=nod --then 'after ..2' label=smile", ["nod1+smile1"]),
        ("label=nod --then 'no after ..2' label=smile", ["nod2+–", "nod3+–"]),
        ("label=nod --then 'past other track' ''", ["nod2+smile2"]),
        ("label=nod --then 'after 2..20 of A other annotator' label=smile", ["nod1+smile2"]),
        ("label=nod --then 'after ..10' label=smile --then 'after ..10' \"'label=head shake'\"", ["nod1+smile2+shake"]),
        ("label=nod --then 'after ..20' label=smile --every", ["nod1+smile1", "nod1+smile2"]),
        ("label=smile --in v2", ["other"]),
        ("label=smile --name ete", ["other"]),
        ("--first 1 --top 2", EVERY[1:3]),
    ],
)
def test_what_is_asked_is_found(run: Run, words: str, found: list[str]) -> None:
    assert ids(run(words)) == found


def test_the_json_is_a_contract(run: Run) -> None:
    answer = run("label=nod --then 'after ..2' label=smile")
    assert answer["question"] == {
        "segments": [{"labels": ["nod"]}, {"labels": ["smile"], "relation": {"is": "after", "of": 0, "most": 2.0}}]
    }
    assert (answer["count"], answer["total"]) == (1, 1.0)
    assert answer["videos"] == [{"video": "v1", "name": "talk.mp4", "count": 1, "total": 1.0}]
    (moment,) = answer["moments"]
    assert {key: moment[key] for key in ("video", "name", "path", "start", "end")} == {
        "video": "v1", "name": "talk.mp4", "path": "/films/talk.mp4", "start": 1.0, "end": 5.0}  # fmt: skip
    assert moment["segments"][0] == {
        "kind": "annotation", "id": "nod1", "status": "manual", "track": "Head", "label": "nod", "note": "Très clear",
        "annotator": "ann", "edited_by": "ann", "attributes": {"intensity": 3, "hand": "left"}, "score": None,
        "start": 1.0, "end": 2.0, "start_us": 1_000_000, "end_us": 2_000_000,
    }  # fmt: skip


def test_for_people_it_is_a_line_each(run: Run) -> None:
    lines = run("label=nod --then 'after ..2' label=smile", as_json=False).splitlines()
    assert lines == [
        "1 moment in 1 video, 0:01.000 in all",
        "talk.mp4  A Head: nod 1.00–2.00  B Face: smile 3.00–5.00",
    ]


def test_questions_are_kept_and_read(run: Run, library: Studio, tmp_path: Path, capsys: Any) -> None:
    run("label=nod --then 'no after 0.5..2 same @who' 'label=smile text=\"a b\"' --save nods")
    kept = library.find.saved_as("nods")
    assert run("--saved nods")["question"]["segments"][0] == {"labels": ["nod"]}
    file = tmp_path / "question.json"
    file.write_text(json.dumps({"segments": [{"labels": ["nod"]}]}))
    assert ids(run("", "--question", str(file))) == ["nod1", "nod2", "nod3"]
    assert main(["searches", "--home", str(library.settings.home)]) == 0
    said = capsys.readouterr().out.strip()
    assert said.startswith("nods  in annotations: label=nod --then ")
    words = shlex.split(sentence(kept))
    again = run(" ".join(map(shlex.quote, words)))
    assert parse(again["question"]) == kept, "what is listed can be typed"


def test_what_was_found_is_written(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "nods.csv"
    said = run("label=nod", "--format", "moments", "-o", str(file))
    assert (said["file"], said["lost"]) == (str(file), [])
    assert len(file.read_text("utf-8-sig").splitlines()) == 4


@pytest.mark.parametrize(
    ("words", "status", "sentence"),
    [
        ("nod", 2, "“nod” is no condition; say NAME=VALUE, where NAME is one of label, track, by"),
        ("length=2", 2, "“length=2” is no condition"),
        ("longest=x", 2, "“longest” must be a time in seconds, not “x”."),
        ("--then beside ''", 2, "“beside” is no relation; use one of before, after"),
        ("--then 'after soon' ''", 2, "“soon” is not understood; say [FROM..TO]"),
        ("--then 'after of Z' ''", 2, "must name a segment by its letter"),
        ("--then 'overlaps 0..2' ''", 2, "“overlaps” has no FROM..TO; leave it out."),
        ("--then 'near 1..2' ''", 2, "“near” has no FROM; leave it out."),
        ("--then no ''", 2, "A RELATION names one of"),
        ("label=x --saved y", 2, "Give SEGMENTs, or --question FILE, or --saved NAME."),
        ("--saved y", 1, "There is no saved question “y” about annotations"),
        ("--question /nowhere.json", 2, "“nowhere.json” cannot be read as JSON"),
        ("-o x.csv", 2, "Name both a file and its format"),
        ("label=x -o x.csv --format moments", 2, "Nothing was found"),
        ("--in nothing", 1, "studio add"),
    ],
)  # fmt: skip
def test_a_wrong_question_is_answered_with_one_sentence(run: Run, words: str, status: int, sentence: str) -> None:
    said = run(words, status=status)
    assert sentence in said and said.count("\n") == 1
