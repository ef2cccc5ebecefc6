"""Annotations in and out of a library, as files of every format there is."""

import unicodedata
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import PurePath
from typing import Any

from studio import formats
from studio.config import Settings
from studio.errors import FormatError, UsageError
from studio.formats import FORMATS, Format, Mark, Part, Placed, cannot_hold, losses, place, reading, table
from studio.formats import encoding as encodings
from studio.formats.reading import TooMany, bounded
from studio.service.accounts.rights import OWNER, Actor, need
from studio.service.exchange.pending_imports import PendingImports
from studio.service.people.transcripts import may_transcribe
from studio.service.videos import files, tracks
from studio.service.videos.media_cache import MediaCache
from studio.service.videos.video_matcher import Match, VideoMatcher
from studio.store import Store, annotations, imports, runs, transcripts, videos
from studio.store.imports import Batch
from studio.timeline import Annotation, Box, Cue, Footage, Segment, Timeline, read_shift, seconds, us

Row = dict[str, Any]
TABLES = (".csv", ".tsv", ".txt")
LINES = ("srt", "vtt")  # formats that may also be what is said in a video
SHOWN = 500  # parts, tracks and labels of a preview at most
SAMPLE = 20


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """How a file is imported. Names of the file → names in the library; what is not named stays as it is.

    `video` is where everything goes when the file is about one video. `kind` is annotations or lines, "" for what the
    format usually is. `encoding` is that of its text, "" for UTF-8 or what is guessed. `shift` is a time or a time code
    of the video, by which everything lies later than the file says, or with “-” earlier. `columns` are those of a table
    → what they are here. `fps` is at which rate the file counts frames, 0 for what it says itself.
    """

    video: str | None = None
    videos: Mapping[str, str] = field(default_factory=dict)
    tracks: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    kind: str = ""
    encoding: str = ""
    shift: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    fps: float = 0.0

    def __post_init__(self) -> None:
        if self.fps and not 0.1 <= self.fps <= 1_000:  # also not a number
            raise UsageError("A frame rate is a number from 0.1 to 1000 frames a second.")


@dataclass(frozen=True, slots=True)
class _Ready:
    """A part of a file, and the video that it is about, where that is known."""

    part: Part
    match: Match
    placed: Placed

    @property
    def row(self) -> Row | None:
        return self.match.row

    @property
    def problems(self) -> tuple[str, ...]:
        return self.placed.problems if self.row else (self.match.problem, *self.part.problems)


