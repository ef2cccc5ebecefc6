"""One contract for every format: what it says it holds comes back, what it does not hold is said before."""

import csv
import io
import json
import unicodedata
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from studio.config import Limits
from studio.errors import FormatError, UsageError
from studio.formats import FORMATS, Format, Holds, archive, guessed, losses, named, native, place, subtitles, table
from studio.formats.model import NO_LABEL, Mark, Part
from studio.timeline import SOURCES, Annotation, Cue, Footage, Segment, SpokenLine, Timeline
from studio.timeline.tiers import PARTS, Dependency
from tests.formats.conftest import HOURS, STEADY, TEXTS, segments_of, timelines_of, written_and_read

ROUND = [f for f in FORMATS.values() if f.read and f.write and not f.holds.only_boxed and f.holds.ends]
S = 1_000_000
EXAMPLES = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def heard_by(form: Format, label: str) -> str:
    return "" if label == NO_LABEL and not form.holds.blank else label


def expected(form: Format, timeline: Timeline) -> Counter[tuple[object, ...]]:
    """What must come back, by what the format declares."""
    holds = form.holds
    return Counter(
        (
            a.segment.start, min(a.segment.end, timeline.footage.duration),
            (heard_by(form, nfc(a.label))) if holds.labels else "speaking",
            nfc(a.track) if holds.tracks and not holds.layers else None,
            nfc(a.note) if holds.notes else "",
            nfc(a.annotator) if holds.annotators else "",
            nfc(a.edited_by) if holds.editors else "",
            timeline.scores.get(a.id) if holds.scores else None,
        )
        for a in holds.fitted(timeline)
    )  # fmt: skip


def came_back(form: Format, timeline: Timeline) -> Counter[tuple[object, ...]]:
    holds = form.holds
    return Counter(
        (
            a.segment.start, a.segment.end, a.label, a.track if holds.tracks and not holds.layers else None,
            a.note, a.annotator, a.edited_by, timeline.scores.get(a.id),
        )
        for a in timeline.annotations
    )  # fmt: skip


@pytest.mark.parametrize("form", ROUND, ids=lambda f: f.name)
@given(timeline=timelines_of(STEADY) | timelines_of(HOURS, most=3))
@EXAMPLES
def test_what_a_format_holds_comes_back(form: Format, timeline: Timeline) -> None:
    marked = form.holds.narrowed(timeline, "annotations")
    assert came_back(form, written_and_read(form, marked)) == expected(form, marked)


@pytest.mark.parametrize("form", [f for f in ROUND if f.holds.lines in ("beside", "instead")], ids=lambda f: f.name)
@given(timeline=timelines_of(STEADY) | timelines_of(HOURS, most=3))
@EXAMPLES
def test_lines_come_back_as_lines_and_nothing_is_doubled(form: Format, timeline: Timeline) -> None:
    """Also those that overlap, beside annotations of any name; subtitles have them in place of the annotations."""
    holds, shown = form.holds, form.holds.narrowed(timeline, "lines")
    back = written_and_read(form, shown)
    cues = tuple((a.segment.start, a.segment.end, a.label) for a in back.annotations)
    said, marked = (back.lines, len(cues)) if holds.lines == "beside" else (cues, 0)
    assert marked == len(holds.fitted(shown))
    assert Counter(said) == Counter(
        (
            cue.start_us, min(cue.end_us, timeline.footage.duration),
            nfc(cue.text) if holds.lines == "beside" else heard_by(form, nfc(cue.text)),
        )
        for cue in holds.fitted_lines(timeline)
    )  # fmt: skip


SAID = ((1_000_000, 2_000_000, "one"), (4_000_400, 5_000_000, "two <b>"), (60_000_000, 61_000_000, "late"))


