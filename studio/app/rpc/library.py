"""For the Library page."""

from typing import Any

from studio.app.rpc import exchange, steps
from studio.app.rpc.method import Method, actor, annotator, rpc_methods
from studio.app.rpc.requests import (
    AddPath,
    ChooseTracks,
    CollectionRequest,
    CollectVideos,
    DatasetReference,
    ExportDataset,
    FolderRequest,
    JobRequest,
    LabelVideos,
    ListVideos,
    PrepareVideos,
    Relink,
    Request,
    SetPreparesWords,
    TagVideos,
    VideoRequest,
    VideosRequest,
)
from studio.service import Studio, serializers
from studio.service.accounts.rights import why_not
from studio.service.exchange import dataset
from studio.service.exchange.dataset import ExportOptions
from studio.service.timelines.selection import Selected
from studio.store import videos
from studio.store.video_list import Wanted
from studio.timeline import WHOLE_VIDEO, seconds

RELINK_S = 2.0  # how long one call looks into files before it says how far it is
REMOVED = 200  # removed videos that are listed, the newest removals


def methods(studio: Studio) -> list[Method]:
    def list_videos(request: ListVideos) -> Any:
        by = actor(studio, request)
        rows, total = studio.video_list.page(_wanted(request), request.first, request.count, by)
        counts = studio.check.counts()
        return {
            "videos": [
                {
                    **serializers.video(row, uploaded=studio.videos.is_upload(row)),
                    "independent": bool(row["independent"]),
                    "indexed": bool(row["indexed"]),
                    "cleaned": not row["indexed"] and studio.media.was_cleaned(row),
                    "lost": bool(row["lost"]),
                    "kept": "" if by.owns(row["added_by"]) else why_not("remove this video", row["added_by"]),
                    **{key: row[key] for key in ("state", "undecided", "edited", "tags")},
                }
                for row in rows
            ],
            "total": total,
            "removed": [
                {"id": row["id"], "name": row["name"], "at": row["removed"], "by": row["removed_by"]}
                for row in studio.videos.trash.listed(REMOVED)
                if by.owns(row["removed_by"])
            ],
            "jobs": studio.jobs.of_videos([row["id"] for row in rows]),
            "active": studio.jobs.active(),
            "indexed": counts.searchable,
            "known": counts.videos + counts.sounds,
            "sounds": counts.sounds,
            "lost": counts.lost,
            "duration": seconds(counts.duration_us),
            "adding": studio.intake.progress(),
            "encoder": {
                **studio.encoders.status(),
                "better": studio.encoders.may_see_better(by),
                "fixed": not by.admin,
            },
        }

    def library_words(request: Request) -> Any:
        return {
            "on": studio.jobs.prepares_words(),
            "missing": studio.jobs.count_lacking_words(),
            "fixed": not actor(studio, request).admin,
        }

    def library_groups(request: Request) -> Any:
        by = actor(studio, request)
        found = studio.video_list.groups()
        mine = [
            {**{key: each[key] for key in ("id", "name", "videos")}, "kept": not by.owns(each["created_by"])}
            for each in found["collections"]
        ]
        return {**found, "collections": mine}

    def video_ids(request: ListVideos) -> Any:
        return {"videos": studio.video_list.ids(_wanted(request), actor(studio, request))}

    def tag_videos(request: TagVideos) -> Any:
        return {"videos": studio.video_list.tag(request.videos, request.tag, request.on)}

    def collect_videos(request: CollectVideos) -> Any:
        if request.out_of:
            return {"videos": studio.video_list.take_out(request.videos, request.out_of)}
        return {"videos": studio.video_list.collect(request.videos, request.name, actor(studio, request))}

    def rename_collection(request: CollectionRequest) -> Any:
        studio.video_list.rename_collection(request.collection, request.name, actor(studio, request))
        return {}

    def delete_collection(request: CollectionRequest) -> Any:
        studio.video_list.delete_collection(request.collection, actor(studio, request))
        return {}

    def prepare_videos(request: PrepareVideos) -> Any:
        return {"videos": studio.video_list.prepare(request.videos, request.kind, actor(studio, request))}

    def label_videos(request: LabelVideos) -> Any:
        by = actor(studio, request)
        rows = studio.store.read(lambda db: videos.with_ids(db, request.videos))
        whole = Selected(footage=[(row["id"], 0, row["duration_us"]) for row in rows])
        return studio.selections.label(whole, request.label, WHOLE_VIDEO, request.step, annotator(request), by)

    def remove_videos(request: VideosRequest) -> Any:
        removed, problems = studio.video_list.remove(request.videos, actor(studio, request))
        return {"removed": removed, "problems": problems}

    def restore_videos(request: VideosRequest) -> Any:
        return {"videos": studio.video_list.restore(request.videos, actor(studio, request))}

    def add_path(request: AddPath) -> Any:
        return studio.intake.add(request.path, actor(studio, request))

    def stop_adding(request: FolderRequest) -> Any:
        studio.intake.stop(request.folder, actor(studio, request))
        return {}

    def forget_added(request: FolderRequest) -> Any:
        studio.intake.forget(request.folder)
        return {}

    def relink(request: Relink) -> Any:
        return studio.videos.relink_shared(request.folder, request.after, RELINK_S)

    def remove_video(request: VideoRequest) -> Any:
        studio.videos.remove(request.video, actor(studio, request))
        return {}

    def restore_video(request: VideoRequest) -> Any:
        return serializers.video(studio.videos.restore(request.video, actor(studio, request)))

    def index_video(request: VideoRequest) -> Any:
        return serializers.job(studio.jobs.start("index", request.video, by=actor(studio, request)))

    def set_prepares_words(request: SetPreparesWords) -> Any:
        studio.jobs.set_prepares_words(request.on, actor(studio, request))
        return {}

    def prepare_words(request: Request) -> Any:
        return {"videos": studio.jobs.prepare_words(by=actor(studio, request))}

    def put_line_away(request: Request) -> Any:
        studio.encoders.put_line_away(actor(studio, request))
        return {}

    def cancel_job(request: JobRequest) -> Any:
        studio.jobs.cancel(request.job)
        return {}

    def cancel_jobs(request: Request) -> Any:
        return {"cancelled": studio.jobs.cancel_all()}

    def choose_tracks(request: ChooseTracks) -> Any:
        return serializers.video(
            studio.videos.choose_tracks(request.video, request.sound, request.file or request.subtitles)
        )

    own = rpc_methods(
        studio, list_videos, library_words, library_groups, video_ids, tag_videos, collect_videos, rename_collection,
        delete_collection, prepare_videos, label_videos, remove_videos, restore_videos, add_path, stop_adding,
        forget_added, relink, remove_video, restore_video, index_video, cancel_job, cancel_jobs, choose_tracks,
        set_prepares_words, prepare_words, put_line_away,
    )  # fmt: skip
    return [*own, *steps.methods(studio), *_datasets(studio), *exchange.methods(studio)]


