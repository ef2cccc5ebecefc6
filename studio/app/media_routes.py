"""Videos, thumbnails, arrays, uploads and exports, by video id: no path crosses the browser."""

from pathlib import Path, PurePath
from urllib.parse import quote

import numpy as np
import plotly
from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse, JSONResponse

from studio.errors import MediaTooLarge, NotFound, StudioError, UsageError
from studio.formats import named
from studio.partial import partial_of
from studio.service import Studio, views
from studio.timeline import us

TYPES = {".webm": "video/webm", ".mkv": "video/x-matroska", ".mov": "video/mp4", ".ogv": "video/ogg"}
KEEP = {"Cache-Control": "private, max-age=3600"}


def routes(studio: Studio) -> APIRouter:
    """The routes of one library."""
    router = APIRouter()

    def failed(error: StudioError) -> JSONResponse:
        status = 404 if isinstance(error, NotFound) else 413 if isinstance(error, MediaTooLarge) else 400
        return JSONResponse({"ok": False, "error": str(error)}, status)

    @router.api_route("/media/{video_id}", methods=["GET", "HEAD"])
    def media(video_id: str) -> Response:
        try:
            file = studio.playable(video_id)
        except StudioError as error:
            return failed(error)
        return FileResponse(file, media_type=TYPES.get(file.suffix.lower(), "video/mp4"))

    @router.get("/thumbnail/{video_id}")
    def thumbnail(video_id: str, t: float = 0.0) -> Response:
        try:
            return Response(studio.thumbnail(video_id, max(0, us(t))), media_type="image/jpeg", headers=KEEP)
        except StudioError as error:
            return failed(error)

    @router.get("/array/{video_id}/{name}")
    def array(video_id: str, name: str) -> Response:
        """Little-endian numbers: pts and shots as float64 seconds, waveform as int8 pairs (min, max)."""
        try:
            if name not in ("pts", "shots", "waveform"):
                raise NotFound("There is no such array.")
            values = studio.array(video_id, name)
        except StudioError as error:
            return failed(error)
        if values is None:
            return Response(b"", media_type="application/octet-stream")
        packed = np.round(values * 127).astype("<i1") if name == "waveform" else (values / 1e6).astype("<f8")
        return Response(packed.tobytes(), media_type="application/octet-stream")

    @router.get("/web/plotly.js")
    def plotly_js() -> Response:
        """The library that draws pictures, out of the installed package: nothing comes from the network."""
        package = Path(str(plotly.__file__)).parent
        return FileResponse(package / "package_data" / "plotly.min.js", media_type="text/javascript", headers=KEEP)

    @router.get("/export/{video_id}")
    def export(video_id: str, format: str = "json") -> Response:
        try:
            data, row = studio.export(video_id, format), studio.video(video_id)
            file_name = PurePath(row["name"]).stem + named(format).extension
        except StudioError as error:
            return failed(error)
        disposition = f"attachment; filename*=UTF-8''{quote(file_name, safe='')}"
        return Response(data, media_type="application/json", headers={"Content-Disposition": disposition})

    @router.post("/upload")
    async def upload(request: Request, name: str) -> Response:
        """The raw bytes of one file; it is added to the library when it is whole."""
        limit = studio.settings.limits.upload_bytes
        partial = partial_of(studio.settings.uploads / "upload")
        received = 0
        try:
            with partial.open("wb") as file:
                async for chunk in request.stream():
                    received += len(chunk)
                    if received > limit:
                        raise MediaTooLarge(
                            f"A file may have at most {limit // 2**30} GiB; add a larger one by its path."
                        )
                    await run_in_threadpool(file.write, chunk)
            promised = request.headers.get("content-length")
            if promised and int(promised) != received:
                raise UsageError("The upload broke off; try again.")
            row = await run_in_threadpool(studio.keep_upload, partial, name)
            return JSONResponse({"ok": True, "data": views.video(row)})
        except StudioError as error:
            return failed(error)
        except OSError:
            return failed(UsageError("There is no room for this file on the library's disk; free some space."))
        finally:
            partial.unlink(missing_ok=True)

    return router
