"""What the modules of a page call by name is what Python offers to that page: any other call would fail unseen until
somebody presses a button."""

import re
from pathlib import Path

import pytest

from studio.app.rpc import PAGES
from studio.service import Studio

MODULES = Path(__file__).parents[2] / "assets" / "web" / "js"
IMPORTED = re.compile(r'^import\s[^;]*?"(\.[^"]+)";', re.MULTILINE)
CALLED = re.compile(r'\bcall\(\s*[\w.#]*server\s*,\s*"(\w+)"')


def modules(root: Path) -> set[Path]:
    """A module, and all that it imports."""
    found, waiting = set(), [root]
    while waiting:
        if (module := waiting.pop()) not in found:
            found.add(module)
            waiting += [(module.parent / name).resolve() for name in IMPORTED.findall(module.read_text("utf-8"))]
    return found


@pytest.mark.parametrize("page", PAGES)
def test_a_page_calls_what_it_has(studio: Studio, page: str) -> None:
    offered = {method.__name__ for method in PAGES[page](studio)}
    called = {
        (name, str(module.relative_to(MODULES)))
        for module in modules((MODULES / f"{page}.js").resolve())
        for name in CALLED.findall(module.read_text("utf-8"))
    }
    assert called, "the pattern finds the calls"
    assert {each for each in called if each[0] not in offered} == set()
