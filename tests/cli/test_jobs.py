"""`studio jobs`: the queue of a library, looked after from a terminal."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from studio.cli import main
from studio.cli.jobs import about
from studio.config import Settings
from studio.store import Store, jobs, videos
from tests.conftest import VIDEO


@pytest.fixture
def ask(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., dict[str, object]]:
    """studio jobs ARGUMENTS --json on a library with two jobs that wait, and one that failed."""
    store = Store(Settings(home=tmp_path / "home").ensure().database)
    store.write(lambda db: videos.insert(db, dict(VIDEO)))
    for name in ("one", "two", "bad"):
        store.write(lambda db, name=name: jobs.insert(db, "ground", "v1", {"query": name}, limit=None))  # type: ignore[misc]
    store.write(lambda db: jobs.finish(db, _id(db, "bad"), "failed", error="No file."))
    store.close()

    def call(*arguments: str) -> dict[str, object]:
        capsys.readouterr()
        status = main(["jobs", *arguments, "--json", "--home", str(tmp_path / "home")])
        said = capsys.readouterr()
        assert status == 0, said.err
        return dict(json.loads(said.out))

    return call


def _id(db: object, query: str) -> str:
    row = db.execute("SELECT id FROM jobs WHERE json_extract(params, '$.query') = ?", (query,)).fetchone()  # type: ignore[attr-defined]
    return str(row["id"])


def test_the_queue_is_listed_ordered_and_tried_again(ask: Callable[..., dict[str, object]]) -> None:
    def queries() -> list[str]:
        return [row["query"] for row in ask()["queue"]]  # type: ignore[attr-defined]

    found = ask()
    assert queries() == ["one", "two"] and found["waiting"] == 2 and found["failures"] == 1
    (bad,) = found["failed"]  # type: ignore[misc]
    assert (bad["query"], bad["error"], bad["title"]) == ("bad", "No file.", "Finding moments")
    second = found["queue"][1]["id"]  # type: ignore[index]
    ask("move", second, "--to", "first")
    assert queries() == ["two", "one"]
    ask("cancel", second)
    ask("retry", bad["id"])
    assert queries() == ["one", "bad"]
    ask("cancel", bad["id"])
    assert ask("retry", "--kind", "ground")["waiting"] == 1


def test_the_queue_is_paused_and_limited(ask: Callable[..., dict[str, object]]) -> None:
    assert ask("pause")["held"] == "The queue is paused."
    assert ask("resume")["paused"] is False
    assert ask("limit", "--hours", "20:00-07:00", "--cores", "0")["hours"] == "20:00-07:00"
    assert ask("limit", "--hours", "off")["hours"] == ""


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["move", "x"], "--to goes with move"),
        (["pause", "x"], "or move|dismiss|cancel JOB"),
        (["cancel"], "or move|dismiss|cancel JOB"),
        (["limit"], "--hours and --cores go with limit"),
        (["limit", "--hours", "nine"], "write them like 20:00-07:00"),
        (["limit", "--cores", "999"], "cores; name 1 to"),
        (["pause", "--kind", "index"], "--kind goes with retry"),
    ],
)
def test_misuse_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], says: str
) -> None:
    assert main(["jobs", *arguments, "--home", str(tmp_path / "home")]) == 2
    assert says in capsys.readouterr().err


def test_people_read_it_too(
    ask: Callable[..., dict[str, object]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ask("pause")
    assert main(["jobs", "--home", str(tmp_path / "home")]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[:2] == ["0 running, 2 waiting, 1 failed", "The queue is paused."]
    assert any(line.startswith("failed") and line.endswith("Finding moments talk.mp4 “bad”: No file.") for line in said)


@pytest.mark.parametrize(
    ("seconds", "says"),
    [
        (None, ""), (5, "less than a minute"), (700, "about 12 min"), (5000, "about 83 min"), (7200, "about 2 h"),
        (9000, "about 2.5 h"),
    ],
)  # fmt: skip
def test_an_estimate_is_said_roughly(seconds: float | None, says: str) -> None:
    assert about(seconds) == says
