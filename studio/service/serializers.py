"""Rows as the JSON that browsers and the command line get: times in seconds, no path crosses to a browser."""

from collections.abc import Callable, Iterable
from typing import Any

from studio.service.videos import tracks
from studio.store import videos
from studio.tasks import answered
from studio.timeline import Prediction, seconds

Row = dict[str, Any]


def video(row: Row, *, uploaded: bool = False) -> Row:
    """A video without its path."""
    shown = ("id", "name", "width", "height", "fps", "frame_count", "codec", "audio", "size", "added")
    return {
        **{key: row[key] for key in shown},
        "duration": seconds(row["duration_us"]),
        "media_start": media_start(row["start_us"], row["browser_playable"]),
        "vfr": bool(row["vfr"]),
        "notes": tracks.notes(row),
        **tracks.listed(row),
        "uploaded": uploaded,
        "annotations": row.get("annotations", 0),
        "predictions": row.get("predictions", 0),
    }


def media_start(start_us: int, browser_playable: bool) -> float:
    """Where a video begins on the clock (s) of the file that browsers play; a copy that was made for them is at 0."""
    return seconds(start_us) if browser_playable else 0.0


def prediction(p: Prediction, run: Row) -> Row:
    """A prediction with the run it came from."""
    return {**chance(run["task"], p.score), **proposal(p), "id": p.id, "run": run["id"], "task": run["task"]}


TAUGHT = "detection"  # the task of labels that were learned


def chance(task: str, score: float) -> Row:
    """The `confidence` of a taught label: its score is a chance."""
    return {"confidence": round(score, 4)} if task == TAUGHT else {}


SHOWN_OF_PAYLOAD = ("confidence", "stability", "onset", "apex", "offset", "box")


def proposal(p: Prediction) -> Row:
    """A prediction that no run holds yet; an expression with when it came, peaked and went (s)."""
    return {
        "track": p.track,
        "start": seconds(p.segment.start),
        "end": seconds(p.segment.end),
        "label": p.label,
        "score": round(p.score, 4),
        **{key: p.payload[key] for key in SHOWN_OF_PAYLOAD if p.payload and key in p.payload},
    }


def run(row: Row) -> Row:
    """A run without its payload."""
    return {key: row[key] for key in ("id", "seq", "task", "model", "model_version", "query", "created")}


def hit(found: Row) -> Row:
    """A moment that a search found; its video by id only. `line` is the former name of `text`."""
    return {
        "video": found["video"]["id"], "score": round(found["score"], 4), "confidence": _rounded(found["confidence"]),
        "start": seconds(found["start_us"]), "end": seconds(found["end_us"]),
        "why": found["why"],
        **({"text": found["line"], "line": found["line"]} if found["line"] else {}),
    }  # fmt: skip


def found_moment(moment: Row) -> Row:
    """A moment that was found in annotations; its segments are those of the question, null where there is none."""
    return {
        "video": moment["video"]["id"], "name": moment["video"]["name"],
        "start": seconds(moment["start_us"]), "end": seconds(moment["end_us"]),
        "segments": [each and _found_segment(each) for each in moment["segments"]],
    }  # fmt: skip


def _found_segment(each: Row) -> Row:
    shown = ("kind", "id", "status", "track", "label", "note", "annotator", "edited_by", "attributes", "score")
    times = ("start_us", "end_us")
    return {
        **{key: each[key] for key in shown},
        "start": seconds(each["start_us"]), "end": seconds(each["end_us"]), **{key: each[key] for key in times},
    }  # fmt: skip


def answer(hits: Iterable[Row]) -> bool | None:
    """Whether a search found what was asked; None for a question that nobody can say it of (like a picture)."""
    return answered(hit["confidence"] for hit in hits)


def _rounded(share: float | None) -> float | None:
    return None if share is None else round(share, 4)


def grounded(found: Row) -> Row:
    """What a run of grounding found (see `Studio.run`): its moments, best first, and the curve that they come from."""
    moments = [
        {"start": seconds(p.segment.start), "end": seconds(p.segment.end), "score": round(p.score, 4),
         **(p.payload or {})}
        for p in sorted(found["predictions"], key=lambda p: -p.score)
    ]  # fmt: skip
    return {"found": found["payload"].get("found"), "moments": moments, "curve": found["payload"]["curve"]}


def stretch(row: Row) -> Row:
    """What somebody looked through; `track` is "" for all rows."""
    return {
        "start": seconds(row["start_us"]), "end": seconds(row["end_us"]), "track": row["track"],
        "annotator": row["annotator"],
    }  # fmt: skip


def job(row: Row) -> Row:
    """A job as its watcher sees it."""
    shown = ("id", "kind", "video_id", "state", "progress", "message", "error", "result", "created", "query")
    return {**{key: row[key] for key in shown}, "ahead": row.get("ahead", 0), "held": row.get("held", False)}


def job_video(row: Row) -> Row:
    """What a job must know of a video; another file in its place makes another job of it."""
    known = ("id", "path", "duration_us", "sha256", "start_us", "sound_track", "text_track", "text_file")
    return {**{key: row[key] for key in known}, "pictures": videos.has_pictures(row)}


def with_job_videos(params: Any, change: Callable[[Row], Row]) -> Any:
    """The parameters of a job with each `job_video` in them, however deep, as `change` makes it."""
    if isinstance(params, list):
        return [with_job_videos(each, change) for each in params]
    if not isinstance(params, dict):
        return params
    if isinstance(params.get("id"), str) and isinstance(params.get("path"), str):
        return change(params)
    return {key: with_job_videos(value, change) for key, value in params.items()}
