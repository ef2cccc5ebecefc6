"""Both emotion models: their contract, and that they know more than chance."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from studio import models
from studio.eval import tel
from studio.eval.emotion import mean_precision
from studio.models.emotion.dialog import clean
from studio.recipes import expression as recipe


@pytest.fixture(scope="module", params=["dialog-emotion", "dcin-subtitles"])
def dialog(request: pytest.FixtureRequest) -> Any:
    """Every model of dialogue keeps the same promises."""
    return models.load("dialog_emotion", request.param, device="cpu")


def test_expression_contract(expression: Any, pictures: np.ndarray) -> None:
    found = expression.predict(pictures)
    assert found.shape == (5, len(expression.labels)) == (5, 7)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found.sum(1), 1, atol=1e-5)
    np.testing.assert_array_equal(found, expression.predict(pictures))
    np.testing.assert_allclose(found[2:3], expression.predict(pictures[2:3]), atol=1e-4)
    np.testing.assert_allclose(found, expression.predict(pictures[:, :, ::-1]), atol=1e-4)
    once = [expression.predict(side, mirror=False) for side in (pictures, pictures[:, :, ::-1])]
    np.testing.assert_allclose(found, (once[0] + once[1]) / 2, atol=1e-4)
    assert expression.predict(pictures[:0]).shape == (0, 7)
    assert np.isfinite(expression.predict(np.zeros((1, 48, 48, 3), np.uint8))).all()


def test_expression_refuses_other_input(expression: Any) -> None:
    with pytest.raises(ValueError, match="faces"):
        expression.predict(np.zeros((1, 48, 48, 3), np.float32))


def test_expression_beats_chance(expression: Any, data: Path) -> None:
    from studio.recipes.expression import sheets

    faces, labels = sheets(data / "fer2013", "dev")
    some = np.random.default_rng(0).permutation(len(faces))[:400]
    found = expression.predict(np.repeat(faces[some, :, :, None], 3, axis=3)).argmax(1)
    assert np.mean(found == labels[some]) > 0.5
    assert expression.labels[np.bincount(found).argmax()] in ("happy", "neutral", "sad")


def test_votes_of_raters_belong_to_their_faces(tmp_path: Path) -> None:
    (tmp_path / "sheets.csv").write_text(
        "sheet,label,count\ntrain_a.jpg,angry,2\ndev_a.jpg,sad,1\ntrain_b.jpg,happy,2\n"
    )
    names = "neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF"
    rows = ["train_a.jpg,1,angry,.9,3,0,0,0,5,1,0,1,0,0", "train_b.jpg,0,happy,.9,0,0,0,0,0,0,0,7,3,0",
            "dev_a.jpg,0,sad,.9,0,0,0,10,0,0,0,0,0,0"]  # fmt: skip
    (tmp_path / "ferplus.csv").write_text("\n".join([f"sheet,index,fer2013_label,match,{names}", *rows]))
    found = recipe.votes(tmp_path, "train")
    assert found.tolist() == [[0] * 10, [5, 1, 0, 0, 3, 0, 0, 1, 0, 0], [0] * 7 + [7, 3, 0], [0] * 10]
    assert recipe.votes(tmp_path, "dev").tolist() == [[0, 0, 0, 0, 0, 10, 0, 0, 0, 0]]
    wanted = recipe.targets(np.array([0, 4, 3, 3]), found, trust=0.5)
    np.testing.assert_allclose(wanted[1], [5 / 18, 1 / 18, 0, 0, 3 / 18 + 0.5, 0, 0], atol=1e-6)
    assert wanted[[0, 2, 3]].tolist() == np.eye(7)[[0, 3, 3]].tolist(), "no rater named a class: the label alone"


def test_dialog_contract(dialog: Any) -> None:
    lines = ["<i>- I love you.</i>", "", "Get out of here, I hate you!", "[door slams]"]
    found = dialog.predict(lines)
    assert found.shape == (4, 18)
    assert found.dtype == np.float32
    assert ((found >= 0) & (found <= 1)).all()
    np.testing.assert_array_equal(found, dialog.predict(lines))
    assert dialog.predict([]).shape == (0, 18)
    assert {"aversion", "confidence"} < set(dialog.labels)
    anger = found[:, dialog.labels.index("anger")]
    assert anger[2] > anger[0]
    with pytest.raises(ValueError, match="list of str"):
        dialog.predict("a line")


def test_long_films_are_read_like_short_scenes(dialog: Any) -> None:
    lines = [f"Line number {i % 37} of the film." for i in range(560)]
    long, short = dialog.predict(lines), dialog.predict(lines[490:540])
    np.testing.assert_allclose(long[500:530], short[10:40], atol=1e-4)


def test_dialog_beats_chance(dialog: Any, data: Path) -> None:
    """Random cues reach about 4 % mean average precision."""
    some = tel.read(data / "tel" / "dev.json")[::24]
    scores = np.concatenate([dialog.predict(list(clip.lines)) for clip in some])
    truth = np.concatenate([clip.marks for clip in some if clip.marks is not None])
    assert mean_precision(scores, truth) > 1.5 * mean_precision(np.random.default_rng(0).random(truth.shape), truth)


@pytest.mark.parametrize(
    ("line", "expected"), [("- Hi.", "Hi."), ("<i>a</i> b <", "a b"), ("a > b", "a > b"), ("  ", ""), ("", "")]
)
def test_markup_is_taken_off(line: str, expected: str) -> None:
    assert clean(line) == expected
