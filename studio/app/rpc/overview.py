"""For the Overview page."""

from typing import Any

from studio.app.rpc.method import Method, actor, rpc_methods
from studio.app.rpc.requests import (
    Agreement,
    CleanCache,
    JobKindRequest,
    JobRequest,
    LimitCache,
    LimitWork,
    MoveJob,
    PauseWork,
    Request,
    TimeBudget,
    WorkRequest,
)
from studio.config import GIB
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
        return status(studio, actor(studio, request))

    own = rpc_methods(studio, statistics, progress, agreement, time_budget, show_status)
    return [*_work(studio), *_storage(studio), *own]


def _work(studio: Studio) -> list[Method]:
    """What runs, waits and failed; each method that changes something answers with nothing, and the page asks anew."""

    def work(request: WorkRequest) -> Any:
        return studio.work.state(actor(studio, request), request.waiting, request.failed)

    def pause_work(request: PauseWork) -> Any:
        by = actor(studio, request)
        if request.on:
            studio.work.pause(by)
        else:
            studio.work.resume(by)
        return {}

    def limit_work(request: LimitWork) -> Any:
        by = actor(studio, request)
        if request.hours is not None:
            studio.work.set_hours(request.hours, by)
        if request.cores is not None:
            studio.work.set_cores(request.cores, by)
        return {}

    def move_job(request: MoveJob) -> Any:
        studio.work.move(request.job, request.to, actor(studio, request))
        return {}

    def retry_job(request: JobRequest) -> Any:
        studio.work.retry(request.job, actor(studio, request))
        return {}

    def retry_jobs(request: JobKindRequest) -> Any:
        return {"retried": studio.work.retry_all(request.kind, actor(studio, request))}

    def dismiss_job(request: JobRequest) -> Any:
        studio.work.dismiss(request.job)
        return {}

    def cancel_job(request: JobRequest) -> Any:
        studio.work.cancel(request.job)
        return {}

    return rpc_methods(
        studio, work, pause_work, limit_work, move_job, retry_job, retry_jobs, dismiss_job, cancel_job,
    )  # fmt: skip


def _storage(studio: Studio) -> list[Method]:
    """What the library takes of the disk, and room in the cache."""

    def storage(request: Request) -> Any:
        return studio.storage.state(actor(studio, request))

    def limit_cache(request: LimitCache) -> Any:
        studio.storage.set_limit(round(request.limit * GIB), actor(studio, request))
        return {}

    def cleaning_preview(request: CleanCache) -> Any:
        return studio.storage.preview(round(request.to * GIB), request.kinds)

    def clean_cache(request: CleanCache) -> Any:
        studio.storage.start_cleaning(round(request.to * GIB), request.kinds, actor(studio, request))
        return {}

    return rpc_methods(studio, storage, limit_cache, cleaning_preview, clean_cache)
