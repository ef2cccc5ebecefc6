"""How well a sentence fits a video, at three levels at once (UCoFiA: Wang et al., ICCV 2023, arXiv 2309.10091).

The whole video with the sentence, each frame with the sentence, and picked patches with words. Nothing here is
trained: with the mixing matrices left out it re-ranks the vectors of any encoder. `levels_net` runs the trained one.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

TEMPERATURE = 0.01
KEPT = 3
"""Patches kept of each frame, beside the frame itself."""


@dataclass(frozen=True)
class MultiLevelQuery:
    """`sentence` (D,), unit length; `words` (L, D) of its L real tokens, or None where the encoder has none."""

    sentence: Floats
    words: Floats | None = None

    def __post_init__(self) -> None:
        if self.sentence.ndim != 1 or (self.words is not None and self.words.shape[1:] != self.sentence.shape):
            raise ValueError("A query is a sentence (D,) and its words (L, D).")


@dataclass(frozen=True)
class MultiLevelVideo:
    """`frames` (T, D), unit length; `patches` (T, P, D) or None; `vector` (D,) of the whole, else the frames' mean."""

    frames: Floats
    patches: Floats | None = None
    vector: Floats | None = None

    def __post_init__(self) -> None:
        if self.frames.ndim != 2 or not len(self.frames):
            raise ValueError("A video has at least one frame: frames (T, D).")
        if self.patches is not None and (self.patches.ndim != 3 or self.patches.shape[::2] != self.frames.shape):
            raise ValueError(f"patches must be (T, P, D) beside frames {self.frames.shape}.")

    @property
    def whole(self) -> Floats:
        """(D,), unit length."""
        found = self.frames.mean(0) if self.vector is None else self.vector
        return np.asarray(found / max(float(np.linalg.norm(found)), 1e-12), np.float32)


@dataclass(frozen=True)
class MultiLevelWeights:
    """How much each level counts. Patches of a network that never aligned them with words deserve little."""

    video: float = 1.0
    frame: float = 1.0
    patch: float = 0.1


@dataclass(frozen=True)
class Mixing:
    """The trained matrices; None stands for identity, which fits any number of frames, words and patches.

    Features are multiplied from the right (`x @ m`); the mixing of similarities is `m @ c`.
    """

    sentence: Floats | None = None
    video: Floats | None = None
    words: Floats | None = None
    patches: Floats | None = None
    over_frames: Floats | None = None
    over_words: Floats | None = None
    over_words_last: Floats | None = None
    over_patches: Floats | None = None
    over_patches_last: Floats | None = None


@dataclass(frozen=True)
class Scores:
    """One query against N videos. `total` is the weighted sum of the three levels (N,).

    `by_frame[i]` (T,) says what each frame adds to `total[i]` and sums to it; `by_word[i]` (L,) says what each word
    adds to `patch[i]` and sums to it; `picked[i]` (T, k) are the patches that were kept.
    """

    total: Floats
    video: Floats
    frame: Floats
    patch: Floats
    by_frame: tuple[Floats, ...]
    by_word: tuple[Floats, ...]
    picked: tuple[npt.NDArray[np.intp], ...]


def softmax(x: Floats, axis: int = -1) -> Floats:
    e = np.exp(x - x.max(axis, keepdims=True))
    return np.asarray(e / e.sum(axis, keepdims=True))


def attention(similarities: Floats, mixing: Floats | None = None, temperature: float = TEMPERATURE) -> Floats:
    """The weight each item gets, (…, n) → (…, n): softmax, mixing (n, n), softmax. Rows sum to 1.

    The weighted sum of the similarities is their interactive aggregation; with identity it is a soft maximum.
    """
    first = softmax(similarities / temperature)
    return softmax((first if mixing is None else first @ mixing.T) / temperature)


def pick(frames: Floats, patches: Floats, kept: int = KEPT, sentence: Floats | None = None) -> npt.NDArray[np.intp]:
    """The `kept` patches of each frame most like the frame, or like the sentence: (T, k) indices, ascending.

    Deterministic: of equals, the first. The trained selector takes its place in `levels_net`.
    """
    kept = min(kept, patches.shape[1])
    scores = np.einsum("tpd,td->tp", patches, frames) if sentence is None else patches @ sentence
    return np.sort(np.argsort(-scores, axis=1, kind="stable")[:, :kept], axis=1)


