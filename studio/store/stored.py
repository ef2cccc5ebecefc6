"""JSON in columns, read as what may have come from an older release, a script or another program: what cannot be read
is left out and logged, and breaks nothing beside it."""

import functools
import json
import logging
from typing import Any, TypeVar

T = TypeVar("T")
log = logging.getLogger(__name__)


def value(text: Any, kind: type[T], table: str, key: Any) -> T | None:
    """The JSON value, of the wanted type; None, logged, for what is not. `table` and `key` say whose it is."""
    try:
        found = json.loads(text)
    except (TypeError, ValueError, RecursionError):
        found = None
    if isinstance(found, kind):
        return found
    skipped(table, key)
    return None


@functools.lru_cache(maxsize=10_000)
def skipped(table: str, key: Any) -> None:
    """Log, once, that a row cannot be read. Ids only: a row may hold anybody's words."""
    log.warning("a row of %s cannot be read and is left out: %.64s", table, key)
