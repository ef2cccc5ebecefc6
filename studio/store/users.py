"""Tables `users` and `sessions`: who may come in, and who is in. Passwords and tokens are kept as hashes only."""

import sqlite3
from datetime import UTC, datetime, timedelta

from studio.store.videos import now


def put(db: sqlite3.Connection, name: str, password: str, admin: bool = False) -> None:
    """Add somebody, or change their password; that ends their sessions. The first one is an admin; who is one stays
    one."""
    first = db.execute("SELECT 1 FROM users LIMIT 1").fetchone() is None
    db.execute(
        "INSERT INTO users (name, password, created, admin) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (name) DO UPDATE SET password = excluded.password, admin = max(admin, excluded.admin)",
        (name, password, now(), admin or first),
    )
    db.execute("DELETE FROM sessions WHERE user = ?", (name,))


def make_admin(db: sqlite3.Connection, name: str, admin: bool) -> bool:
    """Say whether somebody is an admin; returns whether they are there at all."""
    return db.execute("UPDATE users SET admin = ? WHERE name = ?", (admin, name)).rowcount > 0


def is_admin(db: sqlite3.Connection, name: str) -> bool:
    """Whether somebody is an admin."""
    row = db.execute("SELECT admin FROM users WHERE name = ?", (name,)).fetchone()
    return row is not None and bool(row["admin"])


def is_only_admin(db: sqlite3.Connection, name: str) -> bool:
    """Whether somebody is the only admin of several users."""
    others = db.execute("SELECT count(*), coalesce(sum(admin), 0) FROM users WHERE name != ?", (name,)).fetchone()
    return is_admin(db, name) and others[0] > 0 and others[1] == 0


def drop(db: sqlite3.Connection, name: str) -> bool:
    """Take somebody out; says whether they were there. What they annotated stays."""
    return db.execute("DELETE FROM users WHERE name = ?", (name,)).rowcount > 0


def password_of(db: sqlite3.Connection, name: str) -> str | None:
    """The hash of somebody's password."""
    row = db.execute("SELECT password FROM users WHERE name = ?", (name,)).fetchone()
    return None if row is None else str(row["password"])


def listed(db: sqlite3.Connection) -> list[tuple[str, str, bool]]:
    """Names, when each was added, and whether they are an admin."""
    rows = db.execute("SELECT name, created, admin FROM users ORDER BY name")
    return [(row["name"], row["created"], bool(row["admin"])) for row in rows]


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
