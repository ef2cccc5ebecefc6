"""The lines of a transcript and their words as segments of rows, where people annotate them."""

import uuid
from collections.abc import Sequence

from studio.timeline import Annotation, Segment, SpokenLine
from studio.timeline.tiers import INCLUDED, Dependencies, Dependency

LINES, WORDS = "Lines", "Words"


def rows_of(
    lines: Sequence[SpokenLine], duration_us: int, label_chars: int, annotator: str
) -> tuple[list[Annotation], Dependencies]:
    """A row of the lines of each speaker and, where their times are known, one of their words, which depends on it: a
    word lies within its line. Labels have at most so many characters."""
    made: list[Annotation] = []
    depend: dict[str, Dependency] = {}

    def add(start: int, end: int, row: str, text: str) -> None:
        label = text.strip()[:label_chars]
        made.append(Annotation(uuid.uuid4().hex, Segment(start, end), row, label, source="import", annotator=annotator))

    for line in lines:
        start, end = line.start_us, min(line.end_us, duration_us)
        if start >= end:
            continue
        row, of_words = (f"{kind} {line.speaker}".strip()[:label_chars] for kind in (LINES, WORDS))
        add(start, end, row, line.text)
        for first, last, text, _ in line.words:
            if max(first, start) < min(last, end) and text.strip():
                add(max(first, start), min(last, end), of_words, text)
                depend[of_words] = Dependency(row, INCLUDED)
    return made, depend
