"""`studio import`, `studio export` (with data sets), `studio formats` and `studio completion`, as people type them."""

import json
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest

from studio.cli import main, parser
from studio.formats import FORMATS
from studio.service import Studio

EXAMPLES = [
    line.strip().split("        ")[0]
    for sub in parser()._subparsers._group_actions[0].choices.values()  # type: ignore[union-attr]
    for line in (sub.epilog or "").splitlines()
    if line.startswith("  studio ")
]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], studio: Studio) -> Any:
    """studio ARGUMENTS → (status, standard output, standard error)."""

    def call(*arguments: Any) -> tuple[int, str, str]:
        try:
            status = main([str(a) for a in (*arguments, "--home", studio.settings.home, "--device", "cpu")])
        except SystemExit as stop:
            status = int(str(stop.code))
        said = capsys.readouterr()
        return status, said.out, said.err

    return call


@pytest.fixture
def eaf(studio: Studio, clips: dict[str, Path], tmp_path: Path) -> Path:
    """A file of ELAN about the clip of bicycles, which is in the library without annotations."""
    video = studio.videos.add(clips["bikes"])["id"]
    edit = {"edit_id": "e", "op": "create", "id": "a", "track": "Gesture", "start": 1, "end": 2, "label": "wave"}
    studio.timelines.save(video, [edit], "ann")
    file = tmp_path / "bikes.eaf"
    file.write_bytes(studio.exchange.export(video, "elan"))
    studio.timelines.save(video, [{**edit, "edit_id": "d", "op": "delete", "base_version": 1}], "ann")
    return file


def test_import_is_seen_done_listed_and_undone(run: Any, studio: Studio, eaf: Path, clips: dict[str, Path]) -> None:
    status, out, err = run("import", eaf, "--preview")
    assert (status, err) == (0, "")
    assert out.splitlines() == [
        "bikes.mp4 → bikes.mp4: 1 segment", "tracks: Gesture", "labels: wave", "1 annotation would be added",
    ]  # fmt: skip
    assert studio.timelines.annotations(studio.videos.resolve("bikes.mp4")["id"]) == []
    status, out, _ = run("import", eaf, "--map-track", "Gesture=Hands", "--map-label", "wave=", "--by", "zoe", "--json")
    done = json.loads(out)
    assert (status, done["segments"], done["format"]) == (0, 1, "elan")
    (found,) = studio.timelines.annotations(studio.videos.resolve("bikes.mp4")["id"])
    # the file names its annotator; --by is for those that name nobody
    assert (found.track, found.label, found.annotator) == ("Hands", "", "ann")
    assert done["import"] in run("import", "--list")[1]
    assert json.loads(run("import", "--undo", done["import"], "--json")[1]) == {
        "import": done["import"], "removed": 1, "kept": 0,
    }  # fmt: skip
    status, _, err = run("import", "--undo", done["import"])
    assert (status, err) == (1 if "undone" not in err else 2, "studio: This import was undone already.\n")


def test_export_says_what_is_lost_and_guesses_the_format(
    run: Any, studio: Studio, eaf: Path, clips: dict[str, Path], tmp_path: Path
) -> None:
    assert run("import", eaf, "--by", "ann")[0] == 0
    file = tmp_path / "bikes.srt"
    status, out, err = run("export", clips["bikes"], "-o", file)
    assert (status, out) == (0, "")
    assert err == (
        "studio: The name of the track “Gesture” is dropped.\n"
        "studio: The names of the annotators of 1 segment are dropped.\n"
    )
    assert file.read_text("utf-8") == "1\n00:00:01,000 --> 00:00:02,000\nwave\n"
    status, out, _ = run("export", clips["bikes"], "--format", "json", "--check", "--json")
    assert json.loads(out) == {"format": "json", "lost": []}
    status, out, _ = run("export", clips["bikes"], "-o", tmp_path / "x.csv", "--format", "csv", "--json")
    assert json.loads(out)["file"].endswith("x.csv")
    status, out, _ = run("import", file, "--as", "annotations", "--map-video", "x=y", "--preview")
    assert status == 0


def test_what_subtitles_are_is_said_with_as(run: Any, studio: Studio, eaf: Path, clips: dict[str, Path]) -> None:
    row = studio.videos.resolve("bikes.mp4")
    studio.transcripts.save_line(row, None, 1, 2, "hello")
    assert "hello" in run("export", clips["bikes"], "--format", "srt")[1]  # there are no annotations
    assert run("import", eaf)[0] == 0
    status, out, err = run("export", clips["bikes"], "--format", "srt")
    assert (status, "wave" in out, "hello" in out) == (0, True, False)
    assert "1 line of the transcript is not written" in err
    status, out, err = run("export", clips["bikes"], "--format", "ass", "--as", "lines")
    assert (status, "wave" in out, "hello" in out) == (0, False, True)
    assert "1 segment is not written" in err
    status, out, _ = run("export", clips["bikes"], "--format", "audacity", "--check")
    assert "1 line of the transcript is not written: this format has no place for it." in out
    status, out, _ = run("export", clips["bikes"], "--format", "json", "--check")
    assert out == "Nothing is lost.\n"
    assert run("export", clips["bikes"], "--format", "json", "--as", "lines")[0] == 2


def test_what_a_data_set_would_lose_is_said_before_it_is_written(run: Any, eaf: Path, tmp_path: Path) -> None:
    assert run("import", eaf, "--by", "ann")[0] == 0
    whole = ("export", "--dataset", tmp_path / "set", "--check")
    status, out, _ = run(*whole, "--format", "rttm", "--json")
    found = json.loads(out)
    assert (status, found["format"], found["videos"], found["annotations"]) == (0, "rttm", 1, 1)
    assert "The labels of 1 segment are dropped; the format keeps who and when." in found["lost"]
    assert run(*whole)[1] == "1 annotation in 1 video\nNothing is lost.\n"
    assert not (tmp_path / "set").exists()
    assert run(*whole, "-o", "x")[2] == "studio: --dataset writes a folder; leave out -o.\n"


