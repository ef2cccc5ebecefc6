"""What the studio asks of Windows and macOS, in processes that take themselves for one (`tests.platform.pretend`)."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from studio.service import Studio
from studio.service.system.doctor import examine

ROOT = Path(__file__).parents[2]
START = """
import contextlib, ctypes, json, os, sys, threading, time
from pathlib import Path
from tests.platform import pretend
pretend.install({system!r}, {folder!r})
from studio.platform import files, system
folder = Path({folder!r})
calls = lambda: [call[0] for call in pretend.LOG]
found = {{}}
"""


@pytest.fixture
def run(tmp_path: Path) -> Any:
    """`found` after a piece of code ran on a system that is pretended."""

    def call(on: str, code: str) -> dict[str, Any]:
        program = START.format(system=on, folder=str(tmp_path)) + code + "\nprint(json.dumps(found))"
        done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return dict(json.loads(done.stdout))

    return call


def test_windows_bounds_a_decoder_by_a_job_and_takes_its_trust(run: Any) -> None:
    found = run("win32", """
system.limit(memory_bytes=5 << 30, open_files=9, written_bytes=0, cpu_s=3)
(limits,) = [call[3]._obj for call in pretend.LOG if call[0] == "SetInformationJobObject"]
found["flags"], found["memory"] = limits.BasicLimitInformation.LimitFlags, limits.ProcessMemoryLimit
found["processes"], found["size"] = limits.BasicLimitInformation.ActiveProcessLimit, ctypes.sizeof(limits)
found["limit"] = calls(); pretend.LOG.clear()
system.see_only("a.mp4", None, [])
found["see"], found["sid"] = calls(), [call[1] for call in pretend.LOG if call[0] == "ConvertStringSidToSidW"]
pretend.LOG.clear()
system.see_only("a.mp4", "copy.mp4", [])
found["see and write"] = calls(); pretend.LOG.clear()
job = system.bind(77)
found["bind"] = calls(), [call[2] for call in pretend.LOG if call[0] == "AssignProcessToJobObject"]
(found["kill"],) = [c[3]._obj.BasicLimitInformation.LimitFlags for c in pretend.LOG if c[0].startswith("SetInf")]
pretend.LOG.clear(); job.close(); job.close()
found["close"] = calls()
found["interpreter"] = system.interpreter() == sys._base_executable
""")  # fmt: skip
    assert (found["flags"], found["memory"], found["processes"]) == (0x8 | 0x100 | 0x400, 5 << 30, 1)
    assert found["size"] == 144  # of JOBOBJECT_EXTENDED_LIMIT_INFORMATION on 64 bits
    assert found["limit"] == ["CreateJobObjectW", "SetInformationJobObject", "GetCurrentProcess",
                              "AssignProcessToJobObject", "CloseHandle"]  # fmt: skip
    assert "SetTokenInformation" in found["see"] and found["sid"] == ["S-1-16-4096"]
    assert found["see and write"] == []
    assert found["bind"][1] == [77] and found["kill"] == 0x2000, "it dies with the handle, so with us"
    assert found["close"] == ["CloseHandle"]
    assert found["interpreter"]


def test_windows_paths_and_exits(run: Any) -> None:
    found = run(
        "win32",
        r"""
from studio.platform.windows import extended
found["paths"] = [extended(p) for p in ("C:\\a\\b", "\\\\server\\share\\x", "\\\\?\\C:\\a", "relative\\x")]
found["quoted"] = [system.quoted(a) for a in ("C:\\a b\\c.mp4", "C:\\x.mp4")]
found["exits"] = [(e.killed, e.name) for e in map(system.explain, (0xC0000005, -15, 1, None))]
(folder / "x").write_bytes(b"1")
os.chmod(folder / "x", 0o600)
system.to_disk(folder / "x"); system.to_disk(folder)
descriptor = system.open_file(str(folder / "x"))
found["read"] = os.read(descriptor, 9).decode()
found["maps"] = system.mapped_files_can_be_replaced
""",
    )
    assert found["paths"] == ["\\\\?\\C:\\a\\b", "\\\\?\\UNC\\server\\share\\x", "\\\\?\\C:\\a", "relative\\x"]
    assert found["quoted"] == ['"C:\\a b\\c.mp4"', "C:\\x.mp4"]
    assert found["exits"] == [[False, "0xC0000005"], [True, ""], [False, ""], [False, ""]]
    assert found["read"] == "1" and found["maps"] is False


def test_a_file_in_use_is_waited_for_and_then_said(run: Any) -> None:
    found = run("win32", """
