"""docs/formats.md is what the list says."""

from pathlib import Path

from studio.formats import FORMATS
from studio.formats.describe import page

PAGE = Path(__file__).parents[2] / "docs" / "formats.md"


def test_the_page_is_current() -> None:
    assert PAGE.read_text("utf-8") == page(), "run: python -m studio.formats.describe > docs/formats.md"


def test_every_format_has_its_section() -> None:
    for name, form in FORMATS.items():
        assert f'<a id="{name}"></a>\n## {form.title}\n' in page()
