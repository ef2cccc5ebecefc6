"""Who looks at which video right now. Kept in memory: it is true for seconds only."""

import threading
import time

GONE_S = 3.0  # a page asks a few times a second; a browser's hidden tab does not, and is not looking either
MOST = 1_000


class Presence:
    """Windows that asked about a video lately."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: dict[tuple[str, str], tuple[str, float]] = {}

    def others(self, video_id: str, window: str, name: str) -> list[str]:
        """Note that a window looks at a video; the names of those who do in other windows, "" for one without."""
        now = time.monotonic()
        with self._lock:
            self._seen = {key: value for key, value in self._seen.items() if now - value[1] < GONE_S}
            if window and len(self._seen) < MOST:
                self._seen[video_id, window] = (name, now)
            return sorted(
                who for (video, other), (who, _) in self._seen.items() if video == video_id and other != window
            )