def _datasets(studio: Studio) -> list[Method]:
    """A library or a part of it for other tools; the zip is fetched by GET /dataset/TOKEN."""

    def dataset_searches(request: Request) -> Any:
        return {"searches": sorted(row["name"] for row in (*studio.search.saved(), *studio.find.saved()))}

    def dataset_preview(request: ExportDataset) -> Any:
        return studio.datasets.preview(_wish(request), actor(studio, request))

    def dataset_start(request: ExportDataset) -> Any:
        by = actor(studio, request)
        return {"dataset": studio.dataset_downloads.start(_wish(request), request.name, by)}

    def dataset_state(request: DatasetReference) -> Any:
        return studio.dataset_downloads.state(request.dataset)

    def dataset_stop(request: DatasetReference) -> Any:
        studio.dataset_downloads.stop(request.dataset)
        return {}

    return rpc_methods(studio, dataset_searches, dataset_preview, dataset_start, dataset_state, dataset_stop)


def _wanted(request: ListVideos) -> Wanted:
    return Wanted(**{name: getattr(request, name) for name in Wanted.__slots__})


def _wish(request: ExportDataset) -> ExportOptions:
    return ExportOptions(
        request.format, request.search, dataset.shares(request.split), request.seed, request.clips, request.licence,
        request.kind, None if request.videos is None else tuple(request.videos),
    )  # fmt: skip
