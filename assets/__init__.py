"""What the browser gets, and the builder of the demo library."""

from pathlib import Path

FOLDER = Path(__file__).parent


def read_page(name: str) -> str:
    """The static HTML of a page."""
    return (FOLDER / "pages" / f"{name}.html").read_text("utf-8")
