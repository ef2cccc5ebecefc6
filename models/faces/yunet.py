"""YuNet (Wu, Peng & Yu 2023): a tiny detector of three resolutions, by the file of OpenCV's model zoo."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from studio.models.architectures import architecture
from studio.models.card import ModelCard, ModelError
from studio.models.faces.detector import FaceDetector, Floats

_STRIDES = (8, 16, 32)
_CURE = "bring the file of OpenCV's model zoo whose image size is open, of 2026 or later"


class YuNet(FaceDetector):
    """Detects faces from about 10 pixels on, several times faster than CenterFace.

    Raises ModelError for a file that takes only one size of image.
    """

    def __init__(self, name: str, version: str, onnx: bytes, device: str = "cpu", threshold: float = 0.6) -> None:
        super().__init__(name, version, onnx, device, threshold)
        self._outputs = [f"{kind}_{stride}" for stride in _STRIDES for kind in ("cls", "obj", "bbox", "kps")]
        sizes = self._session.get_inputs()[0].shape[2:]
        names = {output.name for output in self._session.get_outputs()}
        if not names >= set(self._outputs) or any(isinstance(size, int) for size in sizes):
            raise ModelError(f"{name} cannot use this file; {_CURE}.")

    def _read(self, padded: Floats) -> tuple[npt.NDArray[np.floating], npt.NDArray[np.floating]]:
        found = self._session.run(self._outputs, {self._input: np.ascontiguousarray(padded[:, ::-1])})  # reads BGR
        boxes, marks = [], []
        for number, stride in enumerate(_STRIDES):
            sure, there, box, points = (array[0] for array in found[4 * number : 4 * number + 4])
            scores = np.sqrt(sure[:, 0].clip(0, 1) * there[:, 0].clip(0, 1))
            kept = np.flatnonzero(scores > self.threshold)
            # Anchors lie row by row at the corners of the cells; all values are in cells.
            y, x = np.divmod(kept, padded.shape[3] // stride)
            corner = np.stack([x, y], axis=1)
            middle = (corner + box[kept, :2]) * stride
            half = np.exp(np.minimum(box[kept, 2:], 10.0)) * stride / 2
            boxes.append(np.concatenate([middle - half, middle + half, scores[kept, None]], axis=1))
            marks.append((corner[:, None] + points[kept].reshape(-1, 5, 2)) * stride)
        return np.concatenate(boxes), np.concatenate(marks)


@architecture("yunet")
def build(files: Mapping[str, bytes], card: ModelCard, device: str) -> YuNet:
    """From a card and the checked bytes of its files."""
    return YuNet(card.name, card.version, files["net"], device)
