"""For the Annotate page."""

import base64
from collections.abc import Callable
from typing import Any

from studio.app.login import current_user
from studio.app.rpc import choosing, exchange
from studio.app.rpc.method import NAME_CHARS, Method, actor, annotator, model_name, rpc_methods
from studio.app.rpc.requests import (
    AddLabel,
    AnnotationReference,
    Changes,
    CompareLayers,
    DeleteLine,
    FaceBoxes,
    Glance,
    Ground,
    JobRequest,
    LineReference,
    MarkReviewed,
    MediumRequest,
    MergeLines,
    MoveLines,
    ReadSubtitles,
    Request,
    RestoreLine,
    RevertLine,
    RunReference,
    Save,
    SaveLine,
    SaveLines,
    SaveSchema,
    SetDone,
    SetIndependent,
    SetSpeaker,
    SplitLine,
    StartJob,
    StillUndecided,
    Teach,
    TrackBox,
    TranscriptRows,
    VideoRequest,
)
from studio.errors import NotTheirs, UsageError
from studio.service import Studio, serializers
from studio.service.people.transcripts import LineEdit
from studio.service.requests import listed, text, time, whole
from studio.service.search import TOP
from studio.service.timelines.review import Undecided
from studio.service.videos.files import display_name
from studio.timeline import seconds


def methods(studio: Studio) -> list[Method]:
    return [
        *_timeline(studio),
        *_layers(studio),
        *_cameras(studio),
        *_models(studio),
        *teaching_methods(studio),
        *_transcript(studio),
        *exchange.methods(studio),
    ]


def saving(studio: Studio) -> list[Callable[[Any], Any]]:
    """What every page needs on which people decide and edit."""

    def save(request: Save) -> Any:
        maker, sender = request.annotator[:NAME_CHARS], current_user.get()
        if sender and maker not in ("", sender):
            raise NotTheirs(f"Edits by “{maker}” wait in this browser; log in as {maker} to save them.")
        return studio.timelines.save(request.video, request.edits, annotator(request), actor(studio, request))

    def still_undecided(request: StillUndecided) -> Any:
        wanted = Undecided(
            request.label, request.row, request.question, request.by, request.lowest, request.highest
        )  # fmt: skip
        return studio.review.waiting(wanted, request.order, actor(studio, request))

    return [save, still_undecided]


def _timeline(studio: Studio) -> list[Method]:
    def load_document(request: VideoRequest) -> Any:
        studio.jobs.bring_forward(request.video)
        by = actor(studio, request)
        return {**studio.timelines.load(request.video, by), "admin": by.admin}

    def changes(request: Changes) -> Any:
        by = actor(studio, request)
        news = studio.timelines.changes(request.video, request.since, request.run_since, request.schema, by)
        studio.media.use(request.video)
        others = studio.presence.others(request.video, request.window)
        return {**news, "present": others}

    def neighbours(request: VideoRequest) -> Any:
        previous, following = studio.videos.neighbours(request.video)
        return {"previous": previous, "next": following}

    def history(request: AnnotationReference) -> Any:
        return studio.timelines.history(request.annotation, actor(studio, request))

    def save_schema(request: SaveSchema) -> Any:
        return studio.labels.save(request.schema, annotator(request), actor(studio, request))

    def add_label(request: AddLabel) -> Any:
        return studio.labels.add(request.track, request.label)

    own = (load_document, changes, history, neighbours, save_schema, add_label)
    return rpc_methods(studio, *own, *saving(studio))


def _layers(studio: Studio) -> list[Method]:
    def annotators(request: VideoRequest) -> Any:
        return studio.layers.annotators(request.video, actor(studio, request))

    def set_independent(request: SetIndependent) -> Any:
        studio.layers.set_independent(request.video, request.independent, actor(studio, request))
        return studio.layers.annotators(request.video, actor(studio, request))

    def set_done(request: SetDone) -> Any:
        studio.layers.set_done(request.video, annotator(request), request.done)
        return studio.layers.annotators(request.video, actor(studio, request))

    def compare_layers(request: CompareLayers) -> Any:
        return studio.layers.compare(request.video, request.one, request.other, actor(studio, request))

    return rpc_methods(studio, annotators, set_independent, set_done, compare_layers)


