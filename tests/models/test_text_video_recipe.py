"""The recipe of `studio-lite` trains what the product runs: the same text tower, cut in two and put together again."""

from argparse import Namespace
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch

from studio import models
from studio.models import registry
from studio.models._minilm import Sentences
from studio.models.text_video import studio_lite
from studio.models.text_video.projection import Projection
from studio.recipes import studio_lite as recipe

TEXTS = ["A dog runs .", "Two people in red shirts play chess in a park .", "Snow .", "A boat on the water at night ."]


@pytest.fixture
def sentences() -> Sentences:
    card = models.card("text_video", "studio-lite")
    weights = safetensors.torch.load(registry.read(card, "text"))
    return Sentences(weights, registry.read(card, "tokenizer"), "cpu")


def test_the_two_halves_are_the_whole(sentences: Sentences, tmp_path: Path) -> None:
    expected = sentences.vectors(TEXTS)
    net = sentences._net
    words = recipe.lower_half(net, sentences, TEXTS, 2, tmp_path)
    again = recipe.lower_half(net, sentences, ["never read"], 2, tmp_path)
    assert torch.equal(words.pieces, again.pieces), "the cache is used"
    assert words.starts.tolist() == [0, 6, 19, 23, 33]
    upper = recipe.Upper(net, 2, 0.1).eval()
    with torch.inference_mode():
        found = upper(*words.take(torch.tensor([2, 0, 3, 1])))
    # bfloat16 inside, and a cache in float16.
    assert float((found * expected[[2, 0, 3, 1]]).sum(1).min()) > 0.999


def test_training_learns_and_changes_only_what_it_should(sentences: Sentences, tmp_path: Path) -> None:
    torch.manual_seed(0)
    net = sentences._net.requires_grad_(False)
    words = recipe.lower_half(net, sentences, TEXTS * 5, 1, tmp_path)
    owner = torch.arange(4).repeat(5)
    views = [(torch.randn(4, 9, 1280), torch.randn(4, 1000))]
    joint, upper = Projection(0.0), recipe.Upper(net, 1, 0.0).requires_grad_(True)
    before = {key: value.clone() for key, value in net.state_dict().items()}
    options = Namespace(batch=4, rate=1e-2, text_rate=1e-3, decay=0.1, epochs=8, noise=0.0)
    recipe.train(joint, upper, views, words, owner, options)
    with torch.inference_mode():
        image = joint.image(views[0][0].mean(1), views[0][1])
        text = joint.text(upper(*words.take(torch.arange(4))))
    assert recipe.recall(image, text, owner[:4])["t2i_R@1"] == 100
    changed = {key.split(".")[2] for key, value in net.state_dict().items() if not torch.equal(value, before[key])}
    assert changed == {"5"}


def test_tuned_layers_take_the_place_of_the_packages() -> None:
    card = models.card("text_video", "studio-lite")
    files = {role: registry.read(card, role) for role in card.files}
    heads = safetensors.torch.load(files["projection"])
    plain = {key: value for key, value in heads.items() if not key.startswith(studio_lite.TEXT_PREFIX)}
    name = "encoder.layer.5.output.dense.weight"
    shipped = safetensors.torch.load(files["text"])[name].half()

    def vector(tuned: torch.Tensor) -> np.ndarray:
        content = safetensors.torch.save(plain | {studio_lite.TEXT_PREFIX + name: tuned})
        return studio_lite.build({**files, "projection": content}, card, "cpu").encode_text(["a dog runs"])[0]

    as_shipped = vector(shipped)
    np.testing.assert_allclose(np.linalg.norm(as_shipped), 1, atol=1e-5)
    assert float(as_shipped @ vector(torch.zeros_like(shipped))) < 0.99
