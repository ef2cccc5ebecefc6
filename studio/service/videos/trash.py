"""What was removed and can be brought back for a while: videos with all that is in them, and kept searches."""

import contextlib
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from studio.config import Settings
from studio.errors import NotFound
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

    def put(self, row: Row, by: Actor) -> None:
        """Take a video out of the library; whoever calls has seen to it that `by` may."""
        self._store.write(lambda db: videos.put_aside(db, row["id"], by.name))
        if self._is_upload(row) and Path(row["path"]).exists():
            self._settings.trash.mkdir(mode=0o700, exist_ok=True)
            with contextlib.suppress(files.FileInUse):  # somebody watches it: it stays where it is until it is deleted
                files.move(Path(row["path"]), self._place(row))
        self.empty(TRASH_DAYS)

    def listed(self) -> list[Row]:
        """The removed videos, the newest removal first."""
        return self._store.read(videos.removed)

    def restore(self, video_id: str, by: Actor) -> Row:
        """Put a video back as it was, with its annotations; returns its row.

        Raises NotFound, PermissionDenied.
        """
        row = next((row for row in self.listed() if row["id"] == video_id), None)
        if row is None:
            raise NotFound("This video is not among the removed ones any more.")
        need(by, f"bring back “{row['name']}”", row["removed_by"])
        if self._is_upload(row) and self._place(row).exists():
            files.move(self._place(row), Path(row["path"]))

        def work(db: sqlite3.Connection) -> Row:
            videos.restore(db, video_id)
            return videos.get(db, video_id)

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
            delete_everywhere(FeatureStore(self._cache), row["id"], self._settings.vectors)
        return gone

    def _drop_files(self, row: Row) -> bool:
        """Delete the copies of an upload; returns whether none is left."""
        kept = (self._place(row), Path(row["path"])) if self._is_upload(row) else ()
        left = [file for file in kept if not files.remove_if_free(file)]
        return not left

    def _place(self, row: Row) -> Path:
        return self._settings.trash / Path(row["path"]).name
