"""Ranks, their summary, and the files they are read from."""

import json
from pathlib import Path
from typing import Any

import pytest

from studio.errors import FormatError
from studio.eval import evaluate
from studio.eval.retrieval import metrics, rank


def hit(video: str, score: float, path: str = "") -> dict[str, Any]:
    return {"video": video, "path": path or f"/films/{video}.mp4", "score": score, "start": 0.0, "end": 1.0}


@pytest.fixture
def run(tmp_path: Path) -> Any:
    """(truth, predictions) as values or text → the report."""

    def call(truth: Any, predictions: Any) -> dict[str, Any]:
        files = []
        for name, value in (("truth.json", truth), ("found.json", predictions)):
            files.append(tmp_path / name)
            files[-1].write_text(value if isinstance(value, str) else json.dumps(value), "utf-8")
        return evaluate("retrieval", *files)

    return call


def test_a_rank_counts_what_is_strictly_better() -> None:
    scores = {"a": 0.5, "b": 0.5, "c": 0.7}
    assert [rank(scores, video, 9) for video in "abcd"] == [2, 2, 1, 9]


def test_the_summary_of_known_ranks() -> None:
    assert metrics([1, 2, 6, 11]) == {"R@1": 25, "R@5": 50, "R@10": 75, "MedR": 4, "MnR": 5}


def test_the_output_of_search_is_accepted(run: Any) -> None:
    truth = [{"query": "a dog", "video": "v1"}, {"query": " a  cat", "video": "v2.mp4"}, {"query": "x", "video": "v3"}]
    found = {"results": [
        {"query": "a dog", "hits": [hit("v1", 0.9), hit("v2", 0.8), hit("v1", 0.1)]},
        {"query": "a cat", "hits": [hit("v1", 0.9), hit("v2", 0.8)]},
        {"query": "x", "hits": [hit("v1", 0.9)]},
    ]}  # fmt: skip
    report = run(truth, found)
    assert report["metrics"] == {"R@1": 33.33, "R@5": 100, "R@10": 100, "MedR": 2, "MnR": 2}
    assert (report["queries"], report["answered"], report["not_returned"], report["videos"]) == (3, 3, 1, 3)
    assert report["baselines"]["chance"]["R@1"] == 33.33


def test_a_video_with_many_captions_is_many_queries(run: Any) -> None:
    truth = "".join(json.dumps({"query": q, "video": "/films/v1.mp4"}) + "\n" for q in ("a", "b", "c"))
    found = [{"query": "a", "hits": [hit("v1", 1)]}, {"query": "b", "hits": [hit("v2", 1), hit("v1", 0.5)]}]
    report = run(truth, found)
    assert report["metrics"]["R@1"] == 33.33
    assert report["answered"] == 2


@pytest.mark.parametrize(
    ("truth", "found", "says"),
    [
        ("not json", [], "line 1, is not JSON"),
        ([], [], "list of JSON objects"),
        ([{"query": "a"}], [{"query": "a", "hits": []}], "needs a “query” and a “video”"),
        ([{"query": "a", "video": "v"}], [{"query": "b", "hits": []}], "do the files belong together"),
        ([{"query": "a", "video": "v"}], [{"query": "a"}], "needs a “query” and “hits”"),
        ([{"query": "a", "video": "v"}], [{"query": "a", "hits": [hit("v", float("nan"))]}], "must be a number"),
        ([{"query": "a", "video": "v"}], [{"query": "a", "hits": [3]}], "names no “video”"),
        ([{"query": "a", "video": "v"}], [{"query": "a", "hits": 3}], "must be a list"),
        ("[" * 100_000, [], "line 1, is not JSON"),
    ],
)
def test_a_bad_file_is_one_clear_sentence(run: Any, truth: Any, found: Any, says: str) -> None:
    with pytest.raises(FormatError, match=says):
        run(truth, found)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"truth\.json"):
        evaluate("retrieval", tmp_path / "truth.json", tmp_path / "found.json")
