"""The one document of the app: all pages, shown one at a time, each a Gradio component whose functions it calls.

Gradio's own browser code would draw them, too; it is left out, as a first visit would fetch 33 files of it for nothing.
"""

import gradio as gr

from studio.app import api
from studio.app.rpc import PAGES
from studio.app.rpc.method import encoded
from studio.assets import read_page
from studio.service import Studio


def build(studio: Studio) -> gr.Blocks:
    """The whole app for one library: the components of the pages, and the calls for programs."""
    blocks: gr.Blocks
    with api.Blocks(title="Moment Studio", analytics_enabled=False) as blocks:
        for name, methods in PAGES.items():
            gr.HTML(server_functions=[encoded(method) for method in methods(studio)], elem_id=f"page-{name}")
        api.declare(studio)
    return blocks


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
