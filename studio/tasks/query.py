"""What a person asks for, as one vector: texts with weights, pictures, moments, and what to keep away from."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio.config import Limits
from studio.errors import UsageError
from studio.models import QUERY_BANK
from studio.tasks.context import TaskContext

AGAINST = 0.5  # how strongly “-grass” pushes away, where the question itself says no other weight
TUNED_SCALE, TUNED_LIKENESS = 22.7, 0.09
"""The `scale` of the encoder that the numbers of tasks were chosen with, and how alike its texts of the bank are."""
_NEGATIVE = re.compile(r"(?:^|(?<=\s))[-−](?:\"([^\"]+)\"|(\w[\w'’-]*))(?:\^(\d*\.?\d+))?", re.UNICODE)
_PHRASE = re.compile(r'"([^"]*)"')
_QUOTES = str.maketrans("“”„‟«»", '""""""')
_WEIGHT = re.compile(r"\^(\d*\.?\d+)\s*(?=$|\s\+\s)")
_WORD = re.compile(r"\w[\w'’-]*", re.UNICODE)


@dataclass(frozen=True, slots=True)
class Term:
    """A text to look for, or with a weight below 0 to keep away from."""

    text: str
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """A text in the language of `terms`, moments of videos (id, start, end in µs), a picture (H, W, 3), or more."""

    text: str = ""
    like: Sequence[tuple[str, int, int]] = ()
    image: NDArray[np.uint8] | None = field(default=None, compare=False)


def terms(text: str) -> list[Term]:
    """The parts of a query: `dog on a beach`, `dog + beach^0.5`, `dog -grass`, `dog -"tall grass"`. In pictures,
    what stands in quotes is looked for like any words; see `in_words`.

    Raises UsageError where nothing is left to look for.
    """
    text = text.translate(_QUOTES)
    found = [
        Term(match[1] or match[2], -(float(match[3]) if match[3] else AGAINST)) for match in _NEGATIVE.finditer(text)
    ]
    kept = []
    for part in re.split(r"(?:^|\s)\+\s", _NEGATIVE.sub(" ", text).replace('"', " ")):
        weight = _WEIGHT.search(part)
        words = " ".join(part[: weight.start() if weight else None].split())
        if words and (value := float(weight[1]) if weight else 1.0) > 0:
            kept.append(Term(words, value))
    if not kept and found:
        raise UsageError("Say also what should be seen: a minus only keeps things away.")
    return kept + found


def in_words(text: str) -> tuple[str, list[str]]:
    """What a query wants to be said or written: words, of which any will do, and phrases, which stand in quotes and are
    wanted word for word: `"never give up" dog`."""
    bare = _NEGATIVE.sub(" ", text.translate(_QUOTES))
    return _WEIGHT.sub(" ", _PHRASE.sub(" ", bare)), _PHRASE.findall(bare)


def wanted(text: str) -> str:
    """The words that are looked for, without weights and what is to be kept away."""
    return " ".join(term.text for term in terms(text) if term.weight > 0)


def words(text: str) -> list[str]:
    """The words of what is looked for, in order, once each."""
    return list(dict.fromkeys(word for term in terms(text) if term.weight > 0 for word in _WORD.findall(term.text)))


def checked(text: str, limits: Limits) -> str:
    """The text without blanks around it. Raises UsageError for an endless one."""
    if len(text) > limits.query_chars:
        raise UsageError(f"Keep the query under {limits.query_chars} characters.")
    return text.strip()


def encoder_key(encoder: Any) -> str:
    """What an embedding depends on: features of another encoder or version are never mixed with these."""
    return f"{encoder.name}@{encoder.version}"


def cosine_unit(encoder: Any) -> float:
    """How far apart an encoder's cosines of texts and pictures lie, where 1 is how far those of the encoder did that
    the numbers of tasks were chosen with. Each encoder says so itself, by the scale that it learned for them."""
    return TUNED_SCALE / float(encoder.scale)


def alike_texts(context: TaskContext, encoder: Any, likeness: float) -> float:
    """The cosine above which an encoder's texts are as alike as those of the encoder that `likeness` was chosen with:
    as far above its usual one, which texts of the bank have that say different things, on the way to 1."""
    vectors = context.text_vectors(encoder, encoder_key(encoder), QUERY_BANK)
    count = len(vectors)
    usual = float(((vectors @ vectors.T).sum() - count) / (count * (count - 1)))
    return usual + (1 - usual) * (likeness - TUNED_LIKENESS) / (1 - TUNED_LIKENESS)


def embed(context: TaskContext, encoder: Any, question: SearchQuery) -> NDArray[np.float32]:
    """The unit vector (D,) of a question.

    Raises UsageError for an empty question, or for a moment of a video that is not indexed.
    """
    text = checked(question.text, context.settings.limits)
    asked = terms(text) if text else []
    weights = [term.weight for term in asked]
    vectors = list(encoder.encode_text([term.text for term in asked])) if asked else []
    if question.image is not None:
        vectors.append(encoder.encode_frames(question.image[None])[0])
        weights.append(1.0)
    if question.like:
        vectors.append(unit(np.mean([of_moment(context, encoder, *moment) for moment in question.like], 0)))
        weights.append(1.0)
    if not vectors:
        raise UsageError("Say in a few words what you are looking for.")
    return unit(np.asarray(weights, np.float32) @ np.asarray(vectors, np.float32))


def unit(vector: NDArray[np.float32]) -> NDArray[np.float32]:
    """At length 1; zeros stay."""
    scaled: NDArray[np.float32] = (vector / max(1e-9, float(np.linalg.norm(vector)))).astype(np.float32)
    return scaled


def of_moment(context: TaskContext, encoder: Any, video_id: str, start_us: int, end_us: int) -> NDArray[np.float32]:
    """The unit vector (D,) of the sampled frames in [start, end) of a video, or of the one that was shown then.

    Raises UsageError where the video is not indexed.
    """
    features = context.features.get(video_id, encoder_key(encoder))
    if features is None:
        raise UsageError("The video of this moment is not indexed yet; try again when it is.")
    inside = np.flatnonzero((features.times_us >= start_us) & (features.times_us < end_us))
    shown = max(0, int(np.searchsorted(features.times_us, start_us, side="right")) - 1)
    return unit(features.vectors[inside if len(inside) else [shown]].astype(np.float32).mean(0))
