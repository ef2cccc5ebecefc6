"""Table `lines`: what is said in videos and when, from subtitles, findable by words."""

import math
import re
import sqlite3
import unicodedata
from collections.abc import Sequence
from typing import Any

from studio.errors import NotFound

Line = tuple[int, int, str]
MOST = 200
_WORD = re.compile(r"[^\W_]+")


def replace(db: sqlite3.Connection, video_id: str, lines: Sequence[Line]) -> None:
    """Keep these (start_us, end_us, text) as all the lines of a video."""
    db.execute("DELETE FROM lines WHERE video_id = ?", (video_id,))
    rows = [(video_id, start, end, text) for start, end, text in lines if text.strip()]
    db.executemany("INSERT INTO lines (video_id, start_us, end_us, text) VALUES (?, ?, ?, ?)", rows)


def of_video(db: sqlite3.Connection, video_id: str) -> list[Line]:
    """The lines of a video in order of time."""
    rows = db.execute("SELECT start_us, end_us, text FROM lines WHERE video_id = ? ORDER BY start_us, id", (video_id,))
    return [(row["start_us"], row["end_us"], row["text"]) for row in rows]


def listed(db: sqlite3.Connection, video_id: str) -> list[dict[str, Any]]:
    """The lines of a video with their ids, in order of time."""
    rows = db.execute(
        "SELECT id, start_us, end_us, text FROM lines WHERE video_id = ? ORDER BY start_us, id", (video_id,)
    )
    return [dict(row) for row in rows]


def put(db: sqlite3.Connection, video_id: str, line: Line, line_id: int | None = None) -> int:
    """Add a line, or write the one with this id anew; returns its id.

    Raises NotFound when it was removed meanwhile.
    """
    if line_id is not None:
        drop(db, video_id, line_id)
    added = db.execute("INSERT INTO lines VALUES (?, ?, ?, ?, ?)", (line_id, video_id, *line))
    return int(added.lastrowid or 0)


def drop(db: sqlite3.Connection, video_id: str, line_id: int) -> None:
    """Remove a line.

    Raises NotFound.
    """
    if db.execute("DELETE FROM lines WHERE id = ? AND video_id = ?", (line_id, video_id)).rowcount == 0:
        raise NotFound("Somebody removed this line meanwhile.")


def find(db: sqlite3.Connection, query: str, videos: Sequence[str] | None = None) -> list[dict[str, Any]]:
    """The lines that say what a query says, best first, at most MOST: `video_id`, `start_us`, `end_us`, `text` and
    `score` in 0…1, the part of the query's words that the line holds, each weighed by how rare it is (BM25).

    Words are compared without case and accents; anything but letters and digits only separates them.
    """
    words = list(dict.fromkeys(_words(query)))
    if not words:
        return []
    rows = db.execute(
        "SELECT l.video_id, l.start_us, l.end_us, l.text, -bm25(spoken) AS score FROM spoken "
        "JOIN lines l ON l.id = spoken.rowid WHERE spoken MATCH ? ORDER BY score DESC LIMIT ?",
        (" OR ".join(f'"{word}"' for word in words), MOST if videos is None else 10 * MOST),
    ).fetchall()
    known = None if videos is None else set(videos)
    rows = [dict(row) for row in rows if known is None or row["video_id"] in known][:MOST]
    weights = _rarity(db, words)
    whole = sum(weights.values())
    for row in rows:
        said = set(_words(row["text"]))
        row["score"] = sum(weight for word, weight in weights.items() if word in said) / whole
    return sorted(rows, key=lambda row: -row["score"])


def _words(text: str) -> list[str]:
    """Letters and digits without case and accents, as the index has them."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return _WORD.findall(unicodedata.normalize("NFC", bare).casefold())


def _rarity(db: sqlite3.Connection, words: Sequence[str]) -> dict[str, float]:
    """How much each word says: the inverse share of lines that hold it, on a logarithmic scale."""
    total = db.execute("SELECT count(*) FROM lines").fetchone()[0]
    counts = {
        word: db.execute("SELECT count(*) FROM spoken WHERE spoken MATCH ?", (f'"{word}"',)).fetchone()[0]
        for word in words
    }
    return {word: math.log(1 + total / (1 + count)) for word, count in counts.items()}
