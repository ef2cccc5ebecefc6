"""The cards of the gallery say what open_clip knows, and a model comes out of files that are here."""

import hashlib
import json
from pathlib import Path

import numpy as np
import open_clip
import pytest
import torch
from safetensors.torch import save_file

from studio import models
from studio.models import registry
from studio.models.text_video.open_clip_encoder import file_tokenizer
from studio.recipes import gallery as recipe

CARDS = [card for card in models.cards("text_video") if card.hub]
WORDS = {"<pad>": 0, "<eos>": 1, "<unk>": 2, "a": 3, "dog": 4, "runs": 5, "läuft": 6}
SIGLIP = {
    "embed_dim": 32,
    "init_logit_bias": -10,
    "custom_text": True,
    "vision_cfg": {"image_size": 64, "layers": 1, "width": 64, "patch_size": 32},
    "text_cfg": {
        "context_length": 8, "vocab_size": len(WORDS), "hf_tokenizer_name": "lab/nowhere", "width": 32, "heads": 2,
        "layers": 1, "tokenizer_kwargs": {"clean": "canonicalize"}, "no_causal_mask": True, "proj_bias": True,
        "pool_type": "last",
    },
}  # fmt: skip


def test_there_is_a_dozen_small_to_large_and_in_many_languages() -> None:
    sizes = sorted(card.figures["parameters"] for card in CARDS)
    assert len(CARDS) == 12 and sizes[0] < 100 and sizes[-1] > 900
    assert {"mobileclip2-s0", "siglip2-b16", "dfn-l14", "eva02-l14", "pe-core-b16"} <= {card.name for card in CARDS}
    assert any("languages" in card.summary for card in CARDS)


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.name)
def test_a_card_says_what_open_clip_says(card: models.ModelCard) -> None:
    model, _, tag = card.network.partition("/")
    assert open_clip.get_pretrained_cfg(model, tag)["hf_hub"] == f"{card.hub}/"
    text = open_clip.get_model_config(model)["text_cfg"]
    assert ("tokenizer" in card.files) == ("hf_tokenizer_name" in text), "what open_clip would fetch by itself"
    assert "hf_model_name" not in text
    assert card.published and card.published_in.startswith("https://") and card.licence
    assert card.version and not card.metrics, "metrics are what this project measured"


