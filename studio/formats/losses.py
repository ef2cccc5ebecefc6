"""What a format cannot hold of these very timelines, as sentences for the person who is about to export them."""

import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from studio.formats.layers import layered, put_back
from studio.formats.model import NO_LABEL, Format, Holds, Kind, has_times, linked_boxes, segments, transcript_lines
from studio.timeline import BOOKMARKS, ON_SCREEN, WHOLE_VIDEO, Annotation, Segment, Timeline, clock
from studio.timeline.boxes import LINK


def losses(form: Format, timelines: Sequence[Timeline], kind: Kind = "") -> list[str]:
    """One sentence a kind of loss; none when everything is kept. `kind` is what a person wants of a format that holds
    annotations or lines; see `Holds.kind`."""
    without = [t for t in timelines if not has_times(form, t)]
    timelines = [t for t in timelines if has_times(form, t)]
    if form.holds.objects == "alone":
        return [*map(_nothing_drawn, without), *_beside_objects(form.holds, timelines)]
    unchosen = list(_unchosen(form.holds, timelines, kind))
    drawn = list(_objects(form.holds, timelines))  # before they become boxes of tracks
    timelines = [form.holds.narrowed(t, kind) for t in timelines]
    kept = [(t, a) for t in timelines for a in t.annotations if not a.deleted]
    split = [f"{form.title} holds one video a file, so there will be {len(timelines)} files."]
    remarks = [sentence for t in timelines for sentence in (form.remarks(t) if form.remarks else ())]
    beside = (*_lines(form.holds, timelines), *_cameras(form.holds, timelines), *_curves(form.holds, timelines))
    said = (*_said(form, timelines, kept), *drawn, *unchosen, *beside)
    sound = [f"{_without(without)}: {form.title} counts times in frames."] if without else []
    return [*sound, *split * (not form.many and len(timelines) > 1), *said, *dict.fromkeys(remarks)]


def _without(timelines: Sequence[Timeline]) -> str:
    if len(timelines) == 1:
        return f"“{timelines[0].footage.name}” has no pictures and is left out"
    return f"{len(timelines)} recordings have no pictures and are left out"


def cannot_hold(form: Format) -> list[str]:
    """What the format has no place for at all, in a few words each."""
    holds = form.holds
    between = "times between frames" + (", recordings without pictures" if not holds.sounds else "")
    times = {0: between, 1: ""}.get(holds.grain, f"times finer than {holds.grain / 1000:g} ms")
    said = {
        "times finer than its units": holds.rounding is not None,
        times: holds.rounding is None and not holds.only_boxed,
        "tracks without face boxes, times between boxes": holds.only_boxed,
        "when segments end": not holds.ends,
        "overlaps within a track (they go to further tiers)": holds.layers,
        "names of tracks": not holds.tracks,
        "which rows depend on others": holds.tracks and not holds.tiers,
        "labels (only who and when)": not holds.labels,
        "what is about the whole video": not holds.whole,
        "what is a point in time": not holds.points,
        "notes": not holds.notes,
        "confidence": not holds.scores,
        "annotators": not holds.annotators,
        "who corrected an annotation": holds.annotators and not holds.editors,
        "links to predictions": not holds.origin,
        "attributes": not holds.attributes,
        "attributes as anything but text": holds.attributes == "text",
        "attributes as anything but texts, numbers and lists": holds.attributes == "plain",
        "curves": not holds.curves,
        "other cameras and recordings": not holds.cameras,
        "how fast the clocks of other cameras run": holds.cameras and not holds.clocks,
        "boxes": not holds.boxes,
        "boxes over time": not holds.objects,
        "boxes over time but at their key frames": holds.objects == "keys",
        "attributes of boxes over time": bool(holds.objects) and not holds.described,
        "where boxes over time are occluded": bool(holds.objects) and not holds.occlusion,
        "the transcript": not holds.lines,
        "the transcript outside segments": holds.lines == "within",
        "the transcript and annotations in one file": holds.chooses,
        "annotations": holds.lines == "alone",
        "the words of the transcript (only who and when)": holds.lines == "turns",
        "who says a line": bool(holds.lines) and not holds.speakers,
        "who says a line but before its words": holds.speakers == "words",
        "the times of words": bool(holds.lines) and not holds.words,
        "how sure a model was of words": holds.words == "times",
    }
    return [what for what, lost in said.items() if lost and what]


