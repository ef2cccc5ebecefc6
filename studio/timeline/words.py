"""The words of a line when its text is changed by a person: those that are still said keep their times.

Text is compared by units: a run of letters and digits, or one character of a script that puts no spaces between words.
"""

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

from studio.timeline.model_run import Cue, Word

MOST_UNITS = 1_000  # of a text that is compared: no line that is spoken is as long
TYPED = 1.0  # how sure a person is of a word that they typed
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_UNIT = re.compile(rf"[{_UNSPACED}]|[^\W_{_UNSPACED}](?:[^\s\W{_UNSPACED}]|[\u0300-\u036f'’])*")
_BREAK = re.compile(r"\s")

Part = tuple[int, int]  # [start, end) in a text, or among units


def realigned(words: Sequence[Word], cue: Cue, text: str) -> list[Word]:
    """The words of a line once its text becomes `text`; none where none were known.

    A word that stands in both texts keeps its time and how sure a model was of it, also where only its capitals or the
    punctuation beside it changed. What was typed in place of others gets their time, and what was put in between the
    time between its neighbours, divided by the number of letters. A text of more than MOST_UNITS loses its words.
    """
    return [word for _, word in _placed(words, cue, text)]


def divided(words: Sequence[Word], cue: Cue, head: str, tail: str) -> tuple[int, list[Word], list[Word]]:
    """Where the time of a line is cut (µs) that becomes two, `head` and `tail`, and the words of each.

    The cut is in the middle of the pause between the two words around it; by the share of letters where the words are
    not known. Both parts last at least 1 µs where the line lasts 2.
    """
    placed = _placed(words, cue, f"{head} {tail}")
    first = [word for at, word in placed if at < len(head)]
    last = [word for at, word in placed if at >= len(head)]
    if first and last:
        cut = (first[-1].end_us + last[0].start_us) // 2
    else:
        letters = [len(_BREAK.sub("", part)) for part in (head, tail)]
        cut = cue.start_us + (cue.end_us - cue.start_us) * letters[0] // max(1, sum(letters))
    return min(max(cut, cue.start_us + 1), cue.end_us - 1), first, last


def estimated(cue: Cue) -> list[Word]:
    """The words of a line of which none is known by its time: each for as long as it has letters."""
    units = _units(cue.text)
    extents = _extents([(units[a][0], units[b - 1][1]) for (a, b), _ in _new_groups(units, cue.text, {})], cue.text)
    return [word for _, word in _spread(extents, cue.text, (cue.start_us, cue.end_us))]


def moved(words: Sequence[Word], before: Cue, after: Cue) -> list[Word]:
    """The words of a line whose times change: they go along with a line that moves as a whole. Where only an edge
    moves, or both by different times, they stay, as their sound does."""
    by = after.start_us - before.start_us
    if not by or after.end_us - before.end_us != by:
        return list(words)
    return [word._replace(start_us=word.start_us + by, end_us=word.end_us + by) for word in words]


def _placed(words: Sequence[Word], cue: Cue, text: str) -> list[tuple[int, Word]]:
    """Each word with where it begins in the new text."""
    old, new = _units(cue.text), _units(text)
    if not words or max(len(old), len(new)) > MOST_UNITS:
        return []
    kept = dict(_kept(_unit_groups(words, cue.text, old), _matches(cue.text, old, text, new)))
    groups = list(_new_groups(new, text, {first: (last, number) for number, (first, last) in kept.items()}))
    extents = _extents([(new[first][0], new[last - 1][1]) for (first, last), _ in groups], text)
    placed: list[tuple[int, Word]] = []
    at = 0
    while at < len(groups):
        number = groups[at][1]
        if number is not None:
            start, end = extents[at]
            placed.append((start, words[number]._replace(text=text[start:end])))
            at += 1
            continue
        until = next((k for k in range(at, len(groups)) if groups[k][1] is not None), len(groups))
        before = groups[at - 1][1] if at else None
        after = groups[until][1] if until < len(groups) else None
        span = _span_between(words, before, after, cue)
        placed += _spread(extents[at:until], text, span)
        at = until
    return placed


def _units(text: str) -> list[Part]:
    return [found.span() for found in _UNIT.finditer(text)]


def _matches(old_text: str, old: Sequence[Part], new_text: str, new: Sequence[Part]) -> dict[int, int]:
    """Which unit of the new text each of the old one is still."""
    before, after = ([text[start:end].casefold() for start, end in units]
                     for text, units in ((old_text, old), (new_text, new)))  # fmt: skip
    blocks = SequenceMatcher(None, before, after, autojunk=False).get_matching_blocks()
    return {block.a + k: block.b + k for block in blocks for k in range(block.size)}


def _unit_groups(words: Sequence[Word], text: str, units: Sequence[Part]) -> Iterator[tuple[int, Part]]:
    """The units that each word consists of; nothing for one that does not stand in the text."""
    done = 0
    for number, word in enumerate(words):
        at = text.find(word.text, done)
        if at < 0:
            continue
        done = at + len(word.text)
        own = [k for k, (start, _) in enumerate(units) if at <= start < done]
        if own:
            yield number, (own[0], own[-1] + 1)


def _kept(groups: Iterator[tuple[int, Part]], matches: dict[int, int]) -> Iterator[tuple[int, Part]]:
    """The words all of whose units are said still, one after the other, and their units in the new text."""
    for number, (first, last) in groups:
        found = [matches.get(k) for k in range(first, last)]
        start = found[0]
        if start is not None and found == list(range(start, start + len(found))):
            yield number, (start, start + len(found))


def _new_groups(
    units: Sequence[Part], text: str, kept: dict[int, tuple[int, int]]
) -> Iterator[tuple[Part, int | None]]:
    """The units of each word of the new text, and which of the old words it is; the others end where spaces are."""
    at = 0
    while at < len(units):
        if at in kept:
            last, number = kept[at]
            yield (at, last), number
            at = last
            continue
        first = at
        at += 1
        while at < len(units) and at not in kept and not _BREAK.search(text, units[at - 1][1], units[at][0]):
            at += 1
        yield (first, at), None


def _extents(cores: Sequence[Part], text: str) -> list[Part]:
    """Words with the punctuation that touches them; what stands between two goes to the first."""
    found: list[Part] = []
    for number, (start, end) in enumerate(cores):
        low = found[-1][1] if found else 0
        high = cores[number + 1][0] if number + 1 < len(cores) else len(text)
        while start > low and not text[start - 1].isspace():
            start -= 1
        while end < high and not text[end].isspace():
            end += 1
        found.append((start, end))
    return found


def _span_between(words: Sequence[Word], before: int | None, after: int | None, cue: Cue) -> Part:
    """The time of what was said between two words; of the pause between them where nothing was."""
    first = 0 if before is None else before + 1
    last = len(words) if after is None else after
    if first < last:
        return words[first].start_us, words[last - 1].end_us
    start = cue.start_us if before is None else words[before].end_us
    end = cue.end_us if after is None else words[after].start_us
    return start, max(start, end)


def _spread(extents: Sequence[Part], text: str, span: Part) -> Iterator[tuple[int, Word]]:
    """Words over a time, each for as long as it has letters."""
    total = sum(end - start for start, end in extents)
    done = 0
    for start, end in extents:
        times = [span[0] + (span[1] - span[0]) * letters // total for letters in (done, done + end - start)]
        done += end - start
        yield start, Word(times[0], times[1], text[start:end], TYPED)
