"""What the browser gets, and the builder of the demo library."""

from pathlib import Path

FOLDER = Path(__file__).parent

HEAD = """
<link rel="icon" type="image/svg+xml" href="/web/icons/moment.svg">
<meta name="viewport" content="width=device-width, initial-scale=1">
"""


def read_page(name: str) -> str:
    """The static template of a page. It holds no `${` and no `{{`: Gradio would evaluate them."""
    return (FOLDER / "pages" / f"{name}.html").read_text("utf-8")
