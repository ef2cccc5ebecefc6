"""Videos that every query likes, and how to discount them (Sinkhorn–Knopp, as in UCoFiA §3.4; Cuturi 2013).

Transductive: a video's score then depends on the other videos of the library and on a bank of texts. Results ranked
this way must say so, and cannot be compared with results that are not. Where there is no history of queries yet,
`neutral.CAPTIONS` can be the bank.
"""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
ROUNDS = 4


def biases(bank: Floats, rounds: int = ROUNDS) -> tuple[Floats, Floats]:
    """Similarities (M texts, N videos) of one level → what to add for each text (M,) and for each video (N,).

    Computed with logarithms in double precision: the similarities of a sharp encoder would underflow. Raises
    ValueError for an empty bank or values that are not finite.
    """
    if bank.ndim != 2 or not bank.size or not np.isfinite(bank).all():
        raise ValueError("The bank must be finite similarities (M, N), of at least one text and one video.")
    x = bank.astype(np.float64) - float(bank.max())
    video = -_log_sum(x, 0)
    text = np.zeros(len(x))
    for _ in range(rounds):
        text = -_log_sum(x + video, 1)
        video = -_log_sum(x + text[:, None], 0)
    return _log_softmax(text), _log_softmax(video - float(bank.max()))


def video_bias(bank: Floats, scale: float = 1.0, rounds: int = ROUNDS) -> Floats:
    """What to add to every query's similarities with N videos, (M, N) → (N,); popular videos get less.

    `scale` is what the encoder was trained to multiply cosines with (CLIP: 100): the bias is found at that scale and
    given in the units of `bank`. Recompute it when the library changes.
    """
    return (biases(bank * np.float32(scale), rounds)[1] / scale).astype(np.float32)


def _log_sum(x: npt.NDArray[np.float64], axis: int) -> npt.NDArray[np.float64]:
    top = x.max(axis, keepdims=True)
    return np.asarray(np.log(np.exp(x - top).sum(axis)) + top.squeeze(axis))


def _log_softmax(x: npt.NDArray[np.float64]) -> Floats:
    return np.asarray(x - _log_sum(x, 0), np.float32)
