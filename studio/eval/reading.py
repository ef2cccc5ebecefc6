"""JSON and JSON Lines files of records, read with suspicion."""

import json
import math
from pathlib import Path
from typing import Any

from studio.errors import FormatError

Record = dict[str, Any]
_MOST_BYTES = 256 * 2**20


def text(path: Path) -> str:
    """The text of a file. Raises FormatError."""
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise FormatError(f"“{path.name}” is larger than {_MOST_BYTES >> 20} MB; split it.")
        return path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError):
        raise FormatError(f"“{path.name}” cannot be read as text; check the path.") from None


def records(path: Path) -> list[Record]:
    """The objects of a file: a JSON list, JSON Lines, one object, or an object with a list under `results`.

    Raises FormatError naming the line.
    """
    whole = text(path)
    try:
        found = json.loads(whole)
    except (ValueError, RecursionError):
        found = [_line(path, number, line) for number, line in enumerate(whole.splitlines(), 1) if line.strip()]
    if isinstance(found, dict):
        found = found.get("results", [found])
    if not isinstance(found, list) or not found or not all(isinstance(record, dict) for record in found):
        raise FormatError(f"“{path.name}” must hold a list of JSON objects, or one on each line.")
    return found


def _line(path: Path, number: int, line: str) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        raise FormatError(f"“{path.name}”, line {number}, is not JSON.") from None


def label(record: Record, *names: str) -> str | None:
    """The first of some fields, as text without needless blanks; None when there is none."""
    for name in names:
        value = record.get(name)
        if isinstance(value, str | int) and not isinstance(value, bool):
            return " ".join(str(value).split())
    return None


def number(value: Any, where: str) -> float:
    """A finite number. Raises FormatError saying where it should have been."""
    try:
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
            return float(value)
    except OverflowError:  # an integer of hundreds of digits
        pass
    raise FormatError(f"{where} must be a number, not {value!r:.40}.")


def items(value: Any, where: str) -> list[Any]:
    """A list. Raises FormatError saying where it should have been."""
    if not isinstance(value, list):
        raise FormatError(f"{where} must be a list, not {value!r:.40}.")
    return value
