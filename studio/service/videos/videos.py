"""The videos of a library: adding, finding, removing."""

import os
import time
import uuid
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path, PurePath
from typing import Any

import numpy as np

from studio import media
from studio.config import Settings
from studio.errors import MediaError, NotFound, NotMedia, PermissionDenied, StudioError, UsageError
from studio.index import Cache, FeatureStore, delete_everywhere
from studio.jobs import PROXY, REPLACED, SOUND_PICTURE
from studio.platform import files as disk
from studio.platform import system
from studio.service.accounts.rights import OWNER, Actor, need
from studio.service.accounts.users import Users
from studio.service.jobs.jobs import Jobs
from studio.service.videos import files, relink, tracks
from studio.service.videos.file_check import FileCheck
from studio.service.videos.media_cache import MediaCache
from studio.service.videos.trash import Trash
from studio.service.videos.upload_space import UploadSpace
from studio.service.videos.video_matcher import VideoMatcher
from studio.store import Store, videos

Row = dict[str, Any]
AT_ONCE = max(2, os.cpu_count() or 2)  # files that are read at once when many are added


class Videos:
    """The videos of a library. `trash` has those that were removed, `upload_space` the room for those that come."""

    def __init__(
        self, store: Store, settings: Settings, cache: Cache, media_cache: MediaCache, jobs: Jobs, users: Users,
        check: FileCheck,
    ) -> None:  # fmt: skip
        self._store, self._settings, self._cache = store, settings, cache
        self._media, self._jobs, self._users, self._check = media_cache, jobs, users, check
        self.trash = Trash(store, settings, cache, self.is_upload)
        self.upload_space = UploadSpace(settings.uploads, settings.limits)

    def add(self, path: str | Path, name: str | None = None, *, within: Sequence[Path] = (), by: Actor = OWNER) -> Row:
        """Add one file; it stays where it is. A file that is there already is returned as it is, one that was
        removed with all that was in it, and one that was moved takes its place back.

        Raises MediaError, NotFound, also for a file that is really not in one of the folders `within`.
        """
        file = Path(path).expanduser()
        if not file.exists():
            raise NotFound(f"There is no file “{file.name}” at the path you gave; check its spelling.")
        file = system.real_path(file)
        if within and not files.lies_in(file, within):  # a link that was laid since the folder was looked through
            raise NotFound("A file leads out of the shared folders and is passed over.")
        try:
            str(file).encode()
        except UnicodeEncodeError:
            shown = os.fsencode(file.name).decode("utf-8", "replace")
            raise NotMedia(f"The name of “{shown}” or of a folder above it is not UTF-8; rename it.") from None
        media.keep_start(file, None)  # another file may be here than before
        probe = media.probe(str(file), self._settings.limits)
        sha256 = files.sha256(file)
        if (moved := relink.moved(self._store, file, sha256)) is not None:
            return moved
        row = {
            "id": uuid.uuid4().hex[:12], "name": name or file.name, "path": str(file), "sha256": sha256,
            "size": probe.size, "start_us": probe.start_us, "duration_us": probe.duration_us,
            "width": probe.width, "height": probe.height,
            "rotation": probe.rotation, "fps": probe.fps, "vfr": int(probe.vfr), "frame_count": probe.frame_count,
            "codec": probe.codec, "audio": probe.audio.codec if probe.audio else None,
            "browser_playable": int(probe.browser_playable), "added_by": by.name, **tracks.facts(probe),
            "sound_track": None, "text_track": None, "text_file": "", "modified_ns": file.stat().st_mtime_ns, "lost": 0,
        }  # fmt: skip

        def work(db: Any) -> tuple[Row, bool]:
            kept, replaced = videos.insert(db, row)
            return videos.set_facts(db, kept["id"], tracks.facts(probe)), replaced

        kept, replaced = self._store.write(work)
        media.keep_start(file, kept["start_us"])
        if kept["start_us"] != probe.start_us:  # it was added when time 0 was another moment; work refers to that
            probe = media.probe(str(file), self._settings.limits)
        if self.is_upload(kept):
            self.trash.drop_copy(kept)
        if replaced:  # what was derived from the old file is about other frames
            self._jobs.cancel_of(kept["id"])
            self._cache.drop(kept["id"])
            self._cache.write(kept["id"], REPLACED, b"")
        self._cache.save_array(kept["id"], "pts.npy", np.asarray(probe.pts_us, np.int64))
        self._jobs.prepare_new(kept)
        return kept

    def add_all(
        self, paths: Iterable[str | Path], within: Sequence[Path] = (), by: Actor = OWNER
    ) -> tuple[list[Row], list[str]]:
        """Add files and folders (with all below them); returns the videos and one sentence for each that failed."""
        added, problems = [], []
        for path in paths:
            found = files.videos_at(Path(path).expanduser(), within)
            problems += found.problems
            for row, problem in self.add_each(found.files, within, by):
                added += [row] if row else []
                problems += [problem] if problem else []
        return added, problems

    def add_each(
        self, paths: Sequence[Path], within: Sequence[Path] = (), by: Actor = OWNER
    ) -> Iterator[tuple[Row | None, str]]:
        """Add files, several at a time; gives each video, or None and a sentence on why not, in their order."""

        def one(file: Path) -> tuple[Row | None, str]:
            try:
                return self.add(file, within=within, by=by), ""
            except (MediaError, NotFound) as error:
                return None, str(error)
            except OSError as error:  # a bad sector, or a folder that nobody may look into
                return None, f"“{file.name}” could not be read ({error.strerror}); check its disk and its permissions."

        if len(paths) < 2:
            yield from map(one, paths)
            return
        pool = ThreadPoolExecutor(AT_ONCE, "adding")
        try:
            waiting: deque[Future[tuple[Row | None, str]]] = deque()
            for file in paths:
                waiting.append(pool.submit(one, file))
                if len(waiting) > 4 * AT_ONCE:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:  # whoever stops listening stops the work: what has not begun is not done
            pool.shutdown(cancel_futures=True)

    def typed(self, text: str) -> tuple[Path, Sequence[Path]]:
        """The path that somebody typed on a page, and the folders that it must lie in, where people log in.

        Raises UsageError, PermissionDenied.
        """
        try:
            path = Path(text.strip().strip("\"'")).expanduser()
            place = system.real_path(path)
        except (OSError, RuntimeError, ValueError):  # nobody's home, a loop of links, no text for a name
            raise UsageError("This is no path; give the full path of a video or a folder.") from None
        within = self._settings.folders if self.bounded else ()
        if self.bounded and not files.lies_in(place, within):
            raise PermissionDenied("Only the shared folders of this studio can be named here; upload other files.")
        if not str(path).strip(".") or not path.exists():
            raise UsageError(f"There is nothing at “{path.name}”; give the full path of a video or a folder.")
        return path, within

    def keep_upload(self, partial: Path, name: str, by: Actor = OWNER) -> Row:
        """Add a file that came through the browser; its name is only a name, on disk it is called by its content.

        Raises MediaError, StoreError; then the file is gone again.
        """
        label = files.display_name(name)
        suffix = PurePath(label).suffix.lower()
        kept = (
            system.real_path(self._settings.uploads)
            / f"{files.sha256(partial)}{suffix if suffix in files.SUFFIXES else '.video'}"
        )
        known = kept.exists()
        system.to_disk(partial)
        try:
            disk.replace(partial, kept)
        except disk.FileInUse:  # it has this content already, and somebody watches it
            disk.remove(partial)
        try:
            return self.add(kept, label, by=by)
        except StudioError as error:
            if not known:
                disk.remove_if_free(kept)
            if not isinstance(error, MediaError):
                raise
            raise type(error)(str(error).replace(kept.name, label)) from None

    def all(self) -> list[Row]:
        """Every video, newest first. A page shows a part of them: `VideoList`."""
        return self._store.read(videos.listed)

    def neighbours(self, video_id: str) -> tuple[str | None, str | None]:
        """The ids of the videos before and after one, in the order of the library. Raises NotFound."""
        return self._store.read(lambda db: videos.neighbours(db, video_id))

    def get(self, video_id: str) -> Row:
        """One video by its id. Pages and programs know no other name: a path of theirs would say what lies on this
        machine.

        Raises NotFound.
        """
        return self._store.read(lambda db: videos.get(db, video_id))

    def has_pictures(self, video_id: str) -> bool:
        """Whether it is more than sound. Raises NotFound."""
        return videos.has_pictures(self.get(video_id))

    def resolve(self, ref: str) -> Row:
        """One video as a person at this machine names it: by id, by path, or by a name that only one video has.

        Raises NotFound, UsageError where several have the name.
        """
        try:
            file = Path(ref).expanduser()
            path = str(system.real_path(file)) if file.exists() or len(file.parts) > 1 else ref
        except (OSError, RuntimeError, ValueError):  # too long for a name, or nobody's home
            path = ref
        for same in self._store.read(lambda db: [videos.at_path(db, path), *videos.with_ids(db, [ref])]):
            if same and not same["removed"]:
                return same
        if path != ref and Path(path).exists():  # it is meant itself, not a video of the library that has its name
            return self.get(ref)
        match = VideoMatcher(self.all()).find(ref, loosely=False)
        if match.several:
            ids = ", ".join(row["id"] for row in match.likely)
            raise UsageError(f"{len(match.likely)} videos are called “{ref}”; name one by its id: {ids}")
        return match.row or self.get(ref)

    def choose_tracks(self, video_id: str, sound: int | None, text: int | str | None) -> Row:
        """Choose the sound and the subtitles of a video by the index of their streams, or subtitles by the name of a
        file beside it; None: as its file says. What was made of others is made again.

        Raises NotFound, UsageError, MediaError.
        """
        row = self.get(video_id)
        probe = media.probe(self._media.original(row), self._settings.limits)
        chosen = tracks.chosen(row, probe, sound, text)
        self._jobs.cancel_of(row["id"])
        row = self._store.write(lambda db: videos.set_facts(db, row["id"], chosen))
        for name in ("waveform.npy", "spectrogram.npy", SOUND_PICTURE, PROXY):
            disk.remove(self._cache.path(row["id"], name))
        self._jobs.prepare(row)
        return row

    def remove(self, video_id: str, by: Actor = OWNER) -> None:
        """Take a video out of the library; `restore` undoes it. Its file stays, unless it came through the browser:
        then it is deleted once it cannot be brought back any more.

        Raises NotFound, PermissionDenied.
        """
        _, problems = self.remove_all([self.get(video_id)["id"]], by)
        if problems:
            raise PermissionDenied(problems[0])

    def remove_all(self, ids: Sequence[str], by: Actor = OWNER) -> tuple[list[str], list[str]]:
        """Take those of these videos out of the library that somebody may, as `remove`; returns the ids of these, and a
        sentence for each kind of refusal. Those that are not in the library are passed over."""
        allowed, problems = [], []
        for row in self._store.read(lambda db: videos.with_ids(db, ids)):
            try:
                need(by, f"remove “{row['name']}”", row["added_by"])
            except PermissionDenied as error:
                problems.append(str(error))
            else:
                allowed.append(row)
        removed = [row["id"] for row in allowed]
        if removed:
            self._jobs.cancel_of(*removed)
            self.trash.put(allowed, by)
        return removed, list(dict.fromkeys(problems))

    def restore(self, video_id: str, by: Actor = OWNER) -> Row:
        """Undo the removal of a video.

        Raises NotFound, PermissionDenied.
        """
        for row in self.restore_all([video_id], by):
            return row
        raise NotFound("This video is not among the removed ones any more.")

    def restore_all(self, ids: Sequence[str], by: Actor = OWNER) -> list[Row]:
        """Undo the removal of those of these videos that are among the removed ones; returns them.

        Raises PermissionDenied, before anything is done.
        """
        rows = self.trash.restore(ids, by)
        if rows:
            self._jobs.prepare(*rows)
        return rows

    def relink(self, old: Path, new: Path) -> tuple[list[Row], list[Row]]:
        """Look in the folder `new` for the videos below `old` whose files are gone. Returns those that were found there
        by their content, and those that were not.

        Raises UsageError.
        """
        return relink.relink(self._store, old, new)

    def relink_shared(self, text: str, after: str | None, seconds: float) -> Row:
        """Look in a folder that somebody typed for all videos whose files are gone, so that a page can show how far it
        is. `after` None looks only at the sizes of files; else it goes on after the video of that id ("": the first)
        for some seconds.

        `lost`, how many are looked for from there on; `likely`, how many of them have a file of their size there;
        `relinked`, how many had their content, and `last`, the id to go on after, "" when all is done.
        Raises UsageError, PermissionDenied.
        """
        new, within = self.typed(text)
        if not new.is_dir():
            raise UsageError(f"“{new.name}” is no folder; give the folder where the videos are now.")
        rows = [row for row in relink.gone(self._store) if row["id"] > (after or "")]
        pairs = relink.likely(rows, None, files.videos_at(new, within).files, new)
        hits = [(row, candidates) for row, candidates in pairs if candidates]
        relinked, last, end = 0, "", time.monotonic() + seconds
        for row, candidates in hits if after is not None else ():
            relinked += relink.take(self._store, row, candidates) is not None
            last = str(row["id"])
            if time.monotonic() > end:
                break
        return {
            "lost": len(rows),
            "likely": len(hits),
            "relinked": relinked,
            "last": last if hits and last != hits[-1][0]["id"] else "",
        }

    def indexed(self) -> tuple[int, int]:
        """How many videos search can see, of how many."""
        counts = self._check.counts()
        return counts.searchable, counts.videos + counts.sounds

    def tidy(self, video_id: str = "") -> None:
        """Remove what was left unfinished about a video or about all, and whatever is about a video that is gone."""
        self._cache.tidy(video_id)
        if video_id:
            return
        kept = self._cache.videos()  # before the videos: what is added meanwhile is kept
        gone = kept - {row["id"] for row in (*self.all(), *self.trash.listed())}
        for each in gone:
            self._cache.drop(each)
        delete_everywhere(FeatureStore(self._cache), list(gone), self._settings.vectors)

    @property
    def bounded(self) -> bool:
        """Whether people name paths in the shared folders only: where they log in."""
        return self._users.required

    @property
    def uploads(self) -> Path:
        """The folder of what came through the browser."""
        return system.real_path(self._settings.uploads)

    def is_upload(self, row: Row) -> bool:
        """Whether the file came through the browser, so that the library's copy is the studio's to delete."""
        return Path(row["path"]).is_relative_to(self.uploads)
