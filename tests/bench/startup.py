"""How long until a person can do something."""

import subprocess
import sys
import time
import urllib.request
from pathlib import Path


def run(folder: Path) -> dict[str, object]:
    """Seconds, beside the start of a bare Python in the same run."""
    return {
        "python -c pass (s)": round(_span([sys.executable, "-c", "pass"]), 2),
        "studio --version (s)": round(_span([sys.executable, "-m", "studio.cli", "--version"]), 2),
        "studio serve, to the first page (s)": round(_serve(folder), 2),
    }


def _span(command: list[str]) -> float:
    spans = []
    for _ in range(3):
        start = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        spans.append(time.perf_counter() - start)
    return min(spans)


def _serve(folder: Path) -> float:
    start = time.perf_counter()
    command = [sys.executable, "-m", "studio.cli", "serve", "--no-browser", "--home", str(folder / "empty"),
               "--port", "7899"]  # fmt: skip
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as server:
        try:
            while time.perf_counter() - start < 120:
                try:
                    urllib.request.urlopen("http://127.0.0.1:7899/", timeout=1).close()
                    return time.perf_counter() - start
                except OSError:
                    time.sleep(0.02)
            raise RuntimeError("the studio did not start")
        finally:
            server.terminate()
