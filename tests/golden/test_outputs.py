"""The embedded models answer as they did when their versions were written down."""

import json

import numpy as np
import pytest

from studio import models
from tests.golden.outputs import FILE, TASKS, embedded

GOLDEN = json.loads(FILE.read_text(encoding="utf-8"))
TOLERANCE = {
    "text_video": 0.02,
    "grounding": 0.05,
    "face_detector": 0.5,
}  # half precision, and pixels; the others: 0.02


def test_every_embedded_model_has_its_outputs_written_down() -> None:
    assert {card.name: card.version for card in embedded()} == {
        name: golden["version"] for name, golden in GOLDEN.items()
    }, "python -m tests.golden.outputs"


@pytest.mark.parametrize("card", embedded(), ids=lambda card: card.name)
def test_a_model_answers_as_before(card: models.ModelCard) -> None:
    found, golden = (np.array(values) for values in (TASKS[card.task](card.name), GOLDEN[card.name]["output"]))
    assert found.shape == golden.shape
    assert np.isfinite(found).all() and np.ptp(golden) > 0
    assert found == pytest.approx(golden, abs=TOLERANCE.get(card.task, 0.02))
