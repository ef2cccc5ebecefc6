"""Restrictions that the child puts on itself before it reads anything: network, terminal, memory, files.

The parent's side is `studio.media.sandbox`."""

import contextlib
import os
import resource
import signal
import socket
import struct
import sys
from pathlib import Path
from typing import Any, NoReturn

from studio.config import Limits

_NEW_USER, _NEW_NETWORK = 0x1000_0000, 0x4000_0000
_CLONE_PARENT = 0x8000
_RULESET, _ADD_RULE, _RESTRICT_SELF, _NO_NEW_PRIVILEGES = 444, 445, 446, 38
_RIGHTS = {1: 0x1FFF, 2: 1 << 13, 3: 1 << 14, 5: 1 << 15}  # Landlock's version → what it governs since then
_READ, _LIST, _WRITE = 1 << 2, 1 << 3, 1 << 1 | 1 << 14  # writing: also making it shorter
_CLONE = {"x86_64": 56, "aarch64": 220}  # the number of the system call


def take_control() -> socket.socket:
    """Move the socket that is standard input away from 0, and point 0, 1 and 2 at /dev/null."""
    control = socket.socket(fileno=os.dup(0))
    null = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(null, fd)
    os.close(null)
    return control


def fork() -> int | None:
    """Fork this process as a child of our own parent, which can wait for it: its pid, 0 in the
    fork, None where that is impossible. Only a process with a single thread may.
    """
    number = _CLONE.get(os.uname().machine) if sys.platform == "linux" else None
    if number is None:
        return None
    import ctypes

    clone = ctypes.PyDLL(None).syscall  # PyDLL keeps the interpreter's lock: the fork has it too
    clone.restype = ctypes.c_long
    pid = clone(*map(ctypes.c_long, (number, _CLONE_PARENT | signal.SIGCHLD, 0, 0, 0, 0)))
    return None if pid < 0 else int(pid)


def leave_network() -> None:
    """Move to a network namespace without interfaces, where the kernel allows it."""
    if sys.platform != "linux":
        return
    import ctypes

    with contextlib.suppress(OSError, AttributeError):
        libc = ctypes.CDLL(None)
        if libc.unshare(_NEW_NETWORK) != 0:
            libc.unshare(_NEW_USER | _NEW_NETWORK)


def read_request(fd: int) -> tuple[dict[str, Any], bytearray]:
    """Read the request; from then on the end of the pipe `fd` ends this process."""
    from studio.media import wire

    def read_into(place: memoryview) -> None:
        while place.nbytes:
            count = os.readv(fd, [place])
            if count == 0:
                leave()
            place = place[count:]

    head, length = wire.read_head(read_into)
    body = bytearray(length)
    read_into(memoryview(body))
    _tie_to(fd)
    return head, body


def _tie_to(fd: int) -> None:
    """SIGIO, whose default is to end the process, comes when the last writer of the pipe is gone.

    PR_SET_PDEATHSIG would not do: it fires at the end of the parent's *thread*.
    """
    import fcntl
    import select

    fcntl.fcntl(fd, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(fd, fcntl.F_SETFL, fcntl.fcntl(fd, fcntl.F_GETFL) | os.O_ASYNC)
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    if poll.poll(0):  # it ended before we listened
        leave()


def limit(limits: Limits, *, may_write: bool) -> None:
    """Bound memory, files, written bytes and computing time (renewed by `renew_cpu`)."""
    _lower(resource.RLIMIT_AS, limits.child_memory_bytes)
    _lower(resource.RLIMIT_NOFILE, limits.child_open_files)
    _lower(resource.RLIMIT_CORE, 0)
    _lower(resource.RLIMIT_FSIZE, 2 * limits.file_bytes if may_write else 0)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    renew_cpu(limits.child_probe_cpu_s)


def see_only(path: str, target: str | None) -> None:
    """No file but `path` can be opened from now on, none but `target` written, no program started and no other process
    signalled, where the kernel has Landlock (https://docs.kernel.org/userspace-api/landlock.html).

    What Python, numpy and PyAV still import of themselves can be read too.
    """
    if sys.platform != "linux":
        return
    import ctypes

    call = ctypes.CDLL(None).syscall
    call.restype = ctypes.c_long
    version = call(_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(1))
    if version < 1:
        return
    # what earlier versions do not know must not be named to them
    handled = sum(rights for since, rights in _RIGHTS.items() if since <= version)
    attributes = struct.pack("=QQQ", handled, 0b11 if version >= 4 else 0, 0b11 if version >= 6 else 0)
    length = 24 if version >= 6 else 16 if version >= 4 else 8
    rules = call(_RULESET, attributes, ctypes.c_size_t(length), ctypes.c_uint32(0))
    if rules < 0:
        return
    packages = [str(Path(str(sys.modules[name].__file__)).parent) for name in ("os", "numpy", "av")]
    allowed = {path: _READ, **dict.fromkeys(packages, _READ | _LIST)} | ({target: _READ | _WRITE} if target else {})
    for name, rights in allowed.items():
        fd = os.open(name, os.O_PATH | os.O_CLOEXEC)
        call(_ADD_RULE, rules, 1, struct.pack("=Qi", rights & handled, fd), ctypes.c_uint32(0))
        os.close(fd)
    if ctypes.CDLL(None).prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) == 0:
        call(_RESTRICT_SELF, rules, ctypes.c_uint32(0))
    os.close(rules)


def _lower(which: int, value: int) -> None:
    _, hard = resource.getrlimit(which)
    wanted = value if hard == resource.RLIM_INFINITY else min(value, hard)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(which, (wanted, wanted))


def renew_cpu(seconds: int) -> None:
    """Allow `seconds` of computing time from now."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    soft = int(usage.ru_utime + usage.ru_stime) + seconds
    if hard != resource.RLIM_INFINITY:
        soft = min(soft, hard)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))


def leave() -> NoReturn:
    """End at once, without the destructors of a library that may be in any state."""
    os._exit(0)
