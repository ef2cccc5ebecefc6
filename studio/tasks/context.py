"""What a task works with: warm models, the cache, and a way to say how far it is."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio import models
from studio.config import Settings
from studio.errors import ModelUnavailable
from studio.index import Cache, FeatureStore, VectorIndex, frame_edges, open_index
from studio.models import registry
from studio.timeline import Prediction, Segment, Transcript
from studio.timeline.boxes import TrackedBox

WARM_ENCODERS = 2  # the library's, and one that it changes to or that is tried: each may take half of the memory
Progress = Callable[[float, str], None]
Preview = Callable[[Callable[[], list[Prediction]]], None]
Partial = Callable[[Transcript | TrackedBox], None]


@dataclass(frozen=True, slots=True)
class VideoRef:
    """The plain facts of a video that a task needs."""

    id: str
    path: str
    duration_us: int
    sound_track: int | None = None  # which were chosen; None: as the file says
    text_track: int | None = None
    text_file: str = ""  # the name of a file beside the video
    pictures: bool = True  # False: a recording of sound alone

    @property
    def duration_s(self) -> float:
        return self.duration_us / 1e6


def oom_fallbacks() -> int:
    """How often work of this process left an accelerator that was out of memory."""
    return models.oom_fallbacks()


def use_threads(most: int) -> None:
    """Have models compute on at most so many threads of this process; 0: on as many as they choose."""
    models.use_threads(most)


def out_of_memory() -> type[Exception]:
    """What a model raises that does not fit into an accelerator's memory even piece by piece."""
    import torch  # only where models run; this is asked when one of them failed

    return torch.OutOfMemoryError


def predictions_of(
    context: "TaskContext", video: VideoRef, track: str, label: str, found: Iterable[tuple[int, int, float]]
) -> list[Prediction]:
    """(start_us, end_us, score) → predictions between frame edges, inside the video."""
    edge = context.edges(video)
    edges = [(edge(start), edge(end), score) for start, end, score in found]
    return [Prediction(Segment(start, end), track, label, score) for start, end, score in edges if start < end]


class TaskContext:
    """What a task is given: models that stay loaded between calls, the cache, the features of videos.

    `progress(fraction, message)` may raise Cancelled; tasks call it at least every second or so of work.
    `preview(found)` shows what `found()` returns, the predictions so far, when somebody watches; only the outcome
    counts. `partial(found)` has a part of the outcome kept: lines of a transcript that are final already, or what a
    tracker found before it was stopped.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.progress: Progress = lambda fraction, message: None
        self.preview: Preview = lambda found: None
        self.partial: Partial = lambda found: None
        self.cache = Cache(settings.cache)
        self.features = FeatureStore(self.cache)
        self._indexes: dict[str, VectorIndex] = {}
        self._models: dict[tuple[str, str | None], Any] = {}
        self._texts: dict[tuple[str, str], NDArray[np.float32]] = {}
        self._encoder: str | None = None

    @property
    def encoder(self) -> str | None:
        """The name of the encoder that the library is searched with; None: the embedded default."""
        return self._encoder

    @encoder.setter
    def encoder(self, name: str | None) -> None:
        if name != self._encoder:  # it may be as large as half of the memory
            self._models.pop(("text_video", self._encoder), None)
        self._encoder = name

    def text_vectors(self, encoder: Any, key: str, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors (M, D) of texts that are asked about again and again, each encoded once."""
        new = [text for text in dict.fromkeys(texts) if (key, text) not in self._texts]
        self._texts.update(zip([(key, text) for text in new], encoder.encode_text(new), strict=True))
        return np.stack([self._texts[key, text] for text in texts])

    def vector_index(self, encoder: str) -> VectorIndex:
        """Search across the library, by the embeddings of one encoder."""
        if encoder not in self._indexes:
            self._indexes[encoder] = open_index(self.features, encoder, self.settings.vectors)
        return self._indexes[encoder]

    def model(self, task: str, name: str | None = None) -> Any:
        """The model for a task, loaded once (None: the library's encoder, or the embedded default of another task).

        Raises ModelUnavailable with the cure.
        """
        if task == "text_video" and name is None:
            name = self._encoder
        key = (task, name)
        known = self._models.pop(key, None)
        if known is None or self._is_replaced(task, known):
            known = None  # its memory is needed for the new one
            if task == "text_video":
                self._make_room()
            known = self._loaded(task, name)
        self._models[key] = known  # the one that was used last comes last
        return known

    def model_once(self, task: str, name: str) -> Any:
        """The same for a single use: one that is not warm is not kept either. Raises ModelUnavailable."""
        known = self._models.get((task, name))
        return self._loaded(task, name) if known is None or self._is_replaced(task, known) else known

    def _is_replaced(self, task: str, model: Any) -> bool:
        """Whether a warm encoder is no longer the one on the disk: what it embeds would be of no use to anybody."""
        if task != "text_video":
            return False
        try:
            card = models.card(task, model.name, self.settings.models)
        except models.ModelError:  # one that has no card, or has it no more
            return False
        return bool(model.version != registry.version(card, self.settings.models))

    def _loaded(self, task: str, name: str | None) -> Any:
        try:
            return models.load(task, name, self.settings.device, self.settings.models)
        except models.ModelError as error:
            raise ModelUnavailable(str(error)) from error

    def _make_room(self) -> None:
        """Forget encoders for one more, the least recently used first; the library's stays."""
        warm = [key for key in self._models if key[0] == "text_video"]
        others = [key for key in warm if key[1] != self._encoder]
        for key in others[: max(0, len(warm) + 1 - WARM_ENCODERS)]:
            del self._models[key]

    def loaded(self) -> list[str]:
        """The names of the models that are warm."""
        return sorted({str(model.name) for model in self._models.values()})

    def to_frame(self, video: VideoRef, time_us: int) -> int:
        """The frame edge nearest to a time: the start of a frame, or the end of the video."""
        return self.edges(video)(time_us)

    def edges(self, video: VideoRef) -> Callable[[int], int]:
        """`to_frame` for many times of one video: its table of frames is read once."""
        return frame_edges(self.cache, video.id, video.duration_us)

    def part(self, start: float, end: float) -> Progress:
        """A progress function for the part of the work between two fractions of the whole."""
        return lambda fraction, message: self.progress(start + (end - start) * fraction, message)
