"""The official definitions, on the golden example and at their corners, and the files they are read from."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.errors import FormatError
from studio.eval import evaluate
from studio.eval.grounding import average_precision, highlight_hit, iou
from studio.eval.grounding_files import GroundingPrediction, GroundTruth

TRUTH = [
    {"qid": 1, "query": "a dog", "vid": "v1", "duration": 150, "relevant_windows": [[10, 20], [40, 60]]},
    {"qid": 2, "query": "a cat", "vid": "v2", "duration": 30, "relevant_windows": [[0, 30]]},
]
FOUND = [
    {"qid": 1, "pred_relevant_windows": [[38, 58, 0.9], [12, 20, 0.8], [0, 100, 0.1]]},
    {"qid": 2, "pred_relevant_windows": [[0, 18, 0.7], [0, 30, 0.6]]},
]


@pytest.fixture
def run(tmp_path: Path) -> Any:
    """(truth, predictions) as values, lines or text → the report."""

    def call(truth: Any, predictions: Any) -> dict[str, Any]:
        files = []
        for name, value in (("truth", truth), ("found", predictions)):
            files.append(tmp_path / name)
            text = "\n".join(map(json.dumps, value)) if isinstance(value, list) else value
            files[-1].write_text(text if isinstance(text, str) else json.dumps(text), "utf-8")
        return evaluate("grounding", *files)

    return call


def test_the_golden_example(run: Any) -> None:
    """Computed by the official QVHighlights evaluation."""
    found = run(TRUTH, FOUND)["metrics"]
    assert list(found["AP"].values()) == [100, 100, 100, 75, 75, 75, 75, 25, 25, 25]
    assert found["mAP"] == 67.5
    assert list(found["R1"].values()) == [100, 100, 100, 50, 50, 50, 50, 0, 0, 0]
    assert (found["R1@0.3"], found["R1@0.5"], found["R1@0.7"]) == (100, 100, 50)
    assert found["mIoU"] == round(100 * (18 / 22 + 0.6) / 2, 2)
    assert "HIT@1" not in found


def test_what_blind_answers_reach_is_always_beside(run: Any) -> None:
    blind = run(TRUTH, FOUND)["baselines"]
    assert blind["whole_video"]["R1@0.5"] == 50
    assert blind["whole_video"]["mIoU"] == round(100 * (20 / 150 + 1) / 2, 2)
    assert blind["fixed_window"]["mIoU"] >= blind["whole_video"]["mIoU"]
    assert len(blind["fixed_window"]["window"]) == 2


def test_a_question_without_an_answer_has_failed(run: Any) -> None:
    report = run(TRUTH, FOUND[1:])
    assert (report["queries"], report["answered"]) == (2, 1)
    assert report["metrics"]["R1@0.5"] == 50
    assert report["metrics"]["AP"]["0.50"] == 50


def test_a_true_moment_is_found_only_once() -> None:
    question = GroundTruth(None, "q", None, None, [(0, 10), (20, 30)])
    assert average_precision(question, GroundingPrediction([(0, 10), (0, 10)], [0.9, 0.8]), 0.5) == 0.5
    assert average_precision(
        question, GroundingPrediction([(50, 60), (0, 10), (20, 30)], [0.9, 0.8, 0.7]), 0.5
    ) == pytest.approx(2 / 3)
    # the order of the scores counts, and only the first ten of the list
    assert average_precision(question, GroundingPrediction([(50, 60), (0, 10)], [0.1, 0.9]), 0.5) == 0.5
    assert average_precision(question, GroundingPrediction([(50, 60)] * 10 + [(0, 10)], [0.1] * 10 + [0.9]), 0.5) == 0


def test_the_best_clip_is_a_highlight_when_one_annotator_says_so(run: Any) -> None:
    ratings = {"relevant_clip_ids": [5, 6], "saliency_scores": [[1, 2, 4], [3, 3, 3]]}
    truth = [{**TRUTH[0], **ratings}, {**TRUTH[1], **ratings}]
    found = [
        {**FOUND[0], "pred_saliency_scores": [0] * 5 + [1, 0]},
        {**FOUND[1], "pred_saliency_scores": [0] * 6 + [1]},
    ]
    assert run(truth, found)["metrics"]["HIT@1"] == 50
    assert not highlight_hit(GroundTruth(None, "q", None, None, [(0, 1)]), None)


def test_the_output_of_ground_is_accepted(run: Any) -> None:
    moments = [{"start": 4.0, "end": 10.0, "score": 0.7}]
    curve = {"times": [0.0, 19.0], "scores": [0.0, 1.0]}
    truth = [{"query": "a dog", "start": 5, "end": 10, "duration": 20}]
    for found in (
        {"results": [{"query": "a dog", "moments": moments, "curve": curve}]},
        {"moments": moments, "curve": curve},
        [{"query": "a dog", "video": "v1", "moments": moments}],
    ):
        known = [{**truth[0], "video": "v1"}] if isinstance(found, list) else truth
        assert run(known, found)["metrics"]["mIoU"] == round(500 / 6, 2)


def test_an_answer_without_a_query_can_only_be_of_an_only_question(run: Any) -> None:
    with pytest.raises(FormatError, match="do the files belong together"):
        run(TRUTH, {"moments": [{"start": 4.0, "end": 10.0}]})


def test_charades_files_are_accepted_and_their_durations_come_from_the_curve(run: Any) -> None:
    truth = "AAA 0.0 5.0##a person sits.\nBBB 1.0 2.0##a person sits.\n"
    found = [{"video": "AAA", "query": "a person sits.", "moments": [{"start": 0, "end": 5}], "duration": 10},
             {"video": "BBB", "query": "a person sits.", "moments": [{"start": 4, "end": 5}]}]  # fmt: skip
    report = run(truth, found)
    assert report["metrics"]["R1@0.7"] == 50
    assert report["baselines"]["whole_video"]["mIoU"] == 50
    assert report["baselines"]["fixed_window"]["window"] == [0, 0.5]
    assert "1 of 2" in report["note"]


@pytest.mark.parametrize(
    ("truth", "found", "says"),
    [
        ("", FOUND, "list of JSON objects"),
        ("{", FOUND, "line 1, is not JSON"),
        (TRUTH, "[1]", "list of JSON objects"),
        (TRUTH, [{"qid": 1}], "neither “moments” nor “pred_relevant_windows”"),
        (TRUTH, [{"qid": 7, "moments": []}], "do the files belong together"),
        (TRUTH, [{"qid": 1, "moments": [[3, 1]]}], "ends before it starts"),
        (TRUTH, [{"qid": 1, "moments": [[float("inf"), 1]]}], "must be a number"),
        (TRUTH, [{"qid": 1, "moments": [[1]]}], "a moment must be"),
        (TRUTH, [{"qid": 1, "moments": 1}], "must be a list"),
        ([{"query": "q"}], FOUND, "at least one moment"),
        ([{**TRUTH[0], "duration": -1}], FOUND, "“duration” must not be below 0"),
        (TRUTH, [{**FOUND[0], "duration": -1}], "“duration” must not be below 0"),
        (TRUTH, [{"qid": 1, "moments": [[0, 10**400]]}], "must be a number"),
        ([{**TRUTH[0], "saliency_scores": [], "relevant_clip_ids": [1]}], FOUND, "one row for each"),
        ("A 0 1##x\nB 0 1 x", FOUND, "line 2, must read"),
        ("A 0 one##x", FOUND, "must be numbers"),
        ("A 0 1##x\nB 0 1##x", [{"query": "x", "moments": [[0, 1]]}], "several videos"),
    ],
)
def test_a_bad_file_is_one_clear_sentence(run: Any, truth: Any, found: Any, says: str) -> None:
    with pytest.raises(FormatError, match=says):
        run(truth, found)


spans = st.tuples(st.floats(0, 100), st.floats(0, 100)).map(lambda pair: (min(pair), max(pair)))


@given(spans, spans)
def test_overlap_is_symmetric_and_bounded(a: tuple[float, float], b: tuple[float, float]) -> None:
    assert 0 <= iou(a, b) == iou(b, a) <= 1


@given(st.lists(spans, min_size=1, max_size=5), st.lists(spans, max_size=12), st.floats(0.1, 0.9))
def test_precision_is_a_share(truth: list[Any], found: list[Any], threshold: float) -> None:
    question = GroundTruth(None, "q", None, None, truth)
    value = average_precision(question, GroundingPrediction(found, [1 / (n + 1) for n in range(len(found))]), threshold)
    assert 0 <= value <= 1 + 1e-12
