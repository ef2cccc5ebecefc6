"""The child process: what it may not do, and that nothing of it stays behind."""

import ctypes
import gc
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from studio import media
from studio.config import Limits
from studio.errors import BrokenMedia, MediaError
from studio.media import sandbox
from studio.media.sandbox import _BOOT as BOOT
from studio.media.sandbox import Child
from studio.platform import system


def landlock() -> int:
    """Its version, 0 where the kernel has none."""
    return max(0, int(ctypes.CDLL(None).syscall(444, None, 0, 1))) if sys.platform == "linux" else 0


def waiting() -> psutil.Process:
    """The process that children are copies of."""
    assert sandbox._launcher._process is not None
    return psutil.Process(sandbox._launcher._process.pid)


@pytest.fixture(scope="module")
def long_clip(make_clip: Any, recipe: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    clip = recipe(size=(320, 192), ticks=list(range(400)), options={"preset": "ultrafast"})
    return Path(make_clip(clip, tmp_path_factory.mktemp("long") / "long.mp4"))


def test_closing_early_leaves_nothing(long_clip: Path) -> None:
    media.probe(long_clip)
    me = psutil.Process()
    gc.collect()
    before = me.num_fds(), len(me.children())
    for way in ("close", "with", "forget", "exception"):
        stream = media.sample_frames(long_clip, 25, batch=2)
        pid = stream.pid
        next(stream)
        assert psutil.pid_exists(pid)
        if way == "close":
            stream.close()
            stream.close()
            assert list(stream) == []
        elif way == "with":
            with stream:
                pass
        elif way == "exception":
            with pytest.raises(ZeroDivisionError), stream:
                raise ZeroDivisionError
        del stream
        gc.collect()
        assert not psutil.pid_exists(pid)
    sound = media.audio_stream(long_clip)
    assert list(sound) == []
    assert (me.num_fds(), len(me.children())) == before


def test_a_whole_pass_leaves_nothing(long_clip: Path) -> None:
    with media.sample_frames(long_clip, 5) as stream:
        pid = stream.pid
        assert sum(map(len, stream)) == 80
        assert not psutil.pid_exists(pid)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_what_the_child_may_do(long_clip: Path) -> None:
    limits = Limits()
    with media.sample_frames(long_clip, 25, batch=1) as stream:
        next(stream)
        proc = Path(f"/proc/{stream.pid}")
        bounds = {line[:26].strip(): line[26:].split()[0] for line in (proc / "limits").read_text().splitlines()[1:]}
        assert bounds["Max address space"] == str(limits.child_memory_bytes)
        assert bounds["Max open files"] == str(limits.child_open_files)
        assert bounds["Max core file size"] == bounds["Max file size"] == "0"
        assert 0 < int(bounds["Max cpu time"]) < 100
        assert {str((proc / "fd" / fd).readlink()) for fd in "012"} == {os.devnull}
        links = [str(fd.readlink()) for fd in (proc / "fd").iterdir()]
        assert [link for link in links if link[0] == "/" and link != os.devnull] == [str(long_clip)]
        assert not [link for link in links if link.startswith("socket:")]
        mapped = (proc / "maps").read_text()
        assert not [name for name in ("torch", "sqlite", "gradio", "cv2") if name in mapped]
        secrets = {entry.split(b"=")[0] for entry in (proc / "environ").read_bytes().split(b"\0") if entry}
        assert secrets <= {b"PATH", b"LC_ALL", b"OPENBLAS_NUM_THREADS", b"OMP_NUM_THREADS", b"MALLOC_ARENA_MAX",
                           b"LD_LIBRARY_PATH"}  # fmt: skip
        interfaces = (proc / "net" / "dev").read_text().splitlines()[2:]
        isolated = (proc / "ns" / "net").readlink() != Path("/proc/self/ns/net").readlink()
        assert not isolated or [line.split(":")[0].strip() for line in interfaces] == ["lo"]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere every child is started anew")
def test_what_is_copied_has_one_thread_and_no_files(long_clip: Path) -> None:
    media.thumbnail(long_clip, 0)
    server = waiting()
    assert server.num_threads() == 1, "a copy has the thread that made it and no other"
    links = [str(Path(f"/proc/{server.pid}/fd/{fd}").readlink()) for fd in range(8) if
             Path(f"/proc/{server.pid}/fd/{fd}").is_symlink()]  # fmt: skip
    assert sorted(link.split(":")[0] for link in links) == ["/dev/null"] * 3 + ["socket"]
    with media.sample_frames(long_clip, 25, batch=1) as stream:
        next(stream)
        assert psutil.Process(stream.pid).ppid() == os.getpid(), "so that we can wait for it"


def test_where_no_copy_can_be_made_each_child_is_started_anew(long_clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    unknown = "; from studio.platform import linux; linux._CLONE = {}; main()"  # as another kind of computer
    monkeypatch.setattr(sandbox, "_BOOT", BOOT.replace("; main()", unknown))
    sandbox._launcher.stop()
    try:
        with media.sample_frames(long_clip, 25, batch=1) as first, media.sample_frames(long_clip, 25, batch=1) as other:
            assert first.pid != other.pid
            assert [len(next(stream)) for stream in (first, other)] == [1, 1]
        gone = [first.pid, other.pid]
        assert len(media.thumbnail(long_clip, 0)) > 0
        assert not [child for child in psutil.Process().children() if child.pid in gone]
    finally:
        sandbox._launcher.stop()


PEEK = """; import errno, signal, subprocess
from studio.media.child import operations
def peek(responder, path, limits, body, secret):
    found = {}
    tries = {
        "its own": lambda: open(path, "rb").read(1),
        "another": lambda: open(secret, "rb").read(1),
        "a folder": lambda: os.listdir(os.path.dirname(secret)),
        "writing": lambda: open(path, "r+b"),
        "making": lambda: open(secret + "2", "wb"),
        "removing": lambda: os.unlink(secret),
        "a program": lambda: os.execv("/bin/true", ["true"]),
        "a signal": lambda: os.kill(os.getppid(), 0),
    }
    for name, attempt in tries.items():
        try:
            attempt()
            found[name] = "done"
        except OSError as error:
            found[name] = errno.errorcode[error.errno]
    responder.send({"kind": "peek", **found})
import os
operations.OPERATIONS["peek"] = peek
main()"""


@pytest.mark.skipif(not landlock(), reason="this kernel has no Landlock")
def test_a_child_that_was_taken_over_sees_its_file_and_nothing_else(
    long_clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("x")
    monkeypatch.setattr(sandbox, "_BOOT", BOOT.replace("; main()", PEEK))
    sandbox._launcher.stop()
    try:
        with Child("peek", long_clip, Limits(), {"secret": str(secret)}) as child:
            found = child.receive() or {}
    finally:
        sandbox._launcher.stop()
    assert found.pop("kind") == "peek" and found.pop("its own") == "done"
    signal_allowed = found.pop("a signal") == "done"
    assert not signal_allowed or landlock() < 6
    assert {name: what for name, what in found.items() if what not in ("EACCES", "EPERM")} == {}
    assert secret.exists() and long_clip.stat().st_size


def test_an_installation_that_cannot_open_videos_says_so(long_clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for boot in ("import sys; sys.modules['av'] = None;" + BOOT, "raise SystemExit"):
        monkeypatch.setattr(sandbox, "_BOOT", boot)
        sandbox._launcher.stop()
        try:
            with pytest.raises(MediaError, match="install Moment Studio again"):
                media.frame_at(long_clip, 0)
        finally:
            sandbox._launcher.stop()


def test_the_child_dies_with_its_parent(long_clip: Path) -> None:
    code = (
        "import os, sys; from studio import media\n"
        f"stream = media.sample_frames({str(long_clip)!r}, 25, batch=1); next(stream)\n"
        "print(stream.pid, flush=True); sys.stdin.read()"
    )
    root = str(Path(media.__file__).resolve().parents[2])
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=root, text=True
    ) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
    try:
        child.wait(20)
    except psutil.TimeoutExpired:
        pytest.fail("the child outlived its parent")


def test_a_writer_that_is_held_up_kills_no_child(long_clip: Path) -> None:
    """The kernel signals a write after it woke the reader, who may be tied to its parent by then."""
    with media.sample_frames(long_clip, 25, batch=1) as stream:
        next(stream)
        stream._child._requests.write(b"late")
        assert sum(len(batch.times_us) for batch in stream) > 10


def test_a_killed_child_is_a_clear_error(long_clip: Path) -> None:
    with media.sample_frames(long_clip, 25, batch=1) as stream:
        next(stream)
        os.kill(stream.pid, signal.SIGKILL)
        with pytest.raises(BrokenMedia, match="was stopped"):
            for _ in stream:
                pass
        assert not psutil.pid_exists(stream.pid)


def test_a_silent_child_is_a_clear_error(long_clip: Path) -> None:
    with media.sample_frames(long_clip, 25, batch=1, limits=Limits(child_silence_s=1.0)) as stream:
        next(stream)
        os.kill(stream.pid, signal.SIGSTOP)
        with pytest.raises(BrokenMedia, match="nothing came"):
            for _ in stream:
                pass
        assert not psutil.pid_exists(stream.pid)


def test_too_little_memory_is_a_clear_error(long_clip: Path) -> None:
    with pytest.raises(BrokenMedia):
        media.frame_at(long_clip, 0, size=(4000, 4000), limits=Limits(child_memory_bytes=200 * 2**20))


def test_memory_is_bounded_where_the_system_does_not(long_clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(system), "bounds_memory", False)
    with media.sample_frames(long_clip, 25, batch=1) as stream:
        next(stream)
        assert 0 < sandbox._memory(stream.pid) < Limits().child_memory_bytes
        monkeypatch.setattr(sandbox, "_memory", lambda pid: Limits().child_memory_bytes + 1)
        with pytest.raises(BrokenMedia, match="more memory than is allowed"):
            for _ in stream:
                time.sleep(0.01)
        assert not psutil.pid_exists(stream.pid)


def test_an_unknown_operation_is_an_error(long_clip: Path) -> None:
    with Child("format_disk", long_clip, Limits(), {}) as child, pytest.raises(MediaError, match="does not start"):
        child.receive()


def test_ffmpeg_never_writes_to_the_terminal(capfd: pytest.CaptureFixture[str], clip_of: Any, tmp_path: Path) -> None:
    path = tmp_path / "noisy.ts"
    data = bytearray(clip_of("ts")[0].read_bytes())
    data[2000:9000:37] = bytes(len(data[2000:9000:37]))
    path.write_bytes(data)
    with media.sample_frames(path, 25) as stream:
        list(stream)
    assert capfd.readouterr() == ("", "")


def test_memory_does_not_grow_with_the_video(long_clip: Path, make_clip: Any, recipe: Any, tmp_path: Path) -> None:
    short = make_clip(
        recipe(size=(320, 192), ticks=list(range(800)), options={"preset": "ultrafast"}), tmp_path / "short.mp4"
    )
    long = make_clip(
        recipe(size=(320, 192), ticks=list(range(3200)), options={"preset": "ultrafast"}), tmp_path / "long.mp4"
    )
    peaks = []
    for path in (short, long):
        peak = 0
        with media.sample_frames(path, 25, batch=8) as stream:
            child = psutil.Process(stream.pid)
            for place, frames in enumerate(stream):
                if place % 5 == 0 and len(frames) == 8:
                    peak = max(peak, child.memory_info().rss)
        peaks.append(peak)
    # what the child may decode ahead of its reader, and what is being written; the longer clip has 440 MiB more frames
    waiting = (32 + 16) * 2**20
    assert peaks[1] <= 1.15 * peaks[0] + waiting


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_fork_makes_its_own_children(long_clip: Path) -> None:
    media.probe(long_clip)
    found = os.fork()
    if found == 0:
        try:
            good = len(media.thumbnail(long_clip, 0)) > 0
        finally:
            os._exit(0 if good else 1)
    assert len(media.thumbnail(long_clip, 0)) > 0
    assert os.waitstatus_to_exitcode(os.waitpid(found, 0)[1]) == 0


def test_the_process_that_is_copied_is_replaced_when_it_died(long_clip: Path) -> None:
    media.thumbnail(long_clip, 0)
    waiting().kill()
    assert len(media.thumbnail(long_clip, 0)) > 0


def test_many_at_once(long_clip: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(6) as pool:
        made = list(pool.map(lambda place: media.frame_at(long_clip, place * 1_000_000)[0], range(12)))
    assert made == [place * 1_000_000 for place in range(12)]
