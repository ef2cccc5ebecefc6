"""Annotations in and out of a library, as files of every format there is."""

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import PurePath
from typing import Any

from studio import formats
from studio.config import Settings
from studio.errors import FormatError, UsageError
from studio.formats import FORMATS, Format, Kind, Part, Placed, cannot_hold, coco_video, losses, place, table
from studio.formats import encoding as encodings
from studio.formats.model import has_times, segments
from studio.formats.reading import TooMany, bounded
from studio.service.accounts.rights import OWNER, Actor, layer_of, need
from studio.service.exchange import import_plan
from studio.service.exchange.import_plan import ImportOptions, Ready
from studio.service.exchange.pending_imports import PendingImports
from studio.service.people.line_speakers import spoken_lines
from studio.service.people.transcripts import may_transcribe
from studio.service.timelines.timeline_media import on_timeline
from studio.service.videos import files, tracks
from studio.service.videos.media_cache import MediaCache
from studio.service.videos.video_matcher import Match, VideoMatcher
from studio.store import Store, annotations, imports, labels, runs, traces, videos
from studio.store import boxes as box_tracks
from studio.store.imports import DIFFERENT, Batch, Different
from studio.timeline import Annotation, Beside, Box, Cue, Footage, Timeline, attribute_types, read_shift, us
from studio.timeline.boxes import BOXES, BoxTrack

__all__ = ["DIFFERENT", "Exchange", "ImportOptions", "listed", "write"]

Row = dict[str, Any]
TABLES = (".csv", ".tsv", ".txt")
LINES = tuple(f.name for f in FORMATS.values() if f.holds.lines == "instead")  # may also be what is said in a video
EITHER = tuple(f.name for f in FORMATS.values() if f.holds.chooses)  # are written as annotations or as lines


