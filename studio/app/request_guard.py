"""What every request must pass: a known host, the same origin, a route that is used, and a bounded body in time."""

import asyncio
import ipaddress
import time
from collections.abc import Iterable
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from studio.app.allowed_routes import READING, AllowedRoute, allowed_route
from studio.config import Limits

LOOPBACK = ("127.0.0.1", "localhost", "::1")
FORM = "application/x-www-form-urlencoded"
Refusal = tuple[int, str]


class RequestGuard:
    """ASGI middleware: lets through what `allowed_routes` lists, from known hosts (DNS rebinding) and own pages (CSRF,
    embedding), with bodies that are of the expected kind, not endless and not endlessly slow.

    `hosts` are names the studio may be reached by besides this machine's own; with `addresses` also any plain address,
    which no foreign name can point to. Headers that a proxy would add are removed before anything reads them; with
    `behind_proxy` the host that the proxy was asked for counts as the request's, and only that name, or any when it is
    "": who comes in by a name of their own making has no cookie for it.
    """

    def __init__(
        self,
        app: ASGIApp,
        hosts: Iterable[str] = (),
        addresses: bool = False,
        limits: Limits | None = None,
        *,
        mcp: bool = False,
        behind_proxy: str | None = None,
    ) -> None:
        self._app, self._addresses, self._limits, self._mcp = app, addresses, limits or Limits(), mcp
        names = (*LOOPBACK, *hosts, *([behind_proxy] if behind_proxy else []))
        self._hosts = frozenset(host.lower() for host in names)
        self._behind_proxy = behind_proxy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":  # nothing here speaks it
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope = self._without_claims(scope)
        route = allowed_route(scope["method"], scope["path"], mcp=self._mcp)
        refusal = self._foreign(scope, route) or self._unfit(scope, route)
        if refusal or route is None:
            status, sentence = refusal or (404, "There is nothing at this address.")
            await PlainTextResponse(sentence, status)(scope, receive, send)
        else:
            await self._app(scope, self._bounded(receive, route), send)

    def _without_claims(self, scope: Scope) -> Scope:
        """The request without what anybody could claim about it: a proxy's headers, Gradio's own, and Gradio's
        parameters of its page (which bring back the state of somebody else)."""
        asked_for = Headers(scope=scope).get("x-forwarded-host") if self._behind_proxy is not None else None
        headers = [(name, value) for name, value in scope["headers"] if not _is_claim(name)]
        if asked_for is not None:
            host = asked_for.split(",")[-1].strip().encode("latin-1")  # the last one is what the nearest proxy wrote
            headers = [(name, value) for name, value in headers if name != b"host"] + [(b"host", host)]
        query = scope["query_string"]
        if scope["path"] == "/":
            asked = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
            query = urlencode([pair for pair in asked if pair[0] not in ("page", "deep_link")]).encode("latin-1")
        return {**scope, "headers": headers, "query_string": query}

    def _is_ours(self, name: str) -> bool:
        return (
            name in self._hosts or (self._addresses and _is_address(name)) or (self._behind_proxy == "" and name != "")
        )

    def _foreign(self, scope: Scope, route: AllowedRoute | None) -> Refusal | None:
        """Why a request comes from the wrong place."""
        headers = Headers(scope=scope)
        host = headers.get("host", "").lower()
        if len(headers.getlist("host")) != 1 or not self._is_ours(_name(f"//{host}")):
            return 403, "This address is not one of the studio's; open it by the address it printed."
        from_elsewhere = headers.get("sec-fetch-site") in ("cross-site", "same-site")
        if scope["method"] in READING:
            # a link on another page may lead to a front page; nothing else here may be a part of it or opened by it
            followed = headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest", "document") in (
                "document",
                "empty",
            )
            if from_elsewhere and not (followed and route is not None and route.front):
                return 403, "Other pages may not use what is here."
            return None
        origin = headers.get("origin")
        foreign = origin is not None and origin.lower() not in (f"http://{host}", f"https://{host}")
        if foreign or from_elsewhere:
            return 403, "Only the studio's own pages may change something here."
        return None

    def _unfit(self, scope: Scope, route: AllowedRoute | None) -> Refusal | None:
        """Why the body of a request cannot be what its route takes."""
        if route is None or scope["method"] in READING:
            return None
        headers = Headers(scope=scope)
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        if route.body == "json" and kind != "application/json":
            return 415, "This address takes JSON only."
        if route.body == "form" and kind not in ("", FORM):
            return 415, "This address takes a plain form only."
        promised = headers.get("content-length", "0")
        if route.body != "file" and (not promised.isdecimal() or int(promised) > self._limits.call_bytes):
            return 413, "This request is too large."
        return None

    def _bounded(self, receive: Receive, route: AllowedRoute) -> Receive:
        """A body that gets too long, or stays away for too long, ends as if the sender had gone.

        A file's route counts its bytes by itself; here it must only not fall silent. After the body nothing is waited
        for: what comes then is the news that the client left.
        """
        limits, left, whole = self._limits, self._limits.call_bytes, False
        until = time.monotonic() + limits.call_body_s

        async def bounded() -> Message:
            nonlocal left, whole
            if whole:
                return await receive()
            patience = limits.upload_silence_s if route.body == "file" else until - time.monotonic()
            try:
                message = await asyncio.wait_for(receive(), max(0.0, patience))
            except TimeoutError:
                return {"type": "http.disconnect"}
            whole = not message.get("more_body", False)
            left -= len(message.get("body", b"")) if route.body != "file" else 0
            return message if left >= 0 else {"type": "http.disconnect"}

        return bounded


def _is_claim(name: bytes) -> bool:
    return name == b"forwarded" or name.startswith((b"x-forwarded-", b"x-gradio-"))


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
