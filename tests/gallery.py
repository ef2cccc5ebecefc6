"""A model of the gallery with made-up weights: a real network of open_clip, as a hub has it and as its card says."""

import functools
from pathlib import Path

import open_clip
import torch
from safetensors.torch import save

NAME, REPOSITORY, NETWORK = "small-clip", "lab/small-clip", "ViT-S-32-alt"
CARD = f"""+++
name = "{NAME}"
task = "text_video"
architecture = "open-clip"
network = "{NETWORK}/made-up"
hub = "{REPOSITORY}"
version = "1"
licence = "MIT"
source = "a hub of this machine"
summary = "A small network with made-up weights."
published_in = "https://example.org/paper"

[files]
net = ["user:{NAME}.weights", ""]

[published]
ImageNet_top1 = 12.5

[figures]
parameters = 43.2
multiply_adds = 1144
side = 224
+++
# {NAME}
"""


@functools.cache
def weights(seed: int = 0) -> bytes:
    """A checkpoint in half precision."""
    torch.manual_seed(seed)
    net = open_clip.create_model(NETWORK, pretrained=None)
    return save({key: value.half().contiguous() for key, value in net.state_dict().items()})


def repositories() -> dict[str, dict[str, bytes]]:
    """What the hub has."""
    return {REPOSITORY: {"open_clip_model.safetensors": weights(), "README.md": b"read me"}}


def put_card(home: Path) -> None:
    """Tell a library of the model."""
    folder = home / "models"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    (folder / f"{NAME}.md").write_text(CARD, encoding="utf-8")