def _cameras(studio: Studio) -> list[Method]:
    def timecode_offset(request: MediumRequest) -> Any:
        return studio.timeline_media.by_timecode(request.video, request.medium)

    def compare_sound(request: MediumRequest) -> Any:
        return studio.timeline_media.start_by_sound(request.video, request.medium, actor(studio, request))

    return [*choosing.methods(studio), *rpc_methods(studio, timecode_offset, compare_sound)]


def _models(studio: Studio) -> list[Method]:
    def ground(request: Ground) -> Any:
        options = {
            "top": max(1, min(TOP, request.top)), "engine": model_name(studio, request.engine, "grounding"),
            "refine": request.refine, "check": request.check, "remember": request.remember,
        }  # fmt: skip
        return studio.jobs.ground(request.video, request.query, options, actor(studio, request))

    def glance(request: Glance) -> Any:
        params = {"at": seconds(request.at), "query": request.query}
        return {"run": studio.jobs.run("glance", request.video, params)["id"]}

    def start_job(request: StartJob) -> Any:
        return serializers.job(studio.jobs.start(request.kind, request.video, by=actor(studio, request)))

    def track_box(request: TrackBox) -> Any:
        row, by = studio.videos.get(request.video), actor(studio, request)
        job = studio.boxes.start_tracking(
            row, request.box, request.at, request.until, request.edit, annotator(request), by
        )
        return serializers.job(job)

    def face_boxes(request: FaceBoxes) -> Any:
        row = studio.videos.get(request.video)
        return {"faces": studio.boxes.faces(row, request.at, request.until, request.medium)}

    def cancel_job(request: JobRequest) -> Any:
        studio.jobs.cancel(request.job)
        return {}

    def run_payload(request: RunReference) -> Any:
        run = studio.jobs.run_of(request.run)
        boxes = {p.id: p.payload["boxes"] for p in run["predictions"] if p.payload and "boxes" in p.payload}
        return {"task": run["task"], "query": run["query"], "payload": run["payload"], "boxes": boxes}

    return rpc_methods(studio, ground, glance, start_job, track_box, face_boxes, cancel_job, run_payload)


def teaching_methods(studio: Studio) -> list[Method]:
    """Labels that are learned from what people mark."""

    def teachable(request: Request) -> Any:
        return {"labels": studio.teaching.taught(actor(studio, request))}

    def teach(request: Teach) -> Any:
        return serializers.job(
            studio.teaching.start(request.label, request.track, actor(studio, request), request.deeper)
        )

    def mark_reviewed(request: MarkReviewed) -> Any:
        row, teaching = studio.videos.get(request.video), studio.teaching
        change = teaching.unmark_reviewed if request.undo else teaching.mark_reviewed
        change(row, request.start, request.end, request.track, annotator(request))
        return {"reviewed": teaching.reviewed(row, actor(studio, request))}

    return rpc_methods(studio, teachable, teach, mark_reviewed)


