"""Count the networks of the gallery: `python -m studio.recipes.gallery` writes the figures of its cards anew.

Parameters and the multiply-adds of one picture follow from a network's shape, so it is built without memory for its
weights (PyTorch's meta device). Nothing is fetched.
"""

import logging
import re
from pathlib import Path

import torch
from torch.utils.flop_counter import FlopCounterMode

from studio import models
from studio.models import registry

_BLOCK = re.compile(r"^\[figures\]\n(?:(?:[^\[+\n].*)?\n)*", re.MULTILINE)


def figures(network: str) -> dict[str, float]:
    """`parameters` and `multiply_adds` of one picture, in millions, and the `side` of that picture in pixels, of
    open_clip's MODEL/PRETRAINED."""
    import open_clip

    logging.disable(logging.WARNING)  # that the weights are not there
    net = open_clip.create_model(network.partition("/")[0], pretrained=None, pretrained_text=False, device="meta")
    logging.disable(logging.NOTSET)
    size = net.visual.image_size
    side = size if isinstance(size, int) else size[0]
    with FlopCounterMode(display=False) as counter:
        net.eval().visual(torch.zeros(1, 3, side, side, device="meta"))
    parameters = sum(each.numel() for each in net.parameters())
    adds = counter.get_total_flops() / 2
    return {"parameters": round(parameters / 1e6, 1), "multiply_adds": round(adds / 1e6), "side": side}


def updated(text: str, found: dict[str, float]) -> str:
    """A card's text with these figures."""
    return _BLOCK.sub("[figures]\n" + "".join(f"{key} = {value}\n" for key, value in found.items()) + "\n", text)


def main() -> None:
    """Write the cards."""
    for card in models.cards("text_video"):
        if card.hub:
            path: Path = (card.folder or registry.WEIGHTS) / f"{card.name}.md"
            found = figures(card.network)
            print(card.name, found, flush=True)
            path.write_text(updated(path.read_text(encoding="utf-8"), found), encoding="utf-8")


if __name__ == "__main__":
    main()
