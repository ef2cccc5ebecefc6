"""The example of docs/plugins.md, installed as a person would, is a model like any other; broken ones break nothing."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from studio import models
from studio.models.card import ModelCard, ModelError
from studio.models.grounding.plugin_adapter import PluginAdapter
from studio.service import Studio

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "docs" / "example-plugin"
BROKEN = {  # entry point → (its code, its card)
    "typo": ("def build(:", {}),
    "elsewhere": ("import /nowhere", {}),
    "missing": ("import a_package_that_nobody_has", {}),
    "stops": ("raise SystemExit('stopped')", {}),
    "unbuilt": ("", {}),
    "cardless": ("def build(files, card, device): ...", None),
    "consensus": ("def build(files, card, device): ...", {}),
    "taskless": ("def build(files, card, device): ...", {"task": "cooking"}),
    "greedy": ("def build(files, card, device): ...", {"default": True}),
    "numbers": ("def build(files, card, device): ...", {"version": 3}),
    "raises": ("def build(files, card, device): raise OSError('no file /home/somebody/secret.bin')", {}),
    "babble": ("class E:\n def propose(self, *a): return [(5, 1, 2)]\ndef build(*a): return E()", {}),
}


def installed(source: Path, into: Path) -> Path:
    """A package in a folder of its own, offline, by pip."""
    copy = into.parent / f"{into.name}-source"
    shutil.copytree(source, copy)
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--no-build-isolation",
         "--target", str(into), str(copy)],
        check=True, capture_output=True,
    )  # fmt: skip
    return into


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return installed(EXAMPLE, tmp_path_factory.mktemp("plugin") / "site")


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package with one plug-in for each thing that can be wrong with one."""
    source = tmp_path_factory.mktemp("broken") / "package"
    lines = ["[project]", "name = 'broken-models'", "version = '2'", "[project.entry-points.'studio.models']"]
    for name, (code, card) in BROKEN.items():
        folder = source / f"b_{name}"
        folder.mkdir(parents=True)
        (folder / "__init__.py").write_text(code)
        lines.append(f"{name} = 'b_{name}:build'")
        if card is not None:
            facts = {"name": name, "task": "grounding", "version": "1", "licence": "x", "source": "x", "summary": "x"}
            said = "\n".join(f"{key} = {json.dumps(value)}" for key, value in {**facts, **card}.items())
            (folder / f"{name}.md").write_text(f"+++\n{said}\n+++\n")
    packages = [f"b_{name}" for name in BROKEN]
    lines += ["[tool.setuptools]", f"packages = {packages}", "[tool.setuptools.package-data]", "'*' = ['*.md']"]
    (source / "pyproject.toml").write_text("\n".join(lines))
    return installed(source, source.parent / "site")


# One after the other in a process, since each would load the same packages again: status, output and errors of each.
COMMANDS = """
import contextlib, io, json, sys
from studio.cli import main
for command in json.loads(sys.argv[1]):
    said, wrong = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(wrong):
        status = main(command)
    print(json.dumps([status, said.getvalue(), wrong.getvalue()]))
"""


def studio(site: Path, home: Path, *commands: list[str]) -> list[tuple[int, str, str]]:
    environment = {**os.environ, "PYTHONPATH": str(site), "STUDIO_HOME": str(home)}
    line = [sys.executable, "-c", COMMANDS, json.dumps(commands)]
    done = subprocess.run(line, stdout=subprocess.PIPE, text=True, env=environment, cwd=site.parent, check=True)
    return [tuple(json.loads(each)) for each in done.stdout.splitlines()]


def test_the_page_shows_the_example(example: Path) -> None:
    page = (ROOT / "docs" / "plugins.md").read_text("utf-8")
    shown = re.findall(r"```(?:python|toml|md)\n(.*?)```", page, re.DOTALL)
    files = ("pyproject.toml", "spotlight_model/spotlight.md", "spotlight_model/__init__.py")
    assert [block.strip() for block in shown] == [(EXAMPLE / name).read_text("utf-8").strip() for name in files]
    code = (EXAMPLE / "spotlight_model" / "__init__.py").read_text("utf-8")
    assert len(code.splitlines()) <= 31


