"""Where the cache of a library lies: in its own folder, or in one of another disk, also a shared one.

In that folder each library has a folder of its own, called by its id. What was there once and is not any more, as of a
disk that is not connected, is an error: an empty cache in its place would be filled for hours, and lie in the way.
"""

import contextlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from studio.atomic_files import write_atomic
from studio.config import Settings
from studio.errors import StoreError, UsageError
from studio.platform import system
from studio.store import Store, library

CHOICE = "cache.json"  # in the library's folder: `chosen` (null: its own), and the folders that it had (`known`)
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
    folder = root / f"moment-studio-{store.read(library.library_id)}"
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
    return replace(settings, cache_folder=folder)


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
