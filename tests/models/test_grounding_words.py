"""The words that the DETR engines read."""

import json
from pathlib import Path

import numpy as np
import torch

from studio import models

CONFIG = {
    "embed_dim": 24,
    "vision_cfg": {"image_size": 32, "layers": 1, "width": 64, "patch_size": 32},
    "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 16, "heads": 2, "layers": 1},
}


def test_words_before_their_projection(tmp_path: Path) -> None:
    """“a dog runs” is three tokens and both ends; projected, they are the tokens of `encode_text`."""
    import open_clip

    (tmp_path / "Words-32.json").write_text(json.dumps(CONFIG), encoding="utf-8")
    open_clip.add_model_config(tmp_path)
    torch.manual_seed(0)
    net = open_clip.create_model("Words-32", pretrained=None)
    torch.save(net.state_dict(), tmp_path / "words.pt")
    encoder = models.load("text_video", f"Words-32/{tmp_path / 'words.pt'}", device="cpu")
    words = encoder.words_before_projection("a dog runs")  # type: ignore[attr-defined]
    assert words.shape == (5, 16)
    projected = words @ net.text_projection.detach().numpy()
    projected /= np.linalg.norm(projected, axis=1, keepdims=True)
    tokens, mask = encoder.encode_text(["a dog runs", "two dogs run on a beach"], tokens=True)
    np.testing.assert_allclose(projected, tokens[0, mask[0]], atol=1e-5)
