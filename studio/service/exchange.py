"""Annotations in and out of a library, as files of every format there is."""

import re
import uuid
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath
from typing import Any

from studio import formats
from studio.config import Settings
from studio.errors import FormatError, NotFound, UsageError
from studio.formats import FORMATS, Format, Mark, Part, Placed, cannot_hold, losses, place
from studio.service import files, matching
from studio.store import Store, annotations, imports, lines, runs
from studio.store.imports import Batch
from studio.timeline import Annotation, Box, Footage, Segment, Timeline, seconds, us

Row = dict[str, Any]
LINES = ("srt", "vtt")  # formats that may also be what is said in a video
SHOWN = 500  # parts, tracks and labels of a preview at most
SAMPLE = 20


@dataclass(frozen=True, slots=True)
class Plan:
    """How a file is imported. Names of the file → names in the library; what is not named stays as it is.

    `video` is where everything goes when the file is about one video. `kind` is annotations or lines, "" for what the
    format usually is.
    """

    video: str | None = None
    videos: Mapping[str, str] = field(default_factory=dict)
    tracks: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    kind: str = ""


@dataclass(frozen=True, slots=True)
class _Ready:
    """A part of a file, and the video that it is about (None: not known, with a sentence why)."""

    part: Part
    row: Row | None
    placed: Placed
    problems: tuple[str, ...]


