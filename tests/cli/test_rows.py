"""`studio curves` and `studio words`: rows from tables and from transcripts."""

import json
from pathlib import Path
from typing import Any

import pytest

from studio.cli import main
from studio.library import open_library
from studio.service import Studio
from studio.store import transcripts, videos
from studio.timeline import Cue, Word
from tests.conftest import VIDEO


@pytest.fixture
def home(studio: Studio) -> Path:
    studio.store.write(lambda db: videos.insert(db, dict(VIDEO)))
    return studio.settings.home


def run(capsys: pytest.CaptureFixture[str], home: Path, *words: str | Path) -> tuple[int, str, str]:
    status = main([*map(str, words), "--home", str(home), "--device", "cpu"])
    said = capsys.readouterr()
    return status, said.out, said.err


def test_curves_come_from_a_table_and_go_out_as_one(
    studio: Studio, home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table, back = tmp_path / "in.csv", tmp_path / "out.csv"
    table.write_text("time,value\n1,0\n2,1\n", "utf-8")
    asked = ("curves", "talk.mp4", "--read", table, "--track", "Valence", "--annotator", "ann")
    status, _, err = run(capsys, home, *asked)
    assert (status, "give it a scale under Labels" in err) == (2, True)
    studio.labels.save({"labels": [], "tracks": [{"track": "Valence", "closed": False, "scale": [-1, 1]}]}, "ann")
    status, out, _ = run(capsys, home, *asked, "--json")
    assert json.loads(out) == {"read": [{"track": "Valence", "annotator": "ann", "seconds": 1.04}]}
    status, _, err = run(capsys, home, "curves", "talk.mp4", "-o", back)
    assert (status, "26 values written to out.csv" in err) == (0, True)
    lines = back.read_text("utf-8").splitlines()
    assert (lines[0], lines[1], lines[-1]) == ("track,annotator,time,value", "Valence,ann,1.0,0", "Valence,ann,2.0,1")
    status, _, err = run(capsys, home, "curves", "talk.mp4", "--read", tmp_path / "no.csv")
    assert (status, "There is no file “no.csv”" in err) == (2, True)
    (trace,) = open_library(home, "cpu").curves("v1")
    assert (trace.track, trace.values[50]) == ("Valence", 1)


def test_words_of_a_transcript_become_rows(studio: Studio, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words: list[Any] = [Word(0, 500_000, "good", 0.9), Word(500_000, 1_000_000, "day", 0.9)]
    said = Cue(0, 1_000_000, "good day")
    studio.store.write(lambda db: transcripts.insert(db, "v1", said, "", "", "", words, ""))
    status, out, _ = run(capsys, home, "words", "talk.mp4", "--by", "ann", "--json")
    made = json.loads(out)
    assert (status, made["rows"], made["lines"], made["words"]) == (0, ["Lines", "Words"], 1, 2)
    assert {a.annotator for a in studio.timelines.annotations("v1")} == {"ann"}
