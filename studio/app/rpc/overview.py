"""For the Overview page."""

from typing import Any

from studio.app.rpc.method import Method, actor, rpc_methods
from studio.app.rpc.requests import Agreement, Request, TimeBudget
from studio.formats.table import sheet
from studio.service import Studio
from studio.service.system.status import status


def methods(studio: Studio) -> list[Method]:
    def statistics(request: Request) -> Any:
        return studio.annotator_stats.statistics()

    def progress(request: Request) -> Any:
        return studio.annotator_stats.progress(actor(studio, request))

    def agreement(request: Agreement) -> Any:
        by = actor(studio, request)
        curves = [each for each in studio.traces.agreement(by) if request.track in ("", each["track"])]
        return {**studio.annotator_stats.agreement(request.track, by), "curves": curves}

    def time_budget(request: TimeBudget) -> Any:
        found = studio.annotator_stats.time_budget(request.track, request.of, actor(studio, request))
        return {**found, "csv": {name: sheet(found[name]).decode() for name in ("labels", "transitions")}}

    def show_status(request: Request) -> Any:
        return status(studio)

    return rpc_methods(studio, statistics, progress, agreement, time_budget, show_status)