files._PATIENCE_S = 0.6
old, new = folder / "old", folder / "new"
def fresh():
    old.write_bytes(b"old"); new.write_bytes(b"new")
def held(work, seconds):
    fresh()
    with old.open("rb") as reader:
        threading.Timer(seconds, reader.close).start()
        try:
            return str(work())
        except OSError as error:
            return f"{type(error).__name__}: {error.strerror}"
found["waits"] = held(lambda: files.replace(new, old), 0.2), old.read_bytes().decode()
found["gives up"] = held(lambda: files.replace(new, old), 3), old.read_bytes().decode(), new.exists()
found["remove"] = held(lambda: files.remove(old), 3), held(lambda: files.remove(old), 0.2), old.exists()
found["move"] = held(lambda: files.move(old, folder / "moved"), 3), old.exists()
found["if free"] = held(lambda: files.remove_if_free(old), 3), held(lambda: files.remove_if_free(new), 0), new.exists()
found["missing"] = files.remove_if_free(folder / "none"), files.remove(folder / "none")
try:
    files.replace(folder / "none", old)
except FileNotFoundError:
    found["other errors"] = "at once"
""")  # fmt: skip
    said = "FileInUse: a program has it open, or it is read-only; close it there and try again"
    assert found["waits"] == ["None", "new"]
    assert found["gives up"] == [said, "old", True]
    assert found["remove"] == [said, "None", False]
    assert found["move"] == [said, True]
    assert found["if free"] == ["False", "True", False]
    assert found["missing"] == [True, None] and found["other errors"] == "at once"


def test_what_is_mapped_can_be_written_again(run: Any) -> None:
    found = run("win32", """
files._PATIENCE_S = 0.1
import numpy as np
from studio.index import Cache, FeatureStore
from studio.index.feature_store import Features
from studio.index.library_index import LibraryIndex
store = FeatureStore(Cache(folder))
def features(value):
    rows = np.zeros((3, 4), np.float16); rows[:, value] = 1
    return Features(np.arange(3, dtype=np.int64), rows)
for video in ("a", "b", "c"):
    store.put(video, "e", features(0))
kept = store.get("a", "e")
index, other = LibraryIndex(store, "e"), LibraryIndex(store, "e")
query = np.eye(4, dtype=np.float32)
held = index.search(query[0], ["a", "b", "c"], 3), other.search(query[0], ["a"], 1)
store.put("a", "e", features(1))
found["best"] = index.search(query[1], ["a", "b", "c"], 1)[0].video_id
found["kept"] = float(kept.vectors[0, 0])
index.delete("b"); index.delete("c")
store.put("d", "e", features(2))
index.sync(["a", "d"])  # more gaps than rows: written anew, while the old file is mapped
found["anew"] = index.search(query[2], ["a", "d"], 1)[0].video_id
found["data"] = len(list((folder / "library").glob("*.vectors")))
del index, other, held
LibraryIndex(store, "e").delete("a")
store.put("f", "e", features(3)); store.put("g", "e", features(3))
LibraryIndex(store, "e").sync(["d", "f", "g"])
found["data later"] = len(list((folder / "library").glob("*.vectors")))
""")  # fmt: skip
    assert (found["best"], found["kept"], found["anew"]) == ("a", 1.0, "d")
    assert (found["data"], found["data later"]) == (2, 1)


def test_macos_shows_a_decoder_its_file_and_no_network(run: Any) -> None:
    found = run("darwin", """
