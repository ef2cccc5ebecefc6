"""Finding what a label means, after a person's own examples."""

from studio.models.detection.detector import LabelDetector, Weights, encoder_of, packed
from studio.models.detection.k_centre import k_centre
from studio.models.detection.learning import (
    NEGATIVE,
    POSITIVE,
    UNKNOWN,
    LabelledVideo,
    Learned,
    Measured,
    calibrated,
    learn,
    measure,
)

__all__ = [
    "NEGATIVE", "POSITIVE", "UNKNOWN", "LabelDetector", "LabelledVideo", "Learned", "Measured", "Weights",
    "calibrated", "encoder_of", "k_centre", "learn", "measure", "packed",
]  # fmt: skip
