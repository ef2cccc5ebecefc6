"""The three DETR networks against values of the original programs, and the engine around them."""

import argparse
import hashlib
import json
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save

from studio import models
from studio.models import registry
from studio.models.card import ModelError
from studio.models.grounding.detr.engine import CLIP_S, LONGEST, MomentDetr, build, nearest, settle, windows
from studio.models.grounding.detr.network import SHAPES, Network, inputs
from studio.models.interfaces import TextFeatures

SIZES = {"moment-detr": (4_228_873, 92), "qd-detr": (6_991_141, 178), "cg-detr": (12_021_035, 285)}


def filled(name: str) -> Network:
    """A network whose weights follow from their names."""
    net = Network(SHAPES[name]).eval()
    weights = {}
    for key, value in net.state_dict().items():
        count, shift = value.numel(), sum(key.encode()) % 97
        fill = 0.05 * np.sin(0.37 * np.arange(count) + shift)
        if value.dim() == 1 and key.endswith(".weight"):
            fill += 0.25 if count == 1 else 1.0
        weights[key] = torch.from_numpy(fill.astype(np.float32)).reshape(value.shape)
    net.load_state_dict(weights)
    return net


@pytest.fixture(scope="module")
def nets() -> dict[str, Network]:
    return {name: filled(name) for name in SHAPES}


def waves() -> tuple[np.ndarray, np.ndarray]:
    """Twenty clips and seven words (·, 512)."""
    j = np.arange(512)
    clips = np.sin(0.1 * np.arange(20)[:, None] + 0.3 * j)
    return clips.astype(np.float32), np.cos(0.2 * np.arange(7)[:, None] + 0.5 * j).astype(np.float32)


@pytest.mark.parametrize("name", SHAPES)
def test_the_networks_are_those_of_the_checkpoints(nets: dict[str, Network], name: str) -> None:
    weights = nets[name].state_dict()
    assert (sum(value.numel() for value in weights.values()), len(weights)) == SIZES[name]
    assert weights["input_vid_proj.0.LayerNorm.weight"].shape == (514,)
    assert weights["transformer.encoder.layers.1.self_attn.in_proj_weight"].shape == (768, 256)
    assert weights["txt_position_embed.position_embeddings.weight"].shape == (32, 256)


