"""Table `preferences`: what was chosen for the whole library."""

import sqlite3

NEW_VIDEOS_WORDS = "words of new videos"
"""Whether speech is transcribed and screen text read of each video that is added."""

ENCODER, NEXT_ENCODER = "encoder", "next encoder"
"""The encoder that the library is searched with, and the one that it is being indexed with; the embedded default has no
row."""
ENCODER_KEY = "encoder key"
"""The key of the encoder that the library was indexed with, by which it shows that its files were replaced."""
GALLERY_SEEN = "gallery seen"
"""Whether somebody put away the line about models that see better."""

QUEUE_PAUSED, QUEUE_HOURS, QUEUE_CORES = "queue paused", "queue hours", "queue cores"
"""Since when the queue is paused, in UTC; the hours in which it begins something, like 20:00-07:00; how many processors
its work may use. Without a row: it goes on, all day, on all of them."""

CACHE_LIMIT = "cache limit"
"""How many bytes the cache may take; without a row any number."""


def text(db: sqlite3.Connection, name: str) -> str:
    """What was chosen; empty where nobody chose."""
    row = db.execute("SELECT value FROM preferences WHERE name = ?", (name,)).fetchone()
    return str(row["value"]) if row else ""


def choose(db: sqlite3.Connection, name: str, value: str) -> None:
    """Choose something; empty takes the choice back."""
    if value:
        db.execute("INSERT OR REPLACE INTO preferences VALUES (?, ?)", (name, value))
    else:
        db.execute("DELETE FROM preferences WHERE name = ?", (name,))


def is_on(db: sqlite3.Connection, name: str) -> bool:
    """Whether a switch is on; one that nobody touched is off."""
    row = db.execute("SELECT value FROM preferences WHERE name = ?", (name,)).fetchone()
    return row is not None and row["value"] == "on"


def switch(db: sqlite3.Connection, name: str, on: bool) -> None:
    """Put a switch on or off."""
    db.execute("INSERT OR REPLACE INTO preferences VALUES (?, ?)", (name, "on" if on else "off"))
