"""What is in a video, without a question: the topics of people's own texts, and where each can be seen.

After DSCNet (AAAI 2022), reconstructed from its abstract without training: the texts are clustered into topics, each
topic's centre looks for its frames, and frames that no topic explains better than plain words do are background.
"""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from studio.errors import UsageError
from studio.tasks.context import TaskContext, VideoRef, predictions_of
from studio.tasks.curves import segments, smooth
from studio.tasks.indexing import index_video
from studio.tasks.query import cosine_unit, encoder_key, unit, wanted
from studio.timeline import ModelRun

TRACK = "In here"
TOPICS, TEXTS = 8, 400
TEMPERATURE = 0.05
BACKGROUND = ("a photo", "a picture of something", "a video frame", "a scene", "a blurry image")
NAME_CHARS = 60


def survey(context: TaskContext, video: VideoRef, texts: Sequence[str], encoder_name: str | None = None) -> ModelRun:
    """Segments of the topics that the texts are about, each labelled with its most typical text.

    The payload's `topics` has the `texts` of each and its probability over time, `curve`, at `times` in s.
    Raises UsageError without texts, MediaError, ModelUnavailable, Cancelled.
    """
    said = list(dict.fromkeys(words for text in texts if (words := _plain(text))))[:TEXTS]
    if not said:
        raise UsageError("There are no words to look for yet: ask a question, or add subtitles, first.")
    encoder = context.model("text_video", encoder_name)
    features = context.features.whole(video.id, encoder_key(encoder)) or index_video(context, video, encoder_name)
    vectors = encoder.encode_text(said)
    topics = _topics(vectors)
    centres = np.stack([unit(vectors[members].mean(0)) for members in topics])
    plain = encoder.encode_text(list(BACKGROUND))
    likeness = features.vectors.astype(np.float32) @ np.concatenate([centres, plain]).T
    likeness = np.column_stack([likeness[:, : len(topics)], likeness[:, len(topics) :].max(1)])
    raised = np.exp((likeness - likeness.max(1, keepdims=True)) / (TEMPERATURE * cosine_unit(encoder)))
    shares = smooth((raised / raised.sum(1, keepdims=True)).astype(np.float32), 3)
    step = int(np.median(np.diff(features.times_us))) if len(features.times_us) > 1 else video.duration_us
    predictions, shown = [], []
    for number, members in enumerate(topics):
        name = said[members[int((vectors[members] @ centres[number]).argmax())]][:NAME_CHARS]
        curve = shares[:, number]
        found = segments(
            features.times_us, curve, on=0.5, off=0.35, step_us=step, shortest_us=min(step, 1_000_000), bridge_us=step
        )
        predictions += predictions_of(context, video, TRACK, name, found)
        shown.append({"name": name, "texts": [said[i] for i in members], "curve": np.round(curve, 3).tolist()})
    note = "" if predictions else "Nothing of what was asked or said so far can be seen here."
    return ModelRun(
        video.id,
        "survey", f"topics/{encoder.name}", f"1/{encoder.version}", predictions,
        {"times": np.round(features.times_us / 1e6, 3).tolist(), "topics": shown, "note": note},
    )  # fmt: skip


def _plain(text: str) -> str:
    """The words of a line that was said, or of a query without what it keeps away from."""
    try:
        return wanted(text.lstrip("-–− "))
    except UsageError:
        return ""


def _topics(vectors: NDArray[np.float32]) -> list[NDArray[np.intp]]:
    """The members of each cluster of texts (M, D), the largest cluster first. Same texts, same topics."""
    count = min(TOPICS, max(1, round((2 * len(vectors)) ** 0.5)), len(vectors))
    cv2.setRNGSeed(0)
    stop = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 50, 1e-4)
    _, labels, _ = cv2.kmeans(vectors, count, None, stop, 5, cv2.KMEANS_PP_CENTERS)  # type: ignore[call-overload]
    members = [np.flatnonzero(labels[:, 0] == k) for k in range(count)]
    return sorted((each for each in members if len(each)), key=lambda each: -len(each))
