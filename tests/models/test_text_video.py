"""Both encoders keep the promises of `TextVideoEncoder`; open_clip's pixels equal its own."""

import io
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from studio import models
from studio.models import registry
from studio.models._torch import with_smaller_batches
from studio.models.card import ModelError
from studio.models.text_video import precision
from studio.models.text_video.image_tower import ImageTower, without_bars
from studio.models.text_video.pixels import Preprocess
from studio.models.text_video.word_vectors import WordVectors, buckets, words_of

SMALL = {
    "embed_dim": 32,
    "vision_cfg": {"image_size": 64, "layers": 1, "width": 64, "patch_size": 32},
    "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 1},
}


@pytest.fixture(scope="session")
def small_clip(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A tiny random open_clip model, saved and loaded as a person would load a checkpoint of theirs."""
    import json

    import open_clip
    from safetensors.torch import save_file

    folder = tmp_path_factory.mktemp("clip")
    (folder / "Small-32.json").write_text(json.dumps(SMALL), encoding="utf-8")
    open_clip.add_model_config(folder)
    torch.manual_seed(0)
    net = open_clip.create_model("Small-32", pretrained=None)
    save_file({k: v.contiguous() for k, v in net.state_dict().items()}, folder / "small.safetensors")
    torch.save({"state_dict": {f"module.{k}": v for k, v in net.state_dict().items()}}, folder / "small.pt")
    yield folder


@pytest.fixture(params=["studio-lite", "open_clip"])
def encoder(request: pytest.FixtureRequest, lite: Any, small_clip: Path) -> Any:
    if request.param == "studio-lite":
        return lite
    return models.load("text_video", f"Small-32/{small_clip / 'small.safetensors'}", device="cpu")


def test_frames(encoder: Any, pictures: np.ndarray) -> None:
    found = encoder.encode_frames(pictures)
    assert found.shape == (5, encoder.dim)
    assert found.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-4)
    np.testing.assert_array_equal(found, encoder.encode_frames(pictures))
    one_by_one = np.concatenate([encoder.encode_frames(picture[None]) for picture in pictures])
    assert np.min((one_by_one * found).sum(1)) > 0.999
    assert encoder.name
    assert encoder.version
    assert 5 < encoder.scale <= 100


def test_frame_tokens(encoder: Any, pictures: np.ndarray) -> None:
    found = encoder.encode_frames(pictures[:2], tokens=True)
    assert found.ndim == 3
    assert found.shape[::2] == (2, encoder.dim)
    np.testing.assert_allclose(np.linalg.norm(found, axis=2), 1, atol=1e-4)


def test_texts(encoder: Any) -> None:
    texts = ["a dog runs", "", "two people play chess in a park while it rains" * 9]
    found = encoder.encode_text(texts)
    assert found.shape == (3, encoder.dim)
    assert found.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-4)
    np.testing.assert_allclose(found[1], encoder.encode_text([""])[0], atol=1e-5)
    words, mask = encoder.encode_text(texts, tokens=True)
    assert words.shape == (*mask.shape, encoder.dim)
    assert mask.dtype == np.bool_
    assert mask.sum(1).argmax() == 2


def test_nothing_in_nothing_out(encoder: Any) -> None:
    assert encoder.encode_frames(np.zeros((0, 5, 5, 3), np.uint8)).shape == (0, encoder.dim)
    assert encoder.encode_frames(np.zeros((0, 5, 5, 3), np.uint8), tokens=True).shape[0] == 0
    assert encoder.encode_text([]).shape == (0, encoder.dim)
    assert encoder.encode_text([], tokens=True)[0].shape[0] == 0


@pytest.mark.parametrize(
    "frames",
    [np.zeros((1, 8, 8, 3), np.float32), np.zeros((8, 8, 3), np.uint8), np.zeros((1, 0, 8, 3), np.uint8)],
)
def test_other_frames_are_refused(encoder: Any, frames: np.ndarray) -> None:
    with pytest.raises(ValueError, match="frames must"):
        encoder.encode_frames(frames)


def test_a_bare_string_is_refused(encoder: Any) -> None:
    with pytest.raises(ValueError, match="list of str"):
        encoder.encode_text("a dog")


@pytest.mark.parametrize("size", [(640, 360), (360, 640), (1, 1), (4000, 3), (224, 224)])
def test_frames_of_the_promised_size_need_no_resize(encoder: Any, size: tuple[int, int]) -> None:
    width, height = encoder.frame_size(*size)
    assert encoder.frame_size(width, height) == (width, height)
    assert encoder.encode_frames(np.full((1, height, width, 3), 90, np.uint8)).shape == (1, encoder.dim)


def test_half_precision_stays_close(lite: Any, pictures: np.ndarray) -> None:
    weights, frames = image_weights(), torch.from_numpy(pictures)
    with torch.inference_mode():
        full, half = (ImageTower(weights, "cpu", t).regions(frames).mean(1) for t in (torch.float32, torch.float16))
    assert float(torch.cosine_similarity(full, half).min()) > 0.999


def test_onnx_runtime_computes_what_torch_does(lite: Any, pictures: np.ndarray) -> None:
    """With other weights of the upper layers, too: the graph has none of its own."""
    graph = registry.read(models.card("text_video"), "graph")
    plain = ImageTower(image_weights(), "cpu", torch.float32)
    quick = ImageTower(image_weights(), "cpu", torch.float32, graph=graph)
    frames = torch.from_numpy(pictures)
    other = {name: 0.9 * weight for name, weight in plain.upper().state_dict().items()}
    with torch.inference_mode():
        for one, two in ((plain, quick), (plain.with_upper(other), quick.with_upper(other)), (plain, quick)):
            assert not np.allclose(plain.with_upper(other).regions(frames), plain.regions(frames), rtol=0.01)
            np.testing.assert_allclose(two.regions(frames), one.regions(frames), rtol=1e-3, atol=1e-3)
        np.testing.assert_array_equal(quick.regions(frames)[:1], quick.regions(frames[:1]))
        np.testing.assert_array_equal(deepcopy(quick).regions(frames), quick.regions(frames))


def image_weights() -> dict[str, torch.Tensor]:
    content = registry.read(models.card("text_video"), "image")
    found: dict[str, torch.Tensor] = torch.load(io.BytesIO(content), weights_only=True)
    return found


def test_photos_find_their_captions(lite: Any, data: Path) -> None:
    """Far from chance (R@10 of 17 % at 60 photos) on photos nothing was trained on."""
    from itertools import islice

    from studio.recipes.studio_lite import captions, photos

    some = dict(islice(photos(data, "dev"), 60))
    places = {name: i for i, name in enumerate(some)}
    rows = [(places[name], text) for name, text in captions(data, "dev") if name in places]
    images = lite.encode_frames(np.stack(list(some.values())))
    sims = lite.encode_text([text for _, text in rows]) @ images.T
    own = np.array([sims[i, place] for i, (place, _) in enumerate(rows)])
    assert np.mean((sims > own[:, None]).sum(1) < 10) > 0.7


@pytest.mark.parametrize("size", [(64, 64), (100, 150), (151, 97), (64, 200), (300, 301), (30, 41)])
@pytest.mark.parametrize("mode", ["shortest", "squash"])
@pytest.mark.parametrize("interpolation", ["bicubic", "bilinear"])
def test_pixels_equal_open_clips_own(size: tuple[int, int], mode: Any, interpolation: Any) -> None:
    from open_clip.transform import image_transform

    mean, std = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
    frame = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
    own = image_transform(64, is_train=False, mean=mean, std=std, resize_mode=mode, interpolation=interpolation)
    theirs = own(Image.fromarray(frame))
    ours = Preprocess(64, mean, std, mode, interpolation)(torch.from_numpy(frame)[None])[0]
    assert ours.shape == theirs.shape
    # One step of 255, over the smallest deviation, is .0150.
    assert float((ours - theirs).abs().max()) < 0.016
    assert float((ours - theirs).abs().mean()) < 1e-3


def test_pt_and_safetensors_are_the_same_model(small_clip: Path, pictures: np.ndarray) -> None:
    found = [
        models.load("text_video", f"Small-32/{small_clip / name}", device="cpu").encode_frames(pictures)
        for name in ("small.pt", "small.safetensors")
    ]
    np.testing.assert_allclose(*found, atol=1e-6)


def test_a_page_or_a_pickle_instead_of_a_checkpoint(small_clip: Path) -> None:
    import pickle

    page, evil = small_clip / "page.safetensors", small_clip / "evil.pt"
    page.write_text("<html>", encoding="utf-8")
    marker = small_clip / "executed"
    evil.write_bytes(pickle.dumps(_Evil(str(marker))))
    for path in (page, evil):
        with pytest.raises(ModelError, match="not a checkpoint"):
            models.load("text_video", f"Small-32/{path}")
    assert not marker.exists()


class _Evil:
    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (Path(self.path),)


def test_unknown_open_clip_names_say_what_exists() -> None:
    with pytest.raises(ModelError, match="knows no model"):
        models.load("text_video", "ViT-Z-99/laion")
    with pytest.raises(ModelError, match="laion2b_s34b_b79k"):
        models.load("text_video", "ViT-B-32/nonsense")


def test_an_unreachable_hub_names_the_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    import open_clip

    def refuse(*args: object, **kwargs: object) -> None:
        raise ConnectionError("no route")

    monkeypatch.setattr(open_clip, "create_model", refuse)
    with pytest.raises(ModelError, match="give a file"):
        models.load("text_video", "ViT-B-32/laion2b_s34b_b79k")


def test_memory_ladder() -> None:
    """Halve the batch, and at one go to the CPU; every item comes out once and in order."""
    calls: list[tuple[int, str]] = []

    def forward(part: np.ndarray, device: str) -> torch.Tensor:
        calls.append((len(part), device))
        if device == "cuda" and len(part) * (1 + (part[0] >= 4) * 8) > 2:
            raise torch.OutOfMemoryError("full")
        return torch.from_numpy(part).float()[:, None]

    out = with_smaller_batches(forward, np.arange(10), 1, batch=8, device="cuda")
    np.testing.assert_array_equal(out[:, 0], np.arange(10))
    assert calls[:3] == [(8, "cuda"), (4, "cuda"), (2, "cuda")]
    assert calls[-1][1] == "cpu"


def test_memory_ladder_of_a_network(small_clip: Path, pictures: np.ndarray) -> None:
    """The whole encoder, on an accelerator that holds two pictures, and then none."""
    encoder: Any = models.load("text_video", f"Small-32/{small_clip / 'small.safetensors'}", device="cpu")
    expected = encoder.encode_frames(pictures)
    encoder._device = "cpu:0"  # not the name “cpu”, so the ladder takes it for an accelerator
    batches: list[int] = []
    room = 2

    def limited(self: Any, args: Any) -> None:
        batches.append(len(args[0]))
        if len(args[0]) > room and not (room == 0 and len(batches) > 6):
            raise torch.OutOfMemoryError("full")

    encoder._net.visual.register_forward_pre_hook(limited)
    many = np.concatenate([pictures] * 2)
    np.testing.assert_allclose(encoder.encode_frames(many), np.concatenate([expected] * 2), atol=5e-3)
    assert batches == [10, 10, 8, 4, 2, 2, 2, 2, 2]
    batches.clear()
    room = 0
    np.testing.assert_allclose(encoder.encode_frames(many), np.concatenate([expected] * 2), atol=5e-3)
    assert batches == [10, 10, 8, 4, 2, 1] + [1] * 10


def test_weights_bring_their_activation(monkeypatch: pytest.MonkeyPatch, small_clip: Path) -> None:
    import open_clip

    asked: list[dict[str, Any]] = []
    make = open_clip.create_model

    def small(name: str, **options: Any) -> Any:
        asked.append(options)
        return make("Small-32", pretrained=None, force_quick_gelu=options["force_quick_gelu"])

    monkeypatch.setattr(open_clip, "create_model", small)
    quick: Any = models.load("text_video", "ViT-B-32/openai", device="cpu")
    plain: Any = models.load("text_video", "ViT-B-32/laion2b_s34b_b79k", device="cpu")
    assert [options["force_quick_gelu"] for options in asked] == [True, False]
    names = [type(each._net.visual.transformer.resblocks[0].mlp.gelu).__name__ for each in (quick, plain)]
    assert names == ["QuickGELU", "GELU"]


class _Loud(torch.nn.Module):
    """Its values fit fp32 only."""

    def __init__(self, gain: float) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(gain * torch.eye(8))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x @ self.weight


@pytest.mark.parametrize(("gain", "kept"), [(1.0, torch.float16), (1e5, torch.float32)])
def test_networks_that_need_single_precision_keep_it(
    monkeypatch: pytest.MonkeyPatch, gain: float, kept: torch.dtype
) -> None:
    monkeypatch.setattr(precision, "cpu_dtype", lambda kind: torch.float16)
    net, dtype = precision.cast(_Loud(gain), lambda net, dtype: net(torch.eye(3, 8, dtype=dtype)))
    assert dtype == kept
    assert net.weight.dtype == kept


def test_formats_agree(monkeypatch: pytest.MonkeyPatch, small_clip: Path, pictures: np.ndarray) -> None:
    found = []
    for dtype in (torch.float32, torch.float16):
        monkeypatch.setattr(precision, "cpu_dtype", lambda kind, dtype=dtype: dtype)
        encoder: Any = models.load("text_video", f"Small-32/{small_clip / 'small.safetensors'}", device="cpu")
        assert encoder._dtype == dtype
        found.append((encoder.encode_frames(pictures), encoder.encode_frames(pictures, tokens=True)))
    for full, half in zip(*found, strict=True):
        assert float((full * half).sum(-1).min()) > 0.999


# how long a block takes: fp16 and fp32, small and whole
@pytest.mark.parametrize(("times", "chosen", "tried"), [
    ({"half": (50, 9999), "single": (1, 40)}, torch.float32, {("half", True), ("single", True)}),
    ({"half": (2, 30), "single": (1, 40)}, torch.float16, None),
    ({"half": (2, 39), "single": (1, 40)}, torch.float32, None),
])  # fmt: skip
def test_a_machine_without_half_precision_is_told_by_a_small_block(
    monkeypatch: pytest.MonkeyPatch, times: dict[str, tuple[int, int]], chosen: torch.dtype, tried: Any
) -> None:
    now, seen = [0.0], set()

    def block(dtype: torch.dtype, small: bool) -> Any:
        name = "half" if dtype == torch.float16 else "single"
        seen.add((name, small))
        return lambda: now.append(now.pop() + times[name][not small])

    monkeypatch.setattr(precision, "_convolution", block)
    monkeypatch.setattr(precision.time, "perf_counter", lambda: now[0])
    precision.cpu_dtype.cache_clear()
    assert precision.cpu_dtype("convolution") == chosen
    assert seen == (tried or {(name, small) for name in times for small in (True, False)})
    precision.cpu_dtype.cache_clear()


def test_kinds_of_networks() -> None:
    conv = torch.nn.Conv2d(3, 4, 1)
    assert precision.kind_of(torch.nn.Sequential(conv, torch.nn.Linear(4, 4))) == "attention"
    assert precision.kind_of(torch.nn.Sequential(conv, conv.__class__(4, 4, 1))) == "convolution"
    for kind in ("attention", "convolution"):
        assert precision.cpu_dtype(kind) in (torch.float16, torch.float32)
        assert precision.cpu_dtype(kind) is precision.cpu_dtype(kind)


def test_black_bars_are_not_looked_at() -> None:
    picture = np.random.default_rng(0).integers(60, 255, (1, 60, 80, 3), dtype=np.uint8)
    boxed = np.zeros((3, 80, 80, 3), np.uint8)
    boxed[0, 10:70] = picture
    boxed[1, :, 20:60] = picture[:, :, ::2].repeat(2, axis=1)[0, :80]
    boxed[2] = 7
    found = without_bars(boxed)
    assert found.shape == boxed.shape
    assert found[:2].min() >= 40, "nothing black is left"
    assert (found[2] == 7).all(), "a dark frame is dark"
    assert (boxed[0, :10] == 0).all(), "what came in is not changed"
    lopsided = np.full((1, 80, 80, 3), 90, np.uint8)
    lopsided[0, :30] = 0  # a dark side of a picture
    assert without_bars(lopsided) is lopsided
    model: Any = models.load("text_video", device="cpu")
    areas = [model.looked_at(frame) for frame in (boxed[0], boxed[1], boxed[2], lopsided[0])]
    whole = (0.0, 0.0, 1.0, 1.0)
    assert areas == [(0.0, 0.125, 1.0, 0.75), (0.25, 0.0, 0.5, 1.0), whole, whole]


def test_words_are_read_by_their_parts() -> None:
    assert words_of("Ein „Fußballspieler“ rennt!") == ["ein", "fußballspieler", "rennt"]
    assert words_of("?!") == [""]
    assert len(words_of("a " * 500)) == 48
    assert buckets("hund") == buckets("hund") and set(buckets("hund")) & set(buckets("hunde"))
    torch.manual_seed(0)
    net = WordVectors().eval()
    with torch.inference_mode():
        one, same, other = net([["ein", "hund"], ["hund", "ein"], ["a", "car"]])
        (alone,) = net([["ein", "hund"]])
    assert torch.allclose(one, same, atol=1e-6) and torch.allclose(one, alone, atol=1e-6)
    assert not torch.allclose(one, other, atol=1e-2)


def test_what_nobody_can_read_is_known_to_be_so() -> None:
    model: Any = models.load("text_video", device="cpu")
    assert model.known("A dog runs on the beach!") == model.known("Ein Hund rennt am Strand") == 1
    assert model.known("zzyzx qqq") == 0
    assert model.known("the zzyzx") == 0.5


def test_german_is_a_second_language() -> None:
    model = models.load("text_video", device="cpu")
    english = model.encode_text(["A dog runs.", "A red car.", "Two people on a beach.", "A child plays in the snow."])
    german = model.encode_text(
        ["Ein Hund rennt.", "Ein rotes Auto.", "Zwei Leute am Strand.", "Ein Kind spielt im Schnee."]
    )
    assert (german @ english.T).argmax(1).tolist() == [0, 1, 2, 3]
