"""CTM: `file 1 start duration word confidence`, a word a line in order of time, in seconds (NIST sclite, “ctm” format).

It keeps the words of the transcript, which speech recognition is scored by, and nothing else. A line whose words are
not known by their times has words that last as long as they have letters, with `NA` for how sure a model was of them.
Blanks within a word become underscores, since they separate fields. Reading makes a line of the words between two
pauses of more than half a second.
"""

from collections.abc import Iterator, Sequence

from studio.errors import FormatError
from studio.formats import reading
from studio.formats.model import Format, Holds, Mark, Part, transcript_lines
from studio.formats.notes import Notes
from studio.timeline import Cue, Timeline, Word
from studio.timeline.words import estimated

HOLDS = Holds(text=reading.one_line, lines="alone", words="all")
PAUSE_US = 500_000  # between two words, after which another line begins
LINE_US = 15_000_000  # that a line lasts at most
_UNSURE = "NA"
_COMMENT = ";;"


def write(timelines: Sequence[Timeline]) -> bytes:
    """Words in order of time, video after video."""
    rows = [
        f"{reading.word(t.footage.stem)} 1 {reading.decimal(start, 3)} {reading.decimal(end - start, 3)} "
        f"{reading.word(text)} {sure}\n"
        for t in timelines
        for start, end, text, sure in sorted(_words(HOLDS.narrowed(t)))
    ]
    return "".join(rows).encode()


def _words(timeline: Timeline) -> Iterator[tuple[int, int, str, str]]:
    """[start, end) in µs within their line, the word, and how sure a model was of it."""
    for line in HOLDS.fitted_spoken(timeline):
        known = [Word._make(word) for word in line.words]
        cue = Cue(*line[:3])
        for word in known or estimated(cue) or [Word(*cue, 1.0)]:
            start, end = (min(max(time, line.start_us), line.end_us) for time in word[:2])
            yield start, end, word.text, f"{word.probability:g}" if known else _UNSURE


def remarks(timeline: Timeline) -> list[str]:
    """What has to be known of words whose times are not."""
    count = sum(not line.words for line in HOLDS.fitted_spoken(timeline))
    if not count:
        return []
    whose = "its" if count == 1 else "their"
    return [f"The times of the words of {transcript_lines(count)} are not known: {whose} letters share the time."]


def read(data: bytes, name: str) -> list[Part]:
    """Raises FormatError naming the line."""
    found: dict[str, list[Word]] = {}
    notes = Notes()
    for number, row in reading.lines_of(data):
        if row.startswith(_COMMENT):
            continue
        reading.take_parts(1)
        with notes.entry():
            video, word = _word(row.split(), f"Line {number}", notes)
            found.setdefault(video, []).append(word)
    parts = [Part(video, (), lines=tuple(_lines(sorted(words)))) for video, words in found.items()]
    return notes.parts(parts)


def _word(fields: list[str], where: str, notes: Notes) -> tuple[str, Word]:
    if len(fields) not in (5, 6):
        raise FormatError(f"{where} has {len(fields)} fields instead of 5 or 6; is this CTM?")
    start, lasts = (reading.us_of(field, where) for field in fields[2:4])
    if start < 0 or lasts < 0:
        raise FormatError(f"{where} has a time before 0.")
    unsure = len(fields) == 5 or fields[5] == _UNSURE
    sure = None if unsure else notes.score(fields[5], where)
    return fields[0], Word(start, start + lasts, fields[4], 1.0 if sure is None else sure)


def _lines(words: Sequence[Word]) -> Iterator[Mark]:
    own: list[Word] = []
    for word in words:
        if own and (word.start_us - own[-1].end_us > PAUSE_US or word.end_us - own[0].start_us > LINE_US):
            yield _line(own)
            own = []
        own.append(word)
    if own:
        yield _line(own)


def _line(words: list[Word]) -> Mark:
    start, end = words[0].start_us, max(word.end_us for word in words)
    return Mark(start, max(end, start + 1), " ".join(word.text for word in words), "", words=tuple(words))


FORMAT = Format("ctm", "CTM (words of the transcript)", ".ctm", "text/plain", "s", HOLDS, write, read, many=True,
                remarks=remarks)  # fmt: skip
