"""What a page shows of one video, what changes in it, and the edits that people send."""

from collections.abc import Sequence
from typing import Any

from studio.config import Settings
from studio.errors import NotFound, UsageError
from studio.jobs.kinds import KINDS
from studio.jobs.schedule import held_since, is_held, local_now
from studio.service import serializers
from studio.service.accounts.rights import OWNER, Actor, layer_of, own_layer
from studio.service.jobs.jobs import Jobs
from studio.service.models import engines
from studio.service.timelines import boxes as box_tracks
from studio.service.timelines import edits, timeline_media
from studio.service.timelines import traces as trace_edits
from studio.service.timelines.timeline_media import Medium, TimelineMedia, on_timeline
from studio.service.videos.media_cache import MediaCache
from studio.store import (
    Store,
    annotations,
    boxes,
    jobs,
    labels,
    people,
    reaction_times,
    reviewed,
    runs,
    traces,
    transcripts,
    videos,
)
from studio.timeline import Annotation, Edit, seconds, to_dict

PREPARING = ("index", "embed")  # kinds of job that begin by themselves
Row = dict[str, Any]


class Timelines:
    """The timeline of each video."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        media: MediaCache,
        jobs: Jobs,
        cameras: TimelineMedia,
    ) -> None:
        self._store, self._settings, self._media, self._jobs_service = store, settings, media, jobs
        self._cameras = cameras

    def _video(self, video_id: str) -> Row:
        return self._store.read(lambda db: videos.get(db, video_id))

    def load(self, video_id: str, by: Actor = OWNER) -> Row:
        """Everything the timeline of a video shows: its newest run of each question, annotations, verdicts, labels.

        Where annotators work independently, of annotations and verdicts only one's own."""
        row = self._video(video_id)
        layer, encoder = own_layer(by, row), self._media.encoder

        def work(db: Any) -> Row:
            cameras = on_timeline(db, row["id"])
            newest = {(r["video_id"], r["task"], r["model"], r["query"]): r for r in _runs(db, cameras)}
            shown = sorted(newest.values(), key=lambda r: r["seq"])  # one that is asked again is the last one asked
            return {
                "video": serializers.video(row),
                "media": self._cameras.shown(cameras),
                "playable": bool(row["browser_playable"]) or self._media.has_proxy(row),
                "seq": annotations.last_seq(db),
                "run_seq": max((r["seq"] for r in shown), default=0),
                "runs": [timeline_media.run(r, row["id"]) for r in shown],
                "predictions": list(timeline_media.predictions(db, cameras, shown, by)),
                "annotations": [to_dict(a) for a in annotations.of_video(db, row["id"], layer)],
                "boxes": [box_tracks.to_dict(track) for track in boxes.of_video(db, row["id"], layer)],
                "traces": [trace_edits.to_dict(trace) for trace in traces.of_video(db, row["id"], layer)],
                "independent": bool(row["independent"]),
                "schema": labels.schema(db),
                "palette": labels.PALETTE,
                "people": people.of_video(db, row["id"]),
                "engines": engines(self._settings),
                "jobs": self._jobs(db, cameras),
                "reviewed": _reviewed(db, row["id"], by),
                "reaction": _reaction(db, by),
                "kinds": {
                    kind.name: {"title": kind.title, "button": kind.button, "pictures": kind.pictures}
                    for kind in KINDS.values()
                },
                "indexed": self._media.is_indexed(row, encoder),
            }

        return self._store.read(work)

    def changes(self, video_id: str, since: int, run_since: int = 0, schema: str = "", by: Actor = OWNER) -> Row:
        """What happened to a video after revision `since` and run `run_since`; its jobs as they stand; the schema of
        labels where it is not the one with the key `schema`.

        Raises NotFound when the video was removed.
        """

        def work(db: Any) -> Row:
            row = videos.get(db, video_id)
            layer = own_layer(by, row)
            changed, decided = annotations.changed_since(db, video_id, since, layer)
            cameras = on_timeline(db, video_id)
            verdicts = {
                prediction: verdict
                for camera in cameras if decided
                for prediction, verdict in timeline_media.verdicts(db, camera, cameras[0], by).items()
            }  # fmt: skip
            known = labels.schema(db)
            new = _runs(db, cameras, run_since)
            found: dict[str, list[Row]] = {run["id"]: [] for run in new}
            for prediction in timeline_media.predictions(db, cameras, new, by):
                found[prediction["run"]].append(prediction)
            return {
                "media": self._cameras.shown(cameras),
                "seq": annotations.last_seq(db),
                "run_seq": max((r["seq"] for r in new), default=run_since),
                "annotations": [to_dict(a) for a in changed],
                "boxes": box_tracks.changed(db, video_id, since, layer),
                "traces": [trace_edits.to_dict(trace) for trace in traces.of_video(db, video_id, layer, since)],
                "independent": bool(row["independent"]),
                "verdicts": {p: verdicts.get(p, "") for p in decided},
                "schema": None if known["key"] == schema else known,
                "runs": [{**timeline_media.run(r, video_id), "predictions": found[r["id"]]} for r in new],
                "people": people.of_video(db, video_id),
                "lines": transcripts.state(db, video_id),
                "jobs": self._jobs(db, cameras),
                "reviewed": _reviewed(db, video_id, by),
                "reaction": _reaction(db, by) if changed else None,
            }

        return self._store.read(work)

    def save(self, video_id: str, changes: Sequence[Any], annotator: str = "", by: Actor = OWNER) -> Row:
        """Save edits; `results` has one answer an edit, in order. When this returns, they are on disk.

        Raises StoreError when nothing could be saved, UsageError, NotFound.
        """
        limits = self._settings.limits
        if not isinstance(changes, list) or len(changes) > limits.edits_per_save:
            raise UsageError(f"Send a list of at most {limits.edits_per_save} edits.")
        if not isinstance(annotator, str) or len(annotator) > limits.label_chars:
            raise UsageError("The annotator's name must be a short text.")

        def work(db: Any) -> Row:
            results = edits.apply(db, videos.get(db, video_id), changes, annotator, limits, by)
            return {"results": results, "seq": annotations.last_seq(db)}

        return self._store.write(work, video_id)

    def annotations(self, video_id: str, by: Actor = OWNER) -> list[Annotation]:
        """The annotations of a video that somebody may see, in order of time."""
        row = self._video(video_id)
        return self._store.read(lambda db: annotations.of_video(db, row["id"], layer_of(by, row)))

    def history(self, annotation_id: str, by: Actor = OWNER) -> list[Row]:
        """All revisions of one annotation, oldest first.

        Raises NotFound, also for one that this person may not see.
        """

        def work(db: Any) -> list[tuple[Row, Edit]]:
            made = annotations.get(db, annotation_id)
            layer = layer_of(by, videos.get(db, annotations.video_of(db, annotation_id)))
            if layer not in (None, made.annotator):
                raise NotFound("This annotation is no longer in the library.")
            return annotations.history(db, annotation_id)

        entries = self._store.read(work)
        as_json = to_dict
        return [
            {**facts, "before": e.before and as_json(e.before), "after": e.after and as_json(e.after)}
            for facts, e in entries
        ]

    def _jobs(self, db: Any, cameras: list[Medium]) -> list[Row]:
        """The jobs of the media of a timeline; a running one with what it has found so far."""
        previews, duration, shown = self._jobs_service.previews, cameras[0].row["duration_us"], []
        since = held_since(db, local_now())
        for camera in cameras:
            for row in jobs.of_video(db, camera.row["id"], recent=3):
                if row["kind"] in PREPARING and not camera.is_main:
                    continue  # nobody of this page asked for it
                found = [camera.placed(p, duration) for p in previews.get(row["id"], [])]
                beside = {} if camera.is_main else {"medium": camera.row["name"]}
                preview = [serializers.proposal(p) for p in found if p is not None]
                job = serializers.job({**row, "held": is_held(row, since)})
                shown.append({**job, **beside, "preview": preview})
        return shown


def _runs(db: Any, cameras: list[Medium], since: int = 0) -> list[Row]:
    """The runs on the media of a timeline after run number `since`, but for trials."""
    return [
        run for camera in cameras for run in runs.of_video(db, camera.row["id"], since) if not runs.is_trial(run)
    ]  # fmt: skip


def _reaction(db: Any, by: Actor) -> Row:
    """How long after a moment this person marks it while the video plays: `delay` in s, from so many `corrections`."""
    delay_us, corrections = reaction_times.of_person(db, by.name)
    return {"delay": seconds(delay_us), "corrections": corrections}


def _reviewed(db: Any, video_id: str, by: Actor) -> list[Row]:
    return [serializers.stretch(row) for row in reviewed.of_video(db, video_id, by)]
