"""For the pages that decide about many moments or videos at once: each time is a step, taken back as a whole."""

from typing import Any

from studio.app.rpc.method import Method, actor, annotator, rpc_methods
from studio.app.rpc.requests import Request, StepReference
from studio.service import Studio


def methods(studio: Studio) -> list[Method]:
    def label_choices(request: Request) -> Any:
        return {"labels": studio.search.options(actor(studio, request))["labels"], "rows": studio.labels.rows()}

    def undo_step(request: StepReference) -> Any:
        return studio.selections.undo(request.step, annotator(request), actor(studio, request))

    return rpc_methods(studio, label_choices, undo_step)