def _said(form: Format, timelines: Sequence[Timeline], kept: Sequence[tuple[Timeline, Annotation]]) -> Iterator[str]:
    holds = form.holds
    if holds.only_boxed:
        left_out = sum(a.track not in t.boxes for t, a in kept)
        kept = [(t, a) for t, a in kept if a.track in t.boxes]
        if left_out:
            yield f"{segments(left_out)} on tracks without face boxes {_is(left_out)} left out."
        if kept:
            yield "Times become those of the face boxes: every start and end moves to the next box."
    if not holds.whole:
        count = sum(a.track == WHOLE_VIDEO for _, a in kept)
        kept = [(t, a) for t, a in kept if a.track != WHOLE_VIDEO]
        yield from _about_all(count)
    yield from _outside(holds, kept)
    kept = [(t, a) for t, a in kept if holds.within(a.segment, t.footage)]
    yield from _times(holds, kept)
    yield from _texts(holds, kept)
    yield from _facts(holds, kept)
    yield from _boxes(holds, timelines)
    if texts := sum(a.track == ON_SCREEN and a.prediction_id is not None for _, a in kept):
        which = "the text of 1 segment is" if texts == 1 else f"the texts of {texts} segments are"
        yield f"Where {which} on the screen is not written: files have boxes of tracks only."
    if form.read is None:
        yield "This format cannot be imported again."


def _outside(holds: Holds, kept: Sequence[tuple[Timeline, Annotation]]) -> Iterator[str]:
    spans = [(a.segment, holds.within(a.segment, t.footage)) for t, a in kept]
    gone = sum(within is None for _, within in spans)
    cut = sum(within not in (None, segment) for segment, within in spans)
    yield from _beyond(holds, [t for t, _ in kept], segments, gone, cut)


def _beyond(
    holds: Holds, timelines: Sequence[Timeline], named: Callable[[int], str], gone: int, cut: int
) -> Iterator[str]:
    """What has no time in the format: after the video, or after the last time that it can say."""
    outside, beyond = "outside the video", "beyond the end of the video"
    if holds.longest and any(t.footage.duration > holds.longest for t in timelines):
        last = f"{clock(holds.longest)}, the last time that this format has,"
        outside, beyond = f"after {last}", f"beyond {last}"
    if gone:
        yield f"{named(gone)} {outside} {_is(gone)} left out."
    if cut:
        yield f"{named(cut)} {beyond} {_is(cut)} cut there."


def _times(holds: Holds, kept: Sequence[tuple[Timeline, Annotation]]) -> Iterator[str]:
    moved = [
        max(abs(fit.start - span.start), abs(fit.end - span.end))
        for t, a in kept
        for span in (holds.within(a.segment, t.footage),)
        if span is not None
        for fit in (holds.fit(span, t.footage),)
        if fit != span
    ]
    if moved:
        most = f"{max(moved) / 1000:g} ms" if max(moved) < 1_000_000 else clock(max(moved))
        yield f"The times of {segments(len(moved))} are rounded, by {most} at most."
    if holds.layers:
        over = others = 0
        for t in dict.fromkeys(id(t) for t, _ in kept):
            own = [a for other, a in kept if id(other) == t]
            tiers = layered(own, by_annotator=holds.annotators)
            back = put_back((name, tier[0].track, tier[0].annotator) for name, tier in tiers.items())
            others += sum(len(tiers[name]) for name in back)
            over += sum(len(tier) for name, tier in tiers.items() if name not in {a.track for a in own} | back.keys())
        if others:
            goes, them = ("goes", "it") if others == 1 else ("go", "them")
            yield (f"{segments(others)} by a track's other annotators {goes} to further tiers; an import puts {them} "
                   "back.")  # fmt: skip
        if over:
            yield f"{segments(over)} that overlap{'s' * (over == 1)} others go{'es' * (over == 1)} to further tiers."


def _texts(holds: Holds, kept: Sequence[tuple[Timeline, Annotation]]) -> Iterator[str]:
    tracks = {a.track for _, a in kept}
    if not holds.tracks and len(tracks) > 1:
        yield f"{len(tracks)} tracks become one; their names are dropped."
    if not holds.tracks and len(tracks) == 1:
        yield f"The name of the track “{next(iter(tracks)):.40}” is dropped."
    renamed = sum(holds.naming(track) != track for track in tracks) if holds.tracks else 0
    if renamed:
        whose = "name of one track loses" if renamed == 1 else f"names of {renamed} tracks lose"
        yield f"The {whose} characters that have no place in this format."
    yield from _files(holds, kept)
    depend = {each for t, a in kept for each in (a.track,) if each in t.dependencies}
    if depend and not holds.tiers:
        which = "one row depends" if len(depend) == 1 else f"{len(depend)} rows depend"
        yield f"That {which} on another is dropped."
    if not holds.labels:
        named = sum(a.label not in ("", "speaking") for _, a in kept)
        if named:
            yield f"The labels of {segments(named)} are dropped; the format keeps who and when."
        return
    blank = sum(not a.label for _, a in kept) if not holds.blank else 0
    if blank:
        yield f"{segments(blank)} without a label {_is(blank)} written as “{NO_LABEL}”."
    changed = sum(holds.text(a.label) != a.label or (a.label == NO_LABEL and not holds.blank) for _, a in kept)
    if changed:
        yield f"The labels of {segments(changed)} lose or change characters that have no place in this format."


