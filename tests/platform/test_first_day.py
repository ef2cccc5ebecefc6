"""A whole first day without what only POSIX or only Linux has: see `tests.platform.first_day`."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
SYSTEMS = {"win32": "Windows", "darwin": "MacOS"}


def first_day(system: str, folder: Path, clip: Path, *more: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.platform.first_day", system, str(folder), str(clip), *more]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    return dict(json.loads(done.stdout))


def check(found: dict[str, Any], system: str) -> None:
    assert (found["system"], found["launcher"]) == (SYSTEMS[system], "Spawner")
    assert found["page"] and "javascript" in found["script"]
    assert found["uploaded"] == "NUL.mp4" and found["uploaded twice"]
    assert found["saved"] == ["saved"] and found["played"] and found["picture"] == "ffd8"
    assert found["files"] == ["_NUL.eaf"], "NUL.eaf would be a device"
    assert found["hits"] and set(found["hits"]) == {found["video"]}
    assert (found["imported"], found["annotations"]) == (1, 2)
    assert len(found["doctor"]) >= 1
    assert found["left"] == []
    # Windows keeps a file that is open, and the studio its row until the file can go
    assert (found["deleted while open"], found["deleted"]) == ((0, 1) if system == "win32" else (1, 0))


def test_on_windows(tmp_path: Path, clips: dict[str, Path]) -> None:
    found = first_day("win32", tmp_path, clips["bikes"])
    check(found, "win32")
    assert {"Popen", "AssignProcessToJobObject"} <= set(found["calls"])


@pytest.mark.release
@pytest.mark.parametrize(("system", "more"), [("win32", "workers"), ("darwin", ""), ("darwin", "workers")])
def test_on_each_system_with_models_here_and_in_processes(
    system: str, more: str, tmp_path: Path, clips: dict[str, Path]
) -> None:
    check(first_day(system, tmp_path, clips["bikes"], more), system)
