"""macOS: limits of POSIX, and a profile of its sandbox that shows a process one video and no network."""

import sys

assert sys.platform == "darwin"  # type checkers leave the rest out elsewhere

import contextlib
import ctypes
import fcntl
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from studio.platform.posix import Posix

_PRIVATE = ("/Users", "/Volumes", "/Network", "/private/tmp", "/private/var/folders", "/private/var/root")
_LONGEST_PATH = 1024


class MacOS(Posix):
    """See `System`."""

    bounds_memory = False  # it takes RLIMIT_AS and does not enforce it

    def see_only(self, path: str, target: str | None, packages: Sequence[str]) -> None:
        """See `System`. What belongs to people is out of sight; files of macOS itself, which its libraries read at any
        time, are not."""
        with contextlib.suppress(OSError, AttributeError):
            enter = ctypes.CDLL(None).sandbox_init
            enter.argtypes = [ctypes.c_char_p, ctypes.c_uint64, ctypes.POINTER(ctypes.c_char_p)]
            # the sandbox knows files by their real paths
            real = [os.path.realpath(name) for name in packages]
            told = profile(os.path.realpath(path), os.path.realpath(target) if target else None, real)
            enter(told.encode(), 0, ctypes.byref(ctypes.c_char_p()))

    def real_path(self, path: Path) -> Path:
        """See `System`; a disk that does not tell capitals apart still remembers them."""
        real = path.resolve()
        try:
            fd = os.open(real, os.O_RDONLY | os.O_NONBLOCK)
        except OSError:  # it is not there, or may not be read
            return real
        try:
            return Path(os.fsdecode(fcntl.fcntl(fd, fcntl.F_GETPATH, bytes(_LONGEST_PATH)).rstrip(b"\0")))
        finally:
            os.close(fd)

    def to_disk(self, path: Path) -> None:
        """See `System`; fsync alone leaves the data in the disk's own memory."""
        fd = os.open(path, os.O_RDONLY)
        try:
            try:
                fcntl.fcntl(fd, fcntl.F_FULLFSYNC)
            except OSError:  # a disk of the network, or of another system
                os.fsync(fd)
        finally:
            os.close(fd)

    def weaknesses(self) -> list[str]:
        """See `System`."""
        if _takes_profiles():
            return [
                "macOS bounds no program's memory: Moment Studio looks four times a second how much the process that "
                "opens a video has, and ends it above the limit."
            ]
        return super().weaknesses()


def _takes_profiles() -> bool:
    """Whether a process like those that open videos can put itself under such a profile."""
    code = (
        "import ctypes, sys; enter = ctypes.CDLL(None).sandbox_init; "
        "sys.exit(enter(sys.argv[1].encode(), ctypes.c_uint64(0), ctypes.byref(ctypes.c_char_p())))"
    )
    told = profile("/x.mp4", "/y.mp4", ["/usr"])
    return subprocess.run([sys.executable, "-I", "-S", "-c", code, told], stderr=subprocess.DEVNULL).returncode == 0


def profile(path: str, target: str | None, packages: Sequence[str]) -> str:
    """What `sandbox_init` is told; of several rules that fit, the last one counts."""
    readable = [_rule("literal", name) for name in filter(None, (path, target))]
    readable += [_rule("subpath", name) for name in packages]
    lines = [
        "(version 1)",
        "(allow default)",
        "(deny network*)",
        "(deny process-exec*)",
        "(deny process-fork)",
        "(deny signal (target others))",
        "(deny file-write*)",
        f"(deny file-read-data {' '.join(_rule('subpath', name) for name in _PRIVATE)})",
        f"(allow file-read-data {' '.join(readable)})",
    ]
    if target:
        lines.append(f"(allow file-write* {_rule('literal', target)})")
    return "\n".join(lines)


def _rule(kind: str, name: str) -> str:
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'({kind} "{quoted}")'
