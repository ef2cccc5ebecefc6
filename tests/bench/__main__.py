"""Runs benchmarks and writes docs/benchmarks.md (whole runs) or prints (parts)."""

import json
import os
import platform
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from tests.bench import browser, indexing, memory, startup

BENCHES = {
    "indexing": (indexing, "Indexing"),
    "browser": (browser, "Timeline and editing"),
    "startup": (startup, "Start-up"),
    "memory": (memory, "Memory of indexing"),
}
TARGET = Path(__file__).parents[2] / "docs" / "benchmarks.md"


def machine() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    name = next((line.split(":")[1].strip() for line in lines if "model name" in line), platform.machine())
    return f"{os.cpu_count()} cores ({name}), Python {platform.python_version()}, no GPU"


def report(results: dict[str, dict[str, object]]) -> str:
    lines = [
        "# Benchmarks",
        "",
        f"Written by `make bench` on {datetime.now(UTC).date()}: {machine()}.",
        "Machines are noisy: read the ratios, which were measured side by side in one run.",
        "× is seconds of video per second.",
        "",
    ]
    for name, values in results.items():
        lines += [
            f"## {BENCHES[name][1]}",
            "",
            (BENCHES[name][0].run.__doc__ or "").strip(),
            "",
            "| what | result |",
            "|---|---|",
        ]
        lines += [f"| {key} | {value} |" for key, value in values.items()]
        lines.append("")
    return "\n".join(lines)


def main(names: list[str]) -> None:
    results: dict[str, dict[str, object]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name in names or list(BENCHES):
            results[name] = BENCHES[name][0].run(Path(folder))
            print(name, json.dumps(results[name], ensure_ascii=False, indent=1), flush=True)
    if not names:
        TARGET.write_text(report(results), "utf-8")


main(sys.argv[1:])
