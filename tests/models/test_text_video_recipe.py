"""The recipe of `studio-lite` trains what the product runs: the same tower, cut in two and put together again."""

import io

import numpy as np
import pytest
import safetensors.torch
import torch

from studio import models
from studio.models import registry
from studio.models.text_video import studio_lite
from studio.models.text_video.image_tower import ImageTower
from studio.models.text_video.projection import Projection
from studio.models.text_video.word_vectors import words_of
from studio.recipes import studio_lite as recipe

ENGLISH = ["A dog runs .", "Two people in red shirts play chess in a park .", "Snow .", "A boat at night ."]
GERMAN = ["Ein Hund rennt .", "Zwei Menschen spielen Schach .", "Schnee .", "Ein Boot bei Nacht ."]
PHOTOS = np.random.default_rng(0).integers(0, 255, (4, 260, 260, 3), dtype=np.uint8)


@pytest.fixture
def image() -> dict[str, torch.Tensor]:
    card = models.card("text_video", "studio-lite")
    found: dict[str, torch.Tensor] = torch.load(io.BytesIO(registry.read(card, "image")), weights_only=True)
    return found


def smooth(seed: int) -> np.ndarray:
    """A picture that is not noise."""
    rough = torch.from_numpy(np.random.default_rng(seed).random((1, 3, 6, 6)).astype(np.float32))
    wide = torch.nn.functional.interpolate(rough, (260, 260), mode="bicubic").clamp(0, 1)
    return np.asarray((wide[0].permute(1, 2, 0) * 255).byte().numpy())


def test_the_two_halves_are_the_whole_tower(image: dict[str, torch.Tensor]) -> None:
    frames = np.stack([smooth(1), smooth(2)])
    tower = recipe.Tower(image)
    halves = tower.regions(tower.lower_half(frames)).float()
    with torch.inference_mode():
        whole = ImageTower(image, "cpu", torch.float32).regions(torch.from_numpy(frames))
    # bfloat16 inside, and a cache in float16
    assert float(torch.cosine_similarity(halves, whole, dim=2).min()) > 0.99


@pytest.mark.release
def test_training_learns_and_changes_only_what_it_should(image: dict[str, torch.Tensor]) -> None:
    torch.manual_seed(0)
    tower, joint = recipe.Tower(image), Projection(0.0, 0.0)
    lower = tower.lower_half(np.stack([smooth(i) for i in range(4)]))
    sentences = torch.nn.functional.normalize(torch.randn(20, 384), dim=1)
    english = recipe.Texts([words_of(text) for text in ENGLISH for _ in range(5)], sentences)
    german = recipe.Texts([words_of(text) for text in GERMAN for _ in range(5)], None)
    names = recipe.Texts([words_of(text) for text in recipe.class_names()], torch.randn(1000, 384))
    own = [list(range(5 * i, 5 * i + 5)) for i in range(4)]
    data = recipe.Data(
        list("abcd"), {"orig": lower}, english, own, english, german, {0: 0, 1: 1, 2: 2, 3: 3}, torch.arange(4), [],
        [names], {}, [], torch.zeros(0), torch.zeros(0),
    )  # fmt: skip
    before = {key: value.clone() for key, value in tower._net.state_dict().items()}
    recipe.train(joint, tower, data, recipe.Step("heads", 30, 3e-3), batch=4)
    assert all(torch.equal(value, before[key]) for key, value in tower._net.state_dict().items())
    recipe.train(joint, tower, data, recipe.Step("tower", 8, 3e-3, 1e-4), batch=4)
    recipe.train(joint, tower, data, recipe.Step("classes", 4, 1e-3, classes=True), batch=4)
    changed = {key for key, value in tower._net.state_dict().items() if not torch.equal(value, before[key])}
    assert {key.split(".")[1] for key in changed if key.startswith("_blocks")} == {"15", "16", "17", "18", "19", "20"}
    assert {key for key in changed if not key.startswith("_blocks")} == {"_conv_head.weight", "_conv_head.bias"}
    joint.eval()
    with torch.inference_mode():
        regions = tower.regions(lower).float()
        pictures = joint.image(joint.pool(regions), tower.classifier(regions.mean(1)))
        for texts in (english, german):
            words = joint.words(texts.words[::5])
            said = joint.joined(torch.zeros(4, 384) if texts.vectors is None else texts.vectors[::5], words)
            assert recipe.recall(pictures, said, torch.arange(4))["t2i_R@1"] == 100


def test_tuned_layers_take_the_place_of_the_packages() -> None:
    card = models.card("text_video", "studio-lite")
    files = {role: registry.read(card, role) for role in card.files}
    weights = safetensors.torch.load(files["tower"])
    name = next(key for key in weights if key.endswith("weight"))

    def vector(changed: dict[str, torch.Tensor]) -> np.ndarray:
        content = safetensors.torch.save(weights | changed)
        return studio_lite.build({**files, "tower": content}, card, "cpu").encode_frames(smooth(3)[None])[0]

    as_shipped = vector({})
    np.testing.assert_allclose(np.linalg.norm(as_shipped), 1, atol=1e-3)
    assert float(as_shipped @ vector({name: torch.zeros_like(weights[name])})) < 0.99


@pytest.mark.parametrize("kind", [*recipe.VIEWS, *recipe.WORSE])
def test_a_view_is_a_picture_of_the_towers_size(kind: str) -> None:
    photo = np.ascontiguousarray(smooth(4)[:224, :224])
    seen = recipe.view(photo, kind, np.random.default_rng(0))
    assert seen.shape == (260, 260, 3)
    assert seen.dtype == np.uint8
    plain = recipe.view(photo, "orig", np.random.default_rng(0))
    assert (kind == "orig") == bool((seen == plain).all())


def test_recall_counts_what_is_strictly_better() -> None:
    pictures = torch.eye(4)
    texts = torch.tensor([[1.0, 0, 0, 0], [0.6, 0.8, 0, 0], [0, 0.8, 0.6, 0]])
    found = recipe.recall(pictures, texts, torch.tensor([0, 0, 2]))
    assert found["t2i_R@1"] == pytest.approx(100 / 3)
    assert found["t2i_R@5"] == 100
    assert found["i2t_R@1"] == 100
