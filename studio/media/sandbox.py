"""The process that opens a media file in our stead, seen from outside.

One child serves one request and ends; the next one waits ready. It is started with an argument list, an empty
environment and no inherited files. It leaves the network before it reads the request, and limits itself before it
opens the file (`child.confine`). Its lifeline is the request pipe: when the last writer is gone, because we closed
it or died, the kernel ends the child.
"""

import atexit
import contextlib
import os
import select
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

from studio import errors
from studio.config import Limits
from studio.errors import MediaError, StudioError
from studio.media import policy, wire

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
_PIPE_BYTES = 1 << 20


class Child:
    """A running request about the file at `path`; iterate over its answers, then `close()` it.

    `operation` is a key of `child.OPERATIONS`; `arguments` must fit JSON and `body` is raw bytes. A context
    manager: leaving it ends the process at once, whatever it was doing.
    """

    def __init__(
        self, operation: str, path: Path, limits: Limits, arguments: dict[str, Any], body: wire.Buffer = b""
    ) -> None:
        self._path = path
        self._silence_s = limits.child_silence_s
        self._body_left = 0
        self._process = _spare.take()
        assert self._process.stdin is not None and self._process.stdout is not None
        self._answers = self._process.stdout.fileno()
        request = {
            "operation": operation,
            "path": str(path),
            "limits": {name: getattr(limits, name) for name in Limits.__slots__},
            "arguments": arguments,
        }
        try:
            wire.send(self._process.stdin.fileno(), request, body)
        except OSError:
            self.close()
            raise self._died() from None

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
                head, self._body_left = wire.read_head(self._read_into)
            except wire.Garbled:
                raise self._died() from None
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
        self._read_into(place.cast("B"))
        self._body_left = 0

    def _read_into(self, place: memoryview) -> None:
        poll = select.poll()
        poll.register(self._answers, select.POLLIN)
        while place.nbytes:
            if not poll.poll(self._silence_s * 1000):
                raise policy.refuse_broken(self._path, f"nothing came for {self._silence_s:.0f} seconds")
            count = os.readv(self._answers, [place])
            if count == 0:
                raise self._died()
            place = place[count:]

    def _died(self) -> StudioError:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(1.0)
        why = {
            -signal.SIGXCPU: "it takes more computing time than is allowed",
            -signal.SIGKILL: "the process that read it was stopped, perhaps for want of memory",
        }
        what = "the decoder stopped on damaged data"
        return policy.refuse_broken(self._path, why.get(self._process.returncode or 0, what))

    def close(self) -> None:
        """End the process now and reap it; may be called twice."""
        _end(self._process)

    def __enter__(self) -> "Child":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        if hasattr(self, "_process"):
            self.close()


class _Spare:
    """The next child, started ahead: a call waits for its answer and not for imports (about 0.1 s less)."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = 0

    def take(self) -> subprocess.Popen[bytes]:
        """The waiting child, or a new one; another takes its place."""
        with self._lock:
            ready, owner = self._process, self._owner
            self._process, self._owner = _start(), os.getpid()
        if ready is not None and owner == os.getpid():
            if ready.poll() is None:
                return ready
            _end(ready)
        return _start()

    def dismiss(self) -> None:
        """End the waiting child."""
        with self._lock:
            ready, self._process = self._process, None
        if ready is not None and self._owner == os.getpid():
            _end(ready)

    def unlock(self) -> None:
        """In a forked process: forget who held the lock. The waiting child stays its owner's."""
        self._lock = threading.Lock()


_spare = _Spare()
atexit.register(_spare.dismiss)
os.register_at_fork(after_in_child=_spare.unlock)


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()


def _error(head: wire.Head) -> StudioError:
    """The child's error; where in the child it arose goes into a note, which a log shows and a person does not see."""
    error = _ERRORS.get(str(head.get("type")), MediaError)(str(head.get("message"))[:1000])
    error.add_note(str(head.get("trace"))[:8000])
    return error


def _start() -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", _BOOT, _ROOT, *(entry for entry in sys.path if entry)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        bufsize=0,
        close_fds=True,
        cwd=tempfile.gettempdir(),
        env=_ENVIRONMENT | {name: os.environ[name] for name in _KEPT if name in os.environ},
    )
    if sys.platform == "linux":
        import fcntl

        assert process.stdout is not None
        with contextlib.suppress(OSError):
            fcntl.fcntl(process.stdout.fileno(), fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
    return process
