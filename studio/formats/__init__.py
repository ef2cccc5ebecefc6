"""Annotation files: one module a format, bytes ↔ Timeline, all registered here."""

from collections.abc import Callable
from dataclasses import dataclass

from studio.errors import UsageError
from studio.formats import native, subtitles
from studio.timeline import Timeline


@dataclass(frozen=True, slots=True)
class Format:
    """A file format by the name the command line uses."""

    name: str
    title: str
    extension: str
    write: Callable[[Timeline], bytes]


FORMATS = {f.name: f for f in (Format("json", "Moment Studio JSON (lossless)", ".json", native.write),)}


def named(name: str) -> Format:
    """The format of that name.

    Raises UsageError that lists those there are.
    """
    if name not in FORMATS:
        raise UsageError(f"“{name}” is not a format; use one of: {', '.join(FORMATS)}.")
    return FORMATS[name]


__all__ = ["FORMATS", "Format", "named", "native", "subtitles"]
