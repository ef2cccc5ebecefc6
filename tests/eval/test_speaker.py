"""AVA-ActiveSpeaker's and Columbia's definitions, on the golden example and at their corners."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.errors import FormatError
from studio.eval import evaluate
from studio.eval.speaker import AVA, average_precision, covered, f1, smoothed

TRUE = [1, 0, 1, 1, 0, 0, 1, 0]
SCORES = [0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2]


def rows(labels: list[str], scores: list[float] | None = None) -> list[str]:
    lines = [f"v1,{900 + i / 25:.2f},0.1,0.2,0.3,0.4,{label},v1_0:{i % 2}" for i, label in enumerate(labels)]
    return lines if scores is None else [f"{line},{score}" for line, score in zip(lines, scores, strict=True)]


TRUTH = rows(["SPEAKING_AUDIBLE" if true else "SPEAKING_NOT_AUDIBLE" for true in TRUE])
FOUND = rows(["SPEAKING_AUDIBLE"] * 8, SCORES)


@pytest.fixture
def run(tmp_path: Path) -> Any:
    def call(truth: list[str], predictions: list[str]) -> dict[str, Any]:
        files = []
        for name, lines in (("truth", truth), ("found", predictions)):
            files.append(tmp_path / name)
            files[-1].write_text("\n".join(lines), "utf-8")
        return evaluate("speaker", *files)

    return call


def test_the_golden_example(run: Any) -> None:
    """Computed by the official script."""
    assert 100 * average_precision(SCORES, TRUE) == pytest.approx(76.7857, abs=5e-5)
    report = run(TRUTH, FOUND)
    assert report["metrics"] == {"mAP": 76.79}
    assert (report["queries"], report["answered"], report["speaking"]) == (8, 8, 4)


def test_what_blind_answers_reach_is_beside(run: Any) -> None:
    blind = run(TRUTH, FOUND)["baselines"]
    assert blind["always_speaking"] == {"mAP": 50}
    assert 40 < blind["random"]["mAP"] < 80


def test_a_line_of_names_in_any_order_is_understood(run: Any) -> None:
    named = [",".join(AVA), *TRUTH]
    turned = [",".join((*AVA, "score")[::-1]), *(",".join(line.split(",")[::-1]) for line in FOUND)]
    assert run(named, turned) == run(TRUTH, FOUND)
    instance = [f"{line},1,v1_0:0:0" for line in TRUTH]  # two more columns, as TalkNet's files have
    assert run(instance, FOUND)["metrics"] == {"mAP": 76.79}


def test_only_rows_in_both_files_count(run: Any) -> None:
    other = [*FOUND[:7], FOUND[7].replace("v1_0:1", "v1_0:9")]
    report = run(TRUTH, other)
    assert (report["queries"], report["answered"]) == (8, 7)
    assert report["metrics"]["mAP"] == 76.79


def changed(lines: list[str], row: int, old: str, new: str) -> list[str]:
    return [*lines[:row], lines[row].replace(old, new), *lines[row + 1 :]]


@pytest.mark.parametrize(
    ("truth", "found", "says"),
    [
        (TRUTH, FOUND[1:], "has 8 rows and “found” 7"),
        (TRUTH, changed(FOUND, 2, "SPEAKING_AUDIBLE", "NOT_SPEAKING"), "must be SPEAKING_AUDIBLE"),
        (TRUTH, changed(FOUND, 2, "0.4,", "0.400001,"), "boxes of v1_0:0 at 900.08 s differ"),
        (TRUTH, changed(FOUND, 0, "0.9", "high"), "“score” in “found” must be a number, not 'high'"),
        (TRUTH, changed(FOUND, 0, ",0.9", ""), "row 1, has 8 columns instead of 9"),
        ([*TRUTH[:7], TRUTH[0]], FOUND, "“truth” has two rows of v1_0:0 at 900.00 s"),
        (TRUTH, [line.replace("v1_0", "v2_0") for line in FOUND], "do the files belong together"),
        (rows(["NOT_SPEAKING"] * 8), FOUND, "Nobody speaks"),
        (changed(TRUTH, 3, "SPEAKING_AUDIBLE", "LOUD"), FOUND, "a “label” of"),
        (changed(TRUTH, 3, "900.12", "soon"), FOUND, "“frame_timestamp” in “truth” must be a number"),
        ([""], FOUND, "“truth” is empty"),
        ([",".join(AVA)], FOUND, "“truth” has no rows"),
    ],
)
def test_a_bad_file_is_one_clear_sentence(run: Any, truth: list[str], found: list[str], says: str) -> None:
    with pytest.raises(FormatError, match=says):
        run(truth, found)


def test_columbia(run: Any) -> None:
    """Truth at 29.97 frames a second meets predictions at 25; a box counts when more than half of it is covered."""
    truth = ["frame,x1,y1,x2,y2,speaker,speaking"]
    found = ["frame,x1,y1,x2,y2,score"]
    for frame in range(0, 30, 6):
        truth += [f"{frame},0,0,10,10,Bell,{int(frame < 18)}", f"{frame},50,0,60,10,Long,1", f"{frame},0,0,9,9,Abbas,1"]
        found += [f"{int(frame / 29.97 * 25)},2,0,12,10,{0.5 if frame < 12 else -1}"]
        found += [f"{int(frame / 29.97 * 25)},{50 if frame < 24 else 56},0,60,10,3"]
    report = run(truth, found)
    assert report["metrics"] == {"F1": 90, "Bell": 80, "Long": 100}
    assert (report["queries"], report["answered"]) == (10, 9)
    assert report["baselines"]["always_speaking"] == {"F1": 87.5, "Bell": 75, "Long": 100}
    with pytest.raises(FormatError, match="do the files belong together"):
        run(truth, [found[0], "99,0,0,10,10,1"])
    with pytest.raises(FormatError, match="has no column “speaking”"):
        run([truth[0].replace("speaking", "says"), truth[1]], found)


def test_small_parts() -> None:
    assert smoothed([0, 0, 5, 0, 0, 0]) == [5 / 3, 5 / 4, 1, 1, 5 / 4, 0]
    assert covered((0, 0, 10, 10), (5, 5, 20, 20)) == 0.25
    assert covered((0, 0, 0, 0), (0, 0, 1, 1)) == 0
    assert f1([]) == 0
    assert f1([(True, True), (True, False), (False, True)]) == 0.5
    with pytest.raises(ValueError, match="nothing is true"):
        average_precision([1.0], [False])


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=40))
def test_precision_is_a_share_and_does_not_read_the_scale(pairs: list[tuple[float, bool]]) -> None:
    scores, truth = [score for score, _ in pairs], [true for _, true in pairs]
    if any(truth):
        value = average_precision(scores, truth)
        assert 0 < value <= 1
        assert average_precision([8 * score for score in scores], truth) == pytest.approx(value)
        assert average_precision([float(true) for true in truth], truth) == 1
