"""What does the work, in the process where it is done."""

import importlib
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from studio import tasks
from studio.config import Settings
from studio.errors import UsageError
from studio.jobs.kinds import KINDS
from studio.jobs.result import CORES, LIBRARY_ENCODER, JobResult
from studio.platform import system
from studio.tasks import TaskContext
from studio.tasks.context import Partial, Preview, Progress

SLOWER = "The graphics card ran out of memory, so the processor did a part of this: slower, with the same result."


class StudioExecutor:
    """The product's own: one context, whose models stay warm from job to job."""

    def __init__(self, settings: Settings) -> None:
        self._settings, self._context = settings, TaskContext(settings)

    def perform(
        self, kind: str, params: dict[str, Any], progress: Progress, preview: Preview, partial: Partial
    ) -> JobResult:
        """See `perform`. What does not fit into the memory of an accelerator is done on the processor, and the result's
        note says so: most models do that batch by batch, for the rest the whole job is done again."""
        cores = int(params.get(CORES) or 0)
        system.use_processors(cores)
        tasks.use_threads(cores)
        falls = tasks.oom_fallbacks()
        try:
            result = self._on(self._context, kind, params, progress, preview, partial)
        except tasks.out_of_memory():
            self._context = TaskContext(self._settings)  # its models hold memory that somebody needs
            slow = TaskContext(replace(self._settings, device="cpu"))
            return _with_note(self._on(slow, kind, params, progress, preview, partial), SLOWER)
        return _with_note(result, SLOWER) if tasks.oom_fallbacks() > falls else result

    @staticmethod
    def _on(
        context: TaskContext, kind: str, params: dict[str, Any], progress: Progress, preview: Preview, partial: Partial
    ) -> JobResult:
        context.progress, context.preview, context.partial = progress, preview, partial
        context.encoder = params.get(LIBRARY_ENCODER)
        if isinstance(video := params.get("video"), dict):
            context.cache.use(str(video["id"]))
        return perform(context, kind, params)

    def loaded(self) -> list[str]:
        """The names of the models that are warm."""
        return self._context.loaded()


def _with_note(result: JobResult, note: str) -> JobResult:
    return replace(result, data={**result.data, "note": " ".join(filter(None, [result.data.get("note"), note]))})


def perform(context: TaskContext, kind: str, params: dict[str, Any]) -> JobResult:
    """Run one job here and now.

    Raises what the job raises; UsageError for an unknown kind.
    """
    if kind not in KINDS:
        raise UsageError(f"“{kind}” is not a kind of job; use one of {', '.join(KINDS)}.")
    run = _function(KINDS[kind].run)
    if "trial" not in params:
        return run(context, params)  # type: ignore[no-any-return]
    context.model(*params["trial"])  # loading it, and what all models of its task share, is no part of its work
    _function(KINDS[kind].prepare)(context, params)
    began = time.perf_counter()
    result: JobResult = run(context, params)
    facts = {"trial": params["trial"], "seconds": round(time.perf_counter() - began, 3)}
    return replace(result, runs=[replace(each, params={**each.params, **facts}) for each in result.runs])


def _function(name: str) -> Callable[..., Any]:
    """What "module:function" names."""
    module, _, function = name.partition(":")
    return getattr(importlib.import_module(module), function)  # type: ignore[no-any-return]
