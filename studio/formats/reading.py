"""Foreign text read with suspicion: encodings, JSON, numbers, times. Every error is one FormatError sentence."""

import json
import math
import re
from collections.abc import Callable, Iterable
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

from studio.errors import FormatError

T = TypeVar("T")
Json = dict[str, Any]
_MOST_SECONDS = 10**7


def text_of(data: bytes) -> str:
    """The text: UTF-8, or UTF-16 with its mark. Line ends stay as they are."""
    try:
        if data.startswith((b"\xff\xfe", b"\xfe\xff")):
            return data.decode("utf-16")
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise FormatError("This file is not text in UTF-8; save it as UTF-8 and try again.") from None


def lines_of(data: bytes) -> list[tuple[int, str]]:
    """(number from 1, line) of every line that is not blank. Only CR and LF end a line."""
    return [(n, line) for n, line in enumerate(re.split(r"\r\n|\r|\n", text_of(data)), 1) if line.strip()]


def json_of(data: bytes | str) -> Any:
    """A JSON value without what JSON forbids or leaves open: NaN, infinities, a key twice, bottomless nesting."""
    try:
        value = json.loads(
            text_of(data) if isinstance(data, bytes) else data,
            parse_constant=_refuse,
            parse_float=_finite,
            object_pairs_hook=_once,
        )
    except (ValueError, RecursionError) as error:
        deep = isinstance(error, RecursionError)
        why = "it is nested too deeply" if deep else "it is damaged or another kind of file"
        raise FormatError(f"This file cannot be read as JSON: {why}.") from None
    return value


def _refuse(name: str) -> Any:
    raise FormatError(f"This file holds {name}, which is no number in JSON; repair it and try again.")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise FormatError(f"This file holds the number {text:.20}, which is too large; repair it and try again.")
    return value


def _once(pairs: list[tuple[str, Any]]) -> Json:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [key for key, _ in pairs]
        twice = next(key for key in names if names.count(key) > 1)
        raise FormatError(f"This file has “{twice:.40}” twice in one object, so one would be lost; repair it.")
    return found


def child(value: Any, key: str | int, kind: type | tuple[type, ...], where: str) -> Any:
    """A field of an object, or an item of a list, of the wanted type."""
    try:
        found = value[key]
    except (KeyError, IndexError, TypeError):
        raise FormatError(f"{where} has no “{key}”; is this the right format?") from None
    if not isinstance(found, kind) or (isinstance(found, bool) and bool not in _kinds(kind)):
        raise FormatError(f"{where}: “{key}” is not what this format has there; is this the right format?")
    return found


def _kinds(kind: type | tuple[type, ...]) -> tuple[type, ...]:
    return kind if isinstance(kind, tuple) else (kind,)


def expect(value: Any, kind: type, where: str) -> Any:
    """The value, of the wanted type."""
    if not isinstance(value, kind):
        raise FormatError(f"{where} is not what this format has there; is this the right format?")
    return value


def us_of(value: Any, where: str) -> int:
    """Seconds, as a number or as its text → µs, to the nearest. Text is read exactly, without a detour over floats."""
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= _MOST_SECONDS:  # never NaN
        return round(value * 1_000_000)
    try:
        if not isinstance(value, str):
            raise ValueError
        number = Decimal(value.strip())
        if not number.is_finite() or abs(number) > _MOST_SECONDS:
            raise ValueError
    except (InvalidOperation, ValueError, TypeError, AttributeError):
        raise FormatError(f"{where}: {value!r:.40} is not a time in seconds.") from None
    return int((number * 1_000_000).to_integral_value())


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
