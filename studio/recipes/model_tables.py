"""The tables of docs/models.md that say what the cards say: `python -m studio.recipes.model_tables` writes them anew.

A table stands between `<!-- models -->` and `<!-- end of models -->`; a test compares it with the cards.
"""

import re
from pathlib import Path

from studio import models

DOCUMENT = Path(__file__).parents[2] / "docs" / "models.md"
_BLOCK = re.compile(r"(<!-- models -->\n).*?(<!-- end of models -->)", re.DOTALL)
SHOWN = {
    "text_video": ("t2i_R@1", "t2i_R@10", "i2t_R@10"),
    "grounding": ("R1@0.5", "hard_R1@0.5", "clips_R1@0.5"),
    "expression": ("accuracy", "macro_recall"),
    "dialog_emotion": ("cue_mAP",),
    "text_reading": ("recall", "temporal_IoU"),
    "active_speaker": ("talking_frame_AP", "still_frame_AP", "alone_found"),
}
"""The measured numbers that the table shows of the models of a task, where their cards have them."""


def table() -> str:
    """Every model of the product: its task, whether it is the default, its version, its licence, what was measured."""
    rows = ["| task | model | version | licence | measured |", "|---|---|---|---|---|"]
    for card in models.cards():
        if card.plugin is not None:
            continue
        name = f"**{card.name}** (default)" if card.default else card.name
        if card.brought:
            name += ", fetched from the hub" if card.hub else ", a file that you bring"
        numbers = [f"{key} {card.metrics[key]:g}" for key in SHOWN.get(card.task, ()) if key in card.metrics]
        rows.append(f"| `{card.task}` | {name} | {card.version} | {card.licence} | {', '.join(numbers) or '–'} |")
    return "\n".join(rows) + "\n"


def updated(document: str) -> str:
    """A document with its table as it should be. Raises ValueError where it has no place for one."""
    if not _BLOCK.search(document):
        raise ValueError("The document has no place for a table of models.")
    return _BLOCK.sub(lambda block: block[1] + table() + block[2], document)


def main() -> None:
    """Write the document."""
    DOCUMENT.write_text(updated(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
