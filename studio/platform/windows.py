"""Windows: job objects, a token of low integrity, and files that cannot be replaced while somebody has them open."""

import sys

assert sys.platform == "win32"  # type checkers leave the rest out elsewhere

import contextlib
import ctypes
import io
import msvcrt
import os
import re
import socket
import subprocess
import winreg
from collections.abc import Sequence
from ctypes import wintypes
from pathlib import Path

from studio.platform.interface import Exit, System

_EXTENDED_LIMITS = 9  # the kind of what is set of a job
_ONE_PROCESS, _PROCESS_MEMORY, _DIE_ON_CRASH, _KILL_ON_CLOSE = 0x8, 0x100, 0x400, 0x2000
_ADJUST_DEFAULT, _QUERY, _INTEGRITY_LEVEL, _INTEGRITY_GROUP = 0x80, 0x8, 25, 0x20
_LOW_INTEGRITY = "S-1-16-4096"
_CRASHED = 0xC000_0000  # exit codes from here on are exceptions of Windows
_TERMINATED = -15  # what multiprocessing makes of a process that it ended
_IN_USE = (5, 32, 33, 1224)  # access denied (to replace an open file), sharing violation, locked, mapped


class Windows(System):
    """See `System`."""

    mapped_files_can_be_replaced = False
    _processors: Sequence[int] = ()  # that this process might use when it began
    _used = 0

    def explain(self, exit_code: int | None) -> Exit:
        """See `System`."""
        if exit_code is not None and exit_code >= _CRASHED:
            return Exit(name=f"0x{exit_code:08X}")
        return Exit(killed=exit_code == _TERMINATED)

    def interpreter(self) -> str:
        """See `System`; the python.exe of a virtual environment only starts another one."""
        return str(getattr(sys, "_base_executable", sys.executable))

    def creation_flags(self) -> int:
        """See `System`."""
        return subprocess.CREATE_NO_WINDOW

    def bind(self, process_handle: int) -> "JobObject | None":
        """See `System`: Windows closes the handle when this process ends, however it ends."""
        try:
            job = JobObject(_KILL_ON_CLOSE)
        except OSError:
            return None
        job.add(process_handle)
        return job

    def use_processors(self, count: int) -> None:
        """See `System`."""
        if count == self._used:
            return
        import psutil

        here = psutil.Process()
        self._processors = self._processors or here.cpu_affinity()
        self._used = count
        for process in (here, *here.children(recursive=True)):
            with contextlib.suppress(psutil.Error):
                process.cpu_affinity(self._processors[: count or None])

    def take_pipes(self) -> tuple[int, int]:
        """See `System`."""
        pipes = super().take_pipes()
        for fd in pipes:
            msvcrt.setmode(fd, os.O_BINARY)
        return pipes

    def limit(self, *, memory_bytes: int, open_files: int, written_bytes: int, cpu_s: int) -> None:
        """See `System`: memory, and no second process. Computing time is bounded by whoever waits for an answer."""
        with contextlib.suppress(OSError):
            job = JobObject(_ONE_PROCESS | _PROCESS_MEMORY | _DIE_ON_CRASH, memory_bytes)
            job.add(_kernel32().GetCurrentProcess())
            job.close()  # the limits stay, and nobody can lift them

    def see_only(self, path: str, target: str | None, packages: Sequence[str]) -> None:
        """See `System`: a process of low integrity changes no file, key or process of the user's. One that writes a
        copy keeps its own integrity."""
        if target is None:
            with contextlib.suppress(OSError):
                _lower_integrity()

    def open_file(self, path: str) -> int:
        """See `System`."""
        return os.open(path, os.O_RDONLY | os.O_BINARY | os.O_NOINHERIT)

    def long_path(self, path: Path) -> Path:
        """See `System`: without the prefix Windows takes 260 characters, unless it is told otherwise."""
        return Path(extended(os.path.abspath(path)))  # noqa: PTH100 (it also removes “..”, which the prefix forbids)

    def to_disk(self, path: Path) -> None:
        """See `System`. Names in folders are in the journal of NTFS, and a folder cannot be flushed."""
        if path.is_dir():
            return
        fd = os.open(path, os.O_RDWR | os.O_BINARY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)

    def is_in_use(self, error: OSError) -> bool:
        """See `System`."""
        return getattr(error, "winerror", None) in _IN_USE

    def share_port(self, listening: socket.socket) -> None:
        """See `System`; SO_REUSEADDR lets two programs have one port here."""
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)

    def speak_utf8(self) -> None:
        """See `System`; what is not a console has the code page of the country."""
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(encoding="utf-8")

    def quoted(self, argument: str) -> str:
        """See `System`."""
        return subprocess.list2cmdline([argument])

    def weaknesses(self) -> list[str]:
        """See `System`."""
        try:
            JobObject(_ONE_PROCESS).close()
        except OSError:
            return [
                "This Windows makes no job objects, so nothing bounds the process that opens a video: it may take all "
                "memory, read your files and use the network if a harmful video took it over."
            ]
        said = [
            "On Windows the process that opens a video has limits of memory and time, starts no program and changes no "
            "file of yours, but could read your files and use the network if a harmful video took it over."
        ]
        if not _long_paths():
            said.append(
                "Windows opens no file here whose whole path has more than 260 characters; shorten the path, or set "
                "LongPathsEnabled to 1 in the registry under HKEY_LOCAL_MACHINE\\" + _FILE_SYSTEM + "."
            )
        return said