def test_lines_that_are_not_written_are_counted() -> None:
    marked = Timeline(STEADY, (Annotation("a", Segment(0, 3_000_000), "t", "x"),), lines=SAID)
    assert losses(named("json"), [marked]) == losses(named("csv"), [marked]) == []
    assert "3 lines of the transcript are not written: this format has no place for them." in losses(
        named("audacity"), [marked, replace(marked, lines=())]
    )
    assert "2 lines of the transcript outside the segments are not written." in losses(named("tel"), [marked])
    assert losses(named("elan"), [marked]) == [
        "1 line of the transcript outside the video is left out.",
        "The times of 1 line of the transcript are rounded.",
    ]
    assert losses(named("srt"), [marked]) == [
        "The name of the track “t” is dropped.",
        "3 lines of the transcript are not written: this file has the annotations; choose the transcript in the export "
        "dialog, or with --as lines.",
    ]
    assert losses(named("ass"), [marked], "lines") == [
        "1 segment is not written: this file has the transcript; choose the annotations in the export dialog, or with "
        "--as annotations.",
        "1 line of the transcript outside the video is left out.",
        "The times of 1 line of the transcript are rounded.",
    ]
    assert (
        "The words of 1 line of the transcript lose or change characters that have no place in this format."
        in losses(named("srt"), [marked], "lines")
    )


def test_subtitles_have_the_annotations_or_the_transcript() -> None:
    marked = Timeline(STEADY, (Annotation("a", Segment(0, 3_000_000), "t", "x"),), lines=SAID[:1])
    only_said = replace(marked, annotations=(replace(marked.annotations[0], deleted=True),))
    for name in ("srt", "vtt", "ass"):
        holds = named(name).holds
        assert (b"one" in _bytes(name, marked), b"one" in _bytes(name, only_said)) == (False, True)
        assert b"one" in _bytes(name, holds.narrowed(marked, "lines"))
        assert b"one" not in _bytes(name, holds.narrowed(only_said, "annotations"))


@pytest.mark.parametrize("name", ["elan", "textgrid", "nova", "via", "csv", "json"])
@pytest.mark.parametrize(
    "track", ["Transcript", "Transcript (2)", "Transcript (lines)", "transcript", "Transcript (lines) (2)"]
)
def test_annotations_are_no_lines_whatever_their_track_is_called(name: str, track: str) -> None:
    over = ((0, 2_000_000, "one"), (1_000_000, 3_000_000, "two"))
    timeline = Timeline(STEADY, (Annotation("a", Segment(0, 3_000_000), track, "x"),), lines=over)
    back = written_and_read(named(name), timeline)
    assert [(a.label, a.track) for a in back.annotations] == [("x", named(name).holds.naming(track))]
    assert back.lines == over
    if name == "nova":
        files = archive.unpack(_bytes(name, timeline))
        assert len({file.casefold() for file in files}) == len(files) == 6


def test_ass_says_no_time_after_ten_hours() -> None:
    """It has one digit for hours: what is later is left out, and said."""
    long = replace(HOURS, duration=11 * 3_600_000_000)
    late = tuple(
        Annotation(i, Segment(s, s + 7_200_000_000), "t", i) for i, s in (("a", 32_400_000_000), ("b", 36_000_000_000))
    )
    timeline = Timeline(long, late)
    assert b",9:59:59.99,Default,t" in _bytes("ass", timeline)
    assert _bytes("ass", timeline).count(b"Dialogue:") == 1
    assert {
        "1 segment after 9:59:59.990, the last time that this format has, is left out.",
        "1 segment beyond 9:59:59.990, the last time that this format has, is cut there.",
    } <= set(losses(named("ass"), [timeline]))


@pytest.mark.release
@pytest.mark.parametrize("form", ROUND, ids=lambda f: f.name)
@given(timeline=timelines_of(STEADY) | timelines_of(HOURS, most=3))
@settings(EXAMPLES, max_examples=1_000)
def test_what_a_format_holds_comes_back_a_thousand_times(form: Format, timeline: Timeline) -> None:
    marked = form.holds.narrowed(timeline, "annotations")
    assert came_back(form, written_and_read(form, marked)) == expected(form, marked)


