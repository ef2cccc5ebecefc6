"""What every answer carries, so that it is of no use to other pages, and runs no script but ours."""

import asyncio

from starlette.datastructures import MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# No script within a page, and nothing from anywhere else. Nothing of ours makes a script of text (eval), but programs
# that drive a browser wait with one. Plotly writes a style sheet.
SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'self' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data: blob:; media-src 'self' blob:; font-src 'self' data:; connect-src 'self'; "
        "worker-src 'self' blob:; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


class SecurityHeaders:
    """ASGI middleware that adds them; the outermost one, which also ends calls that are still at work when the studio
    stops."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        has_begun = False

        async def send_safely(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(SECURITY_HEADERS)
            await send(message)

        is_http = scope["type"] == "http"
        try:
            await self._app(scope, receive, send_safely if is_http else send)
        except asyncio.CancelledError:
            # the server stops, and has waited as long as it does
            if is_http and not has_begun:
                await PlainTextResponse("The studio is stopping; try again.", 503)(scope, receive, send_safely)
