"""PP-OCRv6 (PaddleOCR) by RapidOCR, on ONNX Runtime: differentiable binarization finds lines (Liao et al. 2020, arXiv
1911.08947), and a recognizer reads each as a whole (Du et al. 2022, arXiv 2205.00159)."""

import logging
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from studio.models._onnx import session
from studio.models.architectures import architecture
from studio.models.card import ModelCard
from studio.models.interfaces import Floats, Images, TextLine

LONGEST = 1920  # of a frame's sides: letters of 20 px stay readable in four times as many pixels
FOUND_IN = 960  # the longest side in which text is looked for; its letters are read in the frame itself
LEAST = 16  # smaller pictures hold no letter
SURE = 0.5  # of a line's letters on average; below it is mostly no text
AT_ONCE = 6


class _Options(dict[str, Any]):
    """What RapidOCR reads both as a mapping and by attributes."""

    __getattr__ = dict.get


class PPOCRReader:
    """A detector and a recognizer of RapidOCR, from bytes that were checked before: it downloads nothing."""

    def __init__(self, name: str, version: str, files: Mapping[str, bytes], device: str) -> None:
        from rapidocr.ch_ppocr_det import TextDetector
        from rapidocr.ch_ppocr_rec import TextRecInput, TextRecognizer
        from rapidocr.utils.process_img import get_rotate_crop_image
        from rapidocr.utils.typings import EngineType

        logging.getLogger("RapidOCR").setLevel(logging.ERROR)  # it says which engine it uses, on stderr
        self.name, self.version = name, version
        self._input, self._crop = TextRecInput, get_rotate_crop_image
        usual = {"engine_type": EngineType.ONNXRUNTIME, "lang_type": "ch"}
        self._detector: Any = TextDetector(
            _Options(
                usual, session=session(files["detector"], device), limit_side_len=FOUND_IN, limit_type="max",
                mean=[0.5] * 3, std=[0.5] * 3, thresh=0.3, box_thresh=0.5, unclip_ratio=1.6, use_dilation=True,
            )
        )  # fmt: skip
        self._recognizer: Any = TextRecognizer(
            _Options(
                usual, session=session(files["recognizer"], device), rec_batch_num=AT_ONCE, rec_img_shape=[3, 48, 320]
            )
        )

    def frame_size(self, width: int, height: int) -> tuple[int, int]:
        scale = min(1.0, LONGEST / max(width, height))
        return max(1, round(width * scale)), max(1, round(height * scale))

    def find(self, image: Images) -> Floats:
        _checked(image)
        if min(image.shape[:2]) < LEAST:
            return np.zeros((0, 4, 2), np.float32)
        boxes = self._detector(_bgr(image)).boxes
        return np.zeros((0, 4, 2), np.float32) if boxes is None else np.asarray(boxes, np.float32)

    def read(self, image: Images, polygons: npt.ArrayLike) -> list[TextLine | None]:
        _checked(image)
        corners = np.asarray(polygons, np.float32).reshape(-1, 4, 2)
        if not len(corners):
            return []
        pixels = _bgr(image)
        crops = [self._crop(pixels, each.copy()) for each in corners]
        read = self._recognizer(self._input(img=crops, return_word_box=False))
        return [
            TextLine(each, text.strip(), float(confidence)) if text.strip() and confidence >= SURE else None
            for each, text, confidence in zip(corners, read.txts, read.scores, strict=True)
        ]


def _checked(image: Images) -> None:
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or not image.size:
        raise ValueError(f"A picture must be uint8 (H, W, 3), not {image.dtype} {image.shape}.")


def _bgr(image: Images) -> Images:
    return np.ascontiguousarray(image[:, :, ::-1])


@architecture("ppocr")
def build(files: Mapping[str, bytes], card: ModelCard, device: str) -> PPOCRReader:
    """`detector` finds lines of text, `recognizer` reads them and knows its letters."""
    return PPOCRReader(card.name, card.version, files, device)
