"""The pages as Gradio components: static templates (user text never enters one), behaviour in assets/js."""

import gradio as gr

from studio.app import api
from studio.app.rpc import PAGES, Method
from studio.assets import read_page
from studio.service import Studio

MOUNT = "import('{script}').then((pages) => pages.{page}.mount(element, server))"


def build(studio: Studio, script: str) -> gr.Blocks:
    """The whole app for one library; `script` is the address of the browser's modules."""
    blocks: gr.Blocks
    with api.Blocks(title="Moment Studio", analytics_enabled=False, fill_width=True) as blocks:
        for name, methods in PAGES.items():
            _page(name, methods(studio), script)
        api.declare(studio)
    return blocks


def _page(name: str, functions: list[Method], script: str) -> gr.HTML:
    return gr.HTML(
        html_template=read_page(name),
        js_on_load=MOUNT.format(page=name, script=script),
        server_functions=list(functions),
        elem_id=f"page-{name}",
        elem_classes=["studio-page"],
        apply_default_css=False,
    )


def theme() -> gr.themes.Base:
    """Fonts of the machine: nothing is fetched from anywhere."""
    return gr.themes.Base(
        primary_hue="indigo",
        neutral_hue="slate",
        font=["ui-sans-serif", "system-ui", "sans-serif"],
        font_mono=["ui-monospace", "monospace"],
    )
