"""What a grounding run keeps besides its moments, and engines that need more than the curve."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from studio import models
from studio.config import Settings
from studio.errors import ModelUnavailable
from studio.index import Features
from studio.models.grounding.detr.network import SHAPES, Network
from studio.platform import system
from studio.tasks import TaskContext, VideoRef, catalogue, engines, ground
from studio.tasks.catalogue import download, install
from studio.tasks.certainty import FOUND, SHOWN
from studio.tasks.query import encoder_key

VIDEO = VideoRef("v", "/nowhere.mp4", 60_000_000)
LENGTHS = (12, 7, 20, 21)


class Encoder:
    """Knows a few words; stands for any encoder."""

    name, version, dim = "ViT-B-32/tiny", "1", 512
    calibration = models.Calibration()

    def encode_text(self, texts: list[str]) -> np.ndarray:
        rows = np.eye(512, dtype=np.float32)
        return np.stack([rows[int(text)] for text in texts])

    def words_before_projection(self, text: str) -> np.ndarray:
        return np.ones((4, 512), np.float32)


@pytest.fixture
def context(tmp_path: Path) -> Iterator[TaskContext]:
    """Sixty seconds of four scenes, each its own direction, indexed with `Encoder`."""
    context = TaskContext(Settings(home=tmp_path, device="cpu"))
    context._models["text_video", None] = Encoder()
    rows = np.repeat(np.eye(4, 512), LENGTHS, axis=0) + 0.01 * np.random.default_rng(0).standard_normal((60, 512))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    times = np.arange(60, dtype=np.int64) * 1_000_000 + 500_000
    features = Features(times, rows.astype(np.float16))
    context.features.put("v", encoder_key(Encoder()), features)
    context.features.put("v", f"{encoder_key(Encoder())}-mirrored", features)  # there is no file to look at in a mirror
    yield context


@pytest.mark.parametrize("engine", engines())
def test_every_engine_gives_what_a_heat_strip_needs(context: TaskContext, engine: str) -> None:
    made = ground(context, VIDEO, "2", engine=engine)
    curve = made.payload["curve"]
    assert {name: len(values) for name, values in curve.items()} == dict.fromkeys(
        ("times", "scores", "adjusted", "clusters"), 60
    )
    inside = np.repeat([0, 0, 1, 0], LENGTHS) > 0
    assert np.array(curve["adjusted"])[inside].min() > np.array(curve["adjusted"])[~inside].max()
    assert 0 <= min(curve["adjusted"]) <= max(curve["adjusted"]) == 1
    clusters = np.array(curve["clusters"])
    assert list(dict.fromkeys(clusters.tolist())) == list(range(clusters.max() + 1))
    # a scene shares no cluster with the next, but for the sample at the cut
    for cut in np.cumsum(LENGTHS)[:-1]:
        assert not set(clusters[cut - 6 : cut - 1]) & set(clusters[cut + 1 : cut + 6])


def test_checking_says_how_sure_each_moment_is(context: TaskContext) -> None:
    made = ground(context, VIDEO, "2", top=3, check=True)
    best = max(made.predictions, key=lambda p: p.score)
    assert (best.segment.start, best.segment.end) == (19_000_000, 39_000_000)
    assert best.payload is not None
    assert best.payload["stability"] > 0.9
    assert made.payload["agreement"] > 0.9
    assert made.params["check"] is True
    plain = ground(context, VIDEO, "2", top=3)
    assert "agreement" not in plain.payload
    assert all(p.payload is not None and set(p.payload) == {"confidence"} for p in plain.predictions)


def test_there_are_as_many_moments_as_there_are(context: TaskContext) -> None:
    """One of the four scenes is asked for; the others fit as well as anything does that has nothing to do with it."""
    made = ground(context, VIDEO, "2")
    assert [(p.segment.start, p.segment.end) for p in made.predictions] == [(19_000_000, 39_000_000)]
    assert made.predictions[0].payload["confidence"] > 0.9 and made.payload["found"] is True
    every = ground(context, VIDEO, "2", unlikely=True)
    assert len(every.predictions) > 1
    assert max(p.payload["confidence"] for p in every.predictions[1:]) < SHOWN
    assert every.params["unlikely"] is True
    nothing = ground(context, VIDEO, "9")  # a word that no scene has
    assert nothing.payload["found"] is False
    assert len(nothing.predictions) == 1
    assert nothing.predictions[0].payload["confidence"] < FOUND


def checkpoint(path: Path) -> Path:
    torch.manual_seed(0)
    torch.save({"model": Network(SHAPES["moment-detr"]).state_dict()}, path)
    return path


def test_a_checkpoint_becomes_an_engine(context: TaskContext, tmp_path: Path) -> None:
    settings = context.settings
    assert "moment-detr" not in engines(settings)
    assert "moment-detr" in engines(settings, installed=False)
    row = install(settings, checkpoint(tmp_path / "best.ckpt"), "moment-detr")
    assert (row["installed"], row["problems"], row["note"]) == (True, [], "")
    assert "moment-detr" in engines(settings)
    made = ground(context, VIDEO, "2", engine="moment-detr", check=True)
    assert made.model == "moment-detr/ViT-B-32/tiny"
    assert all(0 <= p.segment.start < p.segment.end <= 60_000_000 for p in made.predictions)
    (settings.models / "moment-detr.pt").write_bytes(b"other")
    (broken,) = [row for row in catalogue(settings) if row["name"] == "moment-detr"]
    assert "not the file that was installed" in broken["problems"][0]


def test_a_checkpoint_is_added_where_nobody_else_changes_what_is_here(context: TaskContext, tmp_path: Path) -> None:
    settings, file = context.settings, checkpoint(tmp_path / "best.ckpt")
    with (
        system.lock(settings.ensure().models / "moment-detr.lock", wait=False),
        pytest.raises(ModelUnavailable, match="moment-detr is being fetched or added by another command; wait"),
    ):
        install(settings, file, "moment-detr")
    assert "moment-detr" not in engines(settings)
    assert install(settings, file, "moment-detr")["installed"]


def test_another_encoder_is_refused_before_any_work(context: TaskContext, tmp_path: Path, monkeypatch: Any) -> None:
    install(context.settings, checkpoint(tmp_path / "best.ckpt"), "moment-detr")
    monkeypatch.setattr(Encoder, "name", "studio-lite")
    monkeypatch.setattr("studio.tasks.grounding.index_video", lambda *a: pytest.fail("indexed"))
    with pytest.raises(ModelUnavailable, match="open_clip ViT-B-32 encoder"):
        ground(context, VIDEO, "2", engine="moment-detr")


def test_what_is_not_installed_is_no_problem_and_says_so(tmp_path: Path) -> None:
    rows = {row["name"]: row for row in catalogue(Settings(home=tmp_path))}
    assert rows["qd-detr"]["problems"] == []
    assert "github.com/wjun0830/QD-DETR" in rows["qd-detr"]["note"]
    assert all(rows[name]["installed"] and not rows[name]["note"] for name in ("trained-head", "tag", "studio-lite"))
    with pytest.raises(ModelUnavailable, match="github"):
        download(Settings(home=tmp_path), "qd-detr")
    with pytest.raises(ModelUnavailable, match="studio models list"):
        download(Settings(home=tmp_path), "nonsense")
    assert "here already" in download(Settings(home=tmp_path), "tag")
