"""Bytes ↔ Timeline."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.errors import FormatError, UsageError
from studio.formats import named, native, subtitles
from studio.timeline import SOURCES, Annotation, Segment, Timeline

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
segments = st.builds(lambda a, d: Segment(a, a + d), st.integers(0, 10**11), st.integers(1, 10**11))
annotations = st.builds(
    Annotation, id=texts, segment=segments, track=texts.filter(bool), label=texts, note=texts,
    source=st.sampled_from(SOURCES), prediction_id=st.none() | texts, annotator=texts, version=st.integers(1, 99),
)  # fmt: skip


@given(
    st.builds(
        Timeline, video=texts, duration=st.integers(1, 10**12), annotations=st.lists(annotations, max_size=4).map(tuple)
    )
)
def test_our_json_is_lossless_and_stable(timeline: Timeline) -> None:
    data = native.write(timeline)
    assert native.read(data) == timeline
    assert native.write(native.read(data)) == data


@pytest.mark.parametrize(
    "data",
    [b"", b"[]", b"{", b"\xff\xfe", b'{"format": "moment-studio"}', b"[" * 100_000, b'{"format": "other"}',
     b'{"format": "moment-studio", "video": "x", "duration_us": 1, "annotations": [{"start_us": 5}]}'],
)  # fmt: skip
def test_damaged_json_is_one_sentence(data: bytes) -> None:
    with pytest.raises(FormatError):
        native.read(data)


def test_subtitles_of_three_kinds() -> None:
    srt = b"1\n00:00:01,000 --> 00:00:02,500\n<i>Hello</i>\nyou\n"
    vtt = b"WEBVTT\n\n00:01.000 --> 00:02.500\nHello you\n"
    assert subtitles.read(srt) == subtitles.read(vtt) == [(1_000_000, 2_500_000, "Hello you")]
    with pytest.raises(FormatError):
        subtitles.read(b"\x00\x01 no subtitles")


def test_an_unknown_format_lists_the_known_ones() -> None:
    with pytest.raises(UsageError, match="json"):
        named("docx")
