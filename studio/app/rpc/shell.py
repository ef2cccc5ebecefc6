"""For the header of all pages."""

from typing import Any

from studio.app.login import current_user
from studio.app.rpc.method import Method, actor, rpc_methods
from studio.app.rpc.requests import Request
from studio.service import Studio


def methods(studio: Studio) -> list[Method]:
    def session(request: Request) -> Any:
        admin = actor(studio, request).admin
        return {"user": current_user.get(), "admin": admin, "read_only": studio.store.read_only}

    return rpc_methods(studio, session)
