"""The published networks: values their own programs gave, official files, and what is done around them."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from studio import models
from studio.models import ModelError
from studio.models.registry import card
from studio.models.speaker.checkpoints import DURATIONS, NETWORKS, Checkpoint, chunk_sizes, chunks, weights
from studio.models.speaker.networks import LightAsd, LoCoNet, LrAsd, TalkNet
from studio.models.speaker.networks.parts import Network
from studio.models.speaker.networks.residual import Frontend

CEPSTRA = (10 * torch.sin(0.05 * torch.arange(100.0)[:, None] + 0.7 * torch.arange(13.0)))[None]
_Y, _X = torch.meshgrid(torch.arange(112.0), torch.arange(112.0), indexing="ij")
FACES = 127.5 * (1 + torch.sin(0.1 * torch.arange(25.0)[:, None, None] + 0.03 * _Y + 0.05 * _X))


@pytest.fixture(autouse=True)
def _no_gradients() -> Any:
    with torch.inference_mode():
        yield


def official(data: Path, net: Network, file: str) -> Network:
    net.load_state_dict(weights((data / "weights" / file).read_bytes(), file), strict=True)
    return net.eval()


def made_up(net: torch.nn.Module) -> None:
    """Weights that follow from nothing but their names and shapes, as when the values below were computed."""
    for key, value in net.state_dict().items():
        if not value.is_floating_point():
            continue
        n, gain = value.numel(), key.endswith("gamma")
        scale = 0.05 if value.ndim < 2 else 1 / np.sqrt(n if value.shape[0] == 1 else n / value.shape[0])
        filled = scale * np.sin(0.37 * np.arange(n) + sum(key.encode()) % 97)
        if value.ndim == 1 and key.endswith(".weight"):
            filled += 0.25 if n == 1 else 1
        filled += gain or key.endswith("running_var")
        value.copy_(torch.from_numpy(filled.astype(np.float32)).view(value.shape))


def near(found: torch.Tensor, values: list[float], tolerance: float = 1e-3) -> None:
    np.testing.assert_allclose(found.numpy(), values, atol=tolerance)


def test_light_asd_gives_the_values_of_its_authors(data: Path) -> None:
    net = official(data, LightAsd(), "light_asd_ava.model")
    heard, seen = net.encode_audio(CEPSTRA), net.encode_video(FACES[None])
    assert float(heard.sum()) == pytest.approx(3447.9642, abs=2e-3)
    near(heard[0, 0, :5], [1.1749, 1.4193, 0, 0.3925, 0], 1e-4)
    assert float(seen.sum()) == pytest.approx(1891.7093, abs=2e-3)
    near(seen[0, 0, :5], [0.0303, 2.6597, 0, 0.6071, 0.0989], 1e-4)
    logits = net.fuse(heard, seen)[0]
    near(logits[:5, 0], [2.3204, 2.8403, 3.1088, 3.2626, 3.3641], 1e-4)
    near(logits[:, 1], [
        -2.9419, -3.4218, -3.6688, -3.8128, -3.8994, -3.9188, -3.9465, -3.9677, -3.9777, -3.9824, -3.9886, -4.0006,
        -4.0134, -4.0211, -4.0245, -4.0239, -4.0182, -4.0042, -3.9773, -3.9328, -3.8621, -3.6986, -3.3022, -2.9971,
        -2.1341,
    ], 1e-4)  # fmt: skip


@pytest.mark.parametrize(
    ("net", "file", "count", "elements"),
    [
        (LightAsd, "light_asd_talkset.model", 192, 1_026_146),
        (LightAsd, "light_asd_ava.model", 192, 1_026_146),
        (LrAsd, "lr_asd_talkset.model", 168, 841_086),
        (LrAsd, "lr_asd_ava.model", 168, 841_086),
    ],
)
def test_official_files_fit_exactly(data: Path, net: Any, file: str, count: int, elements: int) -> None:
    found = official(data, net(), file).state_dict()
    assert (len(found), sum(value.numel() for value in found.values())) == (count, elements)


def test_talknet_gives_the_values_of_the_original_program() -> None:
    net = TalkNet().eval()
    assert len(net.model.state_dict()) == 481
    assert sum(p.numel() for p in net.model.parameters()) == 15_743_451
    made_up(net.model)
    heard, seen = net.encode_audio(CEPSTRA), net.encode_video(FACES[None])
    assert float(heard.sum()) == pytest.approx(2825.8115, rel=1e-2)
    near(heard[0, 0, :4], [0.06800, 0.00948, 0.73144, 1.22707])
    assert float(seen.sum()) == pytest.approx(-13.9977, rel=1e-2)
    near(seen[0, 0, :4], [0.16289, 0.09194, 0.00470, -0.08056])
    joined = net.model.join(heard, seen)[0]
    assert float(joined.sum()) == pytest.approx(-35.5682, rel=1e-2)
    assert float(joined.abs().sum()) == pytest.approx(5369.197, rel=1e-2)
    near(joined[0, :6], [-1.29163, -0.50328, 0.49081, 1.34224, -1.27646, -0.00626])


def test_loconet_gives_the_values_of_the_original_program() -> None:
    net = LoCoNet().eval()
    assert len(net.model.state_dict()) == 266
    assert sum(p.numel() for p in net.model.parameters()) == 34_331_845
    made_up(net.model)
    mel = torch.sin(0.05 * torch.arange(100.0)[:, None] + 0.2 * torch.arange(64.0))[None]
    heard, seen = net.encode_audio(mel), net.encode_video(torch.stack([FACES, 255 - FACES, FACES.flip(0)]))
    assert float(heard.sum()) == pytest.approx(18.3293, rel=1e-2)
    near(heard[0, 0, :4], [0.39927, 0.45435, 0.41374, 0.28673])
    assert float(seen.sum()) == pytest.approx(-41.9667, rel=1e-2)
    near(seen[0, 0, :4], [0.16289, 0.09194, 0.00471, -0.08056])
    joined = net.model.company(net.model.cross(heard, seen)).flatten(0, 1)
    assert float(joined.sum()) == pytest.approx(-17.3095, rel=1e-2)
    assert float(joined.abs().sum()) == pytest.approx(15181.5502, rel=1e-2)
    near(joined[0, :6], [-0.11055, 0.55410, 1.21351, 0.87850, -0.78137, 0.63097])
    near(joined[24, :6], [-0.10537, 0.56525, 1.21966, 0.87826, -0.78949, 0.62522])


def test_a_long_track_is_read_in_pieces_with_the_same_result() -> None:
    net = Frontend(idle=False).eval()
    net.resnet = torch.nn.AdaptiveAvgPool2d(1)  # only the first layer looks beyond its own frame
    faces = torch.rand(150, 16, 16)
    whole = net.frontend3D(faces[None, None])[0].transpose(0, 1).mean((2, 3))
    torch.testing.assert_close(net(faces).flatten(1), whole, atol=1e-5, rtol=1e-5)


def test_chunks_of_several_lengths_are_averaged() -> None:
    assert list(chunks(60, 25)) == [(0, 25), (25, 50), (50, 60)]
    # Each length once: the authors' list with repetitions is a set.
    assert dict(chunk_sizes(1000, DURATIONS)) == dict.fromkeys((25, 50, 75, 100, 125, 150), 1 / 6)
    assert dict(chunk_sizes(60, DURATIONS)) == {25: 1 / 6, 50: 1 / 6, 60: pytest.approx(4 / 6)}
    assert dict(chunk_sizes(10, DURATIONS)) == {10: pytest.approx(1)}


class Counting(Network):
    """Says how long the chunk is that it was given; the sound has to fit the faces."""

    def encode_video(self, faces: torch.Tensor) -> torch.Tensor:
        return torch.full((1, faces.shape[1], 1), float(faces.shape[1]))

    def encode_audio(self, rows: torch.Tensor) -> torch.Tensor:
        return rows[:, ::4, :1]

    def fuse(self, heard: torch.Tensor, seen: torch.Tensor) -> torch.Tensor:
        assert heard.shape == seen.shape
        return torch.cat([0 * seen, (seen - 30) / 10], dim=2)


class Always:
    """A voice is heard all the time, with this probability."""

    hop_s = 0.032

    def __init__(self, value: float) -> None:
        self.value = value

    def probability(self, audio: np.ndarray) -> np.ndarray:
        return np.full(-(-len(audio) // 512), self.value, np.float32)


def test_log_odds_of_chunks_meet_in_one_score_bounded_by_the_voice() -> None:
    tracks = [np.zeros((60, 112, 112), np.uint8), np.zeros((0, 112, 112), np.uint8)]
    audio = np.zeros(60 * 640, np.float32)
    model = Checkpoint("x", "1", Counting(), Always(1.0), durations=(1, 2))  # type: ignore[arg-type]
    score, nothing = model.score(tracks, audio)
    odds = [(25 + 50) / 2 - 30] * 50 + [(10 + 10) / 2 - 30] * 10
    np.testing.assert_allclose(score, 1 / (1 + np.exp(-np.array(odds) / 10)), atol=1e-6)
    assert nothing.shape == (0,)
    quiet = Checkpoint("x", "1", Counting(), Always(0.3), durations=(1, 2))  # type: ignore[arg-type]
    np.testing.assert_allclose(quiet.score(tracks, audio)[0], np.minimum(score, 0.3), atol=1e-6)


def test_tracks_of_a_scene_are_read_beside_each_other() -> None:
    torch.manual_seed(0)
    net = LoCoNet().eval()
    model = Checkpoint("loconet", "1", net, Always(1.0), crop_style="plain")  # type: ignore[arg-type]
    rng = np.random.default_rng(0)
    a, b = (rng.integers(0, 255, (t, 112, 112), dtype=np.uint8) for t in (6, 4))
    audio = rng.normal(0, 0.1, 6 * 640).astype(np.float32)
    alone, together = model.score([a], audio)[0], model.score([a, np.zeros((0, 112, 112), np.uint8), b], audio)
    assert [score.shape for score in together] == [(6,), (0,), (4,)]
    assert np.abs(together[0] - alone).max() > 1e-4


@pytest.mark.parametrize(
    ("name", "file", "plain"),
    [("lr-asd", "lr_asd_talkset.model", False), ("light-asd", "light_asd_talkset.model", False),
     ("lr-asd", "lr_asd_ava.model", False), ("light-asd", "light_asd_ava.model", True)],
)  # fmt: skip
def test_a_checkpoint_is_brought_and_tells_who_speaks(
    data: Path, tmp_path: Path, name: str, file: str, plain: bool
) -> None:
    models.install(name, data / "weights" / file, tmp_path)
    assert models.verify(card("active_speaker", name), tmp_path) == []
    model = models.load("active_speaker", name, "cpu", tmp_path)
    assert (model.name, model.crop_style == "plain") == (name, plain)
    found = model.score([np.zeros((8, 112, 112), np.uint8)], np.zeros(16_000, np.float32))
    assert found[0].shape == (8,)
    assert found[0].dtype == np.float32
    assert (found[0] < 0.1).all(), "nobody speaks in silence"
    with pytest.raises(ValueError, match="tracks"):
        model.score([np.zeros((5, 100, 112), np.uint8)], np.zeros(16_000, np.float32))


def test_other_files_are_refused(data: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="not a checkpoint of this network: it lacks"):
        models.install("lr-asd", data / "weights" / "light_asd_ava.model", tmp_path)
    for name in NETWORKS:
        with pytest.raises(ModelError, match="is not installed; download"):
            models.load("active_speaker", name, "cpu", tmp_path)


def test_names_of_published_checkpoints_are_understood() -> None:
    """LoCoNet's were saved from inside two wrappers, its small layers perhaps as convolutions."""
    net = LoCoNet()
    saved = {
        f"model.module.{key}": value[..., None, None] if "conv2d_1x1" in key and value.ndim == 2 else value
        for key, value in net.state_dict().items()
    }
    buffer = io.BytesIO()
    torch.save(saved, buffer)
    net.load_state_dict(weights(buffer.getvalue(), "x"), strict=True)
