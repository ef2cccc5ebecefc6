"""A filter that answers most where an object is, learned from frame to frame.

Bolme et al., “Visual object tracking using adaptive correlation filters” (2010), of several channels of features as in
Danelljan et al., “Accurate scale estimation for robust visual tracking” (2014).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from studio.models.tracking.appearance import CELL, Box, Floats, cells, patch

_SIDE = 128  # px of the patch that is looked at
CONTEXT = 2.0  # how much larger than the box it is
_GRID = _SIDE // CELL
_SPREAD = 2.0  # cells: how wide the wanted answer is
_LEAST = 0.1  # keeps the filter from answering to what is hardly there

_hann = np.hanning(_GRID + 2)[1:-1]
_WINDOW = np.outer(_hann, _hann).astype(np.float32)[..., None]
_y, _x = np.mgrid[:_GRID, :_GRID] - _GRID // 2
_WANTED = np.fft.fft2(np.fft.ifftshift(np.exp(-0.5 * (_x**2 + _y**2) / _SPREAD**2)))
Complex = npt.NDArray[np.complex128]


@dataclass(frozen=True, slots=True)
class Answer:
    """Where the object is next to the middle of the box that was asked about, in px of the picture, how strong the
    answer was (about 1 where it looks as it was learned), and of which scale."""

    offset: npt.NDArray[np.float64]
    peak: float
    scale: float = 1.0


class CorrelationFilter:
    """Learned from one box, and kept up to date by `learn`. Values are never changed in place: a copy is free."""

    def __init__(self, lab: npt.NDArray[np.uint8], box: Box) -> None:
        self._above, self._below = self._parts(lab, box)

    def copy(self) -> "CorrelationFilter":
        made = object.__new__(CorrelationFilter)
        made._above, made._below = self._above, self._below
        return made

    @staticmethod
    def _seen(lab: npt.NDArray[np.uint8], box: Box, scale: float = 1.0) -> Complex:
        features: Floats = cells(patch(lab, box, _SIDE, CONTEXT * scale)) * _WINDOW
        return np.asarray(np.fft.fft2(features, axes=(0, 1)), np.complex128)

    def _parts(self, lab: npt.NDArray[np.uint8], box: Box) -> tuple[Complex, npt.NDArray[np.float64]]:
        seen = self._seen(lab, box)
        return np.conj(_WANTED)[..., None] * seen, (np.abs(seen) ** 2).sum(-1)

    def learn(self, lab: npt.NDArray[np.uint8], box: Box, share: float) -> None:
        """Take in what the object looks like now, as a share of all that is known of it."""
        above, below = self._parts(lab, box)
        self._above = (1 - share) * self._above + share * above
        self._below = (1 - share) * self._below + share * below

    def find(self, lab: npt.NDArray[np.uint8], box: Box, scales: tuple[float, ...] = (1.0,)) -> Answer:
        """The best answer around a box, at some scales of it; one other than 1 has to be a little better."""
        best: Answer | None = None
        for scale in scales:
            answer = self._at(lab, box, scale)
            if best is None or answer.peak * (1.0 if scale == 1 else 0.995) > best.peak:
                best = answer
        assert best is not None
        return best

    def _at(self, lab: npt.NDArray[np.uint8], box: Box, scale: float) -> Answer:
        seen = self._seen(lab, box, scale)
        answers = np.fft.fftshift(np.real(np.fft.ifft2((np.conj(self._above) * seen).sum(-1) / (self._below + _LEAST))))
        row, column = (int(each) for each in np.unravel_index(int(answers.argmax()), answers.shape))
        cell = np.array([column, row], np.float64) - _GRID // 2
        cell += _between(answers[row, :], column), _between(answers[:, column], row)
        px = (box[2:] - box[:2]) * (CONTEXT * scale * CELL / _SIDE)
        return Answer(cell * px, float(answers[row, column]), scale)


def _between(values: npt.NDArray[np.float64], at: int) -> float:
    """Where a peak lies between samples, by a parabola through three of them."""
    if not 0 < at < len(values) - 1:
        return 0.0
    left, middle, right = (float(value) for value in values[at - 1 : at + 2])
    bend = left - 2 * middle + right
    return 0.5 * (left - right) / bend if abs(bend) > 1e-9 else 0.0
