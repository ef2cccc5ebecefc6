"""Lets the studio in a process run as if it were on Windows or macOS, as far as that is possible on Linux.

`install("win32")`, before anything of the studio is imported, gives every module of the studio, and no other, another
view of the standard library: what the system does not have is gone, and what only it has is a stand-in. So all that the
studio does itself is done the way that it would be there, while Python and the packages go on as they are. On "Windows"
a file that some process has open or mapped cannot be replaced, moved or removed either, by nobody.
"""

import builtins
import contextlib
import ctypes
import ctypes.wintypes
import functools
import importlib
import os
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

REAL_IMPORT = builtins.__import__
LOG: list[tuple[Any, ...]] = []
"""What the stand-ins were asked to do."""
REFUSED: set[str] = set()
"""Functions of the system that fail."""


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


POSIX_MODULES = _names("fcntl resource pwd grp spwd termios tty pty crypt nis ossaudiodev syslog readline curses posix")
POSIX_NAMES = {
    "os": _names(
        "chown chroot confstr ctermid eventfd fchdir fchmod fchown fork forkpty fdatasync fpathconf fstatvfs getegid "
        "geteuid getgid getgroups getloadavg getpgid getpgrp getpriority getrandom getresgid getresuid getsid getuid "
        "getxattr get_blocking initgroups killpg lchown listxattr lockf login_tty major makedev memfd_create minor "
        "mkfifo mknod nice openpty pathconf pidfd_open pipe2 posix_fadvise posix_fallocate posix_openpt posix_spawn "
        "posix_spawnp pread preadv pwrite pwritev readv register_at_fork removexattr sched_getaffinity "
        "sched_getparam sched_getscheduler sched_setaffinity sched_setparam sched_setscheduler sched_yield sendfile "
        "set_blocking setegid seteuid setgid setgroups setns setpgid setpriority setregid setresgid setresuid setreuid "
        "setsid setuid setxattr splice statvfs sync sysconf tcgetpgrp tcsetpgrp ttyname uname unshare wait wait3 wait4 "
        "waitid writev copy_file_range WNOHANG WUNTRACED WCONTINUED WIFEXITED WEXITSTATUS WIFSIGNALED WTERMSIG "
        "O_ASYNC O_CLOEXEC O_DIRECT O_DIRECTORY O_DSYNC O_NDELAY O_NOATIME O_NOCTTY O_NOFOLLOW O_NONBLOCK O_PATH "
        "O_RSYNC O_SYNC O_TMPFILE"
    ),
    "signal": _names(
        "SIGALRM SIGBUS SIGCHLD SIGCONT SIGHUP SIGIO SIGKILL SIGPIPE SIGPROF SIGPWR SIGQUIT SIGSTOP SIGSYS SIGTRAP "
        "SIGTSTP SIGTTIN SIGTTOU SIGURG SIGUSR1 SIGUSR2 SIGVTALRM SIGWINCH SIGXCPU SIGXFSZ alarm getitimer pause "
        "pthread_kill pthread_sigmask setitimer siginterrupt sigpending sigtimedwait sigwait sigwaitinfo"
    ),
    "socket": _names("AF_UNIX AF_NETLINK AF_PACKET SO_REUSEPORT send_fds recv_fds CMSG_LEN SCM_RIGHTS"),
    "select": _names("poll epoll devpoll kqueue POLLIN POLLOUT POLLHUP"),
    "time": _names("tzset clock_settime pthread_getcpuclockid"),
}
LINUX_NAMES = {
    "os": _names(
        "O_DIRECT O_NOATIME O_PATH O_TMPFILE copy_file_range eventfd getrandom getxattr listxattr memfd_create "
        "pidfd_open posix_fadvise posix_fallocate sched_getaffinity sched_setaffinity setxattr splice unshare setns"
    ),
    "signal": _names("SIGPWR SIGSTKFLT sigtimedwait sigwaitinfo"),
    "socket": _names("AF_NETLINK AF_PACKET AF_VSOCK SO_PEERCRED"),
    "select": frozenset({"epoll"}),
    "fcntl": frozenset({"F_SETPIPE_SZ", "F_GETPIPE_SZ", "F_NOTIFY"}),
}


class View(types.ModuleType):
    """A module without some of its names and with some of our own."""

    def __init__(self, real: types.ModuleType, gone: frozenset[str] = frozenset(), **ours: Any) -> None:
        super().__init__(real.__name__)
        self.__dict__.update(_real=real, _gone=gone, **ours)

    def __getattr__(self, name: str) -> Any:
        if name in self._gone:
            raise AttributeError(f"module '{self._real.__name__}' has no attribute '{name}' on this system")
        return getattr(self._real, name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._real, name, value)


def install(system: str, root: str = "") -> None:
    """From now on modules of the studio see `system` ("win32", "darwin"). Below the folder `root`, open files are as
    Windows has them."""
    assert not [name for name in sys.modules if name == "studio" or name.startswith("studio.")]
    views, refused = _windows() if system == "win32" else _macos()
    views["sys"] = View(sys, platform=system)

    def bring(name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0) -> Any:
        if level or not str((globals or {}).get("__name__", "")).startswith("studio"):
            return REAL_IMPORT(name, globals, locals, fromlist, level)
        top = name.partition(".")[0]
        if top in refused:
            raise ModuleNotFoundError(f"No module named '{name}' on this system", name=name)
        if name in views or (top in views and not fromlist):
            return views[top]
        return REAL_IMPORT(name, globals, locals, fromlist, level)

    builtins.__import__ = bring
    if system == "win32" and root:
        _hold_open_files(Path(root).resolve())


