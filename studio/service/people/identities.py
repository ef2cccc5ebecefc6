"""Who is in a video, as people put it right."""

from typing import Any

from studio.config import Limits
from studio.errors import UsageError
from studio.service.requests import listed, number, text
from studio.store.people import MOST, FaceName, NameChange

Row = dict[str, Any]
TRACK_CHARS = 100


def parse(edit: Row, edit_id: str, limits: Limits) -> NameChange:
    """An edit of the names of faces: `before`, the names that it takes away, and `after`, those in their place.

    Raises UsageError that says which part is wrong.
    """
    before, after = ([_name(each, limits) for each in listed(edit, key, MOST)] for key in ("before", "after"))
    for names in (before, after):
        if len({each.place for each in names}) < len(names):
            raise UsageError("A face track has one name from one time on; send each once.")
    return NameChange(edit_id, before, after)


def _name(each: Any, limits: Limits) -> FaceName:
    if not isinstance(each, dict):
        raise UsageError("A name needs a track, a time from which it holds, and a name or null.")
    name = None if each.get("name") is None else text(each, "name", longest=limits.label_chars).strip()
    if name == "":
        raise UsageError("A person's name must be a short text.")
    return FaceName(text(each, "track", longest=TRACK_CHARS), number(each, "from"), name)