class Exchange:
    """The part of a library that reads and writes annotation files."""

    def __init__(self, store: Store, settings: Settings, media: MediaCache) -> None:
        self._store, self._settings, self._limits, self._media = store, settings, settings.limits, media
        self._pending = PendingImports(settings)

    def _video(self, video_id: str) -> Row:
        return self._store.read(lambda db: videos.get(db, video_id))

    # ------------------------------------------------------------------ out

    def timeline(self, row: Row) -> Timeline:
        """The annotations of a video with all that some format keeps beside them."""
        footage = self._footage(row)  # reads by itself, which it must not do inside a read

        def work(db: Any) -> Timeline:
            boxes = {**_found_boxes(db, row), **imports.boxes(db, row["id"])}
            kept = tuple(annotations.of_video(db, row["id"]))
            said = tuple(transcripts.of_video(db, row["id"]))
            return Timeline(footage, kept, imports.scores(db, row["id"]), boxes, said)

        return self._store.read(work)

    def losses(self, video_id: str, format_name: str) -> list[str]:
        """What the format cannot hold of a video's annotations, a sentence each; see `formats.losses`."""
        row = self._video(video_id)
        return losses(formats.named(format_name), [self.timeline(row)])

    def export(self, video_id: str, format_name: str) -> bytes:
        """The annotations of a video as a file of the named format.

        Raises UsageError for a format that there is not, or that can only be read.
        """
        row = self._video(video_id)
        return write(formats.named(format_name), [self.timeline(row)])

    def _footage(self, row: Row) -> Footage:
        return Footage(
            row["name"], row["duration_us"], row["id"], row["width"], row["height"], row["fps"],
            self._media.frames(row), tracks.timecode(row), row["sha256"],
        )  # fmt: skip

    # ------------------------------------------------------------------ in

    def readers(self, data: bytes, name: str) -> list[str]:
        """The formats that can read a file, among those that its name allows; only JSON, CSV and the like are tried."""
        try:
            return [formats.guessed(name).name]
        except UsageError:
            ending = PurePath(name).suffix.lower()
            likely = [f for f in FORMATS.values() if f.read and f.extension.lower() == ending]
            return [f.name for f in likely if self._reads(f, data, name)]

    def preview(self, data: bytes, name: str, format_name: str | None = None, plan: ImportOptions | None = None) -> Row:
        """What an import would do; nothing is changed.

        `format`, `kind`; `parts` with `name`, `video` ({id, name} or None), `rule` (how its name was understood, ""
        where it is the video's own), `likely` (videos that may be meant: {id, name, folder}), `segments`, `boxes`,
        `problems`; `tracks` and `labels` with `name`, `to`, `segments`; `segments` that would be added, `already`
        there, with `confidence`; `problems`; `sample`, the first few segments, times in s; of tables `columns` with
        `name` and `to`, "" for those that are not read; `fps`, the rate that frames are taken at where the file counts
        them and does not say at which, else None.
        Raises FormatError, UsageError, NotFound.
        """
        wanted = plan or ImportOptions()
        form, kind, ready = self._ready(data, name, format_name, wanted)
        batches = _batches(ready, kind, wanted)
        fresh = self._store.read(lambda db: [imports.fresh(db, batch) for batch in batches])
        shown = _shown(name, form, kind, ready, wanted, batches, fresh)
        return {**shown, "columns": _columns(form, data, wanted), "fps": _rate(ready, wanted.fps)}

    def apply(
        self, data: bytes, name: str, format_name: str | None = None, plan: ImportOptions | None = None,
        annotator: str = "", by: Actor = OWNER,
    ) -> Row:  # fmt: skip
        """Import a file as one transaction. Returns `import` (the id to undo it by) and what `preview` says, but for
        `columns` and `fps`.

        Raises FormatError, UsageError when nothing can be added, NotFound, PermissionDenied, StoreError.
        """
        wanted = plan or ImportOptions()
        form, kind, ready = self._ready(data, name, format_name, wanted)
        batches = _batches(ready, kind, wanted)

        def work(db: Any) -> Row:
            # in here, since somebody else may import the same file at this moment
            fresh = [imports.fresh(db, batch) for batch in batches]
            shown = _shown(name, form, kind, ready, wanted, batches, fresh)
            adding = [batch for batch in fresh if not batch.empty]
            if not adding:
                raise UsageError(_nothing(shown, batches))
            for batch in adding:
                if batch.lines:
                    may_transcribe(db, batch.video_id, by)
            return {"import": imports.insert(db, shown["file"], form.name, kind, adding, annotator), **shown}

        return self._store.write(work)

    def undo(self, import_id: str, annotator: str = "", by: Actor = OWNER) -> dict[str, int]:
        """Take an import back as one action; see `store.imports.undo`.

        Raises NotFound, UsageError, PermissionDenied.
        """

        def work(db: Any) -> dict[str, int]:
            need(by, "undo this import", imports.owner(db, import_id))
            return imports.undo(db, import_id, annotator)

        return self._store.write(work)

    def imports(self) -> list[Row]:
        """All imports, newest first."""
        return self._store.read(imports.listed)

    def _ready(
        self, data: bytes, name: str, format_name: str | None, plan: ImportOptions
    ) -> tuple[Format, str, list[_Ready]]:
        if plan.encoding:
            data = encodings.decode(data, plan.encoding).text.encode()
        if len(data) > self._limits.import_bytes:
            raise FormatError(f"This file is larger than {self._limits.import_bytes >> 20} MB; split it.")
        form = formats.named(format_name) if format_name else self._guessed(data, name)
        if form.read is None:
            raise UsageError(f"{form.title} can only be written; import another format.")
        if plan.columns and form is not table.FORMAT:
            raise UsageError(f"{form.title} has no columns to name; leave that out, or import the file as CSV.")
        kind = plan.kind or ("lines" if form.name in LINES else "annotations")
        if kind not in ("annotations", "lines") or (kind == "lines" and form.name not in LINES):
            raise UsageError("A file is imported as annotations; only subtitles may be imported as lines.")
        with bounded(self._limits.import_marks):
            if plan.columns:
                parts = table.read(data, files.display_name(name), plan.columns)
            else:
                parts = form.read(data, files.display_name(name))
        if not any(part.marks or part.boxes for part in parts):
            said = [problem for part in parts for problem in part.problems]
            raise FormatError(" ".join(["There is nothing to import in this file.", *said]))
        if plan.fps:
            parts = [replace(part, rate=plan.fps, frame_count=0, unsure=False) for part in parts]
        return form, kind, self._placed(parts, name, plan)

    def _reads(self, form: Format, data: bytes, name: str) -> bool:
        try:
            with bounded(self._limits.import_marks):
                return form.read is not None and any(part.marks or part.boxes for part in form.read(data, name))
        except TooMany:  # it is this format, and an import says what is wrong
            return True
        except FormatError:
            return False

    def _guessed(self, data: bytes, name: str) -> Format:
        able = self.readers(data, name)
        return FORMATS[able[0]] if len(able) == 1 else formats.guessed(name)

    def _placed(self, parts: Sequence[Part], name: str, plan: ImportOptions) -> list[_Ready]:
        library = VideoMatcher(self._store.read(videos.listed))
        only = self._video(plan.video) if plan.video else None
        known: dict[str, Footage] = {}
        named = {part.video for part in parts}
        ready = []
        for part in parts:
            own = part.video or PurePath(files.display_name(name)).stem
            chosen = plan.videos.get(part.video) or plan.videos.get(_last(part.video))
            match, part = (Match(self._video(chosen)), part) if chosen else _match(library, part, own)
            if only is not None and not chosen:
                match = _narrowed(only, match, len(named), own)
            if match.row is None:
                ready.append(_Ready(part, match, Placed((), {}, ())))
                continue
            if match.row["id"] not in known:
                known[match.row["id"]] = self._footage(match.row)
            footage = known[match.row["id"]]
            shift = read_shift(plan.shift, footage) if plan.shift.strip() else 0
            ready.append(_Ready(part, match, place(part, footage, self._limits, shift)))
        return ready

    # ------------------------------------------------------------------ files that a browser sends

    def keep(self, data: bytes, name: str) -> Row:
        """Keep a file until it is imported: `upload`, the token that names it, `name`, `formats` that can read it, and
        the names of its `columns`, should it be a table.

        Raises FormatError, OSError; see `incoming`.
        """
        token = self._pending.keep(data)
        columns: list[str] = []
        if PurePath(name).suffix.lower() in TABLES:
            with suppress(FormatError):
                columns = [column.name for column in table.columns(data)[0]]
        return {
            "upload": token, "name": files.display_name(name), "formats": self.readers(data, name), "columns": columns,
        }  # fmt: skip

    def kept(self, token: str) -> bytes:
        """The file of a token.

        Raises NotFound when it has gone.
        """
        return self._pending.kept(token)

    def drop(self, token: str) -> None:
        """Forget a file that waited, if it has not gone already."""
        self._pending.drop(token)


