"""Who builds a model. A card names an architecture; a function marked with that name builds it:

    @architecture("merge-tree")
    def build(files, card, device): ...

`files` holds the bytes of the card's files by role, after their sha256 matched; of a model of the gallery, which may be
as large as memory, where they lie. The module of an architecture is found
by its mark, in its text, and imported when somebody loads such a model: listing models imports none of them.
"""

import functools
import importlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from studio.models.card import ModelError

Builder = Callable[..., Any]
B = TypeVar("B", bound=Builder)
_registered: dict[str, Builder] = {}
_MARK = re.compile(r"^@architecture\(([^)]*)\)", re.MULTILINE)


def architecture(*names: str) -> Callable[[B], B]:
    """Mark the function that builds the models of these architectures, with literal names."""

    def register(build: B) -> B:
        _registered.update(dict.fromkeys(names, build))
        return build

    return register


@functools.cache
def modules() -> dict[str, str]:
    """The module of every architecture, by name."""
    root = Path(__file__).parent
    return {
        name: ".".join((__package__ or "", *file.relative_to(root).with_suffix("").parts))
        for file in sorted(root.rglob("*.py"))
        for mark in _MARK.findall(file.read_text(encoding="utf-8"))
        for name in re.findall(r'"([^"]+)"', mark)
    }


def builder(name: str) -> Builder:
    """The function that builds the models of an architecture.

    Raises ModelError for an unknown one.
    """
    if name not in _registered:
        module = modules().get(name)
        if module is None:
            raise ModelError(f"Nothing here can build a model of the architecture “{name}”; update the product.")
        importlib.import_module(module)
    return _registered[name]