class Exchange:
    """The part of a library that reads and writes annotation files."""

    def __init__(self, store: Store, settings: Settings, media: MediaCache) -> None:
        self._store, self._settings, self._limits, self._media = store, settings, settings.limits, media
        self._pending = PendingImports(settings)

    def _video(self, video_id: str) -> Row:
        return self._store.read(lambda db: videos.get(db, video_id))

    # ------------------------------------------------------------------ out

    def timeline(self, row: Row, by: Actor = OWNER) -> Timeline:
        """The annotations of a video that somebody may see, with all that some format keeps beside them."""
        footage = self._footage(row)  # reads by itself, which it must not do inside a read

        def work(db: Any) -> Timeline:
            layer = layer_of(by, row)
            kept = tuple(annotations.of_video(db, row["id"], layer))
            read = imports.boxes(db, row["id"])
            if layer is not None:  # a file's boxes say on which tracks somebody marked something
                read = {track: read[track] for track in {a.track for a in kept} & read.keys()}
            boxes = {**_found_boxes(db, row), **read}
            spoken = spoken_lines(db, row["id"], layer)
            said = tuple(Cue(*line[:3]) for line in spoken)
            scales = traces.scales(db)
            drawn = [trace for trace in traces.of_video(db, row["id"], layer) if not trace.empty]
            cameras = tuple(
                Beside(
                    each.row["name"],
                    each.place.offset_us,
                    videos.has_pictures(each.row),
                    each.row["duration_us"],
                    each.row["fps"],
                    each.place.rate,
                )
                for each in on_timeline(db, row["id"])[1:]
            )
            return Timeline(
                footage,
                kept,
                imports.scores(db, row["id"]),
                boxes,
                said,
                spoken=spoken,
                points=labels.points(db),
                attribute_types=labels.all_attribute_types(db),
                dependencies=labels.dependencies(db),
                vocabularies=labels.vocabularies(db),
                cameras=cameras,
                objects=tuple(_by_name(db, each) for each in box_tracks.of_video(db, row["id"], layer)),
                traces=tuple(trace for trace in drawn if trace.track in scales),
                scales=scales,
                unscaled=tuple(sorted({trace.track for trace in drawn} - scales.keys())),
            )

        return self._store.read(work)

    def losses(self, video_id: str, format_name: str, kind: str = "", by: Actor = OWNER) -> list[str]:
        """What the format cannot hold of a video's annotations and its transcript; see `formats.losses`."""
        row, form = self._video(video_id), written_as(format_name)
        return losses(form, [self.timeline(row, by)], wanted(form, kind))

    def fits(self, video_id: str, format_name: str, by: Actor = OWNER) -> bool:
        """Whether the format has times for a video, see `formats.model.has_times`; and whether somebody may see boxes
        over time of it, where the format has nothing else."""
        row, holds = self._video(video_id), written_as(format_name).holds
        if holds.objects == "alone" and not self._store.read(
            lambda db: box_tracks.of_video(db, row["id"], layer_of(by, row))
        ):
            return False
        return videos.has_pictures(row) or holds.sounds or not holds.frames

    def kinds(self, video_id: str, format_name: str, by: Actor = OWNER) -> list[str]:
        """What there is to choose from for a file of the named format, first what it has unless somebody chooses:
        "annotations" and "lines" where it holds either and the video has both, else nothing."""
        holds, timeline = written_as(format_name).holds, self.timeline(self._video(video_id), by)
        if not holds.chooses or not timeline.lines or not holds.marked(timeline):
            return []
        return sorted(("annotations", "lines"), key=lambda kind: kind != holds.kind(timeline))

    def export(self, video_id: str, format_name: str, kind: str = "", by: Actor = OWNER) -> bytes:
        """The annotations of a video that somebody may see and its transcript, as a file of the named format. `kind`
        says which of the two, "annotations" or "lines", for a format that holds either; see `formats.Holds.kind`.

        Raises UsageError for a format that there is not, or that can only be read, and for lines where there are none.
        """
        row, form = self._video(video_id), written_as(format_name)
        timeline = self.timeline(row, by)
        if form.holds.objects == "alone" and all(each.medium for each in timeline.objects):
            raise UsageError(f"“{row['name']}” has no boxes over time; draw some first.")
        if wanted(form, kind) == "lines" and not timeline.lines:
            raise UsageError(f"“{row['name']}” has no transcript; type or import one, or export its annotations.")
        return write(form, [timeline], wanted(form, kind))

    def coco(self, video_id: str, by: Actor = OWNER) -> bytes:
        """The boxes over time of a video that somebody may see, as COCO for video.

        Raises UsageError where there are none.
        """
        return self.export(video_id, coco_video.FORMAT.name, by=by)

    def read_coco(self, data: bytes, name: str, video_id: str, annotator: str = "", by: Actor = OWNER) -> Row:
        """Take the boxes of a file of COCO for video, those of the only video in it or of the one that is called as
        this one is, as an import: `import`, the id to undo it by, `objects`, how many are new, and `problems`.

        Raises FormatError, UsageError where nothing is new.
        """
        row = self._video(video_id)
        if len(data) > self._limits.import_bytes:
            raise FormatError(f"This file is larger than {self._limits.import_bytes >> 20} MB; split it.")
        with bounded(self._limits.import_marks):
            parts = coco_video.read(data, name)
        meant = [p for p in parts if import_plan.last(p.video) == row["name"]] or (parts if len(parts) == 1 else [])
        if not meant:
            raise UsageError(f"This file has no boxes for “{row['name']}”: it is about {len(parts)} other videos.")
        placed = place(meant[0], self._footage(row), self._limits)
        about_all = [said for part in parts if part is not meant[0] for said in part.problems]
        batch = Batch(row["id"], beside=True, objects=placed.objects)

        def work(db: Any) -> Row:
            fresh, said = _fresh(db, [batch], "keep", annotator, by)
            if fresh[0].empty:
                raise UsageError("There is nothing new in this file: the video has its boxes already.")
            done = imports.insert(db, files.display_name(name), coco_video.FORMAT.name, "annotations", fresh, annotator)
            return {"import": done, "objects": len(fresh[0].objects), "problems": [*about_all, *placed.problems, *said]}

        return self._store.write(work)

    def _footage(self, row: Row) -> Footage:
        return Footage(
            row["name"], row["duration_us"], row["id"], row["width"], row["height"], row["fps"],
            self._media.frames(row), tracks.timecode(row), row["sha256"], videos.has_pictures(row),
        )  # fmt: skip

    # ------------------------------------------------------------------ in

    def readers(self, data: bytes, name: str) -> list[str]:
        """The formats that can read a file, among those that its name allows; only JSON, CSV and the like are tried."""
        ending = PurePath(name).suffix.lower()
        likely = [f for f in FORMATS.values() if f.read and f.may_be(ending)]
        if len(likely) > 1:
            return [f.name for f in likely if self._reads(f, data, name)]
        try:
            return [formats.guessed(name).name]
        except UsageError:
            return []

    def preview(
        self, data: bytes, name: str, format_name: str | None = None, plan: ImportOptions | None = None,
        annotator: str = "", by: Actor = OWNER,
    ) -> Row:  # fmt: skip
        """What an import by `annotator` would do; nothing is changed.

        `format`, `kind`; `parts` with `name`, `video` ({id, name} or None), `rule` (how its name was understood, ""
        where it is the video's own), `likely` (videos that may be meant: {id, name, folder}), `segments`, `boxes`,
        `problems`; `tracks` and `labels` with `name`, `to`, `segments`; `segments` that would be added, `already`
        there as the file has them, `different` there (`differences`: the first few, `here` and in the `file`), of which
        `changed` would become what the file says; how many have a `confidence`; `lines` of a transcript that would be
        added beside them and `lines_already` there; `objects`, boxes over time that would be added; `boxes`, the
        rows of which boxes would be; `curves` and `cameras` that would be added, or taken as the file has them;
        `problems`; `sample`, the first few segments, times in s; of tables `columns` with
        `name` and `to`, "" for those that are not read; `fps`, the rate that frames are taken at where the file counts
        them and does not say at which, else None.
        Raises FormatError, UsageError, NotFound.
        """
        wanted = plan or ImportOptions()
        form, kind, ready = self._ready(data, name, format_name, wanted)
        batches = self._batches(ready, kind, wanted)

        def work(db: Any) -> Row:
            found, named, moved = _on_rows(db, batches, wanted, by)
            fresh, renamed = _fresh(db, found, wanted.different, annotator, by)
            shown = import_plan.shown(name, form, kind, ready, named, found, fresh)
            return {**shown, "problems": [*shown["problems"], *renamed, *moved]}

        shown = self._store.read(work)
        return {**shown, "columns": import_plan.columns(form, data, wanted), "fps": import_plan.rate(ready, wanted.fps)}

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
        batches = self._batches(ready, kind, wanted)

        def work(db: Any) -> Row:
            # in here, since somebody else may import the same file at this moment
            found, named, moved = _on_rows(db, batches, wanted, by)
            fresh, renamed = _fresh(db, found, wanted.different, annotator, by)
            shown = import_plan.shown(name, form, kind, ready, named, found, fresh)
            shown["problems"] += [*renamed, *moved]
            adding = [batch for batch in fresh if not batch.empty]
            if not adding:
                raise UsageError(import_plan.nothing(shown, batches))
            for batch in adding:
                if batch.lines and not batch.beside:
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

    def redo(self, import_id: str, annotator: str = "", by: Actor = OWNER) -> dict[str, int]:
        """Do an import again that was taken back; see `store.imports.redo`.

        Raises NotFound, UsageError, PermissionDenied.
        """

        def work(db: Any) -> dict[str, int]:
            need(by, "do this import again", imports.owner(db, import_id))
            return imports.redo(db, import_id, annotator)

        return self._store.write(work)

    def imports(self) -> list[Row]:
        """All imports, newest first."""
        return self._store.read(imports.listed)

    def _ready(
        self, data: bytes, name: str, format_name: str | None, plan: ImportOptions
    ) -> tuple[Format, str, list[Ready]]:
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
        if all(part.empty for part in parts):
            said = [problem for part in parts for problem in part.problems]
            raise FormatError(" ".join(["There is nothing to import in this file.", *said]))
        if plan.fps:
            parts = [replace(part, rate=plan.fps, frame_count=0, unsure=False) for part in parts]
        return form, kind, self._placed(parts, name, plan)

    def _batches(self, ready: Sequence[Ready], kind: str, plan: ImportOptions) -> list[Batch]:
        """What the file has for each video, its attributes as the schema has them."""
        types = self._store.read(labels.all_attribute_types)

        def typed(a: Annotation) -> Annotation:
            known = (*types.get((a.track, ""), ()), *types.get((a.track, a.label), ()))
            return replace(a, attributes=attribute_types.typed(known, a.attributes)) if known else a

        def described(track: BoxTrack) -> BoxTrack:
            known = (*types.get((BOXES, ""), ()), *types.get((BOXES, track.label), ()))
            return replace(track, attributes=attribute_types.typed(known, track.attributes)) if known else track

        batches = import_plan.batches_of(ready, kind, plan)
        return [
            replace(b, annotations=[typed(a) for a in b.annotations], objects=[described(o) for o in b.objects])
            for b in batches
        ] if types else batches  # fmt: skip

    def _reads(self, form: Format, data: bytes, name: str) -> bool:
        try:
            with bounded(self._limits.import_marks):
                return form.read is not None and any(not part.empty for part in form.read(data, name))
        except TooMany:  # it is this format, and an import says what is wrong
            return True
        except FormatError:
            return False

    def _guessed(self, data: bytes, name: str) -> Format:
        able = self.readers(data, name)
        return FORMATS[able[0]] if len(able) == 1 else formats.guessed(name)

    def _placed(self, parts: Sequence[Part], name: str, plan: ImportOptions) -> list[Ready]:
        library = VideoMatcher(self._store.read(videos.listed))
        only = self._video(plan.video) if plan.video else None
        known: dict[str, Footage] = {}
        named = {part.video for part in parts}
        alike = Counter(import_plan.last(part) for part in named)
        ready = []
        for part in parts:
            own = part.video or PurePath(files.display_name(name)).stem
            short = import_plan.last(part.video)  # may stand for a name with folders where no other ends so
            chosen = plan.videos.get(part.video) or (plan.videos.get(short) if alike[short] == 1 else None)
            match, part = (Match(self._video(chosen)), part) if chosen else import_plan.matched(library, part, own)
            if only is not None and not chosen:
                match = import_plan.narrowed(only, match, len(named), own)
            if match.row is None:
                ready.append(Ready(part, match, Placed((), {}, ())))
                continue
            if match.row["id"] not in known:
                known[match.row["id"]] = self._footage(match.row)
            footage = known[match.row["id"]]
            shift = read_shift(plan.shift, footage) if plan.shift.strip() else 0
            placed = import_plan.about_all(place(part, footage, self._limits, shift), match.row["duration_us"], shift)
            cameras, missing = import_plan.cameras(library, part, match.row["id"])
            objects, lost = import_plan.over_cameras(library, placed.objects, match.row["id"])
            placed = replace(placed, objects=objects, problems=(*placed.problems, *missing, *lost))
            ready.append(Ready(part, match, placed, cameras))
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
                columns = [column.name for column in table.layout(data).columns]
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


