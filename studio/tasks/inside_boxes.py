"""Frame vectors of what is inside a box over time: what a label of one person or object is learned from."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from studio import media, models
from studio.index import Features
from studio.models.interfaces import TextVideoEncoder
from studio.tasks.context import TaskContext, VideoRef
from studio.tasks.query import encoder_key
from studio.timeline.boxes import BoxTrack

INSIDE = "-inside"  # ends the key of an encoder's vectors of what is inside boxes
BATCH, SQUARE = 16, 512


@dataclass(frozen=True, slots=True)
class Inside:
    """A box over the main picture of a video, and the row that segments of what it does lie on."""

    video: str
    box: BoxTrack
    track: str


def inside_features(context: TaskContext, encoder: TextVideoEncoder, video: VideoRef, box: BoxTrack) -> Features | None:
    """The vectors of the inside of a box, at the samples of the video's index at which it is seen; kept until the box
    changes. None where the video is not indexed with this encoder, or the box is seen at none of its samples.

    Raises MediaError, Cancelled.
    """
    of_box = f"{encoder_key(encoder)}{INSIDE}-{box.id}"
    key = f"{of_box}-{box.version}"
    known = context.features.whole(video.id, key)
    whole = context.features.whole(video.id, encoder_key(encoder))
    if known is not None or whole is None:
        return known
    times = np.array([time for time in whole.times_us.tolist() if box.at(time) is not None], np.int64)
    if not len(times):
        return None
    vectors = [encoder.encode_frames(cut).astype(np.float16) for cut in _cut(encoder, video, box, times)]
    made = Features(times[: sum(map(len, vectors))], np.concatenate(vectors))
    context.features.put(video.id, key, made)
    context.features.drop_other_versions(video.id, of_box, box.version)
    return made


def _cut(
    encoder: TextVideoEncoder, video: VideoRef, box: BoxTrack, times: NDArray[np.int64]
) -> Iterator[NDArray[np.uint8]]:
    """Squares around the box, as large as the encoder wants them; fewer than asked of a file that breaks off."""
    size = encoder.frame_size(SQUARE, SQUARE)[0]
    with media.sample_frames(video.path, times_us=times, batch=BATCH) as stream:
        for frames in stream:
            high, wide = frames.images.shape[1:3]
            scale = np.array([wide, high, wide, high], np.float32)
            places = [box.at(int(time)) for time in frames.asked_us]
            yield np.stack([
                models.crop_faces(image, np.array(place, np.float32) * scale, size, padding=0.0)[0]
                for image, place in zip(frames.images, places, strict=True) if place is not None
            ])  # fmt: skip
