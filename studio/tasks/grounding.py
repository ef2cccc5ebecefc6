"""Text → moments of one video, with the similarity curve they come from."""

import numpy as np

from studio.store.runs import Outcome
from studio.tasks.desk import Desk, Video
from studio.tasks.retrieval import boundaries, embed_query, encoder_key, index_video
from studio.timeline import Prediction, Segment

TRACK = "Moments"


def ground(desk: Desk, video: Video, query: str, top: int = 5, encoder_name: str | None = None) -> Outcome:
    """Where in the video the query happens, best first. Indexes the video first when nobody has.

    The payload's `curve` has `times` (s) and `scores` (cosine), one a sampled frame.
    """
    engine = desk.model("grounding")
    encoder, vector = embed_query(desk, query, encoder_name)
    features = desk.vectors.get(video.id, encoder_key(encoder)) or index_video(desk, video, encoder_name)
    curve = features.similarity(vector)
    times_s = features.times_us / 1e6
    snap = boundaries(desk, video, features)
    predictions = []
    for start_s, end_s, score in engine.propose(times_s, curve, top, duration_s=video.duration_s):
        start, end = snap(start_s), snap(end_s)
        if end > start:
            predictions.append(Prediction(Segment(start, end), TRACK, query.strip(), float(score)))
    return Outcome(
        "grounding",
        f"{engine.name}/{encoder.name}",
        f"{engine.version}/{encoder.version}",
        predictions,
        {"curve": {"times": np.round(times_s, 6).tolist(), "scores": np.round(curve, 4).tolist()}},
        query.strip(),
        {"top": top},
    )