@pytest.mark.parametrize("name", ["mobileclip2-s0", "siglip2-b32"])
def test_the_figures_are_those_of_the_network(name: str) -> None:
    card = models.card("text_video", name)
    found = recipe.figures(card.network)
    assert found == dict(card.figures)
    text = (registry.WEIGHTS / f"{name}.md").read_text("utf-8")
    assert recipe.updated(recipe.updated(text, {"parameters": 1.0}), found) == text


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from tokenizers import Tokenizer, pre_tokenizers, processors
    from tokenizers.models import WordLevel

    made = Tokenizer(WordLevel(WORDS, unk_token="<unk>"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    made.post_processor = processors.TemplateProcessing(single="$A <eos>", special_tokens=[("<eos>", 1)])
    path = tmp_path_factory.mktemp("tokenizer") / "tokenizer.json"
    made.save(str(path))
    return path


def test_a_tokenizer_out_of_its_file_is_open_clips_own(tokenizer: Path, tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers")
    special = {"pad_token": "<pad>", "eos_token": "<eos>", "unk_token": "<unk>"}
    transformers.PreTrainedTokenizerFast(tokenizer_file=str(tokenizer), **special).save_pretrained(tmp_path)
    theirs = open_clip.tokenizer.HFTokenizer(str(tmp_path), context_length=8, clean="canonicalize")
    texts = ["a dog runs", "A Dog, runs!", "", "a_dog läuft", "a dog runs a dog runs a dog runs"]
    assert torch.equal(file_tokenizer(tokenizer, 8, "canonicalize")(texts), theirs(texts))
    assert file_tokenizer(tokenizer, 8, "canonicalize")(texts)[0].tolist() == [3, 4, 5, 1, 0, 0, 0, 0]


def test_what_is_no_tokenizer_is_said(tmp_path: Path) -> None:
    page = tmp_path / "tokenizer.json"
    page.write_text("<html>", encoding="utf-8")
    with pytest.raises(models.ModelError, match="is no tokenizer; get it again"):
        file_tokenizer(page, 8, "")


def test_a_model_with_its_own_tokenizer_loads_without_a_network(tokenizer: Path, tmp_path: Path) -> None:
    configs = tmp_path / "configs"
    configs.mkdir()
    (configs / "Small-SigLIP.json").write_text(json.dumps(SIGLIP), encoding="utf-8")
    open_clip.add_model_config(configs)
    torch.manual_seed(0)
    net = open_clip.create_model("Small-SigLIP", pretrained=None)
    files = {"net": "small.weights", "tokenizer": "small.tokenizer.json"}
    save_file({key: value.contiguous() for key, value in net.state_dict().items()}, tmp_path / files["net"])
    (tmp_path / files["tokenizer"]).write_bytes(tokenizer.read_bytes())
    for name in files.values():
        record = {"sha256": hashlib.sha256((tmp_path / name).read_bytes()).hexdigest()}
        registry.record_of(tmp_path / name).write_text(json.dumps(record), encoding="utf-8")
    named = "".join(f'{role} = ["user:{name}", ""]\n' for role, name in files.items())
    (tmp_path / "small.md").write_text(
        '+++\nname = "small"\ntask = "text_video"\narchitecture = "open-clip"\nnetwork = "Small-SigLIP/none"\n'
        f'hub = "lab/small"\nversion = "1"\nlicence = "x"\nsource = "x"\nsummary = "x"\n\n[files]\n{named}+++\n',
        encoding="utf-8",
    )
    encoder = models.load("text_video", "small", "cpu", tmp_path)
    assert encoder.name == "small" and encoder.version == registry.version(
        models.card("text_video", "small", tmp_path), tmp_path
    )
    frames = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3), np.uint8)
    assert encoder.encode_frames(frames).shape == (2, 32)
    english, shouted, german = encoder.encode_text(["a dog runs", "A DOG RUNS!", "a dog läuft"])
    assert np.allclose(english, shouted, atol=1e-5) and not np.allclose(english, german, atol=1e-3)
    (tmp_path / files["net"]).write_bytes(b"another file")
    with pytest.raises(models.ModelError, match="was changed since it came; get it again"):
        models.load("text_video", "small", "cpu", tmp_path)

    brought = tmp_path / "brought"  # where there is no network: both files by hand, in any order
    brought.mkdir()
    (brought / "small.md").write_text((tmp_path / "small.md").read_text("utf-8"), encoding="utf-8")
    save_file({key: value.contiguous() for key, value in net.state_dict().items()}, tmp_path / "model.safetensors")
    assert not models.installed(models.install("small", tokenizer, brought), brought)
    assert models.installed(models.install("small", tmp_path / "model.safetensors", brought), brought)
    again = models.load("text_video", "small", "cpu", brought)
    np.testing.assert_allclose(again.encode_text(["a dog runs"])[0], english, atol=1e-5)
    with pytest.raises(models.ModelError, match="is not a checkpoint of Small-SigLIP"):
        models.install("small", tmp_path / files["net"], brought)


@pytest.mark.release
@pytest.mark.parametrize("name", ["mobileclip2-s0", "siglip2-b32", "dfn-l14", "eva02-l14", "pe-core-b16"])
def test_a_real_network_of_each_family_loads_from_its_card(name: str, tokenizer: Path, tmp_path: Path) -> None:
    """With made-up weights in half precision, as large as the real ones."""
    card = models.card("text_video", name)
    net = open_clip.create_model(card.network.partition("/")[0], pretrained=None, pretrained_text=False)
    half = {key: value.half().contiguous() for key, value in net.state_dict().items()}
    del net
    save_file(half, tmp_path / f"{name}.weights")
    if "tokenizer" in card.files:
        (tmp_path / f"{name}.tokenizer.json").write_bytes(tokenizer.read_bytes())
    for place in [registry.locate(card, role, tmp_path) for role in card.files]:
        with place.open("rb") as file:
            record = {"sha256": hashlib.file_digest(file, "sha256").hexdigest()}
        registry.record_of(place).write_text(json.dumps(record), encoding="utf-8")
    encoder = models.load("text_video", name, "cpu", tmp_path)
    width, height = encoder.frame_size(640, 360)
    assert min(width, height) == card.figures["side"]
    frames = np.random.default_rng(0).integers(0, 256, (2, height, width, 3), np.uint8)
    np.testing.assert_allclose(np.linalg.norm(encoder.encode_frames(frames), axis=1), 1, atol=1e-3)
    words, mask = encoder.encode_text(["a dog runs", "a dog"], tokens=True)
    assert words.shape == (*mask.shape, encoder.dim) and mask.sum(1).tolist() == sorted(mask.sum(1), reverse=True)
