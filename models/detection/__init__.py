"""Finding what a label means, after a person's own examples."""

from studio.models.detection.curves import LearningCurve, learning_curve
from studio.models.detection.detector import LabelDetector, Weights, encoder_of, logits, packed
from studio.models.detection.k_centre import k_centre
from studio.models.detection.learning import Learned, folds_of, found_by, learn
from studio.models.detection.measuring import (
    NEGATIVE,
    POSITIVE,
    UNKNOWN,
    LabelledVideo,
    Measured,
    calibrated,
    measure,
)
from studio.models.detection.views import View, learn_best

__all__ = [
    "NEGATIVE", "POSITIVE", "UNKNOWN", "LabelDetector", "LabelledVideo", "Learned", "LearningCurve", "Measured",
    "View", "Weights", "calibrated", "encoder_of", "folds_of", "found_by", "k_centre", "learn", "learn_best",
    "learning_curve", "logits", "measure", "packed",
]  # fmt: skip
