"""`studio transcribe`: its JSON is a contract."""

import json
from pathlib import Path

import pytest

from studio.cli import main
from studio.config import Settings
from studio.service import Studio
from tests.conftest import SHARED

TALK = SHARED / "faces" / "1.mp4"


@pytest.mark.skipif(not TALK.exists(), reason="the shared clips are not here")
def test_what_is_said_is_printed_kept_and_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = ["--home", str(tmp_path / "home"), "--device", "cpu"]
    assert main(["transcribe", str(TALK), "--json", *home]) == 0
    made = json.loads(capsys.readouterr().out)
    assert set(made) == {"language", "source", "lines"}
    assert (made["language"], made["source"]) == ("en", "speech")
    first = made["lines"][0]
    assert set(first) == {"start", "end", "text", "speaker", "words"}
    assert set(first["words"][0]) == {"start", "end", "text", "probability"}
    assert "asking for help" in first["text"]
    studio = Studio(Settings(home=tmp_path / "home", device="cpu"))
    try:
        (video,) = studio.videos.all()
        kept = studio.transcripts.lines(video)
        assert [line["text"] for line in kept] == [line["text"] for line in made["lines"]]
        studio.transcripts.save_line(video, kept[0]["id"], 0.0, 2.3, "My biggest weakness.", version=1, annotator="ann")
        studio.jobs.transcribe(video["id"])
        assert [line["text"] for line in studio.transcripts.lines(video)] == ["My biggest weakness.", kept[1]["text"]]
        note = studio.jobs.run("emotions", video["id"])["payload"]["note"]
        assert note.startswith("From recognized speech and faces only: its frames are not indexed yet.")
    finally:
        studio.close()


def test_a_video_in_which_nobody_speaks(
    tmp_path: Path, clips: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["transcribe", str(clips["bikes"]), "--home", str(tmp_path / "home"), "--device", "cpu"]) == 0
    assert capsys.readouterr().out.strip() == "Nobody was heard to speak in this video."
    assert main(["transcribe", str(clips["bikes"]), "--language", "xx", "--home", str(tmp_path / "home")]) == 2
    assert "leave it out" in capsys.readouterr().err
