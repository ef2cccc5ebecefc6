"""Runs benchmarks of this tree and of an earlier commit in turns, on one machine: python -m tests.bench.compare COMMIT
[NAME ...]. How many times as long each took now goes to docs/benchmarks.json and docs/benchmarks.md. The long video of
the benchmark in the browser lasts twenty minutes here, in both trees: indexing two hours takes most of its time."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.bench.__main__ import ROOT, keep

TURNS = "before", "now", "now", "before"  # so that a machine that slows down favours neither
NAMES = "indexing", "search", "browser"

COMMIT = "compared with"
SHORTER = {
    '"7200s.mp4", 7200': '"1200s.mp4", 1200',
    "(n * 7919) % 7190": "(n * 7919) % 1190",
    "two hours": "twenty minutes",
}

Values = dict[str, object]


def run(tree: Path, name: str) -> Values:
    """What a benchmark of a tree finds, in a process of its own, with the packages of this environment."""
    environment = {**os.environ, "PYTHONPATH": str(tree)}
    subprocess.run([sys.executable, "-m", "tests.bench", name], cwd=tree, env=environment, check=True)
    found: dict[str, dict[str, Values]] = json.loads((tree / "docs" / "benchmarks.json").read_text("utf-8"))
    return found[name]["values"]


def times(values: Values) -> Iterator[tuple[str, float]]:
    """The durations among the values: milliseconds and seconds as they are, and speeds turned over."""
    for key, value in values.items():
        if isinstance(value, int | float) and " : " not in key:
            if "(ms" in key or key.endswith("(s)"):
                yield key, float(value)
            elif key.endswith("(×)"):
                yield key, 1 / value


@contextmanager
def at(commit: str) -> Iterator[Path]:
    """The files of a commit, in a folder of their own."""
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "before"
        subprocess.run(["git", "worktree", "add", "--detach", str(tree), commit], cwd=ROOT, check=True)
        try:
            yield tree
        finally:
            subprocess.run(["git", "worktree", "remove", "--force", str(tree)], cwd=ROOT, check=True)


def shorten(benchmark: Path) -> None:
    text = benchmark.read_text("utf-8")
    for long, short in SHORTER.items():
        text = text.replace(long, short)
    benchmark.write_text(text, "utf-8")


def earlier(commit: str) -> Values:
    """What other benchmarks found beside the same commit."""
    kept: Values = (
        json.loads((ROOT / "docs" / "benchmarks.json").read_text("utf-8")).get("compared", {}).get("values", {})
    )
    return kept if kept.get(COMMIT) == commit else {}


def main(commit: str, names: list[str]) -> None:
    ratios = earlier(commit)
    with at(commit) as before, at("HEAD") as now:
        trees = {"before": before, "now": now}
        for tree in trees.values():
            shorten(tree / "tests" / "bench" / "browser.py")
        for name in names:
            found: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
            for turn in TURNS:
                for key, value in times(run(trees[turn], name)):
                    found[key][turn].append(value)
            for key, by_turn in found.items():
                if len(by_turn) == 2:
                    was, is_now = (statistics.mean(by_turn[turn]) for turn in ("before", "now"))
                    least = min(by_turn["now"]) / min(by_turn["before"])
                    ratios[f"{name}, {key}"] = f"{is_now / was:.2f} (of the shortest: {least:.2f})"
    print(json.dumps(ratios, ensure_ascii=False, indent=1))
    keep({"compared": {COMMIT: commit, **ratios}})


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:] or list(NAMES))
