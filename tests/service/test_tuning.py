"""Teaching a label deeper, on real clips: the encoder is tuned, measured on other videos, and used where it helps."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from studio import models
from studio.config import Settings
from studio.errors import MediaError, UsageError
from studio.index import Features, FeatureStore
from studio.models.detection import LabelledVideo, Learned, Measured, View, Weights
from studio.service import Studio
from studio.tasks import VideoRef, teaching, tuning
from studio.timeline import MICROS
from tests.service.test_teaching import by_name, mark


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory, clips: dict[str, Path]) -> Iterator[Studio]:
    """The same clip twice, and another; each test has labels of its own."""
    tmp_path = tmp_path_factory.mktemp("tuned")
    shutil.copy(clips["bikes"], tmp_path / "again.mp4")
    with (tmp_path / "again.mp4").open("ab") as file:
        file.write(b"\0" * 8)  # another file, of the same frames
    studio = Studio(Settings(home=tmp_path / "home", device="cpu"))
    for clip in (clips["bikes"], tmp_path / "again.mp4", clips["carphone"]):
        studio.jobs.index(studio.videos.add(clip)["id"])
    yield studio
    studio.close()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two steps tune as sixty do, but for how much."""
    monkeypatch.setattr("studio.models.detection.tuning.tuned.__kwdefaults__", {
        **models_tuned().__kwdefaults__, "steps": 2,
    })  # fmt: skip


def models_tuned() -> Any:
    from studio.models.detection.tuning import tuned

    return tuned


def better(monkeypatch: pytest.MonkeyPatch, before: float, after: float) -> None:
    """As if so much had been measured: two steps on three clips say nothing."""
    values = iter([before, after])
    monkeypatch.setattr(tuning, "measure", lambda held, folds: Measured(next(values), 0.5, 1.0, folds))


def marked(library: Studio, label: str) -> None:
    for name in ("bikes", "again"):
        mark(library, name, 0.0, 2.0, label, track=label)
        library.teaching.mark_reviewed(by_name(library, name), track=label, annotator="ann")


