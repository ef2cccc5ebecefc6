"""The library's SQLite file. Tables are modules of plain functions of a connection; `Store` gives them one."""

from studio.store import (
    annotations,
    imports,
    jobs,
    labels,
    line_edits,
    people,
    preferences,
    runs,
    searches,
    stored,
    timeline_media,
    timelines,
    transcripts,
    videos,
)
from studio.store.annotations import EditRequest
from studio.store.database import Store

__all__ = [
    "EditRequest",
    "Store",
    "annotations",
    "imports",
    "jobs",
    "labels",
    "line_edits",
    "people",
    "preferences",
    "runs",
    "searches",
    "stored",
    "timeline_media",
    "timelines",
    "transcripts",
    "videos",
]
