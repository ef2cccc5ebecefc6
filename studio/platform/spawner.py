"""Child processes where a process cannot be copied: each is started anew, one ahead of the next request."""

import contextlib
import os
import subprocess
import tempfile
import threading
from typing import TYPE_CHECKING

from studio.platform.interface import READY, Child, DoesNotStart, Exit, Program

if TYPE_CHECKING:
    from studio.platform.interface import System

_PATIENCE_S = 60.0


class Spawner:
    """A `Launcher`. While one process serves a request, the next does its imports: a start takes half a second."""

    def __init__(self, system: "System", program: Program) -> None:
        self._system, self._program = system, program
        self._lock = threading.Lock()
        self._spare: _Started | None = None

    def child(self) -> Child:
        """See `Launcher`."""
        with self._lock:
            for _ in range(2):  # the spare one may have been killed while it waited
                ready, self._spare = self._spare or self._start(), None
                if ready.says_ready():
                    with contextlib.suppress(OSError):  # then the next request meets the error
                        self._spare = self._start()
                    return ready
                ready.discard()
        raise DoesNotStart("the process that reads videos ends before it is prepared")

    def _start(self) -> "_Started":
        return _Started(self._system, self._program)

    def stop(self) -> None:
        """See `Launcher`."""
        with self._lock:
            if self._spare is not None:
                self._spare.discard()
            self._spare = None

    def abandon(self) -> None:
        """See `Launcher`."""
        self._lock = threading.Lock()
        if self._spare is not None:
            self._spare.close()
        self._spare = None


class _Started:
    """A `Child` of our own."""

    def __init__(self, system: "System", program: Program) -> None:
        self._system = system
        command, environment = program()
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            close_fds=True,
            cwd=tempfile.gettempdir(),
            env=environment,
            creationflags=system.creation_flags(),
        )
        assert self._process.stdin is not None and self._process.stdout is not None
        self._job = system.bind(int(getattr(self._process, "_handle", 0)))
        self.pid = self._process.pid
        # its pipes belong to whoever asks for it, who closes them
        self.requests, self.answers = os.dup(self._process.stdin.fileno()), os.dup(self._process.stdout.fileno())
        self._process.stdin.close()
        self._process.stdout.close()

    def says_ready(self) -> bool:
        """Whether it did its imports; waits for them, as long as a busy machine may take."""
        give_up = threading.Timer(_PATIENCE_S, self._process.kill)
        give_up.start()
        try:
            return os.read(self.answers, len(READY)) == READY
        except OSError:
            return False
        finally:
            give_up.cancel()

    def wait(self, patience_s: float) -> Exit | None:
        """See `Child`."""
        try:
            code = self._process.wait(patience_s)
        except subprocess.TimeoutExpired:
            return None
        return self._system.explain(code)

    def end(self) -> None:
        """See `Child`."""
        if self._process.poll() is None:
            with contextlib.suppress(OSError):  # it ended meanwhile
                self._process.kill()
            self._process.wait()
        if self._job is not None:
            self._job.close()

    def close(self) -> None:
        """Close the pipes of one that nobody asked for."""
        os.close(self.requests)
        os.close(self.answers)

    def discard(self) -> None:
        """End one that nobody asked for."""
        self.end()
        self.close()
