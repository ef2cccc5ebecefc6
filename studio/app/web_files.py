"""What every page needs of ours: one script and one style sheet, compressed once, and kept by browsers as long as they
are the same."""

import gzip
import hashlib

import brotli
from fastapi import APIRouter, Request, Response
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from studio.app.rpc import PAGES
from studio.assets import FOLDER
from studio.assets.joined import joined_modules

STYLES = "studio.css", "annotate.css", "map.css"
FOR_EVER = "private, max-age=31536000, immutable"
NAMED_BY_CONTENT = "/assets/", "/theme.css"  # of Gradio, which names them by their content too


class WebFile:
    """Bytes at an address that says their content."""

    def __init__(self, path: str, media_type: str, content: bytes) -> None:
        self.path, self._version = path, hashlib.sha256(content).hexdigest()[:16]
        self.address = f"{path}?v={self._version}"
        self._media_type = media_type
        self._content = content
        self._encoded = {"br": brotli.compress(content, mode=brotli.MODE_TEXT), "gzip": gzip.compress(content)}

    def response(self, version: str, accepted: str) -> Response:
        """An answer in the best of the encodings that are accepted, to keep where this version was asked for."""
        names = {name.partition(";")[0].strip() for name in accepted.split(",")}
        encoding = next((name for name in self._encoded if name in names), None)
        headers = {"Cache-Control": FOR_EVER if version == self._version else "no-cache", "Vary": "Accept-Encoding"}
        if encoding:
            headers["Content-Encoding"] = encoding
        content = self._encoded[encoding] if encoding else self._content
        return Response(content, media_type=self._media_type, headers=headers)


class WebFiles:
    """The script and the style sheet, as they are when the studio starts."""

    def __init__(self) -> None:
        script = joined_modules(FOLDER / "web" / "js", list(PAGES))
        style = "\n".join((FOLDER / "web" / "css" / name).read_text("utf-8") for name in STYLES)
        self.script = WebFile("/web/studio.js", "text/javascript", script.encode())
        self.style = WebFile("/web/studio.css", "text/css", style.encode())

    def head(self) -> str:
        """What the page's head says about them; the script is fetched beside Gradio's own."""
        return (
            f'<link rel="stylesheet" href="{self.style.address}">\n'
            f'<link rel="modulepreload" href="{self.script.address}">\n'
        )

    def routes(self) -> APIRouter:
        router = APIRouter()

        @router.get(self.script.path)
        def script(request: Request, v: str = "") -> Response:
            return self.script.response(v, request.headers.get("accept-encoding", ""))

        @router.get(self.style.path)
        def style(request: Request, v: str = "") -> Response:
            return self.style.response(v, request.headers.get("accept-encoding", ""))

        return router


class KeepNamedByContent:
    """ASGI middleware: files whose address says their content are asked for once."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def keep(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == 200:
                MutableHeaders(scope=message)["Cache-Control"] = FOR_EVER
            await send(message)

        named = scope["type"] == "http" and scope["path"].startswith(NAMED_BY_CONTENT)
        await self._app(scope, receive, keep if named else send)
