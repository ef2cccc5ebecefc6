"""Neural networks and classical perception: arrays in, arrays out.

This is the room's one public door. `load(task)` gives the embedded default of a task; what every model takes
and gives is in its class's docstring and in docs/models.md. The room knows torch, ONNX Runtime and numpy, and
never the studio, the web or the database.
"""

from models._ladder import falls
from models.emotion import definitions as emotion_words
from models.emotion.localize import contexts, localize
from models.faces.crops import crop_faces, crop_speaker, sharpness, steady
from models.faces.tracker import Track, Tracker, track
from models.grounding.clusters import strip
from models.grounding.engine import Query
from models.grounding.equivariance import confidence
from models.grounding.merging import glance
from models.grounding.proposals import propose
from models.registry import ModelCard, ModelError, card, cards, install, installed, load, size, verify
from models.speaker.voices import Voices
from models.text_video.encoder import TextVideoEncoder
from models.text_video.hubs import video_bias
from models.text_video.levels import Query as SaidQuery
from models.text_video.levels import Video as SeenVideo
from models.text_video.levels import Weights as LevelWeights
from models.text_video.levels import scores as level_scores
from models.text_video.neutral import CAPTIONS as NEUTRAL

__all__ = [
    "NEUTRAL",
    "LevelWeights",
    "ModelCard",
    "ModelError",
    "Query",
    "SaidQuery",
    "SeenVideo",
    "TextVideoEncoder",
    "Track",
    "Tracker",
    "Voices",
    "card",
    "cards",
    "confidence",
    "contexts",
    "crop_faces",
    "crop_speaker",
    "emotion_words",
    "falls",
    "glance",
    "install",
    "installed",
    "level_scores",
    "load",
    "localize",
    "propose",
    "sharpness",
    "size",
    "steady",
    "strip",
    "track",
    "verify",
    "video_bias",
]
