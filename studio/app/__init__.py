"""The browser app: FastAPI carries media and uploads, Gradio carries the pages."""

from studio.app.server import create_app, serve

__all__ = ["create_app", "serve"]
