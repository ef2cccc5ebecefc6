"""Table `preferences`: what was chosen for the whole library."""

import sqlite3

NEW_VIDEOS_WORDS = "words of new videos"
"""Whether speech is transcribed and screen text read of each video that is added."""


def is_on(db: sqlite3.Connection, name: str) -> bool:
    """Whether a switch is on; one that nobody touched is off."""
    row = db.execute("SELECT value FROM preferences WHERE name = ?", (name,)).fetchone()
    return row is not None and row["value"] == "on"


def switch(db: sqlite3.Connection, name: str, on: bool) -> None:
    """Put a switch on or off."""
    db.execute("INSERT OR REPLACE INTO preferences VALUES (?, ?)", (name, "on" if on else "off"))