@pytest.mark.parametrize("form", ROUND, ids=lambda f: f.name)
@given(timeline=timelines_of(STEADY))
@EXAMPLES
def test_no_loss_is_silent(form: Format, timeline: Timeline) -> None:
    """Where nothing is said to be lost, nothing is lost."""
    assert form.write
    if not losses(form, [timeline]):
        back = written_and_read(form, timeline)
        assert sorted((a.segment, nfc(a.label)) for a in timeline.annotations) == sorted(
            (a.segment, a.label) for a in back.annotations
        )

        def facts(a: Annotation, scores: Mapping[str, float]) -> tuple[str, str, str, float | None]:
            return nfc(a.note), nfc(a.annotator), nfc(a.edited_by) if a.is_corrected else "", scores.get(a.id)

        kept = Counter(facts(a, timeline.scores) for a in timeline.annotations)
        assert kept == Counter(facts(a, back.scores) for a in back.annotations)
        if form.holds.lines == "beside":
            assert Counter((s, e, nfc(words)) for s, e, words in timeline.lines) == Counter(back.lines)


@pytest.mark.parametrize("form", [f for f in ROUND if f.holds.layers], ids=lambda f: f.name)
@given(timeline=timelines_of(STEADY))
@settings(EXAMPLES, max_examples=30)
def test_overlaps_go_to_further_tiers_and_tiers_never_overlap(form: Format, timeline: Timeline) -> None:
    tiers: dict[tuple[str, str], list[Segment]] = {}
    for a in written_and_read(form, timeline).annotations:
        tiers.setdefault((a.track, a.annotator), []).append(a.segment)  # several people may work on one track
    for spans in tiers.values():
        spans.sort()
        assert all(one.end <= other.start for one, other in pairwise(spans))


@pytest.mark.parametrize("name", ["elan", "nova"])
def test_the_work_of_several_annotators_on_a_track_comes_back_on_it(name: str) -> None:
    def made(number: int, start: int, end: int, track: str, who: str) -> Annotation:
        return Annotation(f"a{number}", Segment(start * S, end * S), track, "x", annotator=who)

    hands = (made(1, 1, 2, "Hands", "Ann"), made(2, 3, 4, "Hands", "Bob"), made(3, 1, 3, "Hands", "Cleo"))
    real = made(4, 5, 6, "Hands (2)", "Bob")  # a track that is called so
    form, timeline = FORMATS[name], Timeline(STEADY, (*hands, real))
    said = "2 segments by a track's other annotators go to further tiers; an import puts them back."
    assert losses(form, [timeline])[:1] == [said]
    back = written_and_read(form, timeline).annotations
    assert {(a.segment, a.track, a.annotator) for a in back} == {
        (a.segment, a.track, a.annotator) for a in timeline.annotations
    }
    twice = Timeline(STEADY, (*hands, made(5, 3, 5, "Hands", "Bob")))
    assert "1 segment that overlaps others goes to further tiers." in losses(form, [twice])


def test_rttm_says_which_rows_that_are_no_speakers_it_writes_as_speakers() -> None:
    def made(number: int, track: str, label: str) -> Annotation:
        return Annotation(f"a{number}", Segment(number * S, (number + 1) * S), track, label)

    turns = (made(1, "Ann", "speaking"), made(2, "Ann", "laughing"), made(3, "Bob", ""))
    assert not any("speaker" in said for said in losses(FORMATS["rttm"], [Timeline(STEADY, turns)]))
    faces = (*turns, made(4, "Emotion", "anger"), made(5, "Expression · Ann", "joy"))
    assert (
        "Every row is written as a speaker, also Emotion and “Expression_·_Ann”, where no label is “speaking”: whoever "
        "reads the file takes them for speakers. Remove their lines from the file if it is about speakers only."
    ) in losses(FORMATS["rttm"], [Timeline(STEADY, faces)])
    lines = Timeline(STEADY, faces, lines=((S, 2 * S, "hi"),), spoken=(SpokenLine(S, 2 * S, "hi", "Ann"),))
    assert not any("Emotion" in said for said in losses(FORMATS["rttm"], [lines], "lines"))


