"""Labels of what is said, of what is written on the screen and of what people do: learned from what the library knows
of its videos, and found where it knows as much of others."""

import errno
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from studio.config import Settings
from studio.errors import StoreError, UsageError
from studio.eval.grounding import iou
from studio.index import Cache, Features, FeatureStore
from studio.service import Studio
from studio.store import runs
from studio.store import transcripts as lines_of
from studio.tasks import detector_name
from studio.tasks.findings import findings_of
from studio.timeline import MICROS, ON_SCREEN, Cue, ModelRun, Prediction, Segment
from tests.films import write_film

SECONDS, LASTS = 40, 3
STARTS = ((4, 16, 31), (7, 22, 34), (1, 13, 28), (10, 19, 25))  # of the moments of each film
THANKS = (
    "Thank you so much for your help.", "Thanks, that is very kind of you.", "I am really grateful for this.",
    "Oh, thank you, I appreciate it.",
)  # fmt: skip
OTHERS = (
    "The train leaves at nine in the morning.", "Where did you put the keys?", "We should paint the kitchen white.",
    "My brother works in a hospital.", "It will rain all afternoon.", "He plays the piano every day.",
    "The report must be ready by Friday.", "Do you want more soup?", "They moved to another city last year.",
)  # fmt: skip

Line = tuple[float, float, str]


def lines(film: int) -> list[Line]:
    """What is said in a film: thanks at STARTS, and other things all the time between."""
    found, other = list[Line](), film
    for start in range(1, SECONDS - LASTS + 1, LASTS):
        if any(abs(start - at) < LASTS for at in STARTS[film]):
            continue
        found.append((start, start + LASTS - 0.2, OTHERS[other % len(OTHERS)]))
        other += 1
    thanks = [(at, at + LASTS, THANKS[(film + n) % len(THANKS)]) for n, at in enumerate(STARTS[film])]
    return sorted([*found, *thanks])


