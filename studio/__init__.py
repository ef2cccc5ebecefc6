"""Moment Studio: search video for moments, correct what models propose, keep the corrections."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from studio.library import open_library

__version__ = "0.1.0"
__all__ = ["__version__", "open_library"]


def __getattr__(name: str) -> Any:
    """`open_library` is imported when it is asked for: the processes that read videos must not load the database."""
    if name == "open_library":
        from studio.library import open_library

        return open_library
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
