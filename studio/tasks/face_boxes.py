"""All faces of a picture as boxes over time: found in the frames after it by the face detector, and linked."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from studio import media
from studio.models import track_faces
from studio.tasks.boxes import TOLERANCE, shot_cuts
from studio.tasks.context import TaskContext, VideoRef
from studio.tasks.faces import DETECTIONS_PER_S, SMALLEST_FACE_PX
from studio.timeline import MICROS
from studio.timeline.boxes import KeyFrame, key_frame, thinned

LONGEST_US = 30 * MICROS  # somebody waits for it
BATCH = 8

Boxes = NDArray[np.float32]


def face_boxes(context: TaskContext, video: VideoRef, at_us: int, until_us: int) -> list[list[KeyFrame]]:
    """Where each face of the frame displayed at `at_us` is, from there to `until_us`, at most LONGEST_US later, or
    until the shot ends or it is not seen for half a second: key frames on frames, the first of each at that frame. From
    left to right; none where no face of at least SMALLEST_FACE_PX is seen.

    Raises MediaError, ModelUnavailable, Cancelled.
    """
    pts = media.probe(video.path, context.settings.limits).pts_us
    first = max(0, int(np.searchsorted(pts, at_us, "right")) - 1)
    end = min(until_us, int(pts[first]) + LONGEST_US, *(c - 1 for c in shot_cuts(context, video) if c > pts[first]))
    times = _spread(pts[first : max(first + 1, int(np.searchsorted(pts, end, "right")))])
    found = list(_detected(context, video, times))
    here = found[0][1]
    tracks = track_faces(found, shortest_s=0.0, fewest=2)
    faces = []
    for box in here[np.argsort(here[:, 0])]:
        own = next((t for t in tracks if t.times_s[0] == found[0][0] and np.array_equal(t.boxes[0], box[:4])), None)
        seen = [(found[0][0], box[:4])]
        if own is not None:  # rows without a score lie between frames that were looked at
            seen = [(t, corners) for t, corners, score in zip(own.times_s, own.boxes, own.scores, strict=True) if score]
        keys = [key_frame(round(t * MICROS), corners.tolist(), source="tracked", cut=True) for t, corners in seen]
        faces.append(thinned(keys, TOLERANCE))
    return faces


def _spread(pts: NDArray[np.int64]) -> list[int]:
    """The first of these frames, and of the others about DETECTIONS_PER_S a second."""
    kept = [int(pts[0])]
    for time in pts[1:]:
        if time - kept[-1] >= MICROS / DETECTIONS_PER_S - 1_000:
            kept.append(int(time))
    return kept


def _detected(context: TaskContext, video: VideoRef, times: list[int]) -> Iterator[tuple[float, Boxes]]:
    """The faces (K, 5) of the frames at these times: shares of the sides of the picture, and a score."""
    detector = context.model("face_detector")
    probe = media.probe(video.path, context.settings.limits)
    size = detector.frame_size(probe.width, probe.height)
    least = SMALLEST_FACE_PX * size[0] / probe.width
    with media.sample_frames(video.path, times_us=np.array(times, np.int64), size=size, batch=BATCH) as stream:
        for frames in stream:
            for time, boxes in zip(frames.asked_us.tolist(), detector.detect(frames.images), strict=True):
                large = boxes[boxes[:, 2] - boxes[:, 0] >= least]
                yield time / MICROS, large / np.array([*size, *size, 1], np.float32)
                context.progress((time - times[0] + 1) / (times[-1] - times[0] + 1), "Finding faces")