def listed() -> list[Row]:
    """Every format: `name`, `title`, `extension`, `units`, `reads`, `writes`, `many` (videos a file), `lines` (whether
    it may also be a transcript), `columns` (what a person may say that its columns are), `cannot` (what it has no place
    for)."""
    return [
        {
            "name": f.name, "title": f.title, "extension": f.extension, "units": f.units, "reads": f.read is not None,
            "writes": f.write is not None, "many": f.many, "lines": f.name in LINES,
            "columns": list(table.ROLES) if f is table.FORMAT else [],
            "cannot": cannot_hold(f),
        }
        for f in FORMATS.values()
    ]  # fmt: skip


def write(form: Format, timelines: Sequence[Timeline]) -> bytes:
    """The file. Raises UsageError."""
    if form.write is None:
        raise UsageError(f"{form.title} can only be read; export another format.")
    return form.write(timelines)


def _found_boxes(db: Any, row: Row) -> dict[str, tuple[Box, ...]]:
    """The faces that the newest run of who speaks found."""
    run = next((r for r in reversed(runs.of_video(db, row["id"])) if r["task"] == "speakers"), None)
    if run is None:
        return {}
    wide, high = row["width"], row["height"]
    return {
        person["track"]: tuple((us(t), a / wide, b / high, c / wide, d / high) for t, a, b, c, d in person["boxes"])
        for person in runs.get(db, run["id"])["payload"].get("tracks", ())
        if person.get("boxes")
    }


