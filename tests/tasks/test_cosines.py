"""Numbers that were chosen with one encoder mean the same with another, whose cosines lie elsewhere."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from studio.config import Settings
from studio.index import Features
from studio.tasks.context import TaskContext
from studio.tasks.feedback import ALIKE, STRENGTH, Slot, recall
from studio.tasks.query import TUNED_LIKENESS, TUNED_SCALE, alike_texts, cosine_unit, encoder_key

DIM = 300


class Encoder:
    """Texts that say different things have the cosine `usual`, as those of CLIP that all point into one cone."""

    name, version = "cone", "1"

    def __init__(self, usual: float, scale: float) -> None:
        self.usual, self.scale = usual, scale
        self.known: dict[str, int] = {}

    def encode_text(self, texts: list[str]) -> np.ndarray:
        found = np.zeros((len(texts), DIM), np.float32)
        found[:, 0] = np.sqrt(self.usual)
        for row, text in zip(found, texts, strict=True):
            row[1 + self.known.setdefault(text, len(self.known))] = np.sqrt(1 - self.usual)
        return found


@pytest.fixture
def context(tmp_path: Path) -> TaskContext:
    return TaskContext(Settings(home=tmp_path, device="cpu").ensure())


def test_an_encoder_says_how_far_its_cosines_lie_apart(context: TaskContext) -> None:
    assert cosine_unit(Encoder(0.7, 100.0)) == pytest.approx(TUNED_SCALE / 100)
    assert alike_texts(context, Encoder(0.7, 100.0), ALIKE) == pytest.approx(
        0.7 + 0.3 * (ALIKE - TUNED_LIKENESS) / (1 - TUNED_LIKENESS), abs=1e-4
    )


@pytest.mark.parametrize("usual", [0.0, 0.7])
def test_only_a_question_like_this_one_pulls(context: TaskContext, usual: float) -> None:
    encoder: Any = Encoder(usual, 100.0)
    rows = np.eye(4, DIM, dtype=np.float32)
    features = Features(np.arange(4) * 1_000_000, rows.astype(np.float16))
    context.features.put("v1", encoder_key(encoder), features)
    slot = Slot("a dog runs", "v1", 1_000_000, 2_000_000)
    other, same = encoder.encode_text(["a red car", "a dog runs"])
    assert recall(context, encoder, other, features, [slot])[1] == 0, "texts of CLIP are never far apart"
    gain, used = recall(context, encoder, same, features, [slot])
    assert used == 1 and gain.argmax() == 1
    assert gain.max() == pytest.approx(STRENGTH * TUNED_SCALE / 100, rel=1e-3)
