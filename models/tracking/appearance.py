"""What a part of a picture looks like: gradients by direction and colour, in cells, whatever its size and shape."""

import cv2
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Box = npt.NDArray[np.float64]  # x1, y1, x2, y2 in pixels

CELL = 4  # px of a patch
_BINS = 9  # directions of gradients over half a turn
_MOST = 0.4  # of the gradients of a cell next to those around it: one strong edge is not all there is
_COLOURS = np.array([1.0, 2.0, 2.0], np.float32)  # how much lightness and the two axes of colour count


def patch(lab: npt.NDArray[np.uint8], box: Box, side: int, context: float = 1.0) -> Floats:
    """The picture `lab` (H, W, 3) within a box that is `context` times as large, as (side, side, 3): stretched so that
    objects of any size and shape can be compared. Beside the picture its edge goes on."""
    x, y = (box[:2] + box[2:]) / 2
    wide, high = np.maximum(1.0, (box[2:] - box[:2]) * context)
    matrix = np.array([[side / wide, 0, side / 2 - x * side / wide], [0, side / high, side / 2 - y * side / high]])
    cut = cv2.warpAffine(lab, matrix, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(cut, np.float32)


def cells(patch: Floats) -> Floats:
    """Features (side / CELL, side / CELL, 12) of a patch in CIE Lab: nine directions of gradients, as histograms of
    oriented gradients have them (Dalal and Triggs, 2005), and the mean colour."""
    light = patch[..., 0]
    across, down = cv2.Sobel(light, cv2.CV_32F, 1, 0, ksize=1), cv2.Sobel(light, cv2.CV_32F, 0, 1, ksize=1)
    strength = np.hypot(across, down)
    place = (np.arctan2(down, across) % np.pi) * (_BINS / np.pi)
    low = np.floor(place)
    share = place - low
    low = low.astype(np.int64) % _BINS
    size = (patch.shape[1] // CELL, patch.shape[0] // CELL)
    found = np.empty((size[1], size[0], _BINS + 3), np.float32)
    for each in range(_BINS):
        weight = strength * np.where(low == each, 1 - share, np.where((low + 1) % _BINS == each, share, 0))
        found[..., each] = cv2.resize(weight.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    around = np.sqrt(cv2.blur((found[..., :_BINS] ** 2).sum(-1), (3, 3)) + 1)
    found[..., :_BINS] = 1.5 * np.minimum(found[..., :_BINS] / around[..., None], _MOST)
    found[..., _BINS:] = (cv2.resize(patch, size, interpolation=cv2.INTER_AREA) / 255 - 0.5) * _COLOURS
    return found


def signature(lab: npt.NDArray[np.uint8], box: Box, side: int = 64) -> Floats:
    """What is in a box as a unit vector: the product of two of them says how alike they are, -1…1."""
    found = cells(patch(lab, box, side))
    vector = (found - found.mean((0, 1), keepdims=True)).ravel()
    return np.asarray(vector / (np.linalg.norm(vector) + 1e-6), np.float32)
