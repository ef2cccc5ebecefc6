"""Free attributes of an annotation: names with plain values, which the label schema may give types."""

import json
from collections.abc import Mapping
from typing import Any

from studio.errors import UsageError
from studio.timeline.changing import changes_of

MOST = 100
NAME_CHARS = 200
TEXT_CHARS = 10_000  # of all of them, as JSON
MOST_CHANGES = 2_000  # of one within its segment; each edit writes all of them down
CHANGES_CHARS = 100_000  # of all that change, as JSON
DEPTH = 4
LARGEST = 2**53  # beyond, JavaScript rounds

Attributes = Mapping[str, Any]


def checked_attributes(value: Any) -> dict[str, Any]:
    """Attributes as they may be kept: an object of at most MOST names with JSON values, none of them endless. What
    changes within its segment (see `changes_of`) has limits of its own.

    Raises UsageError that says which part is wrong.
    """
    if not isinstance(value, Mapping) or len(value) > MOST:
        raise UsageError(f"Attributes are an object of at most {MOST} names.")
    for name, each in value.items():
        if not isinstance(name, str) or not 0 < len(name) <= NAME_CHARS:
            raise UsageError(f"The name of an attribute is a text of at most {NAME_CHARS} characters.")
        parts = changes_of(each)
        if parts is not None and len(parts) > MOST_CHANGES:
            raise UsageError(
                f"“{name:.40}” changes more than {MOST_CHANGES} times within one segment; split the segment first."
            )
        plain = [each] if parts is None else [what for _, what in parts] + [time for time, _ in parts]
        if not all(_is_plain(one, DEPTH) for one in plain):
            raise UsageError(f"The attribute “{name:.40}” must be a text, a number, true, false, or a list of such.")
    changing = {name: each for name, each in value.items() if changes_of(each) is not None}
    if _chars({name: each for name, each in value.items() if name not in changing}) > TEXT_CHARS:
        raise UsageError(f"Attributes are too long; keep them under {TEXT_CHARS} characters.")
    if _chars(changing) > CHANGES_CHARS:
        raise UsageError(
            f"What changes within the segment is too long; keep it under {CHANGES_CHARS} characters, or split it."
        )
    return dict(value)


def _chars(attributes: Attributes) -> int:
    try:
        text = json.dumps(attributes, ensure_ascii=False)
        text.encode()
    except UnicodeEncodeError:
        raise UsageError("An attribute holds half a character; type it again.") from None
    return len(text)


def _is_plain(value: Any, depth: int) -> bool:
    if isinstance(value, bool | str | None):
        return True
    if isinstance(value, int | float):
        return -LARGEST <= value <= LARGEST  # never NaN
    if depth == 0:
        return False
    if isinstance(value, list):
        return len(value) <= MOST and all(_is_plain(each, depth - 1) for each in value)
    return isinstance(value, dict) and all(
        isinstance(name, str) and _is_plain(each, depth - 1) for name, each in value.items()
    )
