"""Models come from a hub that this machine runs: whole or not at all, going on where they stopped."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from studio import models
from studio.errors import Cancelled, ModelUnavailable
from studio.models import registry
from studio.tasks import hub
from tests.models.hub import REVISION, served

CARD = """+++
name = "small"
task = "text_video"
architecture = "open-clip"
network = "Small-32/made-up"
hub = "lab/small"
version = "1"
licence = "MIT"
source = "made up"
summary = "made up"

[files]
net = ["user:small.weights", ""]
tokenizer = ["user:small.tokenizer.json", ""]
+++
"""
WEIGHTS, TOKENIZER = bytes(range(256)) * 8000, b'{"a": 1}'
FILES = {"open_clip_model.safetensors": WEIGHTS, "tokenizer.json": TOKENIZER, "README.md": b"read me"}


@pytest.fixture
def card(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> models.ModelCard:
    monkeypatch.setattr(hub, "PAUSE_S", 0)
    return registry.parse(CARD)


def got(card: models.ModelCard, folder: Path, monkeypatch: pytest.MonkeyPatch, **faults: Any) -> list[tuple[str, str]]:
    """Fetch it from a hub with these faults; returns what the hub was asked for."""
    asked: list[tuple[str, str]] = []
    with served({"lab/small": FILES}, asked=lambda path, part: asked.append((path, part)), **faults) as address:
        monkeypatch.setenv("HF_ENDPOINT", address)
        hub.fetch(card, folder)
    return asked


def test_a_model_comes_with_its_hashes(card: models.ModelCard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = got(card, tmp_path, monkeypatch)
    assert [path for path, _ in asked] == [
        "/api/models/lab/small/revision/main",
        f"/lab/small/resolve/{REVISION}/open_clip_model.safetensors",
        f"/lab/small/resolve/{REVISION}/tokenizer.json",
    ], "nothing else is asked for"
    assert (tmp_path / "small.weights").read_bytes() == WEIGHTS
    assert registry.recorded(tmp_path / "small.tokenizer.json") == hashlib.sha256(TOKENIZER).hexdigest()
    assert models.installed(card, tmp_path) and models.verify(card, tmp_path) == []
    assert registry.version(card, tmp_path) == f"1-{hashlib.sha256(WEIGHTS).hexdigest()[:12]}"
    assert hub.left(card, tmp_path) is None and not list(tmp_path.glob("*.part"))
    (tmp_path / "small.weights").write_bytes(WEIGHTS[:-1] + b"x")
    assert "was changed since it came" in models.verify(card, tmp_path)[0]


def test_a_pause_survives_a_restart_and_goes_on_there(
    card: models.ModelCard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    half = len(WEIGHTS) // 2

    def pause(done: int, total: int) -> None:
        assert total == len(WEIGHTS) + len(TOKENIZER)
        if done >= half:
            raise Cancelled("Paused.")

    with served({"lab/small": FILES}) as address, pytest.raises(Cancelled):
        monkeypatch.setenv("HF_ENDPOINT", address)
        hub.fetch(card, tmp_path, pause)
    done, total = hub.left(card, tmp_path) or (0, 0)
    assert half <= done < total
    assert not models.installed(card, tmp_path)
    asked = got(card, tmp_path, monkeypatch)
    assert asked[1] == (f"/lab/small/resolve/{REVISION}/open_clip_model.safetensors", f"bytes={done}-")
    assert (tmp_path / "small.weights").read_bytes() == WEIGHTS


def test_a_connection_that_breaks_is_tried_anew(
    card: models.ModelCard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    breaks = {"open_clip_model.safetensors": [300_000, 300_000, 700_000, 1_500_000]}
    asked = got(card, tmp_path, monkeypatch, breaks_at=breaks)
    assert [part for path, part in asked if path.endswith("safetensors")] == [
        "", "bytes=300000-", "bytes=300000-", "bytes=700000-", "bytes=1500000-",
    ]  # fmt: skip
    assert (tmp_path / "small.weights").read_bytes() == WEIGHTS


def test_a_connection_that_stays_broken_keeps_what_came(
    card: models.ModelCard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ModelUnavailable, match=r"broke at 25 % of small; get it again to go on from there"):
        got(card, tmp_path, monkeypatch, breaks_at={"open_clip_model.safetensors": [512_000] * 9})
    assert hub.left(card, tmp_path) == (512_000, len(WEIGHTS) + len(TOKENIZER))
    hub.discard(card, tmp_path)
    assert hub.left(card, tmp_path) is None
    assert [path.name for path in tmp_path.iterdir() if not path.name.endswith(".lock")] == []


@pytest.mark.parametrize("file", ["open_clip_model.safetensors", "tokenizer.json"])
def test_another_file_than_was_announced_is_thrown_away(
    card: models.ModelCard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str
) -> None:
    wrong = FILES[file][:-1] + b"?"
    with pytest.raises(ModelUnavailable, match=f"What came as {file} of small is not the file that the hub announced"):
        got(card, tmp_path, monkeypatch, sent={file: wrong})
    assert not models.installed(card, tmp_path)
    asked = got(card, tmp_path, monkeypatch)
    assert [path.rpartition("/")[2] for path, _ in asked[1:]] == [file], "what was right is not fetched again"
    assert models.verify(card, tmp_path) == []


def test_a_new_revision_begins_anew(card: models.ModelCard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ModelUnavailable, match="broke"):
        got(card, tmp_path, monkeypatch, breaks_at={"open_clip_model.safetensors": [512_000] * 9})
    plan = tmp_path / "small.download.json"
    facts = json.loads(plan.read_text())
    facts["files"][0]["digest"] = "0" * 64
    plan.write_text(json.dumps(facts))
    asked = got(card, tmp_path, monkeypatch)
    assert asked[1][1] == "", "from the first byte"


def test_a_damaged_model_comes_again_in_the_revision_that_was_here(
    card: models.ModelCard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a library was indexed with is of no use to another file."""
    got(card, tmp_path, monkeypatch)
    record = registry.record_of(tmp_path / "small.weights")
    older = "f" * 40
    record.write_text(record.read_text("utf-8").replace(REVISION, older), encoding="utf-8")
    (tmp_path / "small.weights").write_bytes(b"damaged")
    assert got(card, tmp_path, monkeypatch)[0][0] == f"/api/models/lab/small/revision/{older}"
    assert models.verify(card, tmp_path) == []

    record.write_text(record.read_text("utf-8").replace(REVISION, older), encoding="utf-8")
    asked: list[str] = []

    def forgotten(path: str, part: str) -> None:
        asked.append(path)
        if older in path:
            raise ValueError(404)

    with served({"lab/small": FILES}, asked=forgotten) as address:
        monkeypatch.setenv("HF_ENDPOINT", address)
        hub.fetch(card, tmp_path)
    assert asked[:2] == [f"/api/models/lab/small/revision/{older}", "/api/models/lab/small/revision/main"]


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (401, r"agree to its licence first.* studio models add FILE --as small"),
        (404, r"has no lab/small; choose another model"),
        (503, r"answers with an error \(503\); try again later"),
    ],
)
def test_what_the_hub_refuses_is_said(
    card: models.ModelCard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: int, said: str
) -> None:
    def refuse(path: str, part: str) -> None:
        raise ValueError(status)

    with served({"lab/small": FILES}, asked=refuse) as address, pytest.raises(ModelUnavailable, match=said):
        monkeypatch.setenv("HF_ENDPOINT", address)
        hub.fetch(card, tmp_path)


