"""Who looks at which video right now. Kept in memory: it is true only while pages are open."""

import threading
from collections import Counter


class Presence:
    """Windows that have a video open."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._names: dict[tuple[str, str], str] = {}
        # of one window: a stream that broke off may still be there when the next begins
        self._streams: Counter[tuple[str, str]] = Counter()

    def enter(self, video_id: str, window: str, name: str) -> bool:
        """A window has opened a video; whether others are to be told."""
        if not video_id or not window:
            return False
        with self._lock:
            key = video_id, window
            is_new = self._names.get(key) != name
            self._names[key] = name
            self._streams[key] += 1
            return is_new

    def leave(self, video_id: str, window: str) -> bool:
        """It has closed it; whether others are to be told."""
        key = video_id, window
        with self._lock:
            if key not in self._names:
                return False
            self._streams[key] -= 1
            if self._streams[key]:
                return False
            del self._streams[key], self._names[key]
            return True

    def others(self, video_id: str, window: str) -> list[str]:
        """The names of those who look at a video in other windows, "" for one without."""
        with self._lock:
            return sorted(name for (video, other), name in self._names.items() if video == video_id and other != window)
