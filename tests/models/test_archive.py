"""A taught label as a file: what goes out comes in whole, and nothing else does."""

import hashlib
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from studio.models import ModelCard, ModelError, cards, keep, load
from studio.models.archive import deleted, exported, imported, opened
from studio.models.detection import Weights, packed

MOST = 1 << 20
Change = Callable[[dict[str, bytes]], None]


def taught(folder: Path, name: str = "goal-3f2a1b") -> ModelCard:
    rng = np.random.default_rng(0)
    weights = Weights(*rng.normal(size=(2, 8)).astype(np.float32), 20.0, -1.0, (0.0, 1.0))
    card = ModelCard(
        name, "detection", "2", "yours", "taught", "“goal”, taught.", {}, labels=("goal",),
        architecture="label-detector", metrics={"AP": 0.5},
    )  # fmt: skip
    files = {"weights": packed(weights, "studio-lite@2", "classifier"), "examples": b'["a1@2"]'}
    return keep(card, files, folder, Path.write_bytes)


def opening(content: bytes) -> tuple[ModelCard, dict[str, bytes]]:
    return opened(content, "detection", "label-detector", MOST)


def rezipped(content: bytes, change: Change) -> bytes:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        inside = {name: archive.read(name) for name in archive.namelist()}
    change(inside)
    packed_again = io.BytesIO()
    with zipfile.ZipFile(packed_again, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in inside.items():
            archive.writestr(name, data)
    return packed_again.getvalue()


def test_it_comes_whole_and_does_the_same(tmp_path: Path) -> None:
    card = taught(tmp_path / "one")
    content = exported(card, tmp_path / "one")
    assert exported(card, tmp_path / "one") == content
    made = imported(*opening(content), tmp_path / "two", Path.write_bytes)
    assert (made.name, made.version, made.labels, dict(made.metrics)) == ("goal-3f2a1b", "2", ("goal",), {"AP": 0.5})
    rows = np.random.default_rng(1).normal(size=(5, 8))
    one, two = (load("detection", card.name, "cpu", tmp_path / folder) for folder in ("one", "two"))
    np.testing.assert_array_equal(one.curve(rows), two.curve(rows))
    with pytest.raises(ModelError, match="here already; delete it first"):
        imported(*opening(content), tmp_path / "two", Path.write_bytes)


def test_deleting_leaves_the_rest(tmp_path: Path) -> None:
    gone, stays = taught(tmp_path), taught(tmp_path, "other-000000")
    deleted(gone, tmp_path, Path.unlink)
    assert {path.name.partition(".")[0] for path in tmp_path.iterdir()} == {"other-000000"}
    assert [card.name for card in cards("detection", tmp_path)] == [stays.name]
    with pytest.raises(ModelError, match="only its own models"):
        deleted(next(card for card in cards("grounding") if card.default), tmp_path, Path.unlink)


def card_with(**changes: str) -> Change:
    def change(inside: dict[str, bytes]) -> None:
        text = inside["goal-3f2a1b.md"].decode()
        for before, after in changes.items():
            key = {"name_": 'name = "goal-3f2a1b"', "task": 'task = "detection"', "labels": 'labels = ["goal"]',
                   "architecture": 'architecture = "label-detector"', "version": 'version = "2"'}[before]  # fmt: skip
            assert key in text
            text = text.replace(key, after, 1)
        inside["goal-3f2a1b.md"] = text.encode()

    return change


def moved(target: str) -> Change:
    """The weights under another name, which the card says too."""

    def change(inside: dict[str, bytes]) -> None:
        inside[target] = inside.pop("goal-3f2a1b.weights")
        inside["goal-3f2a1b.md"] = inside["goal-3f2a1b.md"].replace(b"goal-3f2a1b.weights", target.encode())

    return change


def pickled(inside: dict[str, bytes]) -> None:
    """Other weights, whose hash the card has."""
    before = hashlib.sha256(inside["goal-3f2a1b.weights"]).hexdigest()
    inside["goal-3f2a1b.weights"] = b"\x80\x04cos\nsystem\n"
    after = hashlib.sha256(inside["goal-3f2a1b.weights"]).hexdigest()
    inside["goal-3f2a1b.md"] = inside["goal-3f2a1b.md"].replace(before.encode(), after.encode())


@pytest.mark.parametrize(
    "change",
    [
        card_with(name_='name = "../../evil"'), card_with(name_='name = "studio-lite"', task='task = "text_video"'),
        card_with(architecture='architecture = "ucofia"'), card_with(labels='labels = ["a", "b"]'),
        card_with(labels=f'labels = ["{"x" * 5000}"]'), card_with(labels='labels = ["goal"]\ndefault = true'),
        card_with(labels='labels = ["goal"]\nhub = "a/b"'), card_with(version='version = "1; rm"'),
        card_with(labels='labels = ["goal"]\nmembers = ["x"]'), card_with(labels="labels = 7"),
        moved("../goal-3f2a1b.weights"), moved("/tmp/goal"), moved("user:goal"), moved("package:os/goal"),
        lambda inside: inside.update(extra=b"1"), lambda inside: inside.update({"other.md": b"+++\n+++"}),
        lambda inside: inside.pop("goal-3f2a1b.weights"), lambda inside: inside.pop("goal-3f2a1b.md"),
        lambda inside: inside.update({"goal-3f2a1b.weights": b"changed"}),
        lambda inside: inside.update({"goal-3f2a1b.md": b"\xff\xfe"}),
        lambda inside: inside.update({f"f{n}": b"" for n in range(20)}),
        lambda inside: inside.update({"goal-3f2a1b.examples": bytes(MOST + 1)}),
    ],
)  # fmt: skip
def test_nothing_else_comes_in(tmp_path: Path, change: Change) -> None:
    content = rezipped(exported(taught(tmp_path), tmp_path), change)
    with pytest.raises(ModelError, match=r"again|import it here"):
        opening(content)


@pytest.mark.parametrize("content", [b"", b"PK", b"\x00" * 100, b"%PDF-1.4", b"\x00" * (MOST + 1)])
def test_what_is_no_zip_is_said_so(content: bytes) -> None:
    with pytest.raises(ModelError, match="export"):
        opening(content)


def test_a_zip_that_lies_about_its_sizes_unpacks_no_more_than_may_be(tmp_path: Path) -> None:
    content = bytearray(rezipped(exported(taught(tmp_path), tmp_path), lambda i: i.update(extra=bytes(50 * MOST))))
    real = (50 * MOST).to_bytes(4, "little")
    while (at := content.find(real)) >= 0:
        content[at : at + 4] = (10).to_bytes(4, "little")
    assert len(content) < MOST
    with pytest.raises(ModelError, match="export the model again"):
        opening(bytes(content))


def test_weights_are_never_run(tmp_path: Path) -> None:
    from studio.models.detection import encoder_of

    card, files = opening(rezipped(exported(taught(tmp_path), tmp_path), pickled))
    with pytest.raises(ModelError, match="no detector, or it is damaged"):
        encoder_of(files["weights"], card.name)