def _fresh(
    db: Any, batches: Sequence[Batch], different: Different, annotator: str, by: Actor
) -> tuple[list[Batch], list[str]]:
    """What of each batch is new or otherwise in its video, as far as somebody may see that; see `store.imports.fresh`.
    Where annotators work independently, what they import is their own; a sentence says how much a file calls somebody
    else's."""
    found, others = [], 0
    for batch in batches:
        layer = layer_of(by, videos.get(db, batch.video_id))
        if layer is not None:
            others += sum(a.annotator not in ("", layer) for a in batch.annotations)
            own = [replace(a, annotator="", edited_by="") for a in batch.annotations]
            others += sum(each.annotator not in ("", layer) for each in batch.objects)
            objects = [replace(each, annotator="", edited_by="") for each in batch.objects]
            drawn = [replace(trace, annotator="") for trace in batch.traces]
            batch = replace(batch, annotations=own, objects=objects, traces=drawn)
        found.append(imports.fresh(db, batch, different, annotator, layer))
    yours = f"{segments(others)} that this file says others made will be yours"
    return found, [f"{yours}: annotators of this video work independently."] * bool(others)


def _on_rows(
    db: Any, batches: Sequence[Batch], plan: ImportOptions, by: Actor
) -> tuple[list[Batch], ImportOptions, list[str]]:
    """The batches with tiers of what overlaps on a row of their videos on that row (`import_matching.overlap_tiers`),
    the plan with the names that these tiers have then, and sentences on them. A name that somebody gave a tier stays.
    """
    found: list[Batch] = []
    back: dict[str, str] = {}
    for batch in batches:
        layer = layer_of(by, videos.get(db, batch.video_id))
        batch, tiers = imports.without_overlap_tiers(db, batch, layer, set(plan.tracks.values()))
        back |= tiers
        found.append(batch)
    stay = {a.track for batch in found for a in batch.annotations}  # as rows of other videos
    names = {tier: row for tier, row in back.items() if tier not in stay}
    said = [
        f"The tier “{tier:.40}” has what overlaps on the row “{row:.40}”, and goes there." for tier, row in back.items()
    ]
    return found, replace(plan, tracks={**plan.tracks, **names}), said


