"""For the Library page."""

from typing import Any

from studio.app.rpc import exchange
from studio.app.rpc.method import Method, actor, rpc_methods
from studio.app.rpc.requests import (
    AddPath,
    ChooseTracks,
    DatasetReference,
    ExportDataset,
    JobRequest,
    Relink,
    Request,
    SetPreparesWords,
    VideoRequest,
)
from studio.service import Studio, serializers
from studio.service.accounts.rights import why_not
from studio.service.exchange import dataset
from studio.service.exchange.dataset import ExportOptions
from studio.service.videos import files

ADD_AT_ONCE = 4
RELINK_S = 2.0  # how long one call looks into files before it says how far it is


def methods(studio: Studio) -> list[Method]:
    def list_videos(request: Request) -> Any:
        ready, known = studio.videos.indexed()
        if ready < known:
            studio.jobs.prepare_lost()
        by = actor(studio, request)
        key = studio.media.encoder
        return {
            "videos": [
                {
                    **serializers.video(row, uploaded=studio.videos.is_upload(row)),
                    "independent": bool(row["independent"]),
                    "indexed": (indexed := studio.media.is_indexed(row, key)),
                    "cleaned": not indexed and studio.media.was_cleaned(row),
                    "lost": not files.is_there(row["path"]),
                    "kept": "" if by.owns(row["added_by"]) else why_not("remove this video", row["added_by"]),
                }
                for row in studio.videos.all(by)
            ],
            "removed": [
                {"id": row["id"], "name": row["name"], "at": row["removed"], "by": row["removed_by"]}
                for row in studio.videos.trash.listed()
                if by.owns(row["removed_by"])
            ],
            "jobs": studio.jobs.listed(),
            "indexed": ready,
            "known": known,
            "encoder": {
                **studio.encoders.status(),
                "better": studio.encoders.may_see_better(by),
                "fixed": not by.admin,
            },
            "words": {
                "on": studio.jobs.prepares_words(),
                "missing": len(studio.jobs.lack_words()),
                "fixed": not by.admin,
            },
        }

    def add_path(request: AddPath) -> Any:
        return studio.videos.add_shared(request.path, request.done, ADD_AT_ONCE, actor(studio, request))

    def relink(request: Relink) -> Any:
        return studio.videos.relink_shared(request.folder, request.after, RELINK_S)

    def remove_video(request: VideoRequest) -> Any:
        studio.videos.remove(request.video, actor(studio, request))
        return {}

    def restore_video(request: VideoRequest) -> Any:
        return serializers.video(studio.videos.restore(request.video, actor(studio, request)))

    def index_video(request: VideoRequest) -> Any:
        return serializers.job(studio.jobs.start("index", request.video))

    def set_prepares_words(request: SetPreparesWords) -> Any:
        studio.jobs.set_prepares_words(request.on, actor(studio, request))
        return {}

    def prepare_words(request: Request) -> Any:
        return {"videos": studio.jobs.prepare_words()}

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
        studio, list_videos, add_path, relink, remove_video, restore_video, index_video, cancel_job, cancel_jobs,
        choose_tracks, set_prepares_words, prepare_words, put_line_away,
    )  # fmt: skip
    return [*own, *_datasets(studio), *exchange.methods(studio)]


def _datasets(studio: Studio) -> list[Method]:
    """A library or a part of it for other tools; the zip is fetched by GET /dataset/TOKEN."""

    def dataset_searches(request: Request) -> Any:
        return {"searches": sorted(row["name"] for row in (*studio.search.saved(), *studio.find.saved()))}

    def dataset_preview(request: ExportDataset) -> Any:
        return dataset.preview(studio, _wish(request), actor(studio, request))

    def dataset_start(request: ExportDataset) -> Any:
        by = actor(studio, request)
        return {"dataset": studio.dataset_downloads.start(_wish(request), request.name, by)}

    def dataset_state(request: DatasetReference) -> Any:
        return studio.dataset_downloads.state(request.dataset)

    def dataset_stop(request: DatasetReference) -> Any:
        studio.dataset_downloads.stop(request.dataset)
        return {}

    return rpc_methods(studio, dataset_searches, dataset_preview, dataset_start, dataset_state, dataset_stop)


def _wish(request: ExportDataset) -> ExportOptions:
    return ExportOptions(
        request.format, request.search, dataset.shares(request.split), request.seed, request.clips, request.licence,
        request.kind, None if request.videos is None else tuple(request.videos),
    )  # fmt: skip