def _files(holds: Holds, kept: Sequence[tuple[Timeline, Annotation]]) -> Iterator[str]:
    """Disks of Windows and macOS take two names for one that differ only in capitals or in how accents are spelled."""
    if not holds.files:
        return
    names = {holds.said(a.label) if holds.files == "labels" else holds.naming(a.track) for _, a in kept}
    spelled = Counter(unicodedata.normalize("NFC", name).casefold() for name in names)
    alike = sum(count for count in spelled.values() if count > 1)
    if alike:
        yield (
            f"The names of {alike} {holds.files} differ only in capitals or accents: unpacked on Windows or macOS, "
            "their files take each other's place; rename them first."
        )


def _facts(holds: Holds, kept: Sequence[tuple[Timeline, Annotation]]) -> Iterator[str]:
    altered = sum(holds.remark(a.note) != a.note for _, a in kept)
    if altered:
        yield f"The notes of {segments(altered)} lose characters that have no place in this format."
    renamed = sum(holds.person(a.annotator) != a.annotator for _, a in kept)
    if renamed:
        yield f"The names of the annotators of {segments(renamed)} lose characters that have no place in this format."
    dropped = {
        "The notes": 0 if holds.notes else sum(bool(a.note) for _, a in kept),
        "The confidence": 0 if holds.scores else sum(a.id in t.scores for t, a in kept),
        "The names of the annotators": 0 if holds.annotators else sum(bool(a.annotator) for _, a in kept),
        "The names of who corrected": 0 if holds.editors else sum(a.is_corrected for _, a in kept),
        "The links to predictions": 0 if holds.origin else sum(a.prediction_id is not None for _, a in kept),
        "The attributes": 0 if holds.attributes else sum(bool(a.attributes) for _, a in kept),
    }
    # those of the row Bookmarks are points by its name
    points = sum(t.is_point(a) and not (holds.tracks and a.track == BOOKMARKS) for t, a in kept) * (not holds.points)
    if points and holds.ends:
        yield f"That {segments(points)} {'is a point' if points == 1 else 'are points'} in time is dropped."
    if holds.attributes == "text":
        changed = sum(any(not isinstance(v, str) for v in a.attributes.values()) for _, a in kept)
        if changed:
            yield f"The attributes of {segments(changed)} that are no text become text."
    elif holds.attributes == "plain":
        changed = sum(any(isinstance(v, bool | dict) or v is None for v in a.attributes.values()) for _, a in kept)
        if changed:
            yield f"The attributes of {segments(changed)} that are no texts, numbers or lists become text."
        altered = sum(any(_is_altered(holds, v) for v in a.attributes.values()) for _, a in kept)
        if altered:
            yield f"The attributes of {segments(altered)} have values that an import reads otherwise."
    for what, count in dropped.items():
        if count:
            of = "" if what.endswith("corrected") else " of"
            yield f"{what}{of} {segments(count)} {'is' if what == 'The confidence' else 'are'} dropped."


def _is_altered(holds: Holds, value: Any) -> bool:
    """Whether a text, number or list does not come back as it is."""
    is_plain = isinstance(value, str | int | float | list) and not isinstance(value, bool)
    return is_plain and holds.keeps is not None and not holds.keeps(value)


def _boxes(holds: Holds, timelines: Sequence[Timeline]) -> Iterator[str]:
    if not holds.boxes:
        dropped = sum(track in t.boxes for t in timelines for track in t.tracks)
        if dropped:
            yield f"The boxes of {dropped} track{'s' * (dropped != 1)} are dropped."
    elif not holds.exact:
        outside = sum(box[0] >= t.footage.duration for t in timelines for boxes in t.boxes.values() for box in boxes)
        if outside:
            yield f"{outside} box{'es' * (outside != 1)} outside the video {_is(outside)} left out."


def _curves(holds: Holds, timelines: Sequence[Timeline]) -> Iterator[str]:
    if count := sum(len(t.traces) for t in timelines) * (not holds.curves):
        yield f"{count} curve{'s' * (count != 1)} {_is(count)} not written: this format has no place for them."
    for track in sorted({track for t in timelines for track in t.unscaled}):
        yield f"The curves of “{track}” are not written: under Labels it is no curve any more."


