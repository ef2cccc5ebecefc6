"""Neural networks and classical perception: arrays in, arrays out.

This is the room's one public door. `load(task)` gives the embedded default of a task; what every model takes
and gives is in its class's docstring and in docs/models.md. The room knows torch, ONNX Runtime and numpy, and
never the studio, the web or the database.
"""

from models._oom import oom_fallbacks
from models.emotion import definitions as emotion_words
from models.emotion.localize import contexts, localize
from models.faces.crops import crop_faces, crop_speaker, sharpness, steady
from models.faces.tracker import FaceTrack, Tracker, track_faces
from models.grounding.clusters import adjust_and_cluster
from models.grounding.equivariance import confidence
from models.grounding.merge_tree import glance
from models.grounding.proposals import propose
from models.interfaces import TextFeatures, TextVideoEncoder
from models.registry import ModelCard, ModelError, card, cards, install, installed, load, size, verify
from models.speaker.speaker_embedding import SpeakerEmbedding
from models.text_video.hubness import video_bias
from models.text_video.multilevel import MultiLevelQuery, MultiLevelVideo, MultiLevelWeights, multilevel_scores
from models.text_video.query_bank import QUERY_BANK

__all__ = [
    "QUERY_BANK",
    "FaceTrack",
    "ModelCard",
    "ModelError",
    "MultiLevelQuery",
    "MultiLevelVideo",
    "MultiLevelWeights",
    "SpeakerEmbedding",
    "TextFeatures",
    "TextVideoEncoder",
    "Tracker",
    "adjust_and_cluster",
    "card",
    "cards",
    "confidence",
    "contexts",
    "crop_faces",
    "crop_speaker",
    "emotion_words",
    "glance",
    "install",
    "installed",
    "load",
    "localize",
    "multilevel_scores",
    "oom_fallbacks",
    "propose",
    "sharpness",
    "size",
    "steady",
    "track_faces",
    "verify",
    "video_bias",
]