def _windows() -> tuple[dict[str, types.ModuleType], frozenset[str]]:
    import socket
    import subprocess

    views: dict[str, types.ModuleType] = {
        name: View(importlib.import_module(name), gone) for name, gone in POSIX_NAMES.items()
    }
    views["os"] = View(os, POSIX_NAMES["os"], name="nt", O_BINARY=0, O_NOINHERIT=0, fsync=_fsync)
    views["socket"] = View(socket, POSIX_NAMES["socket"], SO_EXCLUSIVEADDRUSE=socket.SO_REUSEADDR)
    views["ctypes"] = View(
        ctypes,
        frozenset({"CDLL", "PyDLL"}),
        wintypes=ctypes.wintypes,
        WinDLL=_library,
        WinError=lambda code: OSError(code, "refused by the stand-in"),
        get_last_error=lambda: 5,
    )
    views["subprocess"] = View(subprocess, CREATE_NO_WINDOW=0x0800_0000, Popen=_popen)
    views["msvcrt"] = types.ModuleType("msvcrt")
    views["msvcrt"].__dict__.update(setmode=lambda fd, mode: LOG.append(("setmode", fd, mode)))
    views["winreg"] = types.ModuleType("winreg")
    views["winreg"].__dict__.update(HKEY_LOCAL_MACHINE=0, OpenKey=_no_key, QueryValueEx=_no_key)
    return views, POSIX_MODULES


def _macos() -> tuple[dict[str, types.ModuleType], frozenset[str]]:
    import fcntl
    import subprocess

    def control(fd: int, what: int, argument: Any = 0) -> Any:
        LOG.append(("fcntl", what))
        if what == 50:  # F_GETPATH
            return os.fsencode(Path(f"/proc/self/fd/{fd}").readlink()).ljust(len(argument), b"\0")
        return os.fsync(fd) if what == 51 else fcntl.fcntl(fd, what, argument)

    views: dict[str, types.ModuleType] = {
        name: View(importlib.import_module(name), gone) for name, gone in LINUX_NAMES.items()
    }
    views["fcntl"] = View(fcntl, LINUX_NAMES["fcntl"], F_GETPATH=50, F_FULLFSYNC=51, fcntl=control)
    views["ctypes"] = View(ctypes, CDLL=_library)
    views["subprocess"] = View(subprocess, run=_run)
    return views, frozenset({"msvcrt", "winreg", "_winapi", "spwd", "ossaudiodev"})


class _Function:
    """A function of a library of the system, which succeeds and is remembered."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, *arguments: Any) -> int:
        LOG.append((self.name, *arguments))
        return 0 if self.name in REFUSED else 1


@functools.cache
def _library(name: str | None, **_: Any) -> types.SimpleNamespace:
    """The functions of the system that the studio calls; one that is not here is an AttributeError, as it would be."""
    known = {
        None: "sandbox_init",
        "kernel32": "CreateJobObjectW SetInformationJobObject AssignProcessToJobObject CloseHandle GetCurrentProcess "
        "LocalFree",
        "advapi32": "OpenProcessToken ConvertStringSidToSidW GetLengthSid SetTokenInformation",
    }
    return types.SimpleNamespace(**{function: _Function(function) for function in known[name].split()})


def _popen(*arguments: Any, creationflags: int = 0, **options: Any) -> Any:
    import subprocess

    LOG.append(("Popen", creationflags))
    assert "pass_fds" not in options and "preexec_fn" not in options and "start_new_session" not in options
    return subprocess.Popen(*arguments, **options)


def _run(command: list[str], **_: Any) -> types.SimpleNamespace:
    """A program that puts itself into the sandbox, and cannot do so where `REFUSED` says so."""
    LOG.append(("run", *command[1:4]))
    return types.SimpleNamespace(returncode=1 if "sandbox_init" in REFUSED else 0)


def _no_key(*_: Any) -> Any:
    raise FileNotFoundError("no such key")


def _fsync(fd: int) -> None:
    """As Windows has it: only of what may be written."""
    import fcntl

    if fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY:
        raise OSError(9, "Bad file descriptor")
    os.fsync(fd)


def _hold_open_files(root: Path) -> None:
    """Refuse to replace, move or remove files below a folder that a process has open or mapped."""

    def refusing(work: Callable[..., Any], places: int) -> Callable[..., Any]:
        def checked(*paths: Any, **options: Any) -> Any:
            for path in paths[:places]:
                _refuse_open(_place(path, options.get("dir_fd")), root)
            return work(*paths, **options)

        return checked

    for name, places in (("replace", 2), ("rename", 2), ("unlink", 1), ("remove", 1)):
        setattr(os, name, refusing(getattr(os, name), places))


def _place(path: Any, folder: int | None) -> Path:
    return Path(Path(f"/proc/self/fd/{folder}").readlink() if folder is not None else "", os.fsdecode(path)).absolute()


def _refuse_open(path: Path, root: Path) -> None:
    if path.is_relative_to(root) and path.is_file() and (holder := holds(path)):
        raise _SharingViolation(13, f"The file is open in process {holder}", str(path))


class _SharingViolation(PermissionError):
    winerror = 32


def holds(path: Path) -> int:
    """A process of this group that has a file open or mapped; 0 where none has."""
    for process in Path("/proc").iterdir():
        with contextlib.suppress(OSError):  # it ended
            ours = process.name.isdecimal() and os.getpgid(int(process.name)) == os.getpgrp()
            if ours and (f"{path}\n" in (process / "maps").read_text() or path in _opened(process)):
                return int(process.name)
    return 0


def _opened(process: Path) -> set[Path]:
    found = set()
    for entry in (process / "fd").iterdir():
        with contextlib.suppress(OSError):
            found.add(entry.readlink())
    return found
