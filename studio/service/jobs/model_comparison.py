"""Two models side by side on one video."""

from typing import Any

from studio.errors import NotFound, UsageError
from studio.eval.agreement import overlap
from studio.jobs import comparable
from studio.service import serializers
from studio.store import Store, runs

Row = dict[str, Any]


def tried_tasks() -> dict[str, bool]:
    """The tasks whose models can be compared, and whether that needs a question."""
    return {task: comparison.needs_query for task, (_, comparison) in comparable().items()}


def params(task: str, model: str, query: str) -> tuple[str, Row]:
    """The kind and parameters of the job that tries a model.

    Raises UsageError.
    """
    known = comparable()
    if task not in known:
        raise UsageError(f"Models for “{task}” cannot be tried by themselves; choose {', '.join(known)}.")
    kind, comparison = known[task]
    if comparison.needs_query and not query.strip():
        raise UsageError("Say in a few words what the two should look for.")
    wanted = {comparison.parameter: model, "trial": [task, model]}
    asked = {"query": query.strip(), "remember": False} if comparison.needs_query else {}
    return kind.name, {**wanted, **asked}


def results(store: Store, jobs: list[Row]) -> Row:
    """How the jobs of a comparison stand: `sides`, one a job, with `predictions` and `seconds` once it is done, and
    `agreement`, the share of marked time on which two that are done agree, 0…1."""

    def work(db: Any) -> Row:
        sides = [_side(db, job) for job in jobs]
        done = [side for side in sides if side["state"] == "done"]
        marked = [[(f"{p['track']}\n{p['label']}", p["start"], p["end"]) for p in side["predictions"]] for side in done]
        whole = [[(key, round(1e6 * start), round(1e6 * end)) for key, start, end in side] for side in marked]
        agreement = overlap(*whole) if len(whole) == len(jobs) == 2 else None
        return {"sides": sides, "agreement": agreement}

    return store.read(work)


def _side(db: Any, job: Row) -> Row:
    side = {key: job[key] for key in ("id", "state", "progress", "message", "error")}
    side["model"] = job["params"]["trial"][1]
    if job["state"] != "done" or "run" not in (job["result"] or {}):
        return side
    try:
        run = runs.get(db, job["result"]["run"])
    except NotFound as error:
        return {**side, "state": "failed", "error": str(error)}
    shown = [serializers.proposal(p) for p in runs.predictions(db, run["id"])]
    return {
        **side, "predictions": shown, "seconds": run["params"]["seconds"], "note": run["payload"].get("note", ""),
    }  # fmt: skip
