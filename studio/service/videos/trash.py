"""What was removed and can be brought back for a while: videos with all that is in them, and kept searches."""

import contextlib
import sqlite3
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from studio.config import Settings
from studio.index import Cache, FeatureStore, delete_everywhere
from studio.platform import files
from studio.service.accounts.rights import TRASH_DAYS, Actor, need
from studio.store import Store, searches, videos

Row = dict[str, Any]


class Trash:
    """Videos that were taken out of a library. Files that came through the browser wait in a folder of their own; other
    files were never touched."""

    def __init__(self, store: Store, settings: Settings, cache: Cache, is_upload: Callable[[Row], bool]) -> None:
        self._store, self._settings, self._cache, self._is_upload = store, settings, cache, is_upload

    def put(self, rows: Sequence[Row], by: Actor) -> None:
        """Take videos out of the library; whoever calls has seen to it that `by` may."""

        def work(db: sqlite3.Connection) -> None:
            for row in rows:
                videos.put_aside(db, row["id"], by.name)

        self._store.write(work)
        for row in rows:
            if self._is_upload(row) and Path(row["path"]).exists():
                self._settings.trash.mkdir(mode=0o700, exist_ok=True)
                # one that somebody watches stays where it is until it is deleted
                with contextlib.suppress(files.FileInUse, FileNotFoundError):
                    files.move(Path(row["path"]), self._place(row))
        self.empty(TRASH_DAYS)

    def listed(self, most: int = -1) -> list[Row]:
        """The removed videos, the newest removal first; at most so many."""
        return self._store.read(lambda db: videos.removed(db, most=most))

    def restore(self, ids: Sequence[str], by: Actor) -> list[Row]:
        """Put videos back as they were, with their annotations; returns their rows. Those that are not among the
        removed ones are passed over.

        Raises PermissionDenied, before anything is done.
        """
        rows = self._store.read(lambda db: videos.removed_with(db, ids))
        for row in rows:
            need(by, f"bring back “{row['name']}”", row["removed_by"])
        for row in rows:
            if self._is_upload(row) and self._place(row).exists():
                files.move(self._place(row), Path(row["path"]))

        def work(db: sqlite3.Connection) -> list[Row]:
            for row in rows:
                videos.restore(db, row["id"])
            return videos.with_ids(db, [row["id"] for row in rows])

        return self._store.write(work)

    def drop_copy(self, row: Row) -> None:
        """The file of an upload that waits here is not needed any more: it was sent again."""
        files.remove_if_free(self._place(row))

    def empty(self, days: float = 0.0) -> list[Row]:
        """Delete for good what was removed that many days ago or earlier; returns the videos. One whose file a program
        has open waits for the next time."""
        until = (datetime.now(UTC) - timedelta(days=days)).isoformat(timespec="milliseconds")

        gone = [row for row in self._store.read(lambda db: videos.removed(db, until)) if self._drop_files(row)]

        def work(db: sqlite3.Connection) -> None:
            for row in gone:
                videos.delete(db, row["id"])
            searches.clear(db, until)

        self._store.write(work)
        for row in gone:
            self._cache.drop(row["id"])
        delete_everywhere(FeatureStore(self._cache), [row["id"] for row in gone], self._settings.vectors)
        return gone

    def _drop_files(self, row: Row) -> bool:
        """Delete the copies of an upload; returns whether none is left."""
        kept = (self._place(row), Path(row["path"])) if self._is_upload(row) else ()
        left = [file for file in kept if not files.remove_if_free(file)]
        return not left

    def _place(self, row: Row) -> Path:
        return self._settings.trash / Path(row["path"]).name
