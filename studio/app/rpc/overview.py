"""For the Overview page."""

from typing import Any

from studio.app.rpc.method import Method, actor, rpc_methods
from studio.app.rpc.requests import Agreement, Request
from studio.service import Studio
from studio.service.system.status import status


def methods(studio: Studio) -> list[Method]:
    def statistics(request: Request) -> Any:
        return studio.annotator_stats.statistics()

    def progress(request: Request) -> Any:
        return studio.annotator_stats.progress(actor(studio, request))

    def agreement(request: Agreement) -> Any:
        return studio.annotator_stats.agreement(request.track, actor(studio, request))

    def show_status(request: Request) -> Any:
        return status(studio)

    return rpc_methods(studio, statistics, progress, agreement, show_status)
