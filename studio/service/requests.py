"""Values of a request, as any page or script may send them: each is what it should be, or one sentence says what is
wrong. JSON knows whole numbers without end, NaN and half characters; nothing behind these functions meets one."""

from typing import Any

from studio.errors import UsageError
from studio.timeline import us

Request = dict[str, Any]
MOST_WHOLE = 2**53 - 1  # beyond, JavaScript rounds; SQLite holds a little more
MOST_NUMBER = 1e9
MOST_TEXT = 10_000


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


def texts(request: Request, key: str, *, longest: int = MOST_TEXT, most: int = 10_000) -> dict[str, str]:
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
