"""Runs benchmarks, all or those named, and brings docs/benchmarks.json and docs/benchmarks.md up to date; draws their
ratios in build/benchmarks.html."""

import json
import os
import platform
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import plotly.graph_objects as graph

from tests.bench import (
    actions,
    annotator,
    browser,
    cluster,
    correction,
    encoders,
    find,
    indexing,
    label_studio,
    library,
    library_map,
    memory,
    page,
    peers,
    people,
    search,
    startup,
    storage,
    teaching,
    team,
    tuning,
    vectors,
    vectors_large,
)

BENCHES = {
    "indexing": (indexing, "Indexing"),
    "browser": (browser, "Timeline and editing"),
    "page": (page, "A visit"),
    "library": (library, "A library of 20,000 videos"),
    "actions": (actions, "Actions of whole jobs"),
    "correction": (correction, "What corrections cost"),
    "annotator": (annotator, "A simulated annotator"),
    "label_studio": (label_studio, "Timeline beside Label Studio"),
    "startup": (startup, "Start-up"),
    "memory": (memory, "Memory of indexing"),
    "tuning": (tuning, "Memory of tuning an encoder"),
    "encoders": (encoders, "Encoders"),
    "search": (search, "Search"),
    "vectors": (vectors, "Vector databases"),
    "vectors_large": (vectors_large, "Five million vectors"),
    "find": (find, "Finding in annotations"),
    "map": (library_map, "The map"),
    "storage": (storage, "Work and storage of a large library"),
    "teaching": (teaching, "Learning a label"),
    "people": (people, "Speakers"),
    "team": (team, "Twenty annotators on one server"),
    "cluster": (cluster, "On a cluster"),
    "peers": (peers, "Limits and peers"),
}
BY_NAME = {"vectors_large"}  # those that take an hour: not among all
COMPARED = (
    "How many times as long a step takes as in an earlier commit, by `python -m tests.bench.compare COMMIT`: means"
    " of two runs each, in turns."
)
ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


def machine() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    name = next((line.split(":")[1].strip() for line in lines if "model name" in line), platform.machine())
    return f"{os.cpu_count()} cores ({name}), Python {platform.python_version()}"


def report(results: dict[str, Any]) -> str:
    lines = [
        "# Benchmarks",
        "",
        "Written by `make bench`. Machines are noisy: read the ratios, which were measured side by side in one run.",
        "× is seconds of video per second. No GPU was at hand: nothing here was measured on one. Peers are measured",
        "where they are installed: decord, torchcodec, usearch, Label Studio (STUDIO_LABEL_STUDIO names its program).",
        "",
    ]
    about = {name: (title, (module.run.__doc__ or "").strip()) for name, (module, title) in BENCHES.items()}
    about["compared"] = "Beside an earlier commit", COMPARED
    for name, (title, text) in about.items():
        if name not in results:
            continue
        found = results[name]
        lines += [f"## {title}", "", f"{text} {found['on']}, {found['machine']}.", ""]
        lines += [
            "| what | result |",
            "|---|---|",
            *(f"| {key} | {value} |" for key, value in found["values"].items()),
            "",
        ]
    return "\n".join(lines)


def picture(results: dict[str, Any]) -> graph.Figure:
    """Every ratio ("this : that"), a bar each; 1 is as fast as what stands behind the colon."""
    ratios = [
        (f"{BENCHES[name][1]}: {key}", value)
        for name in BENCHES
        for key, value in results.get(name, {}).get("values", {}).items()
        if " : " in key and isinstance(value, int | float)
    ]
    bars = graph.Bar(x=[value for _, value in ratios], y=[key for key, _ in ratios], orientation="h")
    shown = graph.Figure(bars).update_yaxes(autorange="reversed").update_xaxes(type="log", title="ratio")
    return shown.add_vline(1).update_layout(
        height=120 + 26 * len(ratios), margin_l=420, title="Ratios of docs/benchmarks.json"
    )


def keep(found: dict[str, dict[str, Any]]) -> None:
    """Put what benchmarks found into docs/benchmarks.json, in place of what they found before, and write the page."""
    kept = DOCS / "benchmarks.json"
    results: dict[str, Any] = json.loads(kept.read_text("utf-8")) if kept.exists() else {}
    for name, values in found.items():
        results[name] = {"on": str(datetime.now(UTC).date()), "machine": machine(), "values": values}
    kept.write_text(json.dumps(results, ensure_ascii=False, indent=1) + "\n", "utf-8")
    (DOCS / "benchmarks.md").write_text(report(results), "utf-8")
    (ROOT / "build").mkdir(exist_ok=True)
    picture(results).write_html(ROOT / "build" / "benchmarks.html")


def main(names: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for name in names or [each for each in BENCHES if each not in BY_NAME]:
            values = BENCHES[name][0].run(Path(folder))
            print(name, json.dumps(values, ensure_ascii=False, indent=1), flush=True)
            keep({name: values})


if __name__ == "__main__":
    main(sys.argv[1:])
