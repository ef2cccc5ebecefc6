"""Long work: what the kinds of job do, the process that does it, and the queue that survives a restart."""

from studio.jobs.result import PROXY, STALE, Progress, Result, Watch
from studio.jobs.runner import Runner
from studio.jobs.worker import InlineWorker, ProcessWorker, Worker

__all__ = ["PROXY", "STALE", "InlineWorker", "ProcessWorker", "Progress", "Result", "Runner", "Watch", "Worker"]
