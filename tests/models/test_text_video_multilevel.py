"""Three levels of likeness: equal to the formulas written out, explained exactly, and the same through the net."""

from typing import Any

import numpy as np
import pytest
import torch

from studio.models.card import ModelError
from studio.models.text_video import hubness, multilevel, ucofia
from studio.models.text_video.query_bank import QUERY_BANK

RNG = np.random.default_rng(3)


def unit(*shape: int) -> np.ndarray:
    x = RNG.standard_normal(shape).astype(np.float32)
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


def soft(x: torch.Tensor, dim: int) -> torch.Tensor:
    return torch.softmax(x / 0.01, dim)


def plain_isa(c: torch.Tensor, matrix: torch.Tensor) -> torch.Tensor:
    """The published formula, for one vector of similarities."""
    return (c * soft(matrix @ soft(c, 0), 0)).sum()


@pytest.fixture(scope="module")
def sizes() -> dict[str, int]:
    return {"frames": 5, "patches": 7, "words": 4, "dim": 16}


@pytest.fixture(scope="module")
def pair(sizes: dict[str, int]) -> tuple[multilevel.MultiLevelQuery, multilevel.MultiLevelVideo]:
    frames, dim = sizes["frames"], sizes["dim"]
    video = multilevel.MultiLevelVideo(unit(frames, dim), unit(frames, sizes["patches"], dim))
    return multilevel.MultiLevelQuery(unit(dim), unit(sizes["words"], dim)), video


def test_attention_is_nearly_a_maximum_and_its_golden_values() -> None:
    c = np.array([0.30, 0.31, 0.10], np.float32)
    # softmax of (0, 1, −20) is (.26894, .73106, 0); its differences, hundredfold, leave one.
    np.testing.assert_allclose(multilevel.attention(c), [0, 1, 0], atol=1e-6)
    np.testing.assert_allclose(multilevel.attention(c, temperature=1), [0.33996, 0.34117, 0.31886], atol=2e-5)
    np.testing.assert_allclose(multilevel.attention(np.full(4, 0.2, np.float32)), 0.25)
    swap = np.eye(3, dtype=np.float32)[[1, 0, 2]]
    np.testing.assert_allclose(multilevel.attention(c, swap), [1, 0, 0], atol=1e-6)


@pytest.mark.parametrize("trained", [False, True])
def test_scores_equal_the_formulas(pair: Any, sizes: dict[str, int], trained: bool) -> None:
    query, video = pair
    dim, words, patches = sizes["dim"], sizes["words"], sizes["frames"] * (multilevel.KEPT + 1)
    shapes = {"sentence": dim, "video": dim, "words": dim, "patches": dim, "over_frames": sizes["frames"]}
    shapes |= {"over_words": words, "over_words_last": words, "over_patches": patches, "over_patches_last": patches}
    noise = 0.3 if trained else 0.0
    matrices = {k: (np.eye(n) + noise * RNG.standard_normal((n, n)) / n).astype(np.float32) for k, n in shapes.items()}
    found = multilevel.multilevel_scores(query, [video], mixing=multilevel.Mixing(**matrices) if trained else None)

    m = {key: torch.from_numpy(value) for key, value in matrices.items()}
    s, f = torch.from_numpy(query.sentence), torch.from_numpy(video.frames)
    v = f.mean(0) / f.mean(0).norm()
    assert video.patches is not None
    assert query.words is not None
    picked = multilevel.pick(video.frames, video.patches)
    p = torch.from_numpy(np.take_along_axis(video.patches, picked[:, :, None], 1))
    p = torch.cat([f[:, None], p], 1).flatten(0, 1)
    pairs = (torch.from_numpy(query.words) @ m["words"]) @ (p @ m["patches"]).T
    a = torch.stack([plain_isa(pairs[:, j], m["over_words"]) for j in range(pairs.shape[1])])
    b = torch.stack([plain_isa(pairs[i], m["over_patches"]) for i in range(pairs.shape[0])])
    patch = (plain_isa(a, m["over_patches_last"]) + plain_isa(b, m["over_words_last"])) / 2
    np.testing.assert_allclose(found.video, float((s @ m["sentence"]) @ (v @ m["video"])), atol=1e-5)
    np.testing.assert_allclose(found.frame, float(plain_isa(f @ s, m["over_frames"])), atol=1e-5)
    np.testing.assert_allclose(found.patch, float(patch), atol=1e-5)
    np.testing.assert_allclose(found.total, found.video + found.frame + 0.1 * found.patch, atol=1e-5)


