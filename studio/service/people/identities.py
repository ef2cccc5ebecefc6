"""Who is in a video, as people put it right."""

from typing import Any

from studio.config import Limits
from studio.errors import UsageError
from studio.service.requests import number, text
from studio.store import Store, people

Row = dict[str, Any]
MOST_NAMES = 2_000
TRACK_CHARS = 100


class Identities:
    """Who the faces of the videos of a library are."""

    def __init__(self, store: Store, limits: Limits) -> None:
        self._store, self._limits = store, limits

    def name(self, video: Row, names: Any, base: int, annotator: str) -> Row:
        """Keep who the faces of a video are; see `store.people`.

        Raises UsageError, Conflict.
        """
        if not isinstance(names, list) or len(names) > MOST_NAMES:
            raise UsageError(f"Send a list of at most {MOST_NAMES} names.")
        checked = [self._name(each) for each in names]
        return self._store.write(lambda db: people.save(db, video["id"], checked, base, annotator))

    def _name(self, each: Any) -> Row:
        if not isinstance(each, dict):
            raise UsageError("A name needs a track, a time from which it holds, and a name or null.")
        name = None if each.get("name") is None else text(each, "name", longest=self._limits.label_chars).strip()
        if name == "":
            raise UsageError("A person's name must be a short text.")
        return {"track": text(each, "track", longest=TRACK_CHARS), "from": number(each, "from"), "name": name}
