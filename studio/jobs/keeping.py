"""Where the results of jobs enter the store."""

import sqlite3
from collections.abc import Sequence
from typing import Any

from studio.jobs.result import JobResult
from studio.store import boxes, runs, transcripts, videos
from studio.timeline import ModelRun


def keep_result(db: sqlite3.Connection, result: JobResult, of_library: bool = False) -> dict[str, Any]:
    """Write what is to stay of a result, inside the caller's transaction; returns its data, with the ids of its runs:
    `run`, and `runs` where there are several. Of a job that is about many videos, what it found in those that were
    removed meanwhile is left out, and the `note` says so; what it found takes the place of what it found before.

    Raises NotFound when the video of another one was removed meanwhile.
    """
    data, found = dict(result.data), result.runs
    if of_library:
        there = {row["id"] for row in videos.with_ids(db, {run.video_id for run in found})}
        found = [run for run in found if run.video_id in there]
        if gone := len(result.runs) - len(found):
            left_out = f"Left out: {gone} {'video that was' if gone == 1 else 'videos that were'} removed meanwhile."
            data["note"] = f"{data.get('note', '')} {left_out}".strip()
    ids = _keep_found(db, found) if of_library else [runs.insert(db, run) for run in found]
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


def _keep_found(db: sqlite3.Connection, found: Sequence[ModelRun]) -> list[str]:
    """Runs that look for a label again and again, in all videos: nothing is written where there is nothing now, as
    before. One of them is written in any case: it says when that was."""
    news = [run for run in found if not runs.is_empty_again(db, run)] or list(found[:1])
    ids = [runs.insert(db, run) for run in news]
    for run, run_id in zip(news, ids, strict=True):
        runs.drop_older(db, run, run_id)
    return ids
