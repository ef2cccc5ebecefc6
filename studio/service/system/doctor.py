"""What is missing on this machine, and how to fix it."""

import json
import shutil
import sqlite3
import sys
from pathlib import Path
from typing import Any

from studio import media
from studio.config import GIB, Settings
from studio.errors import StudioError
from studio.formats.notes import counted
from studio.platform import system
from studio.service.models import catalogue
from studio.service.studio import Studio
from studio.service.system.status import reports, status
from studio.store import statistics


def examine(settings: Settings) -> list[dict[str, Any]]:
    """Checks as {what, ok, found, cure}; running them changes nothing but creates an empty library if there is none."""
    checks = [
        _check("Python", sys.version_info >= (3, 11), sys.version.split()[0], "Install Python 3.11 or newer."),
        _check("SQLite", sqlite3.sqlite_version_info >= (3, 35), sqlite3.sqlite_version, "Install a newer Python."),
        *(_model(card) for card in catalogue(settings)),
        *(_check("Protection", True, sentence, "") for sentence in system.weaknesses()),
    ]
    try:
        studio = Studio(settings)
    except (StudioError, OSError) as error:
        return [*checks, _check("Library", False, str(error), "Name another folder with --home, or restore a backup.")]
    try:
        free = shutil.disk_usage(settings.home).free
        checks.append(
            _check("Disk", free > GIB, f"{free / GIB:.0f} GiB free", "Free some space on the library's disk.")
        )
        verdict = studio.store.read(statistics.quick_check)
        checks.append(_check("Database", verdict == "ok", verdict, "Restore a backup (studio backup makes them)."))
        wrong = studio.store.read(statistics.unexplained)
        found = f"explains all but {counted('annotation(s)', len(wrong))}" if wrong else "explains every annotation"
        checks.append(_check("History", not wrong, found, "Somebody edited the database; compare it with a backup."))
        crashed = reports(settings.reports)
        told = f"{crashed[0]['what']} at {crashed[0]['at']}, in {settings.reports}" if crashed else "no crash on record"
        checks.append(_check("Crashes", not crashed, told, "Attach the report to a bug report, then delete it."))
        for row in studio.videos.all():
            try:
                studio.media.original(row)
                known = json.loads(row["notes"]) if row["tracks"] else media.probe(row["path"], settings.limits).notes
                checks += [_check("Video", True, f"“{row['name']}”: {note}", "") for note in known]
            except StudioError as error:
                checks.append(_check("Video", False, str(error), _cure(row)))
    finally:
        studio.close()
    return checks


def condition(settings: Settings) -> dict[str, Any] | None:
    """`status` of a library that nobody need be serving; None where it cannot be opened."""
    try:
        studio = Studio(settings)
    except (StudioError, OSError):
        return None
    try:
        return status(studio)
    finally:
        studio.close()


def _model(card: dict[str, Any]) -> dict[str, Any]:
    problems, package = card["problems"], card["plugin"] or "moment-studio"
    return _check(f"Model {card['name']}", not problems, "; ".join(problems) or card["note"] or card["version"],
                  f"Install the package again: pip install --force-reinstall {package}")  # fmt: skip


def _cure(row: dict[str, Any]) -> str:
    """What helps for a video whose file is gone, or is another."""
    path = Path(row["path"])
    if path.exists():
        return f"studio add {system.quoted(row['path'])}"
    return f"Say where it is now: studio relink {system.quoted(str(path.parent))} NEW_FOLDER"


def _check(what: str, ok: bool, found: str, cure: str) -> dict[str, Any]:
    return {"what": what, "ok": ok, "found": found, "cure": "" if ok else cure}
