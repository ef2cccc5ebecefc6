"""Several cameras and recordings on one timeline: which there are, when each begins, and how that is found out.

The video whose timeline it is, is the main medium: it lies at 0, and its frames and its length are those of the
timeline. What lies before it or after it is not shown; so the one that ran through all is best opened as the main one.
"""

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from studio import media
from studio.config import Settings
from studio.errors import UsageError
from studio.formats import timecode
from studio.jobs import ReportProgress
from studio.service import serializers
from studio.service.accounts.rights import OWNER, Actor, own_layer
from studio.service.jobs.jobs import Jobs, no_progress
from studio.service.videos import tracks
from studio.service.videos.media_cache import MediaCache
from studio.store import Store, annotations, people, runs, teaching, timeline_media, timelines, video_list, videos
from studio.store.timeline_media import MediumChange, role_of
from studio.timeline import ALIGNED, MICROS, Footage, MediaPlace, Prediction, read_shift, seconds, us

Row = dict[str, Any]
_DAY_US = 24 * 3600 * MICROS
OFFERED = 20  # videos to choose from at once
SECOND_ONLY = "The files say this to the second only; move it by frames, or go by the sound."


@dataclass(frozen=True, slots=True)
class Medium:
    """What plays on a timeline: the row of its video, and where it lies; the main one at 0."""

    row: Row
    place: MediaPlace
    role: str

    @property
    def is_main(self) -> bool:
        return self.role == timelines.MAIN

    def row_name(self, track: str) -> str:
        """The row of the timeline in which the predictions of another camera are shown."""
        return f"{track} · {self.row['name']}"

    def placed(self, found: Prediction, duration_us: int) -> Prediction | None:
        """A prediction as it lies on the timeline; None where it does not. A face of another camera is nobody of the
        main one's."""
        if self.is_main:
            return found
        segment = self.place.placed(found.segment, duration_us)
        if segment is None:
            return None
        track = self.row_name(found.track) if people.is_face(found.track) else found.track
        known = found.payload or {}
        times = (key for key in ("onset", "apex", "offset") if key in known)
        moved: Row = {key: seconds(self.place.on_timeline(us(known[key]))) for key in times}
        return replace(found, segment=segment, track=track, payload={**known, **moved} or None)


def on_timeline(db: Any, video_id: str) -> list[Medium]:
    """The media of the timeline of a video, the main one first. Raises NotFound."""
    listed = timelines.media(db, timelines.of_video(db, video_id))
    return [
        Medium(videos.get(db, each["video_id"]), MediaPlace(each["offset_us"], each["rate"]), each["role"])
        for each in listed
    ]


def predictions(db: Any, found: list[Medium], shown: list[Row], by: Actor) -> Iterator[Row]:
    """The predictions of these runs as the page of the main medium shows them, each with its verdict. Faces of another
    camera have the names that they were given on its own page. Of what independent annotators decided each one is not
    shown their own again."""
    if not shown:
        return
    duration = found[0].row["duration_us"]
    by_id = {medium.row["id"]: medium for medium in found}
    decided = {medium.row["id"]: verdicts(db, medium, found[0], by) for medium in found}
    known = teaching.known(db, [run["id"] for run in shown], by.name)
    for run in shown:
        medium = by_id[run["video_id"]]
        names = [] if medium.is_main else people.of_video(db, medium.row["id"])["names"]
        for p in runs.predictions(db, run["id"]):
            if not medium.is_main:
                if (named := people.row_of(names, p.track, p.segment.start)) is None:
                    continue  # about a face that is nobody
                p = replace(p, track=named)
            verdict = decided[medium.row["id"]].get(p.id, "")
            if (placed := medium.placed(p, duration)) is None or (p.id in known and not verdict):
                continue
            beside = {} if medium.is_main else {"medium": medium.row["id"], "row": medium.row_name(p.track)}
            yield {**serializers.prediction(placed, run), **beside, "verdict": verdict}


