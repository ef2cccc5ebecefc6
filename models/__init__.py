"""Neural networks and classical perception: arrays in, arrays out.

This is the room's one public door. `load(task)` gives the embedded default of a task; what every model takes
and gives is in its class's docstring and in docs/models.md. The room knows torch, ONNX Runtime and numpy, and
never the studio, the web or the database.
"""

from models.faces.crops import crop_faces, crop_speaker, steady
from models.faces.tracker import Track, Tracker, track
from models.grounding.clusters import strip
from models.grounding.engine import Query
from models.grounding.equivariance import confidence
from models.grounding.merging import glance
from models.grounding.proposals import propose
from models.registry import ModelCard, ModelError, card, cards, install, installed, load, verify
from models.text_video.encoder import TextVideoEncoder

__all__ = [
    "ModelCard",
    "ModelError",
    "Query",
    "TextVideoEncoder",
    "Track",
    "Tracker",
    "card",
    "cards",
    "confidence",
    "crop_faces",
    "crop_speaker",
    "glance",
    "install",
    "installed",
    "load",
    "propose",
    "steady",
    "strip",
    "track",
    "verify",
]
