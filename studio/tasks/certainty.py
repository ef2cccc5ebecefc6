"""How likely it is that what was found is what was asked: the encoder's calibration, for this library."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from studio import models
from studio.tasks.context import TaskContext
from studio.tasks.query import encoder_key
from studio.timeline import MICROS

SHOWN = 0.35  # confidence of a moment of one video below which it is not worth a look, beside better ones
FOUND = 0.5  # the best confidence from which a question is called answered; chosen by `studio.recipes.certainty`
VIDEOS, FRAMES = 32, 32  # of the library that neutral texts are compared with
PICTURE_S = 6.0  # how long a video shows about the same picture: the mean of sixteen real clips


def calibration(context: TaskContext, encoder: Any, video_ids: Iterable[str] = ()) -> models.Calibration:
    """How cosines of `encoder` become probabilities: as its card says, else counted from what neutral texts have with
    frames of these videos."""
    measured: models.Calibration | None = getattr(encoder, "calibration", None)
    if measured is not None:
        return measured
    key = encoder_key(encoder)
    sampled: list[Any] = []
    for video_id in video_ids:
        features = context.features.get(video_id, key)
        if features is not None and len(features.times_us):
            chosen = np.linspace(0, len(features.times_us) - 1, min(FRAMES, len(features.times_us))).round().astype(int)
            sampled.append(features.vectors[chosen].astype(np.float32))
        if len(sampled) == VIDEOS:
            break
    if not sampled:
        return models.Calibration()
    return models.Calibration().against(
        context.text_vectors(encoder, key, models.QUERY_BANK) @ np.concatenate(sampled).T
    )


def pictures_of(durations_us: Iterable[int]) -> float:
    """About how many different pictures videos of these lengths show: among more the best is likelier to fit by chance
    alone."""
    return float(np.maximum(1.0, np.fromiter(durations_us, np.float64) / (PICTURE_S * MICROS)).sum())


def known(encoder: Any, text: str) -> float:
    """How much of a text the encoder has words for, 0…1, where it says so: what it cannot read it cannot find."""
    asked = getattr(encoder, "known", None)
    return 1.0 if asked is None or not text.strip() else float(asked(text))


def answered(confidences: Iterable[float | None]) -> bool | None:
    """Whether something was found at all, by how sure what was found is; None where nobody can say."""
    known = list(confidences)
    return None if None in known else any(each is not None and each >= FOUND for each in known)