@pytest.fixture
def films(tmp_path: Path) -> Iterator[tuple[Studio, list[dict[str, Any]]]]:
    """Four films without a sound, in which there is nothing to see; in three of them the moments are labelled."""
    studio = Studio(Settings(home=tmp_path / "home"))
    rows = [studio.videos.add(write_film(tmp_path / f"film{n}.mp4", SECONDS, fps=1)) for n in range(len(STARTS))]
    frames, rng = FeatureStore(studio.cache), np.random.default_rng(0)
    for number, row in enumerate(rows):
        vectors = rng.normal(size=(2 * SECONDS, 512))
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        times = np.arange(2 * SECONDS, dtype=np.int64) * (MICROS // 2)
        frames.put(row["id"], studio.media.encoder, Features(times, vectors.astype(np.float16)))
        edits = [
            {"edit_id": f"{number}-{n}", "op": "create", "id": f"{number}-{n}", "base_version": 0, "track": "Acts",
             "label": "thanking", "start": start, "end": start + LASTS}
            for n, start in enumerate(STARTS[number])
        ]  # fmt: skip
        if number < 3:
            assert all(each["ok"] for each in studio.timelines.save(row["id"], edits)["results"])
    yield studio, rows
    studio.close()


def say(studio: Studio, video: str, said: Sequence[Line]) -> None:
    cues = [Cue(round(start * MICROS), round(end * MICROS), text) for start, end, text in said]

    def write(db: Any) -> None:
        for cue in cues:
            lines_of.insert(db, video, cue, "ann")

    studio.store.write(write)


def found_in(taught: Mapping[str, Any], row: Mapping[str, Any], film: int) -> list[int]:
    """The moments of a film that are among its predictions above one half, at an IoU of .5."""
    here = [each for each in taught["predictions"] if each["video"] == row["id"] and each["score"] > 0.5]
    return [at for at in STARTS[film] if any(iou((e["start"], e["end"]), (at, at + LASTS)) >= 0.5 for e in here)]


def test_a_label_of_what_is_said_is_learned_from_transcripts(films: tuple[Studio, list[dict[str, Any]]]) -> None:
    studio, rows = films
    assert studio.teaching.teach("thanking")["modalities"] == ["vision"], "nothing else is known"
    for number, row in enumerate(rows):
        say(studio, row["id"], lines(number))
    taught = studio.teaching.teach("thanking")
    assert taught["modalities"] == ["transcript"] and taught["measured"]["ap"] > 0.8
    assert "by what is said" in taught["note"]
    assert found_in(taught, rows[3], 3) == list(STARTS[3])
    assert studio.teaching.measure("thanking")["precision"]["5"]["0.5"] > 0.6

    # a line is corrected: its film is found anew with what it says now
    line = next(each for each in studio.transcripts.lines(rows[3]) if each["start"] == STARTS[3][0])
    studio.store.write(
        lambda db: lines_of.update(
            db, rows[3]["id"], line["id"], Cue(10 * MICROS, 13 * MICROS, "The shop closes at noon."), "ann"
        )
    )
    again = studio.teaching.detect(detector_name("thanking", "Acts"))
    assert again["modalities"] == ["transcript"] and found_in(again, rows[3], 3) == list(STARTS[3][1:])

    content = studio.detectors.export(detector_name("thanking", "Acts"))
    studio.detectors.delete(detector_name("thanking", "Acts"))
    name = studio.detectors.import_(content)["name"]
    assert found_in(studio.teaching.detect(name), rows[3], 3) == list(STARTS[3][1:])


def test_without_a_transcript_a_detector_of_what_is_said_says_what_it_needs(
    films: tuple[Studio, list[dict[str, Any]]], tmp_path: Path
) -> None:
    studio, rows = films
    for number, row in enumerate(rows[:3]):
        say(studio, row["id"], lines(number))
    assert studio.teaching.teach("thanking")["modalities"] == ["transcript"]
    with pytest.raises(UsageError, match="needs a transcript, and nothing here has it; write down what is said"):
        studio.teaching.detect(detector_name("thanking", "Acts"), [rows[3]])


def test_a_cache_that_cannot_be_written_is_told(
    films: tuple[Studio, list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    studio, rows = films
    say(studio, rows[0]["id"], lines(0))

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Cache, "save_arrays", full)
        with pytest.raises(StoreError, match=r"cache cannot be written \(No space left on device\); make room"):
            studio.teaching.teach("thanking")
    assert studio.teaching.teach("thanking")["label"] == "thanking"
    assert findings_of(studio.cache, rows[0]["id"]) is not None


def test_a_label_of_what_is_written_is_learned_from_the_screen(films: tuple[Studio, list[dict[str, Any]]]) -> None:
    studio, rows = films
    for number, row in enumerate(rows):
        read = [
            Prediction(Segment(round(a * MICROS), round(b * MICROS)), ON_SCREEN, text, 0.9)
            for a, b, text in lines(number)
        ]
        run = ModelRun(row["id"], "text_reading", "pp-ocr", "1", read, {"note": ""})
        studio.store.write(lambda db, run=run: runs.insert(db, run))
    taught = studio.teaching.teach("thanking")
    assert taught["modalities"] == ["screen_text"] and "by what is written on the screen" in taught["note"]
    assert found_in(taught, rows[3], 3) == list(STARTS[3])


def test_a_label_of_what_people_do_is_learned_from_speakers_and_faces(
    films: tuple[Studio, list[dict[str, Any]]],
) -> None:
    """Two people speak at once and smile, or one of them does neither."""
    studio, rows = films
    for number, row in enumerate(rows):
        times = [t / 5 for t in range(SECONDS * 5)]
        during = [any(at <= t < at + LASTS for at in STARTS[number]) for t in times]
        one = {"times": times, "scores": [0.9] * len(times)}
        other = {"times": times, "scores": [0.8 if inside else 0.1 for inside in during]}
        smile = {"track": "Face 1", "label": "happy", "source": "face", **other}
        speakers = ModelRun(row["id"], "speaker", "studio-asd", "1", [], {"tracks": [one, other]})
        emotions = ModelRun(row["id"], "emotion", "expression", "1", [], {"curves": [smile]})
        for run in (speakers, emotions):
            studio.store.write(lambda db, run=run: runs.insert(db, run))
    taught = studio.teaching.teach("thanking")
    assert taught["modalities"] == ["people"] and "by who speaks and what faces express" in taught["note"]
    assert found_in(taught, rows[3], 3) == list(STARTS[3])
