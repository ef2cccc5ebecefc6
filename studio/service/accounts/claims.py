"""What of a common queue is on whose screen, so that nobody else is given it meanwhile. Kept in memory: it is true only
while pages are open."""

import threading
import time
from collections.abc import Callable, Iterable, Sequence

HELD_S = 120.0  # a page says again and again what it shows; one that was closed, or left alone, holds nothing for long


class Claims:
    """Windows, and the things that each shows. `has_left` says of a window that it was closed: it holds nothing."""

    def __init__(self, has_left: Callable[[str], bool], clock: Callable[[], float] = time.monotonic) -> None:
        self._has_left, self._clock = has_left, clock
        self._lock = threading.Lock()
        self._held: dict[str, tuple[str, float]] = {}  # thing → window, until when

    def take(self, window: str, shown: Sequence[str], wanted: Iterable[str], count: int) -> list[str]:
        """The first `count` of the `wanted` that no other window shows; from now on `window` shows these and what it
        says that it shows already, and nothing else. One that asks for none only says what it still shows; nothing at
        all: it lets go of all."""
        with self._lock:
            now = self._clock()
            self._held = {
                thing: held
                for thing, held in self._held.items()
                if held[1] > now and not self._has_left(held[0]) and (held[0] != window or (shown and not count))
            }
            kept = [thing for thing in shown if self._held.get(thing, (window,))[0] == window]
            taken: list[str] = []
            for thing in wanted:
                if len(taken) >= count:
                    break
                if thing not in self._held and thing not in kept:
                    taken.append(thing)
            self._held |= dict.fromkeys((*kept, *taken), (window, now + HELD_S))
            return taken