# spans of queries 0, 1, 9 and the sum of all; foreground of queries 0, 1, 2 and their sum; saliency of five and the sum
GOLDEN: dict[str, Any] = {
    "moment-detr": (
        [0.54434, 0.54143, 0.54420, 0.54133, 0.54452, 0.54154], 10.85575,
        [0.44741, 0.44907, 0.45031], 4.48713,
        [-0.11136, -0.16626, -0.22458, -0.25263, -0.25731], -6.27410,
    ),
    "qd-detr": (
        [0.52704, 0.51019, 0.51970, 0.50143, 0.52379, 0.50594], 10.21592,
        [0.36902, 0.36902, 0.36902], 3.69023,
        [0.42668, 0.35610, 0.28723, 0.25076, 0.23750], 4.53704,
    ),
    "cg-detr": (
        [0.48698, 0.46401, 0.47964, 0.45531, 0.48373, 0.45978], 9.35419,
        [0.44933, 0.44933, 0.44933], 4.49333,
        [15.47022, 15.71830, 15.01111, 14.74644, 14.68706], 293.10406,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SHAPES)
def test_values_of_the_original_programs(nets: dict[str, Network], name: str) -> None:
    with torch.inference_mode():
        seen = nets[name](*inputs(*map(torch.from_numpy, waves())))
    spans, all_spans, sure, all_sure, saliency, all_saliency = GOLDEN[name]
    assert seen.spans[[0, 1, 9]].flatten().tolist() == pytest.approx(spans, abs=1e-3)
    assert seen.sure[:3].tolist() == pytest.approx(sure, abs=1e-3)
    assert [float(seen.spans.sum()), float(seen.sure.sum())] == pytest.approx([all_spans, all_sure], rel=1e-2)
    assert seen.saliency[:5].tolist() == pytest.approx(saliency, abs=1e-3)
    assert float(seen.saliency.sum()) == pytest.approx(all_saliency, rel=0.01)
    assert np.argsort(seen.saliency[:5].numpy()).tolist() == np.argsort(saliency).tolist()


@pytest.fixture(scope="module")
def engine(nets: dict[str, Network]) -> MomentDetr:
    return MomentDetr("moment-detr", "1", nets["moment-detr"], "cpu")


QUERY = TextFeatures("ViT-B-32/openai", np.ones((5, 512), np.float32))


@pytest.mark.parametrize("duration", [1.2, 37.0, 149.5, 400.3])
def test_proposals_of_short_and_long_videos_are_well_formed(engine: MomentDetr, duration: float) -> None:
    times = np.arange(0, duration, 1.0)
    rows = np.random.default_rng(0).standard_normal((len(times), 512))
    found = engine.propose(times, np.zeros(len(times)), 8, duration, rows.astype(np.float16), QUERY)
    assert 1 <= len(found) <= 8
    for start, end, score in found:
        assert 0 <= start < end <= duration
        assert 0 <= score <= 1
        assert start % CLIP_S == 0
        assert end % CLIP_S == 0 or end == duration
    assert [m[2] for m in found] == sorted((m[2] for m in found), reverse=True)
    assert engine.propose([], [], 1, None, np.zeros((0, 512)), QUERY) == []


def test_windows_cover_a_long_video_and_overlap_by_half() -> None:
    assert list(windows(3)) == [(0, 3)]
    assert list(windows(LONGEST)) == [(0, LONGEST)]
    assert list(windows(76)) == [(0, 75), (1, 76)]
    assert list(windows(200)) == [(0, 75), (37, 112), (74, 149), (111, 186), (125, 200)]


def test_one_moment_seen_in_two_windows_is_one(engine: MomentDetr, monkeypatch: pytest.MonkeyPatch) -> None:
    """At 100–120 s of 200 s: 100 clips, so windows begin at 0 and 50 s."""

    def read(clips: np.ndarray, words: np.ndarray) -> Any:
        first = 0.0 if clips[0, 0] > 0.5 else 50.0
        return np.array([[(110 - first) / 150, 20 / 150]]), np.array([0.5 + first / 1000]), np.zeros(len(clips))

    monkeypatch.setattr(engine, "read", read)
    rows = np.zeros((100, 512))
    rows[0, 0], rows[1:, 1] = 1, 1
    found = engine.propose(np.arange(100) * 2 + 1.0, np.zeros(100), 5, 200.0, rows, QUERY)
    assert found == [(100.0, 120.0, pytest.approx(0.55))]


def test_spans_settle_on_clips_inside_the_window() -> None:
    spans = np.array([[0.5, 0.2], [0.5, 0.001], [0.99, 0.5], [0.0, 0.0], [1.0, 0.0]])
    assert settle(spans, 20.0).tolist() == [[8, 12], [10, 12], [14, 20], [0, 2], [18, 20]]


def test_each_clip_is_the_frame_next_to_its_middle() -> None:
    assert nearest(np.arange(7.0), 7.0).tolist() == [1, 3, 5, 6]
    assert nearest(np.array([0.0]), 0.5).tolist() == [0]
    times = np.cumsum(np.random.default_rng(0).random(500))
    middles = np.minimum(np.arange(150) * 2 + 1, 300)
    assert nearest(times, 300.0).tolist() == np.abs(times - middles[:, None]).argmin(1).tolist()


def test_a_long_video_takes_little_memory_to_be_read_in_clips() -> None:
    times = np.arange(0, 6 * 3600, 0.5)
    tracemalloc.start()
    try:
        nearest(times, 6 * 3600.0)
        assert tracemalloc.get_traced_memory()[1] < 10 * times.nbytes
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("rows", "query"),
    [
        (np.ones((2, 512)), None),
        (np.ones((2, 512)), TextFeatures("ViT-B-32/openai")),
        (np.ones((2, 512)), TextFeatures("studio-lite", np.ones((5, 512), np.float32))),
        (np.ones((2, 768)), QUERY),
        (None, QUERY),
    ],
)
def test_another_encoder_is_refused_with_the_cure(engine: MomentDetr, rows: Any, query: TextFeatures | None) -> None:
    with pytest.raises(ModelError, match="index the video with an open_clip ViT-B-32 encoder"):
        engine.propose([0, 1], [0, 1], 1, 2.0, rows, query)


def test_words_of_no_text_are_refused() -> None:
    with pytest.raises(ValueError, match="words"):
        TextFeatures("x", np.zeros((0, 512), np.float32))


def official(net: Network, path: Path, **more: Any) -> Path:
    """A file of the layout that the authors' programs save."""
    opt = argparse.Namespace(lr=1e-4, v_feat_dim=512, results_dir="results", device=torch.device("cpu"))
    torch.save({"model": net.state_dict(), "optimizer": {"state": {}}, "epoch": 7, "opt": opt, **more}, path)
    return path