@given(segment=segments_of(STEADY), grain=st.sampled_from([0, 1, 1000]))
@settings(max_examples=300, deadline=None)
def test_times_round_to_the_nearest_unit(segment: Segment, grain: int) -> None:
    fit = Holds(grain=grain).fit(segment, STEADY)
    half = grain // 2 if grain else 20_000
    assert abs(fit.start - segment.start) <= half or fit.end == STEADY.duration
    assert abs(fit.end - segment.end) <= half or segment.duration < max(grain, 40_000) or fit.end == STEADY.duration
    assert Holds(grain=grain).fit(fit, STEADY) == fit


def test_frames_come_from_the_table_of_times_and_no_rate() -> None:
    """One segment over the place where the pace changes: frames 499–501 of a video that says 25 a second."""
    span = STEADY.span(499, 502)
    assert (span.start, span.end) == (19_960_000, 20_000_000 + 2 * 33_367)
    timeline = Timeline(STEADY, (Annotation("a", span, "t", "x"),))
    (support,) = json.loads(_bytes("fiftyone", timeline))["labels"].values()
    assert support[0]["support"] == [500, 502]
    (task,) = json.loads(_bytes("labelstudio", timeline))
    assert task["annotations"][0]["result"][0]["value"]["ranges"] == [{"start": 500, "end": 502}]
    assert b'frame="499" outside="0"' in _bytes("cvat", timeline)
    assert b'frame="502" outside="1"' in _bytes("cvat", timeline)
    assert b"00:00:19:24 00:00:20:02 00:00:00:00 00:00:00:03" in _bytes("edl", timeline)


def _bytes(name: str, timeline: Timeline) -> bytes:
    write = FORMATS[name].write
    assert write
    return write([timeline])


@pytest.mark.parametrize("form", [f for f in ROUND if f.many and f.holds.lines != "alone"], ids=lambda f: f.name)
def test_many_videos_in_one_file(form: Format) -> None:
    one = Timeline(STEADY, (Annotation("a", Segment(0, 5_000_000), "t", "first"),))
    other = Timeline(HOURS, (Annotation("b", Segment(10_000_000, 15_000_000), "t", "second"),))
    assert form.write
    assert form.read
    parts = form.read(form.write([one, other]), "file" + form.extension)
    assert [len(part.marks) for part in parts] == [1, 1]
    assert len({part.video for part in parts}) == 2


CUT = Footage("cut.mp4", 1_000_000, "v3", 640, 360, 25.0, tuple(range(0, 1_000_000, 40_000)))  # 1 s of a longer video
OUTSIDE = Timeline(
    CUT,
    (Annotation("a", Segment(0, 500_000), "t", "in"), Annotation("b", Segment(800_000, 1_500_000), "t", "over"),
     Annotation("c", Segment(2_000_000, 3_000_000), "t", "out")),
    boxes={"t": ((0, 0.0, 0.0, 0.5, 0.5), (2_000_000, 0.0, 0.0, 0.5, 0.5))},
)  # fmt: skip


@pytest.mark.parametrize("form", [f for f in FORMATS.values() if not f.holds.only_boxed], ids=lambda f: f.name)
def test_no_time_is_made_up_where_the_file_became_shorter(form: Format) -> None:
    """Formats that count in µs say the times as they are; others leave out what they have no unit for, and say so."""
    shown = form.holds.fitted(OUTSIDE)
    said = losses(form, [OUTSIDE])
    if form.holds.grain == 1 and form.name != "didemo":
        assert [a.segment for a in shown] == [a.segment for a in OUTSIDE.annotations]
        assert not any("outside" in sentence or "beyond" in sentence for sentence in said)
    else:
        assert [a.id for a in shown] == ["a", "b"]
        assert all(a.segment.end <= CUT.duration for a in shown)
        assert "1 segment outside the video is left out." in said
        assert "1 segment beyond the end of the video is cut there." in said
        assert ("1 box outside the video is left out." in said) == form.holds.boxes
    assert form.write
    assert form.write([OUTSIDE]) or form.holds.lines == "alone"


