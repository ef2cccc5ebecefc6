"""Subtitles as people bring them: WebVTT of downloaders and editors, SRT of all ages, encodings of before UTF-8."""

from pathlib import Path

import pytest

from studio.errors import FormatError, UsageError
from studio.formats import FORMATS, encoding, subtitles, webvtt
from tests.conftest import SHARED

FIELD = SHARED / "field"
REAL = FIELD / "real" / "subtitles"
field = pytest.mark.skipif(not FIELD.exists(), reason="the shared inputs are not here")
S = 1_000_000


def lines(data: bytes) -> list[tuple[float, float, str]]:
    return [(start / S, end / S, text) for start, end, text in subtitles.read(data)]


def imported(data: bytes) -> tuple[list[tuple[float, float, str]], tuple[str, ...]]:
    """What an import takes from a WebVTT file, and what it says; the transcript reads the same."""
    read = FORMATS["vtt"].read
    assert read is not None
    (part,) = read(data, "x.vtt")
    found = [(mark.start / S, mark.end / S, mark.label) for mark in part.marks]
    parsed = subtitles.parse(data)
    assert sorted(found) == [(start / S, end / S, text) for start, end, text in parsed.lines]
    assert parsed.problems == part.problems
    return found, part.problems


# ---------------------------------------------------------------- WebVTT


@field
def test_automatic_captions_of_a_downloader() -> None:
    assert imported((FIELD / "02-vtt-beside-the-video" / "clip.vtt").read_bytes())[0] == [
        (0, 2, "so what now"), (2, 2.01, "so what now"), (2.01, 4, "so what now we start"),
    ]  # fmt: skip


@field
def test_comments_and_styles_are_no_words() -> None:
    data = (FIELD / "19-subtitles-beside-not-found" / "notes.vtt").read_bytes()
    assert imported(data) == ([(1, 2.5, "hello there"), (3, 4, "We are here")], ())


@field
def test_a_cue_begins_at_its_arrow_and_a_bad_one_drops_itself() -> None:
    folder = FIELD / "03-vtt-import"
    assert imported((folder / "no_blank_line.vtt").read_bytes()) == (
        [(1, 2, "yes what"), (2, 3, "this will happen")],
        (),
    )
    assert imported((folder / "one_bad_cue.vtt").read_bytes()) == (
        [(3, 4, "no blanks round the arrow")],
        ("1 cue has no readable time and is left out.",),
    )


@field
@pytest.mark.parametrize(
    ("name", "count", "dropped"),
    [("netflix_chicas_del_cable.vtt", 865, 0), ("youtube_dl.vtt", 4, 0), ("comments.vtt", 3, 0), ("styles.vtt", 1, 0),
     ("cue_tags.vtt", 3, 0), ("sample.vtt", 16, 0), ("captions_with_bom.vtt", 4, 0), ("using_identifiers.vtt", 6, 0),
     ("metadata_headers.vtt", 2, 0), ("metadata_headers_multiline.vtt", 2, 0), ("no_captions.vtt", 0, 0),
     ("invalid_timeframe.vtt", 6, 1), ("missing_timeframe.vtt", 6, 1), ("missing_caption_text.vtt", 4, 0)],
)  # fmt: skip
def test_webvtt_of_other_projects(name: str, count: int, dropped: int) -> None:
    cues, left_out = webvtt.read(encoding.decode((REAL / name).read_bytes()).text)
    assert (len(cues), left_out) == (count, dropped)
    assert all(cue.start < cue.end and "<" not in cue.text and "-->" not in cue.text for cue in cues)


@pytest.mark.parametrize(
    ("block", "cues"),
    [
        ("\n                          \n\n00:01.000 --> 00:02.000\nafter blanks\n", [(1, 2, "after blanks")]),
        ("00:01.000 --> 00:02.000\nright below the header\n", [(1, 2, "right below the header")]),
        ("\nREGION\nid:fred\n\n00:01.000 --> 00:02.000\nx\n", [(1, 2, "x")]),
        ("\nNOTE a --> b\nand more\n\n00:01.000 --> 00:02.000\nx\n", [(1, 2, "x")]),
        ("\nid\n00:01.000\t-->\t00:02.000 line:0\nx\n", [(1, 2, "x")]),
        ("\n100:00:01.000 --> 100:00:02.000\nlong\n", [(360_001, 360_002, "long")]),
        ("\n00:01.000 --> 00:02.000\nI <3 you &amp; <b>her</b>\r\n", [(1, 2, "I <3 you & her")]),
        ("\n00:01.000 --> 00:02.000\none\n00:02.000 --> 00:03.000\ntwo", [(1, 2, "one"), (2, 3, "two")]),
    ],
)
def test_what_browsers_read(block: str, cues: list[tuple[float, float, str]]) -> None:
    assert imported(f"WEBVTT\n{block}".encode())[0] == cues


def test_cues_that_are_dropped_are_counted() -> None:
    bad = "00:61.000 --> 00:62.000\nx\n\n1:2 --> 3\ny\n\n00:01.0 --> 00:02.0\nz\n\n"
    found, said = imported(f"WEBVTT\n\n{bad}00:01.000 --> 00:02.000\ngood\n".encode())
    assert found == [(1, 2, "good")]
    assert said == ("3 cues have no readable time and are left out.",)


