"""Requests that are not what a route takes: one sentence, and nothing for the log.

FastAPI's own answer repeats what was sent, and fails itself on what JSON cannot say again (NaN, half characters).
"""

from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.routing import Mount


def say_what_is_wrong(app: FastAPI) -> None:
    """Answer such requests of an app, and of the apps mounted in it."""
    app.add_exception_handler(RequestValidationError, _wrong)
    for route in app.routes:
        if isinstance(route, Mount) and isinstance(route.app, FastAPI):
            say_what_is_wrong(route.app)


async def _wrong(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first: dict[str, Any] = next(iter(error.errors()), {})
    where = ".".join(str(part)[:40] for part in first.get("loc", ()) if part not in ("body", "query"))
    about = f"“{where.encode('utf-8', 'replace').decode()}” is" if where else "It is"
    said = f"This request is not what is expected here. {about} wrong or missing."
    return JSONResponse({"ok": False, "error": said, "kind": "invalid"}, 422)
