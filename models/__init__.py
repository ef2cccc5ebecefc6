"""Neural networks and classical perception: arrays in, arrays out.

This is the room's one public door. `load(task)` gives the embedded default of a task; what every model takes
and gives is in its class's docstring and in docs/models.md. The room knows torch, ONNX Runtime and numpy, and
never the studio, the web or the database.
"""

from models.faces.crops import crop_faces, crop_speaker, steady
from models.faces.tracker import Track, Tracker, track
from models.grounding.merging import glance
from models.grounding.proposals import propose
from models.registry import ModelCard, ModelError, card, cards, load, verify
from models.text_video.encoder import TextVideoEncoder

__all__ = [
    "ModelCard",
    "ModelError",
    "TextVideoEncoder",
    "Track",
    "Tracker",
    "card",
    "cards",
    "crop_faces",
    "crop_speaker",
    "glance",
    "load",
    "propose",
    "steady",
    "track",
    "verify",
]
