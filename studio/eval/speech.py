"""Word error rate, as NIST's sclite counts it: the least number of words to change, take out and put in, by the number
of words that were said."""

import re
import unicodedata
from collections.abc import Sequence

_NOT_A_WORD = re.compile(r"[^\w\s]|_")


def words(text: str) -> list[str]:
    """The words of a text, without case, accents' forms, apostrophes and punctuation."""
    plain = unicodedata.normalize("NFKC", text).lower().replace("'", "").replace("’", "")
    return _NOT_A_WORD.sub(" ", plain).split()


def word_errors(said: Sequence[str], found: Sequence[str]) -> int:
    """The least number of words to change, take out or put in to make what was found of what was said."""
    row = list(range(len(found) + 1))
    for i, one in enumerate(said, 1):
        before, row = row, [i]
        for j, other in enumerate(found, 1):
            row.append(min(before[j] + 1, row[-1] + 1, before[j - 1] + (one != other)))
    return row[-1]


def word_error_rate(pairs: Sequence[tuple[str, str]]) -> float:
    """Of (what was said, what was found), in per cent; above 100 where more is put in than was said.

    Raises ValueError where nothing was said.
    """
    counted = [(words(said), words(found)) for said, found in pairs]
    total = sum(len(said) for said, _ in counted)
    if not total:
        raise ValueError("Nothing was said in any of these.")
    return 100 * sum(word_errors(*pair) for pair in counted) / total