def _match(library: VideoMatcher, part: Part, name: str) -> tuple[Match, Part]:
    """The video that a part is about, and the part with its times on that video. Where several have the content that
    the file says, the name decides among them; where none has the name, what else the file calls the video does."""
    match = library.find(name, part.sha256)
    if match.several and part.sha256:
        named = library.find(name)
        match = named if named.row and named.row["sha256"] == part.sha256 else match
    for other in part.also:
        if match.row is None and not match.several and (found := library.find(other.video)).row:
            return found, replace(part, video=other.video, marks=_later(part.marks, other.shift))
    return match, part


def _later(marks: tuple[Mark, ...], by: int) -> tuple[Mark, ...]:
    return tuple(replace(mark, start=mark.start + by, end=mark.end + by) for mark in marks) if by else marks


def _last(name: str) -> str:
    """The name of a file without its folders."""
    return name.replace("\\", "/").rpartition("/")[2]


def _narrowed(only: Row, match: Match, parts: int, name: str) -> Match:
    """What a part is about when a person named one video: the only part of a file is, others by their name."""
    if parts == 1 or (match.row is not None and match.row["id"] == only["id"]):
        return Match(only)
    return Match(None, problem=f"“{name:.60}” is not the video you named, and left out.")


def _batches(ready: Sequence[_Ready], kind: str, plan: ImportOptions) -> list[Batch]:
    """What the file has for each video, under the names that were chosen."""
    by_video: dict[str, list[_Ready]] = {}
    for one in ready:
        if one.row is not None:
            by_video.setdefault(one.row["id"], []).append(one)
    made = []
    for video, several in by_video.items():
        marks = [_renamed(mark, plan) for one in several for mark in one.placed.marks]
        if kind == "lines":
            made.append(Batch(video, lines=sorted(Cue(m.start, m.end, m.label) for m in marks if m.label.strip())))
            continue
        found = [_annotation(mark) for mark in marks]
        scores = {a.id: m.score for a, m in zip(found, marks, strict=True) if m.score is not None}
        made.append(Batch(video, found, scores, _boxes(several, plan)))
    return [batch for batch in made if not batch.empty]


def _boxes(several: Sequence[_Ready], plan: ImportOptions) -> dict[str, tuple[Box, ...]]:
    """All boxes of a video by track; those of tracks that get one name are together."""
    found: dict[str, set[Box]] = {}
    for one in several:
        for track, listed in one.placed.boxes.items():
            found.setdefault(_name(track, plan.tracks), set()).update(listed)
    return {track: tuple(sorted(listed)) for track, listed in found.items()}


def _renamed(mark: Mark, plan: ImportOptions) -> Mark:
    return replace(mark, track=_name(mark.track, plan.tracks), label=_typed(plan.labels.get(mark.label, mark.label)))


def _name(track: str, renamed: Mapping[str, str]) -> str:
    wanted = _typed(renamed.get(track, track)).strip()
    if not wanted:
        raise UsageError(f"The track “{track:.40}” needs a name; give it another one.")
    return wanted


def _typed(name: str) -> str:
    """A name as all labels are kept: two spellings of one letter are one."""
    try:
        name.encode()
    except UnicodeEncodeError:
        raise UsageError("A name holds half a character; type it again.") from None
    return unicodedata.normalize("NFC", name)


