"""The process that children are copied from, seen from its parent: a fork takes milliseconds, a start a quarter of a
second."""

import sys

assert sys.platform == "linux"  # type checkers leave the rest out elsewhere

import contextlib
import fcntl
import io
import os
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

from studio.platform.interface import Child, DoesNotStart, Exit, Program
from studio.platform.spawner import Spawner

if TYPE_CHECKING:
    from studio.platform.interface import System

_PIPE_BYTES = 1 << 20  # more than one picture may wait in a pipe
_PATIENCE_S = 60.0  # for the imports, on a machine that is busy


class ForkServer:
    """A `Launcher`. Where the kernel refuses such forks, children are started one by one."""

    def __init__(self, system: "System", program: Program) -> None:
        self._system, self._program = system, program
        self._lock = threading.Lock()
        self._process: _Process | None = None
        self._control: socket.socket | None = None
        self._spawner: Spawner | None = None

    def child(self) -> Child:
        """See `Launcher`."""
        with self._lock:
            for _ in range(2):  # it may have been killed since the last time
                if self._spawner is not None:
                    return self._spawner.child()
                self._process = self._process or self._start()
                theirs, ours = _pipes()
                pid = self._ask(theirs)
                _close(theirs)
                if pid:
                    return _Fork(self._system, pid, *ours)
                _close(ours)
                self._forget()
                if pid == 0:
                    self._spawner = Spawner(self._system, self._program)
        raise DoesNotStart("the process that reads videos ends before it is prepared")

    def _ask(self, pipes: tuple[int, ...]) -> int | None:
        assert self._control is not None
        try:
            socket.send_fds(self._control, [b"!"], pipes)
            return int.from_bytes(said, "little") if len(said := self._control.recv(4)) == 4 else None
        except OSError:
            return None

    def _start(self) -> "_Process":
        self._control, theirs = socket.socketpair()
        self._control.settimeout(_PATIENCE_S)
        command, environment = self._program()
        with theirs:
            process = subprocess.Popen(
                command,
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                close_fds=True,
                cwd=tempfile.gettempdir(),
                env=environment,
            )
        process.returncode = 0  # ours to wait for, not Popen's
        return _Process(process.pid)

    def _forget(self) -> None:
        if self._control is not None:
            self._control.close()
        if self._process is not None:
            self._process.end()
        self._control = self._process = None

    def stop(self) -> None:
        """See `Launcher`."""
        with self._lock:
            self._forget()
            if self._spawner is not None:
                self._spawner.stop()
            self._spawner = None

    def abandon(self) -> None:
        """See `Launcher`: it is the other's child, and so would its forks be."""
        self._lock = threading.Lock()
        self._process = None
        self._forget()
        if self._spawner is not None:
            self._spawner.abandon()


class _Process:
    """A child of ours that no Popen knows."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._code: int | None = None
        self._lock = threading.Lock()

    def over(self) -> int | None:
        """Its exit code once it is over."""
        self._reap(os.WNOHANG)
        return self._code

    def end(self) -> None:
        """Kill and reap it; may be called twice."""
        if not self._reap(os.WNOHANG):
            os.kill(self.pid, signal.SIGKILL)
            self._reap(0)

    def _reap(self, how: int) -> bool:
        with self._lock:
            if self._code is None:
                try:
                    pid, status = os.waitpid(self.pid, how)
                except ChildProcessError:  # somebody else reaped it, or it is the child of the process we forked from
                    pid, status = self.pid, 0
                if pid:
                    self._code = os.waitstatus_to_exitcode(status)
            return self._code is not None


class _Fork(_Process):
    """A `Child` that serves a request."""

    def __init__(self, system: "System", pid: int, requests: int, answers: int, lifeline: int) -> None:
        super().__init__(pid)
        self._system, self.requests, self.answers = system, requests, answers
        self._lifeline = io.FileIO(lifeline, "wb")

    def end(self) -> None:
        """See `Child`."""
        super().end()
        self._lifeline.close()

    def wait(self, patience_s: float) -> Exit | None:
        """See `Child`."""
        end = time.monotonic() + patience_s
        while (code := self.over()) is None:
            if time.monotonic() >= end:
                return None
            time.sleep(0.002)
        return self._system.explain(code)


def _pipes() -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    """The ends of three pipes, the child's and ours: requests, answers, and one that nothing is ever written to, whose
    end ends the child (`Linux.tie_to`)."""
    made: list[int] = []
    try:
        for _ in range(3):
            made += os.pipe()
        with contextlib.suppress(OSError):
            fcntl.fcntl(made[2], fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
    except OSError:
        _close(made)
        raise
    requests, request_end, answer_end, answers, life, lifeline = made
    return (requests, answers, life), (request_end, answer_end, lifeline)


def _close(descriptors: Iterable[int]) -> None:
    for fd in descriptors:
        os.close(fd)
