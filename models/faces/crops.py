"""Square cut-outs of faces with the geometry of the TalkNet family's demo code."""

import cv2
import numpy as np
import numpy.typing as npt

from studio.models.interfaces import CropStyle

_FOCUSED = 0.12  # detail over contrast of a face that is just in focus
_BORDER = 110  # the gray that fills what lies outside the frame, the value those networks were trained with


def crop_faces(
    frame: npt.NDArray[np.uint8], boxes: npt.NDArray[np.floating], size: int = 112, padding: float = 0.4
) -> npt.NDArray[np.uint8]:
    """Frame (H, W, 3) or (H, W) and boxes (K, 4+) or one box (4+,) → crops (K, size, size[, 3]) of the same kind.

    With s half the longer side of a box and p the padding, a crop spans columns x − s(1+p) … x + s(1+p) and rows
    y − s … y + s(1+2p) around its centre: square, moved down so that the chin stays in. What lies outside the
    frame is gray. `boxes` should be steady (see `steady`) when crops of one track are compared over time.
    """
    if frame.dtype != np.uint8 or frame.ndim not in (2, 3) or size < 1 or padding < 0:
        raise ValueError("crop_faces needs a uint8 frame (H, W[, 3]), size ≥ 1 and padding ≥ 0.")
    rows = np.atleast_2d(np.asarray(boxes, np.float64))[:, :4]
    if not np.isfinite(rows).all():
        raise ValueError("boxes must be finite.")
    out = np.empty((len(rows), size, size, *frame.shape[2:]), np.uint8)
    for crop, (x1, y1, x2, y2) in zip(out, rows, strict=True):
        half = max(x2 - x1, y2 - y1, 2.0) / 2
        side = 2 * half * (1 + padding)
        crop[...] = _cut(frame, (x1 + x2) / 2 - side / 2, (y1 + y2) / 2 - half, side, side, size)
    return out


def _cut(
    frame: npt.NDArray[np.uint8], left: float, top: float, wide: float, tall: float, size: int
) -> npt.NDArray[np.uint8]:
    """One affine map cuts, pads and resizes at once to (size, size); area-like smoothing when it shrinks a lot."""
    scale_x, scale_y = size / wide, size / tall
    source = frame
    if max(scale_x, scale_y) < 0.5:
        shrink = 2 * max(scale_x, scale_y)
        target = max(1, round(frame.shape[1] * shrink)), max(1, round(frame.shape[0] * shrink))
        source = np.asarray(cv2.resize(frame, target, interpolation=cv2.INTER_AREA), np.uint8)
    zoom_x = scale_x * frame.shape[1] / source.shape[1]
    zoom_y = scale_y * frame.shape[0] / source.shape[0]
    # Pixels are areas: their centres lie half a pixel inside, on both sides of the map.
    move_x, move_y = zoom_x / 2 - left * scale_x - 0.5, zoom_y / 2 - top * scale_y - 0.5
    matrix = np.array([[zoom_x, 0, move_x], [0, zoom_y, move_y]])
    cut = cv2.warpAffine(
        source,
        matrix,
        (size, size),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=(_BORDER,) * 3,
    )
    return np.asarray(cut, np.uint8)


def steady(boxes: npt.NDArray[np.floating], kernel: int = 13, square: bool = True) -> npt.NDArray[np.float32]:
    """Boxes (T, 4) of one track at 25 a second → boxes (T, 4) whose centre and size are median-filtered, square with
    the longer side of each, or of their own shape.

    The kernel is half a second: a jitter of the detector would look like motion of the mouth.
    """
    if boxes.ndim != 2 or boxes.shape[1] < 4 or kernel < 1 or kernel % 2 == 0:
        raise ValueError("steady needs boxes (T, 4) and an odd kernel.")
    b = np.asarray(boxes, np.float64)
    wide, tall = (b[:, 2] - b[:, 0]) / 2, (b[:, 3] - b[:, 1]) / 2
    if square:
        wide = tall = np.maximum(wide, tall)
    series = np.stack([(b[:, 0] + b[:, 2]) / 2, (b[:, 1] + b[:, 3]) / 2, wide, tall], axis=1)
    padded = np.pad(series, ((kernel // 2, kernel // 2), (0, 0)), mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, kernel, axis=0)
    x, y, w, h = np.median(windows, axis=2).T
    return np.stack([x - w, y - h, x + w, y + h], axis=1).astype(np.float32)


def crop_speaker(
    frame: npt.NDArray[np.uint8], boxes: npt.NDArray[np.floating], style: CropStyle = "padded"
) -> npt.NDArray[np.uint8]:
    """What the active-speaker models read: RGB frame (H, W, 3) and boxes (K, 4+) → gray (K, 112, 112).

    The centre of the padded 224-pixel crop, from the eyebrows to below the chin; give it `steady` boxes. Models whose
    `crop_style` is "plain" read the box itself, whatever its shape, as the data set AVA-ActiveSpeaker has it; give
    those boxes that are `steady` but not square.
    """
    if style == "plain":
        rows = np.atleast_2d(np.asarray(boxes, np.float64))[:, :4]
        cuts = [_cut(frame, x1, y1, max(x2 - x1, 2.0), max(y2 - y1, 2.0), 112) for x1, y1, x2, y2 in rows]
        crops = np.stack(cuts) if cuts else np.zeros((0, 112, 112, *frame.shape[2:]), np.uint8)
    else:
        crops = crop_faces(frame, boxes, size=224, padding=0.4)[:, 56:168, 56:168]
    if crops.ndim == 4:
        return np.stack([cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY) for crop in crops]) if len(crops) else crops[..., 0]
    return crops


def sharpness(crops: npt.NDArray[np.uint8]) -> float:
    """How sharp gray crops (N, H, W) are, 0…1, whatever their contrast: the share of fine detail, at its median.

    About 0.1 for a face that was enlarged four times, 0.5 and more for one in focus. 0 for no crops or flat ones.
    """
    found = []
    for crop in crops:
        detail = cv2.Laplacian(crop, cv2.CV_32F)
        found.append(float(np.abs(detail).mean() / (float(crop.std()) + 1e-3)))
    typical = float(np.median(found)) if found else 0.0
    return typical / (typical + _FOCUSED)
