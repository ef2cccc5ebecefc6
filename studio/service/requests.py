"""Values of a request, as any page or script may send them: each is what it should be, or one sentence says what is
wrong. JSON knows whole numbers without end, NaN and half characters; nothing behind these functions meets one."""

from dataclasses import MISSING, Field, dataclass, fields
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, NewType, Union, get_args, get_origin, get_type_hints

from studio.config import Limits
from studio.errors import UsageError
from studio.timeline import us

Request = dict[str, Any]
MOST_WHOLE = 2**53 - 1  # beyond, JavaScript rounds; SQLite holds a little more
MOST_NUMBER = 1e9
MOST_TEXT = 10_000
MOST_NAMES = 10_000


def text(request: Request, key: str, default: str | None = None, *, longest: int = MOST_TEXT) -> str:
    """A text of at most `longest` characters; null is as good as nothing. Raises UsageError."""
    value = request.get(key)
    value = default if value is None else value
    if not isinstance(value, str):
        raise UsageError(f"“{key}” must be a text.")
    if len(value) > longest:
        raise UsageError(f"“{key}” is too long; keep it under {longest} characters.")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise UsageError(f"“{key}” holds half a character; type it again.") from None
    return value


def whole(request: Request, key: str, default: int | None = None) -> int:
    """A whole number, 0 or more. Raises UsageError."""
    value = request.get(key, default)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MOST_WHOLE:
        raise UsageError(f"“{key}” must be a whole number, 0 or more.")
    return value


def number(request: Request, key: str, default: float | None = None) -> float:
    """A number, 0 or more; null is as good as nothing. Raises UsageError."""
    value = request.get(key)
    value = default if value is None else value
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value < MOST_NUMBER:  # never NaN
        raise UsageError(f"“{key}” must be a number, 0 or more.")
    return abs(float(value))  # -0.0 is 0


def time(request: Request, key: str, default: float | None = None) -> int:
    """A time or a duration, sent in seconds, 0 or more → µs. Raises UsageError."""
    try:
        return us(number(request, key, default))
    except UsageError:
        raise UsageError(f"“{key}” must be a time in seconds.") from None


def shift(request: Request, key: str) -> int | None:
    """By how much something lies later, sent in seconds, below 0 earlier → µs; None where nothing is said. Raises
    UsageError."""
    value = request.get(key)
    if value is None:
        return None
    if not isinstance(value, int | float) or isinstance(value, bool) or not abs(value) < MOST_NUMBER:  # never NaN
        raise UsageError(f"“{key}” must be a number of seconds.")
    return us(float(value))


def texts(request: Request, key: str, *, longest: int = MOST_TEXT, most: int = MOST_NAMES) -> dict[str, str]:
    """An object of texts; {} where there is none. Raises UsageError."""
    value = request.get(key) or {}
    if not isinstance(value, dict) or len(value) > most:
        raise UsageError(f"“{key}” must be an object of at most {most} names.")
    return {name: text({key: said}, key, longest=longest) for name, said in value.items()}


def listed(request: Request, key: str, most: int) -> list[Any]:
    """A list of at most so many entries; [] where there is none. Raises UsageError."""
    value = request.get(key)
    value = [] if value is None else value
    if not isinstance(value, list) or len(value) > most:
        raise UsageError(f"“{key}” must be a list of at most {most} entries.")
    return value


# ---------------------------------------------------------------- whole requests

Time = NewType("Time", int)
"""µs, sent in seconds, 0 or more."""


@dataclass(frozen=True, slots=True)
class AtMost:
    """How long a text or a list of a request may be: a number, or the name of one of `config.Limits`."""

    most: int | str


class Typed:
    """Base of the classes that `decode` makes: dataclasses whose fields have the names of the keys."""

    __slots__ = ()


def decode(wanted: Any, request: Request, limits: Limits) -> Any:
    """What a request says, as an object of the class `wanted`; the request itself where that is not a `Typed` class.

    Field types: str, int and float (0 or more), bool, Time, dict and list of texts, one of these or None, and Any,
    which is passed on unread. Raises UsageError.
    """
    if not (isinstance(wanted, type) and issubclass(wanted, Typed)):
        return request
    return wanted(**{each.name: _field(each, hint, request, limits) for each, hint in _fields(wanted)})  # type: ignore[arg-type]


@cache
def _fields(wanted: Any) -> list[tuple[Field[Any], Any]]:
    hints = get_type_hints(wanted, include_extras=True)
    return [(each, hints[each.name]) for each in fields(wanted)]


def _field(each: Field[Any], hint: Any, request: Request, limits: Limits) -> Any:
    key = each.name.removesuffix("_")
    default = None if each.default is MISSING else each.default
    if each.default_factory is not MISSING:
        default = each.default_factory()
    if hint is Any:
        return request.get(key, default)
    if get_origin(hint) in (UnionType, Union):  # the latter is what Python makes of `Time | None`
        if request.get(key) is None:
            return None
        (hint,) = (part for part in get_args(hint) if part is not NoneType)
    hint, most = _bound(hint, limits)
    if get_origin(hint) is dict:
        return _mapping(hint, key, request, limits)
    if get_origin(hint) is list:
        return [text({key: said}, key) for said in listed(request, key, most or MOST_NAMES)]
    if hint is bool:  # anything else is as good as nothing
        return request.get(key) if isinstance(request.get(key), bool) else default
    if hint is Time:
        return time(request, key, default)
    if hint is float:
        return number(request, key, default)
    return whole(request, key, default) if hint is int else text(request, key, default, longest=most or MOST_TEXT)


def _bound(hint: Any, limits: Limits) -> tuple[Any, int | None]:
    """A type without its `AtMost`, and that bound."""
    if get_origin(hint) is not Annotated:
        return hint, None
    bare, bound = get_args(hint)
    return bare, getattr(limits, bound.most) if isinstance(bound.most, str) else bound.most


def _mapping(hint: Any, key: str, request: Request, limits: Limits) -> dict[str, Any]:
    values, most = _bound(get_args(hint)[1], limits)
    if values is str:
        return texts(request, key, longest=most or MOST_TEXT)
    if not isinstance(request.get(key), dict):
        raise UsageError(f"“{key}” must be an object.")
    return dict(request[key])
