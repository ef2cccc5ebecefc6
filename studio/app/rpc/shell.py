"""For the header of all pages."""

from typing import Any

from studio.app.login import current_user
from studio.app.rpc.method import Method, actor, rpc_methods
from studio.app.rpc.requests import LibraryRequest, Request
from studio.service import Studio


def methods(studio: Studio) -> list[Method]:
    def session(request: Request) -> Any:
        by = actor(studio, request)
        return {
            "user": current_user.get(),
            "admin": by.admin,
            "read_only": studio.store.read_only,
            "library": studio.libraries.name if by.admin else "",
            "libraries": studio.libraries.others(by),
        }

    def switch_library(request: LibraryRequest) -> Any:
        studio.libraries.switch(request.library, actor(studio, request))
        return {}

    return rpc_methods(studio, session, switch_library)
