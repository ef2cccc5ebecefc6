"""Films of one event by several cameras, made on the spot: each frame carries the time of the event in its pixels."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from tests.media.conftest import draw
from tests.sounds import RATE

A_SECOND = 200  # what is drawn counts; the pictures hold numbers for 20 s


def write_film(
    path: Path, seconds: float = 3.0, *, fps: int = 25, began: float = 0.0, sound: np.ndarray[Any, Any] | None = None,
    size: tuple[int, int] = (192, 96), timecode: str = "", creation_time: str = "", rate: float = 1.0,
) -> Path:  # fmt: skip
    """A camera that began `began` s after the event did, a second of whose clock lasts `rate` s; the ending of the path
    says in which container."""
    with av.open(f"file:{path}", "w") as output:
        video: Any = output.add_stream("libx264", rate=fps, options={"g": "25", "preset": "ultrafast"})
        video.width, video.height, video.pix_fmt = *size, "yuv420p"
        if timecode:
            video.metadata["timecode"] = timecode
        if creation_time:
            output.metadata["creation_time"] = creation_time
        heard: Any = output.add_stream("aac", rate=RATE, layout="mono") if sound is not None else None
        for number in range(round(seconds * fps)):
            shown = int((began + rate * number / fps) * A_SECOND + 1e-6)
            frame = av.VideoFrame.from_ndarray(draw(shown, *size), "rgb24").reformat(format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, fps)
            output.mux(video.encode(frame))
        output.mux(video.encode(None))
        if sound is not None:
            for begin in range(0, len(sound), 1024):
                block = av.AudioFrame.from_ndarray(
                    np.ascontiguousarray(sound[None, begin : begin + 1024]), "fltp", "mono"
                )
                block.sample_rate, block.pts, block.time_base = RATE, begin, Fraction(1, RATE)
                output.mux(heard.encode(block))
            output.mux(heard.encode(None))
    return path


def beginning(source: Path, target: Path, seconds: float) -> Path:
    """The pictures of the first seconds of a film, as they are stored there."""
    with av.open(str(source)) as film, av.open(f"file:{target}", "w") as output:
        pictures = film.streams.video[0]
        kept = output.add_stream_from_template(pictures)
        for packet in film.demux(pictures):
            if packet.dts is None or float(packet.dts * packet.time_base) >= seconds:
                break
            packet.stream = kept
            output.mux(packet)
    return target
