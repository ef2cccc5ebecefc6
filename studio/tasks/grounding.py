"""Text, or a frame that a person points at → moments of one video, with the similarity curve they come from."""

import numpy as np
from numpy.typing import NDArray

import models
from studio.errors import UsageError
from studio.index import Features
from studio.store.runs import Outcome
from studio.tasks.boundaries import refine as look_closer
from studio.tasks.boundaries import snapping
from studio.tasks.desk import Desk, Video
from studio.tasks.retrieval import embed_query, encoder_key, index_video
from studio.timeline import Prediction, Segment

TRACK = "Moments"


def ground(
    desk: Desk,
    video: Video,
    query: str,
    top: int = 5,
    encoder_name: str | None = None,
    engine: str | None = None,
    refine: bool = False,
) -> Outcome:
    """Where in the video the query happens, best first. Indexes the video first when nobody has.

    `engine` is the name of a grounding model, None for the default; `refine` decodes more frames around each boundary
    to place it between samples. The payload's `curve` has `times` (s) and `scores` (cosine), one a sampled frame.
    """
    model = desk.model("grounding", engine)
    encoder, vector = embed_query(desk, query, encoder_name)
    features = desk.vectors.get(video.id, encoder_key(encoder)) or index_video(desk, video, encoder_name)
    curve = features.similarity(vector)
    found = model.propose(features.times_us / 1e6, curve, top, duration_s=video.duration_s, features=features.vectors)
    snap = snapping(desk, video, features)
    spans = [(snap(start), snap(end)) for start, end, _ in found]
    if refine:
        spans = look_closer(desk, video, encoder, vector, features, spans)
    predictions = [
        Prediction(Segment(start, end), TRACK, query.strip(), float(score))
        for (start, end), (_, _, score) in zip(spans, found, strict=True)
        if start < end
    ]
    return Outcome(
        "grounding",
        f"{model.name}/{encoder.name}",
        f"{model.version}/{encoder.version}",
        predictions,
        {"curve": _curve(features, curve)},
        query.strip(),
        {"top": top, "engine": model.name, "refine": refine},
    )


def glance(desk: Desk, video: Video, at_us: int, query: str = "", encoder_name: str | None = None) -> Outcome:
    """The moment around the frame shown at `at_us`: what looks like it on either side, and fits the query if any.

    The payload's `curve` is the likeness with the query, else with the frame. Raises UsageError for a time outside.
    """
    if not 0 <= at_us < video.duration_us:
        raise UsageError(f"Point at a time between 0 and {video.duration_s:.3f} s of this video.")
    encoder = desk.model("text_video", encoder_name)
    features = desk.vectors.get(video.id, encoder_key(encoder)) or index_video(desk, video, encoder_name)
    scores = features.similarity(embed_query(desk, query, encoder_name)[1]) if query.strip() else None
    times_s, at_s = features.times_us / 1e6, at_us / 1e6
    start_s, end_s, score = models.glance(times_s, scores, features.vectors, at_s, video.duration_s)
    shown = max(0, int(np.searchsorted(features.times_us, at_us, side="right")) - 1)
    curve = features.similarity(features.vectors[shown].astype(np.float32)) if scores is None else scores
    snap = snapping(desk, video, features)
    start, end = snap(start_s), snap(end_s)
    if not start <= at_us < end:  # a cut so near that the boundary would jump over the frame
        start, end = desk.to_frame(video, round(start_s * 1e6)), desk.to_frame(video, round(end_s * 1e6))
    card = models.card("grounding", "merge-tree")
    return Outcome(
        "grounding",
        f"{card.name}/{encoder.name}",
        f"{card.version}/{encoder.version}",
        [Prediction(Segment(start, end), TRACK, query.strip(), score)] if start < end else [],
        {"curve": _curve(features, curve)},
        query.strip() or None,
        {"at": at_s},
    )


def _curve(features: Features, scores: NDArray[np.float32]) -> dict[str, list[float]]:
    return {"times": np.round(features.times_us / 1e6, 6).tolist(), "scores": np.round(scores, 4).tolist()}