class Exchange:
    """The part of a library that reads and writes annotation files.

    `video` finds a row by id or path, `videos` all of them, `frames` the table of times of a row.
    """

    def __init__(
        self, store: Store, settings: Settings, video: Callable[[str], Row], videos: Callable[[], list[Row]],
        frames: Callable[[Row], Sequence[int]],
    ) -> None:  # fmt: skip
        self._store, self._settings, self._limits = store, settings, settings.limits
        self._video, self._videos, self._frames = video, videos, frames

    # ------------------------------------------------------------------ out

    def timeline(self, row: Row) -> Timeline:
        """The annotations of a video with all that some format keeps beside them."""
        footage = self._footage(row)  # reads by itself, which it must not do inside a read

        def work(db: Any) -> Timeline:
            boxes = {**_found_boxes(db, row), **imports.boxes(db, row["id"])}
            kept = tuple(annotations.of_video(db, row["id"]))
            said = tuple(lines.of_video(db, row["id"]))
            return Timeline(footage, kept, imports.scores(db, row["id"]), boxes, said)

        return self._store.read(work)

    def losses(self, ref: str, format_name: str) -> list[str]:
        """What the format cannot hold of a video's annotations, a sentence each; see `formats.losses`."""
        row = self._video(ref)
        return losses(_writable(format_name), [self.timeline(row)])

    def export(self, ref: str, format_name: str) -> bytes:
        """The annotations of a video as a file of the named format.

        Raises UsageError for a format that there is not.
        """
        row = self._video(ref)
        return write(_writable(format_name), [self.timeline(row)])

    def _footage(self, row: Row) -> Footage:
        return Footage(
            row["name"], row["duration_us"], row["id"], row["width"], row["height"], row["fps"],
            self._frames(row),
        )  # fmt: skip

    # ------------------------------------------------------------------ in

    def readers(self, data: bytes, name: str) -> list[str]:
        """The formats that can read a file, among those that its name allows; only JSON, CSV and the like are tried."""
        try:
            return [formats.guessed(name).name]
        except UsageError:
            ending = PurePath(name).suffix.lower()
            likely = [f for f in FORMATS.values() if f.read and f.extension.lower() == ending]
            return [f.name for f in likely if _reads(f, data, name)]

    def preview(self, data: bytes, name: str, format_name: str | None = None, plan: Plan | None = None) -> Row:
        """What an import would do; nothing is changed.

        `format`, `kind`; `parts` with `name`, `video` ({id, name} or None), `segments`, `boxes`, `problems`; `tracks`
        and `labels` with `name`, `to`, `segments`; `segments` that would be added, `already` there, with
        `confidence`; `problems`; `sample`, the first few segments, times in s.
        Raises FormatError, UsageError, NotFound.
        """
        form, kind, ready = self._ready(data, name, format_name, plan or Plan())
        batches, already = self._batches(ready, kind, plan or Plan())
        return self._shown(name, form, kind, ready, plan or Plan(), batches, already)

    def apply(
        self, data: bytes, name: str, format_name: str | None = None, plan: Plan | None = None, annotator: str = ""
    ) -> Row:
        """Import a file as one transaction. Returns `import` (the id to undo it by) and what `preview` says.

        Raises FormatError, UsageError when nothing can be added, NotFound, StoreError.
        """
        wanted = plan or Plan()
        form, kind, ready = self._ready(data, name, format_name, wanted)
        batches, already = self._batches(ready, kind, wanted)
        shown = self._shown(name, form, kind, ready, wanted, batches, already)
        if not batches:
            raise UsageError(_nothing(shown))
        file = files.display_name(name)
        import_id = self._store.write(lambda db: imports.add(db, file, form.name, kind, batches, annotator))
        return {"import": import_id, **shown}

    def undo(self, import_id: str, annotator: str = "") -> dict[str, int]:
        """Take an import back as one action; see `store.imports.undo`."""
        return self._store.write(lambda db: imports.undo(db, import_id, annotator))

    def imports(self) -> list[Row]:
        """All imports, newest first."""
        return self._store.read(imports.listed)

    def _ready(self, data: bytes, name: str, format_name: str | None, plan: Plan) -> tuple[Format, str, list[_Ready]]:
        if len(data) > self._limits.import_bytes:
            raise FormatError(f"This file is larger than {self._limits.import_bytes >> 20} MB; split it.")
        form = formats.named(format_name) if format_name else self._guessed(data, name)
        if form.read is None:
            raise UsageError(f"{form.title} can only be written; import another format.")
        kind = plan.kind or ("lines" if form.name in LINES else "annotations")
        if kind not in ("annotations", "lines") or (kind == "lines" and form.name not in LINES):
            raise UsageError("A file is imported as annotations; only subtitles may be imported as lines.")
        parts = form.read(data, files.display_name(name))
        if not any(part.marks or part.boxes for part in parts):
            raise FormatError("There is nothing to import in this file.")
        if sum(len(part.marks) for part in parts) > self._limits.import_marks:
            raise FormatError(f"This file has more than {self._limits.import_marks} segments; split it.")
        return form, kind, self._placed(parts, name, plan)

    def _guessed(self, data: bytes, name: str) -> Format:
        able = self.readers(data, name)
        return FORMATS[able[0]] if len(able) == 1 else formats.guessed(name)

    def _placed(self, parts: Sequence[Part], name: str, plan: Plan) -> list[_Ready]:
        library = matching.Names(self._videos())
        only = self._video(plan.video) if plan.video else None
        known: dict[str, Footage] = {}
        ready = []
        for part in parts:
            own = part.video or PurePath(files.display_name(name)).stem
            row, why = library.find(own)
            if part.video in plan.videos:
                row, why = self._video(plan.videos[part.video]), ""
            elif only is not None:
                row, why = matching.narrowed(only, row, len(parts), own)
            if row is None:
                ready.append(_Ready(part, None, Placed((), {}, ()), (why,)))
                continue
            if row["id"] not in known:
                known[row["id"]] = self._footage(row)
            placed = place(part, known[row["id"]], self._limits)
            ready.append(_Ready(part, row, placed, placed.problems))
        return ready

    def _batches(self, ready: Sequence[_Ready], kind: str, plan: Plan) -> tuple[list[Batch], int]:
        """What is added to each video, and how many segments are left out because they are there already."""
        by_video: dict[str, list[_Ready]] = {}
        for one in ready:
            if one.row is not None:
                by_video.setdefault(one.row["id"], []).append(one)
        made, already = [], 0
        for video, several in by_video.items():
            marks = [_renamed(mark, plan) for one in several for mark in one.placed.marks]
            if kind == "lines":
                said = sorted((m.start, m.end, m.label) for m in marks if m.label.strip())
                made += [Batch(video, lines=said)] if said else []
                continue
            fresh = self._fresh(video, marks)
            already += len(marks) - len(fresh)
            boxes = {_name(track, plan.tracks): listed for one in several for track, listed in one.placed.boxes.items()}
            found = [_annotation(mark) for mark in fresh]
            scores = {a.id: m.score for a, m in zip(found, fresh, strict=True) if m.score is not None}
            made += [Batch(video, found, scores, boxes)] if found or boxes else []
        return made, already

    def _fresh(self, video_id: str, marks: Sequence[Mark]) -> list[Mark]:
        """Those that the video does not have yet: importing a file twice adds nothing the second time."""
        kept = self._store.read(lambda db: annotations.of_video(db, video_id))
        there = Counter((a.segment.start, a.segment.end, a.track, a.label) for a in kept)
        fresh = []
        for mark in marks:
            key = mark.start, mark.end, mark.track, mark.label
            if there[key]:
                there[key] -= 1
            else:
                fresh.append(mark)
        return fresh

    def _shown(
        self, name: str, form: Format, kind: str, ready: Sequence[_Ready], plan: Plan, batches: Sequence[Batch],
        already: int,
    ) -> Row:  # fmt: skip
        marks = [mark for one in ready for mark in one.placed.marks]
        unknown = sum(one.row is None for one in ready)
        problems = [f"{unknown} of {len(ready)} videos of this file are not in the library, and left out."]
        return {
            "file": files.display_name(name),
            "format": form.name,
            "kind": kind,
            "parts": [_part(one) for one in sorted(ready, key=lambda one: one.row is None)[:SHOWN]],
            "tracks": _counted((m.track for m in marks), plan.tracks),
            "labels": _counted((m.label for m in marks), plan.labels),
            "segments": sum(len(b.annotations) + len(b.lines) for b in batches),
            "already": already,
            "confidence": sum(len(b.scores) for b in batches),
            "problems": problems * bool(unknown and len(ready) > 1),
            "sample": _sample(ready, plan),
        }

    # ------------------------------------------------------------------ files that a browser sends

    @property
    def _waiting(self) -> Path:
        return self._settings.home / "incoming"

    def keep(self, data: bytes, name: str) -> Row:
        """Keep a file that came through the browser until it is imported: `upload`, the token that names it, `name`,
        and `formats` that can read it."""
        if len(data) > self._limits.import_bytes:
            raise FormatError(f"This file is larger than {self._limits.import_bytes >> 20} MB; split it.")
        token = uuid.uuid4().hex
        self._waiting.mkdir(mode=0o700, exist_ok=True)
        for old in sorted(self._waiting.iterdir(), key=lambda f: f.stat().st_mtime)[: -self._limits.waiting_files]:
            old.unlink(missing_ok=True)
        (self._waiting / token).write_bytes(data)
        return {"upload": token, "name": files.display_name(name), "formats": self.readers(data, name)}

    def kept(self, token: str) -> bytes:
        """The file of a token.

        Raises NotFound when it has gone.
        """
        file = self._waiting / token
        if not re.fullmatch("[0-9a-f]{32}", token) or not file.is_file():
            raise NotFound("This file was imported or dropped meanwhile; choose it again.")
        return file.read_bytes()

    def drop(self, token: str) -> None:
        """Forget a file that waited."""
        self.kept(token)
        (self._waiting / token).unlink(missing_ok=True)


