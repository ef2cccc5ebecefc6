"""Few patches that stand for many: golden clusters, and a vision transformer that runs on them."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from studio import models
from studio.models.text_video import token_clustering
from studio.models.text_video.token_clustering import cluster, neighbours_for, spectrum


@pytest.fixture(scope="module")
def points() -> torch.Tensor:
    i, j = np.mgrid[0:12, 0:4]
    return torch.from_numpy((np.sin(0.9 * i + 1.7 * j) + 0.1 * i * np.cos(j)).astype(np.float32))[None]


def seeds(points: torch.Tensor, count: int, unit: bool = False) -> list[int]:
    used = torch.nn.functional.normalize(points, dim=2) if unit else points
    return token_clustering._seeds(torch.cdist(used, used), points.norm(dim=2), count)[0].tolist()


def test_seeds_are_far_from_each_other(points: torch.Tensor) -> None:
    assert seeds(points, 3) == [8, 4, 6]
    assert seeds(points, 4) == [8, 4, 6, 2]
    assert seeds(points, 3, unit=True) == [8, 4, 5]


@pytest.mark.parametrize(
    ("count", "unit", "medoids", "assigned"),
    [
        (3, False, [0, 3, 9], [0, 2, 1, 1, 1, 0, 0, 0, 2, 2, 2, 1]),
        (4, False, [0, 1, 2, 4], [0, 1, 2, 2, 3, 3, 0, 0, 1, 2, 2, 3]),
        (3, True, [3, 5, 8], [2, 2, 0, 0, 0, 1, 1, 2, 2, 2, 0, 2]),
    ],
)
def test_golden_clusters(points: torch.Tensor, count: int, unit: bool, medoids: list[int], assigned: list[int]) -> None:
    found = cluster(points, count, unit=unit)
    assert found.medoids.tolist() == [medoids]
    assert found.assigned.tolist() == [assigned]
    # Several sets at once are clustered as each alone.
    both = cluster(torch.cat([points, points.flip(1)]), count, unit=unit)
    assert both.medoids[0].tolist() == medoids
    assert both.assigned[0].tolist() == assigned


def test_other_distances_and_equal_points(points: torch.Tensor) -> None:
    assert cluster(points, 3, norm=1).medoids.shape == (1, 3)
    same = cluster(torch.ones(1, 6, 2), 3)
    assert same.medoids.shape == (1, 3)
    assert (same.assigned < 3).all()
    whole = cluster(points, 12)
    assert whole.medoids.tolist() == [list(range(12))]
    for count in (0, 13):
        with pytest.raises(ValueError, match="clusters"):
            cluster(points, count)


def test_spectral_follows_the_graph_not_the_distance() -> None:
    """Two rings, one inside the other: medoids cut them through, the graph tells them apart."""
    angle = torch.arange(40) * 2 * torch.pi / 40
    ring = torch.stack([angle.cos(), angle.sin()], 1)
    rings = torch.cat([0.8 * ring, 3.0 * ring])[None]
    split = cluster(rings, 2, "spectral", neighbours=4).assigned[0]
    assert len(split[:40].unique()) == len(split[40:].unique()) == 1
    assert split[0] != split[40]
    assert len(cluster(rings, 2).assigned[0, 40:].unique()) == 2


def test_spectrum_signs_and_lengths(points: torch.Tensor) -> None:
    rows = spectrum(points[0], 3, 5)
    assert rows.shape == (12, 3)
    np.testing.assert_allclose(rows.norm(dim=1).numpy(), 1, atol=1e-5)
    assert torch.equal(rows, spectrum(points[0], 3, 5))
    # The slowest vibration of a connected graph has one sign, and the correction makes it positive.
    assert (spectrum(points[0], 3)[:, -1] > 0).all()
    # Points so far apart that their edges vanish in single precision.
    assert torch.isfinite(spectrum(40 * points[0], 3)).all()
    assert neighbours_for(4, 49) == 20
    assert neighbours_for(4, 196) == 25


# --- In the network

TINY = {
    "embed_dim": 32,
    "vision_cfg": {"image_size": 64, "layers": 4, "width": 64, "patch_size": 16},
    "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 1},
}


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Any:
    import json

    import open_clip
    from safetensors.torch import save_file

    folder: Path = tmp_path_factory.mktemp("tiny")
    (folder / "Tiny-16.json").write_text(json.dumps(TINY), encoding="utf-8")
    open_clip.add_model_config(folder)
    torch.manual_seed(0)
    net = open_clip.create_model("Tiny-16", pretrained=None)
    save_file({k: v.contiguous() for k, v in net.state_dict().items()}, folder / "tiny.safetensors")
    return models.load("text_video", f"Tiny-16/{folder / 'tiny.safetensors'}", device="cpu")


@pytest.fixture(scope="module")
def clip() -> np.ndarray:
    """Ten frames of a square that moves over a ramp."""
    frames = np.repeat(np.linspace(20, 200, 64)[None, :, None, None], 10, 0) * np.ones((1, 1, 64, 3))
    for t in range(10):
        frames[t, 20:40, 4 * t : 4 * t + 20] = 250 - 20 * t
    return frames.astype(np.uint8)


def tokens_seen(encoder: Any, work: Any) -> list[int]:
    """How many tokens each block's attention saw in all, batch times length."""
    seen: list[int] = []
    hooks = [
        block.ln_1.register_forward_hook(lambda _m, _i, out: seen.append(out.shape[0] * out.shape[1]))
        for block in encoder._net.visual.transformer.resblocks
    ]
    try:
        work()
    finally:
        for hook in hooks:
            hook.remove()
    return seen


