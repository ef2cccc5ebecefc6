"""Folders whose videos join the library: added once, or watched for what comes.

Which they are is kept in the database, so that a studio that starts goes on where another one ended: a file that has
the size and the time of change that it had when it was added is not read again.
"""

import hashlib
import logging
import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from studio.config import Settings
from studio.errors import NotFound, StudioError, UsageError
from studio.platform import system
from studio.service.accounts.rights import OWNER, Actor, need
from studio.service.jobs.jobs import Jobs
from studio.service.videos import files
from studio.service.videos.videos import Videos
from studio.store import Store, folders, videos

Row = dict[str, Any]
AT_ONCE = 4  # videos of a folder that are added before the answer; of a larger one the rest is added after it
WATCH_S = 5.0  # between two looks at a watched folder; a file that did not change in between is written to its end
PROBLEMS = 100  # sentences that are kept of a folder
log = logging.getLogger(__name__)


@dataclass
class Progress:
    """How far the adding of a folder is. `problems` are sentences on what failed, the first of them, `failed` how many
    failed, `notes` on what is neither video nor sound."""

    path: str
    watched: bool
    done: int = 0
    total: int = 0
    added: int = 0
    failed: int = 0
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    ended: bool = False

    def fail(self, *problems: str) -> None:
        self.failed += len(problems)
        self.problems += problems[: PROBLEMS - len(self.problems)]

    def as_json(self) -> Row:
        """As a page gets it: no path, but the folder's name, and an id, since two may have one name."""
        shown = ("watched", "done", "total", "added", "failed", "problems", "notes", "ended")
        name, known = Path(self.path).name, {key: getattr(self, key) for key in shown}
        return {"id": _id(self.path), "folder": name, **known}


