"""The registry: cards are the truth, and nothing reads a file whose hash does not match."""

import hashlib
import importlib
import os
import re
from pathlib import Path

import pytest

from studio import models
from studio.models import architectures, registry
from studio.models.card import ModelError

TASKS = {
    "active_speaker", "dialog_emotion", "expression", "face_detector", "grounding", "sentence_embedding",
    "speech_recognition", "text_reading", "text_video", "voice_activity",
}  # fmt: skip

CARD = """+++
name = "expression"
task = "expression"
architecture = "expression"
version = "9"
licence = "x"
source = "x"
summary = "x"
default = true

[files]
net = ["net.safetensors", "{digest}"]

[metrics]
accuracy = 12.5
+++
# prose
"""


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty weights folder instead of the real one, with a card that expects the bytes `right`."""
    monkeypatch.setattr(registry, "WEIGHTS", tmp_path)
    digest = hashlib.sha256(b"right").hexdigest()
    (tmp_path / "expression.md").write_text(CARD.format(digest=digest), encoding="utf-8")
    return tmp_path


def test_the_door_exports_what_it_says() -> None:
    assert models.__all__ == sorted(models.__all__, key=lambda name: (not name.isupper(), name))  # constants first
    assert all(hasattr(models, name) for name in models.__all__)


def test_every_task_has_one_default_whose_files_are_right() -> None:
    found = models.cards()
    assert {card.task for card in found} == TASKS
    for task in TASKS:
        assert [card.default for card in models.cards(task)].count(True) == 1
    assert [problem for card in found if models.installed(card) for problem in models.verify(card)] == []


def test_weights_stay_small() -> None:
    sizes = [path.stat().st_size for path in registry.WEIGHTS.iterdir()]
    assert max(sizes) < 20e6
    assert sum(sizes) < 60e6


def test_a_card_is_parsed(weights: Path) -> None:
    card = models.card("expression")
    assert (card.version, card.default, card.metrics["accuracy"]) == ("9", True, 12.5)


@pytest.mark.parametrize("text", ["", "no front matter", "+++\nname = \n+++\n", "+++\nname = 'x'\n+++\n"])
def test_a_broken_card_is_one_clear_error(text: str) -> None:
    with pytest.raises(ModelError, match="card"):
        registry.parse(text)


@pytest.mark.parametrize("locator", ["../secret", "/etc/passwd", "package:x/../../y"])
def test_a_card_cannot_point_outside(locator: str) -> None:
    with pytest.raises(ModelError, match="locator"):
        registry.parse(CARD.replace("net.safetensors", locator).format(digest="0" * 64))


@pytest.mark.parametrize(
    "content",
    [b"righ", b"", b"wrong", b"<!DOCTYPE html><html><body>404</body></html>"],
    ids=["truncated", "empty", "other", "page"],
)
def test_wrong_bytes_never_reach_a_parser(weights: Path, content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    (weights / "net.safetensors").write_bytes(content)
    reached: list[object] = []
    monkeypatch.setattr("studio.models.emotion.expression.build", lambda *a: reached.append(a))
    with pytest.raises(ModelError, match="reinstall"):
        models.load("expression")
    assert reached == []
    assert len(models.verify(models.card("expression"))) == 1


def test_a_missing_file_is_named(weights: Path) -> None:
    with pytest.raises(ModelError, match=r"net\.safetensors"):
        models.load("expression")


def test_a_file_changed_after_it_was_trusted_is_refused(weights: Path) -> None:
    path = weights / "net.safetensors"
    path.write_bytes(b"right")
    assert models.verify(models.card("expression")) == []
    path.write_bytes(b"wrong but later")
    assert len(models.verify(models.card("expression"))) == 1


def test_right_bytes_that_are_no_model_are_an_error_too(weights: Path) -> None:
    (weights / "net.safetensors").write_bytes(b"right")
    with pytest.raises(ModelError, match="expression cannot start"):
        models.load("expression")


def test_a_missing_package_names_the_cure(weights: Path) -> None:
    text = CARD.replace("net.safetensors", "package:no_such_package/x.onnx").format(digest="0" * 64)
    (weights / "expression.md").write_text(text, encoding="utf-8")
    with pytest.raises(ModelError, match="pip install no-such-package"):
        models.load("expression")


def test_unknown_names_list_what_exists() -> None:
    with pytest.raises(ModelError, match="choose expression"):
        models.load("expression", "nonsense")
    with pytest.raises(ModelError, match="text_video"):
        models.load("telepathy")
    with pytest.raises(ModelError, match="studio-lite"):
        models.load("text_video", "nonsense")


def test_importing_the_room_is_light() -> None:
    """Neither the studio nor anything heavy that a caller did not ask for."""
    import subprocess
    import sys

    code = (
        "import sys, studio.models; heavy = ('torch', 'onnxruntime', 'open_clip'); own = 'studio.models'; "
        "print(*[m for m in sys.modules if m in heavy or m.startswith('studio.') and not m.startswith(own)])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.split() == []


def test_the_code_in_the_docs_runs() -> None:
    """And shows moments inside its four seconds."""
    text = (Path(__file__).resolve().parents[2] / "docs" / "models.md").read_text(encoding="utf-8")
    scope: dict[str, list[tuple[float, float, float]]] = {}
    exec(text.split("```python\n")[1].split("```")[0], scope)
    assert all(0 <= start < end <= 4 for start, end, _ in scope["moments"])


# ---------------------------------------------------------------------- architectures


def test_every_card_has_an_architecture_that_its_module_registers() -> None:
    known = architectures.modules()
    for card in models.cards():
        assert card.architecture in known, card.name
    for name, module in known.items():
        importlib.import_module(module)
        assert architectures._registered[name].__module__ == module
    assert set(architectures._registered) == set(known), "found in the text is what is registered"


def test_an_unknown_architecture_is_one_sentence(weights: Path) -> None:
    text = (
        (weights / "expression.md").read_text().replace('architecture = "expression"', 'architecture = "of-tomorrow"')
    )
    (weights / "expression.md").write_text(text)
    (weights / "net.safetensors").write_bytes(b"right")
    with pytest.raises(ModelError, match="architecture “of-tomorrow”; update the product"):
        models.load("expression", device="cpu")


def test_a_card_says_nothing_that_nobody_knows() -> None:
    with pytest.raises(ModelError, match="unknown: colour"):
        registry.parse(CARD.format(digest="0" * 64).replace("default = true", 'colour = "red"'))


def test_an_ensemble_is_made_of_the_members_that_its_card_names() -> None:
    ensemble = models.load("grounding", device="cpu")
    assert models.card("grounding").members == ("trained-head", "similarity-peaks", "tag")
    assert [member.name for member in ensemble._members] == list(models.card("grounding").members)


def test_the_registry_is_imported_by_nothing_that_it_loads() -> None:
    root = Path(registry.__file__).parent
    users = {
        file.name for file in root.rglob("*.py") if re.search(r"import registry|models\.registry", file.read_text())
    }
    assert users == {"__init__.py", "archive.py"}, "neither is loaded by it"


# ---------------------------------------------------------------------- a library's own models


OWN = """+++
name = "{name}"
task = "{task}"
architecture = "similarity-peaks"
version = "{version}"
licence = "mine"
source = "taught by a person"
summary = "A model of a library."
labels = ["moment"]

