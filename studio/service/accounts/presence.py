"""Which windows are open, and who looks at which video right now. Kept in memory: it is true only while pages are
open."""

import threading
from collections import Counter

LEFT = 10_000  # windows of which it is remembered that they were closed


class Presence:
    """Windows, each with the video that it has open, if any."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._names: dict[tuple[str, str], str] = {}
        self._open: Counter[str] = Counter()
        self._left: dict[str, None] = {}
        # of one window: a stream that broke off may still be there when the next begins
        self._streams: Counter[tuple[str, str]] = Counter()

    def enter(self, video_id: str, window: str, name: str) -> bool:
        """A window has opened a video, or ("") none; whether others are to be told."""
        if not window:
            return False
        with self._lock:
            self._open[window] += 1
            self._left.pop(window, None)
            if not video_id:
                return False
            key = video_id, window
            is_new = self._names.get(key) != name
            self._names[key] = name
            self._streams[key] += 1
            return is_new

    def leave(self, video_id: str, window: str) -> bool:
        """It has closed it; whether others are to be told."""
        key = video_id, window
        with self._lock:
            self._close(window)
            if key not in self._names:
                return False
            self._streams[key] -= 1
            if self._streams[key]:
                return False
            del self._streams[key], self._names[key]
            return True

    def has_left(self, window: str) -> bool:
        """Whether a window was open and is no more, or nobody looks at it."""
        with self._lock:
            return window in self._left

    def _close(self, window: str) -> None:
        if not window:
            return
        self._open[window] -= 1
        if self._open[window] > 0:
            return
        del self._open[window]
        self._left[window] = None
        if len(self._left) > LEFT:
            del self._left[next(iter(self._left))]

    def others(self, video_id: str, window: str) -> list[str]:
        """The names of those who look at a video in other windows, "" for one without."""
        with self._lock:
            return sorted(name for (video, other), name in self._names.items() if video == video_id and other != window)
