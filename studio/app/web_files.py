"""What a visit fetches of ours: the document, one script and one style sheet, compressed once; browsers keep the latter
two as long as they are the same."""

import gzip
import hashlib
from functools import lru_cache

import brotli
import gradio as gr
from fastapi import APIRouter, Request, Response

from studio.app import pages
from studio.assets import FOLDER
from studio.assets.joined import joined_modules

STYLES = "studio.css", "annotate.css", "map.css"
FOR_EVER = "private, max-age=31536000, immutable"
ASK_FIRST = "no-cache"
_QUALITY = 9  # the best, 11, is 7 % smaller, and each start of the studio would last a second longer


class WebFile:
    """Bytes at a path, and at an address that says their content."""

    def __init__(self, path: str, media_type: str, content: str) -> None:
        self._content = content.encode()
        self._version = hashlib.sha256(self._content).hexdigest()[:16]
        self.path, self.address = path, f"{path}?v={self._version}"
        self._media_type = media_type
        self._encoded = _encoded(self._content)

    def response(self, request: Request) -> Response:
        """An answer in the best of the encodings that are accepted, to keep where this version was asked for; none of
        the content where the browser has it already."""
        names = {name.partition(";")[0].strip() for name in request.headers.get("accept-encoding", "").split(",")}
        encoding = next((name for name in self._encoded if name in names), None)
        tag = f'"{self._version}-{encoding}"'
        named = request.query_params.get("v") == self._version
        headers = {"Cache-Control": FOR_EVER if named else ASK_FIRST, "Vary": "Accept-Encoding", "ETag": tag}
        if tag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        if encoding:
            headers["Content-Encoding"] = encoding
        content = self._encoded[encoding] if encoding else self._content
        return Response(content, media_type=self._media_type, headers=headers)


@lru_cache(maxsize=3)  # the document, the script and the style sheet: another library has the latter two as well
def _encoded(content: bytes) -> dict[str, bytes]:
    """It in each encoding, the best first."""
    packed = brotli.compress(content, mode=brotli.MODE_TEXT, quality=_QUALITY)
    return {"br": packed, "gzip": gzip.compress(content)}


class WebFiles:
    """The document, the script and the style sheet, as they are when the studio starts."""

    def __init__(self, blocks: gr.Blocks, library: str) -> None:
        script = joined_modules(FOLDER / "web" / "js", ["main"])
        style = "\n".join((FOLDER / "web" / "css" / name).read_text("utf-8") for name in STYLES)
        self.script = WebFile("/web/studio.js", "text/javascript", script)
        self.style = WebFile("/web/studio.css", "text/css", style)
        self.document = WebFile(
            "/", "text/html", pages.document(blocks, self.script.address, self.style.address, library)
        )

    def routes(self) -> APIRouter:
        router = APIRouter()
        for file in (self.document, self.script, self.style):
            router.add_api_route(file.path, file.response, methods=["GET", "HEAD"], response_class=Response)
        return router
