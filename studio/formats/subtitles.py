"""Subtitle files (SRT, WebVTT, ASS) through pysubs2: what is said when."""

import codecs
import html

import pysubs2

from studio.errors import FormatError
from studio.formats import reading

SUFFIXES = (".srt", ".vtt", ".ass", ".ssa")


def read(data: bytes) -> list[tuple[int, int, str]]:
    """(start_us, end_us, text) in order of time; styling is dropped, empty lines and drawings are left out.

    Text is UTF-8, UTF-16 with its mark, else Windows-1252, the commonest of the rest. Raises FormatError.
    """
    try:
        text = _text(data)
        reading.room_for(text.count("-->") + text.count("\nDialogue:"))  # pysubs2 would build them all
        reading.take_parts(sum(text.count(sign) for sign in "\r\n{<"))  # in any other format that it knows
        parsed = pysubs2.SSAFile.from_string(text)
    except reading.TooMany:
        raise
    except Exception as error:  # pysubs2 has no common base for what a damaged file raises
        raise FormatError("This is not a subtitle file; use SRT, WebVTT or ASS.") from error
    lines = [
        (event.start * 1000, event.end * 1000, " ".join(html.unescape(event.plaintext).split()))
        for event in parsed
        if not event.is_comment and not event.is_drawing
    ]
    return sorted((start, end, said) for start, end, said in lines if said and end > start >= 0)


def _text(data: bytes) -> str:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    try:
        return data.decode("cp1252")
    except UnicodeDecodeError:  # it leaves five bytes undefined
        return data.decode("latin-1")
