"""A page belongs to the library that it was loaded from. The studio may have another one open by now: nothing of that
page enters it."""

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

HEADER = "x-studio-library"
SENTENCE = (
    "This studio has another library open now. What this page has not saved is kept in this browser, and sent once its "
    "own library is open again."
)


class LibraryCheck:
    """ASGI middleware: refuses what a page of another library asks. Programs do not say which library they mean, and
    get the one that is open."""

    def __init__(self, app: ASGIApp, library: str) -> None:
        self._app, self._library = app, library

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and Headers(scope=scope).get(HEADER, self._library) != self._library:
            answer = {"ok": False, "error": SENTENCE, "kind": "library"}
            await JSONResponse(answer, 409)(scope, receive, send)
            return
        await self._app(scope, receive, send)
