"""Other libraries on the same work, and the network beside what the processor can multiply."""

import importlib.util
import os
import resource
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import cv2
import imageio_ffmpeg
import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from studio import media, models
from studio.assets.demo import clip_folder
from tests.bench.encoders import best
from tests.bench.media import by_x264, repeat

SECONDS, SIDE = 120, 260
Picture = np.ndarray[Any, Any]


def spent(work: Callable[[], object]) -> float:
    """Processor seconds of this process and its children: other programs on the machine do not count."""

    def clock() -> float:
        uses = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        return sum(use.ru_utime + use.ru_stime for use in uses)

    work()
    spans = []
    for _ in range(3):
        begun = clock()
        work()
        spans.append(clock() - begun)
    return min(spans)


def ours(clip: Path) -> int:
    return sum(len(f.images) for f in media.sample_frames(clip, rate=1.0, size=(SIDE, SIDE), batch=16))


def by_av(clip: Path) -> int:
    count, wanted = 0, 0.0
    with av.open(str(clip)) as container:
        container.streams.video[0].thread_type = "AUTO"
        for frame in container.decode(video=0):
            if float(frame.time or 0) >= wanted:
                frame.to_ndarray(format="rgb24", width=SIDE, height=SIDE)
                count, wanted = count + 1, wanted + 1
    return count


def frames_apart(clip: Path) -> None:
    """Ten frames, each asked for by itself."""
    for time in range(0, SECONDS, SECONDS // 10):
        media.frame_at(clip, time * 1_000_000, size=(SIDE, SIDE))


def frames_apart_by_av(clip: Path) -> None:
    for time in range(0, SECONDS, SECONDS // 10):
        with av.open(str(clip)) as container:
            container.seek(time * 1_000_000)
            frame = next(f for f in container.decode(video=0) if float(f.time or 0) >= time)
            frame.to_ndarray(format="rgb24", width=SIDE, height=SIDE)


def by_opencv(clip: Path) -> int:
    capture, count, wanted = cv2.VideoCapture(str(clip)), 0, 0.0
    while capture.grab():
        if capture.get(cv2.CAP_PROP_POS_MSEC) / 1000 >= wanted:
            cv2.cvtColor(cv2.resize(capture.retrieve()[1], (SIDE, SIDE)), cv2.COLOR_BGR2RGB)
            count, wanted = count + 1, wanted + 1
    return count


def by_decord(clip: Path) -> int:
    import decord

    reader = decord.VideoReader(str(clip), width=SIDE, height=SIDE)
    step = round(reader.get_avg_fps())
    return sum(
        len(reader.get_batch(range(i, min(i + 16 * step, len(reader)), step)).asnumpy())
        for i in range(0, len(reader), 16 * step)
    )


def by_torchcodec(clip: Path) -> int:
    from torchcodec.decoders import VideoDecoder

    decoder = VideoDecoder(str(clip))
    return len(decoder.get_frames_played_at(seconds=list(np.arange(0, SECONDS, 1.0))).data)


def run(folder: Path) -> dict[str, object]:
    """Processor time: other programs do not count. Decoding: one picture a second of 720p H.264 by
    x264's defaults, as 260×260 RGB."""
    clip = repeat(by_x264(clip_folder() / "bigbuckbunny.mp4", folder / "x264.mp4"), folder / "peers.mp4", SECONDS)
    ffmpeg = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", str(clip), "-map", "0:v", "-f", "null", "-"]
    least = spent(lambda: subprocess.run(ffmpeg, check=True))
    readers = {"ours": ours, "PyAV": by_av, "OpenCV": by_opencv, "decord": by_decord, "torchcodec": by_torchcodec}
    installed = {
        name: read for name, read in readers.items() if name != "torchcodec" or importlib.util.find_spec("torchcodec")
    }
    found: dict[str, object] = {
        f"{name} : ffmpeg -f null (lower is faster)": round(spent(lambda read=read: read(clip)) / least, 2)  # type: ignore[misc]
        for name, read in installed.items()
        if name != "decord" or importlib.util.find_spec("decord")
    }
    one, here = spent(lambda: frames_apart(clip)), spent(lambda: frames_apart_by_av(clip))
    found["one frame, by a process of its own (ms)"] = round(100 * one, 1)
    found["one frame, by a process of its own : PyAV in ours"] = round(one / here, 2)
    return {**found, **_network()}


def _network() -> dict[str, object]:
    """studio-lite's pictures a second beside the machine's own matrix product, one thread."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        encoder = models.load("text_video", device="cpu")
        frames = np.random.default_rng(0).integers(0, 255, (8, SIDE, SIDE, 3), np.uint8)
        with FlopCounterMode(display=False) as counter:
            encoder.encode_frames(frames)
        rate = counter.get_total_flops() / best(lambda: encoder.encode_frames(frames))
        side = 1024
        a, b = torch.randn(side, side), torch.randn(side, side)
        most = 2 * side**3 / best(lambda: torch.mm(a, b))
        return {
            "studio-lite (GFLOP/s)": round(rate / 1e9, 1),
            "matrix product of 1024² (GFLOP/s)": round(most / 1e9, 1),
            "studio-lite : matrix product": round(rate / most, 2),
            "cores": os.cpu_count(),
        }
    finally:
        torch.set_num_threads(threads)
