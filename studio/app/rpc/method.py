"""A function that takes a typed request, as a method that pages can call; and who calls it."""

import functools
import logging
import typing
from collections.abc import Callable
from typing import Any

from starlette.responses import JSONResponse

from studio.app.login import current_user
from studio.app.rpc.requests import Request
from studio.config import Limits
from studio.errors import Conflict, NotFound, NotTheirs, PermissionDenied, StoreError, StudioError, UsageError
from studio.service import Studio
from studio.service.accounts.rights import Actor
from studio.service.models import engines
from studio.service.requests import decode

Method = Callable[[Any], dict[str, Any]]
NAME_CHARS = 100  # of an annotator
KINDS: dict[type[StudioError], str] = {
    Conflict: "conflict", StoreError: "store", NotFound: "gone", NotTheirs: "others", PermissionDenied: "forbidden",
}  # fmt: skip
BUG = {"ok": False, "error": "Something unexpected went wrong; nothing was changed.", "kind": "bug"}
log = logging.getLogger(__name__)


def rpc_method(function: Callable[[Any], Any], limits: Limits | None = None) -> Method:
    """A method that decodes what a page sends to the type of `request` in the signature, and answers in JSON.

    An exception in a server function would reach the page as `undefined`; here it becomes a message and a kind.
    """
    wanted = typing.get_type_hints(function)["request"]

    @functools.wraps(function)
    def call(request: Any = None) -> dict[str, Any]:
        try:
            if not isinstance(request, dict):
                raise UsageError("This call takes one object.")
            return {"ok": True, "data": function(decode(wanted, request, limits or Limits()))}
        except StudioError as error:
            kind = next((kind for error_type, kind in KINDS.items() if isinstance(error, error_type)), "invalid")
            return {"ok": False, "error": str(error), "kind": kind}
        except RecursionError:  # Python's own bound; what a page sends is flat
            return {"ok": False, "error": "This request is nested too deeply.", "kind": "invalid"}
        except Exception:
            log.exception("call %s failed", function.__name__)
            return dict(BUG)

    return call


def encoded(method: Method) -> Callable[[Any], JSONResponse]:
    """A method whose answer is JSON when it leaves the thread that made it: FastAPI would look at each of its values
    once more, in the one thread that serves everybody, which for 10,000 segments takes ten times as long as the JSON.
    """

    @functools.wraps(method)
    def call(request: Any = None) -> JSONResponse:
        try:
            return JSONResponse(method(request))
        except (TypeError, ValueError):
            log.exception("what %s answers is no JSON", method.__name__)
            return JSONResponse(BUG)

    return call


def rpc_methods(studio: Studio, *functions: Callable[[Any], Any]) -> list[Method]:
    return [rpc_method(function, studio.settings.limits) for function in functions]


def annotator(request: Request) -> str:
    """Whose edit it is: who is logged in, else the name that the page sends along."""
    return current_user.get() or request.annotator[:NAME_CHARS]


def actor(studio: Studio, request: Request) -> Actor:
    """Who asks, for `studio.service.accounts.rights`."""
    return studio.users.actor(current_user.get(), annotator(request))


def model_name(studio: Studio, name: str, task: str) -> str | None:
    """The name of a model of a task, None where a page names none. Never a file: pages know no paths.

    Raises UsageError.
    """
    if name and name not in engines(studio.settings, installed=False, task=task):
        raise UsageError(f"There is no model “{name}” for this; the Models page lists those there are.")
    return name or None