@pytest.mark.parametrize("name", SHAPES)
def test_a_checkpoint_of_the_official_layout_is_installed_and_loaded(
    nets: dict[str, Network], name: str, tmp_path: Path
) -> None:
    folder = tmp_path / "models"
    file = official(nets[name], tmp_path / "model_best.ckpt")
    assert not models.installed(models.card("grounding", name), folder)
    card = models.install(name, file, folder)
    assert models.installed(card, folder)
    assert models.verify(card, folder) == []
    record = json.loads((folder / f"{name}.pt.json").read_text(encoding="utf-8"))
    assert record == {"sha256": hashlib.sha256(file.read_bytes()).hexdigest(), "size": file.stat().st_size}
    loaded = models.load("grounding", name, "cpu", folder)
    times, clips = np.arange(20) * 2 + 1.0, waves()[0]
    found = loaded.propose(times, np.zeros(20), 3, 40.0, clips, TextFeatures("ViT-B-32/x", waves()[1]))
    wanted = MomentDetr(name, "1", nets[name], "cpu").propose(
        times, np.zeros(20), 3, 40.0, clips, TextFeatures("ViT-B-32/x", waves()[1])
    )
    assert found == wanted


class Trap:
    """What a pickle may do on the way in."""

    def __reduce__(self) -> Any:
        return (Path.touch, (Path("sprung"),))


def test_a_checkpoint_that_runs_code_is_refused(
    nets: dict[str, Network], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    file = official(nets["moment-detr"], tmp_path / "trap.ckpt", extra=Trap())
    with pytest.raises(ModelError, match="could run code, so it was not opened"):
        models.install("moment-detr", file, tmp_path / "models")
    assert not (tmp_path / "sprung").exists()
    assert not (tmp_path / "models").exists()


def test_a_file_changed_after_it_was_installed_is_never_parsed(
    nets: dict[str, Network], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = models.install("moment-detr", official(nets["moment-detr"], tmp_path / "x.ckpt"), tmp_path)
    (tmp_path / "moment-detr.pt").write_bytes(b"something else")
    monkeypatch.setattr("studio.models.grounding.detr.engine.build", lambda *a: pytest.fail("parsed"))
    with pytest.raises(ModelError, match="not the file that was installed"):
        models.load("grounding", "moment-detr", "cpu", tmp_path)
    (tmp_path / "moment-detr.pt.json").unlink()
    assert "studio models add FILE --as moment-detr" in models.verify(card, tmp_path)[0]


def test_what_is_not_installed_says_where_to_get_it(tmp_path: Path) -> None:
    for folder in (tmp_path, None):
        (problem,) = models.verify(models.card("grounding", "cg-detr"), folder)
        assert "github.com/wjun0830/CGDETR" in problem
        assert problem.endswith("studio models add FILE --as cg-detr.")
        with pytest.raises(ModelError, match="not installed"):
            models.load("grounding", "cg-detr", "cpu", folder)


def test_other_checkpoints_are_refused(nets: dict[str, Network], tmp_path: Path) -> None:
    card = models.card("grounding", "qd-detr")
    weights = nets["qd-detr"].state_dict()
    wide = {**weights, "input_vid_proj.0.LayerNorm.weight": torch.ones(2818)}
    for content, message in (
        (save(nets["moment-detr"].state_dict()), "not a checkpoint of this network: it lacks"),
        (save({**weights, "more": torch.ones(1)}), "also holds more"),
        (save({**weights, "class_embed.bias": torch.ones(3)}), "another shape of class_embed.bias"),
        (save(wide), "SlowFast"),
        (save(weights)[:-10], "damaged"),
        (b"no checkpoint at all", "no checkpoint"),
    ):
        with pytest.raises(ModelError, match=message):
            build({"net": content}, card, "cpu")
    assert build({"net": save(weights)}, card, "cpu").name == "qd-detr"
    file = tmp_path / "list.pt"
    torch.save([1, 2], file)
    with pytest.raises(ModelError, match="no network's weights"):
        models.install("qd-detr", file, tmp_path)
    with pytest.raises(ModelError, match=r"takes no file; give one as .*cg-detr"):
        models.install("merge-tree", file, tmp_path)
    with pytest.raises(ModelError, match="cannot be read"):
        models.install("qd-detr", tmp_path / "nothing", tmp_path)


def test_a_card_must_not_name_a_hash_for_what_others_bring() -> None:
    text = (registry.WEIGHTS / "qd-detr.md").read_text(encoding="utf-8")
    for locator in ('"user:../x.pt", ""', f'"user:x.pt", "{"0" * 64}"', '"x.pt", ""', '"user:a/b", ""', '"user:", ""'):
        with pytest.raises(ModelError, match="locator"):
            registry.parse(text.replace('"user:qd-detr.pt", ""', locator))
