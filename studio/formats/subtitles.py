"""Subtitle files (SRT, WebVTT, ASS) through pysubs2: what is said when."""

import pysubs2

from studio.errors import FormatError

SUFFIXES = (".srt", ".vtt", ".ass", ".ssa")


def read(data: bytes) -> list[tuple[int, int, str]]:
    """(start_us, end_us, text) in order of time; styling is dropped, empty lines are left out.

    Raises FormatError.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    try:
        parsed = pysubs2.SSAFile.from_string(text)
    except Exception as error:  # pysubs2 has no common base for what a damaged file raises
        raise FormatError("This is not a subtitle file; use SRT, WebVTT or ASS.") from error
    lines = [(e.start * 1000, e.end * 1000, " ".join(e.plaintext.split())) for e in parsed if not e.is_comment]
    return sorted((start, end, said) for start, end, said in lines if said and end > start >= 0)
