"""What an import would add, under the names that a person chose, and how a preview shows it."""

import re
import unicodedata
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePath
from typing import Any
from urllib.parse import unquote

from studio.errors import UsageError
from studio.formats import Format, Mark, Part, Placed, cues, reading, table
from studio.formats.model import Other, segments
from studio.service.videos import files
from studio.service.videos.video_matcher import Match, VideoMatcher
from studio.store.imports import DIFFERENT, Batch, Different
from studio.store.transcripts import Spoken
from studio.timeline import WHOLE_VIDEO, Annotation, Box, Cue, MediaPlace, Segment, Word, seconds
from studio.timeline.boxes import BoxTrack
from studio.timeline.tiers import Dependency

Row = dict[str, Any]
SHOWN = 500  # parts, tracks and labels of a preview at most
SAMPLE = 20
_WHOLE = re.compile(rf"{re.escape(WHOLE_VIDEO)}( \(\d+\))?")  # formats without overlaps write further tracks
_NEAR_US = 100_000  # that formats may round times by


def different_of(choice: str) -> Different:
    """One of `DIFFERENT`. Raises UsageError."""
    for each in DIFFERENT:
        if choice == each:
            return each
    raise UsageError(f"What is different here is imported by one of: {', '.join(DIFFERENT)}.")


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """How a file is imported. Names of the file → names in the library; what is not named stays as it is.

    `video` is where everything goes when the file is about one video. `kind` is annotations or lines, "" for what the
    format usually is. `encoding` is that of its text, "" for UTF-8 or what is guessed. `shift` is a time or a time code
    of the video, by which everything lies later than the file says, or with “-” earlier. `columns` are those of a table
    → what they are here. `fps` is at which rate the file counts frames, 0 for what it says itself. `different` is what
    becomes of annotations that are in the library otherwise than in the file: `keep` those of the library, `take` what
    the file says in their place, or have `both`.
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
    different: Different = "keep"

    def __post_init__(self) -> None:
        different_of(self.different)
        if self.fps and not 0.1 <= self.fps <= 1_000:  # also not a number
            raise UsageError("A frame rate is a number from 0.1 to 1000 frames a second.")


@dataclass(frozen=True, slots=True)
class Ready:
    """A part of a file, and the video that it is about, where that is known; `cameras` are what plays beside it, by the
    ids of their videos, and where each lies on its timeline."""

    part: Part
    match: Match
    placed: Placed
    cameras: tuple[tuple[str, MediaPlace], ...] = ()

    @property
    def row(self) -> Row | None:
        return self.match.row

    @property
    def problems(self) -> tuple[str, ...]:
        return self.placed.problems if self.row else (self.match.problem, *self.part.problems)


def matched(library: VideoMatcher, part: Part, name: str) -> tuple[Match, Part]:
    """The video that a part is about, and the part with its times on that video. Where none has the name, what else the
    file calls the video decides."""
    match = library.find(name, part.sha256)
    for other in part.also:
        if match.row is None and not match.several and (found := library.find(other.video)).row:
            marks, lines = (_later(of, other.shift) for of in (part.marks, part.lines))
            beside = [*(c for c in part.cameras if c.video != other.video), Other(part.video)]
            cameras = tuple(replace(camera, shift=camera.shift - other.shift) for camera in beside)
            return found, replace(part, video=other.video, marks=marks, lines=lines, cameras=cameras)
    return match, part


def cameras(library: VideoMatcher, part: Part, main: str) -> tuple[tuple[tuple[str, MediaPlace], ...], list[str]]:
    """What plays beside a part's video, by the ids of videos of the library and where each lies; and a sentence
    for each that is not there. A sound is not taken for the film of its name."""
    found, missing = {}, []
    for camera in part.cameras:
        row = library.find(camera.video).row
        if row is not None and _ending(camera.video) in ("", _ending(row["name"])):
            found[row["id"]] = MediaPlace(-camera.shift, camera.rate)
        else:
            missing.append(
                f"“{last(unquote(camera.video)):.60}”, which plays beside it, is not in the library; add it, and "
                "import the file again."
            )
    found.pop(main, None)
    return tuple(found.items()), missing


def over_cameras(
    library: VideoMatcher, objects: Sequence[BoxTrack], main: str
) -> tuple[tuple[BoxTrack, ...], list[str]]:
    """Boxes over time with the ids of the videos over which they lie, instead of their names; and a sentence for each
    name that is not in the library, whose boxes are left out."""
    rows = {name: library.find(name).row for name in dict.fromkeys(each.medium for each in objects if each.medium)}
    ids = {"": "", **{name: "" if row["id"] == main else row["id"] for name, row in rows.items() if row}}
    lost = [
        f"The boxes over “{last(unquote(name)):.60}” are left out: it is not in the library."
        for name in rows.keys() - ids.keys()
    ]
    return tuple(replace(each, medium=ids[each.medium]) for each in objects if each.medium in ids), sorted(lost)


def _ending(name: str) -> str:
    return PurePath(unquote(name)).suffix.lower()


def _later(marks: tuple[Mark, ...], by: int) -> tuple[Mark, ...]:
    def words(mark: Mark) -> tuple[Word, ...]:
        return tuple(w._replace(start_us=w.start_us + by, end_us=w.end_us + by) for w in mark.words)

    later = (replace(mark, start=mark.start + by, end=mark.end + by, words=words(mark)) for mark in marks)
    return tuple(later) if by else marks


def about_all(placed: Placed, duration_us: int, shift_us: int = 0) -> Placed:
    """What is said of the whole video, as it is kept: on one track, from its start to its end."""
    near = _NEAR_US + abs(shift_us)

    def is_whole(mark: Mark) -> bool:
        return bool(_WHOLE.fullmatch(mark.track)) and mark.start <= near and mark.end >= duration_us - near

    further = {mark.track for mark in placed.marks} - {mark.track for mark in placed.marks if not is_whole(mark)}
    listed: dict[str, tuple[str, ...]] = {}
    for track, labels in placed.vocabularies.items():
        name = WHOLE_VIDEO if track in further else track
        listed[name] = tuple(dict.fromkeys((*listed.get(name, ()), *labels)))
    marks = (
        replace(mark, track=WHOLE_VIDEO, start=0, end=duration_us) if mark.track in further else mark
        for mark in placed.marks
    )
    return replace(placed, marks=tuple(marks), vocabularies=listed)


def last(name: str) -> str:
    """The name of a file without its folders."""
    return name.replace("\\", "/").rpartition("/")[2]


def narrowed(only: Row, match: Match, parts: int, name: str) -> Match:
    """What a part is about when a person named one video: the only part of a file is, others by their name."""
    if parts == 1 or (match.row is not None and match.row["id"] == only["id"]):
        return Match(only)
    return Match(None, problem=f"“{name:.60}” is not the video you named, and left out.")


def batches_of(ready: Sequence[Ready], kind: str, plan: ImportOptions) -> list[Batch]:
    """What the file has for each video, under the names that were chosen."""
    by_video: dict[str, list[Ready]] = {}
    for one in ready:
        if one.row is not None:
            by_video.setdefault(one.row["id"], []).append(one)
    made = []
    for video, several in by_video.items():
        marks = [_renamed(mark, plan) for one in several for mark in one.placed.marks]
        if kind == "lines":
            lines, spoken = _spoken([replace(m, speaker="" if m.track == cues.TRACK else m.track) for m in marks])
            made.append(Batch(video, lines=lines, spoken=spoken))
            continue
        found = [_annotation(mark) for mark in marks]
        lines, spoken = _spoken([mark for one in several for mark in one.placed.lines])
        scores = {a.id: m.score for a, m in zip(found, marks, strict=True) if m.score is not None}
        ids = {a.id: m.id for a, m in zip(found, marks, strict=True) if m.id}
        points = frozenset((mark.track, mark.label) for mark in marks if mark.point) | {
            (_name(track, plan.tracks), _typed(plan.labels.get(label, label)))
            for one in several
            for track, label in one.placed.points
        }
        boxes = _boxes(several, plan)
        cameras = dict(camera for one in several for camera in one.cameras)
        depend = {
            _name(track, plan.tracks): Dependency(_name(each.parent, plan.tracks), each.kind)
            for one in several
            for track, each in one.placed.dependencies.items()
        }
        listed = {
            _name(track, plan.tracks): [_typed(plan.labels.get(label, label)) for label in labels]
            for one in several
            for track, labels in one.placed.vocabularies.items()
        }
        objects = [_relabelled(each, plan) for one in several for each in one.placed.objects]
        batch = Batch(video, found, scores, boxes, lines, spoken, beside=True, ids=ids, points=points)
        made.append(replace(batch, dependencies=depend, vocabularies=listed, cameras=cameras, objects=objects,
                            traces=[replace(each, track=_name(each.track, plan.tracks)) for one in several
                                    for each in one.placed.traces],
                            scales={_name(track, plan.tracks): scale for one in several
                                    for track, scale in one.placed.scales.items()}))  # fmt: skip
    return [batch for batch in made if not batch.empty]


def _spoken(marks: Sequence[Mark]) -> tuple[list[Cue], dict[Cue, Spoken]]:
    """Lines in order of time, and of those of which it is known, who says them and in which words."""
    known = [m for m in marks if m.speaker or m.words]
    said: dict[Cue, Spoken] = {Cue(m.start, m.end, m.label): (m.speaker, m.words) for m in known}
    return sorted(Cue(m.start, m.end, m.label) for m in marks if m.label.strip()), said


def _boxes(several: Sequence[Ready], plan: ImportOptions) -> dict[str, tuple[Box, ...]]:
    """All boxes of a video by track; those of tracks that get one name are together."""
    found: dict[str, set[Box]] = {}
    for one in several:
        for track, listed in one.placed.boxes.items():
            found.setdefault(_name(track, plan.tracks), set()).update(listed)
    return {track: tuple(sorted(listed)) for track, listed in found.items()}


def _relabelled(track: BoxTrack, plan: ImportOptions) -> BoxTrack:
    return replace(track, label=_typed(plan.labels.get(track.label, track.label)))


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
        annotator=mark.annotator, attributes=mark.attributes, edited_by=mark.edited_by,
    )  # fmt: skip


def shown(
    name: str, form: Format, kind: str, ready: Sequence[Ready], plan: ImportOptions, batches: Sequence[Batch],
    fresh: Sequence[Batch],
) -> Row:  # fmt: skip
    """What `preview` says, by what the file has (`batches`) and what of that is new (`fresh`)."""
    marks = [mark for one in ready for mark in one.placed.marks]
    drawn = [trace.track for one in ready for trace in one.placed.traces]
    listed = list(reading.grouped(sorted(ready, key=lambda one: one.row is None), lambda one: one.part.video).values())
    unknown = sum(several[0].row is None for several in listed)
    verb = "is" if unknown == 1 else "are"
    problems = [f"{unknown} of {len(listed)} videos of this file {verb} not in the library, and left out."]
    problems *= bool(unknown and len(listed) > 1)
    different, others = sum(len(batch.different) for batch in fresh), sum(batch.others for batch in fresh)
    if others and plan.different != "take":
        are = "curve or camera is" if others == 1 else "curves and cameras are"
        problems.append(f"{others} {are} different here and stay{'s' * (others == 1)} so, unless you take the file's.")
    problems += dict.fromkeys(said for several in listed[SHOWN:] for one in several for said in one.part.problems)
    return {
        "file": files.display_name(name),
        "format": form.name,
        "kind": kind,
        "parts": [_part(several) for several in listed[:SHOWN]],
        "tracks": _counted((*(m.track for m in marks), *drawn), plan.tracks),
        "labels": _counted((m.label for m in marks), plan.labels),
        "segments": _segments(fresh),
        "already": _segments(batches) - _segments(fresh) - different * (plan.different != "both"),
        "different": different + others,
        "choice": plan.different,
        "changed": sum(len(batch.changes) for batch in fresh),
        "objects": sum(len(batch.objects) for batch in fresh),
        "boxes": sum(len(batch.boxes) for batch in fresh),
        "curves": sum(len(batch.traces) for batch in fresh),
        "lines": _lines(fresh),
        "lines_already": _lines(batches) - _lines(fresh),
        "cameras": sum(len(batch.cameras) for batch in fresh),
        "confidence": sum(len(b.scores) for b in fresh),
        "problems": problems,
        "sample": _sample(ready, plan),
        "differences": [
            {"video": batch.video_id, "here": _said(here), "file": _said(new)}
            for batch in fresh for here, new in batch.different
        ][:SAMPLE],
    }  # fmt: skip


def _segments(batches: Sequence[Batch]) -> int:
    """How many annotations, or lines where a file is only lines."""
    return sum(len(b.annotations) + len(b.lines) * (not b.beside) for b in batches)


def _lines(batches: Sequence[Batch]) -> int:
    """How many lines there are beside annotations."""
    return sum(len(b.lines) for b in batches if b.beside)


def _part(several: Sequence[Ready]) -> Row:
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


def columns(form: Format, data: bytes, plan: ImportOptions) -> list[Row]:
    """The columns of a table and what they are taken for; none of a table of ratings."""
    if form is not table.FORMAT or not (made := table.layout(data, plan.columns)).complete:
        return []
    return [{"name": column.name, "to": column.role} for column in made.columns]


def rate(ready: Sequence[Ready], fps: float) -> float | None:
    """The frame rate that a person may have to correct."""
    unsure = next((one for one in ready if one.part.asks_rate and one.row), None)
    return fps or (round(unsure.row["fps"], 3) if unsure and unsure.row else None)


def _counted(names: Any, renamed: Mapping[str, str]) -> list[Row]:
    return [
        {"name": name, "to": renamed.get(name, name), "segments": count}
        for name, count in Counter(names).most_common(SHOWN)
    ]


def _sample(ready: Sequence[Ready], plan: ImportOptions) -> list[Row]:
    found = [(one.row, _renamed(mark, plan)) for one in ready if one.row for mark in one.placed.marks[:SAMPLE]]
    return [
        {"video": row["id"], "track": m.track, "label": m.label, "start": seconds(m.start), "end": seconds(m.end)}
        for row, m in found[:SAMPLE]
    ]


def _said(a: Annotation) -> Row:
    times = {"start": seconds(a.segment.start), "end": seconds(a.segment.end)}
    return {"track": a.track, "label": a.label, "note": a.note, **times}


def nothing(shown: Row, batches: Sequence[Batch]) -> str:
    """Why nothing is added."""
    if shown["different"]:
        what = segments(shown["different"]) if shown["differences"] else str(shown["different"])
        stay = "is different here and stays" if shown["different"] == 1 else "are different here and stay"
        return (
            f"What is new in this file is in the library already; {what} of it {stay} so, unless you take the file's "
            "or both."
        )
    if batches:
        return "Everything in this file is in the library already."
    whys = [problem for part in shown["parts"] for problem in part["problems"]]
    return whys[0] if whys else "Nothing in this file can be placed on a video."
