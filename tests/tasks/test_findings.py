"""What a library knows of its videos, as samples that a label is learned from."""

from pathlib import Path

import numpy as np
import pytest

from studio import tasks
from studio.config import Settings
from studio.errors import ModelUnavailable
from studio.jobs import handlers
from studio.tasks import TaskContext, VideoRef, findings
from studio.tasks.findings import Findings, people_rows, text_samples
from studio.tasks.lesson import is_read, mean_within
from tests.films import write_film

ONE, TWO = np.eye(2, dtype=np.float32)


def test_texts_are_samples_between_their_starts_and_ends() -> None:
    lines = [(1_000_000, 2_000_000, "a"), (1_500_000, 7_000_000, "b")]
    rows, edges = text_samples(lines, np.stack([ONE, TWO]), 8_000_000)
    assert edges[0] == 0 and edges[-1] == 8 and (np.diff(edges) <= findings.LONGEST_S + 1e-9).all()
    assert {1.0, 1.5, 2.0, 7.0} <= set(edges.tolist())

    def at(second: float) -> list[float]:
        found: list[float] = rows[np.searchsorted(edges, second, "right") - 1].tolist()
        return found

    assert [at(0.5), at(1.2), at(1.7), at(3.0), at(6.9), at(7.5)] == [
        [0, 0],
        [1, 0],
        [0.5, 0.5],
        [0, 1],
        [0, 1],
        [0, 0],
    ]


@pytest.mark.parametrize("lines", [[(0, 0, "a")], [(9_000_000, 12_000_000, "a")], [(-5, 10_000, "a")]])
def test_a_line_outside_a_video_or_without_length_is_no_sample(lines: list[findings.Line]) -> None:
    rows, edges = text_samples(lines, ONE[None], 3_000_000)
    assert len(edges) == len(rows) + 1 and edges[-1] == 3 and not rows.any()


def test_a_mean_over_time_is_weighed_by_how_long_each_sample_lasts() -> None:
    rows, edges = np.array([[1.0], [3.0]], np.float32), np.array([0.0, 1.0, 4.0])
    found = mean_within(rows, edges, np.array([0.0, 2.0, 3.0, 5.0]))
    assert found[:, 0].tolist() == [2.0, 3.0, 1.5], "beyond the samples there is nothing"


def test_people_are_sampled_from_the_curves_of_runs() -> None:
    def curve(begin: float, end: float, score: float) -> dict[str, object]:
        times = np.arange(begin, end, 0.04)
        return {"times": times.tolist(), "scores": [score] * len(times)}

    speakers = {"tracks": [curve(0, 4, 0.9), curve(2, 4, 0.6)], "off_screen": curve(5, 6, 0.8)}
    emotions = {
        "curves": [
            {"track": "Face 1", "label": "happy", "source": "face", **curve(1, 2, 0.7)},
            {"track": "Emotion", "label": "anger", "source": "fused", **curve(4, 6, 0.5)},
            {"track": "Emotion", "label": "anger", "source": "text", **curve(0, 6, 1.0)},
            {"track": "Face 1", "label": "a label of another model", "source": "face", **curve(0, 6, 1.0)},
        ]
    }
    rows = people_rows(speakers, emotions, 6_000_000)
    assert rows.shape == (24, len(findings.PEOPLE))

    def number(name: str, second: float) -> float:
        return round(float(rows[int(second / findings.STEP_S), findings.PEOPLE.index(name)]), 2)

    assert [number("speaks", t) for t in (1, 3, 4.5)] == [0.9, 0.9, 0]
    assert [number("another speaks", t) for t in (1, 3)] == [0, 0.6]
    assert [number("faces", t) for t in (1, 3, 5)] == [0.25, 0.5, 0]
    assert [number("off screen", t) for t in (4.5, 5.5)] == [0, 0.8]
    assert [number("face: happy", t) for t in (0.5, 1.5)] == [0, 0.7]
    assert [number("together: anger", t) for t in (1, 5)] == [0, 0.5]
    resting = {"track": "Emotion", "label": "surprise", "source": "face", **curve(0, 6, 0.4)}
    assert not people_rows(None, {"curves": [resting]}, 6_000_000).any(), "evidence, on another scale"
    assert people_rows(None, emotions, 6_000_000).any() and not len(people_rows(None, None, 6_000_000))


