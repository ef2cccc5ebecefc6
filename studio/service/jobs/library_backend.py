"""Every job of a library is done with the encoder that the library has chosen, unless it names another."""

from collections.abc import Callable, Sequence
from typing import Any

from studio.jobs import LIBRARY_ENCODER, ExecutionBackend, JobMonitor, JobResult, has_room


class LibraryBackend:
    """An `ExecutionBackend` around another that says with each call which encoder the library has then."""

    def __init__(self, inner: ExecutionBackend, encoder: Callable[[], str | None]) -> None:
        self.inner, self._encoder = inner, encoder

    def start(self) -> None:
        """See `ExecutionBackend`."""
        self.inner.start()

    def call(self, kind: str, params: dict[str, Any], monitor: JobMonitor) -> JobResult:
        """See `ExecutionBackend`."""
        name = self._encoder()
        return self.inner.call(kind, {**params, LIBRARY_ENCODER: name} if name else params, monitor)

    def has_room(self, kind: str, running: Sequence[str]) -> bool:
        """See `ParallelBackend`."""
        return has_room(self.inner, kind, running)

    def close(self) -> None:
        """See `ExecutionBackend`."""
        self.inner.close()