def verdicts(db: Any, medium: Medium, main: Medium, by: Actor) -> dict[str, str]:
    """What the page of the main medium shows of what was decided about the predictions of a medium, by their ids: one's
    own verdicts alone where annotators of either work independently."""
    layers = own_layer(by, main.row), own_layer(by, medium.row)
    layer = next((each for each in layers if each is not None), None)
    return annotations.verdicts(db, medium.row["id"], layer, by.name)


def run(row: Row, main: str) -> Row:
    """A run; one of another camera says of which."""
    return {**serializers.run(row), **({} if row["video_id"] == main else {"medium": row["video_id"]})}


class TimelineMedia:
    """The cameras and recordings of timelines."""

    def __init__(self, store: Store, settings: Settings, cache: MediaCache, jobs: Jobs) -> None:
        self._store, self._settings, self._cache, self._jobs = store, settings, cache, jobs

    def listed(self, video_id: str) -> list[Row]:
        """What plays on the timeline of a video, the main medium first: `id`, `name`, `offset` (s), `rate` (of
        its clock), `role` (main, camera or sound) and `duration`. Raises NotFound."""
        found = self._store.read(lambda db: on_timeline(db, video_id))
        return [
            {"id": each.row["id"], "name": each.row["name"], "offset": seconds(each.place.offset_us),
             "rate": each.place.rate, "role": each.role, "duration": seconds(each.row["duration_us"])}
            for each in found
        ]  # fmt: skip

    def choices(
        self, name: str = "", beside: str = "", without: Sequence[str] = (), ids: Sequence[str] = ()
    ) -> tuple[list[Row], int]:
        """The first OFFERED videos with a part of a name, by name (all: the newest first), and how many there are; each
        as `shown` has it at 0. Those on the timeline of the video `beside` are left out. With `ids`: these videos.
        Raises NotFound.
        """

        def work(db: Any) -> tuple[list[Row], int]:
            if ids:
                found = videos.with_ids(db, ids)
                return found, len(found)
            there = [medium.row["id"] for medium in on_timeline(db, beside)] if beside else []
            return video_list.offered(db, name, [*without, *there], OFFERED)

        rows, total = self._store.read(work)
        return self.shown([Medium(row, ALIGNED, role_of(row)) for row in rows]), total

    def shown(self, found: list[Medium]) -> list[Row]:
        """Media as a page shows them; times in s."""
        return [
            {
                **{key: each.row[key] for key in ("id", "name", "width", "height")},
                "duration": seconds(each.row["duration_us"]),
                "media_start": serializers.media_start(each.row["start_us"], each.row["browser_playable"]),
                "sound": bool(each.row["audio"]),
                "offset": seconds(each.place.offset_us),
                "rate": each.place.rate,
                "role": each.role,
                "playable": bool(each.row["browser_playable"]) or self._cache.has_proxy(each.row),
            }
            for each in found
        ]

    def place(
        self, video_id: str, medium_id: str, offset_us: int, annotator: str = "", rate: float | None = None
    ) -> None:
        """Put a medium on the timeline of a video so that it begins at `offset_us` and its clock runs at `rate` (None:
        as it was said to, at first at that of the main one), or move it there.

        Raises UsageError, NotFound.
        """

        def work(db: Any) -> None:
            known = timelines.place(db, timelines.of_video(db, video_id), medium_id) or ALIGNED
            after = MediaPlace(offset_us, known.rate if rate is None else rate)
            self._change(db, video_id, medium_id, after, annotator)

        self._store.write(work)

    def remove(self, video_id: str, medium_id: str, annotator: str = "") -> None:
        """Take a medium off the timeline of a video; it stays in the library. Raises UsageError."""
        self._store.write(lambda db: self._change(db, video_id, medium_id, None, annotator))

    @staticmethod
    def _change(db: Any, video_id: str, medium_id: str, after: MediaPlace | None, annotator: str) -> None:
        before = timelines.place(db, timelines.of_video(db, video_id), medium_id)
        if before is None and after is None:
            raise UsageError("This video is not on the timeline, so it cannot be removed from it.")
        if before != after or medium_id == video_id:  # which is refused
            change = MediumChange(uuid.uuid4().hex, medium_id, before, after)
            timeline_media.save(db, video_id, change, annotator)

    def read_offset(self, video_id: str, text: str) -> int:
        """When something begins on the timeline of a video, as people type it, in µs. Raises UsageError, NotFound."""
        row = self._video(video_id)
        footage = Footage(
            row["name"], row["duration_us"], fps=row["fps"], pts=self._cache.frames(row),
            pictures=videos.has_pictures(row),
        )  # fmt: skip
        return read_shift(text, footage)

    # ------------------------------------------------------------------ finding offsets

    def by_sound(self, video_id: str, medium_id: str, progress: ReportProgress = no_progress) -> Row:
        """Where a medium begins by what is heard in it and in the main one, now: `offset` (s; None where their sounds
        do not tell), a `note` for people, and where their clocks run apart `corrected`, the `offset` and the `rate`
        with which it fits from beginning to end. Nothing is changed."""
        return _shown_offset(self._jobs.do("synchronise", video_id, self._with(video_id, medium_id), progress))

    def start_by_sound(self, video_id: str, medium_id: str, by: Actor = OWNER) -> Row:
        """The same as a job of the queue, whose result is as `tasks.synchronise` has it."""
        return serializers.job(self._jobs.start("synchronise", video_id, self._with(video_id, medium_id), by))

    def _with(self, video_id: str, medium_id: str) -> Row:
        """The parameters of a comparison. Raises UsageError where there is nothing to compare."""
        for each in (main := self._video(video_id)), (medium := self._video(medium_id)):
            if not each["audio"]:
                raise UsageError(f"“{each['name']}” has no sound to go by; give the offset by hand or by time code.")
        if main["id"] == medium["id"]:
            raise UsageError("A timeline begins where its main video does; name another one.")
        return {"medium": serializers.job_video(medium)}

    def by_timecode(self, video_id: str, medium_id: str) -> Row:
        """Where a medium begins by the clocks of the recorders: `offset` (s), `source` (“timecode” or “created”) and a
        `note` for people. Nothing is changed.

        Raises UsageError where the files say nothing, or were not recorded at the same time; MediaError.
        """
        main, medium = self._video(video_id), self._video(medium_id)
        for source, clock, note in (
            ("timecode", self._timecode_us, ""),
            ("created", self._created_us, SECOND_ONLY),
        ):
            one, other = clock(main), clock(medium)
            if one is None or other is None:
                continue
            offset = other - one
            if source == "timecode":  # midnight may lie between them
                offset = (offset + _DAY_US // 2) % _DAY_US - _DAY_US // 2
            if not -medium["duration_us"] < offset < main["duration_us"]:
                raise UsageError(
                    "By what the two files say of when they were recorded, neither ran while the other did; give the "
                    "offset by hand, or go by the sound."
                )
            return {"offset": seconds(offset), "source": source, "note": note}
        raise UsageError(
            "At least one of the two files does not say when it was recorded; go by the sound, or give the offset by "
            "hand."
        )

    def _timecode_us(self, row: Row) -> int | None:
        """What the recorder's clock said at the first frame or sample."""
        if not videos.has_pictures(row):
            return self._probe(row).since_midnight_us
        if not (said := tracks.timecode(row) or self._probe(row).timecode):
            return None
        counting = timecode.counting_of(Footage(row["name"], row["duration_us"], fps=row["fps"], timecode=said))
        return round(counting.begin / counting.rate * MICROS)

    def _created_us(self, row: Row) -> int | None:
        said = self._probe(row).created
        return round(datetime.fromisoformat(said).timestamp() * MICROS) if said else None

    def _probe(self, row: Row) -> media.Probe:
        return media.probe(self._cache.original(row), self._settings.limits)

    def _video(self, video_id: str) -> Row:
        return self._store.read(lambda db: videos.get(db, video_id))


def _shown_offset(found: Row) -> Row:
    offset, corrected = found["offset_us"], found["corrected"]
    return {
        "offset": None if offset is None else seconds(offset),
        "note": found["note"],
        "corrected": corrected and {"offset": seconds(corrected["offset_us"]), "rate": corrected["rate"]},
    }
