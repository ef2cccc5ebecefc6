"""Table `library`: which library a database is, whatever its folder is called and wherever it lies."""

import sqlite3


def library_id(db: sqlite3.Connection) -> str:
    """Its id, for ever; a backup and a moved library have the same one."""
    return str(db.execute("SELECT id FROM library").fetchone()["id"])
