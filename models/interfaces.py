"""What the models of every task promise. Arrays in, arrays out; tasks know these protocols and no class behind them.

A model of a package or of a person's own is held to the same. Every model has a `name` and a `version`, those of its
card, and says in `labels` what the columns of its answers stand for, where it has columns.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Protocol, overload, runtime_checkable

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Images = npt.NDArray[np.uint8]
CropStyle = Literal["padded", "plain"]
"""A square with room around the face, or the box itself, whatever its shape, as in AVA-ActiveSpeaker."""
Moment = tuple[float, float, float]
"""(start_s, end_s, score), 0 ≤ start < end, score in 0…1."""


class TextVideoEncoder(Protocol):
    """Frames and sentences in one space of `dim` dimensions, where the dot product is their similarity."""

    name: str
    version: str
    dim: int
    scale: float
    """What training multiplied cosines with before it compared them; `hubness.video_bias` asks for it."""

    # An encoder whose cosines were measured as probabilities also has `calibration`, a `Calibration`; of another
    # the studio counts from what neutral texts have with the library's frames. One that looks at another part of a
    # frame than the square in its middle has `looked_at(frame)`: uint8 (H, W, 3) → the x, y, width and height over
    # which its regions lie, as shares of the frame.

    def frame_size(self, width: int, height: int) -> tuple[int, int]:
        """(w, h) at which a decoder should deliver frames of a width × height video: no resize is left to do."""
        ...

    def encode_frames(self, frames: Images, tokens: bool = False) -> Floats:
        """uint8 (N, H, W, 3) RGB of any size → float32 (N, dim), unit length; with tokens (N, P, dim), one
        unit vector for each of P regions, row by row from the top left. Raises ValueError for other input."""
        ...

    @overload
    def encode_text(self, texts: list[str], tokens: Literal[False] = False) -> Floats: ...
    @overload
    def encode_text(self, texts: list[str], tokens: Literal[True]) -> tuple[Floats, npt.NDArray[np.bool_]]: ...
    def encode_text(self, texts: list[str], tokens: bool = False) -> Any:
        """M sentences → float32 (M, dim), unit length; with tokens the pair float32 (M, L, dim), unit length,
        and a bool mask (M, L) that is true for real tokens."""
        ...


@runtime_checkable
class TunableEncoder(TextVideoEncoder, Protocol):
    """One whose image network can be cut in two: below, it stays as it is, and what it makes of a
    frame is computed once; above, it is tuned on a person's examples (`detection.tuning`)."""

    def lower(self, frames: Images) -> Any:
        """uint8 (N, H, W, 3) RGB → a torch tensor (N, …) in half precision, on the processor."""
        ...

    def upper(self) -> Any:
        """A torch module that makes unit vectors (N, dim) of what `lower` made, as `encode_frames` does; what of it is
        tuned is its parameters, in a module named `layers`."""
        ...

    def tuned(self, upper: Mapping[str, Any], version: str) -> "TextVideoEncoder":
        """This encoder with tuned weights of `layers`, under a version of its own. No calibration holds for it."""
        ...


@dataclass(frozen=True)
class TextFeatures:
    """A text as the encoder of the frames reads it, for engines that want more than its similarity with them.

    `encoder` is the encoder's name; `words` (L, W) are its states of the text's tokens before their projection into the
    space of the frames, in order and without padding. Raises ValueError for another shape.
    """

    encoder: str
    words: Floats | None = None

    def __post_init__(self) -> None:
        if self.words is not None and (self.words.ndim != 2 or not self.words.size):
            raise ValueError(f"words must be (L, W) with L and W above 0, not {self.words.shape}.")


class GroundingEngine(Protocol):
    """From a text's similarity with sampled frames to moments."""

    name: str
    version: str
    labels: tuple[str, ...]
    needs: frozenset[str]
    """Which fields of TextFeatures it cannot do without: nothing, or "words"."""

    def accept(self, query: TextFeatures | None) -> None:
        """Raises ModelError, naming the cure, where the engine cannot read this encoder's vectors or lacks what it
        needs: a question to ask before an hour of indexing."""
        ...

    def propose(
        self,
        times_s: npt.ArrayLike,
        scores: npt.ArrayLike,
        top_k: int = 5,
        duration_s: float | None = None,
        features: npt.ArrayLike | None = None,
        query: TextFeatures | None = None,
    ) -> list[Moment]:
        """Sample times (N,) rising, similarities (N,), frame vectors (N, D) → at most `top_k`
        (start_s, end_s, score), best first.

        Each sample stands for the time half-way to its neighbours, so 0 ≤ start < end, and end ≤ duration_s where
        that is given. Scores lie in 0…1 and compare within one video. Engines that need nothing of `query` read the
        curve: a flat one says nothing, and gives the whole video with a score of 0; similarities that are not finite
        count as the lowest; without `features` they make do. Raises ValueError where the shapes disagree, times do not
        rise, or top_k < 1; ModelError as `accept` does.
        """
        ...


class FaceDetector(Protocol):
    """Where faces are."""

    name: str
    version: str
    labels: tuple[str, ...]

    def frame_size(self, width: int, height: int, longest: int = 640) -> tuple[int, int]:
        """(w, h) at which a decoder should deliver frames of a width × height video."""
        ...

    def detect(self, frames: Images) -> list[Floats]:
        """uint8 (N, H, W, 3) RGB → N arrays float32 (K, 5): x1, y1, x2, y2 in pixels, and a score in 0…1."""
        ...

    def detect_with_landmarks(self, frames: Images) -> list[tuple[Floats, Floats]]:
        """As `detect`, each with the landmarks float32 (K, 5, 2): eyes, nose, corners of the mouth, in pixels."""
        ...