def test_what_frames_and_words_add_is_the_score() -> None:
    query = multilevel.MultiLevelQuery(unit(16), unit(6, 16))
    videos = [multilevel.MultiLevelVideo(unit(t, 16), unit(t, 9, 16)) for t in (1, 2, 30)]
    found = multilevel.multilevel_scores(query, videos, multilevel.MultiLevelWeights(0.7, 1.3, 0.4))
    for i, video in enumerate(videos):
        assert found.by_frame[i].shape == (len(video.frames),)
        assert found.picked[i].shape == (len(video.frames), 3)
        np.testing.assert_allclose(found.by_frame[i].sum(), found.total[i], atol=2e-5)
        np.testing.assert_allclose(found.by_word[i].sum(), found.patch[i], atol=2e-5)


def test_the_frame_that_shows_it_explains_the_hit() -> None:
    query = multilevel.MultiLevelQuery(unit(32))
    frames = 0.2 * unit(8, 32)
    frames[5] += query.sentence
    frames /= np.linalg.norm(frames, axis=1, keepdims=True)
    found = multilevel.multilevel_scores(
        query, [multilevel.MultiLevelVideo(frames), multilevel.MultiLevelVideo(unit(8, 32))]
    )
    assert found.total[0] > found.total[1]
    assert found.by_frame[0].argmax() == 5
    # A moment in a long video: the mean hardly sees it, the frame level does.
    assert found.frame[0] > 0.95 > found.video[0]


def test_levels_without_words_or_patches_are_zero() -> None:
    frames, patches = unit(3, 8), unit(3, 4, 8)
    for query, video in (
        (multilevel.MultiLevelQuery(unit(8)), multilevel.MultiLevelVideo(frames, patches)),
        (multilevel.MultiLevelQuery(unit(8), unit(2, 8)), multilevel.MultiLevelVideo(frames)),
        (multilevel.MultiLevelQuery(unit(8), unit(0, 8)), multilevel.MultiLevelVideo(frames, patches)),
    ):
        found = multilevel.multilevel_scores(query, [video])
        assert found.patch[0] == 0
        assert found.picked[0].shape == (3, 0)
        np.testing.assert_allclose(found.by_frame[0].sum(), found.total[0], atol=1e-5)
    assert multilevel.multilevel_scores(multilevel.MultiLevelQuery(unit(8)), []).total.shape == (0,)


def test_pick_is_stable_and_can_ask_the_sentence() -> None:
    patches = np.zeros((1, 5, 2), np.float32)
    patches[0, :, 0] = [1, 0, 1, 1, 1]
    patches[0, :, 1] = [0, 1, 0, 0, 0.5]
    frame, other = np.array([[1, 0]], np.float32), np.array([0, 1], np.float32)
    np.testing.assert_array_equal(multilevel.pick(frame, patches), [[0, 2, 3]])
    np.testing.assert_array_equal(multilevel.pick(frame, patches, 2, other), [[1, 4]])
    assert multilevel.pick(frame, patches, 9).shape == (1, 5)


