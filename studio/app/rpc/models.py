"""For the Models page."""

from typing import Any

from studio.app.rpc import choosing
from studio.app.rpc.method import Method, actor, model_name, rpc_methods
from studio.app.rpc.requests import Compare, Compared, ModelRequest, Request
from studio.service import Studio, serializers
from studio.service.accounts.rights import need
from studio.service.jobs.model_comparison import tried_tasks


def methods(studio: Studio) -> list[Method]:
    def list_models(request: Request) -> Any:
        return {
            "models": studio.teaching.catalogue(actor(studio, request)),
            "newest": next(iter(studio.timeline_media.choices()[0]), None),
            "tried": tried_tasks(),
            "downloads": studio.model_downloads.states(),
            "encoder": studio.encoders.status(),
            "fixed": not actor(studio, request).admin,
        }

    def model_downloads(request: Request) -> Any:
        return {"downloads": studio.model_downloads.states(), "encoder": studio.encoders.status()}

    def get_model(request: ModelRequest) -> Any:
        studio.model_downloads.get(request.model, actor(studio, request))
        return {}

    def pause_model(request: ModelRequest) -> Any:
        studio.model_downloads.pause(request.model, actor(studio, request))
        return {}

    def cancel_model(request: ModelRequest) -> Any:
        studio.model_downloads.cancel(request.model, actor(studio, request))
        return {}

    def use_encoder(request: ModelRequest) -> Any:
        status = studio.encoders.use(request.model, actor(studio, request))
        studio.jobs.wake()
        return status

    def stop_encoder(request: Request) -> Any:
        studio.encoders.stop(actor(studio, request))
        return {}

    def finish_encoder(request: Request) -> Any:
        return studio.encoders.finish_without(actor(studio, request))

    def retry_encoder(request: Request) -> Any:
        need(actor(studio, request), "choose the model that the library is searched with")
        studio.encoders.queue(again=True)
        studio.jobs.wake()
        return {}

    def time_encoder(request: ModelRequest) -> Any:
        name = model_name(studio, request.model, "text_video") or ""
        return {"images_per_second": studio.jobs.time_encoder(name, actor(studio, request))}

    def detect(request: ModelRequest) -> Any:
        return serializers.job(studio.teaching.start_detect(request.model, actor(studio, request)))

    def delete_detector(request: ModelRequest) -> Any:
        studio.detectors.delete(request.model, actor(studio, request))
        return {}

    def compare(request: Compare) -> Any:
        names = [model_name(studio, name, request.task) or "" for name in (request.a, request.b)]
        by = actor(studio, request)
        return {"jobs": studio.jobs.compare(request.video, request.task, names, request.query, by)}

    def compared(request: Compared) -> Any:
        return studio.jobs.compared(request.jobs)

    own = rpc_methods(
        studio, list_models, model_downloads, get_model, pause_model, cancel_model, use_encoder, stop_encoder,
        finish_encoder, retry_encoder, time_encoder, detect, delete_detector, compare, compared,
    )  # fmt: skip
    return [*own, *choosing.methods(studio)]
