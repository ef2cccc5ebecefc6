"""What every answer carries, so that it is of no use to other pages, and runs no script but ours."""

import gzip
import re
import secrets

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Gradio makes functions of its templates' text (eval) and injects styles (inline). Its page also has inline scripts:
# each gets the nonce of its answer, so that no other inline script runs. Nothing may come from anywhere else.
_POLICY = (
    "default-src 'self'; script-src 'self' {nonce}'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; media-src 'self' blob:; font-src 'self' data:; connect-src 'self'; "
    "worker-src 'self' blob:; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
)
SECURITY_HEADERS = {
    "Content-Security-Policy": _POLICY.format(nonce=""),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
PAGE = "/"
_SCRIPT = re.compile(rb"<script(?=[\s>])")


class SecurityHeaders:
    """ASGI middleware that adds them, gives the scripts of Gradio's page their nonce, and writes `head` into it: what
    Gradio's own parameter says there it only adds when its scripts run.

    Only the template of that page has tags of scripts: Gradio writes `<` inside its JSON as `\\u003c`.
    """

    def __init__(self, app: ASGIApp, head: str = "") -> None:
        self._app, self._head = app, head.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(SECURITY_HEADERS)
            await send(message)

        held: list[Message] = []

        async def send_page(message: Message) -> None:
            if message["type"] in ("http.response.start", "http.response.body"):
                held.append(message)
            if message["type"] == "http.response.body" and not message.get("more_body"):
                compress = "gzip" in Headers(scope=scope).get("accept-encoding", "")
                await self._send_page(held, send, compress=compress)

        is_page = scope["path"] == PAGE and scope["method"] == "GET"
        await self._app(_uncompressed(scope) if is_page else scope, receive, send_page if is_page else send_safely)

    async def _send_page(self, held: list[Message], send: Send, *, compress: bool) -> None:
        """Send a page on that is whole now."""
        nonce = secrets.token_urlsafe(18)
        start, *parts = held
        page = b"".join(part.get("body", b"") for part in parts).replace(b"</head>", self._head + b"</head>", 1)
        body = _SCRIPT.sub(f'<script nonce="{nonce}"'.encode(), page)
        headers = MutableHeaders(scope=start)
        headers.update(SECURITY_HEADERS)
        headers["Content-Security-Policy"] = _POLICY.format(nonce=f"'nonce-{nonce}' ")
        if compress:
            body = gzip.compress(body, compresslevel=6)
            headers["Content-Encoding"] = "gzip"
        headers["Content-Length"] = str(len(body))
        await send(start)
        await send({"type": "http.response.body", "body": body})


def _uncompressed(scope: Scope) -> Scope:
    """The same request, answered in plain bytes."""
    return {**scope, "headers": [pair for pair in scope["headers"] if pair[0] != b"accept-encoding"]}
