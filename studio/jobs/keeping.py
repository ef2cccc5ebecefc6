"""Where the results of jobs enter the store."""

import sqlite3
from typing import Any

from studio.jobs.result import JobResult
from studio.store import boxes, runs, transcripts


def keep_result(db: sqlite3.Connection, result: JobResult) -> dict[str, Any]:
    """Write what is to stay of a result, inside the caller's transaction; returns its data, with the ids of its runs:
    `run`, and `runs` where there are several.

    Raises NotFound when one of its videos was removed meanwhile.
    """
    data = dict(result.data)
    ids = [runs.insert(db, run) for run in result.runs]
    if ids:
        data["run"] = ids[0]
    if len(ids) > 1:
        data["runs"] = ids
    for transcript in result.transcripts:
        transcripts.sync_source(
            db,
            transcript.video_id,
            transcript.source,
            transcript.cues,
            transcript.origin,
            transcript.words,
            transcript.span,
        )
    if result.tracked:
        data["keys"] = sum(boxes.take_tracked(db, tracked) for tracked in result.tracked)
    return data
