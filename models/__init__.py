"""Neural networks and classical perception: arrays in, arrays out.

The public interface of the package. `load(task)` gives the embedded default of a task; what every model takes
and gives is in its class's docstring and in docs/models.md. It imports torch, ONNX Runtime and numpy, and never the
rest of the studio, the web or the database.
"""

from studio.models._oom import oom_fallbacks
from studio.models._threads import use_threads
from studio.models.emotion import definitions as emotion_words
from studio.models.emotion.localize import contexts, localize
from studio.models.faces.crops import crop_faces, crop_speaker, sharpness, steady
from studio.models.faces.tracker import FaceTrack, Tracker, track_faces
from studio.models.grounding.clusters import adjust_and_cluster
from studio.models.grounding.equivariance import stability
from studio.models.grounding.merge_tree import glance
from studio.models.grounding.proposals import propose
from studio.models.interfaces import LabelDetector, TextFeatures, TextVideoEncoder
from studio.models.layout import LEAST as LEAST_LAID_OUT
from studio.models.layout import Layout, lay_out, place
from studio.models.registry import (
    ModelCard,
    ModelError,
    card,
    cards,
    install,
    installed,
    keep,
    load,
    read,
    size,
    verify,
)
from studio.models.speaker.speaker_embedding import SpeakerEmbedding
from studio.models.text_video.certainty import Calibration
from studio.models.text_video.hubness import video_bias
from studio.models.text_video.multilevel import MultiLevelQuery, MultiLevelVideo, MultiLevelWeights, multilevel_scores
from studio.models.text_video.query_bank import QUERY_BANK
from studio.models.text_video.shapley import heat, shapley
from studio.models.tracking.object_tracker import ObjectTracker, Sighting

__all__ = [
    "LEAST_LAID_OUT",
    "QUERY_BANK",
    "Calibration",
    "FaceTrack",
    "LabelDetector",
    "Layout",
    "ModelCard",
    "ModelError",
    "MultiLevelQuery",
    "MultiLevelVideo",
    "MultiLevelWeights",
    "ObjectTracker",
    "Sighting",
    "SpeakerEmbedding",
    "TextFeatures",
    "TextVideoEncoder",
    "Tracker",
    "adjust_and_cluster",
    "card",
    "cards",
    "contexts",
    "crop_faces",
    "crop_speaker",
    "emotion_words",
    "glance",
    "heat",
    "install",
    "installed",
    "keep",
    "lay_out",
    "load",
    "localize",
    "multilevel_scores",
    "oom_fallbacks",
    "place",
    "propose",
    "read",
    "shapley",
    "sharpness",
    "size",
    "stability",
    "steady",
    "track_faces",
    "use_threads",
    "verify",
    "video_bias",
]
