"""A library from Python, for notebooks and scripts: `from studio import open_library`. Times are seconds.

>>> from studio import open_library
>>> library = open_library(folder)
>>> video = library.add(clip)
>>> video
Video('bikes.mp4', 10.0 s)
>>> library.index(video)
>>> moments = library.search("a bicycle on a street", top=3)
>>> moments[0].video.name
'bikes.mp4'
>>> best = library.ground(video, "a bicycle")[0]
>>> 0 <= best.start < best.end <= video.duration
True
>>> library.annotations(video)
[]
>>> library.export(video, "elan")[:38]
b"<?xml version='1.0' encoding='utf-8'?>"
>>> library.close()
"""

import base64
import html
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, overload

from studio.config import Settings, default_home
from studio.formats import subtitles
from studio.service import Studio
from studio.service.exchange import found as found_files
from studio.service.find import LETTERS, Found, Question, parse
from studio.timeline import Annotation, clock, seconds, us
from studio.timeline.boxes import BoxTrack
from studio.timeline.traces import Trace

_PICTURES = 8
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Video:
    """A video of the library."""

    id: str
    name: str
    path: Path
    duration: float

    def __repr__(self) -> str:
        return f"Video({self.name!r}, {self.duration} s)"


@dataclass(frozen=True, slots=True)
class Medium:
    """A video or a recording on the timeline of another one: what is at t s of it is at `offset + rate * t` there;
    `role` is main, camera or sound."""

    video: Video
    offset: float
    role: str
    rate: float = 1.0


