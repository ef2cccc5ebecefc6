"""Boxes over time: what a page sends and is told of them, and tracking as a job."""

import sqlite3
import uuid
from bisect import bisect_right
from collections.abc import Sequence
from typing import Any
from unicodedata import normalize

from studio.config import Limits
from studio.errors import NotFound, PermissionDenied, UsageError
from studio.jobs import ReportProgress
from studio.service.accounts.rights import OWNER, Actor, layer_of
from studio.service.jobs.jobs import Jobs, no_progress
from studio.service.requests import listed, text, time
from studio.service.videos.media_cache import MediaCache
from studio.store import Store, boxes, videos
from studio.store.boxes import BoxChange, BoxState
from studio.timeline import checked_attributes, seconds
from studio.timeline.boxes import SOURCES, BoxTrack, KeyFrame, key_frame

Row = dict[str, Any]
ID_CHARS = 64
TRACK, FACES = "track_box", "face_boxes"  # kinds of job
FACE = "face"  # the label of a face that was found
_SHOWN = ("id", "label", "name", "annotator", "edited_by", "version", "deleted", "medium")


def parse(edit: Row, edit_id: str, limits: Limits) -> BoxChange:
    """An edit of a box track: its `id`, and of `before` and `after` `label`, `name`, `deleted`, `attributes`, `keys`
    and `medium`, as far as each is said. An attribute is null where it is not there; `medium` is the camera that a
    new one lies over, "" the main one; a key frame is {at, box: [x1, y1, x2, y2], hidden, source, occluded}, or
    {at, box: null} where there is none.

    Raises UsageError that says which part is wrong.
    """
    box_id = text(edit, "id", longest=ID_CHARS)
    if not box_id.strip():
        raise UsageError("“id” must not be empty.")
    return BoxChange(edit_id, box_id, _state(edit, "before", limits), _state(edit, "after", limits))


def _state(edit: Row, key: str, limits: Limits) -> BoxState:
    said = edit.get(key)
    if not isinstance(said, dict):
        raise UsageError(f"“{key}” must be an object: what a box was, or is to be.")
    texts = {
        name: None if said.get(name) is None else normalize("NFC", text(said, name, longest=limits.label_chars)).strip()
        for name in ("label", "name")
    }
    deleted = said.get("deleted")
    keys = dict(_key(each) for each in listed(said, "keys", boxes.MOST_KEYS))
    medium = None if said.get("medium") is None else text(said, "medium", longest=ID_CHARS)
    described = checked_attributes(said.get("attributes") or {})
    is_deleted = deleted if isinstance(deleted, bool) else None
    return BoxState(texts["label"], texts["name"], is_deleted, medium, keys, described)


def _key(each: Any) -> tuple[int, KeyFrame | None]:
    if not isinstance(each, dict):
        raise UsageError("A key frame is an object with at and box.")
    at = time(each, "at")
    if each.get("box") is None:
        return at, None
    corners = listed(each, "box", 4)
    if len(corners) != 4 or not all(isinstance(c, int | float) and not isinstance(c, bool) for c in corners):
        raise UsageError("“box” must be four numbers: left, top, right and bottom as shares of the picture.")
    source = text(each, "source", "manual", longest=ID_CHARS)
    if source not in SOURCES:
        raise UsageError(f"“source” of a key frame must be one of {', '.join(SOURCES)}.")
    hidden, occluded = (each.get(which) is True for which in ("hidden", "occluded"))
    return at, key_frame(at, corners, hidden=hidden, source=source, occluded=occluded)


def check_times(change: BoxChange, duration_us: int) -> None:
    """Raises UsageError for a new key frame that lies beyond the video that it is of."""
    late = (at for at, key in change.after.keys.items() if key and change.before.keys.get(at) != key)
    if any(at >= duration_us for at in late):
        raise UsageError("A key frame lies within the video.")