class ExpressionClassifier(Protocol):
    """What a face expresses."""

    name: str
    version: str
    labels: tuple[str, ...]

    def predict(self, faces: Images, mirror: bool = True) -> Floats:
        """Faces uint8 (N, H, W, 3) RGB → float32 (N, C), the probability of each of `labels`; with `mirror` the mean
        over each face and its mirror image."""
        ...


class DialogEmotionClassifier(Protocol):
    """What words express, each line read with its neighbours."""

    name: str
    version: str
    labels: tuple[str, ...]

    def predict(self, lines: list[str]) -> Floats:
        """L lines of subtitles in order → float32 (L, C), the probability of each of `labels`."""
        ...


class SentenceEncoder(Protocol):
    """Texts in a space of `dim` dimensions, where the dot product of two says how alike their meanings are."""

    name: str
    version: str
    dim: int

    def encode(self, texts: list[str]) -> Floats:
        """M texts → float32 (M, dim), unit length. Raises ValueError for other input."""
        ...


class VoiceActivityDetector(Protocol):
    """When somebody speaks."""

    name: str
    version: str
    labels: tuple[str, ...]
    hop_s: float
    """Seconds from one probability to the next."""

    def probability(self, audio: Floats) -> Floats:
        """Sound float32 (S,) at 16 kHz → float32 (T,): the probability of a voice in each hop."""
        ...


class Word(NamedTuple):
    """A word as it was said: when (s from where the sound begins), what, and how sure the model is of it (0…1)."""

    start_s: float
    end_s: float
    text: str
    probability: float


class Phrase(NamedTuple):
    """What is said in one breath, and its words. Times in s from where the sound begins."""

    start_s: float
    end_s: float
    text: str
    words: tuple[Word, ...]


class SpeechRecognizer(Protocol):
    """What is said."""

    name: str
    version: str
    languages: tuple[str, ...]
    """The codes of the languages that it knows (ISO 639-1 where there is one)."""

    def detect_language(self, audio: Floats) -> tuple[str, float]:
        """Sound float32 (S,) at 16 kHz, at most 30 s → the code of its language, and how likely that is (0…1)."""
        ...

    def recognize(self, audio: Floats, language: str) -> list[Phrase]:
        """Sound float32 (S,) at 16 kHz, at most 30 s → what is said in it, in order; empty where nobody speaks. Raises
        ValueError for other input or a language that is not one of `languages`."""
        ...


class LabelDetector(Protocol):
    """When something has a label, learned from a person's own examples. `labels` is that one label; `encoder` says
    whose vectors it reads, as `encoder_key` of the tasks does."""

    name: str
    version: str
    encoder: str
    labels: tuple[str, ...]

    @property
    def shift(self) -> tuple[float, float]:
        """What is added to the starts and ends of moments, in s."""
        ...

    def shifted(self, start_s: float, end_s: float) -> "LabelDetector":
        """The same detector with another shift."""
        ...

    def curve(self, features: npt.ArrayLike) -> Floats:
        """Unit vectors (N, D) of a video's samples → how likely each shows it, float32 (N,). Raises ValueError."""
        ...

    def propose(self, edges_s: npt.ArrayLike, features: npt.ArrayLike, top_k: int = 100) -> list[Moment]:
        """The moments that show it, best first, at most `top_k`, where the cells of the samples have these borders
        (N + 1,) in s. A score is the chance, 0…1, that the moment is right. Raises ValueError."""
        ...


class TextLine(NamedTuple):
    """A line of text in a picture: its corners float32 (4, 2), x and y in pixels, clockwise from where it begins; what
    it says, and how sure the model is of its letters (0…1)."""

    polygon: Floats
    text: str
    confidence: float


class TextReader(Protocol):
    """What is written in a picture."""

    name: str
    version: str

    def frame_size(self, width: int, height: int) -> tuple[int, int]:
        """(w, h) at which a decoder should deliver frames of a width × height video."""
        ...

    def find(self, image: Images) -> Floats:
        """uint8 (H, W, 3) RGB → float32 (K, 4, 2): the corners of each line of text, in reading order, in pixels.

        Raises ValueError for other input."""
        ...

    def read(self, image: Images, polygons: npt.ArrayLike) -> list[TextLine | None]:
        """What is written inside each of `polygons` (K, 4, 2) of that picture; None where it is no text that the model
        can read. Raises ValueError for other input."""
        ...


class ActiveSpeakerDetector(Protocol):
    """Who of the visible faces is the voice that is heard.

    `crop_style` says which crop the model reads: `models.crop_speaker(frame, boxes, crop_style)`.
    """

    name: str
    version: str
    crop_style: CropStyle

    def speech_probability(self, audio: Floats, length: int) -> Doubles:
        """Probability of a voice, anybody's, in each of `length` frames (length,)."""
        ...

    def score(self, tracks: list[Images], audio: Floats) -> list[Floats]:
        """K gray face tracks uint8 (T, 112, 112) at 25 fps and the scene's sound float32 (S,) at 16 kHz → K arrays
        float32 (T,): the probability that this face is the voice heard in that frame, never above that of a voice.

        All tracks and the sound start together; tracks may differ in length, frames beyond the sound are silent. All
        tracks of a scene belong in one call: models read them together. Raises ValueError for other input.
        """
        ...
