"""One process that serves one library."""

import fcntl
import ipaddress
import logging
import threading
import webbrowser
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import gradio as gr
import uvicorn
from fastapi import FastAPI, Response
from fastapi.staticfiles import StaticFiles

from assets import FOLDER, HEAD
from studio.app import pages
from studio.app.guard import Guard
from studio.app.media_routes import routes
from studio.config import Settings
from studio.errors import StoreError, UsageError
from studio.service import Studio

log = logging.getLogger(__name__)


class Fresh(StaticFiles):
    """Files that a browser asks about each time (it gets a 304): after an update no page runs half the old code."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        response = super().file_response(*args, **kwargs)
        response.headers["Cache-Control"] = "no-cache"
        return response


def create_app(studio: Studio) -> FastAPI:
    """The app for an open library; closing the app closes the library."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        studio.close()

    app = FastAPI(title="Moment Studio", lifespan=lifespan, openapi_url=None)
    app.include_router(routes(studio))
    app.mount("/web", Fresh(directory=FOLDER / "web"), name="web")
    gr.mount_gradio_app(
        app,
        pages.build(studio),
        path="/",
        theme=pages.theme(),
        head=HEAD,
        max_file_size=studio.settings.limits.upload_bytes,
        show_error=False,
        ssr_mode=False,
        footer_links=[],
        run_history=False,
        enable_monitoring=False,
    )
    app.add_middleware(Guard)
    return app


def serve(settings: Settings, host: str, port: int, *, open_browser: bool) -> None:
    """Serve until interrupted.

    Raises UsageError for an address that others could reach (there is no login yet), StoreError when another studio
    serves this library already.
    """
    if not _is_loopback(host):
        raise UsageError("The studio has no login yet, so it only listens on this machine; use --host 127.0.0.1.")
    settings.ensure()
    with (settings.home / "serving.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise StoreError("Another studio serves this library already; use its window, or stop it first.") from None
        app = create_app(Studio(settings, background=True))
        url = f"http://{host}:{port}/"
        log.warning("Moment Studio is at %s (stop it with Ctrl+C)", url)
        if open_browser:
            threading.Timer(1.5, webbrowser.open, [url]).start()
        uvicorn.run(app, host=host, port=port, log_level="warning")


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
