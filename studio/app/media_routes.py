"""Videos, thumbnails, arrays, uploads and exports, by video id: no path crosses the browser."""

import errno
import logging
import re
from collections.abc import Callable
from pathlib import Path, PurePath
from urllib.parse import quote

import numpy as np
import plotly
from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse, JSONResponse, StreamingResponse
from starlette.requests import ClientDisconnect

from studio.app.login import current_user
from studio.app.map_points import packed
from studio.app.rpc.method import NAME_CHARS
from studio.atomic_files import temp_path
from studio.errors import MediaTooLarge, NotFound, StudioError, UsageError
from studio.media.audio import SPECTRA_A_SECOND
from studio.platform import files
from studio.service import Studio, serializers
from studio.service.detectors import EXTENSION
from studio.service.exchange import found as found_files
from studio.service.exchange.exchange import written_as
from studio.service.find import parse_text
from studio.service.videos.upload_space import no_room
from studio.timeline import us

log = logging.getLogger(__name__)
TYPES = {".webm": "video/webm", ".mkv": "video/x-matroska", ".mov": "video/mp4", ".ogv": "video/ogg"}
SOUND_TYPES = {
    ".wav": "audio/wav", ".flac": "audio/flac", ".ogg": "audio/ogg", ".oga": "audio/ogg", ".opus": "audio/ogg",
    ".mka": "audio/x-matroska", ".webm": "audio/webm",
}  # fmt: skip
LATEST_S = 1e9  # no video is that long, and no number overflows
KEEP = {"Cache-Control": "private, max-age=3600"}
ASK_AGAIN = {"Cache-Control": "private, no-cache"}


def image_type(picture: bytes) -> str:
    """What a thumbnail is: a picture of sound is a PNG."""
    return "image/png" if picture.startswith(b"\x89PNG") else "image/jpeg"


def _broke_off() -> UsageError:
    return UsageError("The upload broke off; try again.")


def _not_kept(error: OSError) -> UsageError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return no_room()
    log.error("a file could not be kept", exc_info=error)
    return UsageError("The library's folder does not take this file; look into the log, and check its permissions.")


def _saved_as(name: str) -> dict[str, str]:
    return {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}"}


