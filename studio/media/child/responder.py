"""Sends the child's answers, and a sign of life while work goes on without one."""

import io
import threading
import time
from collections import deque

from studio.config import Limits
from studio.media import wire
from studio.platform import system

_ALIVE_EVERY_S = 0.5
_AHEAD_BYTES = 32 * 2**20


class Responder:
    """Sends messages to the parent; every sign of progress renews the computing time."""

    def __init__(self, pipe: io.FileIO, limits: Limits) -> None:
        self._pipe = pipe
        self._cpu_s = limits.child_probe_cpu_s
        self._last = time.monotonic()
        self._ahead: _Ahead | None = None

    def work_ahead(self) -> None:
        """From now on go on working while up to 32 MiB wait for the parent."""
        self._ahead = _Ahead(self._pipe)

    def send(self, head: wire.Head, body: wire.Buffer = b"") -> None:
        """Send one message; `body` must not change any more. Blocks while the parent is behind."""
        if self._ahead is not None:
            self._ahead.put(head, body)
        else:
            wire.send(self._pipe, head, body)
        self._alive(time.monotonic())

    def keep_alive(self) -> None:
        """Say that work goes on; may be called as often as you like, and sends at most twice a second."""
        now = time.monotonic()
        if now - self._last >= _ALIVE_EVERY_S:
            self.send({"kind": "alive"})

    def progress(self, done: float) -> None:
        """`done` in [0, 1]; sent twice a second at most."""
        now = time.monotonic()
        if now - self._last >= _ALIVE_EVERY_S:
            self.send({"kind": "progress", "done": done})

    def finish(self) -> None:
        """Return when everything is sent."""
        if self._ahead is not None:
            self._ahead.drain()

    def _alive(self, now: float) -> None:
        if now - self._last >= _ALIVE_EVERY_S:
            system.renew_cpu(self._cpu_s)
            self._last = now


class _Ahead:
    """A thread that sends what waits, so that decoding need not."""

    def __init__(self, pipe: io.FileIO) -> None:
        self._pipe = pipe
        self._waiting: deque[tuple[wire.Head, wire.Buffer]] = deque()
        self._bytes = 0
        self._changed = threading.Condition()
        threading.Thread(target=self._run, daemon=True).start()

    def put(self, head: wire.Head, body: wire.Buffer) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._bytes < _AHEAD_BYTES)
            self._waiting.append((head, body))
            self._bytes += memoryview(body).nbytes
            self._changed.notify_all()

    def drain(self) -> None:
        with self._changed:
            self._changed.wait_for(lambda: not self._waiting)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: bool(self._waiting))
                head, body = self._waiting[0]
            try:
                wire.send(self._pipe, head, body)
            except OSError:  # the parent is gone
                system.leave()
            with self._changed:
                self._waiting.popleft()
                self._bytes -= memoryview(body).nbytes
                self._changed.notify_all()
