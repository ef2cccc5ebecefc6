"""Timelines to write: made by hand, and by Hypothesis within what each format says that it holds."""

from dataclasses import replace

from hypothesis import strategies as st

from studio.formats import Format, place
from studio.timeline import Annotation, Footage, Segment, Timeline

# 50 s with frames that come at two paces, as variable frame rates do; then hours, with a frame a second
STEADY = Footage("Talk no. 1 été.mp4", 50_000_000, "v1", 640, 360, 25.0,
                 tuple(range(0, 20_000_000, 40_000)) + tuple(range(20_000_000, 50_000_000, 33_367)))  # fmt: skip
HOURS = Footage("مقابلة.mkv", 5 * 3_600_000_000, "v2", 1920, 1080, 1.0, tuple(range(0, 5 * 3_600_000_000, 1_000_000)))

# what people really type, and what breaks parsers: right to left, joined emoji, decomposed letters, markup, formulas
WORDS = st.sampled_from([
    "person turns a light on.", "été", "e\u0301te\u0301", "שלום עולם", "👩\u200d👩\u200d👧", "a;b,c\td", '"quoted"',
    "<b>&amp;</b>", "=1+1", "'=x", "{\\i1}", "-->", "a#b##c", "  two  blanks ", "line\nbreak", "x_val", "ＡＢＣ",
    "(no label)", "C:\\x", "\u202eevil", "CON", "con_val", "nul.txt", "Aux ",
])  # fmt: skip
TEXTS = WORDS | st.text(st.characters(exclude_categories=["Cs"]), max_size=25)


def segments_of(footage: Footage) -> st.SearchStrategy[Segment]:
    """Any segment within the video, to the µs."""
    starts = st.integers(0, footage.duration - 1)
    return st.builds(
        lambda start, length: Segment(start, min(footage.duration, start + length)),
        starts, st.integers(1, footage.duration),
    )  # fmt: skip


def timelines_of(footage: Footage, most: int = 6) -> st.SearchStrategy[Timeline]:
    """Timelines with anything in them; ids are unique."""
    annotations = st.builds(
        Annotation, id=st.uuids().map(str), segment=segments_of(footage), track=TEXTS.filter(lambda t: bool(t.strip())),
        label=TEXTS, note=TEXTS, annotator=TEXTS, edited_by=TEXTS,
    )  # fmt: skip
    listed = st.lists(annotations, max_size=most, unique_by=lambda a: a.id)
    said = st.lists(st.tuples(segments_of(footage), TEXTS.filter(lambda t: bool(t.strip()))), max_size=3)
    return st.builds(
        lambda found, scored, lines: Timeline(
            footage, tuple(found), {a.id: 0.5 for a in found} if scored else {},
            lines=tuple(sorted((span.start, span.end, words) for span, words in lines)),
        ), listed, st.booleans(), said,
    )  # fmt: skip


def written_and_read(form: Format, timeline: Timeline) -> Timeline:
    """What comes back, on the same video; several parts (tiers of frames and of times) are one."""
    assert form.write
    assert form.read
    data = form.write([timeline])
    assert data == form.write([timeline]), "the same timeline gives the same bytes"
    found = [place(part, timeline.footage) for part in form.read(data, timeline.footage.stem + form.extension)]
    words = "what is said in a clip"  # TEL has the words within segments and does not read them
    assert not [p for placed in found for p in placed.problems if words not in p]
    marks = [mark for placed in found for mark in placed.marks]
    annotations = tuple(
        Annotation(
            f"m{n}", Segment(m.start, m.end), m.track, m.label, m.note, annotator=m.annotator, edited_by=m.edited_by
        )
        for n, m in enumerate(marks)
    )
    scores = {f"m{n}": m.score for n, m in enumerate(marks) if m.score is not None}
    boxes = {track: listed for placed in found for track, listed in placed.boxes.items()}
    lines = tuple(sorted((m.start, m.end, m.label) for placed in found for m in placed.lines))
    return Timeline(timeline.footage, annotations, scores, boxes, lines)


def boxed(timeline: Timeline) -> Timeline:
    """With a face on the first track, seen every 40 ms."""
    if not timeline.annotations:
        return timeline
    boxes = tuple((t, 0.1, 0.25, 0.5, 0.75) for t in range(0, timeline.footage.duration, 40_000)[:500])
    return replace(timeline, boxes={timeline.annotations[0].track: boxes})
