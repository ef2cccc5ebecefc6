"""The sandboxed process that opens a media file, seen from its parent.

One child serves one request and ends. It comes from a `Launcher` of the system: it was started with an argument list,
an empty environment and no inherited files, has left the network where the system allows it, and has done the imports.
The child limits itself before it opens the file (`child.operations`). It is tied to us: when we close its pipes or die,
it ends.
"""

import atexit
import contextlib
import io
import os
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from studio import errors
from studio.config import Limits
from studio.errors import MediaError, StudioError
from studio.media import policy, wire
from studio.platform import interface, system

_ROOT = str(Path(__file__).resolve().parents[2])
_BOOT = "import sys; sys.path[:] = sys.argv[1:]; from studio.media.child import main; main()"
_KEPT = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT")
_ENVIRONMENT = {
    "PATH": os.defpath,
    "LC_ALL": "C.UTF-8",
    "OPENBLAS_NUM_THREADS": "1",  # it would reserve address space for every core
    "OMP_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "2",
}
_ERRORS: dict[str, type[StudioError]] = {
    kind.__name__: kind for kind in (*MediaError.__subclasses__(), errors.UsageError)
}
_LOOK_EVERY_S = 0.25


class Child:
    """A running request about the file at `path`; iterate over its answers, then `close()` it.

    `operation` is a key of `child.OPERATIONS`; `arguments` must fit JSON and `body` is raw bytes. A context
    manager: leaving it ends the process at once, whatever it was doing.
    """

    def __init__(
        self, operation: str, path: Path, limits: Limits, arguments: dict[str, Any], body: wire.Buffer = b""
    ) -> None:
        self._path = path
        self._body_left = 0
        try:
            self._process = _launcher.child()
        except interface.DoesNotStart as error:
            raise MediaError(policy.UNFIT) from error
        self._requests = io.FileIO(self._process.requests, "wb")
        self._answers = io.FileIO(self._process.answers, "rb")
        self._watch = _Watch(self._process, limits)
        self._answered = False
        request = {
            "operation": operation,
            "path": str(path),
            "limits": {name: getattr(limits, name) for name in Limits.__slots__},
            "arguments": arguments,
        }
        try:
            wire.send(self._requests, request, body)
        except OSError:
            died = self._died()
            self.close()
            raise died from None

    @property
    def pid(self) -> int:
        return self._process.pid

    def receive(self) -> wire.Head | None:
        """The next answer's head, or None when the child is done; its body, if any, must be read next.

        Raises the StudioError that the child met, or BrokenMedia when it died or fell silent.
        """
        while True:
            assert self._body_left == 0, "the body of the last message was not read"
            try:
                with self._watch.waiting():
                    head, self._body_left = wire.read_head(self._answers)
            except (wire.Garbled, wire.Ended):
                raise self._died() from None
            self._answered = True
            match head.get("kind"):
                case "alive":
                    continue
                case "end":
                    return None
                case "error":
                    raise _error(head)
            return head

    @property
    def body_bytes(self) -> int:
        """Length of the body that follows the head last received."""
        return self._body_left

    def body(self, most: int = wire.MAX_BODY) -> bytearray:
        """The body of the head last received; one longer than `most` bytes is refused."""
        if self._body_left > most:
            raise self._died()
        whole = bytearray(self._body_left)
        self.body_into(memoryview(whole))
        return whole

    def body_into(self, place: memoryview) -> None:
        """Read the body into `place`, which must have exactly its length in bytes."""
        if place.nbytes != self._body_left:
            raise self._died()
        try:
            with self._watch.waiting():
                wire.read_into(self._answers, place.cast("B"))
        except wire.Ended:
            raise self._died() from None
        self._body_left = 0

    def _died(self) -> StudioError:
        over = self._process.wait(1.0)
        if over is not None and over == interface.Exit() and not self._answered:
            return MediaError(policy.UNFIT)  # it ended before it could look at the file: an import failed
        why = "the decoder stopped on damaged data"
        if self._watch.reason:
            why = self._watch.reason
        elif over is not None and over.out_of_time:
            why = "it takes more computing time than is allowed"
        elif over is not None and over.killed:
            why = "the process that read it was stopped, perhaps for want of memory"
        error = policy.refuse_broken(self._path, why)
        error.add_note(f"the process that read it: {over or 'still runs'}")
        return error

    def close(self) -> None:
        """End the process now and reap it; may be called twice."""
        self._watch.stop()
        self._process.end()
        self._requests.close()
        self._answers.close()

    def __enter__(self) -> "Child":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        if hasattr(self, "_watch"):
            self.close()


class _Watch:
    """Ends a process that we wait for and that is silent, or that takes more memory than the system itself would let it
    have; `reason` says so then."""

    def __init__(self, process: interface.Child, limits: Limits) -> None:
        self.reason = ""
        self._process, self._limits = process, limits
        self._since: float | None = None  # when we began to wait for what it says now
        self._over = threading.Event()
        threading.Thread(target=self._run, name="decoder-watch", daemon=True).start()

    @contextlib.contextmanager
    def waiting(self) -> Iterator[None]:
        """While we wait for a part of a message."""
        self._since = time.monotonic()
        try:
            yield
        finally:
            self._since = None

    def stop(self) -> None:
        """Look no longer."""
        self._over.set()

    def _run(self) -> None:
        silence_s, memory = self._limits.child_silence_s, self._limits.child_memory_bytes
        while not self._over.wait(_LOOK_EVERY_S):
            since = self._since
            if since is not None and time.monotonic() - since > silence_s:
                self.reason = f"nothing came for {silence_s:.0f} seconds"
            elif not system.bounds_memory and _memory(self._process.pid) > memory:
                self.reason = "its pictures need more memory than is allowed"
            if self.reason:
                self._process.end()
                return


def _memory(pid: int) -> int:
    """Bytes that a process holds; 0 once it is gone."""
    import psutil

    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.Error:
        return 0


def _program() -> tuple[list[str], dict[str, str]]:
    """The arguments and the environment of the processes."""
    command = [system.interpreter(), "-I", "-S", "-c", _BOOT, _ROOT, *(entry for entry in sys.path if entry)]
    return command, _ENVIRONMENT | {name: os.environ[name] for name in _KEPT if name in os.environ}


_launcher = system.launcher(_program)
atexit.register(_launcher.stop)
system.after_fork(_launcher.abandon)


def _error(head: wire.Head) -> StudioError:
    """The child's error; where in the child it arose goes into a note, which a log shows and a person does not see."""
    error = _ERRORS.get(str(head.get("type")), MediaError)(str(head.get("message"))[:1000])
    error.add_note(str(head.get("trace"))[:8000])
    return error
