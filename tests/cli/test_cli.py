"""The command line's contract: its output, its exit status; a few commands run as people run them, as a process."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import cv2
import psutil
import pytest

from studio import media
from studio.cli import main
from studio.config import Settings
from studio.service import Studio


@pytest.fixture
def run(command: Any) -> Any:
    """studio ARGUMENTS on the indexed library → (status, JSON or text, standard error)."""

    def call(*arguments: str | Path) -> tuple[int, Any, str]:
        status, out, err = command(*arguments)
        try:
            return status, json.loads(out), err
        except ValueError:
            return status, out, err

    return call


def test_add_prints_ids_paths_and_durations(run: Any, clips: dict[str, Path]) -> None:
    status, out, _ = run("add", clips["bikes"], "--json")
    assert status == 0
    assert [sorted(v) for v in out["videos"]] == [["duration", "id", "path"]]
    assert out["videos"][0]["duration"] == 10.0


def test_search_one_and_many(run: Any, tmp_path: Path) -> None:
    status, out, _ = run("search", "a bicycle on a street", "--top", "2", "--json")
    assert status == 0
    assert len(out["hits"]) == 2
    assert set(out["hits"][0]) == {"video", "path", "score", "confidence", "start", "end", "why"}
    assert out["found"] is True and out["hits"][0]["confidence"] > 0.5
    assert out["hits"][0]["path"].endswith("bikes.mp4")
    (tmp_path / "queries.txt").write_text("a bicycle\n\na man\n")
    _, out, _ = run("search", "--queries", tmp_path / "queries.txt", "--json")
    assert [r["query"] for r in out["results"]] == ["a bicycle", "a man"]
    assert all(r["hits"] for r in out["results"])
    status, out, err = run("search", "zzyzx qqq", "--json")
    assert (status, out["found"]) == (0, False)
    assert "nothing fits “zzyzx qqq” well; these are the nearest moments" in err


def test_search_by_picture_and_moment_and_narrowed(run: Any, clips: dict[str, Path], tmp_path: Path) -> None:
    _, image = media.frame_at(clips["carphone"], 1_000_000)
    file = tmp_path / "frame.png"
    cv2.imwrite(str(file), cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
    status, out, _ = run("search", "--image", file, "--top", "1", "--json")
    assert (status, Path(out["hits"][0]["path"]).name) == (0, clips["carphone"].name)
    _, out, _ = run("search", "--like", clips["bikes"], "0", "1", "--in", clips["carphone"], "--json")
    assert {Path(hit["path"]).name for hit in out["hits"]} == {clips["carphone"].name}
    _, out, _ = run("search", "a man -bicycle", "--shortest", "9", "--no-annotated", "--json")
    assert {Path(hit["path"]).name for hit in out["hits"]} <= {clips["bikes"].name}


def test_survey(run: Any, clips: dict[str, Path], tmp_path: Path) -> None:
    texts = tmp_path / "texts.txt"
    texts.write_text("a bicycle on a street\na man wearing a suit\n")
    status, out, _ = run("survey", clips["bikes"], "--texts", texts, "--json")
    assert status == 0
    assert out["segments"]
    assert {s["label"] for s in out["segments"]} <= {"a bicycle on a street", "a man wearing a suit"}
    assert all(0 <= s["start"] < s["end"] <= 10.0 for s in out["segments"])


def test_ground(run: Any, clips: dict[str, Path]) -> None:
    status, out, _ = run("ground", clips["bikes"], "a bicycle", "--json")
    assert status == 0
    assert set(out) == {"found", "moments", "curve"}
    assert set(out["moments"][0]) == {"start", "end", "score", "confidence"}
    scores = [m["score"] for m in out["moments"]]
    assert scores == sorted(scores, reverse=True)
    assert len(out["curve"]["times"]) == len(out["curve"]["scores"])


def test_people(run: Any, clips: dict[str, Path], tmp_path: Path) -> None:
    _, out, _ = run("speakers", clips["carphone"], "--json")
    assert set(out["tracks"][0]) >= {"track", "boxes", "times", "scores", "segments"}
    (tmp_path / "s.srt").write_text("1\n00:00:01,000 --> 00:00:02,500\nI am so sorry for your loss.\n")
    status, out, _ = run("emotions", clips["carphone"], "--subtitles", tmp_path / "s.srt", "--json")
    assert status == 0
    assert {"Expression · Person 1", "Dialogue emotion"} <= {s["track"] for s in out["segments"]}
    assert all(set(s) == {"track", "start", "end", "label", "score"} for s in out["segments"])


def test_the_model_of_faces_is_chosen_by_its_name(run: Any, indexed: Studio, clips: dict[str, Path]) -> None:
    status, _, _ = run("emotions", clips["carphone"], "--expression", "expression-raters", "--json")
    assert status == 0
    video = indexed.videos.resolve(str(clips["carphone"]))["id"]
    models = indexed.store.read(
        lambda db: db.execute("SELECT model FROM runs WHERE video_id = ? AND task = 'emotion' ORDER BY seq", (video,))
        .fetchall()
    )  # fmt: skip
    assert "expression-raters" in models[-1]["model"]


def test_annotations_and_export(run: Any, indexed: Studio, clips: dict[str, Path], tmp_path: Path) -> None:
    video = indexed.videos.resolve(str(clips["bigbuckbunny"]))["id"]
    wanted = {"edit_id": "cli", "op": "create", "id": "cli", "track": "t", "start": 1.0, "end": 2.0, "label": "é"}
    indexed.timelines.save(video, [wanted], "ann")
    _, out, _ = run("annotations", video, "--json")
    (found,) = (each for each in out["annotations"] if each["id"] == "cli")  # other tests leave some, too
    assert (found["start"], found["end"], found["label"], found["source"]) == (1.0, 2.0, "é", "manual")
    assert found["prediction_id"] is None
    status, _, _ = run("export", video, "--format", "json", "-o", tmp_path / "x.json")
    assert status == 0
    assert (tmp_path / "x.json").read_bytes() == indexed.exchange.export(video, "json")


def test_how_the_time_is_spent(run: Any, indexed: Studio, clips: dict[str, Path], tmp_path: Path) -> None:
    video = indexed.videos.resolve(str(clips["carphone"]))["id"]
    edits = [
        {
            "edit_id": f"b{n}",
            "op": "create",
            "id": f"b{n}",
            "track": "Budget",
            "start": n,
            "end": n + 0.5,
            "label": label,
        }
        for n, label in enumerate(("talks", "nods", "talks"))
    ]
    indexed.timelines.save(video, edits, "ann")
    status, out, _ = run("budget", "--track", "Budget", "--json")
    assert (status, [(row["label"], row["count"], row["total"]) for row in out["labels"]]) == (
        0, [("talks", 2, 1.0), ("nods", 1, 0.5)],
    )  # fmt: skip
    _, text, _ = run("budget", "--track", "Budget", "--transitions")
    assert "Budget: talks → nods" in text and "1 videos" not in text
    status, out, err = run("budget", "--track", "Budget", "-o", tmp_path / "budget.csv")
    assert (status, out) == (0, "") and "2 rows written to budget.csv" in err
    assert (tmp_path / "budget.csv").read_text("utf-8-sig").splitlines()[1].startswith("Budget,talks,2,1.0,0.5,")


def test_the_rest_works(run: Any, tmp_path: Path, clips: dict[str, Path]) -> None:
    assert run("index", clips["bikes"], "--json")[1]["indexed"][0]["frames"] > 5
    assert Studio(Settings(home=tmp_path / "other")).close() is None
    status, out, _ = run("models", "verify", "--json")
    assert status == 0
    tasks = {card["task"] for card in out["models"]}
    assert tasks >= {"text_video", "grounding", "expression", "dialog_emotion", "active_speaker", "face_detector"}
    assert run("doctor", "--json")[0] == 0


def test_backup_and_restore_print_json(run: Any, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    status, out, _ = run("backup", copy, "--json")
    assert (status, out) == (0, {"backup": str(copy), "bytes": copy.stat().st_size})
    home = tmp_path / "home"
    restore = [sys.executable, "-m", "studio.cli", "restore", str(copy), "--home", str(home), "--json"]
    first, second = (json.loads(subprocess.check_output(restore, timeout=60)) for _ in range(2))
    assert first == {"restored": str(copy), "kept": None}
    assert second["restored"] == str(copy)
    assert Path(second["kept"]).parent == home


def test_a_command_begins_without_what_few_need() -> None:
    """Each of these takes as long to import as all of the command line, and something imports it for nothing."""
    code = "import sys, studio.cli; print(*{'pandas', 'scipy', 'torch', 'gradio'} & {*sys.modules})"
    assert subprocess.check_output([sys.executable, "-c", code]).split() == []


def test_serve_prints_where_it_can_be_reached(tmp_path: Path) -> None:
    options = ["--home", str(tmp_path), "--port", "0", "--no-browser", "--json"]
    command = [sys.executable, "-m", "studio.cli", "serve", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout is not None
            said = json.loads(process.stdout.readline())
            assert said["library"] == str(tmp_path)
            with urllib.request.urlopen(said["url"], timeout=30) as page:
                assert b"Moment Studio" in page.read()
        finally:
            process.terminate()


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_ctrl_c_ends_the_studio_in_one_line(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "studio.cli", "serve", "--home", str(tmp_path), "--port", "0", "--no-browser"]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # where tests run as a shell's background job
    )  # fmt: skip

    def leaves_it(child: psutil.Process) -> bool:
        status = Path(f"/proc/{child.pid}/status").read_text()
        return bool(int(re.findall(r"SigIgn:\s*(\w+)", status)[0], 16) & 1 << signal.SIGINT - 1)

    def worker() -> psutil.Process | None:
        with contextlib.suppress(psutil.Error, OSError):
            children = psutil.Process(process.pid).children(recursive=True)
            return next((child for child in children if "spawn_main" in " ".join(child.cmdline())), None)
        return None

    assert process.stdout is not None
    (address,) = re.findall(r"is at (http\S+) \(stop it with Ctrl\+C\)", process.stdout.readline().decode())
    urllib.request.urlopen(address, timeout=30).close()
    deadline = time.monotonic() + 60
    while ((child := worker()) is None or not leaves_it(child)) and time.monotonic() < deadline:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said.decode().splitlines() == ["studio: stopped"]


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (["search", "", "--json"], 2, "Say in a few words"),
        (["search", "--json"], 2, "Give one QUERY"),
        (["search", "x", "--top", "0"], 2, "at least 1"),
        (["ground", "nothing-here", "x"], 1, "studio add"),
        (["add", "/nowhere.mp4"], 1, "nowhere.mp4"),
        (["export", "nothing-here", "--format", "docx"], 1, "studio add"),
        (["serve", "--host", "0.0.0.0"], 2, "this library has no users"),
        (["serve", "--port", "99999"], 2, "not a port"),
        (["serve", "--folder", "nowhere"], 2, "There is no folder"),
        (["dance"], 2, "invalid choice"),
        (["search", "x", "--encoder", "no-such-model"], 1, "no-such-model"),
    ],
)  # fmt: skip
def test_a_mistake_gets_one_line_and_the_right_status(run: Any, arguments: list[str], status: int, says: str) -> None:
    code, out, error = run(*arguments)
    assert code == status
    assert says in error
    assert "Traceback" not in error
    assert out == ""
    if "dance" not in arguments:
        assert len(error.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (PermissionError(13, "Permission denied", "/some/file"), "studio: Permission denied: /some/file; check"),
        (OSError("it is gone"), "studio: it is gone; check"),
    ],
)
def test_what_the_machine_refuses_is_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, error: OSError, says: str
) -> None:
    def refuse(settings: Settings) -> None:
        raise error

    monkeypatch.setattr("studio.cli.maintenance.examine", refuse)
    assert main(["doctor"]) == 1
    told = capsys.readouterr().err
    assert told.startswith(says) and len(told.splitlines()) == 1
