"""Where the cache of a library lies: in its own folder, or in one of another disk, also a shared one.

In that folder each library has a folder of its own, called by its id. What was there once and is not any more, as of a
disk that is not connected, is an error: an empty cache in its place would be filled for hours, and lie in the way.

A library that was copied by hand has the id of the other one. The two must not share a cache, where each removes what
it does not know: the folder says which library it is of, and another one of its id has one beside it.
"""

import contextlib
import hashlib
import json
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

from studio.atomic_files import write_atomic
from studio.config import Settings
from studio.errors import StoreError, UsageError
from studio.platform import system
from studio.service.system.moving import moved_to
from studio.store import Store, library

CHOICE = "cache.json"  # in the library's folder: `chosen` (null: its own), and the folders that it had (`known`)
OF = "library.json"  # in the cache's folder: the `home` of the library that it is of
OWN = "own"


def located(settings: Settings, store: Store) -> Settings:
    """The settings with the cache's folder of this library, which is there: that of `cache_root`, else that which was
    chosen for the library, else its own.

    Raises StoreError.
    """
    choice = _read(settings)
    root = settings.cache_root or (Path(choice["chosen"]) if choice["chosen"] else None)
    if root is None:
        return settings
    identity, home = store.read(library.library_id), str(system.real_path(settings.home))
    folder = root / f"moment-studio-{identity}"
    if (other := _home_of(folder)) not in ("", home) and _is_copy(Settings(home=Path(other)), settings, identity):
        folder = root / f"{folder.name}-{hashlib.sha256(home.encode()).hexdigest()[:8]}"
    if not folder.is_dir():
        if not root.is_dir() or str(folder) in choice["known"]:
            raise StoreError(
                f"The cache's folder “{folder}” is not there: connect its disk, name another one with --cache, or go "
                f"back to the library's own with: studio storage cache {OWN}"
            )
        try:
            folder.mkdir(mode=0o700)
            _write(settings, {**choice, "known": [*choice["known"], str(folder)]})
        except OSError as error:
            raise StoreError(
                f"The cache's folder “{folder}” cannot be made ({error.strerror}); check its permissions."
            ) from None
    if _home_of(folder) != home:
        with contextlib.suppress(OSError):  # what cannot be written is told by whoever needs it
            write_atomic(folder / OF, json.dumps({"home": home}, ensure_ascii=False).encode())
    return replace(settings, cache_folder=folder)


def _home_of(folder: Path) -> str:
    """The home of the library that a cache is of, "" where that is not said."""
    try:
        return str(json.loads((folder / OF).read_text("utf-8"))["home"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _is_copy(other: Settings, settings: Settings, identity: str) -> bool:
    """Whether in another home another library of the same id lives, neither gone nor moved from there."""
    if moved_to(other) or not other.home.is_absolute():
        return False
    try:
        if other.database.samefile(settings.database):  # by another path
            return False
        with contextlib.closing(sqlite3.connect(f"{other.database.as_uri()}?mode=ro", uri=True)) as db:
            db.row_factory = sqlite3.Row
            return library.library_id(db) == identity
    except (OSError, sqlite3.Error, TypeError):  # it is not there, is no library, or cannot be asked
        return False


def choose(settings: Settings, root: Path | None) -> None:
    """Have the library's cache in a folder of `root` from its next start on; None: in its own folder. What is in the
    cache stays where it is.

    Raises UsageError.
    """
    choice = _read(settings)
    if root is None:
        _write(settings, {**choice, "chosen": None})
        return
    if not root.expanduser().is_dir():
        raise UsageError(f"There is no folder “{root}”; create it first, on the disk where the cache is to lie.")
    place = system.real_path(root.expanduser())
    if place.is_relative_to(system.real_path(settings.ensure().home)):
        raise UsageError("This folder lies in the library's own; name one elsewhere.")
    gone = [name for name in choice["known"] if Path(name).parent == place and not Path(name).is_dir()]
    known = [name for name in choice["known"] if name not in gone]  # whoever chooses it anew wants it made anew
    _write(settings, {"chosen": str(place), "known": known})


def _read(settings: Settings) -> dict[str, Any]:
    with contextlib.suppress(OSError, ValueError):
        found = json.loads((settings.home / CHOICE).read_text("utf-8"))
        if isinstance(found, dict):
            chosen, known = found.get("chosen"), found.get("known")
            return {
                "chosen": chosen if isinstance(chosen, str) else None,
                "known": [name for name in known if isinstance(name, str)] if isinstance(known, list) else [],
            }
    return {"chosen": None, "known": []}


def _write(settings: Settings, choice: dict[str, Any]) -> None:
    write_atomic(settings.ensure().home / CHOICE, json.dumps(choice).encode())
