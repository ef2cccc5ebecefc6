"""Stretches of videos that wait for a graphics card: a worker gets several at once, of one video or of many, and embeds
their frames in common batches."""

import threading
from collections.abc import Callable, Mapping
from typing import Any

from studio.errors import Cancelled
from studio.jobs.backends import WorkerDied
from studio.jobs.result import JobMonitor, JobResult

TOGETHER = 8  # stretches that a worker gets at once: as many processes decode for it
LOOK_S = 0.1
Execute = Callable[[Callable[[], Mapping[str, Any]], JobMonitor], JobResult]


class _Waiting:
    """A stretch that somebody waits for."""

    def __init__(
        self, part: Mapping[str, Any], encoder: Mapping[str, Any], monitor: JobMonitor, alone: bool = False
    ) -> None:
        """`alone`: no other one may go with it."""
        self.part, self.encoder, self.monitor, self.alone = part, encoder, monitor, alone
        self.taken = False
        self.over = threading.Event()
        self.result: JobResult | None = None
        self.error: BaseException | None = None

    def end(self, result: JobResult | None, error: BaseException | None = None) -> None:
        self.result, self.error = result, error
        self.over.set()


class Batches:
    """`execute` has a worker do the stretches that a function names once the worker is there."""

    def __init__(self, execute: Execute) -> None:
        self._execute = execute
        self._lock = threading.Lock()
        self._waiting: list[_Waiting] = []
        self.done = 0  # how many batches workers got

    def embed(self, part: Mapping[str, Any], encoder: Mapping[str, Any], monitor: JobMonitor) -> JobResult:
        """Have one stretch embedded, together with others that wait for the same encoder; see `stretches.Embed`. Each
        caller waits for a worker; who gets one takes the stretches of others along. A worker that dies of several may
        die of one of them: then each is done alone. Raises what `execute` raises."""
        own = _Waiting(part, encoder, monitor)
        try:
            return self._embed(own)
        except WorkerDied:
            if own.alone:
                raise
        return self._embed(_Waiting(part, encoder, monitor, alone=True))

    def _embed(self, own: _Waiting) -> JobResult:
        with self._lock:
            self._waiting.append(own)
        batch: list[_Waiting] = []
        try:
            self._lead(own, batch)
        except Cancelled:
            if not own.taken or batch:  # else another one has it, and this one need not wait for a worker
                raise
        finally:
            with self._lock:
                if own in self._waiting:
                    self._waiting.remove(own)
        while not own.over.wait(LOOK_S):
            if own.monitor.cancelled():
                raise Cancelled("Cancelled.")
        if own.error is not None:
            raise own.error
        assert own.result is not None
        return own.result

    def _lead(self, own: _Waiting, batch: list[_Waiting]) -> None:
        def params() -> dict[str, Any]:
            batch.extend(self._take(own) if not batch else [])
            if not batch:
                raise Cancelled("Cancelled.")
            return {"parts": [dict(each.part) for each in batch], **own.encoder}

        def progress(fraction: float, message: str) -> None:
            for each in batch:
                each.monitor.progress(fraction, message)

        def cancelled() -> bool:
            if not batch:
                return own.taken or own.monitor.cancelled()
            return all(each.monitor.cancelled() for each in batch)

        try:
            result = self._execute(params, JobMonitor(progress, cancelled=cancelled))
        except BaseException as error:
            for each in batch:
                each.end(None, error)
            raise
        for each in batch:
            each.end(result)

    def _take(self, own: _Waiting) -> list[_Waiting]:
        """This stretch and others that wait; none where another worker has it."""
        with self._lock:
            if own.taken:
                return []
            others = [each for each in self._waiting if each is not own and self._fits(each, own)]
            taken = [own, *others[: TOGETHER - 1]]
            own.alone = len(taken) == 1
            for each in taken:
                each.taken = True
                self._waiting.remove(each)
            self.done += 1
            return taken

    @staticmethod
    def _fits(other: _Waiting, own: _Waiting) -> bool:
        alone = own.alone or other.alone
        return not alone and other.encoder == own.encoder and not other.monitor.cancelled()
