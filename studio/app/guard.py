"""What every request must pass: a known host, the same origin, a bounded body, and answers of no use to other pages."""

import ipaddress
from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from studio.config import MIB

LOOPBACK = ("127.0.0.1", "localhost", "::1")
READING = ("GET", "HEAD", "OPTIONS")
UNUSED = ("/gradio_api/upload",)  # Gradio's own upload would fill the temporary folder; ours is /upload

# Gradio compiles templates and injects styles, so it needs inline and eval; nothing may come from anywhere else.
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; media-src 'self' blob:; font-src 'self' data:; connect-src 'self'; "
    "worker-src 'self' blob:; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
)


ARMOUR = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


class Guard:
    """ASGI middleware: refuses foreign hosts (DNS rebinding), foreign pages (CSRF, embedding) and endless bodies.

    `hosts` are names the studio may be reached by besides this machine's own; with `addresses` also any plain address,
    which no foreign name can point to; a body may have `most_bytes`, except at
    `streamed`, whose route counts for itself.
    """

    def __init__(
        self,
        app: ASGIApp,
        hosts: Iterable[str] = (),
        addresses: bool = False,
        most_bytes: int = 64 * MIB,
        streamed: str = "/upload",
    ) -> None:
        self._app, self._addresses = app, addresses
        self._hosts = frozenset(host.lower() for host in (*LOOPBACK, *hosts))
        self._most_bytes, self._streamed = most_bytes, streamed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":  # nothing here speaks it
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(ARMOUR)
            await send(message)

        refusal = self._refusal(scope)
        if refusal:
            await PlainTextResponse(refusal, 403)(scope, receive, guarded)
        elif self._too_large(scope):
            await PlainTextResponse("This request is too large.", 413)(scope, receive, guarded)
        else:
            await self._app(scope, self._counted(scope, receive), guarded)

    def _too_large(self, scope: Scope) -> bool:
        promised = Headers(scope=scope).get("content-length", "0")
        return scope["path"] != self._streamed and (not promised.isdecimal() or int(promised) > self._most_bytes)

    def _counted(self, scope: Scope, receive: Receive) -> Receive:
        """A body that did not say how long it is ends where it gets too long, as if the sender had gone."""
        if scope["path"] == self._streamed:
            return receive
        left = self._most_bytes

        async def counted() -> Message:
            nonlocal left
            message = await receive()
            left -= len(message.get("body", b""))
            return message if left >= 0 else {"type": "http.disconnect"}

        return counted

    def _is_ours(self, name: str) -> bool:
        return name in self._hosts or (self._addresses and _is_address(name))

    def _refusal(self, scope: Scope) -> str | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "").lower()
        if len(headers.getlist("host")) != 1 or not self._is_ours(_name(f"//{host}")):
            return "This address is not one of the studio's; open it by the address it printed."
        from_elsewhere = headers.get("sec-fetch-site") in ("cross-site", "same-site")
        if scope["method"] in READING:
            # a link from another page may lead here; its pictures, scripts and frames may not be ours
            embedded = from_elsewhere and headers.get("sec-fetch-mode") != "navigate"
            return "Other pages may not use what is here." if embedded else None
        if scope["path"].rstrip("/") in UNUSED:
            return "Uploads go through the Library page."
        origin = headers.get("origin")
        foreign = origin is not None and origin.lower() not in (f"http://{host}", f"https://{host}")
        if foreign or from_elsewhere:
            return "Only the studio's own pages may change something here."
        return None


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _name(address: str) -> str:
    """The host's name in an address; empty for one that makes no sense."""
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""
