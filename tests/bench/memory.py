"""Peak memory of indexing a short and a long video: it must not grow with the length."""

import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil

from studio.assets.demo import clip_folder
from tests.bench.media import repeat


def peak_mib(command: list[str]) -> float:
    """The largest memory of a process and its children together, sampled twice a second.

    Proportional set size: shared pages count once, also between a fork and its exec.
    """
    process = psutil.Popen(command, stdout=subprocess.DEVNULL)
    largest = 0.0

    def watch() -> None:
        nonlocal largest
        while process.poll() is None:
            total = 0
            for one in [process, *_children(process)]:
                try:
                    total += one.memory_full_info().pss
                except psutil.Error:
                    continue
            largest = max(largest, total / 2**20)
            time.sleep(0.5)

    thread = threading.Thread(target=watch)
    thread.start()
    if process.wait() != 0:
        raise RuntimeError(f"{command} failed")
    thread.join()
    return largest


def _children(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children(recursive=True)
    except psutil.Error:
        return []


def run(folder: Path) -> dict[str, object]:
    """10 minutes and 2 hours, each with everything that `studio index` computes."""
    peaks = {}
    for name, seconds in (("10 minutes", 600), ("2 hours", 7200)):
        clip = repeat(clip_folder() / "bikes.mp4", folder / f"{seconds}s.mp4", seconds)
        home = ["--home", str(folder / f"home-{seconds}"), "--device", "cpu"]
        studio = [sys.executable, "-m", "studio.cli"]
        subprocess.run([*studio, "add", str(clip), *home], check=True, stdout=subprocess.DEVNULL)
        peaks[name] = peak_mib([*studio, "index", str(clip), *home])
    return {
        "video": "640×272 H.264 at 25 fps",
        **{f"{name} (MiB)": round(peak) for name, peak in peaks.items()},
        "2 hours : 10 minutes": round(peaks["2 hours"] / peaks["10 minutes"], 2),
    }
