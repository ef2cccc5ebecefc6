"""Files that CARMA saved come in by the import dialog and `studio import`, as what they are."""

from pathlib import Path

import numpy as np
import pytest

from studio.cli import main
from studio.errors import FormatError
from studio.service import Studio
from studio.service.exchange.exchange import ImportOptions
from studio.store import videos
from tests.conftest import VIDEO
from tests.service.test_traces import CARMA, OLD_CARMA
from tests.sounds import make_sound


@pytest.fixture
def video(studio: Studio) -> str:
    """talk.mp4, of 60 s."""
    studio.store.write(lambda db: videos.insert(db, dict(VIDEO)))
    studio.cache.save_array("v1", "pts.npy", np.arange(0, VIDEO["duration_us"], 40_000, dtype=np.int64))
    return "v1"


def test_the_format_and_the_video_are_found_and_the_curve_is_an_import(studio: Studio, video: str) -> None:
    data = CARMA.encode()
    assert studio.exchange.readers(data, "anna.csv") == ["csv"]
    shown = studio.exchange.preview(data, "anna.csv")
    assert (shown["format"], shown["curves"], shown["segments"], shown["columns"]) == ("csv", 1, 0, [])
    assert shown["tracks"] == [{"name": "Rating", "to": "Rating", "segments": 1}]
    assert shown["parts"][0]["problems"] == ["What 1 curve says after the end of the video is left out."]
    named = ImportOptions(tracks={"Rating": "Affect"})
    made = studio.exchange.apply(data, "anna.csv", plan=named, annotator="anna")
    (trace,) = studio.traces.of_video(studio.videos.get(video))
    assert (trace.track, trace.annotator) == ("Affect", "anna")
    assert set(trace.values[:13]) == {10} and np.isnan(trace.values[13:25]).all()
    assert set(trace.values[25:38]) == {-20.5} and np.isnan(trace.values[38:]).all()
    scales = {each["track"]: each["scale"] for each in studio.labels.shown()["tracks"]}
    assert scales["Affect"] == [-100, 100]
    assert studio.exchange.preview(data, "anna.csv", plan=named)["curves"] == 1, "of somebody else it would be one"
    assert studio.exchange.undo(made["import"]) == {"removed": 1, "kept": 0}
    assert all(each.empty for each in studio.traces.of_video(studio.videos.get(video)))


def test_the_first_release_of_the_program_wrote_it_otherwise(studio: Studio, video: str) -> None:
    """It names another file of the same name: the video that a person names holds."""
    shown = studio.exchange.preview(OLD_CARMA.encode(), "ben.csv", plan=ImportOptions(video=video))
    assert (shown["format"], shown["curves"]) == ("csv", 1)


def test_what_is_wrong_in_such_a_file_is_said(studio: Studio, video: str) -> None:
    for wrong, said in (
        (CARMA.replace("1.5,-20.5", "x,1"), "Line 12 of this table has no number"),
        (CARMA.replace("70,100", "1e8,100"), "after 100 hours"),
    ):
        with pytest.raises(FormatError, match=said):
            studio.exchange.preview(wrong.encode(), "anna.csv", "csv")


def test_studio_import_takes_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sound, home = make_sound(tmp_path), str(tmp_path / "home")
    file = tmp_path / "ratings.csv"
    file.write_text(CARMA.replace("talk.mp4", "wav.wav").replace("70,100\n", ""))
    assert main(["add", "--home", home, str(sound)]) == 0
    assert main(["import", "--home", home, str(file), "--map-track", "Rating=Valence", "--by", "anna"]) == 0
    assert "1 curve" in capsys.readouterr().out
    assert main(["curves", "--home", home, "wav.wav"]) == 0
    assert capsys.readouterr().out.startswith("track,annotator,time,value\nValence,anna,0.0,10\n")
