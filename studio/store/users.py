"""Tables `users` and `sessions`: who may come in, and who is in. Passwords and tokens are kept as hashes only."""

import sqlite3
from datetime import UTC, datetime, timedelta

from studio.store.videos import now


def put(db: sqlite3.Connection, name: str, password: str) -> None:
    """Add somebody, or change their password; that ends their sessions."""
    db.execute(
        "INSERT INTO users VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE SET password = excluded.password",
        (name, password, now()),
    )
    db.execute("DELETE FROM sessions WHERE user = ?", (name,))


def drop(db: sqlite3.Connection, name: str) -> bool:
    """Take somebody out; says whether they were there. What they annotated stays."""
    return db.execute("DELETE FROM users WHERE name = ?", (name,)).rowcount > 0


def password_of(db: sqlite3.Connection, name: str) -> str | None:
    """The hash of somebody's password."""
    row = db.execute("SELECT password FROM users WHERE name = ?", (name,)).fetchone()
    return None if row is None else str(row["password"])


def listed(db: sqlite3.Connection) -> list[tuple[str, str]]:
    """Names, and when each was added."""
    return [(row["name"], row["created"]) for row in db.execute("SELECT name, created FROM users ORDER BY name")]


def open_session(db: sqlite3.Connection, token: str, name: str, days: int) -> None:
    """Let somebody in by the hash of a token, for some days; sessions that are over go."""
    today = datetime.now(UTC)
    db.execute("DELETE FROM sessions WHERE expires < ?", (today.isoformat(),))
    db.execute("INSERT INTO sessions VALUES (?, ?, ?)", (token, name, (today + timedelta(days=days)).isoformat()))


def user_of(db: sqlite3.Connection, token: str) -> str | None:
    """Whose session it is, by the hash of its token."""
    row = db.execute(
        "SELECT user FROM sessions WHERE token = ? AND expires >= ?", (token, datetime.now(UTC).isoformat())
    ).fetchone()
    return None if row is None else str(row["user"])


def close_sessions(db: sqlite3.Connection) -> None:
    """End all of them."""
    db.execute("DELETE FROM sessions")


def close_session(db: sqlite3.Connection, token: str) -> None:
    """End a session."""
    db.execute("DELETE FROM sessions WHERE token = ?", (token,))
