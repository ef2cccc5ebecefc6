"""docs/formats.md is what the list says, and what each format keeps is what it declares."""

from pathlib import Path

import pytest

from studio.formats import FORMATS, Format
from studio.formats.describe import COLUMNS, EVERYTHING, kept, page

PAGE = Path(__file__).parents[2] / "docs" / "formats.md"
BOTH = [f for f in FORMATS.values() if f.read and f.write]


def test_the_page_is_current() -> None:
    assert PAGE.read_text("utf-8") == page(), "run: python -m studio.formats.describe > docs/formats.md"


def test_every_format_has_its_section_and_its_row() -> None:
    text = page()
    for name, form in FORMATS.items():
        assert f'<a id="{name}"></a>\n## {form.title}\n' in text
    assert [line.split("]")[0].removeprefix("| [") for line in text.splitlines() if line.startswith("| [")] == [
        *(form.title for form in FORMATS.values()), *(form.name for form in BOTH),
    ]  # fmt: skip


def test_what_is_tried_has_everything() -> None:
    for a in EVERYTHING.annotations[:2]:
        assert a.label and a.note and a.annotator and a.attributes
    (spoken,) = EVERYTHING.spoken
    assert EVERYTHING.lines == (spoken[:3],) and spoken.speaker and spoken.words
    assert set(EVERYTHING.boxes) == set(EVERYTHING.tracks) and len(EVERYTHING.scores) == 3


@pytest.mark.parametrize("form", BOTH, ids=lambda f: f.name)
def test_a_format_keeps_what_it_declares(form: Format) -> None:
    found, holds = kept(form), form.holds
    assert tuple(found) == COLUMNS
    said = {"beside": "yes", "instead": "instead", "turns": "turns", "alone": "alone"}.get(holds.lines, "–")
    assert found["transcript"] == said
    assert found["speakers"] == {"yes": "yes", "words": "in the words"}.get(holds.speakers, "–")
    assert found["words"] == {"times": "times", "all": "yes"}.get(holds.words, "–")
    if holds.lines == "alone":
        return  # it has no annotations
    assert (found["times"] == "exact") == (holds.exact and not holds.only_boxed)
    assert (found["tracks"] == "–") == (not holds.tracks)
    assert found["tiers"] == ("further" if holds.layers else "one")
    assert (found["notes"] == "yes") == holds.notes
    assert (found["confidence"] == "yes") == holds.scores
    assert (found["annotators"] == "yes") == holds.annotators
    assert found["attributes"] == {"": "–", "text": "as text", "plain": "yes", "all": "yes"}[holds.attributes]
    assert (found["boxes"] != "–") == holds.boxes
