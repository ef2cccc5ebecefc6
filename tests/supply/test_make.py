"""make.py does what `make` does on every system, and installs what the lock says."""

import ast
import importlib.util
import os
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ModuleType:
    """The script, for a fresh copy of the sources, which calls nothing but remembers it in `calls`."""
    spec = importlib.util.spec_from_file_location("make", ROOT / "make.py")
    assert spec is not None and spec.loader is not None
    module: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name in ("pyproject.toml", "setup.py", "requirements.lock", "package.json", "package-lock.json"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    (tmp_path / ".venv").mkdir()
    (tmp_path / "node_modules").mkdir()
    module.ROOT, module.calls = tmp_path, []
    module.PYTHON = tmp_path / ".venv" / "python"
    remember = lambda *command: module.calls.append([str(part) for part in command])  # noqa: E731
    monkeypatch.setattr(module, "call", remember)
    monkeypatch.setattr(module, "call_together", lambda commands: [remember(*command) for command in commands])
    return module  # type: ignore[no-any-return]


def test_make_and_make_py_have_the_same_targets(make: Any) -> None:
    text = (ROOT / "Makefile").read_text("utf-8")
    (targets,) = re.findall(r"^([a-z -]+):\n\t@\$\(PYTHON\) make\.py \$@$", text, re.MULTILINE)
    assert set(targets.split()) == set(make.TARGETS) == set(re.findall(r"\.PHONY: (.*)", text)[0].split())
    assert [name for name in make.TARGETS if not re.search(rf"\b{name}\b", make.__doc__)] == []


def test_only_the_lock_is_installed_and_once(make: Any) -> None:
    make.install()
    installs = [command for command in make.calls if "pip" in command]
    assert len(installs) == 2
    assert all("--require-hashes" in command or "--no-deps" in command for command in installs)
    assert [command[1:3] for command in make.calls if command not in installs] == [["-m", "venv"]]
    make.calls.clear()
    make.install()
    assert make.calls == []
    os.utime(make.ROOT / "requirements.lock", (2e9, 2e9))  # it was changed since
    make.install()
    assert len([command for command in make.calls if "pip" in command]) == 2


def test_types_are_checked_for_every_system(make: Any) -> None:
    make.lint()
    checked = [command[command.index("--platform") + 1] for command in make.calls if "mypy" in command]
    assert sorted(checked) == ["darwin", "linux", "win32"]


def test_what_runs_beside_the_tests_and_fails_fails_all(make: Any) -> None:
    log = make.ROOT / "types.log"
    say = "import sys; print(sys.argv[1]); sys.exit(sys.argv[1] == 'wrong')"
    calls = {word: [sys.executable, "-c", say, word] for word in ("right", "wrong")}
    assert make.call_into(log, [calls["wrong"], calls["right"]])
    assert log.read_text("utf-8").split() == ["wrong", "right"], "all of them are run, and can be read"
    assert not make.call_into(log, [calls["right"]])
    assert [command[1:3] for command in make.type_checks()] == [["-m", "mypy"]] * 3


def test_what_fails_ends_it_with_its_status(make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    command = (sys.executable, "-c")
    make.call(*command, "pass")
    make.call_together([(*command, "pass")] * 2)
    with pytest.raises(SystemExit, match="3"):
        make.call(*command, "raise SystemExit(3)")
    with pytest.raises(SystemExit, match="1"):
        make.call_together([(*command, "raise SystemExit(3)"), (*command, "pass")])


def test_run_opens_the_demo(make: Any) -> None:
    make.main(["run"])
    assert make.calls[-1][1:] == ["-m", "studio.cli", "demo"]


def test_what_is_wrong_is_said(make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SystemExit, match=r"py make\.py run"):
        make.main(["rnu"])
    monkeypatch.setattr(sys, "version_info", (3, 9, 1))
    with pytest.raises(SystemExit, match=r"needs Python 3\.11 or newer"):
        make.main(["run"])


def test_an_old_python_can_read_it_to_say_so() -> None:
    ast.parse((ROOT / "make.py").read_text("utf-8"), feature_version=(3, 6))