@pytest.mark.release
def test_an_encoder_that_gets_no_better_is_not_used(
    library: Studio, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    marked(library, "jump")
    better(monkeypatch, 0.4, 0.4)
    made = library.teaching.teach("jump", deeper=True)
    said = "Tuning the encoder did not help: how well right moments come before wrong ones, in videos that it was not"
    assert f"{said} tuned on, is 0.40 of 1, and 0.40 without (average precision)." in made["note"]
    for card in models.cards("detection", library.settings.models):
        assert tuning.UPPER not in card.files


def test_one_that_gets_better_is_kept_with_the_detector_and_reads_other_videos(
    library: Studio, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    marked(library, "ride")
    better(monkeypatch, 0.4, 0.6)
    made = library.teaching.teach("ride", deeper=True)
    said = "The encoder was tuned: how well right moments come before wrong ones, in videos that it was not"
    assert f"{said} tuned on, is 0.60 of 1, and 0.40 without (average precision)." in made["note"]
    assert made["step"] == "classifier"
    (card,) = [card for card in models.cards("detection", library.settings.models) if card.labels == ("ride",)]
    detector = models.load("detection", card.name, folder=library.settings.models)
    plain, _, mark_of = detector.encoder.rpartition("+")
    assert plain.startswith("studio-lite@") and len(mark_of) == 8
    carphone = by_name(library, "carphone")["id"]
    store = FeatureStore(library.cache)
    features, known = (store.whole(carphone, key) for key in (detector.encoder, plain))
    assert features is not None and known is not None
    assert (features.times_us == known.times_us).all()
    assert library.teaching.detect(card.name)["label"] == "ride"


def test_one_video_that_cannot_be_read_is_left_out_and_a_replaced_encoder_leaves_no_vectors(
    library: Studio, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    marked(library, "pedal")
    better(monkeypatch, 0.4, 0.6)
    carphone, real = by_name(library, "carphone")["id"], tuning._frames

    def frames(context: Any, encoder: Any, video: VideoRef, known: Features) -> Any:
        if video.id == carphone:
            raise MediaError("It is damaged.")
        return real(context, encoder, video, known)

    monkeypatch.setattr(tuning, "_frames", frames)
    store = FeatureStore(library.cache)

    def key() -> str:
        (card,) = [card for card in models.cards("detection", library.settings.models) if card.labels == ("pedal",)]
        return models.load("detection", card.name, folder=library.settings.models).encoder

    made = library.teaching.teach("pedal", deeper=True)
    assert "Left out: 1 video that could not be read." in made["note"]
    first = key()
    assert store.knows(first) and not store.has(carphone, first)
    mark(library, "bikes", 4.0, 6.0, "pedal", track="pedal")
    better(monkeypatch, 0.4, 0.6)
    library.teaching.teach("pedal", deeper=True)
    assert first != key() and store.knows(key()) and not store.knows(first)


def test_it_is_tuned_where_something_is_known_and_beside_a_few_others(monkeypatch: pytest.MonkeyPatch) -> None:
    def video(name: str, *known: int) -> LabelledVideo:
        count = len(known)
        return LabelledVideo(name, np.zeros((count, 2), np.float32), np.arange(count + 1.0), np.array(known, np.int8),
                             np.zeros((0, 2)))  # fmt: skip

    monkeypatch.setattr(tuning, "OTHERS", 7)
    some = [video("a", 1, -1), video("b", -1, 0, 0), *(video(f"o{n}", -1, -1, -1) for n in range(9))]
    chosen = [each.name for each in tuning._some(some)]
    assert chosen[:2] == ["a", "b"] and len(chosen) == 4
    assert {each.name for each in tuning._some(some[::-1])} == set(chosen)


def test_it_needs_the_label_in_two_videos(library: Studio, quick: None) -> None:
    mark(library, "bikes", 0.0, 2.0, "fall")
    made = library.teaching.teach("fall", deeper=True)
    assert "The encoder was not tuned: that needs the label in two videos." in made["note"]


def test_a_label_that_covers_whole_videos_shows_nothing_to_tune_on(
    library: Studio, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("bikes", "again"):
        mark(library, name, 0.0, by_name(library, name)["duration_us"] / MICROS, "street")
    made = library.teaching.teach("street", deeper=True)
    assert "not tuned: no video shows both what the label is and what it is not." in made["note"]
    mark(library, "bikes", 0.0, by_name(library, "bikes")["duration_us"] / MICROS, "road")
    mark(library, "again", 0.0, 2.0, "road")
    better(monkeypatch, 0.4, 0.4)
    assert "Tuning the encoder did not help" in library.teaching.teach("road", deeper=True)["note"], "one fold is left"


def test_an_encoder_that_cannot_be_tuned_says_so(library: Studio) -> None:
    class Fixed:
        name = "ViT-B-32"

    with pytest.raises(UsageError, match="ViT-B-32 cannot be tuned here"):
        tuning.is_wanted(None, Fixed(), True)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("step", "ap", "is_tuned"), [("head", 0.6, False), ("head", 0.4, True), ("classifier", 0.6, True)]
)
def test_a_tuned_encoder_takes_the_place_of_a_better_head_nowhere(
    monkeypatch: pytest.MonkeyPatch, step: str, ap: float, is_tuned: bool
) -> None:
    weights = Weights(np.zeros(2, np.float32), np.zeros(2, np.float32), 1.0, 0.0, ())
    learned = Learned(weights, step, Measured(ap, ap, 1.0, 2), None)
    better = tuning.Tuning("tuned", b"x", SimpleNamespace(name="e", version="1+t"),
                           Learned(weights, "classifier", Measured(0.5, 0.5, 1.0, 2), None))  # fmt: skip
    dropped: list[str] = []
    context: Any = SimpleNamespace(
        model=lambda task: SimpleNamespace(name="e", version="1"), part=lambda start, end: None,
        features=SimpleNamespace(drop=dropped.append),
    )  # fmt: skip
    monkeypatch.setattr(tuning, "is_wanted", lambda *_: True)
    monkeypatch.setattr(tuning, "tune", lambda *_: better)
    lesson, view = teaching.Lesson("x", "T", {}), View(np.zeros(2, np.float32), [])
    found = teaching._deeper(context, lesson, view, "e@1", learned, False, [])
    assert (found is better, dropped) == ((True, []) if is_tuned else (False, ["e@1+t"]))
    assert found.note == "tuned" or "what is around the moments tells more" in found.note
    heard = teaching._deeper(context, lesson, view, "sound@1", learned, False, [])
    assert heard.learned is None and "by the sound" in heard.note
