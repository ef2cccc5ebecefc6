"""For the Models page."""

from typing import Any

from studio.app.rpc.method import Method, model_name, rpc_methods
from studio.app.rpc.requests import Compare, Compared, Request
from studio.service import Studio, catalogue, serializers
from studio.service.jobs.model_comparison import tried_tasks


def methods(studio: Studio) -> list[Method]:
    def list_models(request: Request) -> Any:
        shown = "id", "name", "duration", "media_start"
        videos = [{key: video[key] for key in shown} for video in map(serializers.video, studio.videos.all())]
        return {"models": catalogue(studio.settings), "videos": videos, "tried": tried_tasks()}

    def compare(request: Compare) -> Any:
        names = [model_name(studio, name, request.task) or "" for name in (request.a, request.b)]
        return {"jobs": studio.jobs.compare(request.video, request.task, names, request.query)}

    def compared(request: Compared) -> Any:
        return studio.jobs.compared(request.jobs)

    return rpc_methods(studio, list_models, compare, compared)