[files]
{files}
+++
"""


DEFAULT = OWN.replace("labels", "default = true\nlabels")


def own(folder: Path, name: str, *, task: str = "grounding", version: str = "1", files: str = "") -> Path:
    file = folder / f"{name}.md"
    file.write_text(OWN.format(name=name, task=task, version=version, files=files), encoding="utf-8")
    return file


def test_a_library_has_models_of_its_own(tmp_path: Path) -> None:
    digest = hashlib.sha256(b"weights").hexdigest()
    own(tmp_path, "mine", files=f'net = ["mine.bin", "{digest}"]')
    assert "mine" not in [card.name for card in models.cards("grounding")]
    assert [card.name for card in models.cards("grounding", tmp_path)].count("mine") == 1
    card = models.card("grounding", "mine", tmp_path)
    assert "cannot be read" in models.verify(card, tmp_path)[0]
    (tmp_path / "mine.bin").write_bytes(b"other")
    assert "is not the file its card describes" in models.verify(card, tmp_path)[0]
    with pytest.raises(ModelError, match="is not the file its card describes"):
        models.load("grounding", "mine", "cpu", tmp_path)
    (tmp_path / "mine.bin").write_bytes(b"weights")
    assert models.verify(card, tmp_path) == []
    assert models.load("grounding", "mine", "cpu", tmp_path).name == "mine"


def test_a_card_that_changed_is_read_again(tmp_path: Path) -> None:
    file = own(tmp_path, "mine")
    assert models.card("grounding", "mine", tmp_path).version == "1"
    own(tmp_path, "mine", version="2")
    os.utime(file, ns=(1, 1))
    assert models.card("grounding", "mine", tmp_path).version == "2"
    file.unlink()
    with pytest.raises(ModelError, match="no grounding model “mine”"):
        models.card("grounding", "mine", tmp_path)


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("consensus", OWN.format(name="consensus", task="grounding", version="1", files=""), "has its name"),
        ("odd", OWN.format(name="odd", task="cooking", version="1", files=""), "no task “cooking”"),
        ("odd", "no card", "cannot be read"),
        ("odd", DEFAULT.format(name="odd", task="grounding", version="1", files=""), "can be the default"),
    ],
)
def test_a_card_that_cannot_be_used_stops_no_other(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str, text: str, why: str
) -> None:
    own(tmp_path, "good")
    (tmp_path / f"{name}.md").write_text(text, encoding="utf-8")
    found = models.cards("grounding", tmp_path)
    assert [card.name for card in found if card.source == "taught by a person"] == ["good"]
    assert next(card.name for card in found if card.default) == "consensus"
    assert why in caplog.text