def _annotation(mark: Mark) -> Annotation:
    return Annotation(
        uuid.uuid4().hex, Segment(mark.start, mark.end), mark.track, mark.label, mark.note, "import",
        annotator=mark.annotator, attributes=mark.attributes,
    )  # fmt: skip


def _shown(
    name: str, form: Format, kind: str, ready: Sequence[_Ready], plan: ImportOptions, batches: Sequence[Batch],
    fresh: Sequence[Batch],
) -> Row:  # fmt: skip
    """What `preview` says, by what the file has (`batches`) and what of that is new (`fresh`)."""
    marks = [mark for one in ready for mark in one.placed.marks]
    listed = list(reading.grouped(sorted(ready, key=lambda one: one.row is None), lambda one: one.part.video).values())
    unknown = sum(several[0].row is None for several in listed)
    problems = [f"{unknown} of {len(listed)} videos of this file are not in the library, and left out."]
    problems *= bool(unknown and len(listed) > 1)
    problems += dict.fromkeys(said for several in listed[SHOWN:] for one in several for said in one.part.problems)
    return {
        "file": files.display_name(name),
        "format": form.name,
        "kind": kind,
        "parts": [_part(several) for several in listed[:SHOWN]],
        "tracks": _counted((m.track for m in marks), plan.tracks),
        "labels": _counted((m.label for m in marks), plan.labels),
        "segments": _segments(fresh),
        "already": _segments(batches) - _segments(fresh),
        "confidence": sum(len(b.scores) for b in fresh),
        "problems": problems,
        "sample": _sample(ready, plan),
    }


def _segments(batches: Sequence[Batch]) -> int:
    return sum(len(b.annotations) + len(b.lines) for b in batches)


def _part(several: Sequence[_Ready]) -> Row:
    """What the file has for one video, which may be in parts that count time differently."""
    one = several[0]
    return {
        "name": one.part.video,
        "video": None if one.row is None else {"id": one.row["id"], "name": one.row["name"]},
        "rule": one.match.rule,
        "likely": [
            {"id": row["id"], "name": row["name"], "folder": PurePath(row["path"]).parent.name}
            for row in one.match.likely
        ],
        "segments": sum(len(each.part.marks if each.row is None else each.placed.marks) for each in several),
        "boxes": len({track for each in several for track in each.placed.boxes}),
        "problems": list(dict.fromkeys(problem for each in several for problem in each.problems)),
    }


def _columns(form: Format, data: bytes, plan: ImportOptions) -> list[Row]:
    """The columns of a table and what they are taken for."""
    if form is not table.FORMAT:
        return []
    return [{"name": column.name, "to": column.role} for column in table.columns(data, plan.columns)[0]]


def _rate(ready: Sequence[_Ready], fps: float) -> float | None:
    """The frame rate that a person may have to correct."""
    unsure = next((one for one in ready if one.part.asks_rate and one.row), None)
    return fps or (round(unsure.row["fps"], 3) if unsure and unsure.row else None)


def _counted(names: Any, renamed: Mapping[str, str]) -> list[Row]:
    return [
        {"name": name, "to": renamed.get(name, name), "segments": count}
        for name, count in Counter(names).most_common(SHOWN)
    ]


def _sample(ready: Sequence[_Ready], plan: ImportOptions) -> list[Row]:
    found = [(one.row, _renamed(mark, plan)) for one in ready if one.row for mark in one.placed.marks[:SAMPLE]]
    return [
        {"video": row["id"], "track": m.track, "label": m.label, "start": seconds(m.start), "end": seconds(m.end)}
        for row, m in found[:SAMPLE]
    ]


def _nothing(shown: Row, batches: Sequence[Batch]) -> str:
    """Why nothing is added."""
    if batches:
        return "Everything in this file is in the library already."
    whys = [problem for part in shown["parts"] for problem in part["problems"]]
    return whys[0] if whys else "Nothing in this file can be placed on a video."