def routes(studio: Studio) -> APIRouter:
    """The routes of one library."""
    router = APIRouter()

    def failed(error: StudioError) -> JSONResponse:
        status = 404 if isinstance(error, NotFound) else 413 if isinstance(error, MediaTooLarge) else 400
        return JSONResponse({"ok": False, "error": str(error)}, status)

    @router.api_route("/media/{video_id}", methods=["GET", "HEAD"])
    def media(video_id: str) -> Response:
        try:
            file = studio.media.playable(video_id)
        except StudioError as error:
            return failed(error)
        pictures = studio.videos.has_pictures(video_id)
        types, usual = (TYPES, "video/mp4") if pictures else (SOUND_TYPES, "audio/mp4")
        return FileResponse(file, media_type=types.get(file.suffix.lower(), usual))

    def of_content(request: Request, video_id: str, made: Callable[[], Response]) -> Response:
        """What follows from a file's content: not sent again while the file is the same, and gone with the login."""
        row = studio.videos.get(video_id)
        tag = f'"{row["sha256"][:32]}-{row["sound_track"]}"'
        answer = Response(status_code=304) if request.headers.get("if-none-match") == tag else made()
        answer.headers.update(ASK_AGAIN | {"ETag": tag})
        return answer

    @router.get("/thumbnail/{video_id}")
    def thumbnail(request: Request, video_id: str, t: float | None = None, exact: bool = False) -> Response:
        def made() -> Response:
            time = None if t is None else max(0, us(min(t, LATEST_S)))
            picture = studio.media.thumbnail(video_id, time, exact)
            return Response(picture, media_type=image_type(picture))

        try:
            return of_content(request, video_id, made)
        except StudioError as error:
            return failed(error)

    @router.get("/sound/{video_id}")
    def sound(request: Request, video_id: str, level: int, tile: int) -> Response:
        """A tile of what is looked at of sound alone (`MediaCache.sound_tile`): a byte says how many bands a row has,
        another how loud the loud parts are, and of each row a byte is its lowest sample, one its highest, and one each
        band. Nothing while it is not computed."""
        try:
            found = studio.media.sound_tile(video_id, level, tile)
            if found is None:
                return Response(b"", media_type="application/octet-stream")
            loud, rows = found
            data = bytes([max(0, rows.shape[1] - 2), loud]) + rows.tobytes()
            return of_content(request, video_id, lambda: Response(data, media_type="application/octet-stream"))
        except StudioError as error:
            return failed(error)

    def spectrogram(video_id: str) -> Response:
        values = studio.media.array(video_id, "spectrogram")
        assert values is not None, "it is computed when it is asked for"
        head = bytes([values.shape[1], SPECTRA_A_SECOND])
        return Response(head + values.tobytes(), media_type="application/octet-stream")

    @router.get("/array/{video_id}/{name}")
    def array(request: Request, video_id: str, name: str) -> Response:
        """Little-endian numbers: pts and shots as float64 seconds, waveform as int8 pairs (min, max), spectrogram as
        bytes after two that say its bands and its rows a second."""
        try:
            if name not in ("pts", "shots", "waveform", "spectrogram"):
                raise NotFound("There is no such array.")
            if name == "spectrogram":
                return of_content(request, video_id, lambda: spectrogram(video_id))
            values = studio.media.array(video_id, name)
        except StudioError as error:
            return failed(error)
        if values is None:
            return Response(b"", media_type="application/octet-stream")
        numbers = np.round(values * 127).astype("<i1") if name == "waveform" else (values / 1e6).astype("<f8")
        return Response(numbers.tobytes(), media_type="application/octet-stream")

    @router.get("/map")
    def library_map(annotator: str = "") -> Response:
        """The points of the map that somebody may see; see `map_points.packed`."""
        name = current_user.get()
        points = studio.map.points(studio.users.actor(name, name or annotator[:NAME_CHARS]))
        return Response(packed(points), media_type="application/octet-stream", headers={"Cache-Control": "no-store"})

    @router.get("/web/plotly.js")
    def plotly_js() -> Response:
        """The library that draws pictures, out of the installed package: nothing comes from the network."""
        package = Path(str(plotly.__file__)).parent
        return FileResponse(package / "package_data" / "plotly.min.js", media_type="text/javascript", headers=KEEP)

    @router.get("/report/{name}")
    def report(name: str) -> Response:
        """A crash report, to attach to a report of a bug."""
        file = studio.settings.reports / name
        if not re.fullmatch(r"crash-[0-9T]+-[0-9]+\.json", name) or not file.is_file():
            return failed(NotFound("There is no such report."))
        return FileResponse(file, media_type="application/json", filename=name)

    @router.get("/export/{video_id}")
    def export(video_id: str, format: str = "json", kind: str = "") -> Response:
        try:
            row, form = studio.videos.get(video_id), written_as(format)
            data = studio.exchange.export(row["id"], form.name, kind, studio.users.actor(current_user.get()))
            file_name = PurePath(row["name"]).stem + form.extension
        except StudioError as error:
            return failed(error)
        return Response(data, media_type=form.media_type, headers=_saved_as(file_name))

    @router.get("/found")
    def found(question: str, format: str, annotator: str = "") -> Response:
        """What a question about annotations (as JSON) finds, as a file."""
        name = current_user.get()
        by = studio.users.actor(name, name or annotator[:NAME_CHARS])
        try:
            asked = parse_text(question)
            file = found_files.export(studio.exchange, asked, studio.find.ask(asked, by), format, by)
        except StudioError as error:
            return failed(error)
        return Response(file.content, media_type=file.media_type, headers=_saved_as(file.name))

    @router.get("/dataset/{token}")
    def data_set(token: str) -> Response:
        """A data set that a page had written (`dataset_start`), as a zip."""
        try:
            name, pieces = studio.dataset_downloads.fetch(token)
        except StudioError as error:
            return failed(error)
        return StreamingResponse(pieces, media_type="application/zip", headers=_saved_as(name))

    @router.get("/detector/{name}")
    def export_detector(name: str) -> Response:
        """A taught label as one file."""
        try:
            content = studio.detectors.export(name)
        except StudioError as error:
            return failed(error)
        return Response(content, media_type="application/zip", headers=_saved_as(name + EXTENSION))

    @router.post("/detector")
    async def import_detector(request: Request) -> Response:
        """The raw bytes of one file that `export_detector` gave, here or elsewhere."""
        try:
            content = await received(request, studio.settings.limits.detector_bytes, "A detector")
            by = studio.users.actor(current_user.get())
            return JSONResponse({"ok": True, "data": await run_in_threadpool(studio.detectors.import_, content, by)})
        except StudioError as error:
            return failed(error)
        except ClientDisconnect:
            return failed(_broke_off())

    async def received(request: Request, limit: int, what: str, cure: str = "export it again") -> bytes:
        """What a request carries. Raises MediaTooLarge beyond the limit, and takes no more of it."""
        data = bytearray()
        async for chunk in request.stream():
            data += chunk
            if len(data) > limit:
                raise MediaTooLarge(f"{what} may have at most {limit >> 20} MB; {cure}.")
        return bytes(data)

    @router.post("/incoming")
    async def incoming(request: Request, name: str) -> Response:
        """The raw bytes of one annotation file; it waits under the token that this answers, until it is imported."""
        try:
            data = await received(request, studio.settings.limits.import_bytes, "An annotation file", "split it")
            kept = await run_in_threadpool(studio.exchange.keep, data, name)
            return JSONResponse({"ok": True, "data": kept})
        except StudioError as error:
            return failed(error)
        except ClientDisconnect:
            return failed(_broke_off())
        except OSError as error:
            return failed(_not_kept(error))

    @router.post("/upload")
    async def upload(request: Request, name: str) -> Response:
        """The raw bytes of one file; it is added to the library when it is whole."""
        promised = request.headers.get("content-length", "")
        expected = int(promised) if promised.isdecimal() else 0
        partial = temp_path(studio.settings.uploads / "upload")
        received = 0
        try:
            with studio.videos.upload_space.upload(expected) as take, partial.open("wb") as file:
                async for chunk in request.stream():
                    take(len(chunk))
                    await run_in_threadpool(file.write, chunk)
                    received += len(chunk)
            if promised and expected != received:
                raise _broke_off()
            row = await run_in_threadpool(
                studio.videos.keep_upload, partial, name, studio.users.actor(current_user.get())
            )
            return JSONResponse({"ok": True, "data": serializers.video(row)})
        except StudioError as error:
            return failed(error)
        except ClientDisconnect:
            return failed(_broke_off())
        except OSError as error:
            return failed(_not_kept(error))
        finally:
            files.remove(partial)

    return router