def test_times_that_go_back_lose_nothing() -> None:
    """Middles of lines: a long one holds a short one."""
    said = {"track": "Emotion", "label": "anger", "source": "fused", "times": [5, 4.5, 6.5], "scores": [0.9, 0.1, 0.9]}
    rows = people_rows(None, {"curves": [said]}, 10_000_000)[:, findings.PEOPLE.index("together: anger")]
    assert np.flatnonzero(rows).tolist() == list(range(18, 27)) and rows.max() == np.float16(0.9)


def test_what_is_no_curve_is_left_out() -> None:
    """Of another release, or another program."""
    good = {"track": "Face 1", "label": "happy", "source": "face", "times": [0, 1], "scores": [0.5, 0.5]}
    others = [
        {"track": "x", "times": [0], "scores": [[1, 0]]}, {"track": "x"}, 7, {**good, "scores": [0.5]},
        {**good, "times": ["now", "then"]}, {"times": [0, 1], "scores": [1, 1]},
    ]  # fmt: skip
    speakers = {"tracks": [{"boxes": []}], "off_screen": None}
    alone = people_rows(None, {"curves": [good]}, 2_000_000)
    assert alone.any() and np.array_equal(people_rows(speakers, {"curves": [*others, good]}, 2_000_000), alone)


def test_what_is_kept_comes_back_and_says_of_what_it_was_made(tmp_path: Path) -> None:
    cache = TaskContext(Settings(home=tmp_path).ensure()).cache
    assert findings.findings_of(cache, "v") is None and findings.findings_state(cache, "v") == ""
    found = Findings([(0, 5, "déjà\0vu"), (7, 9, "")], [], np.ones((2, len(findings.PEOPLE)), np.float16))
    findings.keep_findings(cache, "v", "3 1|", found)
    again = findings.findings_of(cache, "v")
    assert again is not None and findings.findings_state(cache, "v") == "3 1|"
    assert (again.said, again.written) == ([(0, 5, "déjà vu"), (7, 9, "")], []) and again.people.sum() == 2 * len(
        findings.PEOPLE
    )


def test_a_text_is_encoded_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context = TaskContext(Settings(home=tmp_path).ensure())
    first = findings.text_vectors(context, "v", ["hello", "a red car", "hello"])
    assert np.allclose((first**2).sum(1), 1, atol=1e-2) and np.array_equal(first[0], first[2])
    asked: list[str] = []
    encoder = context.model("sentence_embedding")
    real = encoder.encode
    monkeypatch.setattr(encoder, "encode", lambda texts: [asked.extend(texts), real(texts)][1])
    again = findings.text_vectors(context, "v", ["a red car", "goodbye"])
    assert asked == ["goodbye"] and np.array_equal(again[0], first[1])
    assert findings.text_vectors(context, "v", []).shape == (0, 0)
    findings.text_vectors(context, "v", ["a red car", "new"], are_all=True)
    kept = context.cache.load_arrays("v", findings.VECTORS, "hashes")
    assert kept is not None and len(kept["hashes"]) == 2, "texts that are gone are forgotten"


def test_a_video_of_which_only_words_are_known_can_be_read(tmp_path: Path) -> None:
    """So what a detector found there that goes by something else now is given up."""
    context, video = TaskContext(Settings(home=tmp_path).ensure()), VideoRef("v", "", 5_000_000)
    assert not is_read(context, video)
    nobody = np.zeros((0, len(findings.PEOPLE)), np.float16)
    findings.keep_findings(context.cache, "v", "1", Findings([(0, 1_000_000, "hello")], [], nobody))
    assert is_read(context, video)


def test_a_job_whose_texts_cannot_be_read_keeps_what_it_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    film = write_film(tmp_path / "film.mp4", 2.0, fps=2)
    film.with_suffix(".srt").write_text("1\n00:00:00,000 --> 00:00:01,000\nhello\n", encoding="utf-8")
    context = TaskContext(Settings(home=tmp_path / "home").ensure())

    def fail(*_: object) -> None:
        raise ModelUnavailable("The package is missing.")

    monkeypatch.setattr(tasks, "text_vectors", fail)
    facts = {"id": "v", "path": str(film), "duration_us": 2_000_000}
    (said,) = handlers.index(context, {"video": facts}).transcripts
    assert [cue.text for cue in said.cues] == ["hello"] and context.features.knows(tasks.key_of(context.settings))
