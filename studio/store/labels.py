"""Table `labels`: the project's schema. A label that somebody uses joins it by itself, with a colour and a key."""

import sqlite3
from typing import Any

# Okabe and Ito's colours that tell apart for colour-blind people, then lighter partners of them
PALETTE = (
    "#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#8f7cc3", "#b8a400",
    "#4d9221", "#c51b7d", "#2c7fb8", "#a6611a",
)  # fmt: skip
KEYS = "123456789"


def remember(db: sqlite3.Connection, track: str, label: str) -> None:
    """Add a label to the schema unless it is there; does nothing for an empty one."""
    if not label or db.execute("SELECT 1 FROM labels WHERE track = ? AND label = ?", (track, label)).fetchone():
        return
    position = db.execute("SELECT coalesce(max(position), -1) + 1 FROM labels").fetchone()[0]
    taken = {row["hotkey"] for row in db.execute("SELECT hotkey FROM labels WHERE track = ?", (track,))}
    hotkey = next((key for key in KEYS if key not in taken), None)
    db.execute(
        "INSERT INTO labels VALUES (?, ?, ?, ?, ?)", (track, label, PALETTE[position % len(PALETTE)], hotkey, position)
    )


def schema(db: sqlite3.Connection) -> list[dict[str, Any]]:
    """All labels in their order."""
    return [dict(row) for row in db.execute("SELECT * FROM labels ORDER BY position")]
