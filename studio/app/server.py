"""One process that serves one library at a time."""

import contextlib
import errno
import ipaddress
import logging
import mimetypes
import socket
import threading
import webbrowser
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from typing import Any

import gradio as gr
import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from fastapi.staticfiles import StaticFiles
from gradio.queueing import Queue

from studio import logs
from studio.app import api, login, pages
from studio.app.change_events import ChangeEvents
from studio.app.http_protocol import with_header_deadline
from studio.app.library_check import LibraryCheck
from studio.app.media_routes import routes
from studio.app.request_guard import RequestGuard
from studio.app.security_headers import SECURITY_HEADERS, SecurityHeaders
from studio.app.validation_errors import say_what_is_wrong
from studio.app.web_files import WebFiles
from studio.assets import FOLDER
from studio.config import Settings
from studio.errors import StoreError, StudioError, UsageError
from studio.platform import system
from studio.service import Studio
from studio.service.system.backup import exclusive_lock

LOOK_FOR_CALLS_S = 0.05
LAST_CALLS_S = 5  # for calls that run when the studio is stopped; one that waits for a model would take half a minute
log = logging.getLogger(__name__)
for ending, kind in ((".js", "text/javascript"), (".css", "text/css"), (".svg", "image/svg+xml")):
    mimetypes.add_type(kind, ending)  # Windows asks its registry, where any program may have left another answer