def test_features_of_another_encoder_are_refused() -> None:
    with pytest.raises(ValueError, match="same encoder"):
        multilevel.multilevel_scores(multilevel.MultiLevelQuery(unit(8)), [multilevel.MultiLevelVideo(unit(2, 9))])
    with pytest.raises(ValueError, match="at least one frame"):
        multilevel.MultiLevelVideo(np.zeros((0, 8), np.float32))
    with pytest.raises(ValueError, match="patches must"):
        multilevel.MultiLevelVideo(unit(2, 8), unit(3, 4, 8))
    with pytest.raises(ValueError, match="words"):
        multilevel.MultiLevelQuery(unit(8), unit(2, 9))


def test_an_encoders_vectors_fit(lite: Any, pictures: np.ndarray) -> None:
    words, mask = lite.encode_text(["smooth coloured waves"], tokens=True)
    query = multilevel.MultiLevelQuery(lite.encode_text(["smooth coloured waves"])[0], words[0][mask[0]])
    video = multilevel.MultiLevelVideo(lite.encode_frames(pictures), lite.encode_frames(pictures, tokens=True))
    found = multilevel.multilevel_scores(query, [video, video])
    assert found.total[0] == found.total[1]
    np.testing.assert_allclose(found.video[0], query.sentence @ video.whole, atol=1e-5)


# --- Videos that every query likes


def test_sinkhorn_golden_values() -> None:
    bank = np.array([[3, 1, 0.5], [2.5, 1.5, 0.2], [2, 0.3, 1.8], [2.2, 0.1, 0.4]], np.float32)
    text, video = hubness.biases(bank)
    np.testing.assert_allclose(text, [-1.58837, -1.57381, -1.62614, -0.93700], atol=2e-5)
    np.testing.assert_allclose(video, [-2.41912, -0.74717, -0.82714], atol=2e-5)
    test = np.array([[2.6, 2.4, 0.5], [2.7, 0.4, 2.5]])
    assert test.argmax(1).tolist() == [0, 0]
    assert (test + hubness.video_bias(bank)).argmax(1).tolist() == [1, 2]


def test_the_bias_survives_a_sharp_encoder() -> None:
    cosines = RNG.uniform(-1, 1, (50, 30)).astype(np.float32)
    cosines[:, 7] += 0.5
    found = hubness.video_bias(cosines, scale=100)
    assert np.isfinite(found).all()
    assert found.argmin() == 7
    np.testing.assert_allclose(found * 100, hubness.video_bias(cosines * 100), rtol=1e-4)
    for bad in (np.zeros((0, 3), np.float32), np.full((2, 2), np.nan, np.float32)):
        with pytest.raises(ValueError, match="bank"):
            hubness.video_bias(bad)


def test_the_neutral_bank_is_varied() -> None:
    assert len(QUERY_BANK) == len(set(QUERY_BANK)) == 64
    assert all(caption.endswith(".") and 2 <= len(caption.split()) <= 9 for caption in QUERY_BANK)


# --- The official checkpoint layout


WIDTH = 64


