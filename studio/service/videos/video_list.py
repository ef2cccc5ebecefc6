"""The list of videos as a page shows it: a part of it at a time, and what is done to many at once."""

import posixpath
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from studio.errors import UsageError
from studio.service.accounts.rights import OWNER, Actor, need
from studio.service.jobs.jobs import Jobs
from studio.service.videos.file_check import FileCheck
from studio.service.videos.videos import Videos
from studio.store import Store, video_groups, video_list, videos
from studio.store.names import folder_of
from studio.store.video_list import SORTS, STATES, Wanted

Row = dict[str, Any]
MOST = 200  # videos of one page
WORKS = ("annotated", "empty", "undecided")
JOBS = ("index", "transcribe", "read_text", "speakers", "emotions")  # what is done of many videos at once
UPLOADS = "Uploads"  # as which the folder of what came through the browser is shown


class VideoList:
    """Videos found, sorted and filtered; collections, tags, folders."""

    def __init__(self, store: Store, check: FileCheck, library: Videos, work: Jobs) -> None:
        self._store, self._check, self._videos, self._jobs = store, check, library, work

    def page(self, wanted: Wanted, first: int = 0, count: int = 60, by: Actor = OWNER) -> tuple[list[Row], int]:
        """So many videos, at most MOST, from number `first` on, with what `store.video_list.page` says of each; and how
        many the list has. What is shown was looked at just now.

        Raises UsageError.
        """
        wanted = self._checked(wanted)
        encoder = self._check.encoder

        def work(db: Any) -> tuple[list[Row], int]:
            return video_list.page(db, wanted, encoder, first, min(count, MOST), by)

        rows, total = self._store.read(work)
        seen = self._check.look(rows, encoder)
        if any(
            (row["lost"], row["indexed"]) != (old["lost"], old["indexed"]) for row, old in zip(seen, rows, strict=True)
        ):
            seen = self._store.read(lambda db: video_list.described(db, seen, encoder, by))
        self._check.prepare_missing([row for row in seen if not row["indexed"]])
        return seen, total

    def ids(self, wanted: Wanted, by: Actor = OWNER) -> list[str]:
        """The ids of all videos of a list, in its order. Raises UsageError."""
        wanted, encoder = self._checked(wanted), self._check.encoder
        return self._store.read(lambda db: video_list.ids(db, wanted, encoder, by))

    def groups(self) -> Row:
        """What a list can be narrowed to: `collections` (`id`, `name`, `videos`), `tags` (`tag`, `videos`), `folders`
        (`folder`, as `Wanted` takes it here: below the one that all share, with its name, `videos` in it and below)."""

        def work(db: Any) -> Row:
            return {
                "collections": video_groups.collections(db),
                "tags": [{"tag": tag, "videos": count} for tag, count in video_groups.tags(db).items()],
                "folders": video_list.folders(db),
            }

        found = self._store.read(work)
        return {**found, "folders": self._tree(found["folders"])}

    def tag(self, ids: Sequence[str], tag: str, on: bool) -> int:
        """Give videos a tag, or take it off; returns of how many. Raises UsageError."""
        change = video_groups.tag if on else video_groups.untag
        return self._store.write(lambda db: change(db, ids, tag))

    def collect(self, ids: Sequence[str], name: str, by: Actor = OWNER) -> int:
        """Put videos into the collection of a name, which is made where there is none; returns how many were not in it.
        Raises UsageError."""
        return self._store.write(lambda db: video_groups.put(db, video_groups.create(db, name, by.name), ids))

    def take_out(self, ids: Sequence[str], collection: str) -> int:
        """Take videos out of a collection; returns how many were in it."""
        return self._store.write(lambda db: video_groups.take_out(db, collection, ids))

    def rename_collection(self, collection: str, name: str, by: Actor = OWNER) -> None:
        """Raises NotFound, UsageError, PermissionDenied."""
        self._need_collection(collection, "rename", by)
        self._store.write(lambda db: video_groups.set_name(db, collection, name))

    def delete_collection(self, collection: str, by: Actor = OWNER) -> None:
        """Forget a collection; its videos stay. Raises NotFound, PermissionDenied."""
        self._need_collection(collection, "delete", by)
        self._store.write(lambda db: video_groups.delete(db, collection))

    def prepare(self, ids: Sequence[str], kind: str, by: Actor = OWNER) -> int:
        """Queue a job of each of these videos; it is done when nothing else waits. Returns of how many. Raises
        UsageError."""
        if kind not in JOBS:
            raise UsageError(f"“{kind}” cannot be done of many videos at once; use one of {', '.join(JOBS)}.")
        rows = self._store.read(lambda db: videos.with_ids(db, ids))
        return self._jobs.start_of_videos(kind, rows, by)

    def remove(self, ids: Sequence[str], by: Actor = OWNER) -> tuple[list[str], list[str]]:
        """Take videos out of the library, those that somebody may; returns the ids of these, and a sentence for each
        kind of refusal."""
        return self._videos.remove_all(ids, by)

    def restore(self, ids: Sequence[str], by: Actor = OWNER) -> int:
        """Undo a removal; returns of how many. Raises PermissionDenied."""
        return len(self._videos.restore_all(ids, by))

    def _need_collection(self, collection: str, what: str, by: Actor) -> None:
        row = self._store.read(lambda db: video_groups.get(db, collection))
        need(by, f"{what} “{row['name']}”", row["created_by"])

    def _checked(self, wanted: Wanted) -> Wanted:
        """The same with the folder as the database has it. Raises UsageError."""
        if wanted.sort not in SORTS or wanted.state not in ("", *STATES) or wanted.work not in ("", *WORKS):
            known = ", ".join(SORTS), ", ".join(STATES), ", ".join(WORKS)
            raise UsageError("Sort by one of {}; a state is one of {}, work one of {}.".format(*known))
        if wanted.folder is None:
            return wanted
        root, uploads = self._roots(self._store.read(video_list.folders))
        folder = wanted.folder.rstrip("/") + "/"
        place = uploads if folder == f"{UPLOADS}/" else root + folder
        return replace(wanted, folder=place)

    def _roots(self, folders: dict[str, int]) -> tuple[str, str]:
        """What all folders of videos lie in, and the folder of uploads."""
        uploads = folder_of(f"{self._videos.uploads}/x")
        others = [folder.rstrip("/") for folder in folders if folder != uploads]
        # folders of a network begin with two slashes, of which `commonpath` would leave one
        network = "/" if others and all(folder.startswith("//") for folder in others) else ""
        try:
            shared = posixpath.commonpath([folder.removeprefix(network) for folder in others]) if others else ""
        except ValueError:  # on two drives
            shared = ""
        above = f"{shared.rstrip('/')}/".rpartition("/")[0].rpartition("/")[0] + "/" if shared else ""
        return network + above, uploads

    def _tree(self, folders: dict[str, int]) -> list[Row]:
        root, uploads = self._roots(folders)
        within: dict[str, int] = {}
        for folder, count in folders.items():
            if folder == uploads:
                within[f"{UPLOADS}/"] = count
                continue
            parts = folder.removeprefix(root).rstrip("/").split("/")
            for depth in range(1, len(parts) + 1):
                place = "/".join(parts[:depth]) + "/"
                within[place] = within.get(place, 0) + count
        return [{"folder": folder, "videos": count} for folder, count in sorted(within.items())]
