"""What people corrected before, as a hint for similar questions.

After the memory of MGSL-Net (AAAI 2022), reconstructed from its abstract without training: a slot is a question and the
moment that a person said answers it; a question like it raises the frames that look like that moment.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio.index import Features
from studio.tasks.context import TaskContext
from studio.tasks.query import alike_texts, cosine_unit, encoder_key, of_moment

ALIKE = 0.6  # cosine of two questions above which one says something about the other
STRENGTH = 0.3  # how much a frame exactly like a remembered moment, of the very same question, gains


@dataclass(frozen=True, slots=True)
class Slot:
    """The moment [start, end) of a video, in µs, that a person said answers a question."""

    query: str
    video_id: str
    start_us: int
    end_us: int


def recall(
    context: TaskContext, encoder: Any, vector: NDArray[np.float32], features: Features, slots: Sequence[Slot]
) -> tuple[NDArray[np.float32], int]:
    """What to add to a similarity curve (N,) for a question's vector (D,), and how many slots had a say.

    The most that any slot gives: how alike the questions are × how much more than the video's average a frame is like
    the remembered moment. Slots of videos that are not indexed are passed over.
    """
    gain = np.zeros(len(features.times_us), np.float32)
    if not slots:
        return gain, 0
    alike = context.text_vectors(encoder, encoder_key(encoder), [slot.query for slot in slots]) @ vector
    enough, most = alike_texts(context, encoder, ALIKE), STRENGTH * cosine_unit(encoder)
    used = 0
    rows = features.vectors.astype(np.float32)
    for slot, likeness in zip(slots, alike, strict=True):
        if likeness <= enough or context.features.mtime_ns(slot.video_id, encoder_key(encoder)) == 0:
            continue
        looks = rows @ of_moment(context, encoder, slot.video_id, slot.start_us, slot.end_us)
        usual = float(looks.mean())
        share = np.maximum(0.0, (looks - usual) / max(1e-3, 1.0 - usual))
        gain = np.maximum(gain, most * (float(likeness) - enough) / (1 - enough) * share).astype(np.float32)
        used += 1
    return gain, used
