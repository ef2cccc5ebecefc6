"""The libraries that a person has on this machine, by name: a list in their folder of settings."""

import contextlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from studio.atomic_files import write_atomic
from studio.config import Settings, config_folder, standard_home
from studio.errors import NotFound, StoreError, UsageError
from studio.platform import system
from studio.service.system.moving import moved_to
from studio.store.videos import now

MOST_NAME = 80
FIRST = "My library"  # the name of the one in the platform's folder


@dataclass(frozen=True, slots=True)
class KnownLibrary:
    """A library: its `name`, the folder that it is in, its id ("" before it was opened), and when it was opened last,
    "" for never."""

    name: str
    home: str
    id: str = ""
    opened: str = ""

    @property
    def there(self) -> bool:
        """Whether it is where it was: its database is, and is not what is left of a library that was moved."""
        settings = Settings(home=Path(self.home))
        return settings.database.is_file() and not moved_to(settings)


class KnownLibraries:
    """The list, shared by all programs of this person."""

    def __init__(self, folder: Path | None = None) -> None:
        self._file = (folder or config_folder()) / "libraries.json"

    def listed(self) -> list[KnownLibrary]:
        """All of them, the one that was opened last first."""
        return sorted(self._read(), key=lambda each: each.opened, reverse=True)

    def get(self, name: str) -> KnownLibrary:
        """Raises NotFound."""
        for each in self._read():
            if each.name == name:
                return each
        raise NotFound(f"There is no library “{name}” on the list; see: studio libraries")

    def add(self, name: str, home: Path) -> KnownLibrary:
        """Put a library on the list, or give it another name. Raises UsageError for a name that is taken, or none."""
        name = name.strip()
        if not 0 < len(name) <= MOST_NAME or not name.isprintable():
            raise UsageError("The name of a library is a short text.")
        place = str(system.real_path(home))
        with self._changing() as known:
            if any(each.name == name and each.home != place for each in known):
                raise UsageError(f"There is a library “{name}” on the list already; choose another name.")
            before = next((each for each in known if each.home == place), KnownLibrary(name, place))
            made = replace(before, name=name)
            known[:] = [each for each in known if each.home != place] + [made]
        return made

    def forget(self, name: str) -> None:
        """Take a library off the list; nothing of it is deleted. Raises NotFound."""
        self.get(name)
        with self._changing() as known:
            known[:] = [each for each in known if each.name != name]

    def opened(self, home: Path, identity: str) -> None:
        """Note that a library is opened now, whether it was on the list or not; one that was moved has its new folder.

        Raises StoreError.
        """
        place = str(system.real_path(home))
        with self._changing() as known:
            here = next((each for each in known if each.home == place), None)
            moved = next((each for each in known if each.id == identity and not each.there), None)
            name = (here or moved or KnownLibrary(_free_name(home, known), place)).name
            gone = [each for each in (here, moved) if each is not None]
            known[:] = [each for each in known if each not in gone] + [KnownLibrary(name, place, identity, now())]

    @contextlib.contextmanager
    def _changing(self) -> Iterator[list[KnownLibrary]]:
        """The list, which is written when it was changed. Raises StoreError."""
        try:
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with system.lock(self._file.with_suffix(".lock"), wait=True):
                entries = self._entries()
                known = _libraries(entries)
                others = [each for each in entries if _library(each) is None]  # of a newer release, which reads them
                yield known
                content = json.dumps([*(asdict(each) for each in known), *others], ensure_ascii=False, indent=1)
                write_atomic(self._file, content.encode())
        except OSError as error:
            raise StoreError(
                f"The list of libraries “{self._file}” cannot be read or written ({error.strerror})."
            ) from error

    def _read(self) -> list[KnownLibrary]:
        """The list; what of it cannot be read is left out."""
        try:
            return _libraries(self._entries())
        except OSError:
            return []

    def _entries(self) -> list[Any]:
        """What the file has, none where it is not there or no list. Raises OSError."""
        try:
            found = json.loads(self._file.read_text("utf-8"))
        except (FileNotFoundError, ValueError):
            return []
        return found if isinstance(found, list) else []


def _libraries(entries: list[Any]) -> list[KnownLibrary]:
    return [made for each in entries if (made := _library(each)) is not None]


def _library(entry: Any) -> KnownLibrary | None:
    """What an entry says; None for one that this release does not know."""
    try:
        made = KnownLibrary(**entry)
    except TypeError:
        return None
    return made if all(isinstance(value, str) for value in asdict(made).values()) else None


def _free_name(home: Path, known: list[KnownLibrary]) -> str:
    """A name for a library that nobody named, by its folder."""
    taken = {each.name for each in known}
    base = (FIRST if home == standard_home() else home.name or FIRST)[:MOST_NAME]
    return next(name for number in range(1, len(taken) + 2)
                if (name := base if number == 1 else f"{base} ({number})") not in taken)  # fmt: skip