def fine(query: Floats, items: Floats, mixing: Mixing | None = None) -> Floats:
    """What each pair of word and patch adds to the patch–word level: words (L, D), patches (J, D) → (L, J).

    The level's score is the sum of it: half from reading the words of each patch first, half from reading the
    patches of each word first.
    """
    mixing = mixing or Mixing()
    pairs = _times(query, mixing.words) @ _times(items, mixing.patches).T
    of_word = attention(pairs.T, mixing.over_words).T  # each column sums to 1
    of_patch = attention(pairs, mixing.over_patches)  # each row sums to 1
    patch_weight = attention((of_word * pairs).sum(0), mixing.over_patches_last)
    word_weight = attention((of_patch * pairs).sum(1), mixing.over_words_last)
    return 0.5 * (of_word * patch_weight + of_patch * word_weight[:, None]) * pairs


def multilevel_scores(
    query: MultiLevelQuery,
    videos: Sequence[MultiLevelVideo],
    weights: MultiLevelWeights | None = None,
    *,
    kept: int | None = KEPT,
    by_sentence: bool = False,
    mixing: Mixing | None = None,
) -> Scores:
    """One query against many videos. Raises ValueError where query and videos have different dimensions.

    `kept` patches of each frame stay, picked by likeness to their frame or `by_sentence`, and the frame joins them as
    the patch that sees everything; None keeps all patches as they are. A video or query without patches or words has
    0 at that level.
    """
    weights, mixing = weights or MultiLevelWeights(), mixing or Mixing()
    if any(video.frames.shape[1] != len(query.sentence) for video in videos):
        raise ValueError("MultiLevelQuery and videos must come from the same encoder; index the videos again.")
    rows = [_score(query, video, weights, kept, by_sentence, mixing) for video in videos]
    levels = np.array([row[0] for row in rows], np.float32).reshape(-1, 3)
    return Scores(
        total=levels @ np.array([weights.video, weights.frame, weights.patch], np.float32),
        video=levels[:, 0],
        frame=levels[:, 1],
        patch=levels[:, 2],
        by_frame=tuple(row[1] for row in rows),
        by_word=tuple(row[2] for row in rows),
        picked=tuple(row[3] for row in rows),
    )


def _score(
    query: MultiLevelQuery,
    video: MultiLevelVideo,
    weights: MultiLevelWeights,
    kept: int | None,
    by_sentence: bool,
    mixing: Mixing,
) -> tuple[tuple[float, float, float], Floats, Floats, npt.NDArray[np.intp]]:
    """(three levels), by frame (T,), by word (L,), picked (T, k)."""
    count = len(video.frames)
    near = video.frames @ query.sentence
    whole = float(_times(query.sentence, mixing.sentence) @ _times(video.whole, mixing.video))
    frame_part = attention(near, mixing.over_frames) * near
    by_frame = weights.video * _shares(near, whole, video) + weights.frame * frame_part
    words = query.words if query.words is not None else np.zeros((0, len(query.sentence)), np.float32)
    by_word = np.zeros(len(words), np.float32)
    picked = np.zeros((count, 0), np.intp)
    if video.patches is not None and len(words) and video.patches.shape[1]:
        patches = video.patches
        if kept is not None:
            picked = pick(video.frames, patches, kept, query.sentence if by_sentence else None)
            chosen = np.take_along_axis(patches, picked[:, :, None], 1)
            patches = np.concatenate([video.frames[:, None], chosen], 1)
        parts = fine(words, patches.reshape(-1, patches.shape[2]), mixing)
        by_word = parts.sum(1)
        by_frame = by_frame + weights.patch * parts.sum(0).reshape(count, -1).sum(1)
    levels = (whole, float(frame_part.sum()), float(by_word.sum()))
    return levels, np.asarray(by_frame, np.float32), np.asarray(by_word, np.float32), picked


def _shares(near: Floats, whole: float, video: MultiLevelVideo) -> Floats:
    """What each frame adds to the likeness of the whole: exact for a mean of frames, even where a network made it."""
    total = float(near.sum())
    if video.vector is None and abs(total) > 1e-6:
        return near * np.float32(whole / total)
    return np.full(len(near), whole / len(near), np.float32)


def _times(x: Floats, matrix: Floats | None) -> Floats:
    return x if matrix is None else x @ matrix
