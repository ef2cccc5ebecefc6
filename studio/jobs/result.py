"""What goes into a job and what comes out of it, for the executor and for the caller."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from studio.timeline import ModelRun, Prediction, Transcript
from studio.timeline.boxes import TrackedBox

ReportProgress = Callable[[float, str], None]
PROXY = "proxy.mp4"  # the name under which the cache keeps a copy that browsers can play
INDEX_FILES = ("thumbnails.npy", "waveform.npy", "shots.npy")  # what indexing keeps beside the embeddings
WAVEFORM_PER_S = 50  # points a second of waveform.npy
SOUND_PICTURE = "sound.npy"  # the spectrogram and the waveform of a recording of sound alone, see `media.sound_picture`
SOUND_INDEX_FILES = ("waveform.npy", SOUND_PICTURE)  # what indexing keeps of such a recording
LIBRARY_ENCODER = (
    "library_encoder"  # the parameter of every job that names the library's encoder, where it has chosen one
)
CORES = "cores"  # the parameter of a job that may not use all processors: how many
REPLACED = "replaced"  # the name of the mark that what the cache holds may be about a file that is no longer there


@dataclass(frozen=True, slots=True)
class JobResult:
    """`data` is JSON for the caller; each of `runs` is kept with its predictions, each of `transcripts` as what a video
    says, each of `tracked` in its box track. They name their videos themselves: a job may be about one, several or
    none."""

    data: dict[str, Any] = field(default_factory=dict)
    runs: Sequence[ModelRun] = ()
    transcripts: Sequence[Transcript] = ()
    tracked: Sequence[TrackedBox] = ()


def part_of(found: Transcript | TrackedBox) -> JobResult:
    """A part of a result, to be kept before the whole is there."""
    return JobResult(tracked=[found]) if isinstance(found, TrackedBox) else JobResult(transcripts=[found])


@dataclass(frozen=True, slots=True)
class JobMonitor:
    """How a caller follows a job, and stops it."""

    progress: ReportProgress = lambda fraction, message: None
    preview: Callable[[list[Prediction]], None] | None = None
    partial: Callable[[JobResult], None] | None = None  # of a result: see `part_of`
    cancelled: Callable[[], bool] = lambda: False
