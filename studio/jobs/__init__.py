"""Long work: what the kinds of job do, the process that does it, and the queue that survives a restart."""

from studio.jobs.runner import Runner
from studio.jobs.worker import PROXY, InlineWorker, ProcessWorker, Progress, Result, Watch, Worker

__all__ = ["PROXY", "InlineWorker", "ProcessWorker", "Progress", "Result", "Runner", "Watch", "Worker"]
