"""Finding what a label means, after a person's own examples."""

from studio.models.detection.detector import LabelDetector, Weights, packed
from studio.models.detection.k_centre import k_centre
from studio.models.detection.learning import NEGATIVE, POSITIVE, UNKNOWN, LabelledVideo, Learned, Measured, learn

__all__ = [
    "NEGATIVE", "POSITIVE", "UNKNOWN", "LabelDetector", "LabelledVideo", "Learned", "Measured", "Weights", "k_centre",
    "learn", "packed",
]  # fmt: skip
