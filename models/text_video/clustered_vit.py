"""A vision transformer whose upper blocks see a few medoids a segment, not every patch of every frame.

Multi-segment token clustering, training-free (CenterCLIP: Zhao et al., SIGIR 2022; see `clustering`).
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from studio.models._torch import with_smaller_batches
from studio.models.text_video.token_clustering import Method, cluster, neighbours_for

TOGETHER = 16
"""Segments clustered at once: the distances of all their patches must fit in memory."""

Pixels = Callable[[npt.NDArray[Any], str], torch.Tensor]
Context = Callable[[str], AbstractContextManager[Any]]


class SegmentEncoder:
    """One plan for one video. `visual` is open_clip's VisionTransformer."""

    def __init__(
        self, visual: Any, name: str, segments: int, tokens: int, method: Method, after: int | None = None
    ) -> None:
        if not (hasattr(visual, "transformer") and hasattr(visual, "class_embedding") and hasattr(visual, "proj")):
            raise ValueError(f"{name} has no patch tokens to cluster; choose a ViT model.")
        depth = len(visual.transformer.resblocks)
        self._after = depth // 2 if after is None else after
        if segments < 1 or tokens < 1 or not 0 <= self._after < depth:
            raise ValueError(f"segments and tokens must be positive, and after one of 0…{depth - 1}.")
        self._visual, self._segments, self._tokens, self._method = visual, segments, tokens, method

    def encode(
        self, frames: npt.NDArray[np.uint8], pixels: Pixels, context: Context, device: str
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
        """uint8 (T, H, W, 3) → unit vectors (S, D) and (frame, patch) of each medoid, int64 (S, K, 2).

        T need not be a multiple of S: segments then differ by one frame in length.
        """
        count = len(frames)
        if count < self._segments:
            raise ValueError(f"{count} frames cannot make {self._segments} segments; ask for fewer.")
        starts = np.arange(self._segments + 1) * count // self._segments
        lengths = np.diff(starts)
        vectors, medoids = {}, {}

        def forward(part: npt.NDArray[Any], place: str) -> torch.Tensor:
            return self._forward(frames, part, pixels, context, place)

        for length in np.unique(lengths).tolist():
            which = np.flatnonzero(lengths == length)
            spans = np.stack([starts[which], starts[which + 1]], 1)
            found = with_smaller_batches(forward, spans, batch=TOGETHER, device=device)
            dim = found.shape[1] - 2 * self._tokens
            for row, segment in zip(found, which.tolist(), strict=True):
                vectors[segment] = row[:dim]
                # Frame numbers are counted from the segment's start: small, so exact as floats.
                places = row[dim:].reshape(-1, 2).astype(np.int64)
                medoids[segment] = places + np.array([starts[segment], 0])
        order = range(self._segments)
        return np.stack([vectors[i] for i in order]), np.stack([medoids[i] for i in order])

    def _forward(
        self,
        frames: npt.NDArray[np.uint8],
        spans: npt.NDArray[Any],
        pixels: Pixels,
        context: Context,
        device: str,
    ) -> torch.Tensor:
        """Segments [first, end) of one length, (B, 2) → (B, D + 2 K): the vector, then (frame, patch) pairs."""
        visual = self._visual
        count, length = len(spans), int(spans[0, 1] - spans[0, 0])
        index = (spans[:, :1] + np.arange(length)).ravel()
        with context(device):
            x = visual._embeds(pixels(frames[index], device))
            for block in visual.transformer.resblocks[: self._after]:
                x = block(x)
            patches = x.shape[1] - 1
            points = x[:, 1:].reshape(count, length * patches, -1)
            # The mean of the frames' class tokens speaks for the segment.
            head = x[:, :1].reshape(count, length, -1).mean(1, keepdim=True)
            medoids = cluster(points, self._tokens, self._method, neighbours=neighbours_for(length, patches)).medoids
            chosen = points.gather(1, medoids[:, :, None].expand(-1, -1, points.shape[2]))
            x = torch.cat([head, chosen], 1)
            for block in visual.transformer.resblocks[self._after :]:
                x = block(x)
            pooled, _ = visual._pool(x)
            vector = pooled if visual.proj is None else pooled @ visual.proj
        vector = nn.functional.normalize(vector.float(), dim=1)
        places = torch.stack([medoids // patches, medoids % patches], 2).flatten(1)
        return torch.cat([vector, places.float()], 1)