# ---------------------------------------------------------------- SRT


@pytest.mark.parametrize(
    "times",
    ["00:00:01 --> 00:00:02", "00:00:01,000-->00:00:02,000", "0:0:1,0 --> 0:0:2,0", "00:01,000 --> 00:02,000",
     "00:00:01.000 --> 00:00:02.000 X1:40 X2:600 Y1:20 Y2:50", "00:00:01,000 -> 00:00:02,000".replace("->", "-->")],
)  # fmt: skip
def test_times_of_srt(times: str) -> None:
    assert lines(f"1\n{times}\n{{\\an8}}<i>Hello</i>\n\n2\n00:00:03,500 --> 00:00:04\n2\n".encode()) == [
        (1, 2, "Hello"), (3.5, 4, "2"),
    ]  # fmt: skip


def test_a_bad_cue_of_srt_drops_itself() -> None:
    read = subtitles.parse(b"1\n00:00:01,000 --> 00:00:02,000\none\n\n2\n00:00:aa --> 00:00:04,000\nlost\n\n3\n"
                           b"00:00:05,000 --> 00:00:06,000\nthree\n")  # fmt: skip
    assert [text for _, _, text in read.lines] == ["one", "three"]
    assert read.problems == ("1 cue has no readable time and is left out.",)


def test_a_cue_of_srt_without_times_is_no_words_of_another() -> None:
    read = subtitles.parse(b"1\n00:00:01,000 --> 00:00:02,000\none\n\n2\nlost\n\n3\n00:00:05,000 --> 00:00:06\nthree\n"
                           b"\n4\n00:00:07,000 --> 00:00:07,000\nx\n")  # fmt: skip
    assert [text for _, _, text in read.lines] == ["one", "three"]
    assert read.problems == (
        "1 cue has no readable time and is left out.", "1 cue without any length is left out.",
    )  # fmt: skip


# ---------------------------------------------------------------- encodings

WORDS = {
    "cp1251": "Привет, как дела?", "koi8_r": "Привет, как дела?", "gb18030": "你好，世界",
    "big5": "今天天氣很好，我們出去玩吧",
    "shift_jis": "こんにちは", "euc_jp": "こんにちは、今日はいい天気ですね", "euc_kr": "안녕하세요 여러분",
    "cp1252": "“Ça va?” – it’s €5… Où est l'élève?", "cp1250": "Příliš žluťoučký kůň, zażółć gęślą jaźń",
    "cp1253": "Καλημέρα, τι κάνεις;", "cp1254": "Günaydın, nasılsınız? Çok iyiyim, teşekkürler",
    "cp1255": "שלום, מה שלומך?", "cp1256": "مرحبا كيف حالك", "cp874": "สวัสดีครับ",
}  # fmt: skip


@pytest.mark.parametrize("name", WORDS)
@pytest.mark.parametrize("times", [1, 40])
def test_the_encoding_is_guessed_and_the_guess_is_said(name: str, times: int) -> None:
    text = "".join(f"{n}\n00:00:{n:02d},000 --> 00:00:{n + 1:02d},000\n{WORDS[name]}\n\n" for n in range(times))
    read = subtitles.parse(text.encode(name))
    assert {said for _, _, said in read.lines} == {WORDS[name]}
    (problem,) = read.problems
    assert problem.startswith("This file is not UTF-8: it was read as ") and "--encoding" in problem


@field
def test_a_russian_file_is_read_right() -> None:
    data = (FIELD / "18-subtitle-encodings" / "cyr1251.srt").read_bytes()
    assert [text for _, _, text in subtitles.read(data)] == ["Привет, как дела?", "Хорошо"]


def test_unicode_is_never_guessed() -> None:
    text = "1\n00:00:01,000 --> 00:00:02,000\nПривет\n"
    for name in ("utf-8", "utf-8-sig", "utf-16", "utf-32"):
        assert subtitles.parse(text.encode(name)).problems == ()
    assert [said for _, _, said in subtitles.read(text.encode("utf-16-be"))] == ["Привет"]


def test_an_encoding_can_be_named() -> None:
    data = "1\n00:00:01,000 --> 00:00:02,000\nОй\n".encode("cp866")
    assert subtitles.read(data, "cp866") == [(S, 2 * S, "Ой")]
    for wrong in ("nope", "base64", "\0"):
        with pytest.raises(UsageError, match="is not an encoding"):
            subtitles.read(data, wrong)
    with pytest.raises(FormatError, match="not text in utf-8"):
        subtitles.read(data, "utf-8")


@field
@pytest.mark.parametrize("path", sorted(REAL.glob("*")) if REAL.exists() else [], ids=lambda path: path.name)
def test_every_real_file_ends_in_lines_or_a_sentence(path: Path) -> None:
    try:
        assert all(start < end and text for start, end, text in subtitles.read(path.read_bytes()))
    except FormatError as error:
        assert str(error).endswith(".")