class Intake:
    """Adds folders, in a thread of the studio that serves; elsewhere at once."""

    def __init__(self, store: Store, settings: Settings, library: Videos, work: Jobs) -> None:
        self._store, self._settings, self._videos, self._jobs = store, settings, library, work
        self._thread: threading.Thread | None = None
        self._closing, self._wake = threading.Event(), threading.Event()
        self._progress: dict[str, Progress] = {}
        self._unfinished: dict[str, tuple[int, int]] = {}  # of watched folders, as they were at the last look
        self._refused: dict[str, tuple[int, int]] = {}  # what is no video, as it was

    def start(self) -> None:
        """Add what is left of folders, and watch, from now on."""
        self._thread = threading.Thread(target=self._run, name="intake", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop; the next start goes on."""
        self._closing.set()
        self._wake.set()
        if self._thread:
            self._thread.join()

    def add(self, text: str, by: Actor = OWNER) -> Row:
        """Add the video or the folder at a path that somebody typed. A few are added before this returns; of more, the
        rest is added after that by the studio that serves, and `progress` says how far it is.

        `done` of `total`, `added` (how many), `problems` and `notes` (sentences on what failed, and on what is neither
        video nor sound). Where people log in, only from the shared folders: what else lies on this machine is not
        theirs to look through. Raises UsageError, PermissionDenied.
        """
        path, within = self._videos.typed(text)
        found = files.videos_at(path, within)
        for file in found.files:  # whoever adds it again wants what failed tried again
            self._refused.pop(str(file), None)
        if not found.files:
            said = f"There is no video and no sound in the folder “{path.name}”."
            raise UsageError(" ".join([said, *found.problems, *found.notes]))
        if len(found.files) > AT_ONCE and self._thread:
            place = str(system.real_path(path))
            self._progress[place] = Progress(place, False, total=len(found.files))
            self._store.write(lambda db: folders.insert(db, place, by.name, watched=False))
            self._wake.set()
            return {"done": 0, "total": len(found.files), "added": 0, "problems": [], "notes": []}
        made = Progress(str(path), False, total=len(found.files))
        self._add(made, found.files, within, by)
        made.fail(*found.problems)
        return {"done": made.done, "total": made.total, "added": made.added, "problems": made.problems,
                "notes": found.notes}  # fmt: skip

    def progress(self) -> list[Row]:
        """Of each folder that is being added or watched, how far it is; one that has ended is told for as long as the
        studio runs, until `forget`."""
        return [made.as_json() for made in list(self._progress.values())]

    def forget(self, folder: str) -> None:
        """Tell no more of a folder that has been added, by its id."""
        for path, made in list(self._progress.items()):
            if made.ended and not made.watched and _id(path) == folder:
                del self._progress[path]

    def stop(self, folder: str, by: Actor = OWNER) -> None:
        """Add no more of a folder, by its id; what was added stays. Raises NotFound, PermissionDenied."""
        for row in self._store.read(folders.listed):
            if _id(row["path"]) == folder:
                need(by, f"stop adding “{Path(row['path']).name}”", row["added_by"])
                self._store.write(lambda db, row=row: folders.delete(db, row["path"], bool(row["watched"])))  # type: ignore[misc]
                self._progress.pop(row["path"], None)
                return
        raise NotFound("Nothing is being added from this folder any more.")

    def watch(self, path: Path, by: Actor = OWNER) -> Path:
        """Watch a folder from now on: what is in it, and what appears there and is written to its end, is added by the
        studio that serves. What was removed from the library stays out. Returns the folder. Raises UsageError."""
        place = system.real_path(path.expanduser())
        if not place.is_dir():
            raise UsageError(f"There is no folder “{path}”; give one that is there.")
        self._store.write(lambda db: folders.insert(db, str(place), by.name, watched=True))
        self._wake.set()
        return place

    def unwatch(self, path: Path) -> None:
        """Watch a folder no more; its videos stay. Raises NotFound."""
        place = str(system.real_path(path.expanduser()))
        if not self._store.write(lambda db: folders.delete(db, place, watched=True)):
            raise NotFound(f"“{path}” is not watched; `studio watch` lists the folders that are.")

    def watched(self) -> list[str]:
        """The folders that are watched."""
        return [row["path"] for row in self._store.read(folders.listed) if row["watched"]]

    def _run(self) -> None:
        while not self._closing.is_set():
            self._wake.clear()
            for row in self._listed():
                try:
                    if not self._closing.is_set():
                        self._look(row)
                except StudioError as error:  # a full or locked database: the next look will do
                    log.warning("a folder waits: %s", error)
                except Exception:  # one folder must not keep the others waiting
                    log.exception("a folder could not be added")
            self._wake.wait(WATCH_S)

    def _listed(self) -> list[Row]:
        try:
            return self._store.read(folders.listed)
        except StudioError as error:  # as above
            log.warning("folders wait: %s", error)
            return []

    def _look(self, row: Row) -> None:
        """Add what is new in a folder."""
        path, watched = row["path"], bool(row["watched"])
        if not self._is_wanted(path):  # it was stopped while another one was added
            return
        bounded = bool(row["added_by"]) and self._videos.bounded
        within = self._settings.folders if bounded else ()
        by = Actor(row["added_by"], admin=not row["added_by"])
        made = self._progress.get(path)
        if made is None or made.watched != watched:
            made = self._progress[path] = Progress(path, watched)
        if bounded and not files.lies_in(Path(path), within):  # the studio was started with other ones
            made.problems = [f"“{Path(path).name}” is no shared folder of this studio any more, and is not added."]
            return
        if not Path(path).is_dir():
            made.problems = [f"The folder “{Path(path).name}” is not there; put it back, or stop adding it."]
            return
        found = files.videos_at(Path(path), within)
        known = self._store.read(lambda db: videos.known_files(db, removed=watched))
        facts = {file: _facts(file) for file in found.files}
        new = [file for file, fact in facts.items() if fact and known.get(str(file)) != fact
               and self._refused.get(str(file)) != fact]  # fmt: skip
        if watched:
            waiting = {str(file): fact for file in new if (fact := facts[file])}
            new = [file for file in new if self._unfinished.get(str(file)) == facts[file]]
            self._unfinished = {**{k: v for k, v in self._unfinished.items() if not _below(k, path)}, **waiting}
            made.problems, made.failed = [], 0
        made.notes = [] if watched else found.notes
        made.total, made.done = len(found.files), len(found.files) - len(new)
        self._add(made, new, within, by, lambda: self._is_wanted(path))
        if not watched:
            made.fail(*found.problems)
        if not watched and not self._closing.is_set():
            self._store.write(lambda db: folders.delete(db, path))
            made.ended = True

    def _add(
        self, made: Progress, wanted: Sequence[Path], within: Sequence[Path], by: Actor,
        go_on: Callable[[], bool] = lambda: True,
    ) -> None:  # fmt: skip
        for file, (row, problem) in zip(wanted, self._videos.add_each(wanted, within, by), strict=False):
            made.done += 1
            if row:
                made.added += 1
            else:
                made.fail(problem)
                if fact := _facts(file):
                    self._refused[str(file)] = fact
            if made.done % AT_ONCE == 0 and (self._closing.is_set() or not go_on()):
                return

    def _is_wanted(self, path: str) -> bool:
        return any(row["path"] == path for row in self._store.read(folders.listed))


def _facts(file: Path) -> tuple[int, int] | None:
    """Size and time of change (ns) of a file; None where it has gone."""
    try:
        found = os.stat(file)  # noqa: PTH116 (a Path takes longer)
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns


def _id(path: str) -> str:
    return hashlib.sha256(path.encode()).hexdigest()[:12]


def _below(file: str, folder: str) -> bool:
    return Path(file).is_relative_to(folder)
