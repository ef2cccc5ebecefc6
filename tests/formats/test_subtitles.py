"""Subtitle files as they really are: styled, overlapping, out of order, in old encodings."""

import pytest

from studio.errors import FormatError
from studio.formats import subtitles

ASS = """[Script Info]
ScriptType: v4.00+

[V4+ Styles]
Format: Name, Fontname, Fontsize
Style: Default,Arial,20

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
Comment: 0,0:00:00.00,0:00:01.00,Default,,0,0,0,,a note
Dialogue: 0,0:00:03.00,0:00:04.50,Default,,0,0,0,,{\\i1}Two{\\i0}\\Nlines, with a comma
Dialogue: 0,0:00:01.00,0:00:03.50,Default,Ann,0,0,0,,First\\hword
Dialogue: 0,0:00:05.00,0:00:06.00,Default,,0,0,0,,{\\p1}m 0 0 l 10 10{\\p0}
"""
VTT = """WEBVTT - a title

NOTE a comment

STYLE
::cue { color: red }

intro
00:02.000 --> 00:03.000 align:start position:10%
<v Ann>Hi <b>there</b></v> &amp; you
- second

01:00:00.000 --> 01:00:01.000
late
"""
SRT = """2
00:00:05,000 --> 00:00:06,000
<font color="#fff">Second</font>

1
00:00:01,000 --> 00:00:05,500
First
- other

3
00:00:07,000 --> 00:00:07,000
takes no time

4
00:00:08,000 --> 00:00:09,000
<i></i>
"""
OVERLAPPING = [(1_000_000, 5_500_000, "First - other"), (5_000_000, 6_000_000, "Second")]


def test_ass_loses_its_styles_comments_and_drawings() -> None:
    assert subtitles.read(ASS.encode()) == [
        (1_000_000, 3_500_000, "First word"),
        (3_000_000, 4_500_000, "Two lines, with a comma"),
    ]


def test_vtt_loses_its_settings_voices_and_entities() -> None:
    assert subtitles.read(VTT.encode()) == [
        (2_000_000, 3_000_000, "Hi there & you - second"),
        (3_600_000_000, 3_601_000_000, "late"),
    ]


def test_srt_is_put_in_order_and_may_overlap() -> None:
    assert subtitles.read(SRT.encode()) == OVERLAPPING
    assert subtitles.read(SRT.replace("\n", "\r\n").encode()) == OVERLAPPING


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_encodings(encoding: str) -> None:
    text = "1\n00:00:01,000 --> 00:00:02,000\n“Ça va?” – it’s €5…\n"
    assert subtitles.read(text.encode(encoding)) == [(1_000_000, 2_000_000, "“Ça va?” – it’s €5…")]


def test_bytes_that_no_encoding_has_still_give_lines() -> None:
    (line,) = subtitles.read(b"1\n00:00:01,000 --> 00:00:02,000\nwell \x81\x8d then\n")
    assert line[2].startswith("well")


@pytest.mark.parametrize("data", [b"", b"\x00" * 40, b"\xff\xfe\x00", b"once upon a time"])
def test_what_is_no_subtitle_file_is_said(data: bytes) -> None:
    with pytest.raises(FormatError, match="not a subtitle file"):
        subtitles.read(data)