@pytest.mark.parametrize("method", ["k-medoids", "spectral"])
def test_upper_blocks_see_medoids_only(encoder: Any, clip: np.ndarray, method: Any) -> None:
    assert tokens_seen(encoder, lambda: encoder.encode_frames(clip[:8])) == [8 * 17] * 4
    seen = tokens_seen(encoder, lambda: encoder.encode_video(clip[:8], 2, 10, method))
    assert seen == [8 * 17] * 2 + [2 * 11] * 2
    seen = tokens_seen(encoder, lambda: encoder.encode_video(clip[:8], 4, 5, method, after=1))
    assert seen == [8 * 17] + [4 * 6] * 3


@pytest.mark.parametrize("method", ["k-medoids", "spectral"])
def test_encode_video(encoder: Any, clip: np.ndarray, method: Any) -> None:
    vectors, medoids = encoder.encode_video(clip, 3, 12, method)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-4)
    # Ten frames in three segments: three, three, four.
    assert medoids.shape == (3, 12, 2)
    for segment, (first, end) in enumerate([(0, 3), (3, 6), (6, 10)]):
        frame, patch = medoids[segment].T
        assert first <= frame.min() <= frame.max() < end
        assert 0 <= patch.min() <= patch.max() < 16
        assert (np.diff(frame * 16 + patch) > 0).all()
    again = encoder.encode_video(clip, 3, 12, method)
    np.testing.assert_array_equal(vectors, again[0])
    np.testing.assert_array_equal(medoids, again[1])
    full = encoder.encode_frames(clip).mean(0)
    assert float(vectors.mean(0) @ full) / np.linalg.norm(vectors.mean(0)) / np.linalg.norm(full) > 0.95


def test_keeping_every_patch_of_every_frame_changes_nothing(encoder: Any, clip: np.ndarray) -> None:
    vectors, medoids = encoder.encode_video(clip, 10, 16)
    # fp16, where this machine uses it, rounds by the batch's shape.
    np.testing.assert_allclose(vectors, encoder.encode_frames(clip), atol=5e-3)
    assert medoids[3, :, 0].tolist() == [3] * 16
    assert medoids[3, :, 1].tolist() == list(range(16))


def test_impossible_plans_are_refused(encoder: Any, clip: np.ndarray) -> None:
    with pytest.raises(ValueError, match="cannot make 11 segments"):
        encoder.encode_video(clip, 11, 4)
    with pytest.raises(ValueError, match="49 clusters"):
        encoder.encode_video(clip, 5, 49)
    for segments, tokens, after in ((0, 4, None), (2, 0, None), (2, 4, 4)):
        with pytest.raises(ValueError, match="positive"):
            encoder.encode_video(clip, segments, tokens, after=after)
