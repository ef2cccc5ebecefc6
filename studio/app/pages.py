"""The one document of the app: all pages, shown one at a time, each a Gradio component whose functions it calls.

Gradio's own browser code would draw them, too; it is left out, as a first visit would fetch 33 files of it for nothing.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import gradio as gr
from gradio.routes import App

from studio.app import api
from studio.app.rpc import PAGES
from studio.app.rpc.method import encoded
from studio.assets import read_page
from studio.service import Studio


def build(studio: Studio) -> gr.Blocks:
    """The whole app for one library: the components of the pages, and the calls for programs."""
    blocks: gr.Blocks
    with _without_servers(), api.Blocks(title="Moment Studio", analytics_enabled=False) as blocks:
        for name, methods in PAGES.items():
            gr.HTML(server_functions=[encoded(method) for method in methods(studio)], elem_id=f"page-{name}")
        api.declare(studio)
    return blocks


@contextmanager
def _without_servers() -> Iterator[None]:
    """Gradio makes a server of 80 routes when Blocks begin and another when they are complete, and uses neither: one is
    made with the queue, and one where they are mounted."""
    create_app, none = App.create_app, cast(Any, staticmethod(lambda *_, **__: None))
    App.create_app = none  # type: ignore[method-assign]
    try:
        yield
    finally:
        App.create_app = staticmethod(create_app)  # type: ignore[method-assign]


def document(blocks: gr.Blocks, script: str, style: str, library: str) -> str:
    """The HTML of the document; `script` and `style` are the addresses of the joined files, `library` is the id of the
    library that its pages are of. No text of people enters.

    `data-component` is what a page names in its calls (`assets/web/js/sync/server.js`).
    """
    number = {block.elem_id: each for each, block in blocks.blocks.items()}
    shell, *pages = (
        f'<div id="page-{name}" class="studio-page" data-component="{number[f"page-{name}"]}">\n{read_page(name)}</div>'
        for name in PAGES
    )
    filled = {"SCRIPT": script, "STYLE": style, "LIBRARY": library, "SHELL": shell, "PAGES": "\n".join(pages)}
    document = read_page("document")
    for name, text in filled.items():
        document = document.replace(f"<!-- {name} -->", text)
    return document