from studio.platform.macos import profile
found["profile"] = profile('/Users/ann/my "film".mp4', None, ["/usr/lib/python"]).splitlines()
found["writing"] = profile("/Users/ann/a.mp4", "/Users/ann/copy.mp4", []).splitlines()[-1]
system.see_only("/Users/ann/a.mp4", None, [])
((_, told, flags, _),) = [call for call in pretend.LOG if call[0] == "sandbox_init"]
found["told"] = told.decode().splitlines()[0], flags
(folder / "copy.mp4").touch(); (folder / "short").symlink_to(folder); pretend.LOG.clear()
system.see_only("/Users/ann/a.mp4", str(folder / "short" / "copy.mp4"), [])
found["real target"] = f'(literal "{folder.resolve()}/copy.mp4")' in pretend.LOG[0][1].decode().splitlines()[-1]
(folder / "Talk.mp4").write_bytes(b"1"); (folder / "link").symlink_to(folder / "Talk.mp4")
found["real"] = str(system.real_path(folder / "link")) == str(folder.resolve() / "Talk.mp4")
found["missing"] = system.real_path(folder / "none").name
pretend.LOG.clear(); system.to_disk(folder / "Talk.mp4"); system.to_disk(folder)
found["flushed"] = pretend.LOG
found["bounds"] = system.bounds_memory
""")  # fmt: skip
    profile = found["profile"]
    denied = profile.index("(deny file-read-data " + " ".join(
        f'(subpath "{place}")' for place in ("/Users", "/Volumes", "/Network", "/private/tmp", "/private/var/folders",
                                             "/private/var/root")) + ")")  # fmt: skip
    allowed = '(allow file-read-data (literal "/Users/ann/my \\"film\\".mp4") (subpath "/usr/lib/python"))'
    assert profile.index(allowed) > denied, "the last rule that fits counts"
    assert {"(deny network*)", "(deny process-exec*)", "(deny process-fork)", "(deny file-write*)"} <= set(profile)
    assert not [line for line in profile if line.startswith("(allow file-write")]
    assert found["writing"] == '(allow file-write* (literal "/Users/ann/copy.mp4"))'
    assert found["told"] == ["(version 1)", 0] and found["real target"]
    assert found["real"] and found["missing"] == "none"
    assert found["flushed"] == [["fcntl", 51], ["fcntl", 51]]
    assert found["bounds"] is False


@pytest.mark.parametrize(
    ("system", "refused", "weaker"),
    [
        ("win32", "", "On Windows the process"),
        ("win32", "CreateJobObjectW", "This Windows makes no job objects"),
        ("darwin", "", "macOS bounds no"),
        ("darwin", "sandbox_init", "This system has no sandbox"),
    ],
)
def test_doctor_says_what_is_weaker(run: Any, system: str, refused: str, weaker: str) -> None:
    found = run(system, f"pretend.REFUSED.add({refused!r}); found['said'] = system.weaknesses()")
    assert found["said"][0].startswith(weaker)
    assert all(sentence.count(".") == sentence.rstrip(".").count(".") + 1 for sentence in found["said"])


@pytest.mark.skipif(sys.platform != "linux", reason="Landlock is Linux's")
def test_linux_without_landlock_is_said_by_doctor(monkeypatch: pytest.MonkeyPatch, studio: Studio) -> None:
    from studio.platform import linux

    def said() -> list[str]:
        return [check["found"] for check in examine(studio.settings) if check["what"] == "Protection"]

    monkeypatch.setattr(linux, "_landlock", lambda: 0)
    assert [sentence.partition(":")[0] for sentence in said()] == ["This kernel has no Landlock"]
    monkeypatch.setattr(linux, "_landlock", lambda: 1)
    assert said() == []


@pytest.mark.parametrize("on", ["win32", "darwin"])
def test_decoders_end_with_their_parent(on: str, clips: dict[str, Path], tmp_path: Path) -> None:
    program = (
        START.format(system=on, folder=str(tmp_path))
        + f"""
from studio import media
from studio.media import sandbox
from tests.platform.first_day import DECODER
sandbox._BOOT = sandbox._BOOT.replace("from studio.media.child import main", DECODER.format(system={on!r}))
stream = media.sample_frames({str(clips["bikes"])!r}, 25, batch=1); next(stream)
print(stream.pid, sandbox._launcher._spare.pid, flush=True)
sys.stdin.read()
"""
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        children = [psutil.Process(int(pid)) for pid in parent.stdout.readline().split()]
        parent.kill()
    _, alive = psutil.wait_procs(children, 20)
    assert len(children) == 2 and alive == []