_FILE_SYSTEM = r"SYSTEM\CurrentControlSet\Control\FileSystem"


def _long_paths() -> bool:
    try:
        with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, _FILE_SYSTEM) as key:
            return bool(winreg.QueryValueEx(key, "LongPathsEnabled")[0])
    except OSError:
        return False


def extended(path: str) -> str:
    """An absolute path with the prefix that lifts the limit of its length; others as they are."""
    if path.startswith("\\\\?\\") or not re.match(r"[A-Za-z]:\\|\\\\", path):
        return path
    return "\\\\?\\UNC" + path[1:] if path.startswith("\\\\") else "\\\\?\\" + path


class _BasicLimits(ctypes.Structure):
    _fields_ = (
        ("PerProcessUserTimeLimit", ctypes.c_int64),
        ("PerJobUserTimeLimit", ctypes.c_int64),
        ("LimitFlags", ctypes.c_uint32),
        ("MinimumWorkingSetSize", ctypes.c_size_t),
        ("MaximumWorkingSetSize", ctypes.c_size_t),
        ("ActiveProcessLimit", ctypes.c_uint32),
        ("Affinity", ctypes.c_size_t),
        ("PriorityClass", ctypes.c_uint32),
        ("SchedulingClass", ctypes.c_uint32),
    )


class _ExtendedLimits(ctypes.Structure):
    _fields_ = (
        ("BasicLimitInformation", _BasicLimits),
        ("IoInfo", ctypes.c_uint64 * 6),
        ("ProcessMemoryLimit", ctypes.c_size_t),
        ("JobMemoryLimit", ctypes.c_size_t),
        ("PeakProcessMemoryUsed", ctypes.c_size_t),
        ("PeakJobMemoryUsed", ctypes.c_size_t),
    )


class JobObject:
    """Limits of the processes that are in it (https://learn.microsoft.com/windows/win32/procthread/job-objects).

    Raises OSError.
    """

    def __init__(self, flags: int, memory_bytes: int = 0) -> None:
        limits = _ExtendedLimits()
        limits.BasicLimitInformation.LimitFlags = flags
        limits.BasicLimitInformation.ActiveProcessLimit = 1 if flags & _ONE_PROCESS else 0
        limits.ProcessMemoryLimit = memory_bytes
        self._library = _kernel32()
        self._handle = _checked(self._library.CreateJobObjectW(None, None))
        _checked(
            self._library.SetInformationJobObject(
                self._handle, _EXTENDED_LIMITS, ctypes.byref(limits), ctypes.sizeof(limits)
            )
        )

    def add(self, process_handle: int) -> None:
        """Put a process into it."""
        self._library.AssignProcessToJobObject(self._handle, process_handle)

    def close(self) -> None:
        """Give up the handle; may be called twice."""
        if self._handle:
            self._library.CloseHandle(self._handle)
        self._handle = 0


class _Label(ctypes.Structure):
    _fields_ = (("Sid", ctypes.c_void_p), ("Attributes", ctypes.c_uint32))


def _lower_integrity() -> None:
    """Mark this process as less trusted than the user's files, for good. Raises OSError."""
    kernel32, security = _kernel32(), _advapi32()
    token, sid = wintypes.HANDLE(), ctypes.c_void_p()
    _checked(security.OpenProcessToken(kernel32.GetCurrentProcess(), _ADJUST_DEFAULT | _QUERY, ctypes.byref(token)))
    _checked(security.ConvertStringSidToSidW(_LOW_INTEGRITY, ctypes.byref(sid)))
    label = _Label(sid, _INTEGRITY_GROUP)
    size = ctypes.sizeof(label) + security.GetLengthSid(sid)
    _checked(security.SetTokenInformation(token, _INTEGRITY_LEVEL, ctypes.byref(label), size))
    kernel32.LocalFree(sid)
    kernel32.CloseHandle(token)


def _kernel32() -> ctypes.WinDLL:
    library = ctypes.WinDLL("kernel32", use_last_error=True)
    library.CreateJobObjectW.restype = library.GetCurrentProcess.restype = wintypes.HANDLE
    library.CreateJobObjectW.argtypes = [ctypes.c_void_p, wintypes.LPCWSTR]
    library.SetInformationJobObject.argtypes = [wintypes.HANDLE, ctypes.c_int, ctypes.c_void_p, wintypes.DWORD]
    library.AssignProcessToJobObject.argtypes = [wintypes.HANDLE, wintypes.HANDLE]
    library.CloseHandle.argtypes = [wintypes.HANDLE]
    library.LocalFree.argtypes = [ctypes.c_void_p]
    return library


def _advapi32() -> ctypes.WinDLL:
    library = ctypes.WinDLL("advapi32", use_last_error=True)
    library.OpenProcessToken.argtypes = [wintypes.HANDLE, wintypes.DWORD, ctypes.POINTER(wintypes.HANDLE)]
    library.ConvertStringSidToSidW.argtypes = [wintypes.LPCWSTR, ctypes.POINTER(ctypes.c_void_p)]
    library.GetLengthSid.argtypes = [ctypes.c_void_p]
    library.SetTokenInformation.argtypes = [wintypes.HANDLE, ctypes.c_int, ctypes.c_void_p, wintypes.DWORD]
    return library


def _checked(value: int) -> int:
    """What a call returned. Raises OSError where that says that it failed."""
    if not value:
        raise ctypes.WinError(ctypes.get_last_error())
    return value
