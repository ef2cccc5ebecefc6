"""Every job of a library is done with the encoder that the library has chosen, unless it names another, on as many
processors as the library allows, and with what the library knows."""

from collections.abc import Callable, Sequence
from typing import Any

from studio.jobs import CORES, LIBRARY_ENCODER, ExecutionBackend, JobMonitor, JobResult, has_room


class LibraryBackend:
    """An `ExecutionBackend` around another that says with each call which encoder the library has then, and how many
    processors the work may use (`cores`, 0: all), and before it does what is to be done `before`."""

    def __init__(
        self,
        inner: ExecutionBackend,
        encoder: Callable[[], str | None],
        cores: Callable[[], int] = lambda: 0,
        before: Callable[[str, dict[str, Any], JobMonitor], object] = lambda kind, params, monitor: None,
    ) -> None:
        self.inner, self._encoder, self._cores, self._before = inner, encoder, cores, before

    def start(self) -> None:
        """See `ExecutionBackend`."""
        self.inner.start()

    def call(self, kind: str, params: dict[str, Any], monitor: JobMonitor) -> JobResult:
        """See `ExecutionBackend`."""
        self._before(kind, params, monitor)
        also = {LIBRARY_ENCODER: self._encoder(), CORES: self._cores()}
        return self.inner.call(kind, {**params, **{key: value for key, value in also.items() if value}}, monitor)

    def has_room(self, kind: str, running: Sequence[str]) -> bool:
        """See `ParallelBackend`."""
        return has_room(self.inner, kind, running)

    def close(self) -> None:
        """See `ExecutionBackend`."""
        self.inner.close()
