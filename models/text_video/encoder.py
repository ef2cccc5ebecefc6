"""What every text–video encoder promises."""

from typing import Any, Literal, Protocol, overload

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]


class TextVideoEncoder(Protocol):
    """Frames and sentences in one space of `dim` dimensions, where the dot product is their similarity."""

    name: str
    version: str
    dim: int
    scale: float
    """What training multiplied cosines with before it compared them; `hubs.video_bias` asks for it."""

    def frame_size(self, width: int, height: int) -> tuple[int, int]:
        """(w, h) at which a decoder should deliver frames of a width × height video: no resize is left to do."""
        ...

    def encode_frames(self, frames: npt.NDArray[np.uint8], tokens: bool = False) -> Floats:
        """uint8 (N, H, W, 3) RGB of any size → float32 (N, dim), unit length; with tokens (N, P, dim), one
        unit vector for each of P regions, row by row from the top left. Raises ValueError for other input."""
        ...

    @overload
    def encode_text(self, texts: list[str], tokens: Literal[False] = False) -> Floats: ...
    @overload
    def encode_text(self, texts: list[str], tokens: Literal[True]) -> tuple[Floats, npt.NDArray[np.bool_]]: ...
    def encode_text(self, texts: list[str], tokens: bool = False) -> Any:
        """M sentences → float32 (M, dim), unit length; with tokens the pair float32 (M, L, dim), unit length,
        and a bool mask (M, L) that is true for real tokens."""
        ...
