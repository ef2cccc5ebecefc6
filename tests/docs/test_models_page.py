"""What the documents say of models is what the cards say."""

import re
from pathlib import Path

from studio import models
from studio.recipes import model_tables

ROOT = Path(__file__).parents[2]


def test_the_table_of_models_is_written_from_the_cards() -> None:
    document = model_tables.DOCUMENT.read_text(encoding="utf-8")
    assert model_tables.updated(document) == document, "write it anew: python -m studio.recipes.model_tables"
    defaults = re.findall(r"^\| `(\w+)` \| \*\*([\w-]+)\*\* \(default\)", document, re.MULTILINE)
    assert defaults == [(card.task, card.name) for card in models.cards() if card.default]


def test_every_number_of_the_readme_s_table_is_on_a_card() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    table = readme.partition("| task | model | measured | beside |")[2].partition("\n\n")[0]
    said = re.findall(r"(?<![\d.@])\d+\.\d+", table)
    measured = {f"{value:g}" for card in models.cards() for value in card.metrics.values()}
    assert len(said) > 15
    assert [number for number in said if f"{float(number):g}" not in measured] == []


def test_the_readme_names_the_defaults() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for task in ("text_video", "grounding", "active_speaker"):
        assert models.card(task).name in readme