@dataclass(frozen=True, slots=True)
class Moment:
    """A part of a video that a model proposes: for a question, or with what it finds (`track`, `label`)."""

    video: Video
    start: float
    end: float
    score: float
    track: str = ""
    label: str = ""
    picture: bytes = field(default=b"", repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class FoundSegment:
    """A segment that `find` found; `kind` is annotation, prediction or line, `status` as docs/find.md has it."""

    id: str
    kind: str
    status: str
    track: str
    label: str
    start: float
    end: float
    note: str = ""
    annotator: str = ""
    attributes: dict[str, Any] = field(default_factory=dict, hash=False)
    score: float | None = None


@dataclass(frozen=True, slots=True)
class FoundMoment:
    """A moment that `find` found, from the start of its first segment to the end of its last one; `segments` has one
    for each that was asked for, None where there must be none."""

    video: Video
    start: float
    end: float
    segments: tuple[FoundSegment | None, ...]

    def row(self) -> dict[str, Any]:
        """All of it in one flat dict, as for `pandas.DataFrame(moment.row() for moment in found)`: the facts of the
        first segment begin with “A ”, of the second one with “B ”."""
        facts = {
            f"{letter} {name}": getattr(segment, name)
            for letter, segment in zip(LETTERS, self.segments, strict=False)
            if segment is not None
            for name in FoundSegment.__slots__
        }
        return {"video": self.video.name, "start": self.start, "end": self.end, **facts}


class Moments(Sequence[Moment]):
    """Moments, best first or in order of time; a notebook shows them as a table with pictures."""

    def __init__(self, found: Iterable[Moment]) -> None:
        self._found = tuple(found)

    @overload
    def __getitem__(self, index: int) -> Moment: ...
    @overload
    def __getitem__(self, index: slice) -> "Moments": ...
    def __getitem__(self, index: int | slice) -> "Moment | Moments":
        return Moments(self._found[index]) if isinstance(index, slice) else self._found[index]

    def __len__(self) -> int:
        return len(self._found)

    def __repr__(self) -> str:
        return "\n".join(
            f"{m.video.name}  {clock(us(m.start))}–{clock(us(m.end))}  {m.score:.3f}  {m.label}".rstrip()
            for m in self._found
        )

    def _repr_html_(self) -> str:
        head = "<tr><th></th><th>video</th><th>start</th><th>end</th><th>score</th><th>label</th></tr>"
        return f"<table>{head}{''.join(map(_row, self._found))}</table>"


class Library:
    """One library. Close it when done, or use it in a `with`.

    A video is named by itself, by its id, or by its path. Raises what the command line says in one line: the errors of
    `studio.errors`.
    """

    def __init__(self, home: Path | str | None = None, device: str = "auto") -> None:
        self._studio = Studio(Settings(home=Path(home) if home else default_home(), device=device))

    def __enter__(self) -> "Library":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Finish; the library can be opened again."""
        self._studio.close()

    @property
    def videos(self) -> list[Video]:
        """All videos, newest first."""
        return [_video(row) for row in self._studio.videos.all()]

    def add(self, path: Path | str) -> Video:
        """Add one file; it stays where it is."""
        return _video(self._studio.videos.add(path))

    def index(self, *videos: Video | str, encoder: str | None = None) -> None:
        """Compute what search and grounding need, for all videos when none is named."""
        for video in videos or self.videos:
            self._studio.jobs.index(self._id(video), encoder=encoder)

    def search(self, query: str, top: int = 20) -> Moments:
        """Moments across the library for a text, best first."""
        return Moments(
            Moment(_video(hit["video"]), seconds(hit["start_us"]), seconds(hit["end_us"]), hit["score"],
                   picture=self._picture(hit["video"]["id"], hit["peak_us"]) if n < _PICTURES else b"")
            for n, hit in enumerate(self._studio.search.moments(query, top))
        )  # fmt: skip

    def ground(self, video: Video | str, query: str, top: int = 5, **options: Any) -> Moments:
        """The moments of one video that a text describes, best first; options as of `studio ground`."""
        run = self._studio.jobs.run("ground", self._id(video), {"query": query, "top": top, **options})
        return self._moments(video, sorted(run["predictions"], key=lambda p: -p.score))

    def detect(self, name: str, *videos: Video | str) -> Moments:
        """What a detector of the library (a label that was taught) finds, best first, in all videos when none is named;
        `studio.models.cards("detection", folder)` lists them, with the library's folder of models."""
        among = [self._studio.videos.get(self._id(video)) for video in videos] or None
        known = {video.id: video for video in self.videos}
        made = self._studio.teaching.detect(name, among)
        return Moments(
            Moment(known[p["video"]], p["start"], p["end"], p["score"], label=made["label"])
            for p in made["predictions"]
        )

    def export_detector(self, name: str) -> bytes:
        """A detector as one file, which `import_detector` of another library reads."""
        return self._studio.detectors.export(name)

    def import_detector(self, content: bytes) -> str:
        """Keep a file that `export_detector` gave; returns its name."""
        return str(self._studio.detectors.import_(content)["name"])

    def delete_detector(self, name: str) -> None:
        """Remove a detector for good; what it found stays."""
        self._studio.detectors.delete(name)

    def speakers(self, video: Video | str) -> Moments:
        """Who speaks when, in order of time."""
        return self._moments(video, self._studio.jobs.run("speakers", self._id(video))["predictions"])

    def turns(self, video: Video | str) -> Moments:
        """Who speaks when by the sound alone, in order of time: by two channels that are two speakers, else by voices
        where the optional package is there, else on the track “Voices”, whosesoever they are."""
        return self._moments(video, self._studio.jobs.run("turns", self._id(video))["predictions"])

    def emotions(
        self, video: Video | str, subtitle_file: Path | str | None = None, encoding: str | None = None
    ) -> Moments:
        """What faces and words express, in order of time. `encoding` is that of the file; a warning says where it was
        guessed, or a line could not be read."""
        said = {}
        if subtitle_file is not None:
            read = subtitles.parse(Path(subtitle_file).read_bytes(), encoding)
            said = {"subtitles": read.lines}
            for problem in read.problems:
                warnings.warn(problem, stacklevel=2)
        return self._moments(video, self._studio.jobs.run("emotions", self._id(video), said)["predictions"])

    def find(
        self, *segments: Json, videos: Iterable[Video | str] = (), name: str = "", every: bool = False
    ) -> list["FoundMoment"]:
        """The moments at which annotations fulfil conditions and stand in relations in time, by video and time.

        Each segment is a dict as docs/find.md says, from the second on with a `relation`: `find({"labels": ["nod"]},
        {"labels": ["smile"], "relation": {"is": "after", "most": 2}})`. Only in some `videos`, or those with `name` in
        their names; with `every` each combination of segments, not each first one once. Raises UsageError.
        """
        _, found = self._found(segments, videos, name, every)
        known = {row["id"]: _video(row) for row in (moment["video"] for moment in found.moments)}
        return [
            FoundMoment(known[moment["video"]["id"]], seconds(moment["start_us"]), seconds(moment["end_us"]),
                        tuple(each and _found_segment(each) for each in moment["segments"]))
            for moment in found.moments
        ]  # fmt: skip

    def export_found(
        self, format: str, *segments: Json, videos: Iterable[Video | str] = (), name: str = "", every: bool = False
    ) -> bytes:
        """What `find` finds as a file: "moments" (CSV, a row for each), "moments-json", or its segments in a format of
        `studio formats`; several videos of a format that holds one are a zip."""
        question, found = self._found(segments, videos, name, every)
        return found_files.export(self._studio.exchange, question, found, format).content

    def _found(
        self, segments: Sequence[Json], videos: Iterable[Video | str], name: str, every: bool
    ) -> tuple[Question, Found]:
        among = [self._id(video) for video in videos]
        asked = {"segments": list(segments), "videos": among, "name": name, "every": every}
        question = parse(asked)
        return question, self._studio.find.ask(question)

    def annotations(self, video: Video | str) -> list[Annotation]:
        """What people decided, in order of time; their times are in µs (`segment.start`, `segment.end`)."""
        return self._studio.timelines.annotations(self._id(video))

    def media(self, video: Video | str) -> list[Medium]:
        """What plays on the timeline of a video: itself, and other cameras and recordings."""
        known = {each.id: each for each in self.videos}
        listed = self._studio.timeline_media.listed(self._id(video))
        return [Medium(known[each["id"]], each["offset"], each["role"], each["rate"]) for each in listed]

    def place_media(self, video: Video | str, other: Video | str, offset: float, rate: float | None = None) -> None:
        """Put another camera or recording on the timeline of a video, where it begins at `offset`, or move it there.
        `rate`: how many s of the timeline a second of it lasts, where clocks run apart; None: as before, at first 1."""
        self._studio.timeline_media.place(self._id(video), self._id(other), us(offset), rate=rate)

    def sync_media(self, video: Video | str, other: Video | str, clock: bool = False) -> float | None:
        """The same where the sound of the two says; returns that offset. None where it does not: then nothing is
        changed, and a warning says why. With `clock`, that of the other is corrected too where they run apart."""
        found = self._studio.timeline_media.by_sound(self._id(video), self._id(other))
        if clock and found["corrected"]:
            place = found["corrected"]
            self.place_media(video, other, place["offset"], place["rate"])
            return float(place["offset"])
        if found["note"]:
            warnings.warn(found["note"], stacklevel=2)
        if found["offset"] is None:
            return None
        self.place_media(video, other, found["offset"], 1.0)  # it was compared as both clocks run
        return float(found["offset"])

    def remove_media(self, video: Video | str, other: Video | str) -> None:
        """Take a camera or recording off the timeline of a video; it stays in the library."""
        self._studio.timeline_media.remove(self._id(video), self._id(other))

    def curves(self, video: Video | str) -> list[Trace]:
        """What people drew of scales over time: `track`, `annotator`, and `values`, float32, `RATE` (25) a second from
        time 0, NaN where nothing was said."""
        return self._studio.traces.of_video(self._studio.videos.get(self._id(video)))

    def boxes(self, video: Video | str) -> list[BoxTrack]:
        """The boxes over time that people drew, in order of their beginning; times of their `keys` are in µs, as `at`
        takes one and says where the object is then: shares of the sides of the picture."""
        return self._studio.boxes.of_video(self._studio.videos.get(self._id(video)))

    def draw_box(
        self, video: Video | str, box: Sequence[float], at: float, label: str = "", name: str = "",
        camera: Video | str | None = None,
    ) -> BoxTrack:  # fmt: skip
        """A new box (left, top, right and bottom as shares of the picture's sides) at the frame of a time; over a
        `camera` of the timeline instead of its main video, and then at a time of that camera."""
        row = self._studio.videos.get(self._id(video))
        medium = None if camera is None else self._studio.videos.get(self._id(camera))
        return self._studio.boxes.get(row, self._studio.boxes.draw(row, box, us(at), label, name, medium=medium))

    def track_box(self, video: Video | str, box: BoxTrack | str, at: float, until: float) -> BoxTrack:
        """A box after its object was followed from the frame of one time to that of another, which may be before it.
        Key frames of people stay as they are."""
        row = self._studio.videos.get(self._id(video))
        box_id = box.id if isinstance(box, BoxTrack) else box
        self._studio.boxes.track(row, box_id, us(at), us(until))
        return self._studio.boxes.get(row, box_id)

    def export(self, video: Video | str, format: str = "json", kind: str = "") -> bytes:
        """The annotations and the transcript as a file of a format; see `studio formats`. `kind` says which of the two
        goes into subtitles: "annotations" or "lines"."""
        return self._studio.exchange.export(self._id(video), format, kind)

    def losses(self, video: Video | str, format: str, kind: str = "") -> list[str]:
        """What that format cannot hold of them."""
        return self._studio.exchange.losses(self._id(video), format, kind)

    def _id(self, video: Video | str) -> str:
        return video.id if isinstance(video, Video) else str(self._studio.videos.resolve(str(video))["id"])

    def _moments(self, video: Video | str, predictions: Iterable[Any]) -> Moments:
        known = _video(self._studio.videos.get(self._id(video)))
        return Moments(
            Moment(known, seconds(p.segment.start), seconds(p.segment.end), p.score, p.track, p.label,
                   self._picture(known.id, p.segment.start) if n < _PICTURES else b"")
            for n, p in enumerate(predictions)
        )  # fmt: skip

    def _picture(self, video_id: str, time_us: int) -> bytes:
        return self._studio.media.thumbnail(video_id, time_us)


def open_library(home: Path | str | None = None, device: str = "auto") -> Library:
    """The library in a folder (default: $STUDIO_HOME, else the platform's folder for data); made when there is none."""
    return Library(home, device)


def _video(row: dict[str, Any]) -> Video:
    return Video(row["id"], row["name"], Path(row["path"]), seconds(row["duration_us"]))


def _found_segment(row: dict[str, Any]) -> FoundSegment:
    return FoundSegment(
        row["id"], row["kind"], row["status"], row["track"], row["label"], seconds(row["start_us"]),
        seconds(row["end_us"]), row["note"], row["annotator"], row["attributes"], row["score"],
    )  # fmt: skip


def _row(moment: Moment) -> str:
    data = base64.b64encode(moment.picture).decode()
    kind = "png" if moment.picture.startswith(b"\x89PNG") else "jpeg"  # the waveform, where there is sound alone
    picture = f'<img src="data:image/{kind};base64,{data}" height="48" alt="">' if data else ""
    texts = (moment.video.name, clock(us(moment.start)), clock(us(moment.end)), f"{moment.score:.3f}", moment.label)
    return f"<tr><td>{picture}</td>{''.join(f'<td>{html.escape(text)}</td>' for text in texts)}</tr>"
