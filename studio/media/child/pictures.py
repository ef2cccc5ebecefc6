"""Frames and thumbnails at wanted times."""

from fractions import Fraction
from typing import Any

import av
import numpy as np

from studio.config import Limits
from studio.media import policy
from studio.media.child import decord_frames
from studio.media.child.decoder import Decoder, Timing
from studio.media.child.renderer import Renderer
from studio.media.child.responder import Responder

_JPEG_QUALITY = 4  # FFmpeg's scale: 2 is best, 31 worst


def unpack_timing(
    body: bytearray, frames: int, keys: int, origin: int, stamped: bool, lead_us: int, joined: bool
) -> tuple[Timing, list[int]]:
    """The tables of a request's body, and the asked times that follow them; all int64 µs."""
    numbers = np.frombuffer(body, np.int64)
    timing = Timing(numbers[:frames], numbers[frames : frames + keys], origin, stamped, lead_us, joined)
    return timing, numbers[frames + keys :].tolist()


def frames(
    responder: Responder,
    path: str,
    limits: Limits,
    body: bytearray,
    *,
    timing: dict[str, Any],
    size: tuple[int, int],
    backend: str,
) -> None:
    """Answer one message an asked time: its raw RGB picture, or none when it repeats the last one."""
    table, asked = unpack_timing(body, **timing)
    responder.work_ahead()
    if backend == "decord":
        decord_frames.frames(responder, path, limits, table, asked, size)
        return
    renderer = Renderer((size[0], size[1]))
    shown = None
    with Decoder(path, limits, table, responder) as decoder:
        for _, us, frame in decoder.displayed(asked):
            if us == shown:
                responder.send({"kind": "again"})
            else:
                responder.send({"kind": "frame", "us": us}, renderer.render(frame).data)
            shown = us
        _need_one(path, asked, shown)
        responder.send({"kind": "damaged", "damaged": decoder.damaged})


def thumbnails(
    responder: Responder, path: str, limits: Limits, body: bytearray, *, timing: dict[str, Any], size: tuple[int, int]
) -> None:
    """Answer one message an asked time: a JPEG, or none when it repeats the last one."""
    table, asked = unpack_timing(body, **timing)
    renderer = Renderer((size[0], size[1]))
    shown = None
    with Decoder(path, limits, table, responder) as decoder:
        for _, us, frame in decoder.displayed(asked):
            if us == shown:
                responder.send({"kind": "again"})
            else:
                responder.send({"kind": "jpeg", "us": us}, jpeg(renderer.render(frame)))
            shown = us
    _need_one(path, asked, shown)


def _need_one(path: str, asked: list[int], shown: int | None) -> None:
    if asked and shown is None:
        raise policy.refuse_broken(path, "not one of its pictures is intact")


def jpeg(image: np.ndarray[Any, np.dtype[np.uint8]]) -> bytes:
    """Encode uint8 (H,W,3) RGB as a JPEG file."""
    height, width, _ = image.shape
    encoder = av.CodecContext.create("mjpeg", "w")
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuvj420p"
    encoder.time_base = Fraction(1, 25)
    encoder.qmin = encoder.qmax = _JPEG_QUALITY
    frame = av.VideoFrame.from_ndarray(image, "rgb24").reformat(format="yuvj420p", dst_color_range="JPEG")
    return b"".join(bytes(packet) for packet in [*encoder.encode(frame), *encoder.encode(None)])
