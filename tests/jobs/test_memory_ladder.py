"""M20: an accelerator that runs out of memory at batch 1, 2, n: half, half again, then the processor; the result is the
same, and the person is told why it took longer."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from studio.config import Settings
from studio.errors import JobError
from studio.jobs import KINDS, JobKind, handlers
from studio.jobs.executor import SLOWER, StudioExecutor
from studio.jobs.result import JobResult
from studio.models._torch import with_smaller_batches
from studio.tasks import TaskContext

quiet: Callable[..., None] = lambda *_: None  # noqa: E731


@pytest.mark.parametrize("batch", [1, 2, 7, 32])
@pytest.mark.parametrize("room", [0, 1, 2, 5, 31])
def test_every_item_comes_out_once_and_the_same(batch: int, room: int) -> None:
    """A network on a made-up accelerator that holds `room` items; its sums are a little off, as a GPU's are."""
    items = np.random.default_rng(7).normal(size=(33, 16)).astype(np.float32)
    weights = torch.linspace(-1, 1, 16 * 4).reshape(16, 4)

    def forward(part: np.ndarray, device: str) -> torch.Tensor:
        if device != "cpu" and len(part) > room:
            raise torch.OutOfMemoryError("full")
        return torch.from_numpy(part) @ weights + (1e-5 if device != "cpu" else 0)

    on_cpu = with_smaller_batches(forward, items, 4, batch=batch, device="cpu")
    ladder = with_smaller_batches(forward, items, 4, batch=batch, device="fake")
    assert ladder.shape == (33, 4)
    np.testing.assert_allclose(ladder, on_cpu, atol=1e-3)


def register(monkeypatch: pytest.MonkeyPatch, name: str, handler: Any) -> None:
    """A kind of job for one test."""
    monkeypatch.setattr(handlers, f"{name}_handler", handler, raising=False)
    monkeypatch.setitem(KINDS, name, JobKind(name, f"studio.jobs.handlers:{name}_handler", "Testing"))  # type: ignore[arg-type]


def test_a_cpu_that_is_full_says_so() -> None:
    def forward(part: np.ndarray, device: str) -> torch.Tensor:
        raise torch.OutOfMemoryError("full")

    with pytest.raises(torch.OutOfMemoryError):
        with_smaller_batches(forward, np.zeros((3, 2), np.float32), 1, batch=2, device="cpu")


def test_the_person_is_told_when_a_part_went_to_the_processor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def job(context: TaskContext, params: dict[str, Any]) -> JobResult:
        def forward(part: np.ndarray, device: str) -> torch.Tensor:
            if device != "cpu" and params["full"]:
                raise torch.OutOfMemoryError("full")
            return torch.from_numpy(part)

        found = with_smaller_batches(forward, np.ones((3, 2), np.float32), 2, batch=2, device="fake")
        return JobResult({"sum": float(found.sum()), "note": params["note"]})

    register(monkeypatch, "sum", job)
    executor = StudioExecutor(Settings(home=tmp_path).ensure())
    assert executor.perform("sum", {"full": False, "note": ""}, quiet, quiet, quiet).data == {"sum": 6.0, "note": ""}
    assert executor.perform("sum", {"full": True, "note": ""}, quiet, quiet, quiet).data == {"sum": 6.0, "note": SLOWER}
    both = executor.perform("sum", {"full": True, "note": "No faces."}, quiet, quiet, quiet).data["note"]
    assert both == f"No faces. {SLOWER}"


def test_a_model_without_a_ladder_has_its_job_done_again_on_the_processor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    devices: list[str] = []

    def job(context: TaskContext, params: dict[str, Any]) -> JobResult:
        devices.append(context.settings.device)
        if context.settings.device != "cpu":
            raise torch.OutOfMemoryError("full")
        return JobResult({"value": 1})

    register(monkeypatch, "big", job)
    executor = StudioExecutor(Settings(home=tmp_path, device="auto").ensure())
    assert executor.perform("big", {}, quiet, quiet, quiet).data == {"value": 1, "note": SLOWER}
    executor.perform("big", {}, quiet, quiet, quiet)
    assert devices == ["auto", "cpu"] * 2, "the accelerator may have room the next time"


def test_another_error_is_not_taken_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def job(context: TaskContext, params: dict[str, Any]) -> JobResult:
        raise JobError("Something else.")

    register(monkeypatch, "odd", job)
    with pytest.raises(JobError, match="else"):
        StudioExecutor(Settings(home=tmp_path).ensure()).perform("odd", {}, quiet, quiet, quiet)
