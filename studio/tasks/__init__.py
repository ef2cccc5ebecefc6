"""Features → predictions, one module a task. The only room that imports models.

A task is a function of a `Desk` and plain arguments; it returns an `Outcome` and touches no database.
"""

from studio.tasks.catalogue import catalogue, engines
from studio.tasks.desk import Desk, Video
from studio.tasks.emotion import find_emotions
from studio.tasks.grounding import glance, ground
from studio.tasks.retrieval import Hit, index_video, search
from studio.tasks.speaker import find_speakers

__all__ = [
    "Desk",
    "Hit",
    "Video",
    "catalogue",
    "engines",
    "find_emotions",
    "find_speakers",
    "glance",
    "ground",
    "index_video",
    "search",
]
