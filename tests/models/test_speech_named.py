"""Whispers without a card: in a folder of this machine, and from a hub that this machine runs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from studio import models
from studio.models import ModelError, registry
from tests.models.hub import served

NAMES = {"config": "config.json", "tokenizer": "tokenizer.json", "vocabulary": "vocabulary.txt"}
LOAD = "from studio import models; m = models.load('speech_recognition', {!r}, 'cpu'); print(m.name, m.version)"


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    """What the packages hold, as a repository of the hub has it."""
    card = registry.card("speech_recognition", "whisper-base")
    found = {name: registry.read(card, role) for role, name in NAMES.items()}
    return {**found, "model.bin": b"".join(registry.read(card, f"model-{part}") for part in (1, 2))}


def loaded(name: str, hub: str, home: Path) -> subprocess.CompletedProcess[str]:
    """Loading a model in a process of its own: the hub's address is read when its package is imported."""
    env = {**os.environ, "HF_ENDPOINT": hub, "HF_HOME": str(home), "HF_HUB_DISABLE_XET": "1"}
    command = [sys.executable, "-c", LOAD.format(name)]
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=120)


def test_a_folder_is_a_model(files: dict[str, bytes], tmp_path: Path) -> None:
    folder = tmp_path / "my-whisper"
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    model = models.load("speech_recognition", str(folder), "cpu")
    assert (model.name, model.version) == ("my-whisper", "d01c3014881c"), "the first letters of the weights' sha256"
    assert "de" in model.languages
    (folder / "model.bin").write_bytes(b"no weights")
    with pytest.raises(ModelError, match="no Whisper that CTranslate2 can read"):
        models.load("speech_recognition", str(folder), "cpu")
    (folder / "model.bin").unlink()
    with pytest.raises(ModelError, match=r"has no model\.bin"):
        models.load("speech_recognition", str(folder), "cpu")


def test_a_model_of_the_hub_is_fetched_once_and_works_offline(files: dict[str, bytes], tmp_path: Path) -> None:
    with served({"lab/whisper": files}) as hub:
        first = loaded("lab/whisper", hub, tmp_path)
        missing = loaded("lab/nothing", hub, tmp_path)
    assert first.stdout.split() == ["lab/whisper", "d01c3014881c"], first.stderr
    assert "cannot be fetched from the hub; check its name and connect" in missing.stderr
    assert loaded("lab/whisper", hub, tmp_path).stdout == first.stdout, "the hub is gone"


@pytest.mark.parametrize("name", ["/nowhere/whisper", "a/b/c"])
def test_what_is_neither_is_refused(name: str) -> None:
    with pytest.raises(ModelError, match=f"There is no folder “{name}”"):
        models.load("speech_recognition", name, "cpu")
    with pytest.raises(ModelError, match="or a Whisper for CTranslate2 such as"):
        models.load("speech_recognition", "whisper-huge", "cpu")
