"""Finding texts by their words: what a question asks of a text, how much of it a text holds, and where in it.

Words are compared without case and accents; anything but letters and digits only separates them.
"""

import json
import math
import re
import sqlite3
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

MOST = 200
# words that nearly every text holds, and that say nothing of what it is about
SMALL = frozenset({
    "a", "an", "and", "are", "as", "at", "be", "by", "for", "from", "he", "her", "his", "i", "in", "is", "it", "its",
    "my", "of", "on", "or", "our", "she", "that", "the", "their", "they", "this", "to", "was", "we", "were", "with",
    "you", "your",
})  # fmt: skip
_WORD = re.compile(r"[^\W_]+")

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class TextQuery:
    """`words`, of which a text may hold any, and `phrases`, of which it must hold each, word beside word."""

    words: tuple[str, ...] = ()
    phrases: tuple[tuple[str, ...], ...] = ()

    @classmethod
    def of(cls, text: str, phrases: Sequence[str] = ()) -> "TextQuery":
        return cls(
            tuple(dict.fromkeys(word for word, _, _ in _words(text))),
            tuple(filter(None, (tuple(word for word, _, _ in _words(phrase)) for phrase in phrases))),
        )

    @property
    def telling(self) -> tuple[str, ...]:
        """The words without SMALL ones; all where nothing else is left."""
        return tuple(word for word in self.words if word not in SMALL) or self.words

    @property
    def every_word(self) -> list[str]:
        return list(dict.fromkeys([*self.telling, *(word for phrase in self.phrases for word in phrase)]))

    def expression(self) -> str:
        """What FTS5 is asked; "" where there is no word to look for."""
        phrases = [f'"{" ".join(phrase)}"' for phrase in self.phrases]
        return " AND ".join(phrases) or " OR ".join(f'"{word}"' for word in self.telling)

    def parts(self, text: str) -> list[tuple[str, bool]]:
        """A text in pieces, each with whether it is what was asked for; joined they are the text (composed, NFC)."""
        text = unicodedata.normalize("NFC", text)
        found = list(_words(text))
        held = [word for word, _, _ in found]
        marked = [
            (start, end) for word, start, end in found if word in self.words
        ] + [
            (found[i][1], found[i + len(phrase) - 1][2])
            for phrase in self.phrases
            for i in range(len(held) - len(phrase) + 1)
            if tuple(held[i : i + len(phrase)]) == phrase
        ]  # fmt: skip
        pieces, done = [], 0
        for start, end in sorted(marked):
            start = max(start, done)
            if end > start:
                pieces += [(text[done:start], False), (text[start:end], True)]
                done = end
        return [(piece, mark) for piece, mark in [*pieces, (text[done:], False)] if piece]


def search(
    db: sqlite3.Connection, asked: TextQuery, index: str, table: str, columns: str, videos: Sequence[str] | None = None
) -> list[Row]:
    """The rows of a table, with the named columns (of which `text` and `video_id` are two), whose text the FTS5 table
    `index` finds, best first, at most MOST, in some videos or in all that are in the library; `score` in 0…1 is the
    part of the question's words that a text holds, each weighed by how rare it is (BM25 chooses which are looked at).
    """
    expression = asked.expression()
    if not expression:
        return []
    # CROSS JOIN: the words are looked up first, whatever SQLite guesses of the videos
    among = "SELECT id FROM videos WHERE removed IS NULL" if videos is None else "SELECT value FROM json_each(?)"
    rows = db.execute(
        f"SELECT {columns}, -bm25({index}) AS score FROM {index} CROSS JOIN {table} ON {table}.id = {index}.rowid "
        f"WHERE {index} MATCH ? AND {table}.video_id IN ({among}) ORDER BY score DESC LIMIT ?",
        (expression, *([] if videos is None else [json.dumps(list(videos))]), MOST),
    ).fetchall()
    found = [dict(row) for row in rows]
    weights = _rarity(db, index, asked.every_word)
    whole = sum(weights.values())
    for row in found:
        held = {word for word, _, _ in _words(row["text"])}
        row["score"] = sum(weight for word, weight in weights.items() if word in held) / whole
    return sorted(found, key=lambda row: -row["score"])


def _rarity(db: sqlite3.Connection, index: str, words: Sequence[str]) -> dict[str, float]:
    """How much each word says: the inverse share of texts that hold it, on a logarithmic scale."""
    total = db.execute(f"SELECT count(*) FROM {index}_docsize").fetchone()[0]
    counts = {
        word: db.execute(f"SELECT count(*) FROM {index} WHERE {index} MATCH ?", (f'"{word}"',)).fetchone()[0]
        for word in words
    }
    return {word: math.log(1 + total / (1 + count)) for word, count in counts.items()}


def _words(text: str) -> Iterator[tuple[str, int, int]]:
    """Each word as the index has it, with its [start, end) in the text."""
    folded, origins = "", []
    for i, letter in enumerate(unicodedata.normalize("NFC", text)):
        bare = "".join(c for c in unicodedata.normalize("NFKD", letter) if not unicodedata.combining(c))
        plain = unicodedata.normalize("NFC", bare).casefold()
        folded += plain
        origins += [i] * len(plain)
    for match in _WORD.finditer(folded):
        yield match[0], origins[match.start()], origins[match.end() - 1] + 1
