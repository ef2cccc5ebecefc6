"""A file of more segments than are taken is left at the first one too many, and not after all of it was read."""

import json
import re
import tracemalloc
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from studio.config import Limits, Settings
from studio.errors import FormatError
from studio.formats import FORMATS, Format, reading, subtitles
from studio.formats.reading import TooMany, bounded
from studio.service import Studio
from studio.store import videos
from studio.timeline import Annotation, Cue, Segment, SpokenLine, Timeline, Word
from tests.conftest import VIDEO
from tests.formats.conftest import HOURS, boxed

MOST = 50
BOTH = [f for f in FORMATS.values() if f.read and f.write]


def many(form: Format, count: int) -> bytes:
    """A file with so many segments that do not touch, with the frames and faces that some formats need."""
    label = "SPEAKING_AUDIBLE" if form.name == "ava" else "l"
    found = tuple(
        Annotation(f"a{n}", Segment(n * 40_000_000, n * 40_000_000 + 20_000_000), "Person 1", label)
        for n in range(count)
    )
    timeline = Timeline(HOURS, found)
    if form.holds.lines == "alone":
        timeline = Timeline(HOURS, lines=tuple((a.segment.start, a.segment.end, "l") for a in found))
    if form.holds.only_boxed or form.name == "ava":
        seen = tuple((t * 1_000_000, 0.1, 0.25, 0.5, 0.75) for t in range(count * 40))
        timeline = replace(boxed(timeline), boxes={"Person 1": seen})
    assert form.write
    return form.write([timeline])


@pytest.mark.parametrize("form", BOTH, ids=lambda f: f.name)
def test_a_reader_stops_at_the_bound(form: Format, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []
    real = reading.take_mark
    monkeypatch.setattr(reading, "take_mark", lambda: made.append(1) or real())
    assert form.read
    with bounded(MOST), pytest.raises(TooMany, match="split it"):
        form.read(many(form, 3 * MOST), HOURS.stem + form.extension)
    assert len(made) <= MOST + 1


def test_segments_that_a_reader_changes_are_counted_once() -> None:
    project = json.loads(many(FORMATS["boris"], MOST))
    for observation in project["observations"].values():
        observation["time offset"] = 2.0
    boris = FORMATS["boris"].read
    assert boris
    with bounded(MOST):
        (part,) = boris(json.dumps(project).encode(), "x.boris")
    assert len(part.marks) == MOST and part.marks[1].start == 38_000_000
    said = SpokenLine(0, 2_000_000, "so", "Ann", (Word(0, 1_000_000, "so", 1.0),))
    lines = tuple(said._replace(start_us=n * 4_000_000, end_us=(n * 4 + 2) * 1_000_000, words=()) for n in range(MOST))
    spoken = Timeline(HOURS, lines=tuple(Cue(*line[:3]) for line in lines), spoken=lines)
    textgrid = FORMATS["textgrid"]
    assert textgrid.write and textgrid.read
    with bounded(MOST):
        (part,) = textgrid.read(textgrid.write([spoken]), "x.TextGrid")
    assert len(part.lines) == MOST and {line.speaker for line in part.lines} == {"Ann"}


@pytest.mark.parametrize("form", BOTH, ids=lambda f: f.name)
def test_as_many_as_are_taken_are_read(form: Format) -> None:
    count = 20 if form.name == "ava" else MOST  # whose rows are faces, many a segment
    data = many(form, count)
    assert form.read
    with bounded(MOST):
        parts = form.read(data, HOURS.stem + form.extension)
    assert sum(len(part.marks) + len(part.lines) for part in parts) == count


@pytest.mark.parametrize(("form", "line"), [
    ("rttm", "SPEAKER f 1 {n}.00 0.50 <NA> <NA> a <NA> <NA>\n"), ("charades", "v {n}.0 {n}.5##words\n"),
    ("audacity", "{n}.0\t{n}.5\tl\n"),
    ("qvhighlights", '{{"qid": {n}, "query": "q", "vid": "v", "relevant_windows": [[{n}, {n}.5]]}}\n'),
])  # fmt: skip
def test_what_stands_behind_the_bound_is_not_looked_at(form: str, line: str) -> None:
    data = "".join(line.format(n=n) for n in range(3 * MOST)) + "SPEAKER nonsense\n"
    reader = FORMATS[form].read
    assert reader
    with bounded(MOST), pytest.raises(TooMany):
        reader(data.encode(), "x")
    (part,) = reader(data.encode(), "x")
    assert any(re.search(r"1 item cannot be read.*(Line 151|JSON)", said) for said in part.problems)


@pytest.mark.parametrize(("form", "data"), [
    ("rttm", b"a\n" * 8_000_000), ("csv", b"a\n" * 8_000_000), ("ava", b"a\n" * 8_000_000),
    pytest.param("vtt", b"WEBVTT\n\n" + b"a\n\n" * 5_000_000, marks=pytest.mark.release),
    ("srt", b"1\n00:00:01,000 --> 00:00:02,000\nx\n\n" * 400_000),
    ("activitynet", b'{"database": [' + b"[]," * 5_000_000 + b"[]]}"), ("json", b"[" + b"{}," * 5_000_000 + b"{}]"),
])  # fmt: skip
def test_sixteen_megabytes_of_little_things_take_little_memory(form: str, data: bytes) -> None:
    reader = FORMATS[form].read
    assert reader
    tracemalloc.start()
    try:
        with bounded(Limits().import_marks), pytest.raises(FormatError):
            reader(data, "x")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 12 * len(data), f"{peak >> 20} MB"


def test_a_library_says_so_and_changes_nothing(tmp_path: Path) -> None:
    studio = Studio(Settings(home=tmp_path / "home", limits=Limits(import_marks=MOST)))
    studio.store.write(lambda db: videos.insert(db, dict(VIDEO)))
    csv: Any = FORMATS["csv"]
    data = many(csv, MOST + 1)
    assert studio.exchange.readers(data, "x.csv") == ["csv"]
    with pytest.raises(FormatError, match=f"more than {MOST} segments"):
        studio.exchange.apply(data, "x.csv")
    said = "".join(f"{n}\n00:00:{n % 60:02d},000 --> 00:00:{n % 60:02d},900\nx\n\n" for n in range(MOST + 1))
    with pytest.raises(FormatError, match=f"more than {MOST} segments"):
        studio.transcripts.read_subtitles(dict(VIDEO), said)
    assert studio.timelines.annotations("v1") == [] and studio.transcripts.lines(dict(VIDEO)) == []
    studio.close()


def test_nothing_is_bounded_outside() -> None:
    said = "".join(f"{n}\n00:00:01,000 --> 00:00:02,000\nx\n\n" for n in range(3 * MOST))
    assert len(subtitles.read(said.encode())) == 3 * MOST
    assert reading.json_of(json.dumps([[]] * 3 * MOST)) == [[]] * 3 * MOST
