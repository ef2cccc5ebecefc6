"""Long work: the kinds of job, the backends that execute them, and the queue that survives a restart."""

from studio.jobs.backends import (
    ClusterBackend,
    ExecutionBackend,
    InlineBackend,
    ParallelBackend,
    ProcessBackend,
    has_room,
)
from studio.jobs.dispatcher import Dispatcher
from studio.jobs.keeping import keep_result
from studio.jobs.kinds import KINDS, Comparison, JobKind, comparable, queued_kind
from studio.jobs.result import (
    CORES,
    INDEX_FILES,
    LIBRARY_ENCODER,
    PROXY,
    REPLACED,
    SOUND_INDEX_FILES,
    SOUND_PICTURE,
    WAVEFORM_PER_S,
    JobMonitor,
    JobResult,
    ReportProgress,
)

__all__ = [
    "CORES",
    "INDEX_FILES",
    "KINDS",
    "LIBRARY_ENCODER",
    "PROXY",
    "REPLACED",
    "SOUND_INDEX_FILES",
    "SOUND_PICTURE",
    "WAVEFORM_PER_S",
    "ClusterBackend",
    "Comparison",
    "Dispatcher",
    "ExecutionBackend",
    "InlineBackend",
    "JobKind",
    "JobMonitor",
    "JobResult",
    "ParallelBackend",
    "ProcessBackend",
    "ReportProgress",
    "comparable",
    "has_room",
    "keep_result",
    "queued_kind",
]
