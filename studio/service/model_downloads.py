"""Models that a person gets from the hub, in the background: progress, pause, going on, cancel.

What came stays on the disk through a pause and a restart. Nothing goes on by itself: every request was pressed for.
"""

import logging
import threading
from dataclasses import dataclass, field
from typing import Any

from studio import tasks
from studio.config import Settings
from studio.errors import Cancelled, StudioError, UsageError
from studio.service.accounts.rights import OWNER, Actor, need
from studio.tasks import hub

Row = dict[str, Any]
AT_ONCE = 2
PAUSE_S = 3.0  # how long a page waits until a download has stopped
log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Download:
    done: int = 0
    total: int = 0
    error: str = ""
    stopped: bool = False
    ended: threading.Event = field(default_factory=threading.Event)


class ModelDownloads:
    """The downloads of one library's models, by their names."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._all: dict[str, _Download] = {}

    def get(self, name: str, by: Actor = OWNER) -> None:
        """Begin to fetch a model, or go on. Raises UsageError, ModelUnavailable, PermissionDenied."""
        need(by, "get models")
        card = tasks.gallery_card(self._settings, name)
        with self._lock:
            known = self._all.get(name)
            if known and not known.ended.is_set():
                return
            if sum(not each.ended.is_set() for each in self._all.values()) >= AT_ONCE:
                raise UsageError(f"{AT_ONCE} models are being fetched already; wait until one is here, or pause it.")
            made = self._all[name] = _Download()
        made.done, made.total = hub.left(card, self._settings.models) or (0, 0)
        threading.Thread(target=self._fetch, args=(name, made), name="model-download", daemon=True).start()

    def _fetch(self, name: str, made: _Download) -> None:
        def watch(done: int, total: int) -> None:
            made.done, made.total = done, total
            if made.stopped:
                raise Cancelled("Paused.")

        try:
            tasks.download(self._settings, name, watch)
        except Cancelled:
            pass
        except StudioError as error:
            made.error = str(error)
        except Exception:
            log.exception("a model could not be fetched")
            made.error = "Something unexpected went wrong; get it again to go on from there."
        finally:
            made.ended.set()

    def pause(self, name: str, by: Actor = OWNER) -> None:
        """Stop fetching; what came stays. Where the hub is silent that takes a while longer than this."""
        need(by, "get models")
        self._stop(name, PAUSE_S)

    def _stop(self, name: str, patience_s: float) -> bool:
        with self._lock:
            known = self._all.get(name)
        if known is None:
            return True
        known.stopped = True
        return known.ended.wait(patience_s)

    def cancel(self, name: str, by: Actor = OWNER) -> None:
        """Stop fetching, and throw away what came. Raises UsageError where it cannot be stopped yet, ModelUnavailable
        where a command fetches the same model: what came is that one's."""
        need(by, "get models")
        if not self._stop(name, 2 * PAUSE_S):
            raise UsageError("The hub does not answer, so this is still being stopped; cancel it again in a moment.")
        hub.discard(tasks.gallery_card(self._settings, name), self._settings.models)
        with self._lock:
            self._all.pop(name, None)

    def states(self) -> dict[str, Row]:
        """Each model that is being fetched (`running`), was paused or failed (`error`): how many bytes are here of how
        many (`done`, `total`)."""
        with self._lock:
            known = dict(self._all)
        found: dict[str, Row] = {}
        for name in tasks.gallery_names(self._settings):
            made = known.get(name)
            if made and not made.ended.is_set():
                found[name] = {"running": True, "done": made.done, "total": made.total, "error": ""}
                continue
            left = hub.left(tasks.gallery_card(self._settings, name), self._settings.models)
            error = made.error if made else ""
            if left or error:
                done, total = left or (0, 0)
                found[name] = {"running": False, "done": done, "total": total, "error": error}
        return found

    def close(self) -> None:
        """Pause them all."""
        for each in self._all.values():
            each.stopped = True