def written_as(name: str) -> Format:
    """The format of that name that one video is written in; also one that has nothing but boxes over time, which is no
    format of data sets and imports. Raises UsageError."""
    return coco_video.FORMAT if name == coco_video.FORMAT.name else formats.named(name)


def of_boxes() -> list[Row]:
    """The formats that have nothing but boxes over time: `name`, `title`, `extension`."""
    return [{key: getattr(coco_video.FORMAT, key) for key in ("name", "title", "extension")}]


def listed() -> list[Row]:
    """Every format: `name`, `title`, `extension`, `units`, `reads`, `writes`, `many` (videos a file), `either` (whether
    it is written as annotations or as lines), `lines` (whether
    it may also be a transcript), `columns` (what a person may say that its columns are), `cannot` (what it has no place
    for)."""
    return [
        {
            "name": f.name, "title": f.title, "extension": f.extension, "units": f.units, "reads": f.read is not None,
            "writes": f.write is not None, "many": f.many, "lines": f.name in LINES,
            "either": f.name in EITHER,
            "columns": list(table.ROLES) if f is table.FORMAT else [],
            "cannot": cannot_hold(f),
        }
        for f in FORMATS.values()
    ]  # fmt: skip


def wanted(form: Format, kind: str) -> Kind:
    """What a person wants of a format that holds annotations or lines. Raises UsageError for one that does not ask."""
    if not kind:
        return ""
    is_alone = form.holds.lines == "alone" and kind == "lines"
    if kind not in ("annotations", "lines") or not (form.holds.chooses or is_alone):
        raise UsageError(f"Only some formats are written as annotations or as lines: use one of {', '.join(EITHER)}, "
                         "or leave the choice out.")  # fmt: skip
    return "lines" if kind == "lines" else "annotations"


