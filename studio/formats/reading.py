"""Foreign text read with suspicion: encodings, JSON, numbers, times. Every error is one FormatError sentence.

Inside of `bounded` a reader stops at the first segment, line or object too many, and not after it has built them all.
"""

import json
import math
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeGuard, TypeVar

from studio.errors import FormatError, UsageError
from studio.timeline import checked_attributes

T = TypeVar("T")
Json = dict[str, Any]
_MOST_SECONDS = 10**7
_PARTS_A_MARK = 20  # lines, rows, JSON objects and lists that a file may have for each segment that it may have
_LINE = re.compile(r"([^\r\n]*)(?:\r\n|\r|\n|\Z)")  # only CR and LF end a line


class TooMany(FormatError):
    """A file with more segments, or more of anything else, than is read."""


@dataclass(slots=True)
class _Room:
    """What is left to read; `most` segments at first."""

    most: int
    marks: int
    parts: int


_room: ContextVar[_Room | None] = ContextVar("room", default=None)


@contextmanager
def bounded(most: int) -> Iterator[None]:
    """Within, at most so many segments are read, and in proportion lines and objects; more raise TooMany."""
    token = _room.set(_Room(most, most, most * _PARTS_A_MARK))
    try:
        yield
    finally:
        _room.reset(token)


@contextmanager
def uncounted() -> Iterator[None]:
    """Within, nothing is counted: what is made there was found before."""
    token = _room.set(None)
    try:
        yield
    finally:
        _room.reset(token)


def take_mark() -> None:
    """A segment was found. Raises TooMany."""
    room = _room.get()
    if room is not None:
        room.marks -= 1
        if room.marks < 0:
            raise TooMany(f"This file has more than {room.most} segments; split it.")


def room_for(marks: int) -> None:
    """Raises TooMany unless that many segments can still be taken."""
    room = _room.get()
    if room is not None and marks > room.marks:
        raise TooMany(f"This file has more than {room.most} segments; split it.")


def take_parts(count: int) -> None:
    """So many lines, rows, objects or lists were found. Raises TooMany."""
    room = _room.get()
    if room is not None:
        room.parts -= count
        if room.parts < 0:
            raise TooMany(f"This file has more than {room.most * _PARTS_A_MARK} lines or entries; split it.")


def text_of(data: bytes) -> str:
    """The text: UTF-8, or UTF-16 with its mark. Line ends stay as they are."""
    try:
        if data.startswith((b"\xff\xfe", b"\xfe\xff")):
            return data.decode("utf-16")
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise FormatError("This file is not text in UTF-8; name its encoding, or save it as UTF-8.") from None


def lines_of(data: bytes) -> Iterator[tuple[int, str]]:
    """(number from 1, line) of every line that is not blank. Only CR and LF end a line. Raises FormatError."""
    for number, match in enumerate(_LINE.finditer(text_of(data)), 1):
        if match.group(1).strip():
            take_parts(1)
            yield number, match.group(1)


def counted(rows: Iterable[T]) -> Iterator[T]:
    """Rows of a table, one by one. Raises TooMany."""
    for row in rows:
        take_parts(1)
        yield row


def blocks_of(text: str) -> Iterator[str]:
    """What stands between blank lines, one by one; LF ends a line. Raises TooMany."""
    start = 0
    while start < len(text):
        end = text.find("\n\n", start)
        end = len(text) if end < 0 else end
        if block := text[start:end].lstrip("\n"):
            take_parts(1)
            yield block
        start = end + 2


class Doubled(dict[str, Any]):
    """An object in which a key stands twice, so that one value is lost: `child` and `expect` refuse it."""

    def refuse(self, where: str) -> None:
        raise FormatError(f"{where} has a key twice in one object, so one value would be lost; repair it.")


def is_object(value: Any) -> TypeGuard[Json]:
    """Whether a JSON value is an object in which nothing is lost."""
    return isinstance(value, dict) and not isinstance(value, Doubled)


