"""Detectors as files, between libraries, in the service, over HTTP and on the command line."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient

from studio import models
from studio.app import create_app
from studio.atomic_files import write_atomic
from studio.cli import main
from studio.config import Settings
from studio.errors import ModelUnavailable, PermissionDenied, UsageError
from studio.models import ModelCard, detection
from studio.service import Studio
from studio.service.accounts.rights import Actor
from studio.tasks import tuning
from tests.service.test_studio import edit

NAME = "a-bicycle-123abc"
HERE = "127.0.0.1:7860"


@pytest.fixture
def library(indexed: Studio) -> Iterator[Studio]:
    """With one detector: the direction of words, under which its moments are found."""
    keep_words(indexed)
    yield indexed
    indexed.store.write(lambda db: db.execute("DELETE FROM annotations WHERE id = 'd1'"))
    indexed.store.write(lambda db: db.execute("DELETE FROM runs WHERE model = ?", (NAME,)))
    if any(card.name == NAME for card in models.cards("detection", indexed.settings.models)):
        indexed.detectors.delete(NAME)


def keep_words(studio: Studio) -> None:
    encoder = models.load("text_video", device="cpu")
    keep(studio, f"{encoder.name}@{encoder.version}", encoder.encode_text(["a man on a bicycle"])[0])


def keep(studio: Studio, encoder: str, direction: np.ndarray, **files: bytes) -> None:
    weights = detection.Weights(direction, np.zeros_like(direction), 100.0, -18.0, (0.0, 1.0), shift=(0.1, 0.2))
    card = ModelCard(
        NAME, "detection", "3", "yours", "taught here", "“a bicycle”, from 9 moments.", {}, labels=("a bicycle",),
        architecture="label-detector", metrics={"AP": 0.5},
    )  # fmt: skip
    models.keep(
        card, {"weights": detection.packed(weights, encoder, "classifier"), **files}, studio.settings.models,
        write_atomic,
    )  # fmt: skip


def test_it_is_used_without_teaching_it_again(library: Studio) -> None:
    made = library.teaching.detect(NAME)
    bikes = library.videos.resolve("bikes.mp4")
    assert any(found["video"] == bikes["id"] for found in made["predictions"])
    assert (made["label"], made["version"], made["shift"]["end"]) == ("a bicycle", "3", 0.2)
    run = library.timelines.load(bikes["id"])["runs"][-1]
    assert (run["task"], run["model"]) == ("detection", NAME)
    first = next(found for found in made["predictions"] if found["video"] == bikes["id"])
    mark = edit(edit_id="d1", id="d1", label="a bicycle", start=first["start"], end=first["end"])
    assert library.timelines.save(bikes["id"], [mark], "ann")["results"][0]["ok"]
    again = library.teaching.detect(NAME, [bikes])
    assert first not in again["predictions"], "it is labelled now"


def test_it_goes_to_another_library(library: Studio, tmp_path: Path) -> None:
    content = library.detectors.export(NAME)
    other = Studio(Settings(home=tmp_path / "other"))
    try:
        row = other.detectors.import_(content)
        assert (row["name"], row["version"], row["own"], row["problems"]) == (NAME, "3", True, [])
        with pytest.raises(ModelUnavailable, match="here already"):
            other.detectors.import_(content)
        with pytest.raises(UsageError, match="No video is indexed with studio-lite@2"):
            other.teaching.detect(NAME)
        other.detectors.delete(NAME)
        with pytest.raises(ModelUnavailable, match="There is no detector"):
            other.detectors.delete(NAME)
        keep(other, "some-encoder@1", np.ones(8, np.float32))
        foreign = other.detectors.export(NAME)
        other.detectors.delete(NAME)
        with pytest.raises(ModelUnavailable, match="vectors of some-encoder@1, which this library does not have"):
            other.detectors.import_(foreign)
        assert list(other.settings.models.glob(f"{NAME}*")) == []
    finally:
        other.close()


@pytest.mark.parametrize(
    ("encoder", "files", "says"),
    [
        ("some-encoder@1", {},
         f"No video is indexed with some-encoder@1, whose vectors {NAME} reads; choose that encoder on the Models "
         "page, or teach the label anew."),
        ("some-encoder@1+12345678", {tuning.UPPER: b"weights"},
         "This label was taught with some-encoder@1, tuned; choose that encoder on the Models page."),
    ],
    ids=["as it is", "tuned"],
)  # fmt: skip
def test_where_its_encoder_is_missing_that_is_said(
    library: Studio, encoder: str, files: dict[str, bytes], says: str
) -> None:
    library.detectors.delete(NAME)
    keep(library, encoder, np.ones(8, np.float32), **files)
    with pytest.raises(UsageError) as said:
        library.teaching.detect(NAME)
    assert str(said.value) == says


def test_deleting_leaves_what_it_found(library: Studio) -> None:
    library.teaching.detect(NAME)
    asked = "SELECT count(*) FROM predictions p JOIN runs r ON r.id = p.run_id WHERE r.model = ?"

    def count() -> int:
        return int(library.store.read(lambda db: db.execute(asked, (NAME,)).fetchone()[0]))

    before = count()
    assert before
    library.detectors.delete(NAME)
    assert count() == before


def test_only_admins_bring_and_delete(library: Studio) -> None:
    content = library.detectors.export(NAME)
    for forbidden in (lambda by: library.detectors.import_(content, by), lambda by: library.detectors.delete(NAME, by)):
        with pytest.raises(PermissionDenied, match="Only an admin"):
            forbidden(Actor("ben"))


def test_over_http(library: Studio) -> None:
    client = TestClient(create_app(library), base_url=f"http://{HERE}")  # in no “with”, which would close the library
    sent = client.get(f"/detector/{NAME}")
    assert sent.headers["content-disposition"].endswith(f"{NAME}.detector.zip")
    library.detectors.delete(NAME)
    assert client.get(f"/detector/{NAME}").status_code == 400
    own, foreign = {"origin": f"http://{HERE}"}, {"origin": "http://evil.example"}
    answer = client.post("/detector", content=sent.content, headers=own).json()
    assert answer["ok"], answer
    assert answer["data"]["name"] == NAME
    refused = client.post("/detector", content=b"x" * (9 << 20), headers=own)
    assert refused.status_code == 413
    assert refused.json()["error"] == "A detector may have at most 8 MB; export it again."
    assert client.post("/detector", content=sent.content, headers=foreign).status_code == 403


def test_on_the_command_line(library: Studio, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home, file = ["--home", str(library.settings.home)], tmp_path / "bicycle.zip"

    def run(*arguments: str, ok: int = 0) -> Any:
        assert main([*arguments, *home]) == ok
        said = capsys.readouterr()
        return said.err if ok else json.loads(said.out)

    assert run("models", "export", NAME, "-o", str(file), "--json")["bytes"] == file.stat().st_size
    assert "add --yes" in run("models", "delete", NAME, ok=2), "it asks, and nobody is there to answer"
    assert run("models", "delete", NAME, "--yes", "--json") == {"deleted": NAME}
    assert run("models", "import", str(file), "--json")["imported"]["name"] == NAME
    found = run("detect", NAME, "--videos", "bikes.mp4", "--json")
    assert set(found) == {"label", "version", "modalities", "shift", "note", "predictions"}
    assert "no exported model, or it is damaged" in run("models", "import", __file__, ok=1)
    assert "cannot be read" in run("models", "import", str(tmp_path / "none.zip"), ok=2)
