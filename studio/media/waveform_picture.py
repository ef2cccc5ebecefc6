"""The picture of a recording of sound alone."""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]
_BAR, _GAP = 3, 2  # pixels
_INK = (168, 131, 124, 255)  # BGRA; can be seen on light and on dark


def waveform_picture(outline: Samples, width: int = 320, height: int = 180) -> bytes:
    """A PNG of bars for an outline (n, 2) of lowest and highest samples, each as high as its part is loud on average;
    the ground is transparent."""
    import cv2  # not for the process that opens media files, which imports this package, too

    image = np.zeros((height, width, 4), np.uint8)
    count = width // (_BAR + _GAP)
    peaks = np.abs(outline).max(axis=1, initial=0)
    if len(peaks):
        edges = np.linspace(0, len(peaks), count + 1).astype(np.int64)
        peaks = np.array([peaks[a : max(b, a + 1)].mean() for a, b in pairwise(edges)])
        peaks /= max(float(peaks.max()), 1e-3)
    for bar, peak in enumerate(peaks):
        half = max(1, round(float(peak) * height * 0.4))
        left = bar * (_BAR + _GAP) + _GAP // 2
        image[height // 2 - half : height // 2 + half, left : left + _BAR] = _INK
    return bytes(cv2.imencode(".png", image)[1])
