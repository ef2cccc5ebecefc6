"""Arguments of the public functions are checked here, once, so that everything they call can trust its arrays."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt


def as_frames(frames: npt.NDArray[Any], name: str = "frames") -> npt.NDArray[np.uint8]:
    """uint8 (N, H, W, 3) in C order, or ValueError saying what came instead. N may be 0; H and W may not."""
    if not isinstance(frames, np.ndarray) or frames.dtype != np.uint8:
        kind = getattr(frames, "dtype", type(frames).__name__)
        raise ValueError(f"{name} must be a uint8 array (N, H, W, 3), not {kind}.")
    if frames.ndim != 4 or frames.shape[3] != 3:
        raise ValueError(f"{name} must have the shape (N, H, W, 3), not {frames.shape}.")
    if len(frames) and 0 in frames.shape[1:3]:
        raise ValueError(f"{name} must have pixels, but their shape is {frames.shape}.")
    return np.ascontiguousarray(frames)


def as_audio(audio: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """float32 (S,), mono; values that are not finite count as silence. ValueError for anything else."""
    if not isinstance(audio, np.ndarray) or audio.dtype != np.float32 or audio.ndim != 1:
        found = f"{getattr(audio, 'dtype', type(audio).__name__)} {getattr(audio, 'shape', '')}".strip()
        raise ValueError(f"audio must be float32 of the shape (S,), mono at 16 kHz, not {found}.")
    return np.where(np.isfinite(audio), audio, np.float32(0))


def as_texts(texts: Sequence[str], name: str = "texts") -> list[str]:
    """A list of str, or ValueError; a bare string is refused because it would be read letter by letter."""
    if isinstance(texts, str) or not all(isinstance(text, str) for text in texts):
        raise ValueError(f"{name} must be a list of str, not {type(texts).__name__}.")
    return list(texts)
