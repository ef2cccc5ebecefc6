"""The tutorials tell the truth: every command in them runs, in order, on real clips, and leaves what it says."""

import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from studio.cli import main

DOCS = Path(__file__).parents[2] / "docs"
BLOCKS = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.DOTALL | re.MULTILINE)
LEFT = {
    "data-set-builder": ["bicycles"],
    "emotion-researcher": ["proposals.json", "talk.eaf", "talk.csv"],
    "conversation-researcher": [
        "speakers.json",
        "turns.json",
        "overlaps.json",
        "gaps.csv",
        "talk.TextGrid",
        "turns.eaf",
        "corrected.rttm",
    ],
    "model-author": ["found.json"],
}


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory, clips: dict[str, Path]) -> Iterator[Path]:
    """A folder with two videos and one library, which the tutorials share as one person's would be."""
    folder = tmp_path_factory.mktemp("tutorials")
    shutil.copy(clips["bikes"], folder / "street.mp4")
    shutil.copy(clips["carphone"], folder / "talk.mp4")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("STUDIO_HOME", str(folder / "home"))
        yield folder


def run(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    """One command as a shell would run it here, with > FILE at its end or not."""
    command, _, target = line.partition(" > ")
    program, *arguments = shlex.split(command)
    assert program == "studio", line
    status = main([*arguments, "--device", "cpu"])
    said = capsys.readouterr()
    assert status == 0, (line, said.err)
    if target:
        Path(target).write_text(said.out, encoding="utf-8")


@pytest.mark.parametrize("name", LEFT)
def test_every_command_of_a_tutorial_runs(name: str, context: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = (DOCS / "tutorials" / f"{name}.md").read_text("utf-8")
    commands = 0
    for kind, file, content in BLOCKS.findall(page):
        if file:
            (context / file).write_text(content, encoding="utf-8")
        if kind in ("console", "bash", "sh"):
            for line in content.splitlines():
                assert line.startswith("$ "), line
                run(line.removeprefix("$ "), capsys)
                commands += 1
    assert commands >= 5
    for left in LEFT[name]:
        assert (context / left).exists(), left


def test_every_tutorial_is_run_and_linked() -> None:
    readme = (DOCS.parent / "README.md").read_text("utf-8")
    assert {page.stem for page in (DOCS / "tutorials").glob("*.md")} == LEFT.keys()
    assert all(f"docs/tutorials/{name}.md" in readme for name in LEFT)


@pytest.mark.parametrize("page", sorted(DOCS.rglob("*.md")), ids=lambda page: page.name)
def test_every_link_and_picture_is_there(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:\s]+)\)", page.read_text("utf-8")):
        file = page.parent / target
        assert file.exists(), target
        assert file.suffix != ".png" or file.stat().st_size < 250_000, target