def test_no_network_no_room_no_hub(card: models.ModelCard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(ModelUnavailable, match=r"127\.0\.0\.1:9 cannot be reached; connect and get small again"):
        hub.fetch(card, tmp_path)
    monkeypatch.setattr(hub, "SPARE_BYTES", 1 << 60)
    with pytest.raises(ModelUnavailable, match="more on the library's disk; make room"):
        got(card, tmp_path, monkeypatch)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(ModelUnavailable, match="HF_HUB_OFFLINE forbids"):
        got(card, tmp_path, monkeypatch)


def test_only_one_process_fetches_a_model(
    card: models.ModelCard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from studio.platform import system

    with (
        system.lock(tmp_path / "small.lock", wait=False),
        pytest.raises(ModelUnavailable, match="small is being fetched already"),
    ):
        got(card, tmp_path, monkeypatch)


def test_what_another_process_fetches_is_not_thrown_away(card: models.ModelCard, tmp_path: Path) -> None:
    from studio.platform import system

    part, plan = tmp_path / "small.weights.part", tmp_path / "small.download.json"
    part.write_bytes(b"half")
    plan.write_text("{}", encoding="utf-8")
    with (
        system.lock(tmp_path / "small.lock", wait=False),
        pytest.raises(ModelUnavailable, match="small is being fetched by another command; stop that one"),
    ):
        hub.discard(card, tmp_path)
    assert part.exists() and plan.exists()
    hub.discard(card, tmp_path)
    assert not part.exists() and not plan.exists()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('hub = "lab/small"', 'hub = "../etc"'),
        ('net = ["user:small.weights", ""]', f'net = ["small.weights", "{"0" * 64}"]'),
        ("[files]", "[published]\nImageNet_top1 = 80.0\n\n[files]"),
    ],
)
def test_a_card_of_the_gallery_is_checked(line: str, said: str) -> None:
    with pytest.raises(models.ModelError, match="card"):
        registry.parse(CARD.replace(line, said))