def test_a_data_set(run: Any, eaf: Path, tmp_path: Path) -> None:
    assert run("import", eaf, "--by", "ann")[0] == 0
    status, out, err = run(
        "export", "--dataset", tmp_path / "set", "--format", "fiftyone", "--licence", "CC0", "--json"
    )
    card = json.loads(out)
    assert (status, card["videos"], card["licence"], card["splits"]) == (0, 1, "CC0", {"all": 1})
    assert err == ""  # a progress bar is for terminals
    done = subprocess.run(["sha256sum", "-c", "manifest.sha256"], cwd=tmp_path / "set", capture_output=True, text=True)
    assert (done.returncode, done.stdout.count(": OK")) == (0, 4)


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (["import"], 2, "Give one FILE"),
        (["import", "/nowhere.eaf"], 2, "cannot be read"),
        (["import", "x", "--map-label", "a"], 2, "OLD=NEW"),
        (["import", "--undo", "nope"], 1, "studio import --list"),
        (["import", __file__], 2, "add --format"),
        (["import", __file__, "--format", "elan"], 1, "not an XML file"),
        (["export"], 2, "Name one VIDEO"),
        (["export", "x", "--dataset", "y"], 2, "Name one VIDEO"),
        (["export", "--dataset", "/tmp/x/y/z"], 2, "create it first"),
        (["export", "--dataset", "x", "--split", "0.5;0.5"], 2, "0.8,0.1,0.1"),
        (["export", "--dataset", "x", "--split", "2"], 2, "add up to 1"),
        (["export", "--dataset", "x", "--format", "docx"], 2, "not a format"),
        (["export", "x", "--json"], 2, "-o FILE"),
    ],
)
def test_a_mistake_gets_one_line_and_the_right_status(run: Any, arguments: list[str], status: int, says: str) -> None:
    code, out, err = run(*arguments)
    assert (code, out) == (status, "")
    assert says in err
    assert len(err.splitlines()) == 1


def test_formats_are_listed(run: Any) -> None:
    assert [line.split()[0] for line in run("formats")[1].splitlines()] == list(FORMATS)
    found = json.loads(run("formats", "--json")[1])["formats"]
    assert found[0]["cannot"] == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "tcsh"])
def test_completion_is_a_script_of_every_command(run: Any, shell: str, tmp_path: Path) -> None:
    status, out, _ = run("completion", shell)
    assert status == 0
    assert all(command in out for command in ("import", "export", "doctor", "annotations"))
    if shell == "bash":
        (tmp_path / "c").write_text(out)
        assert subprocess.run(["bash", "-n", tmp_path / "c"], check=False).returncode == 0


def test_the_examples_of_the_help_parse() -> None:
    assert len(EXAMPLES) >= 20
    for example in EXAMPLES:
        words = shlex.split(re.sub(r" >.*", "", example).removeprefix("studio "))
        assert parser().parse_args(words).run


def test_what_is_different_here_is_said_and_chosen(run: Any, studio: Studio, eaf: Path, tmp_path: Path) -> None:
    assert run("import", eaf, "--by", "ann")[0] == 0
    file = tmp_path / "bikes.eaf"
    file.write_text(eaf.read_text("utf-8").replace(">wave<", ">nod<"), "utf-8")
    status, out, _ = run("import", file, "--by", "ann", "--preview")
    assert status == 0
    assert out.splitlines()[-3:] == [
        "1 different here; they stay as they are (--different)",
        "    Gesture: wave 1.000–2.000 here, Gesture: nod 1.000–2.000 in the file",
        "0 annotations would be added",
    ]  # fmt: skip
    assert run("import", file, "--by", "ann")[0] == 2  # nothing to do
    status, out, _ = run("import", file, "--by", "ann", "--different", "take", "--json")
    done = json.loads(out)
    assert (done["segments"], done["different"], done["changed"]) == (0, 1, 1)
    video = studio.videos.resolve("bikes.mp4")["id"]
    assert [a.label for a in studio.timelines.annotations(video)] == ["nod"]
    assert run("import", "--undo", done["import"])[1] == "1 taken back\n"
    assert [a.label for a in studio.timelines.annotations(video)] == ["wave"]
    assert json.loads(run("import", "--redo", done["import"], "--json")[1]) == {
        "import": done["import"], "added": 1, "kept": 0,
    }  # fmt: skip
    assert [a.label for a in studio.timelines.annotations(video)] == ["nod"]


def test_what_a_file_of_curves_brings_is_said_and_listed(run: Any, eaf: Path, tmp_path: Path) -> None:
    document = {
        "format": "moment-studio", "version": 1, "video": "bikes.mp4", "duration_us": 2_000_000, "annotations": [],
        "boxes": {"Ann": [[0, 0.1, 0.1, 0.2, 0.2]]},
        "curves": [{"track": "Valence", "annotator": "", "low": 0, "high": 1, "rate": 10, "values": [0.5, 0.75]}],
    }  # fmt: skip
    file = tmp_path / "bikes.json"
    file.write_text(json.dumps(document), "utf-8")
    status, out, _ = run("import", file)
    assert status == 0 and {"boxes of 1 row", "1 curve"} <= set(out.splitlines())
    assert run("import", "--list")[1].splitlines()[0].endswith("bikes.json  0 annotations, 1 curve")