def official(variant: int = 512, layers: int = 12) -> dict[str, torch.Tensor]:
    """Random weights under the official names: real depth, real sizes of the matrices, narrow layers."""
    from open_clip.model import CLIP, CLIPTextCfg, CLIPVisionCfg

    torch.manual_seed(1)
    vision = CLIPVisionCfg(layers=layers, width=WIDTH, patch_size=32, image_size=224)
    text = CLIPTextCfg(width=WIDTH, heads=1, layers=layers)
    clip = CLIP(WIDTH, vision, text, quick_gelu=True).state_dict()
    state = {}
    for key, value in clip.items():
        for block in (layers - 2, layers - 1):
            key = key.replace(
                f"visual.transformer.resblocks.{block}.attn.", f"visual.transformer.resblocks.{block}.attn.net."
            )
        state[f"clip.{key}"] = value
    state |= {f"clip.{name}": torch.tensor(224) for name in ("input_resolution", "context_length", "vocab_size")}
    for key, value in clip.items():
        if key.startswith("transformer.resblocks.") and int(key.split(".")[2]) < 4:
            state[f"transformerClip.{key.removeprefix('transformer.')}"] = value.clone()
    state["frame_position_embeddings.weight"] = clip["positional_embedding"].clone()
    for name in ("global_mat_weight", "global_mat_weight_1", "local_mat_weight", "local_mat_weight1"):
        state[name] = torch.eye(WIDTH)
    for name, n in (("frame_logit_weight", 12), ("frame_mat_weight", 12), ("frame_mat_weight2", 12)):
        state[name] = torch.eye(n)
    for name in ("word_mat_weight", "word_mat_weight2", "word_logit_weight", "word_mat_weight_for_pixel"):
        state[name] = torch.eye(32)
    for name in ("pixel_mat_weight", "pixel_mat_weight2"):
        state[name] = torch.eye(48)
    reads, inner = (WIDTH, WIDTH // 2) if variant == 512 else (2 * WIDTH, WIDTH)
    selector = {
        "in_conv.0.weight": torch.ones(reads),
        "in_conv.0.bias": torch.zeros(reads),
        "in_conv.1.weight": torch.randn(inner, reads),
        "out_conv.0.weight": torch.randn(WIDTH // 2, WIDTH),
        "out_conv.0.bias": torch.randn(WIDTH // 2),
        "out_conv.2.weight": torch.randn(1, WIDTH // 2),
    }
    return state | {f"visual_token_selector.score_predictor.{key}": value for key, value in selector.items()}


@pytest.fixture(scope="module")
def state() -> dict[str, torch.Tensor]:
    return official()


@pytest.fixture(scope="module")
def clip_of_frames() -> np.ndarray:
    return RNG.integers(0, 256, (20, 224, 224, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def net(state: dict[str, torch.Tensor]) -> ucofia.LevelsNet:
    return ucofia.LevelsNet({f"module.{key}": value for key, value in state.items()})


def test_the_trained_scorer_runs_and_repeats(net: ucofia.LevelsNet, clip_of_frames: np.ndarray) -> None:
    assert (net.frames, net.words, net.dim) == (12, 32, WIDTH)
    query, video = net.query("a dog jumps over a fence"), net.video(clip_of_frames)
    assert video.patches is not None
    assert query.words is not None
    assert (video.frames.shape, video.patches.shape, query.words.shape) == ((12, 64), (12, 4, 64), (32, 64))
    found = net.scores(query, [video, net.video(clip_of_frames[:1])])
    again = net.scores(net.query("a dog jumps over a fence"), [net.video(clip_of_frames)])
    assert np.isfinite(found.total).all()
    assert again.total[0] == pytest.approx(found.total[0], rel=1e-5)  # one alone is added up in another order


def test_with_identity_it_is_the_training_free_scorer(net: ucofia.LevelsNet, clip_of_frames: np.ndarray) -> None:
    query, video = net.query("two people dance"), net.video(clip_of_frames)
    third = multilevel.MultiLevelWeights(net.scale / 3, net.scale / 3, 1 / 3)
    free = multilevel.multilevel_scores(query, [video], third, kept=None)
    np.testing.assert_allclose(net.scores(query, [video]).total, free.total, rtol=1e-5)
    # Without the transformer's vector, the video level alone is another.
    mean = multilevel.multilevel_scores(
        query, [multilevel.MultiLevelVideo(video.frames, video.patches)], third, kept=None
    )
    assert abs(float(mean.video[0] - free.video[0])) > 1e-4
    np.testing.assert_allclose([mean.frame, mean.patch], [free.frame, free.patch], rtol=1e-5)


def test_trained_matrices_are_read(state: dict[str, torch.Tensor], clip_of_frames: np.ndarray) -> None:
    changed = dict(state)
    changed["global_mat_weight"] = 2 * torch.eye(WIDTH)
    del changed["local_mat_weight1"]  # one of the official evaluations has none
    before, after = (ucofia.LevelsNet(each) for each in (state, changed))
    query, video = before.query("rain"), before.video(clip_of_frames)
    np.testing.assert_allclose(after.scores(query, [video]).video, 2 * before.scores(query, [video]).video, rtol=1e-5)
    assert after.mixing.patches is None


def test_the_last_two_blocks_load_under_their_wrapped_names(
    state: dict[str, torch.Tensor], net: ucofia.LevelsNet
) -> None:
    for block in (9, 10, 11):
        inside = "" if block == 9 else "net."
        key = f"clip.visual.transformer.resblocks.{block}.attn.{inside}in_proj_weight"
        assert torch.equal(net._net.visual.transformer.resblocks[block].attn.in_proj_weight, state[key])


def test_shift_takes_every_seventh_patch_from_a_neighbour() -> None:
    x = torch.arange(3.0)[:, None, None].expand(3, 50, 1)
    out = ucofia.shift_patches(x)[:, :, 0]
    assert out[0, [0, 1, 4, 8, 11]].tolist() == [0, 0, 1, 0, 1]
    assert out[1, [0, 1, 2, 4, 7, 46, 43]].tolist() == [1, 0, 1, 2, 1, 2, 0]
    assert out[2, [1, 4, 49]].tolist() == [1, 2, 2]


def test_the_shift_reaches_the_result(net: ucofia.LevelsNet, clip_of_frames: np.ndarray) -> None:
    """A frame's vector depends on its neighbours, and only through the shift."""
    alone = net.video(np.repeat(clip_of_frames[:1], 12, axis=0)).frames[0]
    mixed = net.video(clip_of_frames[:12]).frames[0]
    assert 0.5 < float(alone @ mixed) < 0.99999


def test_the_other_selector_variant(clip_of_frames: np.ndarray) -> None:
    video = ucofia.LevelsNet(official(variant=1024)).video(clip_of_frames[:3])
    assert video.patches is not None
    assert video.patches.shape == (12, 4, WIDTH)
    assert np.isfinite(video.patches).all()


def test_other_layouts_are_refused(state: dict[str, torch.Tensor], tmp_path: Any) -> None:
    lacking = {key: value for key, value in state.items() if key != "pixel_mat_weight"}
    with pytest.raises(ModelError, match="pixel_mat_weight"):
        ucofia.LevelsNet(lacking)
    with pytest.raises(ModelError, match="nothing here knows, as surprise"):
        ucofia.LevelsNet(state | {"surprise": torch.zeros(1)})
    block = "clip.visual.transformer.resblocks.11.attn.net.in_proj_weight"
    with pytest.raises(ModelError, match="not a checkpoint"):
        ucofia.LevelsNet({key: value for key, value in state.items() if key != block})
    page = tmp_path / "page.bin"
    page.write_text("<html>")
    with pytest.raises(ModelError, match=r"page\.bin"):
        ucofia.load(page)


def test_a_saved_checkpoint_loads(state: dict[str, torch.Tensor], net: ucofia.LevelsNet, tmp_path: Any) -> None:
    torch.save(state, tmp_path / "pytorch_model.bin")
    loaded = ucofia.load(tmp_path / "pytorch_model.bin")
    np.testing.assert_array_equal(loaded.query("snow").sentence, net.query("snow").sentence)


def test_the_official_names_at_full_size() -> None:
    """ViT-B/32 as published, without its memory: 302 names and shapes fit open_clip's own model."""
    import open_clip
    from open_clip.model import CLIP

    settings = open_clip.get_model_config("ViT-B-32-quickgelu")
    with torch.device("meta"):
        full = CLIP(**settings).state_dict()
    assert len(full) == 302
    net = ucofia._clip({key: value.float() for key, value in full.items()})
    assert {k: v.shape for k, v in net.state_dict().items()} == {k: v.shape for k, v in full.items()}
    assert net.visual.image_size == (224, 224)