def _cameras(holds: Holds, timelines: Sequence[Timeline]) -> Iterator[str]:
    if count := sum(len(t.cameras) for t in timelines) * (not holds.cameras):
        others = "1 other camera or recording" if count == 1 else f"{count} other cameras and recordings"
        yield f"{others} of the timeline {_is(count)} left out; times are those of the main one."
    drifting = sum(each.rate != 1 for t in timelines for each in t.cameras)
    if drifting and holds.cameras and not holds.clocks:
        others = "1 camera or recording" if drifting == 1 else f"{drifting} cameras and recordings"
        yield (f"How fast the clock of {others} runs is dropped: this format only says when each begins, so "
               "that far from its beginning it is out of step.")  # fmt: skip


def _objects(holds: Holds, timelines: Sequence[Timeline]) -> Iterator[str]:
    """What becomes of boxes over time."""
    yield from _over_cameras(holds, timelines)
    yield from _unlinked(holds, timelines)
    timelines = [holds.narrowed_to_main(t) for t in timelines]
    count = sum(len(t.objects) for t in timelines)
    if count and not holds.objects:
        yield f"{count} box{'es' * (count != 1)} over time {_is(count)} not written: this format has no place for them."
    elif count and holds.objects == "keys":
        yield (f"{count} box{'es' * (count != 1)} over time {_is(count)} written at {'its' if count == 1 else 'their'} "
               "key frames: what is between them, and where it is hidden, is dropped.")  # fmt: skip
    yield from _described(holds, timelines)
    covered = sum(any(key.occluded for key in each.keys) for t in timelines for each in t.objects)
    if covered and holds.objects and not holds.occlusion:
        yield f"Where {covered} box{'es' * (covered != 1)} over time {_is(covered)} occluded is dropped."


def _over_cameras(holds: Holds, timelines: Sequence[Timeline]) -> Iterator[str]:
    count = sum(bool(each.medium) for t in timelines for each in t.objects)
    if count and not holds.boxes_of_cameras:
        yield (f"{count} box{'es' * (count != 1)} over another camera than the main one {_is(count)} left out: this "
               "format has no place for them.")  # fmt: skip


def _unlinked(holds: Holds, timelines: Sequence[Timeline]) -> Iterator[str]:
    """Segments that keep the id of a box over time which is not in the file."""
    count = 0
    for t in timelines if holds.attributes else ():
        kept = holds.narrowed_to_main(t).objects if holds.objects == "all" else ()
        lost = linked_boxes(t) - {each.id for each in kept}
        count += sum(not a.deleted and a.attributes.get(LINK) in lost for a in t.annotations)
    if count:
        yield f"{segments(count)} {'is' if count == 1 else 'are'} about a box over time that is not in the file."


def _nothing_drawn(timeline: Timeline) -> str:
    return f"“{timeline.footage.name}” has no pictures, so there are no boxes over time."


def _beside_objects(holds: Holds, timelines: Sequence[Timeline]) -> Iterator[str]:
    """What is there beside boxes over time, where a format has nothing else."""
    for t in timelines:
        if all(each.medium for each in t.objects):
            yield f"“{t.footage.name}” has no boxes over time; draw some first."
    yield from _over_cameras(holds, timelines)
    marked = sum(not a.deleted for t in timelines for a in t.annotations)
    if marked:
        yield f"{segments(marked)} {_is(marked)} not written: this format has boxes over time only."
    yield from _boxes(holds, timelines)
    yield from _lines(holds, timelines)
    yield from _cameras(holds, timelines)
    yield from _curves(holds, timelines)


def _described(holds: Holds, timelines: Sequence[Timeline]) -> Iterator[str]:
    """What becomes of the attributes of boxes over time."""
    said = [each.attributes for t in timelines for each in t.objects if each.attributes] if holds.objects else []
    lost = said
    if holds.described:
        kept = {"text": str, "plain": str | int | float | list}.get(holds.attributes, object)
        strict = holds.attributes == "plain"
        lost = [
            each for each in said
            if any(not isinstance(v, kept) or (strict and isinstance(v, bool)) for v in each.values())
        ]  # fmt: skip
    of = "1 box" if len(lost) == 1 else f"{len(lost)} boxes"
    if lost and not holds.described:
        yield f"The attributes of {of} over time are dropped."
    elif lost:
        what = "text" if holds.attributes == "text" else "texts, numbers or lists"
        yield f"The attributes of {of} over time that are no {what} become text."
    altered = sum(any(_is_altered(holds, v) for v in each.values()) for each in said) if holds.described else 0
    if altered:
        of = "1 box" if altered == 1 else f"{altered} boxes"
        yield f"The attributes of {of} over time have values that an import reads otherwise."


