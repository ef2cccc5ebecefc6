"""What editors make of what people marked, and what comes back from them: time codes, cuts, chapters."""

import unicodedata
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings

from studio.formats import FORMATS, losses, place
from studio.service import Studio
from studio.timeline import WHOLE_VIDEO, Annotation, Cue, Footage, Segment, Timeline
from tests.conftest import SHARED
from tests.formats.conftest import HOURS, STEADY, timelines_of

S = 1_000_000
FIELD = SHARED / "field" / "22-edl-start-timecode"
LATE = Footage("tape.mov", 60 * S, "v", 640, 360, 25.0, tuple(range(0, 60 * S, 40_000)), "10:00:00:00")


def placed(form: str, text: str, footage: Footage) -> tuple[list[tuple[int, int, str, str]], str]:
    """(start, end, track, label) of each segment in frames, and what is said."""
    (part,) = FORMATS[form].read(text.encode(), "x")  # type: ignore[misc]
    found = place(part, footage)
    marks = [(m.start // 40_000, m.end // 40_000, m.track, m.label) for m in found.marks]
    return marks, " ".join(found.problems)


def edl(*events: tuple[str, str], code: str = "NON-DROP FRAME") -> str:
    lines = [f"{n:03d}  A001 V C {first} {end} 01:00:00:00 01:00:01:00" for n, (first, end) in enumerate(events, 1)]
    return f"TITLE: tape\nFCM: {code}\n\n" + "\n".join(lines) + "\n"


def test_an_edl_is_counted_from_the_time_code_of_the_first_frame() -> None:
    text = edl(("10:00:02:00", "10:00:03:12"))
    assert placed("edl", text, LATE) == ([(50, 87, "Clips", "")], "")


def test_an_edl_whose_codes_begin_before_those_of_the_video_is_counted_from_nothing_and_says_so() -> None:
    marks, said = placed("edl", edl(("00:00:02:00", "00:00:03:12")), LATE)
    assert marks == [(50, 87, "Clips", "")]
    assert said == "Its time codes begin before the video's own, 10:00:00:00; they are counted from 00:00:00:00."


def test_dropped_numbers_of_an_edl() -> None:
    """00:01:00;02 is frame 1800, the first of the second minute; 00:10:00;00 is frame 17,982."""
    rate = 30_000 / 1001
    footage = Footage("x.mp4", 900 * S, "v", 640, 360, rate, tuple(round(n * S / rate) for n in range(26_973)))
    for first, end in (("00:01:00;02", "00:10:00;00"), ("00:01:00:02", "00:10:00:00")):  # many write no “;”
        (part,) = FORMATS["edl"].read(edl((first, end), code="DROP FRAME").encode(), "x")  # type: ignore[misc]
        (mark,) = place(part, footage).marks
        assert (mark.start, mark.end) == (footage.pts[1_800], footage.pts[17_982])
    (part,) = FORMATS["edl"].read(edl(("00:01:00:02", "00:10:00:00")).encode(), "x")  # type: ignore[misc]
    (mark,) = place(part, footage).marks
    assert (mark.start, mark.end) == (footage.pts[1_802], footage.pts[18_000])


@pytest.mark.skipif(not FIELD.exists(), reason="the shared inputs are not here")
def test_what_was_exported_as_an_edl_comes_back_on_its_own_rows(studio: Studio) -> None:
    (clip,) = (path for path in FIELD.iterdir() if path.suffix in (".mov", ".mp4", ".mxf"))
    video = str(studio.videos.add(clip)["id"])
    edit = {"edit_id": "e", "op": "create", "id": "a", "track": "Moments", "start": 1.0, "end": 2.0, "label": "x"}
    studio.timelines.save(video, [edit], "ann")
    data = studio.exchange.export(video, "edl")
    shown = studio.exchange.preview(data, "back.edl", annotator="ann")
    assert (shown["segments"], shown["already"]) == (0, 1)


@pytest.mark.parametrize("form", ["otio", "premiere", "fcpxml"])
def test_a_clip_that_plays_a_part_is_a_segment_and_one_that_plays_all_is_none(form: str, tmp_path: Path) -> None:
    timeline = Timeline(LATE, (Annotation("a", LATE.span(10, 20), "t", "here"),))
    (part,) = FORMATS[form].read(FORMATS[form].write([timeline]), "x")  # type: ignore[misc]
    assert [(mark.start, mark.end, mark.label) for mark in part.marks] == [(10, 20, "here")]
    assert (part.video, part.rate, part.frame_count) == ("tape.mov", 25.0, 1_500)


def chapters(*starts_and_labels: tuple[float, str], duration: int = 60 * S) -> tuple[str, list[str]]:
    footage = Footage("talk.mp4", duration, "v", 640, 360, 25.0, tuple(range(0, duration, 40_000)))
    annotations = tuple(
        Annotation(f"a{n}", Segment(round(start * S), round(start * S) + S), "t", label)
        for n, (start, label) in enumerate(starts_and_labels)
    )
    timeline = Timeline(footage, annotations)
    return FORMATS["chapters"].write([timeline]).decode(), losses(FORMATS["chapters"], [timeline])  # type: ignore[misc]


def test_chapters_as_youtube_wants_them() -> None:
    text, said = chapters((0, "Hello"), (65, "Middle"), (3_725.4, "End"), duration=4_000 * S)
    assert text == "0:00 Hello\n1:05 Middle\n1:02:05 End\n"
    assert "A chapter has no end: it lasts until the next one." in said
    assert not [sentence for sentence in said if "will not show" in sentence]


def test_chapters_last_to_the_next_one_and_the_last_to_the_end() -> None:
    text = (
        "A talk about hens.\n\n0:00 Hello\n(0:10) The hens\n00:20 – Their day: morning\n[0:30]Noon\n"
        "0:00:40 | (no label)\n0:50\nMusic: 3:45 by somebody\n"
    )
    (part,) = FORMATS["chapters"].read(text.encode(), "talk.txt")  # type: ignore[misc]
    assert part.problems == ("2 lines without a chapter are left out.",)
    footage = Footage("talk.mp4", 60_480_000, "v", 640, 360, 25.0, tuple(range(0, 60_480_000, 40_000)))
    found = place(part, footage)
    assert [(m.start / S, m.end / S, m.track, m.label) for m in found.marks] == [
        (0, 10, "Chapters", "Hello"), (10, 20, "Chapters", "The hens"), (20, 30, "Chapters", "Their day: morning"),
        (30, 40, "Chapters", "Noon"), (40, 50, "Chapters", ""), (50, 60.48, "Chapters", ""),
    ]  # fmt: skip
    assert found.problems == part.problems
    assert [(m.start / S, m.end / S) for m in place(part, footage, shift=5 * S).marks][-1] == (55, 60.48)
    late = place(part, Footage("talk.mp4", 45 * S))
    assert [m.end / S for m in late.marks] == [10, 20, 30, 40, 45]
    assert late.problems[1:] == (
        "1 segment outside the video is left out.",
        "1 segment beyond the video's edges is cut there.",
    )


@given(timelines_of(STEADY) | timelines_of(HOURS, most=3))
@settings(max_examples=60, deadline=None)
def test_chapters_come_back_as_chapters(timeline: Timeline) -> None:
    """The labels and times of what is written, and then the same file."""
    form = FORMATS["chapters"]
    data = form.write([timeline])  # type: ignore[misc]
    parts = form.read(data, "x.txt")  # type: ignore[misc]
    found = [place(part, timeline.footage) for part in parts]
    assert not [problem for each in found for problem in each.problems]
    back = tuple(
        Annotation(f"m{n}", Segment(m.start, m.end), m.track, m.label)
        for each in found for n, m in enumerate(each.marks)
    )  # fmt: skip
    assert all(one.segment.end == other.segment.start for one, other in pairwise(back))
    assert not back or back[-1].segment.end == timeline.footage.duration
    again = form.write([replace(timeline, annotations=back)])  # type: ignore[misc]
    assert unicodedata.normalize("NFC", data.decode()) == again.decode()


def test_what_is_about_the_whole_video_is_no_chapter_no_cut_no_subtitle_and_no_turn() -> None:
    tape = Footage("talk.mp4", 60 * S, "v", 640, 360, 25.0, tuple(range(0, 60 * S, 40_000)))
    parts = tuple(
        Annotation(label, Segment(start * S, (start + 20) * S), "Parts", label)
        for start, label in ((0, "Intro"), (20, "Talk"), (40, "End"))
    )
    notes = (Annotation("n", Segment(0, 60 * S), WHOLE_VIDEO, "", "shaky"),
             Annotation("l", Segment(0, 60 * S), WHOLE_VIDEO, "street"))  # fmt: skip
    for name in ("chapters", "edl", "srt", "vtt", "ass", "rttm"):
        form = FORMATS[name]
        assert form.write
        assert form.write([Timeline(tape, (*parts, *notes))]) == form.write([Timeline(tape, parts)])
        more = losses(form, [Timeline(tape, (*parts, *notes))])
        assert more[0] == "2 segments about the whole video are left out: this format has parts of a video only."
        assert more[1:] == losses(form, [Timeline(tape, parts)]), "nothing else is lost, and no label or note of them"
    for name in ("chapters", "srt"):
        assert FORMATS[name].write([Timeline(tape, notes)]) == b""  # type: ignore[misc]
    spoken = Timeline(tape, notes, lines=(Cue(0, S, "hello"),))
    assert FORMATS["srt"].write([spoken]).endswith(b"\nhello\n")  # type: ignore[misc]
    assert "2 segments about the whole video are left out" in losses(FORMATS["srt"], [spoken])[0]


def test_why_youtube_would_not_show_chapters() -> None:
    text, said = chapters((5, "one"), (5.2, "two"), (9, "three"))
    assert text == "0:05 one\n0:09 three\n"
    assert "1 segment in the same second as a longer one is left out." in said
    assert (
        "YouTube will not show these chapters: the first begins later than 0:00; there are fewer than 3; "
        "some are shorter than 10 seconds." in said
    )
