"""The interface to the operating system, with what the standard library can do everywhere."""

import contextlib
import os
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn, Protocol

Program = Callable[[], tuple[list[str], dict[str, str]]]
"""Arguments and environment of a process, asked for at each start."""
READY = b"!"  # what a process of a `Launcher` says once it is prepared


@dataclass(frozen=True, slots=True)
class Exit:
    """Why a process is over. `name` is what the system calls a crash (SIGSEGV, 0xC0000005); empty for the rest."""

    out_of_time: bool = False
    killed: bool = False
    name: str = ""


class DoesNotStart(OSError):
    """The program of a `Launcher` ends before it is prepared: something of its installation is missing."""


class Child(Protocol):
    """A process that serves one request: what is written to `requests` reaches it, and `answers` is what it writes.

    Both are file descriptors that belong to whoever asked for the process.
    """

    pid: int
    requests: int
    answers: int

    def wait(self, patience_s: float) -> Exit | None:
        """Why it is over; None where it still runs after `patience_s`."""
        ...

    def end(self) -> None:
        """Kill and reap it; may be called twice."""
        ...


class Launcher(Protocol):
    """Starts processes that do the same imports and serve one request each."""

    def child(self) -> Child:
        """One that waits for its request. Raises DoesNotStart, or OSError where the system has no room for it."""
        ...

    def stop(self) -> None:
        """End what waits; processes that have a request live on."""
        ...

    def abandon(self) -> None:
        """In a forked process: forget what the process that it was forked from has started."""
        ...


class Job(Protocol):
    """Processes that Windows ends together with the handle that holds them."""

    def close(self) -> None:
        """End what runs in it."""
        ...


class System:
    """Locks, processes, limits, paths and files of one operating system."""

    mapped_files_can_be_replaced = True
    """Whether a file may be replaced or removed while a program has mapped or opened it."""
    bounds_memory = True
    """Whether the system itself holds a process to the memory that `limit` allows."""

    # ------------------------------------------------------------------ locks

    @contextmanager
    def lock(self, file: Path, *, wait: bool) -> Iterator[None]:
        """Hold `file`, which is created, as the only process that does. The lock ends with the process at the latest.

        Raises BlockingIOError where another one holds it, unless `wait`.
        """
        from filelock import FileLock, Timeout

        held = FileLock(file, timeout=-1 if wait else 0, thread_local=False)
        try:
            held.acquire()
        except Timeout:
            raise BlockingIOError(f"{file} is held by another process") from None
        try:
            yield
        finally:
            held.release()

    # ------------------------------------------------------------------ processes

    def alive(self, pid: int) -> bool:
        """Whether there is a process of this number."""
        import psutil

        return bool(psutil.pid_exists(pid))

    def explain(self, exit_code: int | None) -> Exit:
        """What the exit code of a process says."""
        return Exit()

    def launcher(self, program: Program) -> Launcher:
        """What starts processes of a program that calls `serve`, with its environment and no files but its pipes."""
        from studio.platform.spawner import Spawner

        return Spawner(self, program)

    def interpreter(self) -> str:
        """The Python to start: one process, not a launcher of one."""
        return sys.executable

    def creation_flags(self) -> int:
        """What `subprocess` must be told to start a process without a window."""
        return 0

    def bind(self, process_handle: int) -> Job | None:
        """Tie a started process to this one, where the system can: it ends when the returned value is gone."""
        return None

    def use_processors(self, count: int) -> None:
        """Run this process and those that it started on at most so many processors from now on, 0: on all that it may
        have; nothing where the system has no such bound."""

    def after_fork(self, forget: Callable[[], None]) -> None:
        """Have `forget` called in copies that are made of this process, where there are any."""

    # ------------------------------------------------------------------ within a process that serves one request

    def serve(self, prepare: Callable[[], None], handle: Callable[[int, int], None]) -> NoReturn:
        """The life of a process of a `launcher`: `prepare` while nothing is asked, then `handle` the descriptors of one
        request and its answers."""
        requests, answers = self.take_pipes()
        self.leave_network()
        prepare()
        os.write(answers, READY)
        handle(requests, answers)
        self.leave()

    def take_pipes(self) -> tuple[int, int]:
        """Standard input and output under other numbers; 0, 1 and 2 lead nowhere, whatever a library writes there."""
        pipes = os.dup(0), os.dup(1)
        self.silence()
        return pipes

    def silence(self) -> None:
        """Point 0, 1 and 2 at the null device."""
        null = os.open(os.devnull, os.O_RDWR)
        for fd in (0, 1, 2):
            os.dup2(null, fd, inheritable=False)
        os.close(null)

    def tie_to(self, requests: int) -> None:
        """From now on the end of the pipe `requests` ends this process."""

        def watch() -> None:
            with contextlib.suppress(OSError):
                while os.read(requests, 1):
                    pass
            self.leave()

        threading.Thread(target=watch, daemon=True).start()

    def leave_network(self) -> None:
        """Give up the network for good, where the system can do that alone."""

    def limit(self, *, memory_bytes: int, open_files: int, written_bytes: int, cpu_s: int) -> None:
        """Bound this process, as far as the system can. `cpu_s` is renewed by `renew_cpu`."""

    def renew_cpu(self, seconds: int) -> None:
        """Allow `seconds` of computing time from now."""

    def see_only(self, path: str, target: str | None, packages: Sequence[str]) -> None:
        """Open no file but `path` and what lies in `packages` from now on, write none but `target`, start no program,
        signal no other process and use no network, as far as the system can."""

    def leave(self) -> NoReturn:
        """End at once, without the destructors of a library that may be in any state."""
        os._exit(0)

    # ------------------------------------------------------------------ paths and files

    def open_file(self, path: str) -> int:
        """A descriptor to read a file by, in bytes and without waiting for the other end of a pipe."""
        return os.open(path, os.O_RDONLY)

    def real_path(self, path: Path) -> Path:
        """The one spelling of a path: absolute, without links, in the case that is on the disk. Raises OSError."""
        return path.resolve()

    def long_path(self, path: Path) -> Path:
        """A path under which files may be written however long their paths are."""
        return path

    def to_disk(self, path: Path) -> None:
        """Return after a file, or the names in a folder, would survive a power cut."""
        fd = os.open(path, os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)

    def is_in_use(self, error: OSError) -> bool:
        """Whether a file could not be replaced or removed only because some program has it open."""
        return False

    def share_port(self, listening: socket.socket) -> None:
        """Let a socket have a port that a program gave up a moment ago, and none that a program has."""
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)

    # ------------------------------------------------------------------ people

    def speak_utf8(self) -> None:
        """Print what people wrote, in whatever script, also into files and pipes."""

    def quoted(self, argument: str) -> str:
        """An argument as a person types it into this system's shell."""
        import shlex

        return shlex.quote(argument)

    def weaknesses(self) -> list[str]:
        """One sentence for each protection that is weaker here than elsewhere; none where all is as it should be."""
        return []
