"""For the Review page: a queue of moments of the whole library."""

from typing import Any

from studio.app.rpc.annotate import saving, teaching_methods
from studio.app.rpc.method import Method, actor, rpc_methods
from studio.app.rpc.requests import DeskProgress, DeskQueue
from studio.service import Studio
from studio.service.timelines.review import Undecided
from studio.service.timelines.review_desk import DeskRequest


def methods(studio: Studio) -> list[Method]:
    def desk_queue(request: DeskQueue) -> Any:
        wanted = Undecided(
            request.label, request.row, request.question, request.by, request.lowest, request.highest, request.video
        )
        asked = DeskRequest(
            request.feed, wanted, request.track, request.count, tuple(request.shown), request.window
        )  # fmt: skip
        return studio.desk.queue(asked, actor(studio, request))

    def desk_progress(request: DeskProgress) -> Any:
        return studio.desk.progress(request.track, request.label, actor(studio, request))

    return [*rpc_methods(studio, desk_queue, desk_progress, *saving(studio)), *teaching_methods(studio)]
