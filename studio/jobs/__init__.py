"""Long work: what the kinds of job do, the process that does it, and the queue that survives a restart."""

from studio.jobs.runner import Runner
from studio.jobs.work import KINDS, perform
from studio.jobs.worker import InlineWorker, ProcessWorker, Watch, Worker

__all__ = ["KINDS", "InlineWorker", "ProcessWorker", "Runner", "Watch", "Worker", "perform"]