def to_dict(track: BoxTrack, step: str = "") -> Row:
    """A box track as JSON: times in s for people and in µs, which are the truth. `step` is the id of the step that
    changed it last, `medium` the id of the camera over which it lies, whose times these are ("" the main one)."""
    said = {name: getattr(track, name) for name in _SHOWN}
    keys = [
        {"at": seconds(key.time_us), "at_us": key.time_us, "box": list(key.corners), "hidden": key.hidden,
         "source": key.source, "occluded": key.occluded}
        for key in track.keys
    ]  # fmt: skip
    return {**said, "attributes": dict(track.attributes), "keys": keys, **({"step": step} if step else {})}


def changed(db: sqlite3.Connection, video_id: str, since: int, layer: str | None) -> list[Row]:
    """What a page is told of the box tracks that changed after revision `since`; see `to_dict`."""
    found = boxes.changed_since(db, video_id, since, layer)
    return [to_dict(track, boxes.step_of(db, track.id)) for track in found]


class Boxes:
    """The box tracks of the videos of a library."""

    def __init__(self, store: Store, jobs: Jobs, media: MediaCache, limits: Limits) -> None:
        self._store, self._jobs, self._media, self._limits = store, jobs, media, limits

    def frame_at(self, video: Row, time_us: int) -> int:
        """When the frame begins that is displayed at a time (µs); the last one beyond the end.

        Raises UsageError for a recording without pictures.
        """
        frames = self._media.frames(video)
        if not len(frames):
            raise UsageError(f"“{video['name']}” has no pictures, so there is nothing to draw a box on.")
        return int(frames[max(0, bisect_right(frames, time_us) - 1)])

    def draw(
        self, video: Row, corners: Sequence[float], at_us: int, label: str = "", name: str = "", annotator: str = "",
        medium: Row | None = None,
    ) -> str:  # fmt: skip
        """A new box track with one key frame, at the frame that is displayed then; returns its id. Corners are shares
        of the sides of the picture. It lies over `medium`, a camera of the timeline, and `at_us` is its time then.

        Raises UsageError.
        """
        box_id = uuid.uuid4().hex
        key = {"at": seconds(self.frame_at(medium or video, at_us)), "box": list(corners)}
        after = {
            "deleted": False,
            "label": label,
            "name": name,
            "keys": [key],
            "medium": medium["id"] if medium else "",
        }
        self.save(video, [{"id": box_id, "before": {"deleted": True}, "after": after}], annotator)
        return box_id

    def get(self, video: Row, box_id: str, by: Actor = OWNER) -> BoxTrack:
        """One box track, by its id or the beginning of it. Raises NotFound."""
        found = [track for track in self.of_video(video, by) if box_id and track.id.startswith(box_id)]
        if len(found) != 1:
            raise NotFound(f"“{video['name']}” has no box “{box_id:.40}”; list them with: studio boxes VIDEO")
        return found[0]

    def of_video(self, video: Row, by: Actor = OWNER) -> list[BoxTrack]:
        """The box tracks of a video that somebody may see, in order of their beginning."""
        return self._store.read(lambda db: boxes.of_video(db, video["id"], layer_of(by, video)))

    def save(self, video: Row, edits: list[Row], annotator: str = "") -> None:
        """Save edits as `parse` reads them, all or none; each needs an `edit_id`. Raises UsageError, Conflict."""
        changes = [
            parse(edit, text(edit, "edit_id", uuid.uuid4().hex, longest=ID_CHARS), self._limits) for edit in edits
        ]

        def work(db: sqlite3.Connection) -> None:
            for change in changes:
                check_times(change, boxes.medium_of(db, video, change)["duration_us"])
                boxes.save(db, video, change, annotator)

        self._store.write(work)

    def start_tracking(
        self, video: Row, box_id: str, at_us: int, until_us: int, edit: str, annotator: str = "", by: Actor = OWNER
    ) -> Row:
        """Queue the job that follows an object from where it is at `at_us` to `until_us`, which may be before it;
        `edit` is the id of the step that it will be; times are those of the medium that it lies over. Returns the job.

        Raises UsageError, NotFound, PermissionDenied, JobError.
        """
        params = self._params(video, box_id, at_us, until_us, edit, annotator, by)
        return self._jobs.start(TRACK, self._medium(video, box_id)["id"], params, by)

    def track(
        self, video: Row, box_id: str, at_us: int, until_us: int, annotator: str = "",
        progress: ReportProgress = no_progress,
    ) -> Row:  # fmt: skip
        """The same, done at once: how many key frames came (`keys`), and a `note`. Times become those of the frames
        that are displayed then."""
        medium = self._medium(video, box_id)
        at_us, until_us = (self.frame_at(medium, time) for time in (at_us, until_us))
        params = self._params(video, box_id, at_us, until_us, uuid.uuid4().hex, annotator, OWNER)
        return self._jobs.now(TRACK, medium["id"], params, progress)

    def faces(self, video: Row, at_us: int, until_us: int, medium: str = "") -> list[list[Row]]:
        """The faces of the frame that is displayed at a time, of the main video or of a camera of the timeline, and
        where each goes until another time: key frames as `parse` reads them. Nothing is kept.

        Raises UsageError where there is none.
        """
        row = self._store.read(lambda db: videos.get(db, medium)) if medium else video
        found = self._jobs.now(FACES, row["id"], {"at_us": at_us, "until_us": until_us}, no_progress)["faces"]
        if not found:
            raise UsageError("No face was found in this picture; go to a frame in which they are larger, or draw them.")
        return [
            [{"at": seconds(time), "box": corners, "hidden": False, "source": "tracked"} for time, corners in keys]
            for keys in found
        ]

    def draw_faces(
        self, video: Row, at_us: int, until_us: int, annotator: str = "", medium: Row | None = None
    ) -> list[str]:
        """A box track for each face of a frame, followed to another time; all or none. Returns their ids, from left to
        right. Raises what `faces` raises."""
        over = medium["id"] if medium else ""
        edits: list[Row] = [
            {"id": uuid.uuid4().hex, "before": {"deleted": True},
             "after": {"deleted": False, "label": FACE, "name": str(number), "medium": over, "keys": keys}}
            for number, keys in enumerate(self.faces(video, at_us, until_us, over), 1)
        ]  # fmt: skip
        self.save(video, edits, annotator)
        return [edit["id"] for edit in edits]

    def _medium(self, video: Row, box_id: str) -> Row:
        """The video in whose pictures a box lies."""

        def work(db: sqlite3.Connection) -> Row:
            track = boxes.find(db, video["id"], box_id)
            return videos.get(db, track.medium) if track and track.medium else video

        return self._store.read(work)

    def _params(
        self, video: Row, box_id: str, at_us: int, until_us: int, edit: str, annotator: str, by: Actor
    ) -> Row:  # fmt: skip
        def work(db: sqlite3.Connection) -> BoxTrack:
            row = videos.get(db, video["id"])
            track = boxes.find(db, row["id"], box_id)
            if track is None or track.deleted or layer_of(by, row) not in (None, track.annotator):
                raise NotFound("This box is no longer in the video.")
            if row["independent"] and track.annotator != annotator:
                raise PermissionDenied("This video is annotated independently: everybody changes only their own boxes.")
            return track

        track = self._store.read(work)
        corners = track.at(at_us)
        if corners is None:
            raise UsageError(
                "The box is not seen at this frame; go to a frame at which it is drawn, and track from there."
            )
        if until_us == at_us:
            raise UsageError("There is nothing to track: the video ends here.")
        own = sorted(key.time_us for key in track.keys if key.source != "tracked")
        stop = until_us
        if until_us > at_us:  # a person said where it is from there on
            stop = min([until_us, *(t for t in own if t > at_us)])
        else:
            stop = max([until_us, *(t for t in own if t < at_us)])
        return {
            "box": box_id, "corners": list(corners), "at_us": at_us, "until_us": stop, "edit": edit,
            "annotator": annotator, "timeline": video["id"],
        }  # fmt: skip