class NoCacheStaticFiles(StaticFiles):
    """Files that a browser asks about each time (it gets a 304): after an update no page runs half the old code."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        response = super().file_response(*args, **kwargs)
        response.headers["Cache-Control"] = "no-cache"
        return response


def create_app(
    studio: Studio, host: str = "127.0.0.1", *, mcp: bool = False, behind_proxy: str | None = None
) -> FastAPI:
    """The app for an open library, reached as `host`; closing the app closes the library.

    With `mcp` it also answers MCP clients, at /gradio_api/mcp. `behind_proxy` is the name that people open a proxy by
    which passes their requests on to here, "" for any name, None where there is no proxy. Raises UsageError where MCP
    is not installed.
    """
    if mcp:
        api.check_mcp()

    changes = ChangeEvents(studio)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        studio.close()

    app = FastAPI(title="Moment Studio", lifespan=lifespan, openapi_url=None)
    app.state.changes = changes
    app.include_router(routes(studio))
    app.include_router(changes.routes())
    others = not is_loopback(host)
    logged_in = others or behind_proxy is not None
    app.include_router(login.routes(studio, always=logged_in))
    blocks = pages.build(studio).queue(max_size=studio.settings.limits.waiting_calls)
    app.include_router(WebFiles(blocks, studio.libraries.id).routes())
    app.mount("/web", NoCacheStaticFiles(directory=FOLDER / "web"), name="web")
    _let_idle(blocks._queue)
    gr.mount_gradio_app(
        app,
        blocks,
        path="/",
        max_file_size=studio.settings.limits.upload_bytes,
        show_error=False,
        ssr_mode=False,
        footer_links=[],
        run_history=False,
        enable_monitoring=False,
        mcp_server=mcp,  # never by a variable of the environment, as Gradio would
    )
    if mcp:
        api.restrict_mcp(blocks)
    app.add_exception_handler(Exception, _unexpected)
    say_what_is_wrong(app)
    app.add_middleware(login.AuthMiddleware, studio=studio, always=logged_in)
    app.add_middleware(LibraryCheck, library=studio.libraries.id)
    hosts = [host, *([socket.gethostname(), socket.getfqdn()] if others else [])]
    app.add_middleware(
        RequestGuard,
        hosts=hosts,
        addresses=others,
        limits=studio.settings.limits,
        mcp=mcp,
        behind_proxy=behind_proxy,
    )
    app.add_middleware(SecurityHeaders)
    return app


def _let_idle(queue: Queue) -> None:
    """Gradio looks a thousand times a second, but on Windows, whether a program called it; pages do not call it so."""
    queue.sleep_when_free = queue.progress_update_sleep_when_free = LOOK_FOR_CALLS_S


async def _unexpected(_: Request, error: Exception) -> Response:
    """What nobody caught: a sentence for the person, and the rest for the log."""
    log.error("a request failed unexpectedly", exc_info=error)
    said = {"ok": False, "error": "Something unexpected went wrong; nothing was changed.", "kind": "bug"}
    return JSONResponse(said, 500, headers=SECURITY_HEADERS)


def serve(
    settings: Settings,
    host: str,
    port: int,
    *,
    open_browser: bool,
    mcp: bool = False,
    behind_proxy: str | None = None,
    ready: Callable[[str], object] = lambda url: None,
) -> None:
    """Serve until interrupted; `mcp` and `behind_proxy` as for `create_app`. `ready` is told the address once requests
    are answered there. Where a person opens another library in the app, that is served from then on, at the same
    address.

    Raises UsageError for an address that others could reach while nobody has to log in, or for MCP where it is not
    installed; StoreError when another studio serves this library already.
    """
    if mcp:
        api.check_mcp()

    def check(wanted: Settings) -> None:
        if (not is_loopback(host) or behind_proxy is not None) and not _has_users(wanted):
            raise UsageError(
                "Others could reach this studio, and this library has no users; add one with `studio users add NAME`, "
                "or use --host 127.0.0.1 without a proxy."
            )

    check(settings)
    with _listen(host, port) as listening:
        url = f"http://{f'[{host}]' if ':' in host else host}:{listening.getsockname()[1]}/"

        def started() -> None:
            log.warning("Moment Studio is at %s (stop it with Ctrl+C)", url)
            ready(url)
            if open_browser:
                threading.Thread(target=webbrowser.open, args=[url], daemon=True).start()  # some browsers block

        served, wanted = settings, _serve_one(settings, listening, host, mcp, behind_proxy, check, started)
        while wanted is not None:
            before, served = served, wanted
            try:
                wanted = _serve_one(served, listening, host, mcp, behind_proxy, check, lambda: None)
            except StudioError:  # it opened a moment ago, when it was asked for
                if served == before:
                    raise
                log.exception("the other library does not open any more")
                wanted = before


def _serve_one(
    settings: Settings,
    listening: socket.socket,
    host: str,
    mcp: bool,
    behind_proxy: str | None,
    check: Callable[[Settings], None],
    started: Callable[[], object],
) -> Settings | None:
    """Serve one library until it is stopped; returns the settings of the one that is wanted in its place, if any."""
    wanted: list[Settings] = []
    with exclusive_lock(settings):
        logs.start(settings, "app")
        studio = Studio(settings, background=True)
        try:
            app = create_app(studio, host, mcp=mcp, behind_proxy=behind_proxy)
            with contextlib.suppress(StoreError):  # a folder that cannot be written: the list lacks it
                studio.libraries.note_opened()
        except BaseException:
            studio.close()
            raise
        config = uvicorn.Config(
            app,
            log_level="warning",
            http=with_header_deadline(settings.limits.headers_s),
            ws="none",
            timeout_graceful_shutdown=LAST_CALLS_S,
            # believed from this machine, or from the addresses in the variable FORWARDED_ALLOW_IPS
            proxy_headers=behind_proxy is not None,
        )
        server = _Server(config, started, app.state.changes.close)

        def go_over(other: Settings) -> None:
            check(other)
            wanted[:] = [other]
            server.should_exit = True  # once all calls are answered, and the library is closed

        studio.libraries.go_over = go_over
        # a socket of its own: the one that listens lives on, and who comes meanwhile waits in its queue
        server.run(sockets=[listening.dup()])
    return wanted[0] if wanted else None


class _Server(uvicorn.Server):
    """One that says when it can be reached, and when it is about to wait for its streams to end."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], object], closing: Callable[[], object]) -> None:
        super().__init__(config)
        self._ready, self._closing = ready, closing

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._closing()
        await super().shutdown(sockets)


def _has_users(settings: Settings) -> bool:
    if not settings.database.is_file():
        return False
    with closing(Studio(settings)) as studio:
        return studio.users.required


def _listen(host: str, port: int) -> socket.socket:
    """A socket bound before anything is started, so that a port in use is one sentence."""
    if not 0 <= port <= 65_535:
        raise UsageError(f"{port} is not a port; use a number up to 65535.")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # named as TCP, so that asyncio sends small answers at once: else each waits 40 ms for the other side's delayed ACK
    made = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    system.share_port(made)
    try:
        made.bind((host, port))
    except OSError as error:
        made.close()
        if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
            raise UsageError(f"This machine has no address “{host}”; use one that it has.") from None
        raise UsageError(f"Port {port} is in use already; choose another one with --port.") from None
    return made


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
