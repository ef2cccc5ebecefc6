"""Which requests reach the app. Gradio and FastAPI register more routes than this product uses; whatever is not listed
here is answered as if it were not there, so that an update of either cannot open one unseen."""

import re
from dataclasses import dataclass
from typing import Literal

Body = Literal["none", "json", "form", "file"]
READING = ("GET", "HEAD")


@dataclass(frozen=True, slots=True)
class AllowedRoute:
    """One route that is used.

    `pattern` matches the whole decoded path, without a slash at its end. `body` is what a request may carry: nothing,
    JSON, a form, or a file whose route counts and times its bytes by itself. `front` pages may be opened by a link on
    another site. Routes with `mcp` exist only where MCP was asked for.
    """

    methods: tuple[str, ...]
    pattern: str
    body: Body = "none"
    front: bool = False
    mcp: bool = False


NAME = "[^/]+"
ROUTES = (
    # ours
    AllowedRoute(READING, "/", front=True),
    AllowedRoute(READING, f"/media/{NAME}"),
    AllowedRoute(("GET",), f"/thumbnail/{NAME}"),
    AllowedRoute(("GET",), f"/array/{NAME}/{NAME}"),
    AllowedRoute(("GET",), f"/sound/{NAME}"),
    AllowedRoute(("GET",), f"/report/{NAME}"),
    AllowedRoute(("GET",), f"/export/{NAME}"),
    AllowedRoute(("GET",), "/changes"),
    AllowedRoute(("GET",), "/map"),
    AllowedRoute(("GET",), "/found"),
    AllowedRoute(("GET",), f"/dataset/{NAME}"),
    AllowedRoute(("GET",), f"/detector/{NAME}"),
    AllowedRoute(("POST",), "/detector", "file"),
    AllowedRoute(READING, "/web/.+"),
    AllowedRoute(("POST",), "/incoming", "file"),
    AllowedRoute(("POST",), "/upload", "file"),
    AllowedRoute(("GET",), "/login", front=True),
    AllowedRoute(("POST",), "/login", "form"),
    AllowedRoute(("POST",), "/logout", "form"),
    # Gradio's, for the pages
    AllowedRoute(("POST",), "/gradio_api/component_server", "json"),
    # Gradio's, for programs (docs/api.md)
    AllowedRoute(("GET",), f"/gradio_api/heartbeat/{NAME}"),
    AllowedRoute(("GET",), "/config"),
    AllowedRoute(("GET",), "/gradio_api/info"),
    AllowedRoute(("POST",), f"/gradio_api/(run|call)/{NAME}", "json"),
    AllowedRoute(("GET",), f"/gradio_api/call/{NAME}/{NAME}"),
    AllowedRoute(("POST",), "/gradio_api/queue/join", "json"),
    AllowedRoute(("GET",), "/gradio_api/queue/data"),
    AllowedRoute(("GET", "POST", "DELETE"), "/gradio_api/mcp", "json", mcp=True),
)
_PATTERNS = tuple((route, re.compile(route.pattern)) for route in ROUTES)
_ODD = re.compile(r"[\x00-\x1f\x7f\\]|//|(?:^|/)\.{1,2}(?:/|$)")


def allowed_route(method: str, path: str, *, mcp: bool = False) -> AllowedRoute | None:
    """The route that a request is for; None for what is not used here.

    `path` is decoded. One that could be read in two ways (dots, double slashes, backslashes, control characters) is
    none of ours.
    """
    plain = path.removesuffix("/") or "/"
    if _ODD.search(path):
        return None
    return next(
        (
            route
            for route, pattern in _PATTERNS
            if method in route.methods and (mcp or not route.mcp) and pattern.fullmatch(plain)
        ),
        None,
    )
