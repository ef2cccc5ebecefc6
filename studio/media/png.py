"""Small pictures of our own, as PNG (ISO/IEC 15948)."""

import struct
import zlib
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]
_BAR, _GAP = 3, 2  # pixels
_INK = (124, 131, 168)  # can be seen on light and on dark


def waveform_picture(outline: Samples, width: int = 320, height: int = 180) -> bytes:
    """A PNG of bars for an outline (n, 2) of lowest and highest samples, each as high as its part is loud on average;
    the ground is transparent."""
    image = np.zeros((height, width), np.uint8)
    count = width // (_BAR + _GAP)
    peaks = np.abs(outline).max(axis=1, initial=0)
    if len(peaks):
        edges = np.linspace(0, len(peaks), count + 1).astype(np.int64)
        peaks = np.array([peaks[a : max(b, a + 1)].mean() for a, b in pairwise(edges)])
        peaks /= max(float(peaks.max()), 1e-3)
    for bar, peak in enumerate(peaks):
        half = max(1, round(float(peak) * height * 0.4))
        left = bar * (_BAR + _GAP) + _GAP // 2
        image[height // 2 - half : height // 2 + half, left : left + _BAR] = 1
    return _palette_png(image)


def _palette_png(image: NDArray[np.uint8]) -> bytes:
    """Of colour 0, transparent, and colour 1."""
    height, width = image.shape
    rows = np.pad(image, ((0, 0), (1, 0)))  # each row begins with its filter: none
    parts = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
        (b"PLTE", bytes((0, 0, 0, *_INK))),
        (b"tRNS", bytes((0, 255))),
        (b"IDAT", zlib.compress(rows.tobytes(), 9)),
        (b"IEND", b""),
    )
    chunks = (struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
              for name, data in parts)  # fmt: skip
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)
