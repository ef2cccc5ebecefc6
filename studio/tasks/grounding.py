"""Text, or a frame that a person points at → moments of one video, with the similarity curve they come from."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio import models
from studio.errors import ModelUnavailable, UsageError
from studio.index import Features
from studio.tasks.boundaries import refine as look_closer
from studio.tasks.boundaries import snapping
from studio.tasks.certainty import SHOWN, answered, calibration
from studio.tasks.certainty import known as words_known
from studio.tasks.context import TaskContext, VideoRef
from studio.tasks.feedback import Slot, recall
from studio.tasks.fitted_heads import fitted
from studio.tasks.indexing import features_now, index_mirrored, index_video
from studio.tasks.query import encoder_key, wanted
from studio.tasks.retrieval import embed_query
from studio.timeline import ModelRun, Prediction, Segment

TRACK = "Moments"
MIRRORED_S = 120.0  # longest video that is looked at again in a mirror to say how sure an answer is


def ground(
    context: TaskContext,
    video: VideoRef,
    query: str,
    top: int = 5,
    encoder_name: str | None = None,
    engine: str | None = None,
    refine: bool = False,
    check: bool = False,
    memory: Sequence[Slot] = (),
    unlikely: bool = False,
) -> ModelRun:
    """Where in the video the query happens, best first: at most `top` moments, as many as there are. Indexes the video
    first when nobody has.

    Each prediction's payload says its `confidence`, how likely it is what was asked for, 0…1; those below SHOWN are
    left out, but for the best one, unless `unlikely` ones are wanted too. The outcome's `found` says whether the best
    is an answer at all.

    `engine` is the name of a grounding model, None for the default; `refine` decodes more frames around each boundary
    to place it between samples; `check` asks again about the video cut, longer, faster, slower and mirrored (only up to
    MIRRORED_S: its frames are decoded and embedded again, once), and says in each prediction's payload its `stability`
    and in the outcome's the `agreement` about the best moment, both 0…1. Slots of `memory` that are about a question
    like this one pull; the payload's `remembered` counts them. The payload's `curve` is
    described at `_curve`. Raises ModelUnavailable where the engine cannot read this encoder's embeddings.
    """
    encoder, vector = embed_query(context, query, encoder_name)
    engine, note = fitted(context, engine, encoder.name)
    model = context.model("grounding", engine)
    asked = _read(encoder, query.strip(), model.needs)
    with _curable():
        model.accept(asked)  # before an hour of indexing
    features = context.features.whole(video.id, encoder_key(encoder)) or index_video(context, video, encoder_name)
    pull, remembered = recall(context, encoder, vector, features, memory)
    curve = features.similarity(vector) + pull
    arrays = features.times_us / 1e6, curve
    known: dict[str, Any] = {"duration_s": video.duration_s, "features": features.vectors, "query": asked}
    with _curable():
        found = model.propose(*arrays, top, **known)
        stable: Sequence[float | None] = [None] * len(found)
        agreement = None
        if check:
            mirrored = None
            if video.duration_s <= MIRRORED_S:
                other = index_mirrored(context, video, encoder, features)
                mirrored = other.similarity(vector) + pull, other.vectors
            stable, agreement = models.stability(model, found, *arrays, **known, mirrored=mirrored)
    sure, read = calibration(context, encoder, [video.id]), words_known(encoder, wanted(query))
    confidences = [read * p for p in sure.of_moments(*arrays, found)]
    snap = snapping(context, video, features)
    spans = [snap.span(start, end) for start, end, _ in found]
    if refine:
        spans = look_closer(context, video, encoder, vector, features, spans)
    whole = [i for i, (start, end) in enumerate(spans) if start < end]
    kept = [i for i in whole if unlikely or i == whole[0] or confidences[i] >= SHOWN]
    predictions = [
        Prediction(
            Segment(*spans[i]), TRACK, query.strip(), float(found[i][2]),
            payload={
                "confidence": round(confidences[i], 4),
                **({} if (each := stable[i]) is None else {"stability": round(each, 4)}),
            },
        )
        for i in kept
    ]  # fmt: skip
    payload: dict[str, Any] = {
        "curve": _curve(features, curve), "remembered": remembered, "found": answered([confidences[i] for i in kept]),
    }  # fmt: skip
    payload |= {"note": note} if note else {}
    return ModelRun(
        video.id,
        "grounding",
        f"{model.name}/{encoder.name}",
        f"{model.version}/{encoder.version}",
        predictions,
        payload if agreement is None else {**payload, "agreement": round(agreement, 4)},
        query.strip(),
        {
            "top": top,
            "engine": model.name,
            "refine": refine,
            **({"check": True} if check else {}),
            **({"unlikely": True} if unlikely else {}),
        },
    )


def _read(encoder: Any, text: str, needs: frozenset[str]) -> models.TextFeatures:
    """The text as the engine wants it, as far as this encoder can give it."""
    words = "words" in needs and getattr(encoder, "words_before_projection", None)
    return models.TextFeatures(encoder.name, words(text) if words else None)


@contextmanager
def _curable() -> Iterator[None]:
    """An engine's refusal as the studio's own error."""
    try:
        yield
    except models.ModelError as error:
        raise ModelUnavailable(str(error)) from error


def glance(
    context: TaskContext, video: VideoRef, at_us: int, query: str = "", encoder_name: str | None = None
) -> ModelRun:
    """The moment around the frame shown at `at_us`: what looks like it on either side, and fits the query if any.

    The payload's `curve` is the likeness with the query, else with the frame. Raises UsageError for a time outside,
    and for a video of which nothing is indexed.
    """
    if not 0 <= at_us < video.duration_us:
        raise UsageError(f"Point at a time between 0 and {video.duration_s:.3f} s of this video.")
    encoder = context.model("text_video", encoder_name)
    features = features_now(context, video, encoder)
    scores = features.similarity(embed_query(context, query, encoder_name)[1]) if query.strip() else None
    times_s, at_s = features.times_us / 1e6, at_us / 1e6
    start_s, end_s, score = models.glance(times_s, scores, features.vectors, at_s, video.duration_s)
    shown = max(0, int(np.searchsorted(features.times_us, at_us, side="right")) - 1)
    curve = features.similarity(features.vectors[shown].astype(np.float32)) if scores is None else scores
    snap = snapping(context, video, features)
    start, end = snap.span(start_s, end_s)
    if not start <= at_us < end:  # a cut so near that the boundary would jump over the frame
        start, end = context.to_frame(video, round(start_s * 1e6)), context.to_frame(video, round(end_s * 1e6))
    card = models.card("grounding", "merge-tree")
    return ModelRun(
        video.id,
        "grounding",
        f"{card.name}/{encoder.name}",
        f"{card.version}/{encoder.version}",
        [Prediction(Segment(start, end), TRACK, query.strip(), score)] if start < end else [],
        {"curve": _curve(features, curve)},
        query.strip() or None,
        {"at": at_s},
    )


def _curve(features: Features, scores: NDArray[np.float32]) -> dict[str, list[Any]]:
    """One value a sampled frame: `times` (s), `scores` (cosine), `adjusted` (0…1, what does not fit pushed down), and
    `clusters`, which run of alike frames it belongs to, counted in order of appearance."""
    times_s = features.times_us / 1e6
    adjusted, clusters = models.adjust_and_cluster(times_s, scores, features.vectors)
    return {
        "times": np.round(times_s, 6).tolist(),
        "scores": np.round(scores, 4).tolist(),
        "adjusted": np.round(adjusted, 3).tolist(),
        "clusters": clusters.tolist(),
    }