def json_of(data: bytes | str) -> Any:
    """A JSON value. What JSON forbids or leaves open is left to whoever reads that element: NaN and infinities are
    numbers that are not finite, an object with a key twice is `Doubled`. Raises FormatError."""
    text = text_of(data) if isinstance(data, bytes) else data
    take_parts(text.count("{") + text.count("["))  # before anything is built of them
    try:
        value = json.loads(text, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        deep = isinstance(error, RecursionError)
        why = "it is nested too deeply" if deep else "it is damaged or another kind of file"
        raise FormatError(f"This file cannot be read as JSON: {why}.") from None
    return value


def _once(pairs: list[tuple[str, Any]]) -> Json:
    found = dict(pairs)
    return found if len(found) == len(pairs) else Doubled(found)


def child(parent: Any, key: str | int, kind: type | tuple[type, ...], where: str) -> Any:
    """`parent[key]`, of the wanted type."""
    try:
        if isinstance(parent, Doubled):
            parent.refuse(where)
        found = parent[key]
    except (KeyError, IndexError, TypeError):
        raise FormatError(f"{where} has no “{key}”; is this the right format?") from None
    if not isinstance(found, kind) or (isinstance(found, bool) and bool not in _kinds(kind)):
        raise FormatError(f"{where}: “{key}” is not what this format has there; is this the right format?")
    if isinstance(found, Doubled):
        found.refuse(f"{where}: “{key}”")
    return found


def _kinds(kind: type | tuple[type, ...]) -> tuple[type, ...]:
    return kind if isinstance(kind, tuple) else (kind,)


def expect(value: Any, kind: type, where: str) -> Any:
    """The value, of the wanted type."""
    if not isinstance(value, kind):
        raise FormatError(f"{where} is not what this format has there; is this the right format?")
    if isinstance(value, Doubled):
        value.refuse(where)
    return value


def us_of(value: Any, where: str, unit: int = 1_000_000) -> int:
    """Seconds, or what else is so many µs (`unit`), as a number or as its text → µs, to the nearest. Text is read
    exactly, without a detour over floats."""
    most = _MOST_SECONDS * 1_000_000 // unit
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= most:  # never NaN
        return round(value * unit)
    try:
        if not isinstance(value, str):
            raise ValueError
        number = Decimal(value.strip())
        if not number.is_finite() or abs(number) > most:
            raise ValueError
    except (ArithmeticError, ValueError, TypeError, AttributeError):
        counted = {1_000_000: "seconds", 1_000: "milliseconds"}[unit]
        raise FormatError(f"{where}: {value!r:.40} is not a time in {counted}.") from None
    return int((number * unit).to_integral_value())


def whole(value: Any, where: str) -> int:
    """A whole number, as a number or as its text."""
    try:
        if isinstance(value, bool) or (isinstance(value, float) and value != int(value)):
            raise ValueError
        number = int(value)
    except (ValueError, TypeError, OverflowError):
        raise FormatError(f"{where}: {value!r:.40} is not a whole number.") from None
    if abs(number) > 10**12:
        raise FormatError(f"{where}: {number} is far too large.")
    return number


def number(value: Any, where: str) -> float:
    """A finite number, as a number or as its text."""
    try:
        if isinstance(value, bool):
            raise ValueError
        found = float(value)
    except (ValueError, TypeError, OverflowError):
        found = math.nan
    if not math.isfinite(found):
        raise FormatError(f"{where}: {value!r:.40} is not a number.")
    return found


def decimal(us: int, least: int = 0) -> str:
    """µs → seconds as text, exact, with as many digits as it takes and at least so many after the point."""
    whole_part, rest = divmod(us, 1_000_000)
    digits = f"{rest:06d}".rstrip("0").ljust(least, "0")
    return f"{whole_part}.{digits}" if digits else str(whole_part)


def seconds_in(us: int) -> float:
    """µs → the float that is printed with at most six digits after the point."""
    return us / 1_000_000


def one_line(label: str) -> str:
    """A label on one line: what ends or splits lines becomes a blank, and blanks at its ends go."""
    return re.sub(r"[\x00-\x1f\x7f\x85\u2028\u2029]+", " ", label).strip()


def word(name: str) -> str:
    """A name without blanks, for formats whose fields they separate."""
    return re.sub(r"\s+", "_", one_line(name).strip()) or "_"


def dump(value: Any) -> bytes:
    """JSON as this product writes it: readable, UTF-8, the same value always the same bytes."""
    return (json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False) + "\n").encode()


def grouped(items: Iterable[T], key: Callable[[T], str]) -> dict[str, list[T]]:
    """Items by a key, keys and items in order of appearance."""
    found: dict[str, list[T]] = {}
    for item in items:
        found.setdefault(key(item), []).append(item)
    return found


def attributes_of(value: dict[str, Any], where: str) -> dict[str, Any]:
    """Attributes that a file gives a segment. Raises FormatError."""
    try:
        return checked_attributes(value)
    except UsageError as error:
        raise FormatError(f"{where}: {error}") from None


def attributes_in(text: str, where: str) -> dict[str, Any]:
    """Attributes that a cell has as JSON; {} for an empty one. Raises FormatError."""
    if not text.strip():
        return {}
    return attributes_of(expect(json_of(text.encode()), dict, f"{where}: “attributes”"), where)


def as_text(value: Any) -> str:
    """An attribute's value for a format that knows text only."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
