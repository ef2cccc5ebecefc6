"""What Linux, macOS and other systems of the POSIX family share: resource limits and signals."""

import sys

assert sys.platform != "win32"  # type checkers leave the rest out there

import contextlib
import os
import resource
import signal
from collections.abc import Callable

from studio.platform.interface import Exit, System


class Posix(System):
    """See `System`."""

    def explain(self, exit_code: int | None) -> Exit:
        """See `System`; negative codes are signals."""
        if exit_code is None or exit_code >= 0:
            return Exit()
        return Exit(exit_code == -signal.SIGXCPU, exit_code == -signal.SIGKILL, signal.Signals(-exit_code).name)

    def after_fork(self, forget: Callable[[], None]) -> None:
        """See `System`."""
        os.register_at_fork(after_in_child=forget)

    def limit(self, *, memory_bytes: int, open_files: int, written_bytes: int, cpu_s: int) -> None:
        """See `System`."""
        _lower(resource.RLIMIT_AS, memory_bytes)
        _lower(resource.RLIMIT_NOFILE, open_files)
        _lower(resource.RLIMIT_CORE, 0)
        _lower(resource.RLIMIT_FSIZE, written_bytes)
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        self.renew_cpu(cpu_s)

    def renew_cpu(self, seconds: int) -> None:
        """See `System`."""
        usage = resource.getrusage(resource.RUSAGE_SELF)
        _, hard = resource.getrlimit(resource.RLIMIT_CPU)
        soft = int(usage.ru_utime + usage.ru_stime) + seconds
        if hard != resource.RLIM_INFINITY:
            soft = min(soft, hard)
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))

    def open_file(self, path: str) -> int:
        """See `System`."""
        return os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)

    def weaknesses(self) -> list[str]:
        """See `System`."""
        return [
            "This system has no sandbox that Moment Studio knows: the process that opens a video has limits of memory "
            "and time, but could read your files and use the network if a harmful video took it over."
        ]


def _lower(which: int, value: int) -> None:
    _, hard = resource.getrlimit(which)
    wanted = value if hard == resource.RLIM_INFINITY else min(value, hard)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(which, (wanted, wanted))
