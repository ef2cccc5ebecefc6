"""Linux: processes are copied instead of started, have no network, and see one file where the kernel has Landlock."""

import sys

assert sys.platform == "linux"  # type checkers leave the rest out elsewhere

import contextlib
import ctypes
import fcntl
import os
import select
import signal
import socket
import stat
import struct
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from studio.platform.fork_server import ForkServer
from studio.platform.interface import Launcher, Program
from studio.platform.posix import Posix

_NEW_USER, _NEW_NETWORK = 0x1000_0000, 0x4000_0000
_CLONE_PARENT = 0x8000
_RULESET, _ADD_RULE, _RESTRICT_SELF, _NO_NEW_PRIVILEGES = 444, 445, 446, 38
_RIGHTS = {1: 0x1FFF, 2: 1 << 13, 3: 1 << 14, 5: 1 << 15}  # Landlock's version → what it governs since then
_READ, _LIST, _WRITE = 1 << 2, 1 << 3, 1 << 1 | 1 << 14  # writing: also making it shorter
_CLONE = {"x86_64": 56, "aarch64": 220}  # the number of the system call


class Linux(Posix):
    """See `System`."""

    _processors: frozenset[int] = frozenset()  # that this process might use when it began
    _used = 0
    _lifeline: int | None = None  # in a fork that serves a request: the pipe whose end ends it

    def launcher(self, program: Program) -> Launcher:
        """See `System`: a fork takes milliseconds."""
        return ForkServer(self, program)

    def use_processors(self, count: int) -> None:
        """See `System`. The kernel bounds each thread by itself; a new one has the bound of that which made it."""
        if count == self._used:
            return
        import psutil

        self._processors = self._processors or frozenset(os.sched_getaffinity(0))
        self._used = count
        chosen = sorted(self._processors)[: count or None]
        here = psutil.Process()
        for process in (here, *here.children(recursive=True)):
            with contextlib.suppress(psutil.Error):
                for thread in process.threads():
                    with contextlib.suppress(OSError):  # it ended just now
                        os.sched_setaffinity(thread.id, chosen)

    def serve(self, prepare: Callable[[], None], handle: Callable[[int, int], None]) -> NoReturn:
        """See `System`. Where standard input is the socket of a `ForkServer`, the three pipes of each request come
        through it and are served by a fork of this process, whose number is sent back; 0 says that forks are not
        possible."""
        if not stat.S_ISSOCK(os.fstat(0).st_mode):
            super().serve(prepare, handle)
        control = socket.socket(fileno=os.dup(0))
        self.silence()
        self.leave_network()
        prepare()
        while len(pipes := socket.recv_fds(control, 1, 3)[1]) == 3:
            pid = _fork()
            if pid == 0:
                control.close()
                requests, answers, self._lifeline = pipes
                handle(requests, answers)
                self.leave()
            control.send((pid or 0).to_bytes(4, "little"))
            for fd in pipes:
                os.close(fd)
        self.leave()

    def tie_to(self, requests: int) -> None:
        """See `System`. SIGIO, whose default is to end the process, comes when the last writer of the third pipe is
        gone, also while no Python runs.

        It comes for each write, too, and the kernel sends it after the reader was woken: a writer that is held up just
        then would kill whoever listens to the pipe of a request that it has already read. PR_SET_PDEATHSIG would not do
        either: it fires at the end of the parent's *thread*.
        """
        if self._lifeline is None:
            super().tie_to(requests)
            return
        fcntl.fcntl(self._lifeline, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(self._lifeline, fcntl.F_SETFL, fcntl.fcntl(self._lifeline, fcntl.F_GETFL) | os.O_ASYNC)
        poll = select.poll()
        poll.register(self._lifeline, select.POLLIN)
        if poll.poll(0):  # it ended before we listened
            self.leave()

    def leave_network(self) -> None:
        """See `System`: a network namespace without interfaces, where the kernel allows it."""
        with contextlib.suppress(OSError, AttributeError):
            libc = ctypes.CDLL(None)
            if libc.unshare(_NEW_NETWORK) != 0:
                libc.unshare(_NEW_USER | _NEW_NETWORK)

    def see_only(self, path: str, target: str | None, packages: Sequence[str]) -> None:
        """See `System`, where the kernel has Landlock (https://docs.kernel.org/userspace-api/landlock.html)."""
        version = _landlock()
        if version < 1:
            return
        call = _syscall()
        # what earlier versions do not know must not be named to them
        handled = sum(rights for since, rights in _RIGHTS.items() if since <= version)
        attributes = struct.pack("=QQQ", handled, 0b11 if version >= 4 else 0, 0b11 if version >= 6 else 0)
        length = 24 if version >= 6 else 16 if version >= 4 else 8
        rules = call(_RULESET, attributes, ctypes.c_size_t(length), ctypes.c_uint32(0))
        if rules < 0:
            return
        allowed = {path: _READ, **dict.fromkeys(packages, _READ | _LIST)} | ({target: _READ | _WRITE} if target else {})
        for name, rights in allowed.items():
            fd = os.open(name, os.O_PATH | os.O_CLOEXEC)
            call(_ADD_RULE, rules, 1, struct.pack("=Qi", rights & handled, fd), ctypes.c_uint32(0))
            os.close(fd)
        if ctypes.CDLL(None).prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) == 0:
            call(_RESTRICT_SELF, rules, ctypes.c_uint32(0))
        os.close(rules)

    def weaknesses(self) -> list[str]:
        """See `System`."""
        if _landlock() >= 1:
            return []
        return [
            "This kernel has no Landlock: the process that opens a video has no network and has limits of memory and "
            "time, but could read your files if a harmful video took it over; Linux 5.13 and later have it."
        ]


def _syscall() -> Any:
    call = ctypes.CDLL(None).syscall
    call.restype = ctypes.c_long
    return call


def _landlock() -> int:
    """Its version; below 1 where the kernel has none."""
    return int(_syscall()(_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(1)))


def _fork() -> int | None:
    """Fork this process as a child of our own parent, which can wait for it: its pid, 0 in the fork, None where that is
    impossible. Only a process with a single thread may."""
    number = _CLONE.get(os.uname().machine)
    if number is None:
        return None
    clone = ctypes.PyDLL(None).syscall  # PyDLL keeps the interpreter's lock: the fork has it too
    clone.restype = ctypes.c_long
    pid = clone(*map(ctypes.c_long, (number, _CLONE_PARENT | signal.SIGCHLD, 0, 0, 0, 0)))
    return None if pid < 0 else int(pid)
