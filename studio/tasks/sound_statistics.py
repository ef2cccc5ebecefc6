"""What a video sounds like at each moment: what a label of a sound is learned from."""

import numpy as np
from numpy.typing import NDArray

from studio import media
from studio.errors import MediaError
from studio.index import SOUND_STATISTICS
from studio.models.detection import sounds
from studio.tasks.context import TaskContext, VideoRef


def statistics_file(video: VideoRef) -> str:
    """The name in the cache, of the sound that was chosen."""
    return f"{SOUND_STATISTICS}1-{'default' if video.sound_track is None else video.sound_track}.npy"


def sound_statistics(context: TaskContext, video: VideoRef) -> NDArray[np.float16]:
    """The statistics (N, sounds.WIDTH) of each sounds.STEP_S of a video's sound, kept in the cache; (0, …) where it has
    none, or none that can be decoded. Raises NotFound, Cancelled."""
    known: NDArray[np.float16] | None = context.cache.load_array(video.id, statistics_file(video))
    if known is not None:
        return known
    try:
        levels = media.spectrogram(
            video.path, sounds.LEVELS_PER_S, sounds.BANDS, context.settings.limits, track=video.sound_track
        )
    except MediaError:  # its pictures can be good all the same
        levels = np.zeros((0, sounds.BANDS), np.uint8)
    found = sounds.statistics(levels)
    context.cache.save_array(video.id, statistics_file(video), found)
    return found
