"""The browser app: FastAPI carries media and uploads, Gradio carries the pages."""

from studio.app import gradio_import  # noqa: F401 (before all that imports Gradio)
from studio.app.server import create_app, serve

__all__ = ["create_app", "serve"]