def _transcript(studio: Studio) -> list[Method]:
    videos = studio.videos

    def transcript(request: VideoRequest) -> Any:
        row = studio.videos.get(request.video)
        fixed = studio.transcripts.may_replace(row, actor(studio, request))
        state = studio.transcripts.state(row)  # before the lines: what comes in between is asked for again
        return {"lines": studio.transcripts.lines(row), "fixed": fixed, "state": state}

    def read_subtitles(request: ReadSubtitles) -> Any:
        row, said = studio.videos.get(request.video), request.text or _decoded(request.bytes)
        name = display_name(request.name) if request.name else ""
        return studio.transcripts.read_subtitles(row, said, actor(studio, request), name)

    def transcript_rows(request: TranscriptRows) -> Any:
        row = videos.get(request.video)
        return studio.transcripts.as_rows(row, annotator(request), actor(studio, request))

    def save_line(request: SaveLine) -> Any:
        edit = LineEdit(request.line, request.version, request.start, request.end, request.text)
        return studio.transcripts.save_lines(videos.get(request.video), [edit], annotator(request), request.edit)[0]

    def save_lines(request: SaveLines) -> Any:
        edits = [line_edit(each) for each in listed({"lines": request.lines}, "lines", MOST_LINES)]
        saved = studio.transcripts.save_lines(videos.get(request.video), edits, annotator(request), request.edit)
        return {"lines": saved}

    def split_line(request: SplitLine) -> Any:
        parts = videos.get(request.video), request.line, request.head, request.tail
        saved = studio.transcripts.split_line(
            *parts, version=request.version, at_us=request.at, annotator=annotator(request), edit=request.edit
        )
        return {"lines": saved}

    def merge_lines(request: MergeLines) -> Any:
        saved = studio.transcripts.merge_lines(
            videos.get(request.video), request.line, request.other, said=request.text, version=request.version,
            other_version=request.other_version, annotator=annotator(request), edit=request.edit,
        )  # fmt: skip
        return {"lines": saved}

    def delete_line(request: DeleteLine) -> Any:
        row, name, edit = videos.get(request.video), annotator(request), request.edit
        studio.transcripts.delete_line(row, request.line, version=request.version, annotator=name, edit=edit)
        return {}

    def restore_line(request: RestoreLine) -> Any:
        row, name = videos.get(request.video), annotator(request)
        return studio.transcripts.restore_line(row, request.line, name, request.edit)

    def revert_line(request: RevertLine) -> Any:
        return studio.transcripts.revert_line(
            videos.get(request.video), request.line, request.seq, before=request.before, version=request.version,
            annotator=annotator(request), edit=request.edit,
        )  # fmt: skip

    def set_speaker(request: SetSpeaker) -> Any:
        lines = [seen_line(each) for each in listed({"lines": request.lines}, "lines", MOST_LINES)]
        row, name = videos.get(request.video), annotator(request)
        return {"lines": studio.transcripts.set_speaker(row, lines, request.speaker, name, request.edit)}

    def undo_lines(request: MoveLines) -> Any:
        return {"lines": studio.transcripts.undo_lines(videos.get(request.video), request.edit, annotator(request))}

    def redo_lines(request: MoveLines) -> Any:
        return {"lines": studio.transcripts.redo_lines(videos.get(request.video), request.edit, annotator(request))}

    def line_history(request: LineReference) -> Any:
        return studio.transcripts.line_history(request.line)

    steps = (save_line, save_lines, split_line, merge_lines, delete_line, restore_line, revert_line, set_speaker)
    return rpc_methods(
        studio, transcript, read_subtitles, transcript_rows, *steps, undo_lines, redo_lines, line_history
    )


MOST_LINES = 20_000  # of a video that one step changes


def seen_line(each: Any) -> tuple[int, int]:
    """A line that a page means, and the version that it saw. Raises UsageError."""
    if not isinstance(each, dict):
        raise UsageError("A line is an object with line and version.")
    return whole(each, "line"), whole(each, "version")


def line_edit(each: Any) -> LineEdit:
    """What a page says that a line is to be. Raises UsageError."""
    if not isinstance(each, dict):
        raise UsageError("A line is an object with line, version, start, end and text.")
    span = time(each, "start"), time(each, "end")
    said, deleted = text(each, "text"), each.get("deleted") is True
    return LineEdit(whole(each, "line"), whole(each, "version"), *span, said, deleted)


def _decoded(base64_text: str) -> bytes:
    try:
        return base64.b64decode(base64_text, validate=True)
    except ValueError:
        raise UsageError("“bytes” must be base64.") from None
