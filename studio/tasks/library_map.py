"""The map of a library: all its footage in pieces, and what is marked in it, in two dimensions."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio import models
from studio.errors import UsageError
from studio.index import Features, LibraryMap, Places
from studio.models import Layout
from studio.tasks.boundaries import cuts
from studio.tasks.context import Progress, TaskContext, VideoRef
from studio.tasks.query import encoder_key

PIECE_US = 3_000_000  # a piece of the footage at most: a shot, or an equal part of one
MOST_LAID_OUT = 20_000  # pieces that are laid out together; more are placed among them
AT_ONCE = 20_000  # vectors that are in memory at once
NEARER = 0.01  # cosine by which words must fit a cluster better than they fit the others, to be its name
_FIELDS = tuple(each.name for each in fields(Layout))

Span = tuple[int, int]
Vectors = NDArray[np.float32]


@dataclass(slots=True)
class _Spans:
    """What is to be placed: the numbers of videos, their spans in µs, and whether each is a piece of the footage."""

    video: list[int] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)
    pieces: list[bool] = field(default_factory=list)

    def add(self, video: int, spans: Sequence[Span], *, pieces: bool) -> None:
        self.video += [video] * len(spans)
        self.spans += spans
        self.pieces += [pieces] * len(spans)


def map_library(
    context: TaskContext,
    videos: Sequence[VideoRef],
    moments: Mapping[str, Sequence[Span]],
    words: Sequence[str] = (),
    anew: bool = False,
) -> dict[str, Any]:
    """Place what has no place yet of the indexed ones of these videos: their footage, and the spans (µs) of `moments`,
    by video id. What has a place keeps it, unless the map is made `anew`; then its clusters get their names from
    `words`. Returns how many spans are `placed` now, how many there are (`points`), and whether it was made `anew`.

    A span is the mean of its frames' vectors. Raises UsageError where there is too little to lay out,
    ModelUnavailable, Cancelled.
    """
    encoder = context.model("text_video")
    kept = LibraryMap(context.cache, encoder_key(encoder))
    with kept.locked():
        return _mapped(context, encoder, kept, videos, moments, words, anew)


def _mapped(
    context: TaskContext,
    encoder: Any,
    kept: LibraryMap,
    videos: Sequence[VideoRef],
    moments: Mapping[str, Sequence[Span]],
    words: Sequence[str],
    anew: bool,
) -> dict[str, Any]:
    key = encoder_key(encoder)
    known, layout = (None, None) if anew else (kept.places(), _layout(kept))
    made = known is None or layout is None
    standing = Places.none() if known is None or layout is None else _standing(context, key, known)
    indexed = [video for video in videos if context.features.has(video.id, key)]
    names = list(dict.fromkeys([*standing.videos, *(video.id for video in indexed)]))
    written = np.array([context.features.mtime_ns(name, key) for name in names], np.int64)
    wanted = _wanted(context, indexed, moments, standing, {name: number for number, name in enumerate(names)})
    context.progress(0.02, "Reading what was indexed")
    titles, laid_out = standing.names, np.zeros(0, np.int64)
    if layout is None or known is None:
        layout, laid_out, titles = _laid_out(context, key, encoder, names, wanted, words)
    positions, clusters = _placed(context, key, layout, laid_out, names, wanted)
    spans = np.array(wanted.spans, np.int64).reshape(-1, 2)
    new = Places(
        names, written, np.array(wanted.video, np.int32), spans[:, 0], spans[:, 1], positions, clusters,
        np.array(wanted.pieces, np.bool_), titles,
    )  # fmt: skip
    whole = standing.before(new)
    if made or len(new):
        kept.save(whole, {name: getattr(layout, name) for name in _FIELDS})
    return {"placed": len(new), "points": len(whole), "anew": made}


def _layout(kept: LibraryMap) -> Layout | None:
    arrays = kept.layout(*_FIELDS)
    return None if arrays is None else Layout(**arrays)


def _standing(context: TaskContext, key: str, known: Places) -> Places:
    """The places whose videos are as they were; one that was removed may come back."""
    now = np.array([context.features.mtime_ns(video, key) for video in known.videos], np.int64)
    return known.chosen((now == known.written)[known.video])


def _wanted(
    context: TaskContext,
    videos: Sequence[VideoRef],
    moments: Mapping[str, Sequence[Span]],
    before: Places,
    numbers: Mapping[str, int],
) -> _Spans:
    placed = set(before.rows())
    mapped = {before.videos[number] for number in np.unique(before.video[before.pieces]).tolist()}
    found = _Spans()
    for video in videos:
        number = numbers[video.id]
        pieces = [] if video.id in mapped else pieces_of(context, video)
        found.add(number, [span for span in pieces if (video.id, *span) not in placed], pieces=True)
        marked = sorted(set(moments.get(video.id, ())) - set(pieces))
        found.add(number, [span for span in marked if (video.id, *span) not in placed], pieces=False)
    return found


def pieces_of(context: TaskContext, video: VideoRef) -> list[Span]:
    """The footage of a video in µs, without gaps: its shots, each in equal parts of at most PIECE_US."""
    edge = context.edges(video)
    borders = [0, *(int(cut) for cut in cuts(context, video) if 0 < cut < video.duration_us), video.duration_us]
    times: list[int] = [0]
    for start, end in pairwise(borders):
        parts = max(1, -(-(end - start) // PIECE_US))
        times += [edge(start + (end - start) * part // parts) for part in range(1, parts + 1)]
    return list(pairwise(dict.fromkeys(times)))


def _vectors(context: TaskContext, key: str, names: Sequence[str], wanted: _Spans, rows: NDArray[np.int64]) -> Vectors:
    """The unit vectors (N, D) of some of the spans, whose videos follow each other."""
    found: list[Vectors] = []
    for number, spans in _by_video(wanted, rows.tolist()):
        features = context.features.whole(names[number], key)
        if features is None:
            raise UsageError("A video was removed while the map was made; make it again.")
        found.append(means(features, np.array(spans, np.int64)))
    return np.concatenate(found)


def _by_video(wanted: _Spans, rows: Sequence[int]) -> Iterator[tuple[int, list[Span]]]:
    start = 0
    while start < len(rows):
        video, end = wanted.video[rows[start]], start
        while end < len(rows) and wanted.video[rows[end]] == video:
            end += 1
        yield video, [wanted.spans[row] for row in rows[start:end]]
        start = end


def means(features: Features, spans: NDArray[np.int64]) -> Vectors:
    """The unit vectors (N, D) of spans (N, 2) in µs of one video: the mean of the sampled frames in each, or of the one
    that was shown when it began."""
    times, first = features.times_us, np.searchsorted(features.times_us, spans[:, 0])
    last = np.searchsorted(times, spans[:, 1])
    shown = np.maximum(0, np.searchsorted(times, spans[:, 0], side="right") - 1)
    first, last = np.where(first < last, first, shown), np.where(first < last, last, shown + 1)
    low, high = int(first.min()), int(last.max())
    sums = np.zeros((high - low + 1, features.vectors.shape[1]))
    np.cumsum(features.vectors[low:high], axis=0, dtype=np.float64, out=sums[1:])
    added = sums[last - low] - sums[first - low]
    lengths = np.linalg.norm(added, axis=1, keepdims=True)
    unit: Vectors = (added / np.maximum(lengths, 1e-9)).astype(np.float32)
    return unit


def _laid_out(
    context: TaskContext, key: str, encoder: Any, names: Sequence[str], wanted: _Spans, words: Sequence[str]
) -> tuple[Layout, NDArray[np.int64], list[str]]:
    """A layout of the footage, or of a sample of it, the numbers of its spans, and the names of its clusters."""
    pieces = np.flatnonzero(wanted.pieces)
    if len(pieces) < models.LEAST_LAID_OUT:
        raise UsageError(
            f"A map needs at least {models.LEAST_LAID_OUT} pieces of indexed video, and there "
            f"{'is' if len(pieces) == 1 else 'are'} {len(pieces)}; add or index more on the Library page."
        )
    if len(pieces) > MOST_LAID_OUT:
        pieces = np.sort(np.random.default_rng(0).choice(pieces, MOST_LAID_OUT, replace=False))
    vectors = _vectors(context, key, names, wanted, pieces)
    part = context.part(0.05, 0.75)
    layout = models.lay_out(vectors, lambda share: part(share, "Laying out the map"))
    context.progress(0.76, "Naming the clusters")
    return layout, pieces, _names(context, encoder, key, layout, vectors, words)


def _placed(
    context: TaskContext,
    key: str,
    layout: Layout,
    laid_out: NDArray[np.int64],
    names: Sequence[str],
    wanted: _Spans,
) -> tuple[Vectors, NDArray[np.int16]]:
    """The positions and clusters of all spans; those that were laid out are where they are."""
    positions = np.zeros((len(wanted.spans), 2), np.float32)
    clusters = np.full(len(wanted.spans), -1, np.int16)
    if len(laid_out):
        positions[laid_out], clusters[laid_out] = layout.positions, layout.clusters
    left = np.setdiff1d(np.arange(len(wanted.spans)), laid_out)
    start = 0.8 if len(laid_out) else 0.05
    for low in range(0, len(left), AT_ONCE):
        rows = left[low : low + AT_ONCE]
        part = context.part(start + (0.98 - start) * low / len(left), 0.98)

        def told(share: float, part: Progress = part) -> None:
            part(share, "Placing what is new")

        positions[rows], clusters[rows] = models.place(layout, _vectors(context, key, names, wanted, rows), told)
    return positions, clusters


def _names(
    context: TaskContext, encoder: Any, key: str, layout: Layout, vectors: Vectors, words: Sequence[str]
) -> list[str]:
    """The words that fit each cluster best beside the others: what fits them all tells nothing of one. No words name
    two clusters; one that nothing fits has none."""
    count = int(layout.clusters.max(initial=-1)) + 1
    texts = list(dict.fromkeys([*words, *(text.rstrip(".") for text in models.QUERY_BANK)]))
    if not count:
        return []
    centres = np.stack([vectors[layout.clusters == cluster].mean(0) for cluster in range(count)])
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    fit = centres @ context.text_vectors(encoder, key, texts).T
    fit -= fit.mean(0) if count > 1 else np.float32(fit.mean())
    names = [""] * count
    for _ in range(min(count, len(texts))):
        cluster, text = np.unravel_index(int(fit.argmax()), fit.shape)
        if fit[cluster, text] < NEARER:
            break
        names[int(cluster)] = texts[int(text)]
        fit[cluster, :] = fit[:, text] = -np.inf
    return names