def _about_all(count: int) -> Iterator[str]:
    if count:
        yield (f"{segments(count)} about the whole video {_is(count)} left out: this format has parts of a video "
               "only.")  # fmt: skip


def _unchosen(holds: Holds, timelines: Sequence[Timeline], kind: Kind) -> Iterator[str]:
    """What is there and not written, since a file has either."""
    shown = [(t, holds.narrowed(t, kind)) for t in timelines]
    said = sum(len(t.lines) for t, narrow in shown if not narrow.lines)
    unwritten = [a for t, narrow in shown if not narrow.annotations for a in t.annotations if not a.deleted]
    marked = sum(holds.whole or a.track != WHOLE_VIDEO for a in unwritten)
    yield from _about_all(len(unwritten) - marked)
    if said:
        yield (f"{transcript_lines(said)} {_is(said)} not written: this file has the annotations; choose the "
               "transcript in the export dialog, or with --as lines.")  # fmt: skip
    if marked and holds.lines == "alone":
        yield f"{segments(marked)} {_is(marked)} not written: this format has the transcript only."
    elif marked:
        yield (f"{segments(marked)} {_is(marked)} not written: this file has the transcript; choose the annotations in "
               "the export dialog, or with --as annotations.")  # fmt: skip


def _lines(holds: Holds, timelines: Sequence[Timeline]) -> Iterator[str]:
    count = sum(len(t.lines) for t in timelines)
    if not holds.lines and count:
        them = "it" if count == 1 else "them"
        yield f"{transcript_lines(count)} {_is(count)} not written: this format has no place for {them}."
    elif holds.lines == "within":
        outside = sum(not any(a.segment.start <= (start + end) // 2 < a.segment.end for a in found)
                      for t in timelines for found in (holds.fitted(t),) for start, end, _ in t.lines)  # fmt: skip
        if outside:
            yield f"{transcript_lines(outside)} outside the segments {_is(outside)} not written."
    elif count:
        yield from _of_lines(holds, timelines)


def _of_lines(holds: Holds, timelines: Sequence[Timeline]) -> Iterator[str]:
    """What becomes of lines that are written."""
    yield from _spoken(holds, timelines)
    if holds.lines == "turns":
        timelines = [replace(t, lines=tuple(line[:3] for line in t.said if line.speaker)) for t in timelines]
    left_out = sum(len(t.lines) - len(holds.fitted_lines(t)) for t in timelines)
    spans = [(Segment(start, end), t.footage) for t in timelines for start, end, _ in t.lines if start < end]
    within = [(span, holds.within(span, footage), footage) for span, footage in spans]
    cut = sum(shorter is not None and shorter != span for span, shorter, _ in within)
    yield from _beyond(holds, timelines, transcript_lines, left_out, cut)
    moved = sum(shorter is not None and holds.fit(shorter, footage) != shorter for _, shorter, footage in within)
    if moved:
        yield f"The times of {transcript_lines(moved)} are rounded."
    if holds.lines == "turns":
        return
    unread = NO_LABEL if holds.lines == "instead" else None  # cues of subtitles are read as annotations may be written
    changed = sum(holds.said(words) != words or words == unread
                  for t in timelines for _, _, words in t.lines)  # fmt: skip
    if changed:
        yield f"The words of {transcript_lines(changed)} lose or change characters that have no place in this format."


def _spoken(holds: Holds, timelines: Sequence[Timeline]) -> Iterator[str]:
    """What becomes of who says lines, and of their words."""
    said = [line for t in timelines for line in t.said]
    named, worded = (sum(map(bool, known)) for known in zip(*((s.speaker, s.words) for s in said), strict=True))
    if holds.lines == "turns":
        unnamed = len(said) - named
        if unnamed:
            yield f"{transcript_lines(unnamed)} that nobody is known to say {_is(unnamed)} left out."
        if named:
            yield f"What is said in {transcript_lines(named)} is dropped; the format keeps who and when."
        return
    if named and holds.speakers == "words":
        yield f"Who says {transcript_lines(named)} stands before the words, where an import takes it for words."
    elif named and not holds.speakers:
        yield f"Who says {transcript_lines(named)} is dropped."
    if worded and not holds.words:
        yield f"The times of the words of {transcript_lines(worded)} are dropped."
    elif worded and holds.words == "times":
        yield f"How sure a model was of the words of {transcript_lines(worded)} is dropped."


def _is(count: int) -> str:
    return "is" if count == 1 else "are"
