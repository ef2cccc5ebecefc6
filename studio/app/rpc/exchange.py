"""Annotation files in and out, for the Annotate and Library pages; see `Exchange` for the answers.

A file comes by POST /incoming and is named by its token; one goes out by GET /export/VIDEO?format=NAME, of subtitles
also with kind=annotations or kind=lines.
"""

from typing import Any

from studio.app.rpc.method import Method, actor, annotator, rpc_methods
from studio.app.rpc.requests import ExportPreview, ImportFile, ImportReference, Request, UploadReference
from studio.service import Studio
from studio.service.accounts.rights import why_not
from studio.service.exchange import exchange
from studio.service.exchange.import_plan import ImportOptions, different_of


def methods(studio: Studio) -> list[Method]:
    def formats(request: Request) -> Any:
        return {"formats": exchange.listed(), "of_boxes": exchange.of_boxes()}

    def export_preview(request: ExportPreview) -> Any:
        by = actor(studio, request)
        return {
            "lost": studio.exchange.losses(request.video, request.format, request.kind, by),
            "kinds": studio.exchange.kinds(request.video, request.format, by),
            "fits": studio.exchange.fits(request.video, request.format, by),
        }

    def import_preview(request: ImportFile) -> Any:
        by = actor(studio, request)
        return studio.exchange.preview(*_import_of(studio, request), annotator(request), by)

    def import_apply(request: ImportFile) -> Any:
        done = studio.exchange.apply(*_import_of(studio, request), annotator(request), actor(studio, request))
        studio.exchange.drop(request.upload)
        return done

    def import_drop(request: UploadReference) -> Any:
        studio.exchange.drop(request.upload)
        return {}

    def import_undo(request: ImportReference) -> Any:
        return studio.exchange.undo(request.import_, annotator(request), actor(studio, request))

    def import_redo(request: ImportReference) -> Any:
        return studio.exchange.redo(request.import_, annotator(request), actor(studio, request))

    def imports(request: Request) -> Any:
        found, by = studio.exchange.imports(), actor(studio, request)
        for row in found:
            row["fixed"] = "" if by.owns(row["annotator"]) else why_not("undo this import", row["annotator"])
        return {"imports": found}

    own = (formats, export_preview, import_preview, import_apply, import_drop, import_undo, import_redo, imports)
    return rpc_methods(studio, *own)


def _import_of(studio: Studio, request: ImportFile) -> tuple[bytes, str, str | None, ImportOptions]:
    """The file, its name, its format and how it is to be imported."""
    options = ImportOptions(
        request.video or None, request.videos, request.tracks, request.labels, request.kind, request.encoding,
        request.shift, request.columns, request.fps, different_of(request.different),
    )  # fmt: skip
    return studio.exchange.kept(request.upload), request.name, request.format or None, options
