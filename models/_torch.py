"""The few things every torch model here needs: which device, how many threads of it, and what if memory ends."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from studio.models._oom import count_oom_fallback


def device_of(device: str) -> str:
    """ "auto" is CUDA where there is one, else the CPU; anything else is taken at its word."""
    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    return device


@contextmanager
def one_thread() -> Iterator[None]:
    """For a few milliseconds of work: threads would wait for each other, on a busy machine a hundred times longer."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def with_smaller_batches(
    forward: Callable[[npt.NDArray[Any], str], torch.Tensor],
    items: npt.NDArray[Any],
    *empty: int,
    batch: int,
    device: str,
) -> npt.NDArray[np.float32]:
    """Run `forward(items[i:i+batch], device)` over all items and concatenate: float32 (N, …).

    When the accelerator runs out of memory the batch is halved, and when a batch of one still does not
    fit, the rest runs on the CPU: slower, but the person gets the answer. `empty` is the shape of one
    result, used when there are no items.
    """
    parts: list[npt.NDArray[np.float32]] = []
    start = 0
    while start < len(items):
        try:
            with torch.inference_mode():
                result = forward(items[start : start + batch], device)
            parts.append(result.float().cpu().numpy())
            start += batch
        except torch.OutOfMemoryError:
            if device == "cpu":
                raise
            if batch > 1:
                batch //= 2
            else:
                device = "cpu"
                count_oom_fallback()
    if not parts:
        return np.zeros((0, *empty), np.float32)
    return np.concatenate(parts)
