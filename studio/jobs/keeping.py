"""Where the results of jobs enter the store."""

import sqlite3
from typing import Any

from studio.jobs.result import JobResult
from studio.store import boxes, runs, transcripts, videos


def keep_result(db: sqlite3.Connection, result: JobResult, of_library: bool = False) -> dict[str, Any]:
    """Write what is to stay of a result, inside the caller's transaction; returns its data, with the ids of its runs:
    `run`, and `runs` where there are several. Of a job that is about many videos, what it found in those that were
    removed meanwhile is left out, and the `note` says so.

    Raises NotFound when the video of another one was removed meanwhile.
    """
    data, found = dict(result.data), result.runs
    if of_library:
        there = {row["id"] for row in videos.with_ids(db, {run.video_id for run in found})}
        found = [run for run in found if run.video_id in there]
        if gone := len(result.runs) - len(found):
            left_out = f"Left out: {gone} {'video that was' if gone == 1 else 'videos that were'} removed meanwhile."
            data["note"] = f"{data.get('note', '')} {left_out}".strip()
    ids = [runs.insert(db, run) for run in found]
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
