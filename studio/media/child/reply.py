"""The child's voice: answers, and signs of life while there is nothing to say."""

import time

from studio.config import Limits
from studio.media import wire
from studio.media.child import confine

_BEAT_S = 0.5


class Reply:
    """Sends messages to the parent; every sign of progress renews the computing time."""

    def __init__(self, fd: int, limits: Limits) -> None:
        self._fd = fd
        self._cpu_s = limits.child_probe_cpu_s
        self._last = time.monotonic()

    def send(self, head: wire.Head, body: wire.Buffer = b"") -> None:
        wire.send(self._fd, head, body)
        self._alive(time.monotonic())

    def beat(self) -> None:
        """Call it wherever work moves on, as often as you like; says so twice a second."""
        now = time.monotonic()
        if now - self._last >= _BEAT_S:
            wire.send(self._fd, {"kind": "alive"})
            self._alive(now)

    def progress(self, done: float) -> None:
        """`done` in [0, 1]; sent twice a second at most."""
        now = time.monotonic()
        if now - self._last >= _BEAT_S:
            self.send({"kind": "progress", "done": done})

    def _alive(self, now: float) -> None:
        if now - self._last >= _BEAT_S:
            confine.renew_cpu(self._cpu_s)
            self._last = now
