"""The way in, for a library that has users: a page with a form, a cookie, and whose request is being answered."""

from contextvars import ContextVar
from urllib.parse import parse_qs

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from studio.assets import read_page
from studio.errors import PermissionDenied, StoreError
from studio.service import Studio
from studio.service.accounts.users import DAYS

COOKIE = "moment_session"
FORM = "/login"
LOOKS = ("/web/css/", "/web/icons/")  # what a stranger sees besides the form
MOST_FORM = 4_096
current_user: ContextVar[str] = ContextVar("current_user", default="")
"""The user whose request this is; empty where nobody has to log in."""


def routes(studio: Studio, always: bool = False) -> APIRouter:
    """The routes of the way in and out; `always` as for `AuthMiddleware`."""
    router = APIRouter()

    def form(sentence: str = "", status: int = 200) -> HTMLResponse:
        return HTMLResponse(read_page("login").replace("<!-- said -->", sentence), status)

    @router.get("/login")
    def ask() -> Response:
        return form() if always or studio.users.required else RedirectResponse("/", 303)

    @router.post("/login")
    async def enter(request: Request) -> Response:
        body = b""
        async for chunk in request.stream():
            body += chunk
            if len(body) > MOST_FORM:
                return form("This is too much for a name and a password.", 413)
        fields = parse_qs(body.decode("utf-8", "replace"))
        name, password = fields.get("name", [""])[0].strip(), fields.get("password", [""])[0]
        try:
            address = request.client.host if request.client else ""
            token = await run_in_threadpool(studio.users.login, name, password, address)
        except PermissionDenied as error:
            return form(str(error), 403)
        except StoreError as error:
            return form(str(error), 503)
        answer = RedirectResponse("/", 303)
        https = request.url.scheme == "https"
        answer.set_cookie(COOKIE, token, max_age=DAYS * 86_400, httponly=True, samesite="lax", secure=https)
        return answer

    @router.post("/logout")
    def leave(request: Request) -> Response:
        studio.users.logout(request.cookies.get(COOKIE, ""))
        answer = RedirectResponse("/login", 303)
        answer.delete_cookie(COOKIE)
        return answer

    return router


def _is_open(path: str) -> bool:
    """Whether a stranger may see what is at a path, as the server decoded it."""
    return path == FORM or (path.startswith(LOOKS) and ".." not in path)


class AuthMiddleware:
    """ASGI middleware: where a library has users, only they get further than the form, and `current_user` says which.

    With `always` nobody gets further who is no user, also when the last one was taken out: others reach this address.
    """

    def __init__(self, app: ASGIApp, studio: Studio, always: bool = False) -> None:
        self._app, self._users, self._always = app, studio.users, always

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not (self._always or await run_in_threadpool(lambda: self._users.required)):
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        user = await run_in_threadpool(self._users.user_of, request.cookies.get(COOKIE, ""))
        if user:
            current_user.set(user)
        if user or _is_open(scope["path"]):
            await self._app(scope, receive, send)
        elif request.method == "GET" and "text/html" in request.headers.get("accept", ""):
            await RedirectResponse("/login", 303)(scope, receive, send)
        else:
            error = "You are not logged in; open the first page of this studio and log in."
            answer = {"ok": False, "error": error, "kind": "forbidden"}
            await JSONResponse(answer, 401)(scope, receive, send)