def test_the_times_of_our_csv_are_those_of_the_library() -> None:
    rows = csv.DictReader(io.StringIO(_bytes("csv", OUTSIDE).decode("utf-8-sig")))
    assert [(int(row["start_us"]), int(row["end_us"])) for row in rows] == [
        (0, 500_000), (800_000, 1_500_000), (2_000_000, 3_000_000)
    ]  # fmt: skip


def test_our_csv_has_the_frames_of_the_video_s_own_table() -> None:
    """Over the place where the pace changes; none where a time has no frame."""
    spans = (STEADY.span(499, 502), Segment(0, 1), Segment(50_000_000, 51_000_000))
    annotations = tuple(Annotation(f"{n}", span, "t", "x") for n, span in enumerate(spans))
    timeline = Timeline(STEADY, annotations, lines=((20_000, 60_000, "said"),))
    rows = list(csv.DictReader(io.StringIO(_bytes("csv", timeline).decode("utf-8-sig"))))
    assert [(row["kind"], row["start_frame"], row["end_frame"]) for row in rows] == [
        ("annotation", "0", "1"), ("annotation", "499", "502"), ("annotation", "", ""), ("transcript line", "0", "1")
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("head", "row"),
    [
        ("label,start_frame,end_frame", "x,499,502"), ("label,first_frame,last_frame", "x,499,501"),
        ("label,Start Frame,Last Frame", "x,499,501"), ("label,frame_start,frame_end", "x,499,502"),
    ],
)  # fmt: skip
def test_a_table_with_frames_only_is_read_by_the_video_s_own_table(head: str, row: str) -> None:
    """`end_frame` is the one after the last, `last_frame` the last one."""
    (part,) = table.read(f"{head}\n{row}\n".encode(), "x.csv")
    (mark,) = place(part, STEADY).marks
    assert (mark.start, mark.end) == (19_960_000, 20_000_000 + 2 * 33_367)


def test_times_hold_where_frames_say_something_else() -> None:
    text = "label,start,end,start_frame,end_frame\na,1,2,25,50\nb,1,2,24,51\nc,1,2,0,25\nd,,,5,6\ne,x,y,5,6\n"
    parts = table.read(text.encode(), "x.csv")
    placed = [place(part, STEADY) for part in parts]
    assert [(m.start, m.end, m.label) for each in placed for m in each.marks] == [
        (1_000_000, 2_000_000, "a"), (1_000_000, 2_000_000, "b"), (1_000_000, 2_000_000, "c"), (200_000, 240_000, "d")
    ]  # fmt: skip
    said = [problem for each in placed for problem in each.problems]
    assert "1 segment whose frames and times differ by more than a frame is placed by the times." in said
    assert any(problem.startswith("1 item cannot be read and is left out") for problem in said)


def test_a_box_after_the_last_frame_is_on_no_frame() -> None:
    (task,) = json.loads(_bytes("labelstudio", OUTSIDE))
    (box,) = (r["value"] for r in task["annotations"][0]["result"] if r["type"] == "videorectangle")
    assert [place["frame"] for place in box["sequence"]] == [1]


