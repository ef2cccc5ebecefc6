"""Gradio is imported here first, since half of the time that it takes is spent for nothing: it reads and parses the
source of each of its components to keep stub files for editors up to date. It leaves out a component whose source it
cannot find (`gradio.component_meta.create_or_modify_pyi`), so it is told that there is none.
"""

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def _without_stubs() -> Iterator[None]:
    getfile = inspect.getfile

    def no_source_of_components(of: Any) -> str:
        if isinstance(of, type) and of.__module__.startswith("gradio."):
            raise OSError
        return getfile(of)

    inspect.getfile = no_source_of_components  # type: ignore[assignment]
    try:
        yield
    finally:
        inspect.getfile = getfile


with _without_stubs():
    import gradio  # noqa: F401
