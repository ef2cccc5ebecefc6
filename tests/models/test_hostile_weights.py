"""M21: weights that are missing, broken, swapped or hostile, for each model: nothing of them runs, messages name the
fix, and everything else goes on working."""

import io
import json
import os
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import safetensors.torch
import torch

from studio import models
from studio.config import Settings
from studio.errors import ModelUnavailable
from studio.models import architectures, registry
from studio.models.card import ModelCard, ModelError
from studio.service.models import catalogue
from studio.tasks import TaskContext

SHIPPED = [card for card in models.cards() if card.files and not card.brought]
_GALLERY = [card for card in models.cards() if card.hub]
_SMALLEST = min(_GALLERY, key=lambda card: card.figures["parameters"])
"""All are built by one function; a push tries the smallest of them, a release each."""
BROUGHT = [
    pytest.param(card, id=card.name, marks=pytest.mark.release if card in _GALLERY and card is not _SMALLEST else ())
    for card in models.cards()
    if len(card.brought) == 1
]
CURES = ("install", "reinstall", "fetch", "give", "ask")


class Trap:
    """Unpickled, it leaves a mark; a real one would run what it likes."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Callable[..., object], tuple[str]]:
        return os.system, (f"touch '{self.mark}'",)


def torch_zip(payload: object) -> bytes:
    """As torch.save writes it, with a pickle of our choice inside."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps(payload))
        archive.writestr("archive/version", "3\n")
    return out.getvalue()


def tensors(**named: torch.Tensor) -> bytes:
    return safetensors.torch.save(named)


def saved(value: object) -> bytes:
    out = io.BytesIO()
    torch.save(value, out)
    return out.getvalue()


def bad(mark: Path) -> dict[str, bytes | None]:
    """Twelve ways to be no weights; None is a file that is not there."""
    page = b"<!DOCTYPE html><html><body>404 Not Found</body></html>"
    header = json.dumps({"w": {"dtype": "F32", "shape": [2**40], "data_offsets": [0, 2**42]}}).encode()
    return {
        "missing": None,
        "empty": b"",
        "one byte": b"\x80",
        "a page": page,
        "a pickle that runs": pickle.dumps(Trap(mark)),
        "a torch file that runs": torch_zip(Trap(mark)),
        "a torch file that runs inside a dict": torch_zip({"state_dict": {"w": Trap(mark)}}),
        "wrong keys": tensors(nonsense=torch.zeros(3)),
        "wrong keys of torch": saved({"nonsense": torch.zeros(3)}),
        "no network": saved([1, 2, 3]),
        "a header that lies": len(header).to_bytes(8, "little") + header,
        "a header without end": (2**40).to_bytes(8, "little") + b"{",
    }


CASES = list(bad(Path()))


@pytest.fixture(autouse=True)
def nothing_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_trusted", set())


def swap(monkeypatch: pytest.MonkeyPatch, card: ModelCard, place: Path, content: bytes | None) -> None:
    """Every file of the card is this one instead."""
    if content is not None:
        place.write_bytes(content)
    real, its = registry.locate, {locator for locator, _ in card.files.values()}

    def locate(owner: ModelCard, role: str, folder: Path | None = None) -> Path:
        return place if owner.files[role][0] in its else real(owner, role, folder)

    monkeypatch.setattr(registry, "locate", locate)


@pytest.mark.parametrize("case", [*CASES, "truncated", "one bit"])
@pytest.mark.parametrize("card", SHIPPED, ids=lambda card: card.name)
def test_a_shipped_file_that_is_another_is_never_parsed(
    card: ModelCard, case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark = tmp_path / "mark"
    if case in ("truncated", "one bit"):
        good = registry.locate(card, next(iter(card.files))).read_bytes()
        content: bytes | None = good[: len(good) // 2] if case == "truncated" else bytes([good[0] ^ 1]) + good[1:]
    else:
        content = bad(mark)[case]
    reached: list[object] = []
    architectures.builder(card.architecture)
    monkeypatch.setitem(architectures._registered, card.architecture, lambda *given: reached.append(given))
    swap(monkeypatch, card, tmp_path / "file", content)
    with pytest.raises(ModelError) as refused:
        models.load(card.task, card.name, "cpu")
    assert any(cure in str(refused.value) for cure in CURES), str(refused.value)
    assert card.name in str(refused.value) and str(tmp_path) not in str(refused.value)
    assert reached == [] and not mark.exists()


@pytest.mark.parametrize("case", [case for case in CASES if case != "missing"])
@pytest.mark.parametrize("card", BROUGHT)
def test_a_brought_file_that_is_no_checkpoint_is_not_installed(card: ModelCard, case: str, tmp_path: Path) -> None:
    mark, file, folder = tmp_path / "mark", tmp_path / "brought.pth", tmp_path / "models"
    content = bad(mark)[case]
    assert content is not None
    file.write_bytes(content)
    with pytest.raises(ModelError) as refused:
        models.install(card.name, file, folder)
    said = str(refused.value)
    assert said.endswith(".") and "\n" not in said and len(said) < 400
    assert not mark.exists()
    assert not list(folder.glob("*")) if folder.exists() else True
    assert not models.installed(card, folder)


@pytest.mark.parametrize("card", BROUGHT)
def test_a_brought_file_that_was_swapped_later_is_not_read(card: ModelCard, tmp_path: Path) -> None:
    """It lies where an installed one lies, with a record of another's hash, or with none."""
    mark, folder = tmp_path / "mark", tmp_path / "models"
    folder.mkdir()
    (name,) = card.brought.values()
    (folder / name).write_bytes(torch_zip(Trap(mark)))
    for record in (None, "{", json.dumps({"sha256": "0" * 64}), json.dumps({"sha256": None}), "[]"):
        if record is not None:
            (folder / f"{name}.json").write_text(record)
        with pytest.raises(ModelError, match=r"(install|get) it again"):
            models.load(card.task, card.name, "cpu", folder)
    assert not mark.exists()


def test_the_traps_are_real(tmp_path: Path) -> None:
    """Opened the careless way they do run; else the tests above would prove nothing."""
    mark = tmp_path / "mark"
    torch.load(io.BytesIO(torch_zip(Trap(mark))), weights_only=False)
    assert mark.exists()


def test_the_studio_starts_and_the_other_tasks_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One task's weights are gone: its card says so with the cure, the rest is as ever."""
    broken = models.card("expression")
    swap(monkeypatch, broken, tmp_path / "file", b"gone bad")
    settings = Settings(home=tmp_path / "home", device="cpu").ensure()
    rows = {row["name"]: row for row in catalogue(settings)}
    assert rows["expression"]["problems"] and not rows["dialog-emotion"]["problems"]
    context = TaskContext(settings)
    with pytest.raises(ModelUnavailable, match="reinstall"):
        context.model("expression")
    assert context.model("voice_activity").name == "silero-vad"