def test_losses_are_counted_sentences() -> None:
    annotations = (
        Annotation("a", Segment(500, 1_000_000), "Faces", "", note="n", annotator="Ann"),
        Annotation("b", Segment(900_000, 2_000_000), "Faces", "smile\tbig", prediction_id="p"),
        Annotation("c", Segment(0, 2_000_000), "Voices", "hello"),
    )
    timeline = Timeline(STEADY, annotations, {"b": 0.75}, {"Faces": ((0, 0.0, 0.0, 1.0, 1.0),)})
    assert losses(named("json"), [timeline]) == []
    assert losses(named("elan"), [timeline]) == [
        "The times of 1 segment are rounded, by 0.5 ms at most.",
        "1 segment by a track's other annotators goes to further tiers; an import puts it back.",
        "The notes of 1 segment are dropped.",
        "The confidence of 1 segment is dropped.",
        "The links to predictions of 1 segment are dropped.",
        "The boxes of 1 track are dropped.",
    ]
    assert "2 tracks become one; their names are dropped." in losses(named("audacity"), [timeline])
    assert "1 segment without a label is written as “(no label)”." in losses(named("textgrid"), [timeline])
    assert "1 segment on tracks without face boxes is left out." in losses(named("ava"), [timeline])
    apart = replace(timeline, annotations=tuple(
        Annotation(name, Segment(0, 9), name, name) for name in ("Dog", "dog", "\u00e9", "e\u0301", "cat")
    ))  # fmt: skip
    alike = "differ only in capitals or accents: unpacked on Windows or macOS, their files take each other's place"
    assert [said for said in losses(named("thumos"), [apart]) if alike in said] == [
        f"The names of 2 labels {alike}; rename them first."
    ]
    assert not [said for said in losses(named("thumos"), [timeline]) if alike in said]
    assert not [said for said in losses(named("elan"), [apart]) if alike in said]
    assert losses(named("elan"), [timeline, timeline])[0] == "ELAN holds one video a file, so there will be 2 files."


def test_placing_says_what_it_changes() -> None:
    short = Footage("x.mp4", 10_000_000, pts=tuple(range(0, 10_000_000, 40_000)))
    marks = ((1_000_000, 1_000_000), (11_000_000, 12_000_000), (9_000_000, 12_000_000), (9_500_000, 10_050_000),
             (-2_000_000, 1_000_000))  # fmt: skip
    placed = place(Part("x", tuple(Mark(*times, "l", "t") for times in marks)), short)
    assert [(m.start, m.end) for m in placed.marks] == [
        (9_000_000, 10_000_000), (9_500_000, 10_000_000), (0, 1_000_000)
    ]  # fmt: skip
    assert placed.problems == (
        "1 segment without any length is left out.",
        "1 segment outside the video is left out.",
        "2 segments beyond the video's edges are cut there.",
    )
    frames = tuple(Mark(a, b, "l", "t") for a, b in ((0, 1), (249, 251), (300, 301), (5, 5)))
    assert [(m.start, m.end) for m in place(Part("x", frames, "frames"), short).marks] == [
        (0, 40_000), (9_960_000, 10_000_000)
    ]  # fmt: skip


def test_boxes_are_on_the_track_of_their_marks_whatever_it_is_called() -> None:
    """Also where the file names none, where the name is too long, and where it is spelled in two ways."""
    most = Limits(label_chars=5)
    for spelled, kept in ((("", " "), "Imported"), (("e\u0301t", "ét"), "ét"), (("longer", "longest"), "longe")):
        boxes = {name: ((n, 0.0, 0.0, 0.5, 0.5),) for n, name in enumerate(spelled)}
        placed = place(Part("x", tuple(Mark(0, 1, "l", name) for name in spelled), boxes=boxes), STEADY, most)
        assert {m.track for m in placed.marks} == {kept}
        assert placed.boxes == {kept: ((0, 0.0, 0.0, 0.5, 0.5), (1, 0.0, 0.0, 0.5, 0.5))}


def test_two_spellings_of_one_label_are_one() -> None:
    part = Part("x", (Mark(0, 1, "e\u0301t", "t"), Mark(1, 2, "ét", "t")))
    assert {m.label for m in place(part, STEADY).marks} == {"ét"}
    with pytest.raises(FormatError, match="half a character"):
        place(Part("x", (Mark(0, 1, "\ud800", "t"),)), STEADY)


everything = st.builds(
    Annotation, id=TEXTS, segment=segments_of(HOURS), track=TEXTS.filter(bool), label=TEXTS, note=TEXTS,
    source=st.sampled_from(SOURCES), prediction_id=st.none() | TEXTS, annotator=TEXTS, version=st.integers(1, 99),
    deleted=st.booleans(),
)  # fmt: skip