def write(form: Format, timelines: Sequence[Timeline], kind: Kind = "") -> bytes:
    """The file, without what the format has no times for. Raises UsageError where that is all, and for a format that
    can only be read."""
    if form.write is None:
        raise UsageError(f"{form.title} can only be read; export another format.")
    kept = [t for t in timelines if has_times(form, t)]
    if timelines and not kept:
        raise UsageError(
            f"“{timelines[0].footage.name}” has no pictures, and {form.title} counts times in frames; export another "
            "format, as ELAN, TextGrid, CSV or JSON."
        )
    return form.write([form.holds.narrowed(timeline, kind) for timeline in kept])


def _by_name(db: Any, track: BoxTrack) -> BoxTrack:
    """A box track as files have it: with the name of its medium."""
    return replace(track, medium=videos.known(db, track.medium)["name"]) if track.medium else track


def _found_boxes(db: Any, row: Row) -> dict[str, tuple[Box, ...]]:
    """The faces that the newest run of who speaks found."""
    run = next((r for r in reversed(runs.of_video(db, row["id"])) if r["task"] == "speaker"), None)
    if run is None:
        return {}
    wide, high = row["width"], row["height"]  # of sound alone 0, and nobody is seen there
    return {
        person["track"]: tuple((us(t), a / wide, b / high, c / wide, d / high) for t, a, b, c, d in person["boxes"])
        for person in runs.get(db, run["id"])["payload"].get("tracks", ())
        if person.get("boxes")
    }
