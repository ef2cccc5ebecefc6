"""Questions → moments across the library."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio import models
from studio.index import Features, Match
from studio.tasks.boundaries import snapping
from studio.tasks.certainty import calibration, known, pictures_of
from studio.tasks.context import TaskContext, VideoRef
from studio.tasks.query import SearchQuery, cosine_unit, embed, encoder_key, wanted
from studio.tasks.ranking import Hit, by_levels, popularity

MOMENTS_A_VIDEO = 3
ENGINE = "similarity-peaks"  # needs the curve only: engines that read every frame's vector are too slow for a library
STRIPS, STRIP_BINS = 24, 100
AROUND = 120  # samples that are looked at around a good one
MOSTLY = 0.5  # of the question's words: a text that holds so much is why a moment was found
WIDER = 3  # times as many candidates where their order may change


@dataclass(frozen=True, slots=True)
class ScoreProfile:
    """How well each of STRIP_BINS equal parts of one video fits a query: the best cosine in each."""

    video_id: str
    scores: list[float]


@dataclass(frozen=True, slots=True)
class TextMatch:
    """A text of a video that holds words of the question; `share` in 0…1 is how much of them, `why` says whether it is
    "said" or "written"."""

    video_id: str
    start_us: int
    end_us: int
    text: str
    share: float
    why: str


def embed_query(context: TaskContext, query: str, encoder_name: str | None = None) -> tuple[Any, NDArray[np.float32]]:
    """The encoder and the unit vector (D,) of a text.

    Raises UsageError for an empty or endless text.
    """
    encoder = context.model("text_video", encoder_name)
    return encoder, embed(context, encoder, SearchQuery(query))


def search(
    context: TaskContext,
    question: SearchQuery,
    videos: Mapping[str, VideoRef],
    top: int = 20,
    encoder_name: str | None = None,
    texts: Sequence[TextMatch] = (),
    text_weight: float = 0.0,
    exact: bool = False,
    levels: tuple[float, float, float] | None = None,
    bank: Sequence[str] | None = None,
    pictures: float | None = None,
) -> tuple[list[Hit], list[ScoreProfile]]:
    """The best moments of the indexed videos among `videos` (by id), best first, at most `top`; and the strips of the
    videos that fit best. One of `texts` adds up to `text_weight` (see `cosine_unit`) to the moments that it is said or
    written in; `exact` leaves only those, each text a moment of its own. `levels` weigh moment, frames and parts of
    pictures instead of the best frame alone; a `bank` of texts holds back the videos that fit them all.
    `pictures`: how many the videos show, see `pictures_of`, where that is known.
    """
    encoder = context.model("text_video", encoder_name)
    vector = embed(context, encoder, question)
    key = encoder_key(encoder)
    similarities = _SimilarityCache(context, key, vector, videos)
    liked = {} if bank is None else popularity(context, encoder, list(videos), bank)
    enough = top if levels is None and not liked else max(WIDER * top, 50)
    hits: list[Hit] = []
    best = [] if exact else context.vector_index(key).search(vector, list(videos), enough)
    regions = 1 if len(best) >= enough else MOMENTS_A_VIDEO  # in a large library other videos are worth more
    for match in best:
        least = sorted((hit.visual for hit in hits), reverse=True)[enough - 1] if len(hits) >= enough else -1.0
        if match.score <= least:
            break  # no moment of this video or the next can be among the best
        hits += [
            replace(hit, score=hit.visual + liked.get(match.video_id, 0.0))
            for hit in similarities.moments(match.video_id, least, regions, match)
        ]
    if levels is not None:
        hits.sort(key=lambda hit: -hit.score)
        few = top if levels[2] else enough  # looking at parts of pictures decodes them again: seconds
        hits = by_levels(context, encoder, vector, wanted(question.text), hits[:few], videos, levels)
    hits = [hit for hit in hits if not any(_is_itself(hit, moment) for moment in question.like)]
    hits = _with_texts(hits, texts, text_weight * cosine_unit(encoder), similarities)
    hits.sort(key=lambda hit: -hit.score)
    if not question.like and question.image is None:
        sure, read = calibration(context, encoder, videos), known(encoder, wanted(question.text))
        there = pictures_of(video.duration_us for video in videos.values()) if pictures is None else pictures
        answers = sure.answers([match.score for match in best], there)
        certain = [similarities.confidence(hit, sure, read, there, answers) for hit in hits[:top]]
        hits = [replace(hit, confidence=each) for hit, each in zip(hits[:top], certain, strict=True)]
    shown = list(dict.fromkeys(hit.video_id for hit in hits[:top]))[:STRIPS]
    return hits[:top], [strip for video_id in shown if (strip := similarities.strip(video_id))]


class _SimilarityCache:
    """The similarity curves of the videos that a search has looked into, each computed once."""

    def __init__(
        self, context: TaskContext, key: str, vector: NDArray[np.float32], videos: Mapping[str, VideoRef]
    ) -> None:
        self._context, self._key, self._vector, self._videos = context, key, vector, videos
        self._curves: dict[str, tuple[Features, NDArray[np.float32]] | None] = {}

    def curve(self, video_id: str, match: Match | None = None) -> tuple[Features, NDArray[np.float32]] | None:
        """The features of a video and their similarity with the query, as far as they are not in the `match`; None
        where it is not indexed."""
        if video_id not in self._curves:
            features = self._features(video_id, match)
            self._curves[video_id] = None
            if features is not None:
                known = None if match is None else match.curve
                if known is None or len(known) != len(features.times_us):
                    known = features.similarity(self._vector)
                self._curves[video_id] = features, known
        return self._curves[video_id]

    def _features(self, video_id: str, match: Match | None) -> Features | None:
        if match is not None and match.vectors is not None:
            times = self._context.features.times(video_id, self._key)
            if times is not None and len(times) == len(match.vectors):
                return Features(times, match.vectors)
        return self._context.features.get(video_id, self._key)

    def moments(self, video_id: str, least: float, regions: int, match: Match | None = None) -> list[Hit]:
        found = self.curve(video_id, match)
        return moments_of(self._context, self._videos[video_id], *found, least, regions) if found else []

    def strip(self, video_id: str) -> ScoreProfile | None:
        found = self.curve(video_id)
        return _strip(self._videos[video_id], *found) if found else None

    def visual(self, video_id: str, start_us: int, end_us: int) -> float:
        """The best cosine within a time, of the frame shown when it begins if no sample lies in it."""
        found = self.curve(video_id)
        if found is None:
            return 0.0
        times, curve = found[0].times_us, found[1]
        first = max(0, int(np.searchsorted(times, start_us, side="right")) - 1)
        return float(curve[first : max(first + 1, int(np.searchsorted(times, end_us)))].max())

    def confidence(self, hit: Hit, sure: models.Calibration, read: float, pictures: float, answers: float) -> float:
        """How likely a moment is what was asked for, 0…1: by its best frame among so many pictures with so many right
        ones, so far as the encoder `read` the question (0…1), or as far as its line has the words."""
        cosine = self.visual(hit.video_id, hit.start_us, hit.end_us)
        return max(read * float(sure.probability(cosine, pictures, answers)), hit.share)


def _is_itself(hit: Hit, like: tuple[str, int, int]) -> bool:
    return hit.video_id == like[0] and hit.start_us < like[2] and like[1] < hit.end_us


def _with_texts(
    hits: list[Hit], texts: Sequence[TextMatch], weight: float, similarities: _SimilarityCache
) -> list[Hit]:
    """Hits and texts joined: a text raises the moments it is said or written in, or makes one of its own."""
    seen = len(hits)
    for text in texts if weight > 0 else ():
        near = [
            i
            for i, hit in enumerate(hits[:seen])
            if hit.video_id == text.video_id and hit.start_us < text.end_us and text.start_us < hit.end_us
        ]
        for i in near:
            if not hits[i].line:
                why = text.why if text.share >= MOSTLY else hits[i].why
                hits[i] = replace(
                    hits[i], score=hits[i].score + weight * text.share, line=text.text, why=why, share=text.share
                )
        if not near:
            visual = similarities.visual(text.video_id, text.start_us, text.end_us)
            score, span = visual + weight * text.share, (text.start_us, text.end_us)
            hits.append(Hit(text.video_id, *span, text.start_us, score, visual, text.text, text.why, text.share))
    return hits


def _strip(video: VideoRef, features: Features, curve: NDArray[np.float32]) -> ScoreProfile:
    middles = (np.arange(STRIP_BINS) + 0.5) * video.duration_us / STRIP_BINS
    shown = np.searchsorted(features.times_us, middles, side="right").clip(1) - 1
    scores = curve[shown]
    np.maximum.at(scores, (features.times_us * STRIP_BINS // max(1, video.duration_us)).clip(0, STRIP_BINS - 1), curve)
    return ScoreProfile(video.id, [round(float(score), 3) for score in scores])


def moments_of(
    context: TaskContext,
    video: VideoRef,
    features: Features,
    curve: NDArray[np.float32],
    least: float = -1.0,
    regions: int = MOMENTS_A_VIDEO,
) -> list[Hit]:
    """Frames that score high, joined into moments that do not overlap; each is scored by its best frame.

    Of a long video only the surroundings of its `regions` best frames above `least` are looked at.
    """
    hits: list[Hit] = []
    engine = context.model("grounding", ENGINE)
    snap = snapping(context, video, features)
    ends = np.append(features.times_us[1:], video.duration_us)
    proposals = [
        (low_us + round(start * 1e6), low_us + round(end * 1e6))
        for low, high in _surroundings(curve, least, regions)
        for low_us in [int(features.times_us[low]) if low else 0]
        for start, end, _ in engine.propose(
            (features.times_us[low:high] - low_us) / 1e6,
            curve[low:high],
            10,
            duration_s=(ends[high - 1] - low_us) / 1e6,
        )
    ]
    for start_us, end_us in proposals:
        start, end = snap.span(start_us / 1e6, end_us / 1e6)
        inside = np.flatnonzero((features.times_us >= start) & (features.times_us < end))
        if not len(inside) or any(start < hit.end_us and hit.start_us < end for hit in hits):
            continue
        best = inside[curve[inside].argmax()]
        score = float(curve[best])
        hits.append(Hit(video.id, start, end, int(features.times_us[best]), score, score))
        if len(hits) == MOMENTS_A_VIDEO:
            break
    return hits


def _surroundings(curve: NDArray[np.float32], least: float, regions: int) -> list[tuple[int, int]]:
    """Index ranges [low, high) around the best samples, the best first; everything, of a short video."""
    if len(curve) <= 2 * AROUND:
        return [(0, len(curve))]
    left, found = curve.copy(), []
    for _ in range(regions):
        best = int(left.argmax())
        if left[best] <= least:
            break
        low, high = max(0, best - AROUND // 2), min(len(curve), best + AROUND // 2)
        found.append((low, high))
        left[low:high] = -np.inf
    return found
