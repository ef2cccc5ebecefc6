"""How quick an encoder is on this machine, and how quick one is likely to be that is not here."""

import time
from typing import Any

import numpy as np
import torch
from torch import nn

BATCH, LEAST_S = 8, 1.0
_WIDTH, _TOKENS = 768, 197  # of ViT-B/16, which most encoders resemble
_BLOCK_ADDS = _TOKENS * (12 * _WIDTH**2 + 2 * _TOKENS * _WIDTH)  # of one block and picture


def images_per_second(encoder: Any) -> float:
    """Pictures a second that a loaded `TextVideoEncoder` reads in batches, after one batch to warm up."""
    width, height = encoder.frame_size(640, 360)
    frames = np.random.default_rng(0).integers(0, 256, (BATCH, height, width, 3), np.uint8)
    encoder.encode_frames(frames)
    begin, done = time.perf_counter(), 0
    while (passed := time.perf_counter() - begin) < LEAST_S:
        encoder.encode_frames(frames)
        done += BATCH
    return done / passed


def multiply_adds_per_second(device: str) -> float:
    """What one block of a vision transformer reaches here: an estimate of other encoders rests on it."""
    block = nn.TransformerEncoderLayer(_WIDTH, 12, 4 * _WIDTH, dropout=0.0, batch_first=True, norm_first=True)
    block.eval().to(device)
    x = torch.zeros(BATCH, _TOKENS, _WIDTH, device=device)
    best = float("inf")
    with torch.inference_mode():
        for _ in range(3):
            begin = time.perf_counter()
            float(block(x).sum())  # the number waits for an accelerator to be done
            best = min(best, time.perf_counter() - begin)
    return BATCH * _BLOCK_ADDS / best
