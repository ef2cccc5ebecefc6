"""What one execution of one model found."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from studio.timeline.annotation import Prediction


@dataclass(frozen=True, slots=True)
class ModelRun:
    """What one execution of one model found in one video; `payload` holds curves and boxes: JSON values, and numpy's
    arrays for their lists of numbers."""

    video_id: str
    task: str
    model: str
    model_version: str
    predictions: list[Prediction]
    payload: dict[str, Any] = field(default_factory=dict)
    query: str | None = None
    params: dict[str, Any] = field(default_factory=dict)


class Word(NamedTuple):
    """A word of a line: what is said over [start_us, end_us), and how sure a model was of it (0…1)."""

    start_us: int
    end_us: int
    text: str
    probability: float


class Cue(NamedTuple):
    """One line of a transcript: what is said over [start_us, end_us)."""

    start_us: int
    end_us: int
    text: str


@dataclass(frozen=True, slots=True)
class Transcript:
    """What is said in a video, by one source (`file`: its subtitles, inside it or beside it; `speech`: a recognizer).
    `origin` names the file, the stream or the model that it comes from; `words` are those of each cue, where they are
    known; `span` is [start, end) in µs of the part that it is about (None: the whole video)."""

    video_id: str
    source: str
    cues: Sequence[Cue]
    origin: str = ""
    words: Sequence[Sequence[Word]] = ()
    span: tuple[int, int] | None = None
