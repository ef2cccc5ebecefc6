"""What differs between systems stays in studio/platform: nothing else asks which system it is on, calls what only some
have, or replaces files by itself."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.platform.pretend import POSIX_MODULES, POSIX_NAMES

ROOT = Path(__file__).parents[2]
MODULES = POSIX_MODULES | {"ctypes", "msvcrt", "winreg", "_winapi"}
# os.kill ends any process on Windows, whatever the signal
NAMES = {**POSIX_NAMES, "os": POSIX_NAMES["os"] | {"kill", "name", "O_BINARY", "startfile"}, "sys": {"platform"},
         "platform": {"system", "uname"}}  # fmt: skip
CHANGES = {"unlink", "rename", "rmdir", "rmtree", "removedirs", "renames"}
SHUTIL, OS = {"move"}, {"remove", "replace", "fsync"}
TEXT = {"read_text": 0, "write_text": 1}  # where the encoding is among the arguments


def offences(source: str) -> Iterator[tuple[int, str]]:
    """Line and reason of each thing that belongs into studio/platform."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=names):
                yield from ((node.lineno, f"import {a.name}") for a in names if a.name.partition(".")[0] in MODULES)
            case ast.ImportFrom(module=str(module), level=0, names=names):
                if module.partition(".")[0] in MODULES:
                    yield node.lineno, f"import {module}"
                yield from ((node.lineno, f"{module}.{a.name}") for a in names if a.name in NAMES.get(module, ()))
            case ast.Attribute(value=ast.Name(id=module), attr=name) if name in NAMES.get(module, ()):
                yield node.lineno, f"{module}.{name}"
            case ast.Call(func=ast.Attribute(value=value, attr=name)) if reason := _call(node, value, name):
                yield node.lineno, reason


def _call(node: ast.Call, value: ast.expr, name: str) -> str:
    module = value.id if isinstance(value, ast.Name) else ""
    if (module == "shutil" and name in SHUTIL) or (module == "os" and name in OS):
        return f"{module}.{name}: use studio.platform.files"
    if name in CHANGES:
        return f"{name}: use studio.platform.files"
    if name == "replace" and len(node.args) == 1 and not node.keywords:
        return "replace of a file: use studio.platform.files"
    if name in TEXT and len(node.args) <= TEXT[name] and not any(k.arg == "encoding" for k in node.keywords):
        return f"{name} in the system's own encoding"
    return ""


def test_nothing_else_knows_the_system() -> None:
    found = [
        f"{file.relative_to(ROOT)}:{line}: {reason}"
        for top in ("studio", "models", "assets")
        for file in sorted((ROOT / top).rglob("*.py"))
        if not file.is_relative_to(ROOT / "studio" / "platform")
        for line, reason in offences(file.read_text("utf-8"))
    ]
    assert found == []


BELONGS = (
    "import fcntl", "from resource import getrlimit", "import ctypes.util", "os.fork()", "from os import pidfd_open",
    "os.kill(1, 0)", "sys.platform == 'win32'", "os.name", "platform.system()", "signal.SIGKILL", "socket.AF_UNIX",
    "select.poll()", "path.unlink()", "a.replace(b)", "folder.rename(x)", "shutil.rmtree(x)", "shutil.move(a, b)",
    "os.replace(a, b)", "os.open(p, os.O_NOFOLLOW)", "path.read_text()", "path.write_text(x)",
)  # fmt: skip
MAY_BE = (
    "import os", "'a'.replace('b', 'c')", "dataclasses.replace(x, a=1)", "replace(row, a=1)", "path.read_text('utf-8')",
    "os.replace_all", "files.replace(a, b)", "signal.SIGINT", "platform.platform()",
)  # fmt: skip


@pytest.mark.parametrize("line", BELONGS)
def test_the_check_sees_it(line: str) -> None:
    assert list(offences(line))


@pytest.mark.parametrize("line", MAY_BE)
def test_the_check_lets_pass(line: str) -> None:
    assert not list(offences(line))
