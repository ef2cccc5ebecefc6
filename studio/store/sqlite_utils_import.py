"""sqlite_utils is imported here, without pandas: it asks for that only to know its types of columns, none of which are
stored here, and each command and each worker would need half as long again to begin.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import cast


@contextmanager
def _without_pandas() -> Iterator[None]:
    if "pandas" in sys.modules:
        yield
        return
    sys.modules["pandas"] = cast(ModuleType, None)  # as if it were not installed
    try:
        yield
    finally:
        del sys.modules["pandas"]


with _without_pandas():
    from sqlite_utils import Database, Migrations

__all__ = ["Database", "Migrations"]
