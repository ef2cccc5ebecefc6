"""The layers of a video, one an annotator: who sees whose, and who is done."""

import sqlite3
from typing import Any

from studio.errors import UsageError
from studio.service.accounts.rights import OWNER, Actor, layer_of, need, why_not
from studio.store import Store, finished, videos

Row = dict[str, Any]


class Layers:
    """The layers of the videos of a library."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def annotators(self, video_id: str, by: Actor = OWNER) -> Row:
        """`independent`, whether annotators see their own work only; `fixed`, why this person cannot change that, ""
        where they can; `annotators` whose work they may see: see `store.finished.annotators`."""

        def work(db: sqlite3.Connection) -> Row:
            row = videos.get(db, video_id)
            layer = layer_of(by, row)
            found = finished.annotators(db, video_id)
            return {
                "independent": bool(row["independent"]),
                "fixed": _fixed(by, row),
                "annotators": [each for each in found if layer in (None, each["annotator"])],
            }

        return self._store.read(work)

    def set_independent(self, video_id: str, independent: bool, by: Actor = OWNER) -> None:
        """Say whether the annotators of a video see their own work only; what they made stays theirs either way.

        Raises NotFound, PermissionDenied.
        """

        def work(db: sqlite3.Connection) -> None:
            need(by, _WHAT, videos.get(db, video_id)["added_by"])
            finished.set_independent(db, video_id, independent)

        self._store.write(work)

    def set_done(self, video_id: str, annotator: str, done: bool) -> None:
        """Say whether somebody is done with a video; they may go on all the same.

        Raises NotFound, UsageError without a name.
        """
        if not annotator:
            raise UsageError("Give your name at the top of the page first, so that others know who is done.")

        def work(db: sqlite3.Connection) -> None:
            videos.get(db, video_id)
            finished.set_done(db, video_id, annotator, done)

        self._store.write(work)


_WHAT = "say whether annotators of this video work independently"


def _fixed(by: Actor, row: Row) -> str:
    return "" if by.owns(row["added_by"]) else why_not(_WHAT, row["added_by"])
