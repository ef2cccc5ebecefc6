"""Which library a studio serves, and how it goes over to another one."""

import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studio.config import Settings
from studio.errors import NotFound, UsageError
from studio.platform import system
from studio.service.accounts.rights import OWNER, Actor, need
from studio.service.system.backup import exclusive_lock
from studio.service.system.known_libraries import KnownLibraries
from studio.store import Store, library

if TYPE_CHECKING:
    from studio.service.studio import Studio

Row = dict[str, Any]
Open = Callable[[Settings], "Studio"]


class Libraries:
    """The library that is open, and those that it can be exchanged for. `go_over` serves another one in its place; only
    a studio that serves has it."""

    def __init__(self, store: Store, settings: Settings, open_: Open) -> None:
        self._settings, self._open = settings, open_
        self._lock = threading.Lock()
        self.id: str = store.read(library.library_id)
        self.go_over: Callable[[Settings], None] | None = None
        self.known = KnownLibraries()

    def note_opened(self) -> None:
        """Put this library on the list of those that the person has. Raises StoreError."""
        self.known.opened(self._settings.home, self.id)

    @property
    def name(self) -> str:
        """What the list calls this library."""
        home = str(system.real_path(self._settings.home))
        return next((each.name for each in self.known.listed() if each.home == home), self._settings.home.name)

    def others(self, by: Actor = OWNER) -> list[Row]:
        """The other libraries, by `name`, when each was `opened` last, and whether it is `there`; none for somebody who
        may not go over to them, or where no studio runs."""
        if not by.admin or self.go_over is None:
            return []
        home = str(system.real_path(self._settings.home))
        return [
            {"name": each.name, "opened": each.opened, "there": each.there}
            for each in self.known.listed()
            if each.home != home
        ]

    def switch(self, name: str, by: Actor = OWNER) -> None:
        """Serve another library in the place of this one, after it was seen that it opens. What runs is put back into
        the queue, and goes on when this one is opened again.

        Raises PermissionDenied, NotFound, UsageError, and what opening it raises.
        """
        need(by, "open another library")
        if self.go_over is None:
            raise UsageError("Another library is opened by a studio that serves: studio serve --home DIR")
        other = self.known.get(name)
        settings = replace(self._settings, home=Path(other.home), cache_folder=None)
        if not other.there:
            raise NotFound(
                f"“{name}” is not where it was: connect its disk, or say where it is: studio libraries add NAME DIR"
            )
        with self._lock:
            with exclusive_lock(settings), closing(self._open(settings)):
                pass
            self.go_over(settings)
