"""The sandboxed process that opens a media file, seen from its parent.

One child serves one request and ends. It is a fork of a waiting process (`_ForkServer`), which was started with an
argument list, an empty environment and no inherited files, has left the network and has done the imports. The child
limits itself before it opens the file (`child.restrict`). The request pipe ties it to us: when the last writer is
gone, because we closed it or died, the kernel ends the child.
"""

import atexit
import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
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
_PATIENCE_S = 60.0  # for the imports, on a machine that is busy


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
        theirs, self._requests = os.pipe()
        self._answers, answers = os.pipe()
        try:
            self._process = _fork_server.child(theirs, answers)
        except BaseException:
            self._close_pipes()
            raise
        finally:
            os.close(theirs)
            os.close(answers)
        _widen(self._answers)
        request = {
            "operation": operation,
            "path": str(path),
            "limits": {name: getattr(limits, name) for name in Limits.__slots__},
            "arguments": arguments,
        }
        try:
            wire.send(self._requests, request, body)
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
        self._process.wait(1.0)
        why = {
            -signal.SIGXCPU: "it takes more computing time than is allowed",
            -signal.SIGKILL: "the process that read it was stopped, perhaps for want of memory",
        }
        what = "the decoder stopped on damaged data"
        return policy.refuse_broken(self._path, why.get(self._process.returncode or 0, what))

    def close(self) -> None:
        """End the process now and reap it; may be called twice."""
        self._process.end()
        self._close_pipes()

    def _close_pipes(self) -> None:
        for fd in (self._requests, self._answers):
            if fd >= 0:
                os.close(fd)
        self._requests = self._answers = -1

    def __enter__(self) -> "Child":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        if hasattr(self, "_process"):
            self.close()


class _Process:
    """A child of ours that no Popen knows."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._lock = threading.Lock()

    def wait(self, patience_s: float) -> bool:
        """Whether it is over, after `patience_s` at the latest."""
        end = time.monotonic() + patience_s
        while not self._reap(os.WNOHANG):
            if time.monotonic() >= end:
                return False
            time.sleep(0.002)
        return True

    def end(self) -> None:
        """Kill and reap it; may be called twice."""
        if not self._reap(os.WNOHANG):
            os.kill(self.pid, signal.SIGKILL)
            self._reap(0)

    def _reap(self, how: int) -> bool:
        with self._lock:
            if self.returncode is None:
                try:
                    pid, status = os.waitpid(self.pid, how)
                except ChildProcessError:  # somebody else reaped it, or it is the child of the process we forked from
                    pid, status = self.pid, 0
                if pid:
                    self.returncode = os.waitstatus_to_exitcode(status)
            return self.returncode is not None


class _ForkServer:
    """The process that children are forked from: a fork takes milliseconds, a new process a quarter of a second.

    Where the system does not allow such forks it serves the request itself, and the next request starts another.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: _Process | None = None
        self._control: socket.socket | None = None

    def child(self, requests: int, answers: int) -> _Process:
        """A process that reads a request from one pipe and answers into the other."""
        with self._lock:
            for _ in range(2):  # it may have been killed since the last time
                server = self._process = self._process or self._start()
                match self._ask(requests, answers):
                    case None:
                        self._forget()
                    case 0:
                        self._process = None
                        self._forget()
                        return server
                    case pid:
                        return _Process(pid)
        raise MediaError(policy.UNFIT)

    def _ask(self, requests: int, answers: int) -> int | None:
        assert self._control is not None
        try:
            socket.send_fds(self._control, [b"!"], [requests, answers])
            return int.from_bytes(said, "little") if len(said := self._control.recv(4)) == 4 else None
        except OSError:
            return None

    def _start(self) -> _Process:
        self._control, theirs = socket.socketpair()
        self._control.settimeout(_PATIENCE_S)
        with theirs:
            return _start(theirs)

    def _forget(self) -> None:
        if self._control is not None:
            self._control.close()
        if self._process is not None:
            self._process.end()
        self._control = self._process = None

    def stop(self) -> None:
        """End it; children that were forked live on."""
        with self._lock:
            self._forget()

    def abandon(self) -> None:
        """In a forked process: it is the other's child, and so would its forks be."""
        self._lock = threading.Lock()
        self._process = None
        self._forget()


_fork_server = _ForkServer()
atexit.register(_fork_server.stop)
os.register_at_fork(after_in_child=_fork_server.abandon)


def _error(head: wire.Head) -> StudioError:
    """The child's error; where in the child it arose goes into a note, which a log shows and a person does not see."""
    error = _ERRORS.get(str(head.get("type")), MediaError)(str(head.get("message"))[:1000])
    error.add_note(str(head.get("trace"))[:8000])
    return error


def _start(control: socket.socket) -> _Process:
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", _BOOT, _ROOT, *(entry for entry in sys.path if entry)],
        stdin=control.fileno(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        close_fds=True,
        cwd=tempfile.gettempdir(),
        env=_ENVIRONMENT | {name: os.environ[name] for name in _KEPT if name in os.environ},
    )
    process.returncode = 0  # ours to wait for, not Popen's
    return _Process(process.pid)


def _widen(pipe: int) -> None:
    """Let more than one picture wait in it."""
    if sys.platform == "linux":
        import fcntl

        with contextlib.suppress(OSError):
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