def test_an_installed_model_grounds_by_its_name(example: Path, indexed: Studio, clips: dict[str, Path]) -> None:
    home = indexed.settings.home
    grounding = ["ground", str(clips["bikes"]), "a bicycle", "--engine", "spotlight", "--check", "--json"]
    (status, said, wrong), (_, models_listed, _) = studio(example, home, grounding, ["models", "list", "--json"])
    assert status == 0, wrong
    found = json.loads(said)["moments"]
    assert found and all(0 <= m["start"] < m["end"] <= 10 and 0 <= m["confidence"] <= 1 for m in found)
    with_model = indexed.store.read(lambda db: db.execute("SELECT model FROM runs ORDER BY seq DESC").fetchone()[0])
    assert with_model.startswith("spotlight/")
    listed = json.loads(models_listed)["models"]
    (row,) = [each for each in listed if each["name"] == "spotlight"]
    assert (row["task"], row["installed"], row["problems"], row["plugin"]) == ("grounding", True, [], "spotlight-model")
    script = "from studio.service.models import engines; print(*engines())"  # what the app offers
    environment = {**os.environ, "PYTHONPATH": str(example)}
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=environment, check=True)
    assert "spotlight" in said.stdout.split() and said.stdout.split()[0] == "consensus"


def test_a_broken_one_is_a_sentence_and_breaks_nothing(broken: Path, indexed: Studio, clips: dict[str, Path]) -> None:
    home, clip = indexed.settings.home, str(clips["bikes"])
    ground, late = ["ground", clip, "a bicycle"], {"raises", "babble"}  # what only using them tells
    asked = ("raises", "babble", "typo")
    doctor, without, *with_broken = studio(
        broken, home, ["doctor", "--json"], ground, *([*ground, "--engine", name] for name in asked)
    )
    checks = json.loads(doctor[1])["checks"]
    wrong = {c["what"].removeprefix("Model ").split()[0]: c["found"] for c in checks if not c["ok"]}
    assert set(wrong) == BROKEN.keys() - late
    for name, sentence in wrong.items():
        assert sentence.startswith(f"The plug-in {name} cannot be used ("), sentence
        assert sentence.endswith("remove it: pip uninstall broken-models.") and sentence.count("\n") == 0
        assert str(broken) not in sentence
    assert "no card cardless.md" in wrong["cardless"] and "another model has this name" in wrong["consensus"]
    assert "SyntaxError" in wrong["typo"] and "ModuleNotFoundError" in wrong["missing"]
    assert without[0] == 0, without[2]
    for name, (status, _, said) in zip(asked, with_broken, strict=True):
        assert status == 1 and said.startswith(f"studio: The plug-in {name} "), said
        assert said.count("\n") == 1 and "/home/somebody" not in said


CARD = ModelCard("guest", "grounding", "1", "x", "x", "x", {})


class Says:
    """An engine with one answer to everything."""

    def __init__(self, answer: object) -> None:
        self.answer = answer

    def propose(self, *_: object) -> object:
        return self.answer


def test_a_guest_is_held_to_the_promises_of_engines() -> None:
    times, scores = np.arange(10.0), np.linspace(0, 1, 10)
    guest = PluginAdapter(Says([(1, 2, 0.2), (3, 99, 0.9), (4, 5, 0.5)]), CARD)
    assert guest.propose(times, scores, 2, 10.0) == [(3.0, 10.0, 0.9), (4.0, 5.0, 0.5)]
    assert (guest.name, guest.version, guest.needs, guest.labels) == ("guest", "1", frozenset(), ("moment",))
    for answer in (
        None,
        3,
        [(1, 2)],
        [("a", 2, 1)],
        [(2, 1, 0.5)],
        [(-1, 1, 0.5)],
        [(0, 1, 2)],
        [(0, float("nan"), 1)],
    ):
        with pytest.raises(ModelError, match="The plug-in guest failed"):
            PluginAdapter(Says(answer), CARD).propose(times, scores)
    with pytest.raises(ModelError, match="no method propose"):
        PluginAdapter(object(), CARD)
    assert models.cards("plug-in") == []
