"""For the Map page. Its points come as bytes, by GET /map."""

from typing import Any

from studio.app.rpc import steps
from studio.app.rpc.method import Method, actor, annotator, rpc_methods
from studio.app.rpc.requests import JobRequest, LabelMoments, MakeMap, RejectMoments, Request
from studio.errors import UsageError
from studio.service import Studio, serializers
from studio.service.requests import listed, text, time
from studio.service.timelines.selection import Selected


def methods(studio: Studio) -> list[Method]:
    def map_state(request: Request) -> Any:
        return studio.map.state(actor(studio, request))

    def make_map(request: MakeMap) -> Any:
        return serializers.job(studio.map.start(request.anew, actor(studio, request)))

    def cancel_job(request: JobRequest) -> Any:
        studio.jobs.cancel(request.job)
        return {}

    def label_moments(request: LabelMoments) -> Any:
        footage = listed({"footage": request.footage}, "footage", studio.settings.limits.edits_per_save)
        chosen = Selected(request.annotations, request.predictions, [_stretch(each) for each in footage])
        by, name = actor(studio, request), annotator(request)
        return studio.selections.label(chosen, request.label, request.row, request.step, name, by)

    def reject_moments(request: RejectMoments) -> Any:
        by, name = actor(studio, request), annotator(request)
        return studio.selections.reject(request.predictions, request.step, name, by)

    own = rpc_methods(studio, map_state, make_map, cancel_job, label_moments, reject_moments)
    return [*own, *steps.methods(studio)]


def _stretch(each: Any) -> tuple[str, int, int]:
    """A stretch of footage as a page names it. Raises UsageError."""
    if not isinstance(each, dict):
        raise UsageError("A stretch of footage is an object with video, start and end.")
    start, end = time(each, "start"), time(each, "end")
    if start >= end:
        raise UsageError("A stretch of footage ends after its start.")
    return text(each, "video"), start, end