@given(st.lists(everything, max_size=4, unique_by=lambda a: a.id).map(tuple), st.booleans())
@settings(deadline=None)
def test_our_json_is_lossless_and_stable(annotations: tuple[Annotation, ...], boxed: bool) -> None:
    boxes = {"face": ((0, 0.1, 0.2, 0.3, 0.4), (40_000, 0.1, 0.2, 0.3, 0.4))} if boxed else {}
    lines = (Cue(0, 1_000_000, "said"), Cue(1_500_001, 2_000_000, "")) if boxed else ()
    timeline = Timeline(Footage("é.mp4", HOURS.duration), annotations, {a.id: 0.25 for a in annotations}, boxes, lines)
    data = native.write([timeline])
    assert native.parse(data) == [timeline]
    assert native.write(native.parse(data)) == data
    both = [timeline, replace(timeline, footage=Footage("other.mp4", 5))]
    assert native.parse(native.write(both)) == both


def test_subtitles_of_three_kinds() -> None:
    srt = b"1\n00:00:01,000 --> 00:00:02,500\n<i>Hello</i>\nyou\n"
    vtt = b"WEBVTT\n\n00:01.000 --> 00:02.500\nHello you\n"
    assert subtitles.read(srt) == subtitles.read(vtt) == [(1_000_000, 2_500_000, "Hello you")]
    with pytest.raises(FormatError):
        subtitles.read(b"\x00\x01 no subtitles")


def test_an_unknown_format_lists_the_known_ones() -> None:
    with pytest.raises(UsageError, match="json"):
        named("docx")


def test_a_format_is_guessed_only_where_it_is_certain() -> None:
    assert guessed("a/b.EAF").name == "elan"
    assert guessed("talk.TextGrid").name == "textgrid"
    assert guessed("x.gender.annotation~").name == "nova"
    with pytest.raises(UsageError, match=r"activitynet.*fiftyone"):
        guessed("labels.json")
    with pytest.raises(UsageError, match="--format"):
        guessed("labels.docx")


def test_every_format_of_the_list_is_complete() -> None:
    assert len(FORMATS) == 29
    for name, form in FORMATS.items():
        assert name == form.name == name.lower()
        assert form.extension.startswith(".")
        assert form.write or form.read
    assert all(form.write and form.read for form in FORMATS.values())


def test_elan_says_which_parts_will_lie_elsewhere() -> None:
    def made(number: int, start: float, end: float, track: str) -> Annotation:
        return Annotation(f"a{number}", Segment(round(start * S), round(end * S)), track, f"w{number}")

    def timeline(*parts: Annotation) -> Timeline:
        rows = {"Word": Dependency("Sentence", PARTS), "Sound": Dependency("Word", PARTS)}
        return Timeline(STEADY, (made(0, 0, 9, "Sentence"), *parts), dependencies=rows)

    elan = FORMATS["elan"]
    uneven = timeline(made(1, 0, 6, "Word"), made(2, 6, 9, "Word"), made(3, 0, 6, "Sound"))
    assert losses(elan, [uneven]) == [
        "3 segments without times of their own in ELAN will lie in even parts of what they belong to."
    ]
    even = timeline(made(1, 0, 4.5, "Word"), made(2, 4.5, 9, "Word"), made(3, 0, 4.5, "Sound"))
    assert losses(elan, [even]) == []
    back = written_and_read_parts(even)
    assert back == sorted((a.track, a.segment) for a in even.annotations)
    assert written_and_read_parts(uneven) == back


def written_and_read_parts(timeline: Timeline) -> list[tuple[str, Segment]]:
    elan = FORMATS["elan"]
    assert elan.write and elan.read
    (part,) = elan.read(elan.write([timeline]), "x.eaf")
    return sorted((m.track, Segment(m.start, m.end)) for m in part.marks)