def listed() -> list[Row]:
    """Every format: `name`, `title`, `extension`, `units`, `reads`, `writes`, `many` (videos a file), `lines` (whether
    it may also be a transcript), `cannot` (what it has no place for)."""
    return [
        {
            "name": f.name, "title": f.title, "extension": f.extension, "units": f.units, "reads": f.read is not None,
            "writes": f.write is not None, "many": f.many, "lines": f.name in LINES, "cannot": cannot_hold(f),
        }
        for f in FORMATS.values()
    ]  # fmt: skip


def write(form: Format, timelines: Sequence[Timeline]) -> bytes:
    """The file. Raises UsageError."""
    if form.write is None:
        raise UsageError(f"{form.title} can only be read; export another format.")
    return form.write(timelines)


def _writable(name: str) -> Format:
    form = formats.named(name)
    if form.write is None:
        raise UsageError(f"{form.title} can only be read; export another format.")
    return form


def _reads(form: Format, data: bytes, name: str) -> bool:
    try:
        return form.read is not None and any(part.marks or part.boxes for part in form.read(data, name))
    except FormatError:
        return False


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


def _renamed(mark: Mark, plan: Plan) -> Mark:
    return replace(mark, track=_name(mark.track, plan.tracks), label=plan.labels.get(mark.label, mark.label))


def _name(track: str, renamed: Mapping[str, str]) -> str:
    wanted = renamed.get(track, track).strip()
    if not wanted:
        raise UsageError(f"The track “{track:.40}” needs a name; give it another one.")
    return wanted


def _annotation(mark: Mark) -> Annotation:
    return Annotation(
        uuid.uuid4().hex, Segment(mark.start, mark.end), mark.track, mark.label, mark.note, "import",
        annotator=mark.annotator,
    )  # fmt: skip


def _part(one: _Ready) -> Row:
    return {
        "name": one.part.video,
        "video": None if one.row is None else {"id": one.row["id"], "name": one.row["name"]},
        "segments": len(one.part.marks if one.row is None else one.placed.marks),
        "boxes": len(one.placed.boxes),
        "problems": list(one.problems),
    }


def _counted(names: Any, renamed: Mapping[str, str]) -> list[Row]:
    return [
        {"name": name, "to": renamed.get(name, name), "segments": count}
        for name, count in Counter(names).most_common(SHOWN)
    ]


def _sample(ready: Sequence[_Ready], plan: Plan) -> list[Row]:
    found = [(one.row, _renamed(mark, plan)) for one in ready if one.row for mark in one.placed.marks[:SAMPLE]]
    return [
        {"video": row["id"], "track": m.track, "label": m.label, "start": seconds(m.start), "end": seconds(m.end)}
        for row, m in found[:SAMPLE]
    ]


def _nothing(shown: Row) -> str:
    if shown["already"]:
        return "Everything in this file is in the library already."
    whys = [problem for part in shown["parts"] for problem in part["problems"]]
    return whys[0] if whys else "Nothing in this file can be placed on a video."
